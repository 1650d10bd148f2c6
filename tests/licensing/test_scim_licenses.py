"""What people can hold is a resource type that clients discover, and cannot write."""

from collections.abc import Callable

import httpx2
import pytest
from flask.testing import FlaskClient
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import ListResponse, ResourceType
from scim2_tester import Status, check_server

from idp.changes import apply
from idp.changes.intents import AssignLicense
from idp.directory.attributes import LICENSE_SCHEMA
from tests.cast import Cast
from tests.licensing.shop import buy, sku
from tests.scim.conftest import Scim, base_url, connect, detail

__all__ = ["base_url", "connect"]


@pytest.fixture
def scim(client: FlaskClient, shop_open: Cast) -> Scim:
    """Northwind's HR; Northwind has two products for people and one for itself."""
    for slug in ("office-pro", "office-basic", "storage"):
        buy(shop_open.operator, slug, 3)
    return Scim(client, shop_open.token)


def listed(scim: Scim, query: str = "") -> list[str]:
    return [found["id"] for found in scim("GET", f"/Licenses?{query}").json["Resources"]]


def test_the_type_is_discovered_with_its_schema(scim: Scim) -> None:
    types = ListResponse[ResourceType].model_validate(scim("GET", "/ResourceTypes").json)

    (found,) = [one for one in types.resources if one.name == "License"]
    assert (str(found.endpoint), str(found.schema_)) == ("/Licenses", LICENSE_SCHEMA)
    attributes = scim("GET", f"/Schemas/{LICENSE_SCHEMA}").json["attributes"]
    assert {one["mutability"] for one in attributes} == {"readOnly"}


def test_where_nobody_can_hold_anything_no_type_is_told_of(
    scim: Scim, client: FlaskClient, people: Cast
) -> None:
    other = Scim(client, people.other_token)

    assert [one["id"] for one in other("GET", "/ResourceTypes").json["Resources"]] == [
        "User",
        "Group",
    ]
    assert other("GET", f"/Schemas/{LICENSE_SCHEMA}").status_code == 404
    assert other("GET", "/Licenses").json["totalResults"] == 0


def test_an_independent_client_reads_every_licence(scim: Scim, base_url: str) -> None:
    header = {"Authorization": f"Bearer {scim.token}"}
    client = SyncSCIMClient(httpx2.Client(base_url=base_url, headers=header))
    client.discover()
    model = client.get_resource_model("License")

    found = client.query(model)

    assert {one.id for one in found.resources} == {"OFFICE_BASIC", "OFFICE_PRO"}
    checks = check_server(client, resource_types=["User", "Group"])
    failed = [c for c in checks if c.status not in (Status.SUCCESS, Status.SKIPPED)]
    assert [f"{one.title}: {one.reason}" for one in failed] == []


def test_okta_knows_it_by_a_schema_of_its_own(scim: Scim, connect: Callable[..., Scim]) -> None:
    okta = connect("okta")
    urn = "urn:okta:scim:schemas:core:1.0:Entitlement"

    assert okta("GET", "/ResourceTypes/License").json["schema"] == urn
    assert okta("GET", "/Licenses/OFFICE_PRO").json["schemas"] == [urn]
    assert okta("GET", f"/Schemas/{urn}").status_code == 200


def test_a_licence_is_named_as_in_entitlements(scim: Scim, people: Cast) -> None:
    apply(AssignLicense(sku("OFFICE_BASIC"), people.erin), by=people.operator)
    held = scim("GET", f"/Users/{people.erin}").json["entitlements"]

    found = scim("GET", f"/Licenses/{held[0]['value']}").json

    assert found["displayName"] == held[0]["display"]
    assert [one["value"] for one in found["plans"]] == [one["value"] for one in held[1:]]
    assert found["meta"]["location"].endswith("/scim/v2/Licenses/OFFICE_BASIC")


def test_only_what_people_can_hold_here_is_listed(scim: Scim, client: FlaskClient) -> None:
    assert listed(scim) == ["OFFICE_BASIC", "OFFICE_PRO"]
    assert scim("GET", "/Licenses/ARCHIVE").status_code == 404


def test_another_organization_sees_its_own(scim: Scim, client: FlaskClient, people: Cast) -> None:
    assert listed(Scim(client, people.other_token)) == []


def test_units_are_for_who_may_see_them(scim: Scim) -> None:
    assert not {"prepaidUnits", "consumedUnits"} & scim("GET", "/Licenses/OFFICE_PRO").json.keys()


@pytest.mark.parametrize(
    "query, found",
    [
        ('filter=displayName eq "office pro"', ["OFFICE_PRO"]),
        ('filter=id sw "OFFICE"', ["OFFICE_BASIC", "OFFICE_PRO"]),
        ('filter=partNumber ne "OFFICE_PRO"', ["OFFICE_BASIC"]),
        ('filter=plans.value eq "OFFICE_PRO/VOICE"', ["OFFICE_PRO"]),
        ('filter=plans[display co "mail"] and not (id ew "PRO")', ["OFFICE_BASIC"]),
        ("filter=prepaidUnits.enabled gt 1", []),
        ('filter=meta.resourceType eq "License"', ["OFFICE_BASIC", "OFFICE_PRO"]),
        ('filter=type eq "license" or id pr', ["OFFICE_BASIC", "OFFICE_PRO"]),
        ("sortBy=displayName&sortOrder=descending", ["OFFICE_PRO", "OFFICE_BASIC"]),
        ("count=1", ["OFFICE_BASIC"]),
        ("startIndex=2&count=1", ["OFFICE_PRO"]),
        ("count=0", []),
    ],
)
def test_lists_are_filtered_sorted_and_paged(scim: Scim, query: str, found: list[str]) -> None:
    assert listed(scim, query) == found


def test_a_walk_by_cursor_meets_each_once(scim: Scim) -> None:
    first = scim("GET", "/Licenses?count=1&cursor").json
    second = scim("GET", f"/Licenses?count=1&cursor={first['nextCursor']}").json
    back = scim("GET", f"/Licenses?count=1&cursor={second['previousCursor']}").json

    assert [p["Resources"][0]["id"] for p in (first, second, back)] == [
        "OFFICE_BASIC",
        "OFFICE_PRO",
        "OFFICE_BASIC",
    ]
    assert "nextCursor" not in second
    assert "previousCursor" not in first


def test_only_what_is_asked_for_is_shown(scim: Scim) -> None:
    assert scim("GET", "/Licenses/OFFICE_PRO?attributes=displayName").json == {
        "schemas": [LICENSE_SCHEMA],
        "id": "OFFICE_PRO",
        "displayName": "Office Pro",
    }


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nobody_writes_licences(scim: Scim, method: str) -> None:
    place = "/Licenses" if method == "POST" else "/Licenses/OFFICE_PRO"
    answer = scim(method, place, None if method == "DELETE" else {})

    assert detail(answer)[0] == 405
    assert answer.headers["Allow"] == "GET"


def test_a_wrong_filter_is_refused(scim: Scim) -> None:
    answer = scim("GET", '/Licenses?filter=colour eq "red"')

    assert detail(answer) == (400, "invalidFilter")
