"""Coming back: a POST with the externalId of somebody inactive brings them back in place."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from idp.changes import apply, audit
from idp.changes.intents import (
    AssignRole,
    BlockUser,
    ChangeGroup,
    ChangeUser,
    CreateGroup,
    CreateUser,
    StartSession,
)
from idp.clock import new_id, now
from idp.directory import queries
from idp.directory.attributes import ENTERPRISE_SCHEMA
from idp.directory.errors import DirectoryError
from tests.cast import Cast
from tests.changes.steps import refusals, statements, together
from tests.scim.conftest import USER, Scim, detail

ERIN = "erin@northwind.example"


def arrival(user_name: str = ERIN, external_id: str | None = "E-5", **more: Any) -> dict[str, Any]:
    named = {"externalId": external_id} if external_id else {}
    return {"schemas": [USER], "userName": user_name, **named, **more}


@pytest.fixture
def gone(people: Cast) -> str:
    """Erin, deactivated by HR."""
    apply(ChangeUser(people.erin, {"active": False}), by=people.hr)
    return people.erin


def test_who_comes_back_has_the_same_id(scim: Scim, people: Cast, gone: str) -> None:
    answer = scim("POST", "/Users", arrival(title="Chief"))
    assert answer.status_code == 201
    assert answer.json["id"] == gone
    assert answer.json["active"] is True
    assert answer.json["title"] == "Chief"
    assert answer.headers["Location"].endswith(f"/Users/{gone}")
    assert answer.headers["ETag"] == answer.json["meta"]["version"]
    assert scim.names('filter=externalId eq "E-5"') == [ERIN]


def test_the_audit_says_who_was_activated_and_what_changed(
    scim: Scim, people: Cast, gone: str
) -> None:
    scim("POST", "/Users", arrival(title="Chief"))
    entry = audit.page(people.alice, audit.AuditFilter(about=gone))[0][0]
    assert entry.action == "user.activated"
    assert entry.diff == {"active": [False, True], "title": ["Clerk", "Chief"]}


def test_a_new_name_comes_with_whoever_comes_back(scim: Scim, gone: str) -> None:
    answer = scim("POST", "/Users", arrival("erin.smith@northwind.example"))
    assert (answer.status_code, answer.json["id"]) == (201, gone)
    assert answer.json["userName"] == "erin.smith@northwind.example"


def test_whoever_comes_back_inactive_stays_so(scim: Scim, gone: str) -> None:
    answer = scim("POST", "/Users", arrival(active=False, title="Chief"))
    assert (answer.status_code, answer.json["id"], answer.json["active"]) == (201, gone, False)


def test_an_active_person_is_not_created_again(scim: Scim, people: Cast) -> None:
    answer = scim("POST", "/Users", arrival("other@northwind.example"))
    assert detail(answer) == (409, "uniqueness")
    assert answer.headers["X-Error-Code"] == "external_id_taken"


def test_after_a_deletion_somebody_new_comes(scim: Scim, people: Cast) -> None:
    assert scim("DELETE", f"/Users/{people.erin}").status_code == 204
    answer = scim("POST", "/Users", arrival())
    assert answer.status_code == 201
    assert answer.json["id"] != people.erin


def test_who_was_blocked_here_stays_blocked(scim: Scim, people: Cast, gone: str) -> None:
    apply(BlockUser(gone), by=people.alice)
    assert scim("POST", "/Users", arrival()).status_code == 201
    who = queries.find_user(people.alice, gone)
    assert (who.active, who.blocked, who.status) == (True, True, "blocked")


def test_sessions_are_not_given_back(scim: Scim, people: Cast) -> None:
    start = StartSession(people.erin, "password", now() + timedelta(hours=1))
    signs_in = replace(people.operator, permissions=people.operator.permissions | {"signin"})
    apply(start, by=signs_in)
    assert len(queries.sessions_of(people.alice, people.erin)) == 1
    apply(ChangeUser(people.erin, {"active": False}), by=people.hr)
    assert scim("POST", "/Users", arrival()).status_code == 201
    assert queries.sessions_of(people.alice, people.erin) == []


def test_what_another_source_owns_stays_its_own(
    scim: Scim, connect: Callable[..., Scim], gone: str
) -> None:
    second = connect("okta")
    second.patch(f"/Users/{gone}", {"op": "add", "path": "nickName", "value": "Rin"})
    answer = scim("POST", "/Users", arrival(nickName="Ernie", title="Chief"))
    assert (answer.json["nickName"], answer.json["title"]) == ("Rin", "Chief")


def test_whom_another_source_shut_out_that_source_lets_in(
    scim: Scim, connect: Callable[..., Scim], people: Cast
) -> None:
    joe = apply(
        CreateUser({"userName": "joe@northwind.example"}, external_id="J-1"), by=people.hr
    ).first.id
    scim.patch(f"/Users/{joe}", {"op": "remove", "path": "active"})
    second = connect("okta")
    second.patch(f"/Users/{joe}", {"op": "add", "path": "active", "value": True})
    second.patch(f"/Users/{joe}", {"op": "replace", "path": "active", "value": False})
    answer = scim("POST", "/Users", arrival("joe@northwind.example", "J-1"))
    assert answer.status_code == 403
    assert answer.headers["X-Error-Code"] == "attribute_owned"
    assert queries.find_user(people.alice, joe).active is False


def test_how_an_administrator_signs_in_is_not_changed_by_coming_back(
    scim: Scim, people: Cast
) -> None:
    one = apply(CreateUser({"userName": "adm@northwind.example"}), by=people.operator).first.id
    scim.patch(f"/Users/{one}", {"op": "add", "path": "externalId", "value": "A-1"})
    apply(AssignRole(one, "global_reader"), by=people.operator)
    scim.patch(f"/Users/{one}", {"op": "replace", "path": "active", "value": False})
    answer = scim("POST", "/Users", arrival("mine@northwind.example", "A-1"))
    assert answer.headers["X-Error-Code"] == "administrator_protected"
    answer = scim("POST", "/Users", arrival("adm@northwind.example", "A-1"))
    assert (answer.status_code, answer.json["id"]) == (201, one)


def test_nobody_comes_back_into_anothers_domain_or_name(scim: Scim, gone: str) -> None:
    assert scim("POST", "/Users", arrival("erin@contoso.example")).status_code == 403
    assert detail(scim("POST", "/Users", arrival("bob@northwind.example"))) == (409, "uniqueness")


def test_two_arrivals_with_one_external_id_in_a_batch_are_refused(people: Cast, gone: str) -> None:
    twice = [CreateUser({"userName": name}, external_id="E-5") for name in (ERIN, "second")]
    with pytest.raises(DirectoryError) as refused:
        apply(*twice, by=people.hr)
    assert (refused.value.code, refused.value.index) == ("external_id_taken", 1)
    assert queries.find_user(people.alice, gone).active is False


def test_a_batch_may_speak_of_them_by_the_id_that_it_gave(people: Cast, gone: str) -> None:
    team = apply(CreateGroup({"displayName": "Crew"}, (gone,)), by=people.hr).first.id
    given, boss = new_id(), f"{ENTERPRISE_SCHEMA}:manager.value"
    outcome = apply(
        CreateUser({"userName": "joiner", boss: given}),
        CreateUser({"userName": ERIN}, external_id="E-5", id=given),
        ChangeUser(given, {"title": "Chief"}),
        CreateGroup({"displayName": "Bosses"}, (given,)),
        ChangeGroup(team, add=(given,)),
        by=people.hr,
    )
    ids = [made.id for made in outcome.results]
    assert ids[1:3] == [gone, gone]
    assert queries.find_user(people.alice, ids[0]).manager_id == gone
    assert queries.find_user(people.alice, gone).title == "Chief"
    assert {g.display_name for g in queries.groups_of(people.alice, gone)} == {"Bosses", "Crew"}


def test_a_whole_crew_comes_back_in_as_many_statements(people: Cast) -> None:
    named = [(f"crew-{n}", f"C-{n}") for n in range(200)]
    crew = [CreateUser({"userName": name}, external_id=foreign) for name, foreign in named]
    ids = [made.id for made in apply(*crew, by=people.hr).results]
    apply(*(ChangeUser(one, {"active": False}) for one in ids[:20]), by=people.hr)
    with statements() as two:
        apply(*crew[:2], by=people.hr)
    with statements() as many:
        outcome = apply(*crew[2:20], by=people.hr)
    assert [made.id for made in outcome.results] == ids[2:20]
    assert len(many) <= len(two) + 1


def test_of_parallel_arrivals_one_brings_somebody_back(app: Flask, people: Cast, gone: str) -> None:
    again = CreateUser({"userName": ERIN}, external_id="E-5")
    outcomes = together(app, *(lambda: apply(again, by=people.hr) for _ in range(8)))
    assert set(refusals(outcomes)) <= {"external_id_taken", "storage_busy"}
    assert len(refusals(outcomes)) == 7
    assert queries.find_user(people.alice, gone).active


def test_another_connections_name_brings_nobody_back(
    connect: Callable[..., Scim], people: Cast, gone: str
) -> None:
    answer = connect("okta")("POST", "/Users", arrival("new@northwind.example"))
    assert answer.status_code == 201
    assert answer.json["id"] != gone
    assert queries.find_user(people.alice, gone).active is False


def test_a_group_with_a_known_external_id_is_refused(scim: Scim) -> None:
    body = {"schemas": [], "displayName": "Crew", "externalId": "G-1"}
    assert scim("POST", "/Groups", body).status_code == 201
    answer = scim("POST", "/Groups", body | {"displayName": "Other"})
    assert detail(answer) == (409, "uniqueness")
