"""Seats of many are given in turns by the worker: how far that is."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, case, func, select, union

from idp.directory.actors import Actor
from idp.directory.groups import EffectiveMembership
from idp.directory.users import User
from idp.extensions import db
from idp.licensing.catalogue import SkuView
from idp.licensing.seats import EVERYONE, GROUP, PERSON, Grant, Holding, SeatProblem, SeatTurn


@dataclass(frozen=True, slots=True)
class Progress:
    """So many of so many people have been looked at."""

    done: int
    total: int


def progress(actor: Actor, sku: SkuView) -> Progress | None:
    """How far the turns of a product are, by the one that is least far; None where none is owed.

    What is counted are all whom the product concerns, for that is whom a turn walks through.
    Raises Forbidden.
    """
    actor.need("licenses.read")
    turns = select(func.count(), func.min(SeatTurn.after)).where(
        SeatTurn.org_id == actor.org_id, SeatTurn.sku_id == sku.id, SeatTurn.kind == "everybody"
    )
    owed, after = db.session.execute(turns).one()
    if not owed:
        return None
    people = _concerned(actor.org_id, sku.id).subquery()
    passed = func.coalesce(func.sum(case((people.c.id <= after, 1), else_=0)), 0)
    done, total = db.session.execute(select(passed, func.count()).select_from(people)).one()
    return Progress(done, total)


def _concerned(org_id: str, sku_id: str) -> Select[Any]:
    """The ids of everybody who holds, misses or is granted a product."""
    granted = Grant.org_id == org_id, Grant.sku_id == sku_id
    groups = select(Grant.group_id).where(*granted, Grant.kind == GROUP)
    everyone = select(Grant.id).where(*granted, Grant.kind == EVERYONE).exists()
    held, missed = (
        select(table.user_id.label("id")).where(table.org_id == org_id, table.sku_id == sku_id)
        for table in (Holding, SeatProblem)
    )
    found = union(
        held,
        missed,
        select(Grant.user_id.label("id")).where(*granted, Grant.kind == PERSON),
        select(EffectiveMembership.user_id).where(EffectiveMembership.group_id.in_(groups)),
        select(User.id).where(User.org_id == org_id, User.deleted_at.is_(None), everyone),
    ).subquery()
    return select(found.c.id)
