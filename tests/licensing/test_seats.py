"""Who should hold a seat holds one, by whatever door the reason came; shortages refuse nobody."""

import pytest

from idp.changes import apply
from idp.changes.intents import (
    AddMember,
    AssignLicense,
    AssignRole,
    BlockUser,
    ChangeUser,
    CreateUser,
    DeleteGroup,
    DeleteUser,
    RemoveLicense,
    RemoveMember,
    RestoreUser,
    UnblockUser,
)
from idp.directory.errors import DirectoryError
from tests.cast import Cast, actor_for
from tests.changes.steps import group, somebody
from tests.licensing import shop
from tests.licensing.shop import buy, holders, problems, sku, taken


@pytest.fixture
def kitchen(shop_open: Cast) -> str:
    """A group to which Office Basic is granted, of which there are two."""
    by = shop_open.operator
    made = group(by, "Kitchen")
    buy(by, "office-basic", 2)
    apply(AssignLicense(sku("OFFICE_BASIC"), group_id=made), by=by)
    return made


def test_a_person_is_given_a_seat_and_loses_it(shop_open: Cast) -> None:
    by, bob = shop_open.operator, shop_open.bob.id
    buy(by, "office-basic", 2)
    apply(AssignLicense(sku("OFFICE_BASIC"), bob), by=by)
    assert holders("OFFICE_BASIC") == {bob}
    assert taken(shop_open.org, "OFFICE_BASIC") == (2, 1)
    apply(RemoveLicense(sku("OFFICE_BASIC"), bob), by=by)
    assert holders("OFFICE_BASIC") == set()
    assert taken(shop_open.org, "OFFICE_BASIC") == (2, 0)


def test_a_joiner_of_a_group_gets_its_seat_and_a_leaver_gives_it_back(
    shop_open: Cast, kitchen: str
) -> None:
    bob, carol = shop_open.bob.id, shop_open.carol.id
    apply(AddMember(kitchen, bob), AddMember(kitchen, carol), by=shop_open.operator)
    assert holders("OFFICE_BASIC") == {bob, carol}
    apply(RemoveMember(kitchen, bob), by=shop_open.operator)
    assert holders("OFFICE_BASIC") == {carol}
    assert taken(shop_open.org, "OFFICE_BASIC") == (2, 1)


def test_who_is_in_a_group_inside_gets_the_seat_as_well(shop_open: Cast, kitchen: str) -> None:
    inner = group(shop_open.operator, "Pastry", shop_open.bob.id)
    apply(AddMember(kitchen, inner), by=shop_open.operator)
    assert holders("OFFICE_BASIC") == {shop_open.bob.id}


def test_provisioning_never_fails_for_want_of_a_seat_and_the_first_who_waits_is_served(
    shop_open: Cast, kitchen: str
) -> None:
    by = shop_open.hr
    crew = [somebody(shop_open.operator, f"crew-{n}") for n in range(4)]
    for one in crew:
        apply(AddMember(kitchen, one), by=shop_open.operator)
    assert holders("OFFICE_BASIC") == set(crew[:2])
    assert problems("OFFICE_BASIC") == dict.fromkeys(crew[2:], "count_violation")
    apply(RemoveMember(kitchen, crew[0]), by=shop_open.operator)
    assert holders("OFFICE_BASIC") == set(crew[1:3])
    assert problems("OFFICE_BASIC") == {crew[3]: "count_violation"}
    assert by


def test_units_bought_serve_who_waits_in_the_same_transaction(
    shop_open: Cast, kitchen: str
) -> None:
    crew = [somebody(shop_open.operator, f"crew-{n}") for n in range(4)]
    apply(*(AddMember(kitchen, one) for one in crew), by=shop_open.operator)
    buy(shop_open.operator, "office-basic", 5)
    assert holders("OFFICE_BASIC") == set(crew)
    assert problems("OFFICE_BASIC") == {}
    assert taken(shop_open.org, "OFFICE_BASIC") == (7, 4)


@pytest.mark.parametrize("how", ["suspended", "blocked", "deleted"])
def test_who_leaves_gives_the_seat_back_at_once(shop_open: Cast, kitchen: str, how: str) -> None:
    by, bob = shop_open.operator, shop_open.bob.id
    apply(AddMember(kitchen, bob), by=by)
    leaving = {
        "suspended": ChangeUser(bob, {"active": False}),
        "blocked": BlockUser(bob),
        "deleted": DeleteUser(bob),
    }
    apply(leaving[how], by=by)
    assert holders("OFFICE_BASIC") == set()
    assert taken(shop_open.org, "OFFICE_BASIC") == (2, 0)


def test_who_comes_back_gets_the_seat_back_if_there_is_one(shop_open: Cast, kitchen: str) -> None:
    by, bob = shop_open.operator, shop_open.bob.id
    apply(AddMember(kitchen, bob), BlockUser(bob), by=by)
    apply(UnblockUser(bob), by=by)
    assert holders("OFFICE_BASIC") == {bob}


def test_one_unit_however_many_grants_and_the_last_one_frees_it(
    shop_open: Cast, kitchen: str
) -> None:
    by, bob = shop_open.operator, shop_open.bob.id
    apply(AddMember(kitchen, bob), AssignLicense(sku("OFFICE_BASIC"), bob), by=by)
    assert taken(shop_open.org, "OFFICE_BASIC") == (2, 1)
    apply(RemoveMember(kitchen, bob), by=by)
    assert holders("OFFICE_BASIC") == {bob}
    apply(RemoveLicense(sku("OFFICE_BASIC"), bob), by=by)
    assert taken(shop_open.org, "OFFICE_BASIC") == (2, 0)


def test_an_administrators_assignment_fails_at_once_where_no_unit_is_left(
    shop_open: Cast,
) -> None:
    by = shop_open.operator
    buy(by, "office-basic", 1)
    apply(AssignLicense(sku("OFFICE_BASIC"), shop_open.bob.id), by=by)
    with pytest.raises(DirectoryError) as refused:
        apply(AssignLicense(sku("OFFICE_BASIC"), shop_open.carol.id), by=by)
    assert refused.value.code == "count_violation"
    assert holders("OFFICE_BASIC") == {shop_open.bob.id}


def test_what_is_for_everyone_is_for_who_is_there_and_who_comes(shop_open: Cast) -> None:
    by = shop_open.operator
    buy(by, "office-basic", 10)
    apply(AssignLicense(sku("OFFICE_BASIC")), by=by)
    there = holders("OFFICE_BASIC")
    assert {shop_open.alice.id, shop_open.bob.id, shop_open.erin} <= there
    new = apply(CreateUser({"userName": "joiner"}, external_id="j"), by=shop_open.hr).first.id
    assert holders("OFFICE_BASIC") == there | {new}


def test_a_conflict_is_recorded_and_never_resolved_by_itself(shop_open: Cast, kitchen: str) -> None:
    by, bob = shop_open.operator, shop_open.bob.id
    buy(by, "office-pro", 5)
    apply(AddMember(kitchen, bob), by=by)
    with pytest.raises(DirectoryError) as refused:
        apply(AssignLicense(sku("OFFICE_PRO"), bob, plans_off=["VOICE"]), by=by)
    assert refused.value.code == "mutually_exclusive_violation"
    pros = group(by, "Pros", bob)
    apply(AssignLicense(sku("OFFICE_PRO"), group_id=pros, plans_off=["VOICE"]), by=by)
    assert problems("OFFICE_PRO") == {bob: "mutually_exclusive_violation"}
    assert holders("OFFICE_BASIC") == {bob}


def test_what_others_need_is_not_taken_away_under_them(shop_open: Cast) -> None:
    by, bob = shop_open.operator, shop_open.bob.id
    buy(by, "office-pro", 5)
    buy(by, "archive", 5)
    apply(AssignLicense(sku("OFFICE_PRO"), bob, plans_off=["VOICE"]), by=by)
    apply(AssignLicense(sku("ARCHIVE"), bob), by=by)
    with pytest.raises(DirectoryError) as refused:
        apply(RemoveLicense(sku("OFFICE_PRO"), bob), by=by)
    assert refused.value.code == "dependency_violation"
    assert "Mail Archive" in refused.value.sentence
    assert holders("OFFICE_PRO") == {bob}


def test_a_plan_is_used_only_in_its_countries(shop_open: Cast) -> None:
    by, bob = shop_open.operator, shop_open.bob.id
    buy(by, "office-pro", 5)
    with pytest.raises(DirectoryError) as refused:
        apply(AssignLicense(sku("OFFICE_PRO"), bob), by=by)
    assert refused.value.code == "prohibited_in_usage_location_violation"
    apply(ChangeUser(bob, {"addresses": [{"country": "de", "type": "work"}]}), by=by)
    apply(AssignLicense(sku("OFFICE_PRO"), bob), by=by)
    assert holders("OFFICE_PRO") == {bob}


def test_a_plan_is_on_where_any_grant_has_it_on(shop_open: Cast, kitchen: str) -> None:
    by, bob = shop_open.operator, shop_open.bob.id
    apply(AssignLicense(sku("OFFICE_BASIC"), bob, plans_off=["DOCS"]), by=by)
    assert shop.plans_off("OFFICE_BASIC", bob) == ["DOCS"]
    apply(AddMember(kitchen, bob), by=by)
    assert shop.plans_off("OFFICE_BASIC", bob) == []


def test_nothing_is_granted_of_what_the_whole_organization_uses(shop_open: Cast) -> None:
    with pytest.raises(DirectoryError) as refused:
        apply(AssignLicense(sku("STORAGE"), shop_open.bob.id), by=shop_open.operator)
    assert refused.value.code == "sku_not_assignable"


def test_a_group_that_gives_licences_does_not_vanish(shop_open: Cast, kitchen: str) -> None:
    by = shop_open.operator
    with pytest.raises(DirectoryError) as refused:
        apply(DeleteGroup(kitchen), by=by)
    assert refused.value.code == "group_has_licenses"
    apply(RemoveLicense(sku("OFFICE_BASIC"), group_id=kitchen), by=by)
    apply(DeleteGroup(kitchen), by=by)


def test_who_may_not_sign_in_is_assigned_nothing(shop_open: Cast, kitchen: str) -> None:
    by, bob = shop_open.operator, shop_open.bob.id
    apply(BlockUser(bob), by=by)
    with pytest.raises(DirectoryError) as refused:
        apply(AssignLicense(sku("OFFICE_BASIC"), bob), by=by)
    assert refused.value.code == "holder_not_active"
    apply(AddMember(kitchen, bob), by=by)
    assert holders("OFFICE_BASIC") == set()


def test_who_is_deleted_and_restored_begins_without_what_was_theirs(shop_open: Cast) -> None:
    by, bob = shop_open.operator, shop_open.bob.id
    buy(by, "office-basic", 2)
    apply(AssignLicense(sku("OFFICE_BASIC"), bob), by=by)
    apply(DeleteUser(bob), by=by)
    apply(RestoreUser(bob), by=by)
    assert holders("OFFICE_BASIC") == set()


def test_a_role_over_a_group_assigns_to_its_members_alone(shop_open: Cast, kitchen: str) -> None:
    by = shop_open.operator
    apply(AddMember(kitchen, shop_open.erin), by=by)
    scoped = AssignRole(shop_open.bob.id, "license_administrator", scope_group_id=kitchen)
    apply(scoped, by=by)
    bob = actor_for(shop_open.org, shop_open.bob.id)
    apply(AssignLicense(sku("OFFICE_BASIC"), shop_open.erin), by=bob)
    for beyond in (
        AssignLicense(sku("OFFICE_BASIC"), shop_open.carol.id),
        AssignLicense(sku("OFFICE_BASIC"), group_id=kitchen),
        AssignLicense(sku("OFFICE_BASIC")),
    ):
        with pytest.raises(DirectoryError) as refused:
            apply(beyond, by=bob)
        assert refused.value.code == "outside_scope"


def test_a_rehearsal_tells_and_takes_nothing(shop_open: Cast) -> None:
    by, bob = shop_open.operator, shop_open.bob.id
    buy(by, "office-basic", 1)
    notes = apply(AssignLicense(sku("OFFICE_BASIC"), bob), by=by, dry_run=True).notes
    assert [note.action for note in notes] == ["grant.added", "license.assigned"]
    assert taken(shop_open.org, "OFFICE_BASIC") == (1, 0)


def test_a_unit_that_a_batch_frees_goes_to_who_waits_outside_of_it(
    shop_open: Cast, kitchen: str
) -> None:
    by = shop_open.operator
    crew = [somebody(by, f"crew-{n}") for n in range(5)]
    for one in crew:
        apply(AddMember(kitchen, one), by=by)
    apply(*(BlockUser(one) for one in (crew[0], crew[2], crew[3])), by=by)
    assert holders("OFFICE_BASIC") == {crew[1], crew[4]}
    assert problems("OFFICE_BASIC") == {}


def test_who_cannot_take_a_free_unit_is_passed_over(shop_open: Cast) -> None:
    by = shop_open.operator
    first, second, third = (somebody(by, f"crew-{n}") for n in range(3))
    archive, pro = group(by, "Archive"), group(by, "Pro", third, second)
    buy(by, "office-pro", 2)
    apply(AssignLicense(sku("OFFICE_PRO"), group_id=pro, plans_off=["VOICE"]), by=by)
    buy(by, "archive", 1)
    apply(AssignLicense(sku("ARCHIVE"), group_id=archive), by=by)
    apply(AddMember(archive, third), by=by)
    for one in (first, second):
        apply(AddMember(archive, one), by=by)
    apply(RemoveMember(archive, third), by=by)
    assert holders("ARCHIVE") == {second}


def test_each_assignment_that_a_shortage_refuses_is_named(shop_open: Cast) -> None:
    by = shop_open.operator
    buy(by, "office-basic", 1)
    people = [shop_open.alice.id, shop_open.bob.id, shop_open.carol.id]
    with pytest.raises(DirectoryError) as refused:
        apply(*(AssignLicense(sku("OFFICE_BASIC"), one) for one in people), by=by)
    assert len((refused.value, *refused.value.also)) == 2
    assert {one.code for one in (refused.value, *refused.value.also)} == {"count_violation"}
