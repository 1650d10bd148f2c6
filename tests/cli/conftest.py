"""A command line on the test's app."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask

from idp.extensions import db
from tests.cast import Cast


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        """The one JSON object that a command that went well printed."""
        assert self.code == 0, self.err
        read: dict[str, Any] = json.loads(self.out)
        return read


Run = Callable[..., Ran]


def runner(app: Flask) -> Run:
    """Commands by words: run("org", "show", "northwind", "--json")."""

    def run(*words: str, given: str | None = None) -> Ran:
        db.session.remove()  # a command may close the pool; no connection of ours must be out
        result = app.test_cli_runner().invoke(args=list(words), input=given)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def run(app: Flask, people: Cast) -> Run:
    """The command line on either database, with the cast in it."""
    return runner(app)


@pytest.fixture
def run_empty(app: Flask) -> Run:
    """The command line on either database, with nobody in it."""
    return runner(app)
