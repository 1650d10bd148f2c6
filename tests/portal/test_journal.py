"""The journal's pages: the list, its filters, one request, and what it would do now."""

import pytest

from idp.changes import apply, audit
from idp.changes.intents import ChangeConnection, ChangeUser
from idp.directory import queries
from portal.tolerated import sentence
from scim.journal import recorder
from tests.portal.browsing import Visitor
from tests.portal.conftest import Site


@pytest.fixture
def journal(site: Site) -> str:
    """The address of HR's journal."""
    return f"/identity/provisioning/{site.cast.hr.id}/journal"


def rows(visitor: Visitor) -> list[str]:
    """The list's rows, each in one line."""
    found = visitor.page.xpath("//main//tbody/tr")
    return [" ".join(row.text_content().split()) for row in found]


def call(site: Site, method: str, path: str, body: object = None) -> None:
    """HR asks something, and it is written down."""
    headers = {"Authorization": f"Bearer {site.cast.token}"}
    site.app.test_client().open(f"/scim/v2{path}", method=method, json=body, headers=headers)
    with site.app.app_context():
        recorder().flush()


def test_the_list_says_what_was_asked_and_what_came_of_it(alice: Visitor, journal: str) -> None:
    first, second, third = rows(alice.get(journal))
    assert "PATCH erin@northwind.example" in first
    assert "Straightened" in first
    assert "GET /Users/nobody" in second
    assert "Refused" in second
    assert "404" in second
    assert "GET /Users?filter=userName eq" in third
    assert "Done" in third


@pytest.mark.parametrize(
    "query, expected",
    [
        ("result=changed", 1),
        ("result=refused", 1),
        ("result=tolerated", 1),
        ("method=GET", 2),
        ("method=BREW", 3),
        ("q=ERIN@northwind.example", 1),
        ("q=nobody-at-all", 0),
        ("from=2001-01-01&to=2001-12-31", 0),
        ("from=2001-01-01", 3),
        ("to=9999-12-31", 3),
        ("from=someday&result=odd&cursor=odd", 3),
        ("q=%00", 0),
    ],
)
def test_the_list_is_filtered(alice: Visitor, journal: str, query: str, expected: int) -> None:
    assert len(rows(alice.get(f"{journal}?{query}"))) == expected
    assert alice.answer.status_code == 200


def test_filters_are_removed_one_by_one(alice: Visitor, journal: str) -> None:
    alice.get(f"{journal}?result=refused&method=POST")
    assert "No request matches these filters." in alice.text
    alice.get(alice.page.xpath("//a[contains(., 'POST')]/@href")[0])
    assert len(rows(alice)) == 1


def test_pages_lead_on(site: Site, alice: Visitor, journal: str) -> None:
    for _ in range(50):
        call(site, "GET", "/Users?count=0")
    assert len(rows(alice.get(journal))) == 50
    alice.get(alice.page.xpath("//a[contains(., 'Next page')]/@href")[0])
    assert len(rows(alice)) == 3


def test_an_empty_journal_says_how_to_fill_it(site: Site, alice: Visitor) -> None:
    alice.get("/identity/provisioning/new").submit("Connect and show the token", name="Payroll")
    alice.get(alice.page.xpath("//nav[@class='tabs']//a[.='Journal']/@href")[0])
    assert "No request yet" in alice.text
    assert "curl -H" in alice.text


def test_a_request_is_shown_whole(site: Site, alice: Visitor, journal: str) -> None:
    alice.get(f"{journal}/{site.entry}")
    assert f"PATCH /scim/v2/Users/{site.cast.erin}" in alice.text
    assert '"op": "Replace"' in alice.text
    assert "The client did not name the PatchOp schema" in alice.text
    assert alice.page.xpath("//dl[@class='diff']//del/text()")[0] == "Clerk"
    assert alice.page.xpath("//dl[@class='diff']//ins/text()")[0] == "Cook"
    assert alice.page.xpath(f"//a[contains(@href, '{site.cast.erin}')]")


def test_what_it_would_do_now_is_shown_and_not_done(
    site: Site, alice: Visitor, journal: str
) -> None:
    def head() -> object:
        return site.inside(lambda: audit.head_of(site.cast.org))

    site.inside(lambda: apply(ChangeUser(site.cast.erin, {"title": "Chef"}), by=site.cast.hr))
    before = head()
    alice.get(f"{journal}/{site.entry}").submit("Show what it would do now")
    assert alice.answer.status_code == 200
    assert "Nothing was written" in alice.text
    assert alice.page.xpath("//dl[@class='diff']//del/text()")[0] == "Chef"
    assert head() == before
    found = site.inside(lambda: queries.find_user(site.cast.alice, site.cast.erin).title)
    assert found == "Chef"


def test_what_would_be_refused_now_says_why(site: Site, alice: Visitor, journal: str) -> None:
    strict = ChangeConnection(site.cast.hr.id, profile="strict")
    site.inside(lambda: apply(strict, by=site.cast.operator))
    alice.get(f"{journal}/{site.entry}").submit("Show what it would do now")
    assert "Refused 400" in alice.text
    assert "The strict profile does not accept this" in alice.text
    assert "Then it wasStraightened 200" in alice.text


def test_a_password_was_left_out_and_the_rehearsal_says_so(
    site: Site, alice: Visitor, journal: str
) -> None:
    body = {"userName": "joe@northwind.example", "password": "a walk in the woods"}
    call(site, "POST", "/Users", body)
    alice.get(journal).get(alice.page.xpath("//main//tbody/tr[1]/td[1]/a/@href")[0])
    assert "a walk in the woods" not in alice.text
    assert "Secrets were left out" in alice.text
    alice.submit("Show what it would do now")
    assert "Secrets such as passwords were left out" in alice.text


def test_who_may_only_look_has_no_button(site: Site, journal: str) -> None:
    site.visitor("alice").get("/identity/roles/global_reader/assign").submit(
        "Assign the role", user_name="bob@northwind.example"
    )
    bob = site.visitor("bob").get(f"{journal}/{site.entry}")
    assert bob.answer.status_code == 200
    assert "Show what it would do now" not in bob.text
    assert bob.post(f"{journal}/{site.entry}/replay").answer.status_code == 403


def test_another_connections_request_is_not_there(site: Site, alice: Visitor, journal: str) -> None:
    alice.get("/identity/provisioning/new").submit("Connect and show the token", name="Payroll")
    other = alice.page.xpath("//nav[@class='tabs']//a[.='Journal']/@href")[0]
    assert alice.get(f"{other}/{site.entry}").answer.status_code == 404
    assert alice.get(f"{journal}/nothing").answer.status_code == 404


# --- settings -----------------------------------------------------------------------------------


@pytest.fixture
def settings(site: Site) -> str:
    """The address of HR's settings."""
    return f"/identity/provisioning/{site.cast.hr.id}/settings"


def held(site: Site) -> dict[str, object]:
    found = site.inside(lambda: queries.find_connection(site.cast.alice, site.cast.hr.id).settings)
    assert isinstance(found, dict)
    return found


def test_limits_are_set_and_what_others_keep_stays(
    site: Site, alice: Visitor, settings: str
) -> None:
    kept = ChangeConnection(site.cast.hr.id, settings={"brake": {"share": 10}})
    site.inside(lambda: apply(kept, by=site.cast.operator))
    alice.get(settings).submit("Save", rate="50", journal_days="7", name="People", profile="okta")
    assert "The changes are saved." in alice.text
    assert held(site) == {"brake": {"share": 10}, "rate": 50, "journal_days": 7}
    assert alice.page.xpath("string(//h1)") == "People"


def test_a_form_that_changes_nothing_writes_nothing(
    site: Site, alice: Visitor, settings: str
) -> None:
    alice.get(settings).submit("Save")
    assert "Nothing was different." in alice.text
    assert held(site) == {}


def test_a_system_is_turned_off_and_on(site: Site, alice: Visitor, settings: str) -> None:
    headers = {"Authorization": f"Bearer {site.cast.token}"}
    alice.get(settings).submit("Save", state="off")
    assert site.app.test_client().get("/scim/v2/Users", headers=headers).status_code == 401
    alice.submit("Save", state="on")
    assert site.app.test_client().get("/scim/v2/Users", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "fields, said",
    [
        ({"rate": "24"}, "25 to 100,000 requests a second."),
        ({"rate": ""}, "Say how many."),
        ({"journal_days": "366"}, "0 to 365 days."),
        ({"journal_days": "-1"}, "0 to 365 days."),
        ({"name": ""}, "Give the system a name."),
        ({"profile": "odd"}, "Not a valid choice"),
    ],
)
def test_wrong_settings_are_refused(
    site: Site, alice: Visitor, settings: str, fields: dict[str, str], said: str
) -> None:
    alice.get(settings).submit("Save", **fields)
    assert alice.answer.status_code == 422
    assert said in alice.text
    assert held(site) == {}


def test_somebody_elses_settings_are_not_overwritten(
    site: Site, alice: Visitor, settings: str
) -> None:
    alice.get(settings)
    meanwhile = ChangeConnection(site.cast.hr.id, settings={"rate": 30})
    site.inside(lambda: apply(meanwhile, by=site.cast.operator))
    alice.submit("Save", rate="40")
    assert alice.answer.status_code == 422
    assert "Somebody else has changed this connection meanwhile." in alice.text
    assert held(site) == {"rate": 30}


@pytest.mark.parametrize(
    "shape, said",
    [
        (
            "unknown attribute colour",
            "The client sent colour, which does not exist here; it was ignored.",
        ),
        ("managerId for value", "The client wrote managerId; it was read as value."),
        (
            "a bare string for manager",
            "The client sent plain text for manager; it was read as its value.",
        ),
        ("something new", "The client sent something new; it was understood."),
    ],
)
def test_what_was_tolerated_is_said_in_a_sentence(shape: str, said: str) -> None:
    assert sentence(shape) == said
