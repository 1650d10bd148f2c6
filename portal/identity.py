"""Identity at a glance: who is here, what is connected and how it does; each card stands alone."""

from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Response, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_babel.speaklater import LazyString

from idp.changes import board
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.roles import GLOBAL_ADMINISTRATOR
from idp.directory.safely import or_none
from portal import notices
from portal.frame import page

_NOTICES = 5
MOST_CHIEFS = 4  # more Global Administrators than that are more than anybody watches


@dataclass(frozen=True, slots=True)
class Told:
    """What a card says: figures with their words, and what is not as it should be."""

    lines: list[str]
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Kind:
    """A card: its title and picture, the page behind it, its permission, and who fills it."""

    title: LazyString
    icon: str
    endpoint: str
    permission: str
    tell: Callable[[Actor], Told]


@dataclass(frozen=True, slots=True)
class Card:
    """A card as it is drawn; `told` is None where it could not be filled."""

    title: str
    icon: str
    url: str
    told: Told | None


def identity(actor: Actor) -> Response:
    """Cards of what the reader may see, and what needs them."""
    cards = [_card(actor, kind) for kind in KINDS if actor.can(kind.permission)]
    found = or_none(lambda: board.now_open(actor, limit=_NOTICES), "notices")
    return page("organization/identity.html", actor, cards=cards, notices=notices.say(found or ()))


def _card(actor: Actor, kind: Kind) -> Card:
    told = or_none(lambda: kind.tell(actor), kind.endpoint)
    return Card(str(kind.title), kind.icon, url_for(kind.endpoint), told)


def _people(actor: Actor) -> Told:
    counts = queries.count_people(actor)
    off = counts["disabled"] + counts["blocked"]
    return Told(
        [
            ngettext("%(num)s person may sign in", "%(num)s people may sign in", counts["active"]),
            ngettext("%(num)s is disabled or blocked", "%(num)s are disabled or blocked", off),
        ]
    )


def _groups(actor: Actor) -> Told:
    return Told([ngettext("%(num)s group", "%(num)s groups", queries.count_groups(actor))])


def _roles(actor: Actor) -> Told:
    holders = queries.role_holders(actor)
    chiefs = {one.user_id for one in holders if one.role == GLOBAL_ADMINISTRATOR}
    warnings = []
    if len(chiefs) < 2:
        warnings.append(_("Only one Global Administrator: make a second one."))
    if len(chiefs) > MOST_CHIEFS:
        warnings.append(_("More than four Global Administrators: smaller roles may do."))
    people = len({one.user_id for one in holders})
    held = ngettext("%(num)s person holds a role", "%(num)s people hold roles", people)
    return Told([held], warnings)


def _systems(actor: Actor) -> Told:
    found = [one for one in queries.list_connections(actor) if one.kind != "saml"]
    stopped = [one.name for one in found if one.quarantined_at]
    ending = queries.ending_soon(actor)
    warnings = [_("%(name)s is stopped and waits for a decision.", name=name) for name in stopped]
    if ending:
        warnings.append(
            ngettext("%(num)s credential ends soon.", "%(num)s credentials end soon.", len(ending))
        )
    here = ngettext("%(num)s system is connected", "%(num)s systems are connected", len(found))
    return Told([here], warnings)


def _applications(actor: Actor) -> Told:
    count = len(queries.list_connections(actor, "saml"))
    return Told([ngettext("%(num)s application", "%(num)s applications", count)])


def _organization(actor: Actor) -> Told:
    held = queries.organization(actor)
    country = held.settings.get("country")
    unproven = [one.name for one in held.domains if not one.verified]
    warnings = [_("%(name)s is not proven yet.", name=name) for name in unproven]
    if not country:
        warnings.append(_("No country is set: some licences cannot be decided."))
    return Told([", ".join(one.name for one in held.domains)], warnings)


KINDS = (
    Kind(_l("People"), "people", "portal.people", "users.read", _people),
    Kind(_l("Groups"), "groups", "portal.groups", "groups.read", _groups),
    Kind(_l("Roles"), "roles", "portal.roles", "roles.read", _roles),
    Kind(_l("Provisioning"), "provisioning", "portal.provisioning", "connections.read", _systems),
    Kind(
        _l("Applications"),
        "applications",
        "portal.applications",
        "connections.read",
        _applications,
    ),
    Kind(
        _l("Organization"),
        "organization",
        "portal.organization",
        "organization.read",
        _organization,
    ),
)
