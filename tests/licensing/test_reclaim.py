"""Seats that somebody else could use are found, and taken back where a person has them directly."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from idp.changes import apply
from idp.changes.intents import AssignLicense, CopyLicenses, PutService, ReclaimLicenses
from idp.clock import now
from idp.directory.errors import DirectoryError
from idp.directory.users import User
from idp.extensions import db
from idp.licensing.queries import (
    knows_sign_ins,
    page_contained,
    page_doubled,
    page_idle,
)
from tests.cast import Cast
from tests.changes.steps import group, somebody
from tests.licensing.shop import OFFICE, buy, holders, offer, plan, plans_off, sku

BASIC = "OFFICE_BASIC"
LONG_AGO = timedelta(days=91)


def signed_in(user_id: str, ago: timedelta | None, old: timedelta = LONG_AGO) -> None:
    """Somebody who was added so long ago and signed in so long ago, or never."""
    last = now() - ago if ago is not None else None
    here = update(User).where(User.id == user_id)
    db.session.execute(here.values(last_sign_in=last, created=now() - old))
    db.session.commit()


@pytest.fixture
def crew(shop_open: Cast) -> dict[str, str]:
    """Four with a seat: one busy, one away, one who never came, one who is new."""
    by = shop_open.operator
    buy(by, "office-basic", 9)
    made = {name: somebody(by, name) for name in ("busy", "away", "never", "new")}
    apply(*(AssignLicense(sku(BASIC), one) for one in made.values()), by=by)
    signed_in(made["busy"], timedelta(days=1))
    signed_in(made["away"], LONG_AGO)
    signed_in(made["never"], None)
    return made


def test_who_is_away_for_90_days_or_never_came_is_idle(
    shop_open: Cast, crew: dict[str, str]
) -> None:
    found = page_idle(shop_open.alice).items
    assert {one.user.id for one in found} == {crew["away"], crew["never"]}
    assert all(one.direct for one in found)


def test_where_nobody_signs_in_nobody_is_called_idle(shop_open: Cast, crew: dict[str, str]) -> None:
    signed_in(crew["busy"], None)
    signed_in(shop_open.alice.id, timedelta(days=1))  # an administrator proves nothing
    assert not knows_sign_ins(shop_open.alice)
    assert not page_idle(shop_open.alice).items


def test_the_price_is_told_to_who_reads_billing(shop_open: Cast, crew: dict[str, str]) -> None:
    price = page_idle(shop_open.alice).items[0].price
    assert price
    assert (price.minor, price.currency, price.months) == (990, "EUR", 12)
    assert page_idle(shop_open.carol).items[0].price is None


def test_a_grant_of_ones_own_beside_a_groups_is_a_double(
    shop_open: Cast, crew: dict[str, str]
) -> None:
    kitchen = group(shop_open.operator, "Kitchen", crew["busy"])
    apply(AssignLicense(sku(BASIC), group_id=kitchen), by=shop_open.operator)
    [one] = page_doubled(shop_open.alice).items
    assert one.user.id == crew["busy"]
    assert [source.name for source in one.shared] == ["Kitchen"]


def test_a_product_within_another_that_somebody_holds_too_is_a_double(
    shop_open: Cast, crew: dict[str, str]
) -> None:
    by = shop_open.operator
    small = {
        "part_number": "DOCS",
        "name": "Docs",
        "plans": [plan("DOCS")],
        "offers": [offer("docs")],
    }
    apply(PutService(OFFICE | {"skus": [*OFFICE["skus"], small]}), by=replace(by, org_id=""))
    buy(by, "docs", 5)
    apply(*(AssignLicense(sku("DOCS"), crew[name]) for name in ("busy", "new")), by=by)
    apply(AssignLicense(sku(BASIC), crew["new"], plans_off=["DOCS"]), by=by)
    [one] = page_contained(shop_open.alice).items
    assert (one.user.id, one.sku.part_number) == (crew["busy"], "DOCS")
    assert one.other
    assert one.other.part_number == BASIC


def test_grants_of_their_own_are_taken_back_and_a_groups_seat_stays(
    shop_open: Cast, crew: dict[str, str]
) -> None:
    kitchen = group(shop_open.operator, "Kitchen", crew["away"])
    apply(AssignLicense(sku(BASIC), group_id=kitchen), by=shop_open.operator)
    seats = [(crew[name], sku(BASIC)) for name in ("away", "never")]
    assert apply(ReclaimLicenses(seats), by=shop_open.carol).changed
    assert holders(BASIC) == {crew["busy"], crew["new"], crew["away"]}
    assert not apply(ReclaimLicenses(seats), by=shop_open.carol).changed


def test_licences_are_copied_with_the_plans_that_are_off(
    shop_open: Cast, crew: dict[str, str]
) -> None:
    by, bob = shop_open.operator, shop_open.bob.id
    apply(AssignLicense(sku(BASIC), crew["busy"], plans_off=["DOCS"]), by=by)
    apply(CopyLicenses(crew["busy"], [bob, shop_open.erin]), by=shop_open.carol)
    assert {bob, shop_open.erin} <= holders(BASIC)
    assert plans_off(BASIC, bob) == ["DOCS"]


@pytest.mark.parametrize("what", ["nothing", "too many", "outside"])
def test_a_copy_that_cannot_be_made_whole_is_refused(
    shop_open: Cast, crew: dict[str, str], what: str
) -> None:
    bob, many = shop_open.bob.id, [somebody(shop_open.operator, f"m-{n}") for n in range(6)]
    by = shop_open.carol
    scoped = replace(by, scopes={"licenses.write": (group(shop_open.operator, "Sales", bob),)})
    tries = {
        "nothing": (CopyLicenses(bob, [shop_open.erin]), by, "nothing_to_copy"),
        "too many": (CopyLicenses(crew["busy"], many), by, "count_violation"),
        "outside": (CopyLicenses(crew["busy"], [bob]), scoped, "outside_scope"),
    }
    change, actor, code = tries[what]
    with pytest.raises(DirectoryError) as refused:
        apply(change, by=actor)
    assert refused.value.code == code
    assert holders(BASIC) == set(crew.values())
