"""Limits: how often a connection may ask, and a network be wrong."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from idp import allowances
from idp.allowances import Buckets
from idp.changes import apply, audit
from idp.changes.intents import ChangeConnection, CreateConnection
from idp.directory.errors import Invalid
from idp.extensions import db
from scim import limits
from tests.cast import Cast
from tests.scim.conftest import Scim, detail

LOWEST = 25
BURST = LOWEST * 30


@pytest.fixture
def slow(people: Cast) -> None:
    """HR may ask as little as anybody."""
    apply(ChangeConnection(people.hr.id, settings={"rate": LOWEST}), by=people.operator)


def spend(scim: Scim, count: int) -> set[int]:
    return {scim("GET", "/ServiceProviderConfig").status_code for _ in range(count)}


@pytest.mark.usefixtures("slow")
def test_too_many_requests_are_told_when_to_come_again(scim: Scim, frozen: list[Any]) -> None:
    assert spend(scim, BURST) == {200}
    answer = scim("GET", "/Users")
    assert detail(answer)[0] == 429
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["X-Error-Code"] == "rate_limited"
    frozen[0] += timedelta(seconds=1)
    assert spend(scim, LOWEST) == {200}
    assert scim("GET", "/Users").status_code == 429


@pytest.mark.usefixtures("slow")
def test_the_limit_comes_before_the_body(scim: Scim, frozen: list[Any]) -> None:
    spend(scim, BURST)
    answer = scim.client.post(
        "/scim/v2/Users", data=b"{", headers={"Authorization": f"Bearer {scim.token}"}
    )
    assert answer.status_code == 429


@pytest.mark.usefixtures("slow")
def test_each_connection_has_its_own_allowance(
    scim: Scim, other: Scim, connect: Callable[..., Scim], frozen: list[Any]
) -> None:
    spend(scim, BURST + 1)
    assert spend(connect("okta"), 1) == spend(other, 1) == {200}


def test_nobody_is_slowed_down_by_default(scim: Scim, frozen: list[Any]) -> None:
    assert spend(scim, 300) == {200}


@pytest.mark.parametrize(
    "settings",
    [
        {"rate": 24},
        {"rate": 100_001},
        {"rate": "fast"},
        {"rate": True},
        {"rate": 25.5},
        {"journal_days": -1},
        {"journal_days": 366},
        {"journal_days": None},
    ],
)
def test_limits_out_of_bounds_are_refused(people: Cast, settings: dict[str, Any]) -> None:
    for change in (
        ChangeConnection(people.hr.id, settings=settings),
        CreateConnection("scim", "New", settings=settings),
    ):
        with pytest.raises(Invalid) as refused:
            apply(change, by=people.operator)
        assert refused.value.attribute == next(iter(settings))


def test_the_audit_tells_which_settings_changed(people: Cast) -> None:
    first = {"rate": 50, "brake": {"share": 10, "key": "a secret"}}
    apply(ChangeConnection(people.hr.id, settings=first), by=people.operator)
    then = {"rate": 50, "brake": {"share": 20, "key": "another"}, "journal_days": 7}
    apply(ChangeConnection(people.hr.id, settings=then), by=people.operator)
    entry = audit.page(people.operator, limit=1)[0][0]
    assert entry.diff == {
        "settings.brake.key": ["…", "…"],
        "settings.brake.share": [10, 20],
        "settings.journal_days": [None, 7],
    }


# --- unknown tokens -----------------------------------------------------------------------------


def guess(scim: Scim, address: str = "198.51.100.7", token: str = "chb_guessed") -> int:
    db.session.rollback()
    headers = {"Authorization": f"Bearer {token}"}
    answer = scim.client.get(
        "/scim/v2/Users?count=0", headers=headers, environ_base={"REMOTE_ADDR": address}
    )
    return answer.status_code


@pytest.fixture
def guessed(scim: Scim, frozen: list[Any]) -> Scim:
    """A network has used up its mistakes."""
    assert {guess(scim, token=f"chb_{n}") for n in range(limits.UNKNOWN_TOKENS)} == {401}
    return scim


def test_a_network_that_guesses_tokens_is_slowed_down(guessed: Scim, frozen: list[Any]) -> None:
    assert guess(guessed) == 429
    assert guess(guessed, "198.51.100.200") == 429
    assert guess(guessed, "198.51.101.7") == 401
    frozen[0] += timedelta(seconds=1)
    assert [guess(guessed), guess(guessed)] == [401, 429]


def test_it_is_not_even_told_when_it_guesses_right(guessed: Scim) -> None:
    assert guess(guessed, token=guessed.token) == 429


def test_whose_token_was_good_is_not_shut_out_for_a_neighbour(
    scim: Scim, frozen: list[Any]
) -> None:
    assert guess(scim, token=scim.token) == 200
    for n in range(limits.UNKNOWN_TOKENS + 1):
        guess(scim, token=f"chb_{n}")
    assert guess(scim) == 429
    assert guess(scim, token=scim.token) == 200


def test_one_ipv6_network_counts_as_one(scim: Scim, frozen: list[Any]) -> None:
    for n in range(limits.UNKNOWN_TOKENS):
        guess(scim, f"2001:db8::{n:x}")
    assert guess(scim, "2001:db8::ffff:1") == 429
    assert guess(scim, "2001:db8:0:1::1") == 401


def test_a_request_without_a_token_is_no_guess(scim: Scim, frozen: list[Any]) -> None:
    for _ in range(limits.UNKNOWN_TOKENS + 1):
        assert scim.client.get("/scim/v2/Users").status_code == 401
    assert guess(scim) == 401


# --- memory -------------------------------------------------------------------------------------


def test_counts_are_bounded(monkeypatch: pytest.MonkeyPatch, frozen: list[Any]) -> None:
    monkeypatch.setattr(allowances, "_MOST_KEYS", 10)
    buckets = Buckets()
    for n in range(100):
        assert buckets.take(str(n), 1, 1) == 0
    assert len(buckets._used_until) <= 10
    assert buckets.take("99", 1, 1) > 0


def test_known_tokens_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_MOST_KEYS", 3)
    held = limits.Limits()
    for n in range(5):
        held.recognise(str(n))
    assert len(held.known) == 3
