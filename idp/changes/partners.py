"""The verbs of connections: attach, change, detach; and of their tokens."""

from datetime import datetime, timedelta
from typing import Any

from idp.changes import streams
from idp.changes.batch import Batch, Needs, Result, Row
from idp.changes.followers import Follower
from idp.changes.intents import (
    Change,
    ChangeConnection,
    CreateConnection,
    DeleteConnection,
    IssueToken,
    RevokeToken,
)
from idp.clock import new_id, new_secret
from idp.directory import limits
from idp.directory.adoptions import Adoption
from idp.directory.api_scopes import check_granted
from idp.directory.brakes import Brake, Quarantine
from idp.directory.connections import Connection, ConnectionSecret, ConnectionToken, Link
from idp.directory.errors import Invalid, Stale, not_found
from idp.directory.expiry import told_at_birth
from idp.directory.targets import Target, TargetLink, TargetMember
from idp.directory.values import FORBIDDEN, digest

TOKEN_PREFIX = "chb_"  # noqa: S105  lets secret scanners recognise a leaked token
NAME_MAX = 256
LONGEST_LIFE = 3650  # days
PROFILES = ("rfc", "entra", "okta", "onelogin", "ping", "google", "strict")
SCOPES = ("read", "write")


def needs(change: Change, wanted: Needs) -> None:
    """What a change of a connection names."""
    if isinstance(change, ChangeConnection | DeleteConnection):
        wanted.connections.add(change.id)
    elif isinstance(change, IssueToken):
        wanted.connections.add(change.connection_id)


def held_connection(batch: Batch, connection_id: str) -> Row:
    """A connection in hand; raises NotFound where there is none."""
    row = batch.connections.get(connection_id)
    if row is None:
        raise not_found("connection")
    return row


def _name(text: str) -> str:
    name = text.strip()
    if not name or len(name) > NAME_MAX or FORBIDDEN.search(name):
        raise Invalid(
            "connection_name",
            f"A connection needs a name of 1 to {NAME_MAX} characters.",
            attribute="name",
        )
    return name


def _profile(profile: str) -> str:
    if profile not in PROFILES:
        raise Invalid(
            "profile_unknown", f"A profile is one of {', '.join(PROFILES)}.", attribute="profile"
        )
    return profile


def create_connection(batch: Batch, change: CreateConnection) -> Result:
    """Attach a partner."""
    limits.check(change.settings)
    check_granted(batch.actor, {}, change.settings)
    row: Row = {
        "id": change.id or new_id(),
        "org_id": batch.org_id,
        "kind": change.kind,
        "name": _name(change.name),
        "profile": _profile(change.profile),
        "entity_id": change.entity_id,
        "settings": dict(change.settings),
        "enabled": True,
        "version": 1,
        "created": batch.now,
        "last_modified": batch.now,
        "last_used_at": None,
        "quarantined_at": None,
    }
    batch.insert(Connection, row)
    batch.connections[row["id"]] = row
    shown = {
        "kind": [None, change.kind],
        "name": [None, row["name"]],
        "profile": [None, change.profile],
    }
    if change.entity_id:
        shown["entityId"] = [None, change.entity_id]
    batch.note("connection.created", ("Connection", row["id"], row["name"]), shown)
    return Result(row["id"], 1, changed=True, created=True)


def change_connection(batch: Batch, change: ChangeConnection) -> Result:
    """Change what is given."""
    row = held_connection(batch, change.id)
    if change.expect is not None and change.expect != row["version"]:
        raise Stale("version_stale", "Somebody else has changed this connection meanwhile.")
    limits.check(change.settings or {})
    if change.settings is not None:
        check_granted(batch.actor, row["settings"], change.settings)
    wanted = {
        "name": None if change.name is None else _name(change.name),
        "profile": None if change.profile is None else _profile(change.profile),
        "settings": None if change.settings is None else dict(change.settings),
        "entity_id": change.entity_id,
        "enabled": change.enabled,
    }
    altered = {n: v for n, v in wanted.items() if v is not None and v != row[n]}
    if not altered:
        return Result(row["id"], row["version"])
    if change.enabled is False:  # access tokens must not come back with the connection
        batch.delete(ConnectionToken, {"connection_id": row["id"], "kind": "access"})
    version = row["version"] + 1
    if "enabled" in altered:  # what is pushed out pauses with it; a stream has a pause of its own
        follower = {"connection_id": row["id"], "purpose": "outbound"}
        batch.update(Follower, follower, {"enabled": altered["enabled"]})
    batch.update(
        Connection, {"id": row["id"]}, altered | {"version": version, "last_modified": batch.now}
    )
    shown = {n: [row[n], v] for n, v in altered.items() if n != "settings"}
    if "settings" in altered:
        shown |= _told("settings", row["settings"], altered["settings"])
    batch.note("connection.changed", ("Connection", row["id"], row["name"]), shown)
    return Result(row["id"], version, changed=True)


def _told(place: str, before: Any, after: Any, depth: int = 2) -> Row:
    """Which settings differ. Numbers and switches are told; of the rest, secrets and metadata
    among them, the fact alone.
    """
    if not depth or not isinstance(before, dict | None) or not isinstance(after, dict | None):
        return {place: [_plain(before), _plain(after)]}
    was, is_now = before or {}, after or {}
    altered = [
        name for name in sorted(was.keys() | is_now.keys()) if was.get(name) != is_now.get(name)
    ]
    told: Row = {}
    for name in altered:
        told |= _told(f"{place}.{name}", was.get(name), is_now.get(name), depth - 1)
    return told


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float) else "…"


def delete_connection(batch: Batch, change: DeleteConnection) -> Result:
    """Detach a partner; what it wrote stays, and belongs to the organization from now on."""
    row = held_connection(batch, change.id)
    batch.delete(ConnectionToken, {"connection_id": row["id"]})
    streams.end(batch, row["id"])
    batch.delete(ConnectionSecret, {"connection_id": row["id"]})
    batch.delete(Follower, {"connection_id": row["id"]})
    for table in (Link, Adoption, Brake, Quarantine, Target, TargetLink, TargetMember):
        batch.delete(table, {"connection_id": row["id"]})
    batch.delete(Connection, {"id": row["id"]})
    batch.note(
        "connection.deleted", ("Connection", row["id"], row["name"]), {"name": [row["name"], None]}
    )
    return Result(row["id"], changed=True)


def check_scope_given(batch: Batch, scope: str) -> None:
    """Refuse a scope that does not exist, or that its giver does not hold."""
    if scope not in SCOPES:
        raise Invalid("scope_unknown", "The scope is read or write.", attribute="scope")
    if scope == "write":  # whoever holds the token can do this, so its giver must
        for permission in ("users.write", "groups.write"):
            batch.actor.need(permission)


def end_after(batch: Batch, days: int | None) -> datetime | None:
    """When something made now ends; None days are no end."""
    if days is None:
        return None
    if not 1 <= days <= LONGEST_LIFE:
        raise Invalid(
            "expiry_out_of_range", f"It lives 1 to {LONGEST_LIFE} days.", attribute="expires"
        )
    return batch.now + timedelta(days=days)


def issue_token(batch: Batch, change: IssueToken) -> Result:
    """Make a bearer token; only its hash is kept."""
    connection = held_connection(batch, change.connection_id)
    check_scope_given(batch, change.scope)
    expires_at = end_after(batch, change.expires_days)
    secret = TOKEN_PREFIX + new_secret()
    row = {
        "id": new_id(),
        "org_id": batch.org_id,
        "connection_id": connection["id"],
        "token_hash": digest(secret),
        "hint": secret[-4:],
        "scope": change.scope,
        "kind": "bearer",
        "secret_id": None,
        "created": batch.now,
        "expires_at": expires_at,
        "last_used_at": None,
        "revoked_at": None,
        "warned_days": told_at_birth(expires_at, batch.now),
    }
    batch.insert(ConnectionToken, row)
    shown = {"scope": [None, change.scope], "hint": [None, row["hint"]]}
    batch.note("token.issued", ("Connection", connection["id"], connection["name"]), shown)
    return Result(row["id"], changed=True, created=True, secret=secret)


def revoke_token(batch: Batch, change: RevokeToken) -> Result:
    """End a bearer token."""
    table, owner = ConnectionToken.__table__, Connection.__table__
    row = batch.session.execute(
        table.join(owner, owner.c.id == table.c.connection_id)
        .select()
        .with_only_columns(
            table.c.id, table.c.hint, table.c.revoked_at, owner.c.id.label("cid"), owner.c.name
        )
        .where(
            table.c.id == change.token_id, table.c.org_id == batch.org_id, table.c.kind == "bearer"
        )
    ).first()
    if row is None:
        raise not_found("token")
    if row.revoked_at is None:
        batch.update(ConnectionToken, {"id": row.id}, {"revoked_at": batch.now})
        batch.note("token.revoked", ("Connection", row.cid, row.name), {"hint": [row.hint, None]})
    return Result(row.id)


HANDLERS = {
    CreateConnection: create_connection,
    ChangeConnection: change_connection,
    DeleteConnection: delete_connection,
    IssueToken: issue_token,
    RevokeToken: revoke_token,
}
