"""Writes the journal behind the requests: entries gather in memory and are written in sets.

No request waits for it. What gathers is bounded: while the database is away, further entries are
counted and dropped, and an entry says how many. A flood of requests over the rate limit becomes
one entry a minute. The thread starts with a process's first entry, never at import, and not in
its parent; a forked child begins with nothing gathered. At an orderly end the rest is written.
"""

import os
import threading
import weakref
from collections import Counter
from datetime import timedelta
from multiprocessing.util import Finalize

from flask import Flask
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from idp.changes import journal
from idp.changes.batch import Row
from idp.changes.journal import BLANK
from idp.clock import new_id, now
from idp.logs import log

SET = 500  # entries that are written together
MOST_ENTRIES = 10_000
MOST_TEXT = 32 * 1024 * 1024  # characters of bodies
FLOOD = timedelta(minutes=1)
_LOST = "The database could not be written to. What these requests changed is in the audit."


class Recorder:
    """Gathers the entries of one application in one process.

    `every` is the longest time in seconds that an entry waits; 0: until a set is full, or `flush`.
    """

    def __init__(self, app: Flask, every: float) -> None:
        self._app = app
        self._every = every
        self._forget()

    def _forget(self) -> None:
        self._process = os.getpid()
        self._lock, self._flushing = threading.Lock(), threading.Lock()
        self._full = threading.Event()
        self._thread: threading.Thread | None = None
        self._rows: list[Row] = []
        self._text = 0
        self._lost: Counter[tuple[str, str]] = Counter()  # by organization and connection
        self._floods: dict[str, Row] = {}  # by connection

    def add(self, row: Row) -> None:
        """Take an entry; it is written soon."""
        if self._process != os.getpid():
            self._forget()
        with self._lock:
            if row["code"] == "rate_limited" and self._is_flood(row):
                return
            self._gather(row)
            full = len(self._rows) >= SET
        if self._every and self._thread is None:
            self._start()
        if full:
            self._full.set() if self._every else self.flush()

    def _gather(self, row: Row) -> None:
        if len(self._rows) >= MOST_ENTRIES or self._text >= MOST_TEXT:
            self._lost[row["org_id"], row["connection_id"]] += 1
            return
        self._rows.append(row)
        self._text += len(row["body"])

    def _is_flood(self, row: Row) -> bool:
        """Whether one like it was written less than a minute ago: then it is only counted."""
        flood = self._floods.get(row["connection_id"])
        if flood is None:
            self._floods[row["connection_id"]] = row | {"repeated": 0}
            return False
        self._floods[row["connection_id"]] = row | {
            "at": flood["at"],
            "repeated": flood["repeated"] + 1,
        }
        return True

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
                self._thread.start()
                # Runs at the end of a process, also of one that multiprocessing made.
                Finalize(None, _finish, (weakref.ref(self),), exitpriority=1)

    def _run(self) -> None:
        while True:
            self._full.wait(self._every)
            self._full.clear()
            try:
                self.flush()
            except Exception as error:
                log.error("journal_failed", exc_info=error)

    def flush(self, *, last: bool = False) -> None:
        """Write what has gathered; with `last`, floods that are not over, too."""
        with self._flushing:
            rows = self._taken(last)
            while rows:
                some, rows = rows[:SET], rows[SET:]
                try:
                    with self._app.app_context():
                        journal.write(some)
                except SQLAlchemyError as error:
                    log.error("journal_not_written", cause=type(error).__name__, entries=len(some))
                    away = isinstance(error, OperationalError | InterfaceError)
                    self._keep(some + rows if away else rows, [] if away else some)
                    return

    def _taken(self, last: bool) -> list[Row]:
        with self._lock:
            rows, self._rows, self._text = self._rows, [], 0
            rows += [_loss(*whose, count) for whose, count in self._lost.items()]
            self._lost.clear()
            over = [
                flood for flood in self._floods.values() if last or now() - flood["at"] >= FLOOD
            ]
            for flood in over:
                del self._floods[flood["connection_id"]]
        return rows + [flood for flood in over if flood["repeated"]]

    def _keep(self, rows: list[Row], refused: list[Row]) -> None:
        """Try again later what could not be written now; give up what no database will take."""
        with self._lock:
            newer, self._rows, self._text = self._rows, [], 0
            for row in rows + newer:
                self._gather(row)
            self._lost.update((row["org_id"], row["connection_id"]) for row in refused)


def _finish(held: "weakref.ref[Recorder]") -> None:
    recorder = held()
    if recorder is not None:
        recorder.flush(last=True)


def _loss(org_id: str, connection_id: str, count: int) -> Row:
    """The entry that stands for those that found no room."""
    told = {"code": "not_journalled", "kept": "cut", "detail": _LOST, "repeated": count}
    whose = {"id": new_id(), "org_id": org_id, "connection_id": connection_id, "at": now()}
    return BLANK | whose | told
