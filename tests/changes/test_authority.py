"""Who may do what: permissions, ranks, scopes, and what people may do for themselves."""

from dataclasses import replace
from datetime import timedelta

import pytest

from idp.changes import apply, intents
from idp.changes.apply import HANDLERS, NEEDS
from idp.changes.authority import OF_ONESELF, PERMISSIONS, SELF_EDITABLE
from idp.changes.intents import (
    AddMember,
    AssignRole,
    BlockUser,
    ChangeGroup,
    ChangeUser,
    CreateGroup,
    CreateUser,
    DeleteUser,
    EndSession,
    EndSessions,
    IssueLink,
    RemoveMember,
    RemoveRole,
    RestoreUser,
    SetPassword,
    StartSession,
    UnblockUser,
)
from idp.clock import now
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.attributes import CORE
from idp.directory.errors import Conflict, DirectoryError, Forbidden, Invalid
from idp.directory.roles import ROLES
from tests.cast import Cast, actor_for, password_hash, person
from tests.changes.steps import group, somebody, statements, written


def refused(change: intents.Change, by: Actor) -> str:
    """The code with which a change is refused; nothing may have been written."""
    before = written()
    with pytest.raises(DirectoryError) as refusal:
        apply(change, by=by)
    assert written() == before
    return refusal.value.code


def scoped(people: Cast, role: str, *members: str) -> tuple[Actor, str]:
    """Somebody whose role covers one group, and that group."""
    team = group(people.operator, f"Team of {role}", *members)
    who = person(people.operator, f"{role}@northwind.example", "Scoped").id
    apply(AssignRole(who, role, scope_group_id=team), by=people.operator)
    return actor_for(people.org, who), team


def is_intent(thing: object) -> bool:
    """Whether something in the module of intents is one."""
    return (
        isinstance(thing, type)
        and issubclass(thing, intents.Change)
        and thing is not intents.Change
    )


def test_every_intent_has_its_handler_and_its_permission() -> None:
    known = {kind for kind in vars(intents).values() if is_intent(kind)}
    assert HANDLERS.keys() == PERMISSIONS.keys() == NEEDS.keys() == known


def test_a_kind_of_change_needs_its_permission(people: Cast) -> None:
    before = written()
    for role in ROLES.values():
        actor = replace(people.bob, permissions=role.permissions)
        for kind, permission in PERMISSIONS.items():
            if permission not in role.permissions and kind not in OF_ONESELF:
                change = object.__new__(kind)  # permission is asked for before anything is read
                with pytest.raises(Forbidden) as refusal:
                    apply(change, by=actor)
                assert refusal.value.code == "permission_missing"
    assert written() == before


def test_one_change_without_permission_refuses_the_batch(people: Cast) -> None:
    heidi = people.heidi
    with pytest.raises(Forbidden):
        apply(
            IssueLink(people.bob.id, "reset"), ChangeUser(people.bob.id, {"title": "x"}), by=heidi
        )


def test_people_change_of_themselves_what_is_theirs(people: Cast) -> None:
    fields = {"nickName": "Bobby", "phoneNumbers": [{"value": "+49 30 1"}], "locale": "es-ES"}
    apply(ChangeUser(people.bob.id, fields), by=people.bob)
    assert queries.find_user(people.bob, people.bob.id).record["nickName"] == "Bobby"


def test_people_change_nothing_else_of_themselves(people: Cast) -> None:
    paths = [
        leaf.path
        for leaf in CORE.user_leaves.values()
        if leaf.path.partition(".")[0] not in SELF_EDITABLE
        and "readOnly" not in (leaf.top.mutability, leaf.attribute.mutability)
        and leaf.path != "password"
    ]
    assert len(paths) > 25
    for path in paths:
        assert refused(ChangeUser(people.bob.id, {path: None}), people.bob) == "self_not_editable"


def test_people_cannot_clear_the_rest_by_replacing(people: Cast) -> None:
    change = ChangeUser(people.bob.id, {"nickName": "B"}, replace=True)
    assert refused(change, people.bob) == "self_not_editable"


def test_people_do_not_change_each_other(people: Cast) -> None:
    for change in (
        ChangeUser(people.carol.id, {"nickName": "C"}),
        SetPassword(people.carol.id, password_hash()),
        EndSessions(people.carol.id),
    ):
        assert refused(change, people.bob) in ("permission_missing", "password_of_another")


def test_what_a_source_owns_people_do_not_change_of_themselves(people: Cast) -> None:
    apply(ChangeUser(people.bob.id, {"nickName": "Robert"}), by=people.hr)
    change = ChangeUser(people.bob.id, {"nickName": "Bobby"})
    assert refused(change, people.bob) == "attribute_owned"


def test_a_user_administrator_reaches_whoever_holds_no_role(people: Cast) -> None:
    made = apply(CreateUser({"userName": "dora@northwind.example"}), by=people.carol).first.id
    for change in (
        ChangeUser(made, {"title": "Cook"}),
        BlockUser(made),
        UnblockUser(made),
        IssueLink(made, "invite"),
        EndSessions(made),
        DeleteUser(made),
        RestoreUser(made),
    ):
        apply(change, by=people.carol)


def test_a_user_administrator_reaches_no_administrator(people: Cast) -> None:
    for target in (people.alice.id, people.heidi.id):
        for change in (
            ChangeUser(target, {"title": "x"}),
            BlockUser(target),
            UnblockUser(target),
            DeleteUser(target),
            IssueLink(target, "reset"),
            EndSessions(target),
        ):
            assert refused(change, people.carol) == "target_holds_role"


def test_an_expired_role_protects_nobody(people: Cast, frozen: list) -> None:
    apply(
        AssignRole(people.bob.id, "global_reader", expires_at=now() + timedelta(days=1)),
        by=people.operator,
    )
    assert refused(BlockUser(people.bob.id), people.carol) == "target_holds_role"
    frozen[0] += timedelta(days=1)
    apply(BlockUser(people.bob.id), by=people.carol)


def test_helpdesk_helps_people_and_each_other(people: Cast) -> None:
    ivan = person(people.operator, "ivan@northwind.example", "Ivan", "helpdesk_administrator").id
    for target in (people.bob.id, people.erin, ivan):
        apply(IssueLink(target, "reset"), by=people.heidi)
        apply(EndSessions(target), by=people.heidi)


def test_helpdesk_reaches_no_other_administrator(people: Cast) -> None:
    for target in (people.alice.id, people.carol.id):
        for change in (IssueLink(target, "admin"), EndSessions(target)):
            assert refused(change, people.heidi) == "target_holds_role"


def test_helpdesk_ends_no_administrators_session(people: Cast) -> None:
    later = now() + timedelta(hours=1)
    started = apply(StartSession(people.carol.id, "password", later), by=people.operator).first
    assert refused(EndSession(started.id), people.heidi) == "target_holds_role"
    apply(EndSession(started.id), by=people.alice)


def test_nobody_chooses_anothers_password(people: Cast) -> None:
    for actor in (people.alice, people.carol, people.heidi):
        change = SetPassword(people.bob.id, password_hash())
        assert refused(change, actor) == "password_of_another"


def test_nobody_raises_their_own_role(people: Cast) -> None:
    held = queries.role_holders(people.alice, user_id=people.alice.id)[0].id
    person(people.operator, "dave@northwind.example", "Dave", "global_administrator")
    team = group(people.operator, "Team", people.alice.id)
    for change in (
        AssignRole(people.alice.id, "security_reader"),
        AssignRole(people.alice.id, "global_administrator", scope_group_id=team),
        AssignRole(people.alice.id, "global_administrator", expires_at=now() + timedelta(days=1)),
        RemoveRole(held),
    ):
        assert refused(change, people.alice) == "own_role"


def test_only_a_global_administrator_gives_and_takes_roles(people: Cast) -> None:
    held = queries.role_holders(people.alice, user_id=people.heidi.id)[0].id
    for actor in (people.carol, people.heidi, people.bob, people.hr):
        for change in (
            AssignRole(people.bob.id, "global_administrator"),
            AssignRole(people.bob.id, "helpdesk_administrator"),
            RemoveRole(held),
        ):
            assert refused(change, actor) == "permission_missing"


def test_an_unknown_role_or_a_past_expiry_is_refused(people: Cast) -> None:
    past = now() - timedelta(seconds=1)
    assert refused(AssignRole(people.bob.id, "emperor"), people.alice) == "role_unknown"
    change = AssignRole(people.bob.id, "global_reader", expires_at=past)
    assert refused(change, people.alice) == "expiry_past"


def test_a_scoped_administrator_reaches_the_group_alone(people: Cast) -> None:
    ursula, _team = scoped(people, "user_administrator", people.bob.id)
    apply(ChangeUser(people.bob.id, {"title": "Cook"}), by=ursula)
    for change in (
        ChangeUser(people.erin, {"nickName": "x"}),
        BlockUser(people.erin),
        DeleteUser(people.erin),
        IssueLink(people.erin, "reset"),
        EndSessions(people.erin),
        CreateUser({"userName": "new@northwind.example"}),
    ):
        assert refused(change, ursula) == "outside_scope"


def test_a_scoped_administrator_reaches_members_of_members(people: Cast) -> None:
    inner = group(people.operator, "Inner", people.bob.id)
    ursula, team = scoped(people, "user_administrator")
    assert refused(BlockUser(people.bob.id), ursula) == "outside_scope"
    apply(AddMember(team, inner), by=people.operator)
    apply(BlockUser(people.bob.id), by=ursula)


def test_a_scoped_administrator_brings_nobody_back(people: Cast) -> None:
    ursula, _team = scoped(people, "user_administrator", people.bob.id)
    apply(DeleteUser(people.bob.id), by=people.operator)
    assert refused(RestoreUser(people.bob.id), ursula) == "outside_scope"


def test_a_scoped_administrator_changes_no_other_group(people: Cast) -> None:
    ursula, _team = scoped(people, "groups_administrator", people.bob.id)
    other = group(people.operator, "Other", people.bob.id)
    for change in (
        AddMember(other, people.erin),
        RemoveMember(other, people.bob.id),
        ChangeGroup(other, {"displayName": "Mine"}),
        intents.DeleteGroup(other),
        CreateGroup({"displayName": "New"}),
    ):
        assert refused(change, ursula) == "outside_scope"


def test_a_scoped_helpdesk_ends_no_session_outside(people: Cast) -> None:
    helper, team = scoped(people, "helpdesk_administrator")
    later = now() + timedelta(hours=1)
    started = apply(StartSession(people.bob.id, "password", later), by=people.operator).first
    assert refused(EndSession(started.id), helper) == "outside_scope"
    apply(AddMember(team, people.bob.id), by=people.operator)
    apply(EndSession(started.id), by=helper)


def test_a_scoped_administrator_gives_no_roles(people: Cast) -> None:
    chief, team = scoped(people, "global_administrator", people.bob.id)
    for scope in (None, team):
        change = AssignRole(people.bob.id, "user_administrator", scope_group_id=scope)
        assert refused(change, chief) == "permission_missing"


def test_asking_for_the_scope_costs_one_look_for_many_people(people: Cast) -> None:
    many = [somebody(people.operator, f"p{n}") for n in range(20)]
    ursula, _team = scoped(people, "user_administrator", *many)
    with statements() as for_two:
        apply(*(ChangeUser(one, {"title": "Cook"}) for one in many[:2]), by=ursula)
    with statements() as for_many:
        apply(*(ChangeUser(one, {"title": "Cook"}) for one in many[2:]), by=ursula)
    assert len(for_many) == len(for_two)


def test_a_reading_connection_writes_nothing(people: Cast) -> None:
    reader = replace(people.hr, permissions=frozenset({"users.read", "groups.read"}))
    for change in (
        CreateUser({"userName": "x"}),
        ChangeUser(people.erin, {"title": "x"}),
        CreateGroup({"displayName": "x"}),
    ):
        assert refused(change, reader) == "permission_missing"


def test_a_source_issues_no_link_and_starts_no_session(people: Cast) -> None:
    later = now() + timedelta(hours=1)
    for change in (IssueLink(people.bob.id, "admin"), StartSession(people.bob.id, "link", later)):
        assert refused(change, people.hr) == "permission_missing"


def test_whoever_may_not_sign_in_is_sent_no_link(people: Cast) -> None:
    apply(BlockUser(people.bob.id), by=people.operator)
    with pytest.raises(Conflict) as refusal:
        apply(IssueLink(people.bob.id, "reset"), by=people.operator)
    assert refusal.value.code == "user_cannot_sign_in"


def test_a_link_for_an_unknown_purpose_is_refused(people: Cast) -> None:
    with pytest.raises(Invalid) as refusal:
        apply(IssueLink(people.bob.id, "fun"), by=people.operator)
    assert refusal.value.code == "purpose_unknown"
