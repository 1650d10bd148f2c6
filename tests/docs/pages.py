"""What the documentation tells its reader to type: the fenced blocks of its pages."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from tests.flows.product import ROOT

COMMANDS = ("flask", "curl", "make", "python", "python3")
SHELLS = ("sh", "bash")
FIRST = ("README.md", "docs/operations.md", "docs/scim.md")  # install, connect, then the rest
_FENCE = re.compile(r"^(?P<indent> *)```(?P<info>.*)$")
_UNFENCED = re.compile(rf"^(?: {{4}}|\t)+(?:\S*/)?(?:{'|'.join(COMMANDS)})\s")


@dataclass(frozen=True)
class Block:
    """A fenced block: where it stands, what its fence says of it, and what is in it."""

    page: str
    line: int
    language: str
    file: str  # the name under which the page tells to save it, or ""
    text: str

    @property
    def commands(self) -> list[list[str]]:
        """Its lines as words; continued lines are one, comments none."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [words for line in lines if (words := shlex.split(line, comments=True))]

    @property
    def is_typed(self) -> bool:
        """Whether a reader types it into a shell."""
        return self.language in SHELLS or (not self.language and self._begins_with_a_command)

    @property
    def _begins_with_a_command(self) -> bool:
        first = self.text.split(maxsplit=1)[0] if self.text.strip() else ""
        return first.rpartition("/")[2] in COMMANDS

    @property
    def is_flask_alone(self) -> bool:
        """Whether every line of it is a command of the product."""
        lines = [line for line in self.text.splitlines() if not line.startswith((" ", "#"))]
        return all(line.split(maxsplit=1)[0].rpartition("/")[2] == "flask" for line in lines)

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[str]:
    """Every page, in the order in which somebody who begins would read them."""
    found = {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")}
    return [*FIRST, *sorted(found - set(FIRST))]


def blocks(page: str) -> Iterator[Block]:
    """The fenced blocks of a page, without the indentation of the list that they stand in."""
    lines = iter(enumerate((ROOT / page).read_text("utf-8").splitlines(), 1))
    for number, line in lines:
        fence = _FENCE.match(line)
        if fence is None:
            continue
        indent = len(fence["indent"])
        language, _, file = fence["info"].strip().partition(" ")
        inside = []
        for _, inner in lines:
            if inner.strip() == "```":
                break
            inside.append(inner[indent:])
        yield Block(page, number, language, file, "\n".join(inside))


def every_block() -> list[Block]:
    """All blocks of all pages."""
    return [block for page in pages() for block in blocks(page)]


def unfenced(page: str) -> list[str]:
    """Commands that are set off by indentation alone, where nobody would find and run them."""
    lines = enumerate((ROOT / page).read_text("utf-8").splitlines(), 1)
    fenced = False
    found = []
    for number, line in lines:
        fenced ^= _FENCE.match(line) is not None
        if not fenced and _UNFENCED.match(line):
            found.append(f"{page}:{number}: {line.strip()}")
    return found
