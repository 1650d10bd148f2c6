"""Alive and ready: what is wrong is named, and nothing is served that does not fit its database."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import update

from idp import health, sealing
from idp.app import create_app
from idp.changes import apply, ledger
from idp.changes.intents import CreateUser, IssueLink
from idp.changes.outbox import Delivery
from idp.clock import new_id
from idp.directory.actors import system_actor
from idp.directory.errors import Unavailable
from idp.extensions import db
from tests.cast import Cast
from tests.conftest import settings_for
from tests.counterparts import free_port


@pytest.fixture
def unreachable(tmp_path: Path) -> Iterator[Flask]:
    """The product with a PostgreSQL that is not there."""
    url = f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/nothing"
    app = create_app(settings_for(url, tmp_path / "data"))
    with app.app_context():
        yield app


@pytest.fixture
def unmigrated(tmp_path: Path) -> Iterator[Flask]:
    """The product on an empty database."""
    app = create_app(settings_for(f"sqlite:///{tmp_path}/empty.db", tmp_path / "data"))
    with app.app_context():
        yield app
        db.engine.dispose()


def checks(app: Flask) -> tuple[int, dict[str, str]]:
    answer = app.test_client().get("/health/ready")
    assert (answer.json["status"] == "ok") == (answer.status_code == 200)
    return answer.status_code, answer.json["checks"]


def test_a_well_server_is_alive_and_ready(app: Flask) -> None:
    assert app.test_client().get("/health/live").json == {"status": "ok"}
    assert checks(app) == (200, dict.fromkeys(health.CHECKS, "ok"))


def test_health_tells_names_and_nothing_of_people(app: Flask, people: Cast) -> None:
    answer = app.test_client().get("/health/ready").get_data(as_text=True)
    assert "northwind" not in answer.lower()


def test_a_wrong_master_key_is_noticed(app: Flask, people: Cast) -> None:
    ledger.check_master_key()
    app.extensions["chamberlain_ring"] = sealing.ring(sealing.make_key())
    status, named = checks(app)
    assert status == 503
    assert named["master_key"] == "the master key is not the one that sealed this database"
    assert named["database"] == named["migrations"] == "ok"


def test_with_a_wrong_master_key_nothing_is_served(app: Flask, people: Cast) -> None:
    ledger.check_master_key()
    app.extensions["chamberlain_ring"] = sealing.ring(sealing.make_key())
    for path in ("/", "/sign-in", "/scim/v2/Users"):
        answer = app.test_client().get(path)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
    assert app.test_client().get("/health/live").status_code == 200
    with pytest.raises(Unavailable) as refused:
        health.check_fit()
    assert refused.value.code == "master_key_wrong"
    assert "CHAMBERLAIN_MASTER_KEY" in refused.value.sentence


def test_a_missing_migration_is_noticed(unmigrated: Flask) -> None:
    status, named = checks(unmigrated)
    assert status == 503
    assert named["migrations"].startswith("the database is at nothing, the program at ")
    assert named["database"] == "ok"


def test_without_its_migration_nothing_is_served(unmigrated: Flask) -> None:
    for path in ("/sign-in", "/scim/v2/Users"):
        answer = unmigrated.test_client().get(path)
        assert answer.status_code == 503
        assert "flask db upgrade" in answer.get_data(as_text=True)


def test_an_unreachable_database_is_noticed(unreachable: Flask) -> None:
    status, named = checks(unreachable)
    assert status == 503
    assert set(named.values()) == {"the database does not answer"}
    assert unreachable.test_client().get("/health/live").status_code == 200


def test_while_the_database_is_unreachable_requests_are_asked_to_come_again(
    unreachable: Flask,
) -> None:
    for path in ("/sign-in", "/scim/v2/Users"):
        answer = unreachable.test_client().get(path, headers={"Authorization": "Bearer chb_x"})
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert "nobody@" not in answer.get_data(as_text=True)


def test_a_change_without_a_database_is_refused(unreachable: Flask) -> None:
    with pytest.raises(Unavailable) as refused:
        apply(CreateUser({"userName": "x"}), by=system_actor(new_id()))
    assert refused.value.code == "storage_unavailable"


def test_deliveries_that_wait_too_long_are_noticed(
    app: Flask, people: Cast, frozen: list[datetime]
) -> None:
    change = IssueLink(people.erin, "invite", "https://id.example/invite/", deliver=True)
    apply(change, by=people.operator)
    frozen[0] += timedelta(minutes=30)
    assert checks(app)[1]["outbox"] == "ok"
    frozen[0] += timedelta(seconds=1)
    assert checks(app)[1]["outbox"] == "deliveries wait for more than 30 minutes"
    db.session.execute(update(Delivery).values(state="done"))
    db.session.commit()
    assert checks(app)[0] == 200
