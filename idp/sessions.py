"""Who is signed in at this browser, since when, how strongly; and how one comes to be.

    sign_in      throttle -> find the person -> verify the password -> start a session
    current_actor  the cookie's reference -> session -> person -> permissions by roles in force

The cookie holds 256 random bits; the database holds their hash. A session made by one server
process is honoured, and ended, by every other, for the database is asked each time.
"""

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Response, current_app, g, request
from flask import session as flask_session

from idp import logs
from idp.changes import apply, ledger, sign_ins
from idp.changes.intents import EndSession, RedeemLink, SetPassword, StartSession
from idp.clock import now
from idp.config import Settings
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.errors import DirectoryError, Forbidden, Invalid, TooMany
from idp.directory.passwords import hash_password, needs_rehash, rehash_password, verify_password
from idp.directory.roles import SELF
from idp.directory.values import domain_of, key

FREE_FAILURES_OF_ACCOUNT = 5
FREE_FAILURES_OF_NETWORK = 50
_SIGN_IN = frozenset({"signin"})


@dataclass(frozen=True, slots=True)
class Ended:
    """A session that this browser still remembers and that is over."""

    session_id: str
    user_id: str
    org_id: str
    created: datetime
    strength: str


@dataclass(frozen=True, slots=True)
class SignIn:
    """Somebody proved who they are; `cookie` is the session's reference."""

    user_id: str
    org_id: str
    cookie: str


def settings() -> Settings:
    """The product's settings."""
    held: Settings = current_app.config["CHAMBERLAIN"]
    return held


def request_id() -> str:
    """The id of the request in hand."""
    return logs.request_id()


def sign_in(user_name: str, password: str, *, org_id: str | None = None) -> SignIn:
    """Sign somebody in by name and password.

    Raises TooMany (sign_in_throttled) with `retry_after` seconds, or Forbidden (sign_in_failed)
    in the same words and time for an unknown name and a wrong password.
    """
    keys = _throttle_keys(user_name)
    wait = ledger.attempt(keys)
    if wait:
        raise _throttled(wait)
    candidates = queries.sign_in_candidates(_name_key(user_name), domain_of(user_name), org_id)
    found = candidates[0] if len(candidates) == 1 else None
    stored = found.secret_hash if found else None
    if not verify_password(stored, password) or found is None:
        _keep_refusal(found, user_name)
        raise Forbidden("sign_in_failed", "The user name or the password is not right.")
    ledger.forgive(keys)
    by = _at_the_door(found.org_id, found.id, found.user_name)
    if needs_rehash(found.secret_hash):
        apply(SetPassword(found.id, rehash_password(password), rehash=True), by=by)
    return _start(by, found.id, "password")


def _keep_refusal(found: Any, user_name: str) -> None:
    account = next(key for key in _throttle_keys(user_name) if key.startswith("account:"))
    sign_ins.refuse(
        found,
        user_name.strip(),
        domain_of(user_name),
        ip=request.remote_addr or "",
        throttle_key=account,
    )


def _name_key(user_name: str) -> str:
    return key(user_name.strip()[:512])


def _throttled(wait: timedelta) -> TooMany:
    seconds = max(1, round(wait.total_seconds()))
    refused = TooMany("sign_in_throttled", f"Too many attempts. Try again in {seconds} seconds.")
    refused.retry_after = seconds
    return refused


def _throttle_keys(user_name: str) -> dict[str, int]:
    account = hashlib.sha256(_name_key(user_name).encode("utf-8", "surrogatepass")).hexdigest()
    return {
        f"account:{account}": FREE_FAILURES_OF_ACCOUNT,
        f"network:{network(request.remote_addr or '')}": FREE_FAILURES_OF_NETWORK,
    }


def network(address: str) -> str:
    """The /24 or /64 that an address lies in: what one attacker has at hand."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    return str(ipaddress.ip_network((ip, 24 if ip.version == 4 else 64), strict=False))


def _at_the_door(org_id: str, user_id: str, name: str) -> Actor:
    """Somebody who has just proven who they are, and may do nothing yet but come in."""
    return Actor("user", user_id, name, org_id, "signin", _SIGN_IN | SELF, request_id=request_id())


def redeem(token: str, password: str | None = None) -> SignIn:
    """Use a one-time link up, with a new password where its purpose asks for one, and sign in."""
    link = queries.link_by_token(token)
    if link is None:
        raise Forbidden(
            "link_ended", "This link was used already, was replaced by a newer one, or has expired."
        )
    hashed = hash_password(password, link.user_name, link.display_name or "") if password else None
    by = _at_the_door(link.org_id, link.user_id, link.user_name)
    apply(RedeemLink(token, hashed), by=by)
    return _start(by, link.user_id, "password" if hashed else "link")


def begin(org_id: str, user_id: str, user_name: str) -> SignIn:
    """Sign in who has just been founded with a password of their own, at this very browser."""
    return _start(_at_the_door(org_id, user_id, user_name), user_id, "password")


def change_password(actor: Actor, current: str, new: str) -> None:
    """Take a new password from somebody who knows the old one; other sessions end.

    Guesses are slowed as at sign-in. Raises Invalid (password_wrong, password_…) or TooMany.
    """
    keys = {f"account:own:{actor.id}": FREE_FAILURES_OF_ACCOUNT}
    wait = ledger.attempt(keys)
    if wait:
        raise _throttled(wait)
    who = queries.find_user(actor, actor.id)
    found = queries.sign_in_candidates(
        _name_key(who.user_name), domain_of(who.user_name), actor.org_id
    )
    stored = next((row.secret_hash for row in found if row.id == actor.id), None)
    if not verify_password(stored, current):
        raise Invalid("password_wrong", "This is not your password.", attribute="current")
    ledger.forgive(keys)
    hashed = hash_password(new, who.user_name, who.shown_name)
    apply(SetPassword(actor.id, hashed, keep_session=actor.session_id), by=actor)


def _start(by: Actor, user_id: str, strength: str) -> SignIn:
    _permissions, _scopes, roles = queries.power_of(user_id)
    hours = settings().admin_session_hours if roles else settings().session_hours
    change = StartSession(
        user_id,
        strength,
        now() + timedelta(hours=hours),
        ip=request.remote_addr or "",
        user_agent=request.headers.get("User-Agent", ""),
    )
    earlier = current_actor()
    if earlier is not None and earlier.session_id is not None:
        apply(EndSession(earlier.session_id), by=earlier)  # one browser, one session
    started = apply(change, by=by).first
    flask_session.clear()  # nothing that was known before signing in is believed after it
    return SignIn(user_id, by.org_id, started.secret or "")


def _cookie_name() -> str:
    return "__Host-chamberlain" if settings().secure else "chamberlain"


def set_cookie(answer: Response, signed_in: SignIn) -> Response:
    """Give the browser its session. Lax, for partners send people here by links and redirects."""
    answer.set_cookie(
        _cookie_name(),
        signed_in.cookie,
        httponly=True,
        secure=settings().secure,
        samesite="Lax",
        path="/",
    )
    g.pop("actor", None)
    return answer


def current_actor() -> Actor | None:
    """Who is signed in at this browser; None for nobody. Asked once a request."""
    if "actor" not in g:
        g.actor = _actor()
    actor: Actor | None = g.actor
    return actor


def _actor() -> Actor | None:
    reference = request.cookies.get(_cookie_name())
    row = queries.session_by_reference(reference) if reference else None
    if row is None:
        return None
    held = row.BrowserSession
    permissions, scopes, roles = queries.power_of(held.user_id)
    minutes = settings().admin_session_idle_minutes if roles else settings().session_idle_minutes
    if now() - held.last_seen > timedelta(minutes=minutes) or _shut_out(row):
        return None
    ledger.touch_session(held.id, held.last_seen)
    g.preferred_language = row.preferred_language
    g.organization_settings = row.settings
    return Actor(
        "user",
        held.user_id,
        row.display_name or row.user_name,
        held.org_id,
        "portal",
        permissions | SELF,
        scopes,
        request_id=request_id(),
        session_id=held.id,
        strength=held.strength,
    )


def preferred_language() -> str:
    """The language that who is signed in prefers by the directory, as Accept-Language writes it.

    No query of its own: "" until `current_actor` was asked, so that an error page may ask too.
    """
    return g.get("preferred_language") or ""


def organization_setting(name: str) -> str:
    """A setting of the organization of who is signed in; "" where nobody is, or none is set."""
    return str((g.get("organization_settings") or {}).get(name) or "")


def ended_here() -> Ended | None:
    """The session that this browser's cookie stood for before it was ended, if that is all it has.

    It proves nothing but who was here: good for telling a partner that this person is shut out.
    """
    reference = request.cookies.get(_cookie_name())
    row = queries.session_by_reference(reference, ended=True) if reference else None
    if row is None:
        return None
    held = row.BrowserSession
    return Ended(held.id, held.user_id, held.org_id, held.created, held.strength)


def _shut_out(row: Any) -> bool:
    """Ending the sessions of a leaver is a consequence; this holds should one ever be missed."""
    return not row.active or row.blocked_at is not None


def sign_out(answer: Response) -> Response:
    """End the session at this browser, if there is one."""
    actor = current_actor()
    if actor is not None and actor.session_id is not None:
        try:
            apply(EndSession(actor.session_id), by=actor)
        except DirectoryError:
            logs.log.warning("sign_out_unfinished", session=actor.session_id)
    answer.delete_cookie(_cookie_name(), path="/", secure=settings().secure, httponly=True)
    flask_session.clear()
    g.actor = None
    return answer
