"""People who wait to be linked: a system asked for somebody who was here before it."""

from flask import Response, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as Redirect
from wtforms import StringField

from idp.changes import apply
from idp.changes.intents import DismissLink, LinkPerson
from idp.directory import queries
from idp.directory.actors import Actor
from portal.connections import system
from portal.forms import Refusals, act, go, status_of
from portal.frame import page
from portal.systems import TABS


class LinkForm(FlaskForm):
    """Under which name the system knows the person."""

    external_id = StringField(_l("External id"))


def links(actor: Actor, connection_id: str) -> Response:
    """Who waits to be linked to this system."""
    return page(
        "systems/links.html",
        actor,
        connection=system(actor, connection_id),
        tabs=TABS,
        waiting=queries.waiting_links(actor, connection_id=connection_id),
        sources=queries.sources(actor),
    )


def link_new(actor: Actor, connection_id: str, user_id: str) -> Response | Redirect:
    """Link a person to the system, after showing both sides and saying what that means."""
    one, who = system(actor, connection_id), queries.find_user(actor, user_id)
    asked = queries.asked_external_id(actor, connection_id, user_id)
    form = LinkForm(data={"external_id": asked})
    if form.validate_on_submit():
        with Refusals(form, {"externalId": "external_id"}):
            wanted = (form.external_id.data or "").strip() or None
            apply(LinkPerson(connection_id, user_id, wanted), by=actor)
            said = _(
                "%(who)s is linked. %(name)s finds them with its next request.",
                who=who.shown_name,
                name=one.name,
            )
            return go(_at(connection_id), said)
    return page(
        "systems/link.html",
        actor,
        status_of(form),
        connection=one,
        person=who,
        form=form,
        holds_role=queries.holds_role(actor, [user_id]),
        sources=queries.sources(actor),
    )


def link_dismiss(actor: Actor, connection_id: str, user_id: str) -> Redirect:
    """Do not show a wish any more."""
    said = _("Dismissed. It is not shown again; its address still offers the link.")
    return act(DismissLink(connection_id, user_id), by=actor, said=said, back=_at(connection_id))


def _at(connection_id: str) -> str:
    return url_for("portal.links", connection_id=connection_id)
