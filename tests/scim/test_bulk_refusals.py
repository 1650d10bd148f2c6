"""Bulk requests that are wrong as a whole, and operations that are wrong in themselves."""

import time
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from idp.changes import apply
from idp.directory.errors import Unavailable
from scim import bulk as door
from scim import bulk_runs, call
from tests.scim.conftest import USER, Scim, detail
from tests.scim.test_bulk import (
    BULK,
    NOBODY,
    bulk,
    joining,
    patch,
    request,
    statuses,
    team,
    titled,
    user,
)


@pytest.fixture
def app(sqlite_app: Flask) -> Flask:
    """One database is enough here: none has a say in it."""
    return sqlite_app


def count(scim: Scim) -> int:
    found: int = scim("GET", "/Users?count=0").json["totalResults"]
    return found


# --- the request as a whole -------------------------------------------------------------------

WHOLE: dict[str, tuple[Any, int, str]] = {
    "no_operations": ({"schemas": [BULK]}, 400, "invalidSyntax"),
    "operations_are_an_object": (request() | {"Operations": {}}, 400, "invalidSyntax"),
    "operations_are_null": (request() | {"Operations": None}, 400, "invalidSyntax"),
    "accepts_no_error": (request(user("x"), failOnErrors=0), 400, "invalidValue"),
    "accepts_fewer_than_none": (request(user("x"), failOnErrors=-1), 400, "invalidValue"),
    "accepts_a_word": (request(user("x"), failOnErrors="many"), 400, "invalidValue"),
    "accepts_a_fraction": (request(user("x"), failOnErrors=1.5), 400, "invalidValue"),
    "accepts_truth": (request(user("x"), failOnErrors=True), 400, "invalidValue"),
    "accepts_a_list": (request(user("x"), failOnErrors=[1]), 400, "invalidValue"),
    "one_too_many": (request(*[{}] * (door.MAX_OPERATIONS + 1)), 413, ""),
    "too_deep": (request(user("x", emails=[[[[[[[[[[[[[[[]]]]]]]]]]]]]]])), 400, "invalidSyntax"),
}


def test_wrong_requests_are_refused_as_a_whole(scim: Scim) -> None:
    before = count(scim)

    told = {case: detail(scim("POST", "/Bulk", body)) for case, (body, *_) in WHOLE.items()}

    assert told == {case: (status, kind) for case, (_, status, kind) in WHOLE.items()}
    assert count(scim) == before


def test_limits_are_named_where_they_are_exceeded(scim: Scim) -> None:
    limits = scim("GET", "/ServiceProviderConfig").json["bulk"]
    many = scim("POST", "/Bulk", request(*[{}] * (limits["maxOperations"] + 1)))
    large = scim("POST", "/Bulk", request(user("x" * limits["maxPayloadSize"])))

    assert limits["supported"] is True
    assert detail(many) == detail(large) == (413, "")
    assert str(limits["maxOperations"]) in many.json["detail"]
    assert str(limits["maxPayloadSize"]) in large.json["detail"]


def test_more_than_other_requests_may_hold_is_taken(scim: Scim) -> None:
    padded = {"schemas": [BULK], "Operations": [user("joe")], "padding": "x" * 3 * 1024 * 1024}

    assert scim("POST", "/Bulk", padded).status_code == 200


def test_nothing_to_do_is_done(scim: Scim) -> None:
    assert bulk(scim) == []


def test_other_methods_are_refused(scim: Scim) -> None:
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        answer = scim(method, "/Bulk", request() if method in ("PUT", "PATCH") else None)

        assert detail(answer) == (405, "")
        assert answer.headers["Allow"] == "POST"


def test_token_that_may_not_write_is_refused(connect: Any, scim: Scim) -> None:
    reader = connect(scope="read")

    assert detail(reader("POST", "/Bulk", request(user("joe"), user("jim")))) == (403, "")
    assert scim.names('filter=userName eq "joe"') == []


# --- one operation ----------------------------------------------------------------------------

POST = {"method": "POST", "path": "/Users", "bulkId": "1", "data": {"userName": "x"}}
PUT = {"method": "PUT", "path": f"/Users/{NOBODY}", "data": {"userName": "x"}}

EACH: dict[str, tuple[Any, int, str]] = {
    "word": ("POST /Users", 400, "invalidSyntax"),
    "null": (None, 400, "invalidSyntax"),
    "list": ([], 400, "invalidSyntax"),
    "empty": ({}, 400, "invalidSyntax"),
    "no_method": ({k: v for k, v in POST.items() if k != "method"}, 400, "invalidSyntax"),
    "method_is_a_number": (POST | {"method": 1}, 400, "invalidSyntax"),
    "unknown_method": (POST | {"method": "GET"}, 400, "invalidSyntax"),
    "no_path": ({k: v for k, v in PUT.items() if k != "path"}, 400, "invalidSyntax"),
    "path_is_an_object": (PUT | {"path": {}}, 400, "invalidSyntax"),
    "no_bulk_id": ({k: v for k, v in POST.items() if k != "bulkId"}, 400, "invalidValue"),
    "empty_bulk_id": (POST | {"bulkId": ""}, 400, "invalidValue"),
    "bulk_id_is_a_number": (POST | {"bulkId": 7}, 400, "invalidValue"),
    "long_bulk_id": (POST | {"bulkId": "x" * 600}, 400, "invalidValue"),
    "no_data": ({k: v for k, v in POST.items() if k != "data"}, 400, "invalidSyntax"),
    "data_is_a_list": (POST | {"data": []}, 400, "invalidSyntax"),
    "data_is_a_word": (PUT | {"data": "x"}, 400, "invalidSyntax"),
    "unknown_place": (POST | {"path": "/Devices"}, 404, ""),
    "other_case": (POST | {"path": "/users"}, 404, ""),
    "discovery": (PUT | {"path": "/Schemas/x"}, 404, ""),
    "search": (POST | {"path": "/Users/.search"}, 405, ""),
    "post_to_a_person": (POST | {"path": f"/Users/{NOBODY}"}, 405, ""),
    "delete_everybody": ({"method": "DELETE", "path": "/Users"}, 405, ""),
    "delete_everybody_too": ({"method": "DELETE", "path": "/Users/"}, 405, ""),
    "elsewhere": (POST | {"path": "https://elsewhere.example/Users"}, 404, ""),
    "up": (POST | {"path": "/../Users"}, 404, ""),
    "nested": (POST | {"path": "/Bulk", "data": request(POST)}, 400, "invalidPath"),
    "nobody": (PUT, 404, ""),
    "no_id_at_all": (PUT | {"path": "/Users/é?/#%00"}, 404, ""),
    "nobody_to_delete": ({"method": "DELETE", "path": f"/Groups/{NOBODY}"}, 404, ""),
    "version_is_a_number": (PUT | {"version": 1}, 400, "invalidSyntax"),
    "version_is_no_tag": (PUT | {"version": "1"}, 412, ""),
    "version_is_foreign": (PUT | {"version": 'W/"3694e05e9dff591"'}, 412, ""),
    "wrong_type": (POST | {"data": {"userName": "x", "active": 7}}, 400, "invalidValue"),
    "number_that_is_none": (POST | {"data": {"userName": {"a": 1}}}, 400, "invalidValue"),
    "nameless": (POST | {"data": {"displayName": "x"}}, 400, "invalidValue"),
    "bad_patch": (patch(f"/Users/{NOBODY}", {"op": "move", "path": "x"}), 400, "invalidSyntax"),
    "bad_filter": (
        patch(f"/Groups/{NOBODY}", {"op": "remove", "path": 'members[value eq "bulkId:'}),
        400,
        "invalidPath",
    ),
    "patch_of_nobody": (titled(f"/Users/{NOBODY}", "Clerk"), 404, ""),
    "unknown_reference": (joining(f"/Groups/{NOBODY}", "bulkId:x"), 409, ""),
    "unknown_reference_in_path": (titled("/Users/bulkId:x", "Clerk"), 409, ""),
    "reference_to_nothing": (titled("/Users/bulkId:", "Clerk"), 409, ""),
    "manager_of_no_request": (user("x", f"bulkId:{NOBODY}"), 409, ""),
    "unknown_member": (team("Sales", NOBODY), 400, "invalidValue"),
}


def test_wrong_operations_fail_alone_and_quickly(scim: Scim) -> None:
    before, started = count(scim), time.monotonic()
    raw = [_alone(operation, case) for case, (operation, *_) in EACH.items()]

    told = bulk(scim, *raw, user("good"))

    wanted = {case: (status, kind) for case, (_, status, kind) in EACH.items()}
    found = {case: _refusal(one) for case, one in zip(EACH, told, strict=False)}
    assert {case: found[case] for case in EACH if found[case] != wanted[case]} == {}
    assert statuses(told)[-1] == 201
    assert count(scim) == before + 1
    assert time.monotonic() - started < 5


def _alone(operation: Any, case: str) -> Any:
    """The operation with a bulkId that no other case has."""
    shared = isinstance(operation, dict) and operation.get("bulkId") in ("1", "x")
    return operation | {"bulkId": case} if shared else operation


def _refusal(told: dict[str, Any]) -> tuple[int, str]:
    response = told["response"]
    assert response["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert response["status"] == told["status"]
    assert response["detail"]
    assert ("location" in told) == (told.get("method") != "POST")
    return int(told["status"]), response.get("scimType", "")


def test_second_use_of_a_bulk_id_fails_and_the_first_counts(scim: Scim) -> None:
    told = bulk(
        scim, user("a") | {"bulkId": "1"}, user("b") | {"bulkId": "1"}, team("T", "bulkId:1")
    )

    assert statuses(told) == [201, 400, 201]
    group = scim("GET", "/Groups").json["Resources"][0]
    assert told[0]["location"].endswith(group["members"][0]["value"])


def test_kind_of_a_reference_must_fit(scim: Scim) -> None:
    told = bulk(scim, user("a"), {"method": "DELETE", "path": "/Groups/bulkId:a"})

    assert statuses(told) == [201, 404]


def test_other_organizations_are_out_of_reach(scim: Scim, other: Scim) -> None:
    joe, sales = scim.user("joe")["id"], scim.group("Sales")["id"]
    put = {"schemas": [USER], "userName": "stolen"}

    told = bulk(
        other,
        {"method": "PUT", "path": f"/Users/{joe}", "data": put},
        titled(f"/Users/{joe}", "Clerk"),
        {"method": "DELETE", "path": f"/Users/{joe}"},
        {"method": "DELETE", "path": f"/Groups/{sales}"},
        team("Theirs", joe),
        user("theirs") | {"bulkId": joe},
        titled(f"/Users/bulkId:{joe}", "Clerk"),
    )

    assert statuses(told) == [404, 404, 404, 404, 400, 201, 200]
    assert scim("GET", f"/Users/{joe}").json["meta"]["version"] == 'W/"1"'
    assert other("GET", f"/Users/{joe}").status_code == 404


def test_foreign_shapes_are_forgiven_but_by_the_strict_profile(connect: Any) -> None:
    shapes = [
        user("a") | {"method": "post"},
        user("b") | {"path": "Users"},
        user("c", active="True"),
        user("d") | {"data": {"userName": "d"}},
        {
            "method": "PATCH",
            "path": f"/Users/{NOBODY}",
            "data": [{"op": "remove", "path": "title"}],
        },
    ]

    assert statuses(bulk(connect("rfc"), *shapes)) == [201, 201, 201, 201, 404]
    assert statuses(bulk(connect("strict"), *shapes)) == [400] * 5


def test_infinity_does_no_harm(scim: Scim) -> None:
    post = b'{"method": "POST", "path": "/Users", "bulkId": "1", "data": {"a": 1e999}}'
    huge = b'{"Operations": [' + post + b"]}"
    sent = {"Authorization": f"Bearer {scim.token}"}

    answer = scim.client.post(
        "/scim/v2/Bulk", data=huge, content_type="application/scim+json", headers=sent
    )

    assert statuses(answer.json["Operations"]) == [400]


# --- when not everything can be done ----------------------------------------------------------


def test_request_that_takes_too_long_tells_what_is_left(
    scim: Scim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_runs, "LONGEST_WORK", timedelta(seconds=-1))

    told = bulk(scim, user("a", "bulkId:b"), titled("/Users/bulkId:a", "Clerk"), user("b"))

    assert statuses(told) == [201, 429, 201]
    assert set(scim.names('filter=userName eq "a" or userName eq "b"')) == {"a", "b"}


def test_store_that_cannot_write_refuses_the_whole_request(
    scim: Scim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call, "apply", _Failing(after=0))

    answer = scim("POST", "/Bulk", request(user("a"), titled("/Users/bulkId:a", "Clerk")))

    assert detail(answer) == (503, "")
    assert int(answer.headers["Retry-After"]) > 0


def test_store_that_fails_between_tells_what_is_done(
    scim: Scim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call, "apply", _Failing(after=1))

    told = bulk(scim, user("a"), titled("/Users/bulkId:a", "Clerk"), user("b"))

    assert statuses(told) == [201, 503, 503]
    assert scim.names('filter=userName eq "a" or userName eq "b"') == ["a"]


class _Failing:
    """The write path, until the disk is full."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self, *changes: Any, by: Any, dry_run: bool = False) -> Any:
        if self.left == 0:
            raise Unavailable("storage_full", "The directory cannot be written just now.")
        self.left -= 1
        return apply(*changes, by=by, dry_run=dry_run)


def test_change_between_reading_and_writing_is_read_again(
    scim: Scim, monkeypatch: pytest.MonkeyPatch
) -> None:
    joe = scim.user("joe")["id"]
    monkeypatch.setattr(call, "apply", _Overtaken(scim, f"/Users/{joe}"))

    told = bulk(scim, titled(f"/Users/{joe}", "Clerk"), user("ann"))

    person = scim("GET", f"/Users/{joe}").json
    assert statuses(told) == [200, 201]
    assert (person["title"], person["nickName"]) == ("Clerk", "Joey")


class _Overtaken:
    """The write path, with somebody else who is quicker once."""

    def __init__(self, scim: Scim, path: str) -> None:
        self.scim, self.path, self.once = scim, path, True

    def __call__(self, *changes: Any, by: Any, dry_run: bool = False) -> Any:
        if self.once:
            self.once = False
            nick = {"op": "replace", "path": "nickName", "value": "Joey"}
            assert self.scim.patch(self.path, nick).status_code == 200
        return apply(*changes, by=by, dry_run=dry_run)


def test_what_refers_to_nothing_is_located_as_it_was_asked_for(scim: Scim) -> None:
    nameless = {"method": "POST", "path": "/Users", "bulkId": "x", "data": {"schemas": [USER]}}
    _, referring = bulk(scim, nameless, titled("/Users/bulkId:x", "Clerk"))
    assert referring["status"] == "409"
    assert referring["location"].endswith("/scim/v2/Users/bulkId:x")
