"""Walks by cursor: what stays the same, and what lies before and after a page (RFC 9865)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.errors import Invalid
from idp.directory.views import Stretch
from scim.cursors import Cursor, fingerprint, write_cursor
from scim.errors import invalid_filter, invalid_path
from scim.listing import Query

Questions = Mapping[str, Query]  # {"User": …}: one question, in each type's words


def question_of(actor: Actor, asked: Questions) -> str:
    """The fingerprint of a question: a cursor holds for no other."""
    orders = ((kind, q.filter, q.sort_by, q.descending) for kind, q in asked.items())
    return fingerprint(actor.org_id, actor.connection_id, *orders)


def total_along(actor: Actor, asked: Questions, cursor: Cursor, found: Stretch[Any]) -> int | None:
    """How many there are in all, where it is known or cheap to know."""
    if cursor.start is None and not cursor.backwards and not found.more:
        return len(found.items)
    return queries.count_along(actor, {kind: query.below() for kind, query in asked.items()})


def neighbours(cursor: Cursor, found: Stretch[Any], question: str) -> tuple[str | None, str | None]:
    """The cursors of the next and of the previous page, None where there is none.

    An empty page lies where everything beyond its start is gone: the way back leads to that end.
    """
    inner = cursor.start is not None
    after = found.more if not cursor.backwards else inner
    before = found.more if cursor.backwards else inner
    return (
        write_cursor(Cursor(found.last), question) if after else None,
        write_cursor(Cursor(found.first, backwards=True), question) if before else None,
    )


@contextmanager
def answerable() -> Iterator[None]:
    """Only the filter and the order of a question can be wrong below the door."""
    try:
        yield
    except Invalid as refused:
        if refused.code == "sort_impossible":
            raise invalid_path(refused.sentence) from refused
        raise invalid_filter(refused.sentence) from refused
