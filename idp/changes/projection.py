"""A person's record as columns, rows of values and words: what the store writes of a person."""

import json
from typing import Any

from idp.changes.batch import Batch, Person, Row
from idp.changes.people import require_user_name
from idp.directory.attributes import Flat, nest
from idp.directory.errors import DirectoryError
from idp.directory.users import USER_COLUMNS
from idp.directory.values import instant, instant_key, key, search_form, user_name_key, words

compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_COLUMNS = tuple(USER_COLUMNS.items())
_KEY_LENGTH = 256
_PLAIN = frozenset({"value", "type", "display", "primary"})


def columns(who: Person, org_id: str) -> Row:
    """The row of a person as it will be stored."""
    flat = who.flat
    row = {**who.row, "id": who.id, "org_id": org_id}
    for path, column in _COLUMNS:
        row[column] = flat.get(path)
    row["active"] = bool(row["active"])  # whoever took `active` away shut the door
    try:
        row["user_name"] = require_user_name(who)
        row["user_name_key"] = user_name_key(row["user_name"])
    except DirectoryError as refused:
        raise refused.at(who.index) from None
    shown = row["display_name"]
    row["display_name_key"] = key(shown)[:_KEY_LENGTH] if shown else None
    row["sort_key"] = search_form(shown_name(flat))[:_KEY_LENGTH]
    row["document"] = compact(nest(flat))
    return row


def shown_name(flat: Flat) -> str:
    """What a person is called in lists: display name, else full name, else user name."""
    parts = (flat.get("name.givenName"), flat.get("name.familyName"))
    full = flat.get("name.formatted") or " ".join(part for part in parts if part)
    return str(flat.get("displayName") or full or flat.get("userName") or "")


def value_rows(batch: Batch, who: Person, flat: Flat, owners: Row) -> dict[tuple[str, int], Row]:
    """The rows of a person's multi-valued and own attributes, by (attribute, ordinal)."""
    rows: dict[tuple[str, int], Row] = {}
    wanted = batch.vocabulary.row_paths
    for path, value in flat.items():
        if path not in wanted:
            continue
        source = owners.get(path, "local")
        for ordinal, entry in enumerate(value if isinstance(value, list) else (value,)):
            rows[path, ordinal] = _value_row(batch.org_id, who.id, path, ordinal, entry) | {
                "source": source
            }
            if path in batch.vocabulary.moments:
                _as_moments(rows[path, ordinal], batch.vocabulary.moments[path])
    return rows


def _as_moments(row: Row, parts: frozenset[str]) -> None:
    """What says a moment is searched in a form whose order is that of time."""
    if "value" in parts and row["value"] is not None:
        row["value_key"] = instant_key(instant(row["value"]))
    held = row["parts"] or {}
    for name in parts & held.keys():
        held[name] = instant_key(instant(held[name]))


def _value_row(org_id: str, user_id: str, path: str, ordinal: int, entry: Any) -> Row:
    parts = entry if isinstance(entry, dict) else {"value": entry}
    value = parts.get("value")
    text = None if value is None else value if isinstance(value, str) else json.dumps(value)
    extra = {name: part for name, part in parts.items() if name not in _PLAIN}
    return {
        "user_id": user_id,
        "attribute": path,
        "ordinal": ordinal,
        "org_id": org_id,
        "value": text,
        "value_key": None if text is None else key(text)[:_KEY_LENGTH],
        "type": parts.get("type"),
        "display": parts.get("display"),
        "is_primary": parts.get("primary"),
        "parts": extra or None,
    }


def search_words(flat: Flat) -> set[str]:
    """The words by whose beginning a person is found."""
    emails = [entry.get("value") for entry in flat.get("emails") or ()]
    names = (flat.get("displayName"), flat.get("name.givenName"), flat.get("name.familyName"))
    number = flat.get("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber")
    found = words(*names, number)
    for address in (flat.get("userName"), *emails):
        if address:
            local = address.partition("@")[0]
            found |= words(local)
            found.add(search_form(address)[:64])
    return _longest(found)


def _longest(found: set[str]) -> set[str]:
    """Without the words that begin another: who looks for "ada" finds "ada@example.com" too."""
    ordered = sorted(found)
    following = [*ordered[1:], ""]
    pairs = zip(ordered, following, strict=True)
    return {word for word, after in pairs if not after.startswith(word)}
