"""A service's own public page, and signing up for it: with an account, or by founding one.

Only where the operator lets people sign up (CHAMBERLAIN_SIGNUP); elsewhere these pages are not
there. What is answered to who asks is the same for every address.
"""

from flask import Response, make_response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as Redirect
from wtforms import EmailField, StringField
from wtforms.validators import InputRequired, Length, Regexp

from idp import sessions
from idp.changes import signups
from idp.directory.errors import DirectoryError, not_found
from idp.directory.passwords import MIN_LENGTH, hash_password
from idp.licensing.catalogue import Catalogue, OfferView, ServiceView, SkuView, catalogue
from portal.forms import Refusals, go, status_of
from portal.frame import alone
from portal.sign_in import NewPasswordForm
from portal.words import money


class SignupForm(FlaskForm):
    """Who founds which organization."""

    organization = StringField(
        _l("Organization"), [InputRequired(_l("Enter its name.")), Length(max=256)]
    )
    given_name = StringField(
        _l("Given name"), [InputRequired(_l("Enter your name.")), Length(max=128)]
    )
    family_name = StringField(_l("Family name"), [Length(max=128)])
    email = EmailField(
        _l("E-mail at work"),
        [
            InputRequired(_l("Enter your e-mail address.")),
            Length(max=256),
            Regexp(
                r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$", message=_l("An address such as a@b.example.")
            ),
        ],
    )


def offer(slug: str) -> Response:
    """What a service offers, for everybody."""
    known, one = _service(slug)
    shown = [(sku, known.offers_of(sku.id)) for sku in known.skus_of(one.id) if not sku.retired_at]
    offers = [(sku, o) for sku, those in shown for o in those if not o.retired_at]
    actor = sessions.current_actor()
    return alone(
        "offers/offer.html",
        organization_name=one.publisher or one.name,
        service=one,
        offers=[] if one.retired_at else [_row(sku, o) for sku, o in offers],
        others=[s for s in known.services.values() if s.id != one.id and not s.retired_at],
        known=actor is not None and actor.can("billing.write"),
    )


def _row(sku: SkuView, one: OfferView) -> tuple[SkuView, OfferView, str]:
    trial = one.kind == "trial" or not one.price_minor
    return sku, one, "" if trial else money(one.price_minor, one.currency)


def _service(slug: str) -> tuple[Catalogue, ServiceView]:
    if not sessions.settings().signup_open:
        raise not_found("page")
    known = catalogue()
    one = known.service_by_slug(slug)
    if one is None:
        raise not_found("service")
    return known, one


def signup(slug: str) -> Response | Redirect:
    """Sign in and subscribe, or found an organization."""
    known, one = _service(slug)
    trial = signups.trial_of(one.id) if one.retired_at is None else None
    if trial is None:
        return go(url_for("portal.offer", slug=slug))
    form = SignupForm()
    if form.validate_on_submit():
        with Refusals(form):
            _ask(form, trial)
            return alone("offers/sent.html", email=form.email.data, service=one)
    return alone(
        "offers/signup.html",
        status_of(form),
        organization_name=one.publisher or one.name,
        service=one,
        offer=known.offers[trial],
        form=form,
        inside=url_for("portal.offer_buy", offer=known.offers[trial].slug),
    )


def _ask(form: SignupForm, trial: str) -> None:
    given = (form.organization, form.given_name, form.family_name, form.email)
    wish = signups.new_signup(trial, *((field.data or "").strip() for field in given))
    prefix = sessions.settings().public_url + url_for("portal.signup_verify", token="")
    signups.ask(wish, sessions.network(request.remote_addr or ""), prefix)


def signup_verify(token: str) -> Response | Redirect:
    """The link of the mail: choose a password, and everything is founded at once."""
    wish = signups.found(token) if sessions.settings().signup_open else None
    if wish is None:
        return alone("sign_in/link_over.html", 410)
    problem = signups.obstacle(wish)
    if problem:
        return alone("offers/obstacle.html", 409, wish=wish, problem=problem)
    form = NewPasswordForm()
    if form.validate_on_submit():
        with Refusals(form):
            return _found(token, wish, form.password.data or "")
    return alone("offers/verify.html", status_of(form), wish=wish, form=form, min_length=MIN_LENGTH)


def _found(token: str, wish: signups.Signup, password: str) -> Response:
    hashed = hash_password(password, wish.email, wish.given_name, wish.organization)
    signups.complete(token, wish, hashed, sessions.settings().public_url)
    try:
        signed_in = sessions.sign_in(wish.email, password, org_id=wish.org_id)
    except DirectoryError:  # too many of this network try to sign in just now
        return make_response(go(url_for("portal.sign_in")))
    at = url_for("portal.subscription", subscription_id=wish.subscription_id)
    answer = make_response(go(at, _("Your organization is founded, and the trial has begun.")))
    return sessions.set_cookie(answer, signed_in)
