"""A SCIM client without a network, and a server with one, both as the cast's HR connection."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from idp.changes import apply
from idp.changes.intents import CreateConnection, IssueToken
from idp.extensions import db
from tests.cast import Cast

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Scim:
    """One connection's view of the server: `scim("POST", "/Users", {...})`."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self.client = client
        self.token = token

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        db.session.rollback()  # the test's context outlives requests, so its snapshot would too
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        given: dict[str, Any] = {"json": body} if body is not None else {}
        return self.client.open(f"/scim/v2{path}", method=method, headers=sent, **given)

    def user(self, user_name: str = "joe@northwind.example", **more: Any) -> Any:
        """A person made by POST."""
        answer = self("POST", "/Users", {"schemas": [USER], "userName": user_name, **more})
        assert answer.status_code == 201, answer.text
        return answer.json

    def group(self, name: str, *members: str) -> Any:
        """A group made by POST."""
        listed = [{"value": member} for member in members]
        body = {"schemas": [GROUP], "displayName": name, "members": listed}
        answer = self("POST", "/Groups", body)
        assert answer.status_code == 201, answer.text
        return answer.json

    def patch(self, path: str, *operations: dict[str, Any], **headers: str) -> TestResponse:
        """A PATCH with these operations."""
        body = {"schemas": [PATCH], "Operations": list(operations)}
        return self("PATCH", path, body, **headers)

    def names(self, query: str) -> list[str]:
        """The user names that a list answers, in its order."""
        answer = self("GET", f"/Users?{query}")
        assert answer.status_code == 200, answer.text
        return [found["userName"] for found in answer.json["Resources"]]


@pytest.fixture
def scim(client: FlaskClient, people: Cast) -> Scim:
    """The HR connection of Northwind."""
    return Scim(client, people.token)


@pytest.fixture
def other(client: FlaskClient, people: Cast) -> Scim:
    """The HR connection of somebody else's organization."""
    return Scim(client, people.other_token)


@pytest.fixture
def connect(client: FlaskClient, people: Cast) -> Callable[..., Scim]:
    """Make another connection of Northwind, of a profile and scope."""

    def made(profile: str = "rfc", scope: str = "write") -> Scim:
        wanted = CreateConnection("scim", f"{profile} {scope}", profile)
        connection = apply(wanted, by=people.operator).first.id
        token = apply(IssueToken(connection, scope), by=people.operator).first.secret
        return Scim(client, token or "")

    return made


@pytest.fixture
def base_url(app: Flask) -> Iterator[str]:
    """Where a real server on a real port answers SCIM."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/scim/v2"
    server.shutdown()
    thread.join()
    server.server_close()


def detail(answer: TestResponse) -> tuple[int, str]:
    """Status and scimType of a refusal, after checking that it is a whole SCIM error."""
    body = answer.json
    assert body is not None, answer.text
    assert body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert body["status"] == str(answer.status_code)
    assert body["detail"]
    assert answer.content_type.startswith("application/scim+json")
    return answer.status_code, body.get("scimType", "")


@pytest.fixture
def statements(app: Flask) -> Callable[[], AbstractContextManager[list[str]]]:
    """Count the SQL statements of a block."""

    @contextmanager
    def counting() -> Iterator[list[str]]:
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            seen.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        yield seen
        event.remove(db.engine, "before_cursor_execute", note)

    return counting
