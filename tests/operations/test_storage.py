"""A store that is locked, full, or loses its server in mid-batch: all of a batch, or nothing."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from idp.changes import apply, audit
from idp.changes.audit import AuditEntry
from idp.changes.intents import ChangeUser, CreateUser
from idp.config import Settings
from idp.directory import queries
from idp.directory.errors import Unavailable
from idp.directory.users import User, UserValue, UserWord
from idp.extensions import db
from tests import cast
from tests.cast import Cast
from tests.changes.steps import written
from tests.conftest import MASTER_KEY, SECRET_KEY


@pytest.fixture
def people_on_sqlite(sqlite_app: Flask) -> Cast:
    """The cast, on SQLite."""
    return cast.assemble()


@contextmanager
def pragma(text: str) -> Iterator[None]:
    """Every connection of the app is opened with one more PRAGMA."""

    def set_it(connection: Any, _record: Any) -> None:
        connection.execute(f"PRAGMA {text}").close()

    db.session.remove()
    db.engine.dispose()
    event.listen(db.engine, "connect", set_it)
    try:
        yield
    finally:
        event.remove(db.engine, "connect", set_it)
        db.session.remove()
        db.engine.dispose()


@contextmanager
def locked(app: Flask) -> Iterator[None]:
    """Somebody else holds the write lock of the SQLite file."""
    settings: Settings = app.config["CHAMBERLAIN"]
    other = sqlite3.connect(settings.database.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def crowd(count: int) -> list[CreateUser]:
    return [
        CreateUser({"userName": f"p{n}", "emails": [{"value": f"p{n}@home.example"}]})
        for n in range(count)
    ]


def test_it_waits_five_seconds_for_a_lock(sqlite_app: Flask) -> None:
    with db.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 10000
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_locked_database_refuses_and_then_goes_on(
    sqlite_app: Flask, people_on_sqlite: Cast
) -> None:
    people = people_on_sqlite
    before = written()
    with pragma("busy_timeout=100"):
        with locked(sqlite_app), pytest.raises(Unavailable) as refused:
            apply(*crowd(3), by=people.operator)
        assert refused.value.code == "storage_unavailable"
        assert written() == before
        assert apply(*crowd(3), by=people.operator).changed


def test_while_it_is_locked_reading_goes_on(sqlite_app: Flask, people_on_sqlite: Cast) -> None:
    db.session.remove()
    with locked(sqlite_app):
        assert queries.find_user(people_on_sqlite.alice, people_on_sqlite.bob.id)
        db.session.remove()


def test_a_client_is_asked_to_come_again(sqlite_app: Flask, people_on_sqlite: Cast) -> None:
    bearer = {"Authorization": f"Bearer {people_on_sqlite.token}"}
    user = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "dora@northwind.example",
    }
    client = sqlite_app.test_client()
    assert client.get("/scim/v2/Users", headers=bearer).status_code == 200
    before = written()
    with pragma("busy_timeout=100"), locked(sqlite_app):
        answer = client.post("/scim/v2/Users", json=user, headers=bearer)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert written() == before
    assert client.post("/scim/v2/Users", json=user, headers=bearer).status_code == 201


def test_a_full_disk_refuses_and_leaves_nothing(sqlite_app: Flask, people_on_sqlite: Cast) -> None:
    people = people_on_sqlite
    before = written()
    pages = db.session.connection().exec_driver_sql("PRAGMA page_count").scalar()
    with pragma(f"max_page_count={pages + 20}"):
        with pytest.raises(Unavailable) as refused:
            apply(*crowd(2000), by=people.operator)
        assert refused.value.code == "storage_full"
        assert written() == before
        assert apply(ChangeUser(people.bob.id, {"title": "Cook"}), by=people.operator).changed
    assert apply(*crowd(2000), by=people.operator).changed
    assert audit.verify(db.session, people.org) is None


# The batch stops, in the middle of its writes, at the statement that SIGNAL names, and waits.
PROGRAM = """
import sys, time
from sqlalchemy import event
from idp.app import create_app
from idp.changes import apply
from idp.changes.intents import CreateUser
from idp.directory.actors import system_actor
from idp.extensions import db

def stop(connection, cursor, statement, *rest):
    if sys.argv[2] in statement:
        print("there", flush=True)
        time.sleep(600)

app = create_app()
with app.app_context():
    event.listen(db.engine, "after_cursor_execute", stop)
    event.listen(db.engine, "commit", lambda connection: stop(connection, None, "COMMIT"))
    apply(*(CreateUser({"userName": f"p{n}", "emails": [{"value": f"p{n}@home.example"}]})
            for n in range(5000)), by=system_actor(sys.argv[1]))
    print("done", flush=True)
    time.sleep(600)
"""


@contextmanager
def another_process(app: Flask, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process of its own on the app's database, killed without warning in the end."""
    settings: Settings = app.config["CHAMBERLAIN"]
    environment = {
        **os.environ,
        "CHAMBERLAIN_DATABASE_URL": settings.database,
        "CHAMBERLAIN_DATA_DIR": str(settings.data_dir),
        "CHAMBERLAIN_MASTER_KEY": MASTER_KEY,
        "CHAMBERLAIN_SECRET_KEY": SECRET_KEY,
    }
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=Path(__file__).parents[2],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


def crowd_is_there() -> list[int]:
    db.session.rollback()
    rows = {
        "people": select(func.count()).where(User.user_name_key.startswith("p")),
        "addresses": select(func.count()).where(UserValue.value_key.startswith("p")),
        "words": select(func.count()).where(UserWord.word.startswith("p")),
        "entries": select(func.count()).where(AuditEntry.target_name.startswith("p")),
    }
    return [db.session.scalar(statement) or 0 for statement in rows.values()]


@pytest.mark.parametrize("point", ["INSERT INTO users", "UPDATE audit_heads"])
def test_a_server_killed_in_the_middle_of_a_batch_leaves_nothing(
    app: Flask, people: Cast, point: str
) -> None:
    db.session.remove()
    with another_process(app, people.org, point) as process:
        assert process.stdout
        assert process.stdout.readline() == "there\n"
    assert crowd_is_there() == [0, 0, 0, 0]
    assert apply(CreateUser({"userName": "p1"}), by=people.operator).changed
    assert audit.verify(db.session, people.org) is None


def test_a_server_killed_after_a_batch_leaves_all_of_it(app: Flask, people: Cast) -> None:
    db.session.remove()
    with another_process(app, people.org, "nowhere") as process:
        assert process.stdout
        assert process.stdout.readline() == "done\n"
    assert crowd_is_there() == [5000, 5000, 5000, 5000]
    assert audit.verify(db.session, people.org) is None
