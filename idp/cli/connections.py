"""Partner systems: SCIM clients with their tokens, SAML applications."""

from typing import Any

import click

from idp import sessions
from idp.changes import apply
from idp.changes.intents import (
    Change,
    ChangeConnection,
    CreateConnection,
    IssueToken,
    RevokeToken,
)
from idp.changes.journal import JournalView
from idp.changes.journal_pages import JournalFilter, journal
from idp.changes.partners import PROFILES
from idp.cli import metadata
from idp.cli.answers import Answer, command, table
from idp.cli.finding import chosen, operator, organization
from idp.clock import new_id, now, rfc3339
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.views import ConnectionView, TokenView
from idp.federation import pysaml
from idp.federation.partner import Terms

scim = click.Group("scim", help="SCIM clients: connect, tokens, secrets, keys, brake, journal.")
app = click.Group("app", help="Applications that people sign in to: saml, list.")
scope_of = click.option(
    "--scope", type=click.Choice(["read", "write"]), default="write", show_default=True
)
life_of = click.option(
    "--expires", type=click.IntRange(1, 3650), default=365, show_default=True, help="Days."
)


@command("connect", scim)
@click.argument("org")
@click.argument("name")
@click.option("--profile", type=click.Choice(PROFILES), default="rfc", show_default=True)
@scope_of
@life_of
def connect(org: str, name: str, profile: str, scope: str, expires: int) -> Answer:
    """Attach a SCIM client and give it a token, which is shown this once."""
    by = operator(organization(org).id)
    made = new_id()
    return _issued(by, made, scope, expires, CreateConnection("scim", name, profile, id=made))


@command("token", scim)
@click.argument("org")
@click.argument("name")
@scope_of
@life_of
def token(org: str, name: str, scope: str, expires: int) -> Answer:
    """Give a SCIM client a further token: change over to it, then revoke the old one."""
    by = operator(organization(org).id)
    return _issued(by, scim_client(by, name).id, scope, expires)


def _issued(by: Actor, connection_id: str, scope: str, expires: int, *first: Change) -> Answer:
    issued = apply(*first, IssueToken(connection_id, scope, expires), by=by).results[-1]
    base_url = f"{sessions.settings().public_url}/scim/v2"
    data = {
        "connection": connection_id,
        "base_url": base_url,
        "token": issued.secret,
        "token_id": issued.id,
        "scope": scope,
    }
    return Answer(data)


def scim_client(by: Actor, name: str) -> ConnectionView:
    """The SCIM client of this name or id."""
    for held in queries.list_connections(by, "scim"):
        if name in (held.name, held.id):
            return held
    raise click.ClickException(f"There is no SCIM client {name!r}. See: flask scim tokens")


@command("tokens", scim)
@click.argument("org", required=False)
def tokens(org: str | None) -> Answer:
    """List the SCIM clients' tokens, without their secrets."""
    rows = [row for found in chosen(org) for row in _tokens(operator(found.id), found.slug)]
    names = ("org", "connection_name", "id", "hint", "scope", "state", "expires")
    shown = [[r[name] for name in names] for r in rows]
    return Answer({"tokens": rows}, table(shown, "There are no SCIM tokens."))


def _tokens(by: Actor, slug: str) -> list[dict[str, Any]]:
    return [
        {"org": slug, "connection": client.id, "connection_name": client.name} | _token(held)
        for client in queries.list_connections(by, "scim")
        for held in queries.tokens_of(by, client.id)
    ]


def _token(held: TokenView) -> dict[str, Any]:
    return {
        "id": held.id,
        "hint": held.hint,
        "scope": held.scope,
        "state": held.state(now()),
        "expires": rfc3339(held.expires_at) if held.expires_at else None,
        "last_used": rfc3339(held.last_used_at) if held.last_used_at else None,
    }


@command("revoke", scim)
@click.argument("org")
@click.argument("token_id", metavar="TOKEN")
def revoke(org: str, token_id: str) -> Answer:
    """End a token, named by its id (flask scim tokens)."""
    by = operator(organization(org).id)
    outcome = apply(RevokeToken(token_id), by=by)
    return Answer({"id": token_id, "state": "revoked", "changed": outcome.changed})


@command("journal", scim)
@click.argument("org")
@click.argument("name")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@click.option("--refused", is_flag=True, help="Only what was refused or failed.")
def show_journal(org: str, name: str, limit: int, refused: bool) -> Answer:
    """Show what a SCIM client asked, and what came of it, newest first."""
    by = operator(organization(org).id)
    wanted = JournalFilter(result="refused" if refused else "")
    found, _cursor = journal(by, scim_client(by, name).id, wanted, limit=limit)
    rows = [_request(entry) for entry in found]
    names = ("at", "method", "path", "status", "changes", "tolerated", "detail")
    shown = [[row[name] for name in names] for row in rows]
    return Answer({"requests": rows}, table(shown, "Nothing is in the journal."))


def _request(entry: JournalView) -> dict[str, Any]:
    return {
        "id": entry.id,
        "at": rfc3339(entry.at),
        "method": entry.method,
        "path": f"{entry.path}?{entry.query}" if entry.query else entry.path,
        "status": entry.status,
        "scim_type": entry.scim_type,
        "code": entry.code,
        "detail": entry.detail,
        "microseconds": entry.duration,
        "request_id": entry.request_id,
        "resource": entry.resource_id,
        "name": entry.name,
        "tolerated": list(entry.tolerated),
        "changes": entry.changed,
        "repeated": entry.repeated,
        "body": entry.body,
    }


@command("saml", app)
@click.argument("org")
@click.argument("name")
@click.option("--metadata", "source", required=True, metavar="FILE|URL")
def saml(org: str, name: str, source: str) -> Answer:
    """Register a SAML 2.0 application by its metadata; a registered one gets its new metadata."""
    found = organization(org)
    by = operator(found.id)
    partner = pysaml.read_partner(metadata.read(source))
    known = next((c for c in queries.list_connections(by, "saml") if c.name == name), None)
    settings = Terms(partner).to_settings()
    change: Change = CreateConnection("saml", name, settings=settings, entity_id=partner.entity_id)
    if known is not None:
        kept = {n: v for n, v in known.settings.items() if n != "partner"}
        change = ChangeConnection(known.id, settings=settings | kept, entity_id=partner.entity_id)
    made = apply(change, by=by).first
    data = {
        "app": made.id,
        "changed": made.changed,
        "name": name,
        "org": found.slug,
        "entity_id": partner.entity_id,
        "acs_url": partner.acs_default().location,
        "encrypts": bool(partner.encryption),
        "idp_metadata_url": f"{sessions.settings().public_url}/saml/{found.slug}/metadata",
    }
    return Answer(data)


@command("list", app)
@click.argument("org", required=False)
def list_all(org: str | None) -> Answer:
    """List the applications."""
    rows = [
        {
            "org": found.slug,
            "app": held.id,
            "name": held.name,
            "kind": held.kind,
            "entity_id": held.entity_id,
            "enabled": held.enabled,
            "last_used": rfc3339(held.last_used_at) if held.last_used_at else None,
        }
        for found in chosen(org)
        for held in queries.list_connections(operator(found.id))
        if held.kind != "scim"
    ]
    shown = [[r[name] for name in ("org", "name", "kind", "entity_id", "app")] for r in rows]
    return Answer({"apps": rows}, table(shown, "There are no applications."))


COMMANDS: tuple[click.Command, ...] = (scim, app)
