"""How people prove who they are, and the sessions that this begins. Secrets are kept as hashes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from idp.directory.actors import LOCAL
from idp.extensions import Model

_USER = (["org_id", "user_id"], ["users.org_id", "users.id"])


class Credential(Model):
    """A secret that a person knows; `kind` is "password" (argon2id) so far."""

    __tablename__ = "credentials"
    __table_args__ = (
        ForeignKeyConstraint(*_USER),
        Index("uq_credentials", "user_id", "kind", unique=True),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    user_id: Mapped[str] = mapped_column(String(36))
    kind: Mapped[str] = mapped_column(String(16))
    secret_hash: Mapped[str] = mapped_column(Text)
    created: Mapped[datetime]
    last_modified: Mapped[datetime]


class OneTimeLink(Model):
    """A link that signs a person in once: an invitation, a reset, or an administrator's rescue."""

    __tablename__ = "one_time_links"
    __table_args__ = (ForeignKeyConstraint(*_USER), Index("ix_one_time_links_user", "user_id"))

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    user_id: Mapped[str] = mapped_column(String(36))
    purpose: Mapped[str] = mapped_column(String(16))  # "invite", "reset", "admin"
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]  # used, replaced or withdrawn


class BrowserSession(Model):
    """Somebody is signed in at one browser. Only a hash of the cookie's reference is kept."""

    __tablename__ = "sessions"
    __table_args__ = (
        ForeignKeyConstraint(*_USER),
        Index("ix_sessions_user", "user_id"),
        Index("ix_sessions_expires", "expires_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    user_id: Mapped[str] = mapped_column(String(36))
    reference_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created: Mapped[datetime]
    last_seen: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    strength: Mapped[str] = mapped_column(String(16))
    ip: Mapped[str] = mapped_column(String(64))
    user_agent: Mapped[str] = mapped_column(String(256))


class SigningKey(Model):
    """A key with which an organization signs; the private part is sealed under the master key."""

    __tablename__ = "signing_keys"
    __table_args__ = (
        ForeignKeyConstraint(["org_id"], ["organizations.id"]),
        Index("ix_signing_keys_org", "org_id", "purpose", "state"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    purpose: Mapped[str] = mapped_column(String(16))  # "saml"
    state: Mapped[str] = mapped_column(String(16))  # "next", "current", "retired"
    algorithm: Mapped[str] = mapped_column(String(16))  # "rsa-2048", "ec-p256"
    certificate: Mapped[str] = mapped_column(Text)  # PEM
    private_key: Mapped[str] = mapped_column(Text)  # sealed PEM
    not_after: Mapped[datetime]
    created: Mapped[datetime]


def link_address(
    user_name: str, emails: Sequence[Mapping[str, Any]], owners: Mapping[str, str], source: str
) -> str:
    """Where a one-time link for somebody may be sent; "" where no address can be believed.

    Whoever reads the link becomes that person. So it goes only where the organization itself, or
    the source that brought the person, says that they read it: not where another connection does.
    """
    believed = (LOCAL, source)
    chosen = next((e for e in emails if e.get("primary")), emails[0] if emails else {})
    if chosen.get("value") and owners.get("emails", LOCAL) in believed:
        return str(chosen["value"])
    trusted = "@" in user_name and owners.get("userName", LOCAL) in believed
    return user_name if trusted else ""
