"""The verbs of lists: keep a view, forget it, and say that a list was exported."""

import re

from sqlalchemy import func, select

from idp.changes.batch import Batch, Needs, Result, Row
from idp.changes.intents import Change, DeleteView, ExportList, SaveView
from idp.clock import new_id
from idp.directory.errors import Conflict, Invalid, not_found
from idp.directory.saved_views import LONGEST_NAME, LONGEST_QUERY, MOST, SavedView
from idp.directory.values import FORBIDDEN

SHARES = "organization.write"  # what it takes to decide what everybody is offered
_KEY = re.compile(r"[a-z][a-z0-9-]{0,63}")
_VIEWS = SavedView.__table__.c


def needs(_change: Change, _wanted: Needs) -> None:
    """These name nobody."""


def save_view(batch: Batch, change: SaveView) -> Result:
    """Keep a new view, or rename one that is kept."""
    _check(change)
    if change.shared:
        batch.actor.need(SHARES)
    if change.id is not None:
        return _rename(batch, change)
    _check_room(batch)
    row: Row = {
        "id": new_id(),
        "org_id": batch.org_id,
        "user_id": batch.actor.id,
        "list": change.list,
        "name": change.name.strip(),
        "query": change.query,
        "shared": change.shared,
        "created": batch.now,
        "last_modified": batch.now,
    }
    batch.insert(SavedView, row)
    diff = {"name": [None, row["name"]], "shared": [None, change.shared]}
    batch.note("view.saved", ("View", row["id"], row["name"]), diff)
    return Result(row["id"], changed=True, created=True)


def _rename(batch: Batch, change: SaveView) -> Result:
    row = _held(batch, change.id or "")
    name = change.name.strip()
    diff = {
        field: [row[field], value]
        for field, value in (("name", name), ("shared", change.shared))
        if row[field] != value
    }
    if diff:
        after = {"name": name, "shared": change.shared, "last_modified": batch.now}
        batch.update(SavedView, {"id": row["id"]}, after)
        batch.note("view.saved", ("View", row["id"], name), diff)
    return Result(row["id"], changed=bool(diff))


def _check(change: SaveView) -> None:
    name = change.name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or FORBIDDEN.search(name):
        raise Invalid(
            "view_name_malformed",
            f"Give the view a name of at most {LONGEST_NAME} characters.",
            attribute="name",
        )
    unfit = len(change.query) > LONGEST_QUERY or FORBIDDEN.search(change.query)
    if change.id is None and (unfit or not _KEY.fullmatch(change.list)):
        raise Invalid("view_malformed", "This filter is too long to be kept.", attribute="query")


def _check_room(batch: Batch) -> None:
    if batch.actor.kind != "user":
        raise Invalid("view_of_nobody", "Views are kept for people.")
    mine = select(func.count()).where(
        _VIEWS.org_id == batch.org_id, _VIEWS.user_id == batch.actor.id
    )
    if (batch.session.scalar(mine) or 0) >= MOST:
        raise Conflict("views_full", f"You keep {MOST} views already. Delete one first.")


def _held(batch: Batch, view_id: str) -> Row:
    """A view that is the actor's to change: their own, or what is shared by whoever may share."""
    found = select(SavedView.__table__).where(_VIEWS.org_id == batch.org_id, _VIEWS.id == view_id)
    row = batch.session.execute(found.with_for_update()).mappings().first()
    if row is None or not (row["shared"] or row["user_id"] == batch.actor.id):
        raise not_found("saved_view")
    if row["user_id"] != batch.actor.id and batch.actor.kind != "system":
        batch.actor.need(SHARES)
    return dict(row)


def delete_view(batch: Batch, change: DeleteView) -> Result:
    """Forget a view."""
    row = _held(batch, change.id)
    batch.delete(SavedView, {"id": row["id"]})
    batch.note("view.deleted", ("View", row["id"], row["name"]), {"name": [row["name"], None]})
    return Result(row["id"], changed=True)


def export_list(batch: Batch, change: ExportList) -> Result:
    """Write down who took which list along, filtered how, and how many rows it had."""
    if not _KEY.fullmatch(change.list) or len(change.query) > LONGEST_QUERY:
        raise Invalid("export_malformed", "There is no such list.")
    diff = {"rows": [None, change.rows], "filter": [None, change.query]}
    batch.note("list.exported", ("List", change.list[:36], change.name), diff)
    return Result(changed=True)


HANDLERS = {SaveView: save_view, DeleteView: delete_view, ExportList: export_list}
