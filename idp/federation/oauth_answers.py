"""How the token endpoint answers, also where something goes wrong around it: JSON, never a page.

Errors have the form of RFC 6749 §5.2: `error` and a sentence in `error_description`.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from flask import Response
from werkzeug.exceptions import HTTPException

from idp import logs
from idp.directory.errors import DirectoryError

from .oauth_request import BadRequest

_STATUS = {"not_found": 404, "too_many": 429, "unavailable": 503}
_UNSAYABLE = str.maketrans({'"': "'", "\\": "/"})  # §5.2 leaves these two out


def answer(
    status: int, body: Mapping[str, Any], headers: Iterable[tuple[str, str]] = ()
) -> Response:
    """A JSON answer that nobody keeps (RFC 6749 §5.1)."""
    response = Response(json.dumps(body), status, list(headers), mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def refused(
    status: int, error: str, sentence: str, headers: Iterable[tuple[str, str]] = ()
) -> Response:
    """An error with its sentence."""
    said = sentence.translate(_UNSAYABLE).encode("ascii", "replace").decode()
    return answer(status, {"error": error, "error_description": said}, headers)


def answer_bad_request(error: BadRequest) -> Response:
    """The answer to a request that is not in the form of the standard."""
    logs.log.info("oauth_refused", error="invalid_request", cause=str(error))
    return refused(400, "invalid_request", str(error))


def answer_refusal(error: DirectoryError) -> Response:
    """The answer to a refusal from below the doors."""
    status = _STATUS.get(error.kind, 400)
    if status == 503:
        return refused(503, "temporarily_unavailable", error.sentence, [("Retry-After", "5")])
    return refused(status, "invalid_request", error.sentence)


def answer_http_error(error: HTTPException) -> Response:
    """The answer to what Flask or the server refused around our code."""
    kept = [pair for pair in error.get_headers() if pair[0] == "Allow"]
    sentence = (error.description or error.name).partition("\n")[0]
    return refused(error.code or 500, "invalid_request", sentence, kept)


def answer_failure() -> Response:
    """The answer when the server itself failed."""
    return refused(500, "server_error", "The server failed. Its log says why.")
