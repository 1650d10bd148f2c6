"""Our answers, read by programs that we did not write: python-xmlsec and pysaml2."""

import gc
import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from lxml import etree
from saml2.response import StatusError, VerificationError
from saml2.sigver import SignatureError

from idp.federation import keys, pysaml, response, uris, xmlenc
from idp.federation.nameid import NameId
from idp.federation.partner import EncryptionKey
from idp.federation.release import Released
from idp.federation.response import Protection
from tests.federation import partners
from tests.federation.partners import IDP, NS, SSO, der_text, public
from tests.federation.pysaml_sp import Reader

NASTY = "</saml:AttributeValue><evil a='1'>&amp; \"<!-- --> ]]> \x00\x1f \ud800"
CONTEXT_PATH = "saml:AuthnStatement/saml:AuthnContext/saml:AuthnContextClassRef"


@pytest.fixture
def reader(tmp_path, theirs, ours, our_key) -> Iterator[Reader]:
    own = pysaml.OwnDescription(IDP, SSO, "Contoso", ["contoso.example"], [der_text(ours)])
    yield Reader(tmp_path, theirs, pysaml.write_own(own, our_key))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # pysaml2 leaves its own files open
        gc.collect()


@pytest.fixture
def encrypt_to(theirs):
    return public(theirs), xmlenc.choose(EncryptionKey(""))


def test_pysaml2_reads_a_doubly_signed_answer(reader, envelope, sign_on, our_key):
    answer = response.success(envelope, sign_on, Protection(our_key))

    read = reader.read(answer)

    assert read.ava["mail"] == ["zoe@contoso.example"]
    assert read.name_id.text == "zoe@contoso.example"
    assert read.authn_info()[0][0] == uris.CONTEXT_PASSWORD_TLS


def test_pysaml2_reads_an_encrypted_answer(reader, envelope, sign_on, our_key, encrypt_to):
    answer = response.success(envelope, sign_on, Protection(our_key, encrypt_to=encrypt_to))

    assert reader.read(answer).ava["mail"] == ["zoe@contoso.example"]
    assert b"zoe@contoso.example" not in answer


def test_pysaml2_refuses_a_changed_answer(reader, envelope, sign_on, our_key):
    answer = response.success(envelope, sign_on, Protection(our_key))

    with pytest.raises(SignatureError):
        reader.read(answer.replace(b"zoe@contoso", b"eve@contoso"))


def test_pysaml2_refuses_a_late_answer(reader, envelope, sign_on, our_key):
    hour = timedelta(hours=1)
    late = replace(envelope, now=envelope.now - hour, until=envelope.until - hour)

    with pytest.raises(VerificationError):
        reader.read(response.success(late, sign_on, Protection(our_key)))


def test_pysaml2_understands_our_refusal(reader, envelope, our_key):
    statuses = (uris.STATUS_RESPONDER, uris.STATUS_REQUEST_DENIED)
    answer = response.refusal(envelope, statuses, "The account is disabled.", our_key)

    with pytest.raises(StatusError, match="The account is disabled"):
        reader.read(answer)


@pytest.mark.parametrize("wanted", [(True, True), (True, False), (False, True)])
def test_each_wanted_signature_is_there_and_right(envelope, sign_on, ours, our_key, wanted):
    answer = etree.fromstring(response.success(envelope, sign_on, Protection(our_key, *wanted)))

    for element, is_wanted in zip((answer, answer.find("saml:Assertion", NS)), wanted, strict=True):
        assert (element.find("ds:Signature", NS) is not None) == is_wanted
        if is_wanted:
            partners.foreign_verify(element, ours)


def test_an_answer_is_never_wholly_unsigned(envelope, sign_on, ours, our_key):
    protection = Protection(our_key, sign_response=False, sign_assertion=False)

    partners.foreign_verify(etree.fromstring(response.success(envelope, sign_on, protection)), ours)


def test_encrypted_assertion_is_signed_inside(envelope, sign_on, ours, theirs, encrypt_to):
    protection = Protection(keys.load(ours.private_pem, ours.cert_pem), encrypt_to=encrypt_to)
    answer = etree.fromstring(response.success(envelope, sign_on, protection))

    assertion = partners.foreign_decrypt(answer, theirs)

    partners.foreign_verify(assertion, ours)


def test_answer_says_whom_it_is_for(envelope, sign_on, our_key):
    answer = etree.fromstring(response.success(envelope, sign_on, Protection(our_key)))
    assertion = answer.find("saml:Assertion", NS)
    data = assertion.find(".//saml:SubjectConfirmationData", NS)

    assert (answer.get("Destination"), answer.get("InResponseTo")) == (partners.ACS, "_request1")
    assert (data.get("Recipient"), data.get("InResponseTo")) == (partners.ACS, "_request1")
    assert data.get("NotBefore") is None
    assert assertion.findtext(".//saml:Audience", None, NS) == partners.ENTITY
    assert (
        assertion.findtext("saml:Issuer", None, NS)
        == answer.findtext("saml:Issuer", None, NS)
        == IDP
    )
    assert assertion.findtext(CONTEXT_PATH, None, NS) == sign_on.context


def test_parts_come_in_the_order_of_the_schema(envelope, sign_on, our_key):
    answer = etree.fromstring(response.success(envelope, sign_on, Protection(our_key)))

    names = [etree.QName(e).localname for e in answer]
    assert names == ["Issuer", "Signature", "Status", "Assertion"]
    inside = [etree.QName(e).localname for e in answer[3]]
    assert inside == [
        "Issuer",
        "Signature",
        "Subject",
        "Conditions",
        "AuthnStatement",
        "AttributeStatement",
    ]


def test_markup_in_values_stays_text(reader, envelope, sign_on, our_key):
    """A person's name is whatever HR sends; it must never become markup (fox-it, IdP injection)."""
    nasty = replace(
        sign_on,
        name_id=NameId(uris.NAMEID_UNSPECIFIED, NASTY),
        attributes=(Released("urn:x", NASTY, (NASTY, "x" * 10_000)),),
    )

    read = reader.read(response.success(envelope, nasty, Protection(our_key)))

    shown = NASTY.replace("\x00", "\ufffd").replace("\x1f", "\ufffd").replace("\ud800", "\ufffd")
    assert read.name_id.text == shown
    assert read.ava["urn:x"] == [shown, "x" * 10_000]


def test_name_that_is_no_uri_is_sent_as_basic(envelope, sign_on, our_key):
    plain = replace(sign_on, attributes=(Released("email", "", ("a@b",)),))

    answer = etree.fromstring(response.success(envelope, plain, Protection(our_key)))

    attribute = answer.find(".//saml:Attribute", NS)
    assert attribute.get("NameFormat") == uris.ATTRNAME_BASIC
    assert attribute.get("FriendlyName") is None


def test_person_without_attributes_gets_no_empty_statement(envelope, sign_on, our_key):
    answer = response.success(envelope, replace(sign_on, attributes=()), Protection(our_key))

    assert b"AttributeStatement" not in answer
