"""A partner receives what is mapped, and nothing else; a name that means nothing elsewhere."""

import pytest

from idp.directory.attributes import ENTERPRISE_SCHEMA
from idp.federation import nameid, pysaml, uris
from idp.federation.authn_request import NameIdPolicy
from idp.federation.errors import Refusal
from idp.federation.partner import Terms
from idp.federation.release import DEFAULT_MAPPING, Person, Rule, release
from tests.federation.partners import ENTITY, IDP, sp_metadata

ZOE = Person(
    id="0190f5a0-0000-7000-8000-000000000001",
    record={
        "userName": "zoe@contoso.example",
        "displayName": "Zoë Ng",
        "name": {"givenName": "Zoë", "familyName": "Ng"},
        "active": True,
        "title": "",
        "emails": [{"value": "home@x.example"}, {"value": "zoe@contoso.example", "primary": True}],
        ENTERPRISE_SCHEMA: {
            "employeeNumber": "701",
            "department": "Optics",
            "manager": {"value": "m1"},
        },
        "urn:contoso:badge": {"colour": "red"},
    },
    groups=("All staff", "Optics"),
    scope="contoso.example",
)
SALT = b"s" * 32


def released(person: Person, *mapping: Rule) -> dict[str, tuple[str, ...]]:
    return {given.friendly: given.values for given in release(person, mapping or DEFAULT_MAPPING)}


def test_default_mapping_names_a_person():
    assert released(ZOE) == {
        "uid": ("zoe@contoso.example",),
        "mail": ("zoe@contoso.example",),
        "givenName": ("Zoë",),
        "sn": ("Ng",),
        "displayName": ("Zoë Ng",),
        "employeeNumber": ("701",),
        "departmentNumber": ("Optics",),
        "isMemberOf": ("All staff", "Optics"),
        "eduPersonPrincipalName": ("zoe@contoso.example",),
        "subject-id": ("0190f5a0-0000-7000-8000-000000000001@contoso.example",),
    }


def test_what_a_person_lacks_is_not_sent():
    assert released(Person("u1", {"userName": "zoe"})) == {"uid": ("zoe",)}


@pytest.mark.parametrize(
    "source, values",
    [
        ("emails.value", ("home@x.example", "zoe@contoso.example")),
        ("active", ("true",)),
        ("title", ()),
        ("nothing.here", ()),
        ("name", ()),
        (f"{ENTERPRISE_SCHEMA}:manager.value", ("m1",)),
        ("urn:contoso:badge:colour", ("red",)),
    ],
)
def test_any_path_of_the_vocabulary_can_be_mapped(source, values):
    assert released(ZOE, Rule("n", "f", source)).get("f", ()) == values


def test_stored_rule_is_read_again():
    rule = Rule("n", "f", "emails.value", "primary")

    assert Rule.from_dict(rule.to_dict() | {"novelty": 1}) == rule


def terms(*formats: str, wish: str = "") -> Terms:
    return Terms(pysaml.read_partner(sp_metadata(formats=formats)), name_id_format=wish)


@pytest.mark.parametrize(
    "asked, listed, wish, chosen",
    [
        (uris.NAMEID_TRANSIENT, (uris.NAMEID_EMAIL,), "", uris.NAMEID_TRANSIENT),
        ("", (uris.NAMEID_EMAIL,), "", uris.NAMEID_EMAIL),
        ("", ("urn:unknown", uris.NAMEID_TRANSIENT), "", uris.NAMEID_TRANSIENT),
        (uris.NAMEID_UNSPECIFIED, (uris.NAMEID_EMAIL,), "", uris.NAMEID_EMAIL),
        ("", (uris.NAMEID_EMAIL,), uris.NAMEID_UNSPECIFIED, uris.NAMEID_UNSPECIFIED),
        ("", (), "", uris.NAMEID_PERSISTENT),
    ],
)
def test_format_follows_request_then_terms_then_metadata(asked, listed, wish, chosen):
    assert nameid.choose_format(NameIdPolicy(asked), terms(*listed, wish=wish)) == chosen


@pytest.mark.parametrize(
    "policy", [NameIdPolicy("urn:unknown"), NameIdPolicy("", "https://other.example")]
)
def test_name_that_is_not_offered_is_refused(policy):
    with pytest.raises(Refusal) as refused:
        nameid.choose_format(policy, terms())

    assert (refused.value.top, refused.value.second) == (
        uris.STATUS_REQUESTER,
        uris.STATUS_INVALID_NAMEID_POLICY,
    )


def test_own_qualifier_is_accepted():
    assert nameid.choose_format(NameIdPolicy("", ENTITY), terms()) == uris.NAMEID_PERSISTENT


def made(format_: str, person: Person = ZOE) -> nameid.NameId:
    return nameid.make(format_, person, terms(), IDP, SALT)


def test_persistent_name_is_stable_pairwise_and_survives_case_folding():
    name = made(uris.NAMEID_PERSISTENT)

    assert name == made(uris.NAMEID_PERSISTENT)
    assert (name.name_qualifier, name.sp_name_qualifier) == (IDP, ENTITY)
    assert name.value == name.value.upper()
    assert name.value != nameid.pairwise(ZOE.id, "https://other.example", SALT)
    assert name.value != nameid.pairwise(ZOE.id, ENTITY, b"t" * 32)


def test_transient_name_is_new_each_time():
    assert made(uris.NAMEID_TRANSIENT).value != made(uris.NAMEID_TRANSIENT).value


def test_email_and_unspecified_names_are_the_persons_own():
    assert made(uris.NAMEID_EMAIL).value == "zoe@contoso.example"
    assert made(uris.NAMEID_UNSPECIFIED).value == "zoe@contoso.example"


def test_person_without_email_cannot_be_named_by_it():
    with pytest.raises(Refusal):
        made(uris.NAMEID_EMAIL, Person("u1", {"userName": "zoe"}))
