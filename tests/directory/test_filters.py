"""Filters: each operator on each kind of attribute means the same on both databases.

Every case is computed twice: by SQL, and by a plain walk of the same people in Python.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from flask import Flask

from idp.changes import apply
from idp.changes.intents import AddMember, ChangeUser, CreateGroup, CreateUser, DefineSchema
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.errors import Invalid
from idp.directory.filtering import And, Compare, Filter, Not, Or, Present, ValuePath
from idp.directory.values import key
from idp.directory.views import ListQuery
from tests.cast import Cast

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
OWN = "urn:example:hr:2.0:User"
SCHEMA = (
    {"name": "badge"},
    {"name": "level", "type": "integer"},
    {"name": "factor", "type": "decimal"},
    {"name": "remote", "type": "boolean"},
    {"name": "tags", "multiValued": True},
    {"name": "desk", "type": "complex", "subAttributes": [{"name": "floor"}]},
    {
        "name": "cards",
        "type": "complex",
        "multiValued": True,
        "subAttributes": [{"name": "value"}, {"name": "colour"}],
    },
)
TEXTS = [
    "Sales",
    "sales",
    "SALES_NORTH",
    "salesXnorth",
    "100%",
    "100 percent",
    "back\\slash",
    "sla/sh",
    'it\'s "quoted"',
    "Éluard",
    "éluard",
    "Östergård",
    "Größe",
    "王小明",
    "  inner  spaces",
]


def person(n: int, text: str) -> dict[str, Any]:
    """Somebody whose every kind of attribute says `text`."""
    return {
        "userName": f"p{n}-{text.strip()}",
        "displayName": text,
        "title": text,
        "profileUrl": f"https://x/{text}",
        "active": n % 2 == 0,
        f"{ENTERPRISE}:department": text,
        f"{ENTERPRISE}:manager.value": text,
        "emails": [
            {"value": f"{n}@x.example", "type": "home"},
            {"value": text, "type": "Work", "primary": n % 3 == 0},
        ],
        "photos": [{"value": f"https://photo/{text}"}],
        "addresses": [{"locality": text, "country": "DE"}],
        f"{OWN}:badge": text,
        f"{OWN}:level": n,
        f"{OWN}:factor": n + 0.5,
        f"{OWN}:remote": n % 2 == 1,
        f"{OWN}:tags": [text, "common"],
        f"{OWN}:desk.floor": text,
        f"{OWN}:cards": [{"value": text, "colour": "Red"}, {"value": "second", "colour": text}],
    }


@pytest.fixture
def crowd(app: Flask, people: Cast) -> dict[str, dict[str, Any]]:
    """{id: flat} of people with texts, and two who have next to nothing."""
    apply(DefineSchema(OWN, "HR", SCHEMA), by=people.other_operator)
    flats = [person(n, text) for n, text in enumerate(TEXTS)]
    flats += [{"userName": "nothing"}, {"userName": "inactive", "active": False}]
    made = apply(*map(CreateUser, flats), by=people.other_operator).results
    everybody = {
        result.id: flat | {"active": flat.get("active", True)}
        for result, flat in zip(made, flats, strict=True)
    }
    mallory = {"userName": "mallory@contoso.example", "displayName": "Mallory", "active": True}
    return everybody | {people.mallory.id: mallory | {"name.givenName": "Mallory"}}


def found(actor: Actor, wanted: Filter) -> set[str]:
    page = queries.list_users(actor, ListQuery(wanted, count=100))
    assert page.total == len(page.items)
    return {view.id for view in page.items}


def values_of(flat: dict[str, Any], path: str) -> list[Any]:
    """What somebody has at a path."""
    if path in flat:
        held = flat[path]
        parts = held if isinstance(held, list) else [held]
        return [part.get("value") if isinstance(part, dict) else part for part in parts]
    whole, _, part = path.rpartition(".")
    held = flat.get(whole)
    if isinstance(held, list):
        return [entry[part] for entry in held if part in entry]
    return []


Fold = Callable[[str], str]
LOWER: Fold = str.lower
EXACT: Fold = str
KINDS: dict[str, Fold] = {
    "userName": key,
    "displayName": key,
    "title": LOWER,
    f"{ENTERPRISE}:department": LOWER,
    "profileUrl": EXACT,
    f"{ENTERPRISE}:manager.value": EXACT,
    "emails.value": key,
    "emails": key,
    "emails.type": LOWER,
    "photos.value": EXACT,
    "addresses.locality": LOWER,
    f"{OWN}:badge": key,
    f"{OWN}:tags": key,
    f"{OWN}:desk.floor": key,
    f"{OWN}:cards.value": key,
    f"{OWN}:cards.colour": LOWER,
}
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "co": lambda a, b: b in a,
    "sw": lambda a, b: a.startswith(b),
    "ew": lambda a, b: a.endswith(b),
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
}
LITERALS = [
    "sales",
    "SALES_NORTH",
    "100%",
    "back\\slash",
    "sla/sh",
    "ÉLUARD",
    "östergård",
    "Größe",
    "小",
    "_",
    "%",
    "\\",
    "ales",
    "https://x/Sales",
    "https://photo/sales",
    "work",
]
ORDERED = {"gt": LITERALS[:3], "ge": LITERALS[5:8], "lt": LITERALS[2:5], "le": LITERALS[-3:]}


def expected(
    crowd: dict[str, dict[str, Any]], path: str, op: str, literal: Any, fold: Fold
) -> set[str]:
    wanted = fold(literal)
    if op == "ne":
        return crowd.keys() - expected(crowd, path, "eq", literal, fold)
    test = OPERATORS[op]
    return {
        who
        for who, flat in crowd.items()
        if any(test(fold(value), wanted) for value in values_of(flat, path))
    }


def test_every_operator_on_every_kind_of_text(people: Cast, crowd: dict[str, Any]) -> None:
    wrong = []
    for path, fold in KINDS.items():
        for op in (*OPERATORS, "ne"):
            for literal in ORDERED.get(op, LITERALS):
                told = found(people.mallory, Compare(path, op, literal))
                if told != expected(crowd, path, op, literal, fold):
                    wrong.append((path, op, literal))
    assert wrong == []


def test_presence_null_and_its_negation(people: Cast, crowd: dict[str, Any]) -> None:
    actor = people.mallory
    for path in (*KINDS, "active", f"{OWN}:level", f"{OWN}:remote", "name.familyName"):
        having = {who for who, flat in crowd.items() if values_of(flat, path)}
        missing = crowd.keys() - having
        assert found(actor, Present(path)) == having, path
        assert found(actor, Not(Present(path))) == missing, path
        assert found(actor, Compare(path, "eq", None)) == missing, path
        assert found(actor, Compare(path, "ne", None)) == having, path
        assert found(actor, Not(Not(Present(path)))) == having, path


def test_truth(people: Cast, crowd: dict[str, Any]) -> None:
    for path in ("active", f"{OWN}:remote", "emails.primary"):
        for value in (True, False):
            same = {
                who
                for who, flat in crowd.items()
                if any(held is value for held in values_of(flat, path))
            }
            assert found(people.mallory, Compare(path, "eq", value)) == same
            assert found(people.mallory, Compare(path, "ne", value)) == crowd.keys() - same


def test_numbers_are_compared_as_numbers(people: Cast, crowd: dict[str, Any]) -> None:
    wrong = []
    for path in (f"{OWN}:level", f"{OWN}:factor"):
        for op in ("eq", "ne", "gt", "ge", "lt", "le"):
            for literal in (2, 2.0, 9, 10, 10.5, -1, 1e3, 2**53 + 1):
                told = found(people.mallory, Compare(path, op, literal))
                if told != expected(crowd, path, op, literal, lambda number: number):
                    wrong.append((path, op, literal))
    assert wrong == []


def test_words_join_and_negate(people: Cast, crowd: dict[str, Any]) -> None:
    sales = Compare("title", "co", "sales")
    active = Compare("active", "eq", True)
    a, b = found(people.mallory, sales), found(people.mallory, active)
    assert a - b
    assert b - a
    for wanted, ids in (
        (And((sales, active)), a & b),
        (Or((sales, active)), a | b),
        (Not(sales), crowd.keys() - a),
        (Not(And((sales, active))), crowd.keys() - (a & b)),
        (And((Not(sales), Not(active))), crowd.keys() - a - b),
        (Or((Not(sales), sales)), crowd.keys()),
        (And(()), crowd.keys()),
        (Or(()), set()),
    ):
        assert found(people.mallory, wanted) == ids


def test_one_and_the_same_value_satisfies_a_value_path(people: Cast, crowd: dict[str, Any]) -> None:
    text = "Sales"
    (first,) = found(people.mallory, Compare("emails.value", "eq", "0@x.example"))
    work = Compare("type", "eq", "work")
    both = And((work, Compare("value", "eq", text)))
    assert first in found(people.mallory, ValuePath("emails", both))
    crossed = And((Compare("type", "eq", "home"), Compare("value", "eq", text)))
    assert found(people.mallory, ValuePath("emails", crossed)) == set()
    with_email = {who for who, flat in crowd.items() if "emails" in flat}
    assert found(people.mallory, ValuePath("emails", Not(work))) == with_email
    red = And((Compare("colour", "eq", "red"), Compare("value", "eq", text)))
    assert first in found(people.mallory, ValuePath(f"{OWN}:cards", red))
    assert found(people.mallory, Not(ValuePath("emails", work))) == crowd.keys() - with_email


def test_groups_and_their_members_can_be_searched_by(people: Cast, crowd: dict[str, Any]) -> None:
    by, ids = people.other_operator, list(crowd)[:3]
    inner = apply(CreateGroup({"displayName": "Inner"}, ids[:2]), by=by).first.id
    outer = apply(CreateGroup({"displayName": "Outer"}, (inner, ids[2])), by=by).first.id
    assert found(people.mallory, Compare("groups.value", "eq", outer)) == set(ids)
    assert found(people.mallory, Compare("groups", "eq", inner)) == set(ids[:2])
    assert found(people.mallory, Compare("groups.display", "eq", "OUTER")) == set(ids)
    assert found(people.mallory, Compare("groups.value", "ne", inner)) == crowd.keys() - set(
        ids[:2]
    )
    assert found(people.mallory, Present("groups")) == set(ids)

    def groups(wanted: Filter) -> list[str]:
        page = queries.list_groups(people.mallory, ListQuery(wanted, sort_by="displayName"))
        return [view.display_name for view in page.items]

    assert groups(Compare("members.value", "eq", ids[0])) == ["Inner"]
    assert groups(Compare("members", "ne", ids[0])) == ["Outer"]
    assert groups(ValuePath("members", Compare("type", "eq", "group"))) == ["Outer"]
    assert groups(Compare("displayName", "sw", "in")) == ["Inner"]
    assert groups(Compare("displayName", "co", "%")) == []
    assert groups(Not(Compare("id", "eq", inner))) == ["Outer"]
    assert groups(Present("members")) == ["Inner", "Outer"]


def test_a_source_searches_by_its_own_names(people: Cast) -> None:
    apply(CreateUser({"userName": "x@contoso.example"}, external_id="E-5"), by=people.other_hr)
    for wanted, hits in (
        (Compare("externalId", "eq", "E-5"), [people.erin]),
        (Compare("externalId", "eq", "e-5"), []),
        (Compare("externalId", "sw", "E-"), [people.erin]),
        (Present("externalId"), [people.erin]),
    ):
        assert found(people.hr, wanted) == set(hits)
    assert found(people.alice, Present("externalId")) == set()
    others = found(people.hr, Compare("externalId", "ne", "E-5"))
    assert people.erin not in others
    assert people.bob.id in others
    assert found(people.hr, Compare("externalId", "eq", None)) == others


def test_times_are_compared_as_times(people: Cast, frozen: list[datetime]) -> None:
    frozen[0] = frozen[0].replace(day=5)
    apply(ChangeUser(people.bob.id, {"title": "Cook"}), by=people.operator)
    path = "meta.lastModified"
    for wanted, hit in (
        (Compare(path, "gt", "2026-12-04T00:00:00Z"), True),
        (Compare(path, "ge", "2026-12-05T12:00:00.000Z"), True),
        (Compare(path, "eq", "2026-12-05T13:00:00+01:00"), True),
        (Compare(path, "gt", "2026-12-05T12:00:00Z"), False),
        (Compare(path, "lt", "2026-12-05T12:00:00.0000001Z"), False),
        (Compare(path, "ge", "0001-01-01T00:00:00Z"), True),
        (Compare(path, "ge", "0001-01-01T00:00:00+14:00"), True),
    ):
        assert (people.bob.id in found(people.alice, wanted)) == hit, wanted
    assert people.carol.id not in found(people.alice, Compare(path, "gt", "2026-12-04T00:00:00Z"))


INCOMPARABLE = [
    Compare("active", "co", True),
    Compare("active", "eq", "true"),
    Compare("title", "eq", 7),
    Compare("title", "gt", None),
    Compare("emails.value", "gt", None),
    Compare("meta.created", "co", "2026"),
    Compare("meta.created", "gt", "yesterday"),
    Compare("emails.primary", "gt", True),
]


def test_what_cannot_be_compared_is_refused(people: Cast) -> None:
    for wanted in INCOMPARABLE:
        with pytest.raises(Invalid) as refused:
            found(people.alice, wanted)
        assert refused.value.code == "filter_bad_value"


def test_an_unknown_attribute_of_a_group_is_refused(people: Cast) -> None:
    for wanted in (Compare("nosuch", "eq", "x"), ValuePath("members", Compare("x", "eq", "y"))):
        with pytest.raises(Invalid) as refused:
            queries.list_groups(people.alice, ListQuery(wanted))
        assert refused.value.code == "filter_unknown_attribute"


def test_what_no_database_holds_is_found_nowhere(people: Cast) -> None:
    for path in ("userName", "title", "emails.value", "id", "externalId", "profileUrl"):
        for text in ("a\x00b", "\ud800"):
            for op in ("eq", "co", "sw", "ew"):
                assert found(people.hr, Compare(path, op, text)) == set()
            assert len(found(people.hr, Compare(path, "ne", text))) == 5


def test_long_values_are_told_apart(people: Cast) -> None:
    long = "https://photo/" + "x" * 400
    apply(
        ChangeUser(people.bob.id, {"photos": [{"value": long + "1"}], "title": long + "1"}),
        ChangeUser(people.carol.id, {"photos": [{"value": long + "2"}], "title": long + "2"}),
        ChangeUser(people.heidi.id, {f"{'emails'}": [{"value": "e" * 319 + "1"}]}),
        ChangeUser(people.alice.id, {f"{'emails'}": [{"value": "e" * 319 + "2"}]}),
        by=people.operator,
    )
    for path in ("photos.value", "title"):
        assert found(people.alice, Compare(path, "eq", long + "1")) == {people.bob.id}
        assert found(people.alice, Compare(path, "ew", "x2")) == {people.carol.id}
    assert found(people.alice, Compare("emails.value", "eq", "E" * 319 + "1")) == {people.heidi.id}
    assert found(people.alice, Compare("emails.value", "ew", "e2")) == {people.alice.id}


@pytest.mark.parametrize("descending", [False, True])
def test_lists_are_ordered_and_paged(people: Cast, descending: bool) -> None:
    by_name = ListQuery(sort_by="userName", descending=descending)
    names = [view.user_name for view in queries.list_users(people.alice, by_name).items]
    assert names == sorted(names, reverse=descending)
    assert len(names) == 5
    paged = []
    for start in (1, 3, 5, 7):
        query = ListQuery(sort_by="userName", descending=descending, start=start, count=2)
        page = queries.list_users(people.alice, query)
        assert page.total == 5
        paged += [view.user_name for view in page.items]
    assert paged == names


def test_whoever_lacks_what_is_sorted_by_comes_last_or_first_when_descending(people: Cast) -> None:
    for path in ("title", "name.familyName", "emails", "emails.value", "meta.created", "id"):
        for descending in (False, True):
            page = queries.list_users(people.alice, ListQuery(sort_by=path, descending=descending))
            assert len(page.items) == 5
            if path in ("title", "emails", "emails.value"):
                assert page.items[-1 if descending else 0].id == people.erin


def test_the_total_alone_can_be_asked_for(people: Cast) -> None:
    page = queries.list_users(people.alice, ListQuery(count=0))
    assert (page.total, list(page.items)) == (5, [])


def test_a_member_who_leaves_is_found_no_longer(people: Cast) -> None:
    team = apply(CreateGroup({"displayName": "T"}), by=people.operator).first.id
    apply(AddMember(team, people.bob.id), by=people.operator)
    assert found(people.alice, Compare("groups.value", "eq", team)) == {people.bob.id}
