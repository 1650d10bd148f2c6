"""Cursors: a place in a list, sealed, so that it tells nothing and cannot be forged (RFC 9865 §2).

What a list is sorted by may be personal and cursors stand in addresses, hence sealed rather than
only signed. A cursor holds for one question alone: it carries the fingerprint of organization,
connection, resource types, filter and order.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from idp.clock import now
from idp.directory.views import Position, Scalar
from idp.sealing import WrongMasterKey, seal, unseal
from scim.errors import ScimError

TIMEOUT = 3600  # seconds between two pages
_PURPOSE = "scim-cursor"  # what is sealed for something else is no cursor
_LONGEST = 8_000


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: after a place (before it, backwards), or at that end of the list."""

    start: Position | None = None
    backwards: bool = False


def fingerprint(*question: Any) -> str:
    """What must be the same on every page of a walk, in few characters."""
    return hashlib.sha256(repr(question).encode("utf-8", "replace")).hexdigest()[:24]


def write_cursor(cursor: Cursor, question: str) -> str:
    """The cursor as text of unreserved characters alone (RFC 3986 §2.3)."""
    place = cursor.start and [*_tagged(cursor.start.value), cursor.start.id]
    expires = int(now().timestamp()) + TIMEOUT
    told = json.dumps([_PURPOSE, expires, question, cursor.backwards, place])
    return seal(told.encode()).rstrip("=")


def read_cursor(text: str, question: str) -> Cursor:
    """The cursor of a text; empty text asks for the first page.

    Raises ScimError invalidCursor, expiredCursor.
    """
    if not text:
        return Cursor()
    purpose, expires, asked, backwards, place = _opened(text)
    if purpose != _PURPOSE or asked != question:
        raise _invalid("This cursor belongs to another query; repeat every other parameter.")
    if expires < now().timestamp():
        raise ScimError(
            400,
            f"The cursor has expired: a page may be asked for within {TIMEOUT} seconds of the one "
            "before. Start again with an empty cursor.",
            "expiredCursor",
        )
    return Cursor(place and Position(_value(*place[:2]), place[2]), backwards)


def _opened(text: str) -> list[Any]:
    try:
        if len(text) <= _LONGEST:
            told = json.loads(unseal(text + "=" * (-len(text) % 4)))
            if isinstance(told, list) and len(told) == 5:
                return told
    except (WrongMasterKey, ValueError):
        pass
    raise _invalid("This is no cursor of this server; start again with an empty one.")


def _invalid(detail: str) -> ScimError:
    return ScimError(400, detail, "invalidCursor")


def _tagged(value: Scalar) -> tuple[str, Any]:
    """A value with what JSON cannot tell of its type."""
    if isinstance(value, datetime):
        return "moment", value.isoformat()
    return ("number", str(value)) if isinstance(value, Decimal) else ("", value)


def _value(tag: str, told: Any) -> Scalar:
    if tag == "moment":
        return datetime.fromisoformat(told)
    value: Scalar = Decimal(told) if tag == "number" else told
    return value
