"""Reads of the journal: an organization's own, a page at a time, newest first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select

from idp.changes.journal import JournalEntry, JournalView, view_of
from idp.directory.actors import Actor
from idp.directory.errors import not_found
from idp.directory.groups import Group
from idp.directory.sets import same, storable
from idp.directory.users import User
from idp.directory.values import key
from idp.extensions import db

_LAST = "\U0010ffff"
RESULTS: dict[str, ColumnElement[bool]] = {
    "changed": JournalEntry.first_entry.is_not(None),
    "refused": JournalEntry.status >= 400,
    "tolerated": JournalEntry.tolerated != "",
}


@dataclass(frozen=True, slots=True)
class JournalFilter:
    """Which entries to show; what is empty does not filter.

    `result` is one of RESULTS. `about` is the id of a person or group, or the beginning of its
    name as it was sent. `since` is included, `until` is not.
    """

    result: str = ""
    method: str = ""
    about: str = ""
    since: datetime | None = None
    until: datetime | None = None


def _entries(actor: Actor, connection_id: str) -> Select[Any]:
    """A connection's entries, with whether what they speak of is there."""
    actor.need("connections.read")
    user, group, entry = User.__table__, Group.__table__, JournalEntry.__table__
    living = and_(
        user.c.id == entry.c.resource_id,
        user.c.org_id == actor.org_id,
        user.c.deleted_at.is_(None),
    )
    there = and_(group.c.id == entry.c.resource_id, group.c.org_id == actor.org_id)
    exists = or_(user.c.id.is_not(None), group.c.id.is_not(None)).label("exists")
    names = (user.c.user_name, group.c.display_name)
    return (
        select(entry, exists, *names)
        .select_from(entry.outerjoin(user, living).outerjoin(group, there))
        .where(entry.c.org_id == actor.org_id, same(entry.c.connection_id, connection_id))
    )


def journal(
    actor: Actor,
    connection_id: str,
    wanted: JournalFilter | None = None,
    *,
    before: str | None = None,
    limit: int = 50,
) -> tuple[list[JournalView], str | None]:
    """Entries of one connection, newest first, and the cursor of the next page."""
    wanted = wanted or JournalFilter()
    statement = _entries(actor, connection_id).where(*_conditions(actor, wanted))
    if before:
        place = select(JournalEntry.at, JournalEntry.id).where(same(JournalEntry.id, before))
        row = db.session.execute(place.where(JournalEntry.org_id == actor.org_id)).first()
        if row is not None:
            earlier = or_(JournalEntry.at < row.at, JournalEntry.id < row.id)
            statement = statement.where(JournalEntry.at <= row.at, earlier)
    ordered = statement.order_by(JournalEntry.at.desc(), JournalEntry.id.desc())
    rows = db.session.execute(ordered.limit(limit + 1)).mappings().all()
    views = [_view(dict(row)) for row in rows[:limit]]
    return views, views[-1].id if len(rows) > limit else None


def _conditions(actor: Actor, wanted: JournalFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.result in RESULTS:
        found.append(RESULTS[wanted.result])
    if wanted.method:
        found.append(same(JournalEntry.method, wanted.method))
    if wanted.about:
        found.append(_about(actor, wanted.about))
    if wanted.since is not None:
        found.append(JournalEntry.at >= wanted.since)
    if wanted.until is not None:
        found.append(JournalEntry.at < wanted.until)
    return found


def _about(actor: Actor, text: str) -> ColumnElement[bool]:
    """By id, by the name that was sent, or by the present name of somebody."""
    if not storable(text):
        return same(JournalEntry.resource_id, text)
    begins = key(text.strip())[:200]
    people = select(User.id).where(User.org_id == actor.org_id, User.user_name_key == begins)
    groups = select(Group.id).where(Group.org_id == actor.org_id, Group.display_name_key == begins)
    return or_(
        JournalEntry.resource_id == text.strip(),
        JournalEntry.name_key.between(begins, begins + _LAST),
        JournalEntry.resource_id.in_(people.union_all(groups)),
    )


def journal_entry(actor: Actor, connection_id: str, entry_id: str) -> JournalView:
    """One entry of a connection, or NotFound."""
    statement = _entries(actor, connection_id).where(same(JournalEntry.id, entry_id))
    row = db.session.execute(statement).mappings().first()
    if row is None:
        raise not_found("journal_entry")
    return _view(dict(row))


def _view(row: dict[str, Any]) -> JournalView:
    """What somebody is called now says more than what they were called, or their id alone."""
    called = row["user_name"] or row["display_name"] or row["name"]
    return view_of(row | {"name": called, "exists": bool(row["exists"])})
