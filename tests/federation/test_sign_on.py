"""A whole sign-on, from the partner's request to the form that the browser posts back."""

import pytest
from lxml import etree

from idp import clock
from idp.directory import queries
from idp.federation import nameid, uris
from idp.federation.release import Rule
from tests.federation import partners
from tests.federation.partners import (
    ACS,
    ENTITY,
    IDP,
    NS,
    context_wish,
    der_text,
    request,
    sp_metadata,
)
from tests.federation.site import (
    Site,
    assertion_of,
    attributes_of,
    form_of,
    last_audit,
    resume_address,
)

RESUME = "/federation/resume/"


@pytest.fixture
def signed_in(registered) -> Site:
    registered.sign_in()
    return registered


@pytest.mark.parametrize("binding", ["send", "post"])
def test_signed_in_person_is_carried_to_the_partner(signed_in, binding):
    answer = getattr(signed_in, binding)(request(), "ss:mem:1")

    posted = form_of(answer)
    assert (posted.action, posted.relay_state) == (ACS, "ss:mem:1")
    attributes = attributes_of(assertion_of(answer))
    assert attributes["uid"] == ["zoe@contoso.example"]
    assert attributes["isMemberOf"] == ["Optics"]
    assert attributes["subject-id"] == [f"{signed_in.user_id}@contoso.example"]


def test_answer_is_doubly_signed_by_default(signed_in, ours):
    root = etree.fromstring(form_of(signed_in.send(request())).response)

    partners.foreign_verify(root, ours)
    partners.foreign_verify(root.find("saml:Assertion", NS), ours)


def test_partner_with_a_key_receives_an_encrypted_assertion(site, theirs):
    site.register(sp_metadata(encryption=der_text(theirs)))
    site.sign_in()

    posted = form_of(site.send(request()))

    assert b"zoe@contoso.example" not in posted.response
    opened = partners.foreign_decrypt(etree.fromstring(posted.response), theirs)
    assert attributes_of(opened)["mail"] == ["zoe@contoso.example"]


def test_answer_without_relay_state_sends_none(signed_in):
    assert form_of(signed_in.send(request())).relay_state is None


def test_stranger_signs_in_first_and_is_brought_back(registered):
    parked = registered.send(request(), "ss:mem:1")
    assert parked.location.startswith("/sign-in?")
    assert resume_address(parked).startswith(RESUME)

    registered.sign_in()
    posted = form_of(registered.get(resume_address(parked)))

    assert (posted.action, posted.relay_state) == (ACS, "ss:mem:1")
    assert etree.fromstring(posted.response).get("InResponseTo") == "_request1"


def test_posted_request_without_a_cookie_goes_through_the_resume_address(registered):
    """A form of another site brings no Lax cookie: the redirect afterwards does."""
    answer = registered.post(request())

    assert answer.status_code == 303
    assert answer.location.startswith(RESUME)
    registered.sign_in()
    assert form_of(registered.get(answer.location)).action == ACS


def test_parked_request_waits_for_its_person(registered):
    address = resume_address(registered.send(request()))

    again = registered.get(address)

    assert (again.status_code, resume_address(again)) == (303, address)


def test_parked_request_works_once(registered):
    address = resume_address(registered.send(request()))
    registered.sign_in()
    registered.get(address)

    second = registered.get(address)

    assert (second.status_code, "request_gone" in second.text) == (400, True)


def test_two_tabs_wait_side_by_side(registered):
    first = resume_address(registered.send(request(ID="_one")))
    second = resume_address(registered.send(request(ID="_two")))
    registered.sign_in()

    answers = [etree.fromstring(form_of(registered.get(a)).response) for a in (second, first)]

    assert [a.get("InResponseTo") for a in answers] == ["_two", "_one"]


def test_unknown_resume_address_is_refused(registered):
    assert registered.get(RESUME + "nonsense").status_code == 400


def test_forced_sign_in_asks_somebody_who_is_signed_in(signed_in):
    answer = signed_in.send(request(ForceAuthn="true"))

    assert answer.status_code == 303
    assert "fresh=1" in answer.location


def test_forced_sign_in_is_satisfied_by_a_new_one_only(signed_in):
    address = resume_address(signed_in.send(request(ForceAuthn="true")))
    assert signed_in.get(address).status_code == 303
    before = clock.now()

    signed_in.sign_in()
    assertion = assertion_of(signed_in.get(address))

    assert assertion.find("saml:AuthnStatement", NS).get("AuthnInstant") >= clock.rfc3339(before)


def test_endpoint_is_chosen_by_index(site):
    post = f'<md:AssertionConsumerService Binding="{uris.BINDING_POST}" '
    acs = f'{post} index="1" Location="{ACS}"/>{post} index="7" Location="{ACS}/seven"/>'
    site.register(sp_metadata(acs=acs))
    site.sign_in()
    asked = request(AssertionConsumerServiceURL=None, AssertionConsumerServiceIndex="7")

    assert form_of(site.send(asked)).action == f"{ACS}/seven"


def test_request_without_an_endpoint_gets_the_default(signed_in):
    assert form_of(signed_in.send(request(AssertionConsumerServiceURL=None))).action == ACS


def test_request_without_a_destination_is_answered_when_unsigned(signed_in):
    assert form_of(signed_in.send(request(Destination=None))).action == ACS


@pytest.mark.parametrize(
    "format_", [uris.NAMEID_PERSISTENT, uris.NAMEID_TRANSIENT, uris.NAMEID_EMAIL]
)
def test_asked_name_format_is_sent(signed_in, format_):
    policy = f'<samlp:NameIDPolicy Format="{format_}" AllowCreate="true"/>'

    name = assertion_of(signed_in.send(request(inner=policy))).find(".//saml:NameID", NS)

    assert name.get("Format") == format_


def test_persistent_name_is_derived_from_the_organizations_salt(signed_in):
    name = assertion_of(signed_in.send(request())).findtext(".//saml:NameID", None, NS)

    with signed_in.app.app_context():
        salt = queries.pairwise_salt(signed_in.org_id)
    assert name == nameid.pairwise(signed_in.user_id, ENTITY, salt)


def test_partner_receives_only_what_is_mapped_for_it(site):
    site.register(mapping=(Rule("email", "mail", "emails.value"),))
    site.sign_in()

    assertion = assertion_of(site.send(request()))

    assert attributes_of(assertion) == {"mail": ["zoe@contoso.example"]}


def test_exact_context_is_answered_with_it(signed_in):
    wish = context_wish("exact", uris.CONTEXT_PASSWORD)

    assertion = assertion_of(signed_in.send(request(inner=wish)))

    assert assertion.findtext(".//saml:AuthnContextClassRef", None, NS) == uris.CONTEXT_PASSWORD


def test_somebody_who_came_by_a_link_is_asked_for_a_password_where_it_matters(registered):
    registered.sign_in("link")
    wish = context_wish("exact", uris.CONTEXT_PASSWORD_TLS)

    address = resume_address(registered.send(request(inner=wish)))
    registered.sign_in("password")

    assert assertion_of(registered.get(address)) is not None


def test_only_the_answers_page_may_post_to_the_partner(signed_in):
    answer = signed_in.send(request())

    policy = answer.headers["Content-Security-Policy"]
    assert "form-action 'self' https: https://sp.example" in policy
    assert "<script>" not in answer.text
    assert 'type="submit"' in answer.text
    with signed_in.get("/federation/static/post.js") as script:
        assert script.status_code == 200


def test_metadata_is_served_with_its_own_address_as_name(registered, ours):
    answer = registered.get("/saml/contoso/metadata")

    root = etree.fromstring(answer.data)
    assert (answer.mimetype, root.get("entityID")) == ("application/samlmetadata+xml", IDP)
    partners.foreign_verify(root, ours)


def test_metadata_of_an_unknown_organization_is_not_found(registered):
    assert registered.get("/saml/nobody/metadata").status_code == 404


def test_sign_on_is_recorded_with_the_partner(signed_in):
    signed_in.send(request())

    entry = last_audit(signed_in)

    assert (entry.action, entry.door) == ("partner.signed_in", "saml")
    assert (entry.actor_id, entry.target_id) == (signed_in.user_id, signed_in.user_id)
    assert entry.related_id == signed_in.partner_id
