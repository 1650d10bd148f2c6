"""What follows from a batch, in one order, written down here and nowhere configurable.

Each consequence looks at what the handlers left and adds to it; none asks who the actor is.
"""

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import select

from idp.changes import invoices, last_subscriptions, loading, seats, subscriptions
from idp.changes.batch import Batch, Row
from idp.directory.credentials import BrowserSession, Credential, OneTimeLink
from idp.directory.groups import EffectiveMembership, Membership
from idp.directory.roles import RoleAssignment
from idp.directory.sets import among, any_of

_EDGES = Membership.__table__.c


def follow(batch: Batch) -> None:
    """Run every consequence in its order."""
    for consequence in ORDER:
        consequence(batch)


def deleted_leave_their_groups(batch: Batch) -> None:
    """Deleted people and groups stop being members anywhere."""
    gone = [
        p.id for p in batch.users.values() if p.gone and p.before and not p.before["deleted_at"]
    ]
    gone += [team.id for team in batch.groups.values() if team.deleted]
    if not gone:
        return
    for row in loading.memberships_of(batch, gone):
        edge = (row["group_id"], row["member_id"])
        if edge not in batch.removed:
            batch.removed[edge] = row
            batch.edges.pop(edge, None)
    for edge in [e for e in batch.added if e[1] in gone]:
        del batch.added[edge]


def groups_notice_their_members(batch: Batch) -> None:
    """A group whose members changed is changed itself: its version tells caches and clients."""
    touched = {group for group, _ in (*batch.added, *batch.removed)} - batch.groups.keys()
    if touched:
        for row in loading.groups(batch, touched):
            batch.adopt_group(row)
    for group, _member in (*batch.added, *batch.removed):
        batch.groups[group].members_changed = True


def effective_memberships_follow(batch: Batch) -> None:
    """Who belongs in effect: for the people concerned, computed anew from the direct edges."""
    if not batch.added and not batch.removed:
        return
    people = _people_concerned(batch)
    above = _edges_above(batch, people)
    if not people:
        return
    before = _effective_now(batch, people)
    after = {(group, one) for one in people for group in reach(above.get(one, ()), above)}
    batch.joined, batch.left = after - before, before - after
    for group, user in sorted(batch.joined):
        batch.insert(
            EffectiveMembership, {"group_id": group, "user_id": user, "org_id": batch.org_id}
        )
    for group, user in sorted(batch.left):
        batch.delete(EffectiveMembership, {"group_id": group, "user_id": user})


def reach(start: Iterable[str], step: dict[str, set[str]]) -> set[str]:
    """These groups and all that `step` leads to; a circle ends the walk, rules refuse it later."""
    found: set[str] = set()
    rest = list(start)
    while rest:
        group = rest.pop()
        if group not in found:
            found.add(group)
            rest.extend(step.get(group, ()))
    return found


# Ids are unique everywhere, and those asked for are in hand: naming the organization as well would
# only tempt a planner to walk through all of its memberships.
_UP = (
    select(_EDGES.group_id, _EDGES.member_id)
    .where(among(_EDGES.member_id, "start"))
    .cte("up", recursive=True)
)
_UP = _UP.union(select(_EDGES.group_id, _EDGES.member_id).where(_EDGES.member_id == _UP.c.group_id))
_ALL_ABOVE = select(_UP.c.group_id, _UP.c.member_id)
_BELONGS = select(EffectiveMembership.group_id, EffectiveMembership.user_id)
_OF_PEOPLE = _BELONGS.where(among(EffectiveMembership.user_id, "ids"))
_IN_GROUPS = _BELONGS.where(among(EffectiveMembership.group_id, "ids"))


def _people_concerned(batch: Batch) -> set[str]:
    """Who joined or left, and everybody in groups that joined or left other groups."""
    people: set[str] = set()
    moved = {team.id for team in batch.groups.values() if team.deleted}
    for row in (*batch.added.values(), *batch.removed.values()):
        (people if row["member_kind"] == "User" else moved).add(row["member_id"])
    if moved:
        people.update(row["user_id"] for row in batch.ask(_IN_GROUPS, ids=moved))
    return people


def _edges_above(batch: Batch, people: set[str]) -> dict[str, set[str]]:
    """{person or group: the groups it is a direct member of}, as it will be, all the way up.

    Only what lies above those concerned is read, however many groups the organization has.
    """
    start = people | {group for group, _member in batch.added}
    edges = {(row["group_id"], row["member_id"]) for row in batch.ask(_ALL_ABOVE, start=start)}
    edges -= batch.removed.keys()
    edges |= batch.added.keys()
    for group, member in edges:
        batch.parents.setdefault(member, set()).add(group)
    return batch.parents


def _effective_now(batch: Batch, people: set[str]) -> set[tuple[str, str]]:
    return {(row["group_id"], row["user_id"]) for row in batch.ask(_OF_PEOPLE, ids=people)}


def deleted_lose_their_roles(batch: Batch) -> None:
    """A deleted person holds no role; a deleted group scopes none."""
    for who in batch.users.values():
        if who.gone and who.before and not who.before["deleted_at"]:
            for row in batch.roles.pop(who.id, []):
                _drop_role(batch, row)
    scopes = {team.id for team in batch.groups.values() if team.deleted}
    if scopes:
        scoped = select(RoleAssignment.__table__).where(
            RoleAssignment.org_id == batch.org_id,
            any_of(batch.session, RoleAssignment.scope_group_id, scopes),
        )
        for found in batch.session.execute(scoped).mappings():
            _drop_role(batch, dict(found))


def _drop_role(batch: Batch, row: Row) -> None:
    batch.loses(row)
    batch.delete(RoleAssignment, {"id": row["id"]})
    diff = {"role": [row["role"], None]}
    batch.note("role.removed", ("User", row["user_id"], batch.name_of(row["user_id"])), diff)


def leavers_lose_every_door(batch: Batch) -> None:
    """Who may no longer sign in has no session and no link; a new password ends the others."""
    leavers = [p.id for p in batch.users.values() if p.could_sign_in() and not p.may_sign_in()]
    _end(batch, BrowserSession, "sessions.ended", leavers + list(batch.passwords_changed))
    _end(batch, OneTimeLink, "links.ended", leavers + list(batch.new_passwords))
    for who in batch.users.values():
        if who.gone and who.before and not who.before["deleted_at"]:
            batch.delete(Credential, {"user_id": who.id})


def _end(batch: Batch, model: Any, action: str, people: list[str]) -> None:
    """End what is open of these people, and say in the audit how many it were."""
    if not people:
        return
    table = model.__table__
    open_rows = select(table.c.id, table.c.user_id).where(
        table.c.org_id == batch.org_id,
        table.c.ended_at.is_(None),
        table.c.expires_at > batch.now,
        any_of(batch.session, table.c.user_id, people),
    )
    counts: dict[str, int] = {}
    used_up = {row["id"] for row in batch.links.values()}
    for row in batch.session.execute(open_rows):
        if batch.passwords_changed.get(row.user_id) != row.id and row.id not in used_up:
            batch.update(model, {"id": row.id}, {"ended_at": batch.now})
            counts[row.user_id] = counts.get(row.user_id, 0) + 1
    for user_id, count in counts.items():
        batch.note(action, ("User", user_id, batch.name_of(user_id)), {"open": [count, 0]})


ORDER: tuple[Callable[[Batch], None], ...] = (
    deleted_leave_their_groups,
    groups_notice_their_members,
    effective_memberships_follow,
    deleted_lose_their_roles,
    leavers_lose_every_door,
    subscriptions.are_written_as_they_stand,
    invoices.are_numbered_without_gaps,
    last_subscriptions.last_subscriptions_take_grants_along,
    seats.follow,
)
