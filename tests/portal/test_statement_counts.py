"""No page asks the database more often because there are more rows."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from portal.routes import Route
from tests.changes.steps import statements
from tests.portal.conftest import Site, an_app
from tests.portal.crowd import crowd
from tests.portal.places import READABLE, address


@pytest.fixture(scope="module")
def crowded(furnished: tuple[Path, Site], tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The furnished portal with many more people, groups, products and seats."""
    file, made = furnished
    place = tmp_path_factory.mktemp("crowded")
    shutil.copy(file, place / "crowded.db")
    site = replace(made, known={}, app=an_app(f"sqlite:///{place / 'crowded.db'}", place))
    crowd(site.app, site.cast.org, people=240, groups=60, products=60)
    return site


def asked(site: Site, route: Route) -> list[str]:
    """The statements of a page that has been opened before."""
    visitor = site.known_visitor("alice")
    visitor.get(address(site, route))
    with site.app.app_context(), statements() as sent:
        visitor.get(address(site, route))
    return sent


@pytest.mark.parametrize("route", READABLE, ids=lambda route: route.url)
def test_a_page_asks_no_more_where_there_is_more(
    standing: Site, crowded: Site, route: Route
) -> None:
    few, many = asked(standing, route), asked(crowded, route)
    assert len(many) <= len(few), "\n".join(one for one in many if one not in few)
