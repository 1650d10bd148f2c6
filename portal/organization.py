"""The organization: what it says of itself, its contacts, how its portal looks; and its files."""

from typing import Any
from zoneinfo import available_timezones

from babel import Locale
from flask import Response, make_response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as Redirect
from wtforms import (
    BooleanField,
    FileField,
    HiddenField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired

from idp.changes import apply
from idp.changes.intents import KEEP, ChangeOrganization
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.colours import palette
from idp.directory.details import CONTACTS, LOGO_MAX, countries
from idp.directory.errors import not_found
from idp.directory.views import OrganizationView
from portal.forms import Refusals, go, status_of
from portal.frame import ONE_YEAR, page
from portal.languages import LANGUAGES, current
from portal.lists import whole

_PLAIN = ("country", "language", "timezone", "address")
_FIELDS = {"accent": "accent_light"}


def country_choices() -> dict[str, str]:
    """Every country in the reader's language, by its code; first none."""
    names = Locale.parse(str(current().locale)).territories
    ordered = sorted(countries(), key=lambda code: names.get(code, code))
    return {"": _("Not said")} | {code: names.get(code, code) for code in ordered}


def _languages() -> dict[str, str]:
    return {"": _("Not said")} | {one.tag: one.name for one in LANGUAGES}


def _timezones() -> dict[str, str]:
    return {"": _("UTC")} | {name: name for name in sorted(available_timezones()) if "/" in name}


class OrganizationForm(FlaskForm):
    """What an organization says of itself."""

    version = HiddenField()
    name = StringField(_l("Name"), [InputRequired(_l("An organization needs a name."))])
    address = TextAreaField(_l("Postal address"))
    country: Any = SelectField(_l("Country"), choices=country_choices)
    language: Any = SelectField(_l("Language"), choices=_languages)
    timezone: Any = SelectField(_l("Time zone"), choices=_timezones)
    technical = StringField(_l("Technical contact"))
    security = StringField(_l("Security contact"))
    billing = StringField(_l("Billing contact"))
    accent_light = StringField(_l("Accent colour in the light theme"))
    accent_dark = StringField(_l("Accent colour in the dark theme"))
    logo = FileField(_l("Logo"))
    no_logo = BooleanField(_l("Show no logo"))


def organization(actor: Actor) -> Response:
    """What the organization says of itself."""
    held = queries.organization(actor)
    names = country_choices()
    shown = {
        "country_name": names.get(held.settings.get("country", ""), ""),
        "language_name": _languages().get(held.settings.get("language", ""), ""),
    }
    return page("organization/organization.html", actor, organization=held, **shown)


def organization_edit(actor: Actor) -> Response | Redirect:
    """Change it; what somebody else changed meanwhile is not written over."""
    held = queries.organization(actor)
    form = OrganizationForm(data=_texts(held))
    if form.validate_on_submit():
        with Refusals(form, _FIELDS):
            changed = apply(_wanted(held, form), by=actor).changed
            said = _("Saved.") if changed else _("Nothing was different.")
            return go(url_for("portal.organization"), said)
    return page(
        "organization/edit.html",
        actor,
        status_of(form),
        form=form,
        organization=held,
        logo_max=LOGO_MAX,
    )


def _texts(held: OrganizationView) -> dict[str, Any]:
    settings = held.settings
    accent = settings.get("accent") or {}
    return (
        {"name": held.name, "version": held.version}
        | {name: settings.get(name, "") for name in _PLAIN}
        | {name: (settings.get("contacts") or {}).get(name, "") for name in CONTACTS}
        | {f"accent_{theme}": accent.get(theme, "") for theme in ("light", "dark")}
    )


def _wanted(held: OrganizationView, form: OrganizationForm) -> ChangeOrganization:
    given = {name: (form[name].data or "").strip() for name in form.data if name in _KNOWN}
    settings = dict(held.settings) | {name: given[name] for name in _PLAIN}
    settings["contacts"] = {name: given[name] for name in CONTACTS}
    settings["accent"] = {"light": given["accent_light"], "dark": given["accent_dark"]}
    logo = _logo(form)
    return ChangeOrganization(given["name"], settings, logo, expect=whole(form.version.data))


_KNOWN = frozenset({"name", *_PLAIN, *CONTACTS, "accent_light", "accent_dark"})


def _logo(form: OrganizationForm) -> Any:
    """The picture that was sent; None to take it away; KEEP for neither."""
    sent = form.logo.data
    if isinstance(sent, FileStorage) and sent.filename:
        return sent.read(LOGO_MAX + 1)
    return None if form.no_logo.data else KEEP


# --- files that pages refer to ------------------------------------------------------------------


def logo(org_id: str) -> Response:
    """An organization's picture, kept by browsers as long as its address has its digest."""
    found = queries.logo_of(org_id)
    if found is None:
        raise not_found("page")
    return _file(found[1], found[0])


def colours(org_id: str) -> Response:
    """An organization's accent as a style sheet, for no page holds styles of its own."""
    found = queries.accent_of(org_id)
    if found is None:
        raise not_found("page")
    said = "".join(f"{n}:light-dark({a},{b});" for n, (a, b) in palette(*found).items())
    return _file(f":root{{{said}}}".encode(), "text/css")


def _file(content: bytes, media_type: str) -> Response:
    answer = make_response(content)
    answer.content_type = media_type
    if "v" in request.args:
        answer.cache_control.public = True
        answer.cache_control.max_age = ONE_YEAR
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer
