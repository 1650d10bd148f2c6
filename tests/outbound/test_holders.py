"""Applications are told what people may use, and may be for those alone who hold a product."""

import pytest
from flask import Flask
from sqlalchemy import update

from idp.changes import apply
from idp.changes.intents import (
    AssignLicense,
    BuySubscription,
    ChangeTarget,
    RemoveLicense,
)
from idp.directory.errors import DirectoryError
from idp.directory.targets import TargetSettings
from idp.extensions import db
from idp.licensing.subscriptions import Pool
from tests.cast import Cast
from tests.counterparts import ScimPeer
from tests.licensing import shop
from tests.licensing.shop import buy, offer_id, sku
from tests.outbound.conftest import Provisioned, attach

ERIN, BOB = "erin@northwind.example", "bob@northwind.example"


@pytest.fixture
def people(people: Cast) -> Cast:
    """The cast; erin holds Office Pro, of which there are two more."""
    shop.stock()
    buy(people.operator, "office-pro", 3)
    assign(people, people.erin)
    return people


def assign(people: Cast, user_id: str, *off: str) -> None:
    by = people.operator
    apply(AssignLicense(sku("OFFICE_PRO"), user_id, plans_off=("VOICE", *off)), by=by)


def entitlements(wiki: Provisioned, name: str) -> set[str]:
    return {one["value"] for one in wiki.users()[name].get("entitlements") or ()}


def test_entitlements_arrive_with_the_person_and_follow_each_seat(wiki: Provisioned) -> None:
    assert entitlements(wiki, ERIN) == {"OFFICE_PRO", "OFFICE_PRO/DOCS", "OFFICE_PRO/MAIL_PRO"}
    people = wiki.people
    assign(people, people.erin, "MAIL_PRO")
    assign(people, people.bob.id)
    wiki.work()
    assert entitlements(wiki, ERIN) == {"OFFICE_PRO", "OFFICE_PRO/DOCS"}
    assert "OFFICE_PRO" in entitlements(wiki, BOB)
    apply(RemoveLicense(sku("OFFICE_PRO"), people.erin), by=people.operator)
    wiki.work()
    assert entitlements(wiki, ERIN) == set()


def test_a_mapping_leaves_them_out(app: Flask, people: Cast, peer: ScimPeer) -> None:
    wiki = attach(people, peer, app, mapping={"entitlements": "-"})
    wiki.work()
    assert entitlements(wiki, ERIN) == set()


@pytest.fixture
def office(app: Flask, people: Cast, peer: ScimPeer) -> Provisioned:
    """An application for holders of Office Pro alone."""
    made = attach(people, peer, app, licenses=("OFFICE_PRO",), push_groups=False)
    made.work()
    return made


def test_only_holders_are_there(office: Provisioned) -> None:
    assert set(office.users()) == {ERIN}


def test_a_seat_brings_somebody_and_its_end_shuts_them_out(office: Provisioned) -> None:
    people = office.people
    assign(people, people.bob.id)
    office.work()
    assert office.users()[BOB]["active"] is True
    apply(RemoveLicense(sku("OFFICE_PRO"), people.bob.id), by=people.operator)
    office.work()
    assert office.users()[BOB]["active"] is False
    assert office.users()[ERIN]["active"] is True


def test_what_becomes_of_a_subscription_is_looked_at_for_everybody(office: Provisioned) -> None:
    db.session.execute(update(Pool).values(enabled=0, suspended=3))
    db.session.commit()
    office.work()
    assert office.users()[ERIN]["active"] is True  # nothing was said yet
    apply(BuySubscription(offer_id("storage"), 1), by=office.people.operator)
    office.work()
    assert office.users()[ERIN]["active"] is False


def test_a_product_that_nobody_can_hold_is_refused(office: Provisioned) -> None:
    settings = TargetSettings(office.peer.base_url, licenses=("STORAGE",))
    with pytest.raises(DirectoryError) as refused:
        apply(ChangeTarget(office.id, settings=settings), by=office.people.operator)
    assert (refused.value.code, refused.value.attribute) == ("license_unknown", "licenses")
