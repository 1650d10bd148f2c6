"""Claims -> signed token, and the public keys by which receivers check it (RFC 8417 §2.3).

An organization's key is made with its first stream (`changes.streams`). Its issuer is this
door's address; the audience is what the receiver agreed to, else the stream's own address.
"""

import json
from typing import Any

from idp import jose, sealing
from idp.directory import queries
from idp.directory.views import StreamView
from scim.events.telling import Telling

PURPOSE = "events"
MEDIA_TYPE = "secevent+jwt"  # RFC 8417 §2.3: the token's `typ`
PLACES = {"User": "Users", "Group": "Groups"}


def claims_of(
    telling: Telling, stream: StreamView, base: str, external_id: str | None
) -> dict[str, Any]:
    """The claims of a token (RFC 9967 §2.1, §2.2)."""
    subject = {"format": "scim", "uri": f"/{PLACES[telling.kind]}/{telling.subject}"}
    if external_id:
        subject["externalId"] = external_id
    return {
        "iss": base,
        "aud": stream.audience or feed_url(base, stream.id),
        "iat": telling.at,
        "jti": telling.jti(stream.id),
        "txn": telling.txn,
        "sub_id": subject,
        "events": telling.events,
    }


def feed_url(base: str, stream_id: str) -> str:
    """Where a stream is polled, and under which name it is known."""
    return f"{base}/Feeds/{stream_id}"


class Signer:
    """Signs for one organization; its key is read once."""

    def __init__(self, org_id: str) -> None:
        key = queries.signing_keys(org_id, PURPOSE)[0]
        self._private = sealing.unseal(key.private_key).decode()
        self._kid = jose.public_jwk(key.certificate)["kid"]

    def sign(self, claims: dict[str, Any]) -> str:
        """The token in compact form."""
        return jose.sign(claims, self._private, self._kid, MEDIA_TYPE)


def key_set(org_id: str) -> str:
    """The organization's public keys as a JWK Set (RFC 7517 §5)."""
    keys = [jose.public_jwk(key.certificate) for key in queries.signing_keys(org_id, PURPOSE)]
    return json.dumps({"keys": keys})
