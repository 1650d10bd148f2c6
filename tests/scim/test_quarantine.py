"""A connection that the brake has stopped: it reads on, and is told who decides, and where."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from idp import jobs
from idp.changes import apply
from idp.changes.intents import ChangeUser, CreateUser, RejectBrake, SetBrake
from idp.directory import queries
from tests.cast import NOON, Cast
from tests.changes.post_office import PostOffice
from tests.scim.conftest import GROUP, PATCH, USER, Scim, detail

LEAVE = {"op": "replace", "path": "active", "value": False}


@pytest.fixture
def crew(frozen: list[datetime], people: Cast) -> list[str]:
    """Three people of HR's, of whom one may leave in a day."""
    frozen[0] = NOON - timedelta(days=2)
    made = [CreateUser({"userName": f"crew-{number}"}) for number in range(3)]
    ids = [one.id for one in apply(*made, by=people.hr).results]
    strict = {"deactivations": {"count": 1, "share": 0}}
    apply(SetBrake(people.hr.id, strict), by=people.alice)
    frozen[0] = NOON
    return ids


@pytest.fixture
def stopped(scim: Scim, crew: list[str]) -> Any:
    """The answer to the second leaver."""
    assert scim.patch(f"/Users/{crew[0]}", LEAVE).status_code == 200
    return scim.patch(f"/Users/{crew[1]}", LEAVE)


def page(people: Cast) -> str:
    return f"http://127.0.0.1:8000/identity/provisioning/{people.hr.id}/brake"


def test_the_refusal_says_what_where_and_when(stopped: Any, people: Cast) -> None:
    assert detail(stopped) == (503, "")
    assert stopped.headers["X-Error-Code"] == "brake_engaged"
    assert stopped.headers["Retry-After"] == "3600"
    assert stopped.json["detail"] == (
        "Stopped: this would deactivate 2 of 4 people within 24 hours; the limit is 1. Nothing "
        f"of it was applied. An administrator can approve or reject it: {page(people)}"
    )


@pytest.mark.parametrize(
    "asked",
    [
        ("POST", "/Users", {"schemas": [USER], "userName": "joiner"}),
        ("PUT", "/Users/ID", {"schemas": [USER], "userName": "crew-2"}),
        ("PATCH", "/Users/ID", {"schemas": [PATCH], "Operations": [LEAVE]}),
        ("DELETE", "/Users/ID", None),
        ("POST", "/Groups", {"schemas": [GROUP], "displayName": "Crew"}),
        ("POST", "/Bulk", {"schemas": [], "Operations": []}),
    ],
)
@pytest.mark.usefixtures("stopped")
def test_every_write_is_refused_meanwhile(
    scim: Scim, people: Cast, crew: list[str], asked: tuple[str, str, Any]
) -> None:
    method, path, body = asked
    answer = scim(method, path.replace("ID", crew[2]), body)
    assert detail(answer) == (503, "")
    assert answer.headers["X-Error-Code"] == "connection_quarantined"
    assert "stopped since 2026-12-03" in answer.json["detail"]
    assert answer.json["detail"].endswith(page(people))
    assert queries.find_user(people.alice, crew[2]).active


def test_a_bulk_request_that_takes_too_much_is_refused_as_a_whole(
    scim: Scim, people: Cast, crew: list[str]
) -> None:
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": "n", "data": {"userName": "joiner"}},
        *({"method": "PATCH", "path": f"/Users/{one}", "data": [LEAVE]} for one in crew),
    ]
    bulk = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
    answer = scim("POST", "/Bulk", {"schemas": [bulk], "Operations": operations})
    assert answer.headers["X-Error-Code"] == "brake_engaged"
    assert detail(answer) == (503, "")
    assert scim.names('filter=userName eq "joiner"') == []
    assert all(queries.find_user(people.alice, one).active for one in crew)


def test_reading_goes_on(scim: Scim, crew: list[str], stopped: Any) -> None:
    assert scim("GET", f"/Users/{crew[1]}").json["active"] is True
    assert scim("GET", "/Groups").status_code == 200
    search = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]}
    assert scim("POST", "/Users/.search", search).status_code == 200


def test_other_connections_go_on(connect: Any, people: Cast, stopped: Any) -> None:
    assert connect("okta").user("joiner")["active"] is True


def test_after_a_rejection_leavers_are_refused_one_by_one(
    scim: Scim, people: Cast, crew: list[str], stopped: Any
) -> None:
    held = queries.brake_of(people.alice, people.hr.id).quarantine
    assert held is not None
    apply(RejectBrake(people.hr.id, held.id), by=people.alice)
    answer = scim.patch(f"/Users/{crew[1]}", LEAVE)
    assert answer.headers["X-Error-Code"] == "brake_engaged"
    assert scim.user("joiner")["active"] is True
    apply(ChangeUser(crew[1], {"title": "Mate"}), by=people.hr)


def test_administrators_get_a_mail_with_the_page(app: Any, people: Cast, stopped: Any) -> None:
    with PostOffice() as office:
        by_post = {"smtp_url": office.url, "mail_from": "id@northwind.example"}
        assert jobs.work(app.config["CHAMBERLAIN"].model_copy(update=by_post)) == 1
    (mail,) = office.received
    assert (mail["To"], mail["Subject"]) == ("alice@northwind.example", "HR was stopped")
    text = mail.get_payload(decode=True).decode()
    assert page(people) in text
    assert "deactivate 2 of 4 people within 24 hours; the limit is 1" in text
