"""The ground every test stands on: a migrated database of either kind, an app on it, the cast."""

import pickle
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import event

from idp import clock
from idp.app import create_app
from idp.config import Settings
from idp.directory import vocabularies
from idp.extensions import db
from tests import cast, counterparts

# The longest files, begun first: a file is one worker's, and who has the last one works alone.
LONGEST = (
    "tests/portal/test_in_the_browser.py",
    "tests/flows/test_walk.py",
    "tests/docs/test_commands.py",
    "tests/portal/test_pages.py",
    "tests/portal/test_roles_matrix.py",
    "tests/importing/test_runs.py",
    "tests/cli/test_demo.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files so that the workers end together; within a file nothing moves."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(places)))


MASTER_KEY = "Wq4m0pJ0Zf0oF1u8dJfUuZ8k1m5fWv2W2sXkqk3mX0I="
SECRET_KEY = "only for tests"
DATABASES = ("sqlite", "postgresql")


def settings_for(database_url: str, data_dir: Path, **more: object) -> Settings:
    """Settings of a test app; worker and journal write only where a test lets them."""
    given: dict[str, object] = {
        "database_url": database_url,
        "data_dir": data_dir,
        "secret_key": SecretStr(SECRET_KEY),
        "master_key": SecretStr(MASTER_KEY),
        "worker": False,
        "journal_seconds": 0,
        "log_level": "error",
    }
    return Settings(**(given | more))  # type: ignore[arg-type]


def migrate_to_head(database_url: str, data_dir: Path) -> None:
    """Bring an empty database to the newest schema, and let go of it."""
    app = create_app(settings_for(database_url, data_dir))
    with app.app_context():
        flask_migrate.upgrade()
        db.engine.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy from."""
    place = tmp_path_factory.mktemp("template")
    file = place / "template.db"
    migrate_to_head(f"sqlite:///{file}", place)
    return file


# The cast is made once per run and copied with its database: making it takes longer than most
# tests. Which copy a test gets follows from whether it asks for `people`.


def with_cast(database_url: str, data_dir: Path) -> cast.Cast:
    """Migrate an empty database, and make the cast in it."""
    migrate_to_head(database_url, data_dir)
    app = create_app(settings_for(database_url, data_dir))
    with app.app_context():
        made = cast.assemble()
        db.session.remove()
        db.engine.dispose()
    return made


@pytest.fixture(scope="session")
def sqlite_cast(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, cast.Cast]:
    """A SQLite file with the cast to copy from, and who they are."""
    place = tmp_path_factory.mktemp("cast")
    file = place / "cast.db"
    return file, with_cast(f"sqlite:///{file}", place)


@pytest.fixture
def sqlite_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A SQLite database of the test's own: migrated, with the cast where it is asked for."""
    file = tmp_path / "chamberlain.db"
    if "people" in request.fixturenames:
        shutil.copy(request.getfixturevalue("sqlite_cast")[0], file)
    else:
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
    return f"sqlite:///{file}"


@pytest.fixture(scope="session")
def postgresql_cast(tmp_path_factory: pytest.TempPathFactory) -> cast.Cast:
    """Who the cast of the run's template database are, for all processes of the run."""
    known = counterparts.run_dir() / "cast.pickle"

    def fill(url: str) -> None:
        known.write_bytes(pickle.dumps(with_cast(url, tmp_path_factory.mktemp("cast"))))

    counterparts.template_database(counterparts.postgres(), "cast", fill)
    made: cast.Cast = pickle.loads(known.read_bytes())  # noqa: S301  written by this run
    return made


@pytest.fixture
def postgresql_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A PostgreSQL database of the test's own: migrated, with the cast where it is asked for."""
    server = counterparts.postgres()
    template = "cast" if "people" in request.fixturenames else "migrated"
    if template == "cast":
        request.getfixturevalue("postgresql_cast")
    else:
        counterparts.template_database(
            server, "migrated", lambda url: migrate_to_head(url, tmp_path / "template")
        )
    with counterparts.fresh_database(server, template=template) as url:
        yield url


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database, once of each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@contextmanager
def every_connection_closed() -> Iterator[None]:
    """Close at the end what other threads of a test left open: a pool forgets what is out."""
    opened: list[Any] = []

    def note(connection: Any, _record: Any) -> None:
        opened.append(connection)

    event.listen(db.engine, "connect", note)
    try:
        yield
    finally:
        for connection in opened:
            connection.close()


def serve(url: str, tmp_path: Path) -> Iterator[Flask]:
    """The product on a database, with its context pushed; and everything closed at the end."""
    vocabularies._held.clear()
    app = create_app(settings_for(url, tmp_path / "data"))
    app.testing = True
    with app.app_context(), every_connection_closed():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The product on either database, with its context pushed."""
    yield from serve(database_url, tmp_path)


@pytest.fixture
def sqlite_app(sqlite_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The product on SQLite alone, for what no database has a say in."""
    yield from serve(sqlite_url, tmp_path)


@pytest.fixture
def people(request: pytest.FixtureRequest, app: Flask) -> cast.Cast:
    """The cast, on either database."""
    if app.config["CHAMBERLAIN"].database.startswith("sqlite"):
        made: cast.Cast = request.getfixturevalue("sqlite_cast")[1]
    else:
        made = request.getfixturevalue("postgresql_cast")
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser or SCIM client that speaks to the app without a network."""
    return app.test_client()


@pytest.fixture
def frozen() -> Iterator[list[datetime]]:
    """A clock that stands still; set `frozen[0]` to move it."""
    hands = [cast.NOON]
    clock.freeze(lambda: hands[0])
    yield hands
    clock.freeze(None)
