"""A PATCH body -> operations on targets of the vocabulary (RFC 7644 §3.5.2).

Every path form is read here: none, `a`, `a.b`, `a[f]`, `a[f].b`, `urn:a`, `urn:a.b`, and an
extension's bare URN. An operation without a path, or on a whole extension, becomes one
operation for each attribute that its value names, so that `patch` meets attributes only.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from idp.directory.attributes import Attribute
from idp.directory.filtering import Filter
from scim import dialects
from scim.dialects import Language, Tolerance
from scim.errors import (
    ScimError,
    invalid_path,
    invalid_syntax,
    invalid_value,
    mutability,
    no_target,
)
from scim.filters import parse_value_filter
from scim.paths import Target
from scim.reading import read_one, read_value

PATCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MAX_OPERATIONS = 1_000
_PATH = re.compile(
    r"(?P<head>[^\[\]]+)(?:\[(?P<filter>.*)\](?:\.(?P<part>[A-Za-z$][A-Za-z0-9_$-]*))?)?", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Operation:
    """One change of one attribute. `value` is None where it means "unassigned"."""

    op: str  # "add", "remove" or "replace"
    target: Target
    term: Filter | None = None  # which values of a multi-valued attribute are meant
    value: Any = None

    @property
    def attribute(self) -> Attribute:
        """The attribute; operations on whole extensions are spread out before they come here."""
        if self.target.attribute is None:
            raise invalid_path("This path names a schema, not an attribute.")
        return self.target.attribute


def read_operations(body: Mapping[str, Any], language: Language) -> list[Operation]:
    """The operations of a PATCH body, in order.

    Raises ScimError: invalidSyntax (shape), invalidPath, invalidFilter, invalidValue, noTarget
    (remove without a path), mutability (readOnly).
    """
    fields = {key.lower(): value for key, value in body.items()}
    _check_schemas(fields.get("schemas"), language.tolerance)
    listed = fields.get("operations")
    if not isinstance(listed, list):
        raise invalid_syntax("Operations must be a list.")
    if not listed:
        language.tolerance.forgive("no operations")
    if len(listed) > MAX_OPERATIONS:
        raise ScimError(413, f"A PATCH may have at most {MAX_OPERATIONS} operations.")
    return [made for one in listed for made in _read(one, language)]


def _check_schemas(schemas: Any, tolerance: Tolerance) -> None:
    listed = schemas if isinstance(schemas, list) else [schemas]
    if not any(isinstance(urn, str) and urn.lower() == PATCH_SCHEMA.lower() for urn in listed):
        tolerance.forgive("PATCH without the PatchOp schema")


def _read(raw: Any, language: Language) -> Iterator[Operation]:
    if not isinstance(raw, dict):
        raise invalid_syntax("Each operation must be an object.")
    fields = {key.lower(): value for key, value in raw.items()}
    op, path = _verb(fields.get("op"), language.tolerance), fields.get("path")
    if path is not None and not isinstance(path, str):
        raise invalid_path("path must be a string.")
    if op != "remove" and "value" not in fields:
        raise invalid_value(f"The operation {op} needs a value.")
    value = fields.get("value")
    if path is not None and path.strip():
        return _at_path(op, path.strip(), value, language)
    language.tolerance.demand_path()
    if op == "remove":
        raise no_target("The operation remove needs a path.")
    return _without_path(op, value, language)


def _verb(op: Any, tolerance: Tolerance) -> str:
    if not isinstance(op, str):
        raise invalid_syntax("Each operation needs an op.")
    verb = op.lower()
    if verb not in ("add", "remove", "replace"):
        raise invalid_syntax(f"op must be add, remove or replace, not {op[:40]!r}.")
    if verb != op:
        tolerance.forgive("a capitalised op")
    return verb


# --- without a path ---------------------------------------------------------------------------


def _without_path(op: str, value: Any, language: Language) -> Iterator[Operation]:
    """The resource itself is the target; the value holds attributes (§3.5.2.1, §3.5.2.3)."""
    if not isinstance(value, dict):
        raise invalid_value("Without a path, value must be an object of attributes.")
    for key, inner in value.items():
        target = language.names.find(key)
        if target is not None and target.attribute is not None and (target.sub or target.urn):
            language.tolerance.forgive("a path as a key")
        yield from _at_key(op, key, target, inner, language)


def _at_key(
    op: str, key: str, target: Target | None, value: Any, language: Language
) -> Iterator[Operation]:
    """One member of a path-less value; what is readOnly in it is ignored (Okta repeats the id)."""
    if target is None and "[" in key:  # Entra: {"emails[type eq \"work\"].value": "…"}
        language.tolerance.forgive("a path as a key")
        yield from _at_path(op, key, value, language)
        return
    target = target or dialects.find_name(language, key)
    if target is None:
        language.tolerance.forgive(f"unknown attribute {key[:100]}")
    elif target.attribute is None:
        yield from _at_schema(op, target, value, language)
    elif not _read_only(target):
        yield _operation(op, target, value, language)


def _at_schema(op: str, target: Target, value: Any, language: Language) -> Iterator[Operation]:
    """A whole schema: one operation for each of its attributes that are meant."""
    if op == "remove" or value is None:
        yield from _removals(target, language)
        return
    urn = target.urn or language.names.core.urn
    if not isinstance(value, dict):
        raise invalid_value(f"The value for {urn} must be an object.")
    for key, inner in value.items():
        if key.lower() == "schemas":  # clients that treat an extension as a resource repeat it
            continue
        yield from _at_key(op, f"{urn}:{key}", language.names.find(f"{urn}:{key}"), inner, language)


def _removals(target: Target, language: Language) -> Iterator[Operation]:
    schema = next((s for s in language.names.extensions if s.urn == target.urn), None)
    if schema is None:
        raise mutability("The core schema cannot be removed from a resource.")
    for attribute in schema.attributes:
        path = f"{schema.urn}:{attribute.name}"
        yield Operation("remove", Target(schema.urn, attribute, path=path))


# --- with a path ------------------------------------------------------------------------------


def _at_path(op: str, path: str, value: Any, language: Language) -> Iterator[Operation]:
    match = _PATH.fullmatch(path)
    if match is None:
        raise invalid_path(f"This path cannot be read: {path[:100]!r}.")
    head = match["head"].strip()
    target = language.names.find(head) or dialects.find_name(language, head)
    if target is None:
        language.tolerance.refuse_unknown(path)
        raise invalid_path(f"There is no attribute {path[:100]!r}.")
    if match["filter"] is not None:
        yield _selection(op, _part(target, match["part"]), match["filter"], value, language)
    elif target.attribute is None:
        yield from _at_schema(op, target, value, language)
    elif target.attribute.name != "schemas":  # the server lists them itself
        _check_writable(target)
        yield _operation(op, target, value, language)


def _part(target: Target, name: str | None) -> Target:
    """The target of `a[f]` or `a[f].b`."""
    attribute = target.attribute
    if attribute is None or target.sub is not None or not attribute.multi:
        raise invalid_path(f"{target.path} has no values to select from.")
    if name is None:
        return target
    sub = attribute.child(name)
    if sub is None:
        raise invalid_path(f"{target.path} has no part {name[:100]!r}.")
    return Target(target.urn, attribute, sub, f"{target.path}.{sub.name}")


def _selection(op: str, target: Target, text: str, value: Any, language: Language) -> Operation:
    _check_writable(target)
    if target.attribute is None:
        raise invalid_path("This path names a schema, not an attribute.")
    if target.sub is None and target.attribute.name != "members":
        language.tolerance.demand_part(target.path)
    term = parse_value_filter(text, target.attribute, language.tolerance)
    if op == "remove":
        return Operation(op, target, term)
    if isinstance(value, list) and len(value) == 1:
        language.tolerance.forgive("a list for one selected value", "invalidValue")
        value = value[0]
    leaf = target.sub or target.attribute
    return Operation(op, target, term, read_one(leaf, value, language.tolerance, target.path))


def _operation(op: str, target: Target, value: Any, language: Language) -> Operation:
    attribute = target.sub or target.attribute
    if attribute is None:
        raise invalid_path("This path names a schema, not an attribute.")
    if op == "remove":
        return Operation(op, target, value=_to_remove(attribute, target, value, language))
    # RFC 7644 allows one value where several could be: it is added, or replaces them all.
    if attribute.multi and value not in (None, "") and not isinstance(value, list):
        value = [value]
    return Operation(
        op, target, None, read_value(attribute, value, language.tolerance, target.path)
    )


def _to_remove(attribute: Attribute, target: Target, value: Any, language: Language) -> Any:
    """Entra names what to remove in `value`: only that goes, even if it comes to nothing."""
    if value is None or not attribute.multi:
        return None
    language.tolerance.forgive("remove with a value")
    listed = value if isinstance(value, list) else [value]
    return read_value(attribute, listed, language.tolerance, target.path) or []


def _read_only(target: Target) -> bool:
    parts = (target.attribute, target.sub)
    return any(part is not None and part.mutability == "readOnly" for part in parts)


def _check_writable(target: Target) -> None:
    if _read_only(target):
        raise mutability(f"{target.path} is readOnly.")
    if target.sub is not None and target.sub.mutability == "immutable":
        raise mutability(f"{target.path} is immutable.")
