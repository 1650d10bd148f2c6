"""Lists: what a client asks of one, by URL or by POST to /.search, and the answer's envelope.

RFC 7644 §3.4.2 and §3.4.3, RFC 9865. Pages are by index, with a true totalResults, or by cursor;
the order is stable either way.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from idp.directory.attributes import Attribute
from idp.directory.filtering import Filter
from idp.directory.views import ListQuery
from scim.dialects import Language
from scim.errors import ScimError, invalid_path, invalid_syntax, invalid_value
from scim.filters import parse_filter
from scim.projection import Projection, read_projection

LIST_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
SEARCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
DEFAULT_PAGE = 100
MAX_PAGE = 500
_LARGEST = 2**63 - 1  # further than any list reaches
_LONGEST_NUMBER = 20  # digits
_WHOLE = re.compile("-?[0-9]+", re.ASCII)

# Compact JSON, in characters rather than escapes; one encoder for all, since making one costs more
# than using it on a small value.
dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class Query:
    """One question for a list."""

    filter: Filter | None
    sort_by: str | None  # canonical path
    descending: bool
    start: int  # from 1
    count: int
    projection: Projection
    sort_kind: str = ""
    cursor: str | None = None  # None: by index

    def below(self) -> ListQuery:
        """The same question as the directory takes it."""
        return ListQuery(
            filter=self.filter,
            sort_by=self.sort_by,
            descending=self.descending,
            start=self.start,
            count=self.count,
            sort_kind=self.sort_kind,
            want=self.projection.derived(),
        )


def read_query(given: Mapping[str, Any], language: Language) -> Query:
    """A query from URL parameters or a SearchRequest, both as {name: value}, names in any case.

    Raises ScimError invalidFilter, invalidValue, invalidPath (sortBy), invalidCount.
    """
    asked = {name.lower(): value for name, value in given.items() if value is not None}
    text = asked.get("filter")
    if text is not None and not isinstance(text, str):
        raise invalid_syntax("filter must be a string.")
    sort_by, sort_kind = _sort_by(asked.get("sortby"), language)
    return Query(
        filter=parse_filter(text, language) if text else None,
        sort_by=sort_by,
        descending=_descending(asked.get("sortorder"), language),
        start=_start(asked),
        count=_count(asked.get("count")),
        projection=projection_of(asked, language),
        sort_kind=sort_kind,
        cursor=_cursor(asked),
    )


def projection_of(asked: Mapping[str, Any], language: Language) -> Projection:
    """The projection that lower-cased parameters ask for."""
    return read_projection(
        _names(asked.get("attributes"), language),
        _names(asked.get("excludedattributes"), language),
        language,
    )


def _names(value: Any, language: Language) -> Iterable[str]:
    """Comma-separated in a URL, a list in a SearchRequest."""
    if value is None:
        return ()
    listed = value.split(",") if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise invalid_syntax("attributes and excludedAttributes must be lists of names.")
    names = [name.strip() for one in listed for name in one.split(",")]
    # What only another type has shows nothing of this one, rather than all of it.
    return ["id" if _elsewhere(name, language) else name for name in names]


def _elsewhere(name: str, language: Language) -> bool:
    return language.names.find(name) is None and language.elsewhere(name)


def _start(asked: Mapping[str, Any]) -> int:
    """Below 1 means 1 (RFC 7644 §3.4.2.4)."""
    number = _number(asked.get("startindex"), 1)
    if number is None:
        raise invalid_value("startIndex must be a whole number.")
    return max(1, number)


def _count(value: Any) -> int:
    """A negative count means 0; more than a page is a page (RFC 7644 §3.4.2.4, RFC 9865 §2)."""
    number = _number(value, DEFAULT_PAGE)
    if number is None:
        raise ScimError(400, f"count must be a number from 0 to {MAX_PAGE}.", "invalidCount")
    return min(MAX_PAGE, max(0, number))


def _number(value: Any, default: int) -> int | None:
    """A whole number, as far as any list reaches; None for what is none."""
    if value is None or value == "":
        return default
    if isinstance(value, int) and not isinstance(value, bool):
        return max(-_LARGEST, min(_LARGEST, value))
    text = value.strip() if isinstance(value, str) else ""
    if not _WHOLE.fullmatch(text):
        return None
    short = text[: _LONGEST_NUMBER + 1]  # longer ones are beyond any list in any case
    return max(-_LARGEST, min(_LARGEST, int(short)))


def _cursor(asked: Mapping[str, Any]) -> str | None:
    """RFC 9865 §2: an empty cursor asks for the first page."""
    cursor = asked.get("cursor")
    if cursor is None:
        return None
    if not isinstance(cursor, str):
        raise ScimError(400, "cursor must be a string.", "invalidCursor")
    if asked.get("startindex") not in (None, ""):
        raise invalid_value("Ask for a page by startIndex or by cursor, not by both.")
    return cursor


def _sort_by(value: Any, language: Language) -> tuple[str | None, str]:
    """The path to sort by, and what the directory cannot know of an own attribute."""
    if value is None or value == "":
        return None, ""
    if not isinstance(value, str):
        raise invalid_syntax("sortBy must be a string.")
    target = language.names.find(value) or language.names.bare(value)
    if target is None and language.elsewhere(value):
        return None, ""
    if target is None or target.attribute is None or target.attribute.returned == "never":
        raise invalid_path(f"There is no attribute {value[:100]!r} to sort by.")
    path, leaf = target.path, target.sub or target.attribute
    if leaf.type == "complex":
        # The primary value stands for a multi-valued attribute (§3.4.2.3).
        path, part = f"{path}.value", leaf.child("value")
        if part is None:
            raise invalid_path(f"{target.path} is complex; name the part to sort by.")
        leaf = part
    return path, _sort_kind(leaf)


def _sort_kind(leaf: Attribute) -> str:
    if leaf.type in ("integer", "decimal"):
        return "number"
    return "exact" if leaf.case_exact else ""


def _descending(value: Any, language: Language) -> bool:
    if value is None or value == "":
        return False
    if not isinstance(value, str) or value.lower() not in ("ascending", "descending"):
        raise invalid_value("sortOrder must be ascending or descending.")
    if value not in ("ascending", "descending"):
        language.tolerance.forgive("a capitalised sortOrder", "invalidValue")
    return value.lower() == "descending"


def list_text(resources: Sequence[str], total: int, start: int) -> str:
    """A ListResponse around resources that are JSON already."""
    return (
        f'{{"schemas":["{LIST_SCHEMA}"],"totalResults":{total},"startIndex":{start},'
        f'"itemsPerPage":{len(resources)},"Resources":[{",".join(resources)}]}}'
    )


def walk_text(
    resources: Sequence[str], total: int | None, following: str | None, previous: str | None
) -> str:
    """A ListResponse of a walk by cursor; `total` is left out where it is not known (RFC 9865)."""
    told: dict[str, Any] = {"totalResults": total, "itemsPerPage": len(resources)}
    told |= {"previousCursor": previous, "nextCursor": following}
    known = dump({name: value for name, value in told.items() if value is not None})
    return f'{{"schemas":["{LIST_SCHEMA}"],{known[1:-1]},"Resources":[{",".join(resources)}]}}'


def list_of(resources: Sequence[Mapping[str, Any]]) -> str:
    """A ListResponse with all there is, for discovery."""
    return list_text([dump(resource) for resource in resources], len(resources), 1)
