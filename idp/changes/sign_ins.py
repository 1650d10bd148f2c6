"""Sign-ins: every time somebody came in, or was refused, here or at an application.

What succeeds is written by the write path, with the session that it begins; a wrong password is a
record of its own. A day that is over is counted once (`count`), so that a month is thirty sums and
one day's rows, however many sign in.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from idp.changes.batch import Batch
from idp.changes.ledger import Throttle
from idp.clock import new_id, now
from idp.directory.actors import Actor
from idp.directory.domains import Domain
from idp.directory.sets import same, storable
from idp.directory.views import Page
from idp.extensions import Base, Model, db, writing

SUCCESS, REFUSED = "success", "refused"
KEPT = timedelta(days=180)
DAYS = 30  # on the chart


class SignInEvent(Model):
    """One sign-in. `method` is "password", "link" or "application"; `reason` a code."""

    __tablename__ = "sign_ins"
    __table_args__ = (
        ForeignKeyConstraint(["org_id"], ["organizations.id"]),
        Index("ix_sign_ins_org", "org_id", "id"),
        Index("ix_sign_ins_user", "user_id", "id"),
        Index("ix_sign_ins_day", "org_id", "day", "result"),
        Index("ix_sign_ins_at", "at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    user_id: Mapped[str] = mapped_column(String(36))  # "" where nobody has the name
    user_name: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    day: Mapped[str] = mapped_column(String(10))  # of UTC
    method: Mapped[str] = mapped_column(String(16))
    partner: Mapped[str] = mapped_column(Text)
    result: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(Text)
    ip: Mapped[str] = mapped_column(String(64))


class SignInDay(Model):
    """How many came in, and were refused, on a day that is over."""

    __tablename__ = "sign_in_days"
    __table_args__ = (ForeignKeyConstraint(["org_id"], ["organizations.id"]),)

    org_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    result: Mapped[str] = mapped_column(String(8), primary_key=True)
    count: Mapped[int]


_DAYS = Base.metadata.tables[SignInDay.__tablename__]


def row(org_id: str, user: tuple[str, str], moment: datetime, **said: str) -> dict[str, Any]:
    """A sign-in of somebody: (id, name); `said` tells method, partner, result, reason, ip."""
    key = {"id": new_id(), "org_id": org_id, "user_id": user[0], "user_name": user[1]}
    when = {"at": moment, "day": moment.date().isoformat()}
    nothing = {"method": "", "partner": "", "result": SUCCESS, "reason": "", "ip": ""}
    return key | when | nothing | said


def record(batch: Batch, user: tuple[str, str], **said: str) -> None:
    """Keep a sign-in with the change that it is part of."""
    batch.insert(SignInEvent, row(batch.org_id, user, batch.now, **said))


def refuse(found: Any, typed: str, domain: str, *, ip: str, throttle_key: str) -> None:
    """Keep that a password was wrong, for `found` or for a name that nobody has.

    A name that nobody has is kept only where its domain is an organization's: what was typed may
    be a password. Whoever it was, as much is read and written: the time tells nothing.
    """
    owner = select(Domain.org_id).where(same(Domain.name, domain), Domain.verified_at.is_not(None))
    with writing() as session:
        org_id = session.scalar(owner)
        org_id = found.org_id if found else org_id
        user = (found.id, found.user_name) if found else ("", typed[:256])
        if org_id:
            said = {"method": "password", "result": REFUSED, "ip": ip[:64]}
            reason = "password_wrong" if found else "name_unknown"
            session.execute(insert(SignInEvent), row(org_id, user, now(), reason=reason, **said))
        else:
            same_again = update(Throttle).where(Throttle.key == throttle_key)
            session.execute(same_again.values(last=now()))


@dataclass(frozen=True, slots=True)
class SignInView:
    """A sign-in as it is listed."""

    id: str
    at: datetime
    user_id: str
    user_name: str
    method: str
    partner: str
    result: str
    reason: str
    ip: str


def page(  # what a list asks for
    actor: Actor,
    *,
    user: str = "",
    result: str = "",
    method: str = "",
    cursor: str | None = None,
    oldest_first: bool = False,
    limit: int = 50,
) -> Page[SignInView]:
    """Sign-ins from a cursor, newest first; without `signins.read` one's own."""
    table = SignInEvent.__table__.c
    wanted = select(*(table[name] for name in SignInView.__slots__))
    wanted = wanted.where(table.org_id == actor.org_id)
    if not actor.can("signins.read"):
        user = actor.id
    if user:
        wanted = wanted.where(same(table.user_id, user))
    if result:
        wanted = wanted.where(same(table.result, result))
    if method:
        wanted = wanted.where(same(table.method, method))
    if cursor and storable(cursor):
        wanted = wanted.where(table.id > cursor if oldest_first else table.id < cursor)
    ordered = wanted.order_by(table.id if oldest_first else table.id.desc())
    rows = db.session.execute(ordered.limit(limit + 1)).all()
    views = [SignInView(*one) for one in rows[:limit]]
    return Page(views, views[-1].id if len(rows) > limit else None)


def per_day(actor: Actor, days: int = DAYS) -> list[tuple[date, int, int]]:
    """(day, came in, refused) for the last days, today the last, in UTC."""
    actor.need("signins.read")
    today = now().date()
    first = today - timedelta(days=days - 1)
    counted = _counts(actor.org_id, first.isoformat())
    listed = (first + timedelta(days=place) for place in range(days))
    return [
        (
            day,
            counted.get((day.isoformat(), SUCCESS), 0),
            counted.get((day.isoformat(), REFUSED), 0),
        )
        for day in listed
    ]


def _counts(org_id: str, first: str) -> dict[tuple[str, str], int]:
    """What is counted already, and what has to be counted now."""
    over = select(SignInDay.day, SignInDay.result, SignInDay.count).where(
        SignInDay.org_id == org_id, SignInDay.day >= first
    )
    found = {(one.day, one.result): int(one[2]) for one in db.session.execute(over)}
    last = db.session.scalar(select(func.max(SignInDay.day))) or ""
    table = SignInEvent.__table__.c
    open_days = (
        select(table.day, table.result, func.count())
        .where(table.org_id == org_id, table.day >= first, table.day > last)
        .group_by(table.day, table.result)
    )
    return found | {(one.day, one.result): int(one[2]) for one in db.session.execute(open_days)}


def count() -> int:
    """Count the days that are over and were not counted; returns how many rows that gave."""
    table = SignInEvent.__table__.c
    last = select(func.coalesce(func.max(SignInDay.day), "")).scalar_subquery()
    over = (
        select(table.org_id, table.day, table.result, func.count())
        .where(table.day < bindparam("today"), table.day > last)
        .group_by(table.org_id, table.day, table.result)
    )
    made = insert(_DAYS).from_select(["org_id", "day", "result", "count"], over)
    made = made.execution_options(preserve_rowcount=True)
    with writing() as session:
        done = session.execute(made, {"today": now().date().isoformat()})
        return int(done.rowcount)  # type: ignore[attr-defined]


def sweep() -> int:
    """Forget sign-ins after half a year; the audit keeps what it keeps."""
    old = delete(SignInEvent).where(SignInEvent.at < now() - KEPT)
    with writing() as session:
        return int(session.execute(old).rowcount)  # type: ignore[attr-defined]
