"""Records of event streams that are no changes of the directory: what waits to be polled, who is
in a feed, what a receiver refused. Each write belongs to a follower's step, or acknowledges one.
"""

import json
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from idp import sealing
from idp.clock import now
from idp.directory.sets import any_of
from idp.directory.streams import EventStream, EventToken, StreamSubject
from idp.directory.views import StreamView
from idp.extensions import db, writing

KEPT = timedelta(days=30)  # a token that nobody asks for waits so long (RFC 9967 §5)
SWEPT = 5_000  # rows in one transaction


def keep(
    session: Session, stream: StreamView, claims: Sequence[tuple[int, dict[str, Any]]]
) -> None:
    """Let tokens, as (audit entry, claims) in their order, wait to be polled."""
    rows = [
        {
            "jti": made["jti"],
            "org_id": stream.org_id,
            "stream_id": stream.id,
            "position": position,
            "ordinal": ordinal,
            "claims": sealing.seal(json.dumps(made).encode()),
            "created": now(),
        }
        for ordinal, (position, made) in enumerate(claims)
    ]
    if rows:
        session.execute(insert(EventToken), rows)


def waiting(stream_id: str, limit: int) -> tuple[list[dict[str, Any]], bool]:
    """The oldest tokens' claims, and whether there are more."""
    wanted = (
        select(EventToken.claims)
        .where(EventToken.stream_id == stream_id)
        .order_by(EventToken.position, EventToken.ordinal)
        .limit(limit + 1)
    )
    held = list(db.session.scalars(wanted))
    return [json.loads(sealing.unseal(one)) for one in held[:limit]], len(held) > limit


def count_waiting(stream_id: str) -> int:
    """How many tokens wait to be polled."""
    wanted = select(func.count()).where(EventToken.stream_id == stream_id)
    return db.session.scalar(wanted) or 0


def settle(stream: StreamView, taken: Collection[str], refusals: Sequence[str]) -> None:
    """The receiver has these tokens, or said of others that it cannot take them."""
    if not taken and not refusals:
        return
    with writing() as session:
        here = EventToken.stream_id == stream.id
        session.execute(delete(EventToken).where(here, any_of(session, EventToken.jti, taken)))
        count_refusals(session, stream, refusals)


def count_refusals(session: Session, stream: StreamView, refusals: Sequence[str]) -> None:
    """Remember that the receiver refused tokens, and the last reason that it gave."""
    if refusals:
        values = {"refused": EventStream.refused + len(refusals)}
        said = {"last_refusal": refusals[-1][:500]}
        mine = update(EventStream).where(EventStream.id == stream.id)
        session.execute(mine.values(values | said))


def subjects(stream_id: str, people: Collection[str] | None) -> set[str]:
    """Who of these people, or of all, is in the feed."""
    wanted = select(StreamSubject.user_id).where(StreamSubject.stream_id == stream_id)
    if people is not None:
        wanted = wanted.where(any_of(db.session(), StreamSubject.user_id, people))
    return set(db.session.scalars(wanted))


def move_subjects(
    session: Session, stream: StreamView, entered: Sequence[str], left: Sequence[str]
) -> None:
    """People entered the feed, and left it."""
    if left:
        gone = any_of(session, StreamSubject.user_id, left)
        session.execute(delete(StreamSubject).where(StreamSubject.stream_id == stream.id, gone))
    if entered:
        rows = [{"stream_id": stream.id, "user_id": u, "org_id": stream.org_id} for u in entered]
        session.execute(insert(StreamSubject), rows)


def sweep() -> int:
    """Remove tokens that nobody asked for in a month; returns how many."""
    old = select(EventToken.jti).where(EventToken.created < now() - KEPT).limit(SWEPT)
    with writing() as session:
        gone = session.execute(delete(EventToken).where(EventToken.jti.in_(old)))
        return int(gone.rowcount)  # type: ignore[attr-defined]
