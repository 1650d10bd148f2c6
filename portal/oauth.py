"""OAuth for one system: its client id, secrets and keys, by which it asks for access tokens."""

from collections.abc import Callable
from typing import Any

from flask import Response, current_app, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as Redirect
from wtforms import IntegerField, RadioField, TextAreaField
from wtforms.validators import InputRequired, NumberRange, Optional

from idp import sessions
from idp.changes import apply
from idp.changes.intents import IssueSecret, RegisterKey, RevokeSecret
from idp.clock import now
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.errors import Unavailable, not_found
from idp.directory.views import ConnectionView, SecretView
from portal.connections import SCOPES, TokenState, system
from portal.forms import Refusals, act, go, options, status_of
from portal.frame import page
from portal.systems import TABS

# The doors are blind to each other: whoever assembles the product lends the portal this reading,
# text -> the public keys in it, as JWKs.
READER = "chamberlain.read_client_keys"
Reader = Callable[[str], list[dict[str, Any]]]
_FIELDS = {"expires": "expires_days"}
_YEAR, _DECADE = 365, 3650
_LIFE = NumberRange(1, _DECADE, _l("It lives 1 to %(most)s days.", most=_DECADE))


class SecretForm(FlaskForm):
    """What the access tokens for a new secret may, and how long the secret lives."""

    scope = RadioField(_l("Its access tokens permit"), choices=options(SCOPES), default="write")
    expires_days = IntegerField(
        _l("Ends after"), [InputRequired(_l("Say after how many days.")), _LIFE], default=_YEAR
    )


class KeyForm(FlaskForm):
    """A public key, or several."""

    key = TextAreaField(_l("Public key"), [InputRequired(_l("Paste the public key."))])
    scope = RadioField(_l("Its access tokens permit"), choices=options(SCOPES), default="write")
    expires_days = IntegerField(_l("Ends after"), [Optional(), _LIFE])


def oauth(actor: Actor, connection_id: str) -> Response:
    """How a system gets access tokens, and by what."""
    return _page(actor, system(actor, connection_id))


def _page(actor: Actor, one: ConnectionView, secret: str = "") -> Response:
    """With `secret`, the one just made: shown here once, for no redirect may carry it."""
    at, issuer = now(), _issuer(actor)
    held = [(s, TokenState[s.state(at)].value) for s in queries.secrets_of(actor, one.id)]
    return page(
        "oauth/oauth.html",
        actor,
        connection=one,
        tabs=TABS,
        endings=queries.ending_soon(actor, one.id),
        issuer=issuer,
        secrets=[pair for pair in held if pair[0].kind == "secret"],
        keys=[pair for pair in held if pair[0].kind == "key"],
        secret=secret,
        curl=f"curl -u '{one.id}:{secret}' -d grant_type=client_credentials \\\n  '{issuer}/token'",
    )


def _issuer(actor: Actor) -> str:
    slug = queries.organization(actor).slug
    return f"{sessions.settings().public_url}/oidc/{slug}"


def secret_new(actor: Actor, connection_id: str) -> Response:
    """Make a client secret and show it once."""
    one, form = system(actor, connection_id), SecretForm()
    if form.validate_on_submit():
        with Refusals(form, _FIELDS):
            wanted = IssueSecret(connection_id, form.scope.data, form.expires_days.data)
            return _page(actor, one, apply(wanted, by=actor).first.secret or "")
    return page("oauth/secret_new.html", actor, status_of(form), connection=one, form=form)


def key_new(actor: Actor, connection_id: str) -> Response | Redirect:
    """Register a system's public key, or all of a set."""
    one, form = system(actor, connection_id), KeyForm()
    if form.validate_on_submit():
        with Refusals(form, _FIELDS):
            days = form.expires_days.data
            wanted = [RegisterKey(one.id, jwk, form.scope.data, days) for jwk in _keys(form)]
            apply(*wanted, by=actor)
            return go(_at(connection_id), _("The system can sign with it from now on."))
    return page("oauth/key_new.html", actor, status_of(form), connection=one, form=form)


def _keys(form: KeyForm) -> list[dict[str, Any]]:
    reader: Reader | None = current_app.extensions.get(READER)
    if reader is None:
        raise Unavailable("oauth_missing", "This server runs without OAuth.")
    return reader(form.key.data or "")


def secret_revoke(actor: Actor, connection_id: str, secret_id: str) -> Response | Redirect:
    """End a secret or key, after saying what that means."""
    one, held = _held(actor, connection_id, secret_id)
    if request.method == "POST":
        said = (
            _("The key and its access tokens have ended.")
            if held.kind == "key"
            else _("The secret and its access tokens have ended.")
        )
        return act(RevokeSecret(secret_id), by=actor, said=said, back=_at(connection_id))
    return page("oauth/revoke.html", actor, connection=one, held=held)


def _held(actor: Actor, connection_id: str, secret_id: str) -> tuple[ConnectionView, SecretView]:
    one = system(actor, connection_id)
    for held in queries.secrets_of(actor, connection_id):
        if held.id == secret_id:
            return one, held
    raise not_found("secret")


def _at(connection_id: str) -> str:
    return url_for("portal.oauth", connection_id=connection_id)
