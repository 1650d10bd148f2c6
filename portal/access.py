"""Why can't I see this? Which permission a page needs, which roles give it, who can give them."""

from dataclasses import dataclass

from flask import Response, request
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.roles import ROLES
from idp.directory.views import RoleView
from portal.frame import page

# What people look for, and the permission without which it is not there.
THINGS: dict[str, tuple[LazyString, str]] = {
    "people": (_("People and their profiles"), "users.read"),
    "people-edit": (_("Add, change, block or delete people"), "users.write"),
    "people-reset": (_("Send one-time links, end sessions"), "users.reset"),
    "groups": (_("Groups and their members"), "groups.read"),
    "groups-edit": (_("Make groups, change their members"), "groups.write"),
    "roles": (_("Who holds which role"), "roles.read"),
    "roles-edit": (_("Give and take roles"), "roles.write"),
    "systems": (_("Provisioning and applications"), "connections.read"),
    "systems-edit": (_("Connect systems and applications, make tokens"), "connections.write"),
    "domains": (_("Domains"), "domains.read"),
    "domains-edit": (_("Add and verify domains"), "domains.write"),
    "services": (_("Services and subscriptions: how many, until when"), "services.read"),
    "licences": (_("Licences: how many are left, who has them"), "licenses.read"),
    "licences-edit": (_("Assign and remove licences"), "licenses.write"),
    "billing": (_("Subscriptions, agreements and invoices, with prices"), "billing.read"),
    "billing-edit": (_("Buy, renew and cancel subscriptions"), "billing.write"),
    "audit": (_("The audit of everybody’s changes"), "audit.read"),
    "sign-ins": (_("Everybody’s sign-ins"), "signins.read"),
    "organization": (_("The organization’s details"), "organization.read"),
    "organization-edit": (_("Change the organization’s details"), "organization.write"),
    "cases": (_("Everybody’s support cases"), "cases.read"),
    "schema": (_("Attributes of the organization’s own"), "schema.write"),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the reader has a permission, by which of their roles, and who else could give it."""

    label: LazyString
    permission: str
    mine: list[RoleView]
    roles: list[str]
    scoped: bool


def help_access(actor: Actor) -> Response:
    """Choose what one looks for; see why it is there or not, and whom to ask."""
    chosen = request.args.get("thing", "")
    held = queries.role_holders(actor, user_id=actor.id)
    return page(
        "help/access.html",
        actor,
        things=[(key, label) for key, (label, _permission) in THINGS.items()],
        chosen=chosen,
        verdict=_verdict(actor, held, *THINGS[chosen]) if chosen in THINGS else None,
        granters=queries.granters(actor),
        held=held,
        roles=ROLES,
    )


def _verdict(actor: Actor, held: list[RoleView], label: LazyString, permission: str) -> Verdict:
    giving = {key for key, role in ROLES.items() if permission in role.permissions}
    mine = [one for one in held if one.role in giving]
    names = [ROLES[key].name for key in ROLES if key in giving]
    return Verdict(label, permission, mine, names, bool(actor.scope_of(permission)))
