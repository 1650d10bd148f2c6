"""Who was here already: the refusal says from where, an administrator links, and HR goes on."""

from collections.abc import Callable
from typing import Any

import pytest

from idp.changes import apply, audit
from idp.changes.intents import (
    AssignRole,
    ChangeUser,
    CreateUser,
    DeleteUser,
    DismissLink,
    IssueToken,
    LinkPerson,
)
from idp.directory import queries
from idp.directory.errors import DirectoryError
from tests.cast import Cast, actor_for, password_hash, person
from tests.scim.conftest import USER, Scim, detail

BOB = "bob@northwind.example"


def arrival(user_name: str = BOB, external_id: str | None = "B-1", **more: Any) -> dict[str, Any]:
    named = {"externalId": external_id} if external_id else {}
    return {"schemas": [USER], "userName": user_name, **named, **more}


def link(people: Cast, external_id: str | None = "B-1") -> None:
    apply(LinkPerson(people.hr.id, people.bob.id, external_id), by=people.alice)


def waiting(people: Cast) -> list[str]:
    return [one.user_name for one in queries.waiting_links(people.alice)]


def test_a_taken_name_is_refused_with_its_source_and_the_page(scim: Scim, people: Cast) -> None:
    answer = scim("POST", "/Users", arrival())
    assert detail(answer) == (409, "uniqueness")
    assert answer.headers["X-Error-Code"] == "user_name_taken"
    page = f"/identity/provisioning/{people.hr.id}/waiting/{people.bob.id}/link"
    assert answer.json["detail"] == (
        f"The user name '{BOB}' belongs to a person who comes from Chamberlain. "
        f"An administrator can link them: http://127.0.0.1:8000{page}"
    )


def test_another_connection_is_named(connect: Callable[..., Scim], people: Cast) -> None:
    answer = connect("okta")("POST", "/Users", arrival("erin@northwind.example"))
    assert "comes from HR" in answer.json["detail"]


def test_ones_own_person_is_simply_taken(scim: Scim) -> None:
    answer = scim("POST", "/Users", arrival("erin@northwind.example"))
    assert answer.json["detail"] == "The user name 'erin@northwind.example' is taken."


def test_other_organizations_people_are_never_spoken_of(other: Scim, people: Cast) -> None:
    answer = other("POST", "/Users", arrival("bob"))
    assert answer.status_code == 201
    answer = other("POST", "/Users", arrival(external_id="B-2"))
    assert "link" not in answer.json["detail"]
    assert waiting(people) == []


def test_the_wish_is_kept_once_and_can_be_seen(scim: Scim, people: Cast) -> None:
    for _ in range(3):
        scim("POST", "/Users", arrival())
    (one,) = queries.waiting_links(people.alice, connection_id=people.hr.id)
    assert (one.user_name, one.external_id, one.source_id) == (BOB, "B-1", "local")
    assert queries.find_connection(people.alice, people.hr.id).waiting == 1
    assert queries.waiting_links(people.alice, user_id=people.bob.id) == [one]
    assert queries.waiting_links(people.alice, user_id=people.erin) == []


def test_a_rehearsal_wishes_nothing(people: Cast) -> None:
    with pytest.raises(DirectoryError):
        apply(CreateUser({"userName": BOB}), by=people.hr, dry_run=True)
    assert waiting(people) == []


def test_after_the_link_the_next_post_meets_the_person_once(scim: Scim, people: Cast) -> None:
    scim("POST", "/Users", arrival())
    link(people)
    assert waiting(people) == []
    answer = scim("POST", "/Users", arrival(title="Clerk"))
    assert (answer.status_code, answer.json["id"]) == (201, people.bob.id)
    assert (answer.json["externalId"], answer.json["title"]) == ("B-1", "Clerk")
    assert answer.headers["Location"].endswith(people.bob.id)
    assert detail(scim("POST", "/Users", arrival())) == (409, "uniqueness")


def test_a_linked_person_is_found_and_changed_without_a_post(scim: Scim, people: Cast) -> None:
    link(people)
    assert scim.names('filter=externalId eq "B-1"') == [BOB]
    assert scim.names(f'filter=userName eq "{BOB}"') == [BOB]
    answer = scim("PUT", f"/Users/{people.bob.id}", arrival(title="Clerk"))
    assert (answer.status_code, answer.json["externalId"]) == (200, "B-1")


def test_who_has_no_name_there_is_met_by_their_user_name(scim: Scim, people: Cast) -> None:
    scim("POST", "/Users", arrival(external_id=None))
    link(people, None)
    answer = scim("POST", "/Users", arrival(external_id="B-7"))
    assert (answer.status_code, answer.json["id"]) == (201, people.bob.id)
    assert answer.json["externalId"] == "B-7"


def test_a_link_under_one_name_is_not_met_under_another(scim: Scim, people: Cast) -> None:
    link(people)
    assert detail(scim("POST", "/Users", arrival(external_id="B-9"))) == (409, "uniqueness")


def test_groups_password_and_foreign_values_stay(
    scim: Scim, connect: Callable[..., Scim], people: Cast
) -> None:
    apply(ChangeUser(people.bob.id, {"title": "Local"}), by=people.alice)
    connect("okta").patch(
        f"/Users/{people.bob.id}", {"op": "add", "path": "nickName", "value": "B"}
    )
    before = queries.password_changed_at(people.alice, people.bob.id)
    link(people)
    made = CreateUser(
        {"userName": BOB, "title": "Clerk", "nickName": "Rob"},
        external_id="B-1",
        password_hash=password_hash(),
    )
    assert apply(made, by=people.hr).first.id == people.bob.id
    who = queries.find_user(people.alice, people.bob.id)
    assert (who.record["title"], who.record["nickName"]) == ("Clerk", "B")
    assert queries.password_changed_at(people.alice, people.bob.id) == before


def test_the_last_administrator_is_not_shut_out_by_a_link(scim: Scim, people: Cast) -> None:
    apply(LinkPerson(people.hr.id, people.alice.id, "A-1"), by=people.alice)
    answer = scim("POST", "/Users", arrival("alice@northwind.example", "A-1", active=False))
    assert answer.headers["X-Error-Code"] == "last_global_administrator"


def test_an_administrator_is_linked_by_a_global_administrator_alone(people: Cast) -> None:
    chief = person(people.operator, "fred@northwind.example", "Fred", "federation_administrator")
    apply(AssignRole(chief.id, "user_administrator"), by=people.operator)
    fred = actor_for(people.org, chief.id, "Fred")
    with pytest.raises(DirectoryError) as refused:
        apply(LinkPerson(people.hr.id, people.carol.id, "C-1"), by=fred)
    assert refused.value.code == "target_holds_role"
    apply(LinkPerson(people.hr.id, people.bob.id, "B-1"), by=fred)
    apply(LinkPerson(people.hr.id, people.carol.id, "C-1"), by=people.alice)


def test_linking_needs_both_permissions(people: Cast) -> None:
    fred = person(people.operator, "fred@northwind.example", "Fred", "federation_administrator")
    for who in (fred, people.carol, people.hr):
        with pytest.raises(DirectoryError) as refused:
            apply(LinkPerson(people.hr.id, people.bob.id, "B-1"), by=who)
        assert refused.value.code == "permission_missing"


def test_a_name_that_is_linked_is_not_linked_again(people: Cast) -> None:
    for user, external_id in ((people.bob.id, "E-5"), (people.erin, "E-6")):
        with pytest.raises(DirectoryError) as refused:
            apply(LinkPerson(people.hr.id, user, external_id), by=people.alice)
        assert refused.value.code == "external_id_taken"


def test_links_are_in_the_audit(scim: Scim, people: Cast) -> None:
    scim("POST", "/Users", arrival())
    link(people)
    entry = audit.page(people.alice, audit.AuditFilter(about=people.bob.id))[0][0]
    assert (entry.action, entry.related_name) == ("user.linked", "HR")
    assert entry.diff == {"externalId": [None, "B-1"]}


def test_a_dismissed_wish_is_not_shown_again(scim: Scim, people: Cast) -> None:
    scim("POST", "/Users", arrival())
    apply(DismissLink(people.hr.id, people.bob.id), by=people.alice)
    scim("POST", "/Users", arrival())
    assert waiting(people) == []
    link(people)
    assert scim("POST", "/Users", arrival()).status_code == 201


def test_a_wish_ends_when_it_cannot_come_true(scim: Scim, people: Cast) -> None:
    scim("POST", "/Users", arrival())
    assert waiting(people) == [BOB]
    apply(ChangeUser(people.bob.id, {"userName": "robert@northwind.example"}), by=people.alice)
    assert waiting(people) == []
    apply(ChangeUser(people.bob.id, {"userName": BOB}), by=people.alice)
    assert waiting(people) == [BOB]
    apply(DeleteUser(people.bob.id), by=people.alice)
    assert waiting(people) == []
    assert scim("POST", "/Users", arrival()).status_code == 201


def test_a_client_that_helps_itself_waits_no_longer(scim: Scim, people: Cast) -> None:
    scim("POST", "/Users", arrival())
    one = {"op": "add", "path": "externalId", "value": "B-1"}
    assert scim.patch(f"/Users/{people.bob.id}", one).status_code == 200
    assert waiting(people) == []


def test_a_reader_wishes_nothing(people: Cast, client: Any) -> None:
    token = apply(IssueToken(people.hr.id, "read"), by=people.alice).first.secret
    assert Scim(client, token or "")("POST", "/Users", arrival()).status_code == 403
    assert waiting(people) == []


def test_a_linked_person_whom_another_source_shut_out_is_met_as_they_are(
    connect: Callable[..., Scim], people: Cast
) -> None:
    apply(ChangeUser(people.erin, {"active": False}), by=people.hr)
    okta = connect("okta")
    assert okta("POST", "/Users", arrival("erin@northwind.example", "O-1")).status_code == 409
    (wish,) = queries.waiting_links(people.alice)
    apply(LinkPerson(wish.connection_id, people.erin, "O-1"), by=people.alice)
    answer = okta("POST", "/Users", arrival("erin@northwind.example", "O-1", nickName="E"))
    assert (answer.status_code, answer.json.get("active")) == (201, False)
