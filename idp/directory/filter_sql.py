"""Filters over people as SQL: indexed columns, EXISTS for values and groups.

Every path is one of the vocabulary or of META; an unknown one is refused, never ignored. Two
value paths on one attribute are two EXISTS, as RFC 7644 §3.4.2.2 means them.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import exists, func, literal, not_, or_, select, true

from idp.directory.actors import Actor
from idp.directory.attributes import CORE
from idp.directory.comparisons import (
    Condition,
    bad_value,
    boolean,
    exact,
    external_id,
    keyed,
    lowered,
    moment,
    negated,
    number,
    operator,
    text,
    unknown_path,
    walk,
)
from idp.directory.filtering import Compare, Filter, Literal, Present, ValuePath
from idp.directory.groups import EffectiveMembership, Group
from idp.directory.users import USER_COLUMNS, User, UserValue
from idp.directory.values import key
from idp.directory.views import ListQuery

_PART_COLUMNS = {
    "value": UserValue.value,
    "type": UserValue.type,
    "display": UserValue.display,
    "primary": UserValue.is_primary,
}


def user_condition(actor: Actor, wanted: Filter) -> Condition:
    """The WHERE clause of a filter over people."""
    return walk(wanted, lambda leaf: _user_leaf(actor, leaf))


def user_order(query: ListQuery) -> list[Any]:
    """The ORDER BY of a list of people; creation is the order where none is asked for."""
    if query.sort_by is None:
        return []
    column = {
        "userName": User.user_name_key,
        "displayName": User.sort_key,
        "id": User.id,
        "meta.created": User.created,
        "meta.lastModified": User.last_modified,
    }.get(query.sort_by) or _sortable(query.sort_by)
    return [column.desc().nulls_last() if query.descending else column.asc().nulls_last()]


def _sortable(path: str) -> Any:
    if path in USER_COLUMNS:
        return getattr(User, USER_COLUMNS[path])
    attribute = path.partition(".")[0]
    first = select(func.min(UserValue.value_key)).where(
        UserValue.user_id == User.id, UserValue.attribute == attribute
    )
    return first.scalar_subquery()


def _user_leaf(actor: Actor, leaf: Compare | Present | ValuePath) -> Condition:
    if isinstance(leaf, ValuePath):
        return _value_path(leaf)
    special = _USER_META.get(leaf.path)
    if special is not None:
        return special(actor, leaf)
    if leaf.path in USER_COLUMNS:
        return _column(leaf)
    return _rows(leaf)


def _column(leaf: Compare | Present) -> Condition:
    column: Any = getattr(User, USER_COLUMNS[leaf.path])
    if isinstance(leaf, Present):
        present: Condition = column.is_not(None)
        return present
    attribute = CORE.user_leaves[leaf.path].attribute
    if attribute.type == "boolean":
        return boolean(column, leaf)
    if leaf.path == "userName":
        return text(User.user_name_key, leaf, key)
    if leaf.path == "displayName":
        return keyed(User.display_name_key, column, leaf)
    return exact(column, leaf) if attribute.case_exact else lowered(column, leaf)


def _rows(leaf: Compare | Present) -> Condition:
    """A comparison with any of a person's values: "emails", "emails.value", "urn:…:badge"."""
    if isinstance(leaf, Present):
        return or_(*(_any_row(place, _part_present(place[1])) for place in _places(leaf.path)))
    if leaf.op == "ne":
        # "ne" over several values: none equals. A person without values matches too.
        return not_(_rows(Compare(leaf.path, "eq", leaf.value)))
    if leaf.value is None:
        if leaf.op != "eq":
            raise bad_value(leaf, "compared with null by eq or ne only")
        return not_(_rows(Present(leaf.path)))
    return or_(*(_any_row(place, _part(place, leaf)) for place in _places(leaf.path)))


Place = tuple[str, str]  # which rows of `user_values`, and which part of them ("" for the whole)


def _places(path: str) -> list[Place]:
    """Where the values of a path are. A part of an own attribute may be a row of its own."""
    urn, colon, name = path.rpartition(":") if path.startswith("urn:") else ("", "", path)
    attribute, _, part = name.partition(".")
    places = [(f"{urn}{colon}{attribute}", part)]
    return [*places, (path, "")] if urn and part else places


def _any_row(place: Place, condition: Condition) -> Condition:
    return exists(_has(place[0]).where(condition))


def _has(attribute: str) -> Any:
    return select(literal(1)).where(
        UserValue.user_id == User.id,
        UserValue.org_id == User.org_id,
        UserValue.attribute == attribute,
    )


def _part_present(part: str) -> Condition:
    if not part:
        return true()
    column: Any = _PART_COLUMNS.get(part)
    if column is None:
        column = UserValue.parts[part].as_string()
    found: Condition = column.is_not(None)
    return found


def _part(place: Place, leaf: Compare) -> Condition:
    attribute, part = place
    if part == "primary":
        return boolean(UserValue.is_primary, leaf)
    if part in ("", "value"):
        return _value(attribute, leaf)
    column: Any = _PART_COLUMNS.get(part)
    if column is None:
        column = UserValue.parts[part].as_string()
    return number(column, leaf) if _is_number(leaf.value) else lowered(column, leaf)


def _value(attribute: str, leaf: Compare) -> Condition:
    if isinstance(leaf.value, bool):
        return operator(UserValue.value, leaf.op, _json_text(leaf.value))
    if _is_number(leaf.value):
        return number(UserValue.value, leaf)
    known = CORE.user_leaves.get(f"{attribute}.value")
    if known is not None and known.attribute.case_exact:
        return exact(UserValue.value, leaf)
    return keyed(UserValue.value_key, UserValue.value, leaf)


def _is_number(value: Literal) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _json_text(value: Literal) -> str:
    return str(value).lower()  # as JSON writes true and false


def _value_path(leaf: ValuePath) -> Condition:
    """attribute[term]: one row that satisfies the whole term."""

    def inner(part: Compare | Present | ValuePath) -> Condition:
        if isinstance(part, ValuePath):
            raise unknown_path(part.attribute)
        name = part.path.rpartition(".")[2]
        if isinstance(part, Present):
            return _part_present(name)
        return _part((leaf.attribute, name), part)

    return exists(_has(leaf.attribute).where(walk(leaf.term, inner)))


def _identifier(_actor: Actor, leaf: Compare | Present) -> Condition:
    return true() if isinstance(leaf, Present) else exact(User.id, leaf)


def _in_group(_actor: Actor, leaf: Compare | Present) -> Condition:
    here = select(literal(1)).where(EffectiveMembership.user_id == User.id)
    if isinstance(leaf, Present):
        return exists(here)
    return negated(leaf, here, EffectiveMembership.group_id)


def _in_group_named(_actor: Actor, leaf: Compare | Present) -> Condition:
    here = select(literal(1)).where(
        EffectiveMembership.user_id == User.id, Group.id == EffectiveMembership.group_id
    )
    if isinstance(leaf, Present):
        return exists(here)
    if leaf.op == "ne":
        return not_(_in_group_named(_actor, Compare(leaf.path, "eq", leaf.value)))
    if leaf.value is None:
        return not_(exists(here))
    return exists(here.where(text(Group.display_name_key, leaf, key)))


_USER_META: dict[str, Callable[[Actor, Compare | Present], Condition]] = {
    "id": _identifier,
    "externalId": external_id(User.id),
    "meta.created": moment(User.created),
    "meta.lastModified": moment(User.last_modified),
    "groups": _in_group,
    "groups.value": _in_group,
    "groups.display": _in_group_named,
}
