"""What the server says of itself is generated from the vocabulary (RFC 7644 §4)."""

from typing import Any

import pytest
from flask import Flask
from scim2_models import ListResponse, ResourceType, Schema, ServiceProviderConfig

from idp.changes import apply
from idp.changes.intents import DefineSchema
from idp.directory.attributes import ENTERPRISE_SCHEMA, GROUP_SCHEMA, USER_SCHEMA
from tests.cast import Cast
from tests.scim.conftest import Scim

BADGE = "urn:example:params:scim:schemas:extension:badge:2.0:User"


@pytest.fixture
def app(sqlite_app: Flask) -> Flask:
    """One database is enough here: none has a say in it."""
    return sqlite_app


def schema(scim: Scim, urn: str) -> dict[str, Any]:
    found = scim("GET", f"/Schemas/{urn}").json
    return {attribute["name"]: attribute for attribute in found["attributes"]}


def test_configuration_names_every_feature(scim: Scim) -> None:
    config = ServiceProviderConfig.model_validate(scim("GET", "/ServiceProviderConfig").json)

    assert config.patch.supported
    assert config.filter.supported
    assert config.etag.supported
    assert config.bulk.max_operations is not None  # authentik gives up PATCH without it


def test_configuration_tells_of_pages(scim: Scim) -> None:
    assert scim("GET", "/ServiceProviderConfig").json["pagination"] == {
        "cursor": True,
        "index": True,
        "defaultPaginationMethod": "index",
        "defaultPageSize": 100,
        "maxPageSize": 500,
        "cursorTimeout": 3600,
    }


def test_strict_profile_declares_itself_and_knows_no_password(scim: Scim, connect: Any) -> None:
    strict = connect("strict")

    assert strict("GET", "/ServiceProviderConfig").json["interopProfileConformant"] is True
    assert "password" not in schema(strict, USER_SCHEMA)
    assert "interopProfileConformant" not in scim("GET", "/ServiceProviderConfig").json
    assert "password" in schema(scim, USER_SCHEMA)


CHARACTERISTICS = ("type", "multiValued", "description", "required", "caseExact", "mutability")


def test_every_attribute_tells_every_characteristic(scim: Scim) -> None:
    listed = [a for s in scim("GET", "/Schemas").json["Resources"] for a in s["attributes"]]
    listed += [part for each in listed for part in each.get("subAttributes", [])]

    wanted = {"name", *CHARACTERISTICS, "returned", "uniqueness"}
    assert [each["name"] for each in listed if not wanted <= each.keys()] == []
    assert all(each["description"] for each in listed)


def test_discovery_takes_no_writes(scim: Scim) -> None:
    wrong = []
    for place in ("/Schemas", f"/Schemas/{USER_SCHEMA}", "/ResourceTypes", "/ResourceTypes/User"):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = scim(method, place, None if method == "DELETE" else {})
            if answer.status_code != 405 or answer.headers["Allow"] != "GET":
                wrong.append((method, place, answer.status_code))

    assert wrong == []


def test_configuration_is_readable_without_a_token(scim: Scim) -> None:
    answer = scim.client.get("/scim/v2/ServiceProviderConfig")

    assert answer.status_code == 200
    assert answer.json["authenticationSchemes"][0]["type"] == "oauthbearertoken"


def test_resource_types_name_their_schemas(scim: Scim) -> None:
    found = ListResponse[ResourceType].model_validate(scim("GET", "/ResourceTypes").json)

    assert [(t.name, str(t.schema_)) for t in found.resources] == [
        ("User", USER_SCHEMA),
        ("Group", GROUP_SCHEMA),
    ]
    assert scim("GET", "/ResourceTypes/User").json["schemaExtensions"] == [
        {"schema": ENTERPRISE_SCHEMA, "required": False}
    ]


def test_every_schema_is_listed_and_found_by_its_urn(scim: Scim) -> None:
    found = ListResponse[Schema].model_validate(scim("GET", "/Schemas").json)

    assert {s.name for s in found.resources} == {
        "User",
        "Group",
        "EnterpriseUser",
        "ServiceProviderConfig",
        "ResourceType",
        "Schema",
    }
    for each in found.resources:
        one = scim("GET", f"/Schemas/{each.id}").json
        assert Schema.model_validate(one) == each


def test_schema_tells_each_characteristic(scim: Scim) -> None:
    attributes = schema(scim, USER_SCHEMA)

    assert attributes["userName"]["uniqueness"] == "server"
    assert attributes["userName"]["required"] is True
    assert attributes["password"]["mutability"] == "writeOnly"
    assert attributes["password"]["returned"] == "never"
    assert attributes["groups"]["mutability"] == "readOnly"
    assert [s["name"] for s in attributes["emails"]["subAttributes"]] == [
        "value",
        "display",
        "type",
        "primary",
    ]


def test_own_schema_of_the_organization_is_discovered(
    scim: Scim, other: Scim, people: Cast
) -> None:
    attributes = [{"name": "badgeNumber", "type": "string", "caseExact": True}]
    apply(DefineSchema(BADGE, "Badge", attributes), by=people.operator)

    assert schema(scim, BADGE)["badgeNumber"]["caseExact"] is True
    assert other("GET", f"/Schemas/{BADGE}").status_code == 404
    extensions = scim("GET", "/ResourceTypes/User").json["schemaExtensions"]
    assert [e["schema"] for e in extensions] == [ENTERPRISE_SCHEMA, BADGE]
    assert scim.user(**{BADGE: {"badgeNumber": "7"}})[BADGE] == {"badgeNumber": "7"}


def test_own_attribute_is_returned_as_its_schema_says(scim: Scim, people: Cast) -> None:
    attributes = [
        {"name": "onRequest", "type": "string", "returned": "request"},
        {"name": "always", "type": "string", "returned": "always"},
        {"name": "plain", "type": "string"},
    ]
    apply(DefineSchema(BADGE, "Badge", attributes), by=people.operator)

    made = scim.user(**{BADGE: {"onRequest": "a", "always": "b", "plain": "c"}})

    place = f"/Users/{made['id']}"
    assert made[BADGE] == {"always": "b", "plain": "c"}
    asked = scim("GET", f"{place}?attributes={BADGE}:onRequest").json
    assert asked[BADGE] == {"onRequest": "a", "always": "b"}
    assert scim("GET", f"{place}?excludedAttributes={BADGE}:always").json[BADGE] == made[BADGE]
