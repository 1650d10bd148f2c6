"""The company that the demo and the HR feed send."""

from collections import Counter

import pytest

from idp.company import DOMAIN, company
from idp.directory.attributes import CORE, flatten
from idp.directory.cleaning import clean

NORTHWIND = company(people=1000, groups=60, seed=20)


def test_the_same_seed_is_the_same_company() -> None:
    assert company(50, 40, seed=7) == company(50, 40, seed=7)
    assert company(50, 40, seed=7) != company(50, 40, seed=8)


@pytest.mark.parametrize("people, groups", [(0, 0), (1, 5), (16, 60), (300, 120)])
def test_it_has_any_size(people: int, groups: int) -> None:
    made = company(people, groups)

    assert (len(made.people), len(made.groups)) == (people, groups)


def test_names_are_the_worlds_and_two_people_share_one() -> None:
    names = Counter((p.given, p.family) for p in NORTHWIND.people)

    assert names.most_common(1)[0][1] >= 2
    assert sum(not p.display_name.isascii() for p in NORTHWIND.people) > 300
    assert any(" " in p.family for p in NORTHWIND.people)
    assert any("-" in p.family for p in NORTHWIND.people)
    small = company(people=10)
    assert max(Counter(p.display_name for p in small.people).values()) == 2


def test_user_names_and_numbers_are_unique_and_plain() -> None:
    names = {p.user_name for p in NORTHWIND.people}

    assert len(names) == len({p.employee_number for p in NORTHWIND.people}) == 1000
    assert all(name.isascii() and name.endswith(f"@{DOMAIN}") for name in names)
    assert not any(".." in name or " " in name or "'" in name for name in names)


def test_managers_come_before_their_reports() -> None:
    for place, person in enumerate(NORTHWIND.people):
        assert (person.manager is None) == (place == 0)
        assert person.manager is None or person.manager < place


def test_groups_hold_only_what_comes_before_them() -> None:
    for place, group in enumerate(NORTHWIND.groups):
        assert all(inner < place for inner in group.teams)
        assert all(0 <= who < 1000 for who in group.people)
    everybody = next(g for g in NORTHWIND.groups if g.kind == "everybody")
    inside = [NORTHWIND.groups[i] for d in everybody.teams for i in NORTHWIND.groups[d].teams]
    assert sum(len(team.people) for team in inside) == 1000
    assert len({g.name for g in NORTHWIND.groups}) == 60


def test_every_record_is_clean() -> None:
    for person in NORTHWIND.people:
        flat = flatten(person.record("01a202dc-6079-79e7-9844-60bc261a8492"))
        assert clean(CORE, "User", flat) == flat
