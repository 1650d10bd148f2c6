"""Buying and changing subscriptions. Units follow (see `pools`), and seats after them (`seats`).

A subscription in hand is first brought up to the present (`settle`): terms that have begun by
themselves are billed, and each state that has passed is noted, so that no verb acts on an old
picture. What ends or begins a term is in `terms`.
"""

from datetime import datetime, timedelta

from idp.changes import invoices
from idp.changes.batch import Batch, Held, Needs, Result, Row
from idp.changes.intents import KEEP, BuySubscription, Change, ChangeSubscription, MaybeText
from idp.clock import new_id
from idp.directory.errors import Conflict, Invalid, Stale, not_found
from idp.directory.values import FORBIDDEN
from idp.licensing.catalogue import TRIAL, OfferView, catalogue_of
from idp.licensing.lifecycle import (
    ACTIVE,
    DELETED,
    PENDING,
    STATES,
    add_months,
    phase_at,
    terms_of,
    timeline,
)
from idp.licensing.subscriptions import Subscription

MOST_UNITS = 10_000_000
LONGEST_AHEAD = timedelta(days=366)
VOLUME = "volume"
_WRITTEN = (
    "name",
    "quantity",
    "agreement_id",
    "starts",
    "ends",
    "auto_renew",
    "extended_at",
    "cancelled_at",
    "deleted_at",
    "purchase_order",
    "state",
    "next_at",
    "last_modified",
    "version",
)
# What the audit tells of a change, and under which name.
_TOLD = {
    "name": "name",
    "quantity": "quantity",
    "agreement_id": "agreement",
    "starts": "starts",
    "ends": "ends",
    "auto_renew": "autoRenew",
    "purchase_order": "purchaseOrder",
    "state": "state",
}


def needs(change: Change, wanted: Needs) -> None:
    """What a change of a subscription names; two at once could both take the one trial."""
    wanted.alone = True
    if isinstance(change, BuySubscription):
        wanted.offers.add(change.offer_id)
        if change.id:
            wanted.subscriptions.add(change.id)
        if change.agreement_id:
            wanted.agreements.add(change.agreement_id)
    elif isinstance(change, ChangeSubscription):
        wanted.subscriptions.add(change.id)
        if change.quantity is not None:
            wanted.paid_ahead.add(change.id)
        if isinstance(change.agreement_id, str):
            wanted.agreements.add(change.agreement_id)


# --- buying -----------------------------------------------------------------------------------


def buy_subscription(batch: Batch, change: BuySubscription) -> Result:
    """Subscribe to an offer; a paid one is invoiced at once."""
    bought = batch.subscriptions.get(change.id or "")
    if bought is not None and bought.row is not None:
        return _bought_already(bought.row, change)
    offer = offer_for_sale(batch, change.offer_id)
    _check_start(batch, change.starts)
    row = new_row(batch, change, offer)
    return begin(batch, row, offer)


def _bought_already(row: Row, change: BuySubscription) -> Result:
    """The same order again, as by a button pressed twice: it is there."""
    if row["offer_id"] != change.offer_id:
        raise Conflict("changed_meanwhile", "This order was placed for another offer. Order anew.")
    return Result(row["id"], row["version"])


def offer_for_sale(batch: Batch, offer_id: str) -> OfferView:
    """An offer that can be had now, once where it is a trial."""
    known = catalogue_of(batch.catalogue_version)
    offer = known.offers.get(offer_id)
    if offer is None:
        raise not_found("offer")
    sku = known.skus[offer.sku_id]
    if offer.retired_at or sku.retired_at or sku.service.retired_at:
        raise Conflict("offer_retired", f"{offer.name} is not sold any more.")
    if offer.kind == TRIAL and offer.id in batch.offers_had:
        raise Conflict(
            "trial_used", f"Your organization has had the trial {offer.name}. Buy it instead."
        )
    batch.offers_had.add(offer.id)
    return offer


def _check_start(batch: Batch, starts: datetime | None) -> None:
    """People buy from now on; the operator may enter what began before."""
    if starts is None:
        return
    if starts < batch.now - timedelta(days=1) and batch.actor.kind != "system":
        raise Invalid("start_past", "A subscription starts today or later.", attribute="starts")
    if starts > batch.now + LONGEST_AHEAD:
        raise Invalid(
            "start_too_far", "A subscription starts within a year from now.", attribute="starts"
        )


def new_row(batch: Batch, change: BuySubscription, offer: OfferView) -> Row:
    """A subscription to this offer, before anything has happened to it."""
    trial = offer.kind == TRIAL
    starts = change.starts or batch.now
    row: Row = {
        "id": change.id or new_id(),
        "org_id": batch.org_id,
        "sku_id": offer.sku_id,
        "offer_id": offer.id,
        "agreement_id": _agreement(batch, change.agreement_id, offer),
        "name": text(change.name, "name", 256) or offer.name,
        "quantity": units(change.quantity, offer),
        "starts": starts,
        "ends": starts + timedelta(days=offer.trial_days)
        if trial
        else add_months(starts, offer.term_months),
        "auto_renew": change.auto_renew and not trial,
        "extended_at": None,
        "cancelled_at": None,
        "deleted_at": None,
        "converted_from": None,
        "purchase_order": text(change.purchase_order, "purchaseOrder", 128),
        "created": batch.now,
        "last_modified": batch.now,
        "version": 1,
        "state": PENDING,
        "next_at": starts,
    }
    return row


def begin(batch: Batch, row: Row, offer: OfferView) -> Result:
    """Take a new subscription in hand: bill its first term, and give its units."""
    batch.subscriptions[row["id"]] = held = Held(None, row)
    told = {"offer": [None, offer.slug], "quantity": [None, row["quantity"]]}
    batch.note("subscription.created", _target(row), told)
    if offer.kind != TRIAL:
        line = invoices.line(row, offer, (row["starts"], row["ends"]))
        invoices.issue(batch, offer, [line], row["purchase_order"])
    settle(batch, held)
    batch.pools_moved.add(row["sku_id"])
    return Result(row["id"], 1, changed=True, created=True)


def _agreement(batch: Batch, agreement_id: str | None, offer: OfferView) -> str | None:
    """An agreement of ours that covers today; offers of the volume channel need one."""
    if not agreement_id:
        if offer.channel == VOLUME:
            raise Invalid(
                "agreement_missing",
                f"{offer.name} is sold under an agreement only. Choose one.",
                attribute="agreement",
            )
        return None
    held = batch.agreements.get(agreement_id)
    if held is None or held.row is None:
        raise not_found("agreement")
    row = held.row
    if row["terminated_at"] is not None or not row["starts"] <= batch.now < row["ends"]:
        raise Conflict(
            "agreement_not_in_force",
            f"The agreement {row['number']} is not in force today. Choose another.",
            attribute="agreement",
        )
    return agreement_id


def units(wanted: int, offer: OfferView) -> int:
    """How many units an offer gives: a trial's are fixed."""
    if offer.units:
        return offer.units
    if not 1 <= wanted <= MOST_UNITS:
        raise Invalid("quantity_invalid", "From 1 to 10,000,000 units.", attribute="quantity")
    return wanted


def text(value: str, attribute: str, longest: int) -> str:
    """A line of text that somebody typed."""
    line = value.strip()
    if len(line) > longest or FORBIDDEN.search(line):
        raise Invalid(
            "text_invalid", f"At most {longest} ordinary characters.", attribute=attribute
        )
    return line


# --- a subscription in hand -------------------------------------------------------------------


def held(batch: Batch, subscription_id: str, expect: int | None = None) -> tuple[Row, OfferView]:
    """A subscription that the batch names, brought up to the present, and its offer."""
    found = batch.subscriptions.get(subscription_id)
    if found is None or found.row is None:
        raise not_found("subscription")
    row = found.row
    if expect is not None and expect != row["version"]:
        raise Stale("version_stale", "Somebody else has changed this subscription meanwhile.")
    settle(batch, found)
    if row["state"] == DELETED:
        raise Conflict("subscription_deleted", "This subscription was deleted; buy a new one.")
    return row, offer_of(batch, row)


def offer_of(batch: Batch, row: Row) -> OfferView:
    """The offer of a subscription; offers never vanish."""
    return catalogue_of(batch.catalogue_version).offers[row["offer_id"]]


def settle(batch: Batch, held: Held) -> None:
    """Write down what has become of a subscription by itself: terms renewed, states passed."""
    row = held.row
    assert row is not None  # noqa: S101  subscriptions are never removed
    offer = offer_of(batch, row)
    _renew_what_is_due(batch, row, offer)
    terms = terms_of(row, offer)
    at = STATES.index(row["state"])
    for phase in timeline(terms, batch.now):
        if phase.since is None or phase.since > batch.now or STATES.index(phase.state) <= at:
            continue
        if held.before is not None:
            told = {"state": [row["state"], phase.state]}
            batch.note(f"subscription.{phase.state}", _target(row), told)
        row["state"] = phase.state
        if phase.state == DELETED:
            row["deleted_at"] = phase.since
            batch.ended.add(row["sku_id"])
    stand(batch, row, offer)


def stand(batch: Batch, row: Row, offer: OfferView) -> None:
    """Write down the state of now and when it changes next; the pool counts anew if it differs."""
    phase = phase_at(terms_of(row, offer), batch.now)
    if (row["state"], row["next_at"]) != (phase.state, phase.until):
        row["state"], row["next_at"] = phase.state, phase.until
    found = batch.subscriptions[row["id"]]
    if found.before != row:
        batch.pools_moved.add(row["sku_id"])


def _renew_what_is_due(batch: Batch, row: Row, offer: OfferView) -> None:
    """Terms that began by auto-renewal, each with its line, also those of missed nights."""
    running = row["auto_renew"] and row["cancelled_at"] is None and row["deleted_at"] is None
    if not running or row["ends"] > batch.now:
        return
    first, lines = row["ends"], []
    while row["ends"] <= batch.now:
        begins = row["ends"]
        row["ends"] = add_months(begins, offer.term_months, row["starts"].day)
        lines.append(invoices.line(row, offer, (begins, row["ends"])))
    invoices.issue(batch, offer, lines, row["purchase_order"])
    batch.note("subscription.renewed", _target(row), {"ends": [first, row["ends"]]})


def done(batch: Batch, row: Row, action: str, offer: OfferView) -> Result:
    """Note what a verb changed, in the audit's words; nothing where nothing did."""
    stand(batch, row, offer)
    before = batch.subscriptions[row["id"]].before or {}
    told = {
        said: [before.get(name), row[name]]
        for name, said in _TOLD.items()
        if before.get(name) != row[name]
    }
    if told:
        batch.note(action, _target(row), told)
    return Result(row["id"], row["version"] + bool(told), changed=bool(told))


def _target(row: Row) -> tuple[str, str, str]:
    return "Subscription", row["id"], row["name"]


# --- changing ---------------------------------------------------------------------------------


def change_subscription(batch: Batch, change: ChangeSubscription) -> Result:
    """Change name, quantity, renewal, purchase order or agreement."""
    row, offer = held(batch, change.id, change.expect)
    if change.quantity is not None and change.quantity != row["quantity"]:
        _change_quantity(batch, row, offer, change.quantity)
    if change.name is not None:
        row["name"] = text(change.name, "name", 256) or offer.name
    if change.purchase_order is not None:
        row["purchase_order"] = text(change.purchase_order, "purchaseOrder", 128)
    if change.auto_renew is not None and change.auto_renew != row["auto_renew"]:
        _change_renewal(row, offer, change.auto_renew)
    _change_agreement(batch, row, offer, change.agreement_id)
    return done(batch, row, "subscription.changed", offer)


def _change_quantity(batch: Batch, row: Row, offer: OfferView, quantity: int) -> None:
    if offer.kind == TRIAL or offer.units:
        raise Conflict(
            "quantity_fixed", f"{offer.name} has {row['quantity']} units.", attribute="quantity"
        )
    if row["state"] not in (PENDING, ACTIVE):
        raise Conflict(
            "subscription_not_active",
            "Renew the subscription first; then change its quantity.",
            attribute="quantity",
        )
    wanted = units(quantity, offer)
    invoices.adjust(batch, row, offer, wanted - row["quantity"])
    row["quantity"] = wanted


def _change_renewal(row: Row, offer: OfferView, auto_renew: bool) -> None:
    if auto_renew and offer.kind == TRIAL:
        raise Conflict(
            "trial_not_renewed", "A trial ends by itself. Convert it to go on.", attribute="renew"
        )
    if auto_renew and row["state"] not in (PENDING, ACTIVE):
        raise Conflict(
            "subscription_not_active",
            "Renew the subscription first; then let it renew by itself.",
            attribute="renew",
        )
    row["auto_renew"] = auto_renew


def _change_agreement(batch: Batch, row: Row, offer: OfferView, wanted: MaybeText) -> None:
    if wanted is not KEEP and (wanted or None) != row["agreement_id"]:
        row["agreement_id"] = _agreement(batch, wanted or None, offer)


def are_written_as_they_stand(batch: Batch) -> None:
    """Queue the rows of the subscriptions in hand that differ."""
    for found in batch.subscriptions.values():
        row = found.row
        if row is None or row == found.before:
            continue
        if found.before is None:
            batch.insert(Subscription, row)
            continue
        row["version"], row["last_modified"] = row["version"] + 1, batch.now
        batch.update(Subscription, {"id": row["id"]}, {name: row[name] for name in _WRITTEN})


HANDLERS = {BuySubscription: buy_subscription, ChangeSubscription: change_subscription}
