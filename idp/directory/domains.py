"""Domains: the names after the @ that an organization has proven to be its own."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from idp.extensions import Model


class Domain(Model):
    """A domain of an organization. The built-in one came with it and cannot be federated."""

    __tablename__ = "domains"
    __table_args__ = (
        ForeignKeyConstraint(["org_id"], ["organizations.id"]),
        UniqueConstraint("org_id", "name"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    name: Mapped[str] = mapped_column(String(253))  # ASCII form, lower case
    built_in: Mapped[bool]
    is_default: Mapped[bool]
    verified_at: Mapped[datetime | None]
    created: Mapped[datetime]


# However many claim a domain, one organization has proven it.
Index(
    "uq_domains_verified",
    Domain.name,
    unique=True,
    sqlite_where=Domain.verified_at.is_not(None),
    postgresql_where=Domain.verified_at.is_not(None),
)
