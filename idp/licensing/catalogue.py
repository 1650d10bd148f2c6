"""The catalogue: services, their SKUs with plans, and the offers under which SKUs are had.

It is the operator's and the same for every organization, so its rows name none. It is small and
changes seldom: processes keep it, by its version.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, ForeignKeyConstraint, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.extensions import Model, db

SEAT, QUOTA = "seat", "quota"
TRIAL, PAID = "trial", "paid"


class CatalogueVersion(Model):
    """One row, whose text is another after each change: no count, which two databases may share."""

    __tablename__ = "catalogue_versions"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[str] = mapped_column(String(36))


class Service(Model):
    """Something people sign in to. `unit` is "seat" (held by a person) or "quota" (used by all)."""

    __tablename__ = "services"
    __table_args__ = (UniqueConstraint("slug"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    slug: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(256))
    publisher: Mapped[str] = mapped_column(String(256))
    description: Mapped[str] = mapped_column(String(2048))
    unit: Mapped[str] = mapped_column(String(8))
    unit_name: Mapped[str] = mapped_column(String(64))  # "licence", "GB"
    address: Mapped[str] = mapped_column(String(2048))  # where people open it
    retired_at: Mapped[datetime | None]


class Sku(Model):
    """A product that can be subscribed to. `part_number` is Microsoft Graph's skuPartNumber."""

    __tablename__ = "skus"
    __table_args__ = (
        ForeignKeyConstraint(["service_id"], ["services.id"]),
        UniqueConstraint("part_number"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    service_id: Mapped[str] = mapped_column(String(36))
    part_number: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(256))
    retired_at: Mapped[datetime | None]


class ServicePlan(Model):
    """A part of a SKU that can be switched off. Conflicts and requirements are names of plans.

    The same `name` may be in several SKUs. No `countries` means everywhere (ISO 3166-1 alpha-2).
    """

    __tablename__ = "service_plans"
    __table_args__ = (
        ForeignKeyConstraint(["sku_id"], ["skus.id"]),
        UniqueConstraint("sku_id", "name"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    sku_id: Mapped[str] = mapped_column(String(36))
    name: Mapped[str] = mapped_column(String(64))  # servicePlanName
    title: Mapped[str] = mapped_column(String(256))
    conflicts: Mapped[list[Any]]
    requires: Mapped[list[Any]]
    countries: Mapped[list[Any]]


class Offer(Model):
    """Terms under which a SKU is had. Days are data, for programmes differ.

    Prices are integer minor units of `currency`, for one unit and one term. A trial has `units`
    fixed and `trial_days`; it may be extended once by `extension_days`, and `upgrades_to` are the
    offers that it may be converted into.
    """

    __tablename__ = "offers"
    __table_args__ = (
        ForeignKeyConstraint(["sku_id"], ["skus.id"]),
        UniqueConstraint("slug"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    sku_id: Mapped[str] = mapped_column(String(36))
    slug: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(256))
    kind: Mapped[str] = mapped_column(String(8))  # "trial" or "paid"
    channel: Mapped[str] = mapped_column(String(16))  # "direct", "volume"
    term_months: Mapped[int]
    trial_days: Mapped[int]
    extension_days: Mapped[int]
    grace_days: Mapped[int]
    retention_days: Mapped[int]
    cancel_days: Mapped[int]  # within so many days of the start a cancellation takes effect at once
    units: Mapped[int]  # of a trial; 0: as many as are ordered
    currency: Mapped[str] = mapped_column(String(3))
    price_minor: Mapped[int] = mapped_column(BigInteger)
    upgrades_to: Mapped[list[Any]]  # ids of offers
    retired_at: Mapped[datetime | None]


# --- as it is read ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ServiceView:
    """A service."""

    id: str
    slug: str
    name: str
    publisher: str
    description: str
    unit: str
    unit_name: str
    address: str
    retired_at: datetime | None


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan of a SKU."""

    id: str
    sku_id: str
    name: str
    title: str
    conflicts: frozenset[str]
    requires: frozenset[str]
    countries: frozenset[str]


@dataclass(frozen=True, slots=True)
class SkuView:
    """A SKU with its service and plans."""

    id: str
    part_number: str
    name: str
    service: ServiceView
    plans: tuple[PlanView, ...]
    retired_at: datetime | None

    @property
    def assignable(self) -> bool:
        """Whether people hold it (Graph's appliesTo "User")."""
        return self.service.unit == SEAT

    def plans_but(self, off: frozenset[str]) -> frozenset[str]:
        """The names of its plans, without those that are switched off."""
        return frozenset(plan.name for plan in self.plans) - off


@dataclass(frozen=True, slots=True)
class OfferView:
    """An offer. See `Offer` for its units."""

    id: str
    sku_id: str
    slug: str
    name: str
    kind: str
    channel: str
    term_months: int
    trial_days: int
    extension_days: int
    grace_days: int
    retention_days: int
    cancel_days: int
    units: int
    currency: str
    price_minor: int
    upgrades_to: tuple[str, ...]
    retired_at: datetime | None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that can be had, by id."""

    version: str
    services: Mapping[str, ServiceView]
    skus: Mapping[str, SkuView]
    offers: Mapping[str, OfferView]

    def service_by_slug(self, slug: str) -> ServiceView | None:
        """A service by its short name in addresses."""
        return next((s for s in self.services.values() if s.slug == slug), None)

    def sku_by_part_number(self, part_number: str) -> SkuView | None:
        """A SKU by Graph's skuPartNumber, in any case."""
        wanted = part_number.upper()
        return next((s for s in self.skus.values() if s.part_number.upper() == wanted), None)

    def skus_of(self, service_id: str) -> list[SkuView]:
        """A service's SKUs, by name."""
        return [s for s in self.skus.values() if s.service.id == service_id]

    def offers_of(self, sku_id: str) -> list[OfferView]:
        """A SKU's offers."""
        return [offer for offer in self.offers.values() if offer.sku_id == sku_id]


VERSION = select(CatalogueVersion.version).where(CatalogueVersion.id == 1)


_READ = "chamberlain_catalogue"  # where a session keeps the version that it has read


def catalogue() -> Catalogue:
    """The catalogue as it is now: whoever may sign in may see what can be had.

    Its version is read once for each request, however many rows ask what something is called.
    """
    info = db.session().info
    if _READ not in info:
        info[_READ] = db.session.scalar(VERSION) or ""
    return catalogue_of(info[_READ])


def forget(session: Session) -> None:
    """The catalogue has changed: let this session read its version anew."""
    session.info.pop(_READ, None)


@lru_cache(maxsize=4)
def catalogue_of(version: str) -> Catalogue:
    """The catalogue of a version that was just read."""
    services = {row["id"]: ServiceView(**row) for row in _rows(Service, "name")}
    plans: dict[str, list[PlanView]] = {}
    for row in _rows(ServicePlan, "name"):
        sets = {key: frozenset(row[key]) for key in ("conflicts", "requires", "countries")}
        plans.setdefault(row["sku_id"], []).append(PlanView(**(row | sets)))
    skus = {row["id"]: _sku(row, services, plans) for row in _rows(Sku, "name")}
    offers = {
        row["id"]: OfferView(**(row | {"upgrades_to": tuple(row["upgrades_to"])}))
        for row in _rows(Offer, "name")
    }
    return Catalogue(version, services, skus, offers)


def _sku(
    row: dict[str, Any], services: dict[str, ServiceView], plans: dict[str, list[PlanView]]
) -> SkuView:
    service = services[row["service_id"]]
    own = tuple(plans.get(row["id"], ()))
    return SkuView(row["id"], row["part_number"], row["name"], service, own, row["retired_at"])


def _rows(model: Any, order: str) -> list[dict[str, Any]]:
    table = model.__table__
    found = db.session.execute(select(table).order_by(table.c[order], table.c.id))
    return [dict(row) for row in found.mappings()]
