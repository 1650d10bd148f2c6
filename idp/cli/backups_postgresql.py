"""pg_dump and pg_restore, PostgreSQL's own programs, found on PATH.

The password travels in their environment: what stands on a command line, everybody on the machine
can read.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import click
from sqlalchemy.engine import make_url

from idp.config import Settings

SECONDS = 6 * 3600


@dataclass(frozen=True, slots=True)
class Content:
    """What a backup says of itself: the schema's revision, and the probe of its master key."""

    revision: str | None
    probe: str | None


def save(settings: Settings, file: Path) -> None:
    """Write the database to a file that is there already (and so has its permissions)."""
    command = ["--format=custom", "--no-owner", "--no-privileges", "--no-password"]
    _run("pg_dump", settings, *command, f"--file={file}", f"--dbname={_address(settings)}")


def load(settings: Settings, file: Path) -> None:
    """Replace the database's content by the file's, in one transaction."""
    command = ["--clean", "--if-exists", "--no-owner", "--no-privileges", "--no-password"]
    command += ["--single-transaction", f"--dbname={_address(settings)}"]
    _run("pg_restore", settings, *command, str(file))


def look(file: Path) -> Content:
    """What a dump holds, without a server; refuses what is none."""
    return Content(_cell(file, "alembic_version", 0), _cell(file, "installation", 1))


def _cell(file: Path, table: str, column: int) -> str | None:
    """A cell of the only row of a table: the line after COPY in the dump's text."""
    text = _run("pg_restore", None, "--data-only", f"--table={table}", "--file=-", str(file))
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if line.startswith("COPY ")), None)
    if start is None or lines[start + 1] == "\\.":
        return None
    return lines[start + 1].split("\t")[column]


def _address(settings: Settings) -> str:
    url = make_url(settings.database).set(drivername="postgresql", password=None)
    return url.render_as_string(hide_password=False)


def _run(program: str, settings: Settings | None, *arguments: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise click.ClickException(
            f"{program} is not installed. Run: sudo apt-get install postgresql-client"
        )
    password = make_url(settings.database).password if settings else None
    environment = os.environ | ({"PGPASSWORD": str(password)} if password else {})
    done = subprocess.run(  # noqa: S603  our own arguments, no shell
        [path, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        cause = (done.stderr.strip().splitlines() or ["no reason given"])[0]
        raise click.ClickException(f"{program} could not do it: {cause}")
    return done.stdout
