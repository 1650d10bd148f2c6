"""The questions about people that clients ask all day, as statements made once.

Before it creates somebody, every client asks for them by user name or by its own name for them;
and whoever reads everybody asks for pages without a filter. Any other question is put together
when it is asked, by `filter_sql`.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import bindparam, select

from idp.directory.actors import Actor
from idp.directory.connections import Link
from idp.directory.filtering import Compare
from idp.directory.reach import reaches_everybody
from idp.directory.sets import storable
from idp.directory.shown import showing
from idp.directory.users import User
from idp.directory.values import key
from idp.directory.views import ListQuery, Position, ShownUser, Stretch

_user: Any = User.__table__
_link: Any = Link.__table__
_other: Any = _user.alias("other")  # the page's ids come from an index first
_PAGE = showing(
    _user.c.id.in_(
        select(_other.c.id)
        .where(_other.c.org_id == bindparam("org"), _other.c.deleted_at.is_(None))
        .order_by(_other.c.id)
        .limit(bindparam("count"))
        .offset(bindparam("skipped"))
    )
)
_AFTER = showing(
    _user.c.id.in_(
        select(_other.c.id)
        .where(
            _other.c.org_id == bindparam("org"),
            _other.c.deleted_at.is_(None),
            _other.c.id > bindparam("after"),
        )
        .order_by(_other.c.id)
        .limit(bindparam("count"))
    )
)
_NAMED = {
    "userName": showing(_user.c.user_name_key == bindparam("name")),
    "externalId": showing(
        _user.c.id.in_(
            select(_link.c.subject_id).where(
                _link.c.connection_id == bindparam("connection"),
                _link.c.kind == "User",
                _link.c.foreign_id == bindparam("name"),
            )
        )
    ),
}
_FORMS: dict[str, Callable[[str], str]] = {"userName": key, "externalId": str}


def asked_often(actor: Actor, query: ListQuery) -> list[ShownUser] | None:
    """The people of a page, if its question is one of these; None if it is another."""
    if query.sort_by is not None or query.count <= 0 or not reaches_everybody(actor):
        return None
    derived = query.derived
    asked = {"org": actor.org_id, "connection": actor.connection_id}
    wanted = query.filter
    if wanted is None:
        return _shown(_PAGE[derived].rows(count=query.count, skipped=query.start - 1, **asked))
    if not isinstance(wanted, Compare) or wanted.op != "eq" or wanted.path not in _NAMED:
        return None
    if not isinstance(wanted.value, str) or not storable(wanted.value):
        return None
    name = _FORMS[wanted.path](wanted.value)
    return _shown(_NAMED[wanted.path][derived].rows(name=name, **asked))[query.start - 1 :]


def walked_often(
    actor: Actor, query: ListQuery, start: Position | None
) -> Stretch[ShownUser] | None:
    """The people after a position, where everybody is read in order; None if it is another walk."""
    plain = query.sort_by is None and not query.descending and query.filter is None
    if not plain or query.count <= 0 or not reaches_everybody(actor):
        return None
    rows = _AFTER[query.derived].rows(
        org=actor.org_id,
        connection=actor.connection_id,
        after=start.id if start else "",
        count=query.count + 1,
    )
    found = _shown(rows[: query.count])
    if not found:
        return Stretch(())
    first, last = Position(None, found[0].id), Position(None, found[-1].id)
    return Stretch(found, first, last, len(rows) > query.count)


def _shown(rows: Sequence[Any]) -> list[ShownUser]:
    return [ShownUser._make(row) for row in rows]
