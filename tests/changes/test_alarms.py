"""Alarms: who keeps connections hears, once at each threshold, of what ends soon."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from idp import jobs, mail
from idp.changes import alarms, apply, outbox
from idp.changes.intents import (
    AssignRole,
    BlockUser,
    ChangeConnection,
    IssueSecret,
    IssueToken,
    RegisterKey,
    RevokeSecret,
    RevokeToken,
)
from idp.directory import queries
from idp.directory.errors import Forbidden
from tests.cast import NOON, Cast
from tests.changes.steps import statements
from tests.changes.test_client_secrets import ED25519
from tests.conftest import settings_for


def told() -> list[dict[str, object]]:
    """The mails that are owed now; they count as sent."""
    rows = outbox.claim(100)
    for row in rows:
        outbox.succeed(row)
    return [outbox.payload_of(row) for row in rows]


def lines(mail: dict[str, object]) -> list[dict[str, Any]]:
    """The notices of a mail."""
    found: list[dict[str, Any]] = mail["notices"]  # type: ignore[assignment]
    return found


@pytest.fixture(autouse=True)
def long_lived(frozen: list[datetime], people: Cast) -> None:
    """The cast's own tokens live for a year from now on."""


def days(frozen: list[datetime], count: float) -> int:
    """Go to so many days after noon, and raise the alarms."""
    frozen[0] = NOON + timedelta(days=count)
    return alarms.warn()


def test_each_threshold_is_told_once(people: Cast, frozen: list[datetime]) -> None:
    apply(IssueSecret(people.hr.id, expires_days=100), by=people.alice)
    heard = [count for count in range(101) if days(frozen, count) + alarms.warn()]
    assert heard == [40, 70, 86, 93, 99]


def test_after_a_pause_the_nearest_threshold_alone_is_told(
    people: Cast, frozen: list[datetime]
) -> None:
    apply(IssueSecret(people.hr.id, expires_days=100), by=people.alice)
    assert [days(frozen, 95), days(frozen, 96)] == [1, 0]
    (mail,) = told()
    assert [one["ends_at"] for one in lines(mail)] == ["2027-03-13T12:00:00.000Z"]


def test_one_mail_tells_of_all_that_ends(people: Cast, frozen: list[datetime]) -> None:
    token = apply(IssueToken(people.hr.id, expires_days=58), by=people.alice).first.secret or ""
    apply(
        IssueSecret(people.hr.id, expires_days=45),
        RegisterKey(people.hr.id, ED25519, expires_days=50),
        by=people.alice,
    )
    assert days(frozen, 44) == 3
    (mail,) = told()
    assert (mail["to"], mail["organization"]) == ("alice@northwind.example", "Northwind")
    secret, key, last = lines(mail)
    assert [one["kind"] for one in lines(mail)] == ["secret_ending", "key_ending", "token_ending"]
    assert secret["args"]["name"] == "HR"
    assert key["args"]["hint"] == "kPrK_qmx…"
    assert last["args"]["hint"] == f"…{token[-4:]}"
    assert last["place"] == {"connection_id": people.hr.id}


def test_who_keeps_connections_and_can_sign_in_is_told(
    people: Cast, frozen: list[datetime]
) -> None:
    apply(
        AssignRole(people.bob.id, "federation_administrator"),
        AssignRole(people.bob.id, "global_reader"),
        AssignRole(people.heidi.id, "federation_administrator", expires_at=NOON + timedelta(1)),
        AssignRole(people.erin, "global_administrator"),
        BlockUser(people.erin),
        IssueSecret(people.hr.id, expires_days=40),
        by=people.operator,
    )
    days(frozen, 20)
    assert sorted(str(mail["to"]) for mail in told()) == [
        "alice@northwind.example",
        "bob@northwind.example",
    ]


def test_what_was_revoked_or_is_off_or_over_raises_no_alarm(
    people: Cast, frozen: list[datetime]
) -> None:
    token = apply(IssueToken(people.hr.id, expires_days=60), by=people.alice).first.id
    made = apply(IssueSecret(people.hr.id, expires_days=60), by=people.alice).first.id
    apply(IssueSecret(people.other_hr.id, expires_days=60), by=people.mallory)
    apply(RevokeToken(token), RevokeSecret(made), by=people.alice)
    apply(ChangeConnection(people.other_hr.id, enabled=False), by=people.mallory)
    assert days(frozen, 50) == 0
    apply(ChangeConnection(people.other_hr.id, enabled=True), by=people.mallory)
    assert days(frozen, 60) == 0
    assert told() == []


def test_who_makes_something_for_a_week_is_told_on_its_last_day_alone(
    people: Cast, frozen: list[datetime]
) -> None:
    apply(IssueToken(people.hr.id, expires_days=7), by=people.alice)
    assert [days(frozen, count) for count in (0, 3, 6)] == [0, 0, 1]


def test_organizations_hear_of_their_own_alone(people: Cast, frozen: list[datetime]) -> None:
    apply(IssueSecret(people.hr.id, expires_days=60), by=people.alice)
    apply(IssueToken(people.other_hr.id, expires_days=60), by=people.mallory)
    assert days(frozen, 40) == 2
    by_address = {str(mail["to"]): [one["kind"] for one in lines(mail)] for mail in told()}
    assert by_address == {
        "alice@northwind.example": ["secret_ending"],
        "mallory@contoso.example": ["token_ending"],
    }


def test_the_worker_looks_every_minute() -> None:
    assert jobs.CHORES["notices"] == (timedelta(minutes=1), alarms.warn)


def test_what_ends_soon_is_listed_for_its_readers(people: Cast, frozen: list[datetime]) -> None:
    apply(IssueToken(people.hr.id, expires_days=20), by=people.alice)
    apply(IssueSecret(people.hr.id, expires_days=6), by=people.alice)
    apply(IssueSecret(people.hr.id, expires_days=61), by=people.alice)
    found = queries.ending_soon(people.alice)
    assert [(one.kind, one.days_left(NOON)) for one in found] == [("secret", 6), ("token", 20)]
    assert queries.ending_soon(people.alice, people.hr.id) == found
    assert queries.ending_soon(people.alice, "nothing") == []
    with pytest.raises(Forbidden):
        queries.ending_soon(people.carol)


def test_the_mail_says_what_ends_and_where_it_is_cured(
    app: Flask, people: Cast, frozen: list[datetime], tmp_path: Path
) -> None:
    apply(IssueSecret(people.hr.id, expires_days=60), by=people.alice)
    days(frozen, 59)
    settings = settings_for(app.config["CHAMBERLAIN"].database, tmp_path, demo=True)
    assert jobs.work(settings) >= 1
    (kept,) = mail.mailbox(people.alice)
    assert kept["recipient"] == "alice@northwind.example"
    assert kept["subject"].startswith("The client secret …")
    assert kept["subject"].endswith(" of HR ends tomorrow")
    assert "It ends on 1 February 2027. Without it, HR can no longer" in kept["body"]
    assert f"http://127.0.0.1:8000/identity/provisioning/{people.hr.id}/oauth\n" in kept["body"]
    assert "your role at Northwind. All notices: http://127.0.0.1:8000/notices" in kept["body"]


def test_many_ends_take_no_more_statements_than_few(people: Cast, frozen: list[datetime]) -> None:
    counts = []
    for count in (2, 20):
        apply(*[IssueToken(people.hr.id, expires_days=60)] * count, by=people.alice)
        frozen[0] += timedelta(days=59)
        with statements() as sent:
            assert alarms.warn() == count
        counts.append(len(sent))
        frozen[0] += timedelta(days=2)
        assert alarms.warn() == 0  # they have ended, and are resolved
    assert counts[0] == counts[1]
