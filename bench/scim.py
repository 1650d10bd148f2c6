"""SCIM over HTTP: our server on both databases beside its peers, in one run.

    python -m bench.scim                    the table: peers, ours, ratios, aims
    python -m bench.scim growth [PEOPLE]    how cost grows on PostgreSQL (see bench.growth)

Every server holds the same people and the same group, and is asked in turns, so that noise hits
all alike; a figure is the median of the rounds. Ours is durable and audited, with one worker
process; the peers keep everything in memory.
"""

import itertools
import os
import platform
import random
import sqlite3
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

from bench import growth
from bench.servers import (
    SCIM2,
    Server,
    bulk,
    fill_over_http,
    ours,
    person,
    scim2,
    scim2_on_granian,
    scimmy,
)
from bench.wire import Ask, ceiling, rate
from tests.counterparts import postgres_version

PEOPLE = 10_000
MEMBERS = 2_000
PAGE = 100
IN_BULK = 1_000
ROUNDS = 3
SECONDS = 2.0  # of asking in each round
FILLING = 180.0  # seconds after which a peer is measured with what it holds by then
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_numbers = itertools.count(1_000_000)  # of people who are created while measuring
_places = itertools.count(1)


@dataclass(frozen=True)
class Row:
    """One kind of request: how it is made, how much better than the peers it has to be."""

    name: str
    aim: int
    asking: Callable[[Server], Ask]
    connections: tuple[int, ...] = (1, 4)


def _anybody(server: Server) -> Callable[[], int]:
    chance = random.Random(7)  # noqa: S311  the same people in each run
    return lambda: chance.randrange(len(server.ids))


def _one(server: Server) -> Ask:
    who = _anybody(server)
    return lambda: server.address.request("GET", f"/Users/{server.ids[who()]}")


def _named(server: Server) -> Ask:
    who = _anybody(server)

    def ask() -> bytes:
        wanted = quote(f'userName eq "person{who()}@bench.example"')
        return server.address.request("GET", f"/Users?filter={wanted}")

    return ask


def _page(server: Server) -> Ask:
    chance = random.Random(7)  # noqa: S311  the same people in each run
    last = len(server.ids) - PAGE

    def ask() -> bytes:
        start = chance.randint(1, last)
        return server.address.request("GET", f"/Users?startIndex={start}&count={PAGE}")

    return ask


def _member(server: Server) -> Ask:
    """Add somebody to the group, then remove them; each connection has its own person.

    Ours is told not to answer with all members, which scim2-server does not do anyway. scimmy is
    not: told so, it forgets the members themselves.
    """
    query = "?excludedAttributes=members" if server.name.startswith("ours") else ""
    who = server.ids[MEMBERS + next(_places) % (len(server.ids) - MEMBERS)]
    add = {"op": "add", "path": "members", "value": [{"value": who}]}
    remove = {"op": "remove", "path": f'members[value eq "{who}"]'}
    steps = itertools.cycle((add, remove))

    def ask() -> bytes:
        body = {"schemas": [PATCH], "Operations": [next(steps)]}
        return server.address.request("PATCH", f"/Groups/{server.group}{query}", body)

    return ask


def _creation(server: Server) -> Ask:
    return lambda: server.address.request("POST", "/Users", person(next(_numbers)))


def _bulk(server: Server) -> Ask:
    def ask() -> bytes:
        first = next(itertools.islice(_numbers, IN_BULK - 1, None)) - IN_BULK + 1
        return server.address.request("POST", "/Bulk", bulk(range(first, first + IN_BULK)))

    return ask


# Those that make people come last, so that everything else is asked of the same population.
ROWS = (
    Row("GET one user", 3, _one),
    Row("userName eq", 10, _named),
    Row(f"page of {PAGE}", 50, _page),
    Row(f"add or remove a member of {MEMBERS:,}", 50, _member),
    Row("POST user", 2, _creation),
    Row(f"Bulk, {IN_BULK:,} users", 10, _bulk, (1,)),
)
Figure = float | None  # answers a second; None where the server refuses to


def measured(row: Row, server: Server, connections: int) -> Figure:
    """How many a second, in one round."""
    try:
        return rate(server.address, [row.asking(server) for _ in range(connections)], SECONDS)
    except RuntimeError as refused:
        print(f"  ({server.name}, {row.name}: {str(refused)[:200]})", file=sys.stderr)
        return None


def compared(servers: list[Server]) -> Iterator[tuple[Row, int, list[Figure]]]:
    """(row, connections, a figure for each server)."""
    for row in ROWS:
        for connections in row.connections:
            rounds: list[list[Figure]] = [
                [measured(row, server, connections) for server in servers] for _ in range(ROUNDS)
            ]
            yield row, connections, [_median(of_one) for of_one in zip(*rounds, strict=True)]


def _median(figures: tuple[Figure, ...]) -> Figure:
    answered = [figure for figure in figures if figure is not None]
    return statistics.median(answered) if len(answered) == len(figures) else None


# --- what is printed ----------------------------------------------------------------------------


def machine() -> str:
    """What this ran on."""
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores ({platform.machine()}), {platform.system()}, load {load:.1f}"


def versions() -> str:
    """What was measured, exactly."""
    commit = ["git", "describe", "--always", "--dirty"]
    here = subprocess.run(commit, capture_output=True, text=True, check=False).stdout.strip()
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    parts = {
        "Chamberlain": here,
        "Python": platform.python_version(),
        "granian": version("granian"),
        "SQLAlchemy": version("sqlalchemy"),
        "SQLite": sqlite3.sqlite_version,
        "PostgreSQL": postgres_version(),
        "scim2-server": SCIM2,
        "scimmy": "1.3.5",
        "node": node.strip(),
    }
    return ", ".join(f"{name} {what}" for name, what in parts.items())


def told(servers: list[Server]) -> None:
    """Print the table as it comes."""
    print(f"machine   {machine()}")
    print(f"versions  {versions()}")
    holding = ", ".join(f"{server.name} {len(server.ids):,}" for server in servers)
    print(f"people    {holding}; a group of {MEMBERS:,}")
    print(f"client    {ceiling():,.0f} requests/s of a server that does nothing\n")
    names = "".join(f"{server.name:>18}" for server in servers)
    print(f"{'requests a second':32}{'conn.':>6}{names}{'ratio':>16}{'aim':>7}")
    for row, connections, figures in compared(servers):
        shown = "".join(f"{_shown(figure):>18}" for figure in figures)
        print(
            f"{row.name:32}{connections:>6}{shown}{_ratios(figures):>16}{row.aim:>6}x", flush=True
        )
    print(
        "\nratio: ours on SQLite and on PostgreSQL, against the better of scim2-server and scimmy"
    )
    print("scim2-server's own demo ends each connection; the last column is its application alone")
    for server in servers:
        print(f"memory    {server.name:18} {server.resident_mb:6.0f} MB")


def _shown(figure: Figure) -> str:
    if figure is None:
        return "refused"
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.2f}"


def _ratios(figures: list[Figure]) -> str:
    *mine, one, other, _same = figures
    best = max(one or 0, other or 0)
    ratios = (f"{figure / best:.1f}" if figure and best else "-" for figure in mine)
    return " / ".join(ratios)


def table() -> None:
    """Start every server, fill it, and compare."""
    with ExitStack() as running:
        servers = [
            running.enter_context(ours(kind, PEOPLE, MEMBERS)) for kind in ("sqlite", "postgresql")
        ]
        for peer in (scim2, scimmy, scim2_on_granian):
            server = running.enter_context(peer())
            fill_over_http(server, PEOPLE, MEMBERS, FILLING)
            servers.append(server)
        told(servers)


def main(*given: Any) -> None:
    """The table, or growth."""
    if given[:1] == ("growth",):
        growth.main(*given[1:])
    else:
        table()


if __name__ == "__main__":
    main(*sys.argv[1:])
