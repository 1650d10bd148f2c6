"""The first run in the browser: three steps behind a one-time address, then one founding.

What was given in a step travels to the next in the form, sealed and bound to the address: nothing
is stored until the summary is confirmed, and a password travels as its hash. Each step is checked
as if it were founded.
"""

import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from flask import Response, current_app, make_response, request, url_for
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as Redirect
from wtforms import EmailField, PasswordField, SelectField, StringField
from wtforms.validators import EqualTo, InputRequired, Length, Regexp

from idp import sealing, sessions
from idp.changes import first_run
from idp.changes.first_run import FirstRun
from idp.directory.errors import Conflict
from idp.directory.passwords import MIN_LENGTH, hash_password
from idp.directory.values import digest, domain_name
from portal.forms import Refusals, go, status_of
from portal.frame import alone
from portal.here import elsewhere
from portal.organization import country_choices

_TRIAL_NAME = "administrator"  # stands for the administrator while only the organization is known
_AT = {
    "name": "organization",
    "country": "country",
    "domain": "domain",
    "userName": "user_name",
    "emails": "email",
    "name.givenName": "given_name",
    "name.familyName": "family_name",
}


class OrganizationStep(FlaskForm):
    """Whose installation it is."""

    organization = StringField(
        _l("Organization"), [InputRequired(_l("Enter its name.")), Length(max=256)]
    )
    domain = StringField(_l("Domain"), [InputRequired(_l("Enter a domain.")), Length(max=253)])
    country: Any = SelectField(_l("Country"), choices=country_choices)


class AdministratorStep(FlaskForm):
    """The first Global Administrator."""

    given_name = StringField(
        _l("Given name"), [InputRequired(_l("Enter your name.")), Length(max=128)]
    )
    family_name = StringField(_l("Family name"), [Length(max=128)])
    user_name = StringField(
        _l("User name"), [InputRequired(_l("Enter your user name.")), Length(max=256)]
    )
    email = EmailField(
        _l("E-mail"),
        [
            InputRequired(_l("Enter your e-mail address.")),
            Length(max=256),
            Regexp(
                r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$", message=_l("An address such as a@b.example.")
            ),
        ],
    )
    password = PasswordField(_l("Password"), [InputRequired(_l("Choose a password."))])
    password_again = PasswordField(
        _l("Password again"),
        [
            InputRequired(_l("Type it once more.")),
            EqualTo("password", _l("The two are not the same.")),
        ],
    )


class ConfirmStep(FlaskForm):
    """Nothing more to say than yes."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the wizard: its form, and the page that shows it."""

    form: type[FlaskForm]
    template: str


STEPS = {
    "organization": Step(OrganizationStep, "setup/organization.html"),
    "administrator": Step(AdministratorStep, "setup/administrator.html"),
    "confirm": Step(ConfirmStep, "setup/confirm.html"),
}


def setup() -> Response:
    """Where the one-time address is to be found; or that it is over."""
    if not first_run.is_open():
        return alone("setup/over.html", 410)
    return elsewhere() or alone("setup/where.html")


def setup_with(token: str) -> Response | Redirect:
    """The wizard, for who has the address."""
    if not first_run.is_open():
        return _over()
    wrong_place = elsewhere()
    if wrong_place is not None:
        return wrong_place
    if not first_run.may_found(token, sessions.network(request.remote_addr or "")):
        return alone("setup/where.html", 403, refused=True)
    if request.method != "POST":
        return _show(token, "organization", FirstRun("", "", ""))
    return _step(token)


def _over() -> Response | Redirect:
    """Who has founded it just now, and pressed twice, is where they wanted to be."""
    actor = sessions.current_actor()
    if actor is not None and actor.can("roles.write"):
        return go(url_for("portal.setup_done"))
    return alone("setup/over.html", 410)


def _step(token: str) -> Response | Redirect:
    """Take what a step says, and show the next."""
    first = _opened(token, request.form.get("state", ""))
    at = request.form.get("at", "")
    if first is None or at not in STEPS:
        return _show(token, "organization", FirstRun("", "", ""), status=422, damaged=True)
    back = request.form.get("back", "")
    if back in STEPS:
        return _show(token, back, first)
    if at == "confirm":
        return _found(token, first)
    form = STEPS[at].form()
    if form.validate():
        with Refusals(form, _AT):
            take, then = _TAKEN[at]
            return _show(token, then, take(form, first))
    return _show(token, at, first, form, status_of(form))


def _organization(form: FlaskForm, first: FirstRun) -> FirstRun:
    said = {name: (form[name].data or "").strip() for name in ("organization", "domain", "country")}
    said["domain"] = domain_name(said["domain"])
    taken = replace(first, **said)
    _check(replace(taken, user_name=f"{_TRIAL_NAME}@{taken.domain}"))
    if taken.domain != first.domain:  # the user name was of the other domain
        taken = replace(taken, user_name="", password_hash=None)
    return taken


def _administrator(form: FlaskForm, first: FirstRun) -> FirstRun:
    names = ("given_name", "family_name", "email")
    said = {name: (form[name].data or "").strip() for name in names}
    user_name = first_run.user_name_in(first.domain, form["user_name"].data or "")
    about = (user_name, *said.values(), first.organization)
    hashed = hash_password(form["password"].data or "", *about)
    taken = replace(first, user_name=user_name, password_hash=hashed, **said)
    _check(taken)
    return taken


_TAKEN = {
    "organization": (_organization, "administrator"),
    "administrator": (_administrator, "confirm"),
}


def _check(first: FirstRun) -> None:
    current_app.extensions["chamberlain_found_first"](first, "portal", dry_run=True)


def _found(token: str, first: FirstRun) -> Response | Redirect:
    """Found it, and come in."""
    if not first.password_hash:
        return _show(token, "administrator", first)
    form = ConfirmStep()
    with Refusals(form):
        try:
            current_app.extensions["chamberlain_found_first"](first, "portal")
        except Conflict as refused:
            if refused.code != "installation_founded":
                raise
            return _over()
        signed_in = sessions.begin(first.org_id, first.admin_id, first.user_name)
        return sessions.set_cookie(make_response(go(url_for("portal.setup_done"))), signed_in)
    return _show(token, "confirm", first, form, status_of(form))


def _show(
    token: str,
    at: str,
    first: FirstRun,
    form: FlaskForm | None = None,
    status: int = 200,
    *,
    damaged: bool = False,
) -> Response:
    """A step's page, with what was said before."""
    said = asdict(first) | {"user_name": first.user_name}
    countries = country_choices()
    return alone(
        STEPS[at].template,
        status,
        form=form or STEPS[at].form(formdata=None, data=said),
        first=first,
        country=countries.get(first.country, "") if first.country else "",
        state=_sealed(token, first),
        at=at,
        step=list(STEPS).index(at) + 1,
        steps=len(STEPS),
        damaged=damaged,
        min_length=MIN_LENGTH,
    )


def _sealed(token: str, first: FirstRun) -> str:
    said = asdict(first) | {"for": digest(token)}
    return sealing.seal(json.dumps(said).encode())


def _opened(token: str, state: str) -> FirstRun | None:
    """What earlier steps said; None where it was not sealed here, for this address."""
    try:
        said = json.loads(sealing.unseal(state))
    except (sealing.WrongMasterKey, UnicodeError, ValueError):
        return None
    if not isinstance(said, dict) or said.pop("for", "") != digest(token):
        return None
    return FirstRun(**{one.name: said[one.name] for one in fields(FirstRun)})


def before_sign_in() -> Response | Redirect | None:
    """What stands in the way of signing in: another address than ours, or nobody who could."""
    wrong_place = elsewhere()
    if wrong_place is not None:
        return wrong_place
    return go(url_for("portal.setup")) if first_run.is_open() else None
