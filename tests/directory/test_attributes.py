"""The one vocabulary: paths in any case, records and flats that say the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.directory.attributes import (
    CORE,
    ENTERPRISE_SCHEMA,
    GROUP_SCHEMA,
    USER_SCHEMA,
    Attribute,
    Schema,
    Vocabulary,
    flatten,
    nest,
)
from idp.directory.users import USER_COLUMNS

OWN = "urn:example:hr:2.0:User"
VOCABULARY = Vocabulary(
    (
        Schema(
            OWN,
            "HR",
            "",
            (
                Attribute("badge"),
                Attribute("level", "integer"),
                Attribute("desk", "complex", sub=(Attribute("floor"), Attribute("room"))),
                Attribute("cards", multi=True),
            ),
        ),
    )
)
SINGULAR = [
    leaf.path
    for leaf in VOCABULARY.user_leaves.values()
    if leaf.attribute.type != "complex" and not leaf.top.multi and not leaf.attribute.multi
]
PLURAL = [leaf.path for leaf in VOCABULARY.user_leaves.values() if leaf.attribute.multi]
FLAT = st.fixed_dictionaries(
    {},
    optional={path: st.text(min_size=1, max_size=5) for path in SINGULAR}
    | {path: st.lists(st.fixed_dictionaries({"value": st.text()}), min_size=1) for path in PLURAL},
)


@given(FLAT)
def test_a_flat_survives_the_round_trip(flat: dict) -> None:
    assert flatten(nest(flat)) == flat


@given(FLAT)
def test_a_record_survives_the_round_trip(flat: dict) -> None:
    record = nest(flat)
    assert nest(flatten(record)) == record


def test_what_is_unassigned_is_absent() -> None:
    flat = {"title": None, "name.givenName": None, f"{ENTERPRISE_SCHEMA}:department": "Sales"}
    assert nest(flat) == {ENTERPRISE_SCHEMA: {"department": "Sales"}}


def test_the_parts_of_a_manager_stand_below_its_schema() -> None:
    path = f"{ENTERPRISE_SCHEMA}:manager.value"
    assert nest({path: "x"}) == {ENTERPRISE_SCHEMA: {"manager": {"value": "x"}}}
    assert flatten({ENTERPRISE_SCHEMA: {"manager": {"value": "x"}}}) == {path: "x"}


@pytest.mark.parametrize(
    "path,canonical",
    [
        ("username", "userName"),
        ("NAME.FAMILYNAME", "name.familyName"),
        ("emails.VALUE", "emails.value"),
        (f"{USER_SCHEMA}:userName", "userName"),
        (f"{USER_SCHEMA.upper()}:NAME.givenname", "name.givenName"),
        (f"{ENTERPRISE_SCHEMA.lower()}:DEPARTMENT", f"{ENTERPRISE_SCHEMA}:department"),
        (f"{ENTERPRISE_SCHEMA}:manager.value", f"{ENTERPRISE_SCHEMA}:manager.value"),
        (f"{OWN}:Badge", f"{OWN}:badge"),
        (f"{OWN}:desk.FLOOR", f"{OWN}:desk.floor"),
    ],
)
def test_a_path_is_found_in_any_case_with_or_without_its_schema(path: str, canonical: str) -> None:
    leaf = VOCABULARY.find(path)
    assert leaf is not None
    assert leaf.path == canonical


@pytest.mark.parametrize(
    "path",
    ["", "nosuch", "name.nosuch", "department", f"{USER_SCHEMA}:department", "name.familyName.x"],
)
def test_an_unknown_path_is_not_found(path: str) -> None:
    assert VOCABULARY.find(path) is None


def test_groups_have_their_own_paths() -> None:
    assert CORE.find("userName", "Group") is None
    found = CORE.find(f"{GROUP_SCHEMA}:DISPLAYNAME", "Group")
    assert found is not None
    assert found.path == "displayName"


def test_the_core_knows_no_organizations_own_attribute() -> None:
    assert CORE.find(f"{OWN}:badge") is None
    assert not CORE.extensions


def test_each_column_belongs_to_one_attribute() -> None:
    assert len(set(USER_COLUMNS.values())) == len(USER_COLUMNS)
    for path in USER_COLUMNS:
        assert not CORE.user_leaves[path].top.multi


def test_the_rfcs_characteristics_are_kept() -> None:
    name = CORE.user_leaves["userName"].attribute
    assert (name.required, name.case_exact, name.uniqueness) == (True, False, "server")
    secret = CORE.user_leaves["password"].attribute
    assert (secret.mutability, secret.returned) == ("writeOnly", "never")
    assert CORE.user_leaves["groups"].attribute.mutability == "readOnly"
    assert {leaf.attribute.type for leaf in CORE.user_leaves.values()} <= {
        "string",
        "boolean",
        "reference",
        "binary",
        "complex",
    }
