"""A mass removal waits for an administrator, and goes on for exactly those who were approved."""

import pytest
from flask import Flask

from idp.changes import apply
from idp.changes.intents import (
    ApproveRemovals,
    ChangeUser,
    CreateUser,
    DeleteUser,
    RestoreUser,
)
from idp.directory.errors import Conflict
from tests.changes.steps import somebody
from tests.outbound.conftest import Provisioned

COUNT = 40


def crowd(wiki: Provisioned) -> list[str]:
    people = [CreateUser({"userName": f"p{n:02}@northwind.example"}) for n in range(COUNT)]
    made = apply(*people, by=wiki.people.operator).results
    wiki.work()
    return [one.id for one in made]


def active(wiki: Provisioned) -> int:
    return sum(user["active"] for user in wiki.users().values())


def test_few_leave_unasked(wiki: Provisioned) -> None:
    ids = crowd(wiki)
    apply(*map(DeleteUser, ids[:20]), by=wiki.people.operator)
    wiki.work()
    assert active(wiki) == COUNT + 5 - 20


def test_many_wait_and_leave_when_approved(wiki: Provisioned) -> None:
    by, ids = wiki.people.operator, crowd(wiki)
    apply(*map(DeleteUser, ids[:21]), by=by)
    wiki.work()
    assert active(wiki) == COUNT + 5
    brake = wiki.view().brake
    assert (brake["count"], brake["of"]) == (21, COUNT + 5)
    assert "Stopped: 21 of 45" in wiki.follower().last_error
    apply(ApproveRemovals(wiki.id, brake["digest"]), by=by)
    wiki.work()
    assert active(wiki) == COUNT + 5 - 21
    assert wiki.view().brake == {}
    assert wiki.follower().behind == 0


def test_what_was_approved_is_not_what_came_after(wiki: Provisioned) -> None:
    by, ids = wiki.people.operator, crowd(wiki)
    apply(*map(DeleteUser, ids[:21]), by=by)
    wiki.work()
    digest = wiki.view().brake["digest"]
    apply(DeleteUser(ids[21]), by=by)
    with pytest.raises(Conflict) as refused:
        apply(ApproveRemovals(wiki.id, digest), by=by)
    assert refused.value.code == "removals_changed"
    assert active(wiki) == COUNT + 5


def test_a_mistake_that_is_put_right_needs_no_approval(wiki: Provisioned) -> None:
    by, ids = wiki.people.operator, crowd(wiki)
    apply(*(ChangeUser(one, {"active": False}) for one in ids), by=by)
    wiki.work()
    apply(*(ChangeUser(one, {"active": True}) for one in ids), by=by)
    apply(RestoreUser(gone(wiki)), by=by)
    wiki.due()
    wiki.work()
    assert (active(wiki), wiki.view().brake) == (COUNT + 6, {})


def gone(wiki: Provisioned) -> str:
    made = somebody(wiki.people.operator, "gone@northwind.example")
    apply(DeleteUser(made), by=wiki.people.operator)
    return made


def test_many_small_steps_are_one_mass_removal(wiki: Provisioned, app: Flask) -> None:
    ids = crowd(wiki)
    for one in ids[:30]:  # thirty entries, which one turn would take in one go
        apply(DeleteUser(one), by=wiki.people.operator)
    wiki.work()
    assert active(wiki) == COUNT + 5
    assert wiki.view().brake["count"] == 30
