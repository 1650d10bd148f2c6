"""/health/live: the process answers. /health/ready: it can do its work; 503 with named checks.

Before its first request is let in, a process checks once that it fits its database: the schema is
the program's, and the master key the one that sealed it. Until then everything is refused with
the fix, so that nothing is half-served and nothing is sealed under a second key.
"""

from collections.abc import Callable
from typing import Any

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask, Response, jsonify, request
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from idp import sealing
from idp.changes import ledger, outbox
from idp.directory.errors import Unavailable
from idp.extensions import db, migrate


def bind(app: Flask) -> None:
    """Add the two addresses; they need no session and tell nothing but names."""
    app.add_url_rule("/health/live", "health.live", live)
    app.add_url_rule("/health/ready", "health.ready", ready)
    fits: list[bool] = []

    @app.before_request
    def gate() -> None:
        endpoint = request.endpoint or ""
        if not fits and not endpoint.startswith("health.") and not endpoint.endswith("static"):
            check_fit()
            fits.append(True)


def check_fit() -> None:
    """Raise Unavailable (schema_outdated, master_key_wrong) where this process must not serve."""
    problem = _migrations()
    if problem:
        raise Unavailable(
            "schema_outdated",
            "The database is not at this program's version. Its operator runs: flask db upgrade",
            cause=problem,
        )
    try:
        ledger.check_master_key()
    except sealing.WrongMasterKey:
        raise Unavailable(
            "master_key_wrong",
            "The master key is not the one that sealed this database. Its operator sets "
            "CHAMBERLAIN_MASTER_KEY to the right one.",
        ) from None


def live() -> Response:
    """The process answers."""
    return jsonify(status="ok")


def ready() -> tuple[Response, int]:
    """Each check by name: "ok", or what is wrong in one sentence."""
    checks = {name: _outcome(check) for name, check in CHECKS.items()}
    well = all(outcome == "ok" for outcome in checks.values())
    return jsonify(status="ok" if well else "unready", checks=checks), 200 if well else 503


def _outcome(check: Callable[[], str]) -> str:
    try:
        return check() or "ok"
    except SQLAlchemyError:
        db.session.rollback()
        return "the database does not answer"
    except sealing.WrongMasterKey:
        return "the master key is not the one that sealed this database"


def _database() -> str:
    db.session.execute(select(1))
    return ""


def _migrations() -> str:
    here, head = schema_versions()
    return "" if here == head else f"the database is at {here or 'nothing'}, the program at {head}"


def schema_versions() -> tuple[str | None, str | None]:
    """(the database's revision, the program's)."""
    config: Any = migrate.get_config()
    head = ScriptDirectory.from_config(config).get_current_head()
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision(), head


def _master_key() -> str:
    ledger.check_master_key()
    return ""


def _outbox() -> str:
    return "deliveries wait for more than 30 minutes" if outbox.late() else ""


CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "migrations": _migrations,
    "master_key": _master_key,
    "outbox": _outbox,
}
