"""What a client may ask of a list, by URL or by POST."""

import json
from typing import Any

import pytest

from idp.directory.attributes import ENTERPRISE_SCHEMA
from idp.directory.filtering import Compare
from scim.listing import DEFAULT_PAGE, MAX_PAGE, list_text, read_query
from tests.scim.language import language, refusal

PAGES: dict[str, tuple[dict[str, Any], tuple[int, int]]] = {
    "nothing_asked": ({}, (1, DEFAULT_PAGE)),
    "asked": ({"startIndex": "11", "count": "10"}, (11, 10)),
    "below_one_means_one": ({"startIndex": "-3"}, (1, DEFAULT_PAGE)),
    "entra_hr_pull_in_lower_case": ({"startindex": "0", "count": "100"}, (1, 100)),
    "count_0_asks_for_the_total": ({"count": "0"}, (1, 0)),
    "negative_count_means_0": ({"count": "-1"}, (1, 0)),
    "more_than_a_page": ({"count": "100000"}, (1, MAX_PAGE)),
    "numbers_in_a_search_request": ({"startIndex": 3, "count": 2}, (3, 2)),
    "empty": ({"startIndex": "", "count": ""}, (1, DEFAULT_PAGE)),
    "beyond_every_list": ({"startIndex": str(2**63), "count": "9" * 30}, (2**63 - 1, MAX_PAGE)),
    "further_still": ({"startIndex": 10**5000, "count": -(10**5000)}, (2**63 - 1, 0)),
}


@pytest.mark.parametrize("case", PAGES)
def test_page(case: str) -> None:
    asked, (start, count) = PAGES[case]
    query = read_query(asked, language())

    assert (query.start, query.count) == (start, count)


@pytest.mark.parametrize("value", ["x", "1.5", "1e3", "٣", "-", [1], True])
def test_page_that_is_no_number_is_refused(value: Any) -> None:
    assert refusal(read_query, {"count": value}, language()) == (400, "invalidCount")
    assert refusal(read_query, {"startIndex": value}, language()) == (400, "invalidValue")


def test_search_request_is_read_like_an_address() -> None:
    body = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "attributes": ["displayName", "userName"],
        "filter": 'displayName sw "smith"',
        "startIndex": 1,
        "count": 10,
    }
    query = read_query(body, language())

    assert query.filter == Compare("displayName", "sw", "smith")
    assert query.projection.only == {"displayName": {}, "userName": {}}


SORTS = {
    "userName": "userName",
    "NAME.familyname": "name.familyName",
    "emails": "emails.value",
    "meta.lastModified": "meta.lastModified",
    "department": f"{ENTERPRISE_SCHEMA}:department",
}


@pytest.mark.parametrize("asked", SORTS)
def test_sort_by(asked: str) -> None:
    query = read_query({"sortBy": asked, "sortOrder": "descending"}, language())

    assert (query.sort_by, query.descending) == (SORTS[asked], True)


@pytest.mark.parametrize(
    "asked", ["noSuchAttribute", "name", "password", ENTERPRISE_SCHEMA, "meta"]
)
def test_sort_by_what_has_no_order_is_refused(asked: str) -> None:
    assert refusal(read_query, {"sortBy": asked}, language()) == (400, "invalidPath")


@pytest.mark.parametrize(
    "asked",
    [{"filter": 7}, {"sortBy": 7}, {"attributes": 7}, {"attributes": [7]}],
)
def test_search_request_with_a_wrong_type_is_refused(asked: dict[str, Any]) -> None:
    assert refusal(read_query, asked, language()) == (400, "invalidSyntax")


def test_unknown_order_is_refused() -> None:
    assert refusal(read_query, {"sortOrder": "sideways"}, language()) == (400, "invalidValue")


def test_list_around_resources() -> None:
    made = json.loads(list_text(['{"id":"a"}', '{"id":"b"}'], 7, 3))

    assert made == {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": 7,
        "startIndex": 3,
        "itemsPerPage": 2,
        "Resources": [{"id": "a"}, {"id": "b"}],
    }
