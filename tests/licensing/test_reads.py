"""What is told of products, their holders, groups, problems and queues; to whom it is told."""

from dataclasses import replace

import pytest

from idp.changes import apply
from idp.changes.intents import AddMember, AssignLicense, ChangeUser, CreateUser, RemoveLicense
from idp.changes.license_history import history_of
from idp.clock import new_id
from idp.directory.actors import Actor
from idp.directory.errors import DirectoryError
from idp.extensions import db
from idp.licensing.queries import (
    find_sku,
    grant_to_everyone,
    grants_of_group,
    licenses_of,
    page_group_grants,
    page_holders,
    page_problems,
    places_in_queue,
    product,
    products,
    progress,
)
from tests.cast import Cast
from tests.changes.steps import group, somebody, statements
from tests.licensing.shop import buy, sku

BASIC = "OFFICE_BASIC"


@pytest.fixture
def kitchen(shop_open: Cast) -> str:
    """A group of four to which Office Basic is granted, of which there are two."""
    by = shop_open.operator
    crew = [somebody(by, f"crew-{n}") for n in range(4)]
    made = group(by, "Kitchen", *crew)
    buy(by, "office-basic", 2)
    apply(AssignLicense(sku(BASIC), group_id=made, plans_off=["DOCS"]), by=by)
    return made


def over(actor: Actor, group_id: str) -> Actor:
    """The same actor, whose role reaches one group."""
    return replace(actor, scopes=dict.fromkeys(actor.permissions, (group_id,)))


def test_a_product_tells_what_there_is_who_has_it_and_who_waits(
    shop_open: Cast, kitchen: str
) -> None:
    [one] = products(shop_open.alice)
    assert (one.sku.part_number, one.units, one.left, one.excess) == (BASIC, 2, 0, 0)
    assert (one.assigned, one.waiting, one.errors) == (2, 2, 0)
    assert product(shop_open.alice, find_sku(shop_open.alice, "office_basic")) == one
    with pytest.raises(DirectoryError, match="product_not_found"):
        find_sku(shop_open.alice, "OFFICE_PRO")


def test_a_pool_that_nobody_brought_up_to_date_is_told_as_it_is(shop_open: Cast) -> None:
    buy(shop_open.operator, "office-basic", 2)
    db.session.execute(db.text("UPDATE pools SET enabled = 7, next_at = '2020-01-01 00:00:00'"))
    assert products(shop_open.alice)[0].units == 2
    db.session.rollback()


def test_holders_are_listed_by_name_with_the_reason(shop_open: Cast, kitchen: str) -> None:
    by = shop_open.operator
    apply(AddMember(kitchen, shop_open.bob.id), by=by)
    buy(by, "office-basic", 9)
    apply(AssignLicense(sku(BASIC), shop_open.bob.id), by=by)
    basic = find_sku(shop_open.alice, BASIC)
    first = page_holders(shop_open.alice, basic, limit=3)
    rest = page_holders(shop_open.alice, basic, cursor=first.next_cursor, limit=3)
    shown = [*first.items, *rest.items]
    assert [one.user.user_name for one in shown] == [
        "bob@northwind.example",
        *(f"crew-{n}" for n in range(4)),
    ]
    assert [(s.kind, s.name) for s in shown[0].sources] == [("group", "Kitchen"), ("user", "")]
    assert shown[1].plans_off == {"DOCS"}
    assert rest.next_cursor is None
    [found] = page_holders(shop_open.alice, basic, text="núñ bob").items
    assert found.direct
    assert page_holders(shop_open.alice, basic, source="user").items == [found]
    assert not page_holders(shop_open.alice, basic, text="nobody\x00").items


def test_a_role_over_a_group_sees_its_members_only(shop_open: Cast, kitchen: str) -> None:
    by, alice = shop_open.operator, shop_open.alice
    buy(by, "office-basic", 9)
    apply(AssignLicense(sku(BASIC), shop_open.bob.id), by=by)
    scoped = over(shop_open.carol, group(by, "Sales", shop_open.bob.id))
    assert product(scoped, find_sku(scoped, BASIC)).assigned == 1
    holders = page_holders(scoped, find_sku(scoped, BASIC)).items
    assert [one.user.id for one in holders] == [shop_open.bob.id]
    assert page_group_grants(scoped, find_sku(scoped, BASIC)).items == []
    targets = {entry.target_id for entry in history_of(scoped, find_sku(scoped, BASIC))[0]}
    assert targets == {shop_open.bob.id}
    assert len(history_of(alice, find_sku(alice, BASIC))[0]) > len(targets)
    with pytest.raises(DirectoryError, match="not_found"):
        licenses_of(replace(scoped, scopes={"licenses.read": (kitchen,)}), shop_open.bob.id)


def test_groups_that_give_a_product_are_told_with_how_many_it_covers(
    shop_open: Cast, kitchen: str
) -> None:
    by, alice = shop_open.operator, shop_open.alice
    inner = group(by, "Pastry", shop_open.bob.id)
    apply(AddMember(kitchen, inner), by=by)
    [one] = page_group_grants(alice, find_sku(alice, BASIC)).items
    assert (one.name, one.people, one.plans_off) == ("Kitchen", 5, {"DOCS"})
    assert [g.name for g in grants_of_group(alice, inner)] == ["Kitchen"]
    groups_administrator = replace(
        shop_open.bob, permissions=frozenset({"groups.read", "groups.write"})
    )
    assert [g.sku.part_number for g in grants_of_group(groups_administrator, inner)] == [BASIC]
    assert grant_to_everyone(alice, find_sku(alice, BASIC)) is None


def test_who_waits_stands_in_the_order_of_asking(shop_open: Cast, kitchen: str) -> None:
    alice, late = shop_open.alice, somebody(shop_open.operator, "crew-late")
    apply(AddMember(kitchen, late), by=shop_open.operator)
    first = page_problems(alice, limit=2)
    rest = page_problems(alice, cursor=first.next_cursor, limit=2)
    waiting = [*first.items, *rest.items]
    assert [one.place for one in waiting] == [1, 2, 3]
    assert waiting[-1].user.id == late
    assert places_in_queue(alice, late) == {sku(BASIC): 3}
    [named] = page_problems(alice, text="crew-late").items
    assert (named.place, named.problem.code) == (3, "count_violation")
    assert page_problems(alice, code="dependency_violation").items == []


def test_everybody_is_told_their_own_place_and_nobody_anothers(
    shop_open: Cast, kitchen: str
) -> None:
    apply(AddMember(kitchen, shop_open.bob.id), by=shop_open.operator)
    assert places_in_queue(shop_open.bob, shop_open.bob.id) == {sku(BASIC): 3}
    with pytest.raises(DirectoryError, match="permission_missing"):
        places_in_queue(shop_open.bob, shop_open.alice.id)


def test_seats_of_many_tell_how_far_they_are(shop_open: Cast, kitchen: str) -> None:
    alice = shop_open.alice
    basic = find_sku(alice, BASIC)
    found = progress(alice, basic)
    assert found
    assert (found.done, found.total) == (0, 4)
    assert product(alice, basic).working


def test_the_history_of_a_product_tells_grants_and_seats(shop_open: Cast, kitchen: str) -> None:
    apply(RemoveLicense(sku(BASIC), group_id=kitchen), by=shop_open.operator)
    alice = shop_open.alice
    first, cursor = history_of(alice, find_sku(alice, BASIC), limit=3)
    rest, _ = history_of(alice, find_sku(alice, BASIC), before=cursor, limit=50)
    actions = {entry.action for entry in (*first, *rest)}
    assert {"grant.added", "grant.removed", "license.assigned", "license.removed"} <= actions


@pytest.mark.parametrize("read", ["products", "holders", "problems", "person"])
def test_a_thousand_holders_cost_no_more_statements_than_ten(shop_open: Cast, read: str) -> None:
    by, alice = shop_open.operator, shop_open.alice
    crew = group(by, "Crew")
    buy(by, "office-basic", 500)
    apply(AssignLicense(sku(BASIC), group_id=crew), by=by)
    basic, costs = find_sku(alice, BASIC), []
    reads = {
        "products": lambda: products(alice),
        "holders": lambda: page_holders(alice, basic),
        "problems": lambda: page_problems(alice),
        "person": lambda: licenses_of(alice, shop_open.bob.id),
    }
    for count in (10, 150, 150):
        ids = [new_id() for _ in range(count)]
        apply(*(CreateUser({"userName": one}, id=one) for one in ids), by=by)
        apply(*(AddMember(crew, one) for one in ids), by=by)
        with statements() as sent:
            reads[read]()
        costs.append(len(sent))
    assert costs[0] == costs[1] == costs[2]
    assert costs[0] <= 8


def test_somebody_in_a_country_without_a_plan_is_told_with_the_plan(shop_open: Cast) -> None:
    by, alice = shop_open.operator, shop_open.alice
    buy(by, "office-pro", 5)
    crew = group(by, "Crew", shop_open.bob.id)
    apply(AssignLicense(sku("OFFICE_PRO"), group_id=crew), by=by)
    [one] = page_problems(alice, find_sku(alice, "OFFICE_PRO")).items
    assert (one.problem.detail, one.place) == ("VOICE", None)
    assert one.sources[0].name == "Crew"
    home = {"addresses": [{"country": "DE", "type": "work"}]}
    apply(ChangeUser(shop_open.bob.id, home), by=by)
    assert page_problems(alice).items == []
