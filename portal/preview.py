"""The portal as the holder of another role sees it, for who gives the roles; nothing can be sent.

    begin     a cookie: whose session, which role, over which group, until when; signed
    seen_by   the actor that views get: who they are stays, what they may do is the role's
    hold      refuses whatever would change something while a preview stands

A preview only takes away: its permissions are those of the role that the reader holds as well, and
the cookie of another session, or of somebody who no longer gives roles, means nothing. A page that
was drawn in a preview has buttons of that role; pressed later they would act with the reader's own
power. So the forms of both sides are kept apart: beginning and ending make all older forms invalid.
"""

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from math import ceil
from typing import Any, TypeVar

from flask import after_this_request, current_app, g, request
from flask import session as flask_session
from itsdangerous import BadData, URLSafeSerializer
from werkzeug.wrappers import Response

from idp import sessions
from idp.clock import now
from idp.directory.actors import Actor
from idp.directory.errors import Forbidden
from idp.directory.roles import ROLES, SELF, power

Answer = TypeVar("Answer", bound=Response)

MAY_BEGIN = "roles.write"
LASTS = timedelta(minutes=30)
_PURPOSE = "chamberlain: preview of a role"  # a key of its own, derived from the secret key
_FORMS = "csrf_token"  # what Flask-WTF keeps in the session, and signs into each form


@dataclass(frozen=True, slots=True)
class Preview:
    """A role that is looked at, over everybody or one group; `ends` in seconds since 1970."""

    session: str
    role: str
    group_id: str | None
    group_name: str
    ends: int

    @property
    def until(self) -> datetime:
        """When it is over."""
        return datetime.fromtimestamp(self.ends, UTC)

    @property
    def minutes(self) -> int:
        """How many are left, the one that has begun among them."""
        return ceil((self.until - now()) / timedelta(minutes=1))

    @property
    def over(self) -> bool:
        """Whether its time has passed."""
        return now() >= self.until


def begin(answer: Answer, actor: Actor, role: str, group: tuple[str, str] | None) -> Answer:
    """Let this session look as the role; `group` is (id, name) of the one it is held over."""
    actor.need(MAY_BEGIN)
    group_id, group_name = group or (None, "")
    ends = int((now() + LASTS).timestamp())
    kept = Preview(actor.session_id or "", role, group_id, group_name, ends)
    answer.set_cookie(
        _cookie_name(),
        _signer().dumps(asdict(kept)),
        httponly=True,
        secure=sessions.settings().secure,
        samesite="Lax",
        path="/",
    )
    _forget_forms()
    return answer


def end(answer: Answer) -> Answer:
    """See the portal with one's own roles again."""
    secure = sessions.settings().secure
    answer.delete_cookie(_cookie_name(), path="/", secure=secure, httponly=True, samesite="Lax")
    _forget_forms()
    return answer


def _cookie_name() -> str:
    return "__Host-preview" if sessions.settings().secure else "preview"


def _signer() -> URLSafeSerializer:
    """HMAC-SHA-256, compared in constant time."""
    how = {"key_derivation": "hmac", "digest_method": sha256}
    return URLSafeSerializer(current_app.config["SECRET_KEY"], _PURPOSE, signer_kwargs=how)


def _forget_forms() -> None:
    flask_session.pop(_FORMS, None)


def current() -> Preview | None:
    """The preview that this request is in."""
    kept = _kept()
    return kept if kept is not None and not kept.over else None


def current_actor() -> Actor | None:
    """Who is signed in, as the pages are to see them."""
    actor, preview = sessions.current_actor(), current()
    return seen_by(actor, preview) if actor is not None and preview is not None else actor


def seen_by(actor: Actor, preview: Preview) -> Actor:
    """The actor with what the role permits of what they hold themselves; where, as both say."""
    permissions, scopes = power([(preview.role, preview.group_id)])
    return replace(
        actor,
        permissions=actor.permissions & (permissions | SELF),
        scopes={**scopes, **actor.scopes},
    )


def hold(harmless: bool) -> None:
    """Before every view: refuse what is sent in a preview, and once more when it has just ended.

    `harmless`: the address changes nothing but how the portal is seen, or who is signed in.
    """
    kept = _kept()
    if kept is None:
        return
    if kept.over:
        after_this_request(end)
        _forget_forms()
    if request.method in ("GET", "HEAD") or harmless:
        return
    if kept.over:
        raise Forbidden(
            "preview_ended",
            "The preview of the role has ended. You have your own roles again: open the page anew.",
        )
    raise Forbidden(
        "preview_reads_only",
        "You are looking at the portal as another role. End the preview to change something.",
    )


def _kept() -> Preview | None:
    """What the cookie says, if we wrote it for this session and its reader may still preview."""
    if "preview" not in g:
        g.preview = _read(request.cookies.get(_cookie_name(), ""))
    kept: Preview | None = g.preview
    return kept


def _read(cookie: str) -> Preview | None:
    actor = sessions.current_actor() if cookie else None
    if actor is None or not actor.can(MAY_BEGIN):
        return None
    try:
        said: dict[str, Any] = _signer().loads(cookie)
        kept = Preview(**said)
    except (BadData, TypeError):  # not ours, or of another version of the product
        return None
    return kept if kept.session == actor.session_id and kept.role in ROLES else None
