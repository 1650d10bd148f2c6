"""Every page in Chromium, from a real server process: readable by everybody, light and dark,
wide and narrow, by keyboard; nothing the policy forbids, and search as one types.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect

from idp.app import create_app
from portal.routes import PUBLIC, ROUTES
from tests import counterparts
from tests.cast import PASSWORD
from tests.conftest import settings_for
from tests.flows.product import running
from tests.portal.conftest import Site, furnish
from tests.portal.places import READABLE, address

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.xdist_group("portal-browser")]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
EMPTY = ("/identity/people?q=zzzz", "/search?q=zzzz", "/audit?door=sync", "/nowhere", "/search?q=a")


@dataclass
class Portal:
    """The served portal, and what is in it."""

    origin: str
    site: Site
    browser: Browser


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A server process of its own on a furnished database, and a browser."""
    place: Path = tmp_path_factory.mktemp("portal")
    url = f"sqlite:///{place / 'chamberlain.db'}"
    with running(url, place) as product, counterparts.chromium() as browser:
        yield Portal(product.origin, furnish(_beside(url, place)), browser)


def _beside(url: str, place: Path) -> Flask:
    """The same installation in this process: the keys lie where the server made them."""
    keys = {name: (place / name).read_text() for name in ("secret_key", "master_key")}
    return create_app(settings_for(url, place, demo=True, **keys))


@pytest.fixture(params=["light", "dark"])
def context(request: pytest.FixtureRequest, portal: Portal) -> Iterator[BrowserContext]:
    """A browser of somebody whose system is light or dark."""
    made = portal.browser.new_context(color_scheme=request.param, reduced_motion="reduce")
    yield made
    made.close()


def sign_in(page: Page, origin: str, name: str) -> None:
    """By keyboard alone: the name field has the focus, and so has the password's."""
    page.goto(f"{origin}/sign-in")
    expect(page.locator("[name=username]")).to_be_focused()
    page.keyboard.type(f"{name}@northwind.example")
    page.keyboard.press("Enter")
    expect(page.locator("[name=password]")).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/home")


def watched(context: BrowserContext) -> tuple[Page, list[str]]:
    """A page, and what its console complains of beyond an answer's status."""
    said: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on(
        "console",
        lambda m: (
            said.append(m.text)
            if m.type in ("error", "warning") and "Failed to load resource" not in m.text
            else None
        ),
    )
    return page, said


def check(page: Page) -> list[str]:
    """What is wrong with the page in view, narrow and wide; colours do not depend on the width."""
    wrong = []
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    for width in (320, 768, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        if page.evaluate(TOO_WIDE):
            wrong.append(f"{page.url} at {width}: wider than the screen")
        if width == 1280 or (width == 320 and not dark):
            found = Axe().run(page, options=RULES).response["violations"]
            wrong += [
                f"{page.url} at {width}: {v['id']} {v['nodes'][0]['html'][:200]}" for v in found
            ]
    return wrong


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_every_page_is_accessible(portal: Portal, context: BrowserContext, name: str) -> None:
    page, said = watched(context)
    sign_in(page, portal.origin, name)
    wrong = []
    mine = [route for route in READABLE if name == "alice" or not route.needs]
    for url in (*(address(portal.site, route) for route in mine), *EMPTY):
        page.goto(portal.origin + url)
        wrong += check(page)
    assert wrong == []
    assert said == []


def test_pages_for_nobody_and_wrong_forms_are_accessible(
    portal: Portal, context: BrowserContext
) -> None:
    page, said = watched(context)
    wrong = []
    for route in ROUTES:
        if route.needs == PUBLIC and "GET" in route.methods:
            page.goto(portal.origin + address(portal.site, route))
            wrong += check(page)
    page.goto(f"{portal.origin}/sign-in")
    page.get_by_role("button", name="Continue").click()
    wrong += check(page)
    sign_in(page, portal.origin, "alice")
    for form, button in (
        ("/identity/people/new", "Add the person"),
        ("/identity/provisioning/new", "Connect and show the token"),
        ("/identity/applications/new", "Add the application"),
        ("/me/password", "Change password"),
    ):
        page.goto(portal.origin + form)
        page.get_by_role("button", name=button).click()
        expect(page.locator("#wrong")).to_be_focused()
        wrong += check(page)
    page.goto(f"{portal.origin}/identity/people/{portal.site.cast.erin}")
    page.get_by_text("More", exact=True).click()
    wrong += check(page)
    page.get_by_role("button", name="Issue a one-time link").click()
    wrong += check(page)
    page.goto(page.locator("#one-time-link").inner_text())
    wrong += check(page)
    assert wrong == []
    assert said == []


def test_a_preview_is_accessible_and_its_menu_opens(
    portal: Portal, context: BrowserContext
) -> None:
    page, said = watched(context)
    sign_in(page, portal.origin, "alice")
    page.goto(f"{portal.origin}/identity/roles/user_administrator/preview")
    page.get_by_role("button", name="Preview as this role").click()
    page.wait_for_url("**/home")
    wrong = check(page)
    page.goto(f"{portal.origin}/identity/people")
    wrong += check(page)
    page.set_viewport_size({"width": 320, "height": 700})
    page.get_by_label("Show the menu").check()
    menu = page.get_by_role("navigation", name="Sections")
    menu.get_by_role("link", name="Groups", exact=True).click()
    expect(page.locator("h1")).to_have_text("Groups")
    page.get_by_role("button", name="End preview").click()
    expect(page.get_by_role("button", name="End preview")).to_have_count(0)
    assert wrong == []
    assert said == []


def test_people_are_found_as_one_types(portal: Portal, context: BrowserContext) -> None:
    page, said = watched(context)
    sign_in(page, portal.origin, "alice")
    page.goto(f"{portal.origin}/identity/people")
    page.locator("main [name=q]").press_sequentially("eri")
    expect(page.locator("#people")).not_to_contain_text("Bob")
    expect(page.locator("#people")).to_contain_text("Erin O’Brien")
    expect(page.locator("#said")).to_have_text("1 person")
    assert re.search(r"q=eri", page.url)
    expect(page.locator("main [type=search]")).to_be_focused()
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("/")
    page.keyboard.type("sal")
    page.locator("#found").get_by_role("link", name="Sales").click()
    expect(page.locator("h1")).to_have_text("Sales")
    assert said == []


def test_a_value_is_copied(portal: Portal) -> None:
    context = portal.browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    sign_in(page, portal.origin, "alice")
    page.goto(f"{portal.origin}/identity/provisioning")
    page.get_by_role("button", name="Copy").click()
    assert page.evaluate("navigator.clipboard.readText()").endswith("/scim/v2")
    context.close()


def test_the_choice_of_dark_overrides_the_system(portal: Portal) -> None:
    context = portal.browser.new_context(color_scheme="light")
    page = context.new_page()
    sign_in(page, portal.origin, "bob")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_label("Appearance and sign out").click()
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate(ground) != light
    context.close()


def test_the_menu_opens_without_javascript_on_a_narrow_screen(portal: Portal) -> None:
    context = portal.browser.new_context(
        java_script_enabled=False, viewport={"width": 320, "height": 700}
    )
    page = context.new_page()
    page.goto(f"{portal.origin}/sign-in")
    page.locator("[name=username]").fill("alice@northwind.example")
    page.get_by_role("button", name="Continue").click()
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    menu = page.get_by_role("navigation", name="Sections")
    expect(menu).not_to_be_visible()
    page.get_by_label("Show the menu").check()
    menu.get_by_role("link", name="Groups", exact=True).click()
    expect(page.locator("h1")).to_have_text("Groups")
    context.close()


def test_an_import_goes_on_by_itself_ends_by_itself_and_leaves_the_focus(
    portal: Portal, context: BrowserContext
) -> None:
    page, said = watched(context)
    sign_in(page, portal.origin, "alice")
    page.goto(f"{portal.origin}/identity/people/import")
    content = "userName\n" + "".join(f"imported{n}\n" for n in range(600))
    file = {"name": "people.csv", "mimeType": "text/csv", "buffer": content.encode()}
    page.locator("[name=file]").set_input_files(file)  # type: ignore[arg-type]
    page.get_by_role("button", name="Upload").press("Enter")
    page.get_by_role("button", name="Rehearse").press("Enter")
    page.get_by_role("button", name="Cancel the import").focus()
    expect(page.locator(".facts")).to_contain_text("600", timeout=60_000)
    expect(page.locator("progress")).to_have_count(0)
    expect(page.get_by_role("button", name="Cancel the import")).to_be_focused()
    expect(page.get_by_role("button", name="Import", exact=True)).to_be_visible()
    assert check(page) == []
    assert said == []
