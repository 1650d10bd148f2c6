"""What the measurements share: fresh databases of both kinds, and an organization to fill."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import flask_migrate
from flask import Flask
from pydantic import SecretStr

from idp import sealing
from idp.app import create_app
from idp.changes import apply
from idp.changes.intents import CreateConnection, CreateOrganization
from idp.config import Settings
from idp.directory.actors import Actor, system_actor
from idp.extensions import db
from tests import counterparts

KINDS = ("sqlite", "postgresql")
WRITE = frozenset({"users.read", "users.write", "groups.read", "groups.write"})


@contextmanager
def database(kind: str, *, durable: bool = False) -> Iterator[tuple[Flask, str]]:
    """An app on a fresh, migrated database, with its context pushed; and the database's URL.

    SQLite is always durable; PostgreSQL where it is asked to be, on disk and with fsync.
    """
    place = Path(tempfile.mkdtemp(prefix="chamberlain-bench-"))
    try:
        if kind == "sqlite":
            yield from serving(f"sqlite:///{place / 'bench.db'}", place)
        else:
            server = counterparts.durable_postgres() if durable else counterparts.postgres()
            with counterparts.fresh_database(server) as url:
                yield from serving(url, place)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def serving(url: str, place: Path) -> Iterator[tuple[Flask, str]]:
    """An app on this database, brought to the newest schema, with its context pushed."""
    settings = Settings(
        database_url=url,
        data_dir=place,
        secret_key=SecretStr("bench"),
        master_key=SecretStr(sealing.make_key()),
        worker=False,
        log_level="error",
    )
    app = create_app(settings)
    with app.app_context():
        flask_migrate.upgrade()
        yield app, url
        db.session.remove()
        db.engine.dispose()


def organization() -> Actor:
    """An organization, and the HR connection that fills it."""
    org = apply(CreateOrganization("Bench", "bench.example"), by=system_actor("")).first.id
    made = apply(CreateConnection("scim", "HR"), by=system_actor(org)).first.id
    return Actor("connection", made, "HR", org, "scim", WRITE, connection_id=made)
