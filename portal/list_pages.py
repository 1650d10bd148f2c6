"""What every list can do beside being looked at: become a file, and keep views of itself.

A list that stands in `LISTS` has both; the macros of `templates/parts/lists.html` link here.
"""

from collections.abc import Iterator
from urllib.parse import urlencode

from flask import Response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as Redirect
from wtforms import BooleanField, HiddenField, StringField
from wtforms.validators import InputRequired, Length

from idp import spreadsheet
from idp.changes import apply
from idp.changes.intents import DeleteView, ExportList, SaveView
from idp.changes.lists import SHARES
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.errors import not_found
from idp.directory.saved_views import LONGEST_NAME
from portal import (
    billing_lists,
    downloads,
    groups,
    history,
    license_lists,
    people_list,
    role_review,
    roles,
    sign_ins,
)
from portal.forms import Refusals, act, go, status_of
from portal.frame import page
from portal.listing import Asked, Listing, ask, asked_by, chips, everything

LISTS: dict[str, Listing] = {
    one.key: one
    for one in (
        people_list.PEOPLE,
        groups.GROUPS,
        roles.ROLE_LIST,
        role_review.ROLE_REVIEW,
        history.AUDIT,
        *license_lists.LISTS,
        sign_ins.SIGN_INS,
        *billing_lists.ALL,
    )
}


class ViewForm(FlaskForm):
    """Under which name a view is kept, and for whom."""

    name = StringField(
        _l("Name"),
        [InputRequired(_l("Give the view a name.")), Length(max=LONGEST_NAME)],
    )
    shared = BooleanField(_l("For everybody in the organization"))
    query = HiddenField()


def _listing(actor: Actor, list_key: str) -> Listing:
    """A list by its key, for whoever may open it."""
    found = LISTS.get(list_key)
    if found is None:
        raise not_found("list")
    if found.needs:
        actor.need(found.needs)
    return found


def list_export(actor: Actor, list_key: str) -> Response:
    """What the list shows by its filter, all of it, as a file; written in the audit before it goes.

    The rows are read page by page, and lie on the disk until all are there: memory stays small,
    and the audit knows their number.
    """
    listing = _listing(actor, list_key)
    asked = ask(listing, actor, request.form)
    written = [0]
    file = spreadsheet.spool(spreadsheet.lines(_rows(listing, actor, asked, written)))
    name = str(listing.name)
    apply(ExportList(listing.key, name, urlencode(asked.query), written[0]), by=actor)
    return downloads.send(file, listing.key)


def _rows(
    listing: Listing, actor: Actor, asked: Asked, written: list[int]
) -> Iterator[list[object]]:
    about = listing.about(actor)
    yield [str(column.label) for column in listing.columns]
    for row in everything(listing, actor, asked):
        written[0] += 1
        yield [column.said(row, about) for column in listing.columns]


def list_views(actor: Actor, list_key: str) -> Response | Redirect:
    """The views of a list: keep the one that the address brings, rename, forget."""
    listing = _listing(actor, list_key)
    form = ViewForm()
    if form.validate_on_submit():
        with Refusals(form):
            kept = urlencode(asked_by(listing, actor, form.query.data or "").query)
            change = SaveView(listing.key, form.name.data or "", kept, bool(form.shared.data))
            apply(change, by=actor)
            return go(f"{url_for(listing.endpoint)}?{kept}", str(_("The view is saved.")))
    asked = _asked_here(listing, actor, form)
    form.query.data = urlencode(asked.query)
    return page(
        "lists/views.html",
        actor,
        status_of(form),
        listing=listing,
        form=form,
        asked=asked,
        chips=chips(asked, actor),
        views=queries.saved_views(actor, listing.key),
        may_share=actor.can(SHARES),
        plain=Asked(listing, within=asked.within).url(),
    )


def _asked_here(listing: Listing, actor: Actor, form: ViewForm) -> Asked:
    if request.method == "POST":
        return asked_by(listing, actor, form.query.data or "")
    return ask(listing, actor, request.args)


def list_view_change(actor: Actor, list_key: str, view_id: str) -> Redirect:
    """Rename a view, or share it."""
    view = queries.find_saved_view(actor, view_id)
    shared = bool(request.form.get("shared")) if actor.can(SHARES) else view.shared
    change = SaveView(view.list, request.form.get("name", ""), shared=shared, id=view.id)
    return act(change, by=actor, said=str(_("The view is saved.")), back=_views(list_key))


def list_view_delete(actor: Actor, list_key: str, view_id: str) -> Redirect:
    """Forget a view."""
    said = str(_("The view is deleted."))
    return act(DeleteView(view_id), by=actor, said=said, back=_views(list_key))


def _views(list_key: str) -> str:
    return url_for("portal.list_views", list_key=list_key)
