"""People: a row each, a row per value of their multi-valued attributes, and words to find them by.

`document` is the person's record as SCIM shows it, made when the person changes, so that reading
a page of people costs one query and no rendering. The columns and the rows of `user_values` say
the same in a form that can be searched, sorted and constrained; one write path writes both.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from idp.directory.attributes import CORE
from idp.extensions import Model, key_text


class User(Model):
    """A person. `active` is what the source says; `blocked_at` is the organization's own veto."""

    __tablename__ = "users"
    __table_args__ = (
        ForeignKeyConstraint(["org_id"], ["organizations.id"]),
        UniqueConstraint("org_id", "id"),
        # Pages in the order of ids, however deep, without a look at the people themselves.
        Index("ix_users_present", "org_id", "id", "deleted_at"),
        Index("ix_users_sort", "org_id", "sort_key", "id"),
        Index("ix_users_last_modified", "org_id", "last_modified", "id"),
        # With the id, or SQLite would rather look through everybody in the order of ids.
        Index("ix_users_display_name", "org_id", "display_name_key", "id"),
        Index("ix_users_employee_number", "org_id", "employee_number"),
        Index("ix_users_manager", "manager_id"),
        Index("ix_users_sign_in", "user_name_key"),
        Index("ix_users_source", "org_id", "source", "sort_key", "id"),
        Index("ix_users_last_sign_in", "org_id", "last_sign_in", "id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    source: Mapped[str] = mapped_column(
        String(36)
    )  # the connection that made the person, or "local"
    version: Mapped[int]
    created: Mapped[datetime]
    last_modified: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    blocked_at: Mapped[datetime | None]
    last_sign_in: Mapped[datetime | None]

    user_name: Mapped[str] = mapped_column(String(256))
    user_name_key: Mapped[str] = mapped_column(key_text(256))
    sort_key: Mapped[str] = mapped_column(key_text(256))  # what lists are ordered by
    active: Mapped[bool]
    display_name: Mapped[str | None] = mapped_column(Text)
    display_name_key: Mapped[str | None] = mapped_column(key_text(256))
    name_formatted: Mapped[str | None] = mapped_column(Text)
    family_name: Mapped[str | None] = mapped_column(Text)
    given_name: Mapped[str | None] = mapped_column(Text)
    middle_name: Mapped[str | None] = mapped_column(Text)
    honorific_prefix: Mapped[str | None] = mapped_column(Text)
    honorific_suffix: Mapped[str | None] = mapped_column(Text)
    nick_name: Mapped[str | None] = mapped_column(Text)
    profile_url: Mapped[str | None] = mapped_column(Text)
    title: Mapped[str | None] = mapped_column(Text)
    user_type: Mapped[str | None] = mapped_column(Text)
    preferred_language: Mapped[str | None] = mapped_column(Text)
    locale: Mapped[str | None] = mapped_column(Text)
    timezone: Mapped[str | None] = mapped_column(Text)
    employee_number: Mapped[str | None] = mapped_column(Text)
    cost_center: Mapped[str | None] = mapped_column(Text)
    organization: Mapped[str | None] = mapped_column(Text)
    division: Mapped[str | None] = mapped_column(Text)
    department: Mapped[str | None] = mapped_column(Text)
    manager_id: Mapped[str | None] = mapped_column(String(64))  # may come before the manager

    document: Mapped[str] = mapped_column(Text)  # the record as compact JSON
    owners: Mapped[dict[str, Any]]  # {flat path: source} for values that a connection owns


# No two people of an organization share a sign-in name; that of a deleted one is free.
Index(
    "uq_users_user_name",
    User.org_id,
    User.user_name_key,
    unique=True,
    sqlite_where=User.deleted_at.is_(None),
    postgresql_where=User.deleted_at.is_(None),
)

# The few who may not sign in, found by name among the many who may: almost nobody pays for these.
for _name, _few in {
    "blocked": User.blocked_at.is_not(None),
    "disabled": User.active.is_(False),
    "deleted": User.deleted_at.is_not(None),
}.items():
    Index(
        f"ix_users_{_name}",
        User.org_id,
        User.sort_key,
        User.id,
        sqlite_where=_few,
        postgresql_where=_few,
    )

# {flat path: column} for attributes with a column of their own.
USER_COLUMNS: dict[str, str] = {
    path: leaf.attribute.column for path, leaf in CORE.user_leaves.items() if leaf.attribute.column
}


class UserValue(Model):
    """One value of a multi-valued attribute, or of an organization's own attribute."""

    __tablename__ = "user_values"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"]),
        Index("ix_user_values_value", "org_id", "attribute", "value_key"),
        {"sqlite_with_rowid": False},
    )

    user_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    attribute: Mapped[str] = mapped_column(String(256), primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    org_id: Mapped[str] = mapped_column(String(36))
    value: Mapped[str | None] = mapped_column(Text)
    value_key: Mapped[str | None] = mapped_column(
        key_text(320)
    )  # comparable form, cut to be indexed
    type: Mapped[str | None] = mapped_column(String(64))
    display: Mapped[str | None] = mapped_column(Text)
    is_primary: Mapped[bool | None]
    parts: Mapped[dict[str, Any] | None]  # the sub-attributes that have no column (addresses)
    source: Mapped[str] = mapped_column(String(36))


class UserWord(Model):
    """A word by whose beginning a person is found: of names, user name, e-mail, employee number.

    One that begins another of the same person is left out: the longer one is found as well.
    An index in the form of a table: rows follow from the person's and have no constraint to check.
    """

    __tablename__ = "user_words"
    __table_args__ = ({"sqlite_with_rowid": False},)

    org_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    word: Mapped[str] = mapped_column(key_text(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(36), primary_key=True)


Index("ix_user_words_user", UserWord.user_id)
