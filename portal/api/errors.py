"""Every refusal in Graph's shape: {"error": {"code", "message", "innerError"}}."""

from typing import Any

from flask import Response, jsonify
from werkzeug.exceptions import HTTPException

from idp.clock import now, rfc3339
from idp.directory.errors import DirectoryError
from idp.licensing.decision import GRAPH_ERRORS
from idp.logs import request_id

_KINDS = {
    "invalid": (400, "Request_BadRequest"),
    "forbidden": (403, "Authorization_RequestDenied"),
    "not_found": (404, "Request_ResourceNotFound"),
    "conflict": (409, "Request_Conflict"),
    "stale": (412, "Request_PreconditionFailed"),
    "too_many": (429, "TooManyRequests"),
    "unavailable": (503, "ServiceUnavailable"),
}
_HTTP = {
    404: "Request_ResourceNotFound",
    405: "Request_MethodNotAllowed",
    413: "Request_EntityTooLarge",
}


class ApiError(Exception):
    """A refusal at the door itself."""

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def bad_request(message: str) -> ApiError:
    """What was sent cannot be understood."""
    return ApiError(400, "Request_BadRequest", message)


def answer(error: ApiError) -> Response:
    """The answer to a refusal at the door."""
    return _said(error.status, error.code, str(error), "", error.headers)


def answer_refusal(error: DirectoryError) -> Response:
    """The answer to a refusal from below; `innerError` has our own stable code."""
    status, code = _KINDS.get(error.kind, (400, "Request_BadRequest"))
    headers = {"Retry-After": str(getattr(error, "retry_after", 5))} if status >= 429 else {}
    return _said(status, GRAPH_ERRORS.get(error.code, code), error.sentence, error.code, headers)


def answer_http_error(error: HTTPException) -> Response:
    """The answer to what Flask or the server refused around our code."""
    status = error.code or 500
    headers = {name: value for name, value in error.get_headers() if name == "Allow"}
    message = error.description or error.name
    return _said(status, _HTTP.get(status, "Request_BadRequest"), message, "", headers)


def answer_failure() -> Response:
    """The answer when the server itself failed."""
    message = "The server failed. Its log says why, under the request-id of this answer."
    return _said(500, "InternalServerError", message, "", {})


def _said(status: int, code: str, message: str, inner: str, headers: dict[str, str]) -> Response:
    told: dict[str, Any] = {"date": rfc3339(now()), "request-id": request_id()}
    if inner:
        told["code"] = inner
    made = jsonify({"error": {"code": code, "message": message, "innerError": told}})
    made.status_code = status
    made.headers.update({"Cache-Control": "no-store"} | headers)
    return made
