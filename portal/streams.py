"""Event streams: a system is told what happens here, by push or by poll."""

from typing import Any

from flask import Response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as Redirect
from wtforms import PasswordField, RadioField, StringField, TextAreaField

from idp import sessions
from idp.changes import apply, followers, tokens
from idp.changes.intents import CreateStream, DeleteStream, PauseStream
from idp.changes.streams import PURPOSE
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.errors import Invalid, not_found
from idp.directory.filtering import Compare, Or
from idp.directory.views import ListQuery, StreamView
from portal.connections import system
from portal.forms import Refusals, act, go, options, status_of
from portal.frame import page
from portal.systems import TABS

DELIVERIES: Any = {"poll": _l("It asks for events"), "push": _l("Send them to it")}
DETAILS: Any = {"notice": _l("Which attributes changed"), "full": _l("What they are now as well")}
_MOST_GROUPS = 50
_FIELDS = {"endpoint": "endpoint", "groups": "groups"}


class StreamForm(FlaskForm):
    """How a system is told, and of whom."""

    delivery = RadioField(_l("How it gets them"), choices=options(DELIVERIES), default="poll")
    endpoint = StringField(_l("Address"))
    authorization = PasswordField(_l("Authorization header"))
    detail = RadioField(_l("What they tell"), choices=options(DETAILS), default="notice")
    groups = TextAreaField(_l("Only about the members of these groups"))


def stream(actor: Actor, connection_id: str) -> Response:
    """The stream of a system, or how to begin one."""
    one = system(actor, connection_id)
    found = queries.stream_of(actor, connection_id)
    state = followers.state_of(actor, connection_id, PURPOSE)
    return page(
        "connections/stream.html",
        actor,
        connection=one,
        tabs=TABS,
        stream=found,
        state=state,
        status=_status(state) if state else "",
        waiting=tokens.count_waiting(found.id) if found else 0,
        groups=_names(actor, found) if found else [],
        feed=_address(found) if found else "",
        deliveries=DELIVERIES,
        details=DETAILS,
    )


def _status(state: followers.State) -> str:
    if not state.enabled:
        return "Disabled"
    return "Error" if state.failures else "Active"


def _address(one: StreamView) -> str:
    return f"{sessions.settings().public_url}/scim/v2/Feeds/{one.id}"


def _names(actor: Actor, one: StreamView) -> list[str]:
    if not one.groups:
        return []
    wanted = Or(tuple(Compare("id", "eq", group_id) for group_id in one.groups))
    found = queries.list_groups(actor, ListQuery(wanted, sort_by="displayName"))
    return [group.display_name for group in found.items]


def stream_new(actor: Actor, connection_id: str) -> Response | Redirect:
    """Begin a stream."""
    one, form = system(actor, connection_id), StreamForm()
    if form.validate_on_submit():
        with Refusals(form, _FIELDS):
            apply(_wanted(actor, connection_id, form), by=actor)
            return go(
                _at(connection_id), _("%(name)s is told what happens from now on.", name=one.name)
            )
    return page("connections/stream_new.html", actor, status_of(form), connection=one, form=form)


def _wanted(actor: Actor, connection_id: str, form: StreamForm) -> CreateStream:
    push = form.delivery.data == "push"
    return CreateStream(
        connection_id,
        form.delivery.data or "",
        endpoint=(form.endpoint.data or "").strip() if push else "",
        authorization=(form.authorization.data or "").strip() if push else "",
        detail=form.detail.data or "",
        groups=_groups(actor, form.groups.data or ""),
    )


def _groups(actor: Actor, text: str) -> tuple[str, ...]:
    """The groups that are named, one a line."""
    names = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if not names:
        return ()
    if len(names) > _MOST_GROUPS:
        raise Invalid("too_many_groups", f"At most {_MOST_GROUPS} groups.", attribute="groups")
    wanted = Or(tuple(Compare("displayName", "eq", name) for name in names))
    found = queries.list_groups(actor, ListQuery(wanted)).items
    known = {group.display_name.casefold() for group in found}
    missing = [name for name in names if name.casefold() not in known]
    if missing:
        raise Invalid("group_unknown", f"There is no group {missing[0]!r}.", attribute="groups")
    return tuple(group.id for group in found)


def stream_pause(actor: Actor, connection_id: str) -> Response | Redirect:
    """Hold the stream, or let it go on."""
    paused = request.form.get("paused") == "yes"
    said = _("The stream is paused; nothing is lost.") if paused else _("The stream goes on.")
    change = PauseStream(connection_id, paused)
    return act(change, by=actor, said=said, back=_at(connection_id))


def stream_delete(actor: Actor, connection_id: str) -> Response | Redirect:
    """End the stream, after saying what that means."""
    one = system(actor, connection_id)
    found = queries.stream_of(actor, connection_id)
    if found is None:
        raise not_found("stream")
    if request.method == "POST":
        said = _("%(name)s is told no more.", name=one.name)
        return act(DeleteStream(connection_id), by=actor, said=said, back=_at(connection_id))
    waiting = tokens.count_waiting(found.id)
    return page("connections/stream_delete.html", actor, connection=one, waiting=waiting)


def _at(connection_id: str) -> str:
    return url_for("portal.stream", connection_id=connection_id)
