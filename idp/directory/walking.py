"""Lists walked from a position, in both directions, at the same cost wherever one stands.

A position is the last item seen: its value in the order, and its id. What is inserted or deleted
meanwhile moves nothing else, and the index that gives the order leads straight to the place, so
a page among a million costs what one among a thousand does (RFC 9865). Who has no value in the
order stands apart, after the others, so that no index has to know about that.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import (
    Numeric,
    Select,
    and_,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
)

from idp.directory.actors import Actor
from idp.directory.comparisons import Condition
from idp.directory.filter_sql import user_condition
from idp.directory.group_filter_sql import group_condition
from idp.directory.groups import Group
from idp.directory.ordering import Order, group_order, user_order
from idp.directory.people import count_people
from idp.directory.questions import walked_often
from idp.directory.reach import within_reach as users_within_reach
from idp.directory.shown import show_users
from idp.directory.teams import count_groups, groups_by_id
from idp.directory.teams import within_reach as groups_within_reach
from idp.directory.users import User
from idp.directory.views import GroupView, ListQuery, Page, Position, ShownUser, Stretch
from idp.extensions import db

COUNTED = 1_000  # how far a walk counts at most
Item = TypeVar("Item")
Queries = Mapping[str, ListQuery]  # {"User": …, "Group": …}: one question, in each type's words


@dataclass(frozen=True, slots=True)
class _Source:
    """What is walked: whom a question means, and in which order."""

    base: Select[Any]
    order: Order


def _users(actor: Actor, query: ListQuery) -> _Source:
    actor.need("users.read")
    base = users_within_reach(actor, select(User.id).where(User.deleted_at.is_(None)))
    if query.filter is not None:
        base = base.where(user_condition(actor, query.filter))
    return _Source(base, user_order(actor, query))


def _groups(actor: Actor, query: ListQuery) -> _Source:
    base = groups_within_reach(actor, select(Group.id))
    if query.filter is not None:
        base = base.where(group_condition(actor, query.filter))
    return _Source(base, group_order(actor, query))


_SOURCES: dict[str, Callable[[Actor, ListQuery], _Source]] = {"User": _users, "Group": _groups}


# --- one type ---------------------------------------------------------------------------------


def walk_users(
    actor: Actor, query: ListQuery, start: Position | None = None, *, backwards: bool = False
) -> Stretch[ShownUser]:
    """The people after a position (before it, backwards); without one, from that end of the list.

    Raises Invalid where the filter or the order names what does not exist.
    """
    often = None if backwards else walked_often(actor, query, start)
    if often is not None:
        return often
    places = _places(_users(actor, query), start, query.count + 1, backwards)
    return _stretch(
        places, query.count, backwards, lambda ids: show_users(actor, ids, query.derived)
    )


def walk_groups(
    actor: Actor, query: ListQuery, start: Position | None = None, *, backwards: bool = False
) -> Stretch[GroupView]:
    """The groups after a position (before it, backwards), as `walk_users`."""
    places = _places(_groups(actor, query), start, query.count + 1, backwards)
    return _stretch(places, query.count, backwards, lambda ids: groups_by_id(actor, ids))


def count_along(actor: Actor, queries: Queries) -> int | None:
    """How many there are in all, where that costs next to nothing; else None.

    The census knows it of whole lists; of others not more than a thousand are counted.
    """
    total = 0
    for kind, query in queries.items():
        counted = _census(actor, kind) if query.filter is None else _counted(actor, kind, query)
        if counted is None:
            return None
        total += counted
    return total


def _census(actor: Actor, kind: str) -> int | None:
    if actor.scope_of(f"{kind.lower()}s.read"):
        return None
    return count_groups(actor) if kind == "Group" else sum(count_people(actor).values())


def _counted(actor: Actor, kind: str, query: ListQuery) -> int | None:
    some = _SOURCES[kind](actor, query).base.limit(COUNTED + 1).subquery()
    counted = db.session.scalar(select(func.count()).select_from(some)) or 0
    return counted if counted <= COUNTED else None


def _stretch(
    places: Sequence[Position],
    count: int,
    backwards: bool,
    load: Callable[[list[str]], Mapping[str, Item]],
) -> Stretch[Item]:
    kept = list(places[:count])
    if backwards:
        kept.reverse()
    views = load([place.id for place in kept])
    items = [views[place.id] for place in kept if place.id in views]
    first, last = (kept[0], kept[-1]) if kept else (None, None)
    return Stretch(items, first, last, len(places) > count)


# --- places -----------------------------------------------------------------------------------


def _places(source: _Source, start: Position | None, limit: int, backwards: bool) -> list[Position]:
    """At most `limit` places, the nearest to the start first."""
    order, down = source.order, source.order.descending != backwards
    found: list[Position] = []
    for unassigned, condition in _segments(order, start, down):
        by = [order.id] if unassigned or order.value is None else [order.value, order.id]
        statement = source.base.add_columns(order.said if len(by) > 1 else null())
        statement = statement.where(condition).order_by(*(c.desc() if down else c for c in by))
        rows = db.session.execute(statement.limit(limit - len(found)))
        found += [Position(row[1], row[0]) for row in rows]
        if len(found) >= limit:
            break
    return found


def _segments(order: Order, start: Position | None, down: bool) -> Iterator[tuple[bool, Condition]]:
    """(whether unassigned, condition) of who has a value and who has none, as they come."""
    segments = [False, True] if order.optional else [False]
    if down:
        segments.reverse()
    here = start is not None and order.optional and start.value is None
    if start is not None:
        segments = segments[segments.index(here) :]
    for unassigned in segments:
        conditions: list[Condition] = [true()]
        if order.optional:
            conditions.append(order.value.is_(None) if unassigned else order.value.is_not(None))
        if start is not None and unassigned == here:
            conditions.append(_beyond(order, start, down))
        yield unassigned, and_(*conditions)


def _beyond(order: Order, start: Position, down: bool) -> Condition:
    further: Condition = order.id < start.id if down else order.id > start.id
    if order.value is None or start.value is None:
        return further
    # The first condition is what an index follows; together they are a comparison of pairs.
    value = _bound(order, start)
    if down:
        return and_(order.value <= value, or_(order.value < value, further))
    return and_(order.value >= value, or_(order.value > value, further))


def _bound(order: Order, start: Position) -> Any:
    if isinstance(order.value.type, Numeric):
        return cast(literal(start.value), Numeric)
    return literal(start.value, order.value.type)


# --- all types together (RFC 7644 §3.4.2.1) ---------------------------------------------------


def walk_everything(
    actor: Actor, queries: Queries, start: Position | None = None, *, backwards: bool = False
) -> Stretch[ShownUser | GroupView]:
    """People and groups in one order, after a position (before it, backwards)."""
    count = next(iter(queries.values())).count
    down = _descending(queries) != backwards
    walks = [
        [(place, kind) for place in _places(source, start, count + 1, backwards)]
        for kind, source in _sources(actor, queries).items()
    ]
    joined = list(islice(merge(*walks, key=_rank, reverse=down), count + 1))
    kinds = {place.id: kind for place, kind in joined}
    places = [place for place, _ in joined]
    return _stretch(places, count, backwards, lambda ids: _load(actor, kinds, ids))


def list_everything(actor: Actor, queries: Queries) -> Page[ShownUser | GroupView]:
    """People and groups in one order, a page by index, with the exact total."""
    sources = _sources(actor, queries)
    query = next(iter(queries.values()))
    ordered = any(source.order.value is not None for source in sources.values())
    parts = [_part(kind, source) for kind, source in sources.items()]
    joined = union_all(*parts).subquery()
    total = db.session.scalar(select(func.count()).select_from(joined)) or 0
    if query.count <= 0 or query.start > total:
        return Page((), total=total)
    order = Order(joined.c.id, joined.c.value if ordered else None, True, _descending(queries))
    chosen = select(joined.c.id, joined.c.kind).order_by(*order.columns())
    rows = db.session.execute(chosen.offset(query.start - 1).limit(query.count)).all()
    views = _load(actor, {row.id: row.kind for row in rows}, [row.id for row in rows])
    return Page([views[row.id] for row in rows if row.id in views], total=total)


def _sources(actor: Actor, queries: Queries) -> dict[str, _Source]:
    """What is walked of each type; one that lacks what is sorted by comes last."""
    sources = {kind: _SOURCES[kind](actor, query) for kind, query in queries.items()}
    values = [s.order.value for s in sources.values() if s.order.value is not None]
    if not values:
        return sources
    nothing = cast(null(), values[0].type)
    return {
        kind: replace(source, order=_in_common(source.order, nothing))
        for kind, source in sources.items()
    }


def _in_common(order: Order, nothing: Any) -> Order:
    return replace(order, value=nothing if order.value is None else order.value, optional=True)


def _part(kind: str, source: _Source) -> Select[Any]:
    """One type's ids, with what it is and what it is sorted by."""
    columns = [literal(kind).label("kind")]
    if source.order.value is not None:
        columns.append(source.order.value.label("value"))
    return source.base.add_columns(*columns)


def _descending(queries: Queries) -> bool:
    return next(iter(queries.values())).descending


def _rank(found: tuple[Position, str]) -> tuple[bool, Any, str]:
    place, _kind = found
    return place.value is None, place.value, place.id


def _load(
    actor: Actor, kinds: Mapping[str, str], ids: list[str]
) -> dict[str, ShownUser | GroupView]:
    people = show_users(actor, [one for one in ids if kinds[one] == "User"])
    groups = groups_by_id(actor, [one for one in ids if kinds[one] == "Group"])
    return {**people, **groups}
