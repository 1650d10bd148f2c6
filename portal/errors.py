"""Pages for what went wrong: what happened, whether anything was changed, and what to do.

Each carries a stable code and the request's id in small, which the log knows as well.
"""

from dataclasses import dataclass
from typing import Any

from flask import Response, make_response, request, url_for
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from idp import sessions
from idp.directory.actors import Actor
from idp.directory.errors import DirectoryError
from idp.directory.roles import ROLES
from portal.frame import alone, page
from portal.words import size

_KINDS = {
    "invalid": (400, "This cannot be accepted"),
    "forbidden": (403, "You may not do this"),
    "not_found": (404, "There is nothing here"),
    "conflict": (409, "This contradicts what is there"),
    "stale": (409, "Somebody else was quicker"),
    "too_many": (429, "Too much at once"),
    "unavailable": (503, "Not just now"),
}
_HTTP = {
    400: (
        "bad_request",
        "This request cannot be understood",
        "The address or the form is damaged.",
    ),
    403: ("forbidden", "You may not see this", "This page is not for you."),
    404: ("page_not_found", "There is nothing here", "No page has this address, or it is gone."),
    405: ("wrong_method", "Not like this", "This address is for a button, not for a link."),
    408: ("too_slow", "This took too long", "The request did not arrive in time."),
    413: ("too_large", "This is too large", "What you sent is larger than this server accepts."),
    429: ("too_many_requests", "Too much at once", "Wait a moment and try again."),
    503: ("unavailable", "Not just now", "The server cannot answer just now. Try again shortly."),
}
_UNCHANGED = "Nothing was changed."


@dataclass(frozen=True, slots=True)
class Told:
    """An error as its page tells it; `way` is the label and address of the one next step."""

    status: int
    code: str
    title: str
    sentence: str
    todo: str = ""
    way: tuple[str, str] | None = None


def answer_refusal(error: DirectoryError) -> Response:
    """A refusal of the directory that no form could show."""
    status, title = _KINDS.get(error.kind, (400, "This cannot be accepted"))
    told = Told(status, error.code, title, error.sentence, _todo(error), _way())
    answer = _show(told)
    if error.kind in ("too_many", "unavailable"):
        answer.headers["Retry-After"] = str(getattr(error, "retry_after", 5))
    return answer


def _todo(error: DirectoryError) -> str:
    if error.code == "permission_missing":
        return _who_may(error.cause.rpartition(" ")[2])
    if error.kind == "stale":
        return "Look at the latest version, then change again."
    return _UNCHANGED if request.method == "POST" else ""


def _who_may(permission: str) -> str:
    """Which roles have a permission, and who gives roles."""
    names = [role.name for role in ROLES.values() if permission in role.permissions]
    if not names:
        return ""
    roles = f"{', '.join(names[:-1])} or {names[-1]}" if names[1:] else names[0]
    return f"The role for it is {roles}. A Global Administrator can assign it to you."


def answer_http_error(error: HTTPException) -> Response:
    """An error of HTTP itself: no such page, a form too large, a form grown old."""
    if error.response is not None:  # a redirect that werkzeug made
        return make_response(error.response)
    if isinstance(error, CSRFError):
        return _show(_form_expired())
    status = error.code or 500
    code, title, sentence = _HTTP.get(status, ("http_error", error.name, error.description or ""))
    limit = f"At most {size(sessions.settings().max_body_bytes)}." if code == "too_large" else ""
    return _show(Told(status, code, title, f"{sentence} {limit}".strip(), way=_way()))


def _form_expired() -> Told:
    return Told(
        400,
        "form_expired",
        "This form is too old",
        "It was open for too long, or your browser did not send its cookie. Nothing was changed.",
        "Go back, reload the page, and send it again.",
        _way(),
    )


def answer_failure() -> Response:
    """A fault of ours."""
    sentence = "The server failed at this. What you sent was not carried out."
    todo = "Try again. If it happens again, tell your administrator the request’s number."
    return _show(Told(500, "server_error", "Something went wrong here", sentence, todo, _way()))


def _way() -> tuple[str, str]:
    return "Go to home", url_for("portal.front")


def _show(told: Told) -> Response:
    """Inside the frame for who is signed in, if even that can be told; alone for everybody else."""
    actor = _actor()
    shown: dict[str, Any] = {"error": told}
    if actor is not None and told.status < 500:
        return page("errors/page.html", actor, told.status, **shown)
    return alone("errors/alone.html", told.status, **shown)


def _actor() -> Actor | None:
    try:
        return sessions.current_actor()
    except (SQLAlchemyError, DirectoryError):
        return None
