"""Filters as SQL: typed comparisons on indexed columns, EXISTS for values and members.

Every path is one of the vocabulary or of META; an unknown one is refused, never ignored. Two
value paths on one attribute are two EXISTS, as RFC 7644 §3.4.2.2 means them.
"""

from collections.abc import Callable
from datetime import UTC, datetime
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
from idp.directory.attributes import CORE
from idp.directory.connections import Link
from idp.directory.errors import Invalid
from idp.directory.filtering import And, Compare, Filter, Literal, Not, Or, Present, ValuePath
from idp.directory.groups import EffectiveMembership, Group, Membership
from idp.directory.sets import same, storable
from idp.directory.users import USER_COLUMNS, User, UserValue
from idp.directory.values import key
from idp.directory.views import ListQuery

Condition = ColumnElement[bool]
_ORDERED = {"gt", "ge", "lt", "le"}
_PART_COLUMNS = {
    "value": UserValue.value,
    "type": UserValue.type,
    "display": UserValue.display,
    "primary": UserValue.is_primary,
}
_NUMBER = r"^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$"
KEY_LENGTH = 256  # as far as display names and values are indexed


def user_condition(actor: Actor, wanted: Filter) -> Condition:
    """The WHERE clause of a filter over people."""
    return _walk(wanted, lambda leaf: _user_leaf(actor, leaf))


def group_condition(actor: Actor, wanted: Filter) -> Condition:
    """The WHERE clause of a filter over groups."""
    return _walk(wanted, lambda leaf: _group_leaf(actor, leaf))


def _walk(node: Filter, leaf: Callable[[Compare | Present | ValuePath], Condition]) -> Condition:
    if isinstance(node, And):
        return and_(true(), *(_walk(term, leaf) for term in node.terms))
    if isinstance(node, Or):
        return or_(false(), *(_walk(term, leaf) for term in node.terms))
    if isinstance(node, Not):
        # What is unassigned does not match, so its negation does (three-valued logic ends here).
        return not_(func.coalesce(_walk(node.term, leaf), false()))
    return leaf(node)


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


def _unknown(path: str) -> Invalid:
    return Invalid(
        "filter_unknown_attribute", f"There is no attribute {path[:200]!r}.", attribute=path
    )


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
        return _boolean(column, leaf)
    if leaf.path == "userName":
        return _text(User.user_name_key, leaf, key)
    if leaf.path == "displayName":
        return _keyed(User.display_name_key, column, leaf)
    return _exact(column, leaf) if attribute.case_exact else _lowered(column, leaf)


def _boolean(column: Any, leaf: Compare) -> Condition:
    if leaf.op not in ("eq", "ne") or not isinstance(leaf.value, bool | None):
        raise _bad_value(leaf, "true or false, compared by eq or ne")
    same: Condition = column.is_(leaf.value)
    return same if leaf.op == "eq" else or_(not_(same), column.is_(None))


def _bad_value(leaf: Compare, wanted: str) -> Invalid:
    return Invalid("filter_bad_value", f"{leaf.path} is {wanted}.", attribute=leaf.path)


def _text(column: Any, leaf: Compare, form: Callable[[str], str]) -> Condition:
    """A comparison of text; `column` is in the form that `form` gives the literal."""
    if leaf.value is None:
        return _null(column, leaf)
    if not isinstance(leaf.value, str):
        raise _bad_value(leaf, "a string")
    if not storable(leaf.value):  # no database holds it, so nothing equals it
        return true() if leaf.op == "ne" else false()
    return _operator(column, leaf.op, form(leaf.value))


def _lowered(column: Any, leaf: Compare) -> Condition:
    """Text without case, where there is no key to compare by."""
    if leaf.op == "sw" and isinstance(leaf.value, str) and storable(leaf.value):
        # No range: what lies between two texts is for the database's own collation to say.
        found: Condition = func.lower(column).startswith(leaf.value.lower(), autoescape=True)
        return found
    return _text(func.lower(column), leaf, str.lower)


def _keyed(key_column: Any, column: Any, leaf: Compare) -> Condition:
    """Text by its key, as far as that reaches: keys are cut to be indexed."""
    beyond = isinstance(leaf.value, str) and len(key(leaf.value)) >= KEY_LENGTH
    if beyond or leaf.op in ("co", "ew"):
        return _lowered(column, leaf)
    return _text(key_column, leaf, key)


def _exact(column: Any, leaf: Compare) -> Condition:
    """Text by case. SQLite's LIKE knows none, so parts of texts are cut out and compared."""
    value = leaf.value
    if not isinstance(value, str) or leaf.op not in ("co", "sw", "ew") or not storable(value):
        return _text(column, leaf, str)
    if leaf.op == "co":
        return or_(func.replace(column, value, "") != column, literal(value) == "")
    if leaf.op == "sw":
        return func.substr(column, 1, len(value)) == value
    return func.substr(column, func.length(column) - len(value) + 1) == value


def _number(column: Any, leaf: Compare) -> Condition:
    """A comparison of numbers, which are kept as JSON writes them."""
    text = cast(column, String)
    number = case((text.regexp_match(_NUMBER), cast(text, Numeric)), else_=None)
    wanted: Any = leaf.value
    if isinstance(wanted, int) and abs(wanted) < 2**63:
        return _operator(number, leaf.op, literal(wanted, BigInteger()))
    return _operator(number, leaf.op, literal(max(-1e300, min(1e300, wanted)), Float()))


def _null(column: Any, leaf: Compare) -> Condition:
    if leaf.op not in ("eq", "ne"):
        raise _bad_value(leaf, "compared with null by eq or ne only")
    condition: Condition = column.is_(None) if leaf.op == "eq" else column.is_not(None)
    return condition


def _operator(column: Any, op: str, value: Any) -> Condition:
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


def _rows(leaf: Compare | Present) -> Condition:
    """A comparison with any of a person's values: "emails", "emails.value", "urn:…:badge"."""
    if isinstance(leaf, Present):
        return or_(*(_any_row(place, _part_present(place[1])) for place in _places(leaf.path)))
    if leaf.op == "ne":
        # "ne" over several values: none equals. A person without values matches too.
        return not_(_rows(Compare(leaf.path, "eq", leaf.value)))
    if leaf.value is None:
        if leaf.op != "eq":
            raise _bad_value(leaf, "compared with null by eq or ne only")
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
        return _boolean(UserValue.is_primary, leaf)
    if part in ("", "value"):
        return _value(attribute, leaf)
    column: Any = _PART_COLUMNS.get(part)
    if column is None:
        column = UserValue.parts[part].as_string()
    return _number(column, leaf) if _is_number(leaf.value) else _lowered(column, leaf)


def _value(attribute: str, leaf: Compare) -> Condition:
    if isinstance(leaf.value, bool):
        return _operator(UserValue.value, leaf.op, _json_text(leaf.value))
    if _is_number(leaf.value):
        return _number(UserValue.value, leaf)
    known = CORE.user_leaves.get(f"{attribute}.value")
    if known is not None and known.attribute.case_exact:
        return _exact(UserValue.value, leaf)
    return _keyed(UserValue.value_key, UserValue.value, leaf)


def _is_number(value: Literal) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _json_text(value: Literal) -> str:
    return str(value).lower()  # as JSON writes true and false


def _value_path(leaf: ValuePath) -> Condition:
    """attribute[term]: one row that satisfies the whole term."""

    def inner(part: Compare | Present | ValuePath) -> Condition:
        if isinstance(part, ValuePath):
            raise _unknown(part.attribute)
        name = part.path.rpartition(".")[2]
        if isinstance(part, Present):
            return _part_present(name)
        return _part((leaf.attribute, name), part)

    return exists(_has(leaf.attribute).where(_walk(leaf.term, inner)))


def _identifier(_actor: Actor, leaf: Compare | Present) -> Condition:
    return true() if isinstance(leaf, Present) else _exact(User.id, leaf)


def _external_id(subject: Any) -> Callable[[Actor, Compare | Present], Condition]:
    def condition(actor: Actor, leaf: Compare | Present) -> Condition:
        here = select(literal(1)).where(
            Link.subject_id == subject, Link.connection_id == actor.connection_id
        )
        if isinstance(leaf, Present):
            return exists(here)
        if leaf.value is None:
            return not_(exists(here)) if leaf.op == "eq" else exists(here)
        if leaf.op == "ne":
            return not_(exists(here.where(same(Link.foreign_id, str(leaf.value)))))
        return exists(here.where(_exact(Link.foreign_id, leaf)))

    return condition


def _moment(column: Any) -> Callable[[Actor, Compare | Present], Condition]:
    def condition(_actor: Actor, leaf: Compare | Present) -> Condition:
        if isinstance(leaf, Present):
            return true()
        if leaf.op in _ORDERED | {"eq", "ne"} and isinstance(leaf.value, str):
            return _operator(column, leaf.op, _instant(leaf))
        raise _bad_value(leaf, "a date and time, compared by eq, ne, gt, ge, lt or le")

    return condition


def _instant(leaf: Compare) -> datetime:
    """A dateTime literal; some clients send seven fraction digits and the year 1."""
    text = str(leaf.value)
    head, dot, tail = text.partition(".")
    digits = len(tail) - len(tail.lstrip("0123456789"))
    if dot and digits > 6:
        text = f"{head}.{tail[:6]}{tail[digits:]}"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _bad_value(leaf, "a date and time such as 2026-12-03T14:05:00Z") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def _in_group(_actor: Actor, leaf: Compare | Present) -> Condition:
    here = select(literal(1)).where(EffectiveMembership.user_id == User.id)
    if isinstance(leaf, Present):
        return exists(here)
    return _negated(leaf, here, EffectiveMembership.group_id)


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
    return exists(here.where(_text(Group.display_name_key, leaf, key)))


def _negated(leaf: Compare, here: Any, column: Any) -> Condition:
    if leaf.op == "ne" and leaf.value is not None:
        return not_(exists(here.where(same(column, str(leaf.value)))))
    if leaf.value is None:
        return not_(exists(here)) if leaf.op == "eq" else exists(here)
    return exists(here.where(_exact(column, leaf)))


_USER_META: dict[str, Callable[[Actor, Compare | Present], Condition]] = {
    "id": _identifier,
    "externalId": _external_id(User.id),
    "meta.created": _moment(User.created),
    "meta.lastModified": _moment(User.last_modified),
    "groups": _in_group,
    "groups.value": _in_group,
    "groups.display": _in_group_named,
}


def _group_leaf(actor: Actor, leaf: Compare | Present | ValuePath) -> Condition:
    if isinstance(leaf, ValuePath):
        return exists(_members().where(_walk(leaf.term, _member_part)))
    special = _GROUP_META.get(leaf.path)
    if special is None:
        raise _unknown(leaf.path)
    return special(actor, leaf)


def _members() -> Any:
    return select(literal(1)).where(Membership.group_id == Group.id)


def _member_part(leaf: Compare | Present | ValuePath) -> Condition:
    if isinstance(leaf, ValuePath):
        raise _unknown(leaf.attribute)
    name = leaf.path.rpartition(".")[2]
    column: Any = {"value": Membership.member_id, "type": Membership.member_kind}.get(name)
    if column is None:
        raise _unknown(f"members.{name}")
    if isinstance(leaf, Present):
        return true()
    return _exact(column, leaf) if name == "value" else _lowered(column, leaf)


def _group_member(_actor: Actor, leaf: Compare | Present) -> Condition:
    if isinstance(leaf, Present):
        return exists(_members())
    return _negated(leaf, _members(), Membership.member_id)


def _group_name(_actor: Actor, leaf: Compare | Present) -> Condition:
    return true() if isinstance(leaf, Present) else _text(Group.display_name_key, leaf, key)


def _group_id(_actor: Actor, leaf: Compare | Present) -> Condition:
    return true() if isinstance(leaf, Present) else _exact(Group.id, leaf)


_GROUP_META: dict[str, Callable[[Actor, Compare | Present], Condition]] = {
    "id": _group_id,
    "displayName": _group_name,
    "externalId": _external_id(Group.id),
    "members": _group_member,
    "members.value": _group_member,
    "meta.created": _moment(Group.created),
    "meta.lastModified": _moment(Group.last_modified),
}


def group_order(query: ListQuery) -> list[Any]:
    """The ORDER BY of a list of groups."""
    if query.sort_by is None:
        return []
    column: Any = {
        "displayName": Group.display_name_key,
        "id": Group.id,
        "meta.created": Group.created,
        "meta.lastModified": Group.last_modified,
    }.get(query.sort_by)
    if column is None:
        raise _unknown(query.sort_by)
    return [column.desc() if query.descending else column.asc()]
