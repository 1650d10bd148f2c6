"""Asking for many rows at once: one statement, whose text does not depend on how many."""

import json
import re
from collections.abc import Collection
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Dialect, String, any_, bindparam, false, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

Column = InstrumentedAttribute[Any] | ColumnElement[Any]
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> bool:
    """Whether a database can hold a text at all; what it cannot hold is nowhere to be found."""
    return not _UNSTORABLE.search(text)


def same(column: Column, value: str) -> ColumnElement[bool]:
    """`column` is this very text, which somebody outside may have sent."""
    return column == value if storable(value) else false()


def any_of(session: Session, column: Column, values: Collection[str]) -> ColumnElement[bool]:
    """`column` is one of `values`: an array on PostgreSQL, a JSON table on SQLite.

    IN with a bind per value would be compiled anew for each count, and SQLite takes 32,766.
    """
    wanted = list(filter(storable, values))
    if session.get_bind().dialect.name == "postgresql":
        return column == any_(bindparam(None, wanted, type_=ARRAY(String)))
    listed = func.json_each(json.dumps(wanted)).table_valued("value")
    return column.in_(select(listed.c.value))


class _Texts(TypeDecorator[Collection[str]]):
    """Many texts as one parameter; what cannot be stored is left out, for nothing equals it."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind: TypeEngine[Any] = ARRAY(String) if dialect.name == "postgresql" else String()
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        wanted = list(filter(storable, value))
        return wanted if dialect.name == "postgresql" else json.dumps(wanted)


class _Pairs(TypeDecorator[Collection[tuple[str, str]]]):
    """Many pairs of texts as one parameter."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Dialect) -> str:
        return json.dumps([pair for pair in value if storable(pair[0]) and storable(pair[1])])


class _Among(FunctionElement[bool]):
    """Columns, the values that all but the last must have, and the texts for the last."""

    type = Boolean()
    name = "among"
    inherit_cache = True
    _is_implicitly_boolean = True  # "(…) = 1", as SQLite is else told, would use no index


class _PairAmong(FunctionElement[bool]):
    type = Boolean()
    name = "pair_among"
    inherit_cache = True
    _is_implicitly_boolean = True


def among(column: Column, name: str, *within: tuple[Column, Any]) -> ColumnElement[bool]:
    """`column` is one of the texts that the parameter `name` brings when the statement runs.

    So a statement can be made once and serve every set, on every database. `within` names the
    columns that stand before it in the index, and their values: SQLite, which knows nothing of
    the rows, would otherwise read all of an organization to find one.
    """
    before = [part for pair in within for part in pair]
    return _Among(*before, column, bindparam(name, type_=_Texts()))


def pair_among(one: Column, other: Column, name: str) -> ColumnElement[bool]:
    """The two columns are one of the pairs that the parameter `name` brings."""
    return _PairAmong(one, other, bindparam(name, type_=_Pairs()))


# What is put together here are the names and placeholders of the compiler: no values (S608).


@compiles(_Among)
def _among(element: _Among, compiler: Any, **kw: Any) -> str:
    *before, column, wanted = (compiler.process(part, **kw) for part in element.clauses)
    columns = ", ".join([*before[::2], column])
    values = ", ".join([*before[1::2], "value"])
    return f"({columns}) IN (SELECT {values} FROM json_each({wanted}))"  # noqa: S608


@compiles(_Among, "postgresql")
def _among_postgresql(element: _Among, compiler: Any, **kw: Any) -> str:
    *before, column, wanted = (compiler.process(part, **kw) for part in element.clauses)
    fixed = [f"{name} = {value}" for name, value in zip(before[::2], before[1::2], strict=True)]
    return f"({' AND '.join([*fixed, f'{column} = ANY ({wanted})'])})"


@compiles(_PairAmong)
def _pair_among(element: _PairAmong, compiler: Any, **kw: Any) -> str:
    one, other, wanted = (compiler.process(part, **kw) for part in element.clauses)
    first, second = "json_extract(value, '$[0]')", "json_extract(value, '$[1]')"
    return f"({one}, {other}) IN (SELECT {first}, {second} FROM json_each({wanted}))"  # noqa: S608


@compiles(_PairAmong, "postgresql")
def _pair_among_postgresql(element: _PairAmong, compiler: Any, **kw: Any) -> str:
    one, other, wanted = (compiler.process(part, **kw) for part in element.clauses)
    pairs = f"json_array_elements(CAST({wanted} AS json))"
    return f"({one}, {other}) IN (SELECT value ->> 0, value ->> 1 FROM {pairs})"  # noqa: S608
