"""Organizations are blind to each other's licences: every read is tried across the border.

Cases are found by name: whoever adds a read adds a case, or this fails.
"""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from idp.changes import apply
from idp.changes.intents import AddMember, AssignLicense, RequestLicense
from idp.changes.license_history import history_of
from idp.directory.actors import Actor
from idp.directory.errors import Forbidden, NotFound
from idp.licensing import (
    granted,
    holders,
    products,
    queries,
    reach,
    reclaim,
    requests,
    sources,
    turns,
    waiting,
)
from idp.licensing.catalogue import SkuView, catalogue
from tests.cast import Cast
from tests.changes.steps import group, somebody
from tests.licensing.shop import buy, sku

Read = Callable[[Actor, dict[str, str]], Any]
BASIC = "OFFICE_BASIC"


@pytest.fixture
def theirs(shop_open: Cast) -> dict[str, str]:
    """Northwind: a group with one seat for two, a direct grant, a request; ids by what they are."""
    by, bob = shop_open.operator, shop_open.bob
    late = somebody(by, "northwind-late")
    kitchen = group(by, "Northwind kitchen", late)
    buy(by, "office-basic", 1)
    apply(AssignLicense(sku(BASIC), bob.id), by=by)
    apply(AssignLicense(sku(BASIC), group_id=kitchen), by=by)
    apply(AddMember(kitchen, bob.id), by=by)
    buy(by, "office-pro", 1)
    wish = RequestLicense(bob.id, sku("OFFICE_PRO"), "northwind reason")
    asked = apply(wish, by=bob).first.id
    return {"user": bob.id, "late": late, "group": kitchen, "request": asked}


def basic() -> SkuView:
    """The product, as everybody's catalogue has it."""
    found = catalogue().sku_by_part_number(BASIC)
    assert found
    return found


READS: dict[str, list[Read]] = {
    "count_holders": [lambda a, _: queries.count_holders(a, basic()) or ""],
    "count_requests": [lambda a, _: queries.count_requests(a) or ""],
    "find_request": [lambda a, t: queries.find_request(a, t["request"])],
    "find_sku": [lambda a, _: queries.find_sku(a, BASIC)],
    "grant_to_everyone": [lambda a, _: queries.grant_to_everyone(a, basic()) or ""],
    "granted_to_group": [lambda a, t: queries.granted_to_group(a, t["group"])],
    "grants_of_group": [lambda a, t: queries.grants_of_group(a, t["group"])],
    "holders_among": [lambda a, t: queries.holders_among(a, basic(), [t["user"]])],
    "knows_sign_ins": [lambda a, _: queries.knows_sign_ins(a)],
    "licenses_of": [lambda a, t: queries.licenses_of(a, t["user"])],
    "my_requests": [lambda a, _: queries.my_requests(a)],
    "page_contained": [lambda a, _: queries.page_contained(a)],
    "page_doubled": [lambda a, _: queries.page_doubled(a)],
    "page_group_grants": [lambda a, _: queries.page_group_grants(a, basic())],
    "page_holders": [
        lambda a, _: queries.page_holders(a, basic()),
        lambda a, _: queries.page_holders(a, basic(), text="bob"),
    ],
    "page_idle": [lambda a, _: queries.page_idle(a)],
    "page_problems": [
        lambda a, _: queries.page_problems(a),
        lambda a, _: queries.page_problems(a, basic(), text="northwind"),
    ],
    "page_requests": [
        lambda a, _: queries.page_requests(a),
        lambda a, _: queries.page_requests(a, decided=True),
    ],
    "people_by_names": [
        lambda a, _: [
            one.id for one in queries.people_by_names(a, ["Bob@northwind.example"]).values()
        ]
    ],
    "people_with_problems": [
        lambda a, _: queries.people_with_problems(a, basic(), 10),
    ],
    "places_in_queue": [lambda a, t: queries.places_in_queue(a, t["late"])],
    "product": [lambda a, _: _counts(queries.product(a, basic()))],
    "products": [lambda a, _: queries.products(a)],
    "progress": [lambda a, _: queries.progress(a, basic()) or ""],
    "requestable": [lambda a, _: queries.requestable(a)],
}
HERE = (granted, holders, products, reach, reclaim, requests, sources, turns, waiting)
SAYS_NOTHING = {
    "",
    "[]",
    "page(items=[], next_cursor=none, total=none)",
    "page(items=(), next_cursor=none, total=none)",
    "false",
}


def _counts(view: products.ProductView) -> str:
    counts = view.units, view.taken, view.assigned, view.waiting, view.errors
    return "" if not any(counts) else repr(counts)


def test_every_read_of_seats_has_a_case() -> None:
    rooms = {room.__name__ for room in HERE}
    exported = {name: getattr(queries, name) for name in queries.__all__}
    known = {n for n, one in exported.items() if getattr(one, "__module__", "") in rooms}
    assert READS.keys() - {"licenses_of"} == {n for n in known if inspect.isfunction(exported[n])}
    for name in READS:
        assert next(iter(inspect.signature(getattr(queries, name)).parameters)) == "actor", name


def told(read: Read, actor: Actor, theirs: dict[str, str]) -> str:
    """What a read tells, as text; a refusal tells nothing."""
    try:
        return repr(read(actor, theirs)).lower().strip("'")
    except (NotFound, Forbidden):
        return ""


def test_no_read_crosses_the_border(shop_open: Cast, theirs: dict[str, str]) -> None:
    for actor in (shop_open.mallory, shop_open.other_operator, shop_open.other_hr):
        for name, reads in READS.items():
            for read in reads:
                found = told(read, actor, theirs)
                assert "northwind" not in found, name
                assert [one for one in theirs.values() if one in found] == [], name
                assert found in SAYS_NOTHING, (name, found)


def test_at_home_each_of_them_tells_something(shop_open: Cast, theirs: dict[str, str]) -> None:
    silent = {"grant_to_everyone", "knows_sign_ins", "page_idle", "page_contained", "my_requests"}
    for name in READS.keys() - silent:
        assert told(READS[name][0], shop_open.alice, theirs) not in SAYS_NOTHING, name


def test_the_history_stays_at_home(shop_open: Cast, theirs: dict[str, str]) -> None:
    assert history_of(shop_open.mallory, basic())[0] == []
