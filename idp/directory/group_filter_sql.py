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
    row_of,
    text,
    unknown_path,
    version,
    walk,
)
from idp.directory.filtering import And, Compare, Filter, Present, ValuePath
from idp.directory.groups import Group, Membership
from idp.directory.values import key


def group_condition(actor: Actor, wanted: Filter) -> Condition:
    """The WHERE clause of a filter over groups."""
    return walk(wanted, lambda leaf: _group_leaf(actor, leaf))


def _group_leaf(actor: Actor, leaf: Compare | Present | ValuePath) -> Condition:
    if isinstance(leaf, ValuePath):
        condition = walk(leaf.term, _member_part)
        if _names_a_member(leaf.term):
            found: Condition = Group.id.in_(_with_members(actor).where(condition))
            return found
        return exists(_members().where(condition))
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


def _group_member(actor: Actor, leaf: Compare | Present) -> Condition:
    if isinstance(leaf, Present):
        return exists(_members())
    return row_of(leaf, _members(), Membership.member_id, Group.id, _with_members(actor))


def _with_members(actor: Actor) -> Any:
    return select(Membership.group_id).where(Membership.org_id == actor.org_id)


def _names_a_member(term: Filter) -> bool:
    """Whether a value path's filter says, among what must hold, who the member is."""
    if isinstance(term, And):
        return any(map(_names_a_member, term.terms))
    return isinstance(term, Compare) and (term.path, term.op) == ("value", "eq")


def _group_name(_actor: Actor, leaf: Compare | Present) -> Condition:
    return true() if isinstance(leaf, Present) else text(Group.display_name_key, leaf, key)


def _group_id(_actor: Actor, leaf: Compare | Present) -> Condition:
    return true() if isinstance(leaf, Present) else exact(Group.id, leaf)


_GROUP_META: dict[str, Callable[[Actor, Compare | Present], Condition]] = {
    "id": _group_id,
    "displayName": _group_name,
    "externalId": external_id(Group.id, "Group"),
    "members": _group_member,
    "members.value": _group_member,
    "meta.created": moment(Group.created),
    "meta.lastModified": moment(Group.last_modified),
    "meta.version": version(Group.version),
}
