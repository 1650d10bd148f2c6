"""The audit page, and audit entries as sentences for the pages that show some of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from idp.changes import audit
from idp.changes.batch import Note
from idp.clock import now
from idp.directory.actors import Actor
from idp.directory.roles import ROLES
from idp.directory.views import Page
from portal.frame import page
from portal.labels import label, role_name, say
from portal.listing import Asked, Column, Filter, Listing, show
from portal.lists import whole

DOORS = {
    "scim": "SCIM",
    "portal": _l("Portal"),
    "signin": _l("Sign-in"),
    "saml": "SAML",
    "cli": _l("Command line"),
    "worker": _l("Worker"),
    "sync": _l("Directory sync"),
}
ACTIONS = {
    "user.created": _l("Added a person"),
    "user.changed": _l("Changed a person"),
    "user.replaced": _l("Replaced a person’s attributes"),
    "user.activated": _l("Activated a person"),
    "user.deactivated": _l("Deactivated a person"),
    "user.blocked": _l("Blocked a person"),
    "user.unblocked": _l("Unblocked a person"),
    "user.deleted": _l("Deleted a person"),
    "user.restored": _l("Restored a person"),
    "group.created": _l("Added a group"),
    "group.changed": _l("Changed a group"),
    "group.replaced": _l("Replaced a group’s attributes"),
    "group.deleted": _l("Deleted a group"),
    "member.added": _l("Added a member"),
    "member.removed": _l("Removed a member"),
    "role.assigned": _l("Assigned a role"),
    "role.changed": _l("Changed a role’s end"),
    "role.removed": _l("Removed a role"),
    "password.changed": _l("Set a password"),
    "link.issued": _l("Issued a one-time link"),
    "link.redeemed": _l("Used a one-time link"),
    "links.ended": _l("Ended one-time links"),
    "session.started": _l("Signed in"),
    "session.ended": _l("Ended a session"),
    "sessions.ended": _l("Ended sessions"),
    "partner.signed_in": _l("Signed in to an application"),
    "partner.refused": _l("Was refused at an application"),
    "connection.created": _l("Connected a system"),
    "connection.changed": _l("Changed a connection"),
    "connection.deleted": _l("Disconnected a system"),
    "secret.issued": _l("Made a client secret"),
    "secret.revoked": _l("Revoked a client secret"),
    "key.registered": _l("Registered a key"),
    "key.revoked": _l("Revoked a key"),
    "connection.quarantined": _l("Stopped a system"),
    "brake.approved": _l("Approved what was stopped"),
    "brake.rejected": _l("Rejected what was stopped"),
    "brake.changed": _l("Changed a system’s brake"),
    "user.linked": _l("Linked a person to a system"),
    "link.dismissed": _l("Dismissed a wish for a link"),
    "token.issued": _l("Made a token"),
    "token.revoked": _l("Revoked a token"),
    "stream.created": _l("Began an event stream"),
    "stream.paused": _l("Paused an event stream"),
    "stream.resumed": _l("Resumed an event stream"),
    "stream.deleted": _l("Ended an event stream"),
    "target.set": _l("Set an application that is provisioned"),
    "target.secret_changed": _l("Changed the secret for an application"),
    "target.reconcile": _l("Asked for a reconcile"),
    "target.removals_approved": _l("Approved a mass removal"),
    "organization.created": _l("Founded the organization"),
    "organization.changed": _l("Changed the organization"),
    "delivery.retried": _l("Tried a mail again"),
    "domain.added": _l("Added a domain"),
    "schema.defined": _l("Defined a schema"),
    "view.saved": _l("Saved a view of a list"),
    "view.deleted": _l("Deleted a saved view"),
    "list.exported": _l("Exported a list"),
    "import.started": _l("Began an import of people"),
    "import.finished": _l("Finished an import of people"),
    "import.cancelled": _l("Cancelled an import of people"),
    "grant.added": _l("Assigned a product"),
    "grant.changed": _l("Changed the plans of an assignment"),
    "grant.removed": _l("Removed an assignment"),
    "license.assigned": _l("Was given a licence"),
    "license.changed": _l("Got other plans of a licence"),
    "license.removed": _l("Lost a licence"),
    "license.failed": _l("Could not be given a licence"),
    "license.requested": _l("Asked for a licence"),
    "license.request_granted": _l("Was granted a licence"),
    "license.request_declined": _l("Was declined a licence"),
    "key.added": _l("Added a signing key"),
    "subscription.created": _l("Subscribed"),
    "subscription.changed": _l("Changed a subscription"),
    "subscription.extended": _l("Extended a trial"),
    "subscription.converted": _l("Converted a subscription"),
    "subscription.renewed": _l("Renewed a subscription"),
    "subscription.cancelled": _l("Cancelled a subscription"),
    "subscription.reactivated": _l("Took a cancellation back"),
    "subscription.trial": _l("A trial began"),
    "subscription.active": _l("A subscription began"),
    "subscription.expired": _l("A subscription expired"),
    "subscription.disabled": _l("A subscription was disabled"),
    "subscription.deleted": _l("A subscription was deleted"),
    "grants.removed": _l("Removed every assignment of a product"),
    "grants.moved": _l("Moved assignments to another product"),
    "agreement.added": _l("Entered an agreement"),
    "agreement.changed": _l("Changed an agreement"),
    "agreement.terminated": _l("Terminated an agreement"),
    "invoice.issued": _l("Issued an invoice"),
    "invoice.credited": _l("Issued a credit note"),
    "invoice.paid": _l("Recorded a payment"),
    "invoice.voided": _l("Declared an invoice void"),
}
_WORDS = {
    "role": _l("Role"),
    "scope": _l("Scope"),
    "expires": _l("Ends"),
    "rows": _l("Rows"),
    "created_count": _l("Created"),
    "updated_count": _l("Changed"),
    "unchanged_count": _l("Unchanged"),
    "refused_count": _l("Refused"),
    "filter": _l("Filter"),
    "shared": _l("For everybody"),
    "purpose": _l("Purpose"),
    "strength": _l("Proof"),
    "ip": _l("Address"),
    "blocked": _l("Blocked"),
    "externalId": _l("External id"),
    "base_url": _l("Address"),
    "groups": _l("For the groups"),
    "deprovision": _l("Leavers"),
    "removals": _l("Removals"),
    "autoRenew": _l("Renews by itself"),
    "purchaseOrder": _l("Purchase order"),
    "license": _l("Licence"),
    "disabledPlans": _l("Plans off"),
    "error": _l("Problem"),
    "reason": _l("Reason"),
    "answer": _l("Answer"),
    "brake.deactivations": _l("People deactivated"),
    "brake.deletions": _l("People deleted"),
    "brake.groups": _l("Groups deleted"),
    "brake.removals": _l("Members removed from one group"),
    "brake.hours": _l("Window in hours"),
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


def _read(actor: Actor, asked: Asked, cursor: str | None, limit: int) -> Page[Entry]:
    """Entries from a cursor, which is the number of the last one seen."""
    wanted = audit.AuditFilter(
        asked.get("target"), asked.get("action"), asked.get("actor"), asked.get("door")
    )
    seen = whole(cursor)
    if asked.sort == "when":
        views, following = audit.page(actor, wanted, after=seen or 0, limit=limit)
    else:
        views, following = audit.page(actor, wanted, before=seen, limit=limit)
    return Page(entries(views), str(following) if following else None)


def _about_chip(actor: Actor, about: str) -> str:
    views, _cursor = audit.page(actor, audit.AuditFilter(about=about), limit=1)
    named = [
        name
        for view in views
        for one, name in (
            (view.target_id, view.target_name),
            (view.related_id, view.related_name),
        )
        if one == about
    ]
    return str(_("About: %(name)s", name=named[0] if named else about))


def _actor_chip(actor: Actor, by: str) -> str:
    views, _cursor = audit.page(actor, audit.AuditFilter(actor_id=by), limit=1)
    return str(_("By: %(name)s", name=views[0].actor_name if views else by))


def _changes_in_words(entry: Entry) -> str:
    return "; ".join(f"{one.label}: {one.before} → {one.after}" for one in entry.changes)


AUDIT = Listing(
    "audit",
    _l("Audit"),
    "portal.audit_page",
    columns=(
        Column("when", _l("When"), lambda one, _about: one.when, "when", down=True),
        Column("who", _l("Who"), lambda one, _about: one.who),
        Column("door", _l("Door"), lambda one, _about: one.door, inside=True),
        Column("what", _l("What"), lambda one, _about: one.what),
        Column(
            "changes",
            _l("Before and after"),
            lambda one, _about: _changes_in_words(one),
            inside=True,
        ),
        Column("about", _l("About"), lambda one, _about: one.about),
    ),
    filters=(
        Filter("door", _l("Door"), lambda _actor: DOORS, _l("Any door")),
        Filter("action", _l("Action"), lambda _actor: ACTIONS, _l("Any action")),
        Filter("target", _l("About"), chip=_about_chip, hidden=True),
        Filter("actor", _l("By"), chip=_actor_chip, hidden=True),
    ),
    sort="-when",
    read=_read,
    counted=lambda n: ngettext("%(num)s entry", "%(num)s entries", n),
)


def audit_page(actor: Actor) -> Response:
    """Every change, newest first, filtered by what the address says."""
    return page("history/audit.html", actor, found=show(AUDIT, actor))


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
    what = f"{ACTIONS.get(view.action, view.action)}{related}"
    told = {path: pair for path, pair in view.diff.items() if path not in _TOLD_ALREADY}
    changes = [_difference(path, pair, view) for path, pair in told.items()]
    who, door = view.actor_name, str(DOORS.get(view.door, view.door))
    return Entry(view.at, who, door, what, view.target_name, _url(view), changes)


def _difference(path: str, pair: list[Any], view: audit.AuditView) -> Difference:
    before, after = (_said(path, value, view) for value in pair)
    return Difference(str(_WORDS.get(path) or label(path)), before, after)


def _said(path: str, value: Any, view: audit.AuditView) -> str:
    if path == "role" and value in ROLES:
        return role_name(value)
    if value and value == view.related_id:
        return view.related_name
    return say(value)


def _url(view: audit.AuditView) -> str:
    """The page of what the entry is about; gone things have none."""
    if view.action.endswith(".deleted") and view.target_kind != "Subscription":
        return ""
    if view.target_kind == "User":
        return url_for("portal.person", user_id=view.target_id)
    if view.target_kind == "Group":
        return url_for("portal.group", group_id=view.target_id)
    if view.target_kind == "Subscription":
        return url_for("portal.subscription", subscription_id=view.target_id)
    return ""
