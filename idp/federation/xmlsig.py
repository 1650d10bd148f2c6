"""XML signatures in this process: lxml for the tree, `keys` for the arithmetic, nothing else.

SAML core §5.4 narrows XML Signature to one shape, and only this shape is written or accepted:
an enveloped signature, a direct child of the element whose ID it names, over one Reference with
the transforms enveloped-signature and exclusive canonicalization. Everything that the general
standard would also allow (Objects, several References, XPath, keys inside the message) is where
signature wrapping and confusion attacks live, and is refused.
"""

import binascii
import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lxml import etree

from . import keys, safexml, uris
from .errors import SignatureRefused
from .uris import DS, SAML, q

SIGNATURE = q(DS, "Signature")
_SIGNED_INFO = q(DS, "SignedInfo")
_METHOD = q(DS, "SignatureMethod")
_CANONICALIZATION = q(DS, "CanonicalizationMethod")
_REFERENCE = q(DS, "Reference")
_TRANSFORMS = q(DS, "Transforms")
_TRANSFORM = q(DS, "Transform")
_DIGEST_METHOD = q(DS, "DigestMethod")
_DIGEST_VALUE = q(DS, "DigestValue")
_VALUE = q(DS, "SignatureValue")
_KEY_INFO = q(DS, "KeyInfo")
_PREFIXES = q(uris.EXCLUSIVE, "InclusiveNamespaces")
_ISSUER = q(SAML, "Issuer")

_DIGESTS = {uris.SHA256: "sha256", uris.SHA384: "sha384", uris.SHA512: "sha512"}
_CANONICAL = {uris.EXCLUSIVE, uris.EXCLUSIVE_WITH_COMMENTS}  # safexml left comments out already
_ID_NAMES = {"id", "assertionid", "requestid", "responseid"}


def sign(element: etree._Element, key: keys.SigningKey) -> None:
    """Sign a whole tree by its root's ID; the signature goes right after saml:Issuer.

    `element` must be a root: it is canonicalized as it stands, so that what it is put into later
    cannot change its bytes (that is what exclusive canonicalization is for).
    """
    if element.getparent() is not None:
        raise ValueError("sign an element before it is put into another")
    covered = canonical(element)
    signature = etree.Element(SIGNATURE, nsmap={"ds": DS})
    info = _add_signed_info(signature, str(element.attrib["ID"]), covered, key.algorithm)
    value = etree.SubElement(signature, _VALUE)
    data = etree.SubElement(etree.SubElement(signature, _KEY_INFO), q(DS, "X509Data"))
    etree.SubElement(data, q(DS, "X509Certificate")).text = key.certificate
    after_issuer = len(element) > 0 and element[0].tag == _ISSUER
    element.insert(1 if after_issuer else 0, signature)
    # Only now: lxml gives the signature the prefix that `element` has for its namespace, if any.
    value.text = b64encode(key.sign(canonical(info))).decode()


def verify(root: etree._Element, trusted: Sequence[keys.PublicKey]) -> etree._Element:
    """What the signature on `root` covers, parsed again from the very bytes that were verified.

    Read only the result, never `root`: it holds nothing that was not signed, and the signature
    itself is gone from it. KeyInfo is ignored; only `trusted` counts. Raises SignatureRefused.
    """
    signature = _only_signature(root)
    claim = _read(signature)
    _check_target(root, claim.target)
    signed_info = canonical(_alone(_only(signature, _SIGNED_INFO)), claim.info_prefixes)
    if not any(keys.verifies(key, claim.algorithm, claim.value, signed_info) for key in trusted):
        raise _refused(
            "signature_wrong", "The signature is not by a key that the partner registered."
        )
    covered = canonical(_without_signature(root), claim.prefixes)
    digest = hashlib.new(_DIGESTS[claim.digest_method], covered).digest()
    if not hmac.compare_digest(digest, claim.digest):
        raise _refused("signature_wrong", "The message was changed after it was signed.")
    return safexml.again(covered)


def canonical(root: etree._Element, prefixes: Sequence[str] = ()) -> bytes:
    """Exclusive canonical XML without comments. Raises SignatureRefused where there is none.

    An input without a canonical form (a relative namespace URI) must never count as empty
    (CVE-2025-66568).
    """
    try:
        return etree.tostring(
            root,
            method="c14n",
            exclusive=True,
            with_comments=False,
            inclusive_ns_prefixes=list(prefixes) or None,
        )
    except (etree.LxmlError, ValueError) as error:
        raise _refused("signature_malformed", "The message has no canonical form.") from error


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a signature says of itself, once its shape is known to be the one accepted."""

    algorithm: str
    value: bytes
    target: str
    digest_method: str
    digest: bytes
    prefixes: list[str]
    info_prefixes: list[str]


def _add_signed_info(
    signature: etree._Element, identifier: str, covered: bytes, algorithm: str
) -> etree._Element:
    info = etree.SubElement(signature, _SIGNED_INFO)
    etree.SubElement(info, _CANONICALIZATION, Algorithm=uris.EXCLUSIVE)
    etree.SubElement(info, _METHOD, Algorithm=algorithm)
    reference = etree.SubElement(info, _REFERENCE, URI="#" + identifier)
    transforms = etree.SubElement(reference, _TRANSFORMS)
    etree.SubElement(transforms, _TRANSFORM, Algorithm=uris.ENVELOPED)
    etree.SubElement(transforms, _TRANSFORM, Algorithm=uris.EXCLUSIVE)
    etree.SubElement(reference, _DIGEST_METHOD, Algorithm=uris.SHA256)
    digest = b64encode(hashlib.sha256(covered).digest()).decode()
    etree.SubElement(reference, _DIGEST_VALUE).text = digest
    return info


def _only_signature(root: etree._Element) -> etree._Element:
    found = root.findall(SIGNATURE)
    if not found:
        raise _refused("signature_missing", "The message must be signed, and is not.")
    if len(found) > 1:
        raise _refused("signature_malformed", "The message carries more than one signature.")
    return found[0]


def _read(signature: etree._Element) -> _Claim:
    """The parts of a signature; anything beside the one accepted shape is refused."""
    _children(signature, _SIGNED_INFO, _VALUE, optional=_KEY_INFO)
    info = _only(signature, _SIGNED_INFO)
    _children(info, _CANONICALIZATION, _METHOD, _REFERENCE)
    reference = _only(info, _REFERENCE)
    _children(reference, _TRANSFORMS, _DIGEST_METHOD, _DIGEST_VALUE)
    return _Claim(
        algorithm=_algorithm(_only(info, _METHOD), keys.knows),
        value=_binary(_only(signature, _VALUE)),
        target=reference.get("URI", ""),
        digest_method=_algorithm(_only(reference, _DIGEST_METHOD), _DIGESTS.__contains__),
        digest=_binary(_only(reference, _DIGEST_VALUE)),
        prefixes=_transform_prefixes(_only(reference, _TRANSFORMS)),
        info_prefixes=_canonical_prefixes(_only(info, _CANONICALIZATION)),
    )


def _check_target(root: etree._Element, target: str) -> None:
    identifier = root.get("ID", "")
    if not identifier or target != "#" + identifier:
        raise _refused(
            "signature_elsewhere", "The signature covers something else than this message."
        )
    bearers = sum(
        value == identifier
        for element in root.iter(etree.Element)
        for name, value in element.items()
        if etree.QName(name).localname.lower() in _ID_NAMES
    )
    if bearers != 1:
        raise _refused("signature_elsewhere", "Two parts of the message bear the signed ID.")


def _transform_prefixes(transforms: etree._Element) -> list[str]:
    """SAML core §5.4.4 knows these two transforms; here exactly these, in the order that works."""
    _children(transforms, _TRANSFORM, _TRANSFORM)
    enveloped, exclusive = transforms
    if enveloped.get("Algorithm") != uris.ENVELOPED or len(enveloped):
        raise _refused("signature_malformed", "The first transform must be enveloped-signature.")
    return _canonical_prefixes(exclusive)


def _canonical_prefixes(method: etree._Element) -> list[str]:
    _algorithm(method, _CANONICAL.__contains__)
    if not len(method):
        return []
    _children(method, _PREFIXES)
    return method[0].get("PrefixList", "").split()


def _without_signature(root: etree._Element) -> etree._Element:
    """A copy of `root` without its signature, white space around it kept (it is covered too)."""
    copy = _alone(root)
    signature = _only(copy, SIGNATURE)
    tail, before = signature.tail or "", signature.getprevious()
    if before is None:
        copy.text = (copy.text or "") + tail
    else:
        before.tail = (before.tail or "") + tail
    copy.remove(signature)
    return copy


def _alone(element: etree._Element) -> etree._Element:
    """The element as a document of its own that declares every namespace in scope."""
    return safexml.again(etree.tostring(element, with_tail=False))


def _children(parent: etree._Element, *expected: str, optional: str = "") -> None:
    found = [child.tag for child in parent]
    if optional and found[-1:] == [optional]:
        found.pop()
    if found != list(expected):
        name = etree.QName(parent).localname
        raise _refused("signature_malformed", f"The signature's {name} has unexpected parts.")


def _only(parent: etree._Element, tag: str) -> etree._Element:
    found = parent.find(tag)
    if found is None:
        raise _refused("signature_malformed", "A part of the signature is missing.")
    return found


def _algorithm(element: etree._Element, accepted: Callable[[str], bool]) -> str:
    name = element.get("Algorithm", "")
    if not accepted(name):
        raise _refused("signature_algorithm", f"The algorithm {name[:200]!r} is not accepted.")
    return name


def _binary(element: etree._Element) -> bytes:
    """Base64 text and nothing but text (CVE-2025-29775 hid another digest in child nodes)."""
    if len(element):
        raise _refused("signature_malformed", "A value of the signature has parts inside.")
    try:
        return b64decode("".join((element.text or "").split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _refused("signature_malformed", "A value of the signature is not base64.") from error


def _refused(code: str, sentence: str) -> SignatureRefused:
    return SignatureRefused(code, sentence)
