"""A worker that is killed while it delivers loses nothing: another takes over."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select, update

from idp import jobs
from idp.changes import apply
from idp.changes.intents import CreateUser, IssueLink
from idp.changes.outbox import Delivery
from idp.clock import now
from idp.config import Settings
from idp.extensions import db
from tests.cast import Cast
from tests.changes.post_office import PostOffice
from tests.conftest import MASTER_KEY, SECRET_KEY

WORKER = "from idp.app import create_app; from idp import jobs; jobs.run(create_app())"
COUNT = 40


def start_worker(settings: Settings, office: PostOffice) -> subprocess.Popen[bytes]:
    """A process of its own, as an operator would start it."""
    environment = {
        **os.environ,
        "CHAMBERLAIN_DATABASE_URL": settings.database,
        "CHAMBERLAIN_DATA_DIR": str(settings.data_dir),
        "CHAMBERLAIN_MASTER_KEY": MASTER_KEY,
        "CHAMBERLAIN_SECRET_KEY": SECRET_KEY,
        "CHAMBERLAIN_SMTP_URL": office.url,
        "CHAMBERLAIN_MAIL_FROM": "id@northwind.example",
    }
    here = Path(__file__).parents[2]
    return subprocess.Popen([sys.executable, "-c", WORKER], cwd=here, env=environment)


def count(state: str) -> int:
    db.session.rollback()
    where = Delivery.state == state
    return db.session.scalar(select(func.count()).select_from(Delivery).where(where)) or 0


def test_what_a_killed_worker_held_is_delivered_by_another(app: Flask, people: Cast) -> None:
    settings: Settings = app.config["CHAMBERLAIN"]
    crowd = [CreateUser({"userName": f"p{n}@northwind.example"}) for n in range(COUNT)]
    ids = [made.id for made in apply(*crowd, by=people.operator).results]
    links = [IssueLink(one, "invite", "https://id.example/invite/", deliver=True) for one in ids]
    apply(*links, by=people.operator)
    db.session.remove()

    with PostOffice(stop_after=7) as first:
        worker = start_worker(settings, first)
        try:
            assert first.hanging.wait(60), "the worker never came to its eighth delivery"
            worker.send_signal(signal.SIGKILL)
        finally:
            worker.kill()
            worker.wait()

    assert (count("done"), count("leased")) == (7, 13)  # a lease of twenty at a time
    past = now() - timedelta(seconds=1)
    expired = update(Delivery).where(Delivery.state == "leased").values(due_at=past)
    db.session.execute(expired)
    db.session.commit()
    with PostOffice() as second:
        by_post = settings.model_copy(
            update={"smtp_url": second.url, "mail_from": "id@northwind.example"}
        )
        while jobs.work(by_post):
            pass

    assert count("done") == COUNT
    recipients = [str(message["To"]) for message in (*first.received, *second.received)]
    assert sorted(recipients) == sorted(f"p{n}@northwind.example" for n in range(COUNT))
