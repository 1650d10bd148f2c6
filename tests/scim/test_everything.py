"""All resource types in one question, on the root and by /.search (RFC 7644 §3.4.2.1, §3.4.3)."""

from typing import Any

import pytest

from tests.scim.conftest import Scim, detail

OURS = 'displayName sw "tour"'


@pytest.fixture
def tours(scim: Scim) -> dict[str, str]:
    """{display name: id} of two people and two groups, made in turn."""
    made = {}
    for name in ("Tour B", "Tour A", "Tour D"):
        made[name] = scim.user(name.replace(" ", "."), displayName=name, title=name)["id"]
    made["Tour C"] = scim.group("Tour C", made["Tour A"])["id"]
    made["Tour E"] = scim.group("Tour E")["id"]
    return made


def asked(scim: Scim, **question: Any) -> dict[str, Any]:
    """The answer to a question put both ways, which must be the same."""
    posted = scim("POST", "/.search", question)
    assert posted.status_code == 200, posted.text
    listed = {n: ",".join(v) if isinstance(v, list) else v for n, v in question.items()}
    got = scim.client.get(
        "/scim/v2/", query_string=listed, headers={"Authorization": f"Bearer {scim.token}"}
    )
    told: dict[str, Any] = posted.json
    assert "cursor" in question or got.json == told
    return told


def names(told: dict[str, Any]) -> list[str]:
    return [one["displayName"] for one in told["Resources"]]


def found(scim: Scim, text: str) -> set[str]:
    told = asked(scim, filter=f"({text}) and {OURS}")
    assert told["totalResults"] == len(told["Resources"])
    return set(names(told))


PEOPLE, GROUPS = {"Tour A", "Tour B", "Tour D"}, {"Tour C", "Tour E"}
MEANINGS = {
    "displayName pr": PEOPLE | GROUPS,
    'meta.resourceType eq "User"': PEOPLE,
    'meta.resourceType eq "Group"': GROUPS,
    'meta.resourceType ne "Group"': PEOPLE,
    'meta.resourceType sw "Gr"': GROUPS,
    'schemas eq "urn:ietf:params:scim:schemas:core:2.0:Group"': GROUPS,
    # what a type does not have matches nothing in it
    'title sw "tour"': PEOPLE,
    "title pr": PEOPLE,
    'title ne "x"': PEOPLE,
    'not (title eq "x")': PEOPLE | GROUPS,
    "members pr": {"Tour C"},
    'emails[type eq "work"] or members pr': {"Tour C"},
    'displayName eq "tour a" or displayName eq "tour c"': {"Tour A", "Tour C"},
    'meta.created gt "2020-01-01T00:00:00Z"': PEOPLE | GROUPS,
}


def test_filter_is_resolved_for_each_type(scim: Scim, tours: dict[str, str]) -> None:
    wrong = {text: found(scim, text) for text in MEANINGS if found(scim, text) != MEANINGS[text]}

    assert wrong == {}


def test_what_no_type_has_is_refused(scim: Scim) -> None:
    for question, refusal in (
        ({"filter": 'noSuchAttribute eq "x"'}, (400, "invalidFilter")),
        ({"filter": 'title pr and shoeSize eq "x"'}, (400, "invalidFilter")),
        ({"filter": 'password eq "x"'}, (403, "sensitive")),
        ({"filter": "active gt 7"}, (400, "invalidFilter")),
        ({"sortBy": "noSuchAttribute"}, (400, "invalidPath")),
        ({"sortBy": "password"}, (400, "invalidPath")),
        ({"cursor": "forged"}, (400, "invalidCursor")),
        ({"cursor": "", "startIndex": 1}, (400, "invalidValue")),
        ({"attributes": ["id"], "excludedAttributes": ["title"]}, (400, "invalidValue")),
    ):
        assert detail(scim("POST", "/.search", question)) == refusal, question


ORDERS: dict[str, tuple[dict[str, str], list[str]]] = {
    "as_made": ({}, ["Tour B", "Tour A", "Tour D", "Tour C", "Tour E"]),
    "by_name": ({"sortBy": "displayName"}, [f"Tour {letter}" for letter in "ABCDE"]),
    "backwards": (
        {"sortBy": "displayName", "sortOrder": "descending"},
        [f"Tour {letter}" for letter in "EDCBA"],
    ),
    "by_what_one_type_lacks": (
        {"sortBy": "title"},
        ["Tour A", "Tour B", "Tour D", "Tour C", "Tour E"],
    ),
    "by_what_one_type_lacks_backwards": (
        {"sortBy": "title", "sortOrder": "descending"},
        ["Tour E", "Tour C", "Tour D", "Tour B", "Tour A"],
    ),
    "latest_first": (
        {"sortBy": "meta.created", "sortOrder": "descending"},
        ["Tour E", "Tour C", "Tour D", "Tour A", "Tour B"],
    ),
}


@pytest.mark.parametrize("case", ORDERS)
def test_types_are_mixed_in_one_order_and_paged(
    scim: Scim, tours: dict[str, str], case: str
) -> None:
    order, wanted = ORDERS[case]
    question = {"filter": OURS, "count": 2, **order}

    pages = [asked(scim, startIndex=start, **question) for start in (1, 3, 5, 7)]

    assert [name for page in pages for name in names(page)] == wanted
    assert {page["totalResults"] for page in pages} == {5}


@pytest.mark.parametrize("case", ORDERS)
def test_types_are_walked_together(scim: Scim, tours: dict[str, str], case: str) -> None:
    order, wanted = ORDERS[case]
    question = {"filter": OURS, "count": 2, **order}
    pages = [asked(scim, cursor="", **question)]
    while "nextCursor" in pages[-1]:
        pages.append(asked(scim, cursor=pages[-1]["nextCursor"], **question))

    back = asked(scim, cursor=pages[2]["previousCursor"], **question)

    assert [name for page in pages for name in names(page)] == wanted
    assert names(back) == wanted[2:4]
    assert pages[0]["totalResults"] == 5


def test_each_type_shows_its_own_part_of_what_is_asked_for(
    scim: Scim, tours: dict[str, str]
) -> None:
    told = asked(scim, filter=OURS, attributes=["title", "members.value"], sortBy="displayName")

    person, _, group, *_ = told["Resources"]
    assert person.keys() == {"schemas", "id", "title"}
    assert group.keys() == {"schemas", "id", "members"}
    assert group["members"] == [{"value": tours["Tour A"]}]
    bare = asked(scim, filter=OURS, attributes=["userName"], sortBy="displayName")
    assert bare["Resources"][2].keys() == {"schemas", "id"}


def test_types_tell_the_total_alone_and_an_empty_page(scim: Scim, tours: dict[str, str]) -> None:
    assert asked(scim, filter=OURS, count=0)["totalResults"] == 5
    assert asked(scim, filter=OURS, startIndex=2**63)["Resources"] == []
    assert asked(scim, filter=OURS, cursor="", count=0)["totalResults"] == 5


def test_others_see_nothing_of_it(other: Scim, tours: dict[str, str]) -> None:
    assert asked(other, filter=OURS)["totalResults"] == 0
