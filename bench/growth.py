"""How the cost of SCIM requests grows with the number of people, on PostgreSQL.

    python -m bench.scim growth [PEOPLE]

The same requests with 1,000 people and with PEOPLE (1,000,000 unless told): one person, a search
by user name, a page by cursor anywhere in the list (RFC 9865); and in the larger one, adding a
member to a group of 10 and to one of 100,000. Each may cost 1.3 times as much. Then everybody is
read, page by page, while the server's memory is watched.
"""

import random
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from bench.servers import Server, ours
from bench.wire import Ask, Wire, rate
from idp.directory.attributes import GROUP_SCHEMA

FEW = 1_000
MANY = 1_000_000
SMALL_GROUP, LARGE_GROUP = 10, 100_000
PAGE = 100
AIM = 1.3
ROUNDS = 5
SECONDS = 2.0
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def walk(server: Server, cursors: list[str]) -> Iterator[int]:
    """Read everybody, page by page; keeps the cursors and yields how many were read so far."""
    wire = Wire(server.address)
    cursor: str | None = ""
    read = 0
    while cursor is not None:
        page = wire.json("GET", f"/Users?count={PAGE}&cursor={quote(cursor)}")
        read += len(page["Resources"])
        cursor = page.get("nextCursor")
        if cursor is not None:
            cursors.append(cursor)
        yield read
    wire.close()


def watched(server: Server) -> list[str]:
    """Walk over everybody and print how long that took, and in how much memory; the cursors."""
    cursors: list[str] = []
    before, peak, read = server.resident_mb, 0.0, 0
    begun = time.perf_counter()
    for n, count in enumerate(walk(server, cursors)):
        read = count
        if n % 100 == 0:
            peak = max(peak, server.resident_mb)
    took = time.perf_counter() - begun
    assert read == len(server.ids), (read, len(server.ids))
    after = server.resident_mb
    print(
        f"  a walk over {read:,}: {took:.0f} s, {read / took:,.0f} people/s; the server's memory "
        f"{before:.0f} MB before, {max(peak, after):.0f} at most, {after:.0f} after"
    )
    return cursors


def reading(server: Server, cursors: list[str]) -> dict[str, Ask]:
    """The requests that read."""
    chance = random.Random(7)  # noqa: S311  the same people in each run
    address = server.address

    def anybody() -> int:
        return chance.randrange(len(server.ids))

    def named() -> bytes:
        wanted = quote(f'userName eq "person{anybody()}@bench.example"')
        return address.request("GET", f"/Users?filter={wanted}")

    def page() -> bytes:
        return address.request("GET", f"/Users?count={PAGE}&cursor={quote(chance.choice(cursors))}")

    return {
        "GET one user": lambda: address.request("GET", f"/Users/{server.ids[anybody()]}"),
        "userName eq": named,
        f"page of {PAGE} by cursor": page,
    }


def joining(server: Server, group: str, outside: Iterator[str]) -> Ask:
    """Add one more member to a group."""

    def ask() -> bytes:
        operation = {"op": "add", "path": "members", "value": [{"value": next(outside)}]}
        body: dict[str, Any] = {"schemas": [PATCH], "Operations": [operation]}
        return server.address.request("PATCH", f"/Groups/{group}?excludedAttributes=members", body)

    return ask


def milliseconds(
    server: Server, asks: dict[str, Ask], seconds: float = SECONDS
) -> dict[str, float]:
    """The time of each request: the median of the rounds, in which they take turns."""
    times: dict[str, list[float]] = {name: [] for name in asks}
    for _ in range(ROUNDS):
        for name, ask in asks.items():
            times[name].append(1000 / rate(server.address, [ask], seconds))
    return {name: statistics.median(taken) for name, taken in times.items()}


def read_times(people: int, more: Callable[[Server], None]) -> dict[str, float]:
    """Fill a database, read from it, and do what else is wanted with it."""
    begun = time.perf_counter()
    with ours("postgresql", people, min(LARGE_GROUP, people // 2)) as server:
        print(f"{people:,} people, filled in {time.perf_counter() - begun:.0f} s", flush=True)
        found = milliseconds(server, reading(server, watched(server)))
        more(server)
        return found


def compare_groups(server: Server) -> None:
    """Adding a member to a small and to a large group."""
    large = min(LARGE_GROUP, len(server.ids) // 2)
    members = [{"value": one} for one in server.ids[:SMALL_GROUP]]
    body = {"schemas": [GROUP_SCHEMA], "displayName": "Ten", "members": members}
    small = Wire(server.address).json("POST", "/Groups", body)["id"]
    outside = iter(server.ids[large:])
    # Briefly, so that the small group stays small.
    asks = {
        f"a group of {SMALL_GROUP}": joining(server, small, outside),
        f"a group of {large:,}": joining(server, server.group, outside),
    }
    times = milliseconds(server, asks, 0.3)
    few, many = times.values()
    print(f"adding a member to {' and to '.join(asks)} (aim: at most {AIM} x)")
    print(f"  {'':22}{few:9.2f} ms {many:9.2f} ms {many / few:6.2f} x", flush=True)


def main(*given: str) -> None:
    """Measure and print."""
    people = int(given[0]) if given else MANY
    small = read_times(FEW, lambda _server: None)
    large = read_times(people, compare_groups)
    print(f"reading among {FEW:,} and among {people:,} people (aim: at most {AIM} x)")
    for name, few in small.items():
        print(f"  {name:22}{few:9.2f} ms {large[name]:9.2f} ms {large[name] / few:6.2f} x")
