"""create_app(): the only file that knows every door."""

from pathlib import Path
from typing import Any

from flask import Flask, request
from sqlalchemy.exc import DBAPIError, OperationalError
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

import portal
import scim
from idp import cli, federation, founding, headers, health, jobs, logs, postgresql, sealing
from idp.config import Settings, load
from idp.directory.errors import DirectoryError, Unavailable
from idp.extensions import csrf, db, migrate, prepare_sqlite
from idp.shell import Shell

SCIM_PREFIX = "/scim/"
MIGRATIONS = Path(__file__).parent.parent / "migrations"


def create_app(settings: Settings | None = None) -> Flask:
    """The product as a WSGI application. Raises ConfigError where a setting is wrong."""
    settings = settings or load()
    logs.configure(settings.log_level)
    app = Shell("idp", root_path=None, static_folder=None)
    _configure(app, settings)
    _bind_extensions(app, settings)
    logs.bind(app)
    app.after_request(headers.add_headers)
    for door in (portal, scim, federation):
        door.bind(app)
    app.extensions["chamberlain_rehearse"] = scim.rehearse  # for the portal, blind to that door
    app.extensions["chamberlain_found_first"] = founding.found_first  # these know every room
    app.extensions["chamberlain_examine"] = cli.doctor.examine
    health.bind(app)
    cli.bind(app)
    _bind_errors(app)
    jobs.bind(app)
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    return app


def _configure(app: Flask, settings: Settings) -> None:
    app.config.update(
        CHAMBERLAIN=settings,
        SECRET_KEY=settings.secret_key.get_secret_value(),
        SQLALCHEMY_DATABASE_URI=settings.database,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(settings),
        MAX_CONTENT_LENGTH=settings.max_body_bytes,
        MAX_FORM_MEMORY_SIZE=settings.max_body_bytes,
        SESSION_COOKIE_NAME="__Host-form" if settings.secure else "form",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=12 * 3600,
        PREFERRED_URL_SCHEME="https" if settings.secure else "http",
    )
    app.extensions["chamberlain_ring"] = sealing.ring(settings.master_key.get_secret_value())


def _engine_options(settings: Settings) -> dict[str, Any]:
    hidden: dict[str, Any] = {
        "hide_parameters": True
    }  # an exception that is logged tells no values
    if settings.database.startswith("sqlite"):
        return hidden | {"connect_args": {"check_same_thread": False}}
    return hidden | {
        "isolation_level": "READ COMMITTED",
        "pool_size": 10,
        "connect_args": {"connect_timeout": 5},
    }


def _bind_extensions(app: Flask, settings: Settings) -> None:
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    db.init_app(app)
    migrate.init_app(app, db, directory=str(MIGRATIONS))
    csrf.init_app(app)
    prepare = prepare_sqlite if settings.database.startswith("sqlite") else postgresql.prepare
    with app.app_context():
        prepare(db.engine)


def _bind_errors(app: Flask) -> None:
    """Whatever goes wrong outside a door's own care is answered in the words of the door."""

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Any:
        return _door().answer_http_error(error)

    @app.errorhandler(DirectoryError)
    def refusal(error: DirectoryError) -> Any:
        logs.log.info("refused", code=error.code, cause=error.cause)
        return _door().answer_refusal(error)

    @app.errorhandler(DBAPIError)
    def database_error(error: DBAPIError) -> Any:
        logs.log.error("database_failed", cause=str(error.orig))
        if not isinstance(error, OperationalError):
            return _door().answer_failure()
        sentence = (
            "The directory cannot be reached just now; nothing was changed. Try again shortly."
        )
        return _door().answer_refusal(Unavailable("storage_unavailable", sentence))

    @app.errorhandler(Exception)
    def failure(error: Exception) -> Any:
        logs.log.error("failed", exc_info=error)
        return _door().answer_failure()


def _door() -> Any:
    if request.path.startswith(federation.OF_MACHINES):
        return federation.oauth_answers
    if request.path.startswith(portal.api.PREFIX):
        return portal.api
    return scim if request.path.startswith(SCIM_PREFIX) else portal
