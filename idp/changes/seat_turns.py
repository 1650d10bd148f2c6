"""Turns: seats of many, some hundred people at a time, so that no batch holds a pool for long.

A turn is leased, goes on from where the last part ended, and looks at everybody whom its SKU may
concern. Looking twice does no harm, so a worker that dies loses nothing and repeats one part.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, union, update

from idp.changes.apply import apply
from idp.changes.intents import ReprocessLicenses
from idp.clock import now
from idp.directory.actors import system_actor
from idp.directory.groups import EffectiveMembership
from idp.directory.users import User
from idp.extensions import db, writing
from idp.licensing.decision import COUNT
from idp.licensing.seats import EVERYONE, GROUP, PERSON, Grant, Holding, SeatProblem, SeatTurn

PART = 150  # people in one batch
LEASE = timedelta(minutes=2)
WORKER = "Licences"

Row = dict[str, Any]


def owed() -> bool:
    """Whether a turn is due: a cheap look before a lock is taken."""
    db.session.rollback()  # look at the present, not at an old snapshot
    return db.session.execute(_due().limit(1)).first() is not None


def claim() -> Row | None:
    """Lease the turn that has waited longest; two workers never get the same."""
    with writing() as session:
        wanted = _due().order_by(SeatTurn.id).limit(1)
        row = session.execute(wanted.with_for_update(skip_locked=True)).mappings().first()
        if row is None:
            return None
        lease = {"leased_until": now() + LEASE, "failures": row["failures"] + 1}
        session.execute(update(SeatTurn).where(SeatTurn.id == row["id"]).values(lease))
        return dict(row)


def take(row: Row) -> int:
    """Do the next part of a turn; returns how many people it looked at."""
    people = _people(row)
    if people:
        by = system_actor(row["org_id"], "worker", WORKER)
        apply(ReprocessLicenses(people), by=by)
    _settle(row, people)
    return len(people)


def _due() -> Any:
    moment = now()
    return select(SeatTurn.__table__).where(
        SeatTurn.leased_until.is_(None) | (SeatTurn.leased_until <= moment)
    )


def _people(row: Row) -> Sequence[str]:
    if row["kind"] == "waiting":
        return _waiting(row)
    org_id, sku_id, after = row["org_id"], row["sku_id"], row["after"]
    granted = Grant.org_id == org_id, Grant.sku_id == sku_id
    parts = [
        select(Holding.user_id.label("id")).where(
            Holding.org_id == org_id, Holding.sku_id == sku_id, Holding.user_id > after
        ),
        select(SeatProblem.user_id.label("id")).where(
            SeatProblem.org_id == org_id, SeatProblem.sku_id == sku_id, SeatProblem.user_id > after
        ),
        select(Grant.user_id.label("id")).where(
            *granted, Grant.kind == PERSON, Grant.user_id > after
        ),
        select(EffectiveMembership.user_id.label("id")).where(
            EffectiveMembership.user_id > after,
            EffectiveMembership.group_id.in_(
                select(Grant.group_id).where(*granted, Grant.kind == GROUP)
            ),
        ),
    ]
    if _for_everyone(org_id, sku_id):
        everybody = User.org_id == org_id, User.id > after, User.deleted_at.is_(None)
        parts = [select(User.id.label("id")).where(*everybody)]
    # Distinct before the limit: who is in two of the groups must not make a part seem the last.
    each = [part.distinct().order_by("id").limit(PART).subquery() for part in parts]
    found = union(*(select(one.c.id) for one in each)).subquery()
    return list(db.session.scalars(select(found.c.id).order_by(found.c.id).limit(PART)))


def _for_everyone(org_id: str, sku_id: str) -> bool:
    here = select(Grant.id).where(
        Grant.org_id == org_id, Grant.sku_id == sku_id, Grant.kind == EVERYONE
    )
    return db.session.scalar(here) is not None


def _waiting(row: Row) -> Sequence[str]:
    """The next who have waited longest."""
    here = select(SeatProblem.user_id).where(
        SeatProblem.org_id == row["org_id"],
        SeatProblem.sku_id == row["sku_id"],
        SeatProblem.code == COUNT,
    )
    ordered = here.order_by(SeatProblem.since, SeatProblem.place)
    return list(db.session.scalars(ordered.limit(PART)))


def _settle(row: Row, people: Sequence[str]) -> None:
    """Go on from here, or end: after the last part, or where those who wait get nothing more."""
    ours = SeatTurn.id == row["id"]
    over = len(people) < PART or (row["kind"] == "waiting" and _waiting(row) == people)
    with writing() as session:
        if over:
            session.execute(delete(SeatTurn).where(ours))
            return
        place = {"after": people[-1], "leased_until": None, "failures": 0}
        session.execute(update(SeatTurn).where(ours).values(place))
