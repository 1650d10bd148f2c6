"""The brake: how much a connection may take away within a window, and what it has taken so far.

What counts is *loss*, not churn. What was there before the window counts in full when it goes. Of
what the connection itself made within the window only the net counts: a test that makes and
removes its own things a hundred times over loses nothing, one that makes a hundred things and
then removes them loses a hundred.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from idp.clock import now
from idp.directory.actors import Actor
from idp.directory.connections import Connection
from idp.directory.errors import Invalid, Unavailable, not_found
from idp.directory.groups import Group
from idp.directory.sets import same
from idp.extensions import Model, db

KINDS = ("deactivations", "deletions", "groups", "removals")
LONGEST_HOURS = 168
MOST = 10_000_000
APPROVED, REJECTED = "approved", "rejected"


@dataclass(frozen=True, slots=True)
class Limit:
    """How much of a kind may go: `count`, or `share` percent of all, whichever is more."""

    count: int
    share: int

    def allows(self, total: int) -> int:
        """How many may go of so many."""
        return max(self.count, total * self.share // 100)


@dataclass(frozen=True, slots=True)
class Limits:
    """A connection's limits: one for each kind, within a window of so many hours."""

    kinds: Mapping[str, Limit]
    hours: int

    @property
    def window(self) -> timedelta:
        """How long what has gone is remembered."""
        return timedelta(hours=self.hours)

    def as_settings(self) -> dict[str, Any]:
        """As a connection's settings hold them under "brake"."""
        kinds = {kind: {"count": o.count, "share": o.share} for kind, o in self.kinds.items()}
        return {"hours": self.hours, **kinds}


# Floors that daily life stays below and an accident does not: a bad export, a lost filter.
DEFAULTS = Limits(
    {
        "deactivations": Limit(20, 5),
        "deletions": Limit(20, 5),
        "groups": Limit(20, 5),
        "removals": Limit(50, 20),
    },
    24,
)


def limits_of(settings: Mapping[str, Any]) -> Limits:
    """A connection's limits by its settings; what they do not say is the default."""
    return read_limits(settings.get("brake") or {}, DEFAULTS)


def read_limits(given: Mapping[str, Any], held: Limits) -> Limits:
    """`held` with what is given instead. Raises Invalid."""
    kinds = {
        kind: Limit(
            _whole(given.get(kind), "count", limit.count, MOST),
            _whole(given.get(kind), "share", limit.share, 100),
        )
        for kind, limit in held.kinds.items()
    }
    hours = _whole(given, "hours", held.hours, LONGEST_HOURS)
    if not hours:
        raise Invalid("brake_limit", "The window has at least one hour.", attribute="brake")
    return Limits(kinds, hours)


def _whole(given: Any, name: str, default: int, most: int) -> int:
    value = given.get(name) if isinstance(given, Mapping) else None
    value = default if value is None else value
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise Invalid(
            "brake_limit",
            f"A limit's {name} is a whole number from 0 to {most}.",
            attribute="brake",
        )
    return value


class Brake(Model):
    """What a connection took away within a window: people, groups, or members of one group."""

    __tablename__ = "brakes"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "connection_id"], ["connections.org_id", "connections.id"]),
        Index("ix_brakes_began", "began"),
    )

    connection_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    group_id: Mapped[str] = mapped_column(String(36), primary_key=True)  # "" but for removals
    org_id: Mapped[str] = mapped_column(String(36))
    began: Mapped[datetime]
    settled: Mapped[int]  # of what was there before the window
    level: Mapped[int]  # what was made within the window, less what of it went again
    peak: Mapped[int]  # the highest level
    total: Mapped[int]  # of how many, when that was last asked
    verdict: Mapped[str] = mapped_column(String(8))  # "", "approved", "rejected"
    allowance: Mapped[int]  # how many may go, where an administrator has said so

    @property
    def loss(self) -> int:
        """How much is lost in all."""
        return self.settled + self.peak - self.level


class Quarantine(Model):
    """A connection that was stopped, and what became of it."""

    __tablename__ = "quarantines"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "connection_id"], ["connections.org_id", "connections.id"]),
        Index("ix_quarantines_connection", "connection_id", "since"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    connection_id: Mapped[str] = mapped_column(String(36))
    kind: Mapped[str] = mapped_column(String(16))
    group_id: Mapped[str] = mapped_column(String(36))
    group_name: Mapped[str] = mapped_column(Text)
    since: Mapped[datetime]
    asked: Mapped[int]  # by the refused request alone
    loss: Mapped[int]  # within the window, had it been let through
    allowed: Mapped[int]
    total: Mapped[int]
    hours: Mapped[int]
    request_id: Mapped[str] = mapped_column(String(64))
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(String(256))
    verdict: Mapped[str] = mapped_column(String(8))


@dataclass(frozen=True, slots=True)
class Stop:
    """What would have passed a limit: of which kind, how much, of how many."""

    kind: str
    group_id: str
    group_name: str
    asked: int
    loss: int
    allowed: int
    total: int
    hours: int

    @property
    def sentence(self) -> str:
        """What would have happened, in one sentence without an end."""
        doing, what = _WORDS[self.kind]
        where = f" from the group {self.group_name!r}" if self.kind == "removals" else ""
        return (
            f"this would {doing} {self.loss:,} of {self.total:,} {what}{where} within "
            f"{self.hours} hours; the limit is {self.allowed:,}"
        )


_WORDS = {
    "deactivations": ("deactivate", "people"),
    "deletions": ("delete", "people"),
    "groups": ("delete", "groups"),
    "removals": ("remove", "members"),
}


class BrakeEngaged(Unavailable):
    """A connection would take away more than it may; nothing of it was applied."""

    retry_after = 3600

    def __init__(self, stop: Stop, connection_id: str, *, quarantines: bool) -> None:
        super().__init__(
            "brake_engaged",
            f"Stopped: {stop.sentence}. Nothing of it was applied. "
            + ("An administrator can approve or reject it." if quarantines else _REFUSED),
        )
        self.stop = stop
        self.connection_id = connection_id
        self.quarantines = quarantines


_REFUSED = "An administrator has rejected more of it until the window has passed."


class Quarantined(Unavailable):
    """A connection is stopped: it may read, and change nothing until somebody decides."""

    retry_after = 3600

    def __init__(self, since: str, stop: Stop, connection_id: str) -> None:
        super().__init__(
            "connection_quarantined",
            f"This connection has been stopped since {since}: {stop.sentence}. "
            "Nothing is changed until an administrator approves or rejects that.",
        )
        self.connection_id = connection_id


@dataclass(frozen=True, slots=True)
class CountView:
    """What has gone within the window that is running."""

    kind: str
    group_id: str
    group_name: str
    began: datetime
    loss: int
    verdict: str
    allowance: int


@dataclass(frozen=True, slots=True)
class QuarantineView:
    """A time for which a connection was, or is, stopped."""

    id: str
    since: datetime
    stop: Stop
    request_id: str
    ended_at: datetime | None
    ended_by: str
    verdict: str

    @property
    def suggestion(self) -> int:
        """How many to let go where nobody says: what was asked, and as many as daily life does."""
        return self.stop.asked + self.stop.allowed


@dataclass(frozen=True, slots=True)
class BrakeView:
    """A connection's brake: its limits, what counts now, whether it is stopped, and was."""

    limits: Limits
    counts: tuple[CountView, ...]
    quarantine: QuarantineView | None
    earlier: tuple[QuarantineView, ...]


def brake_of(actor: Actor, connection_id: str, earlier: int = 10) -> BrakeView:
    """The brake of a connection. Raises NotFound."""
    actor.need("connections.read")
    mine = (Connection.org_id == actor.org_id, same(Connection.id, connection_id))
    settings = db.session.scalar(select(Connection.settings).where(*mine))
    if settings is None:
        raise not_found("connection")
    limits = limits_of(settings)
    running = (
        select(Brake, Group.display_name)
        .outerjoin(Group, Group.id == Brake.group_id)
        .where(
            Brake.org_id == actor.org_id,
            Brake.connection_id == connection_id,
            Brake.began > now() - limits.window,
        )
        .order_by(Brake.kind, Group.display_name)
    )
    counts = tuple(_count(*row) for row in db.session.execute(running))
    found = [_quarantine(row) for row in db.session.scalars(_quarantines(actor, connection_id))]
    current = next((one for one in found if one.ended_at is None), None)
    past = [one for one in found if one.ended_at is not None]
    return BrakeView(limits, counts, current, tuple(past[:earlier]))


def _quarantines(actor: Actor, connection_id: str) -> Any:
    mine = select(Quarantine).where(
        Quarantine.org_id == actor.org_id, same(Quarantine.connection_id, connection_id)
    )
    return mine.order_by(Quarantine.since.desc()).limit(50)


def _count(row: Brake, group_name: str | None) -> CountView:
    named = {n: getattr(row, n) for n in CountView.__slots__ if n != "group_name"}
    return CountView(group_name=group_name or "", **named)


def _quarantine(row: Quarantine) -> QuarantineView:
    stop = Stop(**{name: getattr(row, name) for name in Stop.__slots__})
    named = {n: getattr(row, n) for n in QuarantineView.__slots__ if n != "stop"}
    return QuarantineView(stop=stop, **named)


def own_quarantine(actor: Actor) -> QuarantineView | None:
    """Why the acting connection is stopped, if it is."""
    row = db.session.scalar(
        select(Quarantine).where(
            Quarantine.org_id == actor.org_id,
            Quarantine.connection_id == actor.connection_id,
            Quarantine.ended_at.is_(None),
        )
    )
    return _quarantine(row) if row else None
