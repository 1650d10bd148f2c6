"""The demo's server, a program of its own: `python -m idp.demo_server PORT`.

Granian with one worker process; settings come from the environment. It ends with its terminal
(SIGHUP, at which granian would only reload), and its worker ends with it, even where it was
killed: else the next start would find its port taken by nobody that one can see.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

HOST = "127.0.0.1"
THREADS = 4  # they share one processor anyway; more of them only hand it around
SECONDS_TO_STOP = 5


def serve(port: int) -> None:
    """Serve until told to end."""
    server = Granian(
        "wsgi:app",
        address=HOST,
        port=port,
        interface=Interfaces.WSGI,
        blocking_threads=THREADS,
        websockets=False,
        workers_kill_timeout=SECONDS_TO_STOP,
        log_level=LogLevels.error,  # it warns of more threads than processors
    )
    end: Callable[..., None] = server.signal_handler_interrupt
    server.on_startup(lambda: signal.signal(signal.SIGHUP, end))
    server.serve(target_loader=partial(load, os.getpid()))


def load(main: int, target: str) -> Any:
    """The application, in the worker: here alone it is imported."""
    threading.Thread(target=_end_with, args=(main,), name="end", daemon=True).start()
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)


def _end_with(main: int) -> None:
    while os.getppid() == main:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(SECONDS_TO_STOP)
    os._exit(1)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
