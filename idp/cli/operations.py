"""Running the product: the demo, a worker of its own, keys, the proof of the audit."""

import signal
import threading
from dataclasses import replace
from typing import Any

import click
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from flask import Flask, current_app

from idp import demo as demonstration
from idp import jobs, sealing
from idp.changes import audit
from idp.cli import serving
from idp.cli.answers import Answer, command, table
from idp.cli.finding import chosen, organization
from idp.clock import rfc3339
from idp.directory import queries
from idp.directory.credentials import SigningKey
from idp.directory.views import OrganizationView
from idp.extensions import db

keys = click.Group("keys", help="Keys: list, master.")
audit_group = click.Group("audit", help="The audit: verify.")


@command("list", keys)
@click.argument("org")
def list_keys(org: str) -> Answer:
    """List an organization's signing keys, without their private parts."""
    rows = [_key(held) for held in queries.signing_keys(organization(org).id)]
    names = ("purpose", "state", "algorithm", "not_after", "sha256")
    shown = [[r[name] for name in names] for r in rows]
    return Answer({"keys": rows}, table(shown, "There are no signing keys."))


def _key(held: SigningKey) -> dict[str, Any]:
    certificate = x509.load_pem_x509_certificate(held.certificate.encode())
    return {
        "id": held.id,
        "purpose": held.purpose,
        "state": held.state,
        "algorithm": held.algorithm,
        "not_after": rfc3339(held.not_after),
        "sha256": certificate.fingerprint(hashes.SHA256()).hex(":"),
    }


@command("master", keys)
def master() -> Answer:
    """Print a fresh master key, for CHAMBERLAIN_MASTER_KEY; nothing is changed.

    To rotate, put it before the old one, with a comma between: the first seals, all open.
    """
    made = sealing.make_key()
    return Answer({"master_key": made}, made)


@command("verify", audit_group)
@click.argument("org", required=False)
def verify(org: str | None) -> Answer:
    """Prove that no audit entry was changed, removed or put elsewhere."""
    rows = [_verified(found) for found in chosen(org)]
    bad = [f"{r['org']}: {r['problem']}" for r in rows if r["problem"]]
    shown = [(r["org"], r["problem"] or "the chain holds") for r in rows]
    data = {"status": "broken" if bad else "ok", "organizations": rows}
    return Answer(data, table(shown, "There is no organization."), "; ".join(bad))


def _verified(found: OrganizationView) -> dict[str, Any]:
    finding = audit.verify(db.session(), found.id)
    return {
        "org": found.slug,
        "id": found.id,
        "problem": finding.problem if finding else None,
        "seq": finding.seq if finding else None,
    }


@command("worker")
@click.option("--once", is_flag=True, help="End when nothing is due.")
def worker(once: bool) -> Answer:
    """Deliver mails and do periodic work, until told to stop. Any number may run."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    jobs.run(app, stop, once=once)
    return Answer({"status": "done" if once else "stopped"}, "")


@command("demo")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
def demo(port: int) -> Answer:
    """Serve a company to look around in, on this machine. Its data stay for the next start."""
    serving.check_port(port)
    settings = serving.demo_settings(port)
    answer = serving.describe(demonstration.prepare(settings), settings)
    return replace(answer, then=lambda: serving.serve(port, settings))


COMMANDS: tuple[click.Command, ...] = (keys, audit_group, worker, demo)
