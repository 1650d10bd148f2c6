"""The units of a SKU: counted from its subscriptions, claimed and released under the row's lock.

Claiming is one guarded UPDATE: two that ask for the last unit cannot both have it. A pool that is
due, because a subscription has changed its state since it was written down, is brought up to date
first, so that a nightly run that was missed gives nobody a unit that is none.
"""

from typing import Any

from sqlalchemy import BindParameter, bindparam, case, insert, or_, select, update

from idp.changes.batch import Batch, Row
from idp.licensing.catalogue import catalogue_of
from idp.licensing.lifecycle import COUNTS_AS, phase_at, terms_of
from idp.licensing.subscriptions import Pool, Subscription

_POOL: Any = Pool.__table__
_HERE: BindParameter[str] = bindparam("org")
_SKU: BindParameter[str] = bindparam("sku")
_COUNT: BindParameter[int] = bindparam("count")
_THIS = (_POOL.c.org_id == bindparam("key_org"), _POOL.c.sku_id == bindparam("key_sku"))
_UNITS = _POOL.c.enabled + _POOL.c.warning
_EVER = _UNITS + _POOL.c.suspended  # who holds a suspended unit holds no unit too many

_CLAIM = (
    update(_POOL)
    .where(
        *_THIS,
        _POOL.c.consumed + _COUNT <= _UNITS,
        or_(_POOL.c.next_at.is_(None), _POOL.c.next_at > bindparam("moment")),
    )
    .values(consumed=_POOL.c.consumed + _COUNT)
)
_RELEASE = (
    update(_POOL)
    .where(*_THIS)
    .values(
        consumed=_POOL.c.consumed - _COUNT,
        excess_since=case((_POOL.c.consumed - _COUNT > _EVER, _POOL.c.excess_since), else_=None),
    )
    .returning(_UNITS - _POOL.c.consumed)
)
_LOCKED = select(_POOL).where(_POOL.c.org_id == _HERE, _POOL.c.sku_id == _SKU).with_for_update()
_NEW = insert(_POOL)
_SUBSCRIPTIONS = select(Subscription.__table__).where(
    Subscription.org_id == _HERE, Subscription.sku_id == _SKU
)
_SET: dict[str, Any] = {
    name: bindparam(name)
    for name in ("enabled", "warning", "suspended", "next_at", "excess_since", "consumed")
}
_SETTING = update(_POOL).where(*_THIS).values(_SET)


def claim(batch: Batch, sku_id: str, count: int) -> int:
    """Take up to `count` units; returns how many there were. The row stays locked until the end."""
    given = {"key_org": batch.org_id, "key_sku": sku_id, "count": count, "moment": batch.now}
    if batch.connection.execute(_CLAIM, given).rowcount:
        batch.claimed[sku_id] += count
        return count
    pool = _held(batch, sku_id)
    if pool is None:
        return 0
    if pool["next_at"] is None or pool["next_at"] > batch.now:
        batch.pools_due.add(sku_id)  # it may have gained units: others wait for them too
    got = max(0, min(count, free(pool)))
    batch.claimed[sku_id] += got
    pool["consumed"] += got
    _keep(batch, pool)
    return got


def release(batch: Batch, sku_id: str, count: int) -> int:
    """Give units back; returns how many are free now (negative: over-allocated)."""
    given = {"key_org": batch.org_id, "key_sku": sku_id, "count": count}
    batch.claimed[sku_id] -= count
    return batch.connection.execute(_RELEASE, given).scalar() or 0


def left(batch: Batch, sku_id: str) -> int:
    """How many units are free now; for a pool whose row this batch has locked."""
    found = batch.ask(_LOCKED, sku=sku_id)
    return free(found[0]) if found else 0


def free(pool: Row) -> int:
    """Units that nobody has taken; negative where more are taken than there are."""
    return int(pool["enabled"] + pool["warning"] - pool["consumed"])


def follow_subscriptions(batch: Batch, sku_id: str) -> int:
    """Bring a pool up to date with its subscriptions; returns how many units are free now."""
    pool = _held(batch, sku_id, anew=True)
    if pool is None:
        pool = {"org_id": batch.org_id, "sku_id": sku_id, "consumed": 0, "excess_since": None}
        pool |= _units(batch, sku_id)
        batch.connection.execute(_NEW, pool)  # now: seats are claimed from it in this batch
        return free(pool)
    _keep(batch, pool)
    return free(pool)


def _held(batch: Batch, sku_id: str, *, anew: bool = False) -> Row | None:
    """A pool, locked and as it is now."""
    found = batch.ask(_LOCKED, sku=sku_id)
    if not found:
        return None
    pool = found[0]
    if anew or (pool["next_at"] is not None and pool["next_at"] <= batch.now):
        pool |= _units(batch, sku_id)
    return pool


def _keep(batch: Batch, pool: Row) -> None:
    over = pool["consumed"] > 0 and free(pool) + pool["suspended"] < 0
    pool["excess_since"] = (pool["excess_since"] or batch.now) if over else None
    given = dict(pool) | {"key_org": pool["org_id"], "key_sku": pool["sku_id"]}
    batch.connection.execute(_SETTING, given)


def _units(batch: Batch, sku_id: str) -> Row:
    """What the subscriptions give now, those in hand as they will be."""
    rows = {row["id"]: row for row in batch.ask(_SUBSCRIPTIONS, sku=sku_id)}
    rows |= {
        key: held.row
        for key, held in batch.subscriptions.items()
        if held.row is not None and held.row["sku_id"] == sku_id
    }
    units: Row = {"enabled": 0, "warning": 0, "suspended": 0, "next_at": None}
    offers = catalogue_of(batch.catalogue_version).offers
    for row in rows.values():
        phase = phase_at(terms_of(row, offers[row["offer_id"]]), batch.now)
        if phase.state in COUNTS_AS:
            units[COUNTS_AS[phase.state]] += row["quantity"]
        if phase.until is not None:
            units["next_at"] = min(units["next_at"] or phase.until, phase.until)
    return units
