"""attributes and excludedAttributes choose what an answer shows, and what is loaded for it."""

from typing import Any

import pytest

from idp.directory.attributes import ENTERPRISE_SCHEMA
from scim.listing import read_query
from scim.projection import read_projection
from tests.scim.language import language, refusal

USER: dict[str, Any] = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE_SCHEMA],
    "id": "1",
    "externalId": "x",
    "userName": "joe",
    "name": {"givenName": "J", "familyName": "D"},
    "emails": [{"value": "a", "type": "work"}, {"type": "home"}],
    ENTERPRISE_SCHEMA: {"department": "R", "manager": {"value": "b", "displayName": "B"}},
    "meta": {"version": "1"},
}
ALWAYS = {"schemas": USER["schemas"], "id": "1"}

ONLY: dict[str, dict[str, Any]] = {
    "userName": {"userName": "joe"},
    "USERNAME": {"userName": "joe"},
    "urn:ietf:params:scim:schemas:core:2.0:User:userName": {"userName": "joe"},
    "id": {},
    "name.givenName": {"name": {"givenName": "J"}},
    "name.givenName,name": {"name": USER["name"]},
    "name,name.givenName": {"name": USER["name"]},
    "emails.value": {"emails": [{"value": "a"}]},
    "meta": {"meta": USER["meta"]},
    ENTERPRISE_SCHEMA: {ENTERPRISE_SCHEMA: USER[ENTERPRISE_SCHEMA]},
    f"{ENTERPRISE_SCHEMA}:department": {ENTERPRISE_SCHEMA: {"department": "R"}},
    f"{ENTERPRISE_SCHEMA}:manager.value": {ENTERPRISE_SCHEMA: {"manager": {"value": "b"}}},
    "nickName": {},
    "noSuchAttribute": {},
    'emails[type eq "work"]': {"emails": USER["emails"]},
    " userName , title ": {"userName": "joe"},
}


@pytest.mark.parametrize("asked", ONLY)
def test_attributes_shows_only(asked: str) -> None:
    projection = read_projection(asked.split(","), (), language())

    assert projection.apply(USER) == ALWAYS | ONLY[asked]


WITHOUT: dict[str, dict[str, Any]] = {
    "userName": {"userName": None},
    "id,schemas,externalId": {"externalId": None},
    "name.givenName": {"name": {"familyName": "D"}},
    "emails": {"emails": None},
    "emails.type": {"emails": [{"value": "a"}]},
    ENTERPRISE_SCHEMA: {ENTERPRISE_SCHEMA: None},
    f"{ENTERPRISE_SCHEMA}:manager": {ENTERPRISE_SCHEMA: {"department": "R"}},
}


@pytest.mark.parametrize("asked", WITHOUT)
def test_excluded_attributes_hides(asked: str) -> None:
    projection = read_projection((), asked.split(","), language())

    wanted = {k: v for k, v in {**USER, **WITHOUT[asked]}.items() if v is not None}
    assert projection.apply(USER) == wanted


def test_members_are_not_wanted_when_excluded() -> None:
    said = language("Group")

    assert not read_projection((), ["members"], said).shows("members")
    assert not read_projection(["displayName"], (), said).shows("members")
    assert read_projection((), ["members.display"], said).shows("members")
    assert read_projection((), (), said).shows("members")


def test_both_lists_together_are_refused() -> None:
    asked = {"attributes": "userName", "excludedAttributes": "title"}

    assert refusal(read_query, asked, language()) == (400, "invalidValue")


def test_strict_profile_refuses_an_unknown_attribute() -> None:
    said = language(profile="strict")

    assert refusal(read_projection, ["noSuchAttribute"], (), said) == (400, "invalidValue")
