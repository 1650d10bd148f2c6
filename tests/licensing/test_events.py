"""A seat that is given, changed or taken is told to receivers as a patch of entitlements."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from idp.changes import apply
from idp.changes.intents import AssignLicense, BlockUser, CreateStream
from tests.cast import Cast
from tests.licensing.shop import buy, sku
from tests.scim.conftest import Scim
from tests.scim.receiving import short
from tests.scim.test_events import polled

PATCH_FULL = "urn:ietf:params:scim:event:prov:patch:full"


@pytest.fixture
def scim(client: FlaskClient, shop_open: Cast) -> Scim:
    """Northwind's HR, where there are units of Office Basic."""
    buy(shop_open.operator, "office-basic", 3)
    return Scim(client, shop_open.token)


def assign(people: Cast, *off: str) -> None:
    apply(AssignLicense(sku("OFFICE_BASIC"), people.erin, plans_off=off), by=people.operator)


def test_a_notice_names_the_attribute(app: Flask, people: Cast, scim: Scim) -> None:
    stream = apply(CreateStream(people.hr.id, "poll"), by=people.operator).first.id
    assign(people)

    (told,) = polled(app, scim, stream)

    assert short(told) == ("prov:patch:notice",)
    assert next(iter(told["events"].values())) == {"attributes": ["entitlements"]}
    assert told["sub_id"]["uri"] == f"/Users/{people.erin}"


def test_the_whole_is_told_as_it_is_now(app: Flask, people: Cast, scim: Scim) -> None:
    stream = apply(CreateStream(people.hr.id, "poll", detail="full"), by=people.operator).first.id
    assign(people)
    assign(people, "MAIL_BASIC")

    told = polled(app, scim, stream)

    for one in told:
        (operation,) = one["events"][PATCH_FULL]["data"]["Operations"]
        assert (operation["op"], operation["path"]) == ("replace", "entitlements")
        assert [v["value"] for v in operation["value"]] == ["OFFICE_BASIC", "OFFICE_BASIC/DOCS"]


def test_who_is_shut_out_has_nothing_left(app: Flask, people: Cast, scim: Scim) -> None:
    assign(people)
    stream = apply(CreateStream(people.hr.id, "poll", detail="full"), by=people.operator).first.id
    apply(BlockUser(people.erin), by=people.operator)

    told = {short(one): one for one in polled(app, scim, stream)}

    assert ("prov:deactivate",) in told
    assert told["prov:patch:full",]["events"][PATCH_FULL]["data"]["Operations"] == [
        {"op": "remove", "path": "entitlements"}
    ]
