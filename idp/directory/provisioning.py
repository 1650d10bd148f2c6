"""Reads for provisioning: who should be at a target, who is there, and what differs.

All in sets: a page of people, their links, their memberships are a query each. The worker reads
as the system actor of its one organization; pages read with connections.read.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, not_, or_, select, union
from sqlalchemy.orm import InstrumentedAttribute, aliased

from idp import sealing
from idp.directory.actors import Actor
from idp.directory.connections import Connection
from idp.directory.entitled import holds_any
from idp.directory.errors import Forbidden, not_found
from idp.directory.groups import EffectiveMembership, Group
from idp.directory.sets import any_of, same
from idp.directory.targets import KIND, Target, TargetLink, TargetSettings
from idp.directory.users import User
from idp.extensions import db

Column = InstrumentedAttribute[Any] | ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class TargetView:
    """A target as it stands."""

    id: str
    org_id: str
    name: str
    enabled: bool
    version: int
    created: datetime
    settings: TargetSettings
    abilities: dict[str, Any]
    walk: dict[str, Any]
    brake: dict[str, Any]
    drift: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LinkView:
    """What a target has of a person or group; `sent` is the record that it got."""

    subject_id: str
    kind: str
    name: str
    state: str
    remote_id: str | None
    active: bool
    approved: bool
    sent: dict[str, Any]
    error_code: str
    error: str
    tries: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody is provisioned."""

    connection_id: str
    name: str
    link: LinkView


def need_to_send(actor: Actor) -> None:
    """What goes out is everybody's data: who sends it must be able to read it."""
    for permission in ("users.read", "groups.read"):
        actor.need(permission)
        if actor.scope_of(permission):
            raise Forbidden(
                "outside_scope", "Your role covers a group; a target receives people of them all."
            )


def _target(connection: Connection, target: Target) -> TargetView:
    return TargetView(
        connection.id,
        connection.org_id,
        connection.name,
        connection.enabled,
        connection.version,
        connection.created,
        TargetSettings.read(connection.settings),
        target.abilities,
        target.walk,
        target.brake,
        target.drift,
    )


def _targets(actor: Actor) -> Any:
    actor.need("connections.read")
    return (
        select(Connection, Target)
        .join(Target, Target.connection_id == Connection.id)
        .where(Connection.org_id == actor.org_id, Connection.kind == KIND)
        .execution_options(populate_existing=True)
    )


def list_targets(actor: Actor) -> list[TargetView]:
    """The applications that the organization provisions, by name."""
    rows = db.session.execute(_targets(actor).order_by(Connection.name))
    return [_target(*row) for row in rows]


def find_target(actor: Actor, connection_id: str) -> TargetView:
    """One of them, or NotFound."""
    row = db.session.execute(_targets(actor).where(same(Connection.id, connection_id))).first()
    if row is None:
        raise not_found("target")
    return _target(*row)


def target_secrets(org_id: str, connection_id: str) -> dict[str, str]:
    """The secrets by which a target lets us in; for the work itself, and shown nowhere."""
    sealed = db.session.scalar(
        select(Target.secrets).where(
            Target.org_id == org_id, same(Target.connection_id, connection_id)
        )
    )
    if sealed is None:
        raise not_found("target")
    opened: dict[str, str] = json.loads(sealing.unseal(sealed))
    return opened


# --- who should be there ---------------------------------------------------------------------


def scoped(settings: TargetSettings, user: Column) -> ColumnElement[bool]:
    """Whether a target is for a person: by the groups they belong to and what they may use."""
    conditions: list[ColumnElement[bool]] = [User.deleted_at.is_(None)]
    if settings.groups:
        inside = aliased(EffectiveMembership)  # the question around may be about memberships, too
        wanted = any_of(db.session(), inside.group_id, settings.groups)
        conditions.append(exists().where(inside.user_id == user, wanted))
    if settings.licenses:
        conditions.append(holds_any(user, settings.licenses))
    return and_(*conditions)


def pushed(settings: TargetSettings, group: Column) -> ColumnElement[bool]:
    """Whether a group itself is sent."""
    if not settings.push_groups:
        return false()
    if not settings.groups:
        return group.is_not(None)
    return any_of(db.session(), group, settings.groups)


def people_in_scope(actor: Actor, settings: TargetSettings, ids: Collection[str]) -> set[str]:
    """Which of these people the target is for, whether or not they may sign in."""
    wanted = select(User.id).where(
        User.org_id == actor.org_id,
        User.deleted_at.is_(None),
        any_of(db.session(), User.id, ids),
        scoped(settings, User.id),
    )
    return set(db.session.scalars(wanted))


def groups_in_scope(actor: Actor, settings: TargetSettings, ids: Collection[str]) -> dict[str, str]:
    """{group: its name} for those of these groups that are sent themselves."""
    wanted = select(Group.id, Group.display_name).where(
        Group.org_id == actor.org_id,
        any_of(db.session(), Group.id, ids),
        pushed(settings, Group.id),
    )
    return {row.id: row.display_name for row in db.session.execute(wanted)}


def people_to_look_at(actor: Actor, target: TargetView, after: str, limit: int) -> list[str]:
    """Who is in scope or at the target, in the order of ids, from one on."""
    meant: Select[Any] = select(User.id.label("id")).where(
        User.org_id == actor.org_id,
        User.deleted_at.is_(None),
        User.id > after,
        scoped(target.settings, User.id),
    )
    return _either(target, "User", meant, after, limit)


def groups_to_look_at(actor: Actor, target: TargetView, after: str, limit: int) -> list[str]:
    """Which groups are sent or are at the target, in the order of ids, from one on."""
    meant = select(Group.id.label("id")).where(
        Group.org_id == actor.org_id, Group.id > after, pushed(target.settings, Group.id)
    )
    return _either(target, "Group", meant, after, limit)


def _either(target: TargetView, kind: str, meant: Select[Any], after: str, limit: int) -> list[str]:
    there = select(TargetLink.subject_id.label("id")).where(
        TargetLink.org_id == target.org_id,
        TargetLink.connection_id == target.id,
        TargetLink.kind == kind,
        TargetLink.subject_id > after,
    )
    # Each side is cut first, so that a page reads no more than twice its size.
    meant, there = (
        select(side.order_by("id").limit(limit).subquery().c.id) for side in (meant, there)
    )
    both = union(meant, there).subquery()
    return list(db.session.scalars(select(both.c.id).order_by(both.c.id).limit(limit)))


def reports_at(actor: Actor, target: TargetView, managers: Collection[str]) -> list[str]:
    """Who is at the target and has one of these as their manager."""
    wanted = (
        select(User.id)
        .join(TargetLink, TargetLink.subject_id == User.id)
        .where(
            User.org_id == actor.org_id,
            TargetLink.connection_id == target.id,
            any_of(db.session(), User.manager_id, managers),
        )
    )
    return list(db.session.scalars(wanted))


# --- who is there ----------------------------------------------------------------------------


def _link(row: TargetLink) -> LinkView:
    return LinkView(
        row.subject_id,
        row.kind,
        row.name,
        row.state,
        row.remote_id,
        row.active,
        row.approved,
        json.loads(row.sent) if row.sent else {},
        row.error_code,
        row.error,
        row.tries,
        row.changed_at,
    )


def _links(actor: Actor, connection_id: str) -> Select[Any]:
    actor.need("connections.read")
    return (
        select(TargetLink)
        .where(TargetLink.org_id == actor.org_id, same(TargetLink.connection_id, connection_id))
        .execution_options(populate_existing=True)
    )


def target_links(actor: Actor, connection_id: str, ids: Collection[str]) -> dict[str, LinkView]:
    """{subject: what the target has of it}."""
    wanted = _links(actor, connection_id).where(any_of(db.session(), TargetLink.subject_id, ids))
    return {row.subject_id: _link(row) for row in db.session.scalars(wanted)}


def links_by_remote(
    actor: Actor, connection_id: str, kind: str, remote_ids: Collection[str]
) -> dict[str, LinkView]:
    """{the target's id: what it has} for those of these ids that are ours."""
    wanted = _links(actor, connection_id).where(
        TargetLink.kind == kind, any_of(db.session(), TargetLink.remote_id, remote_ids)
    )
    return {str(row.remote_id): _link(row) for row in db.session.scalars(wanted)}


def failed_links(actor: Actor, connection_id: str, limit: int = 50) -> list[LinkView]:
    """What went wrong last, newest first."""
    wanted = _links(actor, connection_id).where(TargetLink.error_code != "")
    return [
        _link(r)
        for r in db.session.scalars(wanted.order_by(TargetLink.changed_at.desc()).limit(limit))
    ]


def count_links(actor: Actor, connection_id: str) -> dict[str, int]:
    """How many people are let in, are shut out, how many groups are there, how many failed."""
    actor.need("connections.read")
    rows = db.session.execute(
        select(TargetLink.kind, TargetLink.active, TargetLink.remote_id.is_not(None), func.count())
        .where(TargetLink.org_id == actor.org_id, same(TargetLink.connection_id, connection_id))
        .group_by(TargetLink.kind, TargetLink.active, TargetLink.remote_id.is_not(None))
    )
    counts = {"people": 0, "deactivated": 0, "groups": 0, "failed": 0}
    for kind, active, there, count in rows:
        if there:
            name = "groups" if kind == "Group" else "people" if active else "deactivated"
            counts[name] += count
    failed = select(func.count()).where(
        TargetLink.org_id == actor.org_id,
        same(TargetLink.connection_id, connection_id),
        TargetLink.error_code != "",
    )
    return counts | {"failed": db.session.scalar(failed) or 0}


def places_of(actor: Actor, user_id: str) -> list[Place]:
    """Where somebody is provisioned, by the application's name."""
    actor.need("connections.read")
    rows = db.session.execute(
        select(TargetLink, Connection.name)
        .join(Connection, Connection.id == TargetLink.connection_id)
        .where(TargetLink.org_id == actor.org_id, same(TargetLink.subject_id, user_id))
        .order_by(Connection.name)
    )
    return [Place(row[0].connection_id, row[1], _link(row[0])) for row in rows]


# --- who is about to leave -------------------------------------------------------------------


def leaving(actor: Actor, target: TargetView, ids: Collection[str] | None = None) -> list[str]:
    """Who and what would be shut out or removed, of these or of all, unless it was approved."""
    settings, wanted = target.settings, TargetLink
    lives = and_(User.id == wanted.subject_id, User.deleted_at.is_(None))
    meant = exists().where(lives, scoped(settings, User.id))
    let_in = exists().where(
        lives, User.blocked_at.is_(None), User.active.is_(True), scoped(settings, User.id)
    )
    there = wanted.remote_id.is_not(None)
    shut_out = and_(wanted.kind == "User", there, wanted.active.is_(True), not_(let_in))
    removed = and_(wanted.kind == "User", there, not_(meant)) if _deletes(settings) else false()
    sent = exists().where(Group.id == wanted.subject_id, pushed(settings, Group.id))
    statement = select(wanted.subject_id).where(
        wanted.org_id == actor.org_id,
        wanted.connection_id == target.id,
        wanted.approved.is_(False),
        or_(shut_out, removed, and_(wanted.kind == "Group", there, not_(sent))),
    )
    if ids is not None:
        statement = statement.where(any_of(db.session(), wanted.subject_id, ids))
    return list(db.session.scalars(statement.order_by(wanted.subject_id)))


def _deletes(settings: TargetSettings) -> bool:
    return settings.deprovision == "delete"
