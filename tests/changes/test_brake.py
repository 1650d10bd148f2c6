"""The brake: an accident at the source is stopped, daily life and trial runs are not."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from flask import Flask

from idp.changes import apply, audit
from idp.changes.intents import (
    AddMember,
    ApproveBrake,
    Change,
    ChangeGroup,
    ChangeUser,
    CreateGroup,
    CreateUser,
    DeleteConnection,
    DeleteGroup,
    DeleteUser,
    EngageBrake,
    RejectBrake,
    RemoveMember,
    SetBrake,
)
from idp.clock import new_id
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.brakes import BrakeEngaged, BrakeView
from idp.directory.errors import Conflict, DirectoryError, Invalid, Stale
from tests.cast import NOON, Cast, person
from tests.changes.steps import refusals, statements, together, written

YESTERDAY = NOON - timedelta(days=2)
OFF = {kind: {"count": 10**7} for kind in ("deactivations", "deletions", "groups", "removals")}


def crowd(by: Actor, count: int) -> list[str]:
    made = [CreateUser({"userName": f"{new_id()}@northwind.example"}) for _ in range(count)]
    return [one.id for one in apply(*made, by=by).results]


@pytest.fixture
def old(frozen: list[datetime], people: Cast) -> list[str]:
    """Sixty people whom HR brought long before the window; it is noon two days later."""
    frozen[0] = YESTERDAY
    ids = crowd(people.hr, 60)
    frozen[0] = NOON
    return ids


def leave(*ids: str) -> list[Change]:
    return [ChangeUser(one, {"active": False}) for one in ids]


def stopped(by: Actor, *changes: Change) -> BrakeEngaged:
    with pytest.raises(BrakeEngaged) as refused:
        apply(*changes, by=by)
    return refused.value


def brake(people: Cast) -> BrakeView:
    return queries.brake_of(people.alice, people.hr.id)


def limit(people: Cast, **counts: int) -> None:
    given = {kind: {"count": count, "share": 0} for kind, count in counts.items()}
    apply(SetBrake(people.hr.id, given), by=people.alice)


def active(people: Cast, ids: Sequence[str]) -> int:
    return sum(queries.find_user(people.alice, one).active for one in ids)


# --- what is lost -------------------------------------------------------------------------------


def test_leavers_up_to_the_limit_go_and_the_next_is_stopped(people: Cast, old: list[str]) -> None:
    for one in old[:20]:
        apply(*leave(one), by=people.hr)
    stop = stopped(people.hr, *leave(old[20])).stop
    assert (stop.kind, stop.asked, stop.loss, stop.allowed) == ("deactivations", 1, 21, 20)
    assert stop.total == 61  # erin is HR's too
    assert active(people, old) == 40


def test_nothing_of_a_batch_that_passes_the_limit_is_applied(people: Cast, old: list[str]) -> None:
    before = written()
    joiner = CreateUser({"userName": "joiner@northwind.example"})
    stopped(people.hr, joiner, *leave(*old[:21]))
    after = written()
    assert after["audit_entries"] == before["audit_entries"] + 1  # that it was stopped
    assert after["deliveries"] == before["deliveries"] + 1  # and alice is told
    assert {k: v for k, v in after.items() if "users" in k} == {
        k: v for k, v in before.items() if "users" in k
    }


def test_a_large_source_may_lose_a_share(people: Cast, frozen: list[datetime]) -> None:
    frozen[0] = YESTERDAY
    ids = crowd(people.hr, 599)
    frozen[0] = NOON
    apply(*leave(*ids[:30]), by=people.hr)  # 5 % of 600
    assert stopped(people.hr, *leave(ids[30])).stop.allowed == 30


@pytest.mark.parametrize("verb", ["patch", "clear", "put", "in capitals"])
def test_however_somebody_is_deactivated_it_counts(people: Cast, old: list[str], verb: str) -> None:
    limit(people, deactivations=0)
    name = queries.find_user(people.alice, old[0]).user_name
    change = {
        "patch": ChangeUser(old[0], {"active": False}),
        "clear": ChangeUser(old[0], {"active": None}),
        "put": ChangeUser(old[0], {"userName": name, "active": False}, replace=True),
        "in capitals": ChangeUser(old[0], {"ACTIVE": False}),
    }[verb]
    assert stopped(people.hr, change).stop.kind == "deactivations"


def test_deletions_of_people_and_groups_have_limits_of_their_own(
    people: Cast, frozen: list[datetime], old: list[str]
) -> None:
    frozen[0] = YESTERDAY
    made = [CreateGroup({"displayName": new_id()}, (old[0],)) for _ in range(21)]
    groups = [one.id for one in apply(*made, by=people.hr).results]
    frozen[0] = NOON
    apply(*map(DeleteUser, old[:20]), by=people.hr)
    apply(*leave(*old[20:40]), by=people.hr)
    assert stopped(people.hr, DeleteUser(old[40])).stop.kind == "deletions"
    assert stopped(people.hr, *map(DeleteGroup, groups)).stop.kind == "groups"


def test_members_are_counted_for_each_group(
    people: Cast, frozen: list[datetime], old: list[str]
) -> None:
    frozen[0] = YESTERDAY
    both = [CreateGroup({"displayName": name}, old) for name in ("Crew", "Choir")]
    crew, choir = (one.id for one in apply(*both, by=people.hr).results)
    frozen[0] = NOON
    for team in (crew, choir):
        apply(ChangeGroup(team, remove=old[:50]), by=people.hr)
    stop = stopped(people.hr, RemoveMember(crew, old[50])).stop
    assert (stop.kind, stop.group_name, stop.loss, stop.total) == ("removals", "Crew", 51, 60)
    assert "from the group 'Crew'" in stop.sentence


def test_a_put_that_replaces_all_members_is_stopped(
    people: Cast, frozen: list[datetime], old: list[str]
) -> None:
    frozen[0] = YESTERDAY
    team = apply(CreateGroup({"displayName": "Crew"}, old), by=people.hr).first.id
    frozen[0] = NOON
    others = crowd(people.hr, 60)
    stopped(people.hr, ChangeGroup(team, members=others))
    assert set(old) == {m.id for m in queries.members_of(people.alice, team, limit=None).items}


def test_what_goes_with_the_deleted_is_counted_once(
    people: Cast, frozen: list[datetime], old: list[str]
) -> None:
    frozen[0] = YESTERDAY
    team = apply(CreateGroup({"displayName": "Crew"}, old), by=people.hr).first.id
    apply(CreateGroup({"displayName": "Everybody"}, [team]), by=people.hr)
    frozen[0] = NOON
    limit(people, removals=0, deletions=60)
    apply(*map(DeleteUser, old[:30]), by=people.hr)
    apply(DeleteGroup(team), by=people.hr)
    assert [one.kind for one in brake(people).counts] == ["deletions", "groups"]


# --- churn ---------------------------------------------------------------------------------------


def test_making_and_removing_ones_own_again_and_again_is_no_loss(people: Cast) -> None:
    for number in range(60):
        made = CreateUser({"userName": f"trial-{number}"}, external_id=f"T-{number}")
        one = apply(made, by=people.hr).first.id
        apply(*leave(one), by=people.hr)
        apply(DeleteUser(one), by=people.hr)
    assert {one.kind: one.loss for one in brake(people).counts} == {
        "deactivations": 1,
        "deletions": 1,
    }


def test_joining_and_leaving_many_times_is_no_loss(people: Cast) -> None:
    team = apply(CreateGroup({"displayName": "Crew"}), by=people.hr).first.id
    limit(people, removals=1)
    for _ in range(10):
        apply(AddMember(team, people.erin), by=people.hr)
        apply(RemoveMember(team, people.erin), by=people.hr)


def test_switching_somebody_off_and_on_is_no_loss(people: Cast, old: list[str]) -> None:
    limit(people, deactivations=2)
    for _ in range(10):
        apply(*leave(old[0]), by=people.hr)
        apply(ChangeUser(old[0], {"active": True}), by=people.hr)
    apply(*leave(old[0]), by=people.hr)


def test_making_a_hundred_and_deactivating_them_is_a_loss(people: Cast, old: list[str]) -> None:
    apply(*leave(old[0]), by=people.hr)  # the window is open
    young = crowd(people.hr, 100)
    assert stopped(people.hr, *leave(*young)).stop.loss == 101
    for one in young[:19]:
        apply(*leave(one), by=people.hr)
    assert stopped(people.hr, *leave(young[19])).stop.loss == 21


def test_replacing_everybody_by_somebody_new_is_a_loss(people: Cast, old: list[str]) -> None:
    apply(*leave(old[0]), by=people.hr)
    newcomers = [CreateUser({"userName": f"new-{number}"}) for number in range(60)]
    assert stopped(people.hr, *newcomers, *leave(*old[1:])).stop.loss == 60


def test_a_window_passes(people: Cast, frozen: list[datetime], old: list[str]) -> None:
    apply(*leave(*old[:20]), by=people.hr)
    frozen[0] += timedelta(hours=24)
    apply(*leave(*old[20:40]), by=people.hr)
    frozen[0] += timedelta(hours=23)
    stopped(people.hr, *leave(old[40]))


def test_a_window_begins_with_a_loss_and_not_with_a_joiner(
    people: Cast, frozen: list[datetime], old: list[str]
) -> None:
    apply(*leave(old[0]), by=people.hr)
    frozen[0] += timedelta(hours=30)
    crowd(people.hr, 1)
    assert brake(people).counts == ()
    apply(*leave(old[1]), by=people.hr)
    assert [(one.began, one.loss) for one in brake(people).counts] == [(frozen[0], 1)]


def test_people_at_the_portal_are_not_braked(people: Cast, old: list[str]) -> None:
    apply(*map(DeleteUser, old), by=people.alice)
    assert brake(people).counts == ()


def test_a_rehearsal_is_refused_and_stops_nobody(people: Cast, old: list[str]) -> None:
    with pytest.raises(BrakeEngaged):
        apply(*leave(*old), by=people.hr, dry_run=True)
    assert brake(people).quarantine is None


# --- the price -----------------------------------------------------------------------------------


def test_who_only_adds_pays_nothing(people: Cast, old: list[str]) -> None:
    def cost() -> int:
        with statements() as sent:
            apply(CreateUser({"userName": f"{new_id()}@northwind.example"}), by=people.hr)
        assert not [s for s in sent if "brakes" in s and "organizations" not in s]
        return len(sent)

    assert cost() == cost()


def test_what_it_costs_does_not_grow_with_the_batch(
    people: Cast, frozen: list[datetime], old: list[str]
) -> None:
    frozen[0] = YESTERDAY
    many = crowd(people.hr, 600)
    frozen[0] = NOON
    apply(SetBrake(people.hr.id, OFF), by=people.alice)
    with statements() as few:
        apply(*leave(*old[:3]), by=people.hr)
    with statements() as lots:
        apply(*leave(*many), by=people.hr)
    assert len(lots) <= len(few) + 2


# --- stopped, and then --------------------------------------------------------------------------


def test_who_may_decide_is_told_and_the_stop_is_in_the_audit(people: Cast, old: list[str]) -> None:
    by = people.operator
    person(by, "fred@northwind.example", "Fred", "federation_administrator")
    person(by, "gone@northwind.example", "Gone", "global_administrator")
    gone = queries.find_user_by_name(people.alice, "gone@northwind.example")
    assert gone is not None
    apply(ChangeUser(gone.id, {"active": False}), by=by)
    before = written()["deliveries"]
    stopped(people.hr, *leave(*old))
    stopped(people.hr, *leave(*old))  # once more: it is stopped already
    assert written()["deliveries"] == before + 2  # alice and fred; not carol, heidi or gone
    (entry,) = audit.page(people.alice, audit.AuditFilter(action="connection.quar"))[0]
    assert (entry.target_name, entry.actor_name, entry.door) == ("HR", "Chamberlain", "scim")
    assert entry.diff == {"brake.deactivations": [20, 60]}


def test_the_token_knows_that_its_connection_is_stopped(people: Cast, old: list[str]) -> None:
    caller = queries.caller_by_token(people.token)
    assert caller is not None
    assert caller.quarantined_at is None
    stopped(people.hr, *leave(*old))
    caller = queries.caller_by_token(people.token)
    assert caller is not None
    assert caller.quarantined_at == NOON
    assert queries.own_quarantine(people.hr) is not None
    assert queries.own_quarantine(people.other_hr) is None


def test_after_approval_as_many_may_go_as_was_said(people: Cast, old: list[str]) -> None:
    stopped(people.hr, *leave(*old[:30]))
    held = brake(people).quarantine
    assert held is not None
    assert held.suggestion == 50
    apply(ApproveBrake(people.hr.id, held.id, 30), by=people.alice)
    apply(*leave(*old[:30]), by=people.hr)
    assert stopped(people.hr, *leave(old[30])).stop.allowed == 30
    assert active(people, old) == 30


def test_an_approval_lasts_for_a_window(
    people: Cast, frozen: list[datetime], old: list[str]
) -> None:
    stopped(people.hr, *leave(*old[:30]))
    held = brake(people).quarantine
    assert held is not None
    apply(ApproveBrake(people.hr.id, held.id, 60), by=people.alice)
    frozen[0] += timedelta(hours=25)
    stopped(people.hr, *leave(*old[:30]))


def test_an_approval_is_for_its_own_kind(people: Cast, old: list[str]) -> None:
    stopped(people.hr, *leave(*old))
    held = brake(people).quarantine
    assert held is not None
    apply(ApproveBrake(people.hr.id, held.id, 60), by=people.alice)
    assert stopped(people.hr, *map(DeleteUser, old)).stop.kind == "deletions"


def test_after_rejection_joiners_flow_and_leavers_beyond_the_limit_do_not(
    people: Cast, frozen: list[datetime], old: list[str]
) -> None:
    apply(*leave(*old[:20]), by=people.hr)
    stopped(people.hr, *leave(old[20]))
    held = brake(people).quarantine
    assert held is not None
    frozen[0] += timedelta(hours=23)
    apply(RejectBrake(people.hr.id, held.id), by=people.alice)
    apply(CreateUser({"userName": "joiner@northwind.example"}), by=people.hr)
    frozen[0] += timedelta(hours=23)  # a whole window from the rejection
    refused = stopped(people.hr, *leave(old[20]))
    assert not refused.quarantines
    assert brake(people).quarantine is None
    frozen[0] += timedelta(hours=2)
    apply(*leave(old[20]), by=people.hr)


def test_a_rejection_after_an_approval_allows_no_more_than_was_approved(
    people: Cast, old: list[str]
) -> None:
    stopped(people.hr, *leave(*old[:30]))
    first = brake(people).quarantine
    assert first is not None
    apply(ApproveBrake(people.hr.id, first.id, 2), by=people.alice)
    apply(*leave(*old[:2]), by=people.hr)
    stopped(people.hr, *leave(old[2]))
    second = brake(people).quarantine
    assert second is not None
    apply(RejectBrake(people.hr.id, second.id), by=people.alice)
    stopped(people.hr, *leave(old[2]))
    assert active(people, old) == 58


def test_a_decision_is_about_the_stop_that_was_seen(people: Cast, old: list[str]) -> None:
    with pytest.raises(Conflict) as refused:
        apply(ApproveBrake(people.hr.id, "x", 1), by=people.alice)
    assert refused.value.code == "not_quarantined"
    stopped(people.hr, *leave(*old))
    with pytest.raises(Stale):
        apply(RejectBrake(people.hr.id, "another"), by=people.alice)


def test_deciding_needs_the_permission(people: Cast, old: list[str]) -> None:
    stop = stopped(people.hr, *leave(*old)).stop
    held = brake(people).quarantine
    assert held is not None
    for change in (
        ApproveBrake(people.hr.id, held.id, 60),
        RejectBrake(people.hr.id, held.id),
        SetBrake(people.hr.id, OFF),
        EngageBrake(people.hr.id, stop),
    ):
        for who in (people.carol, people.bob, people.hr):
            with pytest.raises(DirectoryError) as refused:
                apply(change, by=who)
            assert refused.value.code == "permission_missing"


def test_decisions_and_limits_are_in_the_audit(people: Cast, old: list[str]) -> None:
    limit(people, deactivations=5)
    stopped(people.hr, *leave(*old[:30]))
    held = brake(people).quarantine
    assert held is not None
    apply(RejectBrake(people.hr.id, held.id), by=people.alice)
    told = audit.page(people.alice, audit.AuditFilter(action="brake."))[0]
    assert [(entry.action, entry.diff) for entry in told] == [
        ("brake.rejected", {"brake.deactivations": [5, 30]}),
        ("brake.changed", {"brake.deactivations": ["20 or 5 %", "5 or 0 %"]}),
    ]


@pytest.mark.parametrize(
    "limits",
    [
        {"hours": 0},
        {"hours": 169},
        {"deactivations": {"count": -1}},
        {"deactivations": {"share": 101}},
        {"removals": {"count": "many"}},
        {"deletions": {"count": True}},
    ],
)
def test_limits_that_are_none_are_refused(people: Cast, limits: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        apply(SetBrake(people.hr.id, limits), by=people.alice)


def test_zero_lets_nothing_go_and_other_settings_stay(people: Cast, old: list[str]) -> None:
    limit(people, deactivations=0)
    assert brake(people).limits.kinds["deletions"].count == 20
    assert stopped(people.hr, *leave(old[0])).stop.allowed == 0


def test_a_stopped_connection_can_be_detached(people: Cast, old: list[str]) -> None:
    stopped(people.hr, *leave(*old))
    apply(DeleteConnection(people.hr.id), by=people.alice)
    assert queries.list_connections(people.alice, "scim") == []


# --- many at once --------------------------------------------------------------------------------


def test_of_thirty_parallel_leavers_no_more_go_than_are_allowed(
    app: Flask, people: Cast, old: list[str]
) -> None:
    limit(people, deactivations=7)
    acts = [lambda one=one: apply(*leave(one), by=people.hr) for one in old[:30]]
    outcomes = together(app, *acts)
    assert set(refusals(outcomes)) <= {"brake_engaged", "storage_busy"}
    assert len(old) - active(people, old) <= 7
    assert brake(people).counts[0].loss == len(old) - active(people, old)
    assert brake(people).quarantine is not None
    stops = audit.page(people.alice, audit.AuditFilter(action="connection.quarantined"))[0]
    assert len(stops) == 1


def test_of_parallel_first_leavers_all_are_counted(
    app: Flask, people: Cast, old: list[str]
) -> None:
    outcomes = together(app, *(lambda one=one: apply(*leave(one), by=people.hr) for one in old[:8]))
    assert refusals(outcomes) == []
    assert brake(people).counts[0].loss == 8
