"""Values checked against the vocabulary: right type, right length, nothing hidden in them.

`clean` is what every door's values pass through on the write path, so that a rule about values
lives once. It follows RFC 7643 §2.2 to §2.5: null, "" and [] mean unassigned; what is readOnly
is ignored; a multi-valued attribute has at most one primary value.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from idp.directory.attributes import Attribute, Flat, Leaf, Vocabulary
from idp.directory.errors import Invalid
from idp.directory.values import FORBIDDEN, FORBIDDEN_MULTILINE

MAX_VALUES = 200  # values of one multi-valued attribute of one person


def clean(vocabulary: Vocabulary, kind: str, flat: Mapping[str, Any]) -> Flat:
    """The same values checked and in one form, None for what is to be cleared.

    Raises Invalid (unknown_attribute, wrong_type, value_too_long, forbidden_character,
    two_primaries, too_many_values) with the attribute's path.
    """
    leaves = vocabulary.leaves(kind)
    cleaned: Flat = {}
    for path, value in flat.items():
        leaf = leaves.get(path) or vocabulary.find(path, kind)
        if leaf is None:
            raise Invalid(
                "unknown_attribute", f"There is no attribute {path[:200]!r}.", attribute=path
            )
        if leaf.top.mutability == "readOnly" or leaf.attribute.mutability == "readOnly":
            continue
        cleaned[leaf.path] = _clean_leaf(leaf, value)
    return cleaned


def _clean_leaf(leaf: Leaf, value: Any) -> Any:
    if value is None or value == [] or (isinstance(value, str) and not value.strip(" ")):
        return None
    if leaf.attribute.multi:
        return _clean_list(leaf, value)
    if leaf.attribute.type == "complex":
        raise _wrong_type(leaf.path, "an object's parts, each by its own path")
    return _CHECKS[leaf.attribute.type](leaf.attribute, leaf.path, value)


def _clean_list(leaf: Leaf, value: Any) -> list[Any] | None:
    if not isinstance(value, list):
        raise _wrong_type(leaf.path, "a list")
    if len(value) > MAX_VALUES:
        raise Invalid(
            "too_many_values",
            f"{leaf.path} may have at most {MAX_VALUES} values.",
            attribute=leaf.path,
        )
    one = _clean_entry if leaf.attribute.type == "complex" else _clean_simple
    entries: list[Any] = []
    for entry in value:
        made = one(leaf, entry)
        if made not in (None, {}) and made not in entries:
            entries.append(made)
    if sum(1 for e in entries if isinstance(e, dict) and e.get("primary") is True) > 1:
        raise Invalid(
            "two_primaries", f"Only one value of {leaf.path} may be primary.", attribute=leaf.path
        )
    return entries or None


def _clean_simple(leaf: Leaf, entry: Any) -> Any:
    return (
        None
        if entry in (None, "")
        else _CHECKS[leaf.attribute.type](leaf.attribute, leaf.path, entry)
    )


def _clean_entry(leaf: Leaf, entry: Any) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise _wrong_type(leaf.path, "a list of objects")
    given = {name.lower(): value for name, value in entry.items() if isinstance(name, str)}
    made: dict[str, Any] = {}
    for sub in leaf.attribute.sub:
        value = given.pop(sub.name.lower(), None)
        if value is not None and value != "" and sub.mutability != "readOnly":
            made[sub.name] = _CHECKS[sub.type](sub, f"{leaf.path}.{sub.name}", value)
    if given:
        unknown = f"{leaf.path}.{next(iter(given))[:100]}"
        raise Invalid("unknown_attribute", f"There is no attribute {unknown!r}.", attribute=unknown)
    return made


def _wrong_type(path: str, wanted: str) -> Invalid:
    return Invalid("wrong_type", f"{path} must be {wanted}.", attribute=path)


def text(attribute: Attribute, path: str, value: Any) -> str:
    """A string of allowed characters and length."""
    if not isinstance(value, str):
        raise _wrong_type(path, "a string")
    if len(value) > attribute.max_length:
        raise Invalid(
            "value_too_long",
            f"{path} may have at most {attribute.max_length} characters.",
            attribute=path,
        )
    if (FORBIDDEN_MULTILINE if attribute.multiline else FORBIDDEN).search(value):
        raise Invalid("forbidden_character", f"{path} holds a control character.", attribute=path)
    return value


def _boolean(_attribute: Attribute, path: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong_type(path, "true or false")
    return value


def _integer(_attribute: Attribute, path: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**63:
        raise _wrong_type(path, "a whole number")
    return value


def _decimal(_attribute: Attribute, path: str, value: Any) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not abs(value) <= 1e300:  # so written, NaN is refused as well
        raise _wrong_type(path, "a number")
    checked: float = value
    return checked


def _date_time(attribute: Attribute, path: str, value: Any) -> str:
    checked = text(attribute, path, value)
    try:
        datetime.fromisoformat(checked)
    except ValueError:
        raise _wrong_type(path, "a date and time such as 2026-12-03T14:05:00Z") from None
    return checked


def _binary(attribute: Attribute, path: str, value: Any) -> str:
    checked = text(attribute, path, value)
    try:
        base64.b64decode(checked, validate=True)
    except (binascii.Error, ValueError):
        raise _wrong_type(path, "base64") from None
    return checked


_CHECKS: dict[str, Callable[[Attribute, str, Any], Any]] = {
    "string": text,
    "reference": text,
    "boolean": _boolean,
    "integer": _integer,
    "decimal": _decimal,
    "dateTime": _date_time,
    "binary": _binary,
}
