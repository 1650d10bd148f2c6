"""Pushed events arrive in order, signed; trouble is met with patience (RFC 8935)."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from idp.changes import apply
from idp.changes.followers import Follower
from idp.changes.intents import ChangeUser, CreateStream
from idp.clock import now
from idp.directory import queries
from idp.extensions import db
from tests.cast import Cast
from tests.scim.conftest import Scim
from tests.scim.receiving import Receiver, read, receiver, short, work

Jtis = Callable[[], list[str]]


@pytest.fixture
def there(app: Flask) -> Iterator[Receiver]:
    """A receiver on this machine, which the server is allowed to reach."""
    settings = app.config["CHAMBERLAIN"]
    app.config["CHAMBERLAIN"] = settings.model_copy(update={"outgoing_allow": "127.0.0.0/8"})
    with receiver() as made:
        yield made


@pytest.fixture
def stream(people: Cast, there: Receiver) -> str:
    wanted = CreateStream(people.hr.id, "push", there.url, "Bearer sesame")
    return apply(wanted, by=people.operator).first.id


@pytest.fixture
def jtis(scim: Scim, there: Receiver, stream: str) -> Jtis:
    """The identifiers of the tokens that arrived, in order."""
    return lambda: [read(scim, stream, token)["jti"] for token in there.tokens]


def titles(people: Cast, *given: str) -> None:
    for title in given:
        apply(ChangeUser(people.bob.id, {"title": title}), by=people.operator)


def follower() -> Follower:
    db.session.rollback()
    return db.session.scalars(select(Follower)).one()


def test_tokens_are_pushed_in_order(
    app: Flask, people: Cast, scim: Scim, there: Receiver, stream: str
) -> None:
    scim.user()
    titles(people, "Cook")
    work(app)
    assert [short(read(scim, stream, token)) for token in there.tokens] == [
        ("prov:create:notice",),
        ("prov:patch:notice",),
    ]
    assert {r.headers["Content-Type"] for r in there.requests} == {"application/secevent+jwt"}
    assert {r.headers["Authorization"] for r in there.requests} == {"Bearer sesame"}
    assert follower().last_error == ""


def test_a_busy_receiver_is_asked_again_when_it_said(
    app: Flask, people: Cast, there: Receiver, jtis: Jtis, frozen: list[datetime]
) -> None:
    titles(people, "Cook", "Chef")
    there.answers = [(202, {}, ""), (503, {"Retry-After": "90"}, "")]
    work(app)
    assert follower().last_error == "The receiver answered 503."
    assert follower().due_at == now() + timedelta(seconds=90)
    frozen[0] += timedelta(seconds=90)
    work(app)
    assert len(jtis()) == 4
    assert len(set(jtis())) == 2
    assert follower().failures == 0


def test_a_refused_token_does_not_hold_up_the_next(
    app: Flask, people: Cast, there: Receiver, stream: str
) -> None:
    titles(people, "Cook", "Chef")
    there.answers = [(400, {}, '{"err": "invalid_key", "description": "unknown kid"}')]
    work(app)
    assert len(there.tokens) == 2
    held = queries.stream_of(people.operator, people.hr.id)
    assert held is not None
    assert (held.refused, held.last_refusal) == (1, "invalid_key: unknown kid")


def test_a_private_address_is_not_called(
    app: Flask, people: Cast, there: Receiver, stream: str
) -> None:
    app.config["CHAMBERLAIN"] = app.config["CHAMBERLAIN"].model_copy(update={"outgoing_allow": ""})
    titles(people, "Cook")
    work(app)
    assert there.requests == []
    assert "https://" in follower().last_error


def test_a_receiver_that_is_away_loses_nothing(
    app: Flask, people: Cast, there: Receiver, jtis: Jtis, frozen: list[datetime]
) -> None:
    titles(people, "Cook")
    there.answers = [(500, {}, "")] * 2
    for _ in range(3):
        work(app)
        frozen[0] += timedelta(hours=1)
    assert len(jtis()) == 3
    assert len(set(jtis())) == 1
    assert follower().last_error == ""


def test_the_receivers_secret_is_sealed(people: Cast, stream: str) -> None:
    held = queries.stream_of(people.operator, people.hr.id)
    assert held is not None
    assert "sesame" not in held.authorization
    assert "sesame" not in repr(replace(held))
