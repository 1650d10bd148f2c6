"""Requests for licences: what waits to be decided, and deciding; one's own licences and wishes."""

from flask import Response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as Redirect
from wtforms import SelectField, TextAreaField
from wtforms.validators import InputRequired

from idp.changes import apply
from idp.changes.intents import DecideRequest, RequestLicense
from idp.directory.actors import Actor
from idp.licensing import queries
from portal.forms import Refusals, go, status_of
from portal.frame import page
from portal.lists import shown

DECISIONS = {
    "": ("Pending", _l("waits to be decided")),
    "granted": ("Active", _l("granted")),
    "declined": ("Disabled", _l("declined")),
}


class DecisionForm(FlaskForm):
    """What to say to who asked."""

    answer = TextAreaField(_l("Answer"))


class RequestForm(FlaskForm):
    """What one would like to have, and why."""

    product = SelectField(_l("Product"), [InputRequired(_l("Choose a product."))])
    reason = TextAreaField(_l("What you need it for"))


def license_requests(actor: Actor) -> Response:
    """What people asked for: what is open, or what was decided."""
    decided = request.args.get("decided") == "1"
    found = queries.page_requests(actor, decided=decided, cursor=request.args.get("cursor"))
    return page(
        "licenses/requests.html",
        actor,
        decided=decided,
        decisions=DECISIONS,
        found=shown(list(found.items), found.next_cursor, None, "request", "requests"),
    )


def license_request(actor: Actor, request_id: str) -> Response | Redirect:
    """Grant or decline one request."""
    wish, form = queries.find_request(actor, request_id), DecisionForm()
    back = url_for("portal.license_requests")
    if form.validate_on_submit():
        grant = request.form.get("decision") == "grant"
        with Refusals(form):
            apply(DecideRequest(request_id, grant, form.answer.data or ""), by=actor)
            return go(back, _("The licence was granted.") if grant else _("The wish is declined."))
    return page(
        "licenses/request.html",
        actor,
        status_of(form),
        wish=wish,
        form=form,
        back=back,
        decisions=DECISIONS,
        product=queries.product(actor, wish.sku),
    )


def me_licenses(actor: Actor) -> Response:
    """What one has, where to open it, and what became of one's wishes."""
    views = queries.licenses_of(actor, actor.id)
    return page(
        "me/licenses.html",
        actor,
        licenses=views,
        places=queries.places_in_queue(actor, actor.id),
        wishes=queries.my_requests(actor),
        decisions=DECISIONS,
        may_ask=bool(queries.requestable(actor)),
    )


def me_license_request(actor: Actor) -> Response | Redirect:
    """Ask for a licence."""
    form = RequestForm()
    held = {one.sku.id for one in queries.licenses_of(actor, actor.id) if one.held_since}
    skus = [sku for sku in queries.requestable(actor) if sku.id not in held]
    form.product.choices = {sku.part_number: sku.name for sku in skus}
    ids = {sku.part_number: sku.id for sku in skus}
    if form.validate_on_submit():
        with Refusals(form, {"skuId": "product"}):
            wish = RequestLicense(actor.id, ids[form.product.data], form.reason.data or "")
            apply(wish, by=actor)
            return go(url_for("portal.me_licenses"), _("Your wish is on its way."))
    said = ngettext("%(num)s product", "%(num)s products", len(skus))
    return page("me/license_request.html", actor, status_of(form), form=form, skus=skus, said=said)
