"""An organization defines attributes of its own, and they exist everywhere from then on."""

import pytest

from idp.changes import apply
from idp.changes.intents import ChangeUser, CreateUser, DefineSchema
from idp.directory import queries
from idp.directory.attributes import ENTERPRISE_SCHEMA, USER_SCHEMA
from idp.directory.errors import Forbidden, Invalid
from idp.directory.filtering import Compare
from idp.directory.views import ListQuery
from tests.cast import Cast

URN = "urn:example:params:hr:2.0:User"
ATTRIBUTES = (
    {"name": "badge", "type": "string", "description": "The number on the badge."},
    {"name": "level", "type": "integer"},
    {"name": "skills", "type": "string", "multiValued": True},
    {
        "name": "desk",
        "type": "complex",
        "subAttributes": [{"name": "floor", "type": "integer"}, {"name": "room"}],
    },
)
FIELDS = {
    f"{URN}:badge": "B-7",
    f"{URN}:level": 3,
    f"{URN}:skills": ["cooking", "carving"],
    f"{URN}:desk.floor": 2,
    f"{URN}:desk.room": "2.17",
}


def define(people: Cast, *attributes: dict, urn: str = URN) -> None:
    apply(DefineSchema(urn, "HR", attributes or ATTRIBUTES), by=people.alice)


def test_its_attributes_are_kept_and_shown(people: Cast) -> None:
    define(people)
    made = apply(CreateUser({"userName": "dora"} | FIELDS), by=people.operator).first.id
    assert queries.find_user(people.alice, made).record[URN] == {
        "badge": "B-7",
        "level": 3,
        "skills": ["cooking", "carving"],
        "desk": {"floor": 2, "room": "2.17"},
    }


def test_its_attributes_are_changed_and_cleared(people: Cast) -> None:
    define(people)
    apply(ChangeUser(people.bob.id, FIELDS), by=people.operator)
    apply(
        ChangeUser(people.bob.id, {f"{URN.upper()}:BADGE": "B-8", f"{URN}:skills": None}),
        by=people.operator,
    )
    own = queries.find_user(people.alice, people.bob.id).record[URN]
    assert own["badge"] == "B-8"
    assert "skills" not in own


SEARCHES = [
    ("badge", "eq", "b-7"),
    ("level", "gt", 2),
    ("level", "lt", 10),
    ("skills", "co", "arv"),
    ("desk.room", "sw", "2."),
    ("desk.floor", "eq", 2),
]


def test_its_attributes_are_searched_by(people: Cast) -> None:
    define(people)
    apply(ChangeUser(people.bob.id, FIELDS), by=people.operator)
    for path, op, value in SEARCHES:
        query = ListQuery(Compare(f"{URN}:{path}", op, value))
        found = [view.id for view in queries.list_users(people.alice, query).items]
        assert found == [people.bob.id], path


def test_its_attributes_are_owned_like_all_others(people: Cast) -> None:
    define(people)
    apply(ChangeUser(people.erin, {f"{URN}:badge": "B-1"}), by=people.hr)
    with pytest.raises(Forbidden) as refused:
        apply(ChangeUser(people.erin, {f"{URN}:badge": "B-2"}), by=people.alice)
    assert (refused.value.attribute, refused.value.owner) == (f"{URN}:badge", "HR")


def test_it_exists_in_its_organization_alone(people: Cast) -> None:
    define(people)
    with pytest.raises(Invalid) as refused:
        apply(ChangeUser(people.mallory.id, {f"{URN}:badge": "x"}), by=people.other_operator)
    assert refused.value.code == "unknown_attribute"


def test_before_it_is_defined_it_is_unknown(people: Cast) -> None:
    with pytest.raises(Invalid) as refused:
        apply(ChangeUser(people.bob.id, {f"{URN}:badge": "x"}), by=people.operator)
    assert refused.value.code == "unknown_attribute"


def test_its_types_are_kept(people: Cast) -> None:
    define(people)
    for path, value in (("level", "three"), ("skills", "cooking"), ("desk.floor", "2")):
        with pytest.raises(Invalid) as refused:
            apply(ChangeUser(people.bob.id, {f"{URN}:{path}": value}), by=people.operator)
        assert refused.value.code == "wrong_type"


def test_it_can_be_defined_anew_and_what_was_kept_stays(people: Cast) -> None:
    define(people)
    apply(ChangeUser(people.bob.id, FIELDS), by=people.operator)
    define(people, {"name": "badge"}, {"name": "shift"})
    apply(ChangeUser(people.bob.id, {f"{URN}:shift": "night"}), by=people.operator)
    own = queries.find_user(people.alice, people.bob.id).record[URN]
    assert (own["badge"], own["shift"]) == ("B-7", "night")
    with pytest.raises(Invalid):
        apply(ChangeUser(people.bob.id, {f"{URN}:level": 4}), by=people.operator)


def test_a_long_path_of_its_own_is_kept_or_refused(people: Cast) -> None:
    urn = "urn:" + "x" * 32 + ":" + "y" * 150
    desk = {"name": "n" * 64, "type": "complex", "subAttributes": [{"name": "m" * 64}]}
    with pytest.raises(Invalid) as refused:
        define(people, desk, urn=urn)
    assert refused.value.code == "schema_attribute"
    define(people, {"name": "n" * 64}, urn=urn)
    path = f"{urn}:{'n' * 64}"
    apply(ChangeUser(people.bob.id, {path: "x"}), by=people.operator)
    assert queries.list_users(people.alice, ListQuery(Compare(path, "eq", "x"))).total == 1


def test_a_urn_that_is_none_or_is_taken_is_refused(people: Cast) -> None:
    for urn in (
        "",
        "hr",
        "urn:x:y",
        "urn:example:",
        "urn:example:a b",
        USER_SCHEMA,
        ENTERPRISE_SCHEMA.lower(),
    ):
        with pytest.raises(Invalid) as refused:
            define(people, urn=urn)
        assert (refused.value.code, refused.value.attribute) == ("schema_urn", "urn")


IMPOSSIBLE = [
    {},
    {"name": ""},
    {"name": "1st"},
    {"name": "with space"},
    {"name": "x" * 65},
    {"name": "a.b"},
    {"name": 7},
    {"name": "x", "type": "colour"},
    {"name": "x", "type": "complex"},
    {"name": "x", "type": "complex", "subAttributes": [{"name": "$"}]},
    {"name": "x", "type": "complex", "subAttributes": [{"name": "y"}, {"name": "Y"}]},
    {
        "name": "x",
        "type": "complex",
        "subAttributes": [{"name": "y", "type": "complex", "subAttributes": [{"name": "z"}]}],
    },
]


def test_an_attribute_that_cannot_be_is_refused(people: Cast) -> None:
    for attribute in IMPOSSIBLE:
        with pytest.raises(Invalid) as refused:
            define(people, attribute)
        assert refused.value.attribute == "attributes"


def test_two_attributes_of_one_name_are_refused(people: Cast) -> None:
    with pytest.raises(Invalid) as refused:
        define(people, {"name": "badge"}, {"name": "BADGE"})
    assert refused.value.code == "schema_duplicate"


def test_a_schema_has_attributes_but_not_too_many(people: Cast) -> None:
    for attributes in ((), tuple({"name": f"a{n}"} for n in range(101))):
        with pytest.raises(Invalid) as refused:
            apply(DefineSchema(URN, "HR", attributes), by=people.alice)
        assert refused.value.code == "schema_empty"


def test_not_everybody_defines_schemas(people: Cast) -> None:
    for actor in (people.carol, people.bob, people.hr):
        with pytest.raises(Forbidden):
            apply(DefineSchema(URN, "HR", ATTRIBUTES), by=actor)
