"""The brake from the console."""

import pytest

from idp.changes import apply
from idp.changes.intents import ChangeUser, CreateUser
from idp.directory.brakes import BrakeEngaged
from tests.cast import Cast
from tests.cli.conftest import Run

BRAKE = ("scim", "brake", "northwind", "HR")


@pytest.fixture
def stopped(people: Cast, run: Run) -> None:
    """HR, stopped at the first of two leavers."""
    run(*BRAKE, "--deactivations", "0", "--share", "0")
    made = [CreateUser({"userName": f"crew-{number}"}) for number in range(2)]
    crew = [one.id for one in apply(*made, by=people.hr).results]
    with pytest.raises(BrakeEngaged):
        apply(*(ChangeUser(one, {"active": False}) for one in crew), by=people.hr)


def test_limits_are_shown_and_changed(run: Run) -> None:
    assert run(*BRAKE, "--json").data["limits"]["deletions"] == {"count": 20, "share": 5}
    words = ("--deletions", "100", "--share", "10", "--hours", "48", "--json")
    limits = run(*BRAKE, *words).data["limits"]
    assert limits["deletions"] == {"count": 100, "share": 10}
    assert limits["deactivations"] == {"count": 20, "share": 5}
    assert limits["hours"] == 48


def test_a_share_alone_is_for_every_kind(run: Run) -> None:
    limits = run(*BRAKE, "--share", "50", "--json").data["limits"]
    assert {limit["share"] for limit in limits.values() if isinstance(limit, dict)} == {50}


def test_a_stop_is_shown_and_approved(stopped: None, run: Run) -> None:
    held = run(*BRAKE, "--json").data["quarantine"]
    assert (held["kind"], held["asked"], held["limit"]) == ("deactivations", 2, 0)
    data = run(*BRAKE, "--approve", "--allow", "5", "--json").data
    assert data["quarantine"] is None
    assert [one["verdict"] for one in data["counts"]] == ["approved"]


def test_a_stop_is_rejected(stopped: None, run: Run) -> None:
    data = run(*BRAKE, "--reject", "--json").data
    assert data["quarantine"] is None
    assert [one["verdict"] for one in data["counts"]] == ["rejected"]


def test_nothing_stopped_is_nothing_to_decide(run: Run) -> None:
    ran = run(*BRAKE, "--approve")
    assert (ran.code, ran.err) == (1, "Error: This client is not stopped.\n")
    assert run(*BRAKE, "--allow", "5").code == 2
    assert run(*BRAKE, "--share", "101").code == 2
