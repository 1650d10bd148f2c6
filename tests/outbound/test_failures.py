"""What goes wrong at an application: it is waited for, and nothing happens twice or is lost."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from idp.changes import apply
from idp.changes.intents import (
    AddMember,
    ChangeConnection,
    ChangeTarget,
    ChangeUser,
    CreateGroup,
    CreateUser,
    DeleteUser,
)
from idp.clock import now
from tests.cast import Cast
from tests.changes.steps import group, somebody
from tests.counterparts import ScimPeer
from tests.outbound.conftest import Provisioned, attach


def test_a_busy_application_is_left_alone_as_long_as_it_asks(wiki: Provisioned) -> None:
    wiki.peer.fail(status=429, retryAfter=1000, method="POST")
    somebody(wiki.people.operator, "joe@northwind.example")
    wiki.work()
    held = wiki.follower()
    assert held.behind == 1
    assert timedelta(seconds=990) < held.due_at - now() <= timedelta(seconds=1000)
    wiki.due()
    wiki.work()
    assert "joe@northwind.example" in wiki.users()
    assert (wiki.follower().behind, wiki.follower().last_error) == (0, "")


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failing_application_is_tried_again_later(wiki: Provisioned, status: int) -> None:
    wiki.peer.fail(status=status)
    joe = somebody(wiki.people.operator, "joe@northwind.example")
    wiki.work()
    assert wiki.follower().failures == 1
    assert "joe@northwind.example" not in wiki.users()
    wiki.due()
    wiki.work()
    assert "joe@northwind.example" in wiki.users()
    held = wiki.link(joe)
    assert held is not None
    assert held.error_code == ""


def test_an_answer_that_never_came_makes_no_second_account(wiki: Provisioned) -> None:
    wiki.peer.fail(after=True, method="POST")
    joe = somebody(wiki.people.operator, "joe@northwind.example")
    wiki.work()
    held = wiki.link(joe)
    assert held is not None
    assert (held.state, held.remote_id) == ("sending", None)
    # Meanwhile the name changes: the account that may be there is found by our id all the same.
    apply(ChangeUser(joe, {"userName": "joseph@northwind.example"}), by=wiki.people.operator)
    wiki.due()
    wiki.work()
    ours = [u for u in wiki.peer.state()["users"] if u["externalId"] == joe]
    assert [user["userName"] for user in ours] == ["joseph@northwind.example"]


def test_a_group_whose_answer_was_cut_is_made_once(wiki: Provisioned) -> None:
    wiki.peer.fail(after=True, path="/Groups", times=1, method="POST")
    group(wiki.people.operator, "Kitchen", wiki.people.bob.id)
    wiki.work()
    wiki.due()
    wiki.work()
    assert wiki.groups() == {"Kitchen": {"bob@northwind.example"}}
    assert len(wiki.peer.state()["groups"]) == 1


def test_a_connection_that_breaks_is_made_again(wiki: Provisioned) -> None:
    wiki.peer.fail(status=0)
    somebody(wiki.people.operator, "joe@northwind.example")
    wiki.work()
    assert wiki.follower().last_error == "The connection could not be made, or broke off."
    wiki.due()
    wiki.work()
    assert "joe@northwind.example" in wiki.users()


def test_an_account_that_is_there_already_is_taken_over(
    app: Flask, people: Cast, peer: ScimPeer
) -> None:
    core = "urn:ietf:params:scim:schemas:core:2.0:User"
    theirs = {"schemas": [core], "userName": "BOB@northwind.example", "title": "Old"}
    peer.ask("POST", "/Users", theirs)
    wiki = attach(people, peer, app)
    wiki.work()
    bob = wiki.users()["bob@northwind.example"]
    assert (bob["externalId"], bob["name"]["givenName"]) == (people.bob.id, "Bob")
    assert len(peer.state()["users"]) == 5


def test_what_one_person_is_refused_for_holds_up_nobody(wiki: Provisioned) -> None:
    by = wiki.people.operator
    bad, good = (
        made.id
        for made in apply(
            CreateUser({"userName": "bad@northwind.example", "title": "refused"}),
            CreateUser({"userName": "good@northwind.example"}),
            by=by,
        ).results
    )
    apply(CreateGroup({"displayName": "Kitchen"}, (bad, good)), by=by)
    wiki.work()
    held = wiki.link(bad)
    assert held is not None
    assert (held.state, held.error_code, held.remote_id) == ("absent", "refused", None)
    assert "no such title" in held.error
    assert wiki.groups() == {"Kitchen": {"good@northwind.example"}}
    assert wiki.follower().behind == 0
    apply(ChangeUser(bad, {"title": "Cook"}), by=by)
    wiki.work()
    mended = wiki.link(bad)
    assert mended is not None
    assert (mended.state, mended.error_code) == ("present", "")
    assert wiki.groups() == {"Kitchen": {"good@northwind.example", "bad@northwind.example"}}


def test_a_person_at_whom_the_application_always_fails_is_laid_aside(wiki: Provisioned) -> None:
    wiki.peer.fail(status=500, times=5, method="POST")
    joe = somebody(wiki.people.operator, "joe@northwind.example")
    for _ in range(5):
        wiki.due()
        wiki.work()
    held = wiki.link(joe)
    assert held is not None
    assert (held.error_code, held.tries) == ("failing", 5)
    assert wiki.follower().behind == 0


def test_a_token_that_ended_stops_all_until_there_is_another(wiki: Provisioned) -> None:
    by = wiki.people.operator
    apply(ChangeTarget(wiki.id, secrets={"token": "ended"}), by=by)
    somebody(by, "joe@northwind.example")
    wiki.work()
    assert "does not let us in" in wiki.follower().last_error
    apply(ChangeTarget(wiki.id, secrets={"token": wiki.peer.token}), by=by)
    wiki.work()
    assert "joe@northwind.example" in wiki.users()


def test_an_account_that_somebody_deleted_there_is_made_again(wiki: Provisioned) -> None:
    by, bob = wiki.people.operator, wiki.people.bob.id
    kitchen = group(by, "Kitchen", bob)
    wiki.work()
    wiki.peer.ask("DELETE", f"/Users/{wiki.users()['bob@northwind.example']['id']}")
    apply(ChangeUser(bob, {"title": "Cook"}), by=by)
    wiki.work()
    assert wiki.users()["bob@northwind.example"]["title"] == "Cook"
    there = {g["id"]: g for g in wiki.peer.state()["groups"]}
    held = wiki.link(kitchen)
    assert held is not None
    members = {m["value"] for m in there[str(held.remote_id)]["members"]}
    assert wiki.users()["bob@northwind.example"]["id"] in members


def test_one_unknown_member_does_not_keep_the_others_out(wiki: Provisioned) -> None:
    by = wiki.people.operator
    kitchen = group(by, "Kitchen")
    wiki.work()
    wiki.peer.fail(status=400, times=1, method="PATCH", path="/Groups")
    apply(AddMember(kitchen, wiki.people.bob.id), AddMember(kitchen, wiki.people.erin), by=by)
    wiki.work()
    assert wiki.groups()["Kitchen"] == {"bob@northwind.example", "erin@northwind.example"}


def test_a_paused_target_gets_nothing_and_then_everything(wiki: Provisioned) -> None:
    by = wiki.people.operator
    apply(ChangeConnection(wiki.id, enabled=False), by=by)
    before = len(wiki.peer.state()["log"])
    joe = somebody(by, "joe@northwind.example")
    apply(DeleteUser(wiki.people.bob.id), by=by)
    wiki.work()
    assert len(wiki.peer.state()["log"]) == before
    apply(ChangeConnection(wiki.id, enabled=True), by=by)
    wiki.work()
    assert wiki.users()["bob@northwind.example"]["active"] is False
    assert wiki.link(joe) is not None
    assert "joe@northwind.example" in wiki.users()


def test_a_repeated_turn_changes_nothing(wiki: Provisioned) -> None:
    group(wiki.people.operator, "Kitchen", wiki.people.bob.id)
    wiki.work()
    before: Any = (len(wiki.writes()), wiki.users(), wiki.groups())
    wiki.again()
    assert (len(wiki.writes()), wiki.users(), wiki.groups()) == before
