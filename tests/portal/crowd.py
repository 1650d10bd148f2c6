"""More of everything in a furnished organization: people, groups, products, seats, shortages."""

from collections.abc import Iterator
from typing import Any

from flask import Flask

from idp.changes import apply, seat_turns
from idp.changes.intents import (
    AssignLicense,
    BuySubscription,
    CreateGroup,
    CreateUser,
    PutService,
)
from idp.clock import new_id
from idp.directory.actors import Actor, system_actor
from idp.extensions import db
from idp.licensing.catalogue import catalogue

BATCH = 5_000
GIVEN = ("Ada", "Björn", "Chloé", "Dmitri", "Esra", "Femi", "Grace", "Hiro", "Inés", "Jürgen")


def crowd(app: Flask, org_id: str, people: int, groups: int, products: int) -> None:
    """Add so many of each; every product is granted to a group and has too few units for it."""
    with app.app_context():
        by = system_actor(org_id)
        ids = [new_id() for _ in range(people)]
        for part in _parts(ids):
            apply(*(_person(one, n) for n, one in enumerate(part)), by=by)
        teams = [new_id() for _ in range(groups)]
        for part in _parts(teams):
            apply(*(_group(one, ids, teams.index(one), groups) for one in part), by=by)
        _license(by, teams, products, people // max(groups, 1))
        while row := seat_turns.claim():
            seat_turns.take(row)
        db.session.remove()


def _parts(ids: list[str]) -> Iterator[list[str]]:
    for first in range(0, len(ids), BATCH):
        yield ids[first : first + BATCH]


def _person(user_id: str, n: int) -> CreateUser:
    name = f"crowd-{user_id}@northwind.example"
    fields = {
        "userName": name,
        "displayName": f"{GIVEN[n % 10]} Crowd{n}",
        "emails": [{"value": name, "primary": True}],
    }
    return CreateUser(fields, id=user_id)


def _group(group_id: str, ids: list[str], n: int, groups: int) -> CreateGroup:
    """Each person is in one of the groups."""
    return CreateGroup({"displayName": f"Crowd {n} {group_id[-6:]}"}, ids[n::groups], id=group_id)


def _service(n: int) -> dict[str, Any]:
    offer = {"slug": f"crowd-{n}", "name": f"Crowd {n}", "kind": "paid", "price_minor": 500}
    sku = {"part_number": f"CROWD_{n}", "name": f"Crowd product {n}", "offers": [offer]}
    return {"slug": f"crowd-{n}", "name": f"Crowd service {n}", "skus": [sku]}


def _license(by: Actor, teams: list[str], products: int, members: int) -> None:
    known = len(catalogue().services)
    names = range(known, known + products)
    apply(*(PutService(_service(n)) for n in names), by=system_actor(""))
    offers = {offer.slug: offer for offer in catalogue().offers.values()}
    units = max(1, members - 1)
    for n in names:
        offer = offers[f"crowd-{n}"]
        apply(BuySubscription(offer.id, units), by=by)
        apply(AssignLicense(offer.sku_id, group_id=teams[n % len(teams)]), by=by)
