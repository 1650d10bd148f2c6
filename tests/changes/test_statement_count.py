"""What a batch costs in statements does not grow with its size."""

from collections.abc import Callable, Sequence

import pytest

from idp.changes import apply
from idp.changes.intents import (
    AddMember,
    AssignRole,
    BlockUser,
    Change,
    ChangeGroup,
    ChangeUser,
    CreateGroup,
    CreateUser,
    DeleteGroup,
    DeleteUser,
    IssueLink,
    RemoveMember,
    RestoreUser,
    SetBrake,
    SetPassword,
    UnblockUser,
)
from idp.clock import new_id
from idp.directory.actors import Actor
from tests.cast import Cast, password_hash
from tests.changes.steps import statements

FEW, MANY, FACTOR = 10, 1000, 3
Ids = Sequence[str]


def newcomers(count: int, kitchen: str = "") -> list[Change]:
    changes: list[Change] = []
    for _ in range(count):
        user, name = new_id(), new_id()
        fields = {
            "userName": f"{name}@northwind.example",
            "emails": [{"value": f"{name}@northwind.example", "primary": True}],
        }
        changes.append(CreateUser(fields, external_id=name, id=user))
        if kitchen:
            changes.append(AddMember(kitchen, user))
    return changes


def cost(changes: Sequence[Change], by: Actor) -> int:
    with statements() as sent:
        apply(*changes, by=by)
    return len(sent)


def test_creating_people_with_addresses_and_memberships(people: Cast) -> None:
    kitchen = apply(CreateGroup({"displayName": "Kitchen"}), by=people.hr).first.id
    few = cost(newcomers(FEW // 2, kitchen), people.hr)
    many = cost(newcomers(MANY // 2, kitchen), people.hr)
    assert many <= FACTOR * few


VERBS: dict[str, Callable[[str, str], Change]] = {
    "change": lambda who, _: ChangeUser(who, {"title": new_id(), "emails": [{"value": "a@b.c"}]}),
    "clear": lambda who, _: ChangeUser(who, {"emails": None}),
    "replace": lambda who, _: ChangeUser(who, {"userName": new_id()}, replace=True),
    "rename": lambda who, _: ChangeUser(who, {"userName": new_id()}, external_id=new_id()),
    "block": lambda who, _: BlockUser(who),
    "unblock": lambda who, _: UnblockUser(who),
    "deactivate": lambda who, _: ChangeUser(who, {"active": False}),
    "activate": lambda who, _: ChangeUser(who, {"active": True}),
    "join": lambda who, kitchen: AddMember(kitchen, who),
    "leave": lambda who, kitchen: RemoveMember(kitchen, who),
    "rejoin": lambda who, kitchen: ChangeGroup(kitchen, add=(who,)),
    "delete": lambda who, _: DeleteUser(who),
    "restore": lambda who, _: RestoreUser(who),
}


def without_brake(people: Cast) -> None:
    """These tests take everything away; counting it is part of the cost."""
    kinds = ("deactivations", "deletions", "groups", "removals")
    apply(SetBrake(people.hr.id, {kind: {"count": 10**7} for kind in kinds}), by=people.alice)


def test_every_verb_of_people(people: Cast) -> None:
    without_brake(people)
    kitchen = apply(CreateGroup({"displayName": "Kitchen"}), by=people.hr).first.id
    ids = [made.id for made in apply(*newcomers(MANY + FEW), by=people.hr).results]
    costs = {
        verb: (
            cost([change(who, kitchen) for who in ids[:FEW]], people.hr),
            cost([change(who, kitchen) for who in ids[FEW:]], people.hr),
        )
        for verb, change in VERBS.items()
    }
    assert {verb: pair for verb, pair in costs.items() if pair[1] > FACTOR * pair[0]} == {}


def test_links_passwords_and_roles(people: Cast) -> None:
    ids = [made.id for made in apply(*newcomers(300 + FEW), by=people.hr).results]
    for change in (
        lambda who: IssueLink(who, "invite", "https://id.example/invite/", deliver=True),
        lambda who: SetPassword(who, password_hash()),
        lambda who: AssignRole(who, "global_reader"),
        DeleteUser,
    ):
        few = cost([change(who) for who in ids[:FEW]], people.operator)
        many = cost([change(who) for who in ids[FEW:]], people.operator)
        assert many <= FACTOR * few


def test_groups_and_groups_in_groups(people: Cast) -> None:
    without_brake(people)

    def cooks(count: int) -> list[Change]:
        return [
            CreateGroup({"displayName": new_id()}, (people.bob.id,), external_id=new_id())
            for _ in range(count)
        ]

    few, many = cooks(FEW), cooks(300)
    assert cost(many, people.hr) <= FACTOR * cost(few, people.hr)
    ids = [made.id for made in apply(*cooks(300 + FEW), by=people.hr).results]
    kitchen = apply(CreateGroup({"displayName": "Kitchen"}), by=people.hr).first.id
    for change in (
        lambda one: AddMember(kitchen, one),
        lambda one: ChangeGroup(one, {"displayName": new_id()}, members=(people.erin,)),
        DeleteGroup,
    ):
        few_sent = cost([change(one) for one in ids[:FEW]], people.hr)
        many_sent = cost([change(one) for one in ids[FEW:]], people.hr)
        assert many_sent <= FACTOR * few_sent


@pytest.mark.parametrize("count", [1, 300])
def test_changing_nothing_costs_no_write(people: Cast, count: int) -> None:
    changes = newcomers(count)
    made = apply(*changes, by=people.hr).results
    again = [
        ChangeUser(one.id, change.fields, external_id=change.external_id, replace=True)
        for one, change in zip(made, changes, strict=True)
    ]
    with statements() as sent:
        apply(*again, by=people.hr)
    assert not [s for s in sent if s.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE"))]
