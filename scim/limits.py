"""How often somebody may knock: requests of each connection, and unknown tokens of each network.

Counted in the memory of each server process by itself, without the database (`idp.allowances`).
"""

import math
import threading
from functools import lru_cache

from flask import Flask, current_app, request

from idp import sessions
from idp.allowances import Buckets
from idp.directory.errors import TooMany
from idp.directory.limits import BURST_SECONDS, rate_of
from idp.directory.values import digest
from scim.auth import Caller, authenticate
from scim.errors import ScimError

UNKNOWN_TOKENS = 100  # a minute, of one network
_MOST_KEYS = 10_000
_MINUTE = 60.0
_EXTENSION = "chamberlain_scim_limits"

network_of = lru_cache(maxsize=4096)(sessions.network)


class Limits:
    """The counts of one application in one process."""

    def __init__(self) -> None:
        self.requests = Buckets()
        self.unknown = Buckets()
        self.known: dict[str, None] = {}  # hashes of tokens that were good, the oldest first
        self._lock = threading.Lock()

    def recognise(self, token: str) -> None:
        """Remember a token that was good: its owner's network may be full of others' mistakes."""
        hashed = digest(token)
        if hashed in self.known:
            return
        with self._lock:
            self.known[hashed] = None
            if len(self.known) > _MOST_KEYS:
                del self.known[next(iter(self.known))]


def bind(app: Flask) -> None:
    """Give an application its counts."""
    app.extensions[_EXTENSION] = Limits()


def _limits() -> Limits:
    held: Limits = current_app.extensions[_EXTENSION]
    return held


def identify(header: str | None, request_id: str) -> Caller:
    """`authenticate`, slowed down for networks that send one unknown token after another.

    Tokens that were good before still are: clients of one provider share its addresses, and none
    shall be shut out for another's mistake. Raises ScimError 401, and TooMany.
    """
    limits, token = _limits(), (header or "").partition(" ")[2].strip()
    if limits.unknown and digest(token) not in limits.known:
        wait = limits.unknown.wait(_network(), UNKNOWN_TOKENS / _MINUTE, UNKNOWN_TOKENS)
        if wait:
            raise _too_many("Too many unknown tokens came from your network.", wait)
    try:
        caller = authenticate(header, request_id)
    except ScimError:
        if token:
            limits.unknown.take(_network(), UNKNOWN_TOKENS / _MINUTE, UNKNOWN_TOKENS)
        raise
    limits.recognise(token)
    return caller


def _network() -> str:
    return network_of(request.remote_addr or "")


def admit(caller: Caller) -> None:
    """Count a request of a connection. Raises TooMany where it comes too soon."""
    rate = rate_of(caller.settings)
    wait = _limits().requests.take(caller.actor.id, rate, rate * BURST_SECONDS)
    if wait:
        raise _too_many(f"This connection may make {rate} requests a second.", wait)


def _too_many(sentence: str, wait: float) -> TooMany:
    refused = TooMany("rate_limited", f"{sentence} Try again after the time in Retry-After.")
    refused.retry_after = math.ceil(wait)
    return refused
