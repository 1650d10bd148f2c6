"""Polling: the receiver asks for tokens and acknowledges those it has (RFC 8936).

The answer comes at once, also where the receiver would wait: a server that keeps a thread for each
waiting receiver is soon a server without threads, and §2.2 lets the transmitter decide.
"""

from collections.abc import Mapping
from typing import Any

from idp.changes import tokens
from idp.directory import queries
from idp.directory.errors import not_found
from idp.directory.views import StreamView
from scim.answers import Answer
from scim.call import Call
from scim.errors import invalid_syntax, invalid_value
from scim.events.signing import Signer, key_set
from scim.listing import dump

MOST = 200
_MOST_ACKNOWLEDGED = 5_000


def polled(call: Call, stream_id: str) -> Answer:
    """POST to a stream: acknowledge, and get what waits (§2.4)."""
    stream = _own(call, stream_id)
    asked = {name.lower(): value for name, value in call.body.items()}
    taken, refusals = _acknowledged(asked.get("ack")), _refused(asked.get("seterrs"))
    tokens.settle(stream, [*taken, *refusals], list(refusals.values()))
    most = _most(asked.get("maxevents"))
    claims, more = tokens.waiting(stream.id, most)
    signer = Signer(stream.org_id) if claims else None
    signed = {made["jti"]: signer.sign(made) for made in claims if signer}
    return Answer(200, dump({"sets": signed, "moreAvailable": more}))


def _own(call: Call, stream_id: str) -> StreamView:
    """The caller's own stream, where it is one to be polled."""
    stream = queries.stream_of_connection(call.actor.org_id, call.actor.id)
    if stream is None or stream.id != stream_id or stream.delivery != "poll":
        raise not_found("stream")
    return stream


def _most(given: Any) -> int:
    if given is None:
        return MOST
    if not isinstance(given, int) or isinstance(given, bool) or given < 0:
        raise invalid_value("maxEvents must be a whole number, not below 0.")
    return min(given, MOST)


def _acknowledged(given: Any) -> list[str]:
    if given is None:
        return []
    listed = isinstance(given, list) and all(isinstance(one, str) for one in given)
    if not listed or len(given) > _MOST_ACKNOWLEDGED:
        raise invalid_syntax(f"ack must be a list of at most {_MOST_ACKNOWLEDGED} jti values.")
    return list(given)


def _refused(given: Any) -> dict[str, str]:
    """{jti: why} of `setErrs`, whose values hold `err` and `description` (§2.6)."""
    if given is None:
        return {}
    if not isinstance(given, Mapping) or len(given) > _MOST_ACKNOWLEDGED:
        raise invalid_syntax("setErrs must be an object of errors by jti.")
    return {str(jti): _reason(error) for jti, error in given.items()}


def _reason(error: Any) -> str:
    if not isinstance(error, Mapping):
        return "no reason given"
    return f"{error.get('err', '')}: {error.get('description', '')}"[:300]


def keys(_call: Call, stream_id: str) -> Answer:
    """GET a stream's public keys."""
    return public_keys("", stream_id)


def public_keys(_base: str, stream_id: str) -> Answer:
    """The same for anybody: whoever was handed a token may check who signed it."""
    org_id = queries.organization_of_stream(stream_id)
    if org_id is None:
        raise not_found("stream")
    return Answer(200, key_set(org_id))
