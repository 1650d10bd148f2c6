"""Audit entries -> what a stream tells of them (RFC 9967 §2), pure.

One entry is one state change of one resource, so it is one token; a deactivation carries two
events, for it is also a change of `active` (§2.1).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from idp.changes.audit import AuditView
from idp.directory.attributes import GROUP_SCHEMA, USER_SCHEMA, Record, nest
from idp.directory.entitled import ATTRIBUTE as ENTITLEMENTS
from scim.operations import PATCH_SCHEMA

PREFIX = "urn:ietf:params:scim:event:"
FEED_ADD, FEED_REMOVE = f"{PREFIX}feed:add", f"{PREFIX}feed:remove"
DELETE, ACTIVATE, DEACTIVATE = (
    f"{PREFIX}prov:{name}" for name in ("delete", "activate", "deactivate")
)
EVENT_URIS = (
    FEED_ADD,
    FEED_REMOVE,
    *(
        f"{PREFIX}prov:{verb}:{d}"
        for verb in ("create", "patch", "put")
        for d in ("notice", "full")
    ),
    DELETE,
    ACTIVATE,
    DEACTIVATE,
)

_SCHEMAS = {"User": USER_SCHEMA, "Group": GROUP_SCHEMA}
_VERBS = {
    "user.created": "create",
    "user.changed": "patch",
    "user.replaced": "put",
    "user.activated": "patch",
    "user.deactivated": "patch",
    "group.created": "create",
    "group.changed": "patch",
    "group.replaced": "put",
    "member.added": "patch",
    "member.removed": "patch",
    "license.assigned": "patch",
    "license.changed": "patch",
    "license.removed": "patch",
}
_SIGNALS = {
    "user.deleted": DELETE,
    "group.deleted": DELETE,
    "user.activated": ACTIVATE,
    "user.deactivated": DEACTIVATE,
    "user.unblocked": ACTIVATE,
    "user.blocked": DEACTIVATE,
    "user.restored": ACTIVATE,
}
# Entries that tell the whole resource: its record must be read.
WHOLE = frozenset({"user.replaced", "group.replaced"})
# Entries of seats: told as the values of `entitlements` that follow from them now.
SEATS = frozenset({"license.assigned", "license.changed", "license.removed"})
# Of the server itself, or of one connection alone: not for every receiver.
_OURS = frozenset({"blocked", "deleted"})

Events = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Telling:
    """A token in the making: about which resource, from which audit entry, what happened."""

    kind: str
    subject: str
    position: int
    txn: str
    at: int  # seconds since 1970
    events: Events = field(default_factory=dict)

    def jti(self, stream_id: str) -> str:
        """The same for the same fact, however often it is told."""
        fact = f"{self.position} {self.subject} {' '.join(sorted(self.events))}"
        return str(uuid5(UUID(stream_id), fact))


def told(
    entry: AuditView, detail: str, connection_id: str, present: Mapping[str, Record]
) -> Telling | None:
    """What an entry tells a connection, None for what is not about people and groups.

    `present` holds the records of those whom entries of `WHOLE` and `SEATS` are about.
    """
    events = dict(_events(entry, detail, connection_id, present))
    if not events:
        return None
    return about(entry, entry.target_kind, entry.target_id, events)


def about(entry: AuditView, kind: str, subject: str, events: Events) -> Telling:
    """Events about somebody, as part of what an entry tells of."""
    txn = entry.request_id or f"{entry.seq}"
    return Telling(kind, subject, entry.seq, txn, int(entry.at.timestamp()), events)


def _events(
    entry: AuditView, detail: str, connection_id: str, present: Mapping[str, Record]
) -> Iterator[tuple[str, dict[str, Any]]]:
    signal = _SIGNALS.get(entry.action)
    if signal is not None:
        yield signal, {}
    verb = _VERBS.get(entry.action)
    if verb is None:
        return
    diff = {
        path: pair
        for path, pair in entry.diff.items()
        if path not in _OURS and (path != "externalId" or entry.actor_id == connection_id)
    }
    if entry.action in SEATS:
        diff = {ENTITLEMENTS: (None, present.get(entry.target_id, {}).get(ENTITLEMENTS))}
    data = _data(entry, verb, diff, present) if detail == "full" else None
    if data is None:
        yield f"{PREFIX}prov:{verb}:notice", {"attributes": sorted(diff)}
    else:
        yield f"{PREFIX}prov:{verb}:full", {"data": data}


def _data(
    entry: AuditView, verb: str, diff: Mapping[str, Any], present: Mapping[str, Record]
) -> dict[str, Any] | None:
    """What was done, as a SCIM client would have asked for it (§2.2).

    None where that is kept nowhere: what was replaced as a whole, of somebody who has gone since.
    """
    if verb == "patch":
        operations = [_operation(entry, path, *pair) for path, pair in sorted(diff.items())]
        return {"schemas": [PATCH_SCHEMA], "Operations": operations}
    if verb == "create":
        return _resource(entry, nest({path: after for path, (_, after) in diff.items()}))
    record = present.get(entry.target_id)
    return _resource(entry, record) if record else None


def _resource(entry: AuditView, record: Record) -> dict[str, Any]:
    extensions = sorted(key for key in record if key.startswith("urn:"))
    schemas = [_SCHEMAS[entry.target_kind], *extensions]
    return {"schemas": schemas, "id": entry.target_id, **record}


def _operation(entry: AuditView, path: str, before: Any, after: Any) -> dict[str, Any]:
    if path == "members":
        return _membership(entry)
    if not after and (after is None or path == ENTITLEMENTS):
        return {"op": "remove", "path": path}
    if path == ENTITLEMENTS:  # as it is now, not as it was at each step: the last one holds
        return {"op": "replace", "path": path, "value": after}
    return {"op": "add" if before is None else "replace", "path": path, "value": after}


def _membership(entry: AuditView) -> dict[str, Any]:
    if entry.action == "member.removed":
        return {"op": "remove", "path": f'members[value eq "{entry.related_id}"]'}
    member = {"value": entry.related_id, "type": entry.related_kind}
    return {"op": "add", "path": "members", "value": [member]}
