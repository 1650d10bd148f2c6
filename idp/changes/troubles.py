"""What does not work, as cases: stopped systems, applications out of reach, mails given up."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from idp.changes.followers import Follower
from idp.changes.notices import Case
from idp.changes.outbox import Delivery
from idp.directory.connections import Connection
from idp.directory.targets import Target

FAILURES = 3  # in a row, before a hiccup is a trouble


def stopped_systems(session: Session, _moment: datetime) -> Iterator[Case]:
    """Systems that their brake has stopped."""
    table = Connection.__table__.c
    stopped = select(table.id, table.org_id, table.name).where(table.quarantined_at.is_not(None))
    for row in session.execute(stopped):
        yield Case(row.org_id, row.id, {"name": row.name}, {"connection_id": row.id})


def waiting_targets(session: Session, _moment: datetime) -> Iterator[Case]:
    """Applications where a mass removal waits for approval."""
    table = Target.__table__.c
    wanted = select(table.org_id, table.connection_id, table.brake, Connection.name).join(
        Connection, Connection.id == table.connection_id
    )
    for row in session.execute(wanted):
        if row.brake:
            args = {"name": row.name, "count": int(row.brake.get("count", 0))}
            yield Case(row.org_id, row.connection_id, args, {"target_id": row.connection_id})


def failing_targets(session: Session, _moment: datetime) -> Iterator[Case]:
    """Applications that we provision, and that do not answer."""
    for row in session.execute(_failing("outbound")):
        args = {"name": row.name, "error": row.last_error}
        yield Case(row.org_id, row.connection_id, args, {"target_id": row.connection_id})


def failing_streams(session: Session, _moment: datetime) -> Iterator[Case]:
    """Event streams whose receiver does not take what is sent."""
    for row in session.execute(_failing("events")):
        args = {"name": row.name, "error": row.last_error}
        yield Case(row.org_id, row.connection_id, args, {"connection_id": row.connection_id})


def _failing(purpose: str) -> Select[Any]:
    table = Follower.__table__.c
    return (
        select(table.org_id, table.connection_id, table.last_error, Connection.name)
        .join(Connection, Connection.id == table.connection_id)
        .where(table.purpose == purpose, table.enabled, table.failures >= FAILURES)
    )


def dead_deliveries(session: Session, _moment: datetime) -> Iterator[Case]:
    """How many mails of each organization were given up."""
    table = Delivery.__table__.c
    dead = select(table.org_id, func.count().label("count")).where(table.state == "dead")
    for row in session.execute(dead.group_by(table.org_id)):
        yield Case(row.org_id, "mail", {"count": int(row[1])})
