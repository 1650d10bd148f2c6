"""Imports of people: the kept file, how far it is, and what became of each of its rows.

    new → checking → checked → running → done      (cancelled from any but the last)

`checking` and `running` are the worker's: it leases an import (`claim`), takes a chunk of rows
through the write path, and moves on. In earnest the place moves by `AdvanceImport`, in the very
batch that makes the chunk: a worker that is killed has made a chunk and said so, or neither. A
rehearsal keeps nothing, so its place moves afterwards (`rehearsed`) and a chunk may be repeated.

The file is sealed, and everything goes on the day it ends (`sweep`). Long, because the whole life
of an import stands in one place.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from idp import sealing
from idp.changes.batch import Batch, Needs, Result, Row
from idp.changes.intents import (
    AdvanceImport,
    CancelImport,
    Change,
    CommitImport,
    KeepImport,
    MapImport,
)
from idp.clock import new_id, now
from idp.directory.actors import Actor
from idp.directory.errors import Conflict, Invalid, not_found
from idp.directory.sets import same
from idp.extensions import Model, db, writing

LEASE = timedelta(seconds=120)
KEPT = timedelta(days=7)
WORKING = ("checking", "running")
OVER = ("done", "cancelled", "stopped")
COUNTS = ("created_count", "updated_count", "unchanged_count", "refused_count")
MOST_ROWS = 100_000


class Import(Model):
    """A file of people on its way. `due_at` doubles as the end of the lease."""

    __tablename__ = "imports"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"]),
        UniqueConstraint("org_id", "id"),
        Index("ix_imports_due", "state", "due_at"),
        Index("ix_imports_user", "org_id", "user_id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    user_id: Mapped[str] = mapped_column(String(36))
    file_name: Mapped[str] = mapped_column(String(200))
    content: Mapped[str] = mapped_column(Text)  # sealed
    header: Mapped[list[Any]]
    mapping: Mapped[dict[str, Any]]  # {number of the column: what it means}
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)  # why it was stopped
    total: Mapped[int]
    position: Mapped[int]  # rows that are dealt with
    created_count: Mapped[int]
    updated_count: Mapped[int]
    unchanged_count: Mapped[int]
    refused_count: Mapped[int]
    claims: Mapped[int]  # tells a lease from an earlier one
    due_at: Mapped[datetime]
    created: Mapped[datetime]
    ends_at: Mapped[datetime]


class ImportRow(Model):
    """What became, or would become, of one row."""

    __tablename__ = "import_rows"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "import_id"], ["imports.org_id", "imports.id"]),
    )

    import_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    org_id: Mapped[str] = mapped_column(String(36))
    status: Mapped[str] = mapped_column(String(16))  # created, updated, unchanged, refused
    code: Mapped[str] = mapped_column(String(64))
    message: Mapped[str] = mapped_column(Text)
    user_id: Mapped[str] = mapped_column(String(64))


_IMPORTS = Import.__table__.c
_ABOUT = tuple(column for column in _IMPORTS if column.name != "content")  # it may be megabytes


# --- verbs ----------------------------------------------------------------------------------------


def needs(_change: Change, _wanted: Needs) -> None:
    """These name nobody in the directory."""


def keep_import(batch: Batch, change: KeepImport) -> Result:
    """Keep a file, sealed, until its end."""
    if batch.actor.kind != "user":
        raise Invalid("import_of_nobody", "Files are kept for people.")
    if not 0 < change.rows <= MOST_ROWS:
        raise Invalid(
            "file_rows", f"The file needs 1 to {MOST_ROWS} rows of people.", attribute="file"
        )
    row = {
        "id": new_id(),
        "org_id": batch.org_id,
        "user_id": batch.actor.id,
        "file_name": change.file_name[:200],
        "content": sealing.seal(zlib.compress(change.content)),
        "header": list(change.header),
        "mapping": {},
        "state": "new",
        "reason": "",
        "total": change.rows,
        "position": 0,
        "claims": 0,
        "due_at": batch.now,
        "created": batch.now,
        "ends_at": batch.now + KEPT,
    } | dict.fromkeys(COUNTS, 0)
    batch.insert(Import, row)
    return Result(str(row["id"]), changed=True, created=True)


def map_import(batch: Batch, change: MapImport) -> Result:
    """Begin a rehearsal with these meanings; what an earlier one found is forgotten."""
    row = _held(batch, change.id, ("new", "checked", "checking"))
    if "groups" in change.mapping.values():
        batch.actor.need("groups.write")
    mapping = {str(number): meant for number, meant in change.mapping.items()}
    _begin(batch, row, "checking", {"mapping": mapping})
    return Result(row["id"], changed=True)


def commit_import(batch: Batch, change: CommitImport) -> Result:
    """Begin in earnest."""
    row = _held(batch, change.id, ("checked",))
    _begin(batch, row, "running", {})
    _note(batch, "import.started", row, {"rows": [None, row["total"]]})
    return Result(row["id"], changed=True)


def cancel_import(batch: Batch, change: CancelImport) -> Result:
    """Stop. A chunk that is just being made is refused by its own `AdvanceImport`."""
    row = _held(batch, change.id, ("new", "checked", *WORKING))
    batch.update(Import, {"id": row["id"]}, {"state": "cancelled", "claims": row["claims"] + 1})
    if row["state"] == "running":
        _note(batch, "import.cancelled", row, {"rows": [row["total"], row["position"]]})
    return Result(row["id"], changed=True)


def _begin(batch: Batch, row: Row, state: str, more: Row) -> None:
    fresh = {"state": state, "position": 0, "claims": row["claims"] + 1, "due_at": batch.now}
    batch.update(Import, {"id": row["id"]}, fresh | dict.fromkeys(COUNTS, 0) | more)
    batch.delete(ImportRow, {"import_id": row["id"]})


def advance_import(batch: Batch, change: AdvanceImport) -> Result:
    """Write down what this batch makes of a chunk, and move on; refused where the lease is lost."""
    row = _held(batch, change.id, ("running",))
    if (row["claims"], row["position"]) != (change.claims, change.position):
        raise Conflict("import_lost", "Another worker has taken this import over.")
    told = [_refusal(*one) for one in change.refused]
    for number, user_id, first, end in change.made:
        told.append(_row(number, _status(batch, user_id, batch.results[first:end]), user_id))
    for one in told:
        batch.insert(ImportRow, one | {"import_id": row["id"], "org_id": batch.org_id})
    batch.update(Import, {"id": row["id"]}, _moved(row, change.position + change.rows, told))
    if change.position + change.rows >= row["total"]:
        counts = _counted(row, told)
        _note(batch, "import.finished", row, {name: [None, n] for name, n in counts.items()})
    return Result(row["id"], changed=True)


def _status(batch: Batch, user_id: str, results: Sequence[Result]) -> str:
    """What a row came to, before it is stored."""
    if any(one.created for one in results):
        return "created"
    who = batch.users.get(user_id)
    joined = any((one.id, user_id) in batch.added for one in results)
    return "updated" if joined or (who and who.flat != who.flat_before) else "unchanged"


def _moved(row: Mapping[str, Any], position: int, told: Sequence[Row]) -> Row:
    """The import after a chunk."""
    over = "checked" if row["state"] == "checking" else "done"
    state = over if position >= row["total"] else row["state"]
    return {"position": position, "due_at": now(), "state": state} | _counted(row, told)


def _counted(row: Mapping[str, Any], told: Sequence[Row]) -> dict[str, int]:
    found = [one["status"] for one in told]
    return {name: row[name] + found.count(name.removesuffix("_count")) for name in COUNTS}


def _row(number: int, status: str, user_id: str = "", code: str = "", message: str = "") -> Row:
    known = {"number": number, "status": status, "user_id": user_id}
    return known | {"code": code[:64], "message": message}


def _refusal(number: int, code: str, sentence: str) -> Row:
    return _row(number, "refused", code=code, message=sentence)


def _held(batch: Batch, import_id: str, states: Sequence[str]) -> Row:
    """An import of the actor's own, or of the organization for who gives roles."""
    wanted = select(*_ABOUT).where(_IMPORTS.org_id == batch.org_id, same(Import.id, import_id))
    row = batch.session.execute(wanted.with_for_update()).mappings().first()
    if row is None or not _may_see(batch.actor, row["user_id"]):
        raise not_found("import")
    if row["state"] not in states:
        raise Conflict("import_not_so_far", "This import has gone on meanwhile. Look again.")
    return dict(row)


def _may_see(actor: Actor, user_id: str) -> bool:
    return actor.id == user_id or actor.can("roles.write")


def _note(batch: Batch, action: str, row: Row, diff: Mapping[str, Any]) -> None:
    batch.note(action, ("Import", row["id"], row["file_name"]), diff)


HANDLERS = {
    KeepImport: keep_import,
    MapImport: map_import,
    CommitImport: commit_import,
    CancelImport: cancel_import,
    AdvanceImport: advance_import,
}


# --- the worker's side ----------------------------------------------------------------------------


def _due(*columns: Any) -> Any:
    return select(*columns).where(_IMPORTS.state.in_(WORKING), _IMPORTS.due_at <= now())


def owed() -> bool:
    """Whether any import waits for a worker: a cheap look before a lock is taken."""
    db.session.rollback()  # look at the present, not at an old snapshot
    return db.session.execute(_due(Import.id).limit(1)).first() is not None


def claim() -> Row | None:
    """Lease the import that has waited longest; two workers never get the same."""
    with writing() as session:
        wanted = (
            _due(Import.__table__)
            .order_by(_IMPORTS.due_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        row = session.execute(wanted).mappings().first()
        if row is None:
            return None
        lease = {"due_at": now() + LEASE, "claims": row["claims"] + 1}
        session.execute(update(Import).where(Import.id == row["id"]).values(lease))
    return dict(row) | lease


def rehearsed(row: Row, rows: int, told: Sequence[tuple[int, str, str, str, str]]) -> bool:
    """Keep what a rehearsal of a chunk found ((row, status, person, code, sentence)); move on."""
    kept = [_row(*one) for one in told]
    return _settle(row, _moved(row, row["position"] + rows, kept), kept)


def stop(row: Row, reason: str) -> bool:
    """End an import that cannot go on; `reason` is shown."""
    return _settle(row, {"state": "stopped", "reason": reason[:1000]}, ())


def _settle(row: Row, values: Row, kept: Sequence[Row]) -> bool:
    """Change an import that is still leased as it was claimed."""
    ours = update(Import).where(
        Import.id == row["id"],
        Import.claims == row["claims"],
        Import.position == row["position"],
        Import.state == row["state"],
    )
    with writing() as session:
        held = int(session.execute(ours.values(values)).rowcount) == 1  # type: ignore[attr-defined]
        if held and kept:
            own = {"import_id": row["id"], "org_id": row["org_id"]}
            session.execute(insert(ImportRow), [one | own for one in kept])
    return held


def sweep() -> int:
    """Remove the imports whose day has come, with their files."""
    over = select(Import.id).where(Import.ends_at < now())
    with writing() as session:
        session.execute(delete(ImportRow).where(ImportRow.import_id.in_(over)))
        gone = session.execute(delete(Import).where(Import.ends_at < now()))
    return int(gone.rowcount)  # type: ignore[attr-defined]


# --- reads ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ImportView:
    """An import without its file."""

    id: str
    user_id: str
    file_name: str
    header: tuple[str, ...]
    mapping: dict[int, str]
    state: str
    reason: str
    total: int
    position: int
    created_count: int
    updated_count: int
    unchanged_count: int
    refused_count: int
    created: datetime
    ends_at: datetime

    @property
    def working(self) -> bool:
        """Whether a worker has it in hand."""
        return self.state in WORKING


@dataclass(frozen=True, slots=True)
class RowView:
    """What became of a row."""

    number: int
    status: str
    code: str
    message: str
    user_id: str


def imports_of(actor: Actor, limit: int = 20) -> list[ImportView]:
    """The imports that the actor may see, newest first."""
    actor.need("users.write")
    wanted = select(*_ABOUT).where(Import.org_id == actor.org_id)
    if not actor.can("roles.write"):
        wanted = wanted.where(Import.user_id == actor.id)
    found = db.session.execute(wanted.order_by(Import.id.desc()).limit(limit))
    return [_view(row) for row in found]


def find_import(actor: Actor, import_id: str) -> ImportView:
    """One import, or NotFound."""
    return _view(_found(actor, import_id))


def content_of(actor: Actor, import_id: str) -> bytes:
    """The file as it was given."""
    return unsealed(_found(actor, import_id, Import.content).content)


def unsealed(content: str) -> bytes:
    """A kept file again."""
    return zlib.decompress(sealing.unseal(content))


def rows_of(
    actor: Actor, import_id: str, *, status: str = "", after: int = 0, limit: int = 500
) -> list[RowView]:
    """What became of the rows, in their order, of one status or all."""
    _found(actor, import_id)
    wanted = select(ImportRow).where(
        ImportRow.import_id == import_id,
        ImportRow.org_id == actor.org_id,
        ImportRow.number > after,
    )
    if status:
        wanted = wanted.where(ImportRow.status == status)
    found = db.session.scalars(wanted.order_by(ImportRow.number).limit(limit))
    return [RowView(**{n: getattr(row, n) for n in RowView.__slots__}) for row in found]


def _found(actor: Actor, import_id: str, *more: Any) -> Any:
    actor.need("users.write")
    columns = select(*_ABOUT, *more)
    wanted = columns.where(Import.org_id == actor.org_id, same(Import.id, import_id))
    row = db.session.execute(wanted).first()
    if row is None or not _may_see(actor, row.user_id):
        raise not_found("import")
    return row


def _view(row: Any) -> ImportView:
    kept = {n: getattr(row, n) for n in ImportView.__slots__ if n not in ("header", "mapping")}
    mapping = {int(number): str(meant) for number, meant in row.mapping.items()}
    return ImportView(**kept, header=tuple(row.header), mapping=mapping)
