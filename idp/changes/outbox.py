"""Deliveries: effects that are owed to the outside world, made after the change is committed.

A delivery (a mail) is leased by a worker, tried again with growing pauses, and laid aside as dead
after the last try. A worker that dies loses nothing, for its lease runs out and another takes
over; so an effect may happen twice, and carries the delivery's id by which its receiver can tell.
Whoever wants to know of everything that happens follows the audit instead: see `followers`.
"""

import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, Text, select, update
from sqlalchemy.orm import Mapped, mapped_column

from idp import sealing
from idp.changes.batch import Batch
from idp.clock import new_id, now
from idp.extensions import Model, db, writing

LEASE = timedelta(seconds=60)
PAUSES = (5, 30, 120, 600, 3600, 6 * 3600, 24 * 3600)  # seconds before each further try
CLAIM = 20
LATE = timedelta(minutes=30)
OPEN = ("waiting", "leased")


class Delivery(Model):
    """An effect that is owed. `payload` is sealed: it may hold a one-time link."""

    __tablename__ = "deliveries"
    __table_args__ = (
        ForeignKeyConstraint(["org_id"], ["organizations.id"]),
        Index("ix_deliveries_due", "state", "due_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    kind: Mapped[str] = mapped_column(String(16))  # "mail"
    payload: Mapped[str] = mapped_column(Text)
    created: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16))  # "waiting", "leased", "done", "dead"
    attempts: Mapped[int]
    due_at: Mapped[datetime]  # waiting: when to try; leased: when the lease runs out
    last_error: Mapped[str] = mapped_column(Text)


def record(batch: Batch) -> None:
    """A delivery for each mail."""
    for mail in batch.mails:
        batch.insert(Delivery, mail_row(batch.org_id, mail, batch.now))


def mail_row(org_id: str, payload: dict[str, Any], moment: datetime) -> dict[str, Any]:
    """A mail that is owed from this moment on."""
    return {
        "id": new_id(),
        "org_id": org_id,
        "kind": "mail",
        "payload": sealing.seal(json.dumps(payload).encode()),
        "created": moment,
        "state": "waiting",
        "attempts": 0,
        "due_at": moment,
        "last_error": "",
    }


def claim(limit: int = CLAIM) -> list[dict[str, Any]]:
    """Lease what is due, also what a dead worker left; several workers never get the same."""
    table, moment = Delivery, now()
    due = (
        select(Delivery.__table__)
        .where(table.state.in_(OPEN), table.due_at <= moment)
        .order_by(table.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    with writing() as session:
        rows = [dict(row) for row in session.execute(due).mappings()]
        lease = {"state": "leased", "due_at": moment + LEASE, "attempts": table.attempts + 1}
        ids = [row["id"] for row in rows]
        session.execute(update(table).where(table.id.in_(ids)).values(lease))
    return [row | {"attempts": row["attempts"] + 1} for row in rows]


def owed() -> bool:
    """Whether anything is due: a cheap look before a lock is taken."""
    db.session.rollback()  # look at the present, not at an old snapshot
    due = select(Delivery.id).where(Delivery.state.in_(OPEN), Delivery.due_at <= now())
    return db.session.scalar(due.limit(1)) is not None


def payload_of(row: dict[str, Any]) -> dict[str, Any]:
    """What a delivery is about."""
    content: dict[str, Any] = json.loads(sealing.unseal(row["payload"]))
    return content


def hold(row: dict[str, Any]) -> bool:
    """Renew a lease just before its delivery; False where it ran out and another has taken over."""
    return _settle(row, {"due_at": now() + LEASE})


def succeed(row: dict[str, Any]) -> None:
    """The effect happened."""
    _settle(row, {"state": "done", "last_error": "", "payload": ""})


def fail(row: dict[str, Any], error: str) -> None:
    """The effect did not happen: try later, or lay it aside after the last try."""
    attempts = row["attempts"]
    if attempts > len(PAUSES):
        _settle(row, {"state": "dead", "last_error": error[:1000]})
    else:
        later = now() + timedelta(seconds=PAUSES[attempts - 1])
        _settle(row, {"state": "waiting", "due_at": later, "last_error": error[:1000]})


def _settle(row: dict[str, Any], values: dict[str, Any]) -> bool:
    """Change a delivery that is still leased as it was claimed: attempts count the claims."""
    ours = update(Delivery).where(
        Delivery.id == row["id"],
        Delivery.state == "leased",
        Delivery.attempts == row["attempts"],
    )
    with writing() as session:
        settled = session.execute(ours.values(values))
        return int(settled.rowcount) == 1  # type: ignore[attr-defined]


def late() -> bool:
    """Whether a delivery has been due for so long that something is wrong."""
    oldest = oldest_due()
    return oldest is not None and now() - oldest > LATE


def oldest_due() -> datetime | None:
    """Since when the longest-waiting delivery has been due."""
    due = select(Delivery.due_at).where(Delivery.state == "waiting", Delivery.due_at <= now())
    oldest: datetime | None = db.session.scalar(due.order_by(Delivery.due_at).limit(1))
    return oldest
