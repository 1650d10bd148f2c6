"""Whom an organization trusts: SCIM clients and SAML partners today; their tokens and secrets.

A connection is also a *source*: what it writes, it owns. `links` keeps, per connection, the name
under which the other side knows a person or group (SCIM's externalId; a directory's anchor).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from idp.extensions import Model, key_text


class Connection(Model):
    """A partner system. `settings` holds what its kind needs, computed once when it is stored."""

    __tablename__ = "connections"
    __table_args__ = (
        ForeignKeyConstraint(["org_id"], ["organizations.id"]),
        UniqueConstraint("org_id", "id"),
        UniqueConstraint("org_id", "kind", "name"),
        UniqueConstraint("org_id", "entity_id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    kind: Mapped[str] = mapped_column(String(16))  # "scim", "saml"
    name: Mapped[str] = mapped_column(String(256))
    profile: Mapped[str] = mapped_column(String(32))  # SCIM: "rfc", "entra", …
    entity_id: Mapped[str | None] = mapped_column(String(1024))  # SAML
    settings: Mapped[dict[str, Any]]
    enabled: Mapped[bool]
    version: Mapped[int]
    created: Mapped[datetime]
    last_modified: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    quarantined_at: Mapped[datetime | None]  # since when the brake has stopped it


class ConnectionToken(Model):
    """A bearer token of a connection: the secret is stored as a hash and shown once.

    `kind` "bearer" was made by an administrator and lives long. "access" was given for a secret
    at the token endpoint: it lives for an hour, and never longer than its secret.
    """

    __tablename__ = "connection_tokens"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "connection_id"], ["connections.org_id", "connections.id"]),
        ForeignKeyConstraint(
            ["org_id", "secret_id"], ["connection_secrets.org_id", "connection_secrets.id"]
        ),
        Index("ix_connection_tokens_connection", "connection_id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    connection_id: Mapped[str] = mapped_column(String(36))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    hint: Mapped[str] = mapped_column(String(16))  # its last characters, to tell tokens apart
    scope: Mapped[str] = mapped_column(String(512))  # "read", "write", or words of `api_scopes`
    kind: Mapped[str] = mapped_column(String(8), default="bearer")  # "bearer" or "access"
    secret_id: Mapped[str | None] = mapped_column(String(36))  # of "access": what it was given for
    created: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    warned_days: Mapped[int | None]  # the nearest threshold of its end that was told of


class ConnectionSecret(Model):
    """By what a connection asks for access tokens: a client secret, or a key it signs with.

    Of a secret the hash is kept, of a key the public half alone (RFC 7517), and its thumbprint
    (RFC 7638).
    """

    __tablename__ = "connection_secrets"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "connection_id"], ["connections.org_id", "connections.id"]),
        UniqueConstraint("org_id", "id"),
        Index("ix_connection_secrets_connection", "connection_id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    connection_id: Mapped[str] = mapped_column(String(36))
    kind: Mapped[str] = mapped_column(String(8))  # "secret" or "key"
    secret_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    hint: Mapped[str] = mapped_column(
        String(16)
    )  # a secret's last, a thumbprint's first characters
    jwk: Mapped[dict[str, Any] | None]
    thumbprint: Mapped[str | None] = mapped_column(String(43))
    scope: Mapped[str] = mapped_column(String(16))  # the most that its access tokens may: "read"…
    created: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    warned_days: Mapped[int | None]


class Link(Model):
    """The name under which a connection knows a person or group."""

    __tablename__ = "links"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "connection_id"], ["connections.org_id", "connections.id"]),
        Index("uq_links_foreign_id", "connection_id", "kind", "foreign_id", unique=True),
        Index("ix_links_subject", "subject_id"),
    )

    connection_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    subject_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(String(5))  # "User" or "Group"
    org_id: Mapped[str] = mapped_column(String(36))
    foreign_id: Mapped[str] = mapped_column(key_text(512))
