"""What the furnished organization is subscribed to: every state and word that a page can show."""

from dataclasses import dataclass
from datetime import timedelta

from idp.changes import apply
from idp.changes.intents import (
    AddAgreement,
    AssignLicense,
    BuySubscription,
    CancelSubscription,
    ChangeSubscription,
    RecordPayment,
    RecordUsage,
)
from idp.changes.usage import sample_seats
from idp.clock import now
from idp.licensing import queries
from tests.cast import Cast
from tests.licensing import shop

YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Bought:
    """Ids of what was bought."""

    trial: str
    active: str
    expired: str
    disabled: str
    agreement: str
    invoice: str


def subscribe(people: Cast, group: str) -> Bought:
    """A trial, a subscription with too few units, one in grace, one cancelled, a quota."""
    shop.stock()
    alice, operator, today = people.alice, people.operator, now()
    trial = shop.buy(alice, "office-trial")
    covered = AddAgreement("V-4711", "Enterprise", today - YEAR, today + YEAR)
    agreement = apply(covered, by=alice).first.id
    active = shop.buy(alice, "office-pro", 5, name="Head office", agreement_id=agreement)
    apply(AssignLicense(shop.sku("OFFICE_PRO"), group_id=group, plans_off=["VOICE"]), by=alice)
    apply(ChangeSubscription(active, quantity=1), by=alice)
    # Its mail excludes that of the other: a problem of everybody in the group.
    apply(AssignLicense(shop.sku("OFFICE_BASIC"), group_id=group), by=alice)
    begun = {"starts": today - YEAR - timedelta(days=5), "auto_renew": False}
    expired = apply(BuySubscription(shop.offer_id("archive"), 3, **begun), by=operator).first.id
    disabled = shop.buy(alice, "office-basic", 2, name="By mistake", purchase_order="PO-7")
    apply(CancelSubscription(disabled), by=alice)
    shop.buy(alice, "storage", 500, starts=today)
    for days in (1, 0):
        day = (today - timedelta(days=days)).date().isoformat()
        apply(RecordUsage(shop.sku("STORAGE"), 460 - days, day), by=operator)
    sample_seats()
    first = queries.page_invoices(alice, limit=100).items[-1].id
    apply(RecordPayment(first), by=alice)
    return Bought(trial, active, expired, disabled, agreement, first)
