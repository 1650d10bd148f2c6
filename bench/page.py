"""The people page and a search, with 1,000 and with 100,000 people.

    python -m bench.page [FEW MANY]

The aim: with a hundred times the people a page takes at most twice as long. Prints the median of
forty requests through the whole application (session, permissions, query, template).
"""

import statistics
import sys
import time
from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import text

from bench.ground import KINDS, database, organization
from bench.write_path import joiners
from idp.changes import apply
from idp.changes.intents import AssignRole, CreateGroup, CreateUser, StartSession
from idp.clock import now
from idp.directory.actors import Actor, system_actor
from idp.extensions import db

ADDRESSES = {
    "people page": "/identity/people",
    "search by three letters": "/identity/people?q=num",
    "search that finds one": "/identity/people?q=person777",
}
BATCH = 5000


def fill(hr: Actor, people: int) -> None:
    """People through the write path, in batches."""
    group = apply(CreateGroup({"displayName": "Everybody"}), by=hr).first.id
    for first in range(0, people, BATCH):
        apply(*joiners(first, min(BATCH, people - first), group), by=hr)


def administrator(client: FlaskClient, org_id: str) -> None:
    """Sign a Global Administrator in at the client."""
    operator = system_actor(org_id)
    who = apply(CreateUser({"userName": "admin@bench.example"}), by=operator).first.id
    apply(AssignRole(who, "global_administrator"), by=operator)
    door = Actor("user", who, "admin", org_id, "signin", frozenset({"signin"}))
    started = apply(StartSession(who, "password", now() + timedelta(hours=1)), by=door).first
    client.set_cookie("chamberlain", started.secret or "")


def median_ms(client: FlaskClient, address: str) -> float:
    """The median time of a page, in milliseconds."""
    times = []
    for _ in range(40):
        begun = time.perf_counter()
        answer = client.get(address)
        times.append((time.perf_counter() - begun) * 1000)
        assert answer.status_code == 200, answer.status
    return statistics.median(times)


def measure(kind: str, people: int) -> dict[str, float]:
    """Each page's time with so many people."""
    with database(kind) as (app, _url):
        hr = organization()
        fill(hr, people)
        client = app.test_client()
        administrator(client, hr.org_id)
        if kind == "postgresql":
            db.session.execute(text("ANALYZE"))  # what autovacuum does within a minute
            db.session.commit()
        return {name: median_ms(client, address) for name, address in ADDRESSES.items()}


def main() -> None:
    """Measure both databases and print."""
    few, many = (int(n) for n in sys.argv[1:3]) if len(sys.argv) > 2 else (1_000, 100_000)
    for kind in KINDS:
        small, large = measure(kind, few), measure(kind, many)
        print(f"{kind}: milliseconds with {few} and with {many} people (aim: at most 2 x)")
        for name, before in small.items():
            after = large[name]
            print(f"  {name:26} {before:7.1f} {after:7.1f}   {after / before:5.2f} x")


if __name__ == "__main__":
    main()
