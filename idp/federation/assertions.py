"""What a client signs to prove itself: private_key_jwt (RFC 7523 §3), with joserfc.

Keys come from registration alone, whatever the header carries (`jwk`, `jku`, `x5c`). Fetching a
client's keys from an address (jwks_uri) is not offered: a key is pasted, and rotated, here.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import import_key

MAX_LENGTH = 8192  # characters
LEEWAY = timedelta(seconds=60)  # clocks differ
LONGEST_LIFE = timedelta(minutes=5)
_LONGEST_JTI = 256
_TYPES = ("jwt", "client-authentication+jwt")


class Algorithms(jws.JWSRegistry):
    """The four that a client may sign with; here no other exists, neither `none` nor an HMAC."""

    algorithms = {  # noqa: RUF012  joserfc's own attribute
        **{name: jws.JWSRegistry.algorithms[name] for name in ("ES256", "RS256", "PS256")},
        # The name that is in use, for the one curve that RFC 9864 has made of it.
        "EdDSA": jws.JWSRegistry.algorithms["Ed25519"],
    }


ALGORITHMS = tuple(Algorithms.algorithms)


# What joserfc and the parsers below it raise for what is no JWT at all.
UNREADABLE: tuple[type[Exception], ...] = (
    JoseError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    RecursionError,
)


class AssertionRefused(Exception):
    """An assertion that proves nothing; the reason is for the log."""


def verified(assertion: str, keys: Iterable[Mapping[str, Any]]) -> tuple[int, dict[str, Any]]:
    """Which of the keys has signed, and the claims.

    Raises AssertionRefused where none has, or the header asks for something else.
    """
    registry = Algorithms(algorithms=ALGORITHMS)
    for place, jwk in enumerate(keys):
        try:
            token = jwt.decode(assertion, import_key(dict(jwk)), registry=registry)
        except UNREADABLE:
            continue  # signed by another key, of another kind, or not signed at all
        if str(token.header.get("typ", "jwt")).lower() not in _TYPES:
            raise AssertionRefused("this JWT was made for something else")
        return place, token.claims
    raise AssertionRefused("signed by no registered key")


def check_claims(
    claims: Mapping[str, Any], audiences: Collection[str], moment: datetime
) -> datetime:
    """What Authlib leaves open; returns until when the assertion must be remembered.

    Raises AssertionRefused. It is for this issuer alone: of several audiences, another could use
    it here. It lives shortly, so that what must be remembered ends.
    """
    named = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if len(named) != 1 or named[0] not in audiences:
        raise AssertionRefused("the audience is not this issuer alone")
    if not 0 < len(claims["jti"]) <= _LONGEST_JTI:
        raise AssertionRefused("the jti is empty or too long")
    if claims["exp"] > (moment + LONGEST_LIFE + LEEWAY).timestamp():
        raise AssertionRefused("it ends too far ahead")
    return moment + LONGEST_LIFE + 2 * LEEWAY
