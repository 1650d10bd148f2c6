"""Each of these was a way into somebody's product; the verifier refuses them all."""

import copy
import hashlib
import hmac
from base64 import b64decode, b64encode

import pytest
import xmlsec
from lxml import etree

from idp.federation import safexml, uris, xmlsig
from idp.federation.errors import SignatureRefused
from tests.federation.partners import NS, der_text, public, request, signed_inside


@pytest.fixture
def signed(theirs) -> etree._Element:
    return safexml.parse(signed_inside(request(), theirs))


def refusal(root: etree._Element, *trusted) -> str:
    """The code with which the verifier refuses what a sender would post."""
    sent = safexml.parse(etree.tostring(root))
    with pytest.raises(SignatureRefused) as refused:
        xmlsig.verify(sent, [public(key) for key in trusted])
    return refused.value.code


def part(root: etree._Element, path: str) -> etree._Element:
    found = root.find(path, NS)
    assert found is not None
    return found


def test_missing_signature(signed, theirs):
    signed.remove(part(signed, "ds:Signature"))

    assert refusal(signed, theirs) == "signature_missing"


def test_changed_message(signed, theirs):
    signed.set("AssertionConsumerServiceURL", "https://evil.example/acs")

    assert refusal(signed, theirs) == "signature_wrong"


def test_changed_signed_info(signed, theirs):
    digest = part(signed, ".//ds:DigestValue")
    digest.text = b64encode(bytes(32)).decode()

    assert refusal(signed, theirs) == "signature_wrong"


def test_key_that_the_message_brings_along(strangers, theirs):
    root = safexml.parse(signed_inside(request(), strangers))

    assert refusal(root, theirs) == "signature_wrong"


def test_two_signatures(signed, theirs):
    signed.insert(2, copy.deepcopy(part(signed, "ds:Signature")))

    assert refusal(signed, theirs) == "signature_malformed"


def wrap_in_object(root):
    """XSW: the signed original hides in ds:Object of a forged message."""
    forged = etree.fromstring(request(ID="_forged"))
    signature = part(root, "ds:Signature")
    root.remove(signature)
    etree.SubElement(signature, uris.q(uris.DS, "Object")).append(root)
    forged.insert(1, signature)
    return forged


def wrap_in_extensions(root):
    """XSW: the forged message carries the signed one, and its signature, inside."""
    forged = etree.fromstring(request(inner="<samlp:Extensions/>", ID="_forged"))
    signature = part(root, "ds:Signature")
    root.remove(signature)
    forged.insert(1, signature)
    part(forged, "samlp:Extensions").append(root)
    return forged


def wrap_with_same_id(root):
    """XSW: the forged message bears the ID of the signed one that it carries."""
    forged = wrap_in_extensions(root)
    forged.set("ID", "_request1")
    return forged


def wrap_whole(root):
    """XSW: the signed message travels whole inside an unsigned one."""
    forged = etree.fromstring(request(inner="<samlp:Extensions/>", ID="_forged"))
    part(forged, "samlp:Extensions").append(root)
    return forged


@pytest.mark.parametrize(
    "wrap, code",
    [
        (wrap_in_object, "signature_malformed"),
        (wrap_in_extensions, "signature_elsewhere"),
        (wrap_with_same_id, "signature_elsewhere"),
        (wrap_whole, "signature_missing"),
    ],
)
def test_signature_wrapping(signed, theirs, wrap, code):
    assert refusal(wrap(signed), theirs) == code


@pytest.mark.parametrize(
    "name", ["Id", "id", "ID", "AssertionID", f"{{{'http://www.w3.org/XML/1998/namespace'}}}id"]
)
def test_id_borne_twice_in_any_spelling(signed, theirs, name):
    part(signed, "saml:Issuer").set(name, "_request1")

    assert refusal(signed, theirs) == "signature_elsewhere"


@pytest.mark.parametrize("target", ["", "#", "#_other", "_request1", "#xpointer(id('_request1'))"])
def test_reference_to_something_else(signed, theirs, target):
    part(signed, ".//ds:Reference").set("URI", target)

    assert refusal(signed, theirs) == "signature_elsewhere"


@pytest.mark.parametrize(
    "path",
    [
        "ds:Signature/ds:SignedInfo",
        ".//ds:Reference",
        ".//ds:DigestValue",
        ".//ds:SignatureMethod",
        ".//ds:Transform",
    ],
)
def test_second_copy_of_a_part(signed, theirs, path):
    original = part(signed, path)
    original.addnext(copy.deepcopy(original))

    assert refusal(signed, theirs) == "signature_malformed"


@pytest.mark.parametrize("path", [".//ds:DigestValue", ".//ds:SignatureValue"])
def test_element_inside_a_value(signed, theirs, path):
    etree.SubElement(part(signed, path), "x").tail = "AAAA"

    assert refusal(signed, theirs) == "signature_malformed"


def test_comment_inside_the_digest_changes_nothing_that_is_read(signed, theirs):
    """CVE-2025-29775: two readers, two digests. We read one text, and it no longer verifies."""
    digest = part(signed, ".//ds:DigestValue")
    genuine, digest.text = digest.text, "AAAA"
    digest.append(etree.Comment(genuine))

    assert refusal(signed, theirs) == "signature_wrong"


def test_value_that_is_not_base64(signed, theirs):
    part(signed, ".//ds:SignatureValue").text = "not base64!"

    assert refusal(signed, theirs) == "signature_malformed"


def test_hmac_keyed_with_the_public_certificate(signed, theirs):
    part(signed, ".//ds:SignatureMethod").set("Algorithm", uris.DS + "hmac-sha1")
    certificate = b64decode(der_text(theirs))
    forged = hmac.digest(
        certificate, xmlsig.canonical(part(signed, ".//ds:SignedInfo")), hashlib.sha1
    )
    part(signed, ".//ds:SignatureValue").text = b64encode(forged).decode()

    assert refusal(signed, theirs) == "signature_algorithm"


@pytest.mark.parametrize("algorithm", ["RSA_SHA1", "RSA_MD5"])
def test_weak_signature_algorithm(theirs, algorithm):
    try:
        root = safexml.parse(signed_inside(request(), theirs, algorithm))
    except (AttributeError, xmlsec.Error):  # a library that no longer makes them
        root = safexml.parse(signed_inside(request(), theirs))
        part(root, ".//ds:SignatureMethod").set("Algorithm", uris.RSA_SHA1)

    assert refusal(root, theirs) == "signature_algorithm"


def test_algorithm_of_another_kind_of_key(signed, theirs):
    part(signed, ".//ds:SignatureMethod").set("Algorithm", uris.ECDSA_SHA256)

    assert refusal(signed, theirs) == "signature_wrong"


def test_weak_digest(signed, theirs):
    part(signed, ".//ds:DigestMethod").set("Algorithm", uris.SHA1)

    assert refusal(signed, theirs) == "signature_algorithm"


@pytest.mark.parametrize(
    "algorithm",
    [
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        uris.DS + "base64",
    ],
)
def test_transform_that_saml_does_not_know(signed, theirs, algorithm):
    signed.findall(".//ds:Transform", NS)[1].set("Algorithm", algorithm)

    assert refusal(signed, theirs) == "signature_algorithm"


def test_missing_exclusive_transform(signed, theirs):
    transform = signed.findall(".//ds:Transform", NS)[1]
    part(signed, ".//ds:Transforms").remove(transform)

    assert refusal(signed, theirs) == "signature_malformed"


def test_relative_namespace_cannot_canonicalize_to_nothing(theirs):
    """CVE-2025-66568: an error of canonicalization must not count as an empty, equal digest."""
    xml = request().replace(
        "<samlp:AuthnRequest ", '<samlp:AuthnRequest xmlns:r="relative" r:x="1" ', 1
    )
    root = safexml.parse(xml.encode())
    signature = etree.fromstring(signed_inside(request(), theirs)).find("ds:Signature", NS)
    root.insert(1, signature)

    assert refusal(root, theirs) in {"signature_malformed", "signature_wrong"}
