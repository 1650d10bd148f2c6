"""What ends, begins or costs something: said in figures first, done when it is confirmed.

The figures are no guess: the change is rehearsed by the write path, which keeps nothing of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as Redirect
from wtforms import BooleanField, HiddenField, IntegerField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange

from idp.changes import apply
from idp.changes.intents import (
    CancelSubscription,
    Change,
    ChangeSubscription,
    DeleteSubscription,
    ExtendTrial,
    ReactivateSubscription,
    RenewSubscription,
    UpgradeSubscription,
)
from idp.changes.subscriptions import MOST_UNITS
from idp.clock import now
from idp.directory.actors import Actor
from idp.directory.errors import DirectoryError, not_found
from idp.licensing import queries
from idp.licensing.subscribed import EXCESS_DAYS, SubscriptionView
from portal.billing_words import effects, price
from portal.forms import Refusals, go, refused, status_of
from portal.frame import page
from portal.lists import whole
from portal.refusals import said
from portal.subscriptions import agreement_choices, in_window
from portal.words import date_text, figure


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb that needs no more than a confirmation."""

    intent: Callable[..., Change]
    title: str
    button: str
    done: str
    says: Callable[[SubscriptionView], list[str]]
    danger: bool = False


def _cancelled(one: SubscriptionView) -> list[str]:
    if one.state == "pending":
        return [_("It has not begun; it will not begin.")]
    if in_window(one):
        return [_("It is disabled at once, and nobody can use it."), _("You can take that back.")]
    return [_("It runs until %(day)s and does not renew.", day=date_text(one.ends))]


def _taken_back(one: SubscriptionView) -> list[str]:
    runs = _("It runs on until %(day)s.", day=date_text(one.term_ends))
    if one.trial:
        return [runs]
    if one.renews_if_taken_back:
        return [runs, _("It renews by itself then, as it did before.")]
    return [runs, _("It does not renew by itself then.")]


VERBS = {
    "extend": Verb(
        ExtendTrial,
        _l("Extend the trial"),
        _l("Extend the trial"),
        _l("The trial was extended."),
        lambda one: [
            _(
                "It runs %(days)s days longer. A trial is extended once.",
                days=one.offer.extension_days,
            )
        ],
    ),
    "renew": Verb(
        RenewSubscription,
        _l("Renew"),
        _l("Renew for another term"),
        _l("A new term has begun."),
        lambda _one: [_("A new term begins today."), _("What people hold works again.")],
    ),
    "cancel": Verb(
        CancelSubscription,
        _l("Cancel"),
        _l("Cancel the subscription"),
        _l("The subscription was cancelled."),
        _cancelled,
        danger=True,
    ),
    "reactivate": Verb(
        ReactivateSubscription,
        _l("Take the cancellation back"),
        _l("Take the cancellation back"),
        _l("The cancellation was taken back."),
        _taken_back,
    ),
    "delete": Verb(
        DeleteSubscription,
        _l("Delete for good"),
        _l("Delete the subscription"),
        _l("The subscription was deleted."),
        lambda _one: [
            _("It cannot be brought back: to subscribe again restores nothing."),
            _("If it is the last one of its product, every assignment goes, and so do the claims."),
        ],
        danger=True,
    ),
}


def subscription_verb(actor: Actor, subscription_id: str, verb: str) -> Response | Redirect:
    """Say what a verb will do; do it when it comes back confirmed."""
    known, one = VERBS.get(verb), queries.find_subscription(actor, subscription_id)
    if known is None:
        raise not_found("page")
    back = url_for("portal.subscription", subscription_id=one.id)
    if request.method == "POST":
        change = known.intent(one.id, expect=whole(request.form.get("version")))
        try:
            apply(change, by=actor)
        except DirectoryError as error:
            return refused(error, back)
        return go(back, str(known.done))
    foreseen, problem = _rehearsed(known.intent(one.id), actor)
    return page(
        "services/confirm.html",
        actor,
        subscription=one,
        verb=known,
        says=known.says(one) + foreseen,
        problem=problem,
    )


def _rehearsed(change: Change, actor: Actor) -> tuple[list[str], str]:
    """What a change would do, or why it would be refused."""
    try:
        return effects(apply(change, by=actor, dry_run=True).notes), ""
    except DirectoryError as error:
        return [], said(error.sentence)


# --- forms that are asked twice ---------------------------------------------------------------


class QuantityForm(FlaskForm):
    """How many units from now on."""

    quantity = IntegerField(
        _l("Units"), [InputRequired(_l("Enter a number.")), NumberRange(1, MOST_UNITS)]
    )
    version = HiddenField()
    confirmed = HiddenField()


class UpgradeForm(FlaskForm):
    """To which offer, how many units, and who moves."""

    offer = RadioField(_l("Offer"), [InputRequired(_l("Choose an offer."))])
    quantity = IntegerField(
        _l("Units"), [InputRequired(_l("Enter a number.")), NumberRange(1, MOST_UNITS)]
    )
    move = BooleanField(_l("Give it to everybody who has the old product, which ends"))
    agreement = SelectField(_l("Agreement"))
    purchase_order = StringField(_l("Purchase order"), [Length(max=128)])
    version = HiddenField()
    confirmed = HiddenField()


@dataclass(slots=True)
class Asked:
    """A form in its second step: what will happen, and what must be sent again."""

    says: list[str] = field(default_factory=list)
    sent: dict[str, Any] = field(default_factory=dict)


def subscription_quantity(actor: Actor, subscription_id: str) -> Response | Redirect:
    """Change the number of units, after showing what that costs and who is too many."""
    one = queries.find_subscription(actor, subscription_id)
    form = QuantityForm(data={"quantity": one.quantity, "version": str(one.version)})
    asked = None
    if form.validate_on_submit():
        wanted = form.quantity.data or 0
        change = ChangeSubscription(one.id, quantity=wanted, expect=whole(form.version.data))
        with Refusals(form):
            outcome = apply(change, by=actor, dry_run=not form.confirmed.data)
            if form.confirmed.data:
                return _back(
                    one, _("The subscription has %(count)s units now.", count=figure(wanted))
                )
            says = [_from_to(one.quantity, wanted), *effects(outcome.notes)]
            asked = Asked(says + _excess(actor, one, wanted - one.quantity), sent(form))
    return page(
        "services/quantity.html", actor, status_of(form), subscription=one, form=form, asked=asked
    )


def _from_to(before: int, after: int) -> str:
    return str(_("%(before)s units become %(after)s.", before=figure(before), after=figure(after)))


def _excess(actor: Actor, one: SubscriptionView, difference: int) -> list[str]:
    """Who would be too many, and until when that should be settled."""
    pool = next(iter(queries.pools(actor, [one.sku.id])), None)
    if pool is None or pool.used is None or one.state != "active":
        return []
    over = pool.used - (pool.total + difference)
    if over <= 0:
        return []
    until = date_text(pool.excess_until or now() + EXCESS_DAYS)
    if not one.sku.assignable:
        return [
            _(
                "%(over)s more are in use than there will be; the limit applies at once.",
                over=figure(over),
            )
        ]
    return [
        _(
            "%(over)s more are in use than there will be. Nobody loses a licence now; remove "
            "some, or buy more, by %(day)s.",
            over=figure(over),
            day=until,
        )
    ]


def sent(form: FlaskForm) -> dict[str, Any]:
    """What the second step sends again."""
    kept = {f.name: f.data for f in form if f.name not in ("csrf_token", "confirmed")}
    return {name: value for name, value in kept.items() if value not in (None, False)} | {
        "confirmed": "yes"
    }


def _back(one: SubscriptionView, told: str) -> Redirect:
    return go(url_for("portal.subscription", subscription_id=one.id), told)


def subscription_upgrade(actor: Actor, subscription_id: str) -> Response | Redirect:
    """Convert a trial, or move to another offer."""
    one = queries.find_subscription(actor, subscription_id)
    offers = [row for row in queries.offers(actor) if row.offer.id in one.offer.upgrades_to]
    form = _upgrade_form(actor, one, offers)
    asked = None
    if form.validate_on_submit():
        with Refusals(form, {"purchaseOrder": "purchase_order"}):
            outcome = apply(_upgrade(one, form), by=actor, dry_run=not form.confirmed.data)
            if form.confirmed.data:
                at = url_for("portal.subscription", subscription_id=outcome.first.id)
                return go(at, _("The new subscription has begun."))
            asked = Asked(_what_becomes(one, offers, form) + effects(outcome.notes), sent(form))
    return page(
        "services/upgrade.html",
        actor,
        status_of(form),
        subscription=one,
        offers=offers,
        offer_notes={row.offer.id: price(row) for row in offers},
        other=[row for row in offers if row.sku.id != one.sku.id],
        form=form,
        asked=asked,
    )


def _upgrade_form(actor: Actor, one: SubscriptionView, offers: list[Any]) -> UpgradeForm:
    form = UpgradeForm(data={"quantity": one.quantity, "version": str(one.version)})
    form.offer.choices = [(row.offer.id, row.offer.name) for row in offers]
    form.agreement.choices = agreement_choices(actor)
    if not form.is_submitted() and len(offers) == 1:
        form.offer.data = offers[0].offer.id
    return form


def _upgrade(one: SubscriptionView, form: UpgradeForm) -> UpgradeSubscription:
    return UpgradeSubscription(
        one.id,
        form.offer.data,
        form.quantity.data or 0,
        move_grants=bool(form.move.data),
        purchase_order=form.purchase_order.data or "",
        agreement_id=form.agreement.data or None,
        expect=whole(form.version.data),
    )


def _what_becomes(one: SubscriptionView, offers: list[Any], form: UpgradeForm) -> list[str]:
    chosen = next(row for row in offers if row.offer.id == form.offer.data)
    begins = _("%(offer)s begins today.", offer=chosen.offer.name)
    if chosen.sku.id == one.sku.id:
        return [begins, _("Everybody keeps what they hold."), _("The old subscription ends.")]
    if form.move.data:
        moves = _("Who has %(old)s gets %(new)s instead.", old=one.sku.name, new=chosen.sku.name)
        return [begins, moves, _("The old subscription ends.")]
    stays = _(
        "%(old)s runs until %(day)s; nobody is moved.", old=one.sku.name, day=date_text(one.ends)
    )
    return [begins, stays]
