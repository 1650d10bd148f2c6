"""The verbs of event streams: begin, hold, end."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select

from idp import jose, sealing
from idp.changes import followers
from idp.changes.administration import add_signing_key
from idp.changes.batch import Batch, Needs, Result, Row
from idp.changes.followers import Follower
from idp.changes.intents import AddSigningKey, Change, CreateStream, DeleteStream, PauseStream
from idp.clock import new_id
from idp.directory.credentials import SigningKey
from idp.directory.errors import Conflict, Invalid, not_found
from idp.directory.streams import (
    DELIVERIES,
    DETAILS,
    EventStream,
    EventToken,
    StreamSubject,
)
from idp.directory.values import FORBIDDEN

PURPOSE = "events"
KEY_LIFE = timedelta(days=3653)  # receivers hold no date against a bare key
_LONGEST = 2048


def needs(change: Change, wanted: Needs) -> None:
    """What a change of a stream names."""
    wanted.connections.add(change.connection_id)  # type: ignore[attr-defined]
    if isinstance(change, CreateStream):
        wanted.groups.update(change.groups)


def _connection(batch: Batch, connection_id: str) -> Row:
    row = batch.connections.get(connection_id)
    if row is None or row["kind"] != "scim":
        raise not_found("connection")
    return row


def _stream(batch: Batch, connection_id: str) -> Row | None:
    table = EventStream.__table__
    found = batch.session.execute(
        select(table).where(table.c.connection_id == connection_id, table.c.org_id == batch.org_id)
    )
    row = found.mappings().first()
    return dict(row) if row else None


def create_stream(batch: Batch, change: CreateStream) -> Result:
    """Begin a stream. Its receiver learns who is there: its giver must be able to read them."""
    connection = _connection(batch, change.connection_id)
    for permission in ("users.read", "groups.read"):
        batch.actor.need(permission)
    if _stream(batch, connection["id"]) is not None:
        raise Conflict("stream_exists", "This system has an event stream already; end it first.")
    _check(batch, change)
    row: Row = {
        "id": change.id or new_id(),
        "org_id": batch.org_id,
        "connection_id": connection["id"],
        "delivery": change.delivery,
        "endpoint": change.endpoint,
        "authorization": _sealed(change.authorization),
        "audience": change.audience,
        "detail": change.detail,
        "groups": list(change.groups),
        "refused": 0,
        "last_refusal": "",
        "created": batch.now,
    }
    batch.insert(EventStream, row)
    _ensure_key(batch)
    followers.start(batch, connection["id"], PURPOSE)
    shown = {"delivery": [None, change.delivery], "detail": [None, change.detail]}
    if change.endpoint:
        shown["endpoint"] = [None, change.endpoint]
    _note(batch, "stream.created", connection, shown)
    return Result(row["id"], 1, changed=True, created=True)


def _ensure_key(batch: Batch) -> None:
    """The organization signs with one key whatever the number of its streams."""
    table = SigningKey.__table__
    mine = select(table.c.id).where(table.c.org_id == batch.org_id, table.c.purpose == PURPOSE)
    if batch.session.scalar(mine.limit(1)) is None:
        private, public = jose.new_key()
        ends = batch.now + KEY_LIFE
        add_signing_key(batch, AddSigningKey(PURPOSE, "ec-p256", public, private, ends))


def _sealed(secret: str) -> str:
    return sealing.seal(secret.encode()) if secret else ""


def _check(batch: Batch, change: CreateStream) -> None:
    if change.delivery not in DELIVERIES:
        raise Invalid("delivery_unknown", "Delivery is push or poll.", attribute="delivery")
    if change.detail not in DETAILS:
        raise Invalid("detail_unknown", "Detail is notice or full.", attribute="detail")
    if change.delivery == "push":
        _check_endpoint(change.endpoint)
    for name in ("authorization", "audience"):
        text: str = getattr(change, name)
        if len(text) > _LONGEST or FORBIDDEN.search(text):
            raise Invalid(
                f"{name}_malformed",
                f"{name} has at most {_LONGEST} characters, and no line breaks.",
                attribute=name,
            )
    for group_id in change.groups:
        if group_id not in batch.groups:
            raise Invalid("group_unknown", "There is no such group.", attribute="groups")


def _check_endpoint(endpoint: str) -> None:
    """A fit address; whether it may be called is asked again with each call (`idp.outgoing`)."""
    try:
        parts = urlsplit(endpoint)
        fit = parts.scheme in ("https", "http") and parts.hostname and len(endpoint) <= _LONGEST
    except ValueError:
        fit = False
    if not fit or FORBIDDEN.search(endpoint):
        raise Invalid(
            "endpoint_malformed", "Give the receiver's https address.", attribute="endpoint"
        )


def pause_stream(batch: Batch, change: PauseStream) -> Result:
    """Hold the stream, or let it go on; nothing is lost meanwhile."""
    connection = _connection(batch, change.connection_id)
    if _stream(batch, connection["id"]) is None:
        raise not_found("stream")
    held = batch.session.scalar(
        select(Follower.enabled).where(
            Follower.connection_id == connection["id"], Follower.purpose == PURPOSE
        )
    )
    if held is not None and held != change.paused:
        return Result(connection["id"])
    key = {"connection_id": connection["id"], "purpose": PURPOSE}
    batch.update(Follower, key, {"enabled": not change.paused, "due_at": batch.now})
    action = "stream.paused" if change.paused else "stream.resumed"
    _note(batch, action, connection, {"paused": [not change.paused, change.paused]})
    return Result(connection["id"], changed=True)


def delete_stream(batch: Batch, change: DeleteStream) -> Result:
    """End the stream."""
    connection = _connection(batch, change.connection_id)
    if _stream(batch, connection["id"]) is None:
        raise not_found("stream")
    end(batch, connection["id"])
    _note(batch, "stream.deleted", connection, {"stream": [True, None]})
    return Result(connection["id"], changed=True)


def end(batch: Batch, connection_id: str) -> None:
    """Take away a connection's stream with all that waits in it; nothing, where it has none."""
    row = _stream(batch, connection_id)
    if row is None:
        return
    for model in (EventToken, StreamSubject):
        batch.delete(model, {"stream_id": row["id"]})
    batch.delete(EventStream, {"id": row["id"]})
    batch.delete(Follower, {"connection_id": connection_id, "purpose": PURPOSE})


def _note(batch: Batch, action: str, connection: Row, diff: dict[str, Any]) -> None:
    batch.note(action, ("Connection", connection["id"], connection["name"]), diff)


HANDLERS = {
    CreateStream: create_stream,
    PauseStream: pause_stream,
    DeleteStream: delete_stream,
}
