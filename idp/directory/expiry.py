"""What ends soon: tokens, client secrets and keys of connections, and when to speak of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select

from idp.clock import now
from idp.directory.actors import Actor
from idp.directory.connections import Connection, ConnectionSecret, ConnectionToken
from idp.directory.sets import same
from idp.extensions import db

THRESHOLDS = (60, 30, 14, 7, 1)  # days before an end at which administrators are told, once each


@dataclass(frozen=True, slots=True)
class Ending:
    """Something that ends soon. `kind` is "token", "secret" or "key"."""

    id: str
    org_id: str
    connection_id: str
    connection_name: str
    kind: str
    hint: str
    expires_at: datetime
    warned_days: int | None

    def threshold(self, moment: datetime) -> int | None:
        """The nearest threshold that is reached; None before the first."""
        return _reached(self.expires_at - moment)

    def days_left(self, moment: datetime) -> int:
        """Whole calendar days until the end, as people count them."""
        return (self.expires_at.date() - moment.date()).days


def _reached(left: timedelta) -> int | None:
    return min((days for days in THRESHOLDS if left <= timedelta(days=days)), default=None)


def told_at_birth(expires_at: datetime | None, moment: datetime) -> int | None:
    """What needs no telling of something made now: who makes a token for a week knows it."""
    return None if expires_at is None else _reached(expires_at - moment)


def ending(moment: datetime) -> tuple[Select[Any], Select[Any]]:
    """The statements that find what ends within the first threshold: tokens; secrets and keys."""
    return (
        _ending(ConnectionToken, moment).where(ConnectionToken.kind == "bearer"),
        _ending(ConnectionSecret, moment),
    )


def _ending(model: Any, moment: datetime) -> Select[Any]:
    return (
        select(model, Connection.name)
        .join(Connection, Connection.id == model.connection_id)
        .where(
            Connection.enabled,
            model.revoked_at.is_(None),
            model.expires_at > moment,
            model.expires_at <= moment + timedelta(days=THRESHOLDS[0]),
        )
        .order_by(model.expires_at, model.id)
    )


def endings(rows: Iterable[Any]) -> list[Ending]:
    """Rows of those statements as views."""
    return [
        Ending(
            id=row.id,
            org_id=row.org_id,
            connection_id=row.connection_id,
            connection_name=name,
            kind="token" if isinstance(row, ConnectionToken) else row.kind,
            hint=row.hint,
            expires_at=row.expires_at,
            warned_days=row.warned_days,
        )
        for row, name in rows
    ]


def ending_soon(actor: Actor, connection_id: str | None = None) -> list[Ending]:
    """What ends soon in the actor's organization, or of one connection; the first end first."""
    actor.need("connections.read")
    found: list[Ending] = []
    for statement in ending(now()):
        here = statement.where(Connection.org_id == actor.org_id)
        if connection_id is not None:
            here = here.where(same(Connection.id, connection_id))
        found += endings(db.session.execute(here))
    return sorted(found, key=lambda one: one.expires_at)
