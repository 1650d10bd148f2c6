"""The products that people hold: what an organization has of each, who has it, who waits.

One statement for each of these, however many people hold something.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select

from idp.directory.actors import Actor
from idp.extensions import db
from idp.licensing.catalogue import SkuView, catalogue
from idp.licensing.decision import COUNT
from idp.licensing.pools_now import pools_now
from idp.licensing.reach import covered
from idp.licensing.seats import Grant, Holding, SeatProblem, SeatTurn
from idp.licensing.subscribed import EXCESS_DAYS

Counts = Mapping[str, int]
_NO_POOL = {"enabled": 0, "warning": 0, "suspended": 0, "consumed": 0, "excess_since": None}


@dataclass(frozen=True, slots=True)
class ProductView:
    """A SKU in an organization. Units are everybody's; people are those whom the actor sees.

    `taken` are the units in use; `assigned` the people seen who use one; `working` says that seats
    of many are being given at this moment. `excess_since`: more are taken than there are.
    """

    sku: SkuView
    enabled: int
    warning: int
    suspended: int
    taken: int
    assigned: int
    waiting: int
    errors: int
    excess_since: datetime | None
    working: bool

    @property
    def units(self) -> int:
        """How many can be held."""
        return self.enabled + self.warning

    @property
    def left(self) -> int:
        """How many nobody has."""
        return max(0, self.units - self.taken)

    @property
    def excess_until(self) -> datetime | None:
        """The day by which it should be settled that more are held than there are."""
        return self.excess_since + EXCESS_DAYS if self.excess and self.excess_since else None

    @property
    def excess(self) -> int:
        """How many more are held than there are, those counted that are suspended."""
        return max(0, self.taken - self.units - self.suspended)


def products(actor: Actor) -> list[ProductView]:
    """What the organization has, or grants, of each product that people hold, by name."""
    actor.need("licenses.read")
    known = catalogue()
    pools = pools_now(actor.org_id)
    counts = _assigned(actor, pools), *_problems(actor)
    working = _working(actor.org_id)
    there = _granted(actor.org_id).union(pools, *counts)
    views = [
        _view(known.skus[sku], pools.get(sku, _NO_POOL), counts, working)
        for sku in there
        if known.skus[sku].assignable
    ]
    return sorted(views, key=lambda view: (view.sku.name, view.sku.id))


def product(actor: Actor, sku: SkuView) -> ProductView:
    """One of them, also where the organization has nothing of it."""
    found = (view for view in products(actor) if view.sku.id == sku.id)
    return next(found, None) or _view(sku, _NO_POOL, ({}, {}, {}), set())


def _view(
    sku: SkuView, pool: Mapping[str, Any], counts: tuple[Counts, ...], working: set[str]
) -> ProductView:
    assigned, waiting, errors = (one.get(sku.id, 0) for one in counts)
    return ProductView(
        sku=sku,
        enabled=pool["enabled"],
        warning=pool["warning"],
        suspended=pool["suspended"],
        taken=pool["consumed"],
        assigned=assigned,
        waiting=waiting,
        errors=errors,
        excess_since=pool["excess_since"],
        working=sku.id in working,
    )


def _assigned(actor: Actor, pools: Mapping[str, Mapping[str, Any]]) -> Counts:
    """People with a seat: as many as units are taken, but for who sees only some people."""
    if not actor.scope_of("licenses.read"):
        return {sku: pool["consumed"] for sku, pool in pools.items()}
    seen = Holding.org_id == actor.org_id, covered(actor, Holding.user_id)
    counted = select(Holding.sku_id, func.count().label("seats")).where(*seen)
    return {row.sku_id: row.seats for row in db.session.execute(counted.group_by(Holding.sku_id))}


def _problems(actor: Actor) -> tuple[Counts, Counts]:
    """({SKU: who waits for a unit}, {SKU: who has another problem})."""
    short = func.sum(case((SeatProblem.code == COUNT, 1), else_=0))
    rows = db.session.execute(
        select(SeatProblem.sku_id, short, func.count())
        .where(SeatProblem.org_id == actor.org_id, covered(actor, SeatProblem.user_id))
        .group_by(SeatProblem.sku_id)
    ).all()
    waiting = {sku: count for sku, count, _ in rows}
    return waiting, {sku: total - count for sku, count, total in rows}


def _granted(org_id: str) -> set[str]:
    return set(db.session.scalars(select(Grant.sku_id).where(Grant.org_id == org_id).distinct()))


def _working(org_id: str) -> set[str]:
    owed = select(SeatTurn.sku_id).where(SeatTurn.org_id == org_id).distinct()
    return set(db.session.scalars(owed))
