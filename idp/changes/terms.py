"""The verbs that begin or end a term: extend, upgrade, renew, cancel, take back, delete; follow.

See `idp.licensing.lifecycle` for the states, and docs/licensing.md for what each verb means.
"""

from datetime import timedelta

from idp.changes import invoices, last_subscriptions, subscriptions
from idp.changes.batch import Batch, Needs, Result, Row
from idp.changes.intents import (
    BuySubscription,
    CancelSubscription,
    Change,
    DeleteSubscription,
    ExtendTrial,
    FollowSubscriptions,
    ReactivateSubscription,
    RenewSubscription,
    UpgradeSubscription,
)
from idp.changes.subscriptions import done, held
from idp.directory.errors import Conflict, Invalid
from idp.licensing.catalogue import TRIAL, OfferView
from idp.licensing.lifecycle import (
    ACTIVE,
    DISABLED,
    EXPIRED,
    PENDING,
    TRIAL_STATE,
    add_months,
    term_running,
    terms_of,
)

_RUNNING = (PENDING, TRIAL_STATE, ACTIVE)


def needs(change: Change, wanted: Needs) -> None:
    """What a verb names; pools are counted and invoices numbered by one batch at a time."""
    wanted.alone = True
    if isinstance(change, FollowSubscriptions):
        wanted.subscriptions.update(change.ids)
        return
    subscription_id: str = change.id  # type: ignore[attr-defined]
    wanted.subscriptions.add(subscription_id)
    if isinstance(change, UpgradeSubscription):
        wanted.offers.add(change.offer_id)
        wanted.paid_ahead.add(subscription_id)
        if change.agreement_id:
            wanted.agreements.add(change.agreement_id)
    elif isinstance(change, CancelSubscription | ReactivateSubscription):
        wanted.paid_ahead.add(subscription_id)


def extend_trial(batch: Batch, change: ExtendTrial) -> Result:
    """More days for a trial, counted from its end, or from today where that has passed."""
    row, offer = held(batch, change.id, change.expect)
    if offer.kind != TRIAL or not offer.extension_days:
        raise Conflict("not_extensible", f"{offer.name} cannot be extended.")
    if row["extended_at"] is not None:
        raise Conflict("trial_extended", "A trial is extended once; this one was. Convert it.")
    if row["state"] not in (TRIAL_STATE, EXPIRED):
        raise Conflict("trial_over", "This trial is over. Buy the product instead.")
    row["extended_at"] = batch.now
    row["ends"] = max(row["ends"], batch.now) + timedelta(days=offer.extension_days)
    return done(batch, row, "subscription.extended", offer)


def upgrade_subscription(batch: Batch, change: UpgradeSubscription) -> Result:
    """Convert a trial, or move to another offer: a new subscription begins today."""
    row, old = held(batch, change.id, change.expect)
    if change.offer_id not in old.upgrades_to:
        raise Invalid(
            "upgrade_unknown", f"{old.name} does not lead to this offer.", attribute="offer"
        )
    if row["state"] not in (TRIAL_STATE, ACTIVE, EXPIRED) or row["cancelled_at"]:
        raise Conflict("subscription_not_active", "It is over. Buy the other offer instead.")
    new = subscriptions.offer_for_sale(batch, change.offer_id)
    bought = BuySubscription(
        new.id,
        change.quantity,
        agreement_id=change.agreement_id,
        purchase_order=change.purchase_order,
    )
    made = subscriptions.new_row(batch, bought, new) | {"converted_from": row["id"]}
    result = subscriptions.begin(batch, made, new)
    _leave(batch, row, old, new, move=change.move_grants)
    return result


def _leave(batch: Batch, row: Row, old: OfferView, new: OfferView, *, move: bool) -> None:
    """End what was upgraded; of another SKU only where its grants move along."""
    if old.sku_id != new.sku_id and not move:
        row["auto_renew"] = False
        done(batch, row, "subscription.changed", old)
        return
    if old.sku_id != new.sku_id:
        last_subscriptions.move_grants(batch, old.sku_id, new.sku_id)
    invoices.credit_rest(batch, row, row["quantity"])
    row["deleted_at"], row["auto_renew"] = batch.now, False
    batch.ended.add(row["sku_id"])
    done(batch, row, "subscription.converted", old)


def renew_subscription(batch: Batch, change: RenewSubscription) -> Result:
    """A new term from today on, paid for at once."""
    row, offer = held(batch, change.id, change.expect)
    if offer.kind == TRIAL:
        raise Conflict("trial_not_renewed", "A trial cannot be renewed. Convert it, or buy.")
    if row["state"] not in (EXPIRED, DISABLED):
        raise Conflict("subscription_not_over", "It is running; there is nothing to renew.")
    row["auto_renew"] = row["auto_renew"] and row["cancelled_at"] is None
    row["starts"], row["cancelled_at"] = batch.now, None
    row["ends"] = add_months(batch.now, offer.term_months)
    line = invoices.line(row, offer, (row["starts"], row["ends"]))
    invoices.issue(batch, offer, [line], row["purchase_order"])
    return done(batch, row, "subscription.renewed", offer)


def cancel_subscription(batch: Batch, change: CancelSubscription) -> Result:
    """At once within the first days of the subscription, and credited; later at its end."""
    row, offer = held(batch, change.id, change.expect)
    if row["state"] not in _RUNNING:
        raise Conflict("subscription_not_active", "It is over; there is nothing to cancel.")
    if row["state"] == PENDING:
        invoices.credit_rest(batch, row, row["quantity"])
        row["deleted_at"], row["auto_renew"] = batch.now, False
        batch.ended.add(row["sku_id"])
    elif batch.now < row["starts"] + timedelta(days=offer.cancel_days):
        invoices.credit_rest(batch, row, row["quantity"])
        row["cancelled_at"] = batch.now  # whether it renews is kept, for taking this back
    elif not row["auto_renew"]:
        raise Conflict("cancelled_already", "It ends by itself on its end date.")
    else:
        row["auto_renew"] = False
    return done(batch, row, "subscription.cancelled", offer)


def reactivate_subscription(batch: Batch, change: ReactivateSubscription) -> Result:
    """Take a cancellation back; what was credited is charged again, for the days that are left."""
    row, offer = held(batch, change.id, change.expect)
    if row["state"] != DISABLED or row["cancelled_at"] is None:
        raise Conflict("not_cancelled", "Only what was cancelled at once can be taken back.")
    _start, ends = term_running(terms_of(row, offer), batch.now)
    if ends <= batch.now:
        raise Conflict("term_over", "The term that was paid for is over. Renew it instead.")
    invoices.charge_again(batch, row)
    row["cancelled_at"] = None
    return done(batch, row, "subscription.reactivated", offer)


def delete_subscription(batch: Batch, change: DeleteSubscription) -> Result:
    """End it for good; only what is disabled, so that nobody loses data by a slip."""
    row, offer = held(batch, change.id, change.expect)
    if row["state"] != DISABLED:
        raise Conflict("subscription_not_disabled", "Only a disabled subscription is deleted.")
    row["deleted_at"], row["auto_renew"] = batch.now, False
    batch.ended.add(row["sku_id"])
    return done(batch, row, "subscription.deleted", offer)


def follow_subscriptions(batch: Batch, change: FollowSubscriptions) -> Result:
    """Write down the states of now: of each subscription that is ours and was not deleted."""
    for subscription_id in change.ids:
        found = batch.subscriptions.get(subscription_id)
        if found is not None and found.row is not None and found.row["deleted_at"] is None:
            subscriptions.settle(batch, found)
    return Result()


HANDLERS = {
    ExtendTrial: extend_trial,
    UpgradeSubscription: upgrade_subscription,
    RenewSubscription: renew_subscription,
    CancelSubscription: cancel_subscription,
    ReactivateSubscription: reactivate_subscription,
    DeleteSubscription: delete_subscription,
    FollowSubscriptions: follow_subscriptions,
}
