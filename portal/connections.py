"""Provisioning: systems that push people here by SCIM, and the tokens that let them in."""

from datetime import datetime
from enum import Enum
from typing import Any

from flask import Response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as Redirect
from wtforms import IntegerField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, NumberRange

from idp import sessions
from idp.changes import apply
from idp.changes.intents import (
    Change,
    CreateConnection,
    DeleteConnection,
    IssueToken,
    RevokeToken,
)
from idp.clock import new_id, now
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.errors import not_found
from idp.directory.views import ConnectionView, TokenView
from portal.forms import Refusals, act, options, status_of
from portal.frame import page
from portal.systems import TABS
from portal.targets import listed
from portal.words import moment

PROFILES: Any = {
    "rfc": _l("Any SCIM 2.0 client"),
    "entra": "Microsoft Entra ID",
    "okta": "Okta",
    "onelogin": "OneLogin",
    "ping": "Ping Identity",
    "google": "Google Workspace",
    "strict": _l("Strict: nothing but the RFC’s letter"),
}
SCOPES: Any = {"write": _l("Read and write"), "read": _l("Read only")}
_FIELDS = {"expires": "expires_days"}
_YEAR, _DECADE = 365, 3650


class TokenForm(FlaskForm):
    """What a token permits, and how long."""

    scope = RadioField(_l("The token permits"), choices=options(SCOPES), default="write")
    expires_days = IntegerField(
        _l("Ends after"),
        [
            InputRequired(_l("Say after how many days.")),
            NumberRange(1, _DECADE, _l("A token lives 1 to %(most)s days.", most=_DECADE)),
        ],
        default=_YEAR,
    )


class ConnectionForm(TokenForm):
    """A new system with its first token."""

    name = StringField(_l("Name"), [InputRequired(_l("Give the system a name."))])
    profile = SelectField(
        _l("Product"), [InputRequired()], choices=options(PROFILES), default="rfc"
    )


class TokenState(Enum):
    """A token's state in the product's words for states."""

    active = "Active"
    expired = "Expired"
    revoked = "Disabled"


def provisioning(actor: Actor) -> Response:
    """The systems that are connected."""
    found = queries.list_connections(actor, "scim")
    return page(
        "connections/provisioning.html",
        actor,
        connections=found,
        endings=queries.ending_soon(actor),
        profiles=PROFILES,
        targets=listed(actor),
        base_url=_base_url(),
    )


def _base_url() -> str:
    return f"{sessions.settings().public_url}/scim/v2"


def connection(actor: Actor, connection_id: str) -> Response:
    """One system: its address and tokens."""
    return _page(actor, system(actor, connection_id))


def system(actor: Actor, connection_id: str) -> ConnectionView:
    """A system that provisions by SCIM, or NotFound."""
    found = queries.find_connection(actor, connection_id)
    if found.kind != "scim":
        raise not_found("connection")
    return found


def _page(actor: Actor, one: ConnectionView, secret: str = "") -> Response:
    """With `secret`, the token just made: shown here once, for no redirect may carry it."""
    held, at = queries.tokens_of(actor, one.id), now()
    return page(
        "connections/connection.html",
        actor,
        connection=one,
        tabs=TABS,
        endings=queries.ending_soon(actor, one.id),
        secret=secret,
        curl=f"curl -H 'Authorization: Bearer {secret}' \\\n  '{_base_url()}/Users?count=1'",
        figures=_figures(one, held, at),
        tokens=[(token, TokenState[token.state(at)].value) for token in held],
        base_url=_base_url(),
    )


def _figures(
    one: ConnectionView, held: list[TokenView], at: datetime
) -> list[tuple[str, object, str]]:
    live = sum(token.state(at) == "active" for token in held)
    last = moment(one.last_used_at) if one.last_used_at else "never"
    return [
        (_("Product"), PROFILES.get(one.profile, one.profile), ""),
        (_("Live tokens"), live, ""),
        (_("Last call"), last, ""),
    ]


def connection_new(actor: Actor) -> Response:
    """Connect a system and show its first token."""
    form = ConnectionForm()
    if form.validate_on_submit():
        with Refusals(form, _FIELDS):
            made = new_id()
            wanted = CreateConnection("scim", form.name.data or "", form.profile.data, id=made)
            return _issue(actor, made, form, wanted)
    return page("connections/connection_new.html", actor, status_of(form), form=form)


def _issue(actor: Actor, connection_id: str, form: TokenForm, *first: Change) -> Response:
    issue = IssueToken(connection_id, form.scope.data, form.expires_days.data)
    secret = apply(*first, issue, by=actor).results[-1].secret or ""
    return _page(actor, queries.find_connection(actor, connection_id), secret)


def token_new(actor: Actor, connection_id: str) -> Response:
    """Make a token and show it once."""
    one, form = system(actor, connection_id), TokenForm()
    if form.validate_on_submit():
        with Refusals(form, _FIELDS):
            return _issue(actor, connection_id, form)
    return page("connections/token_new.html", actor, status_of(form), connection=one, form=form)


def token_rotate(actor: Actor, connection_id: str, token_id: str) -> Response:
    """Put a new token in an old one's place, after saying what that means."""
    one, held = _held(actor, connection_id, token_id)
    if request.method == "POST":
        left = (held.expires_at - held.created).days if held.expires_at else None
        issue = IssueToken(connection_id, held.scope, left)
        made = apply(issue, RevokeToken(token_id), by=actor).first
        return _page(actor, system(actor, connection_id), made.secret or "")
    return page("connections/rotate.html", actor, connection=one, held=held)


def token_revoke(actor: Actor, connection_id: str, token_id: str) -> Response | Redirect:
    """End a token, after saying what that means."""
    one, held = _held(actor, connection_id, token_id)
    if request.method == "POST":
        back = _at(connection_id)
        return act(RevokeToken(token_id), by=actor, said=_("The token has ended."), back=back)
    return page("connections/revoke.html", actor, connection=one, held=held)


def _held(actor: Actor, connection_id: str, token_id: str) -> tuple[ConnectionView, TokenView]:
    one = system(actor, connection_id)
    for token in queries.tokens_of(actor, connection_id):
        if token.id == token_id:
            return one, token
    raise not_found("token")


def connection_delete(actor: Actor, connection_id: str) -> Response | Redirect:
    """Disconnect a system, after saying what that means."""
    one = system(actor, connection_id)
    if request.method == "POST":
        back = url_for("portal.provisioning")
        said = _("%(name)s is disconnected.", name=one.name)
        return act(DeleteConnection(connection_id), by=actor, said=said, back=back)
    live = sum(t.state(now()) == "active" for t in queries.tokens_of(actor, connection_id))
    return page("connections/delete.html", actor, connection=one, live=live)


def _at(connection_id: str) -> str:
    return url_for("portal.connection", connection_id=connection_id)
