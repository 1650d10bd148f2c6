"""The journal of SCIM requests: what each connection asked, what came of it, in technical records.

A door hands its entries over in sets (`write`); what they changed stands in the audit, by number,
and is durable whatever happens to the journal. `sweep` forgets what is older than a connection
wants, what exceeds the cap, and what a detached connection left.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Index, String, Text, delete, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from idp.changes.batch import Row
from idp.clock import now
from idp.directory.connections import Connection
from idp.directory.limits import MOST_ENTRIES, journal_days_of
from idp.extensions import Model, db, key_text, writing

CHUNK = 2_000  # rows that one transaction of the sweep removes


class JournalEntry(Model):
    """One request of a connection. It refers to nothing: what it names may be gone by then."""

    __tablename__ = "journal_entries"
    __table_args__ = (
        Index("ix_journal_entries_time", "connection_id", "at", "id"),
        Index("ix_journal_entries_resource", "connection_id", "resource_id"),
        Index("ix_journal_entries_name", "connection_id", "name_key"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    connection_id: Mapped[str] = mapped_column(String(36))
    at: Mapped[datetime]
    method: Mapped[str] = mapped_column(String(16))
    path: Mapped[str] = mapped_column(Text)  # below the door's address
    query: Mapped[str] = mapped_column(Text)
    conditions: Mapped[str] = mapped_column(Text)  # JSON {header: value}, or ""
    body: Mapped[str] = mapped_column(Text)  # JSON without secrets, or ""
    kept: Mapped[str] = mapped_column(String(8))  # of the request: "whole", "redacted", "cut"
    status: Mapped[int]
    scim_type: Mapped[str] = mapped_column(String(32))
    code: Mapped[str] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(Text)
    duration: Mapped[int]  # microseconds
    request_id: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))  # "User", "Group" or ""
    resource_id: Mapped[str] = mapped_column(String(36))
    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(key_text(256))
    tolerated: Mapped[str] = mapped_column(Text)  # JSON list of shapes, or ""
    first_entry: Mapped[int | None]  # of the audit
    last_entry: Mapped[int | None]
    repeated: Mapped[int]  # how many requests this stands for


@dataclass(frozen=True, slots=True)
class JournalView:
    """An entry as it is read."""

    id: str
    connection_id: str
    at: datetime
    method: str
    path: str
    query: str
    conditions: dict[str, str]
    body: str
    kept: str
    status: int
    scim_type: str
    code: str
    detail: str
    duration: int
    request_id: str
    kind: str
    resource_id: str
    name: str
    tolerated: tuple[str, ...]
    first_entry: int | None
    last_entry: int | None
    repeated: int
    exists: bool  # whether what it speaks of is there to be looked at

    @property
    def changed(self) -> int:
        """How many entries of the audit it made, at most."""
        if self.first_entry is None or self.last_entry is None:
            return 0
        return self.last_entry - self.first_entry + 1


BLANK: Row = {
    "method": "",
    "path": "",
    "query": "",
    "conditions": "",
    "body": "",
    "kept": "whole",
    "status": 0,
    "scim_type": "",
    "code": "",
    "detail": "",
    "duration": 0,
    "request_id": "",
    "kind": "",
    "resource_id": "",
    "name": "",
    "name_key": "",
    "tolerated": "",
    "first_entry": None,
    "last_entry": None,
    "repeated": 1,
}


def write(rows: Sequence[Row]) -> None:
    """Keep a set of entries: each is BLANK with more, its id, organization, connection and time."""
    table: Any = JournalEntry.__table__  # the mapped class would cost half as much again
    with writing() as session:
        session.execute(insert(table), rows)


def view_of(row: Row) -> JournalView:
    """A row of the table, with `exists`, as it is read."""
    conditions = json.loads(row["conditions"]) if row["conditions"] else {}
    tolerated = tuple(json.loads(row["tolerated"])) if row["tolerated"] else ()
    read = {name: row[name] for name in JournalView.__slots__}
    return JournalView(**(read | {"conditions": conditions, "tolerated": tolerated}))


def sweep() -> int:
    """Forget what is too old, too many, or of nobody; returns how many entries."""
    return sum(_forget(connection_id) for connection_id in _journalled())


def _journalled() -> Iterator[str]:
    """Whoever has entries, found by walking the index from one connection to the next."""
    last = ""
    while True:
        db.session.rollback()  # at the present, not at an old snapshot
        column = JournalEntry.connection_id
        following = select(column).where(column > last).order_by(column).limit(1)
        found = db.session.scalar(following)
        if found is None:
            return
        last = found
        yield last


def _forget(connection_id: str) -> int:
    settings = db.session.scalar(select(Connection.settings).where(Connection.id == connection_id))
    mine = JournalEntry.connection_id == connection_id
    if settings is None:
        return _remove(mine)
    oldest = now() - timedelta(days=journal_days_of(settings))
    count = _remove(mine & (JournalEntry.at < oldest))
    newest_first = select(JournalEntry.at).where(mine).order_by(JournalEntry.at.desc())
    surplus = db.session.scalar(newest_first.offset(MOST_ENTRIES).limit(1))
    return count + (_remove(mine & (JournalEntry.at <= surplus)) if surplus else 0)


def _remove(which: ColumnElement[bool]) -> int:
    """Delete in transactions of bounded size, so that nobody waits long for the lock."""
    some = select(JournalEntry.id).where(which).limit(CHUNK)
    total = 0
    while True:
        with writing() as session:
            gone = session.execute(delete(JournalEntry).where(JournalEntry.id.in_(some)))
        count = int(gone.rowcount)  # type: ignore[attr-defined]
        total += count
        if count < CHUNK:
            return total
