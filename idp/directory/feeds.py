"""Reads of event streams, and of whom they tell about."""

import json
from collections.abc import Collection

from sqlalchemy import select

from idp.directory.actors import Actor
from idp.directory.attributes import Record
from idp.directory.connections import Link
from idp.directory.groups import EffectiveMembership, Group
from idp.directory.sets import any_of, same
from idp.directory.streams import EventStream
from idp.directory.users import User
from idp.directory.views import StreamView
from idp.extensions import db


def _view(row: EventStream | None) -> StreamView | None:
    if row is None:
        return None
    return StreamView(**{name: getattr(row, name) for name in StreamView.__slots__})


def stream_of(actor: Actor, connection_id: str) -> StreamView | None:
    """The event stream of a connection of the actor's organization, if it has one."""
    actor.need("connections.read")
    return stream_of_connection(actor.org_id, connection_id)


def stream_of_connection(org_id: str, connection_id: str) -> StreamView | None:
    """The same, for the receiver itself and for the worker that serves it."""
    wanted = select(EventStream).where(
        EventStream.org_id == org_id, same(EventStream.connection_id, connection_id)
    )
    return _view(db.session.scalar(wanted))


def organization_of_stream(stream_id: str) -> str | None:
    """Whose stream an address names; its keys are public."""
    return db.session.scalar(select(EventStream.org_id).where(same(EventStream.id, stream_id)))


def external_ids(actor: Actor, ids: Collection[str]) -> dict[str, str]:
    """{person or group: the acting connection's own name for it}."""
    if actor.connection_id is None or not ids:
        return {}
    wanted = select(Link.subject_id, Link.foreign_id).where(
        Link.org_id == actor.org_id,
        Link.connection_id == actor.connection_id,
        any_of(db.session(), Link.subject_id, ids),
    )
    return {row.subject_id: row.foreign_id for row in db.session.execute(wanted)}


def people_in_groups(
    actor: Actor, group_ids: Collection[str], people: Collection[str] | None = None
) -> set[str]:
    """Who of these people, or of all, belongs in effect to one of the groups."""
    actor.need("users.read")
    wanted = select(EffectiveMembership.user_id).where(
        EffectiveMembership.org_id == actor.org_id,
        any_of(db.session(), EffectiveMembership.group_id, group_ids),
    )
    if people is not None:
        wanted = wanted.where(any_of(db.session(), EffectiveMembership.user_id, people))
    return set(db.session.scalars(wanted))


def records_of(actor: Actor, ids: Collection[str]) -> dict[str, Record]:
    """{person or group: their record as it is now}, without the members of groups."""
    actor.need("users.read")
    if not ids:
        return {}
    people = select(User.id, User.document).where(
        User.org_id == actor.org_id, User.deleted_at.is_(None), any_of(db.session(), User.id, ids)
    )
    groups = select(Group.id, Group.display_name).where(
        Group.org_id == actor.org_id, any_of(db.session(), Group.id, ids)
    )
    found: dict[str, Record] = {
        row.id: json.loads(row.document) for row in db.session.execute(people)
    }
    named = {row.id: {"displayName": row.display_name} for row in db.session.execute(groups)}
    return found | named
