"""Lead a target's follower on: from audit entries to the subjects concerned, or to a walk.

A walk looks at everybody: when a target is attached or changed, when groups move inside groups,
when somebody asks for a reconcile. It goes page by page, keeps where it stands in the target, and
is taken up again by whoever comes next; the follower's position moves when it is through.
"""

from collections.abc import Collection
from contextlib import suppress

from idp.changes import followers
from idp.changes.audit import AuditView
from idp.config import Settings
from idp.directory import queries
from idp.directory.actors import system_actor
from idp.directory.errors import NotFound
from idp.logs import log
from scim.outbound import brake, walk
from scim.outbound.carry import carry
from scim.outbound.client import Client, Halted, Refused
from scim.outbound.desired import Reader, has_managers, mapper_of
from scim.outbound.members import carry_members
from scim.outbound.turn import Lost, Turn

SEATS = frozenset({"license.assigned", "license.changed", "license.removed"})


def lead(settings: Settings, row: followers.Row) -> None:
    """One turn for the target of a leased follower."""
    actor = system_actor(row["org_id"], door="worker", name="provisioning")
    try:
        target = queries.find_target(actor, row["connection_id"])
    except NotFound:
        return  # detached meanwhile, and its follower with it
    secrets = queries.target_secrets(row["org_id"], target.id)
    try:
        with Client(target.settings, secrets, settings.outgoing) as client:
            turn = Turn(row, Reader(actor, target, mapper_of(actor, target)), client)
            with suppress(Lost):
                _go(turn)
    except Halted as halted:
        log.warning("provisioning_halted", target=target.id, code=halted.code)
        followers.fail(row, halted.sentence, pause=halted.pause)
    except Refused as refused:  # of what concerns no one subject: a list, its own description
        log.warning("provisioning_refused", target=target.id, status=refused.status)
        followers.fail(row, refused.sentence)


def _go(turn: Turn) -> None:
    seen = followers.entries(turn.row)
    if not seen:
        followers.release(turn.row)
        return
    reasons = [entry for entry in seen if _concerns_all(turn, entry)]
    standing = turn.target.walk or walk.begun(turn, reasons, seen)
    if standing:
        brake.check(turn, None)
        if walk.go_on(turn, standing):
            followers.advance(turn.row, standing["upto"])
        else:
            followers.release(turn.row)
        return
    people, groups = _concerned(seen)
    brake.check(turn, people | groups)
    bring(turn, people, groups)
    followers.advance(turn.row, seen[-1].seq)


def _concerns_all(turn: Turn, entry: AuditView) -> bool:
    """Whether an entry may concern more people than it names."""
    if entry.target_id == turn.target.id:
        return entry.action.startswith(("connection.", "target."))
    if entry.target_kind == "Subscription":  # its units may have come or gone for all who hold it
        return bool(turn.settings.licenses) or turn.reader.mapper.tells_entitlements
    nested = entry.action.startswith("member.") and entry.related_kind == "Group"
    return nested or entry.action == "schema.defined"


def _concerned(entries: Collection[AuditView]) -> tuple[set[str], set[str]]:
    """(people, groups) whom entries are about."""
    people: set[str] = set()
    groups: set[str] = set()
    for entry in entries:
        if entry.action.startswith("user.") or entry.action in SEATS:
            people.add(entry.target_id)
        elif entry.action.startswith("group."):
            groups.add(entry.target_id)
        elif entry.action.startswith("member.") and entry.related_kind == "User":
            people.add(entry.related_id)
    return people, groups


def bring(turn: Turn, people: Collection[str], groups: Collection[str]) -> None:
    """Bring these people and groups, and the memberships between them, to what they should be."""
    carry(turn, turn.reader.people(people))
    new = turn.created.intersection(people)
    if new and has_managers(turn.reader.mapper):  # those who report to them can say so now
        reports = queries.reports_at(turn.reader.actor, turn.target, new)
        carry(turn, turn.reader.people(reports))
    carry(turn, turn.reader.groups(groups))
    carry_members(turn, people=people)
    if groups:
        carry_members(turn, groups=groups)
