"""People: create, show, block, give a password or a one-time link."""

import sys
from typing import Any

import click

from idp.changes import apply
from idp.changes.intents import BlockUser, Change, CreateUser, SetPassword, UnblockUser
from idp.cli.answers import Answer, command
from idp.cli.finding import operator, organization, person
from idp.cli.orgs import one_time_link
from idp.clock import rfc3339
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.passwords import MAX_LENGTH, hash_password
from idp.directory.views import UserView

user = click.Group("user", help="People: create, show, block, unblock, password.")
in_org = click.option("--org", help="The organization, where several know the name.")


@command("create", user)
@click.argument("org")
@click.argument("user_name", metavar="USERNAME")
@click.option("--given", help="Given name.")
@click.option("--family", help="Family name.")
@click.option("--email", help="Work e-mail address.")
def create(
    org: str, user_name: str, given: str | None, family: str | None, email: str | None
) -> Answer:
    """Add a person."""
    fields: dict[str, Any] = {"userName": user_name}
    if given:
        fields["name.givenName"] = given
    if family:
        fields["name.familyName"] = family
    if email:
        fields["emails"] = [{"value": email, "type": "work", "primary": True}]
    by = operator(organization(org).id)
    made = apply(CreateUser(fields), by=by).first
    return Answer(_shown(by, queries.find_user(by, made.id)))


@command("show", user)
@click.argument("user_name", metavar="USERNAME")
@in_org
def show(user_name: str, org: str | None) -> Answer:
    """Show a person, their groups and roles."""
    by, who = person(user_name, org)
    roles = [r.role for r in queries.role_holders(by, user_id=who.id)]
    more = {
        "groups": [g.display_name for g in queries.groups_of(by, who.id)],
        "roles": roles,
        "source": queries.sources(by).get(who.source_id, who.source_id),
        "last_sign_in": rfc3339(who.last_sign_in) if who.last_sign_in else None,
        "created": rfc3339(who.created),
        "version": who.version,
    }
    return Answer(_shown(by, who) | more)


def _shown(by: Actor, who: UserView) -> dict[str, Any]:
    return {
        "id": who.id,
        "user_name": who.user_name,
        "name": who.shown_name,
        "email": who.email,
        "status": who.status,
        "org": queries.organization(by).slug,
    }


@command("block", user)
@click.argument("user_name", metavar="USERNAME")
@in_org
def block(user_name: str, org: str | None) -> Answer:
    """Keep a person from signing in, whatever the source says; their sessions end."""
    by, who = person(user_name, org)
    return _changed(by, who, BlockUser(who.id))


@command("unblock", user)
@click.argument("user_name", metavar="USERNAME")
@in_org
def unblock(user_name: str, org: str | None) -> Answer:
    """Let a blocked person sign in again."""
    by, who = person(user_name, org)
    return _changed(by, who, UnblockUser(who.id))


def _changed(by: Actor, who: UserView, change: Change) -> Answer:
    outcome = apply(change, by=by)
    return Answer(_shown(by, queries.find_user(by, who.id)) | {"changed": outcome.changed})


@command("password", user)
@click.argument("user_name", metavar="USERNAME")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the password, a line, from stdin.")
@in_org
def password(user_name: str, from_stdin: bool, org: str | None) -> Answer:
    """Set a person's password; their sessions end. Never give one as an argument: others see it."""
    by, who = person(user_name, org)
    text = _from_stdin() if from_stdin else _from_terminal()
    hashed = hash_password(text, who.user_name, who.shown_name)
    apply(SetPassword(who.id, hashed), by=by)
    return Answer(_shown(by, who), f"{who.user_name} has a new password.")


def _from_stdin() -> str:
    line = sys.stdin.readline(MAX_LENGTH + 3).rstrip("\n").removesuffix("\r")
    if not line.isprintable():  # also says so of bytes that are no UTF-8
        raise click.ClickException("The password holds characters that nobody could type.")
    return line


def _from_terminal() -> str:
    if not sys.stdin.isatty():
        raise click.UsageError("Give --stdin, and the password as a line on standard input.")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


@command("admin-link")
@click.argument("user_name", metavar="USERNAME")
@in_org
def admin_link(user_name: str, org: str | None) -> Answer:
    """Make a one-time link that signs a person in; it ends in twenty minutes."""
    by, who = person(user_name, org)
    url = one_time_link(by.org_id, who.id, "admin")
    return Answer({"url": url, "user_name": who.user_name, "id": who.id}, url)


COMMANDS: tuple[click.Command, ...] = (user, admin_link)
