"""Somebody leaves: everything that they have, by source; one step that ends what can end here."""

from dataclasses import dataclass
from typing import Any

from flask import Response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import RadioField

from idp.changes import apply
from idp.changes.intents import BlockUser, Change, DeleteUser, EndSessions, ReclaimLicenses
from idp.directory import queries as directory
from idp.directory.actors import LOCAL, Actor
from idp.directory.views import UserView
from portal import license_person, people
from portal.forms import Refusals, options, status_of
from portal.frame import page
from portal.license_person import Line
from portal.targets import places


class LeaveForm(FlaskForm):
    """How the account ends."""

    how = RadioField(
        _l("The account"),
        choices=options({"block": _l("Block it"), "delete": _l("Delete it")}),
        default="block",
    )


@dataclass(frozen=True, slots=True)
class Having:
    """All that somebody has; None for what the reader may not read."""

    licenses: list[Line] | None
    groups: list[Any]
    roles: list[dict[str, Any]] | None
    sessions: list[Any]
    applications: Any
    reports: list[UserView]
    source: str

    @property
    def direct(self) -> list[Line]:
        """The licences of which a grant of their own ends."""
        return [line for line in self.licenses or () if line.direct]

    @property
    def stays(self) -> list[Line]:
        """The licences that a group, or everyone's grant, would give again."""
        return [
            line
            for line in self.licenses or ()
            if any(one.kind != "user" for one in line.view.sources)
        ]


def person_leave(actor: Actor, user_id: str) -> Response:
    """Show all that somebody has; end it in one step; say what is left to do elsewhere."""
    who, form = directory.find_user(actor, user_id), LeaveForm()
    having = _having(actor, who)
    done = False
    if form.validate_on_submit():
        with Refusals(form):
            apply(*_ends(actor, who, having, form.how.data), by=actor)
            done = True
    return page(
        "people/left.html" if done else "people/leave.html",
        actor,
        status_of(form),
        person=who,
        having=having,
        form=form,
        deleted=form.how.data == "delete",
        notes={
            "block": _("They cannot sign in, hold no licence, and can be unblocked."),
            "delete": _("They disappear from lists and groups, and can be restored."),
        },
        here=request.path,
        back=url_for("portal.person", user_id=user_id),
    )


def _ends(actor: Actor, who: UserView, having: Having, how: str) -> list[Change]:
    """All in one batch: it happens wholly, or not at all."""
    seats = [(who.id, line.sku.id) for line in having.direct]
    changes: list[Change] = [DeleteUser(who.id) if how == "delete" else BlockUser(who.id)]
    if actor.can("users.reset"):
        changes.insert(0, EndSessions(who.id))
    if seats and actor.can("licenses.write"):
        changes.insert(0, ReclaimLicenses(seats))
    return changes


def _having(actor: Actor, who: UserView) -> Having:
    owner = directory.sources(actor).get(who.source_id, "") if who.source_id != LOCAL else ""
    return Having(
        licenses=license_person.lines_of(actor, who) if actor.can("licenses.read") else None,
        groups=directory.groups_of(actor, who.id),
        roles=people.held_roles(actor, who.id) if actor.can("roles.read") else None,
        sessions=directory.sessions_of(actor, who.id) if actor.can("users.reset") else [],
        applications=places(actor, who.id) if actor.can("connections.read") else [],
        reports=directory.reports_of(actor, who.id),
        source=owner,
    )
