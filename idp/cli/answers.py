"""How a command is made, what it prints, and how it ends.

A command returns an `Answer`: plain data for `--json`, lines for people. Its exit status is 0; 1
with a sentence on stderr where it was refused or could not be done; 2, by click, for bad usage.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click
from flask.cli import with_appcontext
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from idp import health, sealing
from idp.config import ConfigError
from idp.directory.errors import DirectoryError

UPGRADE = "The database is not at this program's version. Run: flask db upgrade"
WRONG_MASTER_KEY = (
    "The master key is not the one that sealed this database. Set CHAMBERLAIN_MASTER_KEY to the "
    "key that did, or put the file master_key back into the data directory."
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command found or did. Without `text`, people are shown the data as lines.

    `problem` is a sentence for stderr: the answer is printed, and the exit status is 1. `then` is
    what is left to do when it has been printed.
    """

    data: Mapping[str, Any]
    text: str | None = None
    problem: str = ""
    then: Callable[[], None] | None = None


def command(name: str, group: click.Group | None = None) -> Callable[..., Any]:
    """Make a function that returns an Answer a command, of a group or of its own."""

    def register(work: Callable[..., Answer]) -> click.Command:
        @click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
        @with_appcontext
        @wraps(work)
        def run(*, as_json: bool, **given: Any) -> None:
            answer = attempt(lambda: work(**given))
            say(answer, as_json)
            if answer.problem:
                raise click.ClickException(answer.problem)
            if answer.then is not None:
                answer.then()

        made = click.command(name)(run)
        if group is not None:
            group.add_command(made)
        return made

    return register


def attempt(work: Callable[[], Answer]) -> Answer:
    """Do it; what goes wrong becomes a sentence and exit status 1."""
    try:
        return work()
    except DirectoryError as refused:
        outdated = refused.kind == "unavailable" and not _at_head()
        raise click.ClickException(UPGRADE if outdated else refused.sentence) from refused
    except ConfigError as refused:
        raise click.ClickException(str(refused)) from refused
    except sealing.WrongMasterKey as wrong:
        raise click.ClickException(WRONG_MASTER_KEY) from wrong
    except SQLAlchemyError as failed:
        raise click.ClickException(_about(failed)) from failed


def _about(failed: SQLAlchemyError) -> str:
    if not isinstance(failed, DBAPIError):
        return f"The database cannot be used: {failed}"
    if not _at_head():
        return UPGRADE
    cause = (str(failed.orig).strip().splitlines() or [""])[0]
    return f"The database does not answer ({cause}). Check CHAMBERLAIN_DATABASE_URL."


def _at_head() -> bool:
    """Whether the migrations are in; a database that does not answer is not judged by them."""
    try:
        here, head = health.schema_versions()
    except SQLAlchemyError:
        return True
    return here == head


def say(answer: Answer, as_json: bool) -> None:
    """Print an answer: one JSON object, or text for people."""
    if as_json:
        click.echo(json.dumps(answer.data, ensure_ascii=False, default=str))
    elif answer.text != "":
        click.echo(lines(answer.data) if answer.text is None else answer.text)


def lines(data: Mapping[str, Any]) -> str:
    """{"admin_link": "…"} as "Admin link  …", the values in one column."""
    shown = {name.replace("_", " "): value for name, value in data.items() if value is not None}
    width = max(map(len, shown), default=0)
    return "\n".join(f"{_capital(name):<{width}}  {_plain(value)}" for name, value in shown.items())


def _capital(name: str) -> str:
    acronyms = {"url", "id", "saml", "scim", "oidc", "sso", "acs", "sp", "wsfed"}
    words = [word.upper() if word in acronyms else word for word in name.split()]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def table(rows: Sequence[Sequence[object]], nothing: str) -> str:
    """Rows as columns; the sentence `nothing` where there are none."""
    if not rows:
        return nothing
    cells = [["" if cell is None else _plain(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )
