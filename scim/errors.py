"""Every refusal in SCIM's own JSON (RFC 7644 §3.12): the one place for status and scimType."""

from collections.abc import Mapping
from typing import Any

from flask import current_app
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from idp.directory.adoptions import NameOfAnother
from idp.directory.brakes import BrakeEngaged, Quarantined
from idp.directory.errors import DirectoryError

ERROR_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"


class ScimError(Exception):
    """A refusal as the client will read it."""

    def __init__(
        self,
        status: int,
        detail: str,
        scim_type: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.scim_type = scim_type
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """The error message; `status` is a string (RFC 7644 §3.12)."""
        message: dict[str, Any] = {"schemas": [ERROR_SCHEMA], "status": str(self.status)}
        if self.scim_type:
            message["scimType"] = self.scim_type
        return message | {"detail": self.detail}


def invalid_syntax(detail: str) -> ScimError:
    """The body is not JSON, or not in the shape of this request."""
    return ScimError(400, detail, "invalidSyntax")


def invalid_value(detail: str) -> ScimError:
    """A value is missing or does not fit its attribute."""
    return ScimError(400, detail, "invalidValue")


def invalid_path(detail: str) -> ScimError:
    """A PATCH path is malformed or names nothing."""
    return ScimError(400, detail, "invalidPath")


def invalid_filter(detail: str) -> ScimError:
    """A filter is malformed, or compares what cannot be compared so."""
    return ScimError(400, detail, "invalidFilter")


def no_target(detail: str) -> ScimError:
    """A PATCH path selects no value to work on."""
    return ScimError(400, detail, "noTarget")


def mutability(detail: str) -> ScimError:
    """The attribute may not be changed this way (RFC 7643 §2.2)."""
    return ScimError(400, detail, "mutability")


def unauthorized(detail: str, problem: str = "") -> ScimError:
    """No token, or one that opens nothing (RFC 6750 §3)."""
    challenge = 'Bearer realm="scim"' + (f', error="{problem}"' if problem else "")
    return ScimError(401, detail, headers={"WWW-Authenticate": challenge})


def out_of_scope(detail: str) -> ScimError:
    """A token that opens another door (RFC 6750 §3.1)."""
    challenge = 'Bearer realm="scim", error="insufficient_scope", scope="scim.read scim.write"'
    return ScimError(403, detail, headers={"WWW-Authenticate": challenge})


_STATUS = {
    "invalid": 400,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "stale": 412,
    "too_many": 429,
    "unavailable": 503,
}
_UNIQUE_ENDINGS = ("_taken", "_exists", "_in_use")


def from_directory(error: DirectoryError) -> ScimError:
    """A refusal from below the doors, in SCIM's words. Its private cause stays behind."""
    status = _STATUS.get(error.kind, 400)
    headers = {"X-Error-Code": error.code}  # stable, where scimType has no word for it
    if status in (429, 503):
        headers["Retry-After"] = str(getattr(error, "retry_after", 2))
    return ScimError(status, _detail(error), _scim_type(error, status), headers)


def _detail(error: DirectoryError) -> str:
    """The sentence, with the page where somebody can decide: the portal is met by its endpoints."""
    if isinstance(error, BrakeEngaged | Quarantined):
        page = _page("portal.brake", connection_id=error.connection_id)
    elif isinstance(error, NameOfAnother):
        page = _page("portal.link_new", connection_id=error.connection_id, user_id=error.user_id)
    else:
        return error.sentence
    return f"{error.sentence.removesuffix('.')}: {page}"


def _page(endpoint: str, **named: str) -> str:
    """The address of a page of the portal, as configured: a rehearsal has no request to ask."""
    path = current_app.url_map.bind("").build(endpoint, named)
    return f"{current_app.config['CHAMBERLAIN'].public_url}{path}"


def _scim_type(error: DirectoryError, status: int) -> str:
    if status == 409:
        return "uniqueness" if error.code.endswith(_UNIQUE_ENDINGS) else ""
    if status == 400:
        return "invalidSyntax" if error.code == "unknown_attribute" else "invalidValue"
    return ""


_PLAIN = {
    404: "There is nothing at this address.",
    413: "The request is larger than this server accepts.",
    500: "The server failed. Nothing was changed. The request id is in the X-Request-Id header.",
}


def from_http(error: HTTPException) -> ScimError:
    """An error that Flask or the WSGI server raised before or around our code."""
    status = error.code or 500
    headers = {"Retry-After": "2"} if status in (429, 503) else {}
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return ScimError(status, _PLAIN.get(status) or error.description or error.name, "", headers)


def internal() -> ScimError:
    """What a client learns of our own failure: that it was ours."""
    return ScimError(500, _PLAIN[500])
