"""The demo at its address: what is printed, and the server that this process turns into.

The server is another program in the same process (exec): Ctrl-C and SIGTERM reach it directly,
and nothing of the preparation stays in memory. Its settings travel in the environment.
"""

import errno
import os
import socket
import sys
from pathlib import Path
from typing import Any

import click
from flask import current_app

from idp.cli.answers import Answer, lines
from idp.config import PREFIX, Settings
from idp.demo import Demo
from idp.extensions import db

HOST = "127.0.0.1"


def check_port(port: int) -> None:
    """Refuse a port that cannot be served on, before anything is made."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            why = "is in use" if taken else f"cannot be used ({error.strerror})"
            raise click.ClickException(
                f"Port {port} {why}. Choose another: make run PORT={_another(port)}, "
                f"or flask demo --port {_another(port)}."
            ) from error


def _another(port: int) -> int:
    return port + 1 if 1024 <= port < 65535 else 8001


def demo_settings(port: int) -> Settings:
    """The operator's settings as a demo at this port; an address that they set stays."""
    settings: Settings = current_app.config["CHAMBERLAIN"]
    changed: dict[str, Any] = {"demo": True, "data_dir": settings.data_dir.absolute()}
    if "public_url" not in settings.model_fields_set:
        changed["public_url"] = f"http://{HOST}:{port}"
    if "log_level" not in settings.model_fields_set:
        changed["log_level"] = "warning"  # a line for each request would bury what was printed
    return settings.model_copy(update=changed)


def describe(demo: Demo, settings: Settings) -> Answer:
    """What the owner of a demo is told."""
    base = settings.public_url
    data = {
        "portal_url": base,
        "admin": demo.admin,
        "password": demo.password,
        "scim_base_url": f"{base}/scim/v2",
        "scim_token": demo.scim_token,
        "saml_metadata_url": f"{base}/saml/{demo.org}/metadata",
        "mailbox_url": f"{base}/demo/mailbox",
        "invited": demo.invited,
        "org": demo.org,
        "second_org": demo.second_org,
        "second_admin": demo.second_admin,
        "second_password": demo.second_password,
        "data_dir": str(settings.data_dir),
    }
    return Answer(data, _text(data))


def _text(data: dict[str, Any]) -> str:
    table = {
        "portal": data["portal_url"],
        "administrator": data["admin"],
        "password": data["password"],
        "scim": data["scim_base_url"],
        "scim token": data["scim_token"],
        "saml metadata": data["saml_metadata_url"],
        "mailbox": f"{data['mailbox_url']} (an invitation for {data['invited']})",
        "other organization": f"{data['second_admin']}, {data['second_password']}",
        "data": f"{data['data_dir']} (remove it to begin anew)",
    }
    shown = "\n".join(f"  {line}" for line in lines(table).splitlines())
    return (
        f"\nChamberlain, the demo.\n\n{shown}\n\nTwo people, as HR sees them:\n\n"
        f"  curl -H 'Authorization: Bearer {data['scim_token']}' \\\n"
        f"       '{data['scim_base_url']}/Users?count=2'\n\nServing. Ctrl-C ends it.\n"
    )


def serve(port: int, settings: Settings) -> None:
    """Turn this process into the server; does not return."""
    db.session.remove()
    db.engine.dispose()
    sys.stdout.flush()
    os.dup2(2, 1)  # standard output holds what was promised and nothing else
    command = [sys.executable, "-m", "idp.demo_server", str(port)]
    os.execve(sys.executable, command, environment(settings))  # noqa: S606  our own interpreter


def environment(settings: Settings) -> dict[str, str]:
    """The environment, with the demo's settings over what was there."""
    mine = {
        "DEMO": "true",
        "DATA_DIR": str(settings.data_dir),
        "PUBLIC_URL": settings.public_url,
        "LOG_LEVEL": settings.log_level,
    }
    twins = {f"{PREFIX}{name}_FILE" for name in mine}  # they would win
    kept = {name: value for name, value in os.environ.items() if name not in twins}
    root = str(Path(__file__).parents[2])  # where wsgi.py is
    path = os.pathsep.join(filter(None, (root, kept.get("PYTHONPATH"))))
    return kept | {f"{PREFIX}{name}": value for name, value in mine.items()} | {"PYTHONPATH": path}
