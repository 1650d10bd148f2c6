"""Organizations: the border of everything; each row of every other table names one."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from idp.extensions import Model


class Organization(Model):
    """A company, school or household. `slug` is its short address in URLs."""

    __tablename__ = "organizations"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(256))
    created: Mapped[datetime]
    last_modified: Mapped[datetime]
    version: Mapped[int]
    settings: Mapped[dict[str, Any]]
    pairwise_salt: Mapped[str]  # sealed; what pairwise identifiers are derived from
    vocabulary_version: Mapped[int]  # counts the changes of its extension schemas


class Census(Model):
    """How many people in each state and how many groups an organization has.

    Kept by the store with every batch, so that no page counts a hundred thousand rows.
    """

    __tablename__ = "censuses"
    __table_args__ = (ForeignKeyConstraint(["org_id"], ["organizations.id"]),)

    org_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    active: Mapped[int]
    disabled: Mapped[int]
    blocked: Mapped[int]
    groups: Mapped[int]


class SchemaExtension(Model):
    """An extension schema of User that the organization defined for itself (RFC 7643 §3.3)."""

    __tablename__ = "schema_extensions"
    __table_args__ = (
        ForeignKeyConstraint(["org_id"], ["organizations.id"]),
        UniqueConstraint("org_id", "urn"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    urn: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(256))
    description: Mapped[str] = mapped_column(String(1024))
    attributes: Mapped[list[Any]]
    created: Mapped[datetime]
