"""What people may use stands in their SCIM entitlements, and nobody can write it there."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from flask.testing import FlaskClient

from idp.changes import apply
from idp.changes.intents import AssignLicense, BlockUser
from tests.cast import Cast
from tests.licensing.shop import buy, sku
from tests.scim.conftest import Scim

PRO = {"value": "OFFICE_PRO", "display": "Office Pro", "type": "license"}
DOCS = {"value": "OFFICE_PRO/DOCS", "display": "Docs", "type": "plan"}
MAIL = {"value": "OFFICE_PRO/MAIL_PRO", "display": "Mail_Pro", "type": "plan"}
OWN = {"value": "forklift", "type": "permit"}


@pytest.fixture
def scim(client: FlaskClient, shop_open: Cast) -> Scim:
    """Northwind's HR, once erin has Office Pro without the plan that her country excludes."""
    buy(shop_open.operator, "office-pro", 3)
    wanted = AssignLicense(sku("OFFICE_PRO"), shop_open.erin, plans_off=("VOICE",))
    apply(wanted, by=shop_open.operator)
    return Scim(client, shop_open.token)


def entitlements(scim: Scim, user_id: str, query: str = "") -> Any:
    return scim("GET", f"/Users/{user_id}{query}").json.get("entitlements")


def test_a_seat_and_its_plans_are_told(scim: Scim, people: Cast) -> None:
    assert entitlements(scim, people.erin) == [PRO, DOCS, MAIL]
    assert entitlements(scim, people.bob.id) is None


def test_a_plan_that_is_switched_off_is_gone(scim: Scim, people: Cast) -> None:
    off = AssignLicense(sku("OFFICE_PRO"), people.erin, plans_off=("VOICE", "MAIL_PRO"))
    apply(off, by=people.operator)

    assert entitlements(scim, people.erin) == [PRO, DOCS]


def test_who_leaves_is_entitled_to_nothing(scim: Scim, people: Cast) -> None:
    apply(BlockUser(people.erin), by=people.operator)

    assert entitlements(scim, people.erin) is None


def test_what_a_client_stored_stands_beside_it(scim: Scim, people: Cast) -> None:
    stored = {"op": "add", "path": "entitlements", "value": [OWN]}
    assert scim.patch(f"/Users/{people.erin}", stored).status_code == 200

    assert entitlements(scim, people.erin) == [OWN, PRO, DOCS, MAIL]


def test_a_round_trip_by_put_keeps_both_and_stores_only_the_clients_own(
    scim: Scim, people: Cast
) -> None:
    scim.patch(f"/Users/{people.erin}", {"op": "add", "path": "entitlements", "value": [OWN]})
    read = scim("GET", f"/Users/{people.erin}").json

    written = scim("PUT", f"/Users/{people.erin}", read)

    assert written.json["meta"]["version"] == read["meta"]["version"]
    apply(BlockUser(people.erin), by=people.operator)
    assert entitlements(scim, people.erin) == [OWN]


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "add", "path": "entitlements", "value": [{"value": "office_pro"}]},
        {"op": "replace", "value": {"entitlements": [PRO, MAIL]}},
        {"op": "replace", "path": 'entitlements[value eq "OFFICE_PRO"].type', "value": "license"},
    ],
)
def test_nobody_writes_what_follows_from_seats(
    scim: Scim, people: Cast, operation: dict[str, Any]
) -> None:
    answer = scim.patch(f"/Users/{people.bob.id}", operation)

    assert answer.status_code == 200
    assert entitlements(scim, people.bob.id) is None


def test_who_arrives_with_an_echo_gets_no_seat_by_it(scim: Scim) -> None:
    made = scim.user("new@northwind.example", entitlements=[PRO, OWN])

    assert made["entitlements"] == [OWN]


def test_what_is_not_shown_is_not_loaded(
    scim: Scim,
    people: Cast,
    statements: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    assert entitlements(scim, people.erin, "?excludedAttributes=entitlements") is None
    assert entitlements(scim, people.erin, "?attributes=entitlements.value") == [
        {"value": one["value"]} for one in (PRO, DOCS, MAIL)
    ]
    with statements() as seen:
        scim("GET", "/Users?attributes=userName")
    assert not [one for one in seen if "holdings" in one or "membership" in one]


def test_a_page_costs_no_statement_for_each_person(
    scim: Scim,
    people: Cast,
    statements: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    scim("GET", "/Users")  # the first request warms what processes keep
    with statements() as one_holder:
        scim("GET", "/Users")
    apply(AssignLicense(sku("OFFICE_PRO"), people.bob.id, plans_off=("VOICE",)), by=people.operator)
    with statements() as two_holders:
        answer = scim("GET", "/Users")

    assert len(two_holders) == len(one_holder)
    shown = {r["userName"]: r.get("entitlements") for r in answer.json["Resources"]}
    assert shown["bob@northwind.example"] == shown["erin@northwind.example"] == [PRO, DOCS, MAIL]


@pytest.mark.parametrize(
    "wanted, found",
    [
        ('entitlements.value eq "OFFICE_PRO"', {"erin"}),
        ('entitlements eq "office_pro"', {"erin"}),
        ('entitlements.value eq "OFFICE_PRO/MAIL_PRO"', {"erin"}),
        ('entitlements.value eq "OFFICE_PRO/VOICE"', set()),
        ('entitlements.value eq "ARCHIVE"', set()),
        ('entitlements.value sw "office"', {"erin"}),
        ('entitlements.display co "pro"', {"erin"}),
        ('entitlements.type eq "permit"', {"bob"}),
        ('entitlements[type eq "license" and value eq "OFFICE_PRO"]', {"erin"}),
        ('entitlements[type eq "plan" and value eq "OFFICE_PRO"]', set()),
        ('entitlements[value eq "forklift"]', {"bob"}),
        ("entitlements pr", {"erin", "bob"}),
        ('entitlements pr and not (entitlements.value eq "OFFICE_PRO")', {"bob"}),
        ('entitlements pr and entitlements.value ne "OFFICE_PRO"', {"bob"}),
        ("entitlements.primary eq true", set()),
    ],
)
def test_holders_are_found_by_what_they_may_use(
    scim: Scim, people: Cast, wanted: str, found: set[str]
) -> None:
    scim.patch(f"/Users/{people.bob.id}", {"op": "add", "path": "entitlements", "value": [OWN]})

    assert set(scim.names(f"filter={wanted}")) == {f"{one}@northwind.example" for one in found}


def test_nobody_is_found_in_another_organization(
    scim: Scim, client: FlaskClient, people: Cast
) -> None:
    other = Scim(client, people.other_token)

    assert other.names('filter=entitlements.value eq "OFFICE_PRO"') == []
