"""Who follows what happens: event streams and outbound provisioning, each from its own position.

The audit holds everything that happened in one order per organization. A follower is a
connection's purpose ("events", "outbound") with the number of the last entry that it has dealt
with; it reads on from there, and moves its position when the effect has happened. So nothing is
written twice for it, a follower that is down loses nothing, and one that is slow holds up nobody.

    claim -> entries -> … -> advance | fail        (by a worker; see `idp.jobs`)

A worker leases a follower, and `hold` renews the lease; one that dies is followed by another.
An effect may therefore happen twice, and must be made so that this does no harm.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, Text, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.changes.audit import AuditHead, AuditView, entries_after, head_of
from idp.changes.batch import Batch
from idp.clock import new_id, now
from idp.directory.actors import Actor
from idp.directory.sets import same
from idp.extensions import Model, db, writing

LEASE = timedelta(seconds=60)
PAUSES = (2, 10, 30, 120, 600, 1800)  # seconds after the first, second… failure; then the last
CHUNK = 200

Row = Mapping[str, Any]
Writing = Session  # doors know it as what they hand on
Keep = Callable[[Writing], object]


class Follower(Model):
    """A connection that follows the audit for a purpose. `due_at` doubles as the lease's end."""

    __tablename__ = "followers"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "connection_id"], ["connections.org_id", "connections.id"]),
        UniqueConstraint("connection_id", "purpose"),
        Index("ix_followers_due", "enabled", "due_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    connection_id: Mapped[str] = mapped_column(String(36))
    purpose: Mapped[str] = mapped_column(String(16))  # "events", "outbound"
    position: Mapped[int]  # the last audit entry that was dealt with
    enabled: Mapped[bool]
    due_at: Mapped[datetime]
    claims: Mapped[int]  # tells a lease from an earlier one
    failures: Mapped[int]  # in a row
    last_error: Mapped[str] = mapped_column(Text)
    succeeded_at: Mapped[datetime | None]


def start(batch: Batch, connection_id: str, purpose: str) -> None:
    """Let a connection follow from here on: what this very batch does is not told."""
    batch.insert(
        Follower,
        {
            "id": new_id(),
            "org_id": batch.org_id,
            "connection_id": connection_id,
            "purpose": purpose,
            "position": head_of(batch.org_id),
            "enabled": True,
            "due_at": batch.now,
            "claims": 0,
            "failures": 0,
            "last_error": "",
            "succeeded_at": None,
        },
    )


def _due() -> Any:
    return (
        select(Follower.__table__)
        .join(AuditHead, AuditHead.org_id == Follower.org_id)
        .where(
            Follower.enabled.is_(True),
            Follower.due_at <= now(),
            Follower.position < AuditHead.seq,
        )
    )


def behind() -> bool:
    """Whether any follower has something to do: a cheap look before a lock is taken."""
    db.session.rollback()  # look at the present, not at an old snapshot
    return db.session.execute(_due().limit(1)).first() is not None


def claim(follower_id: str | None = None) -> Row | None:
    """Lease the follower that has waited longest, or the one named; two never get the same."""
    wanted = _due().order_by(Follower.due_at).limit(1)
    if follower_id is not None:
        wanted = wanted.where(Follower.id == follower_id)
    with writing() as session:
        found = session.execute(wanted.with_for_update(of=Follower, skip_locked=True)).mappings()
        row = found.first()
        if row is None:
            return None
        lease = {"due_at": now() + LEASE, "claims": row["claims"] + 1}
        session.execute(update(Follower).where(Follower.id == row["id"]).values(lease))
    return dict(row) | lease


def awake() -> dict[str, Any]:
    """What sets a follower going at once, whatever went wrong before."""
    return {"due_at": now(), "failures": 0, "last_error": ""}


def wake(follower_id: str) -> None:
    """Try again at once where it failed: somebody says that the cause is gone."""
    waiting = update(Follower).where(Follower.id == follower_id, Follower.failures > 0)
    with writing() as session:
        session.execute(waiting.values(awake()))


@dataclass(frozen=True, slots=True)
class State:
    """How far a follower is, for those who watch it."""

    id: str
    enabled: bool
    behind: int  # audit entries that it has not dealt with
    failures: int
    last_error: str
    due_at: datetime
    succeeded_at: datetime | None


def state_of(actor: Actor, connection_id: str, purpose: str) -> State | None:
    """The state of a connection's follower, if it has one for this purpose."""
    actor.need("connections.read")
    wanted = (
        select(Follower.__table__, AuditHead.seq)
        .join(AuditHead, AuditHead.org_id == Follower.org_id)
        .where(
            Follower.org_id == actor.org_id,
            same(Follower.connection_id, connection_id),
            Follower.purpose == purpose,
        )
    )
    row = db.session.execute(wanted).first()
    if row is None:
        return None
    return State(
        row.id,
        row.enabled,
        max(0, row.seq - row.position),
        row.failures,
        row.last_error,
        row.due_at,
        row.succeeded_at,
    )


def entries(row: Row, limit: int = CHUNK) -> list[AuditView]:
    """What has happened since the follower's position, in order."""
    return entries_after(row["org_id"], row["position"], limit)


def hold(row: Row) -> bool:
    """Renew a lease; False where it ran out and another worker has taken over."""
    return _settle(row, {"due_at": now() + LEASE})


def advance(row: Row, position: int, keep: Keep | None = None) -> bool:
    """Everything up to `position` has been dealt with; the follower may be claimed again.

    `keep` writes, in the same transaction, what the follower has to remember.
    """
    moment = now()
    done = {"position": position, "due_at": moment, "failures": 0, "last_error": ""}
    return _settle(row, done | {"succeeded_at": moment}, keep)


def release(row: Row) -> bool:
    """Some of it has been dealt with, and the rest waits for its next turn: others go first."""
    return _settle(row, awake())


def fail(row: Row, error: str, *, pause: timedelta | None = None) -> bool:
    """It did not work: try again after a growing pause, or the one that the other side asked for.

    `error` is shown to administrators: it must hold no secret.
    """
    failures = row["failures"] + 1
    later = pause or timedelta(seconds=PAUSES[min(failures, len(PAUSES)) - 1])
    values = {"due_at": now() + later, "failures": failures, "last_error": error[:1000]}
    return _settle(row, values)


def _settle(row: Row, values: dict[str, Any], keep: Keep | None = None) -> bool:
    """Change a follower that is still leased as it was claimed, and whose position nobody set."""
    ours = update(Follower).where(
        Follower.id == row["id"],
        Follower.claims == row["claims"],
        Follower.position == row["position"],
    )
    with writing() as session:
        held = int(session.execute(ours.values(values)).rowcount) == 1  # type: ignore[attr-defined]
        if held and keep is not None:
            keep(session)
    return held
