"""Load and lock what a batch names: a fixed number of statements, however many changes.

Locks are taken in one order everywhere, so that two batches cannot wait for each other: the
organization, then people by id, then groups by id; the audit's head comes last (see `audit`).
The statements are made once, at import: making one costs more than running it.
"""

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    bindparam,
    exists,
    select,
)

from idp.changes import claims, loading_licences, returning
from idp.changes.batch import Batch, Person, Row
from idp.changes.intents import CreateOrganization, PutService
from idp.directory.attributes import flatten
from idp.directory.brakes import LONGEST_HOURS, Brake
from idp.directory.connections import Connection, ConnectionSecret, Link
from idp.directory.credentials import OneTimeLink
from idp.directory.errors import not_found
from idp.directory.groups import Group, Membership
from idp.directory.orgs import Organization
from idp.directory.roles import GLOBAL_ADMINISTRATOR, RoleAssignment
from idp.directory.sets import among, pair_among
from idp.directory.users import User
from idp.directory.vocabularies import vocabulary_of
from idp.licensing.catalogue import VERSION
from idp.licensing.seats import Grant

_USERS = User.__table__.c
_GROUPS = Group.__table__.c
_EDGES = Membership.__table__.c
_ROLES = RoleAssignment.__table__.c
_LINKS = Link.__table__.c
_HERE: BindParameter[str] = bindparam("org")
_CONNECTION: BindParameter[str] = bindparam("connection")


def _in_hand(table: Any, name: str) -> ColumnElement[bool]:
    return among(table.id, name, (table.org_id, _HERE))


def load(batch: Batch) -> None:
    """Fill the batch with every row that its needs name."""
    claims.load(batch)
    returning.find(batch)
    _organization(batch)
    loading_licences.decided_requests(batch)
    _users(batch)
    loading_licences.askers(batch)
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
    loading_licences.subscriptions(batch)
    loading_licences.agreements(batch)
    loading_licences.offers_had(batch)
    loading_licences.invoices(batch)
    loading_licences.grants(batch)


# --- the organization -------------------------------------------------------------------------

_FIRST_LOOK = select(
    exists()
    .where(
        among(_ROLES.user_id, "leaving"),
        _ROLES.role == GLOBAL_ADMINISTRATOR,
    )
    .label("administrators"),
    exists().where(_in_hand(_GROUPS, "members")).label("groups"),
)
# Whether the brake may have something to weigh up is a column, so that it costs no statement.
_SOMETHING_HAS_GONE = exists().where(
    Brake.connection_id == _CONNECTION, Brake.began > bindparam("since")
)
# So are the catalogue's version, and whether anything is granted to anybody.
_GRANTED = exists().where(Grant.org_id == _HERE)
_READ = select(
    Organization.vocabulary_version,
    _SOMETHING_HAS_GONE,
    _GRANTED,
    VERSION.scalar_subquery(),
).where(Organization.id == _HERE)
_SHARE = _READ.with_for_update(read=True, of=Organization)
_LOCK = _READ.with_for_update(key_share=True, of=Organization)


def _organization(batch: Batch) -> None:
    """Lock the organization where its roles or its graph of groups may change, share it else."""
    if not batch.org_id:
        if batch.changes and not isinstance(batch.changes[0], CreateOrganization | PutService):
            raise not_found("organization")
        batch.catalogue_version = batch.connection.execute(VERSION).scalar() or ""
        return
    needs = batch.needs
    _look_first(batch)
    alone = needs.everybodys_roles or needs.graph or needs.alone
    statement = _LOCK if alone else _SHARE if needs.memberships else _READ
    since = batch.now - timedelta(hours=LONGEST_HOURS)
    given = {"org": batch.org_id, "connection": batch.actor.connection_id or "", "since": since}
    row = batch.connection.execute(statement, given).first()
    if row is None:
        raise not_found("organization")
    batch.vocabulary = vocabulary_of(batch.org_id, row[0])
    batch.brake_open = bool(row[1])
    batch.licensed, batch.catalogue_version = bool(row[2]), row[3] or ""


def _look_first(batch: Batch) -> None:
    """Whether an administrator may leave, or groups may join or leave groups.

    Two such batches at once could leave nobody in charge, or close a circle together.
    """
    needs = batch.needs
    needs.graph = bool(needs.all_members_of)
    if needs.leaving or needs.members:
        [seen] = batch.ask(_FIRST_LOOK, leaving=needs.leaving, members=needs.members)
        needs.everybodys_roles |= seen["administrators"]
        needs.graph |= seen["groups"]


# --- people and groups in hand ----------------------------------------------------------------

_PEOPLE = (
    select(User.__table__)
    .where(_in_hand(_USERS, "ids"))
    .order_by(_USERS.id)
    .with_for_update(key_share=True)
)
_TEAMS = (
    select(Group.__table__)
    .where(_in_hand(_GROUPS, "ids"))
    .order_by(_GROUPS.id)
    .with_for_update()  # it may be deleted, and what refers to it waits for that
)


def _users(batch: Batch) -> None:
    if not batch.needs.users:
        return
    for row in batch.ask(_PEOPLE, ids=batch.needs.users):
        if row["deleted_at"] is None or batch.needs.deleted_users:
            batch.users[row["id"]] = person(row)


def person(row: Row) -> Person:
    """A loaded row as a person in hand."""
    flat = flatten(json.loads(row["document"]))
    return Person(row["id"], row, flat, dict(row), dict(flat))


def _groups(batch: Batch) -> None:
    if batch.needs.groups:
        for row in groups(batch, batch.needs.groups):
            batch.adopt_group(row)


def groups(batch: Batch, ids: set[str]) -> list[Row]:
    """Lock groups, and what their rows hold."""
    return batch.ask(_TEAMS, ids=ids)


# --- members and memberships ------------------------------------------------------------------

_MEMBERS = (
    select(_USERS.id, _USERS.user_name, _USERS.display_name)
    .where(_in_hand(_USERS, "ids"), _USERS.deleted_at.is_(None))
    .order_by(_USERS.id)
    .with_for_update(key_share=True)
)
_MEMBER_GROUPS = select(_GROUPS.id, _GROUPS.display_name).where(_in_hand(_GROUPS, "ids"))


def _people_as_members(batch: Batch) -> None:
    """Which of the ids that should be members are people.

    They are locked: nobody may be deleted while they join, and where somebody belongs in effect
    follows from all their memberships, so two that join or leave for them take turns.
    """
    if not batch.needs.members:
        return
    for row in batch.ask(_MEMBERS, ids=batch.needs.members):
        batch.member_kinds[row["id"]] = ("User", row["display_name"] or row["user_name"])


def _groups_as_members(batch: Batch) -> None:
    """Which of the ids that should be members are groups; the first look tells if any is."""
    if not batch.needs.members or not batch.needs.graph:
        return
    for row in batch.ask(_MEMBER_GROUPS, ids=batch.needs.members):
        batch.member_kinds[row["id"]] = ("Group", row["display_name"])


_EDGE = select(
    _EDGES.group_id,
    _EDGES.member_id,
    _EDGES.member_kind,
    _EDGES.source,
    _EDGES.created,
    _EDGES.org_id,
)
_THESE_EDGES = _EDGE.where(
    among(_EDGES.member_id, "members"),  # by this PostgreSQL knows that they are few
    pair_among(_EDGES.group_id, _EDGES.member_id, "edges"),
)
_EDGES_OF_GROUPS = _EDGE.where(among(_EDGES.group_id, "groups"))
_EDGES_OF_MEMBERS = _EDGE.where(among(_EDGES.member_id, "members"))


def _memberships(batch: Batch) -> None:
    """The memberships that the batch names, and all of some groups."""
    needs = batch.needs
    found = batch.ask(_THESE_EDGES, edges=needs.edges, members=needs.members) if needs.edges else []
    if needs.all_members_of:
        found += batch.ask(_EDGES_OF_GROUPS, groups=needs.all_members_of)
    for row in found:
        if row["org_id"] == batch.org_id:  # as a condition it would mislead SQLite's planner
            batch.edges[row["group_id"], row["member_id"]] = row


def memberships_of(batch: Batch, members: list[str]) -> list[Row]:
    """The direct memberships that people and groups have."""
    return batch.ask(_EDGES_OF_MEMBERS, members=members)


# --- roles, links, connections ----------------------------------------------------------------

_EVERYBODYS_ROLES = select(RoleAssignment.__table__).where(_ROLES.org_id == _HERE)
_ROLES_OF_SOME = _EVERYBODYS_ROLES.where(among(_ROLES.user_id, "users"))
_SCOPING = select(_ROLES.scope_group_id).where(
    _ROLES.org_id == _HERE, among(_ROLES.scope_group_id, "groups")
)
_LINKS_OF = select(_LINKS.foreign_id, _LINKS.subject_id).where(
    among(_LINKS.subject_id, "subjects", (_LINKS.connection_id, _CONNECTION))
)
_ONE_TIME_LINKS = (
    select(OneTimeLink.__table__)
    .where(among(OneTimeLink.token_hash, "hashes"), OneTimeLink.org_id == _HERE)
    .with_for_update()
)
_CONNECTIONS = (
    select(Connection.__table__)
    .where(among(Connection.id, "ids", (Connection.org_id, _HERE)))
    .order_by(Connection.id)
    .with_for_update(key_share=True)  # a push that only refers to it need not wait
)
_SECRETS = (
    select(ConnectionSecret.__table__, Connection.name.label("connection_name"))
    .join(Connection, Connection.id == ConnectionSecret.connection_id)
    .where(
        ConnectionSecret.org_id == _HERE,
        among(ConnectionSecret.id, "secrets")
        | among(ConnectionSecret.connection_id, "connections"),
    )
    .order_by(ConnectionSecret.id)
    .with_for_update(of=ConnectionSecret)
)


def _roles(batch: Batch) -> None:
    """Roles of the people in hand; of everybody, where the batch may change who holds power."""
    needs = batch.needs
    if needs.everybodys_roles:
        found = batch.ask(_EVERYBODYS_ROLES)
    elif needs.roles_of or needs.users:
        found = batch.ask(_ROLES_OF_SOME, users=needs.roles_of | needs.users)
    else:
        return
    for row in found:
        batch.assignments[row["id"]] = row
        if row["role"] == GLOBAL_ADMINISTRATOR:
            batch.administrators.add(row["user_id"])
        if row["expires_at"] is None or row["expires_at"] > batch.now:
            batch.roles.setdefault(row["user_id"], []).append(row)


def _scoping_groups(batch: Batch) -> None:
    """Which groups in hand scope somebody's role: who their members are decides a reach."""
    if batch.actor.kind == "user" and batch.needs.groups:
        found = batch.ask(_SCOPING, groups=batch.needs.groups)
        batch.scoping_groups = {row["scope_group_id"] for row in found}


def _links(batch: Batch) -> None:
    """The acting connection's names for who and what is in hand."""
    connection_id = batch.actor.connection_id
    subjects = [*batch.users, *batch.groups]
    if connection_id is None or not subjects:
        return
    for row in batch.ask(_LINKS_OF, connection=connection_id, subjects=subjects):
        held = batch.users.get(row["subject_id"]) or batch.groups[row["subject_id"]]
        held.external_id = held.external_id_before = row["foreign_id"]


def _one_time_links(batch: Batch) -> None:
    if batch.needs.links:
        found = batch.ask(_ONE_TIME_LINKS, hashes=batch.needs.links)
        batch.links = {row["token_hash"]: row for row in found}


def _connections(batch: Batch) -> None:
    if batch.needs.connections:
        found = batch.ask(_CONNECTIONS, ids=batch.needs.connections)
        batch.connections = {row["id"]: row for row in found}


def _secrets(batch: Batch) -> None:
    """The client secrets and keys that the batch names, and all of some connections."""
    needs = batch.needs
    if needs.secrets or needs.secrets_of:
        found = batch.ask(_SECRETS, secrets=needs.secrets, connections=needs.secrets_of)
        batch.secrets = {row["id"]: row for row in found}
