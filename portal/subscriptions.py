"""Subscriptions: the list, one with its dates, the calendar of renewals, and plain changes.

What ends, begins or costs something is asked twice, with what it will do: see
`subscription_verbs`.
"""

from collections import Counter
from datetime import datetime

from flask import Response, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as Redirect
from wtforms import BooleanField, HiddenField, SelectField, StringField
from wtforms.validators import Length

from idp.changes import apply
from idp.changes.intents import ChangeSubscription
from idp.clock import now
from idp.directory.actors import Actor
from idp.licensing import queries
from idp.licensing.lifecycle import add_months
from idp.licensing.subscribed import SubscriptionView
from portal import history
from portal.billing_lists import SUBSCRIPTIONS
from portal.charts import Chart, Series, bars
from portal.forms import Refusals, go, status_of
from portal.frame import page
from portal.listing import show
from portal.lists import whole
from portal.services import tabs
from portal.words import month

_MONTHS = 12


class SubscriptionForm(FlaskForm):
    """What can be changed without asking twice."""

    name = StringField(_l("Name"), [Length(max=256)])
    purchase_order = StringField(_l("Purchase order"), [Length(max=128)])
    agreement = SelectField(_l("Agreement"))
    renew = BooleanField(_l("Renews by itself"))
    version = HiddenField()


_FIELDS = {"purchaseOrder": "purchase_order"}


def subscriptions(actor: Actor) -> Response:
    """All that there ever were, newest first."""
    found = show(SUBSCRIPTIONS, actor)
    return page("services/subscriptions.html", actor, tabs=tabs(), found=found)


def subscription(actor: Actor, subscription_id: str) -> Response:
    """One subscription: state and dates, what it is worth, what can be done."""
    one = queries.find_subscription(actor, subscription_id)
    pool = next(iter(queries.pools(actor, [one.sku.id])), None)
    agreement = queries.find_agreement(actor, one.agreement_id) if one.agreement_id else None
    return page(
        "services/subscription.html",
        actor,
        subscription=one,
        pool=pool,
        agreement=agreement,
        verbs=verbs_of(actor, one),
        now=now(),
        entries=history.about(actor, subscription_id) if actor.can("audit.read") else [],
    )


def verbs_of(actor: Actor, one: SubscriptionView) -> set[str]:
    """What may be done with it today; the write path decides."""
    if not actor.can("billing.write") or one.state == "deleted":
        return set()
    running, cancelled = one.state in ("pending", "trial", "active"), one.cancelled_at is not None
    extensible = one.offer.extension_days and one.extended_at is None
    may = {
        "edit": True,
        "quantity": one.state in ("pending", "active") and not one.trial and not one.offer.units,
        "extend": one.trial and extensible and one.state in ("trial", "expired"),
        "upgrade": bool(one.offer.upgrades_to)
        and one.state in ("trial", "active", "expired")
        and not cancelled,
        "renew": not one.trial and one.state in ("expired", "disabled"),
        "cancel": running and (one.auto_renew or in_window(one)),
        "reactivate": one.state == "disabled" and cancelled and one.term_ends > now(),
        "delete": one.state == "disabled",
    }
    return {verb for verb, able in may.items() if able}


def in_window(one: SubscriptionView) -> bool:
    """Whether a cancellation would take effect at once."""
    return (now() - one.starts).total_seconds() < one.offer.cancel_days * 86400


def subscription_edit(actor: Actor, subscription_id: str) -> Response | Redirect:
    """Change name, purchase order, agreement, renewal."""
    one = queries.find_subscription(actor, subscription_id)
    form = _form(actor, one)
    if form.validate_on_submit():
        with Refusals(form, _FIELDS):
            apply(_wanted(one, form), by=actor)
            at = url_for("portal.subscription", subscription_id=subscription_id)
            return go(at, _("The subscription was changed."))
    return page("services/edit.html", actor, status_of(form), subscription=one, form=form)


def _form(actor: Actor, one: SubscriptionView) -> SubscriptionForm:
    given = {
        "name": one.name,
        "purchase_order": one.purchase_order,
        "agreement": one.agreement_id or "",
        "renew": one.auto_renew,
        "version": str(one.version),
    }
    form = SubscriptionForm(data=given)
    form.agreement.choices = agreement_choices(actor, one.agreement_id)
    return form


def agreement_choices(actor: Actor, held: str | None = None) -> list[tuple[str, str]]:
    """None, and those that are in force; the one that is held stays to be chosen."""
    found = queries.page_agreements(actor, limit=200).items
    usable = [one for one in found if one.status == "active" or one.id == held]
    return [("", _("None")), *((one.id, f"{one.number} · {one.programme}") for one in usable)]


def _wanted(one: SubscriptionView, form: SubscriptionForm) -> ChangeSubscription:
    return ChangeSubscription(
        one.id,
        name=form.name.data,
        purchase_order=form.purchase_order.data,
        auto_renew=bool(form.renew.data),
        agreement_id=form.agreement.data or None,
        expect=whole(form.version.data),
    )


# --- renewals ---------------------------------------------------------------------------------


def renewals(actor: Actor) -> Response:
    """What renews or ends in the months ahead."""
    living = [one for one in queries.living_subscriptions(actor) if one.next_at is not None]
    return page("services/renewals.html", actor, found=living, chart_=_calendar(living))


def _calendar(living: list[SubscriptionView]) -> Chart | None:
    """How many dates fall into each of the next twelve months."""
    if not living:
        return None
    first = now().replace(day=1)
    months = [add_months(first, count) for count in range(_MONTHS)]
    renew = Counter(_month(one.next_at) for one in living if _renews(one))
    end = Counter(_month(one.next_at) for one in living if not _renews(one))
    return bars(
        "renewals",
        _("Renewals by month"),
        _("How many subscriptions renew by themselves, and how many end or change their state."),
        [month(at) for at in months],
        [
            Series(_("Renew"), [renew[_month(at)] for at in months], "good"),
            Series(_("End or change"), [end[_month(at)] for at in months], "warn"),
        ],
    )


def _renews(one: SubscriptionView) -> bool:
    return one.state == "active" and one.auto_renew


def _month(at: datetime | None) -> tuple[int, int]:
    return (at.year, at.month) if at else (0, 0)
