"""First steps: each ticks itself when the directory shows that it was taken."""

from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _

from idp.directory import queries
from idp.directory.actors import LOCAL, Actor
from idp.directory.roles import GLOBAL_ADMINISTRATOR
from idp.licensing.queries import products

NEEDED = ("connections.read", "roles.read", "licenses.read")


@dataclass(frozen=True, slots=True)
class Step:
    """A first step, and the page where it is taken."""

    title: str
    why: str
    done: bool
    url: str


def first_steps(actor: Actor) -> list[Step]:
    """What a new organization does first; nothing once all is done, or for who sees too little."""
    if not all(map(actor.can, NEEDED)):
        return []
    steps = [*_of_people(actor), *_of_licences(actor), _of_roles(actor)]
    return [] if all(step.done for step in steps) else steps


def _of_people(actor: Actor) -> list[Step]:
    connections = queries.list_connections(actor)
    systems = [one for one in connections if one.kind == "scim"]
    first = queries.page_people(actor, limit=20).items
    arrived = any(one.last_used_at for one in systems) or any(p.source_id != LOCAL for p in first)
    return [
        Step(
            _("Connect your HR system"),
            _("It pushes people and groups by SCIM; it needs an address and a token from here."),
            bool(systems),
            url_for("portal.provisioning"),
        ),
        Step(
            _("See people arrive"),
            _("Everybody whom the system sends appears here, with the owner of each value."),
            arrived,
            url_for("portal.people"),
        ),
        Step(
            _("Add an application"),
            _("Exchange metadata, and people sign in there with their account here."),
            any(one.kind == "saml" for one in connections),
            url_for("portal.applications"),
        ),
    ]


def _of_licences(actor: Actor) -> list[Step]:
    held = products(actor)
    short = sum(one.waiting + one.errors + one.excess for one in held)
    return [
        Step(
            _("Subscribe to a service"),
            _("A trial costs nothing and never turns into a purchase by itself."),
            any(one.units for one in held),
            url_for("portal.catalog"),
        ),
        Step(
            _("License a group"),
            _("Whoever joins it gets a licence at once, and whoever leaves gives it back."),
            any(one.taken for one in held),
            url_for("portal.licenses"),
        ),
        Step(
            _("Settle what is short"),
            _("Somebody waits for a licence or cannot be given one, or too many are held."),
            bool(held) and not short,
            url_for("portal.license_errors"),
        ),
    ]


def _of_roles(actor: Actor) -> Step:
    chiefs = len({h.user_id for h in queries.role_holders(actor, role=GLOBAL_ADMINISTRATOR)})
    return Step(
        _("Make a second Global Administrator"),
        _("So that somebody can help when the first is away."),
        chiefs > 1,
        url_for("portal.role", key=GLOBAL_ADMINISTRATOR),
    )
