"""The catalogue: what can be had, trials with the reason why not; buying, in two steps."""

from datetime import UTC, datetime, time
from typing import Any

from flask import Response, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as Redirect
from wtforms import BooleanField, DateField, HiddenField, IntegerField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp

from idp.changes import apply
from idp.changes.intents import BuySubscription
from idp.changes.subscriptions import MOST_UNITS
from idp.clock import new_id
from idp.directory.actors import Actor
from idp.directory.errors import not_found
from idp.licensing import queries
from idp.licensing.overview import OfferRow
from portal.billing_words import REASONS, effects, price, term
from portal.forms import Refusals, go, status_of
from portal.frame import page
from portal.subscription_verbs import Asked, sent
from portal.subscriptions import agreement_choices
from portal.words import date_text

_AN_ID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z"


class BuyForm(FlaskForm):
    """How many units of an offer, from when, on whose order."""

    quantity = IntegerField(
        _l("Units"), [InputRequired(_l("Enter a number.")), NumberRange(1, MOST_UNITS)]
    )
    name = StringField(_l("Name"), [Length(max=256)])
    starts = DateField(_l("Starts"), [Optional()])
    agreement = SelectField(_l("Agreement"))
    purchase_order = StringField(_l("Purchase order"), [Length(max=128)])
    renew = BooleanField(_l("Renews by itself"))
    # Made with the second step: pressed twice, its button buys once.
    order = HiddenField(validators=[Optional(), Regexp(_AN_ID)])
    confirmed = HiddenField()


def catalog(actor: Actor) -> Response:
    """Every service and its offers."""
    by_service: dict[str, list[OfferRow]] = {}
    for row in queries.offers(actor):
        by_service.setdefault(row.sku.service.id, []).append(row)
    known = queries.catalogue().services
    found = sorted(
        ((known[key], rows) for key, rows in by_service.items()), key=lambda pair: pair[0].name
    )
    return page(
        "services/catalog.html", actor, found=found, price=price, term=term, reasons=REASONS
    )


def offer_buy(actor: Actor, offer: str) -> Response | Redirect:
    """Start a trial, or buy, after showing what it costs."""
    row = next((one for one in queries.offers(actor) if one.offer.slug == offer), None)
    if row is None:
        raise not_found("offer")
    form = BuyForm(data={"quantity": row.offer.units or 1, "renew": True})
    form.agreement.choices = agreement_choices(actor)
    asked = None
    if form.validate_on_submit():
        with Refusals(form, {"purchaseOrder": "purchase_order"}):
            outcome = apply(_bought(row, form), by=actor, dry_run=not form.confirmed.data)
            if form.confirmed.data:
                at = url_for("portal.subscription", subscription_id=outcome.first.id)
                return go(at, _("You are subscribed to %(offer)s.", offer=row.offer.name))
            form.order.data = new_id()
            asked = Asked(_says(row, form) + effects(outcome.notes), sent(form))
    return page(
        "services/buy.html",
        actor,
        status_of(form),
        row=row,
        form=form,
        asked=asked,
        price=price(row),
        term=term(row.offer),
    )


def _bought(row: OfferRow, form: BuyForm) -> BuySubscription:
    given: dict[str, Any] = {}
    if form.starts.data:
        given["starts"] = datetime.combine(form.starts.data, time.min, UTC)
    return BuySubscription(
        row.offer.id,
        form.quantity.data or 0,
        name=form.name.data or "",
        agreement_id=form.agreement.data or None,
        purchase_order=form.purchase_order.data or "",
        auto_renew=bool(form.renew.data),
        id=form.order.data if form.confirmed.data and form.order.data else None,
        **given,
    )


def _says(row: OfferRow, form: BuyForm) -> list[str]:
    starts = form.starts.data
    begins = (
        _("It begins on %(day)s.", day=date_text(datetime.combine(starts, time.min, UTC)))
        if starts
        else _("It begins today.")
    )
    runs = _("It runs for %(term)s.", term=term(row.offer))
    if row.offer.kind == "trial":
        return [begins, runs, _("It costs nothing, and ends by itself.")]
    return [begins, runs]
