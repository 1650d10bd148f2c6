"""As whom a connection calls: who stands behind a token, and what it permits."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, or_, select

from idp.clock import now
from idp.directory.actors import Actor
from idp.directory.connections import Connection, ConnectionToken
from idp.directory.orgs import Organization
from idp.directory.prepared import Prepared
from idp.directory.trust import find_connection
from idp.directory.values import digest
from idp.directory.views import Caller
from idp.directory.vocabularies import vocabulary_of

_held: Any = ConnectionToken.__table__
_made_for: Any = Connection.__table__
_of: Any = Organization.__table__
# Asked before each request of a connection, so it is made once and reads no more than is used.
_CALLERS = (
    select(
        _held.c.id,
        _held.c.last_used_at,
        _held.c.scope,
        _held.c.expires_at,
        _held.c.revoked_at,
        _made_for.c.id,
        _made_for.c.name,
        _made_for.c.profile,
        _made_for.c.settings,
        _made_for.c.enabled,
        _made_for.c.quarantined_at,
        _of.c.id,
        _of.c.slug,
        _of.c.vocabulary_version,
    )
    .join_from(_held, _made_for, _made_for.c.id == _held.c.connection_id)
    .join(_of, _of.c.id == _held.c.org_id)
)
_BY_TOKEN = Prepared(_CALLERS.where(_held.c.token_hash == bindparam("hash")))
_BY_CONNECTION = Prepared(
    _CALLERS.where(
        _made_for.c.id == bindparam("connection"),
        _made_for.c.org_id == bindparam("org"),
        or_(_held.c.scope == "read", _held.c.scope == "write"),
    ).order_by(_held.c.scope.desc())  # "write" before "read"
)


def caller_by_token(token: str) -> Caller | None:
    """Who stands behind a bearer token; None where it is unknown, ended, or its connection is off.

    The token is found by its hash, so that timing tells nothing about stored secrets.
    """
    row = _BY_TOKEN.first(hash=digest(token))
    return _caller(row) if row else None


def caller_of(actor: Actor, connection_id: str) -> Caller | None:
    """As whom a connection would call now, by the most that a live token permits; for rehearsals.

    None where no token opens, or the connection is off. Raises NotFound.
    """
    find_connection(actor, connection_id)
    rows = _BY_CONNECTION.rows(connection=connection_id, org=actor.org_id)
    return next(filter(None, map(_caller, rows)), None)


def _caller(row: Sequence[Any]) -> Caller | None:
    token_id, last_used, scope, expires_at, revoked_at, *connection, org_id, slug, words = row
    connection_id, name, profile, settings, enabled, quarantined_at = connection
    expired = expires_at is not None and expires_at <= now()
    if revoked_at is not None or expired or not enabled:
        return None
    return Caller(
        token_id=token_id,
        token_last_used=last_used,
        scope=scope,
        connection_id=connection_id,
        connection_name=name,
        profile=profile,
        settings=settings,
        org_id=org_id,
        org_slug=slug,
        vocabulary=vocabulary_of(org_id, words),
        quarantined_at=quarantined_at,
    )
