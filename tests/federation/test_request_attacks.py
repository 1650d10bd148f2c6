"""What the request side must withstand: nothing ever goes to an address that is not registered."""

from datetime import timedelta

import pytest

from idp import clock
from idp.federation import uris
from tests.federation.partners import (
    ACS,
    SSO,
    der_text,
    long_ago,
    posted,
    request,
    signed_inside,
    signed_query,
    sp_metadata,
)
from tests.federation.site import PUBLIC_URL, Site, code_on, form_of

LOOK_ALIKES = [
    "https://evil.example/acs",
    ACS + "/",
    ACS + "?x=1",
    ACS + "#x",
    ACS + ".evil.example",
    ACS.upper(),
    ACS.replace("https://", "http://"),
    ACS.replace("sp.example", "sp.example.evil.example"),
    ACS.replace("sp.example", "sp.example@evil.example"),
    ACS.replace("sp.example", "sp.example:444"),
    ACS.replace("sp.example", "sp.example."),
    ACS.replace("/SAML2/", "/SAML2/../"),
    ACS.replace("/SAML2/", "/%53AML2/"),
    ACS.replace("https://", "https:\\\\"),
    " " + ACS,
    "javascript:alert(1)",
    "//sp.example/acs",
]


@pytest.fixture
def signed_in(registered) -> Site:
    registered.sign_in()
    return registered


@pytest.fixture
def strict(site, theirs) -> Site:
    """A partner whose metadata says that it signs its requests."""
    site.register(sp_metadata(signing=der_text(theirs), role='AuthnRequestsSigned="true"'))
    site.sign_in()
    return site


@pytest.mark.parametrize("address", LOOK_ALIKES)
def test_foreign_or_look_alike_endpoint_is_refused(signed_in, address):
    answer = signed_in.send(request(AssertionConsumerServiceURL=address))

    assert code_on(answer) == "endpoint_unknown"
    assert "Location" not in answer.headers


def test_endpoint_of_another_binding_is_refused(site):
    listed = ((uris.BINDING_POST, ACS), (uris.BINDING_REDIRECT, f"{ACS}/r"))
    tag = "md:AssertionConsumerService"
    acs = "".join(f'<{tag} index="1" Binding="{b}" Location="{at}"/>' for b, at in listed)
    site.register(sp_metadata(acs=acs))

    assert code_on(site.send(request(AssertionConsumerServiceURL=f"{ACS}/r"))) == "endpoint_unknown"


@pytest.mark.parametrize("index", ["9", "0"])
def test_unknown_endpoint_index_is_refused(signed_in, index):
    asked = request(AssertionConsumerServiceURL=None, AssertionConsumerServiceIndex=index)

    assert code_on(signed_in.send(asked)) == "endpoint_unknown"


def test_endpoint_and_index_that_disagree_are_refused(signed_in):
    assert code_on(signed_in.send(request(AssertionConsumerServiceIndex="2"))) == "endpoint_unknown"


@pytest.mark.parametrize("issuer", ["https://evil.example", "https://SP.example/shibboleth"])
def test_unknown_partner_is_refused(signed_in, issuer):
    assert code_on(signed_in.send(request(issuer=issuer))) == "partner_unknown"


def test_disabled_partner_is_refused(signed_in):
    signed_in.switch_partner_off()

    assert code_on(signed_in.send(request())) == "partner_unknown"


def test_partner_disabled_while_its_person_signs_in_is_refused(registered):
    waiting = registered.post(request())
    registered.sign_in()
    registered.switch_partner_off()

    assert code_on(registered.get(waiting.location)) == "partner_unknown"


def test_partner_whose_metadata_has_expired_is_refused(site):
    soon = clock.now() + timedelta(seconds=1)
    site.register(sp_metadata(attributes=f'validUntil="{clock.rfc3339(soon)}"'))
    clock.freeze(lambda: soon)

    try:
        assert code_on(site.send(request())) == "partner_expired"
    finally:
        clock.freeze(None)


def test_stale_request_is_refused(signed_in):
    assert code_on(signed_in.send(request(IssueInstant=long_ago()))) == "request_stale"


def test_request_from_the_future_is_refused(signed_in):
    future = clock.rfc3339(clock.now() + timedelta(minutes=6))

    assert code_on(signed_in.send(request(IssueInstant=future))) == "request_stale"


@pytest.mark.parametrize("minutes", [-4, 4])
def test_clock_that_differs_a_little_is_forgiven(signed_in, minutes):
    made = clock.rfc3339(clock.now() + timedelta(minutes=minutes))

    assert form_of(signed_in.send(request(IssueInstant=made))).action == ACS


@pytest.mark.parametrize("again", ["send", "post"])
def test_replayed_request_is_refused(signed_in, again):
    signed_in.send(request())

    assert code_on(getattr(signed_in, again)(request())) == "request_replayed"


def test_same_request_id_of_two_partners_is_no_replay(signed_in):
    other = "https://other.example/sp"
    signed_in.register(sp_metadata().replace(b"https://sp.example/shibboleth", other.encode()))
    signed_in.send(request())

    assert form_of(signed_in.send(request(issuer=other))).action == ACS


@pytest.mark.parametrize(
    "destination", ["https://evil.example/", SSO + "/", SSO.replace("contoso", "fabrikam")]
)
def test_request_meant_for_another_is_refused(signed_in, destination):
    assert code_on(signed_in.send(request(Destination=destination))) == "destination_wrong"


def test_signed_request_must_say_whom_it_is_for(strict, theirs):
    query = signed_query(request(Destination=None), theirs)

    assert code_on(strict.get(f"/saml/contoso/sso?{query}")) == "destination_wrong"


@pytest.mark.parametrize("binding", ["send", "post"])
def test_unsigned_request_is_refused_where_signing_is_required(strict, binding):
    assert code_on(getattr(strict, binding)(request())) == "signature_missing"


def test_signed_redirect_is_answered(strict, theirs):
    query = signed_query(request(), theirs, "state", lower_case_escapes=True)

    assert form_of(strict.get(f"/saml/contoso/sso?{query}")).action == ACS


def test_signed_post_is_answered(strict, theirs):
    assert form_of(strict.post(signed_inside(request(), theirs))).action == ACS


@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_strangers_signature_is_refused(strict, strangers, binding):
    if binding == "redirect":
        answer = strict.get(f"/saml/contoso/sso?{signed_query(request(), strangers)}")
    else:
        answer = strict.post(signed_inside(request(), strangers))

    assert code_on(answer) == "signature_wrong"


def test_signature_of_a_partner_without_a_key_is_refused(signed_in, theirs):
    assert code_on(signed_in.post(signed_inside(request(), theirs))) == "signature_unknown"


def test_wrapped_signature_does_not_sign_the_wrapper(strict, theirs):
    """XSW: everything is read from what was signed, so the wrapper has no say."""
    genuine = signed_inside(request(), theirs).decode()
    extensions = f"<samlp:Extensions>{genuine}</samlp:Extensions>"
    forged = request(
        inner=extensions, ID="_forged", AssertionConsumerServiceURL="https://evil.example/"
    )

    assert code_on(strict.post(forged)) == "signature_missing"


def test_another_partners_request_cannot_travel_under_a_signature(strict, theirs):
    signed = signed_inside(request(), theirs).replace(
        b"https://sp.example/shibboleth", b"https://evil.example"
    )

    assert code_on(strict.post(signed)) == "partner_unknown"


@pytest.mark.parametrize(
    "document, code",
    [
        ("<!DOCTYPE a><a/>", "xml_doctype"),
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "xml_doctype"),
        ("not xml", "xml_broken"),
        ("<a/>", "not_authn_request"),
    ],
)
def test_hostile_document_is_refused(signed_in, document, code):
    assert code_on(signed_in.send(document)) == code
    assert code_on(signed_in.post(document)) == code


@pytest.mark.parametrize(
    "query", ["", "?SAMLRequest=", "?SAMLRequest=%00", "?SAMLRequest=AAAA&SAMLRequest=BBBB"]
)
def test_damaged_address_is_refused(signed_in, query):
    assert code_on(signed_in.get("/saml/contoso/sso" + query))


def test_sso_address_of_an_unknown_organization_is_not_found(signed_in):
    assert code_on(signed_in.get("/saml/nobody/sso?SAMLRequest=x")) == "organization_unknown"


def test_relay_state_with_markup_stays_text(signed_in):
    state = '"><script>alert(1)</script>&<!--'

    assert form_of(signed_in.send(request(), state)).relay_state == state


def test_page_for_a_bad_request_names_code_and_request_id(signed_in):
    answer = signed_in.send(request(issuer="https://evil.example/&lt;script&gt;"))

    assert answer.headers["X-Request-Id"] in answer.text
    assert "<script" not in answer.text


def test_parked_request_cannot_be_used_in_another_organization(registered):
    """The key alone counts; a foreign organization's address is never looked at."""
    form = {"SAMLRequest": posted(request())}
    answer = registered.browser.post("/saml/fabrikam/sso", data=form, base_url=PUBLIC_URL)

    assert code_on(answer) == "organization_unknown"
