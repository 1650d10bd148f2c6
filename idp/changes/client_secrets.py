"""The verbs of client secrets and keys, by which a connection asks for access tokens.

Two secrets may live at once, so that a system changes over without a gap: make the new one, enter
it there, revoke the old.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from idp.changes.batch import Batch, Needs, Result, Row
from idp.changes.intents import Change, IssueSecret, RegisterKey, RevokeSecret
from idp.changes.partners import check_scope_given, end_after, held_connection
from idp.clock import new_id, new_secret
from idp.directory.connections import ConnectionSecret, ConnectionToken
from idp.directory.errors import Conflict, Invalid, not_found
from idp.directory.expiry import told_at_birth
from idp.directory.values import digest

SECRET_PREFIX = "chs_"  # noqa: S105  lets secret scanners recognise a leaked secret
MOST = {"secret": 2, "key": 4}  # of a connection, live at once
# What makes a public key of each kind (RFC 7638 §3.2, RFC 8037 §2). Nothing else is ever kept, so
# that no private half can be.
PUBLIC_MEMBERS = {"RSA": ("e", "n"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
CURVES = {"EC": "P-256", "OKP": "Ed25519"}
_FORMS = {  # a modulus of 2,048 to 8,192 bits; points of 256 bits
    "n": re.compile("[A-Za-z0-9_-]{342,1366}"),
    "e": re.compile("[A-Za-z0-9_-]{1,11}"),
    "x": re.compile("[A-Za-z0-9_-]{43}"),
    "y": re.compile("[A-Za-z0-9_-]{43}"),
    "crv": re.compile("P-256|Ed25519"),
}


def needs(change: Change, wanted: Needs) -> None:
    """What a change of a secret names."""
    if isinstance(change, RevokeSecret):
        wanted.secrets.add(change.secret_id)
    elif isinstance(change, IssueSecret | RegisterKey):
        wanted.connections.add(change.connection_id)
        wanted.secrets_of.add(change.connection_id)


def issue_secret(batch: Batch, change: IssueSecret) -> Result:
    """Make a client secret; only its hash is kept."""
    secret = SECRET_PREFIX + new_secret()
    kept = {"secret_hash": digest(secret), "hint": secret[-4:], "jwk": None, "thumbprint": None}
    made = _add(batch, change, "secret", kept)
    made.secret = secret
    return made


def register_key(batch: Batch, change: RegisterKey) -> Result:
    """Let a connection sign with a key, of which the public half alone is kept."""
    jwk = public_half(change.jwk)
    thumb = thumbprint(jwk)
    for row in _live(batch, change.connection_id, "key"):
        if row["thumbprint"] == thumb:
            raise Conflict("key_known", "This key is registered already.", attribute="key")
    kept = {"secret_hash": None, "hint": thumb[:8], "jwk": jwk, "thumbprint": thumb}
    return _add(batch, change, "key", kept)


def public_half(jwk: Mapping[str, Any]) -> dict[str, str]:
    """The members of a JWK that make its public key; refuses what is none, or too weak."""
    texts = {name: value for name, value in jwk.items() if isinstance(value, str)}
    kind = texts.get("kty", "")
    kept = {name: texts.get(name, "") for name in PUBLIC_MEMBERS.get(kind, ())}
    whole = all(_FORMS[name].fullmatch(text) for name, text in kept.items())
    if not kept or not whole or kept.get("crv") != CURVES.get(kind):
        raise Invalid(
            "key_unfit",
            "A key is RSA of 2,048 to 8,192 bits, EC on P-256, or Ed25519.",
            attribute="key",
        )
    return {"kty": kind} | kept


def thumbprint(jwk: Mapping[str, str]) -> str:
    """The SHA-256 thumbprint of a public key (RFC 7638 §3)."""
    text = json.dumps(dict(sorted(jwk.items())), separators=(",", ":"))
    hashed = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()


def _add(batch: Batch, change: IssueSecret | RegisterKey, kind: str, kept: Row) -> Result:
    connection = held_connection(batch, change.connection_id)
    if connection["kind"] != "scim":
        raise Invalid("not_a_client", "Only systems that provision have secrets and keys.")
    check_scope_given(batch, change.scope)
    _check_room(batch, connection, kind)
    expires_at = end_after(batch, change.expires_days)
    row: Row = kept | {
        "id": new_id(),
        "org_id": batch.org_id,
        "connection_id": connection["id"],
        "kind": kind,
        "scope": change.scope,
        "created": batch.now,
        "expires_at": expires_at,
        "last_used_at": None,
        "revoked_at": None,
        "warned_days": told_at_birth(expires_at, batch.now),
    }
    batch.insert(ConnectionSecret, row)
    batch.secrets[row["id"]] = row
    shown = {"scope": [None, change.scope], "hint": [None, row["hint"]]}
    done = "issued" if kind == "secret" else "registered"
    batch.note(f"{kind}.{done}", ("Connection", connection["id"], connection["name"]), shown)
    return Result(row["id"], changed=True, created=True)


def _live(batch: Batch, connection_id: str, kind: str) -> list[Row]:
    return [
        row
        for row in batch.secrets.values()
        if row["connection_id"] == connection_id
        and row["kind"] == kind
        and row["revoked_at"] is None
        and (row["expires_at"] is None or row["expires_at"] > batch.now)
    ]


def _check_room(batch: Batch, connection: Row, kind: str) -> None:
    """Refuse one too many, naming the one that was used longest ago, or never."""
    live = _live(batch, connection["id"], kind)
    if len(live) < MOST[kind]:
        return
    idle = min(live, key=lambda row: (row["last_used_at"] or row["created"], row["id"]))
    used = idle["last_used_at"]
    since = f"last used on {used.day} {used:%B} {used.year}" if used else "never used"
    raise Conflict(
        f"too_many_{kind}s",
        f"{connection['name']} has {MOST[kind]} live {kind}s already. "
        f"Revoke one first: {_shown(idle)} was {since}.",
    )


def _shown(row: Row) -> str:
    return f"…{row['hint']}" if row["kind"] == "secret" else f"{row['hint']}…"


def revoke_secret(batch: Batch, change: RevokeSecret) -> Result:
    """End a secret or key; the access tokens that were given for it end in the same moment."""
    row = batch.secrets.get(change.secret_id)
    if row is None:
        raise not_found("secret")
    if row["revoked_at"] is None:
        row["revoked_at"] = batch.now
        batch.update(ConnectionSecret, {"id": row["id"]}, {"revoked_at": batch.now})
        batch.delete(
            ConnectionToken, {"connection_id": row["connection_id"], "secret_id": row["id"]}
        )
        target = ("Connection", row["connection_id"], row["connection_name"])
        batch.note(f"{row['kind']}.revoked", target, {"hint": [row["hint"], None]})
    return Result(row["id"])


HANDLERS = {
    IssueSecret: issue_secret,
    RegisterKey: register_key,
    RevokeSecret: revoke_secret,
}
