"""Rows as files for spreadsheets: CSV by RFC 4180, UTF-8 with a mark that Excel looks for.

A cell whose text begins like a formula is given an apostrophe, or a spreadsheet would run what
somebody wrote into their own name (OWASP, CSV injection). `plain` takes it away again, so that a
file can come back.
"""

import csv
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import BinaryIO, cast

from idp.clock import rfc3339

MARK = "\ufeff"
IN_MEMORY = 1024 * 1024  # bytes of a file before it goes to the disk
_FORMULAS = tuple("=+-@\t\r\n＝＋－＠")


def cell(value: object) -> str:
    """A value as a cell that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return rfc3339(value)
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULAS) else text


def plain(text: str) -> str:
    """A cell as it was before `cell` made it safe."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULAS) else text


class _Echo:
    """What csv writes into: it hands back what it is given."""

    def write(self, text: str) -> str:
        return text


def lines(rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """The file, line by line."""
    writer = csv.writer(_Echo())
    yield MARK.encode()
    for row in rows:
        yield cast(str, writer.writerow([cell(value) for value in row])).encode()


def spool(chunks: Iterable[bytes]) -> BinaryIO:
    """A file to send when it is whole: what breaks off half-way would look complete."""
    file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  the answer closes it
    for chunk in chunks:
        file.write(chunk)
    file.seek(0)
    return cast(BinaryIO, file)
