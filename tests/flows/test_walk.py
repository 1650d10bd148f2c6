"""One person through every door: from HR's feed to a real application, and out again.

The steps stand on each other's shoulders and run in order (`make test` keeps a file in one
worker), once on SQLite with one server process
and once on PostgreSQL with two; the browser is Chromium, the applications are Apache with
Shibboleth and a Node.js service provider, the HR system speaks scim2-client.
"""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import create_engine, text

from idp.company import company
from tests import counterparts
from tests.counterparts import Sp
from tests.flows.hr import HrSystem
from tests.flows.product import Product, running

ADMIN, SECRET = "ada@northwind.example", "the keys of the house"
HERS = "a garden behind the wall"
COMPANY = company(people=1000, groups=60, seed=20)
PROCESSES = {"sqlite": 1, "postgresql": 2}
HISTORY = (
    "SELECT count(*) FROM audit_entries",
    "SELECT sum(version) FROM users",
    "SELECT sum(version) FROM groups",
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@dataclass
class Walk:
    """What the steps hand on to each other."""

    product: Product
    org: str
    admin_link: str
    hr: HrSystem
    admin: BrowserContext
    hers: BrowserContext
    place: int = 17  # of the person in the company
    applications: dict[str, Sp] = field(default_factory=dict)

    @property
    def person(self) -> Any:
        """The person as HR knows her."""
        return COMPANY.people[self.place]

    @property
    def person_id(self) -> str:
        """The id under which the directory knows her."""
        return self.hr.people[self.place]

    def audit(self, **about: str) -> Page:
        """The audit page in the administrator's browser."""
        page = self.admin.new_page()
        query = "&".join(f"{name}={value}" for name, value in about.items())
        page.goto(f"{self.product.origin}/audit?{query}")
        return page


@pytest.fixture(scope="module", params=list(PROCESSES))
def walk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Walk]:
    """A fresh installation with an organization, an HR token, and two browsers."""
    place = tmp_path_factory.mktemp(request.param)
    with ExitStack() as stack:
        url = f"sqlite:///{place / 'chamberlain.db'}"
        if request.param == "postgresql":
            url = stack.enter_context(counterparts.fresh_database(counterparts.postgres()))
        product = stack.enter_context(running(url, place, PROCESSES[request.param]))
        made = product.flask(
            "org", "create", "Northwind", "--domain", "northwind.example", "--admin", ADMIN
        )
        token = product.flask("scim", "connect", made["org"], "HR")["token"]
        browser = stack.enter_context(counterparts.chromium())
        hr = HrSystem(product.origin, token)
        stack.callback(hr.http.close)
        yield Walk(
            product,
            made["org"],
            made["admin_link"],
            hr,
            browser.new_context(),
            browser.new_context(),
        )


def history(walk: Walk) -> list[int]:
    """How much history there is: what a push that changes nothing must not add to."""
    engine = create_engine(walk.product.environment["CHAMBERLAIN_DATABASE_URL"])
    with engine.connect() as held:
        found = [held.scalar(text(statement)) or 0 for statement in HISTORY]
    engine.dispose()
    return found


def sign_in(page: Page, name: str, password: str) -> None:
    """Name first, then the password."""
    page.locator("[name=username]").fill(name)
    page.keyboard.press("Enter")
    page.locator("[name=password]").fill(password)
    page.keyboard.press("Enter")
    page.wait_for_load_state()


def choose_password(page: Page, link: str, password: str) -> None:
    """Open a one-time link and set a password."""
    page.goto(link)
    page.locator("[name=password]").fill(password)
    page.locator("[name=password_again]").fill(password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/home")


def test_1_an_hr_feed_arrives_and_a_second_push_changes_nothing(walk: Walk) -> None:
    walk.hr.push(COMPANY)
    first, before = list(walk.hr.answers), history(walk)
    walk.hr.push(COMPANY)
    assert walk.hr.answers == first
    assert history(walk) == before
    assert len(set(walk.hr.people)) == 1000
    assert len(walk.hr.groups) == len(COMPANY.groups) == 60


def test_2a_the_administrator_finds_her_by_three_letters(walk: Walk) -> None:
    page = walk.admin.new_page()
    choose_password(page, walk.admin_link, SECRET)
    page.goto(f"{walk.product.origin}/identity/people")
    page.locator("main [name=q]").press_sequentially(walk.person.user_name[:3])
    found = page.locator("main").get_by_role("link", name=walk.person.display_name, exact=True)
    found.first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(walk.person.display_name)


def test_2b_she_gets_a_link_by_mail_and_sees_her_own_page(walk: Walk) -> None:
    page = walk.admin.new_page()
    page.goto(f"{walk.product.origin}/identity/people/{walk.person_id}")
    page.get_by_text("More", exact=True).click()
    page.get_by_role("button", name="Issue a one-time link").click()
    copyable = page.locator("#one-time-link").inner_text()
    mailed = mailed_link(walk, walk.person.work_email)
    assert mailed == copyable
    mine = walk.hers.new_page()
    choose_password(mine, mailed, HERS)
    mine.goto(f"{walk.product.origin}/me")
    shown = mine.locator("main").inner_text()
    manager = COMPANY.people[walk.person.manager].display_name
    assert walk.person.display_name in shown
    assert manager in shown
    assert all(team.name in shown for team in COMPANY.groups if walk.place in team.people)
    assert "Where you are signed in" in shown


def mailed_link(walk: Walk, address: str) -> str:
    """The link in the newest mail to somebody, once the worker has delivered it."""
    page = walk.admin.new_page()
    for _ in range(40):
        page.goto(f"{walk.product.origin}/demo/mailbox")
        shown = page.locator("main").inner_text()
        found = re.search(rf"{re.escape(address)}.*?(http://\S+/invite/\S+)", shown, re.DOTALL)
        if found:
            return found[1]
        page.wait_for_timeout(250)
    raise AssertionError(f"no mail to {address}: {shown}")


@pytest.fixture(scope="module")
def applications(walk: Walk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Sp]]:
    """Two real applications that know our metadata and are registered with theirs."""
    shown = walk.product.flask("org", "show", walk.org)
    metadata = tmp_path_factory.mktemp("saml") / "idp.xml"
    metadata.write_bytes(httpx2.get(shown["saml_metadata_url"]).content)
    Path(metadata).parent.chmod(0o755)
    metadata.chmod(0o644)
    with ExitStack() as stack:
        for name, start in (
            ("Wiki", counterparts.shibboleth_sp),
            ("Desk", counterparts.node_saml_sp),
        ):
            sp = stack.enter_context(start(metadata))
            walk.product.flask("app", "saml", walk.org, name, "--metadata", str(sp.metadata_file))
            walk.applications[name] = sp
        yield walk.applications


@pytest.mark.parametrize("name", ["Wiki", "Desk"])
def test_3_real_applications_show_her_attributes(
    walk: Walk, applications: dict[str, Sp], name: str
) -> None:
    page = walk.hers.new_page()
    page.goto(applications[name].start_url)
    expect(page).to_have_url(re.compile(re.escape(applications[name].base_url)))
    shown = page.locator("body").inner_text()
    assert walk.person.work_email in shown
    assert walk.person.employee_number in shown
    assert walk.person.department in shown
    assert json.loads(shown)


def test_3b_she_signs_in_on_the_way_where_she_is_not_signed_in_yet(
    walk: Walk, applications: dict[str, Sp]
) -> None:
    context = walk.hers.browser.new_context()
    page = context.new_page()
    page.goto(applications["Wiki"].start_url)
    sign_in(page, walk.person.user_name, HERS)
    page.wait_for_url(f"{applications['Wiki'].base_url}/**")
    assert walk.person.work_email in page.locator("body").inner_text()
    context.close()


def test_4_and_5_hr_lets_her_go_and_every_door_closes_at_every_process(
    walk: Walk, applications: dict[str, Sp]
) -> None:
    pages = {origin: walk.hers.new_page() for origin in walk.product.origins}
    for origin, page in pages.items():
        page.goto(f"{origin}/me")
        assert walk.person.display_name in page.locator("main").inner_text()
    walk.hr.deactivate(walk.person_id)
    for origin, page in pages.items():
        page.goto(f"{origin}/me")
        assert "/sign-in" in page.url
    page = pages[walk.product.origin]
    page.goto(f"{walk.product.origin}/sign-in")
    sign_in(page, walk.person.user_name, HERS)
    assert "/sign-in" in page.url
    expect(page.locator("main")).to_contain_text("You cannot sign in")


def test_4b_the_next_saml_request_gets_a_proper_refusal(
    walk: Walk, applications: dict[str, Sp]
) -> None:
    page = walk.hers.new_page()
    page.goto(f"{applications['Desk'].start_url}?force=1")
    page.wait_for_url(f"{applications['Desk'].base_url}/**")
    refused = page.locator("body").inner_text()
    assert "refused" in refused
    assert "Responder error" in refused
    assert "not active" in refused


def test_4c_the_audit_says_who_by_which_door_from_what_to_what(walk: Walk) -> None:
    shown = walk.audit(target=walk.person_id).locator("main").inner_text()
    assert "HR" in shown
    assert "SCIM" in shown
    assert re.search(r"active.*(yes|true).*(no|false)", shown, re.DOTALL | re.IGNORECASE)
    assert walk.product.flask("audit", "verify", walk.org)["status"] == "ok"
