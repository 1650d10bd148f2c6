"""Stops what a test run started, when the last process of the run is gone.

Run as a program it waits for that, out of reach of the signals that end the run. Uses the standard
library alone: it is started by path, outside the package.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

MEMORY = Path("/dev/shm")  # Linux's file system in memory
USERS = "users.lock"  # each process of the run holds this shared; who gets it alone is the last


def stop(directory: Path) -> None:
    """Ends the servers whose pid files lie in the directory."""
    found = [_server(file, directory) for file in directory.glob("*.pid")]
    running = [server for server in found if server]
    for pid, name in running:
        # PostgreSQL takes INT for "do not wait for the clients", TERM for "wait".
        _kill(pid, signal.SIGINT if name == "postgres" else signal.SIGTERM)
    deadline = time.monotonic() + 5
    while running and time.monotonic() < deadline:
        running = [(pid, name) for pid, name in running if _kill(pid, 0)]
        time.sleep(0.02)
    for pid, _ in running:
        _kill(pid, signal.SIGKILL)
    for file in directory.glob("*.pid"):
        file.unlink(missing_ok=True)


def sweep(run: Path) -> None:
    """Ends every server of the run and removes its directory."""
    in_memory = MEMORY / run.name
    for directory in [*run.glob("*/"), *in_memory.glob("*/")]:
        stop(directory)
    shutil.rmtree(in_memory, ignore_errors=True)
    shutil.rmtree(run, ignore_errors=True)


def sweep_if_last(run: Path, how: int = fcntl.LOCK_NB) -> None:
    try:
        with (run / USERS).open() as users:
            fcntl.flock(users, fcntl.LOCK_EX | how)
            # A new run of the same name has another file there, which is not ours to sweep.
            if os.fstat(users.fileno()).st_ino == (run / USERS).stat().st_ino:
                sweep(run)
    except (BlockingIOError, FileNotFoundError):
        return


def _server(file: Path, directory: Path) -> tuple[int, str] | None:
    """The process that the file names, if it still is the one started in this directory."""
    try:
        pid = int(file.read_text())
    except ValueError:
        return None
    shown = subprocess.run(
        ["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return (pid, file.stem) if str(directory) in shown.stdout else None


def _kill(pid: int, number: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # else a child of ours that has ended still counts as running
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    if os.fork():
        os._exit(0)
    os.setsid()
    sweep_if_last(Path(sys.argv[1]), how=0)
