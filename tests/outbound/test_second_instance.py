"""From one instance of the product to another, over real HTTP, with the worker that ships."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import create_engine, text

from tests.counterparts import fresh_database, postgres
from tests.flows.product import ROOT, Product, environment, running

PATIENCE = 60.0
PEOPLE = 252
FEW = 90

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


class Northwind:
    """The first instance: commands, and a worker of its own that can be killed."""

    def __init__(self, database_url: str, data_dir: Path) -> None:
        self.database_url = database_url
        settings = environment(database_url, data_dir, "http://127.0.0.1:9")
        self.product = Product(
            ("http://127.0.0.1:9",), settings | {"CHAMBERLAIN_OUTGOING_ALLOW": "127.0.0.1"}
        )
        upgrade = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"]
        subprocess.run(upgrade, cwd=ROOT, env=dict(self.product.environment), check=True)
        self.flask = self.product.flask
        self.flask(
            "org", "create", "Northwind", "--domain", "northwind.example",
            "--admin", "alice@northwind.example",
        )  # fmt: skip

    def python(self, program: str) -> None:
        """Changes in its directory, by a program."""
        head = (
            "from idp.app import create_app\nfrom idp.changes import apply\n"
            "from idp.changes.intents import *\nfrom idp.directory import queries\n"
            "from idp.directory.actors import system_actor\n"
            "app = create_app(); app.app_context().push()\n"
            "by = system_actor(queries.organization_by_slug('northwind').id)\n"
            "def user(name): return queries.find_user_by_name(by, name + '@northwind.example').id\n"
        )
        subprocess.run(
            [sys.executable, "-c", head + program],
            cwd=ROOT,
            env=dict(self.product.environment),
            check=True,
            timeout=60,
        )

    def worker(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
        return subprocess.Popen(command, cwd=ROOT, env=dict(self.product.environment))

    def links(self) -> int:
        """How many the first instance believes to have brought."""
        engine = create_engine(self.database_url)
        with engine.connect() as connection:
            count = connection.execute(
                text("SELECT count(*) FROM target_links WHERE remote_id IS NOT NULL")
            ).scalar_one()
        engine.dispose()
        return int(count)

    def expire_leases(self) -> None:
        """As if the minute of a dead worker's lease were over."""
        engine = create_engine(self.database_url)
        with engine.begin() as connection:
            connection.execute(text("UPDATE followers SET due_at = '2026-01-01 00:00:00'"))
        engine.dispose()


class Contoso:
    """The second instance, as its own SCIM door shows it."""

    def __init__(self, origin: str, token: str) -> None:
        self.base_url, self.token = f"{origin}/scim/v2", token

    def all(self, place: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        headers = {"Authorization": f"Bearer {self.token}"}
        while True:
            asked = f"{self.base_url}/{place}?count=100&startIndex={len(found) + 1}"
            listed = httpx2.get(asked, headers=headers, timeout=30).json()
            found += listed.get("Resources") or []
            if len(found) >= listed["totalResults"] or not listed.get("Resources"):
                return found

    def users(self) -> dict[str, dict[str, Any]]:
        return {u["userName"]: u for u in self.all("Users") if u.get("externalId")}


@pytest.fixture(params=["sqlite", "postgresql"])
def northwind(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Northwind]:
    """The first instance on either database."""
    if request.param == "sqlite":
        yield Northwind(f"sqlite:///{tmp_path}/northwind.db", tmp_path / "northwind")
        return
    with fresh_database(postgres()) as url:
        yield Northwind(url, tmp_path / "northwind")


@pytest.fixture
def contoso(tmp_path: Path) -> Iterator[Contoso]:
    """The second instance, served."""
    with running(f"sqlite:///{tmp_path}/contoso.db", tmp_path / "contoso") as product:
        product.flask(
            "org", "create", "Contoso", "--domain", "contoso.example",
            "--admin", "mallory@contoso.example",
        )  # fmt: skip
        made = product.flask("scim", "connect", "contoso", "Northwind")
        yield Contoso(product.origin, made["token"])


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.05)


def attach(northwind: Northwind, contoso: Contoso) -> None:
    northwind.flask(
        "provision", "add", "northwind", "Contoso", "--url", contoso.base_url,
        "--token-stdin", given=contoso.token,
    )  # fmt: skip


def crowd(count: int) -> str:
    """The program that brings so many people."""
    return (
        "made = apply(*(CreateUser({'userName': f'p{n:03}@northwind.example', 'title': 'Cook'})"
        f" for n in range({count})), by=by).results\n"
    )


def brought(northwind: Northwind) -> dict[str, Any]:
    """Work until all is there, in strides that a busy machine takes in the time of a command."""
    while True:
        told = northwind.flask("provision", "run", "northwind", "Contoso", "--wait", "20")
        if told["status"] != "working":
            return told


def test_joiners_movers_leavers_and_a_large_group(northwind: Northwind, contoso: Contoso) -> None:
    northwind.python(
        crowd(PEOPLE) + "apply(CreateGroup({'displayName': 'Kitchen'}, "
        "[one.id for one in made[:250]]), by=by)"
    )
    attach(northwind, contoso)
    told = brought(northwind)
    assert (told["status"], told["people"], told["waiting"]) == ("up to date", PEOPLE + 1, 0)
    users = contoso.users()
    assert len(users) == PEOPLE + 1
    assert len(contoso.all("Groups")[0]["members"]) == 250

    northwind.python(
        "apply(ChangeUser(user('p000'), {'title': 'Chef', 'userName': 'chef@northwind.example'}),"
        " DeleteUser(user('p001')), BlockUser(user('p002')), by=by)\n"
        "kitchen = queries.page_groups(by).items[0].id\n"
        "apply(ChangeGroup(kitchen, {'displayName': 'Galley'}), by=by)"
    )
    brought(northwind)
    after = contoso.users()
    assert after["chef@northwind.example"]["id"] == users["p000@northwind.example"]["id"]
    assert after["chef@northwind.example"]["title"] == "Chef"
    assert after["p001@northwind.example"]["active"] is False
    assert after["p002@northwind.example"]["active"] is False
    group = contoso.all("Groups")[0]
    assert (group["displayName"], len(group["members"])) == ("Galley", 249)


def test_a_worker_killed_in_the_middle_leaves_no_duplicate_and_no_gap(
    northwind: Northwind, contoso: Contoso
) -> None:
    northwind.python(crowd(FEW))
    attach(northwind, contoso)
    first = northwind.worker()
    try:
        until(lambda: northwind.links() >= 25)
        first.send_signal(signal.SIGKILL)
    finally:
        first.kill()
        first.wait()
    assert northwind.links() < FEW + 1
    northwind.expire_leases()
    second = northwind.worker()
    try:
        until(lambda: northwind.links() == FEW + 1)
    finally:
        second.terminate()
        second.wait(30)
    names = [user["userName"] for user in contoso.all("Users") if user.get("externalId")]
    assert (len(names), len(set(names))) == (FEW + 1, FEW + 1)
    assert os.environ.get("CHAMBERLAIN_OUTGOING_ALLOW") is None
