"""Event streams: what happens in the directory, told to a system as signed Security Event Tokens.

A stream belongs to one SCIM connection, whose system receives it (RFC 9967): *pushed* to its
address (RFC 8935) or *polled* by it (RFC 8936). Its feed is everybody, or the effective members
of some groups; `stream_subjects` remembers who is in such a feed, so that entering and leaving
it can be told. Tokens wait in `event_tokens` only for those who poll.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from idp.extensions import Model

DELIVERIES = ("push", "poll")
DETAILS = ("notice", "full")
_STREAM = (["org_id", "stream_id"], ["event_streams.org_id", "event_streams.id"])


class EventStream(Model):
    """A stream. `detail` is "notice" (which attributes changed) or "full" (and what they are)."""

    __tablename__ = "event_streams"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "connection_id"], ["connections.org_id", "connections.id"]),
        UniqueConstraint("org_id", "id"),
        UniqueConstraint("connection_id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    connection_id: Mapped[str] = mapped_column(String(36))
    delivery: Mapped[str] = mapped_column(String(8))
    endpoint: Mapped[str] = mapped_column(Text)  # push: where to
    authorization: Mapped[str] = mapped_column(Text)  # push: sealed header value, "" for none
    audience: Mapped[str] = mapped_column(Text)  # "" for the stream's own address
    detail: Mapped[str] = mapped_column(String(8))
    groups: Mapped[list[Any]]  # ids whose effective members are the feed; empty: everybody
    refused: Mapped[int]  # tokens that the receiver said it could not take
    last_refusal: Mapped[str] = mapped_column(Text)
    created: Mapped[datetime]


class StreamSubject(Model):
    """Somebody is in the feed of a stream that covers some groups."""

    __tablename__ = "stream_subjects"
    __table_args__ = (ForeignKeyConstraint(*_STREAM),)

    stream_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))


class EventToken(Model):
    """A token that waits to be polled and acknowledged; `claims` is sealed."""

    __tablename__ = "event_tokens"
    __table_args__ = (
        ForeignKeyConstraint(*_STREAM),
        Index("ix_event_tokens_order", "stream_id", "position", "ordinal"),
        Index("ix_event_tokens_created", "created"),
    )

    jti: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    stream_id: Mapped[str] = mapped_column(String(36))
    position: Mapped[int]  # of the audit entry that it tells of
    ordinal: Mapped[int]  # its place among the tokens of that entry
    claims: Mapped[str] = mapped_column(Text)
    created: Mapped[datetime]
