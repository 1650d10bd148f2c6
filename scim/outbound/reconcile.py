"""Look at what a target really has; what differs from what was sent is drift.

What was found takes the place of what was sent: the walk that follows compares it with what
should be there, and sends the difference. Accounts that we never made are counted, and left alone.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from idp.changes import provisioned
from idp.clock import now, rfc3339
from idp.directory import queries
from idp.directory.provisioning import LinkView
from scim.outbound.client import Gone, Resource
from scim.outbound.mapping import projected
from scim.outbound.turn import Turn

PAGE = 100
SHOWN = 20
Standing = dict[str, Any]


def look(turn: Turn, standing: Standing) -> bool:
    """One page of people, then of groups, then the groups' members; True when all were seen."""
    at = standing.setdefault("look", {"kind": "User", "start": 1, "drift": _nothing()})
    if at["kind"] == "members":
        return _members(turn, standing)
    kind, start = at["kind"], at["start"]
    size = min(PAGE, int(turn.target.abilities.get("page") or PAGE))
    without = "members" if kind == "Group" else ""
    found, total = turn.client.page(f"{kind}s", start, size, without=without)
    _compare(turn, kind, found, at["drift"])
    at["start"] = start + len(found)
    if found and at["start"] <= total:
        return False
    since = datetime.fromisoformat(standing["since"])
    at["drift"]["missing"] += provisioned.lose_unseen(turn.target.id, kind, since)
    at["kind"], at["start"] = ("Group", 1) if kind == "User" else ("members", 1)
    return False


def _nothing() -> dict[str, Any]:
    return {"changed": 0, "missing": 0, "unknown": 0, "members": 0, "examples": []}


def _compare(turn: Turn, kind: str, found: Sequence[Resource], drift: dict[str, Any]) -> None:
    """Keep what is there instead of what was sent, and count what differs."""
    there = {str(one.get("id")): one for one in found}
    known = queries.links_by_remote(turn.reader.actor, turn.target.id, kind, list(there))
    rows = []
    for remote_id, resource in there.items():
        link = known.get(remote_id)
        if link is None:
            drift["unknown"] += 1
            continue
        is_there = projected(resource, link.sent, _ours(turn, link))
        if is_there != link.sent:
            _count(drift, link, is_there)
        rows.append(_seen(link, is_there))
    provisioned.seen(turn.target.id, rows)


def _ours(turn: Turn, link: LinkView) -> Sequence[str]:
    """What nobody but us should have filled there: of people who should be there, once sent."""
    sent = link.kind == "User" and link.state == "present" and link.sent
    return turn.reader.mapper.ours if sent else ()


def _seen(link: LinkView, is_there: dict[str, Any]) -> dict[str, Any]:
    return {
        "subject_id": link.subject_id,
        "sent": json.dumps(is_there),
        "active": bool(is_there.get("active", True)),
    }


def _count(drift: dict[str, Any], link: LinkView, is_there: dict[str, Any]) -> None:
    drift["changed"] += 1
    if len(drift["examples"]) < SHOWN:
        names = {
            n for n in link.sent.keys() | is_there.keys() if link.sent.get(n) != is_there.get(n)
        }
        drift["examples"].append(
            {"id": link.subject_id, "kind": link.kind, "name": link.name, "what": sorted(names)}
        )


def _members(turn: Turn, standing: Standing) -> bool:
    """One group after the other: whose members are not those whom we sent."""
    at, actor = standing["look"], turn.reader.actor
    ids = queries.groups_to_look_at(actor, turn.target, standing["cursor"], PAGE)
    links = turn.reader.links(ids)
    for one in ids:
        link = links.get(one)
        if link is not None and link.remote_id is not None:
            at["drift"]["members"] += _compare_members(turn, link)
            turn.hold()
    if ids:
        standing["cursor"] = ids[-1]
        return False
    provisioned.note(turn.target.id, drift=at["drift"] | {"at": rfc3339(now())})
    return True


def _compare_members(turn: Turn, group: LinkView) -> int:
    """Take down the members whom a group really has, as far as they are ours; how many differ."""
    actor, target = turn.reader.actor, turn.target
    try:
        found = turn.client.get("Groups", str(group.remote_id)).get("members") or []
    except Gone:
        return 0
    remotes = {str(one.get("value")) for one in found if isinstance(one, dict)}
    ours = queries.links_by_remote(actor, target.id, "User", list(remotes))
    there = {link.subject_id for link in ours.values()}
    sent = queries.members_at(actor, target.id, group.subject_id).keys()
    provisioned.record_members(
        turn.row["org_id"], target.id, group.subject_id, added=there - sent, removed=sent - there
    )
    return len(there ^ sent)
