"""A sound request that we will not or cannot fulfil is answered with a SAML status."""

from datetime import timedelta

import pytest
from lxml import etree

from idp import clock
from idp.changes import apply
from idp.changes.intents import AddSigningKey, CreateOrganization, CreateUser, UnblockUser
from idp.directory.actors import system_actor
from idp.federation import bindings, home, saml_accept, saml_idp, uris
from tests.federation import partners
from tests.federation.partners import ACS, context_wish, request
from tests.federation.site import PUBLIC_URL, Site, form_of, last_audit, resume_address, status_of

RESPONDER, REQUESTER = "Responder", "Requester"


@pytest.fixture
def signed_in(registered) -> Site:
    registered.sign_in()
    return registered


def test_passive_request_of_a_stranger_is_refused(registered):
    answer = registered.send(request(IsPassive="true"))

    assert status_of(answer) == (RESPONDER, "NoPassive")


def test_passive_posted_request_of_a_stranger_is_refused_after_the_detour(registered):
    detour = registered.post(request(IsPassive="true"))

    assert status_of(registered.get(detour.location)) == (RESPONDER, "NoPassive")


def test_passive_and_forced_contradict_each_other(signed_in):
    answer = signed_in.send(request(IsPassive="true", ForceAuthn="true"))

    assert status_of(answer) == (RESPONDER, "NoPassive")


def test_passive_request_of_somebody_signed_in_succeeds(signed_in):
    assert b"Assertion" in form_of(signed_in.send(request(IsPassive="true"))).response


@pytest.mark.parametrize("comparison", ["exact", "minimum"])
def test_stronger_sign_in_than_we_have_is_refused(signed_in, comparison):
    wish = context_wish(comparison, "urn:oasis:names:tc:SAML:2.0:ac:classes:Smartcard")

    assert status_of(signed_in.send(request(inner=wish))) == (RESPONDER, "NoAuthnContext")


@pytest.mark.parametrize("comparison", ["maximum", "better"])
def test_comparison_that_is_not_understood_is_refused(signed_in, comparison):
    wish = context_wish(comparison, uris.CONTEXT_PASSWORD)

    assert status_of(signed_in.send(request(inner=wish))) == (RESPONDER, "NoAuthnContext")


def test_unknown_name_format_is_refused(signed_in):
    policy = '<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos"/>'

    answer = signed_in.send(request(inner=policy))

    assert status_of(answer) == (REQUESTER, "InvalidNameIDPolicy")


def test_answer_by_another_binding_is_refused_by_post(signed_in):
    answer = signed_in.send(request(ProtocolBinding=uris.BINDING_REDIRECT))

    assert status_of(answer) == (REQUESTER, "UnsupportedBinding")
    assert form_of(answer).action == ACS


def test_request_for_somebody_else_is_refused(signed_in):
    subject = "<saml:Subject><saml:NameID>eve@contoso.example</saml:NameID></saml:Subject>"

    assert status_of(signed_in.send(request(inner=subject))) == (RESPONDER, "UnknownPrincipal")


def test_request_for_another_confirmation_is_refused(signed_in):
    method = '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"/>'
    subject = f"<saml:Subject>{method}</saml:Subject>"

    assert status_of(signed_in.send(request(inner=subject))) == (REQUESTER, "RequestUnsupported")


def test_refusal_is_signed_and_brings_the_relay_state_back(registered, ours):
    posted = form_of(registered.send(request(IsPassive="true"), "ss:mem:1"))

    partners.foreign_verify(etree.fromstring(posted.response), ours)
    assert posted.relay_state == "ss:mem:1"


def test_refusal_of_a_known_person_is_recorded(signed_in):
    signed_in.send(request(inner=context_wish("better", uris.CONTEXT_PASSWORD)))

    assert last_audit(signed_in).action == "partner.refused"


def test_refused_request_may_be_sent_again(signed_in):
    wish = context_wish("better", uris.CONTEXT_PASSWORD)

    answers = [signed_in.send(request(inner=wish)) for _ in range(2)]

    assert [status_of(answer) for answer in answers] == [(RESPONDER, "NoAuthnContext")] * 2


def test_person_of_another_organization_is_refused(registered):
    with registered.app.app_context():
        other = apply(
            CreateOrganization("Fabrikam", "fabrikam.example"), by=system_actor("")
        ).first.id
        eve = {"userName": "eve@fabrikam.example", "active": True}
        eve_id = apply(CreateUser(eve), by=system_actor(other)).first.id
    home, registered.org_id, registered.user_id = registered.org_id, other, eve_id
    registered.sign_in()
    registered.org_id = home

    assert status_of(registered.send(request())) == (RESPONDER, "AuthnFailed")


def viewer_of(site: Site, *, is_open: bool) -> saml_idp.Viewer:
    """Zoe at a browser that still holds the cookie of her session."""
    before = clock.now() - timedelta(minutes=1)
    return saml_idp.Viewer(site.org_id, site.user_id, "s1", before, None, "password", is_open)


def answer_to(site: Site, viewer: saml_idp.Viewer, **attributes: str) -> saml_idp.Answer:
    with site.app.app_context():
        here = home.find("contoso", PUBLIC_URL)
        arrival = bindings.from_post(partners.posted(request(**attributes)), "")
        return saml_idp.answer(here, saml_accept.accept(here, arrival), viewer)


@pytest.mark.parametrize("is_open", [True, False], ids=["session open", "session ended"])
@pytest.mark.parametrize("leave", [Site.block, Site.deactivate, Site.delete])
def test_leaver_whose_cookie_is_still_there_is_refused(registered, leave, is_open):
    leave(registered)

    answer = answer_to(registered, viewer_of(registered, is_open=is_open))

    assert answer.refused == "RequestDenied"


def test_ended_session_of_somebody_active_means_signing_in_again(registered):
    with pytest.raises(saml_idp.SignInNeeded):
        answer_to(registered, viewer_of(registered, is_open=False))


def test_ended_session_cannot_answer_a_passive_request(registered):
    answer = answer_to(registered, viewer_of(registered, is_open=False), IsPassive="true")

    assert answer.refused == "NoPassive"


@pytest.mark.parametrize("binding", ["send", "post"])
@pytest.mark.parametrize("leave", [Site.block, Site.deactivate])
def test_application_is_told_that_its_person_is_shut_out(signed_in, leave, binding):
    """The session ended with the person's right; the browser still has its cookie."""
    leave(signed_in)

    answer = getattr(signed_in, binding)(request())

    assert status_of(answer) == (RESPONDER, "RequestDenied")
    assert last_audit(signed_in).action == "partner.refused"


def test_person_who_is_let_in_again_has_to_sign_in_again(signed_in):
    signed_in.block()
    signed_in.change(UnblockUser(signed_in.user_id))

    assert resume_address(signed_in.send(request()))


def test_deleted_person_is_refused_with_a_status(signed_in):
    signed_in.delete()

    answer = signed_in.send(request())

    assert status_of(answer) == (RESPONDER, "RequestDenied")


def test_new_key_signs_and_old_metadata_address_serves_it(signed_in):
    fresh = partners.made_key("Next")
    signed_in.change(
        AddSigningKey(
            "saml", "rsa-2048", fresh.cert_pem, fresh.private_pem, fresh.not_after, "next"
        )
    )

    metadata = signed_in.get("/saml/contoso/metadata").text

    assert partners.der_text(fresh) in metadata
    assert partners.der_text(partners.made_key("Contoso")) in metadata
