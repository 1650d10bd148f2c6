"""Fill an organization with many people, by the product's own write path.

    python -m bench.load PEOPLE [DATABASE_URL]

Brings the database (a fresh one of its own kind where none is named: SQLite in a temporary folder)
to the newest schema, founds an organization with an HR connection, and adds the people in batches,
each a transaction with rules, ownership, audit and search words. Prints the rate of each tenth of
the way, so that a slow-down shows, the peak of memory, and what a person takes on disk. The last
line names the organization and a bearer token that reads it.
"""

import gc
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

from bench.ground import organization, serving
from idp.changes import apply
from idp.changes.intents import CreateUser, IssueToken
from idp.directory.actors import Actor, system_actor
from idp.directory.attributes import ENTERPRISE_SCHEMA
from idp.extensions import db

BATCH = 5_000
GIVEN = ("Ada", "Björn", "Chloé", "Dmitri", "Esra", "Femi", "Grace", "Hiro", "Inés", "Jürgen")
FAMILY = ("Abel", "Berg", "Costa", "Dürer", "Evans", "Fuchs", "Gruber", "Haas", "Ito", "Jansen")
DEPARTMENTS = ("Accounting", "Engineering", "Legal", "Logistics", "Sales", "Support")


def person(n: int) -> CreateUser:
    """Somebody as HR sends them."""
    given, family = GIVEN[n % 10], f"{FAMILY[n // 10 % 10]}{n // 100}"
    name = f"person{n}@load.example"
    fields = {
        "userName": name,
        "displayName": f"{given} {family}",
        "name.givenName": given,
        "name.familyName": family,
        "title": "Clerk",
        f"{ENTERPRISE_SCHEMA}:employeeNumber": f"E{n}",
        f"{ENTERPRISE_SCHEMA}:department": DEPARTMENTS[n % 6],
        "emails": [
            {"value": name, "type": "work", "primary": True},
            {"value": f"home{n}@mail.example", "type": "home"},
        ],
    }
    return CreateUser(fields, external_id=f"X{n}")


def load(hr: Actor, people: int) -> Iterator[int]:
    """Add people in batches; yields how many are there after each."""
    for first in range(0, people, BATCH):
        last = min(first + BATCH, people)
        apply(*map(person, range(first, last)), by=hr)
        db.session.remove()
        yield last


def size() -> int:
    """Bytes that the database takes, indexes included."""
    with db.engine.connect() as held:
        if db.engine.dialect.name == "postgresql":
            asked = "SELECT pg_database_size(current_database())"
        else:
            asked = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        return int(held.exec_driver_sql(asked).scalar() or 0)


def main() -> None:
    """Load, and print."""
    people = int(sys.argv[1])
    place = Path(mkdtemp(prefix="chamberlain-load-"))
    url = sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{place / 'load.db'}"
    for _app, _url in serving(url, place):
        hr = organization()
        gc.collect()
        gc.freeze()  # as the server does
        empty, begun, tenth = size(), time.perf_counter(), time.perf_counter()
        step = max(people // 10, BATCH)
        for there in load(hr, people):
            if there % step == 0 or there == people:
                took, tenth = time.perf_counter() - tenth, time.perf_counter()
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
                print(f"{there:>9,} people {step / took:7,.0f}/s  peak {peak} MB", flush=True)
        took = time.perf_counter() - begun
        each = (size() - empty) / people / 1024
        print(f"{people:,} in {took:.1f} s: {people / took:,.0f}/s, {each:.1f} KiB per person")
        issued = apply(IssueToken(str(hr.connection_id)), by=system_actor(hr.org_id)).first
        print(f"{url}  organization {hr.org_id}  token {issued.secret}")


if __name__ == "__main__":
    main()
