"""Groups: direct memberships as rows, and who belongs in effect as rows that follow from them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from idp.extensions import Model, key_text


class Group(Model):
    """A group of people and of groups. Its name is unique in the organization, in any case."""

    __tablename__ = "groups"
    __table_args__ = (
        ForeignKeyConstraint(["org_id"], ["organizations.id"]),
        UniqueConstraint("org_id", "id"),
        UniqueConstraint("org_id", "display_name_key"),
        Index("ix_groups_last_modified", "org_id", "last_modified", "id"),
        Index("ix_groups_source", "org_id", "source", "display_name_key", "id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    source: Mapped[str] = mapped_column(String(36))
    version: Mapped[int]
    created: Mapped[datetime]
    last_modified: Mapped[datetime]
    display_name: Mapped[str] = mapped_column(String(256))
    display_name_key: Mapped[str] = mapped_column(key_text(256))
    owners: Mapped[dict[str, Any]]


class Membership(Model):
    """A person or a group is a direct member of a group."""

    __tablename__ = "memberships"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "group_id"], ["groups.org_id", "groups.id"]),
        Index("ix_memberships_member", "member_id"),
        Index("ix_memberships_kind", "org_id", "member_kind", "group_id"),
        {"sqlite_with_rowid": False},
    )

    group_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    member_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    member_kind: Mapped[str] = mapped_column(String(5))  # "User" or "Group"
    source: Mapped[str] = mapped_column(String(36))
    created: Mapped[datetime]


class EffectiveMembership(Model):
    """A person belongs to a group directly or through others; kept by a consequence."""

    __tablename__ = "effective_memberships"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "group_id"], ["groups.org_id", "groups.id"]),
        ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"]),
        Index("ix_effective_memberships_user", "user_id"),
        {"sqlite_with_rowid": False},
    )

    group_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
