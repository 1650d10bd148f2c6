"""A walk over everybody whom a target is for, or has: in pages, to be taken up where it stood.

    discover   what the target can do and announces
    look       only for a reconcile: what the target really has (see `reconcile`)
    people     pages of people; again, where managers came after those who report to them
    groups     pages of groups;  members  their memberships

`standing` is the walk in JSON, kept in the target after each page.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from idp.changes import provisioned
from idp.changes.audit import AuditView
from idp.clock import now, rfc3339
from idp.directory import queries
from idp.directory.provisioning import TargetView
from scim.outbound import reconcile
from scim.outbound.abilities import discover
from scim.outbound.carry import carry
from scim.outbound.desired import has_managers, mapper_of
from scim.outbound.members import carry_members
from scim.outbound.turn import Turn

PAGE = 100
PHASES = ("discover", "look", "people", "again", "groups", "members")

Standing = dict[str, Any]


def begun(turn: Turn, reasons: Sequence[AuditView], seen: Sequence[AuditView]) -> Standing:
    """A new walk, where one of the entries is a reason for it; {} else."""
    if not reasons:
        return {}
    standing: Standing = {
        "upto": seen[-1].seq,
        "phase": PHASES[0],
        "cursor": "",
        "since": rfc3339(now()),
        "reconcile": any(reason.action == "target.reconcile" for reason in reasons),
        "done": 0,
    }
    provisioned.note(turn.target.id, walk=standing)
    return standing


def go_on(turn: Turn, standing: Standing) -> bool:
    """Walk until everybody was looked at (True) or the turn is over (False)."""
    while standing["phase"]:
        through = _STEPS[standing["phase"]](turn, standing)
        if through:
            standing |= {"phase": _after(standing), "cursor": ""}
        turn.flush()
        provisioned.note(turn.target.id, walk=standing if standing["phase"] else {})
        turn.hold()
        if standing["phase"] and turn.over():
            return False
    return True


def _after(standing: Standing) -> str:
    """The next phase; "" at the end."""
    place = PHASES.index(standing["phase"]) + 1
    return PHASES[place] if place < len(PHASES) else ""


def _discover(turn: Turn, standing: Standing) -> bool:
    if not turn.target.abilities or standing["reconcile"]:
        found = discover(turn.client)
        provisioned.note(turn.target.id, abilities=found)
        target = replace(turn.target, abilities=found)
        mapper = mapper_of(turn.reader.actor, target)
        turn.reader = replace(turn.reader, target=target, mapper=mapper)
    return True


def _look(turn: Turn, standing: Standing) -> bool:
    return not standing["reconcile"] or reconcile.look(turn, standing)


Ids = Callable[[Any, TargetView, str, int], list[str]]


def _page(turn: Turn, standing: Standing, read: Ids) -> list[str]:
    ids = read(turn.reader.actor, turn.target, standing["cursor"], PAGE)
    if ids:
        standing["cursor"] = ids[-1]
        standing["done"] += len(ids)
    return ids


def _people(turn: Turn, standing: Standing) -> bool:
    ids = _page(turn, standing, queries.people_to_look_at)
    carry(turn, turn.reader.people(ids))
    return not ids


def _again(turn: Turn, standing: Standing) -> bool:
    """Somebody's manager may have come after them."""
    return not has_managers(turn.reader.mapper) or _people(turn, standing)


def _groups(turn: Turn, standing: Standing) -> bool:
    ids = _page(turn, standing, queries.groups_to_look_at)
    carry(turn, turn.reader.groups(ids))
    return not ids


def _members(turn: Turn, standing: Standing) -> bool:
    ids = _page(turn, standing, queries.groups_to_look_at)
    carry_members(turn, groups=ids)
    return not ids


_STEPS: dict[str, Callable[[Turn, Standing], bool]] = {
    "discover": _discover,
    "look": _look,
    "people": _people,
    "again": _again,
    "groups": _groups,
    "members": _members,
}
