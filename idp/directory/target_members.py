"""Reads of memberships at a target: which should be there, which are, and what differs."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import and_, exists, func, not_, or_, select

from idp.directory.actors import Actor
from idp.directory.groups import EffectiveMembership
from idp.directory.provisioning import TargetView, pushed, scoped
from idp.directory.sets import any_of, same
from idp.directory.targets import TargetLink, TargetMember
from idp.directory.users import User
from idp.extensions import db


def _missing(actor: Actor, target: TargetView) -> Any:
    """Memberships that should be at the target and are not; both ends are there."""
    member, group = TargetLink.__table__.alias("member"), TargetLink.__table__.alias("team")
    effective, sent = EffectiveMembership, TargetMember
    here = (effective.org_id == actor.org_id, group.c.connection_id == target.id)
    return (
        select(effective.group_id, effective.user_id.label("member_id"), member.c.remote_id)
        .join(group, and_(group.c.subject_id == effective.group_id, group.c.remote_id.is_not(None)))
        .join(
            member,
            and_(
                member.c.subject_id == effective.user_id,
                member.c.connection_id == target.id,
                member.c.state == "present",
            ),
        )
        .where(*here, pushed(target.settings, effective.group_id))
        .where(
            not_(
                exists().where(
                    sent.connection_id == target.id,
                    sent.group_id == effective.group_id,
                    sent.member_id == effective.user_id,
                )
            )
        )
    )


def _surplus(actor: Actor, target: TargetView) -> Any:
    """Memberships that are at the target and should not be."""
    member, sent = TargetLink, TargetMember
    still = exists().where(
        EffectiveMembership.group_id == sent.group_id, EffectiveMembership.user_id == sent.member_id
    )
    return (
        select(sent.group_id, sent.member_id, member.remote_id)
        .join(
            member,
            and_(member.connection_id == sent.connection_id, member.subject_id == sent.member_id),
        )
        .where(sent.org_id == actor.org_id, sent.connection_id == target.id)
        .where(or_(not_(still), member.state != "present"))
    )


def groups_that_differ(
    actor: Actor,
    target: TargetView,
    *,
    groups: Collection[str] | None = None,
    people: Collection[str] | None = None,
) -> list[str]:
    """The groups whose members at the target are not those that should be."""
    found: set[str] = set()
    for differing in (_missing(actor, target), _surplus(actor, target)):
        rows = differing.subquery()
        statement = select(rows.c.group_id).distinct()
        if groups is not None:
            statement = statement.where(any_of(db.session(), rows.c.group_id, groups))
        if people is not None:
            statement = statement.where(any_of(db.session(), rows.c.member_id, people))
        found.update(db.session.scalars(statement))
    return sorted(found)


def members_to_add(
    actor: Actor, target: TargetView, group_id: str, after: str, limit: int
) -> dict[str, str]:
    """{member: the target's id} of those who are missing in a group, in order, from one on."""
    missing = _missing(actor, target).where(
        EffectiveMembership.group_id == group_id, EffectiveMembership.user_id > after
    )
    return _members(missing.order_by(EffectiveMembership.user_id).limit(limit))


def members_to_remove(
    actor: Actor, target: TargetView, group_id: str, after: str, limit: int
) -> dict[str, str]:
    """{member: the target's id} of those who are too many in a group, in order, from one on."""
    surplus = _surplus(actor, target).where(
        TargetMember.group_id == group_id, TargetMember.member_id > after
    )
    return _members(surplus.order_by(TargetMember.member_id).limit(limit))


def _members(statement: Any) -> dict[str, str]:
    return {row.member_id: row.remote_id for row in db.session.execute(statement)}


def members_at(actor: Actor, connection_id: str, group_id: str) -> dict[str, str]:
    """{member: the target's id} of those whom a target has in a group from us."""
    statement = (
        select(TargetMember.member_id, TargetLink.remote_id)
        .join(
            TargetLink,
            and_(
                TargetLink.connection_id == TargetMember.connection_id,
                TargetLink.subject_id == TargetMember.member_id,
            ),
        )
        .where(
            TargetMember.org_id == actor.org_id,
            same(TargetMember.connection_id, connection_id),
            same(TargetMember.group_id, group_id),
        )
    )
    return _members(statement)


def count_memberships(actor: Actor, target: TargetView) -> tuple[int, int]:
    """(memberships to add once everybody is there, memberships to remove)."""
    sent = TargetMember
    effective = EffectiveMembership
    known = exists().where(
        sent.connection_id == target.id,
        sent.group_id == effective.group_id,
        sent.member_id == effective.user_id,
    )
    linked = exists().where(
        TargetLink.connection_id == target.id,
        TargetLink.subject_id == User.id,
        TargetLink.remote_id.is_not(None),
    )
    goes = or_(and_(User.active.is_(True), User.blocked_at.is_(None)), linked)
    to_add = (
        select(func.count())
        .select_from(effective)
        .join(User, User.id == effective.user_id)
        .where(
            effective.org_id == actor.org_id,
            pushed(target.settings, effective.group_id),
            scoped(target.settings, User.id),
            goes,
            not_(known),
        )
    )
    surplus = select(func.count()).select_from(_surplus(actor, target).subquery())
    return db.session.scalar(to_add) or 0, db.session.scalar(surplus) or 0
