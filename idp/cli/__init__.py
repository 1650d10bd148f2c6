"""The command line: the operator's door. `flask …`, each command with `--json`.

    answers      how a command is made, what it prints, how it ends (0, 1 with a sentence, 2)
    finding      which organization, person or group a word on the command line means
    init         the first organization of an installation, or the address that founds it
    orgs users roles connections streams      the nouns: each builds intents and applies them
    provisioning  applications that we push people to
    licences subscriptions   the catalogue, seats, whether the books agree; what was bought
    api_scopes   what a system may do with the JSON interface
    imports      people from a CSV file
    brakes       what a SCIM client may take away, and deciding when it was stopped
    metadata     a partner's metadata, from a file or an address
    operations   demo, worker, keys, audit
    doctor       is this installation well, and what to do where it is not
    backups      the whole database into a file, and back

The operator acts as `system_actor`: every permission, in one organization at a time, and in the
audit as the door "cli".
"""

import click
from flask import Flask

from idp.cli import (
    api_scopes,
    backups,
    brakes,
    client_secrets,
    connections,
    doctor,
    imports,
    incidents,
    init,
    licences,
    operations,
    orgs,
    provisioning,
    roles,
    schemas,
    streams,
    subscriptions,
    users,
)

users.user.add_command(imports.import_people)
for _command in (*client_secrets.COMMANDS, *api_scopes.COMMANDS, streams.events):
    connections.scim.add_command(_command)

COMMANDS: tuple[click.Command, ...] = (
    *init.COMMANDS,
    *orgs.COMMANDS,
    *users.COMMANDS,
    *roles.COMMANDS,
    *schemas.COMMANDS,
    *connections.COMMANDS,
    *provisioning.COMMANDS,
    *licences.COMMANDS,
    *subscriptions.COMMANDS,
    *operations.COMMANDS,
    *doctor.COMMANDS,
    *incidents.COMMANDS,
    *backups.COMMANDS,
)
connections.scim.add_command(brakes.brake)


def bind(app: Flask) -> None:
    """Add the commands to the application."""
    for command in COMMANDS:
        app.cli.add_command(command)
