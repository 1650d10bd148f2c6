"""Lists over HTTP: filters become SQL, pages are stable, totals are true (RFC 7644 §3.4.2)."""

from typing import Any

import pytest

from idp.changes import apply
from idp.changes.intents import DefineSchema
from idp.directory.attributes import ENTERPRISE_SCHEMA
from tests.cast import Cast
from tests.scim.conftest import USER, Scim, detail

BADGE = "urn:example:params:scim:schemas:extension:badge:2.0:User"
COMPANY: list[dict[str, Any]] = [
    {
        "userName": "ada",
        "externalId": "1",
        "name": {"familyName": "O'Malley", "givenName": "Ada"},
        "displayName": "Ada 100% _real_",
        "title": "Engineer",
        "userType": "Employee",
        "emails": [
            {"value": "ada@example.com", "type": "work", "primary": True},
            {"value": "ada@home.example", "type": "home"},
        ],
        "addresses": [{"type": "work", "locality": "Zürich"}],
        ENTERPRISE_SCHEMA: {"department": "Tours", "employeeNumber": "007"},
    },
    {
        "userName": "Bob",
        "externalId": "2",
        "userType": "Employee",
        "active": False,
        "emails": [{"value": "bob@example.org", "type": "work"}],
        ENTERPRISE_SCHEMA: {"department": "Sales"},
    },
    {
        "userName": "zoë",
        "userType": "Contractor",
        "title": 'engineer "the" great',
        "emails": [{"value": "zoe@example.com", "type": "home"}],
        "ims": [{"value": "zoe@foo.com", "type": "xmpp"}],
    },
]
EVERYBODY = {"ada", "Bob", "zoë"}


@pytest.fixture
def company(scim: Scim, connect: Any) -> Scim:
    """Three people; whoever else is there has a name with an @."""
    for person in COMPANY:
        scim.user(person["userName"], **{k: v for k, v in person.items() if k != "userName"})
    return scim


def found(scim: Scim, text: str) -> set[str]:
    answer = scim("POST", "/Users/.search", {"filter": text, "attributes": ["userName"]})
    assert answer.status_code == 200, answer.text
    return {one["userName"] for one in answer.json["Resources"] if "@" not in one["userName"]}


FILTERS: dict[str, set[str]] = {
    'userName eq "ADA"': {"ada"},
    'userName eq "bob"': {"Bob"},
    'userName eq "ZOË"': {"zoë"},
    'userName eq "nobody"': set(),
    'userName ne "ada"': {"Bob", "zoë"},
    'userName sw "a"': {"ada"},
    'userName ew "Ë"': {"zoë"},
    'userName co "o"': {"Bob", "zoë"},
    'userName gt "b"': {"Bob", "zoë"},
    'userName le "bob"': {"ada", "Bob"},
    'externalId eq "1"': {"ada"},
    "externalId pr": {"ada", "Bob"},
    "not (externalId pr)": {"zoë"},
    "externalId eq null": {"zoë"},
    'name.familyName co "O\'Malley"': {"ada"},
    "name pr": {"ada"},
    # % and _ are themselves
    'displayName co "100%"': {"ada"},
    'displayName co "_real_"': {"ada"},
    'displayName sw "%"': set(),
    'displayName co "1__%"': set(),
    r'title co "\"THE\""': {"zoë"},
    "title pr": {"ada", "zoë"},
    "title eq null": {"Bob"},
    'title pr and userType eq "Employee"': {"ada"},
    'title pr or userType eq "Employee"': EVERYBODY,
    'userType eq "Employee" and not (title pr)': {"Bob"},
    'title eq "x" or userType eq "Employee" and active eq false': {"Bob"},
    "active eq true": {"ada", "zoë"},
    'active eq "False"': {"Bob"},
    "active ne false": {"ada", "zoë"},
    'emails eq "ada@home.example"': {"ada"},
    'emails co "EXAMPLE.COM"': {"ada", "zoë"},
    'emails.value ew "example.org"': {"Bob"},
    'emails.type eq "home"': {"ada", "zoë"},
    'emails[type eq "work" and value co "example.com"]': {"ada"},
    'emails[type eq "home" and value co "example.com"]': {"zoë"},
    'emails[type eq "work"].value eq "bob@example.org"': {"Bob"},
    'emails[type eq "work"] and emails[type eq "home"]': {"ada"},
    "emails[primary eq true]": {"ada"},
    "emails pr": EVERYBODY,
    'emails[type eq "work" and value co "example.com"] or ims[type eq "xmpp"]': {"ada", "zoë"},
    'addresses[locality eq "zürich"]': {"ada"},
    'addresses.locality sw "Z"': {"ada"},
    "addresses pr": {"ada"},
    'department eq "tours"': {"ada"},
    f'{ENTERPRISE_SCHEMA}:department eq "Sales"': {"Bob"},
    f'{ENTERPRISE_SCHEMA}:employeeNumber eq "007"': {"ada"},
    f'schemas eq "{ENTERPRISE_SCHEMA}"': {"ada", "Bob"},
    f'schemas eq "{USER}"': EVERYBODY,
    'schemas eq "urn:none"': set(),
    'meta.resourceType eq "User"': EVERYBODY,
    'meta.lastModified gt "2020-01-01T00:00:00Z"': EVERYBODY,
    'meta.created lt "2020-01-01T00:00:00+02:00"': set(),
    'meta.lastModified ge "0001-01-03T00:00:00.0000000Z" and active eq true': {"ada", "zoë"},
    "id pr": EVERYBODY,
    'id eq "nobody"': set(),
    "groups pr": set(),
}


def test_filters_find_whom_they_mean(company: Scim) -> None:
    wrong = {
        text: found(company, text) for text in FILTERS if found(company, text) != FILTERS[text]
    }

    assert wrong == {}


def test_filter_finds_members_of_a_group(company: Scim) -> None:
    (ada,) = company("GET", '/Users?filter=userName eq "ada"').json["Resources"]
    group = company.group("Sales", ada["id"])

    assert found(company, f'groups eq "{group["id"]}"') == {"ada"}
    assert found(company, f'groups[value eq "{group["id"]}"]') == {"ada"}
    assert found(company, 'groups.display eq "sales"') == {"ada"}
    assert found(company, "groups pr") == {"ada"}


LOUD = [
    'noSuchAttribute eq "x"',
    'userName eq "a" and noSuchAttribute eq "x"',
    "userName is 7",
    "active gt true",
    'title co "x',
    'groups[value eq "x" and type eq "direct"]',
    'groups.type eq "direct"',
    'manager.displayName eq "x"',
]


def test_filter_fails_loudly(scim: Scim) -> None:
    quiet = [t for t in LOUD if detail(scim("GET", f"/Users?filter={t}")) != (400, "invalidFilter")]

    assert quiet == []


def test_password_filter_is_sensitive(scim: Scim) -> None:
    assert detail(scim("GET", '/Users?filter=password sw "a"')) == (403, "sensitive")


def test_own_schema_of_the_organization_is_searched(scim: Scim, people: Cast) -> None:
    attributes = [{"name": "badgeNumber", "type": "string", "multiValued": False}]
    apply(DefineSchema(BADGE, "Badge", attributes), by=people.operator)

    scim.user("ada", **{BADGE: {"badgeNumber": "B-7"}})

    assert found(scim, f'{BADGE}:badgeNumber eq "b-7"') == {"ada"}


OWN_ATTRIBUTES: list[dict[str, Any]] = [
    {"name": "code", "type": "string", "caseExact": True},
    {"name": "word", "type": "string"},
    {"name": "floor", "type": "integer"},
    {"name": "share", "type": "decimal"},
    {"name": "remote", "type": "boolean"},
    {"name": "since", "type": "dateTime"},
    {"name": "stamp", "type": "binary"},
    {"name": "page", "type": "reference", "referenceTypes": ["external"]},
    {
        "name": "cards",
        "type": "complex",
        "multiValued": True,
        "subAttributes": [
            {"name": "value", "type": "string", "caseExact": True},
            {"name": "issued", "type": "dateTime"},
            {"name": "level", "type": "integer"},
            {"name": "lost", "type": "boolean"},
        ],
    },
]
OWN_FILTERS: dict[str, set[str]] = {
    'code eq "aB"': {"ada"},
    'code eq "ab"': set(),
    'code ne "aB"': {"bob"},
    'code sw "a"': {"ada"},
    'code co "aB"': {"ada"},
    'code ew "b"': {"bob"},
    'word eq "AB"': {"ada", "bob"},
    "floor gt 9": {"ada"},
    "floor le 9": {"bob"},
    "floor eq 10": {"ada"},
    "floor eq 10.0": {"ada"},
    "share ge 0.5": {"ada"},
    "share lt 5e-1": {"bob"},
    "remote eq true": {"ada"},
    "remote ne true": {"bob"},
    # one and the same moment, whatever the zone; 01:00+02:00 is a year before 00:00Z
    'since eq "2025-12-31T23:00:00Z"': {"ada"},
    'since eq "2026-01-01T00:00:00+01:00"': {"ada"},
    'since lt "2026-01-01T00:00:00Z"': {"ada"},
    'since ge "2026-01-01T00:00:00.0000000Z"': {"bob"},
    'since gt "0001-01-01T00:00:00Z"': {"ada", "bob"},
    'since ne "2025-12-31T18:00:00-05:00"': {"bob"},
    'stamp eq "YWI="': {"ada"},
    'stamp eq "ywi="': set(),
    'page sw "https://X"': {"ada"},
    'page sw "https://x"': {"bob"},
    'cards.value eq "K1"': {"ada"},
    'cards.value eq "k1"': set(),
    'cards[issued ge "2026-06-01T00:00:00Z" and level eq 3]': {"bob"},
    'cards[issued lt "2026-06-01T02:00:00+02:00"]': {"ada"},
    "cards[level gt 9]": {"ada"},
    "cards[lost eq true]": {"bob"},
    "cards[lost eq false]": {"ada"},
    'cards[value eq "K1"].level eq 10': {"ada"},
    'cards[value eq "K1"] and cards[level eq 10]': {"ada"},
    'cards[value eq "K1" and level eq 3]': set(),
}


def test_own_attributes_are_compared_by_their_types(scim: Scim, people: Cast) -> None:
    apply(DefineSchema(BADGE, "Badge", OWN_ATTRIBUTES), by=people.operator)
    card = {"value": "K1", "issued": "2026-06-01T01:00:00+02:00", "level": 10, "lost": False}
    ada = {"code": "aB", "word": "aB", "floor": 10, "share": 0.5, "remote": True}
    ada |= {"since": "2026-01-01T01:00:00+02:00", "stamp": "YWI=", "page": "https://X"}
    other = {"value": "K2", "issued": "2026-06-01T00:00:00Z", "level": 3, "lost": True}
    bob = {"code": "Bb", "word": "Ab", "floor": 9, "share": 0.25, "remote": False}
    bob |= {"since": "2026-01-01T00:00:00Z", "stamp": "Yg==", "page": "https://x"}
    scim.user("ada", **{BADGE: ada | {"cards": [card]}})
    made = scim.user("bob", **{BADGE: bob | {"cards": [other]}})

    asked = {t: f"word pr and {t}" for t in OWN_FILTERS}
    wrong = {t: found(scim, q) for t, q in asked.items() if found(scim, q) != OWN_FILTERS[t]}

    assert wrong == {}
    assert made[BADGE] == bob | {"cards": [other]}, "shown as sent"


OWN_LOUD = [
    'since co "2026"',
    'since gt "yesterday"',
    'floor co "1"',
    "remote gt true",
    'stamp gt "YQ=="',
    'cards[issued eq "x"]',
    "cards gt null",
]


def test_own_attributes_fail_loudly(scim: Scim, people: Cast) -> None:
    apply(DefineSchema(BADGE, "Badge", OWN_ATTRIBUTES), by=people.operator)

    quiet = [
        t for t in OWN_LOUD if detail(scim("GET", f"/Users?filter={t}")) != (400, "invalidFilter")
    ]

    assert quiet == []


def test_what_a_resource_says_of_itself_is_searched(company: Scim) -> None:
    (ada,) = company("GET", '/Users?filter=userName eq "ada"').json["Resources"]
    meta = ada["meta"]
    company.patch(f"/Users/{ada['id']}", {"op": "replace", "path": "title", "value": "x"})

    for text, wanted in (
        (f'meta.location eq "{meta["location"]}"', {"ada"}),
        ('meta.location eq "https://elsewhere/Users/1"', set()),
        (f'meta.location ne "{meta["location"]}"', EVERYBODY - {"ada"}),
        (r'meta.version eq "W/\"2\""', {"ada"}),
        (r'meta.version ne "W/\"2\""', EVERYBODY - {"ada"}),
        ('meta.version eq "x"', set()),
        ("meta.version pr and meta.location pr", EVERYBODY),
        (f'meta.created eq "{meta["created"]}" and userName eq "ada"', {"ada"}),
        (f'id sw "{ada["id"][:35]}" and id ew "{ada["id"][9:]}"', {"ada"}),
        (f'id eq "{ada["id"].upper()}"', set()),
        (f'urn:ietf:params:scim:schemas:core:2.0:user:ID eq "{ada["id"]}"', {"ada"}),
    ):
        assert found(company, text) == wanted, text


def test_letters_beyond_ascii_are_found_in_any_case(scim: Scim) -> None:
    scim.user("heidi", name={"familyName": "Weiß"})
    scim.user("soren", name={"familyName": "Ødegård"})

    spellings = ("Weiß", "weiß", "Ødegård", "ødegård", "ØDEGÅRD")
    lost = [s for s in spellings if len(found(scim, f'name.familyName eq "{s}"')) != 1]
    assert lost == []


# --- pages ------------------------------------------------------------------------------------


def test_walk_by_pages_meets_everybody_once(scim: Scim) -> None:
    made = {scim.user(f"user{number:02}")["userName"] for number in range(25)}
    walked: list[str] = []
    start, total = 1, 1
    while start <= total:
        page = scim("GET", f'/Users?filter=userName sw "user"&startIndex={start}&count=7').json
        walked += [one["userName"] for one in page["Resources"]]
        assert page["itemsPerPage"] == len(page["Resources"])
        start, total = start + page["itemsPerPage"], page["totalResults"]

    assert (total, len(walked), set(walked)) == (25, 25, made)


def test_count_0_tells_the_total_alone(company: Scim) -> None:
    page = company("GET", "/Users?filter=userName pr&count=0").json

    assert page["totalResults"] >= 3
    assert page["Resources"] == []


def test_page_beyond_the_end_is_empty(company: Scim) -> None:
    total = company("GET", "/Users?count=0").json["totalResults"]

    for start in (1000, 2**63 - 1, 2**63, 10**30):
        page = company("GET", f"/Users?startIndex={start}").json
        assert (page["Resources"], page["itemsPerPage"]) == ([], 0), start
        assert page["totalResults"] == total


def test_nobody_found_is_an_empty_list(scim: Scim) -> None:
    answer = scim("GET", '/Users?filter=userName eq "no-such-person"')

    assert (answer.status_code, answer.json["totalResults"]) == (200, 0)


def test_list_is_sorted(company: Scim) -> None:
    query = "filter=userType pr&attributes=userName"

    assert company.names(f"{query}&sortBy=userName") == ["ada", "Bob", "zoë"]
    assert company.names(f"{query}&sortBy=userName&sortOrder=descending") == ["zoë", "Bob", "ada"]
    assert company.names(f"{query}&sortBy=meta.created&sortOrder=descending")[0] == "zoë"
    assert set(company.names(f"{query}&sortBy=emails")) == EVERYBODY


def test_sort_by_an_unknown_attribute_is_refused(scim: Scim) -> None:
    assert detail(scim("GET", "/Users?sortBy=noSuchAttribute")) == (400, "invalidPath")


def test_address_that_ends_in_a_question_mark_is_taken(scim: Scim) -> None:
    assert scim("GET", "/Users?").status_code == 200
    assert scim("GET", "/Users?count=1&").status_code == 200
    assert scim("GET", "/Users/").status_code == 200


def test_page_of_100_people_costs_a_fixed_number_of_statements(scim: Scim, statements: Any) -> None:
    boss = scim.user("boss")
    counts = []
    for size in (2, 20):
        for number in range(size):
            manager = {ENTERPRISE_SCHEMA: {"manager": {"value": boss["id"]}}}
            scim.user(f"user{size}-{number}", externalId=f"{size}-{number}", **manager)
        with statements() as counted:
            scim("GET", f'/Users?filter=userName sw "user{size}-"')
        counts.append(len(counted))

    assert counts[0] == counts[1] <= 9
