"""The audit page, and audit entries as sentences for the pages that show some of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, request, url_for

from idp.changes import audit
from idp.changes.batch import Note
from idp.clock import now
from idp.directory.actors import Actor
from idp.directory.roles import ROLES
from portal.frame import page
from portal.labels import label, say
from portal.lists import whole, without

DOORS = {
    "scim": "SCIM",
    "portal": "Portal",
    "signin": "Sign-in",
    "saml": "SAML",
    "cli": "Command line",
    "worker": "Worker",
    "sync": "Directory sync",
}
ACTIONS = {
    "user.created": "Added a person",
    "user.changed": "Changed a person",
    "user.replaced": "Replaced a person’s attributes",
    "user.activated": "Activated a person",
    "user.deactivated": "Deactivated a person",
    "user.blocked": "Blocked a person",
    "user.unblocked": "Unblocked a person",
    "user.deleted": "Deleted a person",
    "user.restored": "Restored a person",
    "group.created": "Added a group",
    "group.changed": "Changed a group",
    "group.replaced": "Replaced a group’s attributes",
    "group.deleted": "Deleted a group",
    "member.added": "Added a member",
    "member.removed": "Removed a member",
    "role.assigned": "Assigned a role",
    "role.changed": "Changed a role’s end",
    "role.removed": "Removed a role",
    "password.changed": "Set a password",
    "link.issued": "Issued a one-time link",
    "link.redeemed": "Used a one-time link",
    "links.ended": "Ended one-time links",
    "session.started": "Signed in",
    "session.ended": "Ended a session",
    "sessions.ended": "Ended sessions",
    "partner.signed_in": "Signed in to an application",
    "partner.refused": "Was refused at an application",
    "connection.created": "Connected a system",
    "connection.changed": "Changed a connection",
    "connection.deleted": "Disconnected a system",
    "secret.issued": "Made a client secret",
    "secret.revoked": "Revoked a client secret",
    "key.registered": "Registered a key",
    "key.revoked": "Revoked a key",
    "connection.quarantined": "Stopped a system",
    "brake.approved": "Approved what was stopped",
    "brake.rejected": "Rejected what was stopped",
    "brake.changed": "Changed a system’s brake",
    "user.linked": "Linked a person to a system",
    "link.dismissed": "Dismissed a wish for a link",
    "token.issued": "Made a token",
    "token.revoked": "Revoked a token",
    "stream.created": "Began an event stream",
    "stream.paused": "Paused an event stream",
    "stream.resumed": "Resumed an event stream",
    "stream.deleted": "Ended an event stream",
    "target.set": "Set an application that is provisioned",
    "target.secret_changed": "Changed the secret for an application",
    "target.reconcile": "Asked for a reconcile",
    "target.removals_approved": "Approved a mass removal",
    "organization.created": "Founded the organization",
    "organization.changed": "Changed the organization",
    "domain.added": "Added a domain",
    "schema.defined": "Defined a schema",
    "key.added": "Added a signing key",
}
_WORDS = {
    "role": "Role",
    "scope": "Scope",
    "expires": "Ends",
    "purpose": "Purpose",
    "strength": "Proof",
    "ip": "Address",
    "blocked": "Blocked",
    "externalId": "External id",
    "base_url": "Address",
    "groups": "For the groups",
    "deprovision": "Leavers",
    "removals": "Removals",
    "brake.deactivations": "People deactivated",
    "brake.deletions": "People deleted",
    "brake.groups": "Groups deleted",
    "brake.removals": "Members removed from one group",
    "brake.hours": "Window in hours",
}


# The entry's own words say it: who was added, how many sessions.
_TOLD_ALREADY = frozenset({"members", "open"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One value, before and after."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An audit entry as a row of a table."""

    when: datetime
    who: str
    door: str
    what: str
    about: str
    url: str
    changes: list[Difference]


def audit_page(actor: Actor) -> Response:
    """Every change, newest first, filtered by what the address says."""
    asked = {name: request.args.get(name, "") for name in ("door", "action", "target", "actor")}
    wanted = audit.AuditFilter(asked["target"], asked["action"], asked["actor"], asked["door"])
    views, following = audit.page(actor, wanted, before=whole(request.args.get("before")))
    return page(
        "history/audit.html",
        actor,
        entries=entries(views),
        asked=asked,
        chips=_chips(asked, views),
        doors=DOORS.items(),
        actions=ACTIONS.items(),
        first=without("before") if request.args.get("before") else "",
        next=without("before", before=following) if following else "",
    )


def _chips(asked: dict[str, str], views: list[audit.AuditView]) -> list[tuple[str, str]]:
    """A filter in words, and the address without it."""
    said = {
        "door": f"Door: {DOORS.get(asked['door'], asked['door'])}",
        "action": f"Action: {ACTIONS.get(asked['action'], asked['action'])}",
        "target": f"About: {_name_in(views, asked['target'])}",
        "actor": f"By: {next((v.actor_name for v in views), asked['actor'])}",
    }
    return [(said[name], without(name, "before")) for name, value in asked.items() if value]


def _name_in(views: Iterable[audit.AuditView], about: str) -> str:
    for view in views:
        if view.target_id == about:
            return view.target_name
        if view.related_id == about:
            return view.related_name
    return about


def about(actor: Actor, target_id: str, limit: int = 10) -> list[Entry]:
    """The last changes that concern one person, group or connection."""
    views, _ = audit.page(actor, audit.AuditFilter(about=target_id), limit=limit)
    return entries(views)


def latest(actor: Actor, limit: int = 8) -> list[Entry]:
    """The last changes of all."""
    return entries(audit.page(actor, limit=limit)[0])


def entries(views: Iterable[audit.AuditView]) -> list[Entry]:
    """Audit entries in words."""
    return [_entry(view) for view in views]


def foreseen(who: str, notes: Iterable[Note]) -> list[Entry]:
    """What would be written in the audit, in the same words; what would be made has no page."""
    return [_entry(_as_view(who, note)) for note in notes]


def _as_view(who: str, note: Note) -> audit.AuditView:
    return audit.AuditView(
        seq=0,
        at=now(),
        actor_kind="connection",
        actor_id="",
        actor_name=who,
        door="scim",
        request_id="",
        action=note.action,
        target_kind="" if note.action.endswith(".created") else note.target_kind,
        target_id=note.target_id,
        target_name=note.target_name,
        related_kind=note.related_kind,
        related_id=note.related_id,
        related_name=note.related_name,
        diff=dict(note.diff),
    )


def _entry(view: audit.AuditView) -> Entry:
    related = f": {view.related_name}" if view.related_name else ""
    what = ACTIONS.get(view.action, view.action) + related
    told = {path: pair for path, pair in view.diff.items() if path not in _TOLD_ALREADY}
    changes = [_difference(path, pair, view) for path, pair in told.items()]
    who, door = view.actor_name, DOORS.get(view.door, view.door)
    return Entry(view.at, who, door, what, view.target_name, _url(view), changes)


def _difference(path: str, pair: list[Any], view: audit.AuditView) -> Difference:
    before, after = (_said(path, value, view) for value in pair)
    return Difference(_WORDS.get(path) or label(path), before, after)


def _said(path: str, value: Any, view: audit.AuditView) -> str:
    if path == "role" and value in ROLES:
        return ROLES[value].name
    if value and value == view.related_id:
        return view.related_name
    return say(value)


def _url(view: audit.AuditView) -> str:
    """The page of what the entry is about; gone things have none."""
    if view.action.endswith(".deleted"):
        return ""
    if view.target_kind == "User":
        return url_for("portal.person", user_id=view.target_id)
    if view.target_kind == "Group":
        return url_for("portal.group", group_id=view.target_id)
    return ""
