"""The demo as somebody runs it who has just cloned: a process, a port, and what it prints."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from flask import Flask

from idp import demo
from idp.changes import audit
from idp.directory import queries
from idp.directory.actors import system_actor
from idp.directory.errors import Conflict
from idp.mail import mailbox
from tests.cast import Cast
from tests.counterparts import free_port
from tests.flows.product import ROOT

PROMISED = {
    "portal_url",
    "admin",
    "password",
    "scim_base_url",
    "scim_token",
    "saml_metadata_url",
}
PATIENCE = 120.0  # this machine may be busy


@dataclass
class Running:
    """A demo that serves, and what it printed."""

    process: subprocess.Popen[str]
    printed: dict[str, Any]

    def get(self, url: str, **headers: str) -> tuple[int, str]:
        """Status and body of a page; redirects are followed."""
        answer = httpx2.get(url, headers=headers, timeout=20, follow_redirects=True)
        return answer.status_code, answer.text

    def end(self, how: int) -> int:
        """End it, and return its exit status."""
        self.process.send_signal(how)
        return self.process.wait(15)


def start(data_dir: Path, port: int, *words: str, **more: str) -> subprocess.Popen[str]:
    """`flask demo` with an environment in which others have left things."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith("CHAMBERLAIN_")}
    leftovers = {
        "CHAMBERLAIN_DATA_DIR": str(data_dir),
        "DATABASE_URL": "postgresql://elsewhere.invalid/other",
        "FLASK_DEBUG": "0",
        "PORT": "1",
        "GRANIAN_WORKERS": "7",
        "GRANIAN_INTERFACE": "asgi",
        "SECRET_KEY": "somebody else's",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "demo", "--port", str(port), *words],
        cwd=ROOT,
        env=kept | leftovers | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def running(data_dir: Path, port: int, **more: str) -> Iterator[Running]:
    """A demo that is ready."""
    process = start(data_dir, port, "--json", **more)
    try:
        assert process.stdout is not None
        printed = json.loads(process.stdout.read())  # ends when the server takes over
        wait_for(f"http://127.0.0.1:{port}/health/ready", process)
        yield Running(process, printed)
    finally:
        process.kill()  # its worker notices, and ends too
        process.communicate(timeout=15)


def wait_for(url: str, process: subprocess.Popen[str]) -> None:
    """Until the address answers well."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx2.get(url, timeout=5).status_code == 200:
                return
        except httpx2.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"nobody answers at {url}")


def is_free(port: int) -> bool:
    """Whether nobody serves there any more."""
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_demo_serves_what_it_prints_and_keeps_it(tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path / "data", port) as first:
        assert first.printed.keys() >= PROMISED
        assert first.printed["portal_url"] == f"http://127.0.0.1:{port}"
        bearer = f"Bearer {first.printed['scim_token']}"
        users = f"{first.printed['scim_base_url']}/Users?count=1"
        assert json.loads(first.get(users, Authorization=bearer)[1])["totalResults"] > 100
        assert "EntityDescriptor" in first.get(first.printed["saml_metadata_url"])[1]
        assert first.get(first.printed["portal_url"])[0] == 200
        assert first.end(signal.SIGTERM) == 0
        assert is_free(port)
    with running(tmp_path / "data", port) as again:
        assert again.printed == first.printed
        assert json.loads(again.get(users, Authorization=bearer)[1])["totalResults"] > 100
        assert again.end(signal.SIGINT) == 0
        assert is_free(port)


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("how", [signal.SIGHUP, signal.SIGKILL])
def test_no_server_is_left_behind(tmp_path: Path, how: signal.Signals) -> None:
    port = free_port()
    with running(tmp_path, port) as shown:
        shown.end(how)
        deadline = time.monotonic() + 10
        while not is_free(port) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert is_free(port)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_settings_that_somebody_made_stay(tmp_path: Path) -> None:
    public = "http://demo.localhost:9"
    with running(tmp_path, free_port(), CHAMBERLAIN_PUBLIC_URL=public) as shown:
        assert shown.printed["portal_url"] == public


def test_a_taken_port_is_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        process = start(tmp_path / "data", port)
        out, err = process.communicate(timeout=PATIENCE)

    assert (process.returncode, out) == (1, "")
    assert err.startswith(f"Error: Port {port} is in use.")
    assert not (tmp_path / "data" / "chamberlain.db").exists()


@pytest.fixture
def shown(app: Flask) -> demo.Demo:
    """The demo's data, on either database."""
    settings = app.config["CHAMBERLAIN"].model_copy(update={"demo": True})
    app.config["CHAMBERLAIN"] = settings
    return demo.prepare(settings)


def test_people_belong_to_hr_and_groups_are_nested(shown: demo.Demo) -> None:
    org = queries.organization_by_slug(shown.org)
    assert org is not None
    by = system_actor(org.id)
    (hr,) = queries.list_connections(by, "scim")
    people = queries.page_people(by, limit=500).items
    assert sum(who.source_id == hr.id for who in people) == demo.PEOPLE
    assert queries.count_groups(by) == demo.GROUPS
    everybody = next(g for g in queries.page_groups(by).items if g.display_name == "All staff")
    assert everybody.member_count == demo.PEOPLE
    boss = next(who for who in people if who.title == "Chief Executive Officer")
    assert len(queries.reports_of(by, boss.id)) >= 10


def test_an_unused_invitation_lies_in_the_mailbox(shown: demo.Demo) -> None:
    org = queries.organization_by_slug(shown.org)
    assert org is not None
    found = mailbox(system_actor(org.id))
    (message,) = [one for one in found if one["recipient"] == shown.invited]
    token = message["body"].split("/invite/")[1].split()[0]
    link = queries.link_by_token(token)
    assert link is not None
    assert link.user_name == shown.invited


def test_a_second_preparation_changes_nothing(app: Flask, shown: demo.Demo) -> None:
    org = queries.organization_by_slug(shown.org)
    assert org is not None
    by = system_actor(org.id)
    before = audit.page(by)[0][0].seq

    assert demo.prepare(app.config["CHAMBERLAIN"]) == shown
    assert audit.page(by)[0][0].seq == before


def test_a_start_that_was_cut_short_is_carried_on(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = app.config["CHAMBERLAIN"].model_copy(update={"demo": True})

    def power_cut(*_given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(demo, "_arrive", power_cut)
        with pytest.raises(KeyboardInterrupt):
            demo.prepare(settings)
    shown = demo.prepare(settings)

    found = queries.organization_by_slug(shown.org)
    assert found is not None
    assert queries.count_groups(system_actor(found.id)) == demo.GROUPS
    assert queries.caller_by_token(shown.scim_token) is not None
    assert queries.organization_by_slug(shown.second_org) is not None


def test_what_is_kept_is_for_its_owner_alone(app: Flask, shown: demo.Demo) -> None:
    kept = app.config["CHAMBERLAIN"].data_dir / demo.KEPT

    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_revoked_token_is_replaced(app: Flask, shown: demo.Demo) -> None:
    old = shown.scim_token
    run = app.test_cli_runner()
    rows = json.loads(run.invoke(args=["scim", "tokens", shown.org, "--json"]).stdout)["tokens"]
    run.invoke(args=["scim", "revoke", shown.org, rows[0]["id"]])

    again = demo.prepare(app.config["CHAMBERLAIN"])
    assert again.scim_token != old
    assert queries.caller_by_token(again.scim_token) is not None


def test_the_demo_stays_out_of_a_database_that_is_somebody_s(app: Flask, people: Cast) -> None:
    with pytest.raises(Conflict, match="not_the_demo"):
        demo.prepare(app.config["CHAMBERLAIN"])
    assert len(queries.organization_ids()) == 2
