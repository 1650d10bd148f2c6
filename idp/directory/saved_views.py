"""Saved views: a filter and an order of a list under a name, for oneself or for everybody."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, String, Text, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from idp.directory.actors import Actor
from idp.directory.errors import not_found
from idp.directory.sets import same
from idp.extensions import Model, db

MOST = 50  # that somebody keeps
LONGEST_NAME, LONGEST_QUERY = 80, 2_000


class SavedView(Model):
    """`list` is the list's key; `query` the address's query, as the list itself would write it."""

    __tablename__ = "saved_views"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"]),
        Index("ix_saved_views_user", "org_id", "user_id", "list"),
        Index("ix_saved_views_shared", "org_id", "list", "shared"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    user_id: Mapped[str] = mapped_column(String(36))
    list: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    query: Mapped[str] = mapped_column(Text)
    shared: Mapped[bool]
    created: Mapped[datetime]
    last_modified: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class SavedViewView:
    """A saved view; `own` says that the reader made it."""

    id: str
    list: str
    name: str
    query: str
    shared: bool
    own: bool


def saved_views(actor: Actor, list_key: str) -> list[SavedViewView]:
    """The actor's own views of a list and the organization's, by name."""
    mine = or_(SavedView.user_id == actor.id, SavedView.shared.is_(True))
    found = select(SavedView).where(
        SavedView.org_id == actor.org_id, same(SavedView.list, list_key), mine
    )
    views = [_view(actor, row) for row in db.session.scalars(found)]
    return sorted(views, key=lambda view: (view.name.casefold(), view.id))


def find_saved_view(actor: Actor, view_id: str) -> SavedViewView:
    """One that the actor may see, or NotFound."""
    found = select(SavedView).where(SavedView.org_id == actor.org_id, same(SavedView.id, view_id))
    row = db.session.scalar(found)
    if row is None or not (row.shared or row.user_id == actor.id):
        raise not_found("saved_view")
    return _view(actor, row)


def _view(actor: Actor, row: SavedView) -> SavedViewView:
    own = row.user_id == actor.id
    return SavedViewView(row.id, row.list, row.name, row.query, row.shared, own)
