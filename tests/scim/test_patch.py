"""PATCH in memory: every path form, every operation, as RFC 7644 §3.5.2 says."""

from typing import Any

import pytest

from idp.directory.attributes import ENTERPRISE_SCHEMA
from scim.operations import read_operations
from scim.patch import member_change, patched
from tests.scim.language import BADGE, language, refusal

JANE: dict[str, Any] = {
    "userName": "jane@example.com",
    "name": {"familyName": "Doe", "givenName": "Jane"},
    "title": "Engineer",
    "active": True,
    "emails": [
        {"value": "jane@example.com", "type": "work", "primary": True},
        {"value": "jane@home.example", "type": "home"},
    ],
    "addresses": [
        {"type": "work", "streetAddress": "1 Way", "country": "CH", "primary": True},
        {"type": "home", "streetAddress": "2 Lane", "country": "CH"},
    ],
    ENTERPRISE_SCHEMA: {"department": "R&D", "manager": {"value": "boss"}},
}


def apply(*operations: dict[str, Any], profile: str = "rfc", to: Any = None) -> dict[str, Any]:
    said = language(profile=profile)
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}
    read = read_operations({**body, "Operations": list(operations)}, said)
    return patched(JANE if to is None else to, read, strict=said.tolerance.strict)


def op(verb: str, path: str | None = None, value: Any = ...) -> dict[str, Any]:
    made: dict[str, Any] = {"op": verb}
    if path is not None:
        made["path"] = path
    if value is not ...:
        made["value"] = value
    return made


def without(record: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}


HOME, WORK = JANE["emails"][1], JANE["emails"][0]
NEW = {"value": "j@new.example", "type": "other"}

# (operations, what differs from JANE afterwards; None = gone)
CASES: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    # --- add (§3.5.2.1)
    "add_without_path_example_of_3_5_2_1": (
        [
            op(
                "add",
                value={
                    "emails": [{"value": "babs@jensen.org", "type": "home"}],
                    "nickName": "Babs",
                },
            )
        ],
        {
            "emails": [WORK, HOME, {"value": "babs@jensen.org", "type": "home"}],
            "nickName": "Babs",
        },
    ),
    "add_singular_replaces": ([op("add", "title", "Boss")], {"title": "Boss"}),
    "add_complex_merges": (
        [op("add", "name", {"middleName": "Q"})],
        {"name": {"familyName": "Doe", "givenName": "Jane", "middleName": "Q"}},
    ),
    "add_part": (
        [op("add", "name.givenName", "J")],
        {"name": {"familyName": "Doe", "givenName": "J"}},
    ),
    "add_value_appends": ([op("add", "emails", [NEW])], {"emails": [WORK, HOME, NEW]}),
    "add_single_object_appends": ([op("add", "emails", NEW)], {"emails": [WORK, HOME, NEW]}),
    "add_existing_value_changes_nothing": (
        [op("add", "emails", [{"value": "JANE@home.example", "type": "home"}])],
        {"emails": [WORK, {"value": "JANE@home.example", "type": "home"}]},
    ),
    "add_empty_list_changes_nothing": ([op("add", "emails", [])], {}),
    "add_primary_ends_the_old_one": (
        [op("add", "emails", [{**NEW, "primary": True}])],
        {"emails": [{**WORK, "primary": False}, HOME, {**NEW, "primary": True}]},
    ),
    "add_to_extension_attribute": (
        [op("add", f"{ENTERPRISE_SCHEMA}:costCenter", "7")],
        {ENTERPRISE_SCHEMA: {**JANE[ENTERPRISE_SCHEMA], "costCenter": "7"}},
    ),
    "add_to_extension_part": (
        [op("add", f"{ENTERPRISE_SCHEMA}:manager.value", "ceo")],
        {ENTERPRISE_SCHEMA: {"department": "R&D", "manager": {"value": "ceo"}}},
    ),
    "add_bare_extension_urn": (
        [op("add", BADGE, {"floor": 3, "colours": ["red"]})],
        {BADGE: {"floor": 3, "colours": ["red"]}},
    ),
    "add_core_urn_qualified": (
        [op("add", "urn:ietf:params:scim:schemas:core:2.0:User:nickName", "J")],
        {"nickName": "J"},
    ),
    "add_to_selected_value_merges": (
        [op("add", 'emails[type eq "home"]', {"display": "Home"})],
        {"emails": [WORK, {**HOME, "display": "Home"}]},
    ),
    # --- remove (§3.5.2.2)
    "remove_attribute": ([op("remove", "title")], {"title": None}),
    "remove_part": ([op("remove", "name.givenName")], {"name": {"familyName": "Doe"}}),
    "remove_all_values": ([op("remove", "emails")], {"emails": None}),
    "remove_selected_value": ([op("remove", 'emails[type eq "home"]')], {"emails": [WORK]}),
    "remove_example_of_3_5_2_2_with_and": (
        [op("remove", 'emails[type eq "work" and value ew "example.com"]')],
        {"emails": [HOME]},
    ),
    "remove_last_selected_value_unassigns": (
        [op("remove", 'emails[value co "@"]')],
        {"emails": None},
    ),
    "remove_nothing_selected_is_no_error": ([op("remove", 'emails[type eq "x"]')], {}),
    "remove_part_of_selected_value": (
        [op("remove", 'addresses[type eq "home"].country')],
        {"addresses": [JANE["addresses"][0], {"type": "home", "streetAddress": "2 Lane"}]},
    ),
    "remove_the_value_of_a_selected_value_removes_it": (
        [op("remove", 'emails[type eq "home"].value')],
        {"emails": [WORK]},
    ),
    "remove_extension_attribute": (
        [op("remove", f"{ENTERPRISE_SCHEMA}:manager")],
        {ENTERPRISE_SCHEMA: {"department": "R&D"}},
    ),
    "remove_bare_extension_urn": ([op("remove", ENTERPRISE_SCHEMA)], {ENTERPRISE_SCHEMA: None}),
    "remove_absent_is_no_error": ([op("remove", "nickName")], {}),
    # --- replace (§3.5.2.3)
    "replace_without_path_example_of_3_5_2_3": (
        [op("replace", value={"emails": [NEW], "nickName": "Babs"})],
        {"emails": [NEW], "nickName": "Babs"},
    ),
    "replace_absent_adds": ([op("replace", "nickName", "J")], {"nickName": "J"}),
    "replace_values": ([op("replace", "emails", [NEW])], {"emails": [NEW]}),
    "replace_by_empty_list_unassigns": ([op("replace", "emails", [])], {"emails": None}),
    "replace_by_null_unassigns": ([op("replace", "title", None)], {"title": None}),
    "replace_complex_keeps_other_parts": (
        [op("replace", "name", {"familyName": "Roe"})],
        {"name": {"familyName": "Roe", "givenName": "Jane"}},
    ),
    "replace_selected_example_of_3_5_2_3": (
        [op("replace", 'addresses[type eq "work"]', {"type": "work", "streetAddress": "911 Way"})],
        {"addresses": [{"type": "work", "streetAddress": "911 Way"}, JANE["addresses"][1]]},
    ),
    "replace_part_of_selected_example_of_3_5_2_3": (
        [op("replace", 'addresses[type eq "work"].streetAddress', "1010 Broadway Ave")],
        {
            "addresses": [
                {**JANE["addresses"][0], "streetAddress": "1010 Broadway Ave"},
                JANE["addresses"][1],
            ]
        },
    ),
    "replace_primary_of_selected_ends_the_old_one": (
        [op("replace", 'emails[type eq "home"].primary', True)],
        {"emails": [{**WORK, "primary": False}, {**HOME, "primary": True}]},
    ),
    "replace_part_of_every_value": (
        [op("replace", "addresses.country", "LI")],
        {"addresses": [{**a, "country": "LI"} for a in JANE["addresses"]]},
    ),
    "replace_simple_list": (
        [op("replace", f"{BADGE}:colours", ["red"])],
        {BADGE: {"colours": ["red"]}},
    ),
    # --- order and case
    "operations_apply_in_order": (
        [op("remove", "emails"), op("add", "emails", [NEW]), op("replace", "title", "x")],
        {"emails": [NEW], "title": "x"},
    ),
    "paths_in_any_case": (
        [op("replace", "NAME.FAMILYNAME", "Roe")],
        {"name": {**JANE["name"], "familyName": "Roe"}},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_patch(case: str) -> None:
    operations, difference = CASES[case]
    wanted = {k: v for k, v in {**JANE, **difference}.items() if v is not None}

    assert apply(*operations) == wanted


def test_the_record_given_stays_as_it_is() -> None:
    apply(op("replace", "emails.type", "x"), op("remove", "name.givenName"))

    assert JANE["emails"][0]["type"] == "work"
    assert JANE["name"] == {"familyName": "Doe", "givenName": "Jane"}


REFUSALS = {
    "remove_without_path": (op("remove"), "noTarget"),
    "replace_selecting_nothing": (
        op("replace", 'emails[value sw "x"]', {"value": "y"}),
        "noTarget",
    ),
    "unknown_attribute": (op("add", "noSuch", 1), "invalidPath"),
    "unknown_part": (op("add", "name.noSuch", 1), "invalidPath"),
    "unknown_part_after_filter": (op("add", "emails[type pr].noSuch", 1), "invalidPath"),
    "unreadable_path": (op("add", "emails[type pr", 1), "invalidPath"),
    "path_of_wrong_type": ({"op": "add", "path": 7, "value": 1}, "invalidPath"),
    "filter_on_singular": (op("add", 'title[value eq "x"]', 1), "invalidPath"),
    "filter_unreadable": (op("add", "emails[type is 7]", {}), "invalidFilter"),
    "read_only": (op("replace", "id", "x"), "mutability"),
    "read_only_complex": (op("replace", "meta.version", "x"), "mutability"),
    "read_only_groups": (op("add", "groups", [{"value": "x"}]), "mutability"),
    "remove_required": (op("remove", "userName"), "mutability"),
    "clear_required": (op("replace", "userName", ""), "mutability"),
    "no_value": (op("replace", "title"), "invalidValue"),
    "value_no_object": (op("add", value="x"), "invalidValue"),
    "wrong_type_boolean": (op("replace", "active", "maybe"), "invalidValue"),
    "wrong_type_text": (op("replace", "title", {"a": 1}), "invalidValue"),
    "wrong_type_complex": (op("replace", "name", "Jane Doe"), "invalidValue"),
    "wrong_type_integer": (op("replace", f"{BADGE}:floor", True), "invalidValue"),
    "unknown_op": (op("increment", "title", 1), "invalidSyntax"),
    "no_op": ({"path": "title", "value": 1}, "invalidSyntax"),
    "not_an_object": ("add", "invalidSyntax"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_patch_is_refused(case: str) -> None:
    operation, scim_type = REFUSALS[case]

    assert refusal(apply, operation) == (400, scim_type)


def test_strict_profile_has_no_target_where_the_filter_selects_nothing() -> None:
    operation = op("replace", 'emails[type eq "other"].value', "x")

    assert refusal(apply, operation, profile="strict") == (400, "noTarget")


@pytest.mark.parametrize("body", [{}, {"Operations": {}}, {"Operations": None}])
def test_body_without_operations_is_refused(body: dict[str, Any]) -> None:
    assert refusal(read_operations, body, language()) == (400, "invalidSyntax")


# --- members: never applied to a loaded list ---------------------------------------------------


def members(
    *operations: dict[str, Any], found: tuple[str, ...] = ()
) -> tuple[Any, list[str], list[str]]:
    read = read_operations({"Operations": list(operations)}, language("Group"))
    change = member_change(read, lambda _term: found)
    exactly = None if change.exactly is None else list(change.exactly)
    return exactly, list(change.add), list(change.remove)


def ids(*names: str) -> list[dict[str, str]]:
    return [{"value": name} for name in names]


MEMBER_CASES: dict[str, tuple[list[dict[str, Any]], tuple[Any, list[str], list[str]]]] = {
    "add": ([op("add", "members", ids("a", "b"))], (None, ["a", "b"], [])),
    "add_example_of_3_5_2_1": (
        [op("add", "members", [{"display": "Babs", "$ref": "https://x/Users/a", "value": "a"}])],
        (None, ["a"], []),
    ),
    "add_without_path": ([op("add", value={"members": ids("a")})], (None, ["a"], [])),
    "add_nobody": ([op("add", "members", [])], (None, [], [])),
    "remove_by_filter_of_3_5_2_2": ([op("remove", 'members[value eq "a"]')], (None, [], ["a"])),
    "remove_two_by_filter": (
        [op("remove", 'members[value eq "a" or value eq "b"]')],
        (None, [], ["a", "b"]),
    ),
    "remove_by_another_filter": ([op("remove", 'members[type eq "Group"]')], (None, [], ["g"])),
    "remove_all_of_3_5_2_2": ([op("remove", "members")], ([], [], [])),
    "remove_with_value": ([op("Remove", "members", ids("a"))], (None, [], ["a"])),
    "remove_with_nobody_never_empties_the_group": ([op("Remove", "members", [])], (None, [], [])),
    "replace": ([op("replace", "members", ids("a"))], (["a"], [], [])),
    "replace_by_nobody": ([op("replace", "members", [])], ([], [], [])),
    "add_then_remove": (
        [op("add", "members", ids("a", "b")), op("remove", 'members[value eq "a"]')],
        (None, ["b"], ["a"]),
    ),
    "remove_all_then_add_of_3_5_2_2": (
        [op("remove", "members"), op("add", "members", ids("a"))],
        (["a"], [], []),
    ),
    "replace_then_remove": (
        [op("replace", "members", ids("a", "b")), op("remove", 'members[value eq "a"]')],
        (["b"], [], []),
    ),
}


@pytest.mark.parametrize("case", MEMBER_CASES)
def test_members(case: str) -> None:
    operations, wanted = MEMBER_CASES[case]

    assert members(*operations, found=("g",)) == wanted


@pytest.mark.parametrize(
    "operation",
    [
        op("replace", 'members[value eq "a"]', {"value": "b"}),
        op("replace", 'members[value eq "a"].value', "b"),
        op("replace", 'members[value eq "a"].display', "b"),
    ],
)
def test_membership_cannot_be_rewritten(operation: dict[str, Any]) -> None:
    assert refusal(members, operation) == (400, "mutability")
