"""The write path against bare inserts of the very same rows; and what a single change takes.

    python -m bench.write_path [PEOPLE [MEMBERS]]

Creates people with e-mail addresses and a group membership each through `apply`, with rules,
ownership, audit and outbox; then inserts the same rows into an empty database in the fastest way
its driver has (executemany on SQLite, COPY on PostgreSQL), one transaction. Prints rates, the
ratio (the aim is a quarter at least), the number of statements for 10 and for 1,000 changes, and
peak memory. Then single changes, each a transaction: people, and members of a group of ten and of
a group of MEMBERS (100,000 unless told).
"""

import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import Table, event, insert

from bench.ground import KINDS, database, organization
from idp.changes import apply, store
from idp.changes.batch import Batch
from idp.changes.intents import (
    AddMember,
    Change,
    ChangeGroup,
    ChangeUser,
    CreateGroup,
    CreateUser,
    RemoveMember,
)
from idp.clock import new_id
from idp.directory.actors import Actor, system_actor
from idp.extensions import db
from idp.postgresql import AT_ONCE

SINGLES = 200
Rows = list[tuple[Table, list[dict[str, Any]]]]


def joiners(first: int, count: int, group: str) -> list[Change]:
    """People with two addresses each, and the group they join."""
    changes: list[Change] = []
    for n in range(first, first + count):
        name, person = f"person{n}@bench.example", new_id()
        emails = [
            {"value": name, "type": "work", "primary": True},
            {"value": f"home{n}@mail.example", "type": "home"},
        ]
        fields = {
            "userName": name,
            "displayName": f"Person Number {n}",
            "name.givenName": "Person",
            "name.familyName": f"Number {n}",
            "title": "Clerk",
            "emails": emails,
        }
        changes.append(CreateUser(fields, external_id=f"E{n}", id=person))
        changes.append(AddMember(group, person))
    return changes


@contextmanager
def kept_rows() -> Iterator[Rows]:
    """Collect what the store inserts."""
    kept: Rows = []
    write = store.write

    def writing(batch: Batch) -> None:
        order = {table: n for n, table in enumerate(db.metadata.sorted_tables)}
        kept.extend((t, batch.inserts[t]) for t in sorted(batch.inserts, key=order.__getitem__))
        write(batch)

    store.write = writing
    try:
        yield kept
    finally:
        store.write = write


@contextmanager
def counted() -> Iterator[list[str]]:
    """Collect the statements that reach the database."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def seconds(work: Callable[[], object]) -> float:
    """How long a piece of work takes, in seconds."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def ours(kind: str, people: int) -> tuple[float, Rows, Rows, list[int]]:
    """The write path: its time, the rows it wrote before and during, and its statement counts."""
    with database(kind, durable=True), kept_rows() as rows:
        hr = organization()
        group = apply(CreateGroup({"displayName": "Everybody"}), by=hr).first.id
        counts = [_statements(hr, group, first, count) for first, count in ((0, 10), (10, 1000))]
        before = list(rows)
        del rows[:]
        changes = joiners(2000, people, group)
        took = seconds(lambda: apply(*changes, by=hr))
        return took, before, list(rows), counts


def _statements(hr: Actor, group: str, first: int, count: int) -> int:
    with counted() as seen:
        apply(*joiners(first, count // 2, group), by=hr)
    return len(seen)


def bare(kind: str, before: Rows, rows: Rows) -> float:
    """The same rows, and nothing else."""
    with database(kind, durable=True):
        _insert(before)
        return seconds(lambda: _insert(rows))


def _insert(rows: Rows) -> None:
    with db.engine.connect() as held, held.execution_options(writing=True).begin():
        for table, values in rows:
            if table.name != "audit_heads":
                held.execute(insert(table), values, execution_options=AT_ONCE)


def flat_memory(kind: str) -> list[int]:
    """Peak memory in MB after each of ten batches of 1,000: it must not climb."""
    peaks = []
    with database(kind, durable=True):
        hr = organization()
        group = apply(CreateGroup({"displayName": "Everybody"}), by=hr).first.id
        for n in range(10):
            apply(*joiners(n * 1000, 1000, group), by=hr)
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    return peaks


def one_by_one(kind: str, members: int) -> Iterator[tuple[str, float, int]]:
    """Single changes: what, the median of milliseconds, and the number of statements."""
    with database(kind, durable=True):
        hr = organization()
        us = system_actor(hr.org_id)  # whom no brake stops from removing so many
        crowd = [new_id() for _ in range(members)]
        few = apply(CreateGroup({"displayName": "Few"}), by=hr).first.id
        many = apply(CreateGroup({"displayName": "Many"}), by=hr).first.id
        for first in range(0, members, 5000):
            some = crowd[first : first + 5000]
            apply(*(CreateUser({"userName": f"m{one}"}, id=one) for one in some), by=hr)
            apply(ChangeGroup(many, add=some), by=hr)
        apply(ChangeGroup(few, add=crowd[:10]), by=hr)
        with db.engine.begin() as held:
            held.exec_driver_sql("ANALYZE")  # a server does so by itself within a minute
        new = [change for change in joiners(0, 2 * SINGLES, few) if isinstance(change, CreateUser)]
        ids = [str(change.id) for change in new[:SINGLES]]
        apply(*new[:SINGLES], by=hr)
        yield "a person more", *_each(new[SINGLES:], hr)
        yield "a new title", *_each([ChangeUser(one, {"title": new_id()}) for one in ids], hr)
        for name, group in (("ten", few), (f"{members:,}", many)):
            yield f"a member more of {name}", *_each([AddMember(group, one) for one in ids], hr)
            yield f"a member less of {name}", *_each([RemoveMember(group, one) for one in ids], us)


def _each(changes: Sequence[Change], hr: Actor) -> tuple[float, int]:
    with counted() as seen:
        apply(changes[0], by=hr)
    db.session.remove()
    times = []
    for change in changes[1:]:
        times.append(seconds(partial(apply, change, by=hr)))
        db.session.remove()
    return statistics.median(times) * 1000, len(seen)


def main() -> None:
    """Measure both databases and print."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    members = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    for kind in KINDS:
        peaks = flat_memory(kind)
        took, before, rows, counts = ours(kind, people)
        least = bare(kind, before, rows)
        written = sum(len(values) for _, values in rows)
        print(f"{kind}: {people} people with addresses and membership, {written} rows")
        print(f"  write path      {took:6.2f} s  {people / took:8.0f} people/s")
        print(f"  bare inserts    {least:6.2f} s  {people / least:8.0f} people/s")
        print(f"  ratio           {least / took:6.2f}    (aim: at least 0.25)")
        print(f"  statements      {counts[0]} for 10 changes, {counts[1]} for 1,000")
        print(f"  peak memory MB  {peaks}")
        for name, milliseconds, sent in one_by_one(kind, members):
            print(f"  {name:<26} {milliseconds:6.2f} ms  {sent} statements")


if __name__ == "__main__":
    main()
