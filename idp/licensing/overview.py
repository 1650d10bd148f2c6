"""Services at a glance: units, what is used and left of them, when it ends; and over time."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, tuple_

from idp.clock import now
from idp.directory.actors import Actor
from idp.directory.sets import any_of
from idp.extensions import db
from idp.licensing.billing import UsageSample
from idp.licensing.catalogue import QUOTA, TRIAL, OfferView, ServiceView, SkuView, catalogue
from idp.licensing.lifecycle import ACTIVE, DISABLED, EXPIRED, PENDING, TRIAL_STATE
from idp.licensing.subscribed import (
    EXCESS_DAYS,
    OfferTerms,
    SubscriptionView,
    living_subscriptions,
    offer_terms,
)
from idp.licensing.subscriptions import Pool, Subscription

SOON = timedelta(days=60)
# The state that speaks for several: what people can use comes first.
_STANDING = (ACTIVE, TRIAL_STATE, EXPIRED, DISABLED, PENDING)


@dataclass(frozen=True, slots=True)
class PoolView:
    """The units of a SKU: `total` can be used now; `suspended` belong to what is disabled.

    `used` of a quota is the last sample, from `used_at`; None: nobody has told yet. More used
    than there are: `excess_until` is the day by which it should be settled.
    """

    sku: SkuView
    total: int
    suspended: int
    used: int | None
    used_at: datetime | None
    excess_until: datetime | None

    @property
    def left(self) -> int | None:
        """What is left; negative where more is used than there is."""
        return None if self.used is None else self.total - self.used


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A service with all its SKUs. `state` is that of what people can use, if anything.

    `nearest` is the subscription of which the next date counts; `soon`: it ends within 60 days and
    does not renew. `excess` is a SKU of which more is used than there is.
    """

    service: ServiceView
    pools: tuple[PoolView, ...]
    subscriptions: tuple[SubscriptionView, ...]
    total: int
    used: int | None
    state: str
    nearest: SubscriptionView | None
    soon: bool
    excess: PoolView | None

    @property
    def left(self) -> int | None:
        """What is left; negative where more is used than there is."""
        return None if self.used is None else self.total - self.used


def services(actor: Actor) -> list[ServiceRow]:
    """The services that the organization is subscribed to, by name; in five statements."""
    subscribed: dict[str, list[SubscriptionView]] = {}
    for one in living_subscriptions(actor):
        subscribed.setdefault(one.sku.service.id, []).append(one)
    units: dict[str, list[PoolView]] = {}
    for pool in pools(actor):
        units.setdefault(pool.sku.service.id, []).append(pool)
    rows = [
        _row(those[0].sku.service, units.get(service_id, []), those)
        for service_id, those in subscribed.items()
    ]
    return sorted(rows, key=lambda row: (row.service.name, row.service.id))


def _row(service: ServiceView, units: list[PoolView], those: list[SubscriptionView]) -> ServiceRow:
    state = next(s for s in _STANDING if any(one.state == s for one in those))
    nearest = _nearest(those)
    told = [pool.used for pool in units if pool.used is not None]
    over = [pool for pool in units if pool.excess_until is not None]
    return ServiceRow(
        service,
        tuple(units),
        tuple(those),
        sum(pool.total for pool in units),
        sum(told) if told or not units else None,
        state,
        nearest,
        state == ACTIVE and _ends_soon(nearest),
        over[0] if over else None,
    )


def _nearest(those: list[SubscriptionView]) -> SubscriptionView | None:
    """What people use that ends first; where all of it renews by itself, what renews first."""
    used = [one for one in those if one.state in (ACTIVE, TRIAL_STATE, EXPIRED)] or those
    ending = [one for one in used if not (one.auto_renew and one.state == ACTIVE)]
    dated = [one for one in ending or used if one.next_at is not None]
    return min(dated, key=lambda one: (one.next_at or one.ends, one.id), default=None)


def _ends_soon(one: SubscriptionView | None) -> bool:
    if one is None or one.state != ACTIVE or one.auto_renew:
        return False
    return one.ends - now() <= SOON


def pools(actor: Actor, sku_ids: Collection[str] | None = None) -> list[PoolView]:
    """The units of all SKUs, or of some, by the name of the SKU."""
    actor.need("services.read")
    here = select(Pool.__table__).where(Pool.org_id == actor.org_id)
    if sku_ids is not None:
        here = here.where(any_of(db.session(), Pool.sku_id, sku_ids))
    rows = [dict(row) for row in db.session.execute(here).mappings()]
    samples, skus = _last_samples(actor.org_id), catalogue().skus
    found = [_pool(skus[row["sku_id"]], row, samples.get(row["sku_id"])) for row in rows]
    return sorted(found, key=lambda pool: (pool.sku.name, pool.sku.id))


def _last_samples(org_id: str) -> dict[str, Any]:
    """The newest sample of each SKU."""
    newest = (
        select(UsageSample.sku_id, func.max(UsageSample.day))
        .where(UsageSample.org_id == org_id)
        .group_by(UsageSample.sku_id)
    )
    here = select(UsageSample.__table__).where(
        UsageSample.org_id == org_id, tuple_(UsageSample.sku_id, UsageSample.day).in_(newest)
    )
    return {row.sku_id: row for row in db.session.execute(here)}


def _pool(sku: SkuView, row: dict[str, Any], sample: Any) -> PoolView:
    total, used, at = row["enabled"] + row["warning"], row["consumed"], None
    if sku.service.unit == QUOTA:
        used, at = (sample.used, sample.recorded) if sample else (None, None)
    since = row["excess_since"]
    return PoolView(sku, total, row["suspended"], used, at, since + EXCESS_DAYS if since else None)


# --- over time --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sample:
    """What was used, and how much there was, at the end of a day ("2026-11-22", UTC)."""

    day: str
    used: int
    units: int


def usage_of(actor: Actor, sku_id: str, days: int = 90) -> list[Sample]:
    """The samples of a SKU of the last so many days, oldest first; days may be missing."""
    actor.need("services.read")
    first = (now() - timedelta(days=days)).date().isoformat()
    here = select(UsageSample.day, UsageSample.used, UsageSample.units).where(
        UsageSample.org_id == actor.org_id, UsageSample.sku_id == sku_id, UsageSample.day > first
    )
    return [Sample(*row) for row in db.session.execute(here.order_by(UsageSample.day))]


# --- what can be had --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OfferRow:
    """An offer, and whether the organization can have it; `reason` is a code why it cannot.

    The one code today is "trial_used". The price is None for readers without billing.read.
    """

    offer: OfferTerms
    sku: SkuView
    reason: str
    price_minor: int | None
    currency: str | None


def offers(actor: Actor, service_id: str | None = None) -> list[OfferRow]:
    """What can be had, of all services or one, whoever asks; retired offers are left out."""
    known = catalogue()
    used = set(
        db.session.scalars(
            select(Subscription.offer_id).where(Subscription.org_id == actor.org_id).distinct()
        )
    )
    return [
        _offer(actor, offer, sku, used)
        for sku in known.skus.values()
        if sku.retired_at is None and sku.service.retired_at is None
        if service_id in (None, sku.service.id)
        for offer in known.offers_of(sku.id)
        if offer.retired_at is None
    ]


def _offer(actor: Actor, offer: OfferView, sku: SkuView, used: set[str]) -> OfferRow:
    reason = "trial_used" if offer.kind == TRIAL and offer.id in used else ""
    price = (offer.price_minor, offer.currency) if actor.can("billing.read") else (None, None)
    return OfferRow(offer_terms(offer), sku, reason, *price)
