"""Books that do not agree with themselves are found out, each by its own name."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete, insert, update

from idp.changes import apply
from idp.changes.intents import AddMember, AssignLicense
from idp.directory.errors import DirectoryError
from idp.directory.users import User
from idp.extensions import db
from idp.licensing import queries
from idp.licensing.seats import Grant, Holding, SeatTurn
from idp.licensing.subscriptions import Pool
from tests.cast import Cast
from tests.changes.steps import group
from tests.licensing.shop import buy, sku


@pytest.fixture
def people(shop_open: Cast) -> Cast:
    """Northwind with five of Office Basic: bob has one, and erin one by a group."""
    by = shop_open.operator
    buy(by, "office-basic", 5)
    crew = group(by, "Crew")
    apply(AssignLicense(sku("OFFICE_BASIC"), shop_open.bob.id), by=by)
    apply(AssignLicense(sku("OFFICE_BASIC"), group_id=crew), by=by)
    apply(AddMember(crew, shop_open.erin), by=by)
    db.session.execute(delete(SeatTurn))  # as when the worker has looked at everybody
    db.session.commit()
    return shop_open


def found(people: Cast) -> list[tuple[str, str, int, int]]:
    db.session.rollback()
    return [
        (one.code, one.sku.part_number, one.stated, one.counted)
        for one in queries.drift_of(people.operator)
    ]


def hold(people: Cast, part_number: str) -> dict[str, Any]:
    row = {"user_id": people.carol.id, "sku_id": sku(part_number), "org_id": people.org}
    return row | {"plans_off": [], "since": datetime.now(UTC)}


def test_what_the_product_did_agrees(people: Cast) -> None:
    assert found(people) == []


def test_each_fault_has_its_name(people: Cast) -> None:
    faults: list[tuple[Any, list[str]]] = [
        (update(Pool).values(consumed=1), ["miscounted"]),
        (update(Pool).values(enabled=1), ["over_claimed"]),
        (update(User).where(User.id == people.erin).values(active=False), ["not_active"]),
        (delete(Grant).where(Grant.user_id == people.bob.id), ["no_grant"]),
        (insert(Holding).values(hold(people, "OFFICE_PRO")), ["no_grant", "no_pool"]),
    ]
    expected: set[str] = set()
    for fault, codes in faults:
        db.session.execute(fault)
        db.session.commit()
        expected |= set(codes)
        assert {code for code, *_ in found(people)} == expected


def test_units_that_ended_are_no_fault(people: Cast) -> None:
    db.session.execute(update(Pool).values(enabled=0, excess_since=datetime.now(UTC)))
    db.session.commit()

    assert found(people) == []


def test_only_who_may_see_licences_asks_and_only_of_their_own(people: Cast) -> None:
    db.session.execute(update(Pool).values(consumed=1))
    db.session.commit()

    assert queries.drift_of(people.other_operator) == []
    with pytest.raises(DirectoryError):
        queries.drift_of(people.bob)
