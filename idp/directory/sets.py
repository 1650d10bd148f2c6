"""Asking for many rows at once: one statement, whose text does not depend on how many."""

import json
import re
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, String, any_, bindparam, false, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, Session

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
