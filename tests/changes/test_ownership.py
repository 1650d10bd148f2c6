"""Each value remembers the source that wrote it, and nobody else overwrites it."""

import pytest
from sqlalchemy import func, select

from idp.changes import apply
from idp.changes.intents import (
    AssignRole,
    ChangeUser,
    CreateConnection,
    CreateUser,
    DeleteConnection,
    DeleteUser,
    IssueLink,
)
from idp.changes.outbox import Delivery
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.errors import DirectoryError, Forbidden
from idp.extensions import db
from tests.cast import SCIM, Cast
from tests.changes.steps import statements, written

DEPARTMENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"


def payroll(people: Cast) -> Actor:
    """A second source."""
    made = apply(CreateConnection("scim", "Payroll"), by=people.operator).first.id
    return Actor("connection", made, "Payroll", people.org, "scim", SCIM, connection_id=made)


def test_a_source_owns_what_it_wrote(people: Cast) -> None:
    owners = queries.find_user(people.alice, people.erin).owners
    assert set(owners.values()) == {people.hr.id}
    assert {"userName", "title", "emails", "active", "name.givenName"} <= owners.keys()


def test_the_organization_owns_nothing_by_name(people: Cast) -> None:
    assert queries.find_user(people.alice, people.bob.id).owners == {}


@pytest.mark.parametrize("path", ["title", "name.givenName", "emails", "active", "userName"])
def test_what_a_source_owns_is_changed_there_alone(people: Cast, path: str) -> None:
    values = {"emails": [], "active": False}
    before = written()
    for actor in (people.alice, people.operator, payroll(people)):
        before = written()
        with pytest.raises(Forbidden) as refused:
            apply(ChangeUser(people.erin, {path: values.get(path, "other")}), by=actor)
        assert refused.value.code == "attribute_owned"
        assert (refused.value.attribute, refused.value.owner) == (path, "HR")
        assert "HR" in refused.value.sentence
        assert written() == before


def test_the_same_value_from_elsewhere_is_no_overwriting(people: Cast) -> None:
    assert not apply(ChangeUser(people.erin, {"title": "Clerk"}), by=people.alice).changed
    assert queries.find_user(people.alice, people.erin).owners["title"] == people.hr.id


def test_what_nobody_owns_is_anybodys_to_write(people: Cast) -> None:
    apply(ChangeUser(people.erin, {"nickName": "Rin"}), by=people.alice)
    apply(ChangeUser(people.bob.id, {"title": "Cook"}), by=people.hr)
    assert "nickName" not in queries.find_user(people.alice, people.erin).owners
    assert queries.find_user(people.alice, people.bob.id).owners == {"title": people.hr.id}


def test_a_cleared_value_is_free(people: Cast) -> None:
    apply(ChangeUser(people.erin, {"title": None}), by=people.hr)
    apply(ChangeUser(people.erin, {"title": "Chief"}), by=people.alice)
    erin = queries.find_user(people.alice, people.erin)
    assert (erin.title, "title" in erin.owners) == ("Chief", False)


def test_replacing_clears_what_is_not_named(people: Cast) -> None:
    change = ChangeUser(
        people.erin,
        {"userName": "erin@northwind.example", "title": "Chief", "displayName": ""},
        replace=True,
    )
    apply(change, by=people.hr)
    assert queries.find_user(people.alice, people.erin).record == {
        "userName": "erin@northwind.example",
        "title": "Chief",
        "active": True,
    }


def test_replacing_leaves_active_where_it_is_not_named(people: Cast) -> None:
    apply(ChangeUser(people.erin, {"active": False}), by=people.hr)
    for fields in ({}, {"active": None}):
        name = {"userName": "erin@northwind.example"}
        apply(ChangeUser(people.erin, name | fields, replace=True), by=people.hr)
        assert queries.find_user(people.alice, people.erin).status == "disabled"


def test_replacing_leaves_what_another_source_owns(people: Cast) -> None:
    other = payroll(people)
    apply(ChangeUser(people.erin, {DEPARTMENT: "Sales"}), by=other)
    apply(
        ChangeUser(people.erin, {"userName": "erin@northwind.example"}, replace=True),
        by=people.hr,
    )
    erin = queries.find_user(people.alice, people.erin)
    assert (erin.department, erin.owners[DEPARTMENT]) == ("Sales", other.id)
    assert erin.title is None


def test_replacing_may_not_name_what_another_source_owns(people: Cast) -> None:
    with pytest.raises(Forbidden) as refused:
        apply(
            ChangeUser(
                people.erin, {"userName": "erin@northwind.example", "title": "x"}, replace=True
            ),
            by=payroll(people),
        )
    assert refused.value.attribute == "title"


def test_a_detached_source_frees_its_values(people: Cast) -> None:
    apply(DeleteConnection(people.hr.id), by=people.operator)
    apply(ChangeUser(people.erin, {"title": "Chief", "emails": None}), by=people.alice)
    erin = queries.find_user(people.alice, people.erin)
    assert (erin.title, erin.email) == ("Chief", None)
    assert not erin.owners.keys() & {"title", "emails"}


def test_a_detached_sources_values_are_replaced_like_ones_own(people: Cast) -> None:
    other = payroll(people)
    apply(DeleteConnection(people.hr.id), by=people.operator)
    apply(ChangeUser(people.erin, {"userName": "erin@northwind.example"}, replace=True), by=other)
    assert queries.find_user(people.alice, people.erin).title is None


def test_asking_who_owns_costs_one_look_for_many_people(people: Cast) -> None:
    made = [CreateUser({"userName": f"p{n}", "title": "Clerk"}) for n in range(40)]
    ids = [result.id for result in apply(*made, by=people.hr).results]
    apply(DeleteConnection(people.hr.id), by=people.operator)
    few = [ChangeUser(one, {"title": "Chief"}) for one in ids[:2]]
    many = [ChangeUser(one, {"title": "Chief"}) for one in ids[2:]]
    with statements() as for_few:
        apply(*few, by=people.alice)
    with statements() as for_many:
        apply(*many, by=people.alice)
    assert len(for_many) == len(for_few)


def test_a_source_may_delete_whom_it_did_not_bring(people: Cast) -> None:
    apply(DeleteUser(people.bob.id), by=people.hr)
    assert queries.find_user(people.alice, people.bob.id, deleted=True).status == "deleted"


EVIL = {"emails": [{"value": "evil@evil.example", "primary": True}]}


def test_no_other_connection_says_where_an_administrators_link_goes(people: Cast) -> None:
    admin = apply(CreateUser({"userName": "ada"}), by=people.hr).first.id
    apply(AssignRole(admin, "global_administrator"), by=people.operator)
    with pytest.raises(DirectoryError) as refused:
        apply(ChangeUser(admin, EVIL), by=payroll(people))
    assert refused.value.code == "administrator_protected"
    assert apply(ChangeUser(admin, EVIL), by=people.hr).changed


def test_a_link_is_not_sent_where_another_connection_says(people: Cast) -> None:
    grace = apply(CreateUser({"userName": "grace"}), by=people.hr).first.id
    apply(ChangeUser(grace, EVIL), by=payroll(people))
    apply(IssueLink(grace, "invite", deliver=True), by=people.operator)
    assert db.session.scalar(select(func.count()).select_from(Delivery)) == 0
