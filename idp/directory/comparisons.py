"""Comparisons of one value, as SQL: typed, by the key or form that an index is made of.

What filters over people (`filter_sql`) and over groups (`group_filter_sql`) share. None means
unassigned (RFC 7644 §3.4.2.2); text is compared without case unless its attribute is caseExact.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Float,
    Numeric,
    String,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)

from idp.directory.actors import Actor
from idp.directory.connections import Link
from idp.directory.errors import Invalid
from idp.directory.filtering import And, Compare, Filter, Not, Or, Present, ValuePath
from idp.directory.sets import same, storable
from idp.directory.values import instant, key

Condition = ColumnElement[bool]
KEY_LENGTH = 256  # as far as display names and values are indexed
_ORDERED = {"gt", "ge", "lt", "le"}
# What few match as a rule: they are found first, and then their resources; for the others each
# resource is asked, so that a page can end early.
SELECTIVE = frozenset({"eq", "sw"})
_NUMBER = r"^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$"


def walk(node: Filter, leaf: Callable[[Compare | Present | ValuePath], Condition]) -> Condition:
    if isinstance(node, And):
        return and_(true(), *(walk(term, leaf) for term in node.terms))
    if isinstance(node, Or):
        return or_(false(), *(walk(term, leaf) for term in node.terms))
    if isinstance(node, Not):
        # What is unassigned does not match, so its negation does (three-valued logic ends here).
        return not_(func.coalesce(walk(node.term, leaf), false()))
    return leaf(node)


def unknown_path(path: str) -> Invalid:
    return Invalid(
        "filter_unknown_attribute", f"There is no attribute {path[:200]!r}.", attribute=path
    )


def boolean(column: Any, leaf: Compare) -> Condition:
    if leaf.op not in ("eq", "ne") or not isinstance(leaf.value, bool | None):
        raise bad_value(leaf, "true or false, compared by eq or ne")
    same: Condition = column.is_(leaf.value)
    return same if leaf.op == "eq" else or_(not_(same), column.is_(None))


def bad_value(leaf: Compare, wanted: str) -> Invalid:
    return Invalid("filter_bad_value", f"{leaf.path} is {wanted}.", attribute=leaf.path)


def text(column: Any, leaf: Compare, form: Callable[[str], str]) -> Condition:
    """A comparison of text; `column` is in the form that `form` gives the literal."""
    if leaf.value is None:
        return _null(column, leaf)
    if not isinstance(leaf.value, str):
        raise bad_value(leaf, "a string")
    if not storable(leaf.value):  # no database holds it, so nothing equals it
        return true() if leaf.op == "ne" else false()
    return operator(column, leaf.op, form(leaf.value))


def lowered(column: Any, leaf: Compare) -> Condition:
    """Text without case, where there is no key to compare by."""
    if leaf.op == "sw" and isinstance(leaf.value, str) and storable(leaf.value):
        # No range: what lies between two texts is for the database's own collation to say.
        found: Condition = func.lower(column).startswith(leaf.value.lower(), autoescape=True)
        return found
    return text(func.lower(column), leaf, str.lower)


def keyed(key_column: Any, column: Any, leaf: Compare) -> Condition:
    """Text by its key, as far as that reaches: keys are cut to be indexed."""
    beyond = isinstance(leaf.value, str) and len(key(leaf.value)) >= KEY_LENGTH
    if beyond or leaf.op in ("co", "ew"):
        return lowered(column, leaf)
    return text(key_column, leaf, key)


def exact(column: Any, leaf: Compare) -> Condition:
    """Text by case. SQLite's LIKE knows none, so parts of texts are cut out and compared."""
    value = leaf.value
    if not isinstance(value, str) or leaf.op not in ("co", "sw", "ew") or not storable(value):
        return text(column, leaf, str)
    if leaf.op == "co":
        return or_(func.replace(column, value, "") != column, literal(value) == "")
    if leaf.op == "sw":
        return func.substr(column, 1, len(value)) == value
    return func.substr(column, func.length(column) - len(value) + 1) == value


def keyed_exact(key_column: Any, column: Any, leaf: Compare) -> Condition:
    """Text by case, found by its key where the whole of it is asked for."""
    if leaf.op == "eq" and isinstance(leaf.value, str) and storable(leaf.value):
        return and_(key_column == key(leaf.value)[:KEY_LENGTH], column == leaf.value)
    return exact(column, leaf)


def parsed_number(column: Any) -> Any:
    """The number that a text says, or nothing."""
    written = cast(column, String)
    return case((written.regexp_match(_NUMBER), cast(written, Numeric)), else_=None)


def number(column: Any, leaf: Compare) -> Condition:
    """A comparison of numbers, which are kept as JSON writes them."""
    parsed = parsed_number(column)
    wanted: Any = leaf.value
    if isinstance(wanted, int) and abs(wanted) < 2**63:
        return operator(parsed, leaf.op, literal(wanted, BigInteger()))
    return operator(parsed, leaf.op, literal(max(-1e300, min(1e300, wanted)), Float()))


def _null(column: Any, leaf: Compare) -> Condition:
    if leaf.op not in ("eq", "ne"):
        raise bad_value(leaf, "compared with null by eq or ne only")
    condition: Condition = column.is_(None) if leaf.op == "eq" else column.is_not(None)
    return condition


def operator(column: Any, op: str, value: Any) -> Condition:
    found: Condition
    match op:
        case "eq":
            found = column == value
        case "ne":
            found = or_(column != value, column.is_(None))
        case "co":
            found = column.contains(value, autoescape=True)
        case "sw":  # a range, so that an index serves it on both databases
            found = and_(column >= value, column < value + "\U0010ffff")
        case "ew":
            found = column.endswith(value, autoescape=True)
        case "gt":
            found = column > value
        case "ge":
            found = column >= value
        case "lt":
            found = column < value
        case _:
            found = column <= value
    return found


def external_id(subject: Any, kind: str) -> Callable[[Actor, Compare | Present], Condition]:
    def condition(actor: Actor, leaf: Compare | Present) -> Condition:
        own = (Link.connection_id == actor.connection_id, Link.kind == kind)
        links = select(Link.subject_id).where(*own)
        here = links.where(Link.subject_id == subject)
        if isinstance(leaf, Present):
            return exists(here)
        if leaf.value is None:
            return not_(exists(here)) if leaf.op == "eq" else exists(here)
        if leaf.op == "ne":
            return not_(exists(here.where(same(Link.foreign_id, str(leaf.value)))))
        if leaf.op in SELECTIVE:  # the index of names leads to the few that are meant
            found: Condition = subject.in_(links.where(text(Link.foreign_id, leaf, str)))
            return found
        return exists(here.where(exact(Link.foreign_id, leaf)))

    return condition


def moment(column: Any) -> Callable[[Actor, Compare | Present], Condition]:
    def condition(_actor: Actor, leaf: Compare | Present) -> Condition:
        if isinstance(leaf, Present):
            return true()
        if leaf.op in _ORDERED | {"eq", "ne"} and isinstance(leaf.value, str | datetime):
            return operator(column, leaf.op, _instant(leaf))
        raise bad_value(leaf, "a date and time, compared by eq, ne, gt, ge, lt or le")

    return condition


def _instant(leaf: Compare) -> datetime:
    if isinstance(leaf.value, datetime):
        return leaf.value
    try:
        return instant(str(leaf.value))
    except ValueError:
        raise bad_value(leaf, "a date and time such as 2026-12-03T14:05:00Z") from None


def version(column: Any) -> Callable[[Actor, Compare | Present], Condition]:
    def condition(_actor: Actor, leaf: Compare | Present) -> Condition:
        if isinstance(leaf, Present):
            return true()
        plain = isinstance(leaf.value, int) and not isinstance(leaf.value, bool)
        if not plain or leaf.op not in ("eq", "ne"):
            raise bad_value(leaf, "a version, compared by eq or ne")
        return operator(column, leaf.op, leaf.value)

    return condition


def row_of(leaf: Compare, here: Any, column: Any, subject: Any, found: Any) -> Condition:
    """A comparison with one of the rows that `here` ties to a resource.

    `found` selects the ids of resources from the same rows, for what few match.
    """
    if leaf.value is None:
        return not_(exists(here)) if leaf.op == "eq" else exists(here)
    if leaf.op == "ne":
        return not_(exists(here.where(same(column, str(leaf.value)))))
    if leaf.op == "eq":
        members: Condition = subject.in_(found.where(same(column, str(leaf.value))))
        return members
    return exists(here.where(exact(column, leaf)))
