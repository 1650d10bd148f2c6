"""Lists in every order: whole, without gaps, along an index, whoever comes and goes meanwhile."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from idp.changes import apply
from idp.changes.intents import BlockUser, ChangeUser, CreateGroup, CreateUser, DeleteUser
from idp.clock import now
from idp.directory import people_pages, queries, teams
from idp.directory.errors import Invalid
from idp.directory.users import User
from idp.directory.views import UserView
from idp.extensions import db
from tests.cast import Cast
from tests.directory.test_query_plans import Plan, crowd, plan, whole_walks

__all__ = ["crowd", "plan"]

WORDS: dict[str, Callable[[UserView], Any]] = {
    "name": lambda one: one.shown_name.lower(),
    "user_name": lambda one: one.user_name,
    "state": lambda one: ("active", "disabled", "blocked").index(one.status),
    "source": lambda one: one.source_id,
    "created": lambda one: one.id,
    "last_sign_in": lambda one: (one.last_sign_in is not None, one.last_sign_in or now()),
}


@pytest.fixture
def dozens(people: Cast) -> None:
    """Thirty people: some from HR, some shut out, some of one name, a few who signed in."""
    wanted = [
        CreateUser({"userName": f"p{n:02}@northwind.example", "displayName": f"Kim {n % 7}"})
        for n in range(30)
    ]
    ids = [made.id for made in apply(*wanted[:15], by=people.hr).results]
    ids += [made.id for made in apply(*wanted[15:], by=people.alice).results]
    apply(*(BlockUser(one) for one in ids[::7]), by=people.alice)
    apply(*(ChangeUser(one, {"active": False}) for one in ids[16::5]), by=people.alice)
    apply(DeleteUser(ids[3]), by=people.alice)
    for days, one in enumerate(ids[5:12]):
        seen = {"last_sign_in": now() - timedelta(days=days // 2)}
        db.session.execute(update(User).where(User.id == one).values(seen))
    db.session.commit()


def walk(people: Cast, sort: str, limit: int = 4, **more: str) -> Iterator[UserView]:
    cursor = None
    while True:
        page = queries.page_people(people.alice, sort=sort, cursor=cursor, limit=limit, **more)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return


@pytest.mark.parametrize("sort", people_pages.SORTS)
def test_every_order_shows_everybody_once_and_turned_round_the_same(
    people: Cast, dozens: None, sort: str
) -> None:
    there, back = list(walk(people, sort)), list(walk(people, f"-{sort}"))
    assert [one.id for one in there] == [one.id for one in reversed(back)]
    assert {one.id for one in there} == {one.id for one in walk(people, "", 500)}
    assert len({one.id for one in there}) == len(there) == 34
    words = [WORDS[sort](one) for one in there]
    assert words == sorted(words)


@pytest.mark.parametrize("sort", people_pages.SORTS)
@pytest.mark.parametrize("more", [{"text": "kim"}, {"state": "blocked"}, {"source": "local"}])
def test_a_filter_holds_in_every_order(
    people: Cast, dozens: None, sort: str, more: dict[str, str]
) -> None:
    wanted = set(queries.ids_of_people(people.alice, **more, limit=99))
    found = [one.id for one in walk(people, f"-{sort}", 3, **more)]
    assert wanted == set(found)
    assert len(found) == len(wanted) > 3


def test_many_who_are_found_by_a_word_are_sorted_as_few_are(
    people: Cast, dozens: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = [one.id for one in walk(people, "user_name", text="kim")]
    monkeypatch.setattr(people_pages, "FEW", 5)
    assert [one.id for one in walk(people, "user_name", text="kim")] == few


def test_who_comes_and_goes_meanwhile_moves_nobody_else(people: Cast, dozens: None) -> None:
    first = queries.page_people(people.alice, sort="user_name", limit=10)
    apply(CreateUser({"userName": "aaa@northwind.example"}), by=people.alice)
    apply(DeleteUser(first.items[9].id), by=people.alice)
    rest = queries.page_people(people.alice, sort="user_name", cursor=first.next_cursor, limit=99)
    seen = {one.id for one in (*first.items, *rest.items)}
    assert len(seen) == len(first.items) + len(rest.items) == 34


def test_a_cursor_is_good_for_its_own_order_alone(people: Cast, dozens: None) -> None:
    cursor = queries.page_people(people.alice, sort="user_name", limit=3).next_cursor
    for sort in ("", "-user_name", "created", "last_sign_in"):
        with pytest.raises(Invalid):
            queries.page_people(people.alice, sort=sort, cursor=cursor)


def test_an_unknown_order_is_the_usual_one(people: Cast, dozens: None) -> None:
    usual = [one.id for one in queries.page_people(people.alice).items]
    for sort in ("password", "-", "-nothing", "name; DROP TABLE users"):
        assert [one.id for one in queries.page_people(people.alice, sort=sort).items] == usual


@pytest.mark.parametrize("sort", teams.SORTS)
def test_every_order_shows_every_group_once(people: Cast, sort: str) -> None:
    apply(*(CreateGroup({"displayName": f"Team {n:02}"}) for n in range(20)), by=people.hr)
    seen: list[str] = []
    cursor = None
    while True:
        page = queries.page_groups(people.alice, sort=f"-{sort}", cursor=cursor, limit=6)
        seen += [one.id for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(set(seen)) == len(seen) == 20


# Along what each order is read, where nobody is left out; and where a few are sought among many.
INDEXES = {
    "name": "ix_users_sort",
    "user_name": r"uq_users_user_name|ix_users_sign_in",
    "state": r"ix_users_sort|ix_users_blocked|ix_users_disabled",
    "source": "ix_users_source",
    "created": r"org_id_id|pk_users|sqlite_autoindex_users|ix_users_present",
    "last_sign_in": r"ix_users_last_sign_in|pk_users",  # by id, where nobody has signed in
}


@pytest.mark.parametrize("sort", INDEXES)
@pytest.mark.parametrize("turned", ["", "-"])
def test_a_page_in_every_order_is_read_along_an_index(
    people: Cast, crowd: list[str], plan: Plan, sort: str, turned: str
) -> None:
    order = f"{turned}{sort}"
    middle = queries.page_people(people.alice, sort=order, limit=750).next_cursor

    told = plan(lambda: queries.page_people(people.alice, sort=order, cursor=middle))

    assert any(re.search(INDEXES[sort], line) for line in told), told
    assert whole_walks(told, "users") == [], told
    assert not any("USE TEMP B-TREE FOR ORDER BY" in line for line in told), told


@pytest.mark.parametrize(
    "given, index",
    [
        ({"state": "blocked"}, "ix_users_blocked"),
        ({"state": "disabled"}, "ix_users_disabled"),
        ({"state": "deleted"}, "ix_users_deleted"),
        ({"source": "local"}, "ix_users_source"),
    ],
)
def test_the_few_are_found_among_the_many(
    people: Cast, crowd: list[str], plan: Plan, given: dict[str, str], index: str
) -> None:
    told = plan(lambda: queries.page_people(people.alice, **given))
    assert any(index in line for line in told), told
    assert not any("USE TEMP B-TREE FOR ORDER BY" in line for line in told), told
