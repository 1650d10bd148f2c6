"""Key material: made, loaded, used. XML, databases and organizations are met elsewhere.

Which algorithm a key may be used with follows from the key's type and from nothing that a
message says; an HMAC "signed" with a public certificate therefore has no way in.
"""

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.x509.oid import NameOID

from idp import clock

from . import uris

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

RSA_2048 = "rsa-2048"
EC_P256 = "ec-p256"
ALGORITHMS = (RSA_2048, EC_P256)
LIFETIME = timedelta(days=3653)
MIN_RSA_BITS = 2048

_RSA: dict[str, hashes.HashAlgorithm] = {
    uris.RSA_SHA256: hashes.SHA256(),
    uris.RSA_SHA384: hashes.SHA384(),
    uris.RSA_SHA512: hashes.SHA512(),
}
_ECDSA: dict[str, hashes.HashAlgorithm] = {
    uris.ECDSA_SHA256: hashes.SHA256(),
    uris.ECDSA_SHA384: hashes.SHA384(),
    uris.ECDSA_SHA512: hashes.SHA512(),
}
_PKCS1 = padding.PKCS1v15()
_ECDSA_SHA256 = ec.ECDSA(hashes.SHA256())


@dataclass(frozen=True, slots=True)
class GeneratedKey:
    """A new key pair as PEM text; the private part is not yet sealed."""

    cert_pem: str
    private_pem: str
    not_after: datetime


@dataclass(frozen=True, slots=True, eq=False)
class SigningKey:
    """A loaded private key. Loading costs a hundred signatures, so keep it (`keyring`)."""

    private: PrivateKey
    certificate: str  # base64 of the DER, as ds:X509Certificate wants it
    algorithm: str  # the URI of ds:SignatureMethod

    def sign(self, data: bytes) -> bytes:
        """The signature over SHA-256 of `data`, encoded as XML Signature wants it."""
        if isinstance(self.private, rsa.RSAPrivateKey):
            return self.private.sign(data, _PKCS1, _RSA[self.algorithm])
        r, s = decode_dss_signature(self.private.sign(data, _ECDSA_SHA256))
        size = (self.private.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")  # XML Signature 1.1 §6.4.3


def generate(algorithm: str, org_name: str) -> GeneratedKey:
    """A key pair with a self-signed certificate of ten years.

    Partners compare the key and ignore the certificate's dates (IIP-MD), so a long life saves
    outages and costs nothing; rotation is our own decision. Raises ValueError for an algorithm
    that is not in ALGORITHMS.
    """
    private = _new_private(algorithm)
    certificate = _self_signed(private, org_name)
    return GeneratedKey(
        certificate.public_bytes(serialization.Encoding.PEM).decode(),
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
        certificate.not_valid_after_utc,
    )


def load(private_pem: str, cert_pem: str) -> SigningKey:
    """A signing key from PEM. Raises ValueError when it is no RSA or P-256 key."""
    private = serialization.load_pem_private_key(private_pem.encode(), None)
    certificate = certificate_text(cert_pem)
    if isinstance(private, rsa.RSAPrivateKey):
        return SigningKey(private, certificate, uris.RSA_SHA256)
    if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name == "secp256r1":
        return SigningKey(private, certificate, uris.ECDSA_SHA256)
    raise ValueError("a signing key is RSA or EC P-256")


def certificate_text(cert_pem: str) -> str:
    """The base64 of the certificate's DER, without armour or line breaks."""
    certificate = x509.load_pem_x509_certificate(cert_pem.encode())
    return b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()


def public_key(certificate: bytes) -> PublicKey:
    """The public key of a DER certificate. Raises ValueError unless it is RSA ≥ 2048 or EC.

    Dates and issuer are not looked at: the partner's metadata vouches for the key (IIP-MD).
    """
    key = x509.load_der_x509_certificate(certificate).public_key()
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < MIN_RSA_BITS:
            raise ValueError(f"an RSA key of {key.key_size} bits is too weak")
        return key
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key
    raise ValueError("the key is neither RSA nor elliptic curve")


def verifies(key: PublicKey, algorithm: str, signature: bytes, data: bytes) -> bool:
    """Whether `signature` is right, by an algorithm that belongs to this type of key."""
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, _PKCS1, _RSA[algorithm])
        else:
            key.verify(_der(key, signature), data, ec.ECDSA(_ECDSA[algorithm]))
    except (InvalidSignature, KeyError, ValueError):
        return False
    return True


def knows(algorithm: str) -> bool:
    """Whether signatures by this algorithm are accepted at all (SHA-1 and HMAC are not)."""
    return algorithm in _RSA or algorithm in _ECDSA


def _der(key: ec.EllipticCurvePublicKey, signature: bytes) -> bytes:
    size = (key.key_size + 7) // 8
    if len(signature) != 2 * size:
        raise ValueError("an ECDSA signature in XML is r and s, each as long as the curve")
    halves = signature[:size], signature[size:]
    return encode_dss_signature(*(int.from_bytes(half, "big") for half in halves))


def _new_private(algorithm: str) -> PrivateKey:
    if algorithm == RSA_2048:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if algorithm == EC_P256:
        return ec.generate_private_key(ec.SECP256R1())
    raise ValueError(f"{algorithm} is not one of {', '.join(ALGORITHMS)}")


def _self_signed(private: PrivateKey, org_name: str) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _common_name(org_name))])
    now = clock.now().replace(microsecond=0)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # the partner's clock may be behind
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )


def _common_name(org_name: str) -> str:
    return org_name[:64].strip() or "organization"  # X.520 allows 64 characters
