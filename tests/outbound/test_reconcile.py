"""What somebody changed at the application behind our back is found, and put right."""

from typing import Any

from flask import Flask

from idp.changes import apply
from idp.changes.intents import ChangeUser, CreateUser, DeleteUser, ReconcileTarget
from idp.directory.attributes import ENTERPRISE_SCHEMA
from idp.directory.errors import NotFound
from scim import outbound
from tests.cast import Cast
from tests.changes.steps import group
from tests.counterparts import ScimPeer
from tests.outbound.conftest import Provisioned, attach

PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def patch(wiki: Provisioned, at: str, **operation: Any) -> None:
    wiki.peer.ask("PATCH", at, {"schemas": [PATCH], "Operations": [operation]})


def reconcile(wiki: Provisioned) -> dict[str, Any]:
    apply(ReconcileTarget(wiki.id), by=wiki.people.operator)
    wiki.work()
    return wiki.view().drift


def test_where_nothing_drifted_nothing_is_written(wiki: Provisioned) -> None:
    group(wiki.people.operator, "Kitchen", wiki.people.bob.id)
    wiki.work()
    before = wiki.writes()
    drift = reconcile(wiki)
    assert wiki.writes() == before
    assert [drift[n] for n in ("changed", "missing", "unknown", "members")] == [0, 0, 0, 0]


def test_drift_is_found_and_repaired(wiki: Provisioned) -> None:
    people = wiki.people
    group(people.operator, "Kitchen", people.bob.id, people.erin)
    wiki.work()
    users, state = wiki.users(), wiki.peer.state()
    erin, bob, alice = (users[f"{n}@northwind.example"]["id"] for n in ("erin", "bob", "alice"))
    kitchen = f"/Groups/{state['groups'][0]['id']}"
    patch(wiki, f"/Users/{erin}", op="replace", path="title", value="Queen")
    patch(wiki, kitchen, op="remove", path=f'members[value eq "{bob}"]')
    patch(wiki, kitchen, op="add", path="members", value=[{"value": alice}])
    wiki.peer.ask("DELETE", f"/Users/{users['heidi@northwind.example']['id']}")
    core = "urn:ietf:params:scim:schemas:core:2.0:User"
    wiki.peer.ask("POST", "/Users", {"schemas": [core], "userName": "stranger"})

    drift = reconcile(wiki)

    assert [drift[n] for n in ("changed", "missing", "unknown", "members")] == [1, 1, 1, 2]
    assert drift["examples"][0]["what"] == ["title"]
    assert wiki.users()["erin@northwind.example"]["title"] == "Clerk"
    assert wiki.users()["heidi@northwind.example"]["externalId"] == people.heidi.id
    assert wiki.groups() == {"Kitchen": {"bob@northwind.example", "erin@northwind.example"}}
    assert "stranger" in wiki.users()


def test_a_display_in_a_list_is_no_drift(wiki: Provisioned) -> None:
    emails = [{"value": "bob@northwind.example", "type": "work", "display": "Bob at work"}]
    apply(ChangeUser(wiki.people.bob.id, {"emails": emails}), by=wiki.people.operator)
    wiki.work()
    assert wiki.users()["bob@northwind.example"]["emails"][0]["display"] == "Bob at work"
    before = wiki.writes()
    for _ in range(2):
        assert reconcile(wiki)["changed"] == 0
    assert wiki.writes() == before


def test_what_was_filled_there_and_is_empty_here_is_removed(wiki: Provisioned) -> None:
    at = f"/Users/{wiki.users()['bob@northwind.example']['id']}"
    patch(wiki, at, op="replace", path="nickName", value="Bobby")
    patch(wiki, at, op="replace", path=f"{ENTERPRISE_SCHEMA}:department", value="Board")
    drift = reconcile(wiki)
    assert (drift["changed"], drift["examples"][0]["what"]) == (1, ["nickName", ENTERPRISE_SCHEMA])
    bob = wiki.users()["bob@northwind.example"]
    assert "nickName" not in bob
    assert "department" not in bob.get(ENTERPRISE_SCHEMA, {})
    assert reconcile(wiki)["changed"] == 0


def test_a_reconcile_reads_page_by_page(wiki: Provisioned) -> None:
    crowd = [CreateUser({"userName": f"p{n:03}@northwind.example"}) for n in range(120)]
    apply(*crowd, by=wiki.people.operator)
    wiki.work()
    before = len(wiki.peer.state()["log"])
    assert reconcile(wiki)["missing"] == 0
    asked = [e["url"] for e in wiki.peer.state()["log"][before:]]
    assert [u for u in asked if "startIndex=101" in u]
    assert len(wiki.users()) == 125


def test_a_preview_tells_the_plan_and_sends_nothing(
    app: Flask, people: Cast, peer: ScimPeer
) -> None:
    wiki = attach(people, peer, app)
    group(people.operator, "Kitchen", people.bob.id)
    told = outbound.preview(people.operator, wiki.id)
    assert told.counts == {
        "create": 6,
        "update": 0,
        "deactivate": 0,
        "remove": 0,
        "unchanged": 0,
        "member_add": 1,
        "member_remove": 0,
    }
    assert peer.state()["log"] == []
    wiki.work()
    apply(ChangeUser(people.bob.id, {"title": "Cook"}), by=people.operator)
    apply(DeleteUser(people.heidi.id), by=people.operator)
    told = outbound.preview(people.operator, wiki.id)
    assert {n: c for n, c in told.counts.items() if c} == {
        "update": 1,
        "deactivate": 1,
        "unchanged": 4,
    }
    assert told.first["update"][0].changes == (("title", None, "Cook"),)
    assert told.first["deactivate"][0].name == "heidi@northwind.example"


def test_what_would_be_sent_of_one_person_is_what_is_sent(wiki: Provisioned) -> None:
    would = outbound.preview_person(wiki.people.operator, wiki.view(), wiki.people.erin)
    there = wiki.users()["erin@northwind.example"]
    assert {name: there[name] for name in would} == would


def test_a_stranger_previews_nothing(wiki: Provisioned) -> None:
    for stranger in (wiki.people.mallory, wiki.people.other_operator):
        try:
            found = outbound.preview(stranger, wiki.id)
        except NotFound:
            continue
        raise AssertionError(found)
