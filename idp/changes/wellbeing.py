"""How the product does, for those who use it: checks of our own, without names where none may be.

Each check is one small read. `/health/ready` is for machines and tells the operator; this is for
the status page and tells people.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from idp.changes import outbox
from idp.changes.audit import AuditHead
from idp.changes.followers import Follower
from idp.changes.ledger import Chore
from idp.changes.outbox import Delivery
from idp.changes.troubles import FAILURES
from idp.clock import now
from idp.directory.actors import Actor
from idp.directory.connections import Connection
from idp.extensions import db

BEAT = timedelta(minutes=15)  # after the date of periodic work nobody seems to do it
MOST = 50


@dataclass(frozen=True, slots=True)
class Health:
    """What was found: since when periodic work waits, how mail does, who is stopped or silent."""

    work_late_since: datetime | None
    mail_late: bool
    mails_given_up: int
    stopped: list[str]
    failing: list[str]
    last_provisioned: datetime | None


def health(actor: Actor) -> Health:
    """How the product does for the actor's organization. Names only for who may know them."""
    named = actor.can("connections.read")
    stopped, failing = _stopped(actor), _failing(actor)
    return Health(
        _late_work(),
        outbox.late(),
        _given_up(actor),
        stopped if named else [""] * len(stopped),
        failing if named else [""] * len(failing),
        _last_provisioned(actor),
    )


def _late_work() -> datetime | None:
    first: datetime | None = db.session.scalar(select(func.min(Chore.due_at)))
    return first if first is not None and first < now() - BEAT else None


def _given_up(actor: Actor) -> int:
    dead = select(func.count()).where(Delivery.org_id == actor.org_id, Delivery.state == "dead")
    return db.session.scalar(dead) or 0


def _stopped(actor: Actor) -> list[str]:
    wanted = select(Connection.name).where(
        Connection.org_id == actor.org_id, Connection.quarantined_at.is_not(None)
    )
    return list(db.session.scalars(wanted.order_by(Connection.name)))


def _failing(actor: Actor) -> list[str]:
    wanted = (
        select(Connection.name)
        .join(Follower, Follower.connection_id == Connection.id)
        .where(Follower.org_id == actor.org_id, Follower.enabled, Follower.failures >= FAILURES)
    )
    return list(db.session.scalars(wanted.order_by(Connection.name)))


def _last_provisioned(actor: Actor) -> datetime | None:
    used = select(func.max(Connection.last_used_at)).where(
        Connection.org_id == actor.org_id, Connection.kind == "scim"
    )
    moment: datetime | None = db.session.scalar(used)
    return moment


@dataclass(frozen=True, slots=True)
class DeadDelivery:
    """A mail that was given up; whom it was for is told to nobody here."""

    id: str
    created: datetime
    attempts: int
    last_error: str


@dataclass(frozen=True, slots=True)
class FollowerView:
    """How far a follower is."""

    connection_id: str
    name: str
    purpose: str
    enabled: bool
    behind: int
    failures: int
    last_error: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Jobs:
    """What works in the background for an organization."""

    waiting: int
    dead: list[DeadDelivery]
    chores: list[tuple[str, datetime | None, datetime]]  # name, last run, next
    followers: list[FollowerView]


def jobs(actor: Actor) -> Jobs:
    """The outbox, periodic work, and who follows what happens."""
    actor.need("connections.read")
    chores = select(Chore.name, Chore.ran_at, Chore.due_at).order_by(Chore.name)
    return Jobs(
        _waiting(actor),
        _dead(actor),
        [(row.name, row.ran_at, row.due_at) for row in db.session.execute(chores)],
        _followers(actor),
    )


def _waiting(actor: Actor) -> int:
    open_ = Delivery.state.in_(outbox.OPEN)
    count = select(func.count()).where(Delivery.org_id == actor.org_id, open_)
    return db.session.scalar(count) or 0


def _dead(actor: Actor) -> list[DeadDelivery]:
    table = Delivery.__table__.c
    wanted = (
        select(table.id, table.created, table.attempts, table.last_error)
        .where(table.org_id == actor.org_id, table.state == "dead")
        .order_by(table.id.desc())
        .limit(MOST)
    )
    return [DeadDelivery(*row) for row in db.session.execute(wanted)]


def _followers(actor: Actor) -> list[FollowerView]:
    wanted = (
        select(Follower.__table__, Connection.name, AuditHead.seq)
        .join(Connection, Connection.id == Follower.connection_id)
        .join(AuditHead, AuditHead.org_id == Follower.org_id)
        .where(Follower.org_id == actor.org_id)
        .order_by(Connection.name, Follower.purpose)
        .limit(MOST)
    )
    return [_follower(row) for row in db.session.execute(wanted)]


def _follower(row: Any) -> FollowerView:
    return FollowerView(
        row.connection_id,
        row.name,
        row.purpose,
        row.enabled,
        max(0, row.seq - row.position),
        row.failures,
        row.last_error,
        row.due_at,
    )
