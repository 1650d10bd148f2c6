"""What we sign, others verify; what others sign, we verify."""

import pytest
import xmlsec
from lxml import etree

from idp.federation import keys, safexml, xmlsig
from tests.federation import partners
from tests.federation.partners import NS, made_key, public, request, signed_inside

EC = made_key("Elliptic", keys.EC_P256)


@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
def test_xmlsec_accepts_our_signature(algorithm):
    made = made_key("signer", algorithm)
    root = etree.fromstring(request())

    xmlsig.sign(root, keys.load(made.private_pem, made.cert_pem))

    partners.foreign_verify(etree.fromstring(etree.tostring(root)), made)


def test_xmlsec_refuses_our_signature_after_a_change(ours, our_key):
    root = etree.fromstring(request())
    xmlsig.sign(root, our_key)
    changed = etree.tostring(root).replace(b"sp.example", b"sp.examp1e")

    with pytest.raises(xmlsec.Error):
        partners.foreign_verify(etree.fromstring(changed), ours)


def test_signature_goes_right_after_the_issuer(our_key):
    root = etree.fromstring(request(inner="<samlp:NameIDPolicy/>"))

    xmlsig.sign(root, our_key)

    names = [etree.QName(child).localname for child in root]
    assert names == ["Issuer", "Signature", "NameIDPolicy"]


def test_signature_holds_when_the_element_has_another_prefix_for_it(ours, our_key):
    root = etree.fromstring(f'<x ID="_1" xmlns:sig="{NS["ds"]}"><sig:KeyInfo/></x>')

    xmlsig.sign(root, our_key)

    partners.foreign_verify(etree.fromstring(etree.tostring(root)), ours)


def test_only_a_root_is_signed(our_key):
    parent = etree.fromstring('<a><b ID="_1"/></a>')

    with pytest.raises(ValueError, match="before it is put into another"):
        xmlsig.sign(parent[0], our_key)


@pytest.mark.parametrize("algorithm", ["RSA_SHA256", "RSA_SHA384", "RSA_SHA512"])
def test_their_rsa_signature_is_accepted(theirs, algorithm):
    root = safexml.parse(signed_inside(request(), theirs, algorithm))

    assert xmlsig.verify(root, [public(theirs)]).get("ID") == "_request1"


@pytest.mark.parametrize("algorithm", ["ECDSA_SHA256", "ECDSA_SHA384", "ECDSA_SHA512"])
def test_their_elliptic_signature_is_accepted(algorithm):
    root = safexml.parse(signed_inside(request(), EC, algorithm))

    assert xmlsig.verify(root, [public(EC)]).get("ID") == "_request1"


def test_second_of_two_registered_keys_is_accepted(theirs, strangers):
    root = safexml.parse(signed_inside(request(), theirs))

    assert xmlsig.verify(root, [public(strangers), public(theirs)]).get("ID") == "_request1"


def test_what_is_returned_holds_only_what_was_signed(theirs):
    root = safexml.parse(signed_inside(request(), theirs))

    verified = xmlsig.verify(root, [public(theirs)])

    assert verified.find("ds:Signature", NS) is None
    assert verified is not root


def test_white_space_around_the_signature_is_covered(theirs):
    spaced = request().replace("</saml:Issuer>", "</saml:Issuer>\n  ")
    root = safexml.parse(signed_inside(spaced, theirs))

    assert xmlsig.verify(root, [public(theirs)]) is not None


def test_inclusive_prefixes_are_honoured(theirs):
    """Java and .NET name prefixes that occur only inside values (exclusive c14n §2.1)."""
    xml = request().replace("<samlp:AuthnRequest ", '<samlp:AuthnRequest xmlns:xs="urn:xs" ', 1)
    signed = with_prefix_list(xml, theirs, "xs")

    assert xmlsig.verify(safexml.parse(signed), [public(theirs)]) is not None


def with_prefix_list(xml: str, key: keys.GeneratedKey, prefixes: str) -> bytes:
    """Sign with an InclusiveNamespaces list on the reference's canonicalization."""
    root = etree.fromstring(xml)
    transforms = xmlsec.Transform
    node = xmlsec.template.create(root, transforms.EXCL_C14N, transforms.RSA_SHA256, ns="ds")
    root.insert(1, node)
    reference = xmlsec.template.add_reference(node, transforms.SHA256, uri="#" + root.get("ID"))
    xmlsec.template.add_transform(reference, transforms.ENVELOPED)
    exclusive = xmlsec.template.add_transform(reference, transforms.EXCL_C14N)
    etree.SubElement(exclusive, xmlsig._PREFIXES, PrefixList=prefixes)
    xmlsec.tree.add_ids(root, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(key.private_pem, xmlsec.KeyFormat.PEM)
    context.sign(node)
    return etree.tostring(root)
