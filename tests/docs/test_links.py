"""Links of the documentation lead somewhere: to a file that is there, and a heading in it."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import pages
from tests.flows.product import ROOT

_LINK = re.compile(r"\]\((?!https?://)([^)#\s]*)#?([^)\s]*)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def _anchor(heading: str) -> str:
    """As GitHub makes it: small letters, hyphens for blanks, no other signs."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def _leads_somewhere(page: Path, target: str, anchor: str) -> bool:
    file = page.parent / target if target else page
    if not anchor:
        return file.exists()
    return anchor in map(_anchor, _HEADING.findall(file.read_text("utf-8")))


@pytest.mark.parametrize("page", [*pages(), "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_of_a_page_lead_somewhere(page: str) -> None:
    links = _LINK.findall((ROOT / page).read_text("utf-8"))

    assert [link for link in links if not _leads_somewhere(ROOT / page, *link)] == []
