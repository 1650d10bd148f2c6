"""Invoices and credit notes: issued by the product for terms, settled and credited by people.

What is issued never changes (rule `issued_invoices_stay`): it is paid, declared void, or credited
by a note of its own, up to what is left of it. Numbers have no gaps; they are given at the end of
a batch, under the organization's lock. Amounts are integer minor units.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, bindparam, select

from idp.changes.batch import Batch, Needs, Result, Row
from idp.changes.intents import Change, CreditInvoice, RecordPayment, VoidInvoice
from idp.clock import new_id
from idp.directory.errors import Conflict, Invalid, Stale, not_found
from idp.directory.orgs import Organization
from idp.directory.values import FORBIDDEN
from idp.licensing.billing import (
    CREDIT,
    INVOICE,
    ISSUED,
    PAID,
    VOID,
    Invoice,
    InvoiceHead,
    InvoiceLine,
)
from idp.licensing.catalogue import OfferView
from idp.licensing.lifecycle import term_running, terms_of
from idp.licensing.proration import days_left, days_of, prorated

PAYMENT_DAYS = 30
REASON_MAX = 200
_HERE: BindParameter[str] = bindparam("org")
_HEAD = select(InvoiceHead.invoices, InvoiceHead.credits).where(InvoiceHead.org_id == _HERE)
_BILLED_TO = select(Organization.name, Organization.settings).where(Organization.id == _HERE)


def needs(change: Change, wanted: Needs) -> None:
    """The invoice; two credits at once could exceed what is left."""
    wanted.alone = True
    wanted.invoices.add(change.invoice_id)  # type: ignore[attr-defined]


# --- what the product issues ------------------------------------------------------------------


def line(row: Row, offer: OfferView, period: tuple[datetime, datetime]) -> Row:
    """A line for all units of a subscription for a term."""
    return _line(row, offer, period, row["quantity"], offer.price_minor * row["quantity"])


def _line(
    row: Row, offer: OfferView, period: tuple[datetime, datetime], quantity: int, amount: int
) -> Row:
    return {
        "subscription_id": row["id"],
        "sku_id": row["sku_id"],
        "description": row["name"],
        "period_start": period[0],
        "period_end": period[1],
        "quantity": quantity,
        "unit_minor": offer.price_minor,
        "amount_minor": amount,
    }


def issue(batch: Batch, offer: OfferView, lines: list[Row], purchase_order: str) -> None:
    """Owe an invoice of these lines; nothing is issued over nothing."""
    total = sum(one["amount_minor"] for one in lines)
    if total:
        _owe(batch, INVOICE, offer.currency, lines, purchase_order=purchase_order)


def adjust(batch: Batch, row: Row, offer: OfferView, difference: int) -> None:
    """Charge, or credit, units that came or went for the days that are left of the term."""
    if difference > 0:
        charge_rest(batch, row, offer, difference)
    elif difference < 0:
        credit_rest(batch, row, -difference)


def charge_rest(batch: Batch, row: Row, offer: OfferView, quantity: int) -> None:
    """Invoice so many units, at today's price, for the days that are left of the term."""
    start, end = term_running(terms_of(row, offer), batch.now)
    days = days_left(start, end, batch.now)
    amount = prorated(offer.price_minor * quantity, days, days_of(start, end))
    one = _line(row, offer, (max(start, batch.now), end), quantity, amount)
    issue(batch, offer, [one], row["purchase_order"])


def credit_rest(batch: Batch, row: Row, quantity: int) -> None:
    """Credit so many units for the days that are left, as they were invoiced; newest first."""
    for line in list(batch.paid_ahead.get(row["id"], ())):
        invoice = batch.invoices[line["invoice_id"]]
        if invoice["kind"] != INVOICE or invoice["status"] == VOID:
            continue
        taken = min(quantity, _not_given_back(batch, line))
        amount = min(_rest(batch, line, taken), invoice["left"])
        if amount > 0:
            one = _again(batch, row, line, -taken, -amount)
            _owe(batch, CREDIT, invoice["currency"], [one], credits=invoice)
            quantity -= taken


def charge_again(batch: Batch, row: Row) -> None:
    """Invoice what its cancellation credited, for the days that are left, as it was credited."""
    quantity = row["quantity"]
    for line in list(batch.paid_ahead.get(row["id"], ())):
        note = batch.invoices[line["invoice_id"]]
        if note["kind"] != CREDIT or note["issued_at"] != row["cancelled_at"]:
            continue
        taken = min(quantity, -line["quantity"])
        amount = _rest(batch, line, taken) if taken > 0 else 0
        if amount > 0:
            one = _again(batch, row, line, taken, amount)
            _owe(batch, INVOICE, note["currency"], [one], purchase_order=row["purchase_order"])
            quantity -= taken


def _not_given_back(batch: Batch, line: Row) -> int:
    """Units of an invoice's line that no credit note has taken back; people credit amounts."""
    left: int = line["quantity"] + sum(
        one["quantity"]
        for one in batch.paid_ahead[line["subscription_id"]]
        if batch.invoices[one["invoice_id"]]["credits_id"] == line["invoice_id"]
        and one["period_end"] == line["period_end"]
        and one["quantity"] < 0
    )
    return max(0, left)


def _rest(batch: Batch, line: Row, units: int) -> int:
    """What so many units of a line cost for those of its days that are left."""
    start, end = line["period_start"], line["period_end"]
    of_days = days_of(start, end) * abs(line["quantity"])
    return prorated(abs(line["amount_minor"]) * units, days_left(start, end, batch.now), of_days)


def _again(batch: Batch, row: Row, line: Row, quantity: int, amount: int) -> Row:
    """A line over units of an earlier one, at its price, for the days that are left of it."""
    return {
        "subscription_id": row["id"],
        "sku_id": line["sku_id"],
        "description": row["name"],
        "period_start": max(line["period_start"], batch.now),
        "period_end": line["period_end"],
        "quantity": quantity,
        "unit_minor": line["unit_minor"],
        "amount_minor": amount,
    }


def _owe(
    batch: Batch,
    kind: str,
    currency: str,
    lines: list[Row],
    *,
    purchase_order: str = "",
    credits: Row | None = None,
) -> Row:
    """An invoice or credit note; its number and address follow (`are_numbered_without_gaps`)."""
    total = sum(one["amount_minor"] for one in lines)
    row: Row = {
        "id": new_id(),
        "org_id": batch.org_id,
        "kind": kind,
        "credits_id": credits["id"] if credits else None,
        "status": ISSUED,
        "issued_at": batch.now,
        "due_at": batch.now + timedelta(days=PAYMENT_DAYS),
        "settled_at": None,
        "currency": currency,
        "total_minor": total,
        "purchase_order": credits["purchase_order"] if credits else purchase_order,
    }
    if credits:
        credits["left"] += total
    batch.issued.append((row, lines))
    _keep_at_hand(batch, row, lines)
    return row


def _keep_at_hand(batch: Batch, row: Row, lines: list[Row]) -> None:
    """Let what follows in this batch credit, or charge again, what was issued just now."""
    batch.invoices[row["id"]] = row | {"left": row["total_minor"]}
    for one in lines:
        if one["period_end"] > batch.now:
            known = batch.paid_ahead.setdefault(one["subscription_id"], [])
            known.insert(0, one | {"invoice_id": row["id"]})


def are_numbered_without_gaps(batch: Batch) -> None:
    """Number what this batch issued, say to whom it goes, and queue it."""
    if not batch.issued:
        return
    found = batch.ask(_HEAD)
    head = found[0] if found else {"invoices": 0, "credits": 0}
    billed_to = _address(batch)
    for row, lines in batch.issued:
        row |= {"number": _next(head, row["kind"]), "billed_to": billed_to}
        batch.insert(Invoice, row)
        for position, one in enumerate(lines, 1):
            where = {"invoice_id": row["id"], "position": position, "org_id": batch.org_id}
            batch.insert(InvoiceLine, where | one)
        action = "invoice.issued" if row["kind"] == INVOICE else "invoice.credited"
        told = {"total": [None, row["total_minor"]], "currency": [None, row["currency"]]}
        batch.note(action, ("Invoice", row["id"], row["number"]), told)
    if found:
        batch.update(InvoiceHead, {"org_id": batch.org_id}, head)
    else:
        batch.insert(InvoiceHead, head | {"org_id": batch.org_id})


def _next(head: Row, kind: str) -> str:
    series, sign = ("invoices", "INV") if kind == INVOICE else ("credits", "CN")
    head[series] += 1
    return f"{sign}-{head[series]:06d}"


def _address(batch: Batch) -> dict[str, Any]:
    """Name and address of the organization as they are today."""
    found = batch.ask(_BILLED_TO)
    settings = found[0]["settings"] if found else {}
    named = {name: settings[name] for name in ("address", "country") if settings.get(name)}
    return {"name": found[0]["name"] if found else ""} | named


# --- what people do with them -----------------------------------------------------------------


def _open(batch: Batch, invoice_id: str) -> Row:
    row = batch.invoices.get(invoice_id)
    if row is None:
        raise not_found("invoice")
    if row["kind"] != INVOICE:
        raise Conflict("credit_note", "This is a credit note; it is neither paid nor changed.")
    if row["status"] == VOID:
        raise Conflict("invoice_void", "This invoice is void.")
    return row


def record_payment(batch: Batch, change: RecordPayment) -> Result:
    """An invoice was paid."""
    row = _open(batch, change.invoice_id)
    if row["status"] == PAID:
        raise Conflict("invoice_paid", "This invoice was paid already.")
    return _settle(batch, row, PAID, "invoice.paid")


def void_invoice(batch: Batch, change: VoidInvoice) -> Result:
    """An invoice was a mistake; nobody has paid it, and nothing of it was credited."""
    row = _open(batch, change.invoice_id)
    if row["status"] == PAID or row["left"] != row["total_minor"]:
        raise Conflict(
            "invoice_settled", "It was paid, or credited in part. Issue a credit note instead."
        )
    return _settle(batch, row, VOID, "invoice.voided")


def _settle(batch: Batch, row: Row, status: str, action: str) -> Result:
    told = {"status": [row["status"], status]}
    row["status"], row["settled_at"] = status, batch.now
    batch.update(Invoice, {"id": row["id"]}, {"status": status, "settled_at": batch.now})
    batch.note(action, ("Invoice", row["id"], row["number"]), told)
    return Result(row["id"], changed=True)


def credit_invoice(batch: Batch, change: CreditInvoice) -> Result:
    """Issue a credit note over at most what is left."""
    row = _open(batch, change.invoice_id)
    if change.expect_left is not None and change.expect_left != row["left"]:
        raise Stale("version_stale", "Something of this invoice was credited meanwhile.")
    reason = change.reason.strip()
    if not reason or len(reason) > REASON_MAX or FORBIDDEN.search(reason):
        raise Invalid(
            "reason_missing", f"Say why, in at most {REASON_MAX} characters.", attribute="reason"
        )
    if not 1 <= change.amount_minor <= row["left"]:
        raise Invalid(
            "credit_too_large",
            "A credit is more than nothing, and at most what is left.",
            attribute="amount",
        )
    note = _owe(batch, CREDIT, row["currency"], [_given_back(batch, change, reason)], credits=row)
    return Result(note["id"], changed=True, created=True)


_FIRST_LINE = (
    select(InvoiceLine.__table__)
    .where(InvoiceLine.org_id == _HERE, InvoiceLine.invoice_id == bindparam("invoice"))
    .order_by(InvoiceLine.position)
    .limit(1)
)


def _given_back(batch: Batch, change: CreditInvoice, reason: str) -> Row:
    """The one line of a credit note: about what the invoice's first line was about."""
    [first] = batch.ask(_FIRST_LINE, invoice=change.invoice_id)
    amount = -change.amount_minor
    about = {name: first[name] for name in ("subscription_id", "sku_id", "period_start")}
    about |= {"period_end": first["period_end"], "description": reason}
    return about | {"quantity": 1, "unit_minor": amount, "amount_minor": amount}


HANDLERS = {
    RecordPayment: record_payment,
    VoidInvoice: void_invoice,
    CreditInvoice: credit_invoice,
}
