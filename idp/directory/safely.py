"""Parts of a page that may fail alone."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from idp.directory.errors import DirectoryError
from idp.extensions import db
from idp.logs import log

Value = TypeVar("Value")


def or_none(read: Callable[[], Value], what: str) -> Value | None:
    """What a read gives; None where it fails, so that the rest of the page stands."""
    try:
        return read()
    except (DirectoryError, SQLAlchemyError) as failed:
        db.session.rollback()  # PostgreSQL answers nothing more in a transaction that has failed
        log.error("part_failed", part=what, cause=repr(failed))
        return None
