"""A system with OAuth credentials of Northwind, where there is something to licence."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from idp.changes import apply
from idp.changes.intents import AssignLicense, ChangeConnection, CreateConnection, IssueSecret
from idp.directory.api_scopes import SCOPES
from idp.extensions import db
from tests.api.described import fits
from tests.cast import Cast
from tests.licensing import shop
from tests.licensing.shop import buy, sku


class Api:
    """One token's view of the interface: `api("GET", "/subscribedSkus")`; answers are checked
    against the description.
    """

    def __init__(self, client: FlaskClient, token: str) -> None:
        self.client = client
        self.token = token

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        db.session.rollback()  # the test's context outlives requests, so its snapshot would too
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        given: dict[str, Any] = {"json": body} if body is not None else {}
        answer = self.client.open(f"/api{path}", method=method, headers=sent | headers, **given)
        fits(self.client, method, path, answer)
        return answer

    def get(self, path: str) -> Any:
        """What is answered with 200."""
        answer = self("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json

    def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str, str]:
        """Status, code and inner code of a refusal."""
        answer = self(method, path, body)
        error = answer.json["error"]
        assert error["innerError"]["request-id"] == answer.headers["X-Request-Id"]
        return answer.status_code, error["code"], error["innerError"].get("code", "")


def credentials(people: Cast, *scopes: str, permits: str = "write") -> tuple[str, str]:
    """(client id, client secret) of a system that was granted these scopes."""
    by = people.operator
    made = apply(CreateConnection("scim", f"Automation {permits} {scopes}"[:200]), by=by).first.id
    secret = apply(IssueSecret(made, permits, None), by=by).first.secret or ""
    apply(ChangeConnection(made, settings={"api_scopes": list(scopes)}), by=by)
    return made, secret


def token(client: FlaskClient, given: tuple[str, str], scope: str) -> TestResponse:
    """What the token endpoint answers."""
    form = {"grant_type": "client_credentials", "scope": scope}
    form |= {"client_id": given[0], "client_secret": given[1]}
    return client.post("/oidc/northwind/token", data=form)


@pytest.fixture
def people(people: Cast) -> Cast:
    """The cast; there are three of Office Pro and Basic, and erin holds Pro without two plans."""
    by = people.operator
    shop.stock()
    for slug in ("office-pro", "office-basic", "storage"):
        buy(by, slug, 3)
    apply(AssignLicense(sku("OFFICE_PRO"), people.erin, plans_off=("VOICE", "DOCS")), by=by)
    return people


@pytest.fixture
def connect(client: FlaskClient, people: Cast) -> Callable[..., Api]:
    """A system with a token for these scopes, which it was granted."""

    def made(*scopes: str) -> Api:
        answer = token(client, credentials(people, *scopes), " ".join(scopes))
        assert answer.status_code == 200, answer.text
        return Api(client, answer.json["access_token"])

    return made


@pytest.fixture
def api(connect: Callable[..., Api]) -> Api:
    """A system that may do everything there is."""
    return connect(*SCOPES)
