"""The workers: deliver what the outbox owes, do what is due, lead followers on.

Three loops, so that a slow partner holds up neither mail nor seats: threads in the server, or the
command `flask worker`. Any number may run beside each other; leases and dates in the database
keep them apart. One that is killed loses nothing: its leases run out, and another goes on.
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Flask

from idp import mail
from idp.changes import (
    alarms,
    board,
    due,
    followers,
    imports,
    journal,
    ledger,
    outbox,
    seat_turns,
    sign_ins,
    tokens,
    usage,
)
from idp.config import Settings
from idp.importing import run as importing
from idp.logs import log
from scim import events, outbound

IDLE = 1.0  # seconds between looks when nothing was due
CHORES: dict[str, tuple[timedelta, Callable[[], object]]] = {
    "sweep": (timedelta(hours=1), ledger.sweep),
    "imports": (timedelta(hours=1), imports.sweep),
    "event_tokens": (timedelta(hours=1), tokens.sweep),
    "journal": (timedelta(hours=1), journal.sweep),
    "notices": (timedelta(minutes=1), alarms.warn),
    "sign_in_days": (timedelta(hours=1), sign_ins.count),
    "old_sign_ins": (timedelta(days=1), sign_ins.sweep),
    "old_notices": (timedelta(days=1), board.sweep),
    "subscriptions": (timedelta(minutes=1), due.follow),
    "usage": (timedelta(hours=1), usage.sample_seats),
}
# What leads a follower on, by its purpose; it reads `followers.entries` and ends with `advance`.
FOLLOWING: dict[str, Callable[[Settings, followers.Row], object]] = {
    "events": events.follow,
    "outbound": outbound.lead,
}

Round = Callable[[Settings], int]


def bind(app: Flask) -> None:
    """Start the server's own workers with its first request: the command line needs none."""
    settings: Settings = app.config["CHAMBERLAIN"]
    if not settings.worker:
        return
    started = threading.Lock()

    @app.before_request
    def start_once() -> None:
        if started.acquire(blocking=False):
            _start(app, None)


def run(app: Flask, stop: threading.Event | None = None, *, once: bool = False) -> None:
    """Work until `stop` is set; with `once`, until nothing is due."""
    if once:
        for round_ in ROUNDS:
            _loop(app, round_, threading.Event(), once=True)
        return
    for thread in _start(app, stop):
        thread.join()


def _start(app: Flask, stop: threading.Event | None) -> list[threading.Thread]:
    stop = stop or threading.Event()
    threads = [
        threading.Thread(target=_loop, args=(app, r, stop), name=r.__name__, daemon=True)
        for r in ROUNDS
    ]
    for thread in threads:
        thread.start()
    return threads


def _loop(app: Flask, round_: Round, stop: threading.Event, *, once: bool = False) -> None:
    while not stop.is_set():
        done = 0
        try:
            with app.app_context():
                done = round_(app.config["CHAMBERLAIN"])
        except Exception as error:
            log.error("worker_failed", exc_info=error)
        if not done:
            if once:
                return
            stop.wait(IDLE)


def work(settings: Settings) -> int:
    """One round of what is due: returns how many deliveries were tried."""
    for name, (every, chore) in CHORES.items():
        if ledger.chore_due(name) and ledger.take_chore(name, every):
            chore()
    if not outbox.owed():
        return 0
    claimed = outbox.claim()
    for row in claimed:
        _deliver(settings, row)
    return len(claimed)


def _deliver(settings: Settings, row: dict[str, Any]) -> None:
    if not outbox.hold(row):
        return
    try:
        mail.deliver(settings, row["id"], row["org_id"], outbox.payload_of(row))
    except Exception as error:
        log.warning(
            "delivery_failed", delivery=row["id"], attempt=row["attempts"], cause=repr(error)
        )
        outbox.fail(row, repr(error))
    else:
        outbox.succeed(row)


def follow(settings: Settings) -> int:
    """One round of one follower: returns whether there was one to lead on."""
    row = followers.claim() if followers.behind() else None
    if row is None:
        return 0
    try:
        FOLLOWING[row["purpose"]](settings, row)
    except Exception as error:
        log.error("follower_failed", follower=row["id"], exc_info=error)
        followers.fail(row, "The server failed; its log says why.")
    return 1


def seat(_settings: Settings) -> int:
    """A part of one turn over the seats of many: returns how many people it looked at."""
    row = seat_turns.claim() if seat_turns.owed() else None
    return seat_turns.take(row) if row else 0


def bring(_settings: Settings) -> int:
    """A chunk of one import of people: returns how many rows it was."""
    row = imports.claim() if imports.owed() else None
    return importing.turn(row) if row else 0


ROUNDS: tuple[Round, ...] = (work, follow, seat, bring)
