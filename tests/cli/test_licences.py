"""Licences and subscriptions from the console."""

import json
from pathlib import Path

import pytest
from sqlalchemy import update

from idp.directory import queries
from idp.extensions import db
from idp.licensing.subscriptions import Pool
from tests.cast import Cast
from tests.cli.conftest import Run
from tests.licensing import shop
from tests.licensing.shop import OFFICE, holders, plans_off

BOB = "bob@northwind.example"


@pytest.fixture
def stocked(run: Run) -> Run:
    """The console, where Northwind has two of Office Basic."""
    shop.stock()
    assert run("subscription", "buy", "northwind", "office-basic", "--quantity", "2").code == 0
    return run


def test_the_catalogue_comes_from_a_file(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "office.json"
    file.write_text(json.dumps(OFFICE))

    data = run("license", "catalog", str(file), "--json").data

    assert sorted(data["products"]) == ["ARCHIVE", "OFFICE_BASIC", "OFFICE_PRO"]


@pytest.mark.parametrize(
    "text, said", [("{", "not JSON"), ("[]", "one JSON object"), ('{"slug": "A B"}', "slug")]
)
def test_what_is_no_service_is_refused(run: Run, tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "wrong.json"
    file.write_text(text)

    ran = run("license", "catalog", str(file))

    assert (ran.code, said in ran.err) == (1, True)


def test_a_subscription_is_bought_listed_and_shown(stocked: Run) -> None:
    (one,) = stocked("subscription", "list", "northwind", "--json").data["subscriptions"]

    assert (one["product"], one["quantity"], one["state"]) == ("OFFICE_BASIC", 2, "active")
    shown = stocked("subscription", "show", "northwind", one["id"], "--json").data
    states = [phase["state"] for phase in shown["phases"]]
    assert states == ["pending", "active", "expired", "disabled", "deleted"]
    ran = stocked("subscription", "buy", "northwind", "nothing")
    assert (ran.code, "office-basic" in ran.err) == (1, True)


def test_a_person_gets_a_licence_and_loses_it(people: Cast, stocked: Run) -> None:
    words = ("license", "assign", "northwind", "office_basic", BOB, "--without", "DOCS", "--json")
    assert stocked(*words).data["changed"] is True
    assert stocked(*words).data["changed"] is False
    assert plans_off("OFFICE_BASIC", people.bob.id) == ["DOCS"]
    (held,) = stocked("license", "list", "northwind", BOB, "--json").data["licenses"]
    assert (held["product"], held["sources"], held["problem"]) == ("OFFICE_BASIC", ["user"], None)
    (units,) = stocked("license", "list", "northwind", "--json").data["products"]
    assert (units["enabled"], units["consumed"]) == (2, 1)

    stocked("license", "remove", "northwind", "OFFICE_BASIC", BOB, "--json")

    assert holders("OFFICE_BASIC") == set()


def test_a_group_and_everyone_get_licences(people: Cast, stocked: Run) -> None:
    everyone = ("northwind", "OFFICE_BASIC", "--everyone")
    assert stocked("license", "assign", *everyone, "--json").data["to"] == "everyone"
    assert len(holders("OFFICE_BASIC")) == 2
    told = stocked("license", "reprocess", "northwind", BOB, "--json").data["people"]
    assert told[BOB][0]["sources"] == ["everyone"]
    assert stocked("license", "remove", *everyone).code == 0


def test_whom_is_said_in_one_way(stocked: Run) -> None:
    for more in ((), (BOB, "--everyone"), ("--group", "x", "--everyone")):
        assert stocked("license", "assign", "northwind", "OFFICE_BASIC", *more).code == 2
    assert stocked("license", "assign", "northwind", "NOTHING", BOB).code == 1


def test_books_that_do_not_agree_are_told_and_left(people: Cast, stocked: Run) -> None:
    assert stocked("license", "check", "--json").data == {"drift": [], "agrees": True}
    db.session.execute(update(Pool).values(consumed=1))
    db.session.commit()

    ran = stocked("license", "check", "northwind", "--json")

    assert ran.code == 1
    (row,) = json.loads(ran.out)["drift"]
    assert (row["code"], row["stated"], row["counted"]) == ("miscounted", 1, 0)
    assert shop.taken(people.org, "OFFICE_BASIC") == (2, 1)


def test_scopes_are_granted_and_taken_back(people: Cast, run: Run) -> None:
    scope = "LicenseAssignment.Read.All"
    words = ("scim", "scopes", "northwind", "HR")
    assert run(*words, "--json").data["scopes"] == []
    assert run(*words, "--grant", scope, "--json").data["scopes"] == [scope]
    kept = queries.find_connection(people.operator, people.hr.id).settings
    assert kept["api_scopes"] == [scope]
    assert run(*words, "--revoke", scope, "--json").data["scopes"] == []
    assert run(*words, "--grant", "Everything").code == 2
