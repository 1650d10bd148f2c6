"""Rows of a subquery as one text: a page of people brings what belongs to each along with them."""

from typing import Any

from sqlalchemy import String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class JsonRows(FunctionElement[str]):
    """Rows as the text of a JSON list of lists; nothing, or an empty list, where there are none."""

    type = String()
    name = "json_rows"
    inherit_cache = True


@compiles(JsonRows)
def _json_rows(element: JsonRows, compiler: Any, **kw: Any) -> str:
    return f"json_group_array(json_array({compiler.process(element.clauses, **kw)}))"


@compiles(JsonRows, "postgresql")
def _json_rows_postgresql(element: JsonRows, compiler: Any, **kw: Any) -> str:
    return f"CAST(json_agg(json_build_array({compiler.process(element.clauses, **kw)})) AS text)"
