"""Ids: UUIDv7 that sort in the order in which they were made (RFC 9562 §5.7, §6.2)."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from idp.clock import new_id


def test_ids_sort_in_the_order_of_their_making() -> None:
    ids = [new_id() for _ in range(20_000)]
    assert ids == sorted(set(ids))


def test_ids_keep_their_order_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = new_id()
    an_hour_ago = time.time_ns() - 3600 * 10**9
    monkeypatch.setattr(time, "time_ns", lambda: an_hour_ago)
    assert before < new_id() < new_id()


def test_threads_never_get_the_same_id() -> None:
    with ThreadPoolExecutor(8) as pool:
        batches = list(pool.map(lambda _: [new_id() for _ in range(2000)], range(8)))
    assert all(ids == sorted(ids) for ids in batches)
    assert len({one for ids in batches for one in ids}) == 16_000


def test_an_id_is_a_version_7_uuid_of_this_moment() -> None:
    made = uuid.UUID(new_id())
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert abs((made.int >> 80) - time.time() * 1000) < 5000
