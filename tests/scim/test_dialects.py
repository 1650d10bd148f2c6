"""What real clients send, shape by shape (the table of client quirks), straightened and noted."""

import json
from typing import Any

import pytest

from idp.directory.attributes import ENTERPRISE_SCHEMA
from scim.dialects import PROFILES
from scim.operations import read_operations
from scim.patch import patched
from scim.reading import read_resource
from tests.scim.language import BADGE, language, refusal

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
JOE: dict[str, Any] = {"userName": "joe", "active": True, "displayName": "Joe"}


def patch(*operations: dict[str, Any], profile: str = "rfc") -> dict[str, Any]:
    said = language(profile=profile)
    body = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": list(operations),
    }
    record = patched(JOE, read_operations(body, said), strict=said.tolerance.strict)
    assert said.tolerance.notes, "a foreign shape is noted"
    return {k: v for k, v in record.items() if JOE.get(k) != v}


def put(body: dict[str, Any], kind: str = "User", profile: str = "rfc") -> dict[str, Any]:
    said = language(kind, profile)
    record = read_resource(body, said)
    assert said.tolerance.notes, "a foreign shape is noted"
    return record


def work_mail(value: str) -> list[dict[str, str]]:
    return [{"type": "work", "value": value}]


ENTRA_PATCHES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "capitalised_op_and_text_boolean": (
        {"op": "Replace", "path": "active", "value": "False"},
        {"active": False},
    ),
    "mail_that_is_not_there_yet": (
        {"op": "Add", "path": 'emails[type eq "work"].value', "value": "j@x"},
        {"emails": work_mail("j@x")},
    ),
    "replaced_mail_that_is_not_there_yet": (
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "j@x"},
        {"emails": work_mail("j@x")},
    ),
    "address_part_that_is_not_there_yet": (
        {"op": "Add", "path": 'addresses[type eq "work"].postalCode', "value": "8000"},
        {"addresses": [{"type": "work", "postalCode": "8000"}]},
    ),
    "primary_role_with_text_boolean": (
        {"op": "Add", "path": 'roles[primary eq "True"].value', "value": "admin"},
        {"roles": [{"primary": True, "value": "admin"}]},
    ),
    "bare_manager": (
        {"op": "Add", "path": f"{ENTERPRISE_SCHEMA}:manager", "value": "boss"},
        {ENTERPRISE_SCHEMA: {"manager": {"value": "boss"}}},
    ),
    "manager_without_urn": (
        {"op": "Add", "path": "manager", "value": "boss"},
        {ENTERPRISE_SCHEMA: {"manager": {"value": "boss"}}},
    ),
    "empty_manager_is_removed": (
        {"op": "Replace", "path": f"{ENTERPRISE_SCHEMA}:manager", "value": ""},
        {},
    ),
    "role_as_json_in_a_string": (
        {
            "op": "Add",
            "path": "roles",
            "value": [{"value": json.dumps({"id": "1", "value": "Admin", "displayName": "The A"})}],
        },
        {"roles": [{"value": "Admin", "display": "The A"}]},
    ),
    "dotted_and_urn_keys": (
        {
            "op": "replace",
            "value": {
                "displayName": "B",
                "name.givenName": "K",
                f"{ENTERPRISE_SCHEMA}:employeeNumber": "A",
                'emails[type eq "work"].value': "k@x",
            },
        },
        {
            "displayName": "B",
            "name": {"givenName": "K"},
            ENTERPRISE_SCHEMA: {"employeeNumber": "A"},
            "emails": work_mail("k@x"),
        },
    ),
}


@pytest.mark.parametrize("case", ENTRA_PATCHES)
def test_entra_patch(case: str) -> None:
    operation, wanted = ENTRA_PATCHES[case]

    assert patch(operation) == wanted


def test_entra_removes_only_the_values_it_names() -> None:
    said = language()
    record = {**JOE, "emails": [{"value": "a", "type": "work"}, {"value": "b"}]}
    operation = {"op": "Remove", "path": "emails", "value": [{"$ref": None, "value": "a"}]}

    after = patched(record, read_operations({"Operations": [operation]}, said))

    assert after["emails"] == [{"value": "b"}]


def test_validator_sends_no_operations_and_nothing_changes() -> None:
    assert patch() == {}


def test_okta_deactivates_without_a_path() -> None:
    said = language(profile="okta")
    operations = read_operations(
        {"Operations": [{"op": "replace", "value": {"active": False}}]}, said
    )

    assert patched(JOE, operations)["active"] is False


def test_okta_repeats_the_id_of_a_group_and_it_is_ignored() -> None:
    said = language("Group", "okta")
    operation = {"op": "replace", "value": {"id": "g", "displayName": "n"}}

    read = read_operations({"Operations": [operation]}, said)

    assert patched({"displayName": "old"}, read) == {"displayName": "n"}


CREATES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "entra_text_boolean": ({"schemas": [USER], "active": "True"}, {"active": True}),
    "validator_text_primary": (
        {"schemas": [USER], "emails": [{"value": "a", "primary": "true"}]},
        {"emails": [{"value": "a", "primary": True}]},
    ),
    "validator_bare_manager": (
        {"schemas": [USER], ENTERPRISE_SCHEMA: {"manager": "boss"}},
        {ENTERPRISE_SCHEMA: {"manager": {"value": "boss"}}},
    ),
    "onelogin_1x_urns": (
        {
            "schemas": [
                "urn:scim:schemas:core:2.0",
                "urn:scim:schemas:extension:enterprise:2.0",
            ],
            "id": None,
            "title": "x",
            "urn:scim:schemas:extension:enterprise:2.0": {"manager": {"managerId": "boss"}},
        },
        {"title": "x", ENTERPRISE_SCHEMA: {"manager": {"value": "boss"}}},
    ),
    "hr_numbers_for_text": (
        {"schemas": [USER], ENTERPRISE_SCHEMA: {"employeeNumber": 701984}},
        {ENTERPRISE_SCHEMA: {"employeeNumber": "701984"}},
    ),
    "unknown_attributes": (
        {"schemas": [USER], "title": "x", "shoeSize": 43, "emails": [{"value": "a", "colour": 1}]},
        {"title": "x", "emails": [{"value": "a"}]},
    ),
    "single_value_for_a_list": (
        {"schemas": [USER], "emails": {"value": "a"}},
        {"emails": [{"value": "a"}]},
    ),
    "plain_strings_for_values": (
        {"schemas": [USER], "emails": ["a@x"]},
        {"emails": [{"value": "a@x"}]},
    ),
    "dotted_keys": (
        {"schemas": [USER], "name.givenName": "K", "name": {"familyName": "L"}},
        {"name": {"givenName": "K", "familyName": "L"}},
    ),
    "no_schemas": ({"title": "x"}, {"title": "x"}),
}


@pytest.mark.parametrize("case", CREATES)
def test_create_of_a_real_client(case: str) -> None:
    body, wanted = CREATES[case]

    assert put(body) == wanted


def test_entra_group_with_adscim_schema_is_read() -> None:
    adscim = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
    body = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group", adscim],
        "displayName": "Sales",
        "members": [{"$ref": None, "value": "u"}],
    }

    assert put(body, "Group") == {"displayName": "Sales", "members": [{"value": "u"}]}


def test_extension_that_schemas_does_not_list_is_read() -> None:
    body = {"schemas": [USER], "userName": "x", BADGE: {"floor": 2}, "roles": []}

    assert read_resource(body, language()) == {"userName": "x", BADGE: {"floor": 2}}


def test_schemas_inside_an_extension_say_nothing() -> None:
    body = {"schemas": [USER], BADGE: {"schemas": [BADGE], "floor": 2}}
    operation = {"op": "add", "path": BADGE, "value": {"schemas": [BADGE], "floor": 3}}
    said = language()

    assert read_resource(body, said) == {BADGE: {"floor": 2}}
    patched_record = patched({}, read_operations({"Operations": [operation]}, language()))
    assert patched_record == {BADGE: {"floor": 3}}
    assert said.tolerance.notes == []


def test_last_of_two_primary_values_wins_for_ping() -> None:
    mails = [{"value": "a", "primary": True}, {"value": "b", "primary": True}]

    record = put({"schemas": [USER], "emails": mails}, profile="ping")

    assert [mail["primary"] for mail in record["emails"]] == [False, True]


def test_standard_body_needs_no_forgiveness() -> None:
    said = language()
    body = {
        "schemas": [USER, ENTERPRISE_SCHEMA],
        "id": "ignored",
        "externalId": "7",
        "userName": "x",
        "groups": [{"value": "ignored"}],
        "meta": {"version": "ignored"},
        "nickName": None,
        "name": {"givenName": "G", "familyName": ""},
        ENTERPRISE_SCHEMA.upper(): {"manager": {"value": "b", "displayName": "ignored"}},
    }

    assert read_resource(body, said) == {
        "externalId": "7",
        "userName": "x",
        "name": {"givenName": "G"},
        ENTERPRISE_SCHEMA: {"manager": {"value": "b"}},
    }
    assert said.tolerance.notes == []


@pytest.mark.parametrize("case", [c for c in ENTRA_PATCHES if c != "empty_manager_is_removed"])
def test_strict_profile_refuses_the_patch(case: str) -> None:
    status, _scim_type = refusal(patch, ENTRA_PATCHES[case][0], profile="strict")

    assert status == 400


@pytest.mark.parametrize("case", CREATES)
def test_strict_profile_refuses_the_body(case: str) -> None:
    status, _scim_type = refusal(put, CREATES[case][0], profile="strict")

    assert status == 400


@pytest.mark.parametrize("profile", [p for p in PROFILES if p != "strict"])
def test_every_other_profile_takes_what_has_one_meaning(profile: str) -> None:
    assert patch({"op": "Replace", "path": "active", "value": "False"}, profile=profile) == {
        "active": False
    }


WRONG = {
    "boolean": {"active": "perhaps"},
    "number_for_boolean": {"active": 1},
    "object_for_text": {"title": {"a": 1}},
    "list_for_text": {"title": ["a"]},
    "boolean_for_text": {"title": True},
    "text_for_complex": {"name": "Joe"},
    "list_for_complex": {"name": [1]},
    "number_for_value": {"emails": [7]},
    "list_in_list": {"emails": [["a"]]},
    "text_for_extension": {ENTERPRISE_SCHEMA: "x"},
    "text_for_integer": {BADGE: {"floor": "high"}},
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_type_is_refused(case: str) -> None:
    body = {"schemas": [USER], **WRONG[case]}

    assert refusal(read_resource, body, language()) == (400, "invalidValue")


@pytest.mark.parametrize("schemas", ["x", 7, [7], {}])
def test_schemas_must_be_a_list_of_urns(schemas: Any) -> None:
    assert refusal(read_resource, {"schemas": schemas}, language()) == (400, "invalidSyntax")
