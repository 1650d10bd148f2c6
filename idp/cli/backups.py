"""The whole database into a file while the product runs, and back.

SQLite by its own online backup, PostgreSQL by pg_dump and pg_restore where they are installed.
The master key is never in a backup: whoever finds one file must not be able to open it.
"""

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import flask_migrate
from alembic.script import ScriptDirectory
from flask import current_app

from idp import health, sealing
from idp.changes import ledger
from idp.cli import backups_postgresql as postgresql
from idp.cli.answers import Answer, command
from idp.cli.backups_postgresql import Content
from idp.clock import now
from idp.config import Settings
from idp.directory import queries
from idp.extensions import db, migrate

KEY_NOTE = (
    "The master key is not in it. Keep a copy of {key} elsewhere: without it a backup holds "
    "people and groups, but no signing key can be opened."
)


@command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> Answer:
    """Write the whole database to FILE, readable by you alone. The server may go on."""
    if file.exists():
        raise click.ClickException(f"{file} is there already; name a new file.")
    here, _head = health.schema_versions()
    _save(file)
    settings = _settings()
    note = KEY_NOTE.format(key=_where_key_is(settings))
    size = file.stat().st_size
    data = {"file": str(file), "bytes": size, "revision": here, "database": _kind(), "note": note}
    return Answer(data, f"{file}: {size:,} bytes, schema {here}.\n{note}")


@command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask before what is there now is replaced.")
def restore(file: Path, yes: bool) -> Answer:
    """Replace the whole database by what FILE holds. Stop the servers first, start them after."""
    content = postgresql.look(file) if _kind() == "postgresql" else _look(file)
    here, _head = health.schema_versions()
    _check(content, here)
    before = _set_aside(file, yes) if here and queries.organization_ids() else None
    db.session.remove()
    if _kind() == "postgresql":
        postgresql.load(_settings(), file)
    else:
        _load(file)
    db.engine.dispose()
    flask_migrate.upgrade()
    ledger.check_master_key()
    data = {"file": str(file), "revision": content.revision, "before": before and str(before)}
    kept = f" What was there is in {before}." if before else ""
    return Answer(data, f"Restored from {file}.{kept} Start the servers again.")


def _settings() -> Settings:
    held: Settings = current_app.config["CHAMBERLAIN"]
    return held


def _kind() -> str:
    return db.engine.dialect.name


def _where_key_is(settings: Settings) -> str:
    path = settings.data_dir.absolute() / "master_key"
    return str(path) if path.exists() else "CHAMBERLAIN_MASTER_KEY"


def _save(file: Path) -> None:
    """Beside it first: a file of that name is whole, or not there."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR))
        if _kind() == "postgresql":
            postgresql.save(_settings(), fresh)
        else:
            _copy_out(fresh)
        fresh.rename(file)
    except OSError as error:
        raise click.ClickException(f"Cannot write {file}: {error.strerror}.") from error
    finally:
        fresh.unlink(missing_ok=True)


def _copy_out(file: Path) -> None:
    with closing(db.engine.raw_connection()) as live, closing(sqlite3.connect(file)) as copy:
        live.driver_connection.backup(copy)  # type: ignore[union-attr]
        copy.execute("PRAGMA journal_mode=DELETE").close()  # one file, without companions


def _look(file: Path) -> Content:
    """Read a SQLite backup without changing it; refuse what is none, or is damaged."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as copy:
            sound = copy.execute("PRAGMA integrity_check").fetchone()
            revision = copy.execute("SELECT version_num FROM alembic_version").fetchone()
            probe = copy.execute("SELECT probe FROM installation").fetchone()
    except sqlite3.DatabaseError as error:
        raise click.ClickException(f"{file} is no backup of Chamberlain ({error}).") from error
    if sound != ("ok",):
        raise click.ClickException(f"{file} is damaged: {sound[0]}.")
    return Content(revision and revision[0], probe and probe[0])


def _check(content: Content, here: str | None) -> None:
    """Refuse what this program could not run on afterwards, before anything is replaced."""
    scripts = ScriptDirectory(str(migrate.directory))
    known = {script.revision for script in scripts.walk_revisions()}
    if content.revision not in known:
        raise click.ClickException(
            f"The backup's schema is {content.revision}, which this release does not know. "
            "Install the release that made it, or a newer one."
        )
    if content.probe:
        sealing.unseal(content.probe)
    if _kind() == "postgresql" and here not in (None, content.revision):
        raise click.ClickException(
            f"The backup's schema is {content.revision}, the database's {here}. "
            "Restore into an empty database; it is upgraded then."
        )


def _set_aside(file: Path, yes: bool) -> Path:
    if not yes:
        click.confirm("Replace everything that is in the database now?", abort=True, err=True)
    before = file.with_name(f"{file.name}.before-{now():%Y%m%dT%H%M%S}")
    _save(before)
    return before


def _load(file: Path) -> None:
    source: Any
    with closing(sqlite3.connect(file)) as source, closing(db.engine.raw_connection()) as live:
        try:
            source.backup(live.driver_connection)
        except sqlite3.OperationalError as error:
            raise click.ClickException(
                f"The database is in use ({error}); stop the servers. Nothing was replaced."
            ) from error


COMMANDS: tuple[click.Command, ...] = (backup, restore)
