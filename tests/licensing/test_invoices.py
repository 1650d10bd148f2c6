"""Money: what is invoiced, credited, paid; integers only, numbers without gaps, nothing changed."""

from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from idp.changes import apply, due, intents
from idp.changes.batch import Batch
from idp.changes.intents import (
    BuySubscription,
    CancelSubscription,
    Change,
    ChangeSubscription,
    CreditInvoice,
    PutService,
    ReactivateSubscription,
    RecordPayment,
    RenewSubscription,
    UpgradeSubscription,
    VoidInvoice,
)
from idp.changes.rules import issued_invoices_stay
from idp.clock import new_id, now
from idp.directory.actors import Actor, system_actor
from idp.directory.errors import DirectoryError
from idp.extensions import db
from idp.licensing import queries
from idp.licensing.billing import Invoice, InvoiceLine
from idp.licensing.invoiced import InvoiceView
from tests.cast import Cast
from tests.changes.steps import refusals, together
from tests.licensing.shop import OFFICE, buy, offer_id
from tests.licensing.test_subscriptions import refusal, row, shop

__all__ = ["shop"]  # the fixture
Clock = list[datetime]
YEAR = 365


def documents(by: Actor) -> list[InvoiceView]:
    """All invoices and credit notes with their lines, oldest first."""
    db.session.rollback()
    found = queries.page_invoices(by, limit=200).items
    return [queries.find_invoice(by, one.id) for one in reversed(found)]


def amounts(by: Actor) -> list[tuple[str, int]]:
    """Number and total of each."""
    return [(one.number, one.total_minor) for one in documents(by)]


def test_a_purchase_is_invoiced_at_once_and_a_trial_never(shop: Cast) -> None:
    buy(shop.alice, "office-trial")
    buy(shop.alice, "office-pro-free", 9)
    made = buy(shop.alice, "office-basic", 3, purchase_order="PO 1")
    [one] = documents(shop.alice)
    assert (one.number, one.total_minor, one.currency) == ("INV-000001", 2970, "EUR")
    assert (one.purchase_order, one.billed_to["name"]) == ("PO 1", "Northwind")
    [line] = one.lines
    assert (line.subscription_id, line.quantity, line.unit_minor) == (made, 3, 990)
    assert (line.period_end - line.period_start).days == YEAR


def test_units_that_come_and_go_cost_the_days_that_are_left(shop: Cast, frozen: Clock) -> None:
    made = buy(shop.alice, "office-basic", 3)
    frozen[0] += timedelta(days=100)
    apply(ChangeSubscription(made, quantity=5), by=shop.alice)
    apply(ChangeSubscription(made, quantity=3), by=shop.alice)
    up = (2 * 990 * 265 * 2 + 365) // (2 * 365)
    assert amounts(shop.alice)[1:] == [("INV-000002", up), ("CN-000001", -up)]


def test_each_term_is_invoiced_also_those_of_missed_nights(shop: Cast, frozen: Clock) -> None:
    buy(shop.alice, "office-basic", 3)
    frozen[0] += timedelta(days=2 * 366 + 5)
    due.follow()
    due.follow()
    assert amounts(shop.alice) == [("INV-000001", 2970), ("INV-000002", 2 * 2970)]
    first, second = documents(shop.alice)[1].lines
    assert first.period_end == second.period_start


def test_a_cancellation_in_the_first_days_is_credited_and_taking_it_back_is_charged(
    shop: Cast, frozen: Clock
) -> None:
    made = buy(shop.alice, "office-basic", 1)
    frozen[0] += timedelta(days=5)
    apply(CancelSubscription(made), by=shop.alice)
    rest = (990 * 360 * 2 + 365) // (2 * 365)
    assert amounts(shop.alice)[1:] == [("CN-000001", -rest)]
    apply(ReactivateSubscription(made), by=shop.alice)
    assert amounts(shop.alice)[2:] == [("INV-000002", rest)]


def test_what_has_not_begun_is_credited_whole(shop: Cast, frozen: Clock) -> None:
    made = buy(shop.alice, "office-basic", 3, starts=frozen[0] + timedelta(days=20))
    apply(CancelSubscription(made), by=shop.alice)
    assert amounts(shop.alice) == [("INV-000001", 2970), ("CN-000001", -2970)]
    assert [one.word for one in documents(shop.alice)] == ["Credited", "Credit note"]


def test_no_more_is_credited_than_was_invoiced(shop: Cast) -> None:
    made = buy(shop.alice, "office-basic", 3)
    first = documents(shop.alice)[0].id
    apply(CreditInvoice(first, 2000, "A mistake"), by=shop.alice)
    assert refusal(CreditInvoice(first, 971, "Too much"), by=shop.alice) == "credit_too_large"
    apply(CancelSubscription(made), by=shop.alice)
    assert sum(one.total_minor for one in documents(shop.alice)) == 0


@pytest.mark.parametrize("amount", [0, -1, 2971])
def test_a_credit_is_more_than_nothing_and_at_most_what_is_left(shop: Cast, amount: int) -> None:
    buy(shop.alice, "office-basic", 3)
    credit = CreditInvoice(documents(shop.alice)[0].id, amount, "Why not")
    assert refusal(credit, by=shop.alice) == "credit_too_large"


def test_an_invoice_is_paid_once_and_not_declared_void_then(shop: Cast) -> None:
    buy(shop.alice, "office-basic", 3)
    one = documents(shop.alice)[0].id
    apply(RecordPayment(one), by=shop.alice)
    assert refusal(RecordPayment(one), by=shop.alice) == "invoice_paid"
    assert refusal(VoidInvoice(one), by=shop.alice) == "invoice_settled"


def test_a_void_invoice_is_neither_paid_nor_credited(shop: Cast) -> None:
    buy(shop.alice, "office-basic", 3)
    one = documents(shop.alice)[0].id
    apply(VoidInvoice(one), by=shop.alice)
    assert refusal(RecordPayment(one), by=shop.alice) == "invoice_void"
    assert refusal(CreditInvoice(one, 1, "x"), by=shop.alice) == "invoice_void"
    assert (documents(shop.alice)[0].word, documents(shop.alice)[0].left_minor) == ("Void", 0)


def test_a_credit_note_is_no_invoice(shop: Cast) -> None:
    made = buy(shop.alice, "office-basic", 3)
    apply(CancelSubscription(made), by=shop.alice)
    note = documents(shop.alice)[1].id
    for change in (RecordPayment(note), VoidInvoice(note), CreditInvoice(note, 1, "x")):
        assert refusal(change, by=shop.alice) == "credit_note"


def test_numbers_have_no_gaps_though_two_buy_at_once(app: Flask, shop_open: Cast) -> None:
    def act() -> str:
        return buy(shop_open.alice, "office-basic", 1)

    outcomes = together(app, *([act] * 6))
    assert refusals(outcomes) == []
    numbers = [one.number for one in documents(shop_open.alice)]
    assert sorted(numbers) == [f"INV-{n:06d}" for n in range(1, 7)]


def test_organizations_count_by_themselves(shop: Cast) -> None:
    for by in (shop.alice, shop.mallory):
        buy(by, "office-basic", 1)
        assert [number for number, _total in amounts(by)] == ["INV-000001"]


def test_a_rehearsal_takes_no_number(shop: Cast) -> None:
    apply(BuySubscription(offer_id("office-basic"), 1), by=shop.alice, dry_run=True)
    assert amounts(shop.alice) == []


def stored(model: Any) -> dict[Any, dict[str, Any]]:
    """What issued documents say, by key; but whether they were paid or voided."""
    db.session.rollback()
    keys = [column.name for column in model.__table__.primary_key]
    told = {"status", "settled_at"}
    return {
        tuple(one[key] for key in keys): {n: v for n, v in one.items() if n not in told}
        for one in map(dict, db.session.execute(select(model.__table__)).mappings())
    }


def test_no_change_alters_what_was_issued(shop: Cast, frozen: Clock) -> None:
    made = buy(shop.alice, "office-basic", 3, purchase_order="PO 1", name="Before")
    other = buy(shop.alice, "office-pro", 1)
    issued, lines = stored(Invoice), stored(InvoiceLine)
    first, second = (one.id for one in documents(shop.alice))
    changes: list[Change] = [
        intents.ChangeOrganization("Southwind"),
        ChangeSubscription(made, name="After", quantity=9, purchase_order="PO 2"),
        CreditInvoice(first, 5, "x"),
        RecordPayment(first),
        VoidInvoice(second),
        UpgradeSubscription(made, offer_id("office-pro-free"), 1, move_grants=True),
        CancelSubscription(other),
        ReactivateSubscription(other),
    ]
    for change in changes:
        apply(change, by=shop.alice)
    frozen[0] += timedelta(days=1000)
    due.follow()
    assert stored(Invoice).items() >= issued.items()
    assert stored(InvoiceLine).items() >= lines.items()


@pytest.mark.parametrize(
    "write",
    [
        lambda batch: batch.update(Invoice, {"id": "x"}, {"total_minor": 1}),
        lambda batch: batch.update(InvoiceLine, {"invoice_id": "x"}, {"quantity": 1}),
        lambda batch: batch.delete(Invoice, {"id": "x"}),
        lambda batch: batch.delete(InvoiceLine, {"invoice_id": "x"}),
    ],
)
def test_issued_invoices_stay(people: Cast, write: Any) -> None:
    session = db.session()
    batch = Batch(people.operator, session, session.connection(), now(), ())
    write(batch)
    with pytest.raises(DirectoryError) as refused:
        issued_invoices_stay(batch)
    assert refused.value.code == "invoice_issued"


def test_a_renewal_after_grace_is_invoiced(shop: Cast, frozen: Clock) -> None:
    made = buy(shop.alice, "office-basic", 3, auto_renew=False)
    frozen[0] += timedelta(days=370)
    apply(RenewSubscription(made), by=shop.alice)
    assert row(made).state == "active"
    assert [total for _number, total in amounts(shop.alice)] == [2970, 2970]


def test_the_same_order_twice_is_one_subscription_and_one_invoice(shop: Cast) -> None:
    for slug in ("office-basic", "office-trial"):
        order = BuySubscription(offer_id(slug), 3, id=new_id())
        first, second = (apply(order, by=shop.alice) for _ in range(2))
        assert (first.first.id, first.changed) == (order.id, True)
        assert (second.first.id, second.changed) == (order.id, False)
    assert amounts(shop.alice) == [("INV-000001", 2970)]


def test_an_order_is_not_placed_again_for_something_else(shop: Cast) -> None:
    made = buy(shop.alice, "office-basic", 3)
    other = BuySubscription(offer_id("office-pro"), 3, id=made)
    assert refusal(other, by=shop.alice) == "changed_meanwhile"
    theirs = BuySubscription(offer_id("office-basic"), 3, id=made)
    assert refusal(theirs, by=shop.mallory)
    assert amounts(shop.mallory) == []


def test_a_credit_over_what_was_seen_is_given_once(shop: Cast) -> None:
    buy(shop.alice, "office-basic", 3)
    credit = CreditInvoice(documents(shop.alice)[0].id, 100, "A mistake", expect_left=2970)
    apply(credit, by=shop.alice)
    assert refusal(credit, by=shop.alice) == "version_stale"
    assert amounts(shop.alice)[1:] == [("CN-000001", -100)]


def dearer() -> None:
    """Office Basic costs twice as much from now on."""
    office: dict[str, Any] = deepcopy(OFFICE)
    office["skus"][0]["offers"][0]["price_minor"] = 1980
    apply(PutService(office), by=system_actor(""))


def test_a_credit_is_by_the_price_that_was_invoiced(shop: Cast, frozen: Clock) -> None:
    made = buy(shop.alice, "office-basic", 100)
    dearer()
    frozen[0] += timedelta(days=100)
    apply(ChangeSubscription(made, quantity=50), by=shop.alice)
    [line] = documents(shop.alice)[1].lines
    rest = (50 * 990 * 265 * 2 + 365) // (2 * 365)
    assert (line.quantity, line.unit_minor, line.amount_minor) == (-50, 990, -rest)


def test_units_of_two_prices_are_credited_newest_first(shop: Cast) -> None:
    made = buy(shop.alice, "office-basic", 10)
    dearer()
    apply(ChangeSubscription(made, quantity=15), by=shop.alice)
    apply(ChangeSubscription(made, quantity=12), by=shop.alice)
    apply(ChangeSubscription(made, quantity=8), by=shop.alice)
    credited = [one.total_minor for one in documents(shop.alice)[2:]]
    assert credited == [-3 * 1980, -2 * 1980, -2 * 990]


def test_a_cancellation_taken_back_costs_what_was_credited(shop: Cast, frozen: Clock) -> None:
    made = buy(shop.alice, "office-basic", 10)
    apply(ChangeSubscription(made, quantity=8), by=shop.alice)
    dearer()
    frozen[0] += timedelta(days=1)
    apply(CancelSubscription(made), by=shop.alice)
    credited = documents(shop.alice)[-1].total_minor
    apply(ReactivateSubscription(made), by=shop.alice)
    again = documents(shop.alice)[-1]
    assert (again.kind, again.total_minor) == ("invoice", -credited)
    assert (again.lines[0].quantity, again.lines[0].unit_minor) == (8, 990)


def test_a_cancellation_and_its_return_in_one_batch_cost_nothing(shop: Cast) -> None:
    made = buy(shop.alice, "office-basic", 3)
    apply(CancelSubscription(made), ReactivateSubscription(made), by=shop.alice)
    assert sum(one.total_minor for one in documents(shop.alice)) == 2970


def test_a_term_billed_in_the_same_batch_can_be_credited(shop: Cast, frozen: Clock) -> None:
    made = buy(shop.alice, "office-basic", 3)
    frozen[0] += timedelta(days=YEAR)
    apply(ChangeSubscription(made, quantity=1), by=shop.alice)
    assert amounts(shop.alice)[1:] == [("INV-000002", 2970), ("CN-000001", -1980)]
    note, renewal = documents(shop.alice)[2], documents(shop.alice)[1]
    assert note.credits_id == renewal.id


def test_two_lines_of_an_invoice_are_not_credited_beyond_it(shop: Cast, frozen: Clock) -> None:
    made = buy(shop.alice, "office-basic", 3)
    frozen[0] += timedelta(days=2 * YEAR + 5)
    due.follow()
    frozen[0] -= timedelta(days=YEAR)  # the clock was wrong: both terms of it lie ahead
    billed = documents(shop.alice)[1]
    apply(ChangeSubscription(made, quantity=6), by=shop.alice)
    extra = documents(shop.alice)[2]
    apply(CreditInvoice(extra.id, extra.total_minor, "A mistake"), by=shop.alice)
    apply(CreditInvoice(billed.id, billed.total_minor - 5, "A mistake"), by=shop.alice)
    apply(ChangeSubscription(made, quantity=1), by=shop.alice)
    found = documents(shop.alice)
    credited = [one.total_minor for one in found if one.credits_id == billed.id]
    assert (sum(credited), len(billed.lines)) == (-billed.total_minor, 2)


def test_an_invoice_credited_and_a_change_in_one_batch_share_what_is_left(shop: Cast) -> None:
    made = buy(shop.alice, "office-basic", 3)
    first = documents(shop.alice)[0].id
    apply(CreditInvoice(first, 2000, "A mistake"), CancelSubscription(made), by=shop.alice)
    assert sum(one.total_minor for one in documents(shop.alice)) == 0
