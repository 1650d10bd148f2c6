"""Groups: names, members, versions; and no group inside itself."""

import pytest

from idp.changes import apply
from idp.changes.intents import (
    AddMember,
    AssignRole,
    ChangeGroup,
    CreateGroup,
    CreateUser,
    DeleteGroup,
    DeleteUser,
    RemoveMember,
)
from idp.clock import new_id
from idp.directory import queries
from idp.directory.errors import Conflict, Forbidden, Invalid, NotFound
from tests.cast import Cast
from tests.changes.steps import group, written


def members(people: Cast, group_id: str) -> set[str]:
    return {view.id for view in queries.members_of(people.alice, group_id).items}


def test_a_group_comes_with_its_members(people: Cast) -> None:
    inner = group(people.operator, "Cooks", people.bob.id)
    outer = group(people.operator, "Kitchen", inner, people.carol.id)
    shown = queries.members_of(people.alice, outer).items
    assert {(view.kind, view.display) for view in shown} == {
        ("Group", "Cooks"),
        ("User", "Carol Ng"),
    }
    assert queries.effective_count(people.alice, outer) == 2


def test_a_group_and_its_people_come_in_one_batch(people: Cast) -> None:
    cooks, kitchen, dora = new_id(), new_id(), new_id()
    apply(
        CreateUser({"userName": "dora@northwind.example"}, id=dora),
        CreateGroup({"displayName": "Cooks"}, (dora,), id=cooks),
        CreateGroup({"displayName": "Kitchen"}, (cooks,), id=kitchen),
        by=people.operator,
    )
    names = [(ref.display_name, ref.direct) for ref in queries.groups_of(people.alice, dora)]
    assert names == [("Cooks", True), ("Kitchen", False)]


def test_a_group_needs_a_name(people: Cast) -> None:
    cooks = group(people.operator, "Cooks")
    for change in (
        CreateGroup({}),
        CreateGroup({"displayName": ""}),
        ChangeGroup(cooks, {"displayName": None}),
    ):
        with pytest.raises(Invalid) as refused:
            apply(change, by=people.operator)
        assert (refused.value.code, refused.value.index) == ("group_name_missing", 0)


def test_a_groups_name_may_not_grow_too_long_when_compared(people: Cast) -> None:
    with pytest.raises(Invalid) as refused:
        group(people.operator, "\ufdfa" * 20)
    assert refused.value.code == "value_too_long"


def test_two_groups_share_no_name(people: Cast) -> None:
    group(people.operator, "Küche")
    for name in ("KÜCHE", "Ku\u0308che", "Ｋüche"):
        with pytest.raises(Conflict) as refused:
            group(people.operator, name)
        assert (refused.value.code, refused.value.attribute) == ("group_name_taken", "displayName")
    group(people.other_operator, "Küche")


@pytest.mark.parametrize("order", [1, -1])
def test_groups_swap_and_pass_on_their_names(people: Cast, order: int) -> None:
    names = ["A", "B", "C"]
    ids = [group(people.operator, name) for name in names]
    moved = [names[1], names[2], names[0]]
    changes = [
        ChangeGroup(one, {"displayName": name}) for one, name in zip(ids, moved, strict=True)
    ]
    apply(*changes[::order], by=people.operator)
    assert [queries.find_group(people.alice, one).display_name for one in ids] == moved


def test_a_deletion_frees_the_groups_name(people: Cast) -> None:
    old = group(people.operator, "Cooks", people.bob.id)
    apply(CreateGroup({"displayName": "cooks"}), DeleteGroup(old), by=people.operator)
    assert [view.display_name for view in queries.page_groups(people.alice).items] == ["cooks"]


def test_a_groups_version_moves_with_its_members(people: Cast) -> None:
    cooks = group(people.operator, "Cooks")
    seen = [queries.find_group(people.alice, cooks).version]
    for change in (
        AddMember(cooks, people.bob.id),
        AddMember(cooks, people.carol.id),
        RemoveMember(cooks, people.carol.id),
        DeleteUser(people.bob.id),
    ):
        apply(change, by=people.operator)
        seen.append(queries.find_group(people.alice, cooks).version)
    assert seen == [1, 2, 3, 4, 5]


def test_members_are_set_exactly(people: Cast) -> None:
    inner = group(people.operator, "Cooks")
    outer = group(people.operator, "Kitchen", people.bob.id, inner)
    change = ChangeGroup(outer, members=(people.carol.id, people.bob.id, people.carol.id))
    apply(change, by=people.operator)
    assert members(people, outer) == {people.bob.id, people.carol.id}
    apply(ChangeGroup(outer, members=()), by=people.operator)
    assert members(people, outer) == set()
    assert queries.effective_count(people.alice, outer) == 0


def test_members_are_added_and_removed_by_difference(people: Cast) -> None:
    cooks = group(people.operator, "Cooks", people.bob.id)
    change = ChangeGroup(cooks, add=(people.carol.id, people.erin), remove=(people.bob.id,))
    apply(change, by=people.operator)
    assert members(people, cooks) == {people.carol.id, people.erin}


def test_whoever_is_unknown_does_not_join(people: Cast) -> None:
    cooks = group(people.operator, "Cooks")
    before = written()
    for stranger in (new_id(), people.mallory.id, "", "\x00", "\ud800"):
        for change in (AddMember(cooks, stranger), ChangeGroup(cooks, members=(stranger,))):
            with pytest.raises(Invalid) as refused:
                apply(change, by=people.operator)
            assert (refused.value.code, refused.value.attribute) == ("member_unknown", "members")
    assert written() == before


def test_a_deleted_group_leaves_its_people_and_its_parents(people: Cast) -> None:
    cooks = group(people.operator, "Cooks", people.bob.id)
    kitchen = group(people.operator, "Kitchen", cooks, people.carol.id)
    apply(DeleteGroup(cooks), by=people.operator)
    with pytest.raises(NotFound):
        queries.find_group(people.alice, cooks)
    assert members(people, kitchen) == {people.carol.id}
    assert queries.groups_of(people.alice, people.bob.id) == []
    assert queries.find_user(people.alice, people.bob.id).status == "active"


def test_a_deleted_group_scopes_no_role(people: Cast) -> None:
    cooks = group(people.operator, "Cooks", people.bob.id)
    apply(
        AssignRole(people.bob.id, "helpdesk_administrator", scope_group_id=cooks),
        by=people.operator,
    )
    apply(DeleteGroup(cooks), by=people.operator)
    assert queries.power_of(people.bob.id) == (frozenset(), {}, ())


def test_a_source_names_its_groups(people: Cast) -> None:
    made = apply(CreateGroup({"displayName": "Cooks"}, external_id="G-1"), by=people.hr).first.id
    assert queries.find_group(people.hr, made).external_id == "G-1"
    with pytest.raises(Conflict) as refused:
        apply(CreateGroup({"displayName": "Waiters"}, external_id="G-1"), by=people.hr)
    assert refused.value.code == "external_id_taken"


def test_a_source_keeps_its_groups_name_but_not_its_members(people: Cast) -> None:
    cooks = apply(CreateGroup({"displayName": "Cooks"}), by=people.hr).first.id
    with pytest.raises(Forbidden) as refused:
        apply(ChangeGroup(cooks, {"displayName": "Chefs"}), by=people.alice)
    assert (refused.value.code, refused.value.owner) == ("attribute_owned", "HR")
    apply(AddMember(cooks, people.bob.id), by=people.alice)
    assert members(people, cooks) == {people.bob.id}


def test_a_group_is_not_its_own_member(people: Cast) -> None:
    cooks = group(people.operator, "Cooks")
    with pytest.raises(Conflict) as refused:
        apply(AddMember(cooks, cooks), by=people.operator)
    assert refused.value.code == "group_circle"
    assert "Cooks → Cooks" in refused.value.sentence


@pytest.mark.parametrize("depth", [2, 3, 5])
def test_a_circle_is_refused_with_its_path(people: Cast, depth: int) -> None:
    inner = group(people.operator, "G1")
    bottom = inner
    for level in range(2, depth + 1):
        inner = group(people.operator, f"G{level}", inner)
    before = written()
    with pytest.raises(Conflict) as refused:
        apply(AddMember(bottom, inner), by=people.operator)
    path = " → ".join(["G1", *(f"G{level}" for level in range(depth, 0, -1))])
    assert (refused.value.code, refused.value.attribute) == ("group_circle", "members")
    assert path in refused.value.sentence
    assert written() == before


def test_a_circle_within_one_batch_is_refused(people: Cast) -> None:
    a, b, c = (group(people.operator, name) for name in "ABC")
    with pytest.raises(Conflict) as refused:
        apply(AddMember(a, b), AddMember(b, c), AddMember(c, a), by=people.operator)
    assert refused.value.code == "group_circle"
    fresh = [new_id(), new_id()]
    with pytest.raises(Conflict):
        apply(
            CreateGroup({"displayName": "D"}, id=fresh[0]),
            CreateGroup({"displayName": "E"}, (fresh[0],), id=fresh[1]),
            AddMember(fresh[0], fresh[1]),
            by=people.operator,
        )


def test_every_circle_of_a_batch_is_named_by_what_closes_it(people: Cast) -> None:
    a, b, c, d = (group(people.operator, name) for name in "ABCD")
    edges = [(a, b), (b, a), (c, d), (a, c), (d, c)]
    with pytest.raises(Conflict) as refused:
        apply(*(AddMember(*edge) for edge in edges), by=people.operator)
    told = [refused.value, *refused.value.also]
    assert {error.sentence for error in told} == {
        "That would close a circle: B → A → B.",
        "That would close a circle: D → C → D.",
    }


def test_a_circle_that_is_cut_in_the_same_batch_is_none(people: Cast) -> None:
    inner = group(people.operator, "Inner", people.bob.id)
    outer = group(people.operator, "Outer", inner)
    apply(RemoveMember(outer, inner), AddMember(inner, outer), by=people.operator)
    assert members(people, inner) == {outer, people.bob.id}
    assert queries.effective_count(people.alice, outer) == 0
