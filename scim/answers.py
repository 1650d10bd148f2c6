"""What a handler gives back: a status, JSON text and headers; `routes` makes the response of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; without text it has no body."""

    status: int
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
