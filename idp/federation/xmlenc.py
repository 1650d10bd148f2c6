"""XML Encryption for one recipient: AES-GCM for the content, RSA-OAEP for its key.

Written with `cryptography` directly, because python-xmlsec does not offer the newer RSA-OAEP
URI. CBC ciphers, RSA 1.5 and 3DES are not offered: their padding can be used as an oracle
(XML Encryption 1.1 §6.1.2, IIP-ALG).
"""

import secrets
from base64 import b64encode
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

from . import uris
from .partner import EncryptionKey
from .uris import DS, SAML, XENC, XENC11, q

_CIPHERS = {uris.AES256_GCM: 32, uris.AES128_GCM: 16}  # our own order of preference
_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    uris.SHA1: hashes.SHA1(),  # noqa: S303  in OAEP it needs no resistance to collisions (RFC 8017 §7.1)
    uris.SHA256: hashes.SHA256(),
}
_MASKS: dict[str, hashes.HashAlgorithm] = {
    uris.MGF1_SHA1: hashes.SHA1(),  # noqa: S303
    uris.MGF1_SHA256: hashes.SHA256(),
}
_NONCE = 12


@dataclass(frozen=True, slots=True)
class Choice:
    """The algorithms for one recipient."""

    cipher: str
    transport: str
    digest: str
    mask: str


def choose(key: EncryptionKey) -> Choice | None:
    """The recipient's first listed algorithms that we offer, or None where there is no such.

    Nothing listed: AES-256-GCM with RSA-OAEP and SHA-1, the form that everybody reads.
    """
    ciphers = [c for c in key.ciphers or tuple(_CIPHERS) if c in _CIPHERS]
    listed = key.key_transports or ((uris.RSA_OAEP_MGF1P, "", ""),)
    transports = [(t, d or uris.SHA1, m or uris.MGF1_SHA1) for t, d, m in listed]
    known = [t for t in transports if t[1] in _DIGESTS and t[2] in _MASKS]
    if not ciphers or not known:
        return None
    return Choice(ciphers[0], *known[0])


def encrypt(
    plain: bytes,
    recipient: rsa.RSAPublicKey,
    choice: Choice,
    *,
    wrapper: str = q(SAML, "EncryptedAssertion"),
) -> etree._Element:
    """`plain` (one element, canonical) for one recipient, inside `wrapper` (core §2.3.4)."""
    content_key = AESGCM.generate_key(_CIPHERS[choice.cipher] * 8)
    nonce = secrets.token_bytes(_NONCE)
    sealed = nonce + AESGCM(content_key).encrypt(nonce, plain, None)  # xmlenc11 §5.2.4: tag last
    outer = etree.Element(wrapper, nsmap={"saml": SAML})
    data = etree.SubElement(
        outer, q(XENC, "EncryptedData"), nsmap={"xenc": XENC}, Type=uris.XENC_ELEMENT
    )
    _method(data, choice.cipher)
    info = etree.SubElement(data, q(DS, "KeyInfo"), nsmap={"ds": DS})
    _encrypted_key(info, content_key, recipient, choice)
    _cipher_value(data, sealed)
    return outer


def _encrypted_key(
    parent: etree._Element, content_key: bytes, recipient: rsa.RSAPublicKey, choice: Choice
) -> None:
    """The content key, inside the data it opens: the one place where every reader looks."""
    element = etree.SubElement(parent, q(XENC, "EncryptedKey"))
    method = _method(element, choice.transport)
    etree.SubElement(method, q(DS, "DigestMethod"), Algorithm=choice.digest)
    mask = choice.mask
    if choice.transport == uris.RSA_OAEP:
        etree.SubElement(method, q(XENC11, "MGF"), nsmap={"xenc11": XENC11}, Algorithm=mask)
    else:
        mask = uris.MGF1_SHA1  # rsa-oaep-mgf1p fixes it (xmlenc11 §5.5.2)
    oaep = padding.OAEP(padding.MGF1(_MASKS[mask]), _DIGESTS[choice.digest], None)
    _cipher_value(element, recipient.encrypt(content_key, oaep))


def _method(parent: etree._Element, algorithm: str) -> etree._Element:
    return etree.SubElement(parent, q(XENC, "EncryptionMethod"), Algorithm=algorithm)


def _cipher_value(parent: etree._Element, value: bytes) -> None:
    holder = etree.SubElement(parent, q(XENC, "CipherData"))
    etree.SubElement(holder, q(XENC, "CipherValue")).text = b64encode(value).decode()
