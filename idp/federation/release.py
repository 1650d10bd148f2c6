"""Which attributes of a person a partner receives. Nothing is released that is not mapped.

A mapping is data: a list of rules, each from a path in the attribute vocabulary to a name on the
wire. A partner without a mapping of its own gets the default, which uses the names that LDAP and
eduPerson gave these attributes (X.500/LDAP attribute profile, SAML profiles §8.2).
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from idp.directory.attributes import ENTERPRISE_SCHEMA
from idp.licensing import entitlements
from idp.licensing.held import Entitlement

GROUPS = "groups.display"
SUBJECT_ID = "subject-id"
LICENSES = "licenses"  # what the person may use now, as SCIM's entitlements name it
PART_NUMBERS = "licenses.partNumber"
PLANS = "licenses.plan"
ENTITLEMENTS = "entitlements"
_SCOPED = re.compile(r"[^@\s]+@[^@\s]+")
_UNSAFE_IN_SUBJECT_ID = re.compile(r"[^A-Za-z0-9=-]")


@dataclass(frozen=True, slots=True)
class Rule:
    """One released attribute.

    `source` is a path of the attribute vocabulary, or "groups.display" (effective groups),
    "subject-id", "licenses" (what the person may use now: SKUs, and SKU/PLAN for each plan that is
    on), "licenses.partNumber" (SKUs alone) or "licenses.plan" (names of plans alone). `only`: ""
    for every value, "primary" for the preferred one of a multi-valued attribute, "scoped" for
    values of the form name@domain.
    """

    name: str
    friendly: str
    source: str
    only: str = ""

    def to_dict(self) -> dict[str, str]:
        """The rule as a connection's settings hold it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Rule":
        """The rule that `to_dict` wrote; unknown keys are left."""
        return cls(**{f.name: str(data[f.name]) for f in fields(cls) if f.name in data})


@dataclass(frozen=True, slots=True)
class Person:
    """What release may look at. `scope` is the organization's first verified domain, or empty."""

    id: str
    record: Mapping[str, Any]
    groups: Sequence[str] = ()
    scope: str = ""
    held: Sequence[Entitlement] = ()


@dataclass(frozen=True, slots=True)
class Released:
    """An attribute ready for the wire; never without a value."""

    name: str
    friendly: str
    values: tuple[str, ...]


def _oid(number: str, friendly: str, source: str, only: str = "") -> Rule:
    return Rule(f"urn:oid:{number}", friendly, source, only)


DEFAULT_MAPPING: tuple[Rule, ...] = (
    _oid("0.9.2342.19200300.100.1.1", "uid", "userName"),
    _oid("0.9.2342.19200300.100.1.3", "mail", "emails.value", "primary"),
    _oid("2.5.4.42", "givenName", "name.givenName"),
    _oid("2.5.4.4", "sn", "name.familyName"),
    _oid("2.16.840.1.113730.3.1.241", "displayName", "displayName"),
    _oid("2.16.840.1.113730.3.1.3", "employeeNumber", f"{ENTERPRISE_SCHEMA}:employeeNumber"),
    _oid("2.16.840.1.113730.3.1.2", "departmentNumber", f"{ENTERPRISE_SCHEMA}:department"),
    _oid("1.3.6.1.4.1.5923.1.5.1.1", "isMemberOf", GROUPS),
    _oid("1.3.6.1.4.1.5923.1.1.1.6", "eduPersonPrincipalName", "userName", "scoped"),
    Rule("urn:oasis:names:tc:SAML:attribute:subject-id", "subject-id", SUBJECT_ID),
    Rule("entitlements", "entitlements", LICENSES),
)


def looks_at_seats(mapping: Iterable[Rule]) -> bool:
    """Whether a mapping asks what people may use, so that it has to be known."""
    return any(rule.source.partition(".")[0] in (LICENSES, ENTITLEMENTS) for rule in mapping)


def release(person: Person, mapping: Iterable[Rule]) -> tuple[Released, ...]:
    """The attributes of this person under this mapping, in its order, without empty ones."""
    found = ((rule, _values(person, rule)) for rule in mapping)
    return tuple(Released(rule.name, rule.friendly, values) for rule, values in found if values)


def primary(record: Mapping[str, Any], name: str) -> str:
    """The preferred value of a multi-valued attribute, or its first, or nothing."""
    values = _all(record, f"{name}.value", "primary")
    return values[0] if values else ""


def _values(person: Person, rule: Rule) -> tuple[str, ...]:
    if rule.source == GROUPS:
        return tuple(group for group in person.groups if group)
    if rule.source == SUBJECT_ID:
        return _subject_id(person)
    if rule.source in _OF_SEATS:
        return tuple(_OF_SEATS[rule.source](person.held))
    record = person.record
    if person.held and rule.source.partition(".")[0] == ENTITLEMENTS:
        derived = entitlements.values_of(person.held)
        stored = record.get(ENTITLEMENTS, ())
        record = {ENTITLEMENTS: entitlements.joined(stored, derived)}
    return tuple(_all(record, rule.source, rule.only))


def _named(held: Sequence[Entitlement]) -> list[str]:
    return [one["value"] for one in entitlements.values_of(held)]


_OF_SEATS: Mapping[str, Callable[[Sequence[Entitlement]], list[str]]] = {
    LICENSES: _named,
    PART_NUMBERS: entitlements.part_numbers,
    PLANS: entitlements.plans,
}


def _subject_id(person: Person) -> tuple[str, ...]:
    """Our immutable id under the organization's domain (SAML subject identifiers §3.3)."""
    if not person.scope:
        return ()
    return (f"{_UNSAFE_IN_SUBJECT_ID.sub('-', person.id)}@{person.scope}",)


def _all(record: Mapping[str, Any], source: str, only: str) -> list[str]:
    values = list(_walk(record, source, only == "primary"))
    if only == "primary":
        values = values[:1]
    texts = [_text(value) for value in values]
    return [text for text in texts if text and (only != "scoped" or _SCOPED.fullmatch(text))]


def _walk(record: Mapping[str, Any], source: str, primary_first: bool) -> Iterable[Any]:
    """The plain values at a path: "a", "a.b", "urn:…:a", "urn:…:a.b"; lists give each item's."""
    schema, _, path = source.rpartition(":")
    here: Any = record.get(schema, {}) if schema else record
    items = [here]
    for name in path.split("."):
        items = [value for item in items for value in _child(item, name, primary_first)]
    return (item for item in items if not isinstance(item, dict))


def _child(item: Any, name: str, primary_first: bool) -> list[Any]:
    value = item.get(name) if isinstance(item, Mapping) else None
    if not isinstance(value, list):
        return [] if value is None else [value]
    if primary_first:
        return sorted(value, key=_is_not_primary)
    return value


def _is_not_primary(value: Any) -> bool:
    return not (isinstance(value, Mapping) and value.get("primary") is True)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
