"""The left rail: groups of pages, each with the permission without which it is not there."""

from dataclasses import dataclass

from flask import request, url_for

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
    Group("", (Item("Home", "portal.home", "home"),)),
    Group(
        "Identity",
        (
            Item("People", "portal.people", "people", "users.read", "Manage users and groups"),
            Item("Groups", "portal.groups", "groups", "groups.read"),
            Item("Provisioning", "portal.provisioning", "provisioning", "connections.read"),
            Item("Applications", "portal.applications", "applications", "connections.read"),
            Item("Roles", "portal.roles", "roles", "roles.read"),
        ),
    ),
    Group("Activity", (Item("Audit", "portal.audit_page", "audit", "audit.read"),)),
)
DEMO = Group("Demo", (Item("Mailbox", "portal.mailbox", "mail", "users.reset"),))


def rail(actor: Actor, demo: bool) -> list[ShownGroup]:
    """The groups and pages that this actor may see, the current one marked."""
    groups = (*RAIL, DEMO) if demo else RAIL
    shown = (ShownGroup(g.title, [_show(i) for i in g.items if _may(actor, i)]) for g in groups)
    return [group for group in shown if group.items]


def _may(actor: Actor, item: Item) -> bool:
    return not item.permission or actor.can(item.permission)


def _show(item: Item) -> Shown:
    url = url_for(item.endpoint)
    on = "page" if request.path == url else "true" if request.path.startswith(url + "/") else ""
    return Shown(item.label, item.note, item.icon, url, on)
