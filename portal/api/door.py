"""Who calls: an access token with scopes for this interface, as the actor that it permits."""

import math
from collections.abc import Collection

from flask import Flask, current_app, request

from idp import sessions
from idp.allowances import Buckets
from idp.changes import ledger
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.api_scopes import permissions_of, scopes_of
from idp.directory.errors import TooMany
from idp.directory.limits import BURST_SECONDS, rate_of
from idp.directory.views import Caller
from idp.logs import request_id
from portal.api.errors import ApiError

_LONGEST_TOKEN = 512
_UNKNOWN_A_MINUTE = 100  # tokens that open nothing, of one network
_MINUTE = 60.0
_EXTENSION = "chamberlain_api_allowances"


def bind(app: Flask) -> None:
    """Give an application its counts."""
    app.extensions[_EXTENSION] = Buckets()


def enter(scopes: Collection[str]) -> Actor:
    """The actor behind this request's token, if it has one of these scopes.

    Raises ApiError 401, 403, and TooMany.
    """
    caller = _caller()
    rate = rate_of(caller.settings)
    _take(caller.connection_id, rate, rate * BURST_SECONDS)
    # What was taken from the connection is taken from its tokens, too.
    held = set(caller.scope.split()) & set(scopes_of(caller.settings))
    if not held & set(scopes):
        raise _denied(scopes)
    if caller.quarantined_at is not None and request.method != "GET":
        message = "This connection is stopped until an administrator lets it go on."
        raise ApiError(403, "Authorization_RequestDenied", message)
    return Actor(
        "connection",
        caller.connection_id,
        caller.connection_name,
        caller.org_id,
        "api",
        permissions_of(held),
        connection_id=caller.connection_id,
        request_id=request_id(),
    )


def _caller() -> Caller:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip()
    network = f"unknown:{sessions.network(request.remote_addr or '')}"
    if scheme.lower() != "bearer" or not token or len(token) > _LONGEST_TOKEN:
        raise _unauthorized("This address needs an access token.")
    caller = queries.caller_by_token(token)
    if caller is None:
        _take(network, _UNKNOWN_A_MINUTE / _MINUTE, _UNKNOWN_A_MINUTE)
        raise _unauthorized("The access token is unknown, expired or revoked.")
    ledger.touch_token(caller.token_id, caller.connection_id, caller.token_last_used)
    return caller


def _take(key: str, rate: float, burst: float) -> None:
    buckets: Buckets = current_app.extensions[_EXTENSION]
    wait = buckets.take(key, rate, burst)
    if wait:
        sentence = "Too many requests. Try again after the time in Retry-After."
        refused = TooMany("rate_limited", sentence)
        refused.retry_after = math.ceil(wait)
        raise refused


def _unauthorized(message: str) -> ApiError:
    challenge = 'Bearer realm="api"'
    return ApiError(401, "InvalidAuthenticationToken", message, WWW_Authenticate=challenge)


def _denied(scopes: Collection[str]) -> ApiError:
    wanted = " ".join(scopes)
    challenge = f'Bearer realm="api", error="insufficient_scope", scope="{wanted}"'
    message = f"This needs one of these scopes: {wanted}."
    return ApiError(403, "Authorization_RequestDenied", message, WWW_Authenticate=challenge)
