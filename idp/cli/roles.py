"""Administrative roles: give, take away, list who holds which."""

from datetime import timedelta
from typing import Any

import click

from idp.changes import apply
from idp.changes.intents import AssignRole, RemoveRole
from idp.cli.answers import Answer, command, table
from idp.cli.finding import chosen, group, operator, person
from idp.cli.users import in_org
from idp.clock import now, rfc3339
from idp.directory import queries
from idp.directory.roles import ROLES
from idp.directory.views import OrganizationView

role = click.Group("role", help="Administrative roles: assign, remove, list.")
role_name = click.argument("key", metavar="ROLE", type=click.Choice(list(ROLES)))


@command("assign", role)
@role_name
@click.argument("user_name", metavar="USERNAME")
@click.option("--scope", help="Only over the members of this group.")
@click.option("--expires", type=click.IntRange(1, 3650), help="Days until the role ends by itself.")
@in_org
def assign(
    key: str, user_name: str, scope: str | None, expires: int | None, org: str | None
) -> Answer:
    """Give a person a role: everywhere or over a group, for good or for some days."""
    by, who = person(user_name, org)
    until = None if expires is None else now() + timedelta(days=expires)
    scope_id = group(by, scope).id if scope else None
    made = apply(AssignRole(who.id, key, scope_id, until), by=by)
    data = {
        "id": made.first.id,
        "role": key,
        "user_name": who.user_name,
        "scope": scope,
        "expires": rfc3339(until) if until else None,
        "changed": made.changed,
    }
    return Answer(data)


@command("remove", role)
@role_name
@click.argument("user_name", metavar="USERNAME")
@click.option("--scope", help="The group that the role is over.")
@in_org
def remove(key: str, user_name: str, scope: str | None, org: str | None) -> Answer:
    """Take a role away from a person."""
    by, who = person(user_name, org)
    scope_id = group(by, scope).id if scope else None
    for held in queries.role_holders(by, role=key, user_id=who.id):
        if held.scope_group_id == scope_id:
            apply(RemoveRole(held.id), by=by)
            return Answer({"id": held.id, "role": key, "user_name": who.user_name, "scope": scope})
    over = f" over {scope}" if scope else ""
    raise click.ClickException(f"{who.user_name} is not {ROLES[key].name}{over}.")


@command("list", role)
@click.argument("org", required=False)
def list_all(org: str | None) -> Answer:
    """List who holds which role now."""
    rows = [row for found in chosen(org) for row in _holders(found)]
    names = ("org", "role", "user_name", "scope", "expires")
    shown = [[r[name] for name in names] for r in rows]
    return Answer({"assignments": rows}, table(shown, "Nobody holds a role."))


def _holders(found: OrganizationView) -> list[dict[str, Any]]:
    return [
        {
            "org": found.slug,
            "id": held.id,
            "role": held.role,
            "user_name": held.user_name,
            "scope": held.scope_name,
            "expires": rfc3339(held.expires_at) if held.expires_at else None,
        }
        for held in queries.role_holders(operator(found.id))
    ]


COMMANDS: tuple[click.Command, ...] = (role,)
