"""One's own account: profile, groups, roles, sessions, password."""

from flask import Response, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as Redirect
from wtforms import PasswordField
from wtforms.validators import InputRequired

from idp import sessions
from idp.changes.intents import EndSession, EndSessions
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.passwords import MIN_LENGTH
from portal import people, person_form
from portal.forms import Refusals, act, go, status_of
from portal.frame import page
from portal.person_form import MyForm
from portal.sign_in import NewPasswordForm


class MyPasswordForm(NewPasswordForm):
    """The password that one has, and the one to come."""

    current = PasswordField(
        _l("Current password"), [InputRequired(_l("Enter the password that you have."))]
    )


def me(actor: Actor) -> Response:
    """What is known of oneself, and where one is signed in."""
    who = queries.find_user(actor, actor.id)
    return page(
        "me/me.html",
        actor,
        person=who,
        lines=people.lines(actor, who),
        groups=queries.groups_of(actor, actor.id),
        roles=people.held_roles(actor, actor.id),
        sessions=queries.sessions_of(actor, actor.id),
    )


def me_edit(actor: Actor) -> Response | Redirect:
    """Change what one may say of oneself."""
    who = queries.find_user(actor, actor.id)
    form = MyForm(data=person_form.texts(actor, who))
    rows = person_form.rows(form, who, queries.sources(actor))
    if form.validate_on_submit():
        with Refusals(form, person_form.FIELDS_OF):
            return people.save(actor, who, form, url_for("portal.me"))
    return page("me/edit.html", actor, status_of(form), form=form, rows=rows)


def me_password(actor: Actor) -> Response | Redirect:
    """Choose a new password; the other sessions end."""
    form = MyPasswordForm()
    if form.validate_on_submit():
        with Refusals(form):
            sessions.change_password(actor, form.current.data or "", form.password.data or "")
            return go(
                url_for("portal.me"), _("Your password is changed. Your other sessions have ended.")
            )
    return page(
        "me/password.html",
        actor,
        status_of(form),
        form=form,
        user_name=queries.find_user(actor, actor.id).user_name,
        min_length=MIN_LENGTH,
    )


def me_end_session(actor: Actor, session_id: str) -> Redirect:
    """Sign oneself out at another browser."""
    back = url_for("portal.me")
    return act(EndSession(session_id), by=actor, said=_("The session has ended."), back=back)


def me_end_others(actor: Actor) -> Redirect:
    """Sign oneself out everywhere but here."""
    return act(
        EndSessions(actor.id, keep_session=actor.session_id),
        by=actor,
        said=_("Your other sessions have ended."),
        back=url_for("portal.me"),
    )
