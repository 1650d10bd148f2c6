"""Filters over groups as SQL: names, members by EXISTS, times."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import exists, literal, select, true

from idp.directory.actors import Actor
from idp.directory.comparisons import (
    Condition,
    exact,
    external_id,
    lowered,
    moment,
    negated,
    text,
    unknown_path,
    walk,
)
from idp.directory.filtering import Compare, Filter, Present, ValuePath
from idp.directory.groups import Group, Membership
from idp.directory.values import key
from idp.directory.views import ListQuery


def group_condition(actor: Actor, wanted: Filter) -> Condition:
    """The WHERE clause of a filter over groups."""
    return walk(wanted, lambda leaf: _group_leaf(actor, leaf))


def _group_leaf(actor: Actor, leaf: Compare | Present | ValuePath) -> Condition:
    if isinstance(leaf, ValuePath):
        return exists(_members().where(walk(leaf.term, _member_part)))
    special = _GROUP_META.get(leaf.path)
    if special is None:
        raise unknown_path(leaf.path)
    return special(actor, leaf)


def _members() -> Any:
    return select(literal(1)).where(Membership.group_id == Group.id)


def _member_part(leaf: Compare | Present | ValuePath) -> Condition:
    if isinstance(leaf, ValuePath):
        raise unknown_path(leaf.attribute)
    name = leaf.path.rpartition(".")[2]
    column: Any = {"value": Membership.member_id, "type": Membership.member_kind}.get(name)
    if column is None:
        raise unknown_path(f"members.{name}")
    if isinstance(leaf, Present):
        return true()
    return exact(column, leaf) if name == "value" else lowered(column, leaf)


def _group_member(_actor: Actor, leaf: Compare | Present) -> Condition:
    if isinstance(leaf, Present):
        return exists(_members())
    return negated(leaf, _members(), Membership.member_id)


def _group_name(_actor: Actor, leaf: Compare | Present) -> Condition:
    return true() if isinstance(leaf, Present) else text(Group.display_name_key, leaf, key)


def _group_id(_actor: Actor, leaf: Compare | Present) -> Condition:
    return true() if isinstance(leaf, Present) else exact(Group.id, leaf)


_GROUP_META: dict[str, Callable[[Actor, Compare | Present], Condition]] = {
    "id": _group_id,
    "displayName": _group_name,
    "externalId": external_id(Group.id),
    "members": _group_member,
    "members.value": _group_member,
    "meta.created": moment(Group.created),
    "meta.lastModified": moment(Group.last_modified),
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
        raise unknown_path(query.sort_by)
    return [column.desc() if query.descending else column.asc()]
