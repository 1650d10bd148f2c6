"""Finding people by a few letters, and walking lists without losing or repeating anybody."""

import base64

import pytest
from flask import Flask

from idp.changes import apply
from idp.changes.intents import BlockUser, ChangeUser, CreateGroup, CreateUser, DeleteUser
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.errors import Forbidden, Invalid
from tests import cast
from tests.cast import Cast

NUMBER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber"
PEOPLE = [
    ("maria.munoz", "María Muñoz Núñez", "E-1001"),
    ("soren", "Søren Østergård", "E-1002"),
    ("lukasz", "Łukasz Żółć", "E-1003"),
    ("zoe.weiss", "Zoë Weiß-Grünewald", "E-2001"),
    ("wang", "王 小明", "E-2002"),
    ("obrien", "Siobhán O’Brien", "E-2003"),
    ("maria2", "Maria Müller", "E-2004"),
]


@pytest.fixture
def crowd(app: Flask, people: Cast) -> Cast:
    """Seven people with names from many countries."""
    made = [
        CreateUser({"userName": f"{name}@work.example", "displayName": shown, NUMBER: number})
        for name, shown, number in PEOPLE
    ]
    apply(*made, by=people.operator)
    return people


def names(actor: Actor, text: str) -> list[str]:
    page = queries.page_people(actor, text=text)
    return sorted(view.user_name.partition("@")[0] for view in page.items)


TYPED: dict[str, list[str]] = {
    "mun": ["maria.munoz"],
    "MUÑ": ["maria.munoz"],
    "nún": ["bob", "maria.munoz"],
    "mar": ["maria.munoz", "maria2"],
    "mar mül": ["maria2"],
    "mul mar": ["maria2"],
    "ost": ["soren"],
    "øst": ["soren"],
    "sør": ["soren"],
    "luk": ["lukasz"],
    "zol": ["lukasz"],
    "wei": ["heidi", "zoe.weiss"],
    "weiß": ["heidi", "zoe.weiss"],
    "WEISS": ["heidi", "zoe.weiss"],
    "grun": ["zoe.weiss"],
    "小": ["wang"],
    "王 小": ["wang"],
    "o'bri": ["erin", "obrien"],
    "O’Brien": ["erin", "obrien"],
    "brien": ["erin", "obrien"],
    "1001": ["maria.munoz"],
    "soren@work": ["soren"],
    "SOREN@WORK.EXAMPLE": ["soren"],
    "nobody": [],
    "%": [],
    "_": [],
}


def test_three_letters_find_people(crowd: Cast) -> None:
    assert {typed: names(crowd.alice, typed) for typed in TYPED} == TYPED


def test_odd_texts_find_nobody(crowd: Cast) -> None:
    for typed in ("\x00", "\x00@", "\ud800", "\ud800@x", "x" * 5000, "@" * 200, "'--", "()"):
        assert names(crowd.alice, typed) == []


def test_a_changed_name_is_found_under_the_new_alone(people: Cast) -> None:
    apply(
        ChangeUser(people.bob.id, {"displayName": "Robert", "name.familyName": None}),
        by=people.operator,
    )
    assert names(people.alice, "nunez") == []
    assert names(people.alice, "robert") == ["bob"]
    assert names(people.alice, "bob") == ["bob"]


def test_people_are_listed_by_state(people: Cast) -> None:
    apply(BlockUser(people.bob.id), by=people.operator)
    apply(ChangeUser(people.erin, {"active": False}), by=people.hr)
    apply(DeleteUser(people.heidi.id), by=people.operator)
    listed = {
        state: sorted(v.user_name.partition("@")[0] for v in page.items)
        for state in ("", "active", "disabled", "blocked", "deleted")
        for page in [queries.page_people(people.alice, state=state)]
    }
    assert listed == {
        "": ["alice", "bob", "carol", "erin"],
        "active": ["alice", "carol"],
        "disabled": ["erin"],
        "blocked": ["bob"],
        "deleted": ["heidi"],
    }
    assert queries.count_people(people.alice) == {"active": 2, "disabled": 1, "blocked": 1}


def test_whoever_may_not_read_people_finds_none(people: Cast) -> None:
    with pytest.raises(Forbidden):
        queries.page_people(people.bob, text="ali")
    assert queries.find_user(people.bob, people.bob.id)


@pytest.mark.parametrize("text", ["", "cook"])
def test_walking_three_hundred_people_meets_each_once(people: Cast, text: str) -> None:
    """Others come and go meanwhile; whoever was there all the time is met, and met once."""
    crowd = [
        CreateUser(
            {
                "userName": f"cook{n:03}@work.example",
                "displayName": f"Cook {'ABC'[n % 3]}{n // 3 % 20} Cooks",
                "emails": [{"value": f"cooking.{n}@home.example"}],
            }
        )
        for n in range(300)
    ]
    ids = {made.id for made in apply(*crowd, by=people.operator).results}
    met: list[str] = []
    cursor, page_number = None, 0
    while True:
        page = queries.page_people(people.alice, text=text, cursor=cursor, limit=23)
        met += [view.id for view in page.items]
        cursor, page_number = page.next_cursor, page_number + 1
        if cursor is None:
            break
        newcomer = {"userName": f"cook-x{page_number}", "displayName": f"Cook B{page_number}"}
        apply(CreateUser(newcomer), by=people.operator)
    assert len(met) == len(set(met))
    assert ids <= set(met)


def test_the_last_page_ends_the_walk(people: Cast) -> None:
    page = queries.page_people(people.alice, limit=5)
    assert len(page.items) == 5
    assert page.next_cursor is None
    assert queries.page_people(people.alice, limit=4).next_cursor


def test_a_damaged_cursor_is_refused(people: Cast) -> None:
    nul = base64.urlsafe_b64encode(b'["\\u0000","x"]').decode()
    for cursor in ("x", "%%%", "W10", "WzEsMl0", "bnVsbA", "é", "=" * 10, nul):
        for text in ("", "ali"):
            with pytest.raises(Invalid) as refused:
                queries.page_people(people.alice, text=text, cursor=cursor)
            assert refused.value.code == "cursor_malformed"
    for odd in ("\x00", "\ud800"):
        with pytest.raises(Invalid):
            queries.page_groups(people.alice, cursor=odd)
        assert queries.page_groups(people.alice, text=odd).items == ()


def test_groups_and_members_are_walked_without_loss(people: Cast) -> None:
    made = apply(
        *(CreateUser({"userName": f"p{n}"}) for n in range(25)), by=people.operator
    ).results
    ids = [result.id for result in made]
    groups = [CreateGroup({"displayName": f"Gruppe {n}"}, ids[: n + 1]) for n in range(25)]
    last = apply(*groups, by=people.operator).results[-1].id
    for walk in (
        lambda cursor: queries.page_groups(people.alice, cursor=cursor, limit=7),
        lambda cursor: queries.page_groups(people.alice, text="GRUPPE", cursor=cursor, limit=7),
        lambda cursor: queries.members_of(people.alice, last, cursor=cursor, limit=7),
    ):
        met: list[str] = []
        page = walk(None)
        while True:
            met += [view.id for view in page.items]
            if page.next_cursor is None:
                break
            page = walk(page.next_cursor)
        assert len(met) == len(set(met)) == 25


def test_a_group_tells_how_many_belong(people: Cast) -> None:
    inner = apply(CreateGroup({"displayName": "I"}, (people.bob.id,)), by=people.operator).first.id
    apply(CreateGroup({"displayName": "O"}, (inner, people.erin)), by=people.operator)
    counts = {g.display_name: g.member_count for g in queries.page_groups(people.alice).items}
    assert counts == {"I": 1, "O": 2}


def test_managers_and_reports_know_each_other(people: Cast) -> None:
    manager = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value"
    apply(ChangeUser(people.bob.id, {manager: people.carol.id}), by=people.operator)
    assert [view.id for view in queries.reports_of(people.alice, people.carol.id)] == [
        people.bob.id
    ]
    assert queries.names_of(people.bob, [people.carol.id]) == {people.carol.id: "Carol Ng"}
    apply(DeleteUser(people.carol.id), by=people.operator)
    assert queries.names_of(people.bob, [people.carol.id]) == {}


@pytest.mark.parametrize(
    "fields,shown",
    [
        ({"displayName": "D", "name.givenName": "G"}, "D"),
        ({"name.formatted": "F", "name.givenName": "G"}, "F"),
        ({"name.givenName": "G", "name.familyName": "H"}, "G H"),
        ({"name.familyName": "H"}, "H"),
        ({}, "x"),
    ],
)
def test_people_are_shown_by_the_best_name_they_have(
    sqlite_app: Flask, fields: dict, shown: str
) -> None:
    people = cast.assemble()
    made = apply(CreateUser({"userName": "x"} | fields), by=people.operator).first.id
    view = queries.find_user(people.alice, made)
    assert view.shown_name == shown
    assert queries.names_of(people.alice, [made]) == {made: shown}
