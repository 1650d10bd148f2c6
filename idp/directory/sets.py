"""Asking for many rows at once: one statement, whose text does not depend on how many."""

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, String, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, Session

Column = InstrumentedAttribute[Any] | ColumnElement[Any]


def any_of(session: Session, column: Column, values: Collection[str]) -> ColumnElement[bool]:
    """`column` is one of `values`: an array on PostgreSQL, a JSON table on SQLite.

    IN with a bind per value would be compiled anew for each count, and SQLite takes 32,766.
    """
    if session.get_bind().dialect.name == "postgresql":
        return column == any_(bindparam(None, list(values), type_=ARRAY(String)))
    listed = func.json_each(json.dumps(list(values))).table_valued("value")
    return column.in_(select(listed.c.value))
