"""One request as views see it: who calls, what was asked, what was sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from idp.directory.actors import Actor
from portal.api import odata
from portal.api.models import Resource
from portal.api.odata import Json, Options


@dataclass(frozen=True, slots=True)
class Call:
    """What a view needs to know."""

    actor: Actor
    options: Options
    body: BaseModel | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of resources, and the token of the next one."""

    items: Sequence[Json]
    following: str | None


def told(resource: Resource) -> Json:
    """A resource as JSON."""
    made: dict[str, Any] = resource.model_dump(mode="json")
    return made


def listed(call: Call, found: Sequence[Resource]) -> Listed:
    """A page of what is in hand: those that the filter means."""
    kept = odata.chosen([told(one) for one in found], call.options)
    return Listed(*odata.page(kept, call.options))
