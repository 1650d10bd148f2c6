"""Every URL of federation, method and function, in one table; and how each answer is shown."""

from base64 import b64encode
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from idp import logs, sessions
from idp.directory import queries
from idp.directory.errors import DirectoryError
from idp.extensions import csrf

from . import (
    bindings,
    client_keys,
    home,
    issuer,
    oauth,
    oauth_answers,
    oauth_request,
    parked,
    registration,
    saml_accept,
    saml_idp,
)
from .errors import MessageRefused, SignatureRefused, Unanswerable
from .home import Home
from .parked import Accepted
from .saml_idp import Answer, SignInNeeded, Viewer

blueprint = Blueprint(
    "federation",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/federation/static",
)
machines = Blueprint("oauth", __name__)  # its errors are JSON, for nobody looks at a page there


def saml_metadata(slug: str) -> Response:
    """What partners read about an organization: keys, addresses, scopes; signed."""
    answer = Response(_home(slug).metadata(), mimetype="application/samlmetadata+xml")
    answer.headers["Cache-Control"] = "public, max-age=300"
    return answer


def saml_sso_redirect(slug: str) -> BaseResponse:
    """A sign-on request by HTTP-Redirect."""
    here = _home(slug)
    accepted = saml_accept.accept(here, bindings.from_redirect(request.query_string))
    return _go_on(here, accepted, _viewer())


def saml_sso_post(slug: str) -> BaseResponse:
    """A sign-on request by HTTP-POST.

    A form that another site posts brings no Lax cookie, so nobody may seem to be signed in: the
    browser is sent to the resume address, and brings it there.
    """
    here = _home(slug)
    arrival = bindings.from_post(request.form.get("SAMLRequest"), request.form.get("RelayState"))
    accepted = saml_accept.accept(here, arrival)
    viewer = _viewer()
    if viewer is None:
        return redirect(_resume_address(parked.park(here.org_id, accepted)), 303)
    return _go_on(here, accepted, viewer)


def resume(key: str) -> BaseResponse:
    """Go on with a parked request, now that somebody has signed in."""
    org_id, accepted = parked.find(key)
    here = _home(accepted.org_slug)
    if here.org_id != org_id:
        raise Unanswerable("request_gone", "This sign-on belongs to another organization.")
    return _go_on(here, accepted, _viewer(), key)


def oauth_metadata(slug: str) -> Response:
    """What clients read about an authorization server (RFC 8414 §3)."""
    answer = oauth_answers.answer(200, _issuer(slug).metadata())
    answer.headers["Cache-Control"] = "public, max-age=300"
    return answer


def oauth_token(slug: str) -> Response:
    """Where a system gets its access token (RFC 6749 §3.2)."""
    life = timedelta(minutes=sessions.settings().access_token_minutes)
    return _told(oauth.token(_issuer(slug), _posted(), _network(), life))


def oauth_revoke(slug: str) -> Response:
    """Where a system gives its access token back (RFC 7009)."""
    return _told(oauth.revoke(_issuer(slug), _posted(), _network()))


URLS: tuple[tuple[str, str, Any], ...] = (
    ("GET", "/saml/<slug>/metadata", saml_metadata),
    ("GET", "/saml/<slug>/sso", saml_sso_redirect),
    ("POST", "/saml/<slug>/sso", saml_sso_post),
    ("GET", "/federation/resume/<key>", resume),
)
# The addresses of machines. RFC 8414 §3.1 puts the well-known part before the issuer's path; many
# clients append it, as OpenID Connect does.
MACHINE_URLS: tuple[tuple[str, str, Any], ...] = (
    ("GET", f"{issuer.WELL_KNOWN}{issuer.PREFIX}<slug>", oauth_metadata),
    ("GET", f"{issuer.PREFIX}<slug>{issuer.WELL_KNOWN}", oauth_metadata),
    ("POST", f"{issuer.PREFIX}<slug>/token", oauth_token),
    ("POST", f"{issuer.PREFIX}<slug>/revoke", oauth_revoke),
)
OF_MACHINES = (issuer.PREFIX, issuer.WELL_KNOWN)  # how their addresses begin
READER = "chamberlain.read_saml_metadata"  # by this name the portal finds what it may not import
KEY_READER = "chamberlain.read_client_keys"
FROM_OTHER_SITES = (saml_sso_post,)  # partners' forms cannot hold our token


def bind(app: Flask) -> None:
    """Add the room to the product."""
    app.register_blueprint(blueprint)
    app.register_blueprint(machines)
    csrf.exempt(machines)  # no cookie is ever looked at there
    for view in FROM_OTHER_SITES:
        csrf.exempt(view)
    app.extensions[READER] = registration.read_metadata
    app.extensions[KEY_READER] = client_keys.read_client_keys


def _go_on(here: Home, accepted: Accepted, viewer: Viewer | None, key: str = "") -> BaseResponse:
    """Answer the partner, or let the person sign in first; a used key is used up."""
    try:
        answer = saml_idp.answer(here, accepted, viewer)
    except SignInNeeded as needed:
        key = key or parked.park(here.org_id, accepted)
        fresh = "1" if needed.fresh else None
        return redirect(url_for("portal.sign_in", next=_resume_address(key), fresh=fresh), 303)
    if key:
        parked.use_up(key)
    if answer.refused:
        logs.log.info("saml_refused", status=answer.refused, partner=accepted.partner_id)
    return _post_page(answer)


def _post_page(answer: Answer) -> Response:
    """A page that posts itself; only this page may post to the partner."""
    parts = urlsplit(answer.acs_url)
    # Browsers hold what follows the post to the same rule, and the partner redirects on.
    g.form_action = ["https:", f"{parts.scheme}://{parts.netloc}"]
    encoded = b64encode(answer.message).decode()
    return Response(render_template("federation/post.html", answer=answer, encoded=encoded))


def _refused_page(error: DirectoryError) -> tuple[str, int]:
    logs.log.info("saml_unanswerable", code=error.code, cause=error.cause)
    page = render_template("federation/refused.html", error=error, request_id=logs.request_id())
    return page, 404 if error.kind == "not_found" else 400


def _home(slug: str) -> Home:
    return home.find(slug, sessions.settings().public_url)


def _issuer(slug: str) -> issuer.Issuer:
    return issuer.find(slug, sessions.settings().public_url)


def _posted() -> oauth_request.Posted:
    request.max_content_length = oauth_request.MAX_BODY
    return oauth_request.read(request)


def _network() -> str:
    return sessions.network(request.remote_addr or "")


def _told(answer: oauth.Answer) -> Response:
    return oauth_answers.answer(answer.status, answer.body, answer.headers)


def _resume_address(key: str) -> str:
    return url_for("federation.resume", key=key)


def _viewer() -> Viewer | None:
    """Whose browser this is, also where their session was ended while the cookie stayed."""
    actor = sessions.current_actor()
    if actor is None:
        return _who_was_here()
    held = next((s for s in queries.sessions_of(actor, actor.id) if s.current), None)
    if held is None:
        return None
    return Viewer(
        org_id=actor.org_id,
        user_id=actor.id,
        session_id=held.id,
        authenticated_at=held.created,
        session_ends=held.expires_at,
        strength=held.strength,
        request_id=logs.request_id(),
    )


def _who_was_here() -> Viewer | None:
    ended = sessions.ended_here()
    if ended is None:
        return None
    return Viewer(
        org_id=ended.org_id,
        user_id=ended.user_id,
        session_id=ended.session_id,
        authenticated_at=ended.created,
        session_ends=None,
        strength=ended.strength,
        is_open=False,
        request_id=logs.request_id(),
    )


for _method, _rule, _view in URLS:
    blueprint.add_url_rule(_rule, view_func=_view, methods=[_method])
for _kind in (Unanswerable, MessageRefused, SignatureRefused):
    blueprint.register_error_handler(_kind, _refused_page)
for _method, _rule, _view in MACHINE_URLS:
    machines.add_url_rule(_rule, view_func=_view, methods=[_method])
machines.register_error_handler(oauth_request.BadRequest, oauth_answers.answer_bad_request)
machines.register_error_handler(DirectoryError, oauth_answers.answer_refusal)
