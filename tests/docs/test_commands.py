"""Every command that the documentation names does what the page says."""

import re
from collections.abc import Iterator

import httpx2
import pytest

from idp.directory.attributes import ENTERPRISE_SCHEMA
from tests.docs.exceptions import NOT_RUN, is_meant
from tests.docs.pages import Block, every_block, pages, unfenced
from tests.docs.reader import Reader, reading
from tests.flows.product import ROOT

NEVER_TYPED = ("json", "text", "python", "csv", "xml")
CLIENTS = "docs/scim-clients.md"
_CODE = re.compile(r"`([a-z]+(?:_[a-z]+)+)`")


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Somebody who has read every page from the first to the last and typed all they were told."""
    with reading(tmp_path_factory.mktemp("docs")) as somebody:
        for block in every_block():
            somebody.read(block)
        yield somebody


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", pages())
def test_commands_of_a_page_work(page: str, reader: Reader) -> None:
    assert not reader.problems.get(page), "\n\n".join(reader.problems[page])


@pytest.mark.parametrize("block", every_block(), ids=str)
def test_a_block_is_run_or_known_not_to_be(block: Block) -> None:
    assert block.is_typed or block.language in NEVER_TYPED


@pytest.mark.parametrize("page", pages())
def test_no_command_hides_in_indentation(page: str) -> None:
    assert not unfenced(page)


@pytest.mark.parametrize("key", NOT_RUN, ids=" ".join)
def test_an_exception_is_still_in_the_documentation(key: tuple[str, str]) -> None:
    assert any(is_meant(block, *key) for block in every_block())


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "outcome",
    [
        f'externalId eq "2001" and {ENTERPRISE_SCHEMA}:manager pr',  # who came a night later
        'externalId eq "2002" and title eq "Chief Guide" and active eq true',  # nothing was said
        'externalId eq "2003" and active eq false',
        'externalId eq "2004" and active eq true',
    ],
)
def test_the_nightly_file_moves_people_as_the_guide_says(outcome: str, reader: Reader) -> None:
    bearer = {"Authorization": f"Bearer {reader.names['TOKEN']}"}
    asked = {"filter": outcome}
    answer = httpx2.get(f"{reader.names['BASE']}/Users", params=asked, headers=bearer, timeout=30)

    assert answer.json()["totalResults"] == 1


def test_the_guide_explains_codes_that_the_server_gives() -> None:
    _, table = (ROOT / CLIENTS).read_text("utf-8").split("## When a request is refused")
    files = [file for room in ("idp", "scim") for file in (ROOT / room).rglob("*.py")]
    given = "".join(file.read_text("utf-8") for file in files)

    assert {code for code in _CODE.findall(table) if f'"{code}"' not in given} == set()
