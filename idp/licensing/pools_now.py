"""The pools of an organization as they are now, whatever was last written down of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from idp.clock import now
from idp.extensions import db
from idp.licensing.catalogue import catalogue
from idp.licensing.lifecycle import COUNTS_AS, phase_at, terms_of
from idp.licensing.subscriptions import Pool, Subscription


def pools_now(org_id: str) -> dict[str, dict[str, Any]]:
    """{SKU: the pool's row}, each as its subscriptions say now; they are read if one is due."""
    rows = db.session.execute(select(Pool.__table__).where(Pool.org_id == org_id)).mappings()
    pools = {row["sku_id"]: dict(row) for row in rows}
    moment = now()
    if any(pool["next_at"] is not None and pool["next_at"] <= moment for pool in pools.values()):
        units = _units_at(moment, org_id)
        pools = {sku: pool | units.get(sku, {}) for sku, pool in pools.items()}
    return pools


def _units_at(moment: datetime, org_id: str) -> dict[str, dict[str, int]]:
    offers = catalogue().offers
    rows = db.session.execute(select(Subscription.__table__).where(Subscription.org_id == org_id))
    units: dict[str, dict[str, int]] = {}
    for row in rows.mappings():
        own = units.setdefault(row["sku_id"], dict.fromkeys(COUNTS_AS.values(), 0))
        state = phase_at(terms_of(dict(row), offers[row["offer_id"]]), moment).state
        if state in COUNTS_AS:
            own[COUNTS_AS[state]] += row["quantity"]
    return units
