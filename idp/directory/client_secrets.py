"""Reads of the client secrets and keys by which connections ask for access tokens."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import or_, select

from idp.clock import now
from idp.directory.actors import Actor
from idp.directory.api_scopes import scopes_of
from idp.directory.connections import Connection, ConnectionSecret
from idp.directory.sets import same
from idp.directory.values import digest
from idp.directory.views import ClientView, SecretView
from idp.extensions import db


def secrets_of(actor: Actor, connection_id: str) -> list[SecretView]:
    """The client secrets and keys of a connection, newest first."""
    actor.need("connections.read")
    statement = select(ConnectionSecret).where(
        same(ConnectionSecret.connection_id, connection_id), ConnectionSecret.org_id == actor.org_id
    )
    rows = db.session.scalars(statement.order_by(ConnectionSecret.id.desc()))
    return [SecretView(**{n: getattr(row, n) for n in SecretView.__slots__}) for row in rows]


def client_by_secret(org_id: str, client_id: str, secret: str) -> ClientView | None:
    """The client that a live secret proves, for the token endpoint; None for whatever is wrong.

    The secret is found by its hash, with one statement whatever is wrong, so that neither words
    nor time tell an unknown client from a wrong or ended secret.
    """
    proven = _live(org_id, client_id).where(
        ConnectionSecret.kind == "secret", ConnectionSecret.secret_hash == digest(secret)
    )
    row = db.session.execute(proven).first()
    return _client(*row) if row else None


def client_keys(org_id: str, client_id: str) -> list[ClientView]:
    """The client by each of its live keys: one of them must verify what it signed."""
    keys = _live(org_id, client_id).where(ConnectionSecret.kind == "key")
    rows = db.session.execute(keys.order_by(ConnectionSecret.id.desc()))
    return [_client(*row) for row in rows]


def _live(org_id: str, client_id: str) -> Any:
    return (
        select(ConnectionSecret, Connection.name, Connection.settings)
        .join(Connection, Connection.id == ConnectionSecret.connection_id)
        .where(
            Connection.org_id == org_id,
            same(Connection.id, client_id),
            Connection.kind == "scim",
            Connection.enabled,
            ConnectionSecret.revoked_at.is_(None),
            or_(ConnectionSecret.expires_at.is_(None), ConnectionSecret.expires_at > now()),
        )
    )


def _client(secret: ConnectionSecret, name: str, settings: Mapping[str, Any]) -> ClientView:
    return ClientView(
        id=secret.connection_id,
        org_id=secret.org_id,
        name=name,
        secret_id=secret.id,
        scope=secret.scope,
        jwk=secret.jwk,
        api_scopes=scopes_of(settings),
    )
