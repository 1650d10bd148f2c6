"""The last Global Administrator who can sign in stays, whatever is asked, by whatever door."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from idp.changes import apply
from idp.changes.intents import (
    AssignRole,
    BlockUser,
    Change,
    ChangeUser,
    DeleteUser,
    RemoveRole,
)
from idp.clock import now
from idp.directory import queries
from idp.directory.errors import Conflict, DirectoryError
from tests.cast import Cast, person
from tests.changes.steps import group, refusals, together, written

GA = "global_administrator"


def assignment(people: Cast, user_id: str) -> str:
    return next(held.id for held in queries.role_holders(people.operator, user_id=user_id))


Leaving = Callable[[Cast, str], list[Change]]
WAYS: dict[str, Leaving] = {
    "blocked": lambda _, who: [BlockUser(who)],
    "deleted": lambda _, who: [DeleteUser(who)],
    "deactivated": lambda _, who: [ChangeUser(who, {"active": False})],
    "deactivated by another spelling": lambda _, who: [
        ChangeUser(who, {"urn:ietf:params:scim:schemas:core:2.0:User:ACTIVE": False})
    ],
    "replaced as inactive": lambda _, who: [
        ChangeUser(who, {"userName": "a@northwind.example", "active": False}, replace=True)
    ],
    "their role removed": lambda c, who: [RemoveRole(assignment(c, who))],
    "their role about to expire": lambda _, who: [
        AssignRole(who, GA, expires_at=now() + timedelta(days=1))
    ],
    "descoped": lambda c, who: [
        AssignRole(who, GA, scope_group_id=group(c.operator, "Board", who)),
        RemoveRole(assignment(c, who)),
    ],
    "deleted among others": lambda c, who: [DeleteUser(c.bob.id), DeleteUser(who)],
}
ACTORS = {
    "the operator": lambda c: c.operator,
    "themselves": lambda c: c.alice,
    "the HR system": lambda c: c.hr,
}


@pytest.mark.parametrize("way", WAYS)
def test_the_last_one_is_not(people: Cast, way: str) -> None:
    changes = WAYS[way](people, people.alice.id)
    before = written()
    for name, actor in ACTORS.items():
        with pytest.raises(DirectoryError) as refused:
            apply(*changes, by=actor(people))
        if name == "the operator":
            assert refused.value.code == "last_global_administrator"
        assert written() == before
    assert queries.power_of(people.alice.id)[2] == (GA,)
    assert queries.find_user(people.operator, people.alice.id).status == "active"


@pytest.mark.parametrize("way", WAYS)
def test_one_of_two_may_be(people: Cast, way: str) -> None:
    person(people.operator, "dave@northwind.example", "Dave Okoye", GA)
    assert apply(*WAYS[way](people, people.alice.id), by=people.operator).changed


@pytest.mark.parametrize("way", WAYS)
def test_whoever_holds_a_lesser_role_may_be(people: Cast, way: str) -> None:
    if way != "descoped":
        assert apply(*WAYS[way](people, people.carol.id), by=people.operator).changed


def test_the_refusal_names_the_change(people: Cast) -> None:
    with pytest.raises(Conflict) as refused:
        apply(
            ChangeUser(people.bob.id, {"title": "x"}),
            BlockUser(people.alice.id),
            by=people.operator,
        )
    assert refused.value.index == 1


def test_whoever_cannot_sign_in_does_not_count(people: Cast) -> None:
    blocked = person(people.operator, "dave@northwind.example", "Dave", GA).id
    inactive = person(people.operator, "fay@northwind.example", "Fay", GA).id
    deleted = person(people.operator, "gil@northwind.example", "Gil", GA).id
    apply(BlockUser(blocked), by=people.operator)
    apply(ChangeUser(inactive, {"active": False}), by=people.operator)
    apply(DeleteUser(deleted), by=people.operator)
    with pytest.raises(Conflict) as refused:
        apply(DeleteUser(people.alice.id), by=people.operator)
    assert refused.value.code == "last_global_administrator"


def test_whoever_holds_the_role_for_a_while_or_over_a_group_does_not_count(people: Cast) -> None:
    board = group(people.operator, "Board", people.bob.id)
    apply(
        AssignRole(people.bob.id, GA, scope_group_id=board),
        AssignRole(people.carol.id, GA, expires_at=now() + timedelta(days=300)),
        by=people.operator,
    )
    with pytest.raises(Conflict) as refused:
        apply(DeleteUser(people.alice.id), by=people.operator)
    assert refused.value.code == "last_global_administrator"


def test_both_in_one_batch_may_not_go(people: Cast) -> None:
    dave = person(people.operator, "dave@northwind.example", "Dave", GA)
    before = written()
    with pytest.raises(Conflict):
        apply(BlockUser(people.alice.id), DeleteUser(dave.id), by=people.operator)
    assert written() == before


def test_a_successor_in_the_same_batch_counts(people: Cast) -> None:
    apply(
        DeleteUser(people.alice.id),
        AssignRole(people.bob.id, GA),
        by=people.operator,
    )
    assert queries.power_of(people.bob.id)[2] == (GA,)


def test_another_organizations_administrator_does_not_count(people: Cast) -> None:
    with pytest.raises(Conflict):
        apply(BlockUser(people.mallory.id), by=people.other_operator)


RACES = [
    ("blocked", "blocked"),
    ("deleted", "their role removed"),
    ("deactivated", "deleted"),
    ("their role removed", "their role removed"),
]


@pytest.mark.parametrize("ways", RACES)
def test_of_two_who_leave_at_once_one_stays(
    app: Flask, people: Cast, ways: tuple[str, str]
) -> None:
    dave = person(people.operator, "dave@northwind.example", "Dave", GA)
    first = WAYS[ways[0]](people, people.alice.id)
    second = WAYS[ways[1]](people, dave.id)

    outcomes = together(
        app,
        lambda: apply(*first, by=people.operator),
        lambda: apply(*second, by=people.operator),
    )

    assert refusals(outcomes) == ["last_global_administrator"]
    holders = [held.user_id for held in queries.role_holders(people.operator, role=GA)]
    standing = [queries.find_user(people.operator, who).status for who in holders]
    assert standing.count("active") == 1


def test_two_who_block_each_other_at_once_do_not_both_succeed(app: Flask, people: Cast) -> None:
    dave = person(people.operator, "dave@northwind.example", "Dave", GA)
    outcomes = together(
        app,
        lambda: apply(BlockUser(dave.id), by=people.alice),
        lambda: apply(BlockUser(people.alice.id), by=dave),
    )
    assert refusals(outcomes) == ["last_global_administrator"]


def test_an_organization_without_one_may_still_take_other_roles(people: Cast) -> None:
    # Founded at the console, before its first administrator is named.
    from_nobody = people.other_operator
    helper = person(from_nobody, "helper@contoso.example", "Helper", "helpdesk_administrator")
    held = next(h.id for h in queries.role_holders(from_nobody, user_id=helper.id))
    assert apply(RemoveRole(held), by=from_nobody).changed
