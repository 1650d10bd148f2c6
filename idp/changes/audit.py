"""Audit: who did what to whom, by which door, from what to what; append-only and hash-chained.

Each organization has a chain of its own. An entry's hash covers its content and the hash before
it; `audit_heads` holds the last one, and its row lock, taken last of all, puts the entries of
concurrent transactions in one order. `verify` walks a chain and names the first row that was
changed, removed or put elsewhere.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, Text, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.changes.batch import Batch, Note, Row
from idp.clock import rfc3339
from idp.directory.actors import Actor
from idp.extensions import Model, db

START = "0" * 64
CHUNK = 1000


class AuditEntry(Model):
    """One thing that happened. Never updated, never deleted while its organization is there."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        ForeignKeyConstraint(["org_id"], ["organizations.id"]),
        Index("ix_audit_entries_target", "org_id", "target_id", "seq"),
        Index("ix_audit_entries_related", "org_id", "related_id", "seq"),
        Index("ix_audit_entries_action", "org_id", "action", "seq"),
    )

    org_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str] = mapped_column(String(36))
    actor_name: Mapped[str] = mapped_column(String(256))
    door: Mapped[str] = mapped_column(String(16))
    request_id: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    target_kind: Mapped[str] = mapped_column(String(16))
    target_id: Mapped[str] = mapped_column(String(36))
    target_name: Mapped[str] = mapped_column(Text)
    related_kind: Mapped[str] = mapped_column(String(16))
    related_id: Mapped[str] = mapped_column(String(36))
    related_name: Mapped[str] = mapped_column(Text)
    diff: Mapped[str] = mapped_column(Text)  # JSON {attribute: [before, after]}
    hash: Mapped[str] = mapped_column(String(64))


class AuditHead(Model):
    """Where an organization's chain ends."""

    __tablename__ = "audit_heads"
    __table_args__ = (ForeignKeyConstraint(["org_id"], ["organizations.id"]),)

    org_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    seq: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))


# What a hash covers, for ever: a column that a later version adds must not break older chains.
_HASHED = (
    "org_id",
    "seq",
    "at",
    "actor_kind",
    "actor_id",
    "actor_name",
    "door",
    "request_id",
    "action",
    "target_kind",
    "target_id",
    "target_name",
    "related_kind",
    "related_id",
    "related_name",
    "diff",
)
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode


def _chain(previous: str, row: Row) -> str:
    content = [rfc3339(row["at"]) if name == "at" else row[name] for name in _HASHED]
    return hashlib.sha256(f"{previous}{_encode(content)}".encode()).hexdigest()


def record(batch: Batch) -> None:
    """Turn the batch's notes into entries at the end of the organization's chain."""
    if not batch.notes:
        return
    head = _head(batch)
    seq, last = (head.seq, head.hash) if head else (0, START)
    batch.entries = (seq + 1, seq + len(batch.notes))
    shared = _shared(batch)
    for note in batch.notes:
        seq += 1
        row = {**shared, "seq": seq, **_about(note)}
        last = row["hash"] = _chain(last, row)
        batch.insert(AuditEntry, row)
    moved = {"seq": seq, "hash": last}
    if head:
        batch.update(AuditHead, {"org_id": batch.org_id}, moved)
    else:
        batch.insert(AuditHead, {"org_id": batch.org_id} | moved)


_HEAD = (
    select(AuditHead.seq, AuditHead.hash)
    .where(AuditHead.org_id == bindparam("org"))
    .with_for_update()
)


def _head(batch: Batch) -> Any:
    return batch.connection.execute(_HEAD, {"org": batch.org_id}).first()


def _shared(batch: Batch) -> Row:
    actor = batch.actor
    return {
        "org_id": batch.org_id,
        "at": batch.now,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_name": actor.name[:256],
        "door": actor.door,
        "request_id": actor.request_id,
    }


def _about(note: Note) -> Row:
    return {
        "action": note.action,
        "target_kind": note.target_kind,
        "target_id": note.target_id,
        "target_name": note.target_name,
        "related_kind": note.related_kind,
        "related_id": note.related_id,
        "related_name": note.related_name,
        "diff": _encode(note.diff),
    }


@dataclass(frozen=True, slots=True)
class Finding:
    """A chain that does not hold: where, and what is wrong."""

    org_id: str
    seq: int
    problem: str


def verify(session: Session, org_id: str) -> Finding | None:
    """Walk an organization's chain from its start; None where it holds to its head."""
    head = session.execute(select(AuditHead).where(AuditHead.org_id == org_id)).scalar()
    seq, last = 0, START
    for row in _entries(session, org_id):
        if row["seq"] != seq + 1:
            return Finding(org_id, seq + 1, f"entry {seq + 1} is missing")
        if _chain(last, row) != row["hash"]:
            return Finding(org_id, row["seq"], f"entry {row['seq']} was changed or moved")
        seq, last = row["seq"], row["hash"]
    if head is None or (head.seq, head.hash) != (seq, last):
        expected = head.seq if head else 0
        return Finding(org_id, seq + 1, f"the chain ends at {seq}, its head says {expected}")
    return None


def _entries(session: Session, org_id: str) -> Iterator[Row]:
    table, seq = AuditEntry.__table__, 0
    while True:
        chunk = select(table).where(table.c.org_id == org_id, table.c.seq > seq)
        rows = session.execute(chunk.order_by(table.c.seq).limit(CHUNK)).mappings().all()
        if not rows:
            return
        for row in rows:
            yield dict(row)
        seq = rows[-1]["seq"]


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What of the audit to show; empty fields do not filter. `about` is a target or related id."""

    about: str = ""
    action: str = ""  # its beginning: "user." finds all about people
    actor_id: str = ""
    door: str = ""


@dataclass(frozen=True, slots=True)
class AuditView:
    """An entry as it is read; `diff` is {attribute: [before, after]}."""

    seq: int
    at: datetime
    actor_kind: str
    actor_id: str
    actor_name: str
    door: str
    request_id: str
    action: str
    target_kind: str
    target_id: str
    target_name: str
    related_kind: str
    related_id: str
    related_name: str
    diff: dict[str, Any]


def page(
    actor: Actor,
    wanted: AuditFilter | None = None,
    *,
    before: int | None = None,
    after: int | None = None,
    limit: int = 50,
) -> tuple[list[AuditView], int | None]:
    """Entries of the actor's organization and the cursor of the next page.

    They come newest first, from `before` on; with `after` oldest first, from there on.

    Without audit.read the actor sees what concerns themselves.
    """
    wanted = wanted or AuditFilter()
    table = AuditEntry.__table__
    statement = select(table).where(table.c.org_id == actor.org_id)
    if not actor.can("audit.read"):
        statement = statement.where(
            (table.c.target_id == actor.id) | (table.c.actor_id == actor.id)
        )
    if wanted.about:
        statement = statement.where(
            (table.c.target_id == wanted.about) | (table.c.related_id == wanted.about)
        )
    if wanted.action:
        statement = statement.where(table.c.action.startswith(wanted.action, autoescape=True))
    if wanted.actor_id:
        statement = statement.where(table.c.actor_id == wanted.actor_id)
    if wanted.door:
        statement = statement.where(table.c.door == wanted.door)
    if before is not None:
        statement = statement.where(table.c.seq < before)
    if after is not None:
        statement = statement.where(table.c.seq > after)
    order = table.c.seq.desc() if after is None else table.c.seq
    rows = db.session.execute(statement.order_by(order).limit(limit + 1)).mappings().all()
    views = [as_view(dict(row)) for row in rows[:limit]]
    return views, views[-1].seq if len(rows) > limit else None


def of_request(
    actor: Actor, connection_id: str, request_id: str, numbers: tuple[int, int], limit: int = 200
) -> list[AuditView]:
    """What one request of a connection changed, by the numbers of its entries, in order.

    Whoever may see what a connection asked may see what came of it: audit.read is not needed.
    """
    actor.need("connections.read")
    table = AuditEntry.__table__
    mine = select(table).where(
        table.c.org_id == actor.org_id,
        table.c.seq.between(*numbers),
        table.c.actor_id == connection_id,
        table.c.request_id == request_id,
    )
    rows = db.session.execute(mine.order_by(table.c.seq).limit(limit)).mappings()
    return [as_view(dict(row)) for row in rows]


def entries_after(org_id: str, seq: int, limit: int) -> list[AuditView]:
    """What happened in an organization after an entry, in order; for those who follow it."""
    table = AuditEntry.__table__
    later = select(table).where(table.c.org_id == org_id, table.c.seq > seq)
    rows = db.session.execute(later.order_by(table.c.seq).limit(limit)).mappings()
    return [as_view(dict(row)) for row in rows]


def head_of(org_id: str) -> int:
    """The number of the last entry of an organization; 0 before the first."""
    return db.session.scalar(select(AuditHead.seq).where(AuditHead.org_id == org_id)) or 0


def as_view(row: Row) -> AuditView:
    """An entry's row as it is read."""
    row["diff"] = json.loads(row["diff"])
    return AuditView(**{name: row[name] for name in AuditView.__slots__})
