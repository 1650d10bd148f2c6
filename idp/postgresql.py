"""What PostgreSQL's driver, psycopg, does better than the general way; it is met here alone.

Many rows go by COPY, a few in one INSERT: an `executemany` costs ten times as much, most of it
in the driver. A connection from the pool is asked whether it still lives only where there is a
reason to doubt it, not with a round trip each time. A transaction that has only read can go on to
write. And a read of a set is planned each time: a plan that is kept from when a table was small
would read all of it for ever.
"""

import select
import time
from functools import lru_cache
from typing import Any

from psycopg import Connection as PsycopgConnection
from psycopg import Error as PsycopgError
from psycopg import sql
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import PoolProxiedConnection

DOUBTFUL_AFTER = 30.0  # seconds idle: by then something on the way may have dropped a connection

FEW = 256  # values: up to here one INSERT is quicker than a COPY, which takes a turn more

# Given to `execute`: with an INSERT of many plain rows; with a read of a set.
AT_ONCE = {"at_once": True}
PLANNED_ANEW = {"planned_anew": True}


def prepare(engine: Engine) -> None:
    """Teach an engine these ways."""
    event.listen(engine, "do_execute", _execute)
    event.listen(engine, "do_executemany", _insert)
    event.listen(engine, "checkin", _note_time)
    event.listen(engine, "checkout", _look)


def _execute(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
    """Do not prepare what is to be planned anew."""
    if context is None or not context.execution_options.get("planned_anew"):
        return False
    cursor.execute(statement, parameters, prepare=False)
    return True


def _insert(cursor: Any, _statement: str, parameters: Any, context: Any) -> bool:
    """Send the rows of an INSERT at once, where the caller asked for it."""
    if not context.execution_options.get("at_once"):
        return False
    table, columns = context.compiled.statement.table.name, tuple(parameters[0])
    if len(parameters) * len(columns) <= FEW:
        values = [value for row in parameters for value in row.values()]
        cursor.execute(_few(table, columns, len(parameters)), values)
        return True
    with cursor.copy(_many(table, columns)) as sent:
        for row in parameters:
            sent.write_row(tuple(row.values()))
    _look_again(cursor, table, len(parameters))
    return True


def _look_again(cursor: Any, table: str, rows: int) -> None:
    """Count anew a table that has just grown to twice its size or more.

    Until its own service comes by, the database takes the table for as small as it was; then it
    may check each foreign key, and answer each question, by reading all of an organization.
    """
    known = cursor.execute(
        "SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [f'"{table}"']
    )
    if known.fetchone()[0] < rows:
        place = sql.Identifier(table)
        cursor.execute(sql.SQL("ANALYZE (SKIP_LOCKED) {}").format(place))


@lru_cache(maxsize=512)
def _few(table: str, columns: tuple[str, ...], count: int) -> bytes:
    row = sql.SQL("({})").format(sql.SQL(", ").join([sql.Placeholder()] * len(columns)))
    rows = sql.SQL(", ").join([row] * count)
    return sql.SQL("INSERT INTO {} VALUES {}").format(_place(table, columns), rows).as_bytes()


@lru_cache(maxsize=512)
def _many(table: str, columns: tuple[str, ...]) -> bytes:
    return sql.SQL("COPY {} FROM STDIN").format(_place(table, columns)).as_bytes()


def _place(table: str, columns: tuple[str, ...]) -> sql.Composed:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL("{} ({})").format(sql.Identifier(table), names)


def _note_time(_driver: Any, record: Any) -> None:
    record.info["idle_since"] = time.monotonic()


def _look(driver: Any, record: Any, _proxy: Any) -> None:
    """Replace a connection that is dead: the pool then makes another."""
    idle = time.monotonic() - record.info.get("idle_since", time.monotonic())
    if not driver.closed and idle < DOUBTFUL_AFTER and not _has_news(driver):
        return
    try:
        driver.execute("SELECT 1")
        driver.rollback()
    except PsycopgError as dead:
        raise DisconnectionError("The database closed an idle connection.") from dead


def _has_news(driver: Any) -> bool:
    """Whether something waits to be read: a server that ends a connection says so."""
    watch = select.poll()
    watch.register(driver.fileno(), select.POLLIN)
    return bool(watch.poll(0))


def goes_on(connection: Connection) -> bool:
    """Whether the open transaction may go on to write.

    With READ COMMITTED each statement sees what is there when it begins, so that what was read
    before binds nothing; only a failed transaction has to end.
    """
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name != "postgresql":
        return False
    return bool(driver.info.transaction_status == TransactionStatus.INTRANS)


def begin_reading(connection: PoolProxiedConnection) -> None:
    """Let each statement stand for itself: no BEGIN before it, no ROLLBACK after it."""
    driver: Any = connection.driver_connection
    if isinstance(driver, PsycopgConnection):
        driver.autocommit = True


def end_reading(connection: PoolProxiedConnection) -> None:
    """Give a connection back as the pool knows it."""
    driver: Any = connection.driver_connection
    if isinstance(driver, PsycopgConnection) and not driver.closed:
        driver.autocommit = False
