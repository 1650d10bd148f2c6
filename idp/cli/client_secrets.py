"""OAuth from the console: client secrets and keys of SCIM clients."""

from pathlib import Path
from typing import Any

import click

from idp import sessions
from idp.changes import apply
from idp.changes.intents import IssueSecret, RegisterKey, RevokeSecret
from idp.cli.answers import Answer, command, table
from idp.cli.connections import life_of, scim_client, scope_of
from idp.cli.finding import chosen, operator, organization
from idp.clock import now, rfc3339
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.views import SecretView
from idp.federation import client_keys, issuer


@command("secret")
@click.argument("org")
@click.argument("name")
@scope_of
@life_of
def secret(org: str, name: str, scope: str, expires: int) -> Answer:
    """Give a SCIM client a client secret for OAuth, which is shown this once.

    Two may live at once: enter the new one in the system, then revoke the old.
    """
    found = organization(org)
    by = operator(found.id)
    client = scim_client(by, name)
    made = apply(IssueSecret(client.id, scope, expires), by=by).first
    shown = {"client_secret": made.secret, "secret_id": made.id, "scope": scope}
    return Answer(_endpoint(found.slug, client.id) | shown)


def _endpoint(slug: str, client_id: str) -> dict[str, Any]:
    here = issuer.find(slug, sessions.settings().public_url)
    return {"client_id": client_id, "issuer": here.url, "token_endpoint": here.token_url}


@command("key")
@click.argument("org")
@click.argument("name")
@click.option(
    "--jwk",
    required=True,
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The public key: a JWK, a JWKS or PEM.",
)
@scope_of
@click.option("--expires", type=click.IntRange(1, 3650), help="Days; without it, until revoked.")
def key(org: str, name: str, jwk: Path, scope: str, expires: int | None) -> Answer:
    """Let a SCIM client sign for its access tokens (private_key_jwt), by its public key."""
    found = organization(org)
    by = operator(found.id)
    client = scim_client(by, name)
    keys = client_keys.read_client_keys(jwk.read_text("utf-8", "replace"))
    made = apply(*(RegisterKey(client.id, one, scope, expires) for one in keys), by=by)
    ids = {result.id for result in made.results}
    added = [_row(one) for one in queries.secrets_of(by, client.id) if one.id in ids]
    told = _endpoint(found.slug, client.id) | {"keys": added}
    lines = "\n".join(f"Registered {one['thumbprint']}" for one in added)
    return Answer(told, f"{lines}\nAudience of its assertions: {told['issuer']}")


@command("secrets")
@click.argument("org", required=False)
def secrets(org: str | None) -> Answer:
    """List the SCIM clients' secrets and keys, without the secrets themselves."""
    rows = [row for found in chosen(org) for row in _rows(operator(found.id), found.slug)]
    names = ("org", "connection_name", "id", "kind", "hint", "scope", "state", "expires")
    shown = [[r[name] for name in names] for r in rows]
    return Answer({"secrets": rows}, table(shown, "There are no client secrets and keys."))


def _rows(by: Actor, slug: str) -> list[dict[str, Any]]:
    return [
        {"org": slug, "connection": client.id, "connection_name": client.name} | _row(held)
        for client in queries.list_connections(by, "scim")
        for held in queries.secrets_of(by, client.id)
    ]


def _row(held: SecretView) -> dict[str, Any]:
    return {
        "id": held.id,
        "kind": held.kind,
        "hint": held.hint,
        "thumbprint": held.thumbprint,
        "scope": held.scope,
        "state": held.state(now()),
        "expires": rfc3339(held.expires_at) if held.expires_at else None,
        "last_used": rfc3339(held.last_used_at) if held.last_used_at else None,
    }


@command("revoke-secret")
@click.argument("org")
@click.argument("secret_id", metavar="SECRET")
def revoke_secret(org: str, secret_id: str) -> Answer:
    """End a client secret or key, named by its id (flask scim secrets), and its access tokens."""
    by = operator(organization(org).id)
    outcome = apply(RevokeSecret(secret_id), by=by)
    return Answer({"id": secret_id, "state": "revoked", "changed": outcome.changed})


COMMANDS: tuple[click.Command, ...] = (secret, key, secrets, revoke_secret)
