"""Is this installation well, and what to do where it is not: one line for each check."""

import stat
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

import click
from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from idp import health, sealing
from idp.changes import ledger
from idp.changes.audit import AuditEntry, AuditHead
from idp.cli import reach
from idp.cli.answers import UPGRADE, WRONG_MASTER_KEY, Answer, command
from idp.clock import now
from idp.config import Settings
from idp.extensions import db

SECRET_FILES = ("master_key", "secret_key", "demo.json")
DRIFT = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, and what to do about it: `fix` is empty where all is well."""

    name: str
    detail: str
    fix: str = ""

    @property
    def line(self) -> str:
        """The check as a line for people."""
        state = "problem" if self.fix else "ok     "
        advice = f"\n         {self.fix}" if self.fix else ""
        return f"{state}  {self.name}: {self.detail}{advice}"


@command("doctor")
def doctor() -> Answer:
    """Check the database, keys, permissions, clock, address and mail; exit 1 for a problem."""
    settings: Settings = current_app.config["CHAMBERLAIN"]
    checks = [_looked_at(name, look, settings) for name, look in LOOKS.items()]
    bad = [check.name for check in checks if check.fix]
    rows = [asdict(c) | {"status": "problem" if c.fix else "ok"} for c in checks]
    problem = f"Not well: {', '.join(bad)}." if bad else ""
    return Answer(
        {"status": "problem" if bad else "ok", "checks": rows},
        "\n".join(check.line for check in checks),
        problem,
    )


def examine() -> dict[str, bool]:
    """What can be looked at without reaching out, and whether it is well, by name."""
    settings: Settings = current_app.config["CHAMBERLAIN"]
    return {name: not _looked_at(name, LOOKS[name], settings).fix for name in AT_HAND}


def _looked_at(name: str, look: Callable[[Settings], tuple[str, str]], settings: Settings) -> Check:
    try:
        return Check(name, *look(settings))
    except SQLAlchemyError as failed:
        db.session.rollback()
        cause = (str(getattr(failed, "orig", failed)).strip().splitlines() or [""])[0]
        return Check(name, f"cannot be told: {cause}", "See to the database first.")


def _database(settings: Settings) -> tuple[str, str]:
    shown = make_url(settings.database).render_as_string(hide_password=True)
    try:
        db.session.execute(select(1))
    except SQLAlchemyError as failed:
        db.session.rollback()
        cause = (str(getattr(failed, "orig", failed)).strip().splitlines() or [""])[0]
        return (
            f"{shown} does not answer ({cause})",
            "Start it, or correct CHAMBERLAIN_DATABASE_URL.",
        )
    return shown, ""


def _migrations(_settings: Settings) -> tuple[str, str]:
    here, head = health.schema_versions()
    return f"the database is at {here or 'nothing'}, the program at {head}", (
        "" if here == head else UPGRADE
    )


def _master_key(_settings: Settings) -> tuple[str, str]:
    try:
        ledger.check_master_key()
    except sealing.WrongMasterKey:
        return "it does not open this database", WRONG_MASTER_KEY
    return "it opens this database", ""


def _data_dir(settings: Settings) -> tuple[str, str]:
    folder = settings.data_dir.absolute()
    secrets = [folder / name for name in SECRET_FILES if (folder / name).exists()]
    keys_open = [path for path in secrets if _open_to_others(path)]
    if _open_to_others(folder):
        return f"others can look into {folder}", f"Run: chmod 700 {folder}"
    if keys_open:
        return f"others can read {keys_open[0]}", f"Run: chmod 600 {keys_open[0]}"
    if not _writable(folder):
        return f"{folder} cannot be written", "Give it to the user that the server runs as."
    return str(folder), ""


def _open_to_others(path: Path) -> bool:
    return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def _writable(folder: Path) -> bool:
    trial = folder / ".doctor"
    try:
        trial.touch()
        trial.unlink()
    except OSError:
        return False
    return True


def _clock(_settings: Settings) -> tuple[str, str]:
    fix = "Let the machine's clock be set from the network (timedatectl set-ntp true)."
    newest = select(func.max(AuditEntry.at)).join(
        AuditHead, (AuditHead.org_id == AuditEntry.org_id) & (AuditHead.seq == AuditEntry.seq)
    )
    last = db.session.scalar(newest)
    if last is not None and last > now() + DRIFT:
        return f"it says {now():%F %T}Z, but the audit has an entry of {last:%F %T}Z", fix
    if db.engine.dialect.name == "postgresql":
        apart = abs(db.session.execute(select(func.clock_timestamp())).scalar_one() - now())
        if apart > DRIFT:
            return f"it is {apart.total_seconds():.0f} seconds away from the database's", fix
    return f"{now():%F %T}Z", ""


LOOKS: dict[str, Callable[[Settings], tuple[str, str]]] = {
    "database": _database,
    "migrations": _migrations,
    "master key": _master_key,
    "data directory": _data_dir,
    "clock": _clock,
    "public address": reach.public_url,
    "mail": reach.mail_server,
}
AT_HAND = ("database", "migrations", "master key", "data directory", "clock")
COMMANDS: tuple[click.Command, ...] = (doctor,)
