"""PostgreSQL, SAML service providers and a browser, each one call away."""

import contextlib
import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from playwright.sync_api import Browser, sync_playwright

from tests.counterparts import keeper
from tests.counterparts.run import (
    HERE,
    NODE,
    chromium_path,
    free_port,
    locked,
    memory_dir,
    new_dir,
    require,
    run_dir,
)

# ---- PostgreSQL ----------------------------------------------------------------------------------


def postgres() -> str:
    """The SQLAlchemy URL of the run's server; the first caller of the run starts it."""
    require("postgres")
    directory = memory_dir() / "postgres"
    with locked(run_dir() / "postgres.lock"):
        if not directory.exists():
            port = free_port()
            _start("postgres.sh", str(directory), str(port))
            url = f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
            (directory / "url").write_text(url)
        return (directory / "url").read_text()


def durable_postgres() -> str:
    """The URL of a server that loses nothing, on disk: what is measured must not be spared."""
    require("postgres")
    directory = new_dir("durable")
    port = free_port()
    _start("postgres.sh", str(directory), str(port), "--durable")
    return f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"


def postgres_version() -> str:
    """The version of the PostgreSQL that is started here."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    program = str(found[-1]) if found else "postgres"
    shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return shown.stdout.split()[2]


def template_database(url: str, name: str, fill: Callable[[str], None]) -> None:
    """Makes a database once per run; `fill(its url)` builds it and must close what it opens."""
    with locked(run_dir() / f"template-{name}.lock"):
        with _admin(url) as admin:
            known = "SELECT 1 FROM pg_database WHERE datname = %s AND datistemplate"
            if admin.execute(known, [name]).fetchone():
                return
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')  # half made
            admin.execute(f'CREATE DATABASE "{name}"')
        fill(_named(url, name))
        with _admin(url) as admin:
            admin.execute(f'ALTER DATABASE "{name}" IS_TEMPLATE true')


@contextlib.contextmanager
def fresh_database(url: str, template: str = "template1") -> Iterator[str]:
    """The URL of a database that nobody else uses: empty, or a copy of the template."""
    name = f"test_{os.getpid()}_{time.monotonic_ns()}"
    with _admin(url) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
    try:
        yield _named(url, name)
    finally:
        with _admin(url) as admin:
            # By force: a test that failed may have left a connection open.
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _admin(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True)


def _named(url: str, name: str) -> str:
    return url.rsplit("/", 1)[0] + "/" + name


# ---- SAML service providers ----------------------------------------------------------------------


@dataclass(frozen=True)
class Sp:
    """A service provider that runs. Opening `start_url` in a browser begins a sign-in."""

    base_url: str
    entity_id: str
    start_url: str
    acs_url: str
    metadata_file: Path
    directory: Path
    ca_file: Path | None = None

    def logs(self) -> str:
        files = sorted([*self.directory.glob("log/*"), *self.directory.glob("*.log")])
        return "\n".join(f"== {f.name}\n{f.read_text(errors='replace')}" for f in files)


@contextlib.contextmanager
def shibboleth_sp(
    idp_metadata: Path | str,
    idp_entity_id: str | None = None,
    *,
    tls: bool = False,
    sign_requests: bool = False,
) -> Iterator[Sp]:
    """Shibboleth in Apache; its page is JSON: {"attributes": {name: [value]}, "session": {}}."""
    require("shibboleth")
    directory, port = new_dir("shibboleth"), free_port()
    options = ["--idp-metadata", str(idp_metadata)]
    options += ["--idp-entityid", idp_entity_id] if idp_entity_id else []
    options += ["--tls"] * tls + ["--sign-requests"] * sign_requests
    _start("apache-sp.sh", str(directory), str(port), *options)
    base = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    try:
        yield Sp(
            base_url=base,
            entity_id=f"{base}/shibboleth",
            start_url=f"{base}/shib/",
            acs_url=f"{base}/Shibboleth.sso/SAML2/POST",
            metadata_file=directory / "metadata.xml",
            directory=directory,
            ca_file=directory / "tls" / "ca.pem" if tls else None,
        )
    finally:
        keeper.stop(directory)


@contextlib.contextmanager
def node_saml_sp(idp_metadata: Path | str, *, sign_requests: bool = False) -> Iterator[Sp]:
    """node-saml, which wants response and assertion signed. Its /acs shows who arrived, or why not.

    The IdP's metadata is read at each sign-in, so the file may be written later, and changed.
    """
    require("node-saml")
    directory, port = new_dir("node-saml"), free_port()
    _start("tls-ca.sh", str(directory))
    base = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "PORT": str(port),
        "IDP_METADATA": str(idp_metadata),
        "SP_DIR": str(directory),
        "SIGN_REQUESTS": "1" if sign_requests else "",
    }
    # The directory as an argument: the keeper knows by it whose process this is.
    program = ["node", "node-saml-sp.mjs", str(directory)]
    with (directory / "node.log").open("w") as log:
        server = subprocess.Popen(program, cwd=NODE, env=environment, stdout=log, stderr=log)
    (directory / "node.pid").write_text(str(server.pid))
    try:
        metadata = _wait_for(f"{base}/metadata", server, directory / "node.log")
        (directory / "metadata.xml").write_bytes(metadata)
        yield Sp(
            base_url=base,
            entity_id=f"{base}/metadata",
            start_url=f"{base}/login",
            acs_url=f"{base}/acs",
            metadata_file=directory / "metadata.xml",
            directory=directory,
        )
    finally:
        server.terminate()
        server.wait(5)
        (directory / "node.pid").unlink()


# ---- an application that speaks SCIM -------------------------------------------------------------


@dataclass(frozen=True)
class ScimPeer:
    """An application to push people to; it fails as it is asked to."""

    origin: str
    token: str

    @property
    def base_url(self) -> str:
        return f"{self.origin}/scim/v2"

    def state(self) -> dict[str, Any]:
        """{"users": […], "groups": […], "log": [{"method", "url", "status"}]}."""
        held: dict[str, Any] = json.loads(self._ask("GET", "/state"))
        return held

    def fail(self, **how: Any) -> None:
        """Make the next requests fail: status, times, retryAfter, delayMs, path, method, after."""
        self._ask("POST", "/fail", json.dumps(how).encode())

    def ask(self, method: str, path: str, body: Any = None) -> bytes:
        """Speak SCIM with it oneself: to look, or to change something behind the product's back."""
        content = None if body is None else json.dumps(body).encode()
        return self._ask(
            method, f"/scim/v2{path}", content, {"Authorization": f"Bearer {self.token}"}
        )

    def _ask(
        self, method: str, path: str, body: bytes | None = None, more: dict[str, str] | None = None
    ) -> bytes:
        headers = {"Content-Type": "application/json"} | (more or {})
        asked = urllib.request.Request(self.origin + path, body, headers, method=method)  # noqa: S310
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(asked, timeout=20) as answer:
            return bytes(answer.read())


@contextlib.contextmanager
def scim_peer() -> Iterator[ScimPeer]:
    """scimmy, empty, in a process of its own."""
    require("scimmy")
    directory, port = new_dir("scimmy"), free_port()
    environment = {**os.environ, "PORT": str(port), "TOKEN": "peer token"}
    with (directory / "node.log").open("w") as log:
        program = ["node", "scim-peer.mjs", str(directory)]
        server = subprocess.Popen(program, cwd=NODE, env=environment, stdout=log, stderr=log)
    (directory / "node.pid").write_text(str(server.pid))
    try:
        _wait_for(f"http://127.0.0.1:{port}/state", server, directory / "node.log")
        yield ScimPeer(f"http://127.0.0.1:{port}", "peer token")
    finally:
        server.terminate()
        server.wait(5)
        (directory / "node.pid").unlink()


# ---- the browser ---------------------------------------------------------------------------------


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, without a screen, that finds no host but this one."""
    require("chromium")
    flags = [
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--disable-quic",
        "--disable-sync",
        "--no-first-run",
        "--no-proxy-server",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    ]
    if os.getuid() == 0:
        flags.append("--no-sandbox")  # Chromium refuses to run as root with one
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=flags)
        try:
            yield browser
        finally:
            browser.close()


# ---- starting ------------------------------------------------------------------------------------


def _start(script: str, *args: str) -> None:
    """Runs one of the scripts here; its servers stay in the background, with pid files."""
    # Into a file and not a pipe, which the servers would inherit and hold open.
    with (run_dir() / f"{script}.{os.getpid()}.out").open("w+") as out:
        command = [str(HERE / script), *args]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False
        )
        out.seek(0)
        if done.returncode:
            raise RuntimeError(f"{script} could not start:\n{out.read()}")


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with opener.open(url, timeout=5) as answer:
                return bytes(answer.read())
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"no answer at {url}:\n{log.read_text()}")
