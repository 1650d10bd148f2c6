"""Reads of people: one, some by id, a list by filter. Pages for people are `people_pages`."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, func, or_, select

from idp.clock import now
from idp.directory.actors import Actor
from idp.directory.connections import Link
from idp.directory.errors import not_found
from idp.directory.filter_sql import user_condition
from idp.directory.groups import EffectiveMembership, Group, Membership
from idp.directory.ordering import user_order
from idp.directory.orgs import Census
from idp.directory.prepared import Prepared
from idp.directory.questions import asked_often
from idp.directory.reach import reaches_everybody, within_reach
from idp.directory.roles import RoleAssignment
from idp.directory.sets import any_of, same
from idp.directory.shown import show_users
from idp.directory.users import User
from idp.directory.views import GroupRef, ListQuery, Page, ShownUser, UserView
from idp.extensions import db

COLUMNS = (
    User.id,
    User.user_name,
    User.display_name,
    User.name_formatted,
    User.given_name,
    User.family_name,
    User.active,
    User.blocked_at,
    User.deleted_at,
    User.source,
    User.version,
    User.created,
    User.last_modified,
    User.last_sign_in,
    User.title,
    User.department,
    User.manager_id,
    User.document,
    User.owners,
)
_census: Any = Census.__table__
_CENSUS = Prepared(
    select(_census.c.active, _census.c.disabled, _census.c.blocked).where(
        _census.c.org_id == bindparam("org")
    )
)
_PRESENT = User.deleted_at.is_(None)
# Written as the partial indexes of `users` are, so that the few are found among the many.
STATE_IS: dict[str, tuple[ColumnElement[bool], ...]] = {
    "active": (_PRESENT, User.blocked_at.is_(None), User.active.is_(True)),
    "disabled": (_PRESENT, User.blocked_at.is_(None), User.active.is_(False)),
    "blocked": (_PRESENT, User.blocked_at.is_not(None)),
    "deleted": (User.deleted_at.is_not(None),),
}
STATES = tuple(STATE_IS)


def as_view(row: Row[Any], external_id: str | None = None) -> UserView:
    """A row of COLUMNS as it is shown."""
    full = row.name_formatted or " ".join(p for p in (row.given_name, row.family_name) if p)
    return UserView(
        id=row.id,
        user_name=row.user_name,
        shown_name=row.display_name or full or row.user_name,
        active=row.active,
        blocked=row.blocked_at is not None,
        deleted=row.deleted_at is not None,
        source_id=row.source,
        version=row.version,
        created=row.created,
        last_modified=row.last_modified,
        last_sign_in=row.last_sign_in,
        title=row.title,
        department=row.department,
        manager_id=row.manager_id,
        document=row.document,
        owners=row.owners,
        external_id=external_id,
    )


def find_user(actor: Actor, user_id: str, *, deleted: bool = False) -> UserView:
    """One person, or NotFound; deleted ones only where asked for."""
    statement = within_reach(actor, select(*COLUMNS).where(same(User.id, user_id)))
    if not deleted:
        statement = statement.where(User.deleted_at.is_(None))
    row = db.session.execute(statement).first()
    if row is None:
        raise not_found("user")
    return as_view(row, _external_ids(actor, [user_id]).get(user_id))


def find_users(actor: Actor, ids: Collection[str]) -> dict[str, UserView]:
    """{id: person} of those that are there and in reach, in one query."""
    if not ids:
        return {}
    chosen = select(*COLUMNS).where(User.deleted_at.is_(None), any_of(db.session(), User.id, ids))
    rows = db.session.execute(within_reach(actor, chosen)).all()
    names = _external_ids(actor, [row.id for row in rows])
    return {row.id: as_view(row, names.get(row.id)) for row in rows}


def find_user_by_name(actor: Actor, user_name_key: str) -> UserView | None:
    """The person of a sign-in name (in comparable form), if there is one in reach."""
    statement = select(*COLUMNS).where(
        same(User.user_name_key, user_name_key), User.deleted_at.is_(None)
    )
    row = db.session.execute(within_reach(actor, statement)).first()
    return as_view(row) if row else None


def find_users_by_name(actor: Actor, keys: Collection[str]) -> dict[str, UserView]:
    """{sign-in name in comparable form: person} of those in reach, in one query."""
    if not keys:
        return {}
    wanted = any_of(db.session(), User.user_name_key, keys)
    chosen = select(*COLUMNS, User.user_name_key).where(User.deleted_at.is_(None), wanted)
    rows = db.session.execute(within_reach(actor, chosen))
    return {row.user_name_key: as_view(row) for row in rows}


def _external_ids(actor: Actor, ids: Collection[str]) -> dict[str, str]:
    if actor.connection_id is None or not ids:
        return {}
    statement = select(Link.subject_id, Link.foreign_id).where(
        Link.connection_id == actor.connection_id, any_of(db.session(), Link.subject_id, ids)
    )
    return {row.subject_id: row.foreign_id for row in db.session.execute(statement)}


def list_users(actor: Actor, query: ListQuery) -> Page[ShownUser]:
    """People by filter and order, a page by index, with the exact total (RFC 7644 §3.4.2)."""
    actor.need("users.read")
    often = asked_often(actor, query)
    if often is not None:
        return Page(often, total=_total(actor, query, len(often)))
    # The page's ids come from an index first; only they are read whole.
    order = user_order(actor, query).columns()
    page = _meant(actor, query).order_by(*order).offset(query.start - 1).limit(query.count)
    ids = db.session.scalars(page).all() if query.count > 0 else []
    shown = show_users(actor, ids, query.derived)
    found = [shown[one] for one in ids if one in shown]
    return Page(found, total=_total(actor, query, len(ids)))


def _meant(actor: Actor, query: ListQuery) -> Select[Any]:
    base = within_reach(actor, select(User.id).where(User.deleted_at.is_(None)))
    return base if query.filter is None else base.where(user_condition(actor, query.filter))


def _total(actor: Actor, query: ListQuery, found: int) -> int:
    """How many there are in all: what the page tells already is not counted again."""
    if found < query.count and (found or query.start == 1):
        return query.start - 1 + found
    if query.filter is None and reaches_everybody(actor):
        return sum(count_people(actor).values())
    counted = select(func.count()).select_from(_meant(actor, query).subquery())
    return db.session.scalar(counted) or 0


def in_state(statement: Select[Any], state: str) -> Select[Any]:
    """Only people in one of STATES; without one, everybody who is not deleted."""
    return statement.where(*STATE_IS.get(state, (User.deleted_at.is_(None),)))


def count_people(actor: Actor) -> dict[str, int]:
    """How many people are in each state: from the census, or counted where a role's scope binds."""
    actor.need("users.read")
    if not actor.scope_of("users.read"):
        (counts,) = _CENSUS.rows(org=actor.org_id)
        return dict(zip(STATES, counts, strict=False))
    found = {}
    for state in STATES[:3]:
        ids = in_state(within_reach(actor, select(User.id)), state)
        found[state] = db.session.scalar(select(func.count()).select_from(ids.subquery())) or 0
    return found


def groups_of(actor: Actor, user_id: str) -> list[GroupRef]:
    """The groups a person belongs to, by name."""
    return groups_of_many(actor, [user_id]).get(user_id, [])


def groups_of_many(actor: Actor, user_ids: Collection[str]) -> dict[str, list[GroupRef]]:
    """{person: their groups}, in one query."""
    if not user_ids:
        return {}
    direct = and_(
        Membership.group_id == EffectiveMembership.group_id,
        Membership.member_id == EffectiveMembership.user_id,
    )
    statement = (
        select(EffectiveMembership.user_id, Group.id, Group.display_name, Membership.member_id)
        .join(Group, Group.id == EffectiveMembership.group_id)
        .outerjoin(Membership, direct)
        .where(
            EffectiveMembership.org_id == actor.org_id,
            any_of(db.session(), EffectiveMembership.user_id, user_ids),
        )
        .order_by(Group.display_name_key)
    )
    found: dict[str, list[GroupRef]] = {}
    for row in db.session.execute(statement):
        ref = GroupRef(row.id, row.display_name, row.member_id is not None)
        found.setdefault(row.user_id, []).append(ref)
    return found


def names_of(actor: Actor, ids: Collection[str]) -> dict[str, str]:
    """{id: shown name} of people of the organization, for managers and the like."""
    if not ids:
        return {}
    statement = select(*COLUMNS).where(
        User.org_id == actor.org_id, User.deleted_at.is_(None), any_of(db.session(), User.id, ids)
    )
    return {row.id: as_view(row).shown_name for row in db.session.execute(statement)}


def reports_of(actor: Actor, user_id: str, limit: int = 50) -> list[UserView]:
    """The people whose manager somebody is."""
    statement = select(*COLUMNS).where(same(User.manager_id, user_id), User.deleted_at.is_(None))
    ordered = within_reach(actor, statement).order_by(User.sort_key).limit(limit)
    return [as_view(row) for row in db.session.execute(ordered)]


def holds_role(actor: Actor, user_ids: Collection[str]) -> set[str]:
    """Which of these people hold an administrative role now."""
    if not user_ids:
        return set()
    in_force = or_(RoleAssignment.expires_at.is_(None), RoleAssignment.expires_at > now())
    statement = select(RoleAssignment.user_id).where(
        RoleAssignment.org_id == actor.org_id,
        in_force,
        any_of(db.session(), RoleAssignment.user_id, user_ids),
    )
    return set(db.session.scalars(statement))
