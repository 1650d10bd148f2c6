"""Sign-ins: who came in and who was refused is kept, shown to whom it may be, and counted."""

from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, insert, select

from idp.changes import apply, sign_ins
from idp.changes.intents import RecordSignIn
from idp.changes.sign_ins import SignInDay, SignInEvent, row
from idp.directory.errors import Forbidden
from idp.extensions import db, writing
from tests.cast import NOON, Cast
from tests.changes.steps import statements
from tests.portal.browsing import Visitor
from tests.portal.conftest import Site

DAY = timedelta(days=1)


def fill(people: Cast, moment: datetime, came: int, refused: int = 0, org: str = "") -> None:
    """So many sign-ins of bob at a moment."""
    results = ["success"] * came + ["refused"] * refused
    who = (people.bob.id, "bob@northwind.example")
    rows = [row(org or people.org, who, moment, method="password", result=one) for one in results]
    with writing() as session:
        session.execute(insert(SignInEvent), rows)


def kept() -> list[tuple[str, str, str]]:
    db.session.rollback()
    table = SignInEvent
    wanted = select(table.user_name, table.result, table.reason).order_by(table.id)
    return [tuple(one) for one in db.session.execute(wanted)]


def test_who_comes_in_and_who_is_refused_is_kept(app: Flask, people: Cast) -> None:
    visitor = Visitor(app.test_client())
    visitor.get("/sign-in").submit("Continue", username="bob@northwind.example")
    visitor.submit("Sign in", password="wrong")
    visitor.submit("Sign in", password="a long walk by the sea")
    assert kept() == [
        ("bob@northwind.example", "refused", "password_wrong"),
        ("bob@northwind.example", "success", ""),
    ]
    (mine, _refused) = sign_ins.page(people.bob).items
    assert (mine.method, mine.ip) == ("password", "127.0.0.1")


@pytest.mark.parametrize(
    "typed, expected",
    [
        ("nobody@northwind.example", [("nobody@northwind.example", "refused", "name_unknown")]),
        ("nobody@elsewhere.example", []),
        ("my secret password", []),
    ],
)
def test_a_name_that_nobody_has_is_kept_only_in_a_domain_of_ours(
    app: Flask, people: Cast, typed: str, expected: list[tuple[str, str, str]]
) -> None:
    visitor = Visitor(app.test_client()).get("/sign-in").submit("Continue", username=typed)
    visitor.submit("Sign in", password="wrong")
    assert kept() == expected


def test_a_wrong_password_costs_as_many_statements_as_an_unknown_name(site: Site) -> None:
    counts = []
    for name in ("bob@northwind.example", "nobody@northwind.example", "x@elsewhere.example"):
        visitor = site.visitor().get("/sign-in").submit("Continue", username=name)
        with site.app.app_context(), statements() as sent:
            visitor.submit("Sign in", password="wrong")
        counts.append(len([one for one in sent if "SET failures" not in one]))
    assert len(set(counts)) == 1


def test_a_sign_in_at_an_application_is_kept_with_its_name(site: Site) -> None:
    refused = RecordSignIn(site.cast.bob.id, site.application, "refused", "not_assigned")
    site.inside(lambda: apply(refused, by=site.cast.operator))
    alice = site.visitor("alice").get("/sign-ins?method=application")
    assert "Wiki" in alice.text
    assert "Refused" in alice.text


def test_everybody_sees_their_own_and_readers_all(site: Site) -> None:
    bob, alice = site.visitor("bob"), site.visitor("alice")
    assert "alice@" not in bob.get("/sign-ins").text
    assert "bob@northwind.example" in bob.text
    assert "Sign-ins per day" not in bob.text
    assert "bob@northwind.example" in alice.get("/sign-ins").text
    assert "Sign-ins per day" in alice.text
    link = f"/sign-ins?user={site.cast.alice.id}"
    assert "alice@" not in bob.get(link).text


def test_the_list_is_walked_by_cursor_in_both_orders(people: Cast, frozen: list[datetime]) -> None:
    fill(people, NOON, 7)
    first = sign_ins.page(people.alice, limit=4)
    second = sign_ins.page(people.alice, limit=4, cursor=first.next_cursor)
    seen = [one.id for one in (*first.items, *second.items)]
    assert (len(seen), second.next_cursor) == (7, None)
    upwards = sign_ins.page(people.alice, limit=7, oldest_first=True)
    assert [one.id for one in upwards.items] == seen[::-1]


@pytest.mark.parametrize("odd", ["\x00", "x" * 5000, "' or 1=1 --"])
def test_an_odd_cursor_is_no_fault(people: Cast, odd: str) -> None:
    assert sign_ins.page(people.alice, cursor=odd, user=odd, result=odd).next_cursor is None


def test_a_month_is_told_day_by_day(people: Cast, frozen: list[datetime]) -> None:
    fill(people, NOON - 40 * DAY, 9)
    fill(people, NOON - 2 * DAY, 3, 1)
    fill(people, NOON, 2)
    days = sign_ins.per_day(people.alice)
    assert (len(days), days[-1]) == (30, (date(2026, 12, 3), 2, 0))
    assert days[-3] == (date(2026, 12, 1), 3, 1)
    assert sum(came for _day, came, _no in days) == 5


def test_days_that_are_over_are_counted_once(people: Cast, frozen: list[datetime]) -> None:
    fill(people, NOON - 2 * DAY, 3, 1)
    fill(people, NOON - 2 * DAY, 5, org=people.other_org)
    fill(people, NOON, 2)
    before = sign_ins.per_day(people.alice)
    assert [sign_ins.count(), sign_ins.count()] == [3, 0]
    assert sign_ins.per_day(people.alice) == before
    assert db.session.scalar(select(func.count()).select_from(SignInDay)) == 3
    frozen[0] += DAY
    assert sign_ins.count() == 1
    assert sign_ins.per_day(people.alice)[-2] == (date(2026, 12, 3), 2, 0)


def test_the_chart_of_others_is_not_shown(people: Cast) -> None:
    with pytest.raises(Forbidden):
        sign_ins.per_day(people.carol)


def test_the_chart_and_its_table_say_the_same(site: Site) -> None:
    alice = site.visitor("alice").get("/sign-ins")
    bars = alice.page.xpath("//*[contains(@class, 'chart-bar')]/*[local-name()='title']/text()")
    rows = alice.page.xpath("//details[contains(@class, 'chart-table')]//tbody/tr")
    assert len(rows) == 30
    came = int(rows[-1].xpath("string(td[2])"))
    assert any(text.endswith(f"Signed in {came}") for text in bars)


def test_what_is_old_is_forgotten(people: Cast, frozen: list[datetime]) -> None:
    fill(people, NOON, 2)
    frozen[0] += sign_ins.KEPT + DAY
    fill(people, frozen[0], 1)
    assert sign_ins.sweep() == 2
    assert len(kept()) == 1
