"""Applications that people sign in to by SAML: what each told us, and what it needs from us."""

from base64 import b64decode
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from cryptography import x509
from flask import Response, current_app, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as Redirect
from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired

from idp import sessions
from idp.changes import apply
from idp.changes.intents import CreateConnection, DeleteConnection
from idp.clock import now
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.errors import Invalid, Unavailable, not_found
from idp.directory.views import ConnectionView
from portal.forms import Refusals, act, go, status_of
from portal.frame import page
from portal.labels import Line
from portal.words import until

EXPIRING_DAYS = 60
# The doors are blind to each other: whoever assembles the product lends the portal this one
# reading, metadata -> (entity id, the partner's own name, the connection's settings).
READER = "chamberlain.read_saml_metadata"
Reader = Callable[[bytes], tuple[str, str, dict[str, Any]]]


class ApplicationForm(FlaskForm):
    """A SAML partner by its metadata."""

    name = StringField(_l("Name"), [InputRequired(_l("Give the application a name."))])
    metadata_file = FileField(_l("Metadata file"))
    metadata = TextAreaField(_l("Metadata"))


def applications(actor: Actor) -> Response:
    """The applications that are connected."""
    found = queries.list_connections(actor, "saml")
    return page(
        "connections/applications.html",
        actor,
        applications=[(one, _state(one), _certificate_ends(one)) for one in found],
        metadata_url=_metadata_url(actor),
    )


def _metadata_url(actor: Actor) -> str:
    slug = queries.organization(actor).slug
    return f"{sessions.settings().public_url}/saml/{slug}/metadata"


def application(actor: Actor, connection_id: str) -> Response:
    """One application."""
    one = _saml(actor, connection_id)
    return page(
        "connections/application.html",
        actor,
        application=one,
        state=_state(one),
        lines=_lines(one),
        metadata_url=_metadata_url(actor),
    )


def _saml(actor: Actor, connection_id: str) -> ConnectionView:
    found = queries.find_connection(actor, connection_id)
    if found.kind != "saml":
        raise not_found("application")
    return found


def _partner(one: ConnectionView) -> dict[str, Any]:
    partner: dict[str, Any] = one.settings.get("partner") or {}
    return partner


def _lines(one: ConnectionView) -> list[Line]:
    """What the metadata said, in words."""
    partner, ends = _partner(one), _certificate_ends(one)
    wanted = partner.get("requested_attributes") or []
    encrypted = one.settings.get("encrypt", True) and partner.get("encryption")
    return [
        Line(_("Entity id"), (one.entity_id or "",)),
        Line(_("Receives sign-ins at"), tuple(e["location"] for e in partner.get("acs") or [])),
        Line(_("Certificate ends"), (until(ends),) if ends else ()),
        Line(_("Asks for"), tuple(a.get("friendly_name") or a["name"] for a in wanted)),
        Line(
            _("Signs its requests"),
            (_("always") if partner.get("authn_requests_signed") else _("not always"),),
        ),
        Line(
            _("What it receives is encrypted"),
            (_("yes") if encrypted else _("no: it gave no key for it"),),
        ),
    ]


def _certificate_ends(one: ConnectionView) -> datetime | None:
    """When the first of the partner's certificates ends."""
    partner = _partner(one)
    given = [*(partner.get("signing") or ()), *_encryption(partner)]
    return min((_not_after(text) for text in given), default=None)


def _encryption(partner: dict[str, Any]) -> Iterable[str]:
    return (key["certificate"] for key in partner.get("encryption") or ())


def _not_after(certificate: str) -> datetime:
    return x509.load_der_x509_certificate(b64decode(certificate)).not_valid_after_utc


def _state(one: ConnectionView) -> str:
    """The product's word for where the application stands."""
    ends = _certificate_ends(one)
    if not one.enabled:
        return "Disabled"
    if ends is not None and ends <= now():
        return "Expired"
    soon = ends is not None and (ends - now()).days < EXPIRING_DAYS
    return "Expiring" if soon else "Active"


def application_new(actor: Actor) -> Response | Redirect:
    """Add an application by its metadata, pasted or as a file."""
    form = ApplicationForm()
    if form.validate_on_submit():
        with Refusals(form, {"entityId": "metadata", "entity_id": "metadata"}):
            made = apply(_wanted(form), by=actor).first
            said = _(
                "The application is added. Give it our metadata, and people can sign in there."
            )
            return go(url_for("portal.application", connection_id=made.id), said)
    return page("connections/application_new.html", actor, status_of(form), form=form)


def _wanted(form: ApplicationForm) -> CreateConnection:
    text = _given(form)
    if not text:
        raise Invalid(
            "metadata_missing", "Choose a file or paste the metadata.", attribute="metadata"
        )
    reader: Reader | None = current_app.extensions.get(READER)
    if reader is None:
        raise Unavailable("saml_missing", "This server runs without SAML.")
    entity_id, _display_name, settings = reader(text)
    return CreateConnection("saml", form.name.data or "", settings=settings, entity_id=entity_id)


def _given(form: ApplicationForm) -> bytes:
    uploaded = form.metadata_file.data
    if isinstance(uploaded, FileStorage) and uploaded.filename:
        return bytes(uploaded.read())
    return (form.metadata.data or "").strip().encode()


def application_delete(actor: Actor, connection_id: str) -> Response | Redirect:
    """Remove an application, after saying what that means."""
    one = _saml(actor, connection_id)
    if request.method == "POST":
        back = url_for("portal.applications")
        return act(
            DeleteConnection(connection_id),
            by=actor,
            said=_("%(name)s is removed.", name=one.name),
            back=back,
        )
    return page("connections/application_delete.html", actor, application=one)
