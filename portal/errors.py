"""Pages for what went wrong: what happened, whether anything was changed, and what to do.

Each carries a stable code and the request's id in small, which the log knows as well.
"""

from dataclasses import dataclass
from typing import Any

from babel import lists
from flask import Response, make_response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from idp import sessions
from idp.directory.actors import Actor
from idp.directory.errors import DirectoryError
from idp.directory.roles import ROLES
from portal import preview
from portal.explained import CODES
from portal.frame import alone, page
from portal.labels import role_name
from portal.languages import current
from portal.refusals import said
from portal.words import size

_KINDS = {
    "invalid": (400, _l("This cannot be accepted")),
    "forbidden": (403, _l("You may not do this")),
    "not_found": (404, _l("There is nothing here")),
    "conflict": (409, _l("This contradicts what is there")),
    "stale": (409, _l("Somebody else was quicker")),
    "too_many": (429, _l("Too much at once")),
    "unavailable": (503, _l("Not just now")),
}
_HTTP = {
    400: (
        "bad_request",
        _l("This request cannot be understood"),
        _l("The address or the form is damaged."),
    ),
    403: ("forbidden", _l("You may not see this"), _l("This page is not for you.")),
    404: (
        "page_not_found",
        _l("There is nothing here"),
        _l("No page has this address, or it is gone."),
    ),
    405: ("wrong_method", _l("Not like this"), _l("This address is for a button, not for a link.")),
    408: ("too_slow", _l("This took too long"), _l("The request did not arrive in time.")),
    413: (
        "too_large",
        _l("This is too large"),
        _l("What you sent is larger than this server accepts."),
    ),
    429: ("too_many_requests", _l("Too much at once"), _l("Wait a moment and try again.")),
    503: (
        "unavailable",
        _l("Not just now"),
        _l("The server cannot answer just now. Try again shortly."),
    ),
}
_UNCHANGED = _l("Nothing was changed.")


@dataclass(frozen=True, slots=True)
class Told:
    """An error as its page tells it; `way` is the label and address of the one next step."""

    status: int
    code: str
    title: str
    sentence: str
    todo: str = ""
    way: tuple[str, str] | None = None

    @property
    def help(self) -> str:
        """The page that explains the code; it is for who is signed in."""
        return url_for("portal.help_code", code=self.code) if self.code in CODES else ""


def answer_refusal(error: DirectoryError) -> Response:
    """A refusal of the directory that no form could show."""
    status, title = _KINDS.get(error.kind, (400, _("This cannot be accepted")))
    told = Told(status, error.code, title, said(error.sentence), _todo(error), _way())
    answer = _show(told)
    if error.kind in ("too_many", "unavailable"):
        answer.headers["Retry-After"] = str(getattr(error, "retry_after", 5))
    return answer


def _todo(error: DirectoryError) -> str:
    if error.code == "permission_missing":
        return _who_may(error.cause.rpartition(" ")[2])
    if error.kind == "stale":
        return _("Look at the latest version, then change again.")
    return _UNCHANGED if request.method == "POST" else ""


def _who_may(permission: str) -> str:
    """Which roles have a permission, and who gives roles."""
    names = [role_name(role.key) for role in ROLES.values() if permission in role.permissions]
    if not names:
        return ""
    roles = lists.format_list(names, "or", current().locale)
    return _(
        "The role for it is %(roles)s. A Global Administrator can assign it to you.", roles=roles
    )


def answer_http_error(error: HTTPException) -> Response:
    """An error of HTTP itself: no such page, a form too large, a form grown old."""
    if error.response is not None:  # a redirect that werkzeug made
        return make_response(error.response)
    if isinstance(error, CSRFError):
        return _show(_form_expired())
    status = error.code or 500
    code, title, sentence = _HTTP.get(status, ("http_error", error.name, error.description or ""))
    limit = (
        _("At most %(size)s.", size=size(sessions.settings().max_body_bytes))
        if code == "too_large"
        else ""
    )
    return _show(Told(status, code, title, f"{sentence} {limit}".strip(), way=_way()))


def _form_expired() -> Told:
    return Told(
        400,
        "form_expired",
        _("This form is too old"),
        _(
            "It was open for too long, or your browser did not send its cookie. "
            "Nothing was changed."
        ),
        _("Go back, reload the page, and send it again."),
        _way(),
    )


def answer_failure() -> Response:
    """A fault of ours."""
    sentence = _("The server failed at this. What you sent was not carried out.")
    todo = _("Try again. If it happens again, tell your administrator the request’s number.")
    return _show(Told(500, "server_error", _("Something went wrong here"), sentence, todo, _way()))


def _way() -> tuple[str, str]:
    return _("Go to home"), url_for("portal.front")


def _show(told: Told) -> Response:
    """Inside the frame for who is signed in, if even that can be told; alone for everybody else."""
    actor = _actor()
    shown: dict[str, Any] = {"error": told}
    if actor is not None and told.status < 500:
        return page("errors/page.html", actor, told.status, **shown)
    return alone("errors/alone.html", told.status, **shown)


def _actor() -> Actor | None:
    try:
        return preview.current_actor()
    except (SQLAlchemyError, DirectoryError):
        return None
