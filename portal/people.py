"""People: a person's page, adding, editing, and what can be done to somebody."""

from dataclasses import dataclass
from typing import Any

from flask import Response, request, url_for
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as Redirect

from idp import sessions
from idp.changes import apply
from idp.changes.intents import (
    BlockUser,
    ChangeUser,
    CreateUser,
    DeleteUser,
    EndSession,
    EndSessions,
    IssueLink,
    RestoreUser,
    UnblockUser,
)
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.adoptions import AdoptionView
from idp.directory.credentials import link_address
from idp.directory.errors import DirectoryError
from idp.directory.views import UserView
from idp.licensing.held import LicenseView
from idp.licensing.queries import licenses_of
from portal import history, labels, person_form
from portal.forms import Refusals, act, go, refused, status_of
from portal.frame import page
from portal.lists import whole
from portal.person_form import PersonForm
from portal.targets import places
from portal.words import plural


@dataclass(frozen=True, slots=True)
class May:
    """What the reader may do to the person on the page; below, the write path decides again."""

    write: bool
    reset: bool


def person(actor: Actor, user_id: str) -> Response:
    """One person's page."""
    return _page(actor, queries.find_user(actor, user_id, deleted=True))


def _page(actor: Actor, who: UserView, link: dict[str, str] | None = None) -> Response:
    return page(
        "people/person.html",
        actor,
        person=who,
        link=link,
        state_reason=_reason(actor, who),
        lines=lines(actor, who),
        groups=queries.groups_of(actor, who.id),
        licenses=_licenses(actor, who),
        roles=held_roles(actor, who.id) if _reads_roles(actor, who) else None,
        sessions=queries.sessions_of(actor, who.id) if _reads_sessions(actor, who) else None,
        entries=history.about(actor, who.id) if actor.can("audit.read") else None,
        places=places(actor, who.id) if actor.can("connections.read") else None,
        may=_may(actor, who),
        waiting=_waiting(actor, who),
    )


def _licenses(actor: Actor, who: UserView) -> list[LicenseView] | None:
    """What they have of licences, for who may read it: the role may cover others only."""
    try:
        return licenses_of(actor, who.id) if not who.deleted else None
    except DirectoryError:
        return None


def _waiting(actor: Actor, who: UserView) -> list[AdoptionView]:
    """The systems that asked for this person under their user name."""
    reads = actor.can("connections.read")
    return queries.waiting_links(actor, user_id=who.id) if reads else []


def _reads_roles(actor: Actor, who: UserView) -> bool:
    return actor.can("roles.read") or who.id == actor.id


def _reads_sessions(actor: Actor, who: UserView) -> bool:
    return actor.can("users.reset") or actor.can("signins.read") or who.id == actor.id


def _may(actor: Actor, who: UserView) -> May:
    below = actor.can("roles.write") or not queries.holds_role(actor, [who.id])
    write = actor.can("users.write") and below
    reset = actor.can("users.reset") and below and who.status == "active"
    return May(write, reset)


def _reason(actor: Actor, who: UserView) -> str:
    if who.blocked and not who.deleted:
        return _("Blocked by an administrator here.")
    if who.status == "disabled":
        by = queries.sources(actor).get(who.owners.get("active", ""), _("an administrator"))
        return _("Disabled by %(by)s.", by=by)
    return ""


def lines(actor: Actor, who: UserView) -> list[labels.Line]:
    """The profile as lines, the manager as a link for whom may look."""
    links = {}
    if who.manager_id:
        name = queries.names_of(actor, [who.manager_id]).get(who.manager_id, _("somebody who left"))
        may_look = actor.can("users.read")
        url = url_for("portal.person", user_id=who.manager_id) if may_look else ""
        links[labels.MANAGER] = (name, url)
    return labels.lines(who.record, who.owners, queries.sources(actor), links)


def held_roles(actor: Actor, user_id: str) -> list[dict[str, Any]]:
    """Somebody's roles in words."""
    return [
        {
            "key": held.role,
            "name": labels.role_name(held.role),
            "scope": _("Over the members of %(group)s", group=held.scope_name)
            if held.scope_name
            else _("Over everyone"),
            "expires": held.expires_at,
        }
        for held in queries.role_holders(actor, user_id=user_id)
    ]


def person_new(actor: Actor) -> Response | Redirect:
    """Add somebody by hand."""
    form = PersonForm()
    rows = person_form.rows(form, None, {})
    if form.validate_on_submit():
        with Refusals(form, person_form.FIELDS_OF):
            change = CreateUser(person_form.altered(actor, form, None))
            made = apply(change, by=actor).first
            said = _("The person was added. A one-time link lets them set a password.")
            return go(_at(made.id), said)
    return page("people/new.html", actor, status_of(form), form=form, rows=rows)


def person_edit(actor: Actor, user_id: str) -> Response | Redirect:
    """Change what this portal owns of a person."""
    who = queries.find_user(actor, user_id)
    form = PersonForm(data=person_form.texts(actor, who))
    rows = person_form.rows(form, who, queries.sources(actor))
    if form.validate_on_submit():
        with Refusals(form, person_form.FIELDS_OF):
            return save(actor, who, form, _at(user_id))
    return page("people/edit.html", actor, status_of(form), person=who, form=form, rows=rows)


def save(actor: Actor, who: UserView, form: FlaskForm, back: str) -> Redirect:
    """Send what the form says otherwise, against the version that the reader saw."""
    fields = person_form.altered(actor, form, who)
    outcome = apply(ChangeUser(who.id, fields, expect=whole(form["version"].data)), by=actor)
    return go(back, _("The changes are saved.") if outcome.changed else _("Nothing was different."))


def person_block(actor: Actor, user_id: str) -> Redirect:
    """Veto somebody's signing in."""
    said = _("Blocked. Every session has ended.")
    return act(BlockUser(user_id), by=actor, said=said, back=_at(user_id))


def person_unblock(actor: Actor, user_id: str) -> Redirect:
    """Lift the veto."""
    said = _("Unblocked. They can sign in again.")
    return act(UnblockUser(user_id), by=actor, said=said, back=_at(user_id))


def person_restore(actor: Actor, user_id: str) -> Redirect:
    """Bring a deleted person back."""
    said = _("Restored. Groups and roles are to be given anew.")
    return act(RestoreUser(user_id), by=actor, said=said, back=_at(user_id))


def person_end_sessions(actor: Actor, user_id: str) -> Redirect:
    """Sign somebody out everywhere; oneself everywhere else."""
    keep = actor.session_id if user_id == actor.id else None
    return act(
        EndSessions(user_id, keep_session=keep),
        by=actor,
        said=_("Their sessions have ended."),
        back=_at(user_id),
    )


def person_end_session(actor: Actor, user_id: str, session_id: str) -> Redirect:
    """Sign somebody out at one browser."""
    return act(
        EndSession(session_id), by=actor, said=_("The session has ended."), back=_at(user_id)
    )


def person_link(actor: Actor, user_id: str) -> Response | Redirect:
    """Issue a one-time link and show it once, here: no redirect may carry a secret."""
    who = queries.find_user(actor, user_id)
    known = queries.password_changed_at(actor, user_id)
    purpose, mailed = ("reset" if known else "invite"), _mail_address(who)
    prefix = f"{sessions.settings().public_url}/invite/"
    try:
        issue = IssueLink(user_id, purpose, url_prefix=prefix, deliver=bool(mailed))
        token = apply(issue, by=actor).first.secret or ""
    except DirectoryError as error:
        return refused(error, _at(user_id))
    return _page(actor, who, {"url": prefix + token, "mailed": mailed})


def _mail_address(who: UserView) -> str:
    """Where the link can be sent to, if anything here can send."""
    settings = sessions.settings()
    emails = who.record.get("emails") or []
    address = link_address(who.user_name, emails, who.owners, who.source_id)
    return address if settings.smtp_url or settings.demo else ""


def person_delete(actor: Actor, user_id: str) -> Response | Redirect:
    """Delete somebody, after saying in numbers what goes with them."""
    who = queries.find_user(actor, user_id)
    if request.method == "POST":
        back, said = url_for("portal.people"), _("%(name)s was deleted.", name=who.shown_name)
        return act(DeleteUser(user_id), by=actor, said=said, back=back, here=_at(user_id))
    return page("people/delete.html", actor, person=who, goes=_what_goes(actor, who))


def _what_goes(actor: Actor, who: UserView) -> list[str]:
    direct = sum(group.direct for group in queries.groups_of(actor, who.id))
    reports = len(queries.reports_of(actor, who.id))
    signed_in = len(queries.sessions_of(actor, who.id)) if _reads_sessions(actor, who) else 0
    roles = len(held_roles(actor, who.id)) if _reads_roles(actor, who) else 0
    goes = (
        direct and plural(direct, "membership of a group ends.", "memberships of groups end."),
        reports
        and plural(
            reports, "person keeps a manager who is gone.", "people keep a manager who is gone."
        ),
        signed_in and plural(signed_in, "session ends at once.", "sessions end at once."),
        roles and plural(roles, "role ends.", "roles end."),
    )
    return [line for line in goes if line]


def _at(user_id: str) -> str:
    return url_for("portal.person", user_id=user_id)
