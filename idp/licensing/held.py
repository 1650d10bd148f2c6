"""What people hold, why, and why not: for one person with its sources, or for many at once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from idp.directory.actors import Actor
from idp.directory.sets import any_of
from idp.extensions import db
from idp.licensing.catalogue import SkuView, catalogue
from idp.licensing.decision import Problem
from idp.licensing.pools_now import pools_now
from idp.licensing.reach import find_covered
from idp.licensing.seats import Holding, SeatProblem
from idp.licensing.sources import Source, sources_of


@dataclass(frozen=True, slots=True)
class LicenseView:
    """How a person stands with a SKU.

    `held_since` None: granted, but not held; then `problem` says why, or a turn is about to come.
    `access`: whether the subscription's state lets people use it now.
    """

    sku: SkuView
    held_since: datetime | None
    plans_off: frozenset[str]
    access: bool
    sources: tuple[Source, ...]
    problem: Problem | None

    @property
    def plans(self) -> tuple[str, ...]:
        """The names of the plans that can be used."""
        return tuple(sorted(self.sku.plans_but(self.plans_off))) if self.access else ()


def licenses_of(actor: Actor, user_id: str) -> list[LicenseView]:
    """What is granted to, or held by, somebody within the actor's reach, by the SKU's name.

    Raises NotFound beyond it. Oneself may always be asked about; others need licenses.read.
    """
    find_covered(actor, user_id)
    held = _held(user_id)
    sources = {sku: found for (_, sku), found in sources_of(actor.org_id, [user_id]).items()}
    problems = _problems(user_id)
    usable = usable_skus(actor.org_id)
    skus = catalogue().skus
    views = [
        LicenseView(
            skus[sku],
            held[sku][0] if sku in held else None,
            held[sku][1] if sku in held else frozenset(),
            sku in held and sku in usable,
            tuple(sources.get(sku, ())),
            problems.get(sku),
        )
        for sku in held.keys() | sources.keys() | problems.keys()
    ]
    return sorted(views, key=lambda view: (view.sku.name, view.sku.id))


def usable_skus(org_id: str) -> set[str]:
    """The SKUs whose units are enabled or in grace; of others nobody has anything."""
    pools = pools_now(org_id)
    return {sku for sku, pool in pools.items() if pool["enabled"] + pool["warning"] > 0}


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What somebody may use now: a SKU and the names of the plans that are on."""

    sku: SkuView
    plans: tuple[str, ...]


def entitlements_of(org_id: str, user_ids: Collection[str]) -> Mapping[str, list[Entitlement]]:
    """What these people may use now, for claims and provisioning; in two statements."""
    usable = usable_skus(org_id)
    skus = catalogue().skus
    here = select(Holding.user_id, Holding.sku_id, Holding.plans_off).where(
        Holding.org_id == org_id, any_of(db.session(), Holding.user_id, user_ids)
    )
    found: dict[str, list[Entitlement]] = {}
    for row in db.session.execute(here):
        if row.sku_id in usable:
            sku = skus[row.sku_id]
            plans = tuple(sorted(sku.plans_but(frozenset(row.plans_off))))
            found.setdefault(row.user_id, []).append(Entitlement(sku, plans))
    for held in found.values():
        held.sort(key=lambda one: one.sku.part_number)
    return found


def _held(user_id: str) -> dict[str, tuple[datetime, frozenset[str]]]:
    rows = db.session.execute(select(Holding.__table__).where(Holding.user_id == user_id))
    return {row.sku_id: (row.since, frozenset(row.plans_off)) for row in rows}


def _problems(user_id: str) -> dict[str, Problem]:
    rows = db.session.execute(select(SeatProblem.__table__).where(SeatProblem.user_id == user_id))
    return {row.sku_id: Problem(row.code, row.detail) for row in rows}
