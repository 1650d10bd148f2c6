"""Keys, the proof of the audit, a worker of its own, the doctor."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import select, text

from idp import sealing
from idp.changes import apply, outbox
from idp.changes.intents import IssueLink
from idp.config import ConfigError, load
from idp.extensions import db, writing
from idp.mail import mailbox
from tests import cast
from tests.cast import Cast
from tests.cli.conftest import Run
from tests.conftest import MASTER_KEY
from tests.flows.product import ROOT, environment


def test_a_master_key_is_made_and_nothing_changed(run: Run) -> None:
    made = run("keys", "master", "--json").data["master_key"]

    Fernet(made.encode())
    assert run("keys", "master").out.strip() != made


def test_signing_keys_are_listed_without_their_private_part(run_empty: Run) -> None:
    run_empty("org", "create", "Fabrikam", "--domain", "fabrikam.example", "--admin", "root")

    ran = run_empty("keys", "list", "fabrikam", "--json")

    (key,) = ran.data["keys"]
    assert (key["purpose"], key["state"], key["algorithm"]) == ("saml", "current", "rsa-2048")
    assert "PRIVATE" not in ran.out
    assert len(key["sha256"].split(":")) == 32


def test_the_audit_is_proven(run: Run) -> None:
    data = run("audit", "verify", "--json").data

    assert data["status"] == "ok"
    assert [row["org"] for row in data["organizations"]] == ["northwind", "contoso"]
    assert run("audit", "verify", "contoso").out == "contoso  the chain holds\n"


@pytest.mark.parametrize(
    "tampering, problem",
    [
        ("UPDATE audit_entries SET actor_name = 'x' WHERE seq = 3", "entry 3 was changed or moved"),
        ("DELETE FROM audit_entries WHERE seq = 3", "entry 3 is missing"),
    ],
)
def test_the_audit_names_the_first_bad_row(
    people: Cast, run: Run, tampering: str, problem: str
) -> None:
    with writing() as session:
        session.execute(text(f"{tampering} AND org_id = '{people.org}'"))

    ran = run("audit", "verify", "--json")

    assert ran.code == 1
    assert ran.err == f"Error: northwind: {problem}\n"
    assert '"status": "broken"' in ran.out
    assert run("audit", "verify", "contoso").code == 0


def test_a_worker_delivers_what_is_owed(app: Flask, people: Cast, run: Run) -> None:
    demo = app.config["CHAMBERLAIN"].model_copy(update={"demo": True})
    app.config["CHAMBERLAIN"] = demo
    apply(IssueLink(people.bob.id, "invite", deliver=True), by=people.operator)

    assert run("worker", "--once", "--json").data == {"status": "done"}

    assert delivery_states() == {"done"}


@pytest.mark.slow
def test_a_worker_process_works_until_told(
    sqlite_app: Flask, sqlite_url: str, tmp_path: Path
) -> None:
    people = cast.assemble()
    apply(IssueLink(people.bob.id, "invite", deliver=True), by=people.operator)
    settings = environment(sqlite_url, tmp_path / "data", "http://127.0.0.1:8000")
    worker = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "worker", "--json"],
        cwd=ROOT,
        env=settings | {"CHAMBERLAIN_MASTER_KEY": MASTER_KEY},
        stdout=subprocess.PIPE,
        text=True,
    )
    while worker.poll() is None and delivery_states() != {"done"}:
        time.sleep(0.1)

    worker.send_signal(signal.SIGTERM)
    out, _err = worker.communicate(timeout=60)

    assert (worker.returncode, out) == (0, '{"status": "stopped"}\n')
    assert [m["recipient"] for m in mailbox(people.operator)] == ["bob@northwind.example"]


def delivery_states() -> set[str]:
    """What has become of what was owed, seen afresh."""
    db.session.rollback()
    return set(db.session.scalars(select(outbox.Delivery.state)))


def test_the_doctor_finds_a_well_installation_well(run: Run) -> None:
    data = run("doctor", "--json").data

    assert data["status"] == "ok"
    names = [check["name"] for check in data["checks"]]
    assert names == [
        "database",
        "migrations",
        "master key",
        "data directory",
        "clock",
        "public address",
        "mail",
    ]
    assert "ok       migrations:" in run("doctor").out


def test_the_doctor_never_shows_a_password(app: Flask, run: Run) -> None:
    settings = app.config["CHAMBERLAIN"]
    changed = {
        "database_url": "postgresql+psycopg://u:hunter2@127.0.0.1:1/x",
        "smtp_url": "smtp://u:hunter2@127.0.0.1:1",
    }
    app.config["CHAMBERLAIN"] = settings.model_copy(update=changed)

    ran = run("doctor")

    assert ran.code == 1
    assert "hunter2" not in ran.out + ran.err
    assert "problem  mail: 127.0.0.1:1 does not take our mail" in ran.out


def test_the_doctor_names_what_is_wrong_and_the_fix(app: Flask, run: Run) -> None:
    settings = app.config["CHAMBERLAIN"]
    app.config["CHAMBERLAIN"] = settings.model_copy(update={"public_url": "http://id.example.com"})
    settings.data_dir.chmod(0o755)
    run("doctor")  # makes the probe
    app.extensions["chamberlain_ring"] = sealing.ring(sealing.make_key())
    with db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")

    ran = run("doctor")

    assert ran.code == 1
    assert ran.err == ("Error: Not well: migrations, master key, data directory, public address.\n")
    assert f"Run: chmod 700 {settings.data_dir}" in ran.out
    assert "Run: flask db upgrade" in ran.out
    assert "http://id.example.com carries passwords in the clear" in ran.out


def test_the_doctor_notices_a_clock_that_went_back(run: Run) -> None:
    with writing() as session:
        session.execute(text("UPDATE audit_entries SET at = '2099-01-01 00:00:00.000000'"))

    ran = run("doctor")
    assert ran.code == 1
    assert "but the audit has an entry of 2099-01-01" in ran.out


def test_a_wrong_setting_is_named_with_its_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAMBERLAIN_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CHAMBERLAIN_MASTER_KEY", "hunter2")

    with pytest.raises(ConfigError, match="flask keys master") as refused:
        load()
    assert "hunter2" not in str(refused.value)
