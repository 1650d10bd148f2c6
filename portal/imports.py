"""Importing people by CSV: upload, map the columns, rehearse, make, take the result along.

The worker carries it out (`idp.importing.run`); the page of an import shows how far it is and asks
itself every second where a browser runs scripts, and by a link where it does not.
"""

from collections.abc import Iterator
from typing import Any

from flask import Response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from werkzeug.wrappers import Response as Redirect

from idp import sessions
from idp.changes import apply, imports
from idp.changes.imports import ImportView
from idp.changes.intents import CancelImport, CommitImport, KeepImport, MapImport
from idp.directory import queries
from idp.directory.actors import Actor
from idp.importing import columns, files, results
from idp.importing.run import RowResult
from portal import downloads
from portal.forms import Refusals, act, go, status_of
from portal.frame import page
from portal.labels import label
from portal.words import size

_SHOWN = 100  # refused rows on the page; the file has all
_CHUNK = 1_000
_MARGIN = 16 * 1024  # of a request, for what is sent beside the file


class UploadForm(FlaskForm):
    """The file."""

    file = FileField(_l("CSV file"), [FileRequired(_l("Choose a file."))])


def import_new(actor: Actor) -> Response | Redirect:
    """Upload a file, or go on with one that was uploaded."""
    form = UploadForm()
    if form.validate_on_submit():
        with Refusals(form):
            content = form.file.data.read()
            table = files.read(content)
            name = form.file.data.filename or "people.csv"
            change = KeepImport(name, content, table.header, len(table.lines))
            return go(_at(apply(change, by=actor).first.id))
    return page(
        "imports/new.html",
        actor,
        status_of(form),
        form=form,
        earlier=imports.imports_of(actor),
        states=STATES,
        most=size(sessions.settings().max_body_bytes - _MARGIN),
    )


STATES = {
    "new": _l("Columns to be mapped"),
    "checking": _l("Being rehearsed"),
    "checked": _l("Rehearsed; waits for you"),
    "running": _l("Being imported"),
    "done": _l("Imported"),
    "cancelled": _l("Cancelled"),
    "stopped": _l("Stopped"),
}
STATUSES = {
    "created": _l("Created"),
    "updated": _l("Changed"),
    "unchanged": _l("Unchanged"),
    "refused": _l("Refused"),
    "waiting": _l("Waiting"),
}


def import_template(_actor: Actor) -> Response:
    """A file to begin with."""
    return downloads.table(columns.template(), "people-template")


def import_page(actor: Actor, import_id: str) -> Response | Redirect:
    """One import: its columns, how far it is, and what became of its rows."""
    one, form = imports.find_import(actor, import_id), FlaskForm()
    if form.validate_on_submit():
        with Refusals(form):
            mapping = _mapping(one)
            columns.check(mapping, one.header, queries.vocabulary(actor))
            apply(MapImport(one.id, mapping), by=actor)
            return go(_at(one.id))
    maps = one.state == "new" or request.args.get("map") == "1" or form.errors
    if maps and one.state in ("new", "checked"):
        return _mapping_page(actor, one, form)
    rows = imports.rows_of(actor, one.id, status="refused", limit=_SHOWN)
    more = () if rows or one.working else imports.rows_of(actor, one.id, limit=_SHOWN)
    return page(
        "imports/import.html",
        actor,
        one=one,
        rows=rows or more,
        states=STATES,
        statuses=STATUSES,
        figures=_figures(one),
    )


def _mapping_page(actor: Actor, one: ImportView, form: FlaskForm) -> Response:
    vocabulary = queries.vocabulary(actor)
    table = files.read(imports.content_of(actor, one.id))
    chosen = _mapping(one) if form.errors else one.mapping or columns.guess(one.header, vocabulary)
    first = table.lines[:3]
    samples = [
        [line.cells[n] for line in first if n < len(line.cells) and line.cells[n]]
        for n in range(len(one.header))
    ]
    return page(
        "imports/map.html",
        actor,
        status_of(form),
        one=one,
        form=form,
        table=table,
        chosen=chosen,
        samples=samples,
        meanings=[(path, _meaning(path)) for path in columns.choices(vocabulary)],
    )


def _meaning(path: str) -> str:
    own = {columns.ID: _("Id of somebody who is here"), columns.GROUPS: _("Groups, by name")}
    return str(own.get(path) or label(path))


def _mapping(one: ImportView) -> dict[int, str]:
    """What the form says of each column."""
    found = {number: request.form.get(f"column-{number}", "") for number in range(len(one.header))}
    return {number: meant for number, meant in found.items() if meant}


def _figures(one: ImportView) -> list[tuple[str, int, str]]:
    before = one.state in ("checking", "checked")
    return [
        (str(_("Would be created") if before else _("Created")), one.created_count, ""),
        (str(_("Would be changed") if before else _("Changed")), one.updated_count, ""),
        (str(_("Unchanged")), one.unchanged_count, ""),
        (str(_("Refused")), one.refused_count, ""),
    ]


def import_commit(actor: Actor, import_id: str) -> Redirect:
    """Make in earnest what was rehearsed."""
    said = str(_("The import has begun."))
    return act(CommitImport(import_id), by=actor, said=said, back=_at(import_id))


def import_cancel(actor: Actor, import_id: str) -> Redirect:
    """Stop; what was made stays."""
    said = str(_("Cancelled. What was imported so far stays."))
    return act(CancelImport(import_id), by=actor, said=said, back=_at(import_id))


def import_result(actor: Actor, import_id: str) -> Response:
    """The file with what became of each row."""
    one = imports.find_import(actor, import_id)
    table = files.read(imports.content_of(actor, import_id))
    told = _told(actor, import_id)
    return downloads.table(results.rows(table, one.mapping, told), "people-result")


def _told(actor: Actor, import_id: str) -> Iterator[RowResult]:
    after = 0
    while True:
        rows: list[Any] = imports.rows_of(actor, import_id, after=after, limit=_CHUNK)
        for row in rows:
            yield RowResult(row.number, row.status, row.user_id, row.code, row.message)
        if len(rows) < _CHUNK:
            return
        after = rows[-1].number


def _at(import_id: str) -> str:
    return url_for("portal.import_page", import_id=import_id)
