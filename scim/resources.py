"""What HTTP's methods mean for a resource (RFC 7644 §3.3 to §3.6), the same for every type.

Each handler is: read the request, let the type decide on one intent, `apply` it, tell the result.
What is particular to people and to groups is in `users` and `groups`.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from idp.changes.intents import Change
from idp.directory.errors import Stale, not_found
from idp.directory.views import Stretch
from scim.answers import Answer
from scim.call import Call
from scim.cursors import Cursor, read_cursor
from scim.listing import Query as ListQuery
from scim.listing import list_text, read_query, walk_text
from scim.preconditions import check, etag, expected, matches
from scim.projection import Projection
from scim.walks import answerable, neighbours, question_of, total_along

_TRIES = 8
_ID_LENGTH = 36


class View(Protocol):
    """What every stored resource shows."""

    @property
    def id(self) -> str: ...
    @property
    def version(self) -> int: ...


class Kind(Protocol):
    """A resource type: how it is read, shown and changed."""

    @property
    def name(self) -> str: ...
    @property
    def place(self) -> str: ...
    def view(self, call: Call, resource_id: str) -> Any: ...
    def views(self, call: Call, ids: Collection[str]) -> dict[str, Any]: ...
    def page(self, call: Call, query: ListQuery) -> tuple[Sequence[Any], int]: ...
    def walk(self, call: Call, query: ListQuery, cursor: Cursor) -> Stretch[Any]: ...
    def texts(self, call: Call, views: Sequence[Any], projection: Projection) -> list[str]: ...
    def creation(self, call: Call) -> Change: ...
    def replacement(self, call: Call, resource_id: str, expect: int | None) -> Change: ...
    def modification(self, call: Call, resource_id: str, expect: int | None) -> Change | None: ...
    def deletion(self, resource_id: str, expect: int | None) -> Change: ...
    def silent(self, call: Call) -> bool: ...


# --- reading ----------------------------------------------------------------------------------


def shown(kind: Kind, call: Call, resource_id: str) -> Answer:
    """GET one (§3.4.1); 304 where the client has this version (§3.14)."""
    projection = call.projection(kind.name)
    view = _view(kind, call, resource_id)
    tag = {"ETag": etag(view.version)}
    held = call.headers.get("If-None-Match")
    if held is not None and matches(held, view.version):
        return Answer(304, headers=tag)
    return Answer(200, kind.texts(call, [view], projection)[0], tag)


def listed(kind: Kind, call: Call) -> Answer:
    """GET many (§3.4.2)."""
    return _list(kind, call, call.args)


def searched(kind: Kind, call: Call) -> Answer:
    """POST to /.search: the same question, without anything personal in the address (§3.4.3)."""
    return _list(kind, call, call.body)


def _list(kind: Kind, call: Call, asked: Mapping[str, Any]) -> Answer:
    query = read_query(asked, call.language(kind.name))
    with answerable():
        if query.cursor is not None:
            return _walk(kind, call, query)
        views, total = kind.page(call, query)
    texts = kind.texts(call, views, query.projection)
    return Answer(200, list_text(texts, total, query.start))


def _walk(kind: Kind, call: Call, query: ListQuery) -> Answer:
    if query.count == 0:  # the total is all that is asked for (RFC 9865 §2)
        return Answer(200, walk_text([], kind.page(call, query)[1], None, None))
    question = question_of(call.actor, {kind.name: query})
    cursor = read_cursor(query.cursor or "", question)
    found = kind.walk(call, query, cursor)
    total = total_along(call.actor, {kind.name: query}, cursor, found)
    return Answer(
        200,
        walk_text(
            kind.texts(call, found.items, query.projection),
            total,
            *neighbours(cursor, found, question),
        ),
    )


def _view(kind: Kind, call: Call, resource_id: str) -> Any:
    # No database needs to be asked for what cannot be an id (NUL would even confuse one).
    if len(resource_id) != _ID_LENGTH or not resource_id.isascii():
        raise not_found(kind.name.lower())
    return kind.view(call, resource_id)


# --- writing ----------------------------------------------------------------------------------


def created(kind: Kind, call: Call) -> Answer:
    """POST (§3.3)."""
    call.projection(kind.name)  # a wrong one is refused before anything is written
    made = call.apply(kind.creation(call)).first
    return _told(kind, call, made.id, 201)


def replaced(kind: Kind, call: Call, resource_id: str) -> Answer:
    """PUT (§3.5.1); it never creates."""
    call.projection(kind.name)
    expect = _expected(kind, call, resource_id)
    call.apply(kind.replacement(call, resource_id, expect))
    return _told(kind, call, resource_id, 200)


def changed(kind: Kind, call: Call, resource_id: str) -> Answer:
    """PATCH (§3.5.2): all of its operations, or none."""
    call.projection(kind.name)
    expect = _expected(kind, call, resource_id)
    _modify(kind, call, resource_id, expect)
    if kind.silent(call):
        return Answer(204, headers={"ETag": etag(_view(kind, call, resource_id).version)})
    return _told(kind, call, resource_id, 200)


def _modify(kind: Kind, call: Call, resource_id: str, expect: int | None) -> None:
    """Read, patch, write; again where somebody else wrote in between and the client did not ask."""
    for attempt in range(1, _TRIES + 1):
        change = kind.modification(call, resource_id, expect)
        if change is None:
            return
        try:
            call.apply(change)
            return
        except Stale:
            if expect is not None or attempt == _TRIES:
                raise


def deleted(kind: Kind, call: Call, resource_id: str) -> Answer:
    """DELETE (§3.6)."""
    call.apply(kind.deletion(resource_id, _expected(kind, call, resource_id)))
    return Answer(204)


def _expected(kind: Kind, call: Call, resource_id: str) -> int | None:
    """The version that the request's conditions allow to be changed (§3.14)."""
    if_match = call.headers.get("If-Match")
    if_none_match = call.headers.get("If-None-Match")
    if if_match is None and if_none_match is None:
        return None
    only = expected(if_match) if if_none_match is None else None
    if only is not None:
        return only
    version: int = _view(kind, call, resource_id).version
    check(if_match, if_none_match, version)
    return version


def _told(kind: Kind, call: Call, resource_id: str, status: int) -> Answer:
    """The resource as it now is; a rehearsal has made none to be read."""
    if call.dry_run:
        return Answer(status)
    view = _view(kind, call, resource_id)
    headers = {"ETag": etag(view.version)}
    if status == 201:
        headers["Location"] = f"{call.base}/{kind.place}/{resource_id}"
    return Answer(status, kind.texts(call, [view], call.projection(kind.name))[0], headers)
