"""How a message travels through a browser: HTTP-Redirect and HTTP-POST (SAML bindings §3.4, §3.5).

The redirect binding signs the query string itself. Its octets are checked as they were sent:
decoding and encoding again would change them wherever the sender escapes in lower case (AD FS,
Entra) or leaves a sign unescaped.
"""

import binascii
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote_plus, unquote_to_bytes

from lxml import etree

from . import keys, safexml, uris, xmlsig
from .errors import MessageRefused, SignatureRefused

MAX_RELAY_STATE = 2048  # bytes; bindings §3.4.3 says 80, which many partners exceed
_MAX_TEXT = safexml.MAX_MESSAGE * 2  # base64 and its escapes
_DEFLATE = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"
_NAMES = ("SAMLRequest", "RelayState", "SigAlg", "Signature", "SAMLEncoding")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request as the browser brought it. Nothing in it is proven yet, not even its sender."""

    binding: str
    root: etree._Element
    relay_state: str
    signed_octets: bytes = b""
    algorithm: str = ""
    signature: bytes = b""

    @property
    def is_signed(self) -> bool:
        """Whether any signature came along, in the query or anywhere inside the message."""
        inside = next(self.root.iter(xmlsig.SIGNATURE), None)
        return bool(self.algorithm) or inside is not None


def from_redirect(query: bytes) -> Arrival:
    """A request from the raw query string of a GET. Raises MessageRefused or SignatureRefused."""
    sent = _parameters(query)
    if unquote_plus(sent.get("SAMLEncoding", _DEFLATE)) != _DEFLATE:
        raise MessageRefused("encoding_unknown", "Only the DEFLATE encoding is known here.")
    packed = _base64(unquote_to_bytes(_needed(sent.get("SAMLRequest"))))
    root = safexml.parse(safexml.inflate(packed))
    relay_state = _relay_state(unquote_plus(sent.get("RelayState", "")))
    if "Signature" not in sent and "SigAlg" not in sent:
        return Arrival(uris.BINDING_REDIRECT, root, relay_state)
    return Arrival(uris.BINDING_REDIRECT, root, relay_state, *_query_signature(sent))


def from_post(message: str | None, relay_state: str | None) -> Arrival:
    """A request from the fields of a POSTed form. Raises MessageRefused."""
    text = _needed(message)
    if len(text) > _MAX_TEXT:
        raise MessageRefused("message_too_large", "The message is larger than accepted here.")
    root = safexml.parse(_base64("".join(text.split()).encode()))
    return Arrival(uris.BINDING_POST, root, _relay_state(relay_state or ""))


def verified(arrival: Arrival, trusted: Sequence[keys.PublicKey]) -> etree._Element:
    """The message as far as it is signed: read only this. Raises SignatureRefused.

    Every signature that is there must be right. A query signature covers the whole message; one
    inside the message (the POST binding) covers what `xmlsig.verify` gives back.
    """
    if not trusted:
        raise SignatureRefused(
            "signature_unknown",
            "The request is signed, but the partner's metadata names no signing certificate.",
        )
    if arrival.algorithm:
        _verify_query(arrival, trusted)
    inside = next(arrival.root.iter(xmlsig.SIGNATURE), None)
    if arrival.algorithm and inside is None:
        return arrival.root
    return xmlsig.verify(arrival.root, trusted)


def _verify_query(arrival: Arrival, trusted: Sequence[keys.PublicKey]) -> None:
    if not keys.knows(arrival.algorithm):
        raise SignatureRefused(
            "signature_algorithm", f"The algorithm {arrival.algorithm[:200]!r} is not accepted."
        )
    octets, signature = arrival.signed_octets, arrival.signature
    if not any(keys.verifies(key, arrival.algorithm, signature, octets) for key in trusted):
        raise SignatureRefused(
            "signature_wrong", "The signature is not by a key that the partner registered."
        )


def _parameters(query: bytes) -> dict[str, str]:
    """The raw values of the parameters that count, each there at most once.

    A second value would let the signature cover one and the reader use the other.
    """
    if len(query) > _MAX_TEXT:
        raise MessageRefused("message_too_large", "The message is larger than accepted here.")
    sent: dict[str, str] = {}
    for part in query.decode("latin-1").split("&"):
        name, _, value = part.partition("=")
        name = unquote_plus(name)
        if name in sent:
            raise MessageRefused("parameter_twice", f"The address holds {name} twice.")
        if name in _NAMES:
            sent[name] = value
    return sent


def _query_signature(sent: dict[str, str]) -> tuple[bytes, str, bytes]:
    """The octets that were signed, in the order that bindings §3.4.4.1 lays down."""
    if not sent.get("Signature") or not sent.get("SigAlg"):
        raise SignatureRefused("signature_malformed", "The signature or its algorithm is missing.")
    order = [name for name in ("SAMLRequest", "RelayState", "SigAlg") if name in sent]
    octets = "&".join(f"{name}={sent[name]}" for name in order).encode("latin-1")
    try:
        signature = _base64(unquote_to_bytes(sent["Signature"]))
    except MessageRefused as error:
        raise SignatureRefused("signature_malformed", "The signature is not base64.") from error
    return octets, unquote_plus(sent["SigAlg"]), signature


def _needed(value: str | None) -> str:
    if not value:
        raise MessageRefused("request_missing", "There is no sign-on request here.")
    return value


def _relay_state(value: str) -> str:
    if len(value.encode()) > MAX_RELAY_STATE:
        raise MessageRefused("relay_state_too_long", "The RelayState is longer than accepted here.")
    return value


def _base64(text: bytes) -> bytes:
    try:
        return b64decode(b"".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MessageRefused(
            "base64_broken", "The message is not encoded as SAML asks.", cause=str(error)
        ) from error
