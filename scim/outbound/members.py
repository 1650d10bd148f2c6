"""Memberships at a target: additions and removals in chunks, never a replacement of all.

Only people who are at the target are members there. A chunk that the target refuses is halved
until it is known for whom: that one is recorded, and the others go through.
"""

from collections.abc import Callable, Collection
from typing import Any

from idp.changes import provisioned
from idp.directory import queries
from idp.directory.provisioning import LinkView, TargetView
from scim.outbound import mapping
from scim.outbound.client import Broken, Refused
from scim.outbound.turn import Turn, note_error

Read = Callable[..., dict[str, str]]


def carry_members(
    turn: Turn,
    *,
    groups: Collection[str] | None = None,
    people: Collection[str] | None = None,
) -> None:
    """Bring the members of these groups, or these people's memberships, to what they should be."""
    actor, target = turn.reader.actor, turn.target
    differing = queries.groups_that_differ(actor, target, groups=groups, people=people)
    links = turn.reader.links(differing)
    for group_id in differing:
        link = links.get(group_id)
        if link is not None and link.remote_id is not None:
            _carry_group(turn, link)


def _carry_group(turn: Turn, group: LinkView) -> None:
    if not turn.patches:
        _put(turn, group)
        return
    _each(turn, group, queries.members_to_remove, "remove")
    _each(turn, group, queries.members_to_add, "add")


def _each(turn: Turn, group: LinkView, read: Read, op: str) -> None:
    after, limit = "", turn.settings.members_at_once
    while True:
        chunk = read(turn.reader.actor, turn.target, group.subject_id, after, limit)
        if not chunk:
            return
        _chunk(turn, group, chunk, op)
        after = max(chunk)
        turn.hold()


def _chunk(turn: Turn, group: LinkView, chunk: dict[str, str], op: str) -> None:
    """Send one chunk; where it is refused, its halves, down to the one whom it is refused for."""
    try:
        turn.client.patch("Groups", str(group.remote_id), _operations(op, chunk))
    except Broken as failed:
        raise failed.halting() from failed
    except Refused as refused:
        if len(chunk) == 1:
            note_error(turn, group, refused)
            return
        ids = sorted(chunk)
        for half in (ids[: len(ids) // 2], ids[len(ids) // 2 :]):
            _chunk(turn, group, {one: chunk[one] for one in half}, op)
    else:
        done = {"added" if op == "add" else "removed": list(chunk)}
        provisioned.record_members(turn.row["org_id"], turn.target.id, group.subject_id, **done)


def _operations(op: str, chunk: dict[str, str]) -> list[dict[str, Any]]:
    """One addition of many; a removal each, by the filter that the RFC has for it (§3.5.2.2)."""
    if op == "add":
        values = [{"value": remote} for remote in chunk.values()]
        return [{"op": "add", "path": "members", "value": values}]
    return [
        {"op": "remove", "path": f'members[value eq "{_quoted(remote)}"]'}
        for remote in chunk.values()
    ]


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _put(turn: Turn, group: LinkView) -> None:
    """A target without PATCH gets the whole group, with those of its members whom we know."""
    there, missing, surplus = _lists(turn, group.subject_id)
    wanted = {one: remote for one, remote in (there | missing).items() if one not in surplus}
    whole = mapping.resource("Group", group.sent) | {"id": group.remote_id}
    whole["members"] = [{"value": remote} for remote in wanted.values()]
    try:
        turn.client.put("Groups", str(group.remote_id), whole)
    except Broken as failed:
        raise failed.halting() from failed
    except Refused as refused:
        note_error(turn, group, refused)
        return
    provisioned.record_members(
        turn.row["org_id"], turn.target.id, group.subject_id, added=missing, removed=surplus
    )


def _lists(turn: Turn, group_id: str) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    actor, target = turn.reader.actor, turn.target
    there = queries.members_at(actor, target.id, group_id)
    missing = _all(queries.members_to_add, actor, target, group_id)
    return there, missing, _all(queries.members_to_remove, actor, target, group_id)


def _all(read: Read, actor: Any, target: TargetView, group_id: str) -> dict[str, str]:
    found: dict[str, str] = {}
    while chunk := read(actor, target, group_id, max(found, default=""), 1000):
        found |= chunk
    return found
