"""An organization's own attributes: define an extension schema, list what there is.

The definition is a JSON file as RFC 7643 §7 writes schemas: {"id": URN, "name": …, "attributes":
[{"name": "badge", "type": "string", "multiValued": false}, …]}. With the next request the
attributes exist everywhere: in SCIM and its discovery, filters, profiles, release and the audit.
"""

import json
from typing import Any, TextIO

import click

from idp.changes import apply
from idp.changes.intents import DefineSchema
from idp.cli.answers import Answer, command, table
from idp.cli.finding import operator, organization
from idp.directory import queries
from idp.directory.errors import Invalid

schema = click.Group("schema", help="An organization's own attributes: define, list.")


@command("define", schema)
@click.argument("org")
@click.argument("definition", type=click.File("r", encoding="utf-8"))
def define(org: str, definition: TextIO) -> Answer:
    """Define, or replace, an extension schema of User from a JSON file (-: standard input)."""
    wanted = _read(definition)
    change = DefineSchema(
        urn=str(wanted.get("id", "")),
        name=str(wanted.get("name", "")),
        description=str(wanted.get("description", "")),
        attributes=wanted.get("attributes") or (),
    )
    made = apply(change, by=operator(organization(org).id))
    return Answer({"schema": change.urn, "changed": made.changed})


def _read(definition: TextIO) -> dict[str, Any]:
    try:
        wanted = json.load(definition)
    except ValueError as error:
        raise Invalid("schema_not_json", f"The definition is not JSON: {error}.") from None
    if not isinstance(wanted, dict):
        raise Invalid("schema_not_json", "The definition is not a JSON object.")
    return wanted


@command("list", schema)
@click.argument("org")
def list_schemas(org: str) -> Answer:
    """The extension schemas of an organization and their attributes."""
    found = queries.extension_schemas(operator(organization(org).id))
    rows = [(one.urn, one.name, " ".join(a.name for a in one.attributes)) for one in found]
    data = [{"schema": urn, "name": name, "attributes": names.split()} for urn, name, names in rows]
    return Answer({"schemas": data}, table(rows, "No extension schema is defined."))


COMMANDS: tuple[click.Command, ...] = (schema,)
