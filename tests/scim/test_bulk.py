"""Many operations in one request: order, references, errors of their own (RFC 7644 §3.7)."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import func, select

from idp.changes.audit import AuditEntry
from idp.extensions import db
from tests.scim.conftest import GROUP, PATCH, USER, Scim

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
NOBODY = "01999999-0000-7000-8000-000000000000"


def request(*operations: Any, **more: Any) -> dict[str, Any]:
    return {"schemas": [BULK], "Operations": list(operations), **more}


def bulk(scim: Scim, *operations: Any, **more: Any) -> list[dict[str, Any]]:
    """What became of these operations."""
    answer = scim("POST", "/Bulk", request(*operations, **more))
    assert answer.status_code == 200, answer.text
    assert answer.json["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]
    told: list[dict[str, Any]] = answer.json["Operations"]
    return told


def statuses(told: list[dict[str, Any]]) -> list[int]:
    return [int(operation["status"]) for operation in told]


def user(name: str, manager: str = "", **more: Any) -> dict[str, Any]:
    """A POST of a person, with the name as bulkId."""
    data: dict[str, Any] = {"schemas": [USER], "userName": name, **more}
    if manager:
        data[ENTERPRISE] = {"manager": {"value": manager}}
    return {"method": "POST", "path": "/Users", "bulkId": name, "data": data}


def team(name: str, *members: str) -> dict[str, Any]:
    """A POST of a group, with the name as bulkId."""
    listed = [{"value": member} for member in members]
    data = {"schemas": [GROUP], "displayName": name, "members": listed}
    return {"method": "POST", "path": "/Groups", "bulkId": name, "data": data}


def patch(path: str, *operations: dict[str, Any], **more: Any) -> dict[str, Any]:
    data = {"schemas": [PATCH], "Operations": list(operations)}
    return {"method": "PATCH", "path": path, "data": data, **more}


def joining(path: str, member: str) -> dict[str, Any]:
    return patch(path, {"op": "add", "path": "members", "value": [{"value": member}]})


def titled(path: str, title: str, **more: Any) -> dict[str, Any]:
    return patch(path, {"op": "replace", "path": "title", "value": title}, **more)


def id_of(told: dict[str, Any]) -> str:
    return str(told["location"].rpartition("/")[2])


def members(scim: Scim, group_id: str) -> set[str]:
    found = scim("GET", f"/Groups/{group_id}").json.get("members", [])
    return {member["value"] for member in found}


def manager(scim: Scim, user_id: str) -> str:
    return str(scim("GET", f"/Users/{user_id}").json[ENTERPRISE]["manager"]["value"])


# --- each operation as if it had come alone ---------------------------------------------------


def test_example_of_the_standard(scim: Scim) -> None:
    bob, dave, gone = (scim.user(name) for name in ("bob1", "dave1", "gone1"))
    put = {"schemas": [USER], "id": bob["id"], "userName": "bob2"}

    told = bulk(
        scim,
        user("Alice"),
        {"method": "PUT", "path": f"/Users/{bob['id']}", "version": 'W/"1"', "data": put},
        titled(f"/Users/{dave['id']}", "Clerk", version=dave["meta"]["version"]),
        {"method": "DELETE", "path": f"/Users/{gone['id']}", "version": 'W/"1"'},
        failOnErrors=1,
    )

    made = scim("GET", '/Users?filter=userName eq "Alice"').json["Resources"][0]
    assert told[0] == {
        "method": "POST",
        "bulkId": "Alice",
        "location": made["meta"]["location"],
        "version": made["meta"]["version"],
        "status": "201",
    }
    assert told[1]["version"] == scim("GET", f"/Users/{bob['id']}").json["meta"]["version"]
    assert told[2]["location"] == dave["meta"]["location"]
    assert told[3] == {
        "method": "DELETE",
        "location": gone["meta"]["location"],
        "status": "204",
    }
    assert statuses(told) == [201, 200, 200, 204]


def test_one_error_does_not_keep_the_others_from_being_done(scim: Scim) -> None:
    scim.user("taken")

    told = bulk(
        scim,
        user("first"),
        user("taken"),
        {"method": "DELETE", "path": f"/Users/{NOBODY}"},
        user("bad", active="perhaps"),
        titled(f"/Users/{NOBODY}", "Clerk"),
        user("last"),
    )

    assert statuses(told) == [201, 409, 404, 400, 404, 201]
    assert "location" not in told[1]
    assert told[1]["response"]["scimType"] == "uniqueness"
    assert told[2]["location"].endswith(f"/scim/v2/Users/{NOBODY}")
    assert told[3]["response"]["scimType"] == "invalidValue"
    assert set(scim.names('filter=userName sw "first" or userName sw "last"')) == {
        "first",
        "last",
    }


def test_of_two_who_claim_one_name_the_first_has_it(scim: Scim) -> None:
    joe = scim.user("joe")
    renamed = patch(f"/Users/{joe['id']}", {"op": "replace", "path": "userName", "value": "x"})

    told = bulk(scim, renamed, user("x"), user("y") | {"bulkId": "1"}, user("Y") | {"bulkId": "2"})

    assert statuses(told) == [200, 409, 201, 409]


def test_version_is_a_condition(scim: Scim) -> None:
    made = scim.user("joe")
    place = f"/Users/{made['id']}"

    told = bulk(
        scim,
        titled(place, "Clerk", version=made["meta"]["version"]),
        titled(place, "Boss", version=made["meta"]["version"]),
        titled(place, "Chief", version="*"),
        titled(place, "Nobody", version="abc"),
    )

    assert statuses(told) == [200, 412, 200, 412]
    assert scim("GET", place).json["title"] == "Chief"


def test_what_changes_nothing_writes_nothing(scim: Scim) -> None:
    made = scim.user("joe", title="Clerk")
    before = _audited()

    told = bulk(scim, titled(f"/Users/{made['id']}", "Clerk"))

    assert told[0]["version"] == made["meta"]["version"]
    assert _audited() == before


def _audited() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(AuditEntry)) or 0


def test_later_operation_sees_what_an_earlier_one_did(scim: Scim) -> None:
    address = {"op": "add", "path": "emails", "value": [{"value": "a@x.example"}]}

    told = bulk(
        scim,
        user("joe"),
        patch("/Users/bulkId:joe", address),
        patch("/Users/bulkId:joe", {"op": "remove", "path": 'emails[value sw "a"]'}),
        titled("/Users/bulkId:joe", "Clerk"),
        {"method": "DELETE", "path": "/Users/bulkId:joe"},
        titled("/Users/bulkId:joe", "Boss"),
    )

    assert statuses(told) == [201, 200, 200, 200, 204, 404]
    assert [o.get("version") for o in told[1:4]] == ['W/"2"', 'W/"3"', 'W/"4"']
    assert scim.names('filter=userName eq "joe"') == []


def test_who_is_deleted_cannot_join_afterwards(scim: Scim) -> None:
    joe = scim.user("joe")["id"]
    group = scim.group("Sales")["id"]

    told = bulk(
        scim, {"method": "DELETE", "path": f"/Users/{joe}"}, joining(f"/Groups/{group}", joe)
    )

    assert statuses(told) == [204, 400]


# --- references -------------------------------------------------------------------------------


def test_references_backward_forward_and_within_a_filter(scim: Scim) -> None:
    told = bulk(
        scim,
        user("ann"),
        team("Sales", "bulkId:ann", "bulkId:bob", "bulkId:Inner"),
        joining("/Groups/bulkId:Sales", "bulkId:cid"),
        patch("/Groups/bulkId:Sales", {"op": "remove", "path": 'members[value eq "bulkId:bob"]'}),
        user("bob", "bulkId:ann"),
        user("cid"),
        team("Inner", "bulkId:bob"),
    )

    assert statuses(told) == [201, 201, 200, 200, 201, 201, 201]
    ann, sales, _, _, bob, cid, inner = map(id_of, told)
    assert members(scim, sales) == {ann, cid, inner}
    assert members(scim, inner) == {bob}
    assert manager(scim, bob) == ann


def test_managers_in_a_circle(scim: Scim) -> None:
    told = bulk(
        scim, user("a", "bulkId:b"), user("b", "bulkId:c"), user("c", "bulkId:a"), user("d")
    )

    a, b, c, _ = map(id_of, told)
    assert statuses(told) == [201] * 4
    assert [manager(scim, one) for one in (a, b, c)] == [b, c, a]


def test_manager_in_a_patch_before_the_manager_is_posted(scim: Scim) -> None:
    joe = scim.user("joe")["id"]
    bare = {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": "bulkId:boss"}

    told = bulk(scim, patch(f"/Users/{joe}", bare), user("boss"))

    assert statuses(told) == [200, 201]
    assert manager(scim, joe) == id_of(told[1])


def test_groups_in_a_circle_are_refused_and_the_rest_is_done(scim: Scim) -> None:
    told = bulk(
        scim, user("joe"), team("A", "bulkId:B", "bulkId:joe"), team("B", "bulkId:A"), team("C")
    )

    assert statuses(told) == [201, 409, 409, 201]
    assert {told[1]["response"]["detail"], told[2]["response"]["detail"]} == {
        "That would close a circle: B → A → B.",
        "This refers to bulkId:B, which was not created.",
    }
    names = scim("GET", "/Groups?sortBy=displayName").json["Resources"]
    assert [group["displayName"] for group in names] == ["C"]


def test_group_that_holds_itself_is_refused(scim: Scim) -> None:
    told = bulk(scim, team("A", "bulkId:A"), team("B"))

    assert statuses(told) == [409, 201]


def test_what_refers_to_a_failure_fails_with_it(scim: Scim) -> None:
    scim.user("taken")

    told = bulk(
        scim,
        team("First", "bulkId:taken"),
        user("taken", "bulkId:ann"),
        user("ann", "bulkId:bob"),
        user("bob", "bulkId:taken"),
        team("Later", "bulkId:bob"),
        titled("/Users/bulkId:bob", "Clerk"),
        user("eve"),
    )

    assert statuses(told) == [409, 409, 409, 409, 409, 409, 201]
    assert told[1]["response"]["scimType"] == "uniqueness"
    assert "bulkId:taken" in told[0]["response"]["detail"]
    assert scim.names('filter=userName eq "ann" or userName eq "bob"') == []


def test_long_chain_of_references_is_followed(scim: Scim) -> None:
    names = [f"person{number}" for number in range(1200)]
    chain = [user(one, f"bulkId:{boss}") for one, boss in pairwise(names)]

    told = bulk(scim, *chain, user(names[-1]))

    assert set(statuses(told)) == {201}
    assert manager(scim, id_of(told[0])) == id_of(told[1])


# --- how much is done at once -----------------------------------------------------------------


def test_statements_do_not_grow_with_the_operations(
    scim: Scim, statements: Callable[[], Any]
) -> None:
    def of(count: int, prefix: str) -> int:
        people = [user(f"{prefix}{number}") for number in range(count)]
        with statements() as seen:
            told = bulk(scim, *people, team(prefix, *(f"bulkId:{p['bulkId']}" for p in people)))
        assert set(statuses(told)) == {201}
        ids = list(map(id_of, told[:-1]))
        with statements() as seen_too:
            bulk(scim, *(titled(f"/Users/{one}", "Clerk") for one in ids))
        return len(seen) + len(seen_too)

    _first, few, many = of(1, "first"), of(3, "a"), of(60, "b")

    assert many == few


def test_members_one_by_one_go_together(scim: Scim, statements: Callable[[], Any]) -> None:
    people = [scim.user(f"user{number}")["id"] for number in range(8)]
    group = scim.group("Sales", people[0])["id"]
    leaving = {"op": "remove", "path": f'members[value eq "{people[0]}"]'}

    with statements() as seen:
        told = bulk(
            scim,
            *(joining(f"/Groups/{group}", one) for one in people[1:]),
            joining(f"/Groups/{group}", NOBODY),
            patch(f"/Groups/{group}", leaving),
        )

    assert statuses(told) == [200] * 7 + [400, 200]
    assert members(scim, group) == set(people[1:])
    assert len([one for one in seen if one.startswith("UPDATE groups")]) == 1


def test_a_thousand_refusals_need_few_batches(scim: Scim, statements: Callable[[], Any]) -> None:
    people = [user(f"user{number}") for number in range(300)]
    bulk(scim, *people)

    with statements() as seen:
        told = bulk(scim, *people, user("somebody else"))

    assert statuses(told) == [409] * 300 + [201]
    assert len(seen) < 60


def test_filter_over_members_waits_for_those_before_it(scim: Scim) -> None:
    joe = scim.user("joe", displayName="Joe")["id"]
    group = scim.group("Sales")["id"]
    by_kind = {"op": "remove", "path": 'members[type eq "User"]'}

    told = bulk(scim, joining(f"/Groups/{group}", joe), patch(f"/Groups/{group}", by_kind))

    assert statuses(told) == [200, 200]
    assert members(scim, group) == set()


def test_blame_is_the_later_change_of_one_group(scim: Scim) -> None:
    inner, outer = scim.group("Inner"), scim.group("Outer")
    joe = scim.user("joe")["id"]
    outer_path = f"/Groups/{outer['id']}"

    told = bulk(
        scim,
        joining(f"/Groups/{inner['id']}", outer["id"]),
        joining(outer_path, joe),
        joining(outer_path, inner["id"]),
    )

    assert statuses(told) == [200, 200, 409]
    assert members(scim, outer["id"]) == {joe}


# --- failOnErrors -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "accepted, wanted",
    [(1, [201, 409]), (2, [201, 409, 201, 404]), (3, [201, 409, 201, 404, 201])],
)
def test_nothing_is_done_after_the_last_accepted_error(
    scim: Scim, accepted: int, wanted: list[int]
) -> None:
    scim.user("taken")
    absent = {"method": "DELETE", "path": f"/Users/{NOBODY}"}

    told = bulk(scim, user("a"), user("taken"), user("b"), absent, user("c"), failOnErrors=accepted)

    assert statuses(told) == wanted
    there = scim.names('filter=userName eq "a" or userName eq "b" or userName eq "c"')
    assert len(there) == wanted.count(201)


def test_error_of_a_reference_counts(scim: Scim) -> None:
    scim.user("taken")

    told = bulk(
        scim, user("a"), user("b", "bulkId:taken"), user("c"), user("taken"), failOnErrors=1
    )

    assert statuses(told) == [201, 409]
    assert scim.names('filter=userName eq "c"') == []


@pytest.mark.parametrize("accepted, wanted", [(2, [400, 409]), (3, [400, 409, 201])])
def test_failed_reference_counts_once(scim: Scim, accepted: int, wanted: list[int]) -> None:
    unreadable = {"method": "POST", "path": "/Users", "bulkId": "a"}

    told = bulk(scim, unreadable, user("b", "bulkId:a"), user("c"), failOnErrors=accepted)

    assert statuses(told) == wanted


def test_what_an_operation_refers_to_is_done_with_it(scim: Scim) -> None:
    scim.user("taken")

    told = bulk(scim, team("A", "bulkId:b"), user("taken"), user("c"), user("b"), failOnErrors=1)

    assert [(o["bulkId"], o["status"]) for o in told] == [
        ("A", "201"),
        ("taken", "409"),
        ("b", "201"),
    ]
    assert scim.names('filter=userName eq "c"') == []
