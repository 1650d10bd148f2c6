"""Values checked on their way in: right type, right length, nothing hidden in them."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.directory.attributes import CORE, Attribute, Schema, Vocabulary
from idp.directory.cleaning import MAX_VALUES, clean
from idp.directory.errors import DirectoryError, Invalid

OWN = "urn:example:hr:2.0:User"
TYPES = Vocabulary(
    (
        Schema(
            OWN,
            "HR",
            "",
            (
                Attribute("text"),
                Attribute("flag", "boolean"),
                Attribute("whole", "integer"),
                Attribute("number", "decimal"),
                Attribute("moment", "dateTime"),
                Attribute("page", "reference"),
                Attribute("bytes", "binary"),
                Attribute("tags", multi=True),
                Attribute("desk", "complex", sub=(Attribute("floor"),)),
            ),
        ),
    )
)


def cleaned(path: str, value: Any) -> Any:
    return clean(TYPES, "User", {path: value})[path]


def refusal(path: str, value: Any) -> str:
    with pytest.raises(Invalid) as refused:
        clean(TYPES, "User", {path: value})
    assert refused.value.attribute
    assert refused.value.sentence.endswith(".")
    return refused.value.code


@pytest.mark.parametrize(
    "name,value",
    [
        ("text", "Größe 🐎"),
        ("flag", True),
        ("flag", False),
        ("whole", 0),
        ("whole", -(2**63) + 1),
        ("number", 0),
        ("number", 1.5),
        ("moment", "2026-12-03T14:05:00Z"),
        ("moment", "2026-12-03T14:05:00.123+01:00"),
        ("page", "https://example.com/x?y=ü"),
        ("bytes", "aGVsbG8="),
        ("tags", ["a", "b"]),
    ],
)
def test_each_type_takes_its_values(name: str, value: Any) -> None:
    assert cleaned(f"{OWN}:{name}", value) == value


@pytest.mark.parametrize(
    "name,value",
    [
        ("text", 7),
        ("text", True),
        ("text", ["a"]),
        ("text", {"a": 1}),
        ("flag", "true"),
        ("flag", 1),
        ("flag", 0),
        ("whole", "7"),
        ("whole", 7.0),
        ("whole", True),
        ("whole", 2**63),
        ("number", "1.5"),
        ("number", True),
        ("number", float("inf")),
        ("number", float("nan")),
        ("number", 10**400),
        ("moment", "yesterday"),
        ("moment", 1764770700),
        ("page", 7),
        ("bytes", "not base64!"),
        ("bytes", "aGVsbG8"),
        ("tags", "a"),
        ("tags", {"value": "a"}),
        ("tags", [7]),
        ("desk", {"floor": "3"}),
        ("desk", "3"),
    ],
)
def test_each_type_refuses_all_others(name: str, value: Any) -> None:
    assert refusal(f"{OWN}:{name}", value) == "wrong_type"


@pytest.mark.parametrize("value", [None, "", []])
def test_null_empty_and_none_at_all_mean_unassigned(value: Any) -> None:
    for path in ("title", "emails", "active", "name.givenName", f"{OWN}:whole", f"{OWN}:tags"):
        assert cleaned(path, value) is None


@pytest.mark.parametrize("value", [0, False, 0.0])
def test_nought_and_no_are_values(value: Any) -> None:
    name = {int: "whole", bool: "flag", float: "number"}[type(value)]
    assert cleaned(f"{OWN}:{name}", value) is value


@pytest.mark.parametrize(
    "sign", ["\x00", "\x01", "\n", "\t", "\x1f", "\x7f", "\x85", "\u2028", "\ud800", "\ufffe"]
)
def test_hidden_signs_are_refused_in_every_text(sign: str) -> None:
    for path, value in (
        ("title", f"a{sign}b"),
        ("userName", sign),
        ("profileUrl", f"https://x/{sign}"),
        ("emails", [{"value": f"a{sign}@x"}]),
        ("emails", [{"value": "a@x", "type": f"w{sign}"}]),
        (f"{OWN}:tags", [f"a{sign}"]),
    ):
        assert refusal(path, value) == "forbidden_character"


def test_addresses_may_have_several_lines() -> None:
    entry = {"formatted": "Hauptstr. 1\r\n10115 Berlin", "streetAddress": "a\tb\nc"}
    assert cleaned("addresses", [entry]) == [entry]
    for sign in ("\x00", "\x0b", "\x1b", "\ud800"):
        assert refusal("addresses", [{"formatted": f"a{sign}"}]) == "forbidden_character"


@pytest.mark.parametrize(
    "path,limit",
    [("title", 1024), ("userName", 256), ("profileUrl", 2048), ("name.familyName", 1024)],
)
def test_a_text_has_its_limit(path: str, limit: int) -> None:
    assert cleaned(path, "x" * limit)
    assert cleaned(path, "🐎" * limit)
    assert refusal(path, "x" * (limit + 1)) == "value_too_long"


def test_values_have_their_limits_too() -> None:
    assert cleaned("emails", [{"value": "x" * 320}])
    assert refusal("emails", [{"value": "x" * 321}]) == "value_too_long"
    assert refusal("emails", [{"value": "x", "type": "y" * 65}]) == "value_too_long"
    many = [{"value": str(n)} for n in range(MAX_VALUES)]
    assert len(cleaned("emails", many)) == MAX_VALUES
    assert refusal("emails", [*many, {"value": "x"}]) == "too_many_values"


def test_one_value_at_most_is_primary() -> None:
    two = [{"value": "a", "primary": True}, {"value": "b", "primary": True}]
    assert refusal("emails", two) == "two_primaries"
    one = [{"value": "a", "primary": True}, {"value": "b", "primary": False}]
    assert cleaned("emails", one) == one


def test_a_value_given_twice_is_kept_once() -> None:
    entry = {"value": "a@x", "type": "work"}
    assert cleaned("emails", [entry, dict(entry), {"VALUE": "a@x", "Type": "work"}]) == [entry]
    assert cleaned(f"{OWN}:tags", ["a", "b", "a"]) == ["a", "b"]


def test_empty_entries_are_none() -> None:
    assert cleaned("emails", [{}, {"value": ""}, {"value": None}]) is None
    assert cleaned(f"{OWN}:tags", ["", None]) is None


@pytest.mark.parametrize(
    "value", [["a@x"], [["a@x"]], [7], [None, 7], "a@x", {"value": "a@x"}, [{"value": 7}]]
)
def test_a_list_of_objects_is_a_list_of_objects(value: Any) -> None:
    assert refusal("emails", value) == "wrong_type"


def test_a_part_that_does_not_exist_is_refused() -> None:
    assert refusal("emails", [{"value": "a", "colour": "red"}]) == "unknown_attribute"
    for path in ("colour", "name.colour", "department"):
        assert refusal(path, "red") == "unknown_attribute"


def test_what_is_read_only_is_left_out() -> None:
    manager = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"
    given_ = {"groups": [{"value": "x"}], f"{manager}.displayName": "Bob", f"{manager}.value": "1"}
    assert clean(CORE, "User", given_) == {f"{manager}.value": "1"}


def test_paths_come_out_in_their_one_form() -> None:
    assert clean(CORE, "User", {"USERNAME": "x", "Name.FAMILYname": "y"}) == {
        "userName": "x",
        "name.familyName": "y",
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.sampled_from(sorted(TYPES.user_leaves)), JSON)
def test_whatever_comes_is_cleaned_or_refused(path: str, value: Any) -> None:
    with contextlib.suppress(DirectoryError):
        once = clean(TYPES, "User", {path: value})
        assert clean(TYPES, "User", once) == once
