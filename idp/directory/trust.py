"""Reads of what an organization trusts, and of itself: connections, keys, roles, sessions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, or_, select

from idp import sealing
from idp.clock import now
from idp.directory.actors import LOCAL, Actor
from idp.directory.adoptions import waiting_count
from idp.directory.attributes import Schema, Vocabulary
from idp.directory.connections import Connection, ConnectionToken
from idp.directory.credentials import BrowserSession, Credential, OneTimeLink, SigningKey
from idp.directory.domains import Domain
from idp.directory.errors import not_found
from idp.directory.groups import Group
from idp.directory.orgs import Organization
from idp.directory.roles import RoleAssignment, power
from idp.directory.sets import same, storable
from idp.directory.users import User
from idp.directory.values import digest
from idp.directory.views import (
    ConnectionView,
    DomainView,
    OrganizationView,
    RoleView,
    SessionView,
    TokenView,
)
from idp.directory.vocabularies import vocabulary_of
from idp.extensions import db


def _connection(row: Connection, waiting: int = 0) -> ConnectionView:
    stored = {n: getattr(row, n) for n in ConnectionView.__slots__ if n != "waiting"}
    return ConnectionView(**stored, waiting=waiting)


def list_connections(actor: Actor, kind: str | None = None) -> list[ConnectionView]:
    """The organization's connections, of one kind or all, by name."""
    actor.need("connections.read")
    statement = select(Connection).where(Connection.org_id == actor.org_id)
    if kind is not None:
        statement = statement.where(Connection.kind == kind)
    return [_connection(row) for row in db.session.scalars(statement.order_by(Connection.name))]


def find_connection(actor: Actor, connection_id: str) -> ConnectionView:
    """One connection, or NotFound."""
    actor.need("connections.read")
    row = db.session.execute(
        select(Connection, waiting_count()).where(
            same(Connection.id, connection_id), Connection.org_id == actor.org_id
        )
    ).first()
    if row is None:
        raise not_found("connection")
    return _connection(*row)


def partner_by_entity_id(org_id: str, entity_id: str) -> ConnectionView | None:
    """The SAML partner of an organization by its entity id, for the sign-on itself."""
    row = db.session.scalar(
        select(Connection).where(Connection.org_id == org_id, same(Connection.entity_id, entity_id))
    )
    return _connection(row) if row else None


def partner_by_id(org_id: str, connection_id: str) -> ConnectionView | None:
    """A partner of an organization by its id, for the sign-on itself."""
    row = db.session.scalar(
        select(Connection).where(Connection.org_id == org_id, same(Connection.id, connection_id))
    )
    return _connection(row) if row else None


def tokens_of(actor: Actor, connection_id: str) -> list[TokenView]:
    """The tokens that administrators made for a connection, newest first."""
    actor.need("connections.read")
    statement = select(ConnectionToken).where(
        same(ConnectionToken.connection_id, connection_id),
        ConnectionToken.org_id == actor.org_id,
        ConnectionToken.kind == "bearer",
    )
    rows = db.session.scalars(statement.order_by(ConnectionToken.created.desc()))
    return [TokenView(**{n: getattr(row, n) for n in TokenView.__slots__}) for row in rows]


def sources(actor: Actor) -> dict[str, str]:
    """{source: its name}: the connections, and the organization itself."""
    rows = db.session.execute(
        select(Connection.id, Connection.name).where(Connection.org_id == actor.org_id)
    )
    return {LOCAL: "Chamberlain"} | {row.id: row.name for row in rows}


def signing_keys(org_id: str, purpose: str = "saml") -> list[SigningKey]:
    """The keys of an organization that are not retired, the current one first."""
    statement = select(SigningKey).where(
        SigningKey.org_id == org_id, SigningKey.purpose == purpose, SigningKey.state != "retired"
    )
    return list(db.session.scalars(statement.order_by(SigningKey.state, SigningKey.created)))


def pairwise_salt(org_id: str) -> bytes:
    """What the organization's pairwise identifiers are derived from."""
    sealed = db.session.scalar(select(Organization.pairwise_salt).where(Organization.id == org_id))
    if sealed is None:
        raise not_found("organization")
    return sealing.unseal(sealed)


def _organization(row: Organization) -> OrganizationView:
    domains = db.session.scalars(
        select(Domain)
        .where(Domain.org_id == row.id)
        .order_by(Domain.is_default.desc(), Domain.name)
    )
    shown = tuple(
        DomainView(d.id, d.name, d.built_in, d.is_default, d.verified_at is not None)
        for d in domains
    )
    return OrganizationView(
        row.id, row.slug, row.name, row.created, row.version, row.settings, shown
    )


def organization(actor: Actor) -> OrganizationView:
    """The actor's own organization."""
    row = db.session.get(Organization, actor.org_id)
    if row is None:
        raise not_found("organization")
    return _organization(row)


def organization_by_slug(slug: str) -> OrganizationView | None:
    """The organization that an address names, for those who have not signed in yet."""
    row = db.session.scalar(select(Organization).where(same(Organization.slug, slug)))
    return _organization(row) if row else None


def find_organization(name: str) -> OrganizationView | None:
    """An organization by its slug, its id, or its exact name; for those who know one."""
    condition = or_(
        same(Organization.slug, name),
        same(Organization.id, name),
        same(Organization.name, name),
    )
    row = db.session.scalar(select(Organization).where(condition).limit(1))
    return _organization(row) if row else None


def organization_ids() -> Sequence[str]:
    """Every organization's id, for the operator's checks."""
    return list(db.session.scalars(select(Organization.id).order_by(Organization.id)))


def _role(row: Row[Any]) -> RoleView:
    return RoleView(
        id=row.id,
        role=row.role,
        user_id=row.user_id,
        user_name=row.user_name,
        shown_name=row.display_name or row.user_name,
        scope_group_id=row.scope_group_id,
        scope_name=row.scope_name,
        expires_at=row.expires_at,
        last_sign_in=row.last_sign_in,
    )


def role_holders(
    actor: Actor, *, role: str | None = None, user_id: str | None = None
) -> list[RoleView]:
    """Who holds a role now; or which roles somebody holds (one's own need no permission)."""
    if user_id is None or user_id != actor.id:
        actor.need("roles.read")
    statement = _holders().where(RoleAssignment.org_id == actor.org_id)
    if role is not None:
        statement = statement.where(RoleAssignment.role == role)
    if user_id is not None:
        statement = statement.where(RoleAssignment.user_id == user_id)
    return [_role(row) for row in db.session.execute(statement.order_by(User.sort_key))]


def _holders() -> Any:
    scope = Group.__table__.alias("scope")
    return (
        select(
            RoleAssignment.id,
            RoleAssignment.role,
            RoleAssignment.user_id,
            RoleAssignment.scope_group_id,
            RoleAssignment.expires_at,
            User.user_name,
            User.display_name,
            User.last_sign_in,
            scope.c.display_name.label("scope_name"),
        )
        .join(User, User.id == RoleAssignment.user_id)
        .outerjoin(scope, scope.c.id == RoleAssignment.scope_group_id)
        .where(or_(RoleAssignment.expires_at.is_(None), RoleAssignment.expires_at > now()))
    )


def power_of(
    user_id: str,
) -> tuple[frozenset[str], dict[str, tuple[str, ...]], tuple[str, ...]]:
    """(permissions, scopes by permission, role keys) of somebody by the roles in force."""
    rows = db.session.execute(_holders().where(RoleAssignment.user_id == user_id)).all()
    held, scopes = power((row.role, row.scope_group_id) for row in rows)
    return held, scopes, tuple(sorted({row.role for row in rows}))


def sessions_of(actor: Actor, user_id: str) -> list[SessionView]:
    """Where somebody is signed in now; one's own need no permission."""
    if user_id != actor.id:
        actor.need("users.reset" if not actor.can("signins.read") else "signins.read")
    statement = select(BrowserSession).where(
        same(BrowserSession.user_id, user_id),
        BrowserSession.org_id == actor.org_id,
        BrowserSession.ended_at.is_(None),
        BrowserSession.expires_at > now(),
    )
    rows = db.session.scalars(statement.order_by(BrowserSession.last_seen.desc()))
    return [
        SessionView(
            row.id,
            row.created,
            row.last_seen,
            row.expires_at,
            row.strength,
            row.ip,
            row.user_agent,
            row.id == actor.session_id,
        )
        for row in rows
    ]


def session_by_reference(reference: str, *, ended: bool = False) -> Any:
    """The session and person that a cookie's reference stands for, if it is open.

    With `ended`, the session that it stood for before it was ended, whatever became of the
    person; for those who must be told.
    """
    still_open = and_(BrowserSession.ended_at.is_(None), User.deleted_at.is_(None))
    statement = (
        select(
            BrowserSession,
            User.user_name,
            User.display_name,
            User.active,
            User.blocked_at,
            User.preferred_language,
            Organization.settings,
        )
        .join(User, User.id == BrowserSession.user_id)
        .join(Organization, Organization.id == BrowserSession.org_id)
        .where(
            BrowserSession.reference_hash == digest(reference),
            BrowserSession.expires_at > now(),
            BrowserSession.ended_at.is_not(None) if ended else still_open,
        )
    )
    row: Any = db.session.execute(statement).first()
    return row


def sign_in_candidates(
    user_name_key: str, domain: str, org_id: str | None = None
) -> list[Row[Any]]:
    """The people whom a sign-in name may mean: of the domain's owner, else of any organization."""
    if not storable(user_name_key):
        return []
    statement = (
        select(
            User.id,
            User.org_id,
            User.user_name,
            User.active,
            User.blocked_at,
            Credential.secret_hash,
        )
        .outerjoin(Credential, (Credential.user_id == User.id) & (Credential.kind == "password"))
        .where(User.user_name_key == user_name_key, User.deleted_at.is_(None))
    )
    owner = org_id or db.session.scalar(
        select(Domain.org_id).where(Domain.name == domain, Domain.verified_at.is_not(None))
    )
    if owner is not None:
        statement = statement.where(User.org_id == owner)
    return list(db.session.execute(statement.limit(2)))


def link_by_token(token: str) -> Any:
    """A one-time link that is still good, with the person it is for."""
    statement = (
        select(
            OneTimeLink.id,
            OneTimeLink.org_id,
            OneTimeLink.user_id,
            OneTimeLink.purpose,
            OneTimeLink.expires_at,
            User.user_name,
            User.display_name,
        )
        .join(User, User.id == OneTimeLink.user_id)
        .where(
            OneTimeLink.token_hash == digest(token),
            OneTimeLink.ended_at.is_(None),
            OneTimeLink.expires_at > now(),
            User.deleted_at.is_(None),
        )
    )
    row: Any = db.session.execute(statement).first()
    return row


def password_changed_at(actor: Actor, user_id: str) -> datetime | None:
    """When somebody last set a password; None where they have none."""
    return db.session.scalar(
        select(Credential.last_modified).where(
            Credential.user_id == user_id, Credential.org_id == actor.org_id
        )
    )


def extension_schemas(actor: Actor) -> list[Schema]:
    """The extension schemas that the organization defined for itself."""
    return list(vocabulary(actor).extensions)


def vocabulary(actor: Actor) -> Vocabulary:
    """Every attribute that there is in the actor's organization."""
    version = db.session.scalar(
        select(Organization.vocabulary_version).where(Organization.id == actor.org_id)
    )
    return vocabulary_of(actor.org_id, version or 0)
