"""Pages of people for people: by filter and in an order, or found as somebody types."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, not_, or_, select
from sqlalchemy.orm import aliased

from idp.directory import keyset
from idp.directory.actors import Actor
from idp.directory.connections import Connection
from idp.directory.keyset import Part, Sort
from idp.directory.people import COLUMNS, STATE_IS, as_view, in_state
from idp.directory.reach import within_reach
from idp.directory.sets import any_of, same, storable
from idp.directory.users import User, UserWord
from idp.directory.values import search_form, words
from idp.directory.views import Page, UserView
from idp.extensions import db

FEW = 1_000  # found people are sorted by themselves up to here; of more, one reads along the order


_BY_NAME = (User.sort_key, User.id)
SORTS: dict[str, tuple[Part, ...]] = {
    "name": (Part(None, _BY_NAME),),
    "user_name": (Part(None, (User.user_name_key, User.id)),),
    "state": tuple(
        Part(and_(*STATE_IS[state]), _BY_NAME) for state in ("active", "disabled", "blocked")
    ),
    "source": (Part(None, (User.source, *_BY_NAME)),),
    "created": (Part(None, (User.id,)),),  # ids are made in the order of time
    # Who never signed in stands before the earliest who did.
    "last_sign_in": (
        Part(User.last_sign_in.is_(None), (User.id,)),
        Part(User.last_sign_in.is_not(None), (User.last_sign_in, User.id)),
    ),
}


def page_people(
    actor: Actor,
    *,
    text: str = "",
    state: str = "",
    source: str = "",
    sort: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> Page[UserView]:
    """People from a cursor: by name, or in the order of `sort` (a key of SORTS, "-" backwards).

    With `text`, those whose names begin with its words; in the order of these, where no order is
    asked for.
    """
    actor.need("users.read")
    if not storable(text):  # nobody is called what no database holds
        return Page(())
    statement, wanted = _meant(actor, select(*COLUMNS), state, source), _wanted(text)
    if wanted and not sort:
        return _found(actor, statement, wanted, cursor, limit)
    if wanted:
        statement = statement.where(_among_the_found(actor, wanted))
    order = _order(keyset.chosen(SORTS, sort, "name"), state)
    rows, following = keyset.page(statement, order, cursor, limit)
    return Page([as_view(row) for row in rows], following)


def ids_of_people(
    actor: Actor, *, text: str = "", state: str = "", source: str = "", limit: int
) -> list[str]:
    """The ids of all whom the same filter means, in order, `limit` of them at most."""
    actor.need("users.read")
    if not storable(text):
        return []
    statement, wanted = _meant(actor, select(User.id), state, source), _wanted(text)
    if wanted:
        statement = statement.where(User.id.in_(_ids_found(actor, wanted)))
    return list(db.session.scalars(statement.order_by(User.id).limit(limit)))


def sources_of_people(actor: Actor) -> dict[str, str]:
    """{connection: its name} of those from which somebody came, by name."""
    actor.need("users.read")
    brought = exists().where(User.org_id == actor.org_id, User.source == Connection.id)
    named = select(Connection.id, Connection.name).where(Connection.org_id == actor.org_id, brought)
    return {row.id: row.name for row in db.session.execute(named.order_by(Connection.name))}


def _meant(actor: Actor, statement: Select[Any], state: str, source: str) -> Select[Any]:
    statement = in_state(within_reach(actor, statement), state)
    return statement.where(same(User.source, source)) if source else statement


def _order(sort: Sort, state: str) -> Sort:
    """One state has one part of the order by states."""
    if sort.key == "state" and state in STATE_IS:
        return Sort("state", SORTS["name"], sort.descending)
    return sort


# --- found by words -----------------------------------------------------------------------------


def _wanted(text: str) -> list[str]:
    """The beginnings that are looked for, the longest first: it leads."""
    if "@" in text:
        return [search_form(text.strip())[:64]]
    found = words(text) or ({search_form(text)} if text.strip() else ())
    return sorted(found, key=lambda word: (-len(word), word))


def _begins(table: Any, word: str) -> ColumnElement[bool]:
    """A range that an index can follow, for every collation that compares by code point."""
    return and_(table.word >= word, table.word < word + "\U0010ffff")


def _ids_found(actor: Actor, wanted: Sequence[str]) -> Select[Any]:
    """The ids of those with words that begin so; somebody may be in it more than once."""
    first, *others = wanted
    found = select(UserWord.user_id).where(
        UserWord.org_id == actor.org_id, _begins(UserWord, first)
    )
    for other in others:
        also = aliased(UserWord)
        found = found.where(
            exists().where(
                also.org_id == actor.org_id,
                also.user_id == UserWord.user_id,
                _begins(also, other),
            )
        )
    return found


def _among_the_found(actor: Actor, wanted: Sequence[str]) -> ColumnElement[bool]:
    """A few are named, so that they are read and sorted; many are met soon along any order."""
    found = _ids_found(actor, wanted)
    few = db.session.scalars(found.limit(FEW + 1)).all()
    if len(few) <= FEW:
        return any_of(db.session(), User.id, set(few))
    return found.where(UserWord.user_id == User.id).correlate(User).exists()


def _found(
    actor: Actor, statement: Select[Any], wanted: Sequence[str], cursor: str | None, limit: int
) -> Page[UserView]:
    """Walk the index of words from the longest word typed; the other words must match as well."""
    first, *others = wanted
    statement = statement.add_columns(UserWord.word).join(UserWord, UserWord.user_id == User.id)
    statement = statement.where(
        UserWord.org_id == actor.org_id, _begins(UserWord, first), not_(_found_before(first))
    )
    for other in others:
        also = select(UserWord.user_id).where(
            UserWord.org_id == actor.org_id, _begins(UserWord, other)
        )
        statement = statement.where(User.id.in_(also))
    if cursor:
        word, last_id = keyset.decode(cursor, 2)
        same_word = and_(UserWord.word == word, UserWord.user_id > last_id)
        statement = statement.where(UserWord.word >= word, or_(UserWord.word > word, same_word))
    # In the order of the words' own index, so that a page reads no more than it shows.
    rows = db.session.execute(
        statement.order_by(UserWord.word, UserWord.user_id).limit(limit + 1)
    ).all()
    last = rows[limit - 1] if len(rows) > limit else None
    following = keyset.encode([last.word, last.id]) if last else None
    return Page([as_view(row) for row in rows[:limit]], following)


def _found_before(first: str) -> ColumnElement[bool]:
    """Whether an earlier word of the same person matches too: each is listed once."""
    earlier = aliased(UserWord)
    return exists().where(
        earlier.user_id == UserWord.user_id, earlier.word >= first, earlier.word < UserWord.word
    )
