"""The pages as they stand in a language that is read from the right, in Chromium.

Arabic is known to the product in tests only: the sentences stay English, the layout does not.
"""

import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from tests import counterparts
from tests.portal.conftest import Site, an_app
from tests.portal.places import READABLE, address
from tests.portal.test_in_the_browser import TOO_WIDE, sign_in

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.xdist_group("portal-browser")]

CSS = sorted((Path(__file__).parents[2] / "portal/static/css").glob("*.css"))
PHYSICAL = re.compile(
    r"(?:margin|padding|border)-(?:left|right)\b|(?<![\w-])(?:left|right)\s*:"
    r"|text-align:\s*(?:left|right)|float:\s*(?:left|right)|(?:left|right)-radius"
)


@pytest.fixture(scope="module")
def served(
    furnished: tuple[Path, Site], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Site, Browser]]:
    """The furnished portal, served as an application under test: only such a one knows Arabic."""
    file, site = furnished
    place = tmp_path_factory.mktemp("right-to-left")
    shutil.copy(file, place / "site.db")
    app = an_app(f"sqlite:///{place / 'site.db'}", place / "data")
    app.testing = True
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with counterparts.chromium() as browser:
        yield f"http://127.0.0.1:{server.server_port}", site, browser
    server.shutdown()
    thread.join()


@pytest.fixture
def page(served: tuple[str, Site, Browser]) -> Iterator[Page]:
    """A Global Administrator who reads Arabic."""
    origin, _site, browser = served
    context = browser.new_context(reduced_motion="reduce")
    context.add_cookies([{"name": "language", "value": "ar", "url": origin}])
    made = context.new_page()
    sign_in(made, origin, "alice")
    expect(made.locator("html")).to_have_attribute("dir", "rtl")
    yield made
    context.close()


def test_every_page_fits_the_screen(served: tuple[str, Site, Browser], page: Page) -> None:
    origin, site, _browser = served
    wrong = []
    for route in READABLE:
        page.goto(origin + address(site, route))
        for width in (320, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            if page.evaluate(TOO_WIDE):
                wrong.append(f"{route.url} at {width}")
    assert wrong == []


def test_the_menu_stands_at_the_right_and_opens_on_a_narrow_screen(
    served: tuple[str, Site, Browser], page: Page
) -> None:
    menu = page.get_by_role("navigation", name="Sections")
    page.set_viewport_size({"width": 1280, "height": 800})
    found = menu.bounding_box()
    assert found is not None
    assert found["x"] + found["width"] == 1280
    page.set_viewport_size({"width": 320, "height": 800})
    expect(menu).not_to_be_visible()
    page.get_by_label("Show the menu").check()
    menu.get_by_role("link", name="Groups", exact=True).click()
    expect(page.locator("h1")).to_have_text("Groups")


def test_what_opens_stays_on_the_screen(served: tuple[str, Site, Browser], page: Page) -> None:
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(f"{served[0]}/identity/people")
        for opens in page.locator("details.menu > summary").all():
            opens.click()
            found = opens.locator("xpath=following-sibling::*").bounding_box()
            assert found is not None
            assert found["x"] >= 0
            assert found["x"] + found["width"] <= width
            opens.click()


def test_a_table_begins_at_the_right(served: tuple[str, Site, Browser], page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{served[0]}/identity/people")
    name = page.get_by_role("columnheader", name="Name", exact=True).bounding_box()
    added = page.get_by_role("columnheader", name="Added").bounding_box()
    assert name is not None
    assert added is not None
    assert name["x"] > added["x"]
    cell = page.locator("tbody td.main").first
    assert cell.evaluate("one => getComputedStyle(one).textAlign") == "start"


@pytest.mark.parametrize("sheet", CSS, ids=lambda sheet: str(sheet.name))
def test_no_style_sheet_names_a_side(sheet: Path) -> None:
    assert PHYSICAL.findall(re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)) == []
