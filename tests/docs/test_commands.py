"""Every command that the documentation names does what the page says."""

from collections.abc import Iterator

import pytest

from tests.docs.exceptions import NOT_RUN, is_meant
from tests.docs.pages import Block, every_block, pages, unfenced
from tests.docs.reader import Reader, reading

NEVER_TYPED = ("json", "text", "python", "csv", "xml")


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
