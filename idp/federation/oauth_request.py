"""A request to the token endpoint, read strictly before Authlib sees it (RFC 6749 §3.2).

Parameters come in the body alone, each once; a client proves itself in one way. Authlib itself
would take them from the address too, choose among doubles, and try one way after the other.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from werkzeug.wrappers import Request

from . import assertions

MAX_BODY = 32 * 1024  # bytes
FORM = "application/x-www-form-urlencoded"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class BadRequest(Exception):
    """A request that is not in the form of the standard; the sentence tells the client why."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What a client sent. `method` is how it proves itself, "" where it does not try."""

    form: Mapping[str, str]
    method: str = ""
    client_id: str = ""
    secret: str = field(default="", repr=False)


def read(request: Request) -> Posted:
    """Read a request. Raises BadRequest."""
    if request.mimetype != FORM:
        raise BadRequest(f"The body must be {FORM}.")
    if request.query_string:
        raise BadRequest("Parameters belong in the body, never in the address.")
    doubled = [name for name, values in request.form.lists() if len(values) > 1]
    if doubled:
        raise BadRequest("A parameter is there more than once.")
    # A parameter without a value counts as left out (§3.2).
    form = {name: value for name, value in request.form.items() if value}
    return _proof(form, request.headers.get("Authorization"))


def _proof(form: Mapping[str, str], header: str | None) -> Posted:
    """Find the one way in which the client proves itself (§2.3: no more than one)."""
    asserted = "client_assertion" in form or "client_assertion_type" in form
    if sum((header is not None, "client_secret" in form, asserted)) > 1:
        raise BadRequest("A client authenticates in one way, not in several.")
    client_id = form.get("client_id", "")
    if header is not None:
        return _basic(form, header, client_id)
    if asserted:
        return _assertion(form, client_id)
    if "client_secret" in form:
        return Posted(form, "client_secret_post", client_id, form["client_secret"])
    return Posted(form, "", client_id)


def _basic(form: Mapping[str, str], header: str, named: str) -> Posted:
    """HTTP Basic; name and secret are form-encoded in it (§2.3.1). What is unreadable is wrong."""
    scheme, _, encoded = header.partition(" ")
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        text = ""
    client_id, _, secret = map(unquote_plus, text.partition(":"))
    if named not in ("", client_id):
        raise BadRequest("The body names another client than the Authorization header.")
    if scheme.lower() != "basic":
        return Posted(form, "", named)
    return Posted(form, "client_secret_basic", client_id, secret)


def _assertion(form: Mapping[str, str], named: str) -> Posted:
    assertion = form.get("client_assertion", "")
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise BadRequest(f"The client_assertion_type must be {ASSERTION_TYPE}.")
    if len(assertion) > assertions.MAX_LENGTH or not _COMPACT.fullmatch(assertion):
        raise BadRequest("The client_assertion is not a JWT, or too long.")
    return Posted(form, "private_key_jwt", named)
