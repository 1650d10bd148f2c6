"""Seats under load: claims from many connections, and licensing by one large group.

    python -m bench.seats [PEOPLE]

1,500 claims on 1,000 units from 16 connections in 4 processes, by the product's write path and by a
bare guarded UPDATE with an INSERT, on the same database in the same run; then exactly 1,000 must be
held. Then PEOPLE (50,000) are licensed by one group, and compared with adding them; the longest
part is printed, for no pool's row may be held for more than 200 ms.
"""

import multiprocessing
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import func, select, text

from bench.ground import KINDS, database, organization, serving
from idp.changes import apply, seat_turns
from idp.changes.intents import (
    AddMember,
    AssignLicense,
    BuySubscription,
    CreateGroup,
    CreateUser,
    PutService,
)
from idp.clock import new_id
from idp.directory.actors import system_actor
from idp.directory.errors import DirectoryError
from idp.extensions import db
from idp.licensing.catalogue import catalogue
from idp.licensing.seats import Holding

UNITS, CLAIMS, PROCESSES, THREADS = 1_000, 1_500, 4, 4
BATCH = 5_000
SERVICE = {
    "slug": "bench",
    "name": "Bench",
    "skus": [
        {
            "part_number": "BENCH",
            "name": "Bench",
            "offers": [{"slug": "bench", "name": "Bench", "kind": "paid"}],
        }
    ],
}
BARE = (
    "CREATE TABLE bare_pool (id INTEGER PRIMARY KEY, units INTEGER, consumed INTEGER)",
    "CREATE TABLE bare_holding (user_id VARCHAR(36) PRIMARY KEY, sku_id VARCHAR(36))",
    f"INSERT INTO bare_pool VALUES (1, {UNITS}, 0)",  # noqa: S608  numbers of our own
)
TAKE = text("UPDATE bare_pool SET consumed = consumed + 1 WHERE id = 1 AND consumed < units")
HOLD = text("INSERT INTO bare_holding VALUES (:user, 'bench')")


Claimer = Callable[[str, str, str], None]


def by_the_product(org_id: str, sku_id: str, user_id: str) -> None:
    """One claim as an administrator makes it."""
    try:
        apply(AssignLicense(sku_id, user_id), by=system_actor(org_id))
    except DirectoryError as refused:
        if refused.code != "count_violation":
            raise
    finally:
        db.session.remove()


def bare(_org_id: str, _sku_id: str, user_id: str) -> None:
    """One claim with nothing around it."""
    with db.engine.connect().execution_options(writing=True) as held:
        if held.execute(TAKE).rowcount:
            held.execute(HOLD, {"user": user_id})
        held.commit()


CLAIMERS: dict[str, Claimer] = {"product": by_the_product, "bare": bare}


def _process(url: str, name: str, ids: tuple[str, str], people: list[str], gate: Any) -> None:
    """A process with its threads; it begins when all are ready."""
    for app, _url in serving(url, Path("/tmp")):  # noqa: S108  nothing is written there
        catalogue()
        claim = partial(_claim, app, CLAIMERS[name], ids)
        gate.wait()
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(claim, people))


def _claim(app: Flask, claimer: Claimer, ids: tuple[str, str], user_id: str) -> None:
    with app.app_context():
        claimer(*ids, user_id)


def claims(url: str, name: str, ids: tuple[str, str], people: list[str]) -> float:
    """Claims a second."""
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(PROCESSES + 1)
    shares = [people[n::PROCESSES] for n in range(PROCESSES)]
    at_work = [
        context.Process(target=_process, args=(url, name, ids, share, gate)) for share in shares
    ]
    for one in at_work:
        one.start()
    gate.wait()
    begun = time.perf_counter()
    for one in at_work:
        one.join()
    assert not any(one.exitcode for one in at_work), "a process failed"
    return len(people) / (time.perf_counter() - begun)


def crowd(org_id: str, count: int, group: str | None = None) -> tuple[list[str], float]:
    """New people, and how many were added a second."""
    ids, begun = [new_id() for _ in range(count)], time.perf_counter()
    for first in range(0, count, BATCH):
        some = ids[first : first + BATCH]
        made = [CreateUser({"userName": f"{one}@bench.example"}, id=one) for one in some]
        apply(*made, by=system_actor(org_id))
        db.session.remove()
    rate = count / (time.perf_counter() - begun)
    if group:
        for first in range(0, count, BATCH):
            some = ids[first : first + BATCH]
            apply(*(AddMember(group, one) for one in some), by=system_actor(org_id))
    return ids, rate


def licensing(org_id: str, sku_id: str, count: int) -> tuple[float, float, float]:
    """People added a second, licensed a second by one group, and the longest part in seconds."""
    by = system_actor(org_id)
    group = apply(CreateGroup({"displayName": "All"}), by=by).first.id
    _ids, added = crowd(org_id, count, group)
    apply(BuySubscription(_offer(), count), by=by)
    longest, begun = 0.0, time.perf_counter()
    apply(AssignLicense(sku_id, group_id=group), by=by)
    while row := seat_turns.claim():
        part = time.perf_counter()
        seat_turns.take(row)
        longest = max(longest, time.perf_counter() - part)
        db.session.remove()
    return added, count / (time.perf_counter() - begun), longest


def _offer() -> str:
    return next(iter(catalogue().offers))


def main() -> None:
    """Measure both databases, and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    for kind in KINDS:
        with database(kind, durable=True) as (_app, url):
            org_id = organization().org_id
            apply(PutService(SERVICE), by=system_actor(""))
            sku_id = next(iter(catalogue().skus))
            apply(BuySubscription(_offer(), UNITS), by=system_actor(org_id))
            people, _rate = crowd(org_id, CLAIMS)
            with db.engine.connect().execution_options(writing=True) as held:
                for statement in BARE:
                    held.execute(text(statement))
                held.commit()
            db.session.remove()
            rates = {name: claims(url, name, (org_id, sku_id), people) for name in CLAIMERS}
            seats = db.session.scalar(select(func.count()).select_from(Holding))
            assert seats == UNITS, f"{seats} seats of {UNITS}"
            ratio = rates["product"] / rates["bare"]
            print(
                f"{kind}: {rates['product']:,.0f} claims/s, bare {rates['bare']:,.0f}/s, "
                f"ratio {ratio:.2f}; {seats:,} held of {UNITS:,}",
                flush=True,
            )
            added, licensed, longest = licensing(org_id, sku_id, count)
            print(
                f"{kind}: {count:,} people added {added:,.0f}/s, licensed {licensed:,.0f}/s, "
                f"ratio {licensed / added:.2f}; longest part {longest * 1000:.0f} ms",
                flush=True,
            )


if __name__ == "__main__":
    main()
