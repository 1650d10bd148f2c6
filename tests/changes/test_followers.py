"""Followers read the audit in order, each from its own position, whatever dies meanwhile."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from idp import jobs
from idp.changes import apply, audit, followers
from idp.changes.followers import Follower
from idp.changes.intents import ChangeUser, CreateConnection
from idp.clock import new_id, now
from idp.extensions import db
from tests.cast import Cast
from tests.changes.steps import together


def follower(people: Cast, purpose: str = "events") -> str:
    """A follower at the end of the audit of Northwind."""
    connection = apply(CreateConnection("scim", purpose), by=people.operator).first.id
    row = {"id": new_id(), "org_id": people.org, "connection_id": connection, "purpose": purpose}
    state = {"position": audit.head_of(people.org), "enabled": True, "due_at": now()}
    state |= {"claims": 0, "failures": 0, "last_error": "", "succeeded_at": None}
    db.session.execute(insert(Follower), [row | state])
    db.session.commit()
    return str(row["id"])


def titles(people: Cast, *titles_: str) -> None:
    for title in titles_:
        apply(ChangeUser(people.bob.id, {"title": title}), by=people.operator)


def test_a_follower_reads_what_happened_in_order(people: Cast) -> None:
    follower(people)
    titles(people, "Cook", "Chef")
    row = followers.claim()
    assert row is not None
    assert [e.diff["title"][1] for e in followers.entries(row)] == ["Cook", "Chef"]


def test_a_follower_that_has_caught_up_is_left_alone(people: Cast) -> None:
    follower(people)
    assert followers.claim() is None
    titles(people, "Cook")
    assert followers.behind()
    row = followers.claim()
    assert row is not None
    assert followers.advance(row, followers.entries(row)[-1].seq)
    assert not followers.behind()


def test_of_many_workers_one_gets_a_follower(app: Flask, people: Cast) -> None:
    follower(people)
    titles(people, "Cook")
    claimed = together(app, *(followers.claim for _ in range(8)))
    assert len([row for row in claimed if row]) == 1


def test_a_dead_workers_follower_is_taken_over(people: Cast, frozen: list) -> None:  # type: ignore[type-arg]
    follower(people)
    titles(people, "Cook")
    dead = followers.claim()
    assert dead is not None
    assert followers.claim() is None
    frozen[0] += followers.LEASE
    heir = followers.claim()
    assert heir is not None
    assert not followers.hold(dead)
    assert not followers.advance(dead, dead["position"] + 1)
    assert followers.advance(heir, heir["position"] + 1)


def test_failures_wait_longer_each_time(people: Cast, frozen: list) -> None:  # type: ignore[type-arg]
    follower(people)
    titles(people, "Cook")
    for seconds in (*followers.PAUSES, followers.PAUSES[-1]):
        row = followers.claim()
        assert row is not None
        assert followers.fail(row, "refused")
        frozen[0] += timedelta(seconds=seconds - 1)
        assert followers.claim() is None
        frozen[0] += timedelta(seconds=1)


def test_the_worker_leads_a_follower_on_by_its_purpose(
    app: Flask, people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower(people, "events")
    titles(people, "Cook")
    seen: list[str] = []

    def deal(_settings: object, row: followers.Row) -> None:
        found = followers.entries(row)
        seen.extend(entry.action for entry in found)
        followers.advance(row, found[-1].seq)

    monkeypatch.setitem(jobs.FOLLOWING, "events", deal)
    jobs.run(app, once=True)
    assert seen == ["user.changed"]


def test_one_that_breaks_says_so_and_is_tried_again(
    app: Flask, people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = follower(people, "events")
    titles(people, "Cook")
    monkeypatch.setitem(jobs.FOLLOWING, "events", lambda *_: 1 / 0)
    jobs.run(app, once=True)
    db.session.rollback()
    row = db.session.execute(select(Follower.__table__).where(Follower.id == held)).mappings().one()
    assert (row["failures"], row["last_error"]) == (1, "The server failed; its log says why.")
    db.session.execute(update(Follower).values(due_at=now()))
    db.session.commit()
    assert followers.claim() is not None
