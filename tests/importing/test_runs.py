"""An import at work: in chunks of constant cost, by one worker at a time, each row once."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from idp import jobs
from idp.changes import apply, audit, imports
from idp.changes.imports import Import, ImportRow
from idp.changes.intents import CancelImport, CommitImport, CreateGroup, KeepImport, MapImport
from idp.clock import now
from idp.config import Settings
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.users import User
from idp.extensions import db
from idp.importing import columns, files, run
from tests.cast import Cast
from tests.changes.steps import statements
from tests.conftest import MASTER_KEY, SECRET_KEY

HEAD = "userName,name.givenName,emails,groups\n"


def text_of(count: int, start: int = 0) -> str:
    """Newcomers with two addresses each, in one group."""
    mails = "u{0}@northwind.example|k{0}@x.example"
    rows = range(start, start + count)
    return HEAD + "".join(f"u{n:05},Kim {n},{mails.format(n)},Kitchen\n" for n in rows)


def kept(by: Actor, text: str) -> str:
    table = files.read(text.encode())
    change = KeepImport("people.csv", text.encode(), table.header, len(table.lines))
    made = apply(change, by=by).first.id
    mapping = columns.guess(table.header, queries.vocabulary(by))
    apply(MapImport(made, mapping), by=by)
    return made


def work() -> int:
    """All that is due; returns how many turns it took."""
    turns = 0
    while jobs.bring(_SETTINGS):
        turns += 1
    return turns


_SETTINGS: Any = None  # this round needs none


def running(by: Actor, text: str) -> str:
    made = kept(by, text)
    work()
    apply(CommitImport(made), by=by)
    return made


def statuses(import_id: str) -> Counter[str]:
    db.session.rollback()
    found = select(ImportRow.status).where(ImportRow.import_id == import_id)
    return Counter(db.session.scalars(found))


@pytest.fixture
def kitchen(people: Cast) -> str:
    return apply(CreateGroup({"displayName": "Kitchen"}), by=people.alice).first.id


def test_the_rehearsal_says_what_the_import_does(people: Cast, kitchen: str) -> None:
    apply_all(people.alice, text_of(5))
    text = text_of(12).replace("u00001,Kim 1,", "u00001,Kim One,") + "u00002,x,,\nu00099,x,,No\n"
    made = kept(people.alice, text)
    work()
    rehearsed = statuses(made)
    assert rehearsed == {"created": 7, "updated": 1, "unchanged": 4, "refused": 2}
    assert queries.find_user_by_name(people.alice, "u00007") is None
    apply(CommitImport(made), by=people.alice)
    work()
    assert statuses(made) == rehearsed
    assert queries.effective_count(people.alice, kitchen) == 12
    view = imports.find_import(people.alice, made)
    assert (view.state, view.created_count, view.refused_count) == ("done", 7, 2)


def apply_all(by: Actor, text: str) -> str:
    made = running(by, text)
    work()
    return made


def test_ten_thousand_rows_cost_the_same_for_each_chunk(people: Cast, kitchen: str) -> None:
    made = kept(people.alice, text_of(10_000))
    costs: list[int] = []
    with statements() as sent:
        while jobs.bring(_SETTINGS):
            costs.append(len(sent))
            if len(costs) == 4:
                break
    each = [after - before for before, after in zip([0, *costs], costs, strict=False)]
    assert max(each) <= min(each) + 3
    assert max(each) < 80
    assert imports.find_import(people.alice, made).position == 4 * run.CHUNK


def test_the_chunks_of_an_import_cost_what_one_row_costs(people: Cast, kitchen: str) -> None:
    def cost(text: str) -> int:
        running(people.alice, text)
        with statements() as sent:
            jobs.bring(_SETTINGS)
        return len(sent)

    few = cost(text_of(3))
    many = cost(text_of(run.CHUNK, start=100))
    assert many <= few + 5


def test_the_file_is_read_only_by_who_needs_it(people: Cast, kitchen: str) -> None:
    made = kept(people.alice, text_of(2))
    work()
    db.session.rollback()
    with statements() as sent:
        imports.imports_of(people.alice)
        imports.find_import(people.alice, made)
        imports.rows_of(people.alice, made)
        imports.owed()
        apply(CommitImport(made), by=people.alice)
    assert [one for one in sent if "content" in one] == []
    assert imports.content_of(people.alice, made) == text_of(2).encode()


def test_the_importer_is_named_in_the_audit_with_what_the_import_came_to(
    people: Cast, kitchen: str
) -> None:
    made = apply_all(people.alice, text_of(3) + "u1 ,x,,\n")
    entries, _ = audit.page(people.alice, audit.AuditFilter(about=made))
    assert [entry.action for entry in entries] == ["import.finished", "import.started"]
    assert entries[0].diff["created_count"] == [None, 4]
    assert {entry.actor_id for entry in entries} == {people.alice.id}
    who = queries.find_user_by_name(people.alice, "u00001")
    assert who
    (entry, *_rest), _ = audit.page(people.alice, audit.AuditFilter(action="user.created"), limit=1)
    assert (entry.actor_id, entry.door, entry.request_id) == (people.alice.id, "worker", made)


def test_two_workers_do_not_make_a_chunk_twice(people: Cast, kitchen: str) -> None:
    made = running(people.alice, text_of(10))
    first = imports.claim()
    assert first
    assert imports.claim() is None  # leased
    past = {"due_at": now() - timedelta(seconds=1)}
    db.session.execute(update(Import).where(Import.id == made).values(past))
    db.session.commit()
    second = imports.claim()
    assert second
    run.turn(second)
    run.turn(first)  # came back from the dead
    assert statuses(made) == {"created": 10}
    assert imports.find_import(people.alice, made).created_count == 10


def test_a_chunk_that_is_cancelled_while_it_is_made_is_not_made(people: Cast, kitchen: str) -> None:
    made = running(people.alice, text_of(10))
    row = imports.claim()
    assert row
    apply(CancelImport(made), by=people.alice)
    run.turn(row)
    assert queries.find_user_by_name(people.alice, "u00001") is None
    assert imports.find_import(people.alice, made).state == "cancelled"


WORKER = (
    "from idp.app import create_app; from idp import jobs; from idp.importing import run; "
    "run.CHUNK = 20; jobs.ROUNDS = (jobs.bring,); jobs.run(create_app())"
)


def start_worker(settings: Settings) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "CHAMBERLAIN_DATABASE_URL": settings.database,
        "CHAMBERLAIN_DATA_DIR": str(settings.data_dir),
        "CHAMBERLAIN_MASTER_KEY": MASTER_KEY,
        "CHAMBERLAIN_SECRET_KEY": SECRET_KEY,
    }
    here = Path(__file__).parents[2]
    return subprocess.Popen([sys.executable, "-c", WORKER], cwd=here, env=environment)


def test_what_a_killed_worker_left_another_goes_on_with(
    app: Flask, people: Cast, kitchen: str
) -> None:
    made = running(people.alice, text_of(3_000))
    db.session.remove()
    worker = start_worker(app.config["CHAMBERLAIN"])
    try:
        while imports.find_import(people.alice, made).position < 60:
            assert worker.poll() is None
            db.session.rollback()
            time.sleep(0.01)  # lets the other process have the processor
        worker.send_signal(signal.SIGKILL)
    finally:
        worker.kill()
        worker.wait()
    db.session.rollback()
    left = imports.find_import(people.alice, made)
    assert 60 <= left.position < 3_000
    assert statuses(made) == {"created": left.position}
    past = {"due_at": now() - timedelta(seconds=1)}  # its lease runs out
    db.session.execute(update(Import).where(Import.id == made).values(past))
    db.session.commit()
    work()
    assert statuses(made) == {"created": 3_000}
    there = select(func.count()).select_from(User).where(User.user_name.like("u0%"))
    assert db.session.scalar(there) == 3_000
