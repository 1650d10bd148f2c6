"""Pages along an order, from the last row seen: as quick at the end as at the beginning.

A `Sort` is read along indexes. Each of its parts says whom it holds and by which columns they are
ordered; the last column is unique, so that nobody is shown twice or left out, whatever is added
meanwhile. A part costs one statement at most, and a page stops where it is full.
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, literal, tuple_

from idp.clock import rfc3339
from idp.directory.errors import Invalid
from idp.directory.sets import storable
from idp.extensions import UtcType, db

Values = tuple[str | datetime, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """Whom it holds (None: everybody), and the columns of its order, none of which is NULL."""

    where: ColumnElement[bool] | None
    columns: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Sort:
    """An order by its name; descending, it is read backwards: its parts and their columns."""

    key: str
    parts: tuple[Part, ...]
    descending: bool = False

    @property
    def name(self) -> str:
        """The order and its direction, which a cursor remembers."""
        return f"-{self.key}" if self.descending else self.key


def chosen(sorts: Mapping[str, tuple[Part, ...]], name: str, default: str) -> Sort:
    """The sort of a name such as "created" or "-created"; the default for a name of none."""
    key = name.removeprefix("-")
    if key not in sorts:
        name, key = default, default.removeprefix("-")
    return Sort(key, sorts[key], name.startswith("-"))


def page(
    statement: Select[Any], sort: Sort, cursor: str | None, limit: int
) -> tuple[list[Row[Any]], str | None]:
    """(rows after the cursor, the cursor of the next page or None).

    Raises Invalid (cursor_malformed) for what is no cursor of this order.
    """
    start = _read(sort, cursor) if cursor else None
    found: list[tuple[int, Row[Any]]] = []
    for number, wanted in _statements(statement, sort, start):
        rows = db.session.execute(wanted.limit(limit + 1 - len(found))).all()
        found += [(number, row) for row in rows]
        if len(found) > limit:
            break
    shown = [row for _number, row in found[:limit]]
    return shown, _write(sort, *found[limit - 1]) if len(found) > limit else None


def _statements(
    statement: Select[Any], sort: Sort, start: tuple[int, Values] | None
) -> Iterator[tuple[int, Select[Any]]]:
    """The statements of the parts from the start on, in the order in which they are read."""
    numbers = range(len(sort.parts))
    for number in reversed(numbers) if sort.descending else numbers:
        part = sort.parts[number]
        wanted = statement.add_columns(*_labelled(part))
        if part.where is not None:
            wanted = wanted.where(part.where)
        if start is not None and number != start[0]:
            continue
        if start is not None:
            wanted, start = wanted.where(_beyond(part, start[1], sort.descending)), None
        yield number, wanted.order_by(*(c.desc() if sort.descending else c for c in part.columns))


def _labelled(part: Part) -> list[Any]:
    return [column.label(f"place_{at}") for at, column in enumerate(part.columns)]


def _beyond(part: Part, values: Values, descending: bool) -> ColumnElement[bool]:
    """A comparison of rows, which both databases follow along an index."""
    pairs = zip(part.columns, values, strict=True)
    here = tuple_(*part.columns)
    there = tuple_(*(literal(value, column.type) for column, value in pairs))
    return here < there if descending else here > there


def _write(sort: Sort, number: int, row: Row[Any]) -> str:
    values = [getattr(row, f"place_{at}") for at in range(len(sort.parts[number].columns))]
    said = [rfc3339(one) if isinstance(one, datetime) else one for one in values]
    return encode([sort.name, str(number), *said])


def _read(sort: Sort, cursor: str) -> tuple[int, Values]:
    name, number, *said = decode(cursor)[:8] or ("", "")
    known = {str(at): at for at in range(len(sort.parts))}
    if name == sort.name and number in known:
        columns = sort.parts[known[number]].columns
        if len(columns) == len(said):
            return known[number], tuple(map(_value, columns, said))
    raise malformed()


def _value(column: Any, said: str) -> str | datetime:
    if not isinstance(column.type, UtcType):
        return said
    try:
        return datetime.fromisoformat(said).astimezone(UTC)
    except (ValueError, OverflowError):
        raise malformed() from None


def encode(parts: Sequence[str]) -> str:
    """Texts as one word for an address."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def decode(cursor: str, count: int | None = None) -> list[str]:
    """The texts of a cursor: `count` of them, or at least two. Raises Invalid."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        parts = json.loads(base64.urlsafe_b64decode(padded.encode()))
    except (ValueError, RecursionError):
        raise malformed() from None
    texts = isinstance(parts, list) and all(isinstance(p, str) and storable(p) for p in parts)
    if not texts or (len(parts) < 2 if count is None else len(parts) != count):
        raise malformed()
    return list(parts)


def malformed() -> Invalid:
    """What is said of an address that is no page of this list."""
    return Invalid("cursor_malformed", "This page address is damaged; start from the first page.")
