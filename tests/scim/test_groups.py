"""Groups through the door; members as rows that parallel writers cannot lose."""

from typing import Any

import pytest

from tests.scim.conftest import GROUP, Scim, detail


@pytest.fixture
def three(scim: Scim) -> list[str]:
    return [scim.user(f"user{number}")["id"] for number in range(3)]


def members(scim: Scim, group: dict[str, Any]) -> set[str]:
    found = scim("GET", f"/Groups/{group['id']}").json
    return {member["value"] for member in found.get("members", ())}


def values(*ids: str) -> list[dict[str, str]]:
    return [{"value": one} for one in ids]


def test_created_group_is_answered_whole(scim: Scim, three: list[str]) -> None:
    body = {
        "schemas": [GROUP],
        "displayName": "Sales",
        "externalId": "g1",
        "members": values(three[0]),
    }

    answer = scim("POST", "/Groups", body)

    assert answer.status_code == 201
    assert answer.headers["Location"].endswith(f"/Groups/{answer.json['id']}")
    assert (answer.json["displayName"], answer.json["externalId"]) == ("Sales", "g1")
    (member,) = answer.json["members"]
    assert (member["value"], member["type"]) == (three[0], "User")
    assert member["$ref"].endswith(f"/Users/{three[0]}")


def test_group_in_a_group_is_a_member_of_type_group(scim: Scim) -> None:
    inner = scim.group("Inner")

    outer = scim.group("Outer", inner["id"])

    (member,) = outer["members"]
    assert member["type"] == "Group"
    assert member["$ref"].endswith(f"/Groups/{inner['id']}")


def test_circle_is_refused(scim: Scim) -> None:
    inner = scim.group("Inner")
    outer = scim.group("Outer", inner["id"])

    answer = scim.patch(
        f"/Groups/{inner['id']}", {"op": "add", "path": "members", "value": values(outer["id"])}
    )

    assert detail(answer) == (409, "")


def test_taken_name_is_a_conflict(scim: Scim) -> None:
    scim.group("Sales")

    answer = scim("POST", "/Groups", {"schemas": [GROUP], "displayName": "SALES"})

    assert detail(answer) == (409, "uniqueness")


def test_unknown_member_is_refused(scim: Scim) -> None:
    body = {"schemas": [GROUP], "displayName": "Sales", "members": values("nobody")}

    assert detail(scim("POST", "/Groups", body)) == (400, "invalidValue")


@pytest.mark.parametrize("profile", ["rfc", "entra"])
def test_members_are_added_and_removed(connect: Any, three: list[str], profile: str) -> None:
    door = connect(profile)
    group = door.group("Sales", three[0])
    place = f"/Groups/{group['id']}"

    door.patch(place, {"op": "Add", "path": "members", "value": values(*three[1:])})
    assert members(door, group) == set(three)
    door.patch(place, {"op": "remove", "path": f'members[value eq "{three[0]}"]'})
    assert members(door, group) == set(three[1:])
    door.patch(place, {"op": "Remove", "path": "members", "value": values(three[1])})
    assert members(door, group) == {three[2]}
    door.patch(place, {"op": "replace", "path": "members", "value": values(three[0])})
    assert members(door, group) == {three[0]}
    door.patch(place, {"op": "remove", "path": "members"})
    assert members(door, group) == set()


def test_adding_a_member_twice_changes_nothing(scim: Scim, three: list[str]) -> None:
    group = scim.group("Sales", three[0])

    answer = scim.patch(
        f"/Groups/{group['id']}", {"op": "add", "path": "members", "value": values(three[0])}
    )

    assert (answer.status_code, answer.headers["ETag"]) == (200, 'W/"1"')


def test_members_selected_by_type_are_removed(scim: Scim, three: list[str]) -> None:
    inner = scim.group("Inner")
    group = scim.group("Outer", inner["id"], three[0])

    scim.patch(f"/Groups/{group['id']}", {"op": "remove", "path": 'members[type eq "Group"]'})

    assert members(scim, group) == {three[0]}


def test_okta_renames_right_after_creating(connect: Any, three: list[str]) -> None:
    okta = connect("okta")
    group = okta.group("Sales", three[0])

    operation = {"op": "replace", "value": {"id": group["id"], "displayName": "Sellers"}}
    answer = okta.patch(f"/Groups/{group['id']}", operation)

    assert answer.json["displayName"] == "Sellers"
    assert members(okta, group) == {three[0]}


def test_entra_is_answered_without_a_body(connect: Any, three: list[str]) -> None:
    entra = connect("entra")
    group = entra.group("Sales")
    operation = {"op": "Add", "path": "members", "value": values(three[0])}

    answer = entra.patch(f"/Groups/{group['id']}", operation)

    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["ETag"] == 'W/"2"'
    asked = entra.patch(f"/Groups/{group['id']}?attributes=displayName", operation)
    assert asked.status_code == 200


def test_put_sets_exactly_these_members(scim: Scim, three: list[str]) -> None:
    group = scim.group("Sales", *three[:2])
    body = {"schemas": [GROUP], "displayName": "Sales", "members": values(three[2])}

    answer = scim("PUT", f"/Groups/{group['id']}", body)

    assert answer.status_code == 200
    assert members(scim, group) == {three[2]}


def test_put_of_the_same_changes_nothing(scim: Scim, three: list[str]) -> None:
    group = scim.group("Sales", *three)

    answer = scim("PUT", f"/Groups/{group['id']}", group)

    assert answer.json == group


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "displayName"},
        {"op": "replace", "path": "displayName", "value": ""},
    ],
)
def test_name_of_a_group_cannot_be_removed(scim: Scim, operation: dict[str, Any]) -> None:
    group = scim.group("Sales")

    assert detail(scim.patch(f"/Groups/{group['id']}", operation)) == (400, "mutability")


def test_deleted_group_is_gone_and_its_members_stay(scim: Scim, three: list[str]) -> None:
    group = scim.group("Sales", three[0])

    assert scim("DELETE", f"/Groups/{group['id']}").status_code == 204

    assert detail(scim("GET", f"/Groups/{group['id']}")) == (404, "")
    assert "groups" not in scim("GET", f"/Users/{three[0]}").json


def test_old_version_of_a_group_is_refused(scim: Scim, three: list[str]) -> None:
    group = scim.group("Sales", three[0])
    place = f"/Groups/{group['id']}"
    operation = {"op": "remove", "path": f'members[value eq "{three[0]}"]'}

    assert scim.patch(place, operation, If_Match='W/"1"').status_code == 200
    assert detail(scim.patch(place, operation, If_Match='W/"1"')) == (412, "")


@pytest.mark.parametrize(
    "query",
    [
        'filter=displayName eq "sales"&excludedAttributes=members',
        "attributes=displayName",
        "excludedAttributes=members",
    ],
)
def test_members_are_not_loaded_when_not_shown(
    scim: Scim, three: list[str], query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scim.group("Sales", *three)
    monkeypatch.setattr("idp.directory.queries.members_of_many", None)

    (found,) = scim("GET", f"/Groups?{query}").json["Resources"]

    assert found["displayName"] == "Sales"
    assert "members" not in found


GROUP_FILTERS = [
    'displayName eq "sales"',
    'displayName sw "Sa"',
    'id eq "{group}" and members eq "{member}"',
    'members[value eq "{member}"]',
    'members.value eq "{member}"',
    'externalId eq "g1"',
    "members pr",
    'meta.created gt "2020-01-01T00:00:00Z" and externalId pr',
]


def test_group_filters_find_what_they_mean(scim: Scim, three: list[str]) -> None:
    group = scim.group("Sales", three[0])
    scim.patch(f"/Groups/{group['id']}", {"op": "add", "path": "externalId", "value": "g1"})
    scim.group("Other")

    wrong = {}
    for text in GROUP_FILTERS:
        asked = text.format(group=group["id"], member=three[0])
        found = scim("GET", f"/Groups?filter={asked}").json
        if [one["id"] for one in found["Resources"]] != [group["id"]]:
            wrong[text] = found

    assert wrong == {}
