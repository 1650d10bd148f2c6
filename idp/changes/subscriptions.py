"""The verbs of subscriptions. Units follow (see `pools`), and seats after them (see `seats`)."""

from datetime import timedelta

from idp.changes.batch import Batch, Held, Needs, Result, Row
from idp.changes.intents import BuySubscription, Change
from idp.clock import new_id
from idp.directory.errors import Conflict, Invalid, not_found
from idp.licensing.catalogue import TRIAL, OfferView, catalogue_of
from idp.licensing.lifecycle import add_months, phase_at, terms_of
from idp.licensing.subscriptions import Subscription

MOST_UNITS = 10_000_000


def needs(_change: Change, _wanted: Needs) -> None:
    """What a change of a subscription names."""


def buy_subscription(batch: Batch, change: BuySubscription) -> Result:
    """Subscribe to an offer."""
    offer = catalogue_of(batch.catalogue_version).offers.get(change.offer_id)
    if offer is None:
        raise not_found("offer")
    if offer.retired_at is not None:
        raise Conflict("offer_retired", f"{offer.name} is not sold any more.")
    row = _row(batch, change, offer)
    batch.subscriptions[row["id"]] = Held(None, row)
    batch.pools_moved.add(offer.sku_id)
    target = ("Subscription", row["id"], row["name"])
    batch.note("subscription.created", target, {"quantity": [None, row["quantity"]]})
    batch.insert(Subscription, row)
    return Result(row["id"], 1, changed=True, created=True)


def _row(batch: Batch, change: BuySubscription, offer: OfferView) -> Row:
    trial = offer.kind == TRIAL
    starts = change.starts or batch.now
    row: Row = {
        "id": change.id or new_id(),
        "org_id": batch.org_id,
        "sku_id": offer.sku_id,
        "offer_id": offer.id,
        "agreement_id": change.agreement_id,
        "name": change.name.strip() or offer.name,
        "quantity": _quantity(change.quantity, offer),
        "starts": starts,
        "ends": starts + timedelta(days=offer.trial_days)
        if trial
        else add_months(starts, offer.term_months),
        "auto_renew": change.auto_renew and not trial,
        "extended_at": None,
        "cancelled_at": None,
        "deleted_at": None,
        "converted_from": None,
        "purchase_order": change.purchase_order,
        "created": batch.now,
        "last_modified": batch.now,
        "version": 1,
    }
    phase = phase_at(terms_of(row, offer), batch.now)
    return row | {"state": phase.state, "next_at": phase.until}


def _quantity(wanted: int, offer: OfferView) -> int:
    if offer.units:
        return offer.units
    if not 1 <= wanted <= MOST_UNITS:
        raise Invalid("quantity_invalid", "From 1 to 10,000,000 units.", attribute="quantity")
    return wanted


HANDLERS = {BuySubscription: buy_subscription}
