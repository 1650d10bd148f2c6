"""How subscriptions, invoices and agreements are said: states, terms, what a change will do."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from idp.changes.batch import Note
from idp.licensing.overview import OfferRow, ServiceRow
from idp.licensing.subscribed import OfferTerms, SubscriptionView
from portal.words import money

STATES = {
    "pending": "Pending",
    "trial": "Trial",
    "active": "Active",
    "expired": "Expired",
    "disabled": "Disabled",
    "deleted": "Deleted",
    "terminated": "Disabled",
}
# What each state means for those who use it.
MEANINGS = {
    "pending": _l("Ordered. It gives nothing before it starts."),
    "trial": _l("Everything works."),
    "active": _l("Everything works."),
    "expired": _l("Everything still works; renew it before it is disabled."),
    "disabled": _l("Nobody can use it. What people hold is kept until it is deleted."),
    "deleted": _l("It is over. Subscribing again restores nothing."),
}
INVOICE_LOOKS = {
    "Due": ("clock", "warn"),
    "Overdue": ("bad", "bad"),
    "Paid": ("good", "good"),
    "Void": ("off", "calm"),
    "Credited": ("off", "calm"),
    "Credit note": ("info", "calm"),
}
INVOICE_WORDS = (
    _l("Due"),
    _l("Overdue"),
    _l("Paid"),
    _l("Void"),
    _l("Credited"),
    _l("Credit note"),
)
REASONS = {"trial_used": _l("Your organization has had this trial. It is to be had once.")}


def service_word(row: ServiceRow) -> str:
    """The status of a service: what runs out soon and does not renew is Expiring."""
    return "Expiring" if row.soon else STATES[row.state]


def term(offer: OfferTerms) -> str:
    """How long it runs: 30 days, 1 month, 12 months."""
    if offer.kind == "trial":
        return str(ngettext("%(num)s day", "%(num)s days", offer.trial_days))
    return str(ngettext("%(num)s month", "%(num)s months", offer.term_months))


def price(row: OfferRow) -> str:
    """€9.90 a unit for 12 months; free; or nothing, where the reader is not to know."""
    if row.price_minor is None or row.currency is None:
        return ""
    if row.offer.kind == "trial" or not row.price_minor:
        return str(_("free"))
    amount = money(row.price_minor, row.currency)
    return str(_("%(price)s a unit for %(term)s", price=amount, term=term(row.offer)))


def ends_word(one: SubscriptionView) -> str:
    """What happens at the next date: Renews, Expires, Starts, is Disabled, is Deleted."""
    if one.state == "active" and one.auto_renew:
        return str(_("Renews"))
    return str(
        {
            "pending": _("Starts"),
            "trial": _("Trial ends"),
            "active": _("Ends"),
            "expired": _("Is disabled"),
            "disabled": _("Is deleted"),
        }.get(one.state, "")
    )


def effects(notes: Sequence[Note]) -> list[str]:
    """What a rehearsal would have done, as sentences about money, assignments and seats."""
    said = [one for note in notes if (one := _effect(note))]
    freed = sum(note.action == "license.removed" for note in notes)
    given = sum(note.action == "license.assigned" for note in notes)
    if freed:
        text = "%(num)s person loses the licence.", "%(num)s people lose the licence."
        said.append(str(ngettext(*text, freed)))
    if given:
        text = "%(num)s person gets a licence.", "%(num)s people get a licence."
        said.append(str(ngettext(*text, given)))
    return said


def _effect(note: Note) -> str:
    diff: Any = note.diff
    if note.action == "invoice.issued":
        amount = money(diff["total"][1], diff["currency"][1])
        return str(_("An invoice over %(amount)s is issued.", amount=amount))
    if note.action == "invoice.credited":
        amount = money(-diff["total"][1], diff["currency"][1])
        return str(_("A credit note over %(amount)s is issued.", amount=amount))
    if note.action == "grants.removed":
        text = (
            "%(num)s assignment of %(product)s is removed.",
            "%(num)s assignments of %(product)s are removed.",
        )
        return str(ngettext(*text, diff["grants"][0], product=note.target_name))
    if note.action == "grants.moved":
        text = (
            "%(num)s assignment moves to %(product)s.",
            "%(num)s assignments move to %(product)s.",
        )
        return str(ngettext(*text, diff["grants"][1], product=note.target_name))
    return ""


def lifecycle(state: str) -> str:
    """The status word of a state of a subscription or agreement."""
    return STATES[state]


def meaning(state: str) -> str:
    """What a state means for those who use it."""
    return str(MEANINGS[state])


def why_not(reason: str) -> str:
    """Why an offer cannot be had."""
    return str(REASONS[reason])


def invoice_look(word: str) -> tuple[str, str]:
    """Icon and tone of an invoice's word."""
    return INVOICE_LOOKS[word]


def postal(billed_to: Mapping[str, Any]) -> str:
    """Name and address in lines."""
    given = billed_to.get("address") or ""
    if isinstance(given, Mapping):
        given = "\n".join(str(part) for part in given.values() if part)
    return "\n".join(filter(None, [billed_to.get("name"), given, billed_to.get("country")]))


FILTERS = {
    fn.__name__: fn
    for fn in (
        service_word,
        term,
        price,
        ends_word,
        lifecycle,
        meaning,
        why_not,
        invoice_look,
        postal,
    )
}
