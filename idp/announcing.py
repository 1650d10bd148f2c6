"""Telling the operator, when a server starts that nobody has set up, where that is done."""

import click
from flask import Flask
from flask.cli import FlaskGroup
from sqlalchemy.exc import SQLAlchemyError

from idp import sealing
from idp.changes import first_run
from idp.config import Settings
from idp.directory.errors import DirectoryError
from idp.extensions import db
from idp.logs import log

_SAID = "\nNobody has set this up yet. Within a day, go to\n\n  {address}\n"


def announce(app: Flask) -> None:
    """Print a one-time address of the set-up while there is no organization, and log that it waits.

    Each process prints its own, and each is good for a day. A database that does not answer, or
    was not migrated, is not spoken of here: `/health/ready` and `flask doctor` do.
    """
    settings: Settings = app.config["CHAMBERLAIN"]
    if settings.demo or not _serves():
        return
    with app.app_context():
        try:
            if first_run.is_open():
                address = first_run.open_address(settings.public_url)
                log.warning("not_set_up", page="/setup")
                click.echo(_SAID.format(address=address), err=True)
        except (SQLAlchemyError, DirectoryError, sealing.WrongMasterKey) as problem:
            log.info("not_announced", cause=type(problem).__name__)
        finally:
            db.session.remove()
            db.engine.dispose()  # a server may divide into processes after this


def _serves() -> bool:
    """Whether this is a server, not another of our commands that loads the application.

    A server's own command line (granian's) may be made with click as well.
    """
    context = click.get_current_context(silent=True)
    if context is None or not isinstance(context.find_root().command, FlaskGroup):
        return True
    return context.info_name == "run"
