"""People from a CSV file: rehearsed or made at once, with a result file where one is wanted."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from idp import spreadsheet
from idp.cli.answers import Answer, command
from idp.cli.finding import operator, organization
from idp.directory import queries
from idp.directory.actors import Actor
from idp.importing import columns, files, results
from idp.importing.files import Table
from idp.importing.run import at_once

_KINDS = ("created", "updated", "unchanged", "refused")


@command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--org", required=True, help="The organization.")
@click.option("--dry-run", is_flag=True, help="Say what would become of each row; keep nothing.")
@click.option(
    "--column",
    "given",
    multiple=True,
    metavar="HEADING=ATTRIBUTE",
    help="What a column means, where its heading does not tell.",
)
@click.option("--result", type=click.Path(path_type=Path), help="Write what became of each row.")
def import_people(
    file: Path, org: str, dry_run: bool, given: Sequence[str], result: Path | None
) -> Answer:
    """Add and change people by a CSV file. Refused rows are named; the others are made."""
    by = operator(organization(org).id)
    table = files.read(file.read_bytes())
    mapping = _mapping(by, table, given)
    told = list(at_once(by, table, mapping, dry_run=dry_run))
    if result is not None:
        result.write_bytes(b"".join(spreadsheet.lines(results.rows(table, mapping, told))))
    counts = Counter(one.status for one in told)
    data: dict[str, Any] = {"org": org, "dry_run": dry_run, "rows": len(told)}
    data |= {kind: counts[kind] for kind in _KINDS}
    data["columns"] = {table.header[n]: meant for n, meant in mapping.items()}
    data["errors"] = [
        {"row": one.number, "code": one.code, "message": one.message}
        for one in told
        if one.status == "refused"
    ]
    lines = [f"{kind.capitalize():<10} {counts[kind]}" for kind in _KINDS]
    lines += [f"Row {one['row']}: {one['message']}" for one in data["errors"]]
    problem = f"{counts['refused']} of {len(told)} rows are refused." if data["errors"] else ""
    return Answer(data, "\n".join(lines), problem=problem)


def _mapping(by: Actor, table: Table, given: Sequence[str]) -> dict[int, str]:
    """The guessed meanings, and over them those that were given."""
    vocabulary = queries.vocabulary(by)
    mapping = columns.guess(table.header, vocabulary)
    for one in given:
        heading, _, meant = one.rpartition("=")
        if heading not in table.header:
            raise click.UsageError(f"The file has no column {heading!r}.")
        mapping[table.header.index(heading)] = meant
    columns.check(mapping, table.header, vocabulary)
    return mapping
