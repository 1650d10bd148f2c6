"""Load and lock what a batch names: a fixed number of statements, however many changes.

Locks are taken in one order everywhere, so that two batches cannot wait for each other: the
organization, then people by id, then groups by id; the audit's head comes last (see `audit`).
"""

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, literal, or_, select

from idp.changes import returning
from idp.changes.batch import Batch, Person, Team
from idp.changes.intents import CreateOrganization
from idp.directory.attributes import flatten
from idp.directory.brakes import LONGEST_HOURS, Brake
from idp.directory.connections import Connection, ConnectionSecret, Link
from idp.directory.credentials import OneTimeLink
from idp.directory.errors import not_found
from idp.directory.groups import Group, Membership
from idp.directory.orgs import Organization
from idp.directory.roles import GLOBAL_ADMINISTRATOR, RoleAssignment
from idp.directory.sets import any_of
from idp.directory.users import User
from idp.directory.vocabularies import vocabulary_of

_USER = User.__table__
_GROUP = Group.__table__


def load(batch: Batch) -> None:
    """Fill the batch with every row that its needs name."""
    _names(batch)
    _foreign(batch)
    returning.find(batch)
    _organization(batch)
    _users(batch)
    _people_as_members(batch)
    _groups(batch)
    _groups_as_members(batch)
    _memberships(batch)
    _roles(batch)
    _scoping_groups(batch)
    _links(batch)
    _one_time_links(batch)
    _connections(batch)
    _secrets(batch)


def _rows(batch: Batch, statement: Select[Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in batch.session.execute(statement).mappings()]


def _organization(batch: Batch) -> None:
    """Lock the organization where its roles or its graph of groups may change, share it else."""
    if not batch.org_id:
        if batch.changes and not isinstance(batch.changes[0], CreateOrganization):
            raise not_found("organization")
        return
    needs = batch.needs
    needs.everybodys_roles |= _an_administrator_may_leave(batch)
    exclusive = needs.everybodys_roles or _the_graph_may_change(batch)
    statement = select(Organization.vocabulary_version, _something_has_gone(batch)).where(
        Organization.id == batch.org_id
    )
    if exclusive or needs.memberships:
        statement = statement.with_for_update(
            read=not exclusive, key_share=exclusive, of=Organization
        )
    row = batch.session.execute(statement).first()
    if row is None:
        raise not_found("organization")
    batch.vocabulary = vocabulary_of(batch.org_id, row[0])
    batch.brake_open = bool(row[1])


def _something_has_gone(batch: Batch) -> Any:
    """Whether the brake may have something to weigh up: a column, so that it costs no statement."""
    if batch.actor.connection_id is None:
        return literal(False)
    return (
        select(Brake.began)
        .where(
            Brake.connection_id == batch.actor.connection_id,
            Brake.began > batch.now - timedelta(hours=LONGEST_HOURS),
        )
        .exists()
    )


def _an_administrator_may_leave(batch: Batch) -> bool:
    if not batch.needs.leaving:
        return False
    held = select(RoleAssignment.id).where(
        RoleAssignment.org_id == batch.org_id,
        RoleAssignment.role == GLOBAL_ADMINISTRATOR,
        any_of(batch.session, RoleAssignment.user_id, batch.needs.leaving),
    )
    return batch.session.scalar(held.limit(1)) is not None


def _the_graph_may_change(batch: Batch) -> bool:
    """Whether groups may join or leave groups: two such batches could close a circle together."""
    if batch.needs.all_members_of:
        return True
    group = select(Group.id).where(
        Group.org_id == batch.org_id, any_of(batch.session, Group.id, batch.needs.members)
    )
    return bool(batch.needs.members) and batch.session.scalar(group.limit(1)) is not None


def _users(batch: Batch) -> None:
    wanted = batch.needs.users
    if not wanted:
        return
    statement = (
        select(_USER)
        .where(_USER.c.org_id == batch.org_id, any_of(batch.session, _USER.c.id, wanted))
        .order_by(_USER.c.id)
        .with_for_update(key_share=True)
    )
    for row in _rows(batch, statement):
        if row["deleted_at"] is None or batch.needs.deleted_users:
            batch.users[row["id"]] = person(row)


def person(row: dict[str, Any]) -> Person:
    """A loaded row as a person in hand."""
    flat = flatten(json.loads(row["document"]))
    return Person(row["id"], row, flat, dict(row), dict(flat))


def _groups(batch: Batch) -> None:
    wanted = batch.needs.groups
    if not wanted:
        return
    statement = (
        select(_GROUP)
        .where(_GROUP.c.org_id == batch.org_id, any_of(batch.session, _GROUP.c.id, wanted))
        .order_by(_GROUP.c.id)
        .with_for_update()  # it may be deleted, and what refers to it waits for that
    )
    for row in _rows(batch, statement):
        batch.groups[row["id"]] = Team(row["id"], row, dict(row))


def _names(batch: Batch) -> None:
    needs, session = batch.needs, batch.session
    if needs.user_names:
        statement: Any = select(User.user_name_key, User.id, User.source).where(
            User.org_id == batch.org_id,
            User.deleted_at.is_(None),
            any_of(session, User.user_name_key, needs.user_names),
        )
        batch.names_taken = {row["user_name_key"]: row for row in _rows(batch, statement)}
    if needs.group_names:
        named = select(Group.display_name_key, Group.id).where(
            Group.org_id == batch.org_id,
            any_of(session, Group.display_name_key, needs.group_names),
        )
        batch.group_names_taken = {row.display_name_key: row.id for row in session.execute(named)}


def _people_as_members(batch: Batch) -> None:
    """Which of the ids that should be members are people.

    They are locked: nobody may be deleted while they join, and where somebody belongs in effect
    follows from all their memberships, so two that join or leave for them take turns.
    """
    wanted = batch.needs.members
    if not wanted:
        return
    people = (
        select(User.id, User.user_name, User.display_name)
        .where(
            User.org_id == batch.org_id,
            User.deleted_at.is_(None),
            any_of(batch.session, User.id, wanted),
        )
        .order_by(User.id)
        .with_for_update(key_share=True)
    )
    for row in batch.session.execute(people):
        batch.member_kinds[row.id] = ("User", row.display_name or row.user_name)


def _groups_as_members(batch: Batch) -> None:
    """Which of the ids that should be members are groups."""
    wanted = batch.needs.members
    if not wanted:
        return
    groups = select(Group.id, Group.display_name).where(
        Group.org_id == batch.org_id, any_of(batch.session, Group.id, wanted)
    )
    for found in batch.session.execute(groups):
        batch.member_kinds[found.id] = ("Group", found.display_name)


_EDGE = (
    Membership.group_id,
    Membership.member_id,
    Membership.member_kind,
    Membership.source,
    Membership.created,
)


def _memberships(batch: Batch) -> None:
    """The memberships between the groups and the members in hand, and all of some groups."""
    needs, session = batch.needs, batch.session
    if needs.groups and needs.members:
        _edges(
            batch,
            select(*_EDGE).where(
                any_of(session, Membership.group_id, needs.groups),
                any_of(session, Membership.member_id, needs.members),
            ),
        )
    if needs.all_members_of:
        _edges(
            batch, select(*_EDGE).where(any_of(session, Membership.group_id, needs.all_members_of))
        )


def _edges(batch: Batch, statement: Any) -> None:
    statement = statement.where(Membership.org_id == batch.org_id)
    for row in _rows(batch, statement):
        batch.edges[row["group_id"], row["member_id"]] = row


def _roles(batch: Batch) -> None:
    """Roles of the people in hand; of everybody, where the batch may change who holds power."""
    needs = batch.needs
    if needs.everybodys_roles:
        chosen = select(RoleAssignment.__table__)
    elif needs.roles_of or needs.users:
        wanted = needs.roles_of | needs.users
        chosen = select(RoleAssignment.__table__).where(
            any_of(batch.session, RoleAssignment.user_id, wanted)
        )
    else:
        return
    for row in _rows(batch, chosen.where(RoleAssignment.org_id == batch.org_id)):
        batch.assignments[row["id"]] = row
        if row["role"] == GLOBAL_ADMINISTRATOR:
            batch.administrators.add(row["user_id"])
        if row["expires_at"] is None or row["expires_at"] > batch.now:
            batch.roles.setdefault(row["user_id"], []).append(row)


def _scoping_groups(batch: Batch) -> None:
    """Which groups in hand scope somebody's role: who their members are decides a reach."""
    if batch.actor.kind != "user" or not batch.needs.groups:
        return
    scoping = select(RoleAssignment.scope_group_id).where(
        RoleAssignment.org_id == batch.org_id,
        any_of(batch.session, RoleAssignment.scope_group_id, batch.needs.groups),
    )
    batch.scoping_groups = {str(group) for group in batch.session.scalars(scoping)}


def _foreign(batch: Batch) -> None:
    """Who has the names that the acting connection brings."""
    wanted = batch.needs.foreign_ids
    if batch.actor.connection_id is None or not wanted:
        return
    names = select(Link.kind, Link.foreign_id, Link.subject_id).where(
        Link.connection_id == batch.actor.connection_id,
        any_of(batch.session, Link.foreign_id, wanted),
    )
    for link in batch.session.execute(names):
        batch.foreign[link.kind, link.foreign_id] = link.subject_id


def _links(batch: Batch) -> None:
    """The acting connection's names for what is in hand."""
    connection_id, session = batch.actor.connection_id, batch.session
    if connection_id is None:
        return
    here = select(Link.foreign_id, Link.subject_id).where(Link.connection_id == connection_id)
    subjects = [*batch.users, *batch.groups]
    if subjects:
        for link in session.execute(here.where(any_of(session, Link.subject_id, subjects))):
            held = batch.users.get(link.subject_id) or batch.groups[link.subject_id]
            held.external_id = held.external_id_before = link.foreign_id


def _one_time_links(batch: Batch) -> None:
    if not batch.needs.links:
        return
    table = OneTimeLink.__table__
    statement = (
        select(table)
        .where(
            table.c.org_id == batch.org_id,
            any_of(batch.session, table.c.token_hash, batch.needs.links),
        )
        .with_for_update()
    )
    batch.links = {row["token_hash"]: row for row in _rows(batch, statement)}


def _connections(batch: Batch) -> None:
    if not batch.needs.connections:
        return
    table = Connection.__table__
    statement = (
        select(table)
        .where(
            table.c.org_id == batch.org_id,
            any_of(batch.session, table.c.id, batch.needs.connections),
        )
        .order_by(table.c.id)
        .with_for_update(key_share=True)  # a push that only refers to it need not wait
    )
    batch.connections = {row["id"]: row for row in _rows(batch, statement)}


def _secrets(batch: Batch) -> None:
    """The client secrets and keys that the batch names, and all of some connections."""
    needs, table, owner = batch.needs, ConnectionSecret.__table__, Connection.__table__
    if not needs.secrets and not needs.secrets_of:
        return
    statement = (
        select(table, owner.c.name.label("connection_name"))
        .join(owner, owner.c.id == table.c.connection_id)
        .where(
            table.c.org_id == batch.org_id,
            or_(
                any_of(batch.session, table.c.id, needs.secrets),
                any_of(batch.session, table.c.connection_id, needs.secrets_of),
            ),
        )
        .order_by(table.c.id)
        .with_for_update(of=table)
    )
    batch.secrets = {row["id"]: row for row in _rows(batch, statement)}
