"""The identity provider's side of SAML 2.0 Web SSO (profiles §4.1): who is it, and what to say.

`saml_accept` has proven the request. Here the steps look at the person; from now on a refusal is
a SAML status that travels to the partner, and every outcome for a known person is recorded.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from idp import clock
from idp.changes import apply, ledger
from idp.changes.intents import RecordSignIn
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.errors import NotFound
from idp.directory.views import ConnectionView, UserView

from . import context, nameid, release, replay, response, uris, xmlenc
from .authn_request import AuthnRequest
from .errors import Refusal, at_our_end, at_their_end
from .home import Home
from .nameid import NameId
from .parked import Accepted
from .partner import LoadedTerms
from .saml_accept import SKEW, partner_now
from .subject import subject_of

USABLE_FOR = timedelta(minutes=5)


class SignInNeeded(Exception):
    """Somebody has to sign in first; with `fresh`, even though they are signed in already."""

    def __init__(self, *, fresh: bool = False) -> None:
        super().__init__("sign-in needed")
        self.fresh = fresh


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whose browser this is. `is_open` is False where the session ended while the cookie lived."""

    org_id: str
    user_id: str
    session_id: str
    authenticated_at: datetime
    session_ends: datetime | None
    strength: str
    is_open: bool = True
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the browser takes to the partner. `refused` holds the second status of a refusal."""

    acs_url: str
    message: bytes
    relay_state: str
    partner_name: str
    refused: str = ""


@dataclass(slots=True)
class SignOn:
    """A sign-on while it is decided; each step fills in what it has settled."""

    home: Home
    accepted: Accepted
    connection: ConnectionView
    terms: LoadedTerms
    viewer: Viewer | None
    person: UserView = field(init=False)
    actor: Actor = field(init=False)
    context: str = ""
    released_from: release.Person = field(init=False)
    salt: bytes = b""
    name_id: NameId = field(init=False)
    attributes: tuple[release.Released, ...] = ()

    @property
    def request(self) -> AuthnRequest:
        """What the partner asked for."""
        return self.accepted.request

    @property
    def known(self) -> Viewer:
        """The viewer, after `need_a_session`."""
        if self.viewer is None:
            raise SignInNeeded
        return self.viewer


def answer(home: Home, accepted: Accepted, viewer: Viewer | None) -> Answer:
    """What to tell the partner, yes or no. Raises SignInNeeded, or Unanswerable for a replay."""
    sign_on = SignOn(home, accepted, *partner_now(home.org_id, accepted.partner_id), viewer)
    try:
        for step in STEPS:
            step(sign_on)
    except Refusal as refusal:
        return _refused(sign_on, refusal)
    return _succeeded(sign_on)


def check_binding(sign_on: SignOn) -> None:
    """We answer by HTTP-POST alone (profiles §4.1.2 forbids the redirect)."""
    if sign_on.request.binding not in ("", uris.BINDING_POST):
        raise at_their_end(uris.STATUS_UNSUPPORTED_BINDING, "Answers are sent by HTTP-POST only.")


def check_subject(sign_on: SignOn) -> None:
    """A name to be confirmed in another way, or an encrypted one, is beyond us (core §3.4.1)."""
    if sign_on.request.asks_more_of_subject:
        raise at_their_end(uris.STATUS_REQUEST_UNSUPPORTED, "Only a plain subject is understood.")


def need_a_session(sign_on: SignOn) -> None:
    """Somebody must be signed in here, newly if the partner insists (core §3.4.1)."""
    viewer, request = sign_on.viewer, sign_on.request
    if viewer is not None and not viewer.is_open:
        return  # check_person says no, if it was the person who was shut out
    stale = viewer is not None and (
        request.force_authn and viewer.authenticated_at < sign_on.accepted.received_at
    )
    if viewer is None or stale:
        raise _asking(sign_on, fresh=stale)


def check_person(sign_on: SignOn) -> None:
    """The person must be of this organization, and active now, whatever the cookie says."""
    viewer = sign_on.known
    if viewer.org_id != sign_on.home.org_id:
        if not viewer.is_open:
            raise _asking(sign_on, fresh=False)
        raise at_our_end(
            uris.STATUS_AUTHN_FAILED, "The person is signed in to another organization."
        )
    sign_on.actor = _oneself(viewer, name="")
    try:
        sign_on.person = queries.find_user(sign_on.actor, viewer.user_id)
    except NotFound:
        raise _denied() from None
    sign_on.actor = _oneself(viewer, name=sign_on.person.shown_name)
    if sign_on.person.status != "active":
        raise _denied()
    if not viewer.is_open:
        raise _asking(sign_on, fresh=False)


def choose_context(sign_on: SignOn) -> None:
    """How strongly the person signed in; asked to sign in better where that would help."""
    wish, viewer = sign_on.request.context, sign_on.known
    try:
        sign_on.context = context.choose(wish, viewer.strength)
    except Refusal:
        came_before = viewer.authenticated_at < sign_on.accepted.received_at
        if sign_on.request.is_passive or not came_before or not context.can_meet(wish):
            raise
        raise SignInNeeded(fresh=True) from None


def choose_name(sign_on: SignOn) -> None:
    """The name for this partner; it must be the one that a request with a subject means."""
    format_ = nameid.choose_format(sign_on.request.policy, sign_on.terms.terms)
    scope = next(iter(sign_on.home.scopes), "")
    mapping = sign_on.terms.terms.mapping
    sign_on.released_from = subject_of(sign_on.actor, sign_on.person, scope, mapping)
    sign_on.salt = queries.pairwise_salt(sign_on.home.org_id)
    sign_on.name_id = nameid.make(
        format_,
        sign_on.released_from,
        sign_on.terms.terms,
        sign_on.home.entity_id,
        sign_on.salt,
    )
    if sign_on.request.subject not in ("", sign_on.name_id.value):
        raise at_our_end(
            uris.STATUS_UNKNOWN_PRINCIPAL, "Somebody else than the requested person is signed in."
        )


def choose_attributes(sign_on: SignOn) -> None:
    """What is mapped for this partner, and nothing else."""
    sign_on.attributes = release.release(sign_on.released_from, sign_on.terms.terms.mapping)


STEPS: tuple[Callable[[SignOn], None], ...] = (
    check_binding,
    check_subject,
    need_a_session,
    check_person,
    choose_context,
    choose_name,
    choose_attributes,
)


def _succeeded(sign_on: SignOn) -> Answer:
    """Answer once, write it down, sign."""
    accepted, viewer = sign_on.accepted, sign_on.known
    replay.refuse_second_answer(sign_on.home.org_id, accepted.partner_id, accepted.request.id)
    apply(RecordSignIn(viewer.user_id, accepted.partner_id, "success"), by=sign_on.actor)
    ledger.touch_connection(accepted.partner_id, sign_on.connection.last_used_at)
    message = response.success(
        _envelope(sign_on),
        response.SignOn(
            name_id=sign_on.name_id,
            # A pairwise index lets no two partners compare sessions (core §2.7.2).
            session_index=nameid.pairwise(
                viewer.session_id, sign_on.terms.partner.entity_id, sign_on.salt
            ),
            authenticated_at=viewer.authenticated_at,
            session_ends=viewer.session_ends,
            context=sign_on.context,
            attributes=sign_on.attributes,
        ),
        _protection(sign_on),
    )
    return _posted(sign_on, message)


def _refused(sign_on: SignOn, refusal: Refusal) -> Answer:
    code = refusal.second.rpartition(":")[2]
    if hasattr(sign_on, "person"):
        change = RecordSignIn(sign_on.person.id, sign_on.accepted.partner_id, "refused", code)
        apply(change, by=sign_on.actor)
    message = response.refusal(
        _envelope(sign_on), (refusal.top, refusal.second), refusal.sentence, sign_on.home.key
    )
    return _posted(sign_on, message, code)


def _posted(sign_on: SignOn, message: bytes, refused: str = "") -> Answer:
    accepted, partner = sign_on.accepted, sign_on.terms.partner
    return Answer(accepted.acs_url, message, accepted.relay_state, partner.display_name, refused)


def _envelope(sign_on: SignOn) -> response.Envelope:
    now = clock.now()
    return response.Envelope(
        issuer=sign_on.home.entity_id,
        partner=sign_on.terms.partner.entity_id,
        acs_url=sign_on.accepted.acs_url,
        in_response_to=sign_on.request.id,
        now=now,
        not_before=now - SKEW,
        until=now + USABLE_FOR,
    )


def _protection(sign_on: SignOn) -> response.Protection:
    terms, loaded = sign_on.terms.terms, sign_on.terms.encrypting
    choice = xmlenc.choose(loaded[1]) if loaded else None
    return response.Protection(
        key=sign_on.home.key,
        sign_response=terms.sign_response,
        sign_assertion=terms.sign_assertion or terms.partner.want_assertions_signed,
        encrypt_to=(loaded[0], choice) if loaded and choice else None,
    )


def _asking(sign_on: SignOn, *, fresh: bool) -> Exception:
    """What to raise where the person would have to be asked; a passive request forbids that."""
    if sign_on.request.is_passive:
        sentence = "The person would have to be asked to sign in."
        return at_our_end(uris.STATUS_NO_PASSIVE, sentence)
    return SignInNeeded(fresh=fresh)


def _oneself(viewer: Viewer, name: str) -> Actor:
    """The person acts: what the sign-on reads and records is their own."""
    return Actor(
        "user",
        viewer.user_id,
        name,
        viewer.org_id,
        "saml",
        permissions=frozenset({"signin"}),
        request_id=viewer.request_id,
        session_id=viewer.session_id,
        strength=viewer.strength,
    )


def _denied() -> Refusal:
    return at_our_end(uris.STATUS_REQUEST_DENIED, "The person's account is not active.")
