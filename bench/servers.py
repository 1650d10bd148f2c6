"""The SCIM servers that are measured side by side, each a process of its own on loopback.

Ours keeps everything: PostgreSQL and SQLite as in production, audit on, one worker process. The
peers hold everything in memory. What they need is installed once, into a cache of its own.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import text

from bench.ground import database, organization
from bench.wire import Address, Wire
from idp.changes import apply
from idp.changes.intents import AddMember, CreateGroup, CreateUser, IssueToken
from idp.clock import new_id
from idp.directory.actors import Actor, system_actor
from idp.directory.attributes import ENTERPRISE_SCHEMA, GROUP_SCHEMA, USER_SCHEMA, flatten
from idp.extensions import db
from tests.counterparts import free_port

PEERS = Path(__file__).parent / "peers"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "chamberlain-bench"
SCIM2 = "0.8.3"
TOKEN = "only for measurements"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
BATCH = 5_000  # people in one of our own batches
TOGETHER = 100  # people in one Bulk request, when a peer is filled


@dataclass
class Server:
    """A server that runs, and what it holds."""

    name: str
    address: Address
    process: "subprocess.Popen[bytes]"
    ids: list[str] = field(default_factory=list)  # of the people, in the order of their numbers
    group: str = ""

    @property
    def resident_mb(self) -> float:
        """The memory of the server and its worker process now, in MB."""
        return sum(map(_resident, [self.process.pid, *_children(self.process.pid)]))


def person(n: int) -> dict[str, Any]:
    """Somebody as an HR system sends them."""
    name = f"person{n}@bench.example"
    return {
        "schemas": [USER_SCHEMA, ENTERPRISE_SCHEMA],
        "userName": name,
        "externalId": f"E{n}",
        "name": {"givenName": "Person", "familyName": f"Number {n}"},
        "displayName": f"Person Number {n}",
        "title": "Clerk",
        "active": True,
        "emails": [
            {"value": name, "type": "work", "primary": True},
            {"value": f"home{n}@mail.example", "type": "home"},
        ],
        "phoneNumbers": [{"value": f"+1 555 {n:07}", "type": "work"}],
        ENTERPRISE_SCHEMA: {"employeeNumber": f"{n}", "department": f"Department {n % 100}"},
    }


# --- ours ---------------------------------------------------------------------------------------


@contextmanager
def ours(kind: str, people: int, members: int) -> Iterator[Server]:
    """Chamberlain on a database of this kind that holds so many people, and a group."""
    with database(kind, durable=True) as (app, url):
        hr = organization()
        token = apply(IssueToken(hr.id), by=system_actor(hr.org_id)).first.secret or ""
        ids, group = fill(hr, people, members)
        settle()
        settings = app.config["CHAMBERLAIN"]
        environment = {
            "CHAMBERLAIN_DATABASE_URL": url,
            "CHAMBERLAIN_DATA_DIR": str(settings.data_dir),
            "CHAMBERLAIN_SECRET_KEY": settings.secret_key.get_secret_value(),
            "CHAMBERLAIN_MASTER_KEY": settings.master_key.get_secret_value(),
            "CHAMBERLAIN_LOG_LEVEL": "warning",  # as the demo has it
        }
        with serving(f"ours, {kind}", token, environment) as server:
            server.ids, server.group = ids, group
            yield server


def fill(hr: Actor, people: int, members: int) -> tuple[list[str], str]:
    """(ids of people, a group of the first of them), through the write path."""
    group = apply(CreateGroup({"displayName": "Everybody"}), by=hr).first.id
    ids: list[str] = []
    for first in range(0, people, BATCH):
        numbers = range(first, min(first + BATCH, people))
        changes = [_creation(n) for n in numbers]
        ids += [change.id or "" for change in changes]
        joining = [AddMember(group, one) for one in ids[first:members]]
        apply(*changes, *joining, by=hr)
    return ids, group


def _creation(n: int) -> CreateUser:
    record = person(n)
    del record["schemas"]
    external_id = record.pop("externalId")
    return CreateUser(flatten(record), external_id=external_id, id=new_id())


def settle() -> None:
    """Tell PostgreSQL what the tables hold, as autovacuum does within a minute."""
    db.session.remove()
    if db.engine.dialect.name == "postgresql":
        alone = db.engine.execution_options(isolation_level="AUTOCOMMIT")
        with alone.connect() as connection:
            connection.execute(text("VACUUM ANALYZE"))
    db.engine.dispose()


@contextmanager
def serving(name: str, token: str, environment: dict[str, str]) -> Iterator[Server]:
    """Our server, with settings from this environment."""
    port = free_port()
    public = {"CHAMBERLAIN_PUBLIC_URL": f"http://127.0.0.1:{port}"}
    command = [sys.executable, "-m", "idp.demo_server", str(port)]
    with _running(command, os.environ | environment | public) as process:
        server = Server(name, Address(port, "/scim/v2", token), process)
        _wait(server)
        yield server


# --- the peers ----------------------------------------------------------------------------------


@contextmanager
def scim2() -> Iterator[Server]:
    """scim2-server's demo as it comes, empty. It ends each connection after one request."""
    port = free_port()
    program = [str(_scim2_python().with_name("scim2-server"))]
    command = [*program, "--port", str(port), "--bearer-token", TOKEN]
    with _running(command, dict(os.environ)) as process:
        server = Server("scim2-server", Address(port, "/v2", TOKEN), process)
        _wait(server)
        yield server


@contextmanager
def scim2_on_granian() -> Iterator[Server]:
    """The same application behind the HTTP server that ours has, empty."""
    port = free_port()
    command = [str(_scim2_python()), str(PEERS / "scim2_demo.py"), str(port), TOKEN]
    with _running(command, dict(os.environ)) as process:
        server = Server("same on granian", Address(port, "/v2", TOKEN), process)
        _wait(server)
        yield server


def _scim2_python() -> Path:
    """The Python in which scim2-server is installed; made at the first call."""
    place = CACHE / f"scim2-server-{SCIM2}"
    python = place / "bin" / "python"
    if not (place / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
        wanted = [f"scim2-server=={SCIM2}", f"granian=={version('granian')}"]
        install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*install, *wanted], check=True)
        (place / "ready").touch()
    return python


@contextmanager
def scimmy() -> Iterator[Server]:
    """A server on scimmy, empty."""
    place = CACHE / "scimmy"
    place.mkdir(parents=True, exist_ok=True)
    wanted = (PEERS / "package.json").read_text()
    if not (place / "ready").exists() or (place / "ready").read_text() != wanted:
        shutil.copy(PEERS / "package.json", place)
        install = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
        subprocess.run(install, check=True, cwd=place)
        (place / "ready").write_text(wanted)
    shutil.copy(PEERS / "scimmy_demo.mjs", place)
    port = free_port()
    environment = os.environ | {"PORT": str(port), "TOKEN": TOKEN, "NODE_ENV": "production"}
    with _running(["node", str(place / "scimmy_demo.mjs")], environment) as process:
        server = Server("scimmy", Address(port, "/scim/v2", TOKEN), process)
        _wait(server)
        yield server


def fill_over_http(server: Server, people: int, members: int, seconds: float) -> None:
    """Fill a peer by Bulk with as many people as it takes in so many seconds."""
    wire = Wire(server.address)
    begun = time.perf_counter()
    while len(server.ids) < people and time.perf_counter() - begun < seconds:
        first = len(server.ids)
        asked = bulk(range(first, min(first + TOGETHER, people)))
        for done in wire.json("POST", "/Bulk", asked)["Operations"]:
            assert str(done["status"]) == "201", done
            server.ids.append(done["location"].rpartition("/")[2])
    belong = [{"value": one} for one in server.ids[:members]]
    group = {"schemas": [GROUP_SCHEMA], "displayName": "Everybody", "members": belong}
    server.group = wire.json("POST", "/Groups", group)["id"]
    wire.close()


def bulk(numbers: range) -> dict[str, Any]:
    """A Bulk request that creates these people."""
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": f"b{n}", "data": person(n)} for n in numbers
    ]
    return {"schemas": [BULK], "Operations": operations}


# --- processes ----------------------------------------------------------------------------------


@contextmanager
def _running(
    command: list[str], environment: dict[str, str]
) -> Iterator["subprocess.Popen[bytes]"]:
    quiet = subprocess.DEVNULL
    log = tempfile.TemporaryFile()  # noqa: SIM115  closed below
    process = subprocess.Popen(command, env=environment, stdin=quiet, stdout=quiet, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def _wait(server: Server) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            Wire(server.address).json("GET", "/ServiceProviderConfig")
            return
        except (OSError, RuntimeError):
            time.sleep(0.1)
    raise RuntimeError(f"{server.name} does not answer")


def _children(pid: int) -> list[int]:
    shown = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(line) for line in shown.stdout.split()]


def _resident(pid: int) -> float:
    shown = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return int(shown.stdout or 0) / 1024
