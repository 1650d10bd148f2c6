"""`bulkId:xyz` wherever an id may stand in a Bulk request -> the id (RFC 7644 §3.7.2).

Ids of new resources are made here, before anything is written. So a reference can be replaced by
the very id it stands for, whether its operation comes before, later, or refers back.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

MARK = "bulkId:"
# Inside a filter an id is a JSON string: members[value eq "bulkId:xyz"].
_IN_FILTER = re.compile(r'"bulkId:((?:[^"\\]|\\.)*)"')
_IN_ADDRESS = re.compile(r"(.*/(?:Users|Groups)/)bulkId:(.+)", re.DOTALL)


class References:
    """Replaces the references of one operation, and remembers which bulkIds they name."""

    def __init__(self, ids: Mapping[str, str]) -> None:
        self.ids = ids
        self.named: dict[str, None] = {}  # as an ordered set

    def resolved(self, value: Any, key: str = "") -> Any:
        """The same JSON with ids for references; what refers to nothing stays as it is."""
        if isinstance(value, str):
            return self._text(value, key) if MARK in value else value
        if isinstance(value, dict):
            return {self._key(k): self.resolved(inner, k) for k, inner in value.items()}
        if isinstance(value, list):
            return [self.resolved(inner, key) for inner in value]
        return value

    def _text(self, value: str, key: str) -> str:
        if value.startswith(MARK):
            return self._id(value[len(MARK) :])
        if key == "$ref":
            return _IN_ADDRESS.sub(lambda found: found[1] + self._id(found[2]), value)
        return self._filters(value) if key.lower() == "path" else value

    def _key(self, key: str) -> str:
        """A PATCH without a path may have value paths as the keys of its value."""
        return self._filters(key) if MARK in key else key

    def _filters(self, path: str) -> str:
        return _IN_FILTER.sub(lambda found: json.dumps(self._id(_unescaped(found[1]))), path)

    def _id(self, bulk_id: str) -> str:
        self.named[bulk_id] = None
        return self.ids.get(bulk_id, MARK + bulk_id)


def _unescaped(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text
