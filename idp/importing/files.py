"""A file of somebody's spreadsheet as rows: its encoding and its delimiter are found out.

Spreadsheets write UTF-8 with and without a mark, UTF-16, and on older Windows the code page 1252;
they separate by comma, semicolon or tab, as the country of their user does.
"""

import csv
import io
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Sequence
from dataclasses import dataclass

from idp.directory.errors import Invalid
from idp.directory.sets import storable
from idp.spreadsheet import plain

MOST_COLUMNS = 200
DELIMITERS = (",", ";", "\t")
_MARKS = ((BOM_UTF8, "utf-8"), (BOM_UTF16_LE, "utf-16-le"), (BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the file; the first below the headings is number 2, as a spreadsheet counts."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A file that was read."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    lines: Sequence[Line]


def read(content: bytes) -> Table:
    """The file as a table. Raises Invalid (file_empty, encoding_unknown, file_malformed)."""
    encoding, text = decoded(content)
    if not text.strip():
        raise _wrong("file_empty", "The file is empty. It needs a line of headings and rows.")
    delimiter = delimiter_of(text)
    rows = rows_of(text, delimiter)
    header = tuple(cell.strip() for cell in rows[0].cells) if rows else ()
    if not any(header) or len(header) > MOST_COLUMNS:
        raise _wrong(
            "file_malformed", f"The first line must hold headings, {MOST_COLUMNS} at most."
        )
    return Table(encoding, delimiter, header, [row for row in rows[1:] if any(row.cells)])


def decoded(content: bytes) -> tuple[str, str]:
    """The encoding of a file and its text. Raises Invalid (encoding_unknown)."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return encoding, _decode(content[len(mark) :], encoding)
    guess = _wide(content)
    if guess:
        return guess, _decode(content, guess)
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "windows-1252", _decode(content, "cp1252")
    return "utf-8", _decode(content, "utf-8")


def _wide(content: bytes) -> str:
    """UTF-16 without a mark: every other byte of ordinary text is zero."""
    start = content[:200]
    if len(start) < 4 or 0 not in start:
        return ""
    even, odd = start[::2].count(0), start[1::2].count(0)
    if max(even, odd) * 4 < len(start):  # a stray zero does not make it so
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def _decode(content: bytes, encoding: str) -> str:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise _unknown(str(error)) from None
    if not storable(text):
        raise _unknown("it holds NUL or half a character")
    return text


def _unknown(cause: str) -> Invalid:
    return Invalid(
        "encoding_unknown",
        "This is no text that can be read. Save it as “CSV UTF-8” and try again.",
        attribute="file",
        cause=cause,
    )


def delimiter_of(text: str) -> str:
    """What separates the headings most often, outside quotes."""
    head = text.lstrip("\r\n").partition("\n")[0]
    bare = "".join(head.split('"')[::2])
    return max(DELIMITERS, key=bare.count)


def rows_of(text: str, delimiter: str) -> list[Line]:
    """All rows with their numbers. Raises Invalid (file_malformed)."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    found: list[Line] = []
    try:
        for number, cells in enumerate(reader, 1):
            if cells or found:
                found.append(Line(number, tuple(plain(cell) for cell in cells)))
    except csv.Error as error:
        raise _wrong(
            "file_malformed",
            f"Line {reader.line_num} of the file cannot be read: check its quotes.",
            str(error),
        ) from None
    return found


def _wrong(code: str, sentence: str, cause: str = "") -> Invalid:
    return Invalid(code, sentence, attribute="file", cause=cause)
