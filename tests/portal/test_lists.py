"""What every list can do: sort, filter, become a file, be printed, keep views."""

import csv
import io
import re
from collections.abc import Sequence

import pytest

from idp import spreadsheet
from idp.changes import apply, audit
from idp.changes.intents import CreateUser, SaveView
from idp.directory import queries
from idp.directory.errors import Conflict, Invalid
from idp.directory.saved_views import MOST
from portal.list_pages import LISTS
from portal.routes import ROUTES
from tests.portal.browsing import Visitor
from tests.portal.conftest import Site
from tests.portal.places import address

PEOPLE = "/identity/people"


PAGE = 50
NOBODY_LACKS_ANYTHING = {"license-problems"}  # of the product that the address names


def home_of(site: Site, key: str) -> str:
    """The address of a list's page, with real ids."""
    name = LISTS[key].endpoint.removeprefix("portal.")
    return address(site, next(route for route in ROUTES if route.view.__name__ == name))


def headings(visitor: Visitor) -> dict[str, str]:
    """{heading: its address}."""
    return {
        " ".join(link.text_content().split()): link.get("href")
        for link in visitor.page.xpath("//thead//a")
    }


def names(visitor: Visitor) -> list[str]:
    return [
        link.text_content()
        for link in visitor.page.xpath("//tbody//td[contains(@class,'main')]//a")
    ]


def exported(visitor: Visitor) -> list[list[str]]:
    """The rows of the file that the page's button gives."""
    visitor.submit("Export as CSV")
    assert visitor.answer.status_code == 200
    assert visitor.answer.headers["Content-Type"].startswith("text/csv")
    assert "attachment" in visitor.answer.headers["Content-Disposition"]
    content = visitor.answer.get_data()
    visitor.answer.close()
    assert content.startswith("\ufeff".encode())
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_a_heading_sorts_and_turns_round(alice: Visitor) -> None:
    alice.get(PEOPLE)
    assert alice.page.xpath("string(//th[@aria-sort]/@aria-sort)") == "ascending"
    by_name = names(alice)
    alice.get(headings(alice)["Name"])
    assert names(alice) == by_name[::-1]
    assert alice.page.xpath("string(//th[@aria-sort]/@aria-sort)") == "descending"
    alice.get(headings(alice)["Last sign-in"])
    assert names(alice)[0] == "Alice Liddell"
    assert "never" in alice.text


def test_a_filter_keeps_the_order_and_the_order_the_filter(site: Site, alice: Visitor) -> None:
    alice.get(f"{PEOPLE}?sort=-user_name&state=active")
    assert "State: Active" in alice.text
    alice.get(headings(alice)["Added"])
    assert "State: Active" in alice.text
    assert "sort=-created" in alice.answer.request.full_path
    alice.get(f"{PEOPLE}?source={site.cast.hr.id}&sort=user_name")
    assert "Source: HR" in alice.text
    assert "Erin O’Brien" in names(alice)
    assert "Bob Núñez" not in names(alice)


def test_an_address_is_cleaned_of_what_the_list_does_not_know(alice: Visitor) -> None:
    alice.get(f"{PEOPLE}?state=%3Cscript%3E&sort=-password&source=elsewhere&evil=1&q=%20")
    assert alice.answer.status_code == 200
    assert not alice.page.find_class("chip")
    links = " ".join(alice.page.xpath("//main//@href | //main//@value"))
    assert not re.search("evil|script|elsewhere|password", links)


@pytest.mark.parametrize("key", LISTS)
def test_every_list_is_sorted_by_every_heading_that_says_so(
    site: Site, alice: Visitor, key: str
) -> None:
    alice.get(home_of(site, key))
    for label, url in headings(alice).items():
        alice.get(url)
        assert alice.answer.status_code == 200, label
        assert alice.page.xpath("string(//th[@aria-sort])").strip() == label


@pytest.mark.parametrize("key", LISTS)
def test_every_list_becomes_a_file_of_what_it_shows(site: Site, key: str) -> None:
    alice = site.visitor("alice").get(home_of(site, key))
    rows = len(alice.page.xpath("(//div[contains(@class, 'table-card')])[last()]//tbody/tr"))
    head, *body = exported(alice)
    assert len(body) == rows or len(body) > rows == PAGE
    assert rows > 0 or key in NOBODY_LACKS_ANYTHING
    assert head == [str(column.label) for column in LISTS[key].columns]


def test_a_file_holds_what_the_filter_means_and_the_audit_tells(site: Site, alice: Visitor) -> None:
    alice.get(f"{PEOPLE}?q=erin&state=active")
    _head, *body = exported(alice)
    assert [row[0] for row in body] == ["Erin O’Brien"]
    with site.app.app_context():
        (entry,), _ = audit.page(
            site.cast.alice, audit.AuditFilter(action="list.exported"), limit=1
        )
    assert entry.diff == {"rows": [None, 1], "filter": [None, "q=erin&state=active"]}
    assert "Exported a list" in alice.get("/audit").text


def test_a_file_is_whole_however_many_there_are(
    site: Site, alice: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.listing.CHUNK", 7)
    monkeypatch.setattr(spreadsheet, "IN_MEMORY", 100)
    with site.app.app_context():
        apply(*(CreateUser({"userName": f"p{n}"}) for n in range(30)), by=site.cast.alice)
        wanted = {one.user_name for one in queries.page_people(site.cast.alice, limit=99).items}
    _head, *body = exported(alice.get(f"{PEOPLE}?sort=-last_sign_in"))
    assert {row[2] for row in body} == wanted
    assert len(body) == len(wanted)


def test_nobody_takes_along_what_they_may_not_see(site: Site, bob: Visitor) -> None:
    bob.get("/me").post("/lists/people/export")
    assert bob.answer.status_code == 403
    bob.get("/me").post("/lists/nothing/export")
    assert bob.answer.status_code == 404
    bob.get("/audit")
    _head, *body = exported(bob)
    assert body
    assert all("Bob" in row[1] or row[-1].startswith("bob@") for row in body)


@pytest.mark.parametrize(
    "hostile",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"],
)
def test_no_cell_is_a_formula(hostile: str) -> None:
    written = spreadsheet.cell(hostile)
    assert written == f"'{hostile}"
    assert spreadsheet.plain(written) == hostile


@pytest.mark.parametrize("harmless", ["Bob", "'tis", "1-2", "", "a=b", "O'Brien"])
def test_an_ordinary_cell_stays_as_it_is(harmless: str) -> None:
    assert spreadsheet.cell(harmless) == harmless == spreadsheet.plain(harmless)


def read_back(rows: Sequence[Sequence[object]]) -> list[list[str]]:
    text = b"".join(spreadsheet.lines(rows)).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def test_quotes_commas_and_line_breaks_survive() -> None:
    row = ['say "x", y', "two\r\nlines", "", 7, None, "ü"]
    assert read_back([row]) == [['say "x", y', "two\r\nlines", "", "7", "", "ü"]]


def test_a_name_that_is_a_formula_is_harmless_in_the_file(site: Site, alice: Visitor) -> None:
    evil = '=HYPERLINK("https://evil.example";"x")'
    with site.app.app_context():
        apply(CreateUser({"userName": "eve", "displayName": evil}), by=site.cast.hr)
    _head, *body = exported(alice.get(f"{PEOPLE}?q=eve"))
    assert body[0][0] == f"'{evil}"


def test_a_printed_list_is_whole_and_says_when_and_by_whom(site: Site, alice: Visitor) -> None:
    with site.app.app_context():
        apply(*(CreateUser({"userName": f"p{n}"}) for n in range(70)), by=site.cast.alice)
    alice.get(PEOPLE)
    assert len(names(alice)) == 50
    alice.get(alice.page.xpath("//a[normalize-space()='Print']/@href")[0])
    assert len(names(alice)) > 70
    assert re.search(r"Printed 20\d\d-\d\d-\d\d \d\d:\d\d UTC by Alice Liddell", alice.text)
    assert not alice.page.xpath("//tbody//input")


# --- views ----------------------------------------------------------------------------------------


def save(visitor: Visitor, name: str, at: str = f"{PEOPLE}?state=active&sort=-created") -> Visitor:
    visitor.get(at)
    visitor.get(visitor.page.xpath("//a[contains(., 'Save this view')]/@href")[0])
    return visitor.submit("Save the view", name=name)


def kept(visitor: Visitor) -> list[str]:
    """The views that the list of people offers."""
    visitor.get(PEOPLE)
    links = visitor.page.xpath("//div[@class='list-tools']//div[@class='menu-list']/a")
    return [" ".join(link.text_content().split()) for link in links][:-1]


def test_a_view_keeps_filter_and_order_under_a_name(site: Site, alice: Visitor) -> None:
    save(alice, "New ones")
    assert alice.path == PEOPLE
    assert "State: Active" in alice.text
    assert kept(alice) == ["New ones"]
    link = alice.page.xpath("//div[@class='menu-list']/a[contains(., 'New ones')]/@href")[0]
    alice.get(link)
    assert "sort=-created" in alice.answer.request.full_path
    assert kept(site.visitor("carol")) == []


def test_a_view_for_everybody_is_a_global_administrators(site: Site, alice: Visitor) -> None:
    alice.get("/lists/people/views?q=erin").submit("Save the view", name="Erin", shared="y")
    carol = site.visitor("carol")
    assert kept(carol) == ["Erin"]
    carol.get("/lists/people/views")
    assert "Delete" not in carol.text
    carol.post("/lists/people/views", name="Mine", shared="y", query="")
    assert carol.answer.status_code in (403, 422)
    assert kept(site.visitor("heidi")) == ["Erin"]


def test_a_view_is_renamed_and_deleted(alice: Visitor) -> None:
    save(alice, "One")
    alice.get("/lists/people/views").submit("Save One", name="Two")
    assert kept(alice) == ["Two"]
    alice.get("/lists/people/views").submit("Delete Two")
    assert kept(alice) == []


def test_a_view_of_another_is_not_there(site: Site, alice: Visitor) -> None:
    save(alice, "Mine")
    with site.app.app_context():
        view = queries.saved_views(site.cast.alice, "people")[0].id
    for name in ("carol", "mallory@contoso.example"):
        other = site.visitor(name).get("/me")
        for url in (f"/lists/people/views/{view}", f"/lists/people/views/{view}/delete"):
            other.post(url, name="Stolen")
            assert other.answer.status_code == 404
    assert kept(alice) == ["Mine"]


def test_a_hostile_view_asks_for_no_more_than_the_list_knows(alice: Visitor) -> None:
    query = "q=bob&next=//evil.example&state=nowhere&sort=password&cursor=x"
    alice.get("/lists/people/views").submit("Save the view", name="Odd", query=query)
    assert alice.path == PEOPLE
    assert alice.answer.request.query_string == b"q=bob"


@pytest.mark.parametrize("name", ["", " ", "x" * 81, "a\nb"])
def test_a_view_needs_a_fit_name(alice: Visitor, name: str) -> None:
    alice.get("/lists/people/views").submit("Save the view", name=name)
    assert alice.answer.status_code == 422
    assert kept(alice) == []


def test_a_person_keeps_no_more_than_a_shelf_of_views(site: Site) -> None:
    with site.app.app_context():
        for n in range(MOST):
            apply(SaveView("people", f"View {n}"), by=site.cast.alice)
        with pytest.raises(Conflict):
            apply(SaveView("people", "One more"), by=site.cast.alice)
        with pytest.raises(Invalid):
            apply(SaveView("people", "x", "q=" + "x" * 3000), by=site.cast.bob)
