"""Invoices and credit notes as they are read. All of it needs billing.read."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from idp.clock import now
from idp.directory.actors import Actor
from idp.directory.errors import not_found
from idp.directory.sets import any_of, same
from idp.directory.views import Page
from idp.extensions import db
from idp.licensing.billing import CREDIT, PAID, VOID, Invoice, InvoiceLine

_NOTE = aliased(Invoice)
_CREDITED = (
    select(func.coalesce(func.sum(_NOTE.total_minor), 0))
    .where(_NOTE.credits_id == Invoice.id)
    .correlate(Invoice)
    .scalar_subquery()
)


@dataclass(frozen=True, slots=True)
class LineView:
    """A line; amounts are minor units of the invoice's currency."""

    subscription_id: str
    description: str
    period_start: datetime
    period_end: datetime
    quantity: int
    unit_minor: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """An invoice or credit note; `left_minor` is what is neither credited nor void.

    `word` is one of: Due, Overdue, Paid, Void, Credited (all of it was), Credit note.
    """

    id: str
    number: str
    kind: str
    credits_id: str | None
    status: str
    issued_at: datetime
    due_at: datetime
    settled_at: datetime | None
    currency: str
    total_minor: int
    left_minor: int
    purchase_order: str
    billed_to: Mapping[str, Any]
    word: str
    lines: tuple[LineView, ...] = ()


def page_invoices(
    actor: Actor,
    *,
    cursor: str | None = None,
    sku_ids: Collection[str] | None = None,
    limit: int = 50,
) -> Page[InvoiceView]:
    """Invoices and credit notes, newest first; with `sku_ids` those with a line about one."""
    actor.need("billing.read")
    here = _ours(actor)
    if sku_ids is not None:
        lines = select(InvoiceLine.invoice_id).where(
            InvoiceLine.org_id == actor.org_id, any_of(db.session(), InvoiceLine.sku_id, sku_ids)
        )
        here = here.where(Invoice.id.in_(lines))
    if cursor:
        here = here.where(Invoice.id < cursor)
    rows = db.session.execute(here.order_by(Invoice.id.desc()).limit(limit + 1)).mappings()
    moment = now()
    found = [_view(dict(row), moment) for row in rows]
    more = found[limit - 1].id if len(found) > limit else None
    return Page(tuple(found[:limit]), more)


def find_invoice(actor: Actor, invoice_id: str) -> InvoiceView:
    """One document with its lines."""
    actor.need("billing.read")
    row = db.session.execute(_ours(actor).where(same(Invoice.id, invoice_id))).mappings().first()
    if row is None:
        raise not_found("invoice")
    here = select(InvoiceLine.__table__).where(InvoiceLine.invoice_id == row["id"])
    lines = db.session.execute(here.order_by(InvoiceLine.position)).mappings()
    return _view(dict(row), now(), tuple(_line(dict(one)) for one in lines))


def credits_of(actor: Actor, invoice_id: str) -> list[InvoiceView]:
    """The credit notes over an invoice, oldest first."""
    actor.need("billing.read")
    here = _ours(actor).where(same(Invoice.credits_id, invoice_id)).order_by(Invoice.id)
    moment = now()
    return [_view(dict(row), moment) for row in db.session.execute(here).mappings()]


def _ours(actor: Actor) -> Any:
    left = (Invoice.total_minor + _CREDITED).label("left_minor")
    return select(Invoice.__table__, left).where(Invoice.org_id == actor.org_id)


def _line(row: dict[str, Any]) -> LineView:
    return LineView(**{name: row[name] for name in LineView.__slots__})


def _view(row: dict[str, Any], moment: datetime, lines: tuple[LineView, ...] = ()) -> InvoiceView:
    row["left_minor"] = 0 if row["status"] == VOID else row["left_minor"]
    named = {n: row[n] for n in InvoiceView.__slots__ if n not in ("word", "lines")}
    return InvoiceView(**named, word=_word(row, moment), lines=lines)


def _word(row: dict[str, Any], moment: datetime) -> str:
    if row["kind"] == CREDIT:
        return "Credit note"
    if row["status"] in (PAID, VOID):
        return "Paid" if row["status"] == PAID else "Void"
    if row["left_minor"] == 0:
        return "Credited"
    return "Overdue" if row["due_at"] < moment else "Due"
