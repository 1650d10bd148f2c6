"""A filter as a tree, free of any protocol's syntax; `queries` turns it into SQL.

Paths are the vocabulary's canonical ones ("userName", "emails.value", "urn:…:User:department"),
plus "id", "externalId", "meta.created", "meta.lastModified", "groups.value" and, for groups,
"displayName", "members.value" (RFC 7644 §3.4.2.2 names the operators).
"""

from dataclasses import dataclass
from datetime import datetime

Literal = str | bool | int | float | datetime | None


@dataclass(frozen=True, slots=True)
class Compare:
    """`path op value`; op is one of eq ne co sw ew gt ge lt le, in lower case.

    `exact` tells that an organization's own attribute is compared by case; of the core's
    attributes the vocabulary knows it. A `datetime` is compared with what says a moment.
    """

    path: str
    op: str
    value: Literal
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Present:
    """`path pr`: the attribute has a value."""

    path: str


@dataclass(frozen=True, slots=True)
class And:
    """All terms hold."""

    terms: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one term holds."""

    terms: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The term does not hold."""

    term: "Filter"


@dataclass(frozen=True, slots=True)
class ValuePath:
    """`attribute[term]`: one and the same value satisfies the term, which speaks of its parts."""

    attribute: str
    term: "Filter"


Filter = Compare | Present | And | Or | Not | ValuePath
