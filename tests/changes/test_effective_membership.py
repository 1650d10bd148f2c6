"""Whoever belongs in effect is whom a walk of the direct memberships finds, whatever happened."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from idp.changes import apply
from idp.changes.intents import (
    AddMember,
    ChangeGroup,
    CreateGroup,
    CreateOrganization,
    CreateUser,
    DeleteGroup,
    DeleteUser,
    RemoveMember,
)
from idp.clock import new_id
from idp.directory.actors import Actor, system_actor
from idp.directory.errors import Conflict
from idp.directory.groups import EffectiveMembership, Membership
from idp.extensions import db
from tests.cast import Cast, person
from tests.changes.steps import group, together

GROUPS, PEOPLE = 6, 5
NODE = st.integers(0, GROUPS + PEOPLE - 1)
EDIT = st.one_of(
    st.tuples(st.just("join"), st.integers(0, GROUPS - 1), NODE),
    st.tuples(st.just("join"), st.integers(0, GROUPS - 1), NODE),
    st.tuples(st.just("leave"), st.integers(0, GROUPS - 1), NODE),
    st.tuples(st.just("set"), st.integers(0, GROUPS - 1), st.frozensets(NODE, max_size=4)),
    st.tuples(st.just("delete"), NODE, st.none()),
)


@dataclass
class Model:
    """What the memberships should be: edges between numbers, groups first, then people."""

    edges: set[tuple[int, int]] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)

    def names_the_gone(self, edit: tuple) -> bool:
        _verb, subject, other = edit
        others = other if isinstance(other, frozenset) else {other}
        return subject in self.gone or bool(self.gone & others)

    def follow(self, edit: tuple) -> None:
        verb, subject, other = edit
        if verb == "join":
            self.edges.add((subject, other))
        elif verb == "leave":
            self.edges.discard((subject, other))
        elif verb == "set":
            self.edges = {e for e in self.edges if e[0] != subject}
            self.edges |= {(subject, one) for one in other}
        else:
            self.gone.add(subject)
            self.edges = {e for e in self.edges if subject not in e}

    def below(self, top: int) -> set[int]:
        found: set[int] = set()
        rest = [top]
        while rest:
            here = rest.pop()
            inside = {member for group, member in self.edges if group == here} - found
            found |= inside
            rest += inside
        return found

    def circles(self) -> bool:
        return any(top in self.below(top) for top in range(GROUPS))

    def effective(self) -> set[tuple[int, int]]:
        return {(g, one) for g in range(GROUPS) for one in self.below(g) if one >= GROUPS}


def change_of(edit: tuple, ids: list[str]) -> object:
    verb, subject, other = edit
    if verb == "join":
        return AddMember(ids[subject], ids[other])
    if verb == "leave":
        return RemoveMember(ids[subject], ids[other])
    if verb == "set":
        return ChangeGroup(ids[subject], members=tuple(ids[one] for one in sorted(other)))
    return DeleteGroup(ids[subject]) if subject < GROUPS else DeleteUser(ids[subject])


def organization() -> tuple[Actor, list[str]]:
    org = apply(CreateOrganization("Model", f"{new_id()}.example"), by=system_actor("")).first.id
    by = system_actor(org)
    groups = [CreateGroup({"displayName": f"G{n}"}) for n in range(GROUPS)]
    people = [CreateUser({"userName": f"p{n}"}) for n in range(PEOPLE)]
    return by, [made.id for made in apply(*groups, *people, by=by).results]


def stored(org_id: str, ids: list[str]) -> set[tuple[int, int]]:
    rows = db.session.execute(
        select(EffectiveMembership.group_id, EffectiveMembership.user_id).where(
            EffectiveMembership.org_id == org_id
        )
    )
    return {(ids.index(row.group_id), ids.index(row.user_id)) for row in rows}


@given(st.lists(st.lists(EDIT, min_size=1, max_size=3), min_size=4, max_size=12))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_it_equals_a_recomputation(sqlite_app: Flask, batches: list[list[tuple]]) -> None:
    by, ids = organization()
    model = Model()
    for batch in batches:
        wanted = Model(set(model.edges), set(model.gone))
        edits = []
        for edit in batch:
            if not wanted.names_the_gone(edit):
                wanted.follow(edit)
                edits.append(change_of(edit, ids))
        if wanted.circles():
            with pytest.raises(Conflict):
                apply(*edits, by=by)
        else:
            apply(*edits, by=by)
            model = wanted
        assert stored(by.org_id, ids) == model.effective()


def recomputed() -> set[tuple[str, str]]:
    """Who belongs in effect by the direct memberships in the database."""
    db.session.rollback()
    edges = {(row.group_id, row.member_id) for row in db.session.scalars(select(Membership))}
    kinds = {row.member_id: row.member_kind for row in db.session.scalars(select(Membership))}
    found: set[tuple[str, str]] = set()
    for top in {g for g, _ in edges}:
        rest, seen = [top], {top}
        while rest:
            here = rest.pop()
            inside = {member for group, member in edges if group == here} - seen
            seen |= inside
            rest += inside
        found |= {(top, one) for one in seen if kinds.get(one) == "User"}
    return found


def effective() -> set[tuple[str, str]]:
    rows = db.session.scalars(select(EffectiveMembership))
    return {(row.group_id, row.user_id) for row in rows}


Race = Callable[[Cast, str, str, str], tuple]
RACES: dict[str, Race] = {
    "leaving two groups of one parent": lambda c, _p, a, b: (
        RemoveMember(a, c.bob.id),
        RemoveMember(b, c.bob.id),
    ),
    "leaving one and joining another": lambda c, _p, a, b: (
        RemoveMember(a, c.bob.id),
        AddMember(b, c.carol.id),
        RemoveMember(b, c.bob.id),
        AddMember(a, c.carol.id),
    ),
    "joining while the group joins": lambda c, p, a, b: (
        AddMember(a, c.carol.id),
        AddMember(b, p),
        AddMember(p, c.heidi.id),
    ),
    "leaving while the group leaves": lambda c, p, a, b: (
        RemoveMember(a, c.bob.id),
        RemoveMember(p, b),
        AddMember(b, c.carol.id),
    ),
    "members set while one leaves": lambda c, _p, a, b: (
        ChangeGroup(a, members=()),
        RemoveMember(b, c.bob.id),
    ),
    "deleted while the group joins": lambda c, p, a, b: (
        DeleteUser(c.bob.id),
        RemoveMember(p, a),
        AddMember(b, a),
    ),
    "the groups deleted at once": lambda _c, _p, a, b: (DeleteGroup(a), DeleteGroup(b)),
}


@pytest.mark.parametrize("race", RACES)
def test_it_holds_when_several_change_it_at_once(app: Flask, people: Cast, race: str) -> None:
    for number in range(3):
        bob = person(people.operator, f"bob{number}@northwind.example", "Bob")
        a = group(people.operator, f"A{number}", bob.id)
        b = group(people.operator, f"B{number}", bob.id)
        parent = group(people.operator, f"P{number}", a)
        if "joins" not in race:
            apply(AddMember(parent, b), by=people.operator)
        changes = RACES[race](replace(people, bob=bob), parent, a, b)

        together(app, *(lambda c=change: apply(c, by=people.operator) for change in changes))

        assert effective() == recomputed()


def test_two_groups_that_join_each_other_at_once_close_no_circle(app: Flask, people: Cast) -> None:
    for number in range(5):
        a, b = group(people.operator, f"A{number}"), group(people.operator, f"B{number}")
        outcomes = together(
            app,
            lambda a=a, b=b: apply(AddMember(a, b), by=people.operator),
            lambda a=a, b=b: apply(AddMember(b, a), by=people.operator),
        )
        codes = [getattr(outcome, "code", "") for outcome in outcomes]
        assert sorted(codes) == ["", "group_circle"]
