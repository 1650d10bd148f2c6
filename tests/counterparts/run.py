"""One directory per test run, shared by the workers of pytest-xdist, and what can start in it."""

import atexit
import contextlib
import fcntl
import functools
import os
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.counterparts import keeper

HERE = Path(__file__).parent
NODE = HERE / "node"


@functools.cache
def run_dir() -> Path:
    """The directory of this run, gone with all its servers when the run's last process goes."""
    name = os.environ.get("PYTEST_XDIST_TESTRUNUID") or secrets.token_hex(8)
    # Not the user's own temporary folder: service accounts must be able to enter it, and the path
    # of a PostgreSQL socket may have 100 characters at most.
    run = Path("/tmp") / f"chamberlain-test-{name[:12]}"
    users = _join(run)
    atexit.register(_leave, run, users, os.getpid())
    with locked(run / "keeper.lock"):
        if not (run / "keeper").exists():
            program = [sys.executable, str(HERE / "keeper.py"), str(run)]
            subprocess.run(program, check=True, stdin=subprocess.DEVNULL, cwd="/")
            (run / "keeper").touch()
    return run


def _join(run: Path) -> int:
    while True:
        run.mkdir(mode=0o755, exist_ok=True)
        if run.stat().st_uid != os.getuid():
            raise PermissionError(f"{run} belongs to someone else")
        users = os.open(run / keeper.USERS, os.O_RDWR | os.O_CREAT, 0o644)
        fcntl.flock(users, fcntl.LOCK_SH)
        with contextlib.suppress(FileNotFoundError):
            if os.fstat(users).st_ino == (run / keeper.USERS).stat().st_ino:
                run.chmod(0o755)  # whatever the umask said
                return users
        os.close(users)  # the last one of an earlier time swept it from under us


def _leave(run: Path, users: int, owner: int) -> None:
    if os.getpid() == owner:  # not a forked child of it
        os.close(users)
        keeper.sweep_if_last(run)


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """One process of the run at a time."""
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def new_dir(kind: str) -> Path:
    directory = run_dir() / f"{kind}-{secrets.token_hex(4)}"
    directory.mkdir(mode=0o755)
    return directory


def memory_dir() -> Path:
    """Like `run_dir`, in memory where there is room: a database is copied ten times as fast."""
    if not keeper.MEMORY.is_dir() or shutil.disk_usage(keeper.MEMORY).free < 1 << 30:
        return run_dir()
    directory = keeper.MEMORY / run_dir().name
    directory.mkdir(mode=0o755, exist_ok=True)
    directory.chmod(0o755)
    return directory


_given: set[int] = set()


def free_port() -> int:
    """A port on loopback that nobody listens on, never the same twice in a process."""
    while True:
        # Below the range from which the system serves outgoing connections, so that none takes it
        # before the server does.
        port = 20000 + secrets.randbelow(12000)
        if port in _given:
            continue
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            _given.add(port)
            return port


def chromium_path() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    mac = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
    asked = os.environ.get("CHROMIUM")
    return asked or next(filter(None, map(shutil.which, names)), None) or shutil.which(mac)


def _postgres() -> bool:
    return bool(shutil.which("initdb") or list(Path("/usr/lib/postgresql").glob("*/bin/initdb")))


def _shibboleth() -> bool:
    modules = Path("/usr/lib/apache2/modules")
    sbin = os.environ.get("PATH", "") + ":/usr/sbin"
    programs = shutil.which("shibd", path=sbin) and shutil.which("apache2", path=sbin)
    return bool(programs) and (modules / "mod_shib.so").exists()


def _node_saml() -> bool:
    return bool(shutil.which("node")) and (NODE / "node_modules/@node-saml").exists()


def _scimmy() -> bool:
    return bool(shutil.which("node")) and (NODE / "node_modules/scimmy-routers").exists()


_PARTS: dict[str, Callable[[], object]] = {
    "postgres": _postgres,
    "shibboleth": _shibboleth,
    "node-saml": _node_saml,
    "scimmy": _scimmy,
    "chromium": chromium_path,
    "xmlsec1": lambda: shutil.which("xmlsec1"),
}


def require(*parts: str) -> None:
    """Skips the test that needs a part which is not here; fails it where nothing may be missing."""
    missing = [part for part in parts if not _PARTS[part]()]
    if not missing:
        return
    reason = f"not installed: {', '.join(missing)} (tests/counterparts/install.sh installs it)"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
