"""A small catalogue for tests, and steps: buy, count, who holds what."""

from typing import Any

from sqlalchemy import select

from idp.changes import apply
from idp.changes.intents import BuySubscription, PutService
from idp.directory.actors import Actor, system_actor
from idp.extensions import db
from idp.licensing.catalogue import catalogue
from idp.licensing.seats import Holding, SeatProblem
from idp.licensing.subscriptions import Pool


def offer(slug: str, **more: Any) -> dict[str, Any]:
    """A paid offer of a year."""
    return {"slug": slug, "name": slug.title(), "kind": "paid", "price_minor": 990} | more


def plan(name: str, **more: Any) -> dict[str, Any]:
    """A plan."""
    return {"name": name, "title": name.title()} | more


OFFICE = {
    "slug": "office",
    "name": "Office",
    "address": "https://office.example",
    "skus": [
        {
            "part_number": "OFFICE_BASIC",
            "name": "Office Basic",
            "plans": [plan("MAIL_BASIC", conflicts=["MAIL_PRO"]), plan("DOCS")],
            "offers": [
                offer("office-basic", upgrades_to=["office-pro-free"]),
                offer("office-trial", kind="trial", units=25, upgrades_to=["office-basic"]),
            ],
        },
        {
            "part_number": "OFFICE_PRO",
            "name": "Office Pro",
            "plans": [plan("MAIL_PRO"), plan("DOCS"), plan("VOICE", countries=["DE", "FR"])],
            "offers": [offer("office-pro"), offer("office-pro-free", price_minor=0)],
        },
        {
            "part_number": "ARCHIVE",
            "name": "Mail Archive",
            "plans": [plan("ARCHIVING", requires=["MAIL_PRO"])],
            "offers": [offer("archive")],
        },
    ],
}
STORAGE = {
    "slug": "storage",
    "name": "Storage",
    "unit": "quota",
    "unit_name": "GB",
    "skus": [{"part_number": "STORAGE", "name": "Storage", "offers": [offer("storage")]}],
}


def stock() -> None:
    """Fill the catalogue."""
    by = system_actor("")
    apply(PutService(OFFICE), by=by)
    apply(PutService(STORAGE), by=by)


def sku(part_number: str) -> str:
    """A SKU's id."""
    found = catalogue().sku_by_part_number(part_number)
    assert found
    return found.id


def offer_id(slug: str) -> str:
    """An offer's id."""
    return next(one.id for one in catalogue().offers.values() if one.slug == slug)


def buy(by: Actor, slug: str, quantity: int = 0, **more: Any) -> str:
    """A new subscription's id."""
    return apply(BuySubscription(offer_id(slug), quantity, **more), by=by).first.id


def holders(part_number: str) -> set[str]:
    """Who holds a SKU, in whatever organization."""
    db.session.rollback()
    return set(
        db.session.scalars(select(Holding.user_id).where(Holding.sku_id == sku(part_number)))
    )


def problems(part_number: str) -> dict[str, str]:
    """{person: code} of those who do not."""
    db.session.rollback()
    here = select(SeatProblem).where(SeatProblem.sku_id == sku(part_number))
    return {one.user_id: one.code for one in db.session.scalars(here)}


def taken(org_id: str, part_number: str) -> tuple[int, int]:
    """Units that there are, and units taken."""
    db.session.rollback()
    pool = db.session.get(Pool, (org_id, sku(part_number)))
    assert pool
    return pool.enabled + pool.warning, pool.consumed


def plans_off(part_number: str, user_id: str) -> list[str]:
    """The plans that somebody's seat leaves out."""
    db.session.rollback()
    held = db.session.get(Holding, (user_id, sku(part_number)))
    assert held
    return held.plans_off
