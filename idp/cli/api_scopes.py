"""What a system may do with the JSON interface for automation."""

import click

from idp.changes import apply
from idp.changes.intents import ChangeConnection
from idp.cli.answers import Answer, command
from idp.cli.connections import scim_client
from idp.cli.finding import operator, organization
from idp.directory.api_scopes import SCOPES, SETTING, scopes_of

_ONE = click.Choice(list(SCOPES))


@command("scopes")
@click.argument("org")
@click.argument("name")
@click.option(
    "--grant", "granted", multiple=True, type=_ONE, help="Let it ask for this; repeatable."
)
@click.option("--revoke", "revoked", multiple=True, type=_ONE, help="Take this back at once.")
def scopes(org: str, name: str, granted: tuple[str, ...], revoked: tuple[str, ...]) -> Answer:
    """Show, grant or take back the scopes of a system for /api; it has none by itself."""
    by = operator(organization(org).id)
    held = scim_client(by, name)
    wanted = (set(scopes_of(held.settings)) | set(granted)) - set(revoked)
    listed = [scope for scope in SCOPES if scope in wanted]
    changed = False
    if granted or revoked:
        settings = held.settings | {SETTING: listed}
        changed = apply(ChangeConnection(held.id, settings=settings), by=by).changed
    return Answer({"connection": held.id, "name": held.name, "scopes": listed, "changed": changed})


COMMANDS: tuple[click.Command, ...] = (scopes,)
