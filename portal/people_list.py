"""The list of people: its description, and its page."""

from collections.abc import Mapping
from typing import Any

from flask import Response
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from idp.directory import queries
from idp.directory.actors import LOCAL, Actor
from idp.directory.views import Page, UserView
from portal import bulk
from portal.frame import page
from portal.listing import Asked, Column, Filter, Listing, show
from portal.words import source, state

STATES = {
    "active": _l("Active"),
    "disabled": _l("Disabled"),
    "blocked": _l("Blocked here"),
    "deleted": _l("Deleted"),
}


def _read(actor: Actor, asked: Asked, cursor: str | None, limit: int) -> Page[UserView]:
    return queries.page_people(actor, **whom(asked), sort=asked.sort, cursor=cursor, limit=limit)


def whom(asked: Asked) -> dict[str, str]:
    """The filter of people in the words of the queries."""
    return {
        "text": asked.get("q"),
        "state": asked.get("state"),
        "source": asked.get("source"),
    }


def _total(actor: Actor, asked: Asked) -> int | None:
    """How many there are in all is known, and cheap, only without a search."""
    if asked.get("q") or asked.get("source"):
        return None
    counts = queries.count_people(actor)
    return counts.get(asked.get("state")) if asked.get("state") else sum(counts.values())


def sources_in_use(actor: Actor) -> Mapping[str, Any]:
    """The sources that people came from, the portal first."""
    return queries.sources_of_people(actor) | {LOCAL: _l("This portal")}


PEOPLE = Listing(
    "people",
    _l("People"),
    "portal.people",
    needs="users.read",
    columns=(
        Column("name", _l("Name"), lambda one, _about: one.shown_name, "name"),
        Column("title", _l("Job title"), lambda one, _about: one.title, inside=True),
        Column("user_name", _l("User name"), lambda one, _about: one.user_name, "user_name"),
        Column("state", _l("State"), lambda one, _about: state(one), "state"),
        Column("source", _l("Source"), source, "source"),
        Column(
            "last_sign_in",
            _l("Last sign-in"),
            lambda one, _about: one.last_sign_in,
            "last_sign_in",
            down=True,
        ),
        Column(
            "created",
            _l("Added"),
            lambda one, _about: one.created,
            "created",
            down=True,
        ),
    ),
    filters=(
        Filter("q", _l("Name, user name or e-mail")),
        Filter("state", _l("State"), lambda _actor: STATES, _l("Any state")),
        Filter("source", _l("Source"), sources_in_use, _l("Any source")),
    ),
    searched="q",
    read=_read,
    total=_total,
    counted=lambda n: ngettext("%(num)s person", "%(num)s people", n),
    about=queries.sources,
    box=lambda one: (one.id, one.shown_name),
)


def people(actor: Actor) -> Response:
    """Everybody, by name; found as one types."""
    shown = show(PEOPLE, actor)
    return page("people/list.html", actor, found=shown, actions=bulk.offered(actor))
