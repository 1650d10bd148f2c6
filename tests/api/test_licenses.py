"""Licences by JSON, in Microsoft Graph's words: what there is, who holds it, assigning it."""

from typing import Any

import pytest

from idp.changes import apply
from idp.changes.intents import AssignLicense, BlockUser
from idp.licensing.catalogue import catalogue
from tests.api.conftest import Api
from tests.cast import Cast
from tests.changes.steps import group
from tests.licensing.shop import holders, plans_off, sku

ERIN = "erin@northwind.example"


def plan_id(part_number: str, name: str) -> str:
    found = catalogue().skus[sku(part_number)]
    return next(plan.id for plan in found.plans if plan.name == name)


def test_products_are_told_with_their_units(api: Api, people: Cast) -> None:
    (found,) = api.get("/subscribedSkus?$filter=skuPartNumber eq 'OFFICE_PRO'")["value"]

    assert found["id"] == f"{people.org}_{sku('OFFICE_PRO')}"
    assert found["prepaidUnits"] == {"enabled": 3, "warning": 0, "suspended": 0, "lockedOut": 0}
    assert (found["consumedUnits"], found["capabilityStatus"]) == (1, "Enabled")
    assert [p["servicePlanName"] for p in found["servicePlans"]] == ["DOCS", "MAIL_PRO", "VOICE"]
    assert api.get(f"/subscribedSkus/{found['id']}") == found


def test_what_the_organization_uses_as_a_whole_applies_to_it(api: Api) -> None:
    found = api.get("/subscribedSkus?$filter=appliesTo eq 'Company'&$select=skuPartNumber")

    assert found == {"value": [{"skuPartNumber": "STORAGE"}]}


def test_pages_are_followed_by_their_links(api: Api) -> None:
    seen, path = [], "/subscribedSkus?$top=2&$select=skuPartNumber"
    while path:
        found = api.get(path)
        seen.append([one["skuPartNumber"] for one in found["value"]])
        path = found.get("@odata.nextLink", "").partition("/api")[2]

    assert seen == [["OFFICE_BASIC", "OFFICE_PRO"], ["STORAGE"]]


def test_a_person_is_found_by_name_with_what_they_hold(api: Api, people: Cast) -> None:
    found = api.get(f"/users/{ERIN}")

    off = [plan_id("OFFICE_PRO", name) for name in ("DOCS", "VOICE")]
    assert found["id"] == people.erin
    assert found["assignedLicenses"] == [{"skuId": sku("OFFICE_PRO"), "disabledPlans": off}]
    (state,) = found["licenseAssignmentStates"]
    assert (state["assignedTo"], state["assignedByGroup"]) == ("user", None)
    assert (state["state"], state["error"]) == ("Active", "None")


def test_details_tell_which_plans_are_on(api: Api) -> None:
    (found,) = api.get(f"/users/{ERIN}/licenseDetails")["value"]

    statuses = {p["servicePlanName"]: p["provisioningStatus"] for p in found["servicePlans"]}
    assert statuses == {"DOCS": "Disabled", "MAIL_PRO": "Success", "VOICE": "Disabled"}


def assign(place: str, add: list[Any], remove: list[str]) -> tuple[str, str, dict[str, Any]]:
    return "POST", f"{place}/assignLicense", {"addLicenses": add, "removeLicenses": remove}


def test_products_are_assigned_and_removed_together(api: Api, people: Cast) -> None:
    new = {"skuId": sku("OFFICE_BASIC"), "disabledPlans": [plan_id("OFFICE_BASIC", "DOCS")]}

    answer = api(*assign(f"/users/{people.erin}", [new], [sku("OFFICE_PRO")]))

    assert answer.json["assignedLicenses"] == [new]
    assert holders("OFFICE_PRO") == set()
    assert plans_off("OFFICE_BASIC", people.erin) == ["DOCS"]


def test_a_part_that_is_refused_refuses_all(api: Api, people: Cast) -> None:
    new = {"skuId": sku("ARCHIVE")}

    told = api.refused(
        *assign(f"/users/{people.bob.id}", [{"skuId": sku("OFFICE_BASIC")}, new], [])
    )

    assert told == (409, "DependencyViolation", "dependency_violation")
    assert holders("OFFICE_BASIC") == set()


def test_a_group_is_assigned_to_and_its_members_are_seated(api: Api, people: Cast) -> None:
    kitchen = group(people.operator, "Kitchen", people.bob.id)

    answer = api(*assign(f"/groups/{kitchen}", [{"skuId": sku("OFFICE_BASIC")}], []))

    assert answer.json["assignedLicenses"] == [{"skuId": sku("OFFICE_BASIC"), "disabledPlans": []}]
    assert holders("OFFICE_BASIC") == {people.bob.id}
    (state,) = api.get(f"/users/{people.bob.id}")["licenseAssignmentStates"]
    assert state["assignedByGroup"] == kitchen
    api(*assign(f"/groups/{kitchen}", [], [sku("OFFICE_BASIC")]))
    assert holders("OFFICE_BASIC") == set()


def test_who_does_not_get_it_is_told_why(api: Api, people: Cast) -> None:
    crew = group(people.operator, "Crew", people.bob.id, people.erin)
    apply(AssignLicense(sku("ARCHIVE"), group_id=crew), by=people.operator)

    states = api.get(f"/users/{people.bob.id}")["licenseAssignmentStates"]

    assert [(s["state"], s["error"]) for s in states] == [("Error", "DependencyViolation")]


def test_seats_are_looked_at_again(api: Api, people: Cast) -> None:
    answer = api("POST", f"/users/{people.erin}/reprocessLicenseAssignment")

    assert answer.json["id"] == people.erin


def test_who_may_not_sign_in_holds_nothing(api: Api, people: Cast) -> None:
    apply(BlockUser(people.erin), by=people.operator)

    found = api.get(f"/users/{people.erin}")

    assert (found["accountEnabled"], found["assignedLicenses"]) == (False, [])


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"addLicenses": [{"skuId": "x", "colour": 1}]},
        {"addLicenses": "all"},
        {"addLicenses": [], "removeLicenses": [7]},
        ["addLicenses"],
    ],
)
def test_a_body_that_says_nothing_clear_is_refused(api: Api, people: Cast, body: Any) -> None:
    status, code, _ = api.refused("POST", f"/users/{people.erin}/assignLicense", body)

    assert (status, code) == (400, "Request_BadRequest")


def test_unknown_products_and_plans_are_refused(api: Api, people: Cast) -> None:
    place = f"/users/{people.bob.id}"
    plan = {"skuId": sku("OFFICE_BASIC"), "disabledPlans": ["nothing"]}

    assert api.refused(*assign(place, [{"skuId": "nothing"}], []))[0] == 404
    assert api.refused(*assign(place, [plan], []))[2] == "plan_unknown"
    assert api.refused(*assign(place, [], [sku("OFFICE_BASIC")]))[2] == "license_not_assigned"


@pytest.mark.parametrize(
    "path",
    ["/users/{mallory}", "/users/mallory@contoso.example", "/users/x", "/groups/{mallory}"],
)
def test_other_organizations_do_not_exist(api: Api, people: Cast, path: str) -> None:
    told = api.refused("GET", path.format(mallory=people.mallory.id))

    assert told[:2] == (404, "Request_ResourceNotFound")


@pytest.mark.parametrize(
    "query",
    [
        "$top=0",
        "$top=x",
        "$filter=skuId ne 'x'",
        "$filter=consumedUnits eq 1",
        "$select=colour",
        "$expand=x",
        "$skiptoken=x",
    ],
)
def test_questions_that_are_not_understood_are_refused(api: Api, query: str) -> None:
    assert api.refused("GET", f"/subscribedSkus?{query}")[0] == 400
