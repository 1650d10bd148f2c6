"""JSON Web Signatures made in process: ES256 over P-256 (RFC 7515, RFC 7518 §3.4).

Loading a key costs more than many signatures, so a loaded one is kept. What others signed is
checked elsewhere; here is only what this server says itself.
"""

import json
from base64 import urlsafe_b64encode
from functools import lru_cache
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

_SIZE = 32  # bytes of a coordinate, and of each half of a signature
_ES256 = ec.ECDSA(hashes.SHA256())
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def new_key() -> tuple[str, str]:
    """A new P-256 key as (private PEM, public PEM); the private part is not yet sealed."""
    private = ec.generate_private_key(ec.SECP256R1())
    return (
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
        private.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode(),
    )


def public_jwk(public_pem: str) -> dict[str, str]:
    """The public key as a JWK, its `kid` being its thumbprint (RFC 7517, RFC 7638)."""
    public = serialization.load_pem_public_key(public_pem.encode())
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise TypeError("only P-256 keys sign here")
    point = public.public_numbers()
    required = {"crv": "P-256", "kty": "EC", "x": _number(point.x), "y": _number(point.y)}
    thumbprint = _base64(sha256(_encode(required).encode()).digest())
    return required | {"kid": thumbprint, "use": "sig", "alg": "ES256"}


def sign(claims: dict[str, Any], private_pem: str, kid: str, kind: str) -> str:
    """Claims as a compact JWS; `kind` is the media type in its `typ` header."""
    header = {"alg": "ES256", "kid": kid, "typ": kind}
    message = ".".join(_base64(_encode(part).encode()) for part in (header, claims))
    r, s = decode_dss_signature(_private(private_pem).sign(message.encode(), _ES256))
    signature = r.to_bytes(_SIZE, "big") + s.to_bytes(_SIZE, "big")
    return f"{message}.{_base64(signature)}"


@lru_cache(maxsize=64)
def _private(private_pem: str) -> ec.EllipticCurvePrivateKey:
    loaded = serialization.load_pem_private_key(private_pem.encode(), None)
    if not isinstance(loaded, ec.EllipticCurvePrivateKey):
        raise TypeError("only P-256 keys sign here")
    return loaded


def _number(value: int) -> str:
    return _base64(value.to_bytes(_SIZE, "big"))


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
