"""Many changes, each for itself: the refused are named, the others are made, in few statements."""

import pytest

from idp.changes import apply
from idp.changes.each import apply_each
from idp.changes.intents import (
    BlockUser,
    Change,
    ChangeUser,
    CreateUser,
    DeleteUser,
    ExportList,
)
from idp.directory import queries
from idp.directory.errors import Conflict, Forbidden, NotFound
from tests.cast import Cast
from tests.changes.steps import statements


def newcomer(name: str) -> tuple[Change]:
    return (CreateUser({"userName": f"{name}@northwind.example"}),)


def test_the_refused_are_named_and_the_others_made(people: Cast) -> None:
    units = [newcomer("a"), (BlockUser("nobody"),), newcomer("bob"), (BlockUser(people.bob.id),)]
    each = apply_each(units, people.alice)
    assert {place: type(error) for place, error in each.refused.items()} == {
        1: NotFound,
        2: Conflict,
    }
    assert each.changed == 2
    assert queries.find_user(people.alice, people.bob.id).blocked
    assert queries.find_user_by_name(people.alice, "a@northwind.example")


def test_of_two_that_contradict_each_other_one_is_made(people: Cast) -> None:
    each = apply_each([newcomer("kim"), newcomer("kim")], people.alice)
    assert [error.code for error in each.refused.values()] == ["user_name_taken"]
    assert each.results.keys() == {0}


def test_a_unit_is_made_whole_or_not_at_all(people: Cast) -> None:
    both = (ChangeUser(people.bob.id, {"title": "Cook"}), BlockUser("nobody"))
    each = apply_each([both], people.alice)
    assert each.refused.keys() == {0}
    assert queries.find_user(people.alice, people.bob.id).title is None


def test_the_last_administrator_stays_and_everybody_else_goes(people: Cast) -> None:
    ids = [people.bob.id, people.alice.id, people.carol.id]
    each = apply_each([(DeleteUser(one),) for one in ids], people.operator)
    assert {ids[place]: error.code for place, error in each.refused.items()} == {
        people.alice.id: "last_global_administrator"
    }


def test_what_closes_the_batch_learns_of_the_refused_and_is_made_with_the_rest(
    people: Cast,
) -> None:
    seen: list[int] = []

    def closing(refused: object) -> Change:
        seen.append(len(refused))  # type: ignore[arg-type]
        return ExportList("people", "People", "", seen[-1])

    apply_each([newcomer("a"), (BlockUser("nobody"),)], people.alice, closing=closing)
    assert seen == [0, 1]


def test_who_may_not_at_all_is_told_so_once(people: Cast) -> None:
    with pytest.raises(Forbidden):
        apply_each([newcomer("a"), newcomer("b")], people.bob)


def test_a_rehearsal_keeps_nothing(people: Cast) -> None:
    each = apply_each([newcomer("a"), newcomer("bob")], people.alice, dry_run=True)
    assert each.refused.keys() == {1}
    assert queries.find_user_by_name(people.alice, "a@northwind.example") is None


@pytest.mark.parametrize("count", [10, 400])
def test_the_statements_do_not_grow_with_the_refused(people: Cast, count: int) -> None:
    apply(*(CreateUser({"userName": f"u{n}"}) for n in range(count)), by=people.alice)
    units: list[tuple[Change]] = [(BlockUser(f"nobody-{n}"),) for n in range(count)]
    units += [(CreateUser({"userName": f"u{n}"}),) for n in range(count)]
    units += [(CreateUser({"userName": f"v{n}"}),) for n in range(count)]
    with statements() as sent:
        each = apply_each(units, people.alice)
    assert (len(each.refused), each.changed) == (2 * count, count)
    assert len(sent) < 60
