"""Many writers at once, over real connections: none is lost, and only one can win."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.cast import Cast
from tests.scim.conftest import PATCH, USER, Scim

Send = Callable[..., requests.Response]
WRITERS = 8


@pytest.fixture
def send(base_url: str, people: Cast) -> Send:
    """One request, each on its own connection."""

    def sent(method: str, path: str, body: Any, **headers: str) -> requests.Response:
        all_headers = {"Authorization": f"Bearer {people.token}", **headers}
        return requests.request(method, base_url + path, json=body, headers=all_headers, timeout=60)

    return sent


def at_once(do: Callable[[Any], Any], what: Any) -> list[Any]:
    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(do, what))


def patch(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [PATCH], "Operations": list(operations)}


def test_parallel_changes_of_members_lose_none(send: Send, scim: Scim) -> None:
    ids = [scim.user(f"user{number}")["id"] for number in range(24)]
    group = scim.group("Sales", *ids[:12])

    def write(number: int) -> int:
        member = [{"value": ids[number]}]
        verb = "remove" if number < 12 else "add"
        body = patch({"op": verb, "path": "members", "value": member})
        return send("PATCH", f"/Groups/{group['id']}", body).status_code

    assert set(at_once(write, range(24))) == {200}
    members = scim("GET", f"/Groups/{group['id']}").json["members"]
    assert {member["value"] for member in members} == set(ids[12:])


def test_parallel_changes_of_one_person_lose_none(send: Send, scim: Scim) -> None:
    made = scim.user("joe")

    def write(number: int) -> int:
        body = patch({"op": "add", "path": "emails", "value": [{"value": f"{number}@x.example"}]})
        return send("PATCH", f"/Users/{made['id']}", body).status_code

    assert set(at_once(write, range(WRITERS))) == {200}
    emails = scim("GET", f"/Users/{made['id']}").json["emails"]
    assert len(emails) == WRITERS


def test_of_two_writers_with_one_version_exactly_one_wins(send: Send, scim: Scim) -> None:
    made = scim.user("joe")

    def write(number: int) -> int:
        body = {"schemas": [USER], "userName": "joe", "title": f"Number {number}"}
        headers = {"If-Match": made["meta"]["version"]}
        return send("PUT", f"/Users/{made['id']}", body, **headers).status_code

    assert Counter(at_once(write, range(WRITERS))) == {200: 1, 412: WRITERS - 1}


def test_of_50_creations_of_one_name_exactly_one_succeeds(send: Send, scim: Scim) -> None:
    def write(_number: int) -> int:
        return send("POST", "/Users", {"schemas": [USER], "userName": "joe"}).status_code

    assert Counter(at_once(write, range(50))) == {201: 1, 409: 49}
    assert scim.names('filter=userName eq "joe"') == ["joe"]
