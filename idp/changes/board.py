"""The notices of one person: what is open now and was before, and what they have not seen.

Seeing is a technical record, a moment for each person: what was told after it is new to them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ForeignKeyConstraint,
    Index,
    Select,
    String,
    bindparam,
    delete,
    exists,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from idp.changes.notice_kinds import KINDS
from idp.changes.notices import Kind, Notice
from idp.clock import now
from idp.directory.actors import Actor
from idp.directory.prepared import Prepared
from idp.directory.sets import among
from idp.extensions import Model, db, writing

AT_MOST = 200
EARLIER = 50
KEPT = timedelta(days=365)  # after it was resolved
_NOTICES = Notice.__table__.c


class NoticesSeen(Model):
    """Until when somebody has seen the notices of their organization."""

    __tablename__ = "notices_seen"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"]),
        Index("ix_notices_seen_org", "org_id"),
    )

    user_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A notice as somebody sees it; `kind` tells its words, `new` that they have not seen it."""

    id: str
    kind: Kind
    args: Mapping[str, Any]
    place: Mapping[str, Any]
    since: datetime
    ends_at: datetime | None
    resolved_at: datetime | None
    new: bool


_SEEN = select(NoticesSeen.at).where(NoticesSeen.user_id == bindparam("user")).scalar_subquery()
_MINE = (_NOTICES.org_id == bindparam("org"), among(_NOTICES.kind, "kinds"))
_COUNT = Prepared(
    select(func.count()).where(
        *_MINE,
        _NOTICES.resolved_at.is_(None),
        _NOTICES.told_at.is_not(None),
        ~exists().where(
            NoticesSeen.user_id == bindparam("user"), NoticesSeen.at >= _NOTICES.told_at
        ),
    )
)


_WANTED = select(Notice.__table__, _SEEN.label("seen")).where(*_MINE)


def count_new(actor: Actor) -> int:
    """How many open notices somebody has not seen: asked by every page, so one small count."""
    kinds = _kinds(actor)
    if not kinds:
        return 0
    row = _COUNT.first(org=actor.org_id, user=actor.id, kinds=kinds)
    return int(row[0]) if row else 0


def _kinds(actor: Actor) -> list[str]:
    return [name for name, kind in KINDS.items() if actor.can(kind.sees)]


def now_open(actor: Actor, limit: int = AT_MOST) -> list[NoticeView]:
    """What is open and concerns somebody: what ends first, then what is newest."""
    wanted = _WANTED.where(_NOTICES.resolved_at.is_(None))
    ordered = wanted.order_by(_NOTICES.ends_at.is_(None), _NOTICES.ends_at, _NOTICES.since.desc())
    return _views(actor, ordered.limit(limit))


def earlier(actor: Actor, limit: int = EARLIER) -> list[NoticeView]:
    """What was resolved, the latest first."""
    wanted = _WANTED.where(_NOTICES.resolved_at.is_not(None))
    return _views(actor, wanted.order_by(_NOTICES.resolved_at.desc()).limit(limit))


def _views(actor: Actor, wanted: Select[Any]) -> list[NoticeView]:
    given = {"org": actor.org_id, "user": actor.id, "kinds": _kinds(actor)}
    return [_view(row) for row in db.session.execute(wanted, given)]


def _view(row: Any) -> NoticeView:
    told = row.told_at is not None and row.resolved_at is None
    return NoticeView(
        row.id,
        KINDS[row.kind],
        row.args,
        row.place,
        row.since,
        row.ends_at,
        row.resolved_at,
        told and (row.seen is None or row.told_at > row.seen),
    )


def see(actor: Actor) -> None:
    """Somebody has seen all there is now."""
    row = {"user_id": actor.id, "org_id": actor.org_id, "at": now()}
    with writing() as session:
        dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        seen = dialect.insert(NoticesSeen).values(row)
        session.execute(seen.on_conflict_do_update(index_elements=["user_id"], set_=row))


def sweep() -> int:
    """Remove what was resolved long ago; returns how many."""
    gone = delete(Notice).where(Notice.resolved_at < now() - KEPT)
    with writing() as session:
        return int(session.execute(gone).rowcount)  # type: ignore[attr-defined]
