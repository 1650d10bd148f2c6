"""What somebody may use follows from the dates, not from when the worker last ran."""

from datetime import datetime, timedelta

from idp.changes import apply
from idp.changes.intents import AssignLicense
from idp.licensing.queries import entitlements_of, licenses_of
from tests.cast import Cast
from tests.licensing.shop import buy, sku

AFTER_GRACE = timedelta(days=366 + 31)


def test_what_a_disabled_subscription_gave_is_gone_at_that_moment(
    shop_open: Cast, frozen: list[datetime]
) -> None:
    org, bob = shop_open.org, shop_open.bob.id
    buy(shop_open.operator, "office-basic", 2, auto_renew=False)
    apply(AssignLicense(sku("OFFICE_BASIC"), bob), by=shop_open.operator)
    assert [one.sku.part_number for one in entitlements_of(org, [bob])[bob]] == ["OFFICE_BASIC"]
    frozen[0] += AFTER_GRACE
    assert entitlements_of(org, [bob]) == {}
    [held] = licenses_of(shop_open.alice, bob)
    assert held.held_since
    assert held.plans == ()
