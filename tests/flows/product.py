"""The product as its operator runs it: processes, environment, and the command line."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.counterparts import free_port

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 30.0  # seconds for a server to be ready


@dataclass(frozen=True)
class Product:
    """A running installation: the origins of its server processes, and its settings."""

    origins: tuple[str, ...]
    environment: Mapping[str, str]

    @property
    def origin(self) -> str:
        """The public one."""
        return self.origins[0]

    def flask(self, *words: str, given: str = "") -> dict[str, Any]:
        """Run a command with --json and return what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", *words, "--json"],
            cwd=ROOT,
            env=dict(self.environment),
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        said: dict[str, Any] = json.loads(done.stdout)
        return said


def environment(database_url: str, data_dir: Path, public_url: str) -> dict[str, str]:
    """What a server of this installation finds in its environment, and nothing left over."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("CHAMBERLAIN_", "FLASK_"))}
    return kept | {
        "CHAMBERLAIN_DATABASE_URL": database_url,
        "CHAMBERLAIN_DATA_DIR": str(data_dir),
        "CHAMBERLAIN_PUBLIC_URL": public_url,
        "CHAMBERLAIN_DEMO": "true",  # mails go to the mailbox in the portal
        "CHAMBERLAIN_LOG_LEVEL": "warning",
    }


@contextmanager
def running(
    database_url: str, data_dir: Path, processes: int = 1, **settings: str
) -> Iterator[Product]:
    """A migrated installation with so many server processes, each at a port of its own."""
    ports = [free_port() for _ in range(processes)]
    origins = tuple(f"http://127.0.0.1:{port}" for port in ports)
    more = {f"CHAMBERLAIN_{name.upper()}": value for name, value in settings.items()}
    product = Product(origins, {**environment(database_url, data_dir, origins[0]), **more})
    upgrade = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"]
    subprocess.run(upgrade, cwd=ROOT, env=dict(product.environment), check=True, timeout=60)
    with ExitStack() as stack:
        for port in ports:
            stack.enter_context(_server(product, port))
        for origin in origins:
            _wait_for(origin)
        yield product


@contextmanager
def _server(product: Product, port: int) -> Iterator[None]:
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", "1", "--blocking-threads", "4", "wsgi:app"]
    process = subprocess.Popen(command, cwd=ROOT, env=dict(product.environment))
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(origin: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            assert httpx2.get(f"{origin}/health/ready", timeout=5).status_code == 200
            return
        except (httpx2.TransportError, AssertionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
