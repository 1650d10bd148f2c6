"""A value path's filter tried on one value in memory (RFC 7644 §3.4.2.2, §3.5.2)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from idp.directory.attributes import Attribute
from idp.directory.filtering import And, Compare, Filter, Not, Or, Present
from idp.directory.values import instant, key


def matches(term: Filter, entry: Any, attribute: Attribute) -> bool:
    """Whether one value of a multi-valued attribute satisfies the filter."""
    if isinstance(term, And):
        return all(matches(inner, entry, attribute) for inner in term.terms)
    if isinstance(term, Or):
        return any(matches(inner, entry, attribute) for inner in term.terms)
    if isinstance(term, Not):
        return not matches(term.term, entry, attribute)
    if isinstance(term, Present):
        return _part(entry, term.path) not in (None, "", [])
    if isinstance(term, Compare):
        return _compare(term, _part(entry, term.path), attribute.child(term.path) or attribute)
    return False  # a value path inside a value path: the grammar of filters refuses it before


def wanted(term: Filter | None) -> dict[str, Any] | None:
    """The parts that a filter of `eq` terms joined by `and` asks for; None for any other filter.

    Entra writes to `emails[type eq "work"].value` before there is such a value: it then exists.
    """
    if isinstance(term, Compare) and term.op == "eq":
        return {term.path: term.value}
    if isinstance(term, And):
        parts = [wanted(inner) for inner in term.terms]
        if all(part is not None for part in parts):
            return {name: value for part in parts if part for name, value in part.items()}
    return None


def _part(entry: Any, name: str) -> Any:
    if isinstance(entry, Mapping):
        return entry.get(name)
    return entry if name == "value" else None


def _compare(term: Compare, held: Any, part: Attribute) -> bool:
    if held is None:
        # An unset boolean counts as false: values are stored without `primary: false`.
        if part.type == "boolean":
            held = False
        else:
            return term.op == "ne"
    value = term.value
    if isinstance(value, datetime):
        held = _moment(held)
    if isinstance(held, str) and isinstance(value, str) and not part.case_exact:
        held, value = key(held), key(value)
    if held is None or isinstance(held, str) != isinstance(value, str):
        return term.op == "ne"
    return bool(OPERATIONS[term.op](held, value))


def _moment(held: Any) -> datetime | None:
    try:
        return instant(str(held))
    except ValueError:
        return None


OPERATIONS: dict[str, Any] = {
    "eq": lambda held, value: held == value,
    "ne": lambda held, value: held != value,
    "co": lambda held, value: value in held,
    "sw": lambda held, value: held.startswith(value),
    "ew": lambda held, value: held.endswith(value),
    "gt": lambda held, value: held > value,
    "ge": lambda held, value: held >= value,
    "lt": lambda held, value: held < value,
    "le": lambda held, value: held <= value,
}
