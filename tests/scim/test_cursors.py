"""Walks by cursor: stable, both ways, sealed, and of one question only (RFC 9865)."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from idp.changes import apply
from idp.changes.intents import DefineSchema
from idp.directory.attributes import ENTERPRISE_SCHEMA
from idp.sealing import seal
from scim.cursors import TIMEOUT
from tests.cast import Cast
from tests.scim.conftest import Scim, detail

BADGE = "urn:example:params:scim:schemas:extension:badge:2.0:User"
TITLES = ["b", "B", "a", None, "c", None, "a", "Ä", "ä", "z", None]
COMPANY = 'filter=userName sw "walker"'
Page = dict[str, Any]


def fill(scim: Scim) -> list[str]:
    """Eleven people, some of the same title, some of none; their ids as made."""
    made = []
    for number, title in enumerate(TITLES):
        more: dict[str, Any] = {"title": title} if title else {}
        more[BADGE] = {"floor": [10, 9, 100, None][number % 4], "since": MOMENTS[number % 3]}
        if number % 2:
            more["emails"] = [
                {"value": f"z{number}@x"},
                {"value": f"a{number % 3}@x", "primary": True},
            ]
            more[ENTERPRISE_SCHEMA] = {"department": f"d{number % 4}"}
        made.append(scim.user(f"walker{number:02}", externalId=f"{99 - number}", **more)["id"])
    return made


MOMENTS = ["2026-01-01T01:00:00+02:00", "2026-01-01T00:00:00Z", None]


@pytest.fixture
def crowd(scim: Scim, people: Cast) -> list[str]:
    attributes = [{"name": "floor", "type": "integer"}, {"name": "since", "type": "dateTime"}]
    apply(DefineSchema(BADGE, "Badge", attributes), by=people.operator)
    return fill(scim)


def page(scim: Scim, query: str, cursor: str = "", count: int = 3, place: str = "/Users") -> Page:
    answer = scim("GET", f"{place}?{query}&cursor={cursor}&count={count}")
    assert answer.status_code == 200, answer.text
    made: Page = answer.json
    assert made["itemsPerPage"] == len(made["Resources"]) <= count
    return made


def ids(pages: list[Page]) -> list[str]:
    return [one["id"] for each in pages for one in each["Resources"]]


def walk(scim: Scim, query: str, **more: Any) -> list[Page]:
    pages = [page(scim, query, **more)]
    while "nextCursor" in pages[-1]:
        pages.append(page(scim, query, pages[-1]["nextCursor"], **more))
    return pages


def walk_back(scim: Scim, query: str, last: Page, **more: Any) -> list[Page]:
    pages = [last]
    while "previousCursor" in pages[0]:
        pages.insert(0, page(scim, query, pages[0]["previousCursor"], **more))
    return pages


def by_index(scim: Scim, query: str, place: str = "/Users") -> list[str]:
    return [one["id"] for one in scim("GET", f"{place}?{query}").json["Resources"]]


ORDERS = [
    "",
    "&sortOrder=descending",
    "&sortBy=userName",
    "&sortBy=title",
    "&sortBy=title&sortOrder=descending",
    "&sortBy=displayName",
    "&sortBy=externalId",
    "&sortBy=externalId&sortOrder=descending",
    "&sortBy=emails",
    "&sortBy=emails&sortOrder=descending",
    "&sortBy=active",
    "&sortBy=active&sortOrder=descending",
    f"&sortBy={ENTERPRISE_SCHEMA}:department",
    "&sortBy=meta.lastModified&sortOrder=descending",
    "&sortBy=meta.version",
    f"&sortBy={BADGE}:floor",
    f"&sortBy={BADGE}:floor&sortOrder=descending",
    f"&sortBy={BADGE}:since",
]


def test_walk_in_any_order_meets_everybody_once_and_leads_back(
    scim: Scim, crowd: list[str]
) -> None:
    for order in ORDERS:
        query = f"{COMPANY}{order}"
        wanted = by_index(scim, query)
        pages = walk(scim, query)

        assert ids(pages) == wanted, order
        assert sorted(wanted) == sorted(crowd), order
        assert ids(walk_back(scim, query, pages[-1])) == wanted, order
        assert "previousCursor" not in pages[0]
        assert "nextCursor" not in pages[-1]


def test_order_is_of_the_attributes_type(scim: Scim, crowd: list[str]) -> None:
    def told(sort_by: str, *path: str) -> list[Any]:
        found = scim("GET", f"/Users?{COMPANY}&sortBy={sort_by}").json["Resources"]
        return [one.get(BADGE, {}).get(path[0]) if path else one.get("title") for one in found]

    titles = told("title")
    assert [t and t.lower() for t in titles] == [
        *("a", "a", "b", "b", "c", "z", "ä", "ä"),
        *(None, None, None),
    ]
    floors = told(f"{BADGE}:floor", "floor")
    assert floors == sorted((f for f in floors if f), key=int) + [None] * floors.count(None)
    moments = told(f"{BADGE}:since", "since")
    assert moments[0].endswith("+02:00")
    assert moments[-1] is None


def test_walk_survives_what_comes_and_goes_meanwhile(scim: Scim, crowd: list[str]) -> None:
    query = f"{COMPANY}&sortBy=userName"
    first = page(scim, query)
    scim("DELETE", f"/Users/{crowd[0]}")
    scim("DELETE", f"/Users/{crowd[2]}")  # the very place where the cursor stands
    before = scim.user("walker00a")["id"]
    after = scim.user("walker99")["id"]

    rest = [page(scim, query, first["nextCursor"])]
    while "nextCursor" in rest[-1]:
        rest.append(page(scim, query, rest[-1]["nextCursor"]))

    assert ids(rest) == [*crowd[3:], after]
    assert ids([page(scim, query, rest[0]["previousCursor"])]) == [before, crowd[1]]


def test_when_all_that_follows_is_gone_the_way_back_is_left(scim: Scim, crowd: list[str]) -> None:
    first = page(scim, COMPANY, count=9)
    for one in crowd[9:]:
        scim("DELETE", f"/Users/{one}")

    empty = page(scim, COMPANY, first["nextCursor"])

    assert (empty["Resources"], "nextCursor" in empty) == ([], False)
    assert ids([page(scim, COMPANY, empty["previousCursor"])]) == crowd[6:9]


def test_total_is_told_where_it_is_cheap(scim: Scim, crowd: list[str]) -> None:
    everybody = scim("GET", "/Users?count=0").json["totalResults"]

    assert page(scim, "")["totalResults"] == everybody
    assert page(scim, COMPANY)["totalResults"] == len(crowd)
    assert page(scim, COMPANY, count=0) == {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": len(crowd),
        "itemsPerPage": 0,
        "Resources": [],
    }


def test_groups_are_walked_as_well(scim: Scim) -> None:
    made = [scim.group(f"Team {number}")["id"] for number in range(5)]

    for order in ("sortBy=displayName", "sortBy=displayName&sortOrder=descending", ""):
        pages = walk(scim, order, count=2, place="/Groups")
        wanted = made[::-1] if "descending" in order else made
        assert ids(pages) == wanted
        assert ids(walk_back(scim, order, pages[-1], count=2, place="/Groups")) == wanted


def test_search_request_is_walked_as_well(scim: Scim, crowd: list[str]) -> None:
    asked: dict[str, Any] = {"filter": 'userName sw "walker"', "count": 6, "cursor": ""}
    first = scim("POST", "/Users/.search", asked).json
    second = scim("POST", "/Users/.search", asked | {"cursor": first["nextCursor"]}).json

    assert ids([first, second]) == crowd
    assert "nextCursor" not in second


def test_index_stays_the_default(scim: Scim, crowd: list[str]) -> None:
    told = scim("GET", f"/Users?{COMPANY}&count=2").json

    assert (told["startIndex"], told["totalResults"]) == (1, len(crowd))
    assert "nextCursor" not in told


# --- what is refused --------------------------------------------------------------------------


def refused(scim: Scim, query: str) -> tuple[int, str]:
    return detail(scim("GET", f"/Users?{query}"))


def test_cursor_shows_nothing_and_needs_no_escaping(scim: Scim, crowd: list[str]) -> None:
    cursor = page(scim, f"{COMPANY}&sortBy=userName")["nextCursor"]

    assert re.fullmatch(r"[A-Za-z0-9._~-]+", cursor)
    assert "walker" not in cursor


def test_forged_cursors_are_refused(scim: Scim, crowd: list[str]) -> None:
    good = page(scim, COMPANY)["nextCursor"]
    forged = ["x", good[:-2], f"{good[:40]}{'A' if good[40] != 'A' else 'B'}{good[41:]}", good * 50]
    forged += ["%00", "é", "' or 1=1", seal(b"secret").rstrip("="), seal(b'["a",1,2,3,4]')]

    for cursor in forged:
        answer = refused(scim, f"{COMPANY}&count=3&cursor={cursor}")
        assert answer == (400, "invalidCursor"), cursor
    answer = scim("POST", "/Users/.search", {"cursor": 7})
    assert detail(answer) == (400, "invalidCursor")


def test_cursor_holds_for_one_question_of_one_connection(
    scim: Scim, other: Scim, connect: Any, crowd: list[str]
) -> None:
    cursor = page(scim, f"{COMPANY}&sortBy=title")["nextCursor"]
    mixed = f"cursor={cursor}&count=3"

    for query in (
        f"{COMPANY}&{mixed}",
        f"{COMPANY}&sortBy=userName&{mixed}",
        f"{COMPANY}&sortBy=title&sortOrder=descending&{mixed}",
        f'filter=userName sw "walk"&sortBy=title&{mixed}',
    ):
        assert refused(scim, query) == (400, "invalidCursor"), query
    same = f"{COMPANY}&sortBy=title&{mixed}"
    assert refused(other, same) == (400, "invalidCursor")
    assert refused(connect(), same) == (400, "invalidCursor")
    assert detail(scim("GET", f"/Groups?{mixed}")) == (400, "invalidCursor")
    assert scim("GET", f"/Users?{same}").status_code == 200


def test_old_cursor_has_expired(scim: Scim, people: Cast, frozen: list[datetime]) -> None:
    cursor = page(scim, "", count=1)["nextCursor"]

    frozen[0] += timedelta(seconds=TIMEOUT)
    assert scim("GET", f"/Users?count=1&cursor={cursor}").status_code == 200
    frozen[0] += timedelta(seconds=1)

    assert refused(scim, f"count=1&cursor={cursor}") == (400, "expiredCursor")


def test_count_that_is_no_number_is_refused(scim: Scim) -> None:
    for count in ("x", "1.5", "1e3", "٣", "--1"):
        assert refused(scim, f"cursor=&count={count}") == (400, "invalidCount"), count


def test_cursor_and_index_exclude_each_other(scim: Scim) -> None:
    assert refused(scim, "cursor=&startIndex=1") == (400, "invalidValue")


def test_walk_by_what_has_no_order_is_refused(scim: Scim) -> None:
    for path in ("groups", "groups.display", "schemas"):
        assert refused(scim, f"cursor=&sortBy={path}") == (400, "invalidPath"), path
    assert detail(scim("GET", "/Groups?cursor=&sortBy=members")) == (400, "invalidPath")


def test_page_of_a_walk_costs_a_fixed_number_of_statements(
    scim: Scim, crowd: list[str], statements: Any
) -> None:
    pages = walk(scim, "sortBy=title", count=2)
    costs = []
    for each in pages[:-1]:
        with statements() as seen:
            page(scim, "sortBy=title", each["nextCursor"], count=2)
        costs.append(len(seen))

    assert max(costs) <= min(costs) + 1 <= 9
