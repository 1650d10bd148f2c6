"""Wishes for a link: a connection brought somebody whose user name a person here has already.

Who has the name comes from another source, so the connection is refused; the wish is kept, and an
administrator says whether both are the same person.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, ScalarSelect, Select, String, func, select
from sqlalchemy.orm import Mapped, mapped_column

from idp.directory.actors import Actor
from idp.directory.connections import Connection, Link
from idp.directory.errors import Conflict
from idp.directory.sets import same
from idp.directory.users import User
from idp.extensions import Model, db, key_text

ASKED, LINKED, DISMISSED = "asked", "linked", "dismissed"


class Adoption(Model):
    """A connection's wish to be linked to a person; "linked" until its next POST has met them."""

    __tablename__ = "adoptions"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "connection_id"], ["connections.org_id", "connections.id"]),
        ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"]),
        Index("ix_adoptions_user", "user_id"),
    )

    connection_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    user_name_key: Mapped[str] = mapped_column(key_text(256))  # as it was asked for
    external_id: Mapped[str | None] = mapped_column(key_text(512))
    state: Mapped[str] = mapped_column(String(16))  # "asked", "linked", "dismissed"
    asked_at: Mapped[datetime]


class NameOfAnother(Conflict):
    """A user name belongs to a person of another source, whom an administrator can link."""

    def __init__(
        self,
        user_name: str,
        source: str,
        user_id: str,
        connection_id: str,
        external_id: str | None,
    ) -> None:
        super().__init__(
            "user_name_taken",
            f"The user name {user_name!r} belongs to a person who comes from {source}. "
            "An administrator can link them.",
            attribute="userName",
            owner=source,
        )
        self.user_name = user_name
        self.user_id = user_id
        self.connection_id = connection_id
        self.external_id = external_id


@dataclass(frozen=True, slots=True)
class AdoptionView:
    """A connection waits to be linked to a person."""

    connection_id: str
    connection_name: str
    user_id: str
    user_name: str
    shown_name: str
    source_id: str
    external_id: str | None
    asked_at: datetime


def _waiting() -> Select[Any]:
    """Wishes that can still come true: the person is here, by that name, and not linked yet."""
    linked = select(Link.subject_id).where(
        Link.connection_id == Adoption.connection_id, Link.subject_id == Adoption.user_id
    )
    return (
        select(Adoption)
        .join(User, User.id == Adoption.user_id)
        .where(
            Adoption.state == ASKED,
            User.deleted_at.is_(None),
            User.user_name_key == Adoption.user_name_key,
            ~linked.exists(),
        )
    )


def waiting_count() -> ScalarSelect[int]:
    """How many wait for a connection, as a column beside it."""
    mine = _waiting().where(Adoption.connection_id == Connection.id)
    return mine.with_only_columns(func.count()).correlate(Connection).scalar_subquery()


def waiting_links(
    actor: Actor, *, connection_id: str | None = None, user_id: str | None = None, limit: int = 200
) -> list[AdoptionView]:
    """Who waits to be linked, newest first: for one connection, or for one person."""
    actor.need("connections.read")
    statement = (
        _waiting()
        .join(Connection, Connection.id == Adoption.connection_id)
        .with_only_columns(
            Adoption.connection_id,
            Connection.name.label("connection_name"),
            Adoption.user_id,
            User.user_name,
            func.coalesce(User.display_name, User.user_name).label("shown_name"),
            User.source.label("source_id"),
            Adoption.external_id,
            Adoption.asked_at,
        )
        .where(Adoption.org_id == actor.org_id)
    )
    if connection_id is not None:
        statement = statement.where(same(Adoption.connection_id, connection_id))
    if user_id is not None:
        statement = statement.where(same(Adoption.user_id, user_id))
    rows = db.session.execute(statement.order_by(Adoption.asked_at.desc()).limit(limit)).mappings()
    return [AdoptionView(**row) for row in rows]


def asked_external_id(actor: Actor, connection_id: str, user_id: str) -> str | None:
    """Under which name a connection asked for somebody, where it did."""
    actor.need("connections.read")
    return db.session.scalar(
        select(Adoption.external_id).where(
            Adoption.org_id == actor.org_id,
            same(Adoption.connection_id, connection_id),
            same(Adoption.user_id, user_id),
        )
    )
