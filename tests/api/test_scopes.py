"""A token opens what its scopes permit, as long as its connection has them, and nothing else."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from idp import allowances
from idp.changes import apply
from idp.changes.intents import ChangeConnection, IssueToken
from idp.directory.errors import DirectoryError
from idp.directory.limits import LOWEST_RATE
from portal.api import door
from tests.api.conftest import Api, credentials, token
from tests.cast import Cast, person

READ, WRITE = "LicenseAssignment.Read.All", "LicenseAssignment.ReadWrite.All"


@pytest.mark.parametrize(
    "scope, path",
    [
        (READ, "/subscribedSkus"),
        (READ, "/users/erin@northwind.example"),
        ("Organization.Read.All", "/subscribedSkus"),
        ("Organization.Read.All", "/directory/subscriptions"),
        ("Billing.Read.All", "/directory/subscriptions"),
        ("Billing.Read.All", "/invoices"),
    ],
)
def test_a_scope_opens_its_addresses(connect: Callable[..., Api], scope: str, path: str) -> None:
    assert connect(scope)("GET", path).status_code == 200


@pytest.mark.parametrize(
    "scope, path",
    [
        (READ, "/invoices"),
        (WRITE, "/directory/subscriptions"),
        ("Organization.Read.All", "/users/erin@northwind.example"),
        ("Organization.Read.All", "/invoices"),
        ("Billing.Read.All", "/users/erin@northwind.example/licenseDetails"),
    ],
)
def test_and_no_others(connect: Callable[..., Api], scope: str, path: str) -> None:
    answer = connect(scope)("GET", path)

    assert answer.status_code == 403
    assert answer.json["error"]["code"] == "Authorization_RequestDenied"
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


def test_who_may_read_may_not_assign(connect: Callable[..., Api], people: Cast) -> None:
    told = connect(READ).refused("POST", f"/users/{people.erin}/assignLicense", {})

    assert told[:2] == (403, "Authorization_RequestDenied")


def test_a_client_gets_what_its_connection_was_granted(client: FlaskClient, people: Cast) -> None:
    given = credentials(people, READ)

    assert token(client, given, f"{READ} {WRITE}").json["scope"] == READ
    for scope in (WRITE, f"{READ} scim.read", "User.Read.All"):
        assert token(client, given, scope).json["error"] == "invalid_scope"


def test_a_secret_that_only_reads_assigns_nothing(client: FlaskClient, people: Cast) -> None:
    given = credentials(people, READ, WRITE, permits="read")

    assert token(client, given, f"{READ} {WRITE}").json["scope"] == READ


def test_a_scope_that_is_taken_back_ends_in_its_tokens(client: FlaskClient, people: Cast) -> None:
    given = credentials(people, READ)
    api = Api(client, token(client, given, READ).json["access_token"])
    assert api("GET", "/subscribedSkus").status_code == 200

    apply(ChangeConnection(given[0], settings={}), by=people.operator)

    assert api("GET", "/subscribedSkus").status_code == 403


def test_tokens_for_scim_open_nothing_here_and_the_other_way_round(
    connect: Callable[..., Api], client: FlaskClient, people: Cast
) -> None:
    assert Api(client, people.token)("GET", "/subscribedSkus").status_code == 403
    mine = {"Authorization": f"Bearer {connect(READ).token}"}
    answer = client.get("/scim/v2/Users", headers=mine)
    assert answer.status_code == 403
    assert "insufficient_scope" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("header", ["", "Bearer", "Basic eDp5", "Bearer nothing"])
def test_without_a_token_nothing_opens(client: FlaskClient, people: Cast, header: str) -> None:
    answer = client.get("/api/subscribedSkus", headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.json["error"]["code"] == "InvalidAuthenticationToken"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_nobody_grants_what_they_may_not_do_themselves(people: Cast) -> None:
    given = credentials(people)[0]
    fiona = person(people.operator, "fiona@northwind.example", "F", "federation_administrator")
    wanted = ChangeConnection(given, settings={"api_scopes": [READ]})

    with pytest.raises(DirectoryError) as refused:
        apply(wanted, by=fiona)
    assert refused.value.code == "permission_missing"
    scoped = replace(people.alice, scopes={"licenses.read": ("a group",)})
    with pytest.raises(DirectoryError) as refused:
        apply(wanted, by=scoped)
    assert refused.value.code == "outside_scope"


def test_a_scope_that_does_not_exist_is_not_granted(people: Cast) -> None:
    given = credentials(people)[0]

    for wrong in (["Everything.All"], READ, [7]):
        with pytest.raises(DirectoryError) as refused:
            apply(ChangeConnection(given, settings={"api_scopes": wrong}), by=people.operator)
        assert refused.value.code == "api_scope_unknown"


def test_units_are_seen_by_scim_clients_that_may_read_licences(
    client: FlaskClient, people: Cast
) -> None:
    given = credentials(people, READ)
    secret = apply(IssueToken(given[0], "read"), by=people.operator).first.secret
    bearer = {"Authorization": f"Bearer {secret}"}

    found = client.get("/scim/v2/Licenses/OFFICE_PRO", headers=bearer).json

    assert found["prepaidUnits"] == {"enabled": 3, "warning": 0, "suspended": 0}
    assert found["consumedUnits"] == 1


def test_who_asks_too_often_waits(
    client: FlaskClient, people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = credentials(people, READ)
    slow = ChangeConnection(given[0], settings={"api_scopes": [READ], "rate": LOWEST_RATE})
    apply(slow, by=people.operator)
    bearer = {"Authorization": f"Bearer {token(client, given, READ).json['access_token']}"}
    monkeypatch.setattr(allowances, "elapsed", lambda: 1.0)  # no time passes
    monkeypatch.setattr(door, "BURST_SECONDS", 1)

    answers = [client.get("/api/groups/x", headers=bearer) for _ in range(LOWEST_RATE + 2)]

    assert (answers[0].status_code, answers[-1].status_code) == (404, 429)
    assert answers[-1].json["error"]["code"] == "TooManyRequests"
    assert int(answers[-1].headers["Retry-After"]) >= 1
