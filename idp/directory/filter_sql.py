"""Filters over people as SQL: indexed columns, EXISTS for values and groups.

Every path is one of the vocabulary or of META; an unknown one is refused, never ignored. Two
value paths on one attribute are two EXISTS, as RFC 7644 §3.4.2.2 means them.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import exists, literal, not_, or_, select, true

from idp.directory import entitled
from idp.directory.actors import Actor
from idp.directory.attributes import CORE
from idp.directory.comparisons import (
    SELECTIVE,
    Condition,
    bad_value,
    boolean,
    exact,
    external_id,
    keyed,
    keyed_exact,
    lowered,
    moment,
    number,
    operator,
    row_of,
    text,
    unknown_path,
    version,
    walk,
)
from idp.directory.filtering import And, Compare, Filter, Literal, Present, ValuePath
from idp.directory.groups import EffectiveMembership, Group
from idp.directory.users import USER_COLUMNS, User, UserValue
from idp.directory.values import instant_key, key

_PART_COLUMNS = {
    "value": UserValue.value,
    "type": UserValue.type,
    "display": UserValue.display,
    "primary": UserValue.is_primary,
}


def user_condition(actor: Actor, wanted: Filter) -> Condition:
    """The WHERE clause of a filter over people."""
    return walk(wanted, lambda leaf: _user_leaf(actor, leaf))


def _user_leaf(actor: Actor, leaf: Compare | Present | ValuePath) -> Condition:
    if isinstance(leaf, ValuePath):
        return _value_path(actor, leaf)
    special = _USER_META.get(leaf.path)
    if special is not None:
        return special(actor, leaf)
    if leaf.path in USER_COLUMNS:
        return _column(leaf)
    return _rows(actor, leaf)


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


def _rows(actor: Actor, leaf: Compare | Present) -> Condition:
    """A comparison with any of a person's values: "emails", "emails.value", "urn:…:badge"."""
    if isinstance(leaf, Present):
        stored = (_asked(place[0], _part_present(place[1])) for place in _places(leaf.path))
        return or_(*stored, *_derived(actor, leaf))
    if leaf.op == "ne":
        # "ne" over several values: none equals. A person without values matches too.
        return not_(_rows(actor, Compare(leaf.path, "eq", leaf.value, leaf.exact)))
    if leaf.value is None:
        if leaf.op != "eq":
            raise bad_value(leaf, "compared with null by eq or ne only")
        return not_(_rows(actor, Present(leaf.path)))
    places = _places(leaf.path)
    if leaf.op in SELECTIVE and places[0][1] in ("", "value") and isinstance(leaf.value, str):
        found = [_looked_up(actor, place[0], _part(place, leaf)) for place in places]
    else:
        found = [_asked(place[0], _part(place, leaf)) for place in places]
    return or_(*found, *_derived(actor, leaf))


def _derived(actor: Actor, leaf: Compare | Present) -> tuple[Condition, ...]:
    """The same of values that no record holds."""
    if leaf.path.partition(".")[0] != entitled.ATTRIBUTE:
        return ()
    return (entitled.entitled(actor, User.id, leaf),)


Place = tuple[str, str]  # which rows of `user_values`, and which part of them ("" for the whole)


def _places(path: str) -> list[Place]:
    """Where the values of a path are. A part of an own attribute may be a row of its own."""
    urn, colon, name = path.rpartition(":") if path.startswith("urn:") else ("", "", path)
    attribute, _, part = name.partition(".")
    places = [(f"{urn}{colon}{attribute}", part)]
    return [*places, (path, "")] if urn and part else places


def _asked(attribute: str, condition: Condition) -> Condition:
    """Whether a person has such a value: asked of each, so that a page can end early."""
    return exists(_has(attribute).where(condition))


def _looked_up(actor: Actor, attribute: str, condition: Condition) -> Condition:
    """The same, where an index leads to the few values that match, and those to their people."""
    found: Condition = User.id.in_(
        select(UserValue.user_id).where(
            UserValue.org_id == actor.org_id, UserValue.attribute == attribute, condition
        )
    )
    return found


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
    if isinstance(leaf.value, bool):
        return boolean(UserValue.parts[part].as_boolean(), leaf)
    column: Any = _PART_COLUMNS.get(part)
    if column is None:
        column = UserValue.parts[part].as_string()
    if isinstance(leaf.value, datetime):  # kept in the form whose order is that of time
        return operator(column, leaf.op, instant_key(leaf.value))
    if _is_number(leaf.value):
        return number(column, leaf)
    return exact(column, leaf) if leaf.exact else lowered(column, leaf)


def _value(attribute: str, leaf: Compare) -> Condition:
    if isinstance(leaf.value, bool):
        return operator(UserValue.value, leaf.op, _json_text(leaf.value))
    if isinstance(leaf.value, datetime):
        return operator(UserValue.value_key, leaf.op, instant_key(leaf.value))
    if _is_number(leaf.value):
        return number(UserValue.value, leaf)
    known = CORE.user_leaves.get(f"{attribute}.value")
    if leaf.exact or (known is not None and known.attribute.case_exact):
        return keyed_exact(UserValue.value_key, UserValue.value, leaf)
    return keyed(UserValue.value_key, UserValue.value, leaf)


def _is_number(value: Literal) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _json_text(value: Literal) -> str:
    return str(value).lower()  # as JSON writes true and false


def _value_path(actor: Actor, leaf: ValuePath) -> Condition:
    """attribute[term]: one row that satisfies the whole term."""

    def inner(part: Compare | Present | ValuePath) -> Condition:
        if isinstance(part, ValuePath):
            raise unknown_path(part.attribute)
        name = part.path.rpartition(".")[2]
        if isinstance(part, Present):
            return _part_present(name)
        return _part((leaf.attribute, name), part)

    condition = walk(leaf.term, inner)
    selective = _names_a_value(leaf.term)
    stored = (
        _looked_up(actor, leaf.attribute, condition)
        if selective
        else _asked(leaf.attribute, condition)
    )
    if leaf.attribute != entitled.ATTRIBUTE:
        return stored
    return or_(stored, entitled.entitled_as(actor, User.id, leaf))


def _names_a_value(term: Filter) -> bool:
    """Whether a value path's filter says, among what must hold, what the value is."""
    if isinstance(term, And):
        return any(map(_names_a_value, term.terms))
    if not isinstance(term, Compare) or term.path != "value":
        return False
    return term.op in SELECTIVE and isinstance(term.value, str)


def _identifier(_actor: Actor, leaf: Compare | Present) -> Condition:
    return true() if isinstance(leaf, Present) else exact(User.id, leaf)


def _in_group(actor: Actor, leaf: Compare | Present) -> Condition:
    here = select(literal(1)).where(EffectiveMembership.user_id == User.id)
    if isinstance(leaf, Present):
        return exists(here)
    belong = select(EffectiveMembership.user_id).where(EffectiveMembership.org_id == actor.org_id)
    return row_of(leaf, here, EffectiveMembership.group_id, User.id, belong)


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
    "externalId": external_id(User.id, "User"),
    "meta.created": moment(User.created),
    "meta.lastModified": moment(User.last_modified),
    "meta.version": version(User.version),
    "groups": _in_group,
    "groups.value": _in_group,
    "groups.display": _in_group_named,
}
