"""The operator's verb: set a service with its SKUs, plans and offers.

The catalogue belongs to no organization, so nothing of it is in anybody's audit: its version
tells that it changed. Nothing vanishes under those who use it: what a document no longer names is
retired.
"""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select, update

from idp.changes.batch import Batch, Needs, Result, Row
from idp.changes.intents import Change, PutService
from idp.clock import new_id
from idp.directory.errors import Invalid
from idp.licensing.catalogue import (
    PAID,
    QUOTA,
    SEAT,
    TRIAL,
    CatalogueVersion,
    Offer,
    Service,
    Sku,
    forget,
)
from idp.licensing.catalogue import ServicePlan as Plan

SLUG = r"^[a-z0-9][a-z0-9-]{0,63}$"
NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
COUNTRY = r"^[A-Z]{2}$"


class _Part(BaseModel):
    """Strict: a word that nobody knows is a mistake, and is said."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class PlanDocument(_Part):
    """A plan. `conflicts` and `requires` name plans; no `countries` is everywhere."""

    name: str = Field(pattern=NAME)
    title: str = Field(min_length=1, max_length=256)
    conflicts: list[str] = []
    requires: list[str] = []
    countries: list[str] = []


class OfferDocument(_Part):
    """An offer; days and months are whole, the price is in minor units for a unit and term."""

    slug: str = Field(pattern=SLUG)
    name: str = Field(min_length=1, max_length=256)
    kind: str = Field(pattern=f"^({TRIAL}|{PAID})$")
    channel: str = Field("direct", pattern=r"^(direct|volume)$")
    term_months: int = Field(12, ge=1, le=120)
    trial_days: int = Field(30, ge=1, le=365)
    extension_days: int = Field(30, ge=0, le=365)
    grace_days: int = Field(30, ge=0, le=365)
    retention_days: int = Field(90, ge=0, le=3650)
    cancel_days: int = Field(7, ge=0, le=365)
    units: int = Field(0, ge=0, le=10_000_000)
    currency: str = Field("EUR", pattern=r"^[A-Z]{3}$")
    price_minor: int = Field(0, ge=0, le=10**12)
    upgrades_to: list[str] = []  # slugs of offers of this service


class SkuDocument(_Part):
    """A SKU."""

    part_number: str = Field(pattern=NAME)
    name: str = Field(min_length=1, max_length=256)
    plans: list[PlanDocument] = []
    offers: list[OfferDocument] = []


class ServiceDocument(_Part):
    """A service; see docs/licensing.md."""

    slug: str = Field(pattern=SLUG)
    name: str = Field(min_length=1, max_length=256)
    publisher: str = Field("", max_length=256)
    description: str = Field("", max_length=2048)
    unit: str = Field(SEAT, pattern=f"^({SEAT}|{QUOTA})$")
    unit_name: str = Field("licence", min_length=1, max_length=64)
    address: str = Field("", max_length=2048, pattern=r"^(https?://\S+)?$")
    skus: list[SkuDocument] = []


def needs(_change: Change, _wanted: Needs) -> None:
    """The catalogue is read whole: it is small."""


def put_service(batch: Batch, change: PutService) -> Result:
    """Set a service as the document says."""
    wanted = _read(change.document)
    row = _kept(batch, Service, {"slug": wanted.slug}, wanted.model_dump(exclude={"skus"}))
    offers = _offers(batch, wanted)
    skus = [_put_sku(batch, row["id"], sku, offers) for sku in wanted.skus]
    _retire(batch, Sku, Sku.service_id == row["id"], {sku["id"] for sku in skus})
    _renew(batch)
    return Result(row["id"], changed=True)


def _read(document: Mapping[str, Any]) -> ServiceDocument:
    try:
        read = ServiceDocument.model_validate(document)
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise Invalid("catalogue_invalid", f"{place}: {first['msg']}.", attribute=place) from wrong
    _check_names(read)
    return read


def _check_names(read: ServiceDocument) -> None:
    slugs = [offer.slug for sku in read.skus for offer in sku.offers]
    plans = [plan for sku in read.skus for plan in sku.plans]
    doubles = len(slugs) != len(set(slugs)) or any(
        len({plan.name for plan in sku.plans}) != len(sku.plans) for sku in read.skus
    )
    if doubles:
        raise Invalid("catalogue_invalid", "Two offers, or two plans of a SKU, share a name.")
    unknown = {u for sku in read.skus for o in sku.offers for u in o.upgrades_to} - set(slugs)
    if unknown:
        raise Invalid("catalogue_invalid", f"upgrades_to: there is no offer {min(unknown)}.")
    if any(plan.name in plan.conflicts or plan.name in plan.requires for plan in plans):
        raise Invalid("catalogue_invalid", "A plan can neither exclude nor require itself.")


def _offers(batch: Batch, wanted: ServiceDocument) -> dict[str, str]:
    """{slug: id} of the offers that there will be."""
    slugs = [offer.slug for sku in wanted.skus for offer in sku.offers]
    table: Any = Offer.__table__
    found = batch.session.execute(select(table.c.slug, table.c.id).where(table.c.slug.in_(slugs)))
    known = {row.slug: row.id for row in found}
    return {slug: known.get(slug) or new_id() for slug in slugs}


def _put_sku(batch: Batch, service_id: str, wanted: SkuDocument, offers: dict[str, str]) -> Row:
    own = {"service_id": service_id, "part_number": wanted.part_number, "name": wanted.name}
    sku = _kept(batch, Sku, {"part_number": wanted.part_number}, own)
    named = {"sku_id": sku["id"]}
    plans = []
    for plan in wanted.plans:
        key = named | {"name": plan.name}
        plans.append(_kept(batch, Plan, key, named | plan.model_dump())["id"])
    _drop_plans(batch, sku["id"], set(plans))
    for offer in wanted.offers:
        values = named | offer.model_dump()
        values["upgrades_to"] = [offers[slug] for slug in offer.upgrades_to]
        _kept(batch, Offer, {"slug": offer.slug}, values, lambda o=offer: offers[o.slug])  # type: ignore[misc]
    _retire(batch, Offer, Offer.sku_id == sku["id"], {offers[o.slug] for o in wanted.offers})
    return sku


def _kept(
    batch: Batch, model: Any, key: Row, values: Row, id_of: Callable[[], str] = new_id
) -> Row:
    """Change the row of this key, or add it."""
    table = model.__table__
    here = select(table).where(*(table.c[name] == value for name, value in key.items()))
    found = batch.session.execute(here).mappings().first()
    if "retired_at" in table.c:
        values = values | {"retired_at": None}
    if found is None:
        row = values | {"id": id_of()}
        batch.insert(model, row)
        return row
    if any(found[name] != value for name, value in values.items()):
        batch.update(model, {"id": found["id"]}, values)
    return values | {"id": found["id"]}


def _retire(batch: Batch, model: Any, where: Any, kept: set[str]) -> None:
    table = model.__table__
    rows = batch.session.execute(select(table.c.id).where(where, table.c.retired_at.is_(None)))
    for row in rows:
        if row.id not in kept:
            batch.update(model, {"id": row.id}, {"retired_at": batch.now})


def _drop_plans(batch: Batch, sku_id: str, kept: set[str]) -> None:
    rows = batch.session.execute(select(Plan.id).where(Plan.sku_id == sku_id))
    for row in rows:
        if row.id not in kept:
            batch.delete(Plan, {"id": row.id})


def _renew(batch: Batch) -> None:
    """Let every process know that it must read the catalogue anew."""
    step = update(CatalogueVersion).values(version=new_id())
    batch.session.execute(step, execution_options={"synchronize_session": False})
    forget(batch.session)


HANDLERS = {PutService: put_service}
