"""Filters on what follows from a resource's type, id and version (RFC 7643 §3.1).

Nothing of it is stored as clients see it, so it is decided here, or said by what is stored.
"""

from collections.abc import Iterator

from idp.directory.attributes import Attribute, Schema
from idp.directory.filtering import Compare, Filter, Literal, Not, Or, Present
from scim.dialects import Language
from scim.errors import invalid_filter
from scim.matching import OPERATIONS
from scim.paths import Names
from scim.preconditions import version_of

ALWAYS: Filter = Present("id")
NEVER: Filter = Not(ALWAYS)


def fact(language: Language, path: str, op: str, value: Literal) -> Filter:
    """`schemas` or a part of `meta` compared, as a filter on what is stored.

    Raises ScimError invalidFilter.
    """
    if value is None and op in ("eq", "ne"):  # every resource has them
        return NEVER if op == "eq" else ALWAYS
    if not isinstance(value, str):
        raise invalid_filter(f"{path} is text.")
    if path == "schemas":
        return _schemas(language.names, op, value)
    if path == "meta.resourceType":
        return ALWAYS if OPERATIONS[op](language.names.kind, value) else NEVER
    if op not in ("eq", "ne"):
        raise invalid_filter(f"{path} cannot be compared by {op}, only by eq and ne.")
    same = _version(value) if path == "meta.version" else _location(language, value)
    return same if op == "eq" else Not(same)


def _schemas(names: Names, op: str, value: str) -> Filter:
    if op == "ne":
        return Not(_schemas(names, "eq", value))
    compare, wanted = OPERATIONS[op], value.lower()
    if compare(names.core.urn.lower(), wanted):
        return ALWAYS
    meant = (s for s in names.extensions if compare(s.urn.lower(), wanted))
    terms = tuple(term for schema in meant for term in _with_any(schema))
    return Or(terms) if terms else NEVER


def _with_any(schema: Schema) -> Iterator[Filter]:
    return (present(f"{schema.urn}:{a.name}", a) for a in schema.attributes)


def present(path: str, attribute: Attribute) -> Filter:
    """`pr`: a complex attribute has a value when any of its parts has one (§3.4.2.2)."""
    if attribute.type != "complex" or attribute.multi:
        return Present(path)
    parts = [sub.name for sub in attribute.sub if sub.mutability != "readOnly"]
    return Or(tuple(Present(f"{path}.{part}") for part in parts))


def _version(value: str) -> Filter:
    version = version_of(value)
    return NEVER if version is None else Compare("meta.version", "eq", version)


def _location(language: Language, value: str) -> Filter:
    place = f"{language.base}/{language.names.kind}s/"
    return Compare("id", "eq", value[len(place) :]) if value.startswith(place) else NEVER
