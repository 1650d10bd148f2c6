"""Seats of many people come in turns; nobody is forgotten, and nothing is given twice."""

import pytest
from sqlalchemy import select

from idp.changes import apply, seat_turns, seats
from idp.changes.intents import AddMember, AssignLicense, CreateGroup, CreateUser, RemoveLicense
from idp.clock import new_id
from idp.extensions import db
from idp.licensing.queries import licenses_of
from idp.licensing.seats import SeatTurn
from tests.cast import Cast
from tests.licensing.shop import buy, holders, problems, sku, taken

MANY = 450


def work() -> int:
    """Take turns until none is owed; returns how many parts there were."""
    parts = 0
    while row := seat_turns.claim():
        seat_turns.take(row)
        parts += 1
    return parts


@pytest.fixture
def crew(shop_open: Cast) -> str:
    """A group of many."""
    by = shop_open.operator
    made = apply(CreateGroup({"displayName": "Crew"}), by=by).first.id
    ids = [new_id() for _ in range(MANY)]
    apply(*(CreateUser({"userName": f"crew-{one}"}, id=one) for one in ids), by=by)
    apply(*(AddMember(made, one) for one in ids), by=by)
    return made


def test_a_grant_to_many_is_carried_out_in_turns(shop_open: Cast, crew: str) -> None:
    buy(shop_open.operator, "office-basic", MANY - 50)
    apply(AssignLicense(sku("OFFICE_BASIC"), group_id=crew), by=shop_open.operator)
    assert holders("OFFICE_BASIC") == set()
    assert work() >= MANY // seat_turns.PART
    assert len(holders("OFFICE_BASIC")) == MANY - 50
    assert set(problems("OFFICE_BASIC").values()) == {"count_violation"}
    assert taken(shop_open.org, "OFFICE_BASIC") == (MANY - 50, MANY - 50)


def test_who_waits_in_numbers_is_served_in_turns_when_units_come(
    shop_open: Cast, crew: str
) -> None:
    apply(AssignLicense(sku("OFFICE_BASIC"), group_id=crew), by=shop_open.operator)
    work()
    assert len(problems("OFFICE_BASIC")) == MANY
    buy(shop_open.operator, "office-basic", MANY)
    assert len(holders("OFFICE_BASIC")) == seats.AT_ONCE
    work()
    assert len(holders("OFFICE_BASIC")) == MANY
    assert problems("OFFICE_BASIC") == {}


def test_a_grant_taken_back_from_many_frees_every_seat(shop_open: Cast, crew: str) -> None:
    by = shop_open.operator
    buy(by, "office-basic", MANY)
    apply(AssignLicense(sku("OFFICE_BASIC"), group_id=crew), by=by)
    work()
    apply(RemoveLicense(sku("OFFICE_BASIC"), group_id=crew), by=by)
    work()
    assert holders("OFFICE_BASIC") == set()
    assert taken(shop_open.org, "OFFICE_BASIC") == (MANY, 0)


def test_a_worker_that_dies_loses_nothing(shop_open: Cast, crew: str) -> None:
    buy(shop_open.operator, "office-basic", MANY)
    apply(AssignLicense(sku("OFFICE_BASIC"), group_id=crew), by=shop_open.operator)
    seat_turns.claim()  # and dies
    assert not seat_turns.owed()
    db.session.execute(SeatTurn.__table__.update().values(leased_until=None))
    db.session.commit()
    work()
    assert len(holders("OFFICE_BASIC")) == MANY
    assert db.session.scalar(select(SeatTurn.id)) is None


def test_why_somebody_holds_a_seat_is_told_with_every_source(shop_open: Cast) -> None:
    by, bob = shop_open.operator, shop_open.bob.id
    kitchen = apply(CreateGroup({"displayName": "Kitchen"}, (bob,)), by=by).first.id
    buy(by, "office-basic", 3)
    apply(AssignLicense(sku("OFFICE_BASIC"), bob), by=by)
    apply(AssignLicense(sku("OFFICE_BASIC"), group_id=kitchen, plans_off=["DOCS"]), by=by)
    [view] = licenses_of(shop_open.alice, bob)
    assert [(one.kind, one.name) for one in view.sources] == [("user", ""), ("group", "Kitchen")]
    assert view.plans == ("DOCS", "MAIL_BASIC")
    assert view.held_since
    assert view.problem is None


def test_who_is_in_two_groups_hides_nobody_from_a_turn(shop_open: Cast, crew: str) -> None:
    by = shop_open.operator
    outer = apply(CreateGroup({"displayName": "Outer"}, (crew,)), by=by).first.id
    buy(by, "office-basic", MANY)
    apply(AssignLicense(sku("OFFICE_BASIC"), group_id=crew), by=by)
    apply(AssignLicense(sku("OFFICE_BASIC"), group_id=outer), by=by)
    work()
    assert len(holders("OFFICE_BASIC")) == MANY
    apply(RemoveLicense(sku("OFFICE_BASIC"), group_id=outer), by=by)
    work()
    assert len(holders("OFFICE_BASIC")) == MANY


def test_who_is_put_off_keeps_the_place_in_the_queue(shop_open: Cast, crew: str) -> None:
    by, bob = shop_open.operator, shop_open.bob.id
    apply(AssignLicense(sku("OFFICE_BASIC"), group_id=crew), by=by)
    work()
    apply(AddMember(crew, bob), by=by)
    waiting = [one for one in problems("OFFICE_BASIC") if one != bob]
    second = apply(CreateGroup({"displayName": "Second"}), by=by).first.id
    apply(AssignLicense(sku("OFFICE_BASIC"), group_id=second), by=by)
    work()
    apply(*(AddMember(second, one) for one in waiting), by=by)
    assert len(problems("OFFICE_BASIC")) == MANY + 1
    buy(by, "office-basic", MANY)
    work()
    assert problems("OFFICE_BASIC") == {bob: "count_violation"}
