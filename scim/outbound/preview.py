"""What a turn would do, without a single write: the plan alone, over everybody."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.attributes import Record, flatten
from idp.directory.provisioning import TargetView, need_to_send
from scim.outbound import brake, mapping
from scim.outbound.desired import Reader, mapper_of
from scim.outbound.plan import Step

PAGE = 500
FIRST = 10
ACTIONS = ("create", "update", "deactivate", "remove")


@dataclass(frozen=True, slots=True)
class Planned:
    """One step as it is shown: what changes, as (attribute, before, after)."""

    id: str
    kind: str
    name: str
    changes: tuple[tuple[str, Any, Any], ...]


@dataclass(slots=True)
class Preview:
    """The plan: how many of each, and the first of them."""

    counts: dict[str, int] = field(default_factory=dict)
    first: dict[str, list[Planned]] = field(default_factory=dict)
    brake: dict[str, Any] = field(default_factory=dict)


def preview(actor: Actor, target_id: str, first: int = FIRST) -> Preview:
    """What would be done at a target now. Raises NotFound, Forbidden."""
    need_to_send(actor)
    target = queries.find_target(actor, target_id)
    reader = Reader(actor, target, mapper_of(actor, target))
    counts: Counter[str] = Counter(dict.fromkeys((*ACTIONS, "unchanged"), 0))
    shown: dict[str, list[Planned]] = {name: [] for name in ACTIONS}
    for looked_at, steps in _pages(reader):
        told = [step for step in steps if step.action in shown]
        counts["unchanged"] += looked_at - len(steps)
        for step in told:
            counts[step.action] += 1
            if len(shown[step.action]) < first:
                shown[step.action].append(_planned(step))
    counts["member_add"], counts["member_remove"] = queries.count_memberships(actor, target)
    leaving = queries.leaving(actor, target)
    stopped = brake.finding(leaving, queries.count_links(actor, target_id))
    return Preview(dict(counts), shown, stopped)


def _pages(reader: Reader) -> Iterator[tuple[int, list[Step]]]:
    """(how many were looked at, the steps for them), page by page."""
    kinds: tuple[tuple[Callable[..., list[str]], Callable[..., list[Step]]], ...] = (
        (queries.people_to_look_at, reader.people),
        (queries.groups_to_look_at, reader.groups),
    )
    for read, steps in kinds:
        after = ""
        while ids := read(reader.actor, reader.target, after, PAGE):
            yield len(ids), steps(ids)
            after = ids[-1]


def _planned(step: Step) -> Planned:
    before, after = flatten(step.before), flatten(step.record)
    if step.action == "remove":
        before, after = {}, {}
    paths = sorted(p for p in before.keys() | after.keys() if before.get(p) != after.get(p))
    changes = tuple((path, before.get(path), after.get(path)) for path in paths)
    return Planned(step.subject_id, step.kind, step.name, changes)


def preview_person(actor: Actor, target: TargetView, user_id: str) -> Record:
    """What would be sent of one person. Raises NotFound, Forbidden."""
    need_to_send(actor)
    view = queries.find_user(actor, user_id)
    reader = Reader(actor, target, mapper_of(actor, target))
    links = reader.links([view.manager_id]) if view.manager_id else {}
    return mapping.resource("User", reader.person(view, links, reader.entitled([view.id])).record)
