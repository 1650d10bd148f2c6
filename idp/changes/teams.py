"""The verbs of groups and memberships: create, rename, delete, join, leave."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from idp.changes.authority import (
    check_group,
    check_group_owner,
    check_membership,
    check_removal,
    foreign_name,
    is_anothers,
    own,
)
from idp.changes.batch import Batch, Needs, Result, Team
from idp.changes.intents import (
    KEEP,
    AddMember,
    Change,
    ChangeGroup,
    CreateGroup,
    DeleteGroup,
    RemoveMember,
)
from idp.clock import new_id
from idp.directory.actors import LOCAL
from idp.directory.attributes import Flat
from idp.directory.cleaning import clean
from idp.directory.errors import Invalid, Stale, not_found
from idp.directory.values import group_name_key, key


def needs(change: Change, wanted: Needs) -> None:
    """What a change of a group names."""
    wanted.memberships = True
    if isinstance(change, CreateGroup):
        _needs_name(change.fields, wanted)
        wanted.members.update(filter(_is_id, change.members))
        if change.external_id:
            wanted.foreign_ids.add(change.external_id)
    elif isinstance(change, AddMember | RemoveMember):
        wanted.groups.add(change.group_id)
        _needs_members(change.group_id, (change.member_id,), wanted)
    elif isinstance(change, DeleteGroup):
        wanted.groups.add(change.id)
        wanted.all_members_of.add(change.id)
    else:
        _needs_change(cast(ChangeGroup, change), wanted)


def _needs_change(change: ChangeGroup, wanted: Needs) -> None:
    wanted.groups.add(change.id)
    _needs_name(change.fields, wanted)
    if isinstance(change.external_id, str):
        wanted.foreign_ids.add(change.external_id)
    _needs_members(change.id, (*change.add, *change.remove), wanted)
    if change.members is not KEEP:
        wanted.members.update(filter(_is_id, change.members))
        wanted.all_members_of.add(change.id)


def _needs_members(group: str, members: Iterable[str], wanted: Needs) -> None:
    ids = list(filter(_is_id, members))
    wanted.members.update(ids)
    wanted.edges.update((group, member) for member in ids)


def _is_id(value: object) -> bool:
    return isinstance(value, str)


def _needs_name(fields: Mapping[str, Any], wanted: Needs) -> None:
    for path, name in fields.items():  # which may be written in any case, with its schema's URN
        if isinstance(name, str) and name and str(path).lower().endswith("displayname"):
            wanted.group_names.add(key(name))


def create_group(batch: Batch, change: CreateGroup) -> Result:
    """Add a group with its members."""
    cleaned = _cleaned(batch, {"displayName": None} | dict(change.fields))
    row = {
        "org_id": batch.org_id,
        "source": batch.actor.source,
        "version": 0,
        "created": batch.now,
        "last_modified": batch.now,
        "display_name": cleaned.get("displayName"),
        "owners": own(batch, {}, cleaned),
    }
    made = Team(change.id or new_id(), None, row, index=batch.index)
    made.external_id = foreign_name(batch, change.external_id, None)
    batch.groups[made.id] = made
    check_group(batch, made)
    _join(batch, made, change.members)
    return Result(made.id, 1, changed=True, created=True)


def _cleaned(batch: Batch, fields: Mapping[str, Any]) -> Flat:
    cleaned = clean(batch.vocabulary, "Group", fields)
    cleaned.pop("members", None)
    if "displayName" in cleaned:
        _check_name(cleaned["displayName"])
    return cleaned


def _check_name(name: str | None) -> None:
    if name is None:
        raise Invalid(
            "group_name_missing", "A group needs a display name.", attribute="displayName"
        )
    group_name_key(name)


def change_group(batch: Batch, change: ChangeGroup) -> Result:
    """Change a group's name, foreign name and members."""
    team = _held(batch, change.id, change.expect)
    check_group(batch, team)
    team.replaced |= change.replace
    fields = _cleaned(batch, change.fields)
    if "displayName" in fields and fields["displayName"] != team.row["display_name"]:
        check_group_owner(batch, team)
        team.row["display_name"] = fields["displayName"]
        team.row["owners"] = own(batch, team.row["owners"], {"displayName": fields["displayName"]})
    team.external_id = foreign_name(batch, change.external_id, team.external_id)
    if change.members is not KEEP:
        _set_members(batch, team, change.members)
    _leave(batch, team, change.remove)
    _join(batch, team, change.add)
    return Result(team.id, team.row["version"])


def _held(batch: Batch, group_id: str, expect: int | None = None) -> Team:
    team = batch.groups.get(group_id)
    if team is None or team.deleted:
        raise not_found("group")
    if expect is not None and expect != team.row["version"]:
        raise Stale(
            "version_stale",
            "Somebody else has changed this group meanwhile. Read again, then change.",
        )
    if team.index is None:
        team.index = batch.index
    return team


def _set_members(batch: Batch, team: Team, members: Iterable[str]) -> None:
    wanted = set(members)
    here = {member for group, member in batch.edges if group == team.id}
    _leave(batch, team, {m for m in here - wanted if not _brought_by_another(batch, team, m)})
    _join(batch, team, sorted(wanted - here))


def _brought_by_another(batch: Batch, team: Team, member: str) -> bool:
    """Whether a membership is another source's: setting one's own members leaves it alone."""
    source = batch.edges[team.id, member]["source"]
    return source != LOCAL and batch.actor.kind == "connection" and is_anothers(batch, source)


def _join(batch: Batch, team: Team, members: Iterable[str]) -> None:
    for given in members:
        member = batch.meant.get(given, given)
        edge = (team.id, member)
        if edge in batch.edges:
            continue
        kind = _kind(batch, member)
        check_membership(batch, team, member, kind)
        row = {
            "group_id": team.id,
            "member_id": member,
            "org_id": batch.org_id,
            "member_kind": kind,
            "source": batch.actor.source,
            "created": batch.now,
        }
        batch.edges[edge] = row
        if batch.removed.pop(edge, None) is None:
            batch.added[edge] = row
        team.members_changed = True


def _kind(batch: Batch, member: str) -> str:
    if member in batch.member_kinds:
        return batch.member_kinds[member][0]
    person = batch.users.get(member)
    if person is not None and not person.gone:
        return "User"
    if member in batch.groups and not batch.groups[member].deleted:
        return "Group"
    raise Invalid(
        "member_unknown",
        f"No person or group of this organization has the id {str(member)[:64]!r}.",
        attribute="members",
    )


def _leave(batch: Batch, team: Team, members: Iterable[str]) -> None:
    for member in members:
        row = batch.edges.get((team.id, member))
        if row is None:
            continue
        check_membership(batch, team, member, row["member_kind"])
        check_removal(batch, row["source"], "membership")
        del batch.edges[team.id, member]
        if batch.added.pop((team.id, member), None) is None:
            batch.removed[team.id, member] = row
        team.members_changed = True


def delete_group(batch: Batch, change: DeleteGroup) -> Result:
    """Delete a group; consequences take it out of the groups it was in."""
    team = _held(batch, change.id, change.expect)
    check_group(batch, team)
    check_removal(batch, team.row["source"], "group")
    _leave(batch, team, [member for group, member in batch.edges if group == team.id])
    team.deleted = True
    team.external_id = None
    return Result(team.id, team.row["version"])


def add_member(batch: Batch, change: AddMember) -> Result:
    """Make somebody a direct member."""
    team = _held(batch, change.group_id)
    check_group(batch, team)
    _join(batch, team, (change.member_id,))
    return Result(team.id, team.row["version"])


def remove_member(batch: Batch, change: RemoveMember) -> Result:
    """End a direct membership."""
    team = _held(batch, change.group_id)
    check_group(batch, team)
    _leave(batch, team, (change.member_id,))
    return Result(team.id, team.row["version"])


HANDLERS = {
    CreateGroup: create_group,
    ChangeGroup: change_group,
    DeleteGroup: delete_group,
    AddMember: add_member,
    RemoveMember: remove_member,
}
