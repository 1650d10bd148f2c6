"""How far a role reaches: no role over one group becomes power over somebody outside it."""

import pytest

from idp.changes import apply
from idp.changes.intents import (
    AddMember,
    AssignRole,
    BlockUser,
    ChangeUser,
    CreateConnection,
    CreateGroup,
    DefineSchema,
    DeleteGroup,
    DeleteUser,
    IssueLink,
    IssueToken,
    RemoveMember,
)
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.errors import Conflict, Forbidden, Invalid, NotFound
from tests import cast
from tests.cast import Cast


@pytest.fixture
def it(people: Cast) -> str:
    """A group with bob in it."""
    group = CreateGroup({"displayName": "IT"}, members=(people.bob.id,))
    return apply(group, by=people.operator).first.id


def holding(people: Cast, *roles: tuple[str, str | None]) -> Actor:
    """Somebody new who holds these (role, scope) pairs."""
    made = cast.person(people.operator, "sam@northwind.example", "Sam Scope")
    apply(*(AssignRole(made.id, role, scope) for role, scope in roles), by=people.operator)
    return cast.actor_for(people.org, made.id, "Sam Scope")


def test_a_scoped_administrator_reaches_the_groups_members(people: Cast, it: str) -> None:
    sam = holding(people, ("user_administrator", it))
    assert apply(IssueLink(people.bob.id, "reset"), by=sam).first.secret


def test_a_scoped_administrator_cannot_add_outsiders_to_the_group(people: Cast, it: str) -> None:
    sam = holding(people, ("user_administrator", it))
    with pytest.raises(Forbidden):
        apply(AddMember(it, people.erin), by=sam)


def test_a_scoped_administrator_cannot_put_other_groups_into_theirs(people: Cast, it: str) -> None:
    other = apply(CreateGroup({"displayName": "Care"}, members=(people.erin,)), by=people.operator)
    sam = holding(people, ("groups_administrator", it))
    with pytest.raises(Forbidden):
        apply(AddMember(it, other.first.id), by=sam)


@pytest.mark.parametrize("role", ["groups_administrator", "user_administrator"])
def test_members_of_a_group_that_scopes_a_role_are_a_global_administrators_business(
    people: Cast, it: str, role: str
) -> None:
    apply(AssignRole(people.heidi.id, "helpdesk_administrator", it), by=people.operator)
    sam = holding(people, (role, None))
    for change in (AddMember(it, people.erin), RemoveMember(it, people.bob.id)):
        with pytest.raises(Forbidden, match="group_scopes_role"):
            apply(change, by=sam)


def test_a_global_administrator_over_a_group_has_no_power_over_administrators(
    people: Cast, it: str
) -> None:
    apply(AddMember(it, people.alice.id), by=people.operator)
    sam = holding(people, ("global_administrator", it))
    for change in (IssueLink(people.alice.id, "reset"), BlockUser(people.alice.id)):
        with pytest.raises(Forbidden):
            apply(change, by=sam)


def test_a_scoped_role_gives_nothing_that_is_not_about_people(people: Cast, it: str) -> None:
    sam = holding(people, ("global_administrator", it))
    assert sam.permissions >= {"users.write", "groups.write"}
    for permission in ("connections.write", "roles.write", "audit.read", "organization.write"):
        assert not sam.can(permission)
    with pytest.raises(Forbidden):
        apply(CreateConnection("scim", "Mine"), by=sam)
    with pytest.raises(Forbidden):
        apply(AssignRole(people.bob.id, "helpdesk_administrator", it), by=sam)


def test_reading_everywhere_does_not_widen_writing_over_a_group(people: Cast, it: str) -> None:
    sam = holding(people, ("global_reader", None), ("user_administrator", it))
    assert queries.find_user(sam, people.erin).id == people.erin
    with pytest.raises(Forbidden):
        apply(BlockUser(people.erin), by=sam)


def test_two_scoped_roles_keep_their_own_groups(people: Cast, it: str) -> None:
    care = apply(CreateGroup({"displayName": "Care"}, members=(people.erin,)), by=people.operator)
    sam = holding(people, ("helpdesk_administrator", it), ("groups_administrator", care.first.id))
    assert sam.scope_of("users.reset") == (it,)
    with pytest.raises((Forbidden, NotFound)):
        apply(IssueLink(people.erin, "reset"), by=sam)


def test_a_write_token_is_given_only_by_whoever_may_do_what_it_does(people: Cast) -> None:
    sam = holding(people, ("federation_administrator", None))
    made = apply(CreateConnection("scim", "Payroll"), by=sam).first.id
    assert apply(IssueToken(made, "read"), by=sam).first.secret
    with pytest.raises(Forbidden):
        apply(IssueToken(made, "write"), by=sam)


def test_a_connection_does_not_change_how_an_administrator_signs_in(people: Cast) -> None:
    mail = {"emails": [{"value": "alice@northwind.example"}]}
    apply(ChangeUser(people.alice.id, mail), by=people.operator)
    for fields in (
        {"emails": [{"value": "evil@evil.example"}]},
        {"userName": "evil@northwind.example"},
    ):
        with pytest.raises(Forbidden):
            apply(ChangeUser(people.alice.id, fields), by=people.hr)


def test_a_connection_sets_no_password_of_people_it_did_not_bring(people: Cast) -> None:
    with pytest.raises(Forbidden):
        apply(ChangeUser(people.bob.id, {}, password_hash=cast.password_hash()), by=people.hr)


def test_another_connection_cannot_remove_what_hr_brought(people: Cast) -> None:
    made = apply(CreateConnection("scim", "Other"), by=people.operator).first.id
    other = Actor("connection", made, "Other", people.org, "scim", cast.SCIM, connection_id=made)
    group = apply(CreateGroup({"displayName": "HR"}, members=(people.erin,)), by=people.hr).first.id
    for change in (DeleteUser(people.erin), DeleteGroup(group), RemoveMember(group, people.erin)):
        with pytest.raises(Forbidden, match="attribute_owned"):
            apply(change, by=other)


def test_a_schema_for_secrets_is_refused(people: Cast) -> None:
    secret = {"name": "pin", "mutability": "writeOnly", "returned": "never"}
    with pytest.raises(Invalid, match="schema_secret"):
        apply(DefineSchema("urn:example:hr:User", "X", [secret]), by=people.operator)


def test_the_last_unscoped_global_administrator_stays(people: Cast, it: str) -> None:
    holding(people, ("global_administrator", it))
    with pytest.raises(Conflict, match="last_global_administrator"):
        apply(BlockUser(people.alice.id), by=people.operator)
