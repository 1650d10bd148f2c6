"""Reads of groups and their members."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, Select, func, select

from idp.directory import keyset
from idp.directory.actors import Actor
from idp.directory.connections import Link
from idp.directory.errors import not_found
from idp.directory.group_filter_sql import group_condition
from idp.directory.groups import EffectiveMembership, Group, Membership
from idp.directory.keyset import Part
from idp.directory.ordering import group_order
from idp.directory.orgs import Census
from idp.directory.sets import any_of, same, storable
from idp.directory.users import User
from idp.directory.values import key
from idp.directory.views import GroupView, ListQuery, MemberView, Page
from idp.extensions import db

_COLUMNS = (
    Group.id,
    Group.display_name,
    Group.source,
    Group.version,
    Group.created,
    Group.last_modified,
    Group.owners,
)


def _view(row: Row[Any], external_id: str | None = None, members: int | None = None) -> GroupView:
    return GroupView(
        id=row.id,
        display_name=row.display_name,
        source_id=row.source,
        version=row.version,
        created=row.created,
        last_modified=row.last_modified,
        owners=row.owners,
        external_id=external_id,
        member_count=members,
    )


def within_reach(actor: Actor, statement: Select[Any]) -> Select[Any]:
    actor.need("groups.read")
    statement = statement.where(Group.org_id == actor.org_id)
    scope = actor.scope_of("groups.read")
    return statement.where(Group.id.in_(scope)) if scope else statement


def find_group(actor: Actor, group_id: str) -> GroupView:
    """One group, or NotFound."""
    statement = within_reach(actor, select(*_COLUMNS).where(same(Group.id, group_id)))
    row = db.session.execute(statement).first()
    if row is None:
        raise not_found("group")
    return _view(row, _external_ids(actor, [group_id]).get(group_id))


def _external_ids(actor: Actor, ids: list[str]) -> dict[str, str]:
    if actor.connection_id is None or not ids:
        return {}
    statement = select(Link.subject_id, Link.foreign_id).where(
        Link.connection_id == actor.connection_id, any_of(db.session(), Link.subject_id, ids)
    )
    return {row.subject_id: row.foreign_id for row in db.session.execute(statement)}


def list_groups(actor: Actor, query: ListQuery) -> Page[GroupView]:
    """Groups by filter and order, a page by index, with the exact total."""
    base = within_reach(actor, select(Group.id))
    if query.filter is not None:
        base = base.where(group_condition(actor, query.filter))
    total = db.session.scalar(select(func.count()).select_from(base.subquery())) or 0
    if query.count <= 0 or query.start > total:
        return Page((), total=total)
    order = group_order(actor, query).columns()
    ids = base.order_by(*order).offset(query.start - 1).limit(query.count).subquery()
    statement = select(*_COLUMNS).join(ids, ids.c.id == Group.id)
    rows = db.session.execute(statement.order_by(*order)).all()
    names = _external_ids(actor, [row.id for row in rows])
    return Page([_view(row, names.get(row.id)) for row in rows], total=total)


def groups_by_id(actor: Actor, ids: list[str]) -> dict[str, GroupView]:
    """{id: group} of those of these ids that are in reach, in one query."""
    if not ids:
        return {}
    statement = select(*_COLUMNS).where(any_of(db.session(), Group.id, ids))
    rows = db.session.execute(within_reach(actor, statement)).all()
    names = _external_ids(actor, [row.id for row in rows])
    return {row.id: _view(row, names.get(row.id)) for row in rows}


def groups_named(actor: Actor, names: Collection[str]) -> dict[str, str]:
    """{name in comparable form: id} of the groups in reach that are called so, in one query."""
    wanted = any_of(db.session(), Group.display_name_key, [key(name) for name in names])
    columns: tuple[Any, ...] = (Group.display_name_key, Group.id)
    rows = db.session.execute(within_reach(actor, select(*columns).where(wanted)))
    return {row.display_name_key: row.id for row in rows}


def existing(actor: Actor, ids: Collection[str]) -> set[str]:
    """Which of these ids are people or groups of the organization: who could be a member."""
    people = select(User.id).where(User.deleted_at.is_(None), User.org_id == actor.org_id)
    groups = select(Group.id).where(Group.org_id == actor.org_id)
    return {
        one
        for statement, column in ((people, User.id), (groups, Group.id))
        for one in db.session.scalars(statement.where(any_of(db.session(), column, ids)))
    }


SORTS: dict[str, tuple[Part, ...]] = {
    "name": (Part(None, (Group.display_name_key, Group.id)),),
    "changed": (Part(None, (Group.last_modified, Group.id)),),
    "created": (Part(None, (Group.id,)),),
    "source": (Part(None, (Group.source, Group.display_name_key, Group.id)),),
}


def page_groups(
    actor: Actor,
    *,
    text: str = "",
    source: str = "",
    sort: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> Page[GroupView]:
    """Groups from a cursor: by name, or in the order of `sort` (a key of SORTS, "-" backwards).

    Each with how many belong in effect.
    """
    statement = within_reach(actor, select(*_COLUMNS))
    if not storable(text):
        return Page(())
    if text.strip():
        statement = statement.where(
            Group.display_name_key.contains(key(text.strip()), autoescape=True)
        )
    if source:
        statement = statement.where(same(Group.source, source))
    order = keyset.chosen(SORTS, sort, "name")
    rows, following = keyset.page(statement, order, cursor, limit)
    counts = _counts([row.id for row in rows])
    return Page([_view(row, members=counts.get(row.id, 0)) for row in rows], following)


def _counts(group_ids: list[str]) -> dict[str, int]:
    if not group_ids:
        return {}
    statement = (
        select(EffectiveMembership.group_id, func.count())
        .where(any_of(db.session(), EffectiveMembership.group_id, group_ids))
        .group_by(EffectiveMembership.group_id)
    )
    return {row[0]: row[1] for row in db.session.execute(statement)}


def effective_count(actor: Actor, group_id: str) -> int:
    """How many people belong to a group, directly or through others."""
    find_group(actor, group_id)
    return _counts([group_id]).get(group_id, 0)


def count_groups(actor: Actor) -> int:
    """How many groups there are in reach."""
    actor.need("groups.read")
    scope = actor.scope_of("groups.read")
    if scope:
        return len(scope)
    kept = select(Census.groups).where(Census.org_id == actor.org_id)
    return db.session.scalar(kept) or 0


def members_of(
    actor: Actor, group_id: str, *, cursor: str | None = None, limit: int | None = 100
) -> Page[MemberView]:
    """Direct members in the order of their ids, from a cursor (the last id); None limit: all."""
    find_group(actor, group_id)
    items = members_of_many(actor, [group_id], after=cursor, limit=limit).get(group_id, [])
    if limit is not None and len(items) > limit:
        return Page(items[:limit], items[limit - 1].id)
    return Page(items)


def members_of_many(
    actor: Actor, group_ids: list[str], *, after: str | None = None, limit: int | None = None
) -> dict[str, list[MemberView]]:
    """{group: its direct members}, in one query; with a limit, one more than that is returned."""
    if not group_ids:
        return {}
    inner = Group.__table__.alias("inner_group")
    statement = (
        select(
            Membership.group_id,
            Membership.member_id,
            Membership.member_kind,
            Membership.source,
            User.user_name,
            func.coalesce(User.display_name, User.user_name, inner.c.display_name).label("display"),
        )
        .outerjoin(User, User.id == Membership.member_id)
        .outerjoin(inner, inner.c.id == Membership.member_id)
        .where(
            Membership.org_id == actor.org_id,
            any_of(db.session(), Membership.group_id, group_ids),
        )
        .order_by(Membership.group_id, Membership.member_id)
    )
    if after:
        statement = statement.where(Membership.member_id > after)
    if limit is not None:
        statement = statement.limit(limit + 1)
    found: dict[str, list[MemberView]] = {}
    for row in db.session.execute(statement):
        member = MemberView(
            row.member_id, row.member_kind, row.display or "", row.user_name, row.source
        )
        found.setdefault(row.group_id, []).append(member)
    return found
