"""Organizations: found one with everything it needs, show its addresses, list them."""

from typing import Any

import click
from flask import current_app

from idp import sessions
from idp.changes import apply, ledger
from idp.changes.intents import IssueLink
from idp.cli.answers import Answer, command, table
from idp.cli.finding import operator, organization, organizations
from idp.clock import new_id
from idp.directory import queries
from idp.directory.values import domain_name, domain_of
from idp.directory.views import OrganizationView
from idp.founding import founding

org = click.Group("org", help="Organizations: create, show, list.")

# The addresses by which others reach an organization. One is told when its room is built.
ADDRESSES = {
    "portal_url": "",
    "scim_base_url": "/scim/v2",
    "saml_metadata_url": "/saml/{slug}/metadata",
    "saml_sso_url": "/saml/{slug}/sso",
    "saml_acs_url": "/saml/{slug}/acs",
    "saml_sp_metadata_url": "/saml/{slug}/sp/metadata",
    "wsfed_url": "/wsfed/{slug}",
    "wsfed_metadata_url": "/wsfed/{slug}/metadata",
    "oidc_issuer": "/oidc/{slug}",
    "oauth_token_url": "/oidc/{slug}/token",
    "oauth_metadata_url": "/.well-known/oauth-authorization-server/oidc/{slug}",
}
# Where an address is only the beginning of others, one of these tells whether it is served.
PROBES = {
    "portal_url": "/",
    "scim_base_url": "/scim/v2/Users",
    "oidc_issuer": "/oidc/{slug}/.well-known/openid-configuration",
}


@command("create", org)
@click.argument("name")
@click.option("--domain", required=True, help="Its first domain; user names end in it.")
@click.option("--admin", required=True, help="User name of the first Global Administrator.")
def create(name: str, domain: str, admin: str) -> Answer:
    """Found an organization with its first administrator and signing key."""
    return Answer(found(name, domain, admin))


def found(name: str, domain: str, admin: str) -> dict[str, Any]:
    """Found an organization; returns the keys that `org create` promises."""
    domain = domain_name(domain)
    admin = admin if "@" in admin else f"{admin}@{domain}"
    if domain_of(admin) != domain:
        raise click.BadParameter(f"{admin} is not in {domain}.", param_hint="--admin")
    ledger.check_master_key()  # before anything is sealed with a key that opens nothing else
    org_id, admin_id = new_id(), new_id()
    changes = founding(org_id, name, domain, {"userName": admin}, admin_id=admin_id)
    apply(*changes, by=operator(""))
    made = queries.organization(operator(org_id))
    link = one_time_link(org_id, admin_id, "admin")
    return {"org": made.slug, "domain": domain, "admin": admin, "admin_link": link, "id": org_id}


def one_time_link(org_id: str, user_id: str, purpose: str) -> str:
    """A new one-time link for somebody, as an address."""
    issued = apply(IssueLink(user_id, purpose), by=operator(org_id)).first
    return f"{sessions.settings().public_url}/invite/{issued.secret}"


@command("show", org)
@click.argument("name", metavar="ORG")
def show(name: str) -> Answer:
    """Show an organization's domains and addresses."""
    found_here = organization(name)
    data = {
        "org": found_here.slug,
        "id": found_here.id,
        "name": found_here.name,
        "domains": [d.name for d in found_here.domains],
    }
    return Answer(data | addresses(found_here.slug))


def addresses(slug: str) -> dict[str, str | None]:
    """The addresses of an organization; None for what this release does not serve."""
    base = sessions.settings().public_url
    return {
        name: f"{base}{path.format(slug=slug)}" if _served(name, slug) else None
        for name, path in ADDRESSES.items()
    }


def _served(name: str, slug: str) -> bool:
    path = PROBES.get(name, ADDRESSES[name]).format(slug=slug)
    return bool(current_app.url_map.bind("localhost").allowed_methods(path))


@command("list", org)
def list_all() -> Answer:
    """List the organizations."""
    rows = [_row(o) for o in organizations()]
    shown = [(r["org"], r["name"], ", ".join(r["domains"]), f"people: {r['people']}") for r in rows]
    return Answer({"organizations": rows}, table(shown, "There is none. Start with: flask init"))


def _row(o: OrganizationView) -> dict[str, Any]:
    people = sum(queries.count_people(operator(o.id)).values())
    domains = [d.name for d in o.domains]
    return {"org": o.slug, "id": o.id, "name": o.name, "domains": domains, "people": people}


COMMANDS: tuple[click.Command, ...] = (org,)
