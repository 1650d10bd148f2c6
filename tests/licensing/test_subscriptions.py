"""The life of a subscription: what each verb does to units, seats, dates; and what it refuses."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from idp.changes import apply, audit, due
from idp.changes.intents import (
    AddAgreement,
    AssignLicense,
    BuySubscription,
    CancelSubscription,
    Change,
    ChangeOrganization,
    ChangeSubscription,
    DeleteSubscription,
    ExtendTrial,
    FollowSubscriptions,
    ReactivateSubscription,
    RenewSubscription,
    TerminateAgreement,
    UpgradeSubscription,
)
from idp.directory.actors import Actor
from idp.directory.errors import DirectoryError
from idp.extensions import db
from idp.licensing import queries
from idp.licensing.seats import Grant
from idp.licensing.subscriptions import Pool, Subscription
from tests.cast import NOON, Cast
from tests.changes.steps import group, somebody, statements
from tests.licensing.shop import buy, holders, offer_id, sku, taken

YEAR = timedelta(days=365)
Clock = list[datetime]


@pytest.fixture
def shop(shop_open: Cast, frozen: Clock) -> Cast:
    """The shop at noon of the third of December 2026."""
    assert frozen
    return shop_open


def row(subscription_id: str) -> Subscription:
    """A subscription as it is stored."""
    db.session.rollback()
    found = db.session.get(Subscription, subscription_id)
    assert found
    return found


def refusal(*changes: Change, by: Actor) -> str:
    """The code with which a change is refused."""
    with pytest.raises(DirectoryError) as refused:
        apply(*changes, by=by)
    return refused.value.code


def later(clock: Clock, days: float) -> None:
    """So many days pass, and the nightly run writes down what became of them."""
    clock[0] += timedelta(days=days)
    due.follow()


# --- buying -----------------------------------------------------------------------------------


def test_a_trial_is_had_once_with_its_fixed_units(shop: Cast) -> None:
    made = row(buy(shop.alice, "office-trial", 9000))
    assert (made.state, made.quantity, made.auto_renew) == ("trial", 25, False)
    assert made.ends == NOON + timedelta(days=30)
    again = BuySubscription(offer_id("office-trial"))
    assert refusal(again, by=shop.alice) == "trial_used"
    assert refusal(again, again, by=shop.mallory) == "trial_used"
    assert apply(again, by=shop.mallory).changed


def test_what_starts_later_gives_nothing_before(shop: Cast, frozen: Clock) -> None:
    made = buy(shop.alice, "office-basic", 5, starts=NOON + timedelta(days=3))
    assert row(made).state == "pending"
    assert taken(shop.org, "OFFICE_BASIC") == (0, 0)
    later(frozen, 3)
    assert row(made).state == "active"
    assert taken(shop.org, "OFFICE_BASIC") == (5, 0)


@pytest.mark.parametrize(
    "more, code",
    [
        ({"quantity": 0}, "quantity_invalid"),
        ({"quantity": 10_000_001}, "quantity_invalid"),
        ({"starts": NOON - timedelta(days=2)}, "start_past"),
        ({"starts": NOON + timedelta(days=400)}, "start_too_far"),
        ({"agreement_id": "nobody's"}, "agreement_not_found"),
        ({"name": "a\nb"}, "text_invalid"),
        ({"purchase_order": "x" * 129}, "text_invalid"),
        ({"offer_id": "none"}, "offer_not_found"),
    ],
)
def test_what_cannot_be_bought_is_said(shop: Cast, more: dict[str, Any], code: str) -> None:
    given = {"offer_id": offer_id("office-basic"), "quantity": 1} | more
    assert refusal(BuySubscription(**given), by=shop.alice) == code


def test_an_agreement_must_be_in_force(shop: Cast) -> None:
    ahead = AddAgreement("A-2", "Select", NOON + YEAR, NOON + 2 * YEAR)
    here = AddAgreement("A-1", "Select", NOON - YEAR, NOON + YEAR)
    first, second = (one.id for one in apply(here, ahead, by=shop.alice).results)
    wanted = offer_id("office-basic")
    assert row(buy(shop.alice, "office-basic", 1, agreement_id=first)).agreement_id == first
    not_yet = BuySubscription(wanted, 1, agreement_id=second)
    assert refusal(not_yet, by=shop.alice) == "agreement_not_in_force"
    apply(TerminateAgreement(first), by=shop.alice)
    over = BuySubscription(wanted, 1, agreement_id=first)
    assert refusal(over, by=shop.alice) == "agreement_not_in_force"


# --- changing ---------------------------------------------------------------------------------


def test_fewer_units_than_are_used_take_nobodys_seat(shop: Cast) -> None:
    made = buy(shop.alice, "office-basic", 3)
    crew = group(shop.operator, "Crew", shop.bob.id, shop.carol.id, shop.heidi.id)
    apply(AssignLicense(sku("OFFICE_BASIC"), group_id=crew), by=shop.alice)
    apply(ChangeSubscription(made, quantity=1), by=shop.alice)
    assert len(holders("OFFICE_BASIC")) == 3
    assert taken(shop.org, "OFFICE_BASIC") == (1, 3)
    pool = db.session.get(Pool, (shop.org, sku("OFFICE_BASIC")))
    assert pool
    assert pool.excess_since == NOON
    apply(ChangeSubscription(made, quantity=4), by=shop.alice)
    db.session.rollback()
    pool = db.session.get(Pool, (shop.org, sku("OFFICE_BASIC")))
    assert pool
    assert pool.excess_since is None


def test_a_change_of_something_old_is_refused(shop: Cast) -> None:
    made = buy(shop.alice, "office-basic", 3)
    apply(ChangeSubscription(made, name="Head office", expect=1), by=shop.alice)
    stale = ChangeSubscription(made, name="Branch", expect=1)
    assert refusal(stale, by=shop.alice) == "version_stale"
    assert (row(made).name, row(made).version) == ("Head office", 2)


def test_nothing_changed_is_nothing_written(shop: Cast) -> None:
    made = buy(shop.alice, "office-basic", 3)
    outcome = apply(ChangeSubscription(made, quantity=3, auto_renew=True), by=shop.alice)
    assert not outcome.changed
    assert row(made).version == 1


def test_a_trial_keeps_its_units_and_does_not_renew(shop: Cast) -> None:
    made = buy(shop.alice, "office-trial")
    assert refusal(ChangeSubscription(made, quantity=26), by=shop.alice) == "quantity_fixed"
    assert refusal(ChangeSubscription(made, auto_renew=True), by=shop.alice) == "trial_not_renewed"
    assert refusal(RenewSubscription(made), by=shop.alice) == "trial_not_renewed"


# --- trials -----------------------------------------------------------------------------------


def test_a_trial_is_extended_once(shop: Cast, frozen: Clock) -> None:
    made = buy(shop.alice, "office-trial")
    apply(ExtendTrial(made), by=shop.alice)
    assert row(made).ends == NOON + timedelta(days=60)
    assert refusal(ExtendTrial(made), by=shop.alice) == "trial_extended"
    later(frozen, 59)
    assert row(made).state == "trial"
    later(frozen, 1)
    assert row(made).state == "expired"


def test_a_trial_that_has_just_expired_is_extended_from_today(shop: Cast, frozen: Clock) -> None:
    made = buy(shop.alice, "office-trial")
    later(frozen, 40)
    apply(ExtendTrial(made), by=shop.alice)
    assert (row(made).state, row(made).ends) == ("trial", frozen[0] + timedelta(days=30))


def test_to_convert_a_trial_keeps_what_people_hold(shop: Cast) -> None:
    made = buy(shop.alice, "office-trial")
    apply(AssignLicense(sku("OFFICE_BASIC"), shop.bob.id), by=shop.alice)
    paid = apply(UpgradeSubscription(made, offer_id("office-basic"), 40), by=shop.alice).first.id
    assert holders("OFFICE_BASIC") == {shop.bob.id}
    assert taken(shop.org, "OFFICE_BASIC") == (40, 1)
    assert (row(made).state, row(paid).state) == ("deleted", "active")
    assert row(paid).converted_from == made
    assert refusal(ExtendTrial(made), by=shop.alice) == "subscription_deleted"


def test_only_what_the_offer_leads_to_is_an_upgrade(shop: Cast) -> None:
    made = buy(shop.alice, "office-trial")
    other = UpgradeSubscription(made, offer_id("archive"), 1)
    assert refusal(other, by=shop.alice) == "upgrade_unknown"


def test_an_upgrade_to_another_product_moves_grants_if_asked(shop: Cast) -> None:
    apply(ChangeOrganization(settings={"country": "DE"}), by=shop.operator)
    made = buy(shop.alice, "office-basic", 3)
    crew = group(shop.operator, "Crew", shop.bob.id)
    apply(AssignLicense(sku("OFFICE_BASIC"), group_id=crew), by=shop.alice)
    apply(AssignLicense(sku("OFFICE_BASIC"), shop.carol.id), by=shop.alice)
    apply(
        UpgradeSubscription(made, offer_id("office-pro-free"), 5, move_grants=True), by=shop.alice
    )
    assert holders("OFFICE_BASIC") == set()
    assert holders("OFFICE_PRO") == {shop.bob.id, shop.carol.id}
    assert taken(shop.org, "OFFICE_PRO") == (5, 2)
    assert row(made).state == "deleted"


def test_an_upgrade_to_another_product_leaves_the_old_one_to_end_else(shop: Cast) -> None:
    made = buy(shop.alice, "office-basic", 3)
    apply(AssignLicense(sku("OFFICE_BASIC"), shop.carol.id), by=shop.alice)
    apply(UpgradeSubscription(made, offer_id("office-pro-free"), 5), by=shop.alice)
    assert holders("OFFICE_BASIC") == {shop.carol.id}
    assert (row(made).state, row(made).auto_renew) == ("active", False)


# --- ends -------------------------------------------------------------------------------------


def test_a_subscription_passes_through_grace_to_its_end_and_frees_its_seats(
    shop: Cast, frozen: Clock
) -> None:
    made = buy(shop.alice, "office-basic", 3, auto_renew=False)
    apply(AssignLicense(sku("OFFICE_BASIC"), shop.bob.id), by=shop.alice)
    later(frozen, 365)
    assert (row(made).state, taken(shop.org, "OFFICE_BASIC")) == ("expired", (3, 1))
    later(frozen, 30)
    assert (row(made).state, taken(shop.org, "OFFICE_BASIC")) == ("disabled", (0, 1))
    assert holders("OFFICE_BASIC") == {shop.bob.id}
    later(frozen, 90)
    assert (row(made).state, taken(shop.org, "OFFICE_BASIC")) == ("deleted", (0, 0))
    assert holders("OFFICE_BASIC") == set()


def test_the_same_product_again_restores_nothing(shop: Cast) -> None:
    made = buy(shop.alice, "office-basic", 3)
    apply(AssignLicense(sku("OFFICE_BASIC"), shop.bob.id), by=shop.alice)
    apply(CancelSubscription(made), by=shop.alice)
    apply(DeleteSubscription(made), by=shop.alice)
    buy(shop.alice, "office-basic", 3)
    assert holders("OFFICE_BASIC") == set()
    assert db.session.scalar(select(Grant.id)) is None


def test_another_subscription_of_the_product_keeps_the_grants(shop: Cast) -> None:
    made = buy(shop.alice, "office-basic", 3)
    buy(shop.alice, "office-basic", 1)
    apply(AssignLicense(sku("OFFICE_BASIC"), shop.bob.id), by=shop.alice)
    apply(CancelSubscription(made), by=shop.alice)
    apply(DeleteSubscription(made), by=shop.alice)
    assert holders("OFFICE_BASIC") == {shop.bob.id}


def test_only_what_is_disabled_is_deleted(shop: Cast) -> None:
    made = buy(shop.alice, "office-basic", 3)
    assert refusal(DeleteSubscription(made), by=shop.alice) == "subscription_not_disabled"


def test_a_cancellation_in_the_first_days_takes_effect_at_once_and_can_be_taken_back(
    shop: Cast, frozen: Clock
) -> None:
    made = buy(shop.alice, "office-basic", 3)
    later(frozen, 6)
    apply(CancelSubscription(made), by=shop.alice)
    assert (row(made).state, taken(shop.org, "OFFICE_BASIC")) == ("disabled", (0, 0))
    apply(ReactivateSubscription(made), by=shop.alice)
    assert (row(made).state, taken(shop.org, "OFFICE_BASIC")) == ("active", (3, 0))
    assert row(made).auto_renew


@pytest.mark.parametrize("renews", [True, False])
def test_a_cancellation_taken_back_renews_only_if_it_did_before(
    shop: Cast, frozen: Clock, renews: bool
) -> None:
    made = buy(shop.alice, "office-basic", 3, auto_renew=renews)
    apply(CancelSubscription(made), by=shop.alice)
    cancelled = queries.find_subscription(shop.alice, made)
    assert (cancelled.auto_renew, cancelled.renews_if_taken_back) == (False, renews)
    assert cancelled.term_ends == NOON.replace(year=NOON.year + 1)
    apply(ReactivateSubscription(made), by=shop.alice)
    assert queries.find_subscription(shop.alice, made).auto_renew is renews


def test_a_new_term_after_a_cancellation_does_not_renew_by_itself(
    shop: Cast, frozen: Clock
) -> None:
    made = buy(shop.alice, "office-basic", 3)
    apply(CancelSubscription(made), by=shop.alice)
    later(frozen, 20)
    apply(RenewSubscription(made), by=shop.alice)
    assert (row(made).state, row(made).auto_renew) == ("active", False)


def test_a_later_cancellation_waits_for_the_end(shop: Cast, frozen: Clock) -> None:
    made = buy(shop.alice, "office-basic", 3)
    later(frozen, 8)
    apply(CancelSubscription(made), by=shop.alice)
    assert (row(made).state, row(made).auto_renew) == ("active", False)
    assert refusal(CancelSubscription(made), by=shop.alice) == "cancelled_already"
    assert refusal(ReactivateSubscription(made), by=shop.alice) == "not_cancelled"


def test_what_has_not_begun_is_cancelled_for_good(shop: Cast) -> None:
    made = buy(shop.alice, "office-basic", 3, starts=NOON + timedelta(days=30))
    apply(CancelSubscription(made), by=shop.alice)
    assert row(made).state == "deleted"


@pytest.mark.parametrize("days", [370, 400])
def test_an_expired_or_disabled_subscription_is_renewed_from_today(
    shop: Cast, frozen: Clock, days: int
) -> None:
    made = buy(shop.alice, "office-basic", 3, auto_renew=False)
    assert refusal(RenewSubscription(made), by=shop.alice) == "subscription_not_over"
    later(frozen, days)
    apply(RenewSubscription(made), by=shop.alice)
    assert (row(made).state, taken(shop.org, "OFFICE_BASIC")) == ("active", (3, 0))
    assert row(made).ends == frozen[0].replace(year=frozen[0].year + 1)


# --- nights -----------------------------------------------------------------------------------


def states_noted(shop: Cast) -> list[str]:
    """The actions about subscriptions, oldest first."""
    db.session.rollback()
    found, _more = audit.page(shop.alice, audit.AuditFilter(action="subscription."), limit=200)
    return [one.action for one in reversed(found)]


def test_missed_nights_heal_with_a_note_for_each_state(shop: Cast, frozen: Clock) -> None:
    buy(shop.alice, "office-basic", 3, auto_renew=False)
    later(frozen, 1000)
    assert states_noted(shop) == [
        "subscription.created",
        "subscription.expired",
        "subscription.disabled",
        "subscription.deleted",
    ]
    due.follow()
    assert len(states_noted(shop)) == 4


def test_a_clock_set_back_undoes_nothing_and_tells_nothing_twice(shop: Cast, frozen: Clock) -> None:
    ended = buy(shop.alice, "office-basic", 3, auto_renew=False)
    renewed = buy(shop.alice, "office-pro", 3)
    later(frozen, 1000)
    noted, ends = states_noted(shop), row(renewed).ends
    for days in (-900, 899, 1):
        later(frozen, days)
    assert (row(ended).state, row(renewed).ends) == ("deleted", ends)
    assert states_noted(shop) == noted


def test_a_verb_acts_on_the_present_though_no_night_ran(shop: Cast, frozen: Clock) -> None:
    made = buy(shop.alice, "office-basic", 3)
    frozen[0] += timedelta(days=370)
    apply(CancelSubscription(made), by=shop.alice)
    assert (row(made).state, row(made).auto_renew) == ("active", False)
    assert row(made).ends.date().isoformat() == "2028-12-03"


def test_a_night_costs_no_statement_for_each_subscription(shop: Cast, frozen: Clock) -> None:
    def night(count: int) -> int:
        for _ in range(count):
            buy(shop.alice, "office-basic", 1)
        frozen[0] = row_ends()
        with statements() as sent:
            due.follow()
        return len(sent)

    def row_ends() -> datetime:
        db.session.rollback()
        return max(db.session.scalars(select(Subscription.ends)))

    few = night(2)
    assert night(20) <= few


def test_only_the_product_says_what_time_it_is(shop: Cast) -> None:
    made = buy(shop.alice, "office-basic", 1)
    assert refusal(FollowSubscriptions([made]), by=shop.alice) == "permission_missing"


def test_who_assigns_does_not_buy(shop: Cast) -> None:
    wanted = BuySubscription(offer_id("office-basic"), 1)
    assert refusal(wanted, by=shop.carol) == "permission_missing"


def test_holders_of_what_is_deleted_are_freed(shop: Cast) -> None:
    made = buy(shop.alice, "office-basic", 3)
    crew = [somebody(shop.operator, f"crew-{n}") for n in range(3)]
    for one in crew:
        apply(AssignLicense(sku("OFFICE_BASIC"), one), by=shop.alice)
    apply(CancelSubscription(made), by=shop.alice)
    apply(DeleteSubscription(made), by=shop.alice)
    assert holders("OFFICE_BASIC") == set()
