"""The order of a list as SQL: one value and then the id, so that every list has exactly one order.

RFC 7644 §3.4.2.3: text without case unless its attribute is caseExact, the primary value of
several or else the first; who has no value comes last, and first when descending. Descending is
the ascending order read backwards, so a list walked from a position needs to know one order.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import String, case, collate, func, select

from idp.directory.actors import Actor
from idp.directory.attributes import CORE
from idp.directory.comparisons import KEY_LENGTH, parsed_number
from idp.directory.connections import Link
from idp.directory.errors import Invalid
from idp.directory.groups import Group
from idp.directory.users import USER_COLUMNS, User, UserValue
from idp.directory.views import ListQuery
from idp.extensions import db


@dataclass(frozen=True, slots=True)
class Order:
    """An ascending order: by `value` where there is one, then by `id`; perhaps read backwards."""

    id: Any
    value: Any = None  # None: by the id alone
    optional: bool = False  # whether somebody may have no value
    descending: bool = False
    written: Any = None  # what a number stands in, which tells it exactly

    @property
    def said(self) -> Any:
        """What a position remembers of the value."""
        return self.value if self.written is None else self.written

    def columns(self, *, backwards: bool = False) -> list[Any]:
        """The ORDER BY."""
        down = self.descending != backwards
        ordered = [self.id.desc() if down else self.id.asc()]
        if self.value is not None:
            first = self.value.desc() if down else self.value.asc()
            if self.optional:
                first = first.nulls_first() if down else first.nulls_last()
            ordered.insert(0, first)
        return ordered


def user_order(actor: Actor, query: ListQuery) -> Order:
    """The order of a list of people; by id, which is by creation, where none is asked for.

    Raises Invalid sort_impossible.
    """
    if query.sort_by in _BY_ID:
        return Order(User.id, descending=query.descending)
    value, optional = _USER_VALUES.get(query.sort_by, (None, True))
    if query.sort_by == "externalId":
        value = _external_id(actor, User.id)
    elif value is None:
        return _attribute(query)
    return Order(User.id, value, optional, query.descending)


def group_order(actor: Actor, query: ListQuery) -> Order:
    """The order of a list of groups. Raises Invalid sort_impossible."""
    if query.sort_by in _BY_ID:
        return Order(Group.id, descending=query.descending)
    if query.sort_by == "externalId":
        return Order(Group.id, _external_id(actor, Group.id), True, query.descending)
    value = _GROUP_VALUES.get(query.sort_by)
    if value is None:
        raise _impossible(query.sort_by or "")
    return Order(Group.id, value, False, query.descending)


# What is the same for all resources of a type, or says no more than the id, sorts by the id.
_BY_ID = frozenset({None, "id", "meta.location", "meta.resourceType"})
_USER_VALUES: dict[str | None, tuple[Any, bool]] = {
    "userName": (User.user_name_key, False),
    "displayName": (User.display_name_key, True),
    "active": (User.active, False),
    "meta.created": (User.created, False),
    "meta.lastModified": (User.last_modified, False),
    "meta.version": (User.version, False),
}
_GROUP_VALUES: dict[str | None, Any] = {
    "displayName": Group.display_name_key,
    "meta.created": Group.created,
    "meta.lastModified": Group.last_modified,
    "meta.version": Group.version,
}
# What follows from other rows, or is the same for most: nobody is found by it in an order.
_WITHOUT_ORDER = frozenset({"groups", "members", "schemas", "meta", "password"})


def _impossible(path: str) -> Invalid:
    return Invalid("sort_impossible", f"Nothing can be sorted by {path[:200]!r}.", attribute=path)


def _external_id(actor: Actor, subject: Any) -> Any:
    """The caller's own name for it."""
    named = select(Link.foreign_id).where(
        Link.subject_id == subject, Link.connection_id == actor.connection_id
    )
    return named.scalar_subquery()


def _attribute(query: ListQuery) -> Order:
    path = query.sort_by or ""
    if path.partition(".")[0] in _WITHOUT_ORDER:
        raise _impossible(path)
    if path in USER_COLUMNS:
        column = getattr(User, USER_COLUMNS[path])
        value = _plain(column, exact=CORE.user_leaves[path].attribute.case_exact)
        return Order(User.id, value, True, query.descending)
    column = _part(path)
    if query.sort_kind == "number":
        number = _of_values(path, parsed_number(column))
        return Order(User.id, number, True, query.descending, written=_of_values(path, column))
    return Order(User.id, _of_values(path, _text(path, column, query)), True, query.descending)


def _plain(column: Any, *, exact: bool) -> Any:
    """Text by code point, the same on every database, as far as keys reach."""
    text = func.substr(column if exact else func.lower(column), 1, KEY_LENGTH, type_=String)
    return _by_code_point(text)


def _by_code_point(text: Any) -> Any:
    return collate(text, "C") if db.engine.dialect.name == "postgresql" else text


def _of_values(path: str, expression: Any) -> Any:
    """The primary value of several, or else the first; of an own attribute the one there is."""
    stored = (
        {path, path.rpartition(".")[0]} if path.startswith("urn:") else {path.partition(".")[0]}
    )
    found = select(expression).where(
        UserValue.user_id == User.id,
        UserValue.org_id == User.org_id,
        UserValue.attribute.in_(sorted(stored)),
    )
    primary_first = case((UserValue.is_primary.is_(True), 0), else_=1)
    return found.order_by(primary_first, UserValue.ordinal).limit(1).scalar_subquery()


def _part(path: str) -> Any:
    """Where a value lies: in a column, among its parts, or in a row under its own path."""
    _, _, part = path.rpartition(":")[2].partition(".")
    if part == "primary":
        return UserValue.is_primary
    if part in _PARTS:
        return _PARTS[part]
    inside = UserValue.parts[part].as_string().cast(String)
    return case((UserValue.attribute == path, UserValue.value), else_=inside)


def _text(path: str, column: Any, query: ListQuery) -> Any:
    leaf = CORE.user_leaves.get(path)
    exact = leaf.attribute.case_exact if leaf is not None else query.sort_kind == "exact"
    if column is UserValue.is_primary:
        return column
    if column is UserValue.value and not exact:
        return UserValue.value_key
    return _plain(column, exact=exact)


_PARTS: dict[str, Any] = {
    "": UserValue.value,
    "value": UserValue.value,
    "type": UserValue.type,
    "display": UserValue.display,
}
