"""An application that answers nonsense: it is told apart from success, and nothing breaks."""

import json
from dataclasses import replace

import pytest
from flask import Flask

from idp.changes import apply
from idp.changes.intents import ChangeTarget
from tests.cast import Cast
from tests.counterparts import ScimPeer
from tests.outbound.conftest import Provisioned, attach
from tests.outbound.test_outgoing import ok, server


def turned(wiki: Provisioned, place: str) -> Provisioned:
    """The same target, at another address."""
    settings = replace(wiki.view().settings, base_url=f"http://{place}")
    secrets = {"token": wiki.peer.token}  # another server has it only if it is given again
    apply(ChangeTarget(wiki.id, settings=settings, secrets=secrets), by=wiki.people.operator)
    return wiki


@pytest.fixture
def target(app: Flask, people: Cast, peer: ScimPeer) -> Provisioned:
    """A target that nobody has been sent to yet."""
    return attach(people, peer, app)


@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b"[]", b'{"Resources": [1]}', b""])
def test_what_is_not_scim_stops_the_turn(target: Provisioned, body: bytes) -> None:
    with server(ok(body)) as (place, _):
        turned(target, place).work()
    assert "SCIM" in target.follower().last_error
    assert target.follower().failures == 1


@pytest.mark.parametrize("given", [None, 17, "", "x" * 513, "a\x00b", "\ud800"])
def test_an_id_that_cannot_be_kept_is_a_refusal_of_that_one(
    target: Provisioned, given: object
) -> None:
    said = json.dumps({"id": given, "Resources": [], "totalResults": 10**30}).encode()
    with server(ok(said)) as (place, _):
        turned(target, place).work()
    held = target.link(target.people.bob.id)
    assert held is not None
    assert (held.error_code, held.remote_id) == ("failing", None)
    assert target.follower().behind == 0


def test_what_it_says_is_shown_in_one_short_line(target: Provisioned) -> None:
    said = json.dumps({"detail": "<b>no\r\n\x00" + "x" * 5000}).encode()
    head = b"HTTP/1.1 400 No\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(said)
    with server(head + said) as (place, _):
        turned(target, place).work()
    told = target.follower().last_error
    assert told.startswith("<b>no xxx")
    assert len(told) < 400
