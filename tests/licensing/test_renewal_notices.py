"""Administrators hear of ends, transitions and shortages in time, once for each threshold."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from idp.changes import alarms, apply, due, renewal_notices
from idp.changes.intents import AssignLicense, ChangeSubscription, ExtendTrial, RenewSubscription
from idp.changes.notices import Notice
from idp.extensions import db
from idp.licensing.catalogue import OfferView
from idp.licensing.lifecycle import Terms, terms_of
from tests.cast import Cast
from tests.changes.steps import group, statements
from tests.licensing.shop import buy, sku
from tests.licensing.test_subscriptions import shop

__all__ = ["shop"]  # the fixture
Clock = list[datetime]
OURS = ("trial_ending", "subscription_", "over_allocated")


def open_now() -> dict[str, int | None]:
    """{kind: threshold told} of what is open about subscriptions."""
    alarms.warn()
    db.session.rollback()
    rows = db.session.scalars(select(Notice).where(Notice.resolved_at.is_(None)))
    return {row.kind: row.threshold for row in rows if row.kind.startswith(OURS)}


@pytest.mark.parametrize("days, threshold", [(0, 30), (1, 30), (22, 30), (23, 7), (28, 7), (29, 1)])
def test_a_trial_is_told_at_each_threshold(
    shop: Cast, frozen: Clock, days: int, threshold: int
) -> None:
    buy(shop.alice, "office-trial")
    frozen[0] += timedelta(days=days)
    assert open_now() == {"trial_ending": threshold}


def test_each_state_is_told_as_it_comes_and_the_last_one_resolved(
    shop: Cast, frozen: Clock
) -> None:
    buy(shop.alice, "office-basic", 1, auto_renew=False)
    seen = []
    for days in (0, 304, 2, 59, 31, 91):
        frozen[0] += timedelta(days=days)
        due.follow()
        seen += [kind for kind in open_now() if kind not in seen]
    assert seen == ["subscription_ending", "subscription_expired", "subscription_disabled"]
    assert open_now() == {}


@pytest.mark.parametrize(
    "days, kinds",
    [
        (300, set()),
        (310, {"subscription_ending"}),
        (366, {"subscription_expired"}),
        (400, {"subscription_disabled"}),
        (500, set()),
    ],
)
def test_what_nobody_wrote_down_is_told_all_the_same(
    shop: Cast, frozen: Clock, days: int, kinds: set[str]
) -> None:
    buy(shop.alice, "office-basic", 1, auto_renew=False)
    frozen[0] += timedelta(days=days)
    assert set(open_now()) == kinds


def test_what_lasts_is_not_read(shop: Cast, frozen: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    buy(shop.alice, "office-basic", 1, auto_renew=False)
    trial, read = buy(shop.alice, "office-trial"), set()

    def counted(row: dict[str, Any], offer: OfferView) -> Terms:
        read.add(row["id"])
        return terms_of(row, offer)

    monkeypatch.setattr(renewal_notices, "terms_of", counted)
    alarms.warn()
    assert read == {trial}


def test_what_renews_by_itself_is_told_too_and_over_when_it_has(shop: Cast, frozen: Clock) -> None:
    buy(shop.alice, "office-basic", 1)
    frozen[0] += timedelta(days=360)
    assert open_now() == {"subscription_renewing": 7}
    frozen[0] += timedelta(days=6)
    due.follow()
    assert open_now() == {}


def test_what_was_done_resolves_the_notice(shop: Cast, frozen: Clock) -> None:
    trial, paid = buy(shop.alice, "office-trial"), buy(shop.alice, "archive", 1, auto_renew=False)
    frozen[0] += timedelta(days=29)
    apply(ExtendTrial(trial), by=shop.alice)
    assert open_now() == {"trial_ending": 60}
    frozen[0] += timedelta(days=340)
    assert "subscription_expired" in open_now()
    apply(RenewSubscription(paid), by=shop.alice)
    assert "subscription_expired" not in open_now()


def test_more_in_use_than_there_are_is_told_until_it_is_settled(shop: Cast) -> None:
    made = buy(shop.alice, "office-basic", 2)
    crew = group(shop.operator, "Crew", shop.bob.id, shop.carol.id)
    apply(AssignLicense(sku("OFFICE_BASIC"), group_id=crew), by=shop.alice)
    apply(ChangeSubscription(made, quantity=1), by=shop.alice)
    assert "over_allocated" in open_now()
    apply(ChangeSubscription(made, quantity=2), by=shop.alice)
    assert "over_allocated" not in open_now()


def test_more_subscriptions_take_no_more_statements(shop: Cast) -> None:
    def asked(count: int) -> int:
        for _ in range(count):
            buy(shop.alice, "archive", 1, auto_renew=False)
        alarms.warn()
        with statements() as sent:
            alarms.warn()
        return len(sent)

    assert asked(1) == asked(12)
