"""Signing in: name first, then the password; one-time links; signing out.

What is wrong is said in one sentence, the same for an unknown name and a wrong password. The two
steps are one address: the password's form carries the name, and nothing is kept in between.
"""

from flask import Response, make_response, request, url_for
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as Redirect
from wtforms import PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired

from idp import sessions
from idp.directory import queries
from idp.directory.errors import DirectoryError, TooMany
from idp.directory.passwords import MIN_LENGTH
from portal.forms import Refusals, go, status_of
from portal.frame import alone
from portal.refusals import said
from portal.setup import before_sign_in
from portal.waiting import Waiting, after, name_of, only_organization, waiting

_LONGEST_NAME = 512


class NameForm(FlaskForm):
    """The first step."""

    username = StringField(_l("User name"), [InputRequired(_l("Enter your user name."))])


class PasswordForm(FlaskForm):
    """The second step."""

    username = StringField(_l("User name"), [InputRequired(_l("Enter your user name."))])
    password = PasswordField(_l("Password"), [InputRequired(_l("Enter your password."))])


class NewPasswordForm(FlaskForm):
    """A new password, typed twice."""

    password = PasswordField(_l("New password"), [InputRequired(_l("Choose a password."))])
    password_again = PasswordField(
        _l("New password again"),
        [
            InputRequired(_l("Type it once more.")),
            EqualTo("password", _l("The two are not the same.")),
        ],
    )


def sign_in() -> Response | Redirect:
    """The name, then the password."""
    instead = before_sign_in()
    if instead is not None:
        return instead
    ahead = waiting()
    if request.method != "POST":
        known = sessions.current_actor()
        if known is not None and not request.args.get("fresh"):
            return go(after(ahead.url))
        return _ask_name(NameForm(formdata=None), ahead)
    if "password" in request.form:
        return _try_password(PasswordForm(), ahead)
    form = NameForm()
    return _ask_password(ahead) if form.validate() else _ask_name(form, ahead)


def _ask_name(form: NameForm, ahead: Waiting) -> Response:
    return _show("sign_in/name.html", form, ahead, status_of(form))


def _ask_password(ahead: Waiting) -> Response:
    name = request.form["username"].strip()[:_LONGEST_NAME]
    return _show("sign_in/password.html", PasswordForm(formdata=None, username=name), ahead)


def _try_password(form: PasswordForm, ahead: Waiting) -> Response | Redirect:
    if not form.validate():
        return _show("sign_in/password.html", form, ahead, status_of(form))
    name, password = form.username.data or "", form.password.data or ""
    try:
        signed_in = sessions.sign_in(name, password, org_id=ahead.org_id)
    except TooMany as refused:
        answer = _show("sign_in/password.html", form, ahead, 429, said(refused.sentence))
        answer.headers["Retry-After"] = str(refused.retry_after)
        return answer
    except DirectoryError as refused:
        if refused.kind != "forbidden":
            raise
        return _show("sign_in/password.html", form, ahead, 403, said(refused.sentence))
    return _come_in(signed_in, after(ahead.url))


def _show(
    template: str, form: FlaskForm, ahead: Waiting, status: int = 200, problem: str = ""
) -> Response:
    return alone(
        template,
        status,
        organization_name=ahead.organization,
        application=ahead.application,
        next=ahead.url,
        form=form,
        problem=problem,
    )


def _come_in(signed_in: sessions.SignIn, url: str) -> Response:
    return sessions.set_cookie(make_response(go(url)), signed_in)


def sign_out() -> Response:
    """End the session at this browser."""
    return sessions.sign_out(make_response(go(url_for("portal.sign_in"))))


def recover() -> Response:
    """What to do who cannot sign in."""
    return alone("sign_in/recover.html", organization_name=only_organization())


def invite(token: str) -> Response:
    """A one-time link: set a password, and be signed in."""
    link = queries.link_by_token(token)
    if link is None:
        return alone("sign_in/link_over.html", 410, organization_name=only_organization())
    form = NewPasswordForm()
    if form.validate_on_submit():
        with Refusals(form):
            return _come_in(sessions.redeem(token, form.password.data), url_for("portal.home"))
    return alone(
        "sign_in/invite.html",
        status_of(form),
        organization_name=name_of(link.org_id),
        form=form,
        link=link,
        min_length=MIN_LENGTH,
    )
