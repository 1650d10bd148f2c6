"""Technical records that are no changes of the directory: nobody owns or audits them.

Throttles of sign-in, when a token or session was last used, access tokens, messages already seen,
requests parked while somebody signs in, and who may run periodic work. Each is one small
transaction.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Index, String, Text, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp import sealing
from idp.clock import new_id, new_secret, now
from idp.directory.adoptions import ASKED, LINKED, Adoption, NameOfAnother
from idp.directory.brakes import LONGEST_HOURS, Brake
from idp.directory.connections import Connection, ConnectionSecret, ConnectionToken
from idp.directory.credentials import BrowserSession
from idp.directory.sets import any_of
from idp.directory.values import digest, user_name_key
from idp.directory.views import ClientView
from idp.extensions import Model, db, writing

TOUCH_EVERY = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=15)
FORGET_AFTER = timedelta(hours=24)
ACCESS_PREFIX = "cha_"  # lets secret scanners recognise a leaked access token


class Throttle(Model):
    """Failed sign-ins of one account name or network; it belongs to no organization.

    `key` is a hash, so that names typed by mistake (passwords among them) are not kept.
    """

    __tablename__ = "throttles"

    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    failures: Mapped[int]
    last: Mapped[datetime]
    blocked_until: Mapped[datetime | None]


class SeenMessage(Model):
    """A protocol message that must not be accepted a second time."""

    __tablename__ = "seen_messages"
    __table_args__ = (Index("ix_seen_messages_expires", "expires_at"),)

    org_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime]


class ParkedRequest(Model):
    """A partner's request that waits while the person signs in; the address holds its secret."""

    __tablename__ = "parked_requests"
    __table_args__ = (Index("ix_parked_requests_expires", "expires_at"),)

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    payload: Mapped[str] = mapped_column(Text)  # sealed JSON
    expires_at: Mapped[datetime]


class Installation(Model):
    """One row: the probe by which a wrong master key is noticed at start."""

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    probe: Mapped[str] = mapped_column(Text)
    created: Mapped[datetime]


class Chore(Model):
    """Periodic work and when it is due next; whoever moves the date does it."""

    __tablename__ = "chores"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    due_at: Mapped[datetime]
    ran_at: Mapped[datetime | None]  # when it was begun last


def check_master_key() -> None:
    """Make the probe at first start; raise WrongMasterKey where it was sealed by another key."""
    held = db.session.scalar(select(Installation.probe))
    if held is not None:
        sealing.unseal(held)
        return
    with writing() as session:
        probe = {"id": 1, "probe": sealing.seal(sealing.PROBE), "created": now()}
        _upsert(session, Installation, probe)  # another process may have been quicker


def attempt(keys: dict[str, int]) -> timedelta:
    """Count a sign-in that is about to be tried; returns how long to wait instead, 0 for go on.

    `keys` tells how many failures each account or network has free. Counting before the password
    is looked at keeps a thousand parallel guesses from all being the first; success forgives.
    """
    moment = now()
    with writing() as session:
        rows = {key: _throttle(session, key, moment) for key in sorted(keys)}
        until = [row.blocked_until for row in rows.values() if row.blocked_until is not None]
        wait = max([timedelta(0), *(end - moment for end in until)])
        if not wait:
            for key, row in rows.items():
                row.failures = 1 if moment - row.last > FORGET_AFTER else row.failures + 1
                row.last = moment
                row.blocked_until = _until(row.failures - keys[key], moment)
    return wait


def _throttle(session: Session, key: str, moment: datetime) -> Throttle:
    _upsert(session, Throttle, {"key": key, "failures": 0, "last": moment, "blocked_until": None})
    statement = select(Throttle).where(Throttle.key == key).with_for_update()
    return session.execute(statement.execution_options(populate_existing=True)).scalar_one()


def _until(excess: int, moment: datetime) -> datetime | None:
    """The pause after a failure too many: doubled each time, a quarter of an hour at most."""
    if excess < 0:
        return None
    return moment + min(LONGEST_PAUSE, timedelta(seconds=2 ** min(excess, 16)))


def forgive(keys: dict[str, int]) -> None:
    """Take back what `attempt` counted: the account is clear, the network one failure better."""
    with writing() as session:
        for key in sorted(keys):
            if key.startswith("account:"):
                session.execute(delete(Throttle).where(Throttle.key == key))
            else:
                row = _throttle(session, key, now())
                row.failures = max(0, row.failures - 1)
                row.blocked_until = None


def _upsert(session: Any, model: Any, row: dict[str, Any]) -> int:
    """Insert unless the key is there; returns how many rows were inserted."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(model).values(**row).on_conflict_do_nothing()
    # Unasked, SQLAlchemy forgets how many rows PostgreSQL inserted.
    return int(session.execute(statement.execution_options(preserve_rowcount=True)).rowcount)


def first_seen(org_id: str, message_id: str, expires_at: datetime) -> bool:
    """Whether a message is new to every process; it is remembered until it would expire anyway."""
    row = {"org_id": org_id, "key": digest(message_id), "expires_at": expires_at}
    with writing() as session:
        return _upsert(session, SeenMessage, row) == 1


def park(org_id: str, payload: dict[str, Any], minutes: int = 30) -> str:
    """Keep a request while somebody signs in; returns the key for the address."""
    key = new_secret()
    row = {
        "key_hash": digest(key),
        "org_id": org_id,
        "payload": sealing.seal(json.dumps(payload).encode()),
        "expires_at": now() + timedelta(minutes=minutes),
    }
    with writing() as session:
        session.execute(insert(ParkedRequest), row)
    return key


def parked(key: str) -> tuple[str, dict[str, Any]] | None:
    """(organization id, request) of a parked request that has not expired."""
    wanted = select(ParkedRequest.org_id, ParkedRequest.payload).where(
        ParkedRequest.key_hash == digest(key), ParkedRequest.expires_at > now()
    )
    row = db.session.execute(wanted).first()
    return (row.org_id, json.loads(sealing.unseal(row.payload))) if row else None


def unpark(key: str) -> bool:
    """Use a parked request up; False where it was used already."""
    gone = delete(ParkedRequest).where(ParkedRequest.key_hash == digest(key))
    with writing() as session:
        return int(session.execute(gone).rowcount) == 1  # type: ignore[attr-defined]


def touch_session(session_id: str, last_seen: datetime) -> None:
    """Note that a session is in use, once a minute at most."""
    if now() - last_seen >= TOUCH_EVERY:
        _touch(BrowserSession, session_id, {"last_seen": now()})


def touch_token(token_id: str, connection_id: str, last_used: datetime | None) -> None:
    """Note that a token is in use, once a minute at most."""
    if last_used is None or now() - last_used >= TOUCH_EVERY:
        _touch(ConnectionToken, token_id, {"last_used_at": now()})
        _touch(Connection, connection_id, {"last_used_at": now()})


class AccessToken(NamedTuple):
    """An access token that was just made, and how long it lives."""

    token: str
    life: timedelta


def grant_access(client: ClientView, scope: str, life: timedelta) -> AccessToken | None:
    """Make an access token for a client that has just proven itself; None where that is over.

    Whoever revokes the secret or disables the connection meanwhile waits for this, or this finds
    it done: no token outlives what it was given for. Making one is no change of the directory;
    the audit tells of secrets.
    """
    token, moment = ACCESS_PREFIX + new_secret(), now()
    with writing() as session:
        secret = _proof(session, client, moment)
        if secret is None:
            return None
        ends = min(moment + life, secret.expires_at or moment + life)
        row = {
            "id": new_id(),
            "org_id": client.org_id,
            "connection_id": client.id,
            "token_hash": digest(token),
            "hint": token[-4:],
            "scope": scope,
            "kind": "access",
            "secret_id": client.secret_id,
            "created": moment,
            "expires_at": ends,
        }
        session.execute(insert(ConnectionToken), row)
        used = update(ConnectionSecret).where(ConnectionSecret.id == client.secret_id)
        session.execute(used.values(last_used_at=moment))
    return AccessToken(token, ends - moment)


def _proof(session: Session, client: ClientView, moment: datetime) -> ConnectionSecret | None:
    """The secret or key, still live, locked after its connection as everywhere."""
    enabled = select(Connection.id).where(Connection.id == client.id, Connection.enabled)
    if session.scalar(enabled.with_for_update(read=True)) is None:
        return None
    live = select(ConnectionSecret).where(
        ConnectionSecret.id == client.secret_id,
        ConnectionSecret.revoked_at.is_(None),
        or_(ConnectionSecret.expires_at.is_(None), ConnectionSecret.expires_at > moment),
    )
    return session.scalar(live.with_for_update())


def end_access(client: ClientView, token: str) -> None:
    """End an access token of this client; another's, or none, is left alone (RFC 7009 §2.2)."""
    with writing() as session:
        session.execute(
            delete(ConnectionToken).where(
                ConnectionToken.token_hash == digest(token),
                ConnectionToken.connection_id == client.id,
                ConnectionToken.kind == "access",
            )
        )


def touch_connection(connection_id: str, last_used: datetime | None) -> None:
    """Note that a partner was used, once a minute at most."""
    if last_used is None or now() - last_used >= TOUCH_EVERY:
        _touch(Connection, connection_id, {"last_used_at": now()})


def _touch(model: Any, row_id: str, values: dict[str, Any]) -> None:
    with writing() as session:
        session.execute(update(model).where(model.id == row_id).values(values))


def chore_due(name: str) -> bool:
    """Whether periodic work may be due: a look without a lock."""
    db.session.rollback()  # at the present, not at an old snapshot
    due_at = db.session.scalar(select(Chore.due_at).where(Chore.name == name))
    return due_at is None or due_at <= now()


def take_chore(name: str, every: timedelta) -> bool:
    """Whether periodic work is due, and ours: the next date is moved before it is done."""
    moment = now()
    with writing() as session:
        _upsert(session, Chore, {"name": name, "due_at": moment, "ran_at": None})
        mine = update(Chore).where(Chore.name == name, Chore.due_at <= moment)
        return int(session.execute(mine.values(due_at=moment + every, ran_at=moment)).rowcount) == 1  # type: ignore[attr-defined]


def wish(org_id: str, refusals: Sequence[NameOfAnother]) -> None:
    """Keep that a connection asked for people of another source; once a minute at most."""
    moment, connection_id = now(), refusals[0].connection_id
    wanted = {one.user_id: one for one in refusals}
    fresh = select(Adoption.user_id).where(
        Adoption.connection_id == connection_id,
        any_of(db.session(), Adoption.user_id, wanted),
        Adoption.asked_at > moment - TOUCH_EVERY,
    )
    for user_id in db.session.scalars(fresh).all():
        del wanted[user_id]
    if not wanted:
        return
    with writing() as session:
        for one in wanted.values():
            _wish(session, org_id, one, moment)


def _wish(session: Session, org_id: str, one: NameOfAnother, moment: datetime) -> None:
    row = {
        "org_id": org_id,
        "connection_id": one.connection_id,
        "user_id": one.user_id,
        "user_name_key": user_name_key(one.user_name),
        "external_id": one.external_id,
        "asked_at": moment,
    }
    if not _upsert(session, Adoption, row | {"state": ASKED}):
        asked = update(Adoption).where(
            Adoption.connection_id == one.connection_id,
            Adoption.user_id == one.user_id,
            Adoption.state != LINKED,
        )
        session.execute(asked.values(row))


def sweep() -> int:
    """Remove what has expired; returns how many rows."""
    moment, count = now(), 0
    day_ago = moment - FORGET_AFTER
    with writing() as session:
        for statement in (
            delete(SeenMessage).where(SeenMessage.expires_at < moment),
            delete(ParkedRequest).where(ParkedRequest.expires_at < moment),
            delete(Throttle).where(Throttle.last < day_ago),
            delete(ConnectionToken).where(
                ConnectionToken.kind == "access", ConnectionToken.expires_at < moment
            ),
            delete(Brake).where(Brake.began < moment - timedelta(hours=LONGEST_HOURS)),
            delete(BrowserSession).where(BrowserSession.expires_at < moment - timedelta(days=30)),
        ):
            count += int(session.execute(statement).rowcount)  # type: ignore[attr-defined]
    return count
