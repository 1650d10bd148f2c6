"""The census: how many people and groups there are, kept with every change, is what one counts."""

import contextlib
from collections import Counter

from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from idp.changes import apply
from idp.changes.intents import (
    BlockUser,
    ChangeUser,
    CreateGroup,
    CreateOrganization,
    CreateUser,
    DeleteGroup,
    DeleteUser,
    RestoreUser,
    UnblockUser,
)
from idp.clock import new_id
from idp.directory import queries
from idp.directory.actors import Actor, system_actor
from idp.directory.errors import DirectoryError
from idp.directory.groups import Group
from idp.directory.users import User
from idp.extensions import db
from tests.cast import Cast
from tests.changes.steps import group, somebody, together

VERBS = {
    "delete": DeleteUser,
    "restore": RestoreUser,
    "block": BlockUser,
    "unblock": UnblockUser,
    "activate": lambda who: ChangeUser(who, {"active": True}),
    "deactivate": lambda who: ChangeUser(who, {"active": False}),
    "rename": lambda who: ChangeUser(who, {"displayName": new_id()}),
    "create": lambda _: CreateUser({"userName": new_id(), "active": False}),
    "group": lambda _: CreateGroup({"displayName": new_id()}),
}
EDIT = st.tuples(st.sampled_from(sorted(VERBS)), st.integers(0, 3))


def counted(org_id: str) -> dict[str, int]:
    """How many there are, one by one."""
    db.session.rollback()
    living = select(User).where(User.org_id == org_id, User.deleted_at.is_(None))
    found = Counter(
        "blocked" if person.blocked_at else "active" if person.active else "disabled"
        for person in db.session.scalars(living)
    )
    groups = select(func.count()).select_from(Group).where(Group.org_id == org_id)
    states = {state: found[state] for state in ("active", "disabled", "blocked")}
    return states | {"groups": db.session.scalar(groups) or 0}


def kept(by: Actor) -> dict[str, int]:
    """How many there are by the census."""
    db.session.rollback()
    return queries.count_people(by) | {"groups": queries.count_groups(by)}


@given(st.lists(st.lists(EDIT, min_size=1, max_size=4), min_size=3, max_size=10))
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_it_equals_a_count(sqlite_app: Flask, batches: list[list[tuple[str, int]]]) -> None:
    found = CreateOrganization("Model", f"{new_id()}.example")
    by = system_actor(apply(found, by=system_actor("")).first.id)
    ids = [somebody(by, f"p{n}") for n in range(4)]
    for batch in batches:
        with contextlib.suppress(DirectoryError):  # where somebody is gone, nothing may be counted
            apply(*(VERBS[verb](ids[who]) for verb, who in batch), by=by)
        assert kept(by) == counted(by.org_id)


def test_it_holds_on_both_databases(people: Cast) -> None:
    cooks = group(people.operator, "Cooks", people.bob.id)
    for change in (
        BlockUser(people.bob.id),
        ChangeUser(people.heidi.id, {"active": False}),
        DeleteUser(people.erin),
        RestoreUser(people.erin),
        DeleteUser(people.bob.id),
        DeleteGroup(cooks),
    ):
        apply(change, by=people.operator)
        assert kept(people.operator) == counted(people.org)
    assert kept(people.other_operator) == counted(people.other_org)


def test_it_holds_when_many_come_and_go_at_once(app: Flask, people: Cast) -> None:
    ids = [somebody(people.operator, f"p{n}") for n in range(8)]
    acts = [lambda one=one: apply(DeleteUser(one), by=people.operator) for one in ids]
    acts += [lambda n=n: somebody(people.operator, f"q{n}") for n in range(8)]
    together(app, *acts)
    assert kept(people.operator) == counted(people.org)
