"""What is owed outside is delivered after the change, whatever dies."""

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from idp import jobs, mail
from idp.changes import apply, ledger, outbox
from idp.changes.intents import (
    ChangeUser,
    DeleteUser,
    IssueLink,
)
from idp.changes.outbox import Delivery
from idp.clock import now
from idp.config import Settings
from idp.extensions import db
from tests.cast import Cast
from tests.changes.post_office import PostOffice
from tests.changes.steps import somebody, together, written

PREFIX = "https://id.example/invite/"


def owe(people: Cast, count: int = 1) -> None:
    """Make so many mails due."""
    for _ in range(count):
        apply(IssueLink(people.erin, "invite", PREFIX, deliver=True), by=people.operator)


def demo(app: Flask) -> Settings:
    settings: Settings = app.config["CHAMBERLAIN"]
    return settings.model_copy(update={"demo": True})


def by_post(app: Flask, office: PostOffice) -> Settings:
    settings: Settings = app.config["CHAMBERLAIN"]
    return settings.model_copy(update={"smtp_url": office.url, "mail_from": "id@northwind.example"})


def states() -> list[tuple[str, int]]:
    db.session.rollback()
    rows = db.session.execute(select(Delivery.state, Delivery.attempts).order_by(Delivery.id))
    return [(row.state, row.attempts) for row in rows]


def test_a_refused_change_owes_nothing(people: Cast) -> None:
    before = written()
    with pytest.raises(Exception, match="user_not_found"):
        apply(
            IssueLink(people.erin, "invite", PREFIX, deliver=True),
            DeleteUser("nobody"),
            by=people.operator,
        )
    assert written() == before


def test_the_demo_keeps_mail_in_its_mailbox(app: Flask, people: Cast) -> None:
    token = apply(
        IssueLink(people.erin, "invite", PREFIX, deliver=True), by=people.operator
    ).first.secret
    assert jobs.work(demo(app)) == 1
    (kept,) = mail.mailbox(people.operator)
    assert kept["recipient"] == "erin@northwind.example"
    assert f"{PREFIX}{token}" in kept["body"]
    assert states() == [("done", 1)]
    assert db.session.scalar(select(Delivery.payload)) == ""


def test_a_person_without_an_address_is_sent_nothing(people: Cast) -> None:
    nobody = somebody(people.operator, "nobody")
    made = apply(IssueLink(nobody, "invite", PREFIX, deliver=True), by=people.operator).first
    assert made.secret
    assert states() == []


def test_mail_goes_to_the_primary_address(app: Flask, people: Cast) -> None:
    emails = [
        {"value": "old@home.example"},
        {"value": "erin@work.example", "primary": True},
    ]
    apply(ChangeUser(people.erin, {"emails": emails}), by=people.hr)
    owe(people)
    jobs.work(demo(app))
    assert [kept["recipient"] for kept in mail.mailbox(people.operator)] == ["erin@work.example"]


def test_a_mail_server_gets_the_message(app: Flask, people: Cast) -> None:
    with PostOffice() as office:
        token = apply(
            IssueLink(people.erin, "reset", PREFIX, deliver=True), by=people.operator
        ).first.secret
        jobs.work(by_post(app, office))
    (message,) = office.received
    assert message["To"] == "erin@northwind.example"
    assert message["From"] == "id@northwind.example"
    assert f"{PREFIX}{token}" in message.get_payload()
    delivery = db.session.scalar(select(Delivery.id))
    assert message["Message-ID"] == f"<{delivery}@northwind.example>"
    assert states() == [("done", 1)]


def test_what_fails_is_tried_again_with_growing_pauses_then_laid_aside(
    app: Flask, people: Cast, frozen: list[datetime]
) -> None:
    with PostOffice(refuse=True) as office:
        owe(people)
        pauses = []
        while True:
            assert jobs.work(by_post(app, office)) == 1
            row = db.session.scalars(select(Delivery)).one()
            assert "451" in row.last_error
            if row.state == "dead":
                break
            pauses.append((row.due_at - frozen[0]).total_seconds())
            assert jobs.work(by_post(app, office)) == 0  # not before its time
            frozen[0] = row.due_at
            db.session.rollback()
    assert pauses == list(outbox.PAUSES)
    assert pauses == sorted(pauses)
    assert states() == [("dead", len(outbox.PAUSES) + 1)]
    frozen[0] += timedelta(days=30)
    assert jobs.work(by_post(app, office)) == 0


def test_without_a_mail_server_mail_waits(app: Flask, people: Cast) -> None:
    owe(people)
    jobs.work(app.config["CHAMBERLAIN"])
    row = db.session.scalars(select(Delivery)).one()
    assert (row.state, row.attempts) == ("waiting", 1)
    assert "CHAMBERLAIN_SMTP_URL" in row.last_error


def test_one_that_fails_does_not_hold_up_the_others(app: Flask, people: Cast) -> None:
    owe(people, 3)
    broken = db.session.scalars(select(Delivery.id).order_by(Delivery.id)).all()[1]
    db.session.execute(update(Delivery).where(Delivery.id == broken).values(payload="damaged"))
    db.session.commit()
    jobs.work(demo(app))
    assert states() == [("done", 1), ("waiting", 1), ("done", 1)]


def test_the_lease_of_a_dead_worker_is_taken_over(
    app: Flask, people: Cast, frozen: list[datetime]
) -> None:
    owe(people)
    (lost,) = outbox.claim()  # by a worker that dies here
    assert outbox.claim() == []
    frozen[0] += outbox.LEASE - timedelta(seconds=1)
    assert jobs.work(demo(app)) == 0
    frozen[0] += timedelta(seconds=1)
    assert jobs.work(demo(app)) == 1
    assert states() == [("done", 2)]
    assert [kept["recipient"] for kept in mail.mailbox(people.operator)] == [
        "erin@northwind.example"
    ]
    assert lost["attempts"] == 1


def test_a_worker_whose_lease_ran_out_lets_go(
    app: Flask, people: Cast, frozen: list[datetime]
) -> None:
    owe(people, 2)
    slow = outbox.claim()
    assert all(outbox.hold(row) for row in slow)
    frozen[0] += outbox.LEASE
    assert jobs.work(demo(app)) == 2  # another took over
    assert [outbox.hold(row) for row in slow] == [False, False]
    outbox.fail(slow[0], "too late to say so")
    outbox.succeed(slow[1])
    assert states() == [("done", 2), ("done", 2)]


def test_holding_renews_the_lease(app: Flask, people: Cast, frozen: list[datetime]) -> None:
    owe(people)
    (row,) = outbox.claim()
    frozen[0] += outbox.LEASE - timedelta(seconds=1)
    assert outbox.hold(row)
    frozen[0] += outbox.LEASE - timedelta(seconds=1)
    assert jobs.work(demo(app)) == 0


def test_workers_beside_each_other_never_take_the_same(app: Flask, people: Cast) -> None:
    owe(people, 30)
    taken = together(app, *(lambda: outbox.claim(limit=4) for _ in range(12)))
    ids = [row["id"] for rows in taken for row in rows]
    assert len(ids) == len(set(ids))
    assert len(ids) + len(outbox.claim(limit=50)) == 30


def test_workers_beside_each_other_deliver_each_once(app: Flask, people: Cast) -> None:
    owe(people, 24)
    with PostOffice() as office:
        settings = by_post(app, office)

        def until_nothing_is_due() -> None:
            while jobs.work(settings):
                pass

        together(app, *([until_nothing_is_due] * 4))
    ids = [message["Message-ID"] for message in office.received]
    assert len(ids) == len(set(ids)) == 24


def test_a_worker_outlives_a_failing_round(
    app: Flask, people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    owe(people)
    app.config["CHAMBERLAIN"] = demo(app)
    failing = [True]
    claim = outbox.claim

    def fails_once() -> list:
        if failing:
            failing.pop()
            raise RuntimeError("the database went away")
        return claim()

    monkeypatch.setattr(outbox, "claim", fails_once)
    jobs.run(app, once=True)
    assert states() == [("waiting", 0)]
    jobs.run(app, once=True)
    assert states() == [("done", 1)]


def test_the_servers_own_worker_starts_with_the_first_request(app: Flask) -> None:
    assert not app.config["CHAMBERLAIN"].worker  # tests start their own


def test_a_chore_is_done_by_one_and_once_in_its_time(
    app: Flask, people: Cast, frozen: list[datetime]
) -> None:
    hour = timedelta(hours=1)
    for _ in range(2):
        taken = together(app, *([lambda: ledger.take_chore("x", hour)] * 6))
        assert taken.count(True) == 1
        assert not ledger.chore_due("x")
        frozen[0] += hour
        assert ledger.chore_due("x")


def test_what_has_expired_is_swept(people: Cast, frozen: list[datetime]) -> None:
    soon = frozen[0] + timedelta(minutes=5)
    assert ledger.first_seen(people.org, "message", soon)
    key = ledger.park(people.org, {"asked": "for"}, minutes=5)
    ledger.attempt({"account:x": 5})
    assert ledger.sweep() == 0
    assert ledger.parked(key) == (people.org, {"asked": "for"})
    frozen[0] += timedelta(days=2)
    assert ledger.parked(key) is None
    assert ledger.sweep() == 3
    for model in (ledger.SeenMessage, ledger.ParkedRequest, ledger.Throttle):
        assert db.session.scalar(select(func.count()).select_from(model)) == 0


def test_a_message_is_new_to_one_of_many(app: Flask, people: Cast) -> None:
    soon = now() + timedelta(minutes=5)
    seen = together(app, *([lambda: ledger.first_seen(people.org, "message", soon)] * 8))
    assert seen.count(True) == 1
    assert ledger.first_seen(people.other_org, "message", soon)


def test_a_parked_request_is_used_up_once(app: Flask, people: Cast) -> None:
    key = ledger.park(people.org, {"asked": "for"})
    assert together(app, *([lambda: ledger.unpark(key)] * 4)).count(True) == 1
    assert ledger.parked(key) is None
