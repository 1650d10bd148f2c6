"""One line of the table of addresses: what is asked, who may, what is answered."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from portal.api.models import Resource


@dataclass(frozen=True, slots=True)
class Operation:
    """An address with one method. One of `scopes` is enough; `filters` are for lists."""

    url: str
    view: Callable[..., Any]
    scopes: tuple[str, ...]
    answer: type[Resource]
    many: bool = False
    filters: tuple[str, ...] = ()
    body: type[BaseModel] | None = None
    method: str = "GET"

    @property
    def verb(self) -> str:
        """Whoever sends a body posts it."""
        return "POST" if self.body else self.method

    @property
    def name(self) -> str:
        """The operation's name, unique among them."""
        return self.view.__name__

    @property
    def names(self) -> tuple[str, ...]:
        """The properties that can be selected."""
        fields = self.answer.model_fields.items()
        return tuple(field.alias or name for name, field in fields)
