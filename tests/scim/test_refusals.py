"""Every refusal is SCIM JSON with the right status and scimType (RFC 7644 §3.12)."""

import json
import time
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from idp.changes import apply
from idp.changes.intents import ChangeConnection, RevokeToken
from idp.directory import queries
from tests.cast import Cast
from tests.scim.conftest import GROUP, USER, Scim, detail

NOBODY = "01999999-0000-7000-8000-000000000000"


@pytest.fixture
def app(sqlite_app: Flask) -> Flask:
    """One database is enough here: none has a say in it."""
    return sqlite_app


def raw(scim: Scim, data: bytes, content_type: str = "application/scim+json") -> Any:
    return scim.client.post(
        "/scim/v2/Users",
        data=data,
        content_type=content_type,
        headers={"Authorization": f"Bearer {scim.token}"},
    )


# --- who calls --------------------------------------------------------------------------------


BAD_HEADERS = [
    {},
    *({"Authorization": h} for h in ("", "Basic YTpi", "Bearer", "Bearer ", "Bearer x y")),
    {"Authorization": "Bearer " + "x" * 5000},
]


def test_without_a_good_token_nothing_is_told(scim: Scim) -> None:
    for sent in BAD_HEADERS:
        answer = scim.client.get("/scim/v2/Users", headers=sent)

        assert detail(answer) == (401, "")
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="scim"')


def test_revoked_token_is_refused(scim: Scim, people: Cast) -> None:
    (token,) = queries.tokens_of(people.operator, people.hr.id)
    assert scim("GET", "/Users").status_code == 200

    apply(RevokeToken(token.id), by=people.operator)

    assert detail(scim("GET", "/Users")) == (401, "")


def test_token_of_a_disabled_connection_is_refused(scim: Scim, people: Cast) -> None:
    apply(ChangeConnection(people.hr.id, enabled=False), by=people.operator)

    assert detail(scim("GET", "/Users")) == (401, "")


def test_use_of_a_token_is_noted(scim: Scim, people: Cast) -> None:
    scim("GET", "/Users?count=0")

    (token,) = queries.tokens_of(people.operator, people.hr.id)
    assert token.last_used_at is not None


def test_reading_token_reads_and_does_not_write(connect: Any, scim: Scim) -> None:
    made = scim.user("joe")
    reader = connect(scope="read")
    place = f"/Users/{made['id']}"

    assert reader("GET", place).status_code == 200
    assert detail(reader("POST", "/Users", {"userName": "jim"})) == (403, "")
    assert detail(reader("PUT", place, {"userName": "jim"})) == (403, "")
    assert detail(reader.patch(place, {"op": "remove", "path": "title"})) == (403, "")
    assert detail(reader("DELETE", place)) == (403, "")


def test_other_organizations_people_do_not_exist(scim: Scim, other: Scim) -> None:
    made = scim.user("joe")
    group = scim.group("Sales", made["id"])
    remove = {"op": "remove", "path": "title"}

    for place in (f"/Users/{made['id']}", f"/Groups/{group['id']}"):
        assert detail(other("GET", place)) == (404, "")
        assert detail(other("DELETE", place)) == (404, "")
    assert detail(other.patch(f"/Users/{made['id']}", remove)) == (404, "")
    assert detail(other("PUT", f"/Users/{made['id']}", {"userName": "x"})) == (404, "")
    assert other.names('filter=userName eq "joe"') == []
    assert other("GET", f'/Groups?filter=members eq "{made["id"]}"').json["totalResults"] == 0


def test_other_organizations_people_cannot_be_members(scim: Scim, other: Scim) -> None:
    made = scim.user("joe")
    group = other.group("Sales")

    operation = {"op": "add", "path": "members", "value": [{"value": made["id"]}]}

    assert detail(other.patch(f"/Groups/{group['id']}", operation)) == (400, "invalidValue")


def test_external_ids_are_each_connections_own(connect: Any, scim: Scim) -> None:
    made = scim.user("joe", externalId="1")
    second = connect()

    assert "externalId" not in second("GET", f"/Users/{made['id']}").json
    assert second.user("jim", externalId="1")["externalId"] == "1"
    assert scim.names('filter=externalId eq "1"') == ["joe"]


# --- where and how ----------------------------------------------------------------------------


LEADS_NOWHERE = [
    ("GET", "/NoSuchThing", 404),
    ("GET", "/Users/x/y", 404),
    ("GET", "/Users/x", 404),
    ("GET", "/Users/%00", 404),
    ("GET", f"/Users/{'é' * 36}", 404),
    ("GET", f"/Users/{NOBODY}", 404),
    ("GET", f"/Groups/{NOBODY}", 404),
    ("GET", "/Schemas/urn:none", 404),
    ("GET", "/ResourceTypes/None", 404),
    ("PUT", "/Users", 405),
    ("DELETE", "/Users", 405),
    ("POST", f"/Users/{NOBODY}", 405),
    ("POST", "/Schemas", 405),
    ("DELETE", "/ServiceProviderConfig", 405),
    ("PATCH", "/ResourceTypes/User", 405),
    ("GET", "/Users/.search", 405),
    ("GET", "/Bulk", 405),
    ("GET", "/Me", 501),
    ("PATCH", "/Me", 501),
    ("POST", "/Me", 501),
    ("PUT", "/Me", 501),
    ("DELETE", "/Me", 501),
    ("OPTIONS", "/Me", 405),
    ("GET", "/.search", 405),
    ("PUT", "/.search", 405),
    ("POST", "/", 405),
]


def test_address_that_leads_nowhere(scim: Scim) -> None:
    wrong = []
    for method, path, status in LEADS_NOWHERE:
        answer = scim(method, path, {} if method in ("POST", "PUT", "PATCH") else None)
        told = status != 405 or method not in answer.headers["Allow"].split(", ")
        if detail(answer) != (status, "") or not told:
            wrong.append((method, path, answer.status_code))

    assert wrong == []


def test_discovery_cannot_be_filtered(scim: Scim) -> None:
    assert detail(scim("GET", '/Schemas?filter=id eq "x"')) == (403, "")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "application/json; charset=utf-16"]
)
def test_other_media_type_is_refused(scim: Scim, content_type: str) -> None:
    assert detail(raw(scim, b"{}", content_type)) == (415, "")


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/scim+json; charset=utf-8",
        "application/json;charset=UTF-8",
        "",
    ],
)
def test_usual_media_type_is_taken(scim: Scim, content_type: str) -> None:
    body = json.dumps({"schemas": [USER], "userName": "joe"}).encode()

    assert raw(scim, body, content_type).status_code == 201


def test_onelogin_is_answered_in_plain_json(scim: Scim) -> None:
    assert scim("GET", "/Users", Accept="application/json").content_type.startswith(
        "application/json"
    )
    assert scim("GET", "/Users", Accept="*/*").content_type.startswith("application/scim+json")


HOSTILE = {
    "not_json": (b"{", 400, "invalidSyntax"),
    "list": (b"[]", 400, "invalidSyntax"),
    "not_utf8": (b'{"userName": "\xff"}', 400, "invalidSyntax"),
    "deep": (b'{"a":' * 50_000, 400, "invalidSyntax"),
    "nul": (rb'{"userName": "a\u0000b"}', 400, "invalidValue"),
    "surrogate": (rb'{"userName": "\ud800"}', 400, "invalidValue"),
    "control": (rb'{"userName": "a\u0007b"}', 400, "invalidValue"),
    "too_long": (b'{"userName": "' + b"x" * 300 + b'"}', 400, "invalidValue"),
    "empty_name": (b'{"userName": ""}', 400, "invalidValue"),
    "spaces": (b'{"userName": "  "}', 400, "invalidValue"),
    "number": (b'{"userName": "x", "active": 7}', 400, "invalidValue"),
    "object": (b'{"userName": {"a": 1}}', 400, "invalidValue"),
    "list_for_name": (b'{"userName": ["a"]}', 400, "invalidValue"),
    "long_external_id": (
        b'{"userName": "x", "externalId": "' + b"1" * 600 + b'"}',
        400,
        "invalidValue",
    ),
    "odd_external_id": (rb'{"userName": "x", "externalId": "a\u0001"}', 400, "invalidValue"),
    "two_primaries": (
        b'{"userName": "x", "emails": [{"value": "a", "primary": true},'
        b' {"value": "b", "primary": true}]}',
        400,
        "invalidValue",
    ),
    "many_values": (
        json.dumps({"userName": "x", "emails": [{"value": str(n)} for n in range(1000)]}).encode(),
        400,
        "invalidValue",
    ),
    "large": (b'{"userName": "' + b"x" * 1_100_000 + b'"}', 413, ""),
    "huge": (b" " * 5_000_000, 413, ""),
}


def test_hostile_bodies_are_refused_quickly_and_change_nothing(scim: Scim) -> None:
    before = scim("GET", "/Users?count=0").json["totalResults"]
    wrong = {}
    for case, (data, *refusal) in HOSTILE.items():
        started = time.monotonic()
        answer = detail(raw(scim, data))
        if answer != tuple(refusal) or time.monotonic() - started > 1:
            wrong[case] = answer

    assert wrong == {}
    assert scim("GET", "/Users?count=0").json["totalResults"] == before


def test_other_unicode_form_of_a_taken_name_is_a_conflict(scim: Scim) -> None:
    scim.user("zoe\u0301")

    assert detail(scim("POST", "/Users", {"userName": "ZO\u00c9"})) == (409, "uniqueness")


# --- when the server cannot -------------------------------------------------------------------


def test_locked_database_asks_to_come_back(scim: Scim, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_args: Any, **_kwargs: Any) -> None:
        raise OperationalError("SELECT", {}, Exception("database is locked"))

    monkeypatch.setattr("idp.directory.queries.list_users", locked)

    answer = scim("GET", "/Users")

    assert detail(answer) == (503, "")
    assert int(answer.headers["Retry-After"]) > 0


def test_own_failure_tells_nothing_of_itself(scim: Scim, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("idp.directory.queries.list_users", broken)

    answer = scim("GET", "/Users", X_Request_Id="my-request-7")

    assert detail(answer) == (500, "")
    assert "secret detail" not in answer.text
    assert answer.headers["X-Request-Id"] == "my-request-7"


# --- the hostile table ------------------------------------------------------------------------

PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
Hostile = tuple[str, str, Any, tuple[int, str]]
MUTABILITY = (400, "mutability")


def operations(*listed: Any) -> dict[str, Any]:
    return {"schemas": [PATCH], "Operations": list(listed)}


def on_a_person(person: str, group: str) -> list[Hostile]:
    """Requests about a person that no client in its senses sends."""
    place, wrong = f"/Users/{person}", (400, "invalidValue")
    syntax, path = (400, "invalidSyntax"), (400, "invalidPath")
    body = {"schemas": [USER], "userName": "joe"}
    return [
        ("PATCH", place, {"schemas": [PATCH]}, syntax),
        ("PATCH", place, {"schemas": [PATCH], "Operations": {}}, syntax),
        ("PATCH", place, {"schemas": [PATCH], "Operations": [7]}, syntax),
        ("PATCH", place, operations({"op": "move", "path": "title", "value": "x"}), syntax),
        ("PATCH", place, operations({"op": 7, "path": "title"}), syntax),
        ("PATCH", place, operations({"path": "title", "value": "x"}), syntax),
        ("PATCH", place, operations({"op": "add", "path": 7, "value": "x"}), path),
        ("PATCH", place, operations({"op": "add", "path": "title"}), wrong),
        ("PATCH", place, operations({"op": "add", "value": "x"}), wrong),
        ("PATCH", place, operations({"op": "add", "path": "title", "value": {"a": 1}}), wrong),
        ("PATCH", place, operations({"op": "add", "path": "title", "value": ["a"]}), wrong),
        ("PATCH", place, operations({"op": "add", "path": "active", "value": "x"}), wrong),
        ("PATCH", place, operations({"op": "add", "path": "emails", "value": 7}), wrong),
        ("PATCH", place, operations({"op": "add", "path": "name", "value": "x"}), wrong),
        ("PATCH", place, operations({"op": "add", "path": "a" * 9_000, "value": "x"}), path),
        ("PATCH", place, operations({"op": "add", "path": "emails[", "value": "x"}), path),
        ("PATCH", place, operations({"op": "add", "path": "title[x pr]", "value": "x"}), path),
        (
            "PATCH",
            place,
            operations({"op": "remove", "path": f"emails[{'(' * 99}value pr{')' * 99}]"}),
            (400, "invalidFilter"),
        ),
        (
            "PATCH",
            place,
            operations(*[{"op": "add", "path": "title", "value": "x"}] * 1_001),
            (413, ""),
        ),
        (
            "PATCH",
            place,
            operations({"op": "add", "path": "emails", "value": [{"value": "a" * 400}]}),
            wrong,
        ),
        ("PATCH", place, operations({"op": "remove", "path": "userName"}), MUTABILITY),
        ("PATCH", place, operations({"op": "replace", "path": "id", "value": group}), MUTABILITY),
        ("PATCH", place, operations({"op": "add", "path": "groups", "value": []}), MUTABILITY),
        ("PATCH", f"/Groups/{person}", operations(), (404, "")),
        ("PUT", place, {**body, "emails": [{"value": "a", "primary": 7}]}, wrong),
        ("PUT", place, {**body, "name": [1]}, wrong),
        ("PUT", place, {**body, "schemas": "x"}, syntax),
        ("PUT", place, {"schemas": [USER]}, wrong),
        ("PUT", f"/Users/{group}", body, (404, "")),
        ("DELETE", f"/Users/{group}", None, (404, "")),
    ]


def on_a_group(person: str, group: str, stranger: str) -> list[Hostile]:
    """Requests about a group: members that cannot be, and circles."""
    place, wrong = f"/Groups/{group}", (400, "invalidValue")

    def members(op: str, value: Any) -> Any:
        return operations({"op": op, "path": "members", "value": value})

    return [
        ("PATCH", place, members("add", [{"value": group}]), (409, "")),
        ("PATCH", place, members("replace", [{"value": stranger}]), wrong),
        ("PATCH", place, members("add", [{"value": NOBODY}]), wrong),
        ("PATCH", place, members("add", [{"value": "x\u0000"}]), wrong),
        ("PATCH", place, members("add", [7]), wrong),
        ("PATCH", place, members("add", [{"value": {"value": person}}]), wrong),
        ("PATCH", place, members("add", "x" * 100_000), wrong),
        (
            "PATCH",
            place,
            operations({"op": "replace", "path": "members.value", "value": NOBODY}),
            MUTABILITY,
        ),
        ("PATCH", place, operations({"op": "remove", "path": "displayName"}), MUTABILITY),
        ("PUT", place, {"schemas": [GROUP], "displayName": "S", "members": 7}, wrong),
        ("PUT", place, {"schemas": [GROUP], "displayName": "x" * 300}, wrong),
        ("POST", "/Groups", {"schemas": [GROUP], "displayName": "sales"}, (409, "uniqueness")),
        ("POST", "/Groups", {"schemas": [GROUP], "members": [{"value": stranger}]}, wrong),
    ]


LISTS: list[Hostile] = [
    ("POST", "/Users/.search", {"filter": ["x"]}, (400, "invalidSyntax")),
    ("POST", "/Users/.search", {"filter": "(" * 4_000}, (400, "invalidFilter")),
    ("POST", "/Users/.search", {"filter": "title pr " * 4_000}, (400, "invalidFilter")),
    ("POST", "/Users/.search", {"filter": " or ".join(["title pr"] * 101)}, (400, "invalidFilter")),
    ("POST", "/Users/.search", {"filter": 'title eq "' + "x" * 9_000}, (400, "invalidFilter")),
    ("POST", "/Users/.search", {"count": {}}, (400, "invalidCount")),
    ("POST", "/Users/.search", {"startIndex": []}, (400, "invalidValue")),
    ("POST", "/Users/.search", {"cursor": []}, (400, "invalidCursor")),
    ("POST", "/Users/.search", {"cursor": "x" * 100_000}, (400, "invalidCursor")),
    ("POST", "/Users/.search", {"sortBy": "x" * 100_000}, (400, "invalidPath")),
    ("POST", "/Users/.search", {"sortOrder": 7}, (400, "invalidValue")),
    ("POST", "/Users/.search", {"attributes": {"a": 1}}, (400, "invalidSyntax")),
    ("POST", "/.search", {"filter": "(" * 4_000}, (400, "invalidFilter")),
    ("POST", "/.search", {"cursor": "gAAAAAB"}, (400, "invalidCursor")),
]


def test_hostile_requests_are_refused_quickly_and_change_nothing(scim: Scim, other: Scim) -> None:
    person = scim.user("joe", emails=[{"value": "a@x"}])["id"]
    group = scim.group("Sales", person)["id"]
    stranger = other.user("eve")["id"]
    before = [scim("GET", f"/Users/{person}").json, scim("GET", f"/Groups/{group}").json]
    wrong = []

    for method, path, body, refusal in (
        *on_a_person(person, group),
        *on_a_group(person, group, stranger),
        *LISTS,
    ):
        started = time.monotonic()
        answer = detail(scim(method, path, body))
        if answer != refusal or time.monotonic() - started > 1:
            wrong.append((method, path[:60], str(body)[:120], answer))

    assert wrong == []
    after = [scim("GET", f"/Users/{person}").json, scim("GET", f"/Groups/{group}").json]
    assert after == before


def test_groups_cannot_form_a_circle(scim: Scim) -> None:
    inner = scim.group("Inner")["id"]
    middle = scim.group("Middle", inner)["id"]
    outer = scim.group("Outer", middle)["id"]

    circle = {"op": "add", "path": "members", "value": [{"value": outer}]}

    assert detail(scim.patch(f"/Groups/{inner}", circle)) == (409, "")
    assert "members" not in scim("GET", f"/Groups/{inner}").json
