"""People through the door: create, read, replace, change, delete (RFC 7644 §3.3 to §3.6)."""

from typing import Any

import pytest
from sqlalchemy import func, select

from idp.changes.audit import AuditEntry
from idp.directory import queries
from idp.directory.attributes import ENTERPRISE_SCHEMA
from idp.extensions import db
from tests.cast import Cast
from tests.scim.conftest import USER, Scim, detail

FULL: dict[str, Any] = {
    "schemas": [USER, ENTERPRISE_SCHEMA],
    "externalId": "701984",
    "userName": "bjensen@northwind.example",
    "name": {"formatted": "Ms. Barbara J Jensen, III", "familyName": "Jensen", "givenName": "Bär"},
    "displayName": "Babs Jensen",
    "nickName": "Babs",
    "profileUrl": "https://login.example.com/bjensen",
    "emails": [
        {"value": "bjensen@example.com", "type": "work", "primary": True},
        {"value": "babs@jensen.org", "type": "home"},
    ],
    "addresses": [{"type": "work", "streetAddress": "100 Universal", "country": "US"}],
    "phoneNumbers": [{"value": "555-555-5555", "type": "work"}],
    "userType": "Employee",
    "title": "Tour Guide",
    "locale": "en-US",
    "active": True,
    ENTERPRISE_SCHEMA: {"employeeNumber": "701984", "costCenter": "4130", "department": "Tours"},
}


def written() -> int:
    """How many audit rows there are."""
    return db.session.scalar(select(func.count()).select_from(AuditEntry)) or 0


def own(resource: dict[str, Any]) -> dict[str, Any]:
    """A resource without what the server adds."""
    return {k: v for k, v in resource.items() if k not in ("id", "meta", "groups")}


def test_created_person_is_answered_whole(scim: Scim) -> None:
    answer = scim("POST", "/Users", FULL)

    assert answer.status_code == 201
    assert own(answer.json) == FULL
    assert answer.headers["Location"] == answer.json["meta"]["location"]
    assert answer.headers["Location"].endswith(f"/scim/v2/Users/{answer.json['id']}")
    assert answer.headers["ETag"] == answer.json["meta"]["version"] == 'W/"1"'


def test_person_is_read_as_created(scim: Scim) -> None:
    made = scim("POST", "/Users", FULL).json

    answer = scim("GET", f"/Users/{made['id']}")

    assert (answer.status_code, answer.json) == (200, made)


def test_person_shows_manager_and_groups(scim: Scim) -> None:
    boss = scim.user("boss", displayName="The Boss")
    made = scim.user(**{ENTERPRISE_SCHEMA: {"manager": {"value": boss["id"]}}})
    inner = scim.group("Inner", made["id"])
    outer = scim.group("Outer", inner["id"])

    person = scim("GET", f"/Users/{made['id']}").json

    place = boss["meta"]["location"]
    assert person[ENTERPRISE_SCHEMA]["manager"] == {
        "value": boss["id"],
        "$ref": place,
        "displayName": "The Boss",
    }
    assert {(g["value"], g["display"], g["type"]) for g in person["groups"]} == {
        (inner["id"], "Inner", "direct"),
        (outer["id"], "Outer", "indirect"),
    }


def test_manager_may_arrive_after_the_person(scim: Scim) -> None:
    made = scim.user(**{ENTERPRISE_SCHEMA: {"manager": {"value": "not-here-yet"}}})

    assert made[ENTERPRISE_SCHEMA]["manager"] == {"value": "not-here-yet"}


def test_taken_name_is_a_conflict_in_any_case(scim: Scim) -> None:
    scim.user("joe@northwind.example")

    answer = scim("POST", "/Users", {"schemas": [USER], "userName": "JOE@northwind.example"})

    assert detail(answer) == (409, "uniqueness")


def test_taken_external_id_is_a_conflict(scim: Scim) -> None:
    scim.user("joe", externalId="1")

    body = {"schemas": [USER], "userName": "jim", "externalId": "1"}

    assert detail(scim("POST", "/Users", body)) == (409, "uniqueness")


def test_person_without_a_name_is_refused(scim: Scim) -> None:
    assert detail(scim("POST", "/Users", {"schemas": [USER]})) == (400, "invalidValue")


def test_password_is_taken_and_never_shown(scim: Scim, people: Cast) -> None:
    answer = scim(
        "POST", "/Users", {"schemas": [USER], "userName": "joe", "password": "a long walk home"}
    )

    assert "password" not in answer.json
    assert "a long walk home" not in queries.find_user(people.hr, answer.json["id"]).document


def test_weak_password_is_refused(scim: Scim) -> None:
    body = {"schemas": [USER], "userName": "joe", "password": "password1234"}

    assert detail(scim("POST", "/Users", body)) == (400, "invalidValue")


def test_okta_password_is_dropped(connect: Any) -> None:
    okta = connect("okta")

    okta.user("joe", password="x")


# --- PUT --------------------------------------------------------------------------------------


def test_replaced_person_loses_what_is_not_named(scim: Scim) -> None:
    made = scim("POST", "/Users", FULL).json
    short = {"schemas": [USER], "userName": FULL["userName"], "title": "Chief"}

    answer = scim("PUT", f"/Users/{made['id']}", short)

    assert answer.status_code == 200
    assert own(answer.json) == {**short, "active": True, "externalId": "701984"}
    assert answer.headers["ETag"] == 'W/"2"'


def test_replacing_by_the_same_writes_nothing(scim: Scim) -> None:
    made = scim("POST", "/Users", FULL).json
    before = written()

    answer = scim("PUT", f"/Users/{made['id']}", made)

    assert (answer.status_code, answer.json) == (200, made)
    assert written() == before


def test_put_without_active_does_not_enable(scim: Scim) -> None:
    made = scim.user("joe", active=False)

    answer = scim("PUT", f"/Users/{made['id']}", {"schemas": [USER], "userName": "joe"})

    assert answer.json["active"] is False


def test_put_without_a_name_is_refused(scim: Scim) -> None:
    made = scim.user()

    answer = scim("PUT", f"/Users/{made['id']}", {"schemas": [USER], "title": "x"})

    assert detail(answer) == (400, "invalidValue")


def test_put_never_creates(scim: Scim) -> None:
    place = "/Users/01999999-0000-7000-8000-000000000000"

    assert detail(scim("PUT", place, FULL)) == (404, "")


# --- PATCH ------------------------------------------------------------------------------------


def test_patched_person_is_answered_whole(scim: Scim) -> None:
    made = scim("POST", "/Users", FULL).json

    answer = scim.patch(
        f"/Users/{made['id']}",
        {"op": "replace", "path": 'emails[type eq "work"].value', "value": "new@example.com"},
        {"op": "remove", "path": "nickName"},
        {"op": "add", "path": f"{ENTERPRISE_SCHEMA}:division", "value": "West"},
    )

    wanted = {k: v for k, v in FULL.items() if k != "nickName"}
    wanted["emails"] = [{**FULL["emails"][0], "value": "new@example.com"}, FULL["emails"][1]]
    wanted[ENTERPRISE_SCHEMA] = {**FULL[ENTERPRISE_SCHEMA], "division": "West"}
    assert answer.status_code == 200
    assert own(answer.json) == wanted
    assert answer.headers["ETag"] == 'W/"2"'


def test_patch_that_changes_nothing_writes_nothing(scim: Scim) -> None:
    made = scim("POST", "/Users", FULL).json
    before = written()

    answer = scim.patch(
        f"/Users/{made['id']}",
        {"op": "replace", "path": "title", "value": FULL["title"]},
        {"op": "add", "path": "emails", "value": [FULL["emails"][0]]},
    )

    assert (answer.status_code, answer.json) == (200, made)
    assert written() == before


def test_patch_is_all_or_nothing(scim: Scim) -> None:
    made = scim("POST", "/Users", FULL).json

    answer = scim.patch(
        f"/Users/{made['id']}",
        {"op": "replace", "path": "title", "value": "Chief"},
        {"op": "replace", "path": "noSuchAttribute", "value": 1},
    )

    assert detail(answer) == (400, "invalidPath")
    assert scim("GET", f"/Users/{made['id']}").json == made


def test_patch_sets_and_clears_the_external_id(scim: Scim) -> None:
    made = scim.user(externalId="1")
    place = f"/Users/{made['id']}"

    renamed = scim.patch(place, {"op": "replace", "path": "externalId", "value": "2"}).json
    cleared = scim.patch(place, {"op": "remove", "path": "externalId"}).json

    assert renamed["externalId"] == "2"
    assert "externalId" not in cleared


def test_deactivated_person_stays_readable(scim: Scim) -> None:
    made = scim.user()

    scim.patch(f"/Users/{made['id']}", {"op": "Replace", "path": "active", "value": "False"})

    assert scim("GET", f"/Users/{made['id']}").json["active"] is False
    assert scim.names('filter=userName eq "joe@northwind.example"') == ["joe@northwind.example"]


def test_patch_of_nobody_is_not_found(scim: Scim) -> None:
    place = "/Users/01999999-0000-7000-8000-000000000000"

    answer = scim.patch(place, {"op": "remove", "path": "title"})

    assert detail(answer) == (404, "")


# --- DELETE -----------------------------------------------------------------------------------


def test_deleted_person_is_gone_and_the_name_is_free(scim: Scim) -> None:
    made = scim.user("joe", externalId="1")

    answer = scim("DELETE", f"/Users/{made['id']}")

    assert (answer.status_code, answer.data) == (204, b"")
    assert detail(scim("GET", f"/Users/{made['id']}")) == (404, "")
    assert detail(scim("DELETE", f"/Users/{made['id']}")) == (404, "")
    assert scim.user("joe", externalId="1")["id"] != made["id"]


# --- versions ---------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_write_on_an_old_version_is_refused(scim: Scim, method: str) -> None:
    made = scim.user("joe")
    place = f"/Users/{made['id']}"
    scim.patch(place, {"op": "add", "path": "title", "value": "x"})
    put = {"schemas": [USER], "userName": "joe"}
    bodies = {"PUT": put, "PATCH": {"Operations": [{"op": "remove", "path": "title"}]}}

    answer = scim(method, place, bodies.get(method), If_Match='W/"1"')

    assert detail(answer) == (412, "")
    assert scim("GET", place).json["title"] == "x"


@pytest.mark.parametrize("tag", ['W/"1"', '"1"', "*", 'W/"7", W/"1"'])
def test_write_on_the_current_version_succeeds(scim: Scim, tag: str) -> None:
    made = scim.user("joe")

    answer = scim.patch(
        f"/Users/{made['id']}", {"op": "add", "path": "title", "value": "x"}, If_Match=tag
    )

    assert (answer.status_code, answer.headers["ETag"]) == (200, 'W/"2"')


def test_unchanged_person_is_not_sent_again(scim: Scim) -> None:
    made = scim.user()

    answer = scim("GET", f"/Users/{made['id']}", If_None_Match='W/"1"')

    assert (answer.status_code, answer.data) == (304, b"")
    assert answer.headers["ETag"] == 'W/"1"'
    assert scim("GET", f"/Users/{made['id']}", If_None_Match='W/"2"').status_code == 200


def test_if_none_match_star_forbids_to_replace(scim: Scim) -> None:
    made = scim.user("joe")
    body = {"schemas": [USER], "userName": "joe", "title": "x"}

    assert detail(scim("PUT", f"/Users/{made['id']}", body, If_None_Match="*")) == (412, "")


# --- projection -------------------------------------------------------------------------------


def test_every_answer_is_projected(scim: Scim) -> None:
    made = scim("POST", "/Users?attributes=userName,name.familyName", FULL).json
    patch = {"op": "add", "path": "title", "value": "x"}
    place = f"/Users/{made['id']}"

    shown = {"schemas": [USER], "id": made["id"], "userName": FULL["userName"]}
    assert made == {**shown, "name": {"familyName": "Jensen"}}
    assert scim.patch(f"{place}?attributes=userName", patch).json == shown
    assert scim("PUT", f"{place}?attributes=userName", FULL).json == shown
    assert scim("GET", f"{place}?attributes=userName").json == shown
    assert "emails" not in scim("GET", f"{place}?excludedAttributes=emails").json


def test_wrong_projection_is_refused_before_anything_is_written(scim: Scim) -> None:
    body = {"schemas": [USER], "userName": "joe"}

    answer = scim("POST", "/Users?attributes=id&excludedAttributes=title", body)

    assert detail(answer) == (400, "invalidValue")
    assert scim.names('filter=userName eq "joe"') == []
