"""Whether what is written down of seats agrees with itself. It is only told, never put right:
whoever repairs in silence hides the fault that made it.

    miscounted   a pool's consumed units are not the number of those who hold its SKU
    over_claimed more is taken than there is, and nobody noted since when (as is noted when a
                 subscription ends or shrinks, which is legal)
    no_pool      a SKU is held of which the organization has nothing
    not_active   somebody holds a SKU who may not sign in
    no_grant     somebody holds a SKU that nothing grants them, and no problem says why
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, exists, func, not_, or_, select

from idp.directory.actors import Actor
from idp.directory.comparisons import Condition
from idp.directory.groups import EffectiveMembership
from idp.directory.users import User
from idp.extensions import db
from idp.licensing.catalogue import SkuView, catalogue
from idp.licensing.seats import EVERYONE, GROUP, PERSON, Grant, Holding, SeatProblem, SeatTurn
from idp.licensing.subscriptions import Pool


@dataclass(frozen=True, slots=True)
class Drift:
    """What does not agree: `stated` and `counted` are units, or 0 and the number of people."""

    code: str
    sku: SkuView
    stated: int
    counted: int


def drift_of(actor: Actor) -> list[Drift]:
    """What does not agree in an organization, by SKU; in five statements."""
    actor.need("licenses.read")
    skus = catalogue().skus
    found = [*_of_pools(actor.org_id), *_of_people(actor.org_id)]
    made = [Drift(code, skus[sku_id], stated, counted) for code, sku_id, stated, counted in found]
    return sorted(made, key=lambda one: (one.sku.part_number, one.code))


Row = tuple[str, str, int, int]


def _of_pools(org_id: str) -> Iterator[Row]:
    here = (
        select(Holding.sku_id, func.count())
        .where(Holding.org_id == org_id)
        .group_by(Holding.sku_id)
    )
    held = {row[0]: int(row[1]) for row in db.session.execute(here)}
    pools = select(
        Pool.sku_id,
        Pool.consumed,
        Pool.enabled + Pool.warning + Pool.suspended,
        Pool.excess_since,
    ).where(Pool.org_id == org_id)
    for sku_id, consumed, units, since in db.session.execute(pools):
        counted = held.pop(sku_id, 0)
        if consumed != counted:
            yield "miscounted", sku_id, consumed, counted
        if counted > units and since is None:
            yield "over_claimed", sku_id, units, counted
    for sku_id, counted in held.items():
        yield "no_pool", sku_id, 0, counted


def _of_people(org_id: str) -> Iterator[Row]:
    shut_out = or_(
        User.active.is_(False), User.blocked_at.is_not(None), User.deleted_at.is_not(None)
    )
    people = _held(org_id).join(User, User.id == Holding.user_id).where(shut_out)
    for sku_id, counted in db.session.execute(people.group_by(Holding.sku_id)):
        yield "not_active", sku_id, 0, counted
    unfounded = _held(org_id).where(not_(_granted()), not_(_explained()), not_(_about_to_be()))
    for sku_id, counted in db.session.execute(unfounded.group_by(Holding.sku_id)):
        yield "no_grant", sku_id, 0, counted


def _held(org_id: str) -> Any:
    return select(Holding.sku_id, func.count()).where(Holding.org_id == org_id)


def _granted() -> Condition:
    """Something grants this SKU to this person."""
    belongs = EffectiveMembership.user_id == Holding.user_id
    inside = select(EffectiveMembership.group_id).where(belongs).correlate(Holding)
    mine = or_(
        Grant.kind == EVERYONE,
        and_(Grant.kind == PERSON, Grant.user_id == Holding.user_id),
        and_(Grant.kind == GROUP, Grant.group_id.in_(inside)),
    )
    return exists().where(Grant.org_id == Holding.org_id, Grant.sku_id == Holding.sku_id, mine)


def _explained() -> Condition:
    """It stays because something else needs it."""
    return exists().where(
        SeatProblem.user_id == Holding.user_id, SeatProblem.sku_id == Holding.sku_id
    )


def _about_to_be() -> Condition:
    """A turn is owed that looks at everybody whom the SKU concerns."""
    return exists().where(SeatTurn.org_id == Holding.org_id, SeatTurn.sku_id == Holding.sku_id)
