"""The first run from the console: the database, the first organization, its administrator."""

import sys
from typing import Any

import click
import flask_migrate

from idp import health, sessions
from idp.changes import first_run
from idp.changes.first_run import FirstRun
from idp.cli.answers import Answer, command
from idp.cli.finding import operator
from idp.cli.orgs import one_time_link
from idp.directory import queries
from idp.directory.errors import Invalid
from idp.directory.passwords import hash_password
from idp.directory.values import domain_name
from idp.founding import found_first

FOUNDED = "This installation has an organization already. Add another with: flask org create"


@command("init")
@click.option("--organization", "--name", help="The organization's name.")
@click.option("--domain", help="Its domain, such as example.com.")
@click.option("--country", default="", help="Its country: two letters, such as FR.")
@click.option("--admin", help="User name of the first Global Administrator.")
@click.option("--email", help="Their e-mail address.")
@click.option("--password-stdin", is_flag=True, help="Read their password from standard input.")
@click.option("--link", is_flag=True, help="Found nothing; print the address of the set-up page.")
def init(link: bool, password_stdin: bool, **given: str | None) -> Answer:
    """Set up a new installation: the database, the first organization, its administrator.

    Asks for what is not given where there is somebody to ask. Without a password, it prints a
    one-time link for the administrator.
    """
    here, head = health.schema_versions()
    if here != head:
        flask_migrate.upgrade()
    if not first_run.is_open():
        raise click.ClickException(FOUNDED)
    if link:
        address = first_run.open_address(sessions.settings().public_url)
        return Answer({"setup_url": address}, f"Within a day, go to\n\n  {address}")
    first = _asked(given, password_stdin)
    found_first(first, "cli")
    data = _data(first)
    return Answer(data, _welcome(data))


def _asked(given: dict[str, str | None], password_stdin: bool) -> FirstRun:
    name = given["organization"] or _ask("The organization's name", "--organization")
    domain = domain_name(given["domain"] or _ask("Its domain, such as example.com", "--domain"))
    admin = given["admin"] or _ask("The administrator's user name", "--admin", f"admin@{domain}")
    try:
        user_name = first_run.user_name_in(domain, admin)
    except Invalid as refused:
        raise click.BadParameter(refused.sentence, param_hint="--admin") from refused
    email = given["email"]
    if email is None:
        email = _ask("Their e-mail address", "--email", user_name) if _somebody() else ""
    password = _password(password_stdin)
    hashed = None if password is None else hash_password(password, user_name, email, name)
    country = (given["country"] or "").upper()
    return FirstRun(name, domain, user_name, country, email=email, password_hash=hashed)


def _password(from_stdin: bool) -> str | None:
    """The password that was piped in or typed; none where there is nobody to type it."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not _somebody():
        return None
    question = "Their password (nothing: print a one-time link instead)"
    typed = click.prompt(question, "", True, True, show_default=False, err=True)
    return str(typed) or None


def _somebody() -> bool:
    return sys.stdin.isatty()


def _ask(question: str, option: str, default: str | None = None) -> str:
    if not _somebody():
        raise click.UsageError(f"{option} is missing, and there is nobody to ask.")
    return str(click.prompt(question, default=default, err=True))


def _data(first: FirstRun) -> dict[str, Any]:
    made = queries.organization(operator(first.org_id))
    open_ended = first.password_hash is None
    return {
        "org": made.slug,
        "domain": first.domain,
        "admin": first.user_name,
        "admin_link": one_time_link(first.org_id, first.admin_id, "admin") if open_ended else None,
        "portal_url": sessions.settings().public_url,
        "id": first.org_id,
    }


def _welcome(data: dict[str, Any]) -> str:
    data_dir = sessions.settings().data_dir.absolute()
    where, how = data["portal_url"], "signs in at"
    if data["admin_link"]:
        where, how = data["admin_link"], "signs in, once and within twenty minutes, at"
    return (
        f"{data['admin']} {how}\n\n  {where}\n\n"
        "A new link: flask admin-link. Is all well: flask doctor.\n"
        f"Keep a copy of the master key apart from the database: {data_dir / 'master_key'}, or\n"
        "what CHAMBERLAIN_MASTER_KEY says. Without it, a backup cannot be opened."
    )


COMMANDS: tuple[click.Command, ...] = (init,)
