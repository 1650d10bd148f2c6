"""The worker: deliver what the outbox owes, do what is due. A thread in the server, or processes.

Any number may run beside each other; leases and dates in the database keep them apart. A worker
that is killed loses nothing: its leases run out, and another delivers (see `changes.outbox`).
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Flask

from idp import mail
from idp.changes import ledger, outbox
from idp.config import Settings
from idp.logs import log

IDLE = 1.0  # seconds between looks when nothing was due
CHORES: dict[str, tuple[timedelta, Callable[[], object]]] = {
    "sweep": (timedelta(hours=1), ledger.sweep),
}


def bind(app: Flask) -> None:
    """Start the server's own worker with its first request: the command line needs none."""
    settings: Settings = app.config["CHAMBERLAIN"]
    if not settings.worker:
        return
    started = threading.Lock()

    @app.before_request
    def start_once() -> None:
        if started.acquire(blocking=False):
            threading.Thread(target=run, args=(app,), name="worker", daemon=True).start()


def run(app: Flask, stop: threading.Event | None = None, *, once: bool = False) -> None:
    """Work until `stop` is set; with `once`, until nothing is due."""
    stop = stop or threading.Event()
    while not stop.is_set():
        done = 0
        try:
            with app.app_context():
                done = work(app.config["CHAMBERLAIN"])
        except Exception as error:
            log.error("worker_failed", exc_info=error)
        if not done:
            if once:
                return
            stop.wait(IDLE)


def work(settings: Settings) -> int:
    """One round: returns how many deliveries were tried."""
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
