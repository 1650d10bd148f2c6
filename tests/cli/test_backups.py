"""The whole database into a file and back, on both databases."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask

from idp import sealing
from idp.changes import apply, ledger
from idp.changes.intents import DeleteUser
from idp.directory import queries
from idp.directory.errors import NotFound
from idp.extensions import db
from tests.cast import Cast
from tests.cli.conftest import Run, runner
from tests.conftest import MASTER_KEY


@pytest.fixture
def backup(app: Flask, run: Run, tmp_path: Path) -> Path:
    """A backup of the cast."""
    ledger.check_master_key()
    db.session.remove()
    file = tmp_path / "directory.backup"
    data = run("backup", str(file), "--json").data
    assert data["bytes"] == file.stat().st_size
    assert "master key is not in it" in data["note"]
    return file


def test_a_backup_brings_everything_back(people: Cast, run: Run, backup: Path) -> None:
    apply(DeleteUser(people.bob.id), by=people.operator)
    db.session.remove()

    data = run("restore", str(backup), "--yes", "--json").data

    assert queries.find_user(people.operator, people.bob.id).user_name == "bob@northwind.example"
    assert run("audit", "verify", "--json").data["status"] == "ok"
    assert run("user", "block", "bob@northwind.example").code == 0
    before = data["before"]
    db.session.remove()
    run("restore", before, "--yes", "--json")
    with pytest.raises(NotFound):
        queries.find_user(people.operator, people.bob.id)


def test_a_backup_is_private_and_whole(run: Run, backup: Path) -> None:
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert [p.name for p in backup.parent.glob(".directory*")] == []
    assert MASTER_KEY.encode() not in backup.read_bytes()


def test_a_backup_overwrites_nothing(run: Run, backup: Path) -> None:
    before = backup.read_bytes()

    ran = run("backup", str(backup))
    assert (ran.code, backup.read_bytes()) == (1, before)


def test_nothing_is_replaced_without_a_yes(people: Cast, run: Run, backup: Path) -> None:
    apply(DeleteUser(people.bob.id), by=people.operator)
    db.session.remove()

    assert run("restore", str(backup), given="n\n").code == 1
    with pytest.raises(NotFound):
        queries.find_user(people.operator, people.bob.id)


def test_a_backup_of_another_master_key_is_refused_first(
    app: Flask, people: Cast, run: Run, backup: Path
) -> None:
    apply(DeleteUser(people.bob.id), by=people.operator)
    db.session.remove()
    app.extensions["chamberlain_ring"] = sealing.ring(sealing.make_key())

    ran = run("restore", str(backup), "--yes")

    assert ran.code == 1
    assert "master key" in ran.err
    with pytest.raises(NotFound):
        queries.find_user(people.operator, people.bob.id)


def test_what_is_no_backup_is_refused(run: Run, backup: Path) -> None:
    other = backup.with_name("letter.txt")
    other.write_text("Dear Sir or Madam")

    ran = run("restore", str(other), "--yes")
    assert ran.code == 1
    assert "Traceback" not in ran.err


def test_a_backup_of_a_newer_release_is_refused(sqlite_app: Flask, tmp_path: Path) -> None:
    run, file = runner(sqlite_app), tmp_path / "x.backup"
    run("backup", str(file))
    with closing(sqlite3.connect(file)) as copy:
        copy.execute("UPDATE alembic_version SET version_num = '9999'")
        copy.commit()

    ran = run("restore", str(file), "--yes")
    assert ran.code == 1
    assert "which this release does not know" in ran.err


def test_a_damaged_backup_is_refused(sqlite_app: Flask, tmp_path: Path) -> None:
    run, file = runner(sqlite_app), tmp_path / "x.backup"
    run("backup", str(file))
    data = bytearray(file.read_bytes())
    data[8192:12288] = b"\xff" * 4096
    file.write_bytes(data)

    ran = run("restore", str(file), "--yes")
    assert ran.code == 1
    assert "Traceback" not in ran.err
