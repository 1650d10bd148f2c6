"""Reads whose SQL is written once and handed to the driver as it is.

SQLAlchemy states and compiles them, and knows how values travel; but for what a server is asked
thousands of times a second, its work around each execution costs several times what the database
does. Such a read gives tuples, and asks what is committed; within `writing()`, what is written.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, Select
from sqlalchemy.exc import DBAPIError

from idp.extensions import reading

Process = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement in the words of one database and its driver."""

    sql: str
    fixed: dict[str, Any]  # literals of the statement itself
    order: list[str] | None  # names of the parameters in order; None where they go by name
    given: tuple[tuple[str, Process], ...]  # values that must be put differently
    found: tuple[tuple[int, Process], ...]  # columns that must be read differently

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """The values as the driver takes them."""
        named = {**self.fixed, **values}
        for name, process in self.given:
            named[name] = process(named[name])
        return named if self.order is None else tuple(named[name] for name in self.order)

    def read(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """A row as Python knows its values."""
        values = list(row)
        for place, process in self.found:
            values[place] = process(values[place])
        return tuple(values)


class Prepared:
    """A SELECT that is compiled once for each kind of database."""

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement
        self._compile = lru_cache(maxsize=8)(self._compiled)

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        """All rows. Raises SQLAlchemy's DBAPIError, as any other read."""
        connection, engine = reading()
        dialect = engine.dialect
        compiled = self._compile(dialect)
        parameters = compiled.parameters(values)
        cursor = connection.cursor()
        for listener in engine.dispatch.before_cursor_execute:  # they hear of all statements
            listener(None, cursor, compiled.sql, parameters, None, False)
        try:
            cursor.execute(compiled.sql, parameters)
            rows = list(cursor.fetchall())
        except dialect.loaded_dbapi.Error as error:
            raise _translated(error, compiled.sql, dialect, connection) from error
        finally:
            cursor.close()
        return [compiled.read(row) for row in rows] if compiled.found else rows

    def first(self, **values: Any) -> tuple[Any, ...] | None:
        """The first row, if there is one."""
        rows = self.rows(**values)
        return rows[0] if rows else None

    def _compiled(self, dialect: Dialect) -> _Compiled:
        compiled: Any = self.statement.compile(dialect=dialect)
        given = ((n, _processor(b.type, dialect, "bind")) for n, b in compiled.binds.items())
        columns = enumerate(self.statement.selected_columns)
        found = ((place, _processor(c.type, dialect, "result")) for place, c in columns)
        return _Compiled(
            str(compiled),
            {name: value for name, value in compiled.params.items() if value is not None},
            compiled.positiontup,
            tuple((name, process) for name, process in given if process),
            tuple((place, process) for place, process in found if process),
        )


def _processor(kind: Any, dialect: Dialect, way: str) -> Any:
    made = kind.dialect_impl(dialect)
    return made.bind_processor(dialect) if way == "bind" else made.result_processor(dialect, None)


def _translated(error: Any, sql: str, dialect: Dialect, connection: Any) -> BaseException:
    """The driver's error as SQLAlchemy says it; a connection that broke is not used again."""
    broken = dialect.is_disconnect(error, connection.dbapi_connection, None)
    if broken:
        connection.invalidate(error)
    translated: BaseException = DBAPIError.instance(
        sql,
        None,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=broken,
        dialect=dialect,
    )
    return translated
