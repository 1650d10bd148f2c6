"""Invoices: the list, one with its lines, as PDF; paying, declaring void, crediting."""

from decimal import Decimal, InvalidOperation

from babel.numbers import get_currency_precision
from flask import Response, make_response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as Redirect
from wtforms import HiddenField, StringField
from wtforms.validators import InputRequired, Length

from idp.changes import apply
from idp.changes.intents import CreditInvoice, RecordPayment, VoidInvoice
from idp.changes.invoices import REASON_MAX
from idp.directory.actors import Actor
from idp.licensing import queries
from idp.licensing.invoiced import InvoiceView
from portal import pdf
from portal.billing_lists import INVOICES
from portal.forms import Refusals, act, go, status_of
from portal.frame import page
from portal.listing import show
from portal.lists import whole
from portal.words import money


class CreditForm(FlaskForm):
    """How much of an invoice is credited, in its currency, and why."""

    amount = StringField(_l("Amount"), [InputRequired(_l("Enter an amount."))])
    reason = StringField(_l("Reason"), [InputRequired(_l("Say why.")), Length(max=REASON_MAX)])
    left = HiddenField()  # of the invoice, as it was shown: a credit is not given twice


def invoices(actor: Actor) -> Response:
    """All invoices and credit notes, newest first."""
    return page("services/invoices.html", actor, found=show(INVOICES, actor))


def invoice(actor: Actor, invoice_id: str) -> Response:
    """One document: lines, to whom, what is left of it, its credit notes."""
    one = queries.find_invoice(actor, invoice_id)
    return page(
        "services/invoice.html",
        actor,
        invoice=one,
        credits=queries.credits_of(actor, invoice_id),
        credited=queries.find_invoice(actor, one.credits_id) if one.credits_id else None,
        may=_may(actor, one),
    )


def _may(actor: Actor, one: InvoiceView) -> set[str]:
    """What may be done with it today; the write path decides."""
    if not actor.can("billing.write") or one.kind != "invoice" or one.status == "void":
        return set()
    may = {"credit"} if one.left_minor > 0 else set()
    if one.status == "issued":
        may |= {"pay", "void"} if one.left_minor == one.total_minor else {"pay"}
    return may


def invoice_pdf(actor: Actor, invoice_id: str) -> Response:
    """The same document as a file."""
    one = queries.find_invoice(actor, invoice_id)
    credited = queries.find_invoice(actor, one.credits_id) if one.credits_id else None
    answer = make_response(pdf.invoice(one, credited))
    answer.headers["Content-Type"] = "application/pdf"
    answer.headers["Content-Disposition"] = f'inline; filename="{one.number}.pdf"'
    return answer


def invoice_pay(actor: Actor, invoice_id: str) -> Redirect:
    """Write down that it was paid."""
    said = _("The payment was recorded.")
    return act(RecordPayment(invoice_id), by=actor, said=said, back=_at(invoice_id))


def invoice_void(actor: Actor, invoice_id: str) -> Response | Redirect:
    """Declare it void, after saying what that means."""
    if request.method == "POST":
        said = _("The invoice is void.")
        return act(VoidInvoice(invoice_id), by=actor, said=said, back=_at(invoice_id))
    one = queries.find_invoice(actor, invoice_id)
    return page("services/invoice_void.html", actor, invoice=one)


def invoice_credit(actor: Actor, invoice_id: str) -> Response | Redirect:
    """Issue a credit note."""
    one = queries.find_invoice(actor, invoice_id)
    form = CreditForm()
    if form.validate_on_submit():
        amount = minor(form.amount.data or "", one.currency)
        if amount is None:
            form.amount.errors = [_("An amount such as 12.50, with the digits of its currency.")]
        else:
            with Refusals(form):
                made = apply(_credit(one, form, amount), by=actor).first
                return go(_at(made.id), _("The credit note was issued."))
    form.left.data = str(one.left_minor)
    left = money(one.left_minor, one.currency)
    return page(
        "services/invoice_credit.html", actor, status_of(form), invoice=one, form=form, left=left
    )


def _credit(one: InvoiceView, form: CreditForm, amount: int) -> CreditInvoice:
    return CreditInvoice(one.id, amount, form.reason.data or "", whole(form.left.data))


def minor(text: str, currency: str) -> int | None:
    """12.50 or 12,50 as 1250 of the currency's smallest units; None where it is no amount."""
    digits = get_currency_precision(currency)
    try:
        scaled = Decimal(text.strip().replace(",", ".")).scaleb(digits)
    except InvalidOperation:
        return None
    if not scaled.is_finite() or scaled != scaled.to_integral_value() or abs(scaled) > 10**15:
        return None
    return int(scaled)


def _at(invoice_id: str) -> str:
    return url_for("portal.invoice", invoice_id=invoice_id)
