"""Lists: what a client asks of one, by URL or by POST to /.search, and the answer's envelope.

RFC 7644 §3.4.2 and §3.4.3. Pages are by index; the order is stable, and totalResults is true.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from idp.directory.filtering import Filter
from scim.dialects import Language
from scim.errors import invalid_path, invalid_syntax, invalid_value
from scim.filters import parse_filter
from scim.projection import Projection, read_projection

LIST_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
SEARCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
DEFAULT_PAGE = 100
MAX_PAGE = 500
_LONGEST_NUMBER = 18

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


def read_query(given: Mapping[str, Any], language: Language) -> Query:
    """A query from URL parameters or a SearchRequest, both as {name: value}, names in any case.

    Raises ScimError invalidFilter, invalidValue, invalidPath (sortBy).
    """
    asked = {name.lower(): value for name, value in given.items() if value is not None}
    text = asked.get("filter")
    if text is not None and not isinstance(text, str):
        raise invalid_syntax("filter must be a string.")
    return Query(
        filter=parse_filter(text, language) if text else None,
        sort_by=_sort_by(asked.get("sortby"), language),
        descending=_descending(asked.get("sortorder"), language),
        # RFC 7644 §3.4.2.4: below 1 means 1, and a negative count means 0.
        start=max(1, _number(asked.get("startindex"), "startIndex", 1)),
        count=min(MAX_PAGE, max(0, _number(asked.get("count"), "count", DEFAULT_PAGE))),
        projection=projection_of(asked, language),
    )


def projection_of(asked: Mapping[str, Any], language: Language) -> Projection:
    """The projection that lower-cased parameters ask for."""
    return read_projection(
        _names(asked.get("attributes")), _names(asked.get("excludedattributes")), language
    )


def _names(value: Any) -> Iterable[str]:
    """Comma-separated in a URL, a list in a SearchRequest."""
    if value is None:
        return ()
    if isinstance(value, str):
        return value.split(",")
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return [name for one in value for name in one.split(",")]
    raise invalid_syntax("attributes and excludedAttributes must be lists of names.")


def _number(value: Any, name: str, default: int) -> int:
    if value is None or value == "":
        return default
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = value.strip() if isinstance(value, str) else ""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_NUMBER):
        raise invalid_value(f"{name} must be a whole number.")
    return int(text)


def _sort_by(value: Any, language: Language) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise invalid_syntax("sortBy must be a string.")
    target = language.names.find(value) or language.names.bare(value)
    if target is None or target.attribute is None or target.attribute.returned == "never":
        raise invalid_path(f"There is no attribute {value[:100]!r} to sort by.")
    if target.sub is None and target.attribute.type == "complex":
        # The primary value stands for a multi-valued attribute (§3.4.2.3).
        if target.attribute.child("value") is None:
            raise invalid_path(f"{target.path} is complex; name the part to sort by.")
        return f"{target.path}.value"
    return target.path


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


def list_of(resources: Sequence[Mapping[str, Any]]) -> str:
    """A ListResponse with all there is, for discovery."""
    return list_text([dump(resource) for resource in resources], len(resources), 1)
