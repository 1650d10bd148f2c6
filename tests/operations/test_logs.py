"""Logs: one JSON object a line, with the request's id, never with a secret."""

import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from idp.app import create_app
from idp.changes import apply
from idp.changes.intents import IssueLink
from idp.extensions import db
from idp.logs import log
from tests import cast
from tests.cast import PASSWORD, Cast
from tests.conftest import settings_for


@pytest.fixture
def heard() -> io.StringIO:
    """What the product says on stderr."""
    return io.StringIO()


@pytest.fixture
def loud(sqlite_url: str, tmp_path: Path, heard: io.StringIO) -> Iterator[Flask]:
    """The product that logs everything it has to say."""
    with contextlib.redirect_stderr(heard):
        app = create_app(settings_for(sqlite_url, tmp_path / "data", log_level="debug"))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def cast_of_loud(loud: Flask) -> Cast:
    """The cast, in its database."""
    return cast.assemble()


def lines(heard: io.StringIO) -> tuple[str, list[dict[str, Any]]]:
    text = heard.getvalue()
    return text, [json.loads(line) for line in text.splitlines()]


def test_each_request_is_one_line_with_its_id(loud: Flask, heard: io.StringIO) -> None:
    answer = loud.test_client().get("/health/live", headers={"X-Request-Id": "req-12345678"})
    _text, said = lines(heard)
    (line,) = (entry for entry in said if entry["event"] == "request")
    assert line["request_id"] == answer.headers["X-Request-Id"] == "req-12345678"
    assert (line["method"], line["path"], line["status"]) == ("GET", "/health/live", 200)
    assert line["level"] == "info"
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize("given", ["short", "x" * 65, "with space", 'quo"te12', "späßchen"])
def test_an_odd_request_id_is_replaced(loud: Flask, given: str) -> None:
    answer = loud.test_client().get("/health/live", headers={"X-Request-Id": given})
    assert len(answer.headers["X-Request-Id"]) == 36


def test_no_secret_is_logged(loud: Flask, cast_of_loud: Cast, heard: io.StringIO) -> None:
    people, client = cast_of_loud, loud.test_client()
    link = apply(IssueLink(people.bob.id, "reset"), by=people.operator).first.secret or ""
    bearer = {"Authorization": f"Bearer {people.token}"}
    user = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "dora@northwind.example",
        "password": "the first password",
    }
    client.post("/scim/v2/Users", json=user, headers=bearer)
    client.get("/scim/v2/Users?filter=userName eq %22secret-name%22", headers=bearer)
    client.get(f"/invite/{link}")
    client.post(f"/invite/{link}", data={"password": "some new password"})
    client.post("/sign-in", data={"username": "bob@northwind.example", "password": PASSWORD})
    client.get("/federation/resume/secret-key-of-a-parked-request")
    client.get("/", headers={"Cookie": "chamberlain=a-stolen-reference"})

    text, said = lines(heard)
    assert len([entry for entry in said if entry["event"] == "request"]) == 7
    for secret in (
        people.token,
        link,
        "the first password",
        "some new password",
        PASSWORD,
        "secret-key",
        "secret-name",
        "a-stolen-reference",
        "$argon2",
    ):
        assert secret not in text
    assert "/invite/…" in [entry.get("path") for entry in said]


def test_a_failure_is_logged_with_its_trace_but_not_the_link(
    loud: Flask, heard: io.StringIO
) -> None:
    def fails(**_anything: str) -> str:
        raise RuntimeError("out of cheese")

    (endpoint,) = {r.endpoint for r in loud.url_map.iter_rules() if r.rule.startswith("/invite/")}
    loud.view_functions[endpoint] = fails
    answer = loud.test_client().get("/invite/the-secret-token")
    text, said = lines(heard)
    assert answer.status_code == 500
    assert answer.headers["X-Request-Id"] in answer.get_data(as_text=True)
    assert "out of cheese" not in answer.get_data(as_text=True)
    (failed,) = (entry for entry in said if entry["event"] == "failed")
    assert "out of cheese" in failed["exception"]
    assert failed["request_id"] == answer.headers["X-Request-Id"]
    assert "the-secret-token" not in text


def test_what_is_logged_stays_on_one_line(loud: Flask, heard: io.StringIO) -> None:
    log.info("odd", value='line one\nline "two"\x1b[31m')
    loud.test_client().get("/no%0asuch%0dpath")
    _text, said = lines(heard)
    assert said[-2]["value"] == 'line one\nline "two"\x1b[31m'
    assert said[-1]["path"] == "/no\nsuch\rpath"
