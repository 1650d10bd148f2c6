"""The left rail: groups of pages, each with the permission without which it is not there."""

from dataclasses import dataclass

from flask import request, url_for
from flask_babel import lazy_gettext as _l

from idp.directory.actors import Actor


@dataclass(frozen=True, slots=True)
class Item:
    """A page in the rail, and the permission that it needs."""

    label: str
    endpoint: str
    icon: str
    permission: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Pages that belong together."""

    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """An item as the template draws it; `on` is aria-current's value."""

    label: str
    note: str
    icon: str
    url: str
    on: str


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """A group as the template draws it."""

    title: str
    items: list[Shown]


RAIL = (
    Group("", (Item(_l("Home"), "portal.home", "home"),)),
    Group(
        _l("Services"),
        (
            Item(_l("Services"), "portal.services", "services", "services.read"),
            Item(_l("Licences"), "portal.licenses", "seat", "licenses.read"),
            Item(_l("Renewals"), "portal.renewals", "calendar", "services.read"),
            Item(_l("Invoices"), "portal.invoices", "invoice", "billing.read"),
            Item(_l("Catalogue"), "portal.catalog", "catalog"),
        ),
    ),
    Group(
        _l("Identity"),
        (
            Item(_l("Overview"), "portal.identity", "home", "users.read"),
            Item(
                _l("People"), "portal.people", "people", "users.read", _l("Manage users and groups")
            ),
            Item(_l("Groups"), "portal.groups", "groups", "groups.read"),
            Item(_l("Provisioning"), "portal.provisioning", "provisioning", "connections.read"),
            Item(_l("Applications"), "portal.applications", "applications", "connections.read"),
            Item(_l("Roles"), "portal.roles", "roles", "roles.read"),
            Item(_l("Organization"), "portal.organization", "organization", "organization.read"),
        ),
    ),
    Group(
        _l("Activity"),
        (
            Item(_l("Audit"), "portal.audit_page", "audit", "audit.read"),
            Item(_l("Sign-ins"), "portal.sign_ins_page", "key"),
            Item(_l("Jobs"), "portal.jobs", "clock", "connections.read"),
            Item(_l("Status"), "portal.status", "good"),
        ),
    ),
    Group(
        _l("Help"),
        (
            Item(_l("Answers"), "portal.help_page", "help"),
            Item(_l("Support"), "portal.support", "mail"),
            Item(_l("Feedback"), "portal.feedback", "pen"),
        ),
    ),
)
_ABOVE = frozenset({"portal.identity"})  # pages below its address have items of their own
DEMO = Group(_l("Demo"), (Item(_l("Mailbox"), "portal.mailbox", "mail", "users.reset"),))


def rail(actor: Actor, demo: bool) -> list[ShownGroup]:
    """The groups and pages that this actor may see, the current one marked."""
    groups = (*RAIL, DEMO) if demo else RAIL
    shown = (ShownGroup(g.title, [_show(i) for i in g.items if _may(actor, i)]) for g in groups)
    return [group for group in shown if group.items]


def _may(actor: Actor, item: Item) -> bool:
    return not item.permission or actor.can(item.permission)


def _show(item: Item) -> Shown:
    url = url_for(item.endpoint)
    within = request.path.startswith(f"{url}/") and item.endpoint not in _ABOVE
    on = "page" if request.path == url else "true" if within else ""
    return Shown(item.label, item.note, item.icon, url, on)
