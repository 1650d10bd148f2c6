"""The database and its companions: made here, bound to an app in `idp.app`.

`writing()` opens the one kind of transaction that may write. SQLite takes its write lock at the
start of it (BEGIN IMMEDIATE), because a read transaction that later turns into a writer fails
when another writer came between; PostgreSQL locks rows as the write path names them.
"""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import g
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import JSON, DateTime, Dialect, Engine, MetaData, String, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Session, registry, scoped_session
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.types import TypeDecorator

from idp import postgresql

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcType(TypeDecorator[datetime]):
    """Aware UTC datetimes on every database; SQLite itself knows no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


JsonType = JSON().with_variant(JSONB(), "postgresql")


class Base(DeclarativeBase):
    """What every table shares: how Python types become columns."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMING),
        type_annotation_map={
            datetime: UtcType(),
            dict[str, Any]: JsonType,
            list[Any]: JsonType,
        },
    )


_READING = "chamberlain_reading"


class _Sessions(scoped_session[Any]):
    """A session for each request; and beside it the connection of `reading`."""

    def remove(self) -> None:
        """Give both back."""
        held: PoolProxiedConnection | None = g.pop(_READING, None)
        if held is not None:
            postgresql.end_reading(held)
            held.close()
        super().remove()


db = SQLAlchemy(model_class=Base)
db.session = _Sessions(db.session.session_factory, db.session.registry.scopefunc)
migrate = Migrate()
csrf = CSRFProtect()

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


def key_text(length: int) -> String:
    """Text compared by code point on every database, so that one index serves ranges of it."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def _lower(text: Any) -> Any:
    """Lower case as Unicode has it; SQLite's own function knows ASCII alone."""
    return text.lower() if isinstance(text, str) else text


def prepare_sqlite(engine: Engine) -> None:
    """Give SQLite write-ahead logging, foreign keys, durability, and our own BEGIN."""

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = (
            None  # the driver's own BEGIN comes too late and is never IMMEDIATE
        )
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",  # an acknowledged leaver stays gone when the power fails
            "foreign_keys=ON",
            "busy_timeout=10000",  # another process writes
            "cache_size=-8192",
            "temp_store=MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}").close()
        connection.create_function("lower", 1, _lower, deterministic=True)

    @event.listens_for(engine, "begin")
    def on_begin(connection: Any) -> None:
        writing_now = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing_now else "BEGIN")


def reading() -> tuple[PoolProxiedConnection, Engine]:
    """The driver's connection for reads that need no session: one for the whole request.

    Each read sees what is committed when it begins. Within a transaction of the session, which
    `writing()` opens, it is that transaction's, so that they see what is written.
    """
    engine = db.engine
    if db.session.registry.has() and (session := db.session()).in_transaction():
        return session.connection().connection, engine
    held: PoolProxiedConnection | None = g.get(_READING)
    if held is None:
        held = engine.raw_connection()
        postgresql.begin_reading(held)
        setattr(g, _READING, held)
    return held, engine


_rehearsing: ContextVar[bool] = ContextVar("rehearsing", default=False)


@contextmanager
def rehearsing() -> Iterator[None]:
    """Nothing that is written inside is kept, whoever writes it."""
    token = _rehearsing.set(True)
    try:
        yield
    finally:
        _rehearsing.reset(token)


def _open_for_writing(session: Session) -> None:
    """Whatever was read before may be stale by now, and must hold no snapshot."""
    if session.in_transaction() and postgresql.goes_on(session.connection()):
        session.expire_all()
        return
    session.rollback()
    session.connection(execution_options={"writing": True})


@contextmanager
def writing() -> Iterator[Session]:
    """The one writing transaction: committed when the block ends, rolled back when it raises, and
    in a rehearsal.

    For `idp.changes` and the ledgers below the doors alone (a test keeps it so).
    """
    session = db.session()
    with _turn():
        _open_for_writing(session)
        try:
            yield session
            if _rehearsing.get():
                session.rollback()
            else:
                session.commit()
        except BaseException:
            session.rollback()
            raise


_turns = threading.RLock()


def _turn() -> AbstractContextManager[Any]:
    """On SQLite, where one writes at a time, the threads of a process queue up.

    They would else sleep and look again, and he who is unlucky waits until his patience ends.
    """
    return _turns if db.engine.dialect.name == "sqlite" else nullcontext()
