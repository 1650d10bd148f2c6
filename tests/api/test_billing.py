"""Subscriptions, usage and invoices by JSON; and the description of it all."""

from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from idp.extensions import db
from idp.licensing.billing import UsageSample
from portal.api.routes import OPERATIONS
from tests.api.conftest import Api
from tests.api.described import check
from tests.cast import Cast
from tests.licensing.shop import buy, sku


def test_subscriptions_are_told_as_graph_tells_them(api: Api, people: Cast) -> None:
    trial = buy(people.operator, "office-trial")

    (found,) = api.get("/directory/subscriptions?$filter=isTrial eq true")["value"]

    assert (found["id"], found["status"], found["totalLicenses"]) == (trial, "Enabled", 25)
    assert found["nextLifecycleDateTime"] > found["createdDateTime"]
    assert api.get(f"/directory/subscriptions/{trial}") == found


def test_invoices_are_told_newest_first_and_one_with_its_lines(api: Api) -> None:
    first = api.get("/invoices?$top=1")
    second = api.get(first["@odata.nextLink"].partition("/api")[2])

    assert first["value"][0]["id"] > second["value"][0]["id"]
    whole = api.get(f"/invoices/{first['value'][0]['id']}")
    assert sum(line["amountMinor"] for line in whole["lines"]) == whole["totalMinor"]


def test_usage_is_told_day_by_day(api: Api, people: Cast) -> None:
    today = datetime.now(UTC)
    row = UsageSample(
        org_id=people.org,
        sku_id=sku("STORAGE"),
        day=today.date().isoformat(),
        used=7,
        units=9,
        recorded=today,
    )
    db.session.add(row)
    db.session.commit()

    (found,) = api.get("/usage?$filter=skuPartNumber eq 'storage'")["value"]

    assert (found["used"], found["units"]) == (7, 9)
    assert api.refused("GET", "/usage")[2] == "product_missing"
    assert api.refused("GET", "/usage?$filter=skuId eq 'x'")[0] == 404


@pytest.mark.parametrize("place", ["/directory/subscriptions", "/invoices"])
def test_what_is_not_here_is_not_found(api: Api, place: str) -> None:
    assert api.refused("GET", f"{place}/nothing")[:2] == (404, "Request_ResourceNotFound")


def test_every_address_is_described_and_nothing_else(client: FlaskClient, people: Cast) -> None:
    document = client.get("/api/openapi.json").json

    described = {
        (path.replace("{", "<").replace("}", ">"), method.upper(), operation["operationId"])
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert document["openapi"] == "3.1.0"
    assert described == {(one.url, one.verb, one.name) for one in OPERATIONS}
    names = {s["operationId"] for m in document["paths"].values() for s in m.values()}
    assert len(names) == len(OPERATIONS)


def test_the_check_of_answers_can_fail(client: FlaskClient, people: Cast) -> None:
    document = client.get("/api/openapi.json").json
    wanted = {"$ref": "#/components/schemas/UnitsDetail"}
    right = {"enabled": 1, "warning": 0, "suspended": 0, "lockedOut": 0}

    check(document, wanted, right, "units")
    for wrong in (right | {"enabled": "1"}, right | {"colour": 1}, {"enabled": 1}, None):
        with pytest.raises(AssertionError):
            check(document, wanted, wrong, "units")


def test_whatever_is_not_there_is_refused_in_the_same_shape(client: FlaskClient) -> None:
    for method, path, status in (
        ("GET", "/api/nothing", 404),
        ("GET", "/api/", 404),
        ("DELETE", "/api/invoices", 404),
    ):
        answer = client.open(path, method=method)
        assert (answer.status_code, "error" in answer.json) == (status, True), path
