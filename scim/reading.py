"""A request body on its way in: bytes -> JSON within limits -> values in the vocabulary's names.

What has no standard reading is offered to `dialects`; what that cannot straighten either is
refused. Whether a value is acceptable (length, characters, uniqueness) is decided below the
doors, once for all of them.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from idp.directory.attributes import Attribute, Record
from scim import dialects
from scim.dialects import Language, Tolerance
from scim.errors import ScimError, invalid_syntax, invalid_value
from scim.paths import Target

MAX_BODY = 1024 * 1024
MAX_DEPTH = 16  # the deepest standard body, a Bulk PATCH of a value path, needs about ten
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_TEXTUAL = frozenset({"string", "reference", "binary", "dateTime"})


# --- bytes -> JSON -------------------------------------------------------------------------------


def parse_json(data: bytes, limit: int = MAX_BODY) -> dict[str, Any]:
    """The JSON object of a body of at most `limit` bytes.

    Raises ScimError: 413 when too large, 400 invalidSyntax when it is no JSON object in UTF-8, is
    nested too deeply, or holds what no text may hold (NUL, half a surrogate pair).
    """
    if len(data) > limit:
        raise too_large(limit)
    try:
        made = json.loads(data.decode("utf-8-sig"), parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise invalid_syntax("The body is not UTF-8.") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        raise invalid_syntax(f"The body is not JSON: {_position(error)}.") from None
    if not isinstance(made, dict):
        raise invalid_syntax("The body must be a JSON object.")
    _check_depth(made, 0)
    if b"\\u" in data:  # the only way a NUL or a lone surrogate can pass the parser
        _check_text(made)
    return made


def too_large(limit: int) -> ScimError:
    """The body is too long; the limit is named, as RFC 7644 §3.7.4 wants it."""
    return ScimError(413, f"The body of this request may have at most {limit} bytes.")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _position(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}"
    return "a value is out of range"


def _too_deep() -> ScimError:
    return invalid_syntax(f"The body is nested more than {MAX_DEPTH} deep.")


def _check_depth(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise _too_deep()
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            _check_depth(inner, depth + 1)


def _check_text(value: Any) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _check_text(key)
            _check_text(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_text(inner)
    elif isinstance(value, str) and _UNSTORABLE.search(value):
        raise invalid_value("The body holds a NUL character or half a surrogate pair.")


# --- JSON -> record ---------------------------------------------------------------------------


def read_resource(body: Mapping[str, Any], language: Language) -> Record:
    """A resource as a record, its `externalId`, `password` and `members` included.

    What is readOnly is ignored (RFC 7644 §3.3, §3.5.1); null, "" and [] are left out.
    Raises ScimError invalidSyntax or invalidValue.
    """
    _check_schemas(body, language)
    record: Record = {}
    for key, value in body.items():
        target = language.names.find(key)
        if target is None or target.sub is not None:
            target = _foreign_key(key, value, language)
        elif target.urn and target.attribute is not None:
            language.tolerance.forgive("a URN-qualified name as a key")
        if target is not None:
            _put(record, target, value, language)
    return record


def _check_schemas(body: Mapping[str, Any], language: Language) -> None:
    """`schemas` must be there (RFC 7643 §3), but what it lists only the attributes can tell."""
    key = next((k for k in body if k.lower() == "schemas"), None)
    listed = body[key] if key else None
    if listed is None:
        return language.tolerance.forgive("no schemas")
    if not isinstance(listed, list) or not all(isinstance(urn, str) for urn in listed):
        raise invalid_syntax("schemas must be a list of URNs.")
    for urn in listed:
        if language.names.find(urn) is None and dialects.urn_alias(urn, language.tolerance) is None:
            language.tolerance.forgive(f"unknown schema {urn[:100]}")
    return None


def _foreign_key(key: str, value: Any, language: Language) -> Target | None:
    """A key that is no plain attribute: a dotted path, an alias, or nothing that exists here."""
    target = language.names.find(key)
    if target is not None:
        language.tolerance.forgive("a dotted path as a key")
        return target
    target = dialects.find_name(language, key)
    if target is None and value not in (None, "", [], {}):
        language.tolerance.forgive(f"unknown attribute {key[:100]}")
    return target


def _put(record: Record, target: Target, value: Any, language: Language) -> None:
    if target.attribute is None:
        return _put_schema(record, target, value, language)
    holder = record.setdefault(target.urn, {}) if target.urn else record
    made = read_target(target, value, language.tolerance)
    if target.sub is not None:
        _put_part(holder, target.attribute, target.sub, made)
    elif made is not None:
        held = holder.get(target.attribute.name)
        # A complex value may arrive in parts: {"name.givenName": …, "name": {…}}.
        holder[target.attribute.name] = {**held, **made} if isinstance(held, dict) else made
    if target.urn and not holder:
        del record[target.urn]
    return None


def _put_part(holder: Record, attribute: Attribute, sub: Attribute, made: Any) -> None:
    if made is None:
        return
    if not attribute.multi:
        holder.setdefault(attribute.name, {})[sub.name] = made
    else:
        entries = holder.setdefault(attribute.name, [{}])
        entries[0][sub.name] = made


def _put_schema(record: Record, target: Target, value: Any, language: Language) -> None:
    """An extension under its URN (RFC 7643 §3.3), or the core's URN around core attributes."""
    schema = next(
        (s for s in language.names.extensions if s.urn == target.urn), language.names.core
    )
    if value is None:
        return
    if not isinstance(value, dict):
        raise invalid_value(f"{schema.urn} must be an object.")
    for key, inner in value.items():
        found = language.names.find(f"{schema.urn}:{key}")
        if found is not None:
            _put(record, found, inner, language)
        elif inner is not None and key.lower() != "schemas":
            language.tolerance.forgive(f"unknown attribute {schema.urn}:{key[:100]}")


# --- values -----------------------------------------------------------------------------------


def read_target(target: Target, value: Any, tolerance: Tolerance) -> Any:
    """The value for a path, or None where it is readOnly or unassigned."""
    attribute = target.sub or target.attribute
    if attribute is None or attribute.mutability == "readOnly":
        return None
    if target.attribute is not None and target.attribute.mutability == "readOnly":
        return None
    return read_value(attribute, value, tolerance, target.path)


def read_value(attribute: Attribute, value: Any, tolerance: Tolerance, path: str) -> Any:
    """A whole value of an attribute; None for null, "" and [] (RFC 7643 §2.5)."""
    if value is None or value in ("", []):
        return None
    if not attribute.multi:
        return read_one(attribute, value, tolerance, path)
    if not isinstance(value, list):
        tolerance.forgive(f"a single value for {path}", "invalidValue")
        value = [value]
    made = [read_one(attribute, entry, tolerance, path) for entry in value]
    entries = [entry for entry in made if entry is not None]
    return dialects.one_primary(entries, tolerance) or None


def read_one(attribute: Attribute, value: Any, tolerance: Tolerance, path: str) -> Any:
    """One value of an attribute, whether or not it may have several."""
    if value is None or value == "":
        return None
    if attribute.type == "complex":
        return _read_complex(attribute, value, tolerance, path)
    return _read_simple(attribute, value, tolerance, path)


def _read_complex(attribute: Attribute, value: Any, tolerance: Tolerance, path: str) -> Any:
    if not isinstance(value, dict):
        straight = dialects.complex_value(attribute, value, tolerance)
        if straight is None:
            raise invalid_value(f"{path} must be an object.")
        value = straight
    value = dialects.unpacked(attribute, value, tolerance)
    made: dict[str, Any] = {}
    for key, inner in value.items():
        sub = attribute.child(key) or _foreign_part(attribute, key, inner, path, tolerance)
        if sub is None or sub.mutability == "readOnly" or inner is None or inner == "":
            continue
        made[sub.name] = read_value(sub, inner, tolerance, f"{path}.{sub.name}")
    return made or None


def _foreign_part(
    attribute: Attribute, key: str, value: Any, path: str, tolerance: Tolerance
) -> Attribute | None:
    alias = dialects.part_alias(key, tolerance)
    if alias:
        return attribute.child(alias)
    if value is not None:
        tolerance.forgive(f"unknown attribute {path}.{key[:100]}")
    return None


def _read_simple(attribute: Attribute, value: Any, tolerance: Tolerance, path: str) -> Any:
    kind = attribute.type
    made: Any
    if kind in _TEXTUAL:
        made = value if isinstance(value, str) else dialects.text(value, tolerance)
    elif kind == "boolean":
        made = value if isinstance(value, bool) else dialects.boolean(value, tolerance)
    else:
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        made = value if plain else dialects.number(value, tolerance)
    if made is None:
        raise invalid_value(f"{path} must be {_article(kind)}.")
    return made


def _article(kind: str) -> str:
    return {"integer": "a whole number", "decimal": "a number", "boolean": "true or false"}.get(
        kind, f"a string ({kind})" if kind != "string" else "a string"
    )
