"""Public keys that an administrator pastes: a JWK, a JWKS, or PEM; become JWKs, and nothing else.

A private key is refused loudly: whoever pasted one should make a new one.
"""

import json
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)
from joserfc.errors import JoseError
from joserfc.jwk import import_key

from idp.directory.errors import Invalid

MAX_LENGTH = 64 * 1024  # characters
_KINDS: tuple[Any, ...] = ("RSA", "EC", "OKP")
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class KeyRefused(Invalid):
    """A key that cannot be used; the sentence tells the administrator why."""

    def __init__(self, code: str, sentence: str, *, cause: str = "") -> None:
        super().__init__(code, sentence, cause=cause, attribute="key")


def read_client_keys(text: str) -> list[dict[str, Any]]:
    """The public keys of a text as JWKs. Raises KeyRefused."""
    text = text.strip()
    if len(text) > MAX_LENGTH:
        raise KeyRefused("key_too_long", "This is too long to be a key.")
    if "PRIVATE KEY" in text:
        raise _exposed()
    try:
        return _from_pem(text) if text.startswith("-----") else _from_json(text)
    except (JoseError, ValueError, TypeError, UnsupportedAlgorithm, RecursionError) as error:
        raise KeyRefused(
            "key_unreadable",
            "This is not a public key: paste a JWK, a JWKS or PEM.",
            cause=repr(error),
        ) from None


def _exposed() -> KeyRefused:
    return KeyRefused(
        "key_private",
        "This is a private key, which must never leave its system. "
        "Make a new one there, and paste its public half.",
    )


def _from_json(text: str) -> list[dict[str, Any]]:
    read = json.loads(text)
    listed = read["keys"] if isinstance(read, dict) and "keys" in read else [read]
    if not isinstance(listed, list) or not all(isinstance(jwk, dict) for jwk in listed):
        raise ValueError("neither a JWK nor a JWKS")
    if any(_PRIVATE & jwk.keys() for jwk in listed):
        raise _exposed()
    signing = [jwk for jwk in listed if jwk.get("use", "sig") == "sig"]
    if not signing:
        raise ValueError("no key that signs")
    for jwk in signing:
        import_key(jwk).get_op_key("verify")  # a point on its curve, numbers that are numbers
    return signing


def _from_pem(text: str) -> list[dict[str, Any]]:
    encoded = text.encode()
    public: PublicKeyTypes
    if "BEGIN CERTIFICATE" in text:
        public = x509.load_pem_x509_certificate(encoded).public_key()
    else:
        public = load_pem_public_key(encoded)
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for kind in _KINDS:
        try:
            return [dict(import_key(pem, kind).as_dict(private=False))]
        except (JoseError, ValueError, TypeError):
            continue  # of another kind
    raise ValueError("a key of a kind that signs no JWT")
