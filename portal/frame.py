"""What stands around every page: the organization's name, the rail, the theme, versioned files."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, make_response, render_template, request, url_for

from idp import sessions
from idp.changes import board
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.views import OrganizationView
from portal import billing_words, languages, license_words, preview, words
from portal.forms import input_attributes
from portal.labels import role_name
from portal.rail import rail

THEME_COOKIE = "theme"
ONE_YEAR = 365 * 24 * 3600
THEMES = ("system", "light", "dark")
_STATIC = Path(__file__).parent / "static"


class CachedForEver(Blueprint):
    """A blueprint whose files browsers keep for a year: `asset` puts their hash in the address."""

    def get_send_file_max_age(self, filename: str | None) -> int | None:  # noqa: ARG002
        """A year, or not at all for an address without the hash."""
        return ONE_YEAR if "v" in request.args else None


def bind(app: Flask) -> None:
    """Give the templates their filters and globals."""
    filters = words.FILTERS | billing_words.FILTERS | license_words.FILTERS
    app.jinja_env.filters.update(filters, role_name=role_name)
    app.jinja_env.globals.update(asset=asset, input_attributes=input_attributes)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def asset(name: str) -> str:
    """A static file's address with its content's hash, so that browsers may keep it for ever."""
    return url_for("portal.static", filename=name, v=_version(name))


@cache
def _version(name: str) -> str:
    return hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:12]


def theme() -> str:
    """The reader's choice, or the system's."""
    chosen = request.cookies.get(THEME_COOKIE, "system")
    return chosen if chosen in THEMES else "system"


def page(template: str, actor: Actor, status: int = 200, /, **shown: Any) -> Response:
    """A page inside the frame, for somebody who is signed in."""
    here = queries.organization(actor)
    around = {
        "actor": actor,
        "can": actor.can,
        "organization_name": here.name,
        **_branding(here),
        "notices_new": board.count_new(actor),
        "preview": preview.current(),
        "rail": rail(actor, sessions.settings().demo),
    }
    return _render(template, status, around | shown)


def _branding(here: OrganizationView) -> dict[str, str]:
    """The addresses of an organization's own logo and colours, where it has set them."""
    logo, accent = here.settings.get("logo"), here.settings.get("accent")
    shown = {}
    if logo:
        shown["logo_url"] = url_for("portal.logo", org_id=here.id, v=logo["digest"])
    if accent:
        version = f"{accent['light']}{accent['dark']}".replace("#", "")
        shown["colours_url"] = url_for("portal.colours", org_id=here.id, v=version)
    return shown


def alone(template: str, status: int = 200, /, **shown: Any) -> Response:
    """A page that stands alone: sign-in, invitations, errors for who is not signed in."""
    return _render(template, status, {"organization_name": "Chamberlain"} | shown)


def _render(template: str, status: int, shown: Mapping[str, Any]) -> Response:
    around = {"theme": theme(), "request_id": sessions.request_id()}
    answer = make_response(render_template(template, **(around | dict(shown))), status)
    answer.content_language.add(languages.current().tag)
    answer.vary.update(("Accept-Language", "Cookie"))
    return answer
