"""Rehearsals: what a kept request would do now, told truly, and nothing written."""

import json
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from idp.changes import apply
from idp.changes.audit import head_of
from idp.changes.intents import (
    ChangeConnection,
    ChangeUser,
    DeleteUser,
    IssueToken,
    RevokeToken,
)
from idp.changes.journal_pages import journal as read_journal
from idp.directory import queries
from idp.directory.errors import Forbidden, NotFound
from idp.extensions import db
from scim import rehearse
from scim.journal import recorder
from scim.rehearsal import Asked, Rehearsal
from tests.cast import Cast
from tests.scim.conftest import GROUP, PATCH, USER, Scim

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


def everything() -> dict[str, Any]:
    """How many rows each table has, and every person, group and connection as it is."""
    db.session.rollback()
    tables = db.metadata.sorted_tables
    counts = {t.name: db.session.scalar(select(func.count()).select_from(t)) for t in tables}
    for name in ("users", "groups", "connections", "connection_tokens", "audit_heads", "chores"):
        counts[name] = sorted(map(repr, db.session.execute(select(db.metadata.tables[name]))))
    return counts


def tried(people: Cast, method: str, path: str, body: Any = None, **more: Any) -> Rehearsal:
    """A rehearsal, after which everything is as it was."""
    before = everything()
    text = "" if body is None else json.dumps(body)
    made = rehearse(people.alice, people.hr.id, Asked(method, path, body=text, **more))
    recorder().flush(last=True)
    assert everything() == before
    return made


def test_a_joiner_would_be_made(people: Cast) -> None:
    made = tried(people, "POST", "/Users", {"schemas": [USER], "userName": "joe@northwind.example"})
    assert (made.status, made.detail, made.text) == (201, "", "")
    (change,) = made.changes
    assert change.action == "user.created"
    assert change.diff["userName"] == [None, "joe@northwind.example"]


@pytest.mark.parametrize(
    "method, body",
    [
        ("PATCH", {"schemas": [PATCH], "Operations": [{"op": "remove", "path": "title"}]}),
        ("PUT", {"schemas": [USER], "userName": "erin@northwind.example"}),
    ],
)
def test_a_change_would_be_made(people: Cast, method: str, body: dict[str, Any]) -> None:
    made = tried(people, method, f"/Users/{people.erin}", body)
    assert made.status == 200
    assert made.changes[0].diff["title"] == ["Clerk", None]


def test_a_leaver_would_be_deleted(people: Cast) -> None:
    made = tried(people, "DELETE", f"/Users/{people.erin}")
    assert (made.status, [change.action for change in made.changes]) == (204, ["user.deleted"])


def test_a_group_would_be_made_with_its_members(people: Cast) -> None:
    body = {"schemas": [GROUP], "displayName": "Cooks", "members": [{"value": people.erin}]}
    made = tried(people, "POST", "/Groups", body)
    assert [change.action for change in made.changes] == ["group.created", "member.added"]


def test_a_refusal_would_be_told(people: Cast) -> None:
    body = {"schemas": [USER], "userName": "bob@northwind.example"}
    made = tried(people, "POST", "/Users", body)
    assert (made.status, made.code) == (409, "user_name_taken")
    assert "bob" in made.detail
    assert made.changes == ()


def test_it_shows_the_present(people: Cast) -> None:
    apply(DeleteUser(people.erin), by=people.operator)
    assert tried(people, "GET", f"/Users/{people.erin}").status == 404


def test_what_would_be_tolerated_is_told(people: Cast) -> None:
    body = {"Operations": [{"op": "replace", "path": "active", "value": "False"}]}
    made = tried(people, "PATCH", f"/Users/{people.erin}", body)
    assert list(made.tolerated) == [
        "PATCH without the PatchOp schema",
        '"True" or "False" for a boolean',
    ]


def test_the_present_profile_decides(people: Cast) -> None:
    apply(ChangeConnection(people.hr.id, profile="strict"), by=people.operator)
    body = {"schemas": [PATCH], "Operations": [{"op": "Replace", "value": {"active": False}}]}
    assert tried(people, "PATCH", f"/Users/{people.erin}", body).status == 400


def test_a_question_is_answered(people: Cast) -> None:
    made = tried(people, "GET", "/Users", query="filter=title+eq+%22Clerk%22")
    assert [found["id"] for found in json.loads(made.text)["Resources"]] == [people.erin]


def test_conditions_hold(people: Cast) -> None:
    body = {"schemas": [PATCH], "Operations": [{"op": "remove", "path": "title"}]}
    stale = {"If-Match": 'W/"99"'}
    assert tried(people, "PATCH", f"/Users/{people.erin}", body, conditions=stale).status == 412


@pytest.mark.parametrize(
    "method, path, status",
    [
        ("GET", "/nowhere", 404),
        ("GET", "/%00", 404),
        ("DELETE", "/Users", 405),
        ("BREW", "/Users", 405),
        ("POST", "/Users", 400),
    ],
)
def test_odd_requests_are_refused_as_at_the_door(
    people: Cast, method: str, path: str, status: int
) -> None:
    assert tried(people, method, path).status == status


def test_a_bulk_request_cannot_be_rehearsed_and_says_so(people: Cast) -> None:
    removal = {"method": "DELETE", "path": f"/Users/{people.erin}"}
    body = {"schemas": [BULK], "Operations": [removal]}
    made = tried(people, "POST", "/Bulk", body)
    assert made.status == 501
    assert "singly" in made.detail


def test_a_password_stays_out(scim: Scim, people: Cast) -> None:
    body = {"schemas": [USER], "userName": "joe@northwind.example", "password": "too weak"}
    assert scim("POST", "/Users", body).status_code == 400
    secret = {"op": "add", "path": "password", "value": "x"}
    scim.patch(f"/Users/{people.erin}", secret, {"op": "remove", "path": "title"})
    recorder().flush()
    for kept in read_journal(people.alice, people.hr.id)[0]:
        made = rehearse(people.alice, people.hr.id, kept)
        assert made.status in (200, 201)
        assert "credential" not in repr(made.changes)


def test_without_a_live_token_nobody_comes_in(people: Cast) -> None:
    (token,) = queries.tokens_of(people.alice, people.hr.id)
    apply(RevokeToken(token.id), by=people.operator)
    assert tried(people, "GET", "/Users").status == 401
    apply(IssueToken(people.hr.id, "read"), by=people.operator)
    assert tried(people, "GET", "/Users").status == 200
    assert tried(people, "DELETE", f"/Users/{people.erin}").status == 403


def test_only_who_may_change_the_connection_and_see_people_rehearses(people: Cast) -> None:
    asked = Asked("GET", "/Users")
    for lacking in ("connections.write", "users.read", "groups.read"):
        actor = replace(people.alice, permissions=people.alice.permissions - {lacking})
        with pytest.raises(Forbidden):
            rehearse(actor, people.hr.id, asked)
    with pytest.raises(NotFound):
        rehearse(people.mallory, people.hr.id, asked)


def test_what_a_handler_writes_beside_its_changes_is_not_kept(
    people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(*_: object) -> str:
        apply(DeleteUser(people.erin), by=people.operator)
        return "{}"

    monkeypatch.setattr("scim.resources.list_text", careless)
    assert tried(people, "GET", "/Users").status == 200


def test_it_changes_no_head_even_beside_a_real_change(app: Flask, people: Cast) -> None:
    before = head_of(people.org)
    tried(people, "DELETE", f"/Users/{people.erin}")
    apply(ChangeUser(people.bob.id, {"title": "Cook"}), by=people.operator)
    assert head_of(people.org) == before + 1
