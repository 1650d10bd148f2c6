"""People and groups reach the application, change with what happens, and leave it again."""

import pytest
from flask import Flask

from idp.changes import apply
from idp.changes.intents import (
    AddMember,
    BlockUser,
    ChangeGroup,
    ChangeUser,
    CreateGroup,
    CreateUser,
    DeleteGroup,
    DeleteUser,
    RemoveMember,
    RestoreUser,
)
from tests.cast import Cast
from tests.changes.steps import group, somebody
from tests.counterparts import ScimPeer
from tests.outbound.conftest import Provisioned, attach

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def test_attaching_brings_everybody_with_all_that_is_known(wiki: Provisioned) -> None:
    users = wiki.users()
    assert len(users) == 5
    erin = users["erin@northwind.example"]
    assert (erin["externalId"], erin["active"]) == (wiki.people.erin, True)
    assert erin["name"] == {"givenName": "Erin", "familyName": "O’Brien"}
    assert erin["emails"][0]["value"] == "erin@northwind.example"
    assert wiki.follower().behind == 0


def test_a_joiner_arrives_and_a_mover_changes_in_one_request_each(wiki: Provisioned) -> None:
    by = wiki.people.operator
    joe = somebody(by, "joe@northwind.example", title="Cook")
    wiki.work()
    assert wiki.users()["joe@northwind.example"]["title"] == "Cook"
    before = len(wiki.writes())
    apply(ChangeUser(joe, {"title": "Chef", f"{ENTERPRISE}:department": "Kitchen"}), by=by)
    wiki.work()
    joe_there = wiki.users()["joe@northwind.example"]
    assert (joe_there["title"], joe_there[ENTERPRISE]["department"]) == ("Chef", "Kitchen")
    assert wiki.writes()[before:] == ["PATCH"]


def test_what_is_cleared_is_cleared_there(wiki: Provisioned) -> None:
    by = wiki.people.operator
    apply(ChangeUser(wiki.people.erin, {"title": None, "emails": None}), by=wiki.people.hr)
    apply(ChangeUser(wiki.people.bob.id, {"userName": "robert@northwind.example"}), by=by)
    wiki.work()
    users = wiki.users()
    assert "title" not in users["erin@northwind.example"]
    assert not users["erin@northwind.example"].get("emails")
    assert "robert@northwind.example" in users
    assert len(users) == 5


@pytest.mark.parametrize("change", [BlockUser, DeleteUser])
def test_a_leaver_is_shut_out_there(wiki: Provisioned, change: type) -> None:
    apply(change(wiki.people.bob.id), by=wiki.people.operator)
    wiki.work()
    assert wiki.users()["bob@northwind.example"]["active"] is False


def test_who_comes_back_gets_the_same_account(wiki: Provisioned) -> None:
    bob = wiki.users()["bob@northwind.example"]["id"]
    apply(DeleteUser(wiki.people.bob.id), by=wiki.people.operator)
    wiki.work()
    apply(RestoreUser(wiki.people.bob.id), by=wiki.people.operator)
    wiki.work()
    back = wiki.users()["bob@northwind.example"]
    assert (back["id"], back["active"]) == (bob, True)


def test_leavers_can_be_deleted_there(app: Flask, people: Cast, peer: ScimPeer) -> None:
    wiki = attach(people, peer, app, deprovision="delete")
    kitchen = group(people.operator, "Kitchen", people.bob.id, people.erin)
    wiki.work()
    apply(DeleteUser(people.bob.id), by=people.operator)
    wiki.work()
    assert "bob@northwind.example" not in wiki.users()
    assert wiki.link(people.bob.id) is None
    assert wiki.link(kitchen) is not None


def test_who_may_not_sign_in_gets_no_account(wiki: Provisioned) -> None:
    off = CreateUser({"userName": "later@northwind.example", "active": False})
    later = apply(off, by=wiki.people.operator).first.id
    wiki.work()
    assert "later@northwind.example" not in wiki.users()
    apply(ChangeUser(later, {"active": True}), by=wiki.people.operator)
    wiki.work()
    assert wiki.users()["later@northwind.example"]["active"] is True


def test_a_manager_who_comes_later_is_named_by_the_applications_own_id(wiki: Provisioned) -> None:
    by = wiki.people.operator
    boss = CreateUser({"userName": "boss@northwind.example", "active": False})
    boss_id = apply(boss, by=by).first.id
    apply(ChangeUser(wiki.people.bob.id, {f"{ENTERPRISE}:manager.value": boss_id}), by=by)
    wiki.work()
    assert "manager" not in wiki.users()["bob@northwind.example"].get(ENTERPRISE, {})
    apply(ChangeUser(boss_id, {"active": True}), by=by)
    wiki.work()
    users = wiki.users()
    manager = users["bob@northwind.example"][ENTERPRISE]["manager"]["value"]
    assert manager == users["boss@northwind.example"]["id"]


def test_groups_come_with_their_members_and_follow_them(wiki: Provisioned) -> None:
    by, people = wiki.people.operator, wiki.people
    kitchen = group(by, "Kitchen", people.bob.id)
    wiki.work()
    assert wiki.groups() == {"Kitchen": {"bob@northwind.example"}}
    apply(AddMember(kitchen, people.erin), RemoveMember(kitchen, people.bob.id), by=by)
    apply(ChangeGroup(kitchen, {"displayName": "Galley"}), by=by)
    wiki.work()
    assert wiki.groups() == {"Galley": {"erin@northwind.example"}}
    apply(DeleteGroup(kitchen), by=by)
    wiki.work()
    assert wiki.groups() == {}


def test_who_belongs_through_another_group_is_a_member_there(wiki: Provisioned) -> None:
    by, people = wiki.people.operator, wiki.people
    cooks = group(by, "Cooks", people.bob.id)
    kitchen = group(by, "Kitchen", people.erin)
    wiki.work()
    apply(AddMember(kitchen, cooks), by=by)
    wiki.work()
    assert wiki.groups()["Kitchen"] == {"bob@northwind.example", "erin@northwind.example"}
    apply(RemoveMember(kitchen, cooks), by=by)
    wiki.work()
    assert wiki.groups()["Kitchen"] == {"erin@northwind.example"}


def test_a_group_of_250_goes_in_chunks_and_replaces_nobody(wiki: Provisioned) -> None:
    by = wiki.people.operator
    crowd = [CreateUser({"userName": f"p{n:03}@northwind.example"}) for n in range(250)]
    ids = [made.id for made in apply(*crowd, by=by).results]
    wiki.work()
    before = len(wiki.writes())
    apply(CreateGroup({"displayName": "Everybody"}, ids), by=by)
    wiki.work()
    assert len(wiki.groups()["Everybody"]) == 250
    assert wiki.writes()[before:] == ["POST", "PATCH", "PATCH", "PATCH"]


def test_a_scope_of_groups_sends_their_people_and_takes_them_back(
    app: Flask, people: Cast, peer: ScimPeer
) -> None:
    by = people.operator
    kitchen, other = group(by, "Kitchen", people.bob.id), group(by, "Office", people.erin)
    wiki = attach(people, peer, app, groups=(kitchen,))
    wiki.work()
    assert (set(wiki.users()), set(wiki.groups())) == ({"bob@northwind.example"}, {"Kitchen"})
    apply(AddMember(kitchen, people.erin), RemoveMember(kitchen, people.bob.id), by=by)
    apply(RemoveMember(other, people.erin), by=by)
    wiki.work()
    states = {name: user["active"] for name, user in wiki.users().items()}
    assert states == {"bob@northwind.example": False, "erin@northwind.example": True}
    assert wiki.groups() == {"Kitchen": {"erin@northwind.example"}}


def test_nothing_that_concerns_nobody_there_is_sent(wiki: Provisioned) -> None:
    before = len(wiki.peer.state()["log"])
    apply(ChangeUser(wiki.people.mallory.id, {"title": "x"}), by=wiki.people.other_operator)
    wiki.work()
    assert len(wiki.peer.state()["log"]) == before
    assert "mallory@contoso.example" not in wiki.users()


def test_a_target_without_patch_gets_whole_resources(
    app: Flask, people: Cast, peer: ScimPeer
) -> None:
    wiki = attach(people, peer, app, writes="put")
    kitchen = group(people.operator, "Kitchen", people.bob.id)
    wiki.work()
    apply(ChangeUser(people.bob.id, {"title": "Cook"}), by=people.operator)
    apply(AddMember(kitchen, people.erin), by=people.operator)
    apply(BlockUser(people.heidi.id), by=people.operator)
    wiki.work()
    assert wiki.users()["bob@northwind.example"]["title"] == "Cook"
    assert wiki.users()["heidi@northwind.example"]["active"] is False
    assert wiki.groups() == {"Kitchen": {"bob@northwind.example", "erin@northwind.example"}}
    assert "PATCH" not in wiki.writes()


def test_client_credentials_fetch_their_token(app: Flask, people: Cast, peer: ScimPeer) -> None:
    wiki = attach(
        people,
        peer,
        app,
        auth="client_credentials",
        token_url=f"{peer.origin}/token",
        secrets={"client_id": "peer", "client_secret": "peer secret"},
    )
    wiki.work()
    assert len(wiki.users()) == 5
