"""Attribute names as clients write them -> attributes of the vocabulary (RFC 7644 §3.10).

`Names` knows every standard spelling for one resource type: any case, with or without the
schema's URN, sub-attributes after a dot, and an extension's bare URN for the whole extension.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from idp.directory.attributes import Attribute, Schema, Vocabulary

_META = Attribute(
    "meta",
    "complex",
    "What the server knows about the resource itself.",
    mutability="readOnly",
    sub=(
        Attribute("resourceType", mutability="readOnly", case_exact=True),
        Attribute("created", "dateTime", mutability="readOnly"),
        Attribute("lastModified", "dateTime", mutability="readOnly"),
        Attribute("location", "reference", mutability="readOnly", case_exact=True),
        Attribute("version", mutability="readOnly", case_exact=True),
    ),
)
# RFC 7643 §3.1: common to all resources, and therefore in no schema.
COMMON = (
    Attribute(
        "schemas",
        "reference",
        multi=True,
        required=True,
        mutability="readOnly",
        returned="always",
        case_exact=True,
    ),
    Attribute(
        "id",
        description="The server's identifier.",
        mutability="readOnly",
        returned="always",
        case_exact=True,
        uniqueness="server",
    ),
    Attribute(
        "externalId", description="The client's own identifier.", case_exact=True, max_length=512
    ),
    _META,
)


@dataclass(frozen=True, slots=True)
class Target:
    """What a path names: an attribute, a sub-attribute, or a whole extension."""

    urn: str  # "" in the core schema, else the extension's URN
    attribute: Attribute | None  # None: the extension as a whole
    sub: Attribute | None = None
    path: str = field(default="", compare=False)  # canonical, as idp.directory writes it

    @property
    def top(self) -> str:
        """The key of a record under which it lies."""
        return self.urn or (self.attribute.name if self.attribute else "")


class Names:
    """The names of one resource type ("User", "Group", "License") in an organization's words."""

    def __init__(self, vocabulary: Vocabulary, kind: str) -> None:
        self.kind = kind
        self.vocabulary = vocabulary
        self.core: Schema = getattr(vocabulary, kind.lower())
        self.extensions = vocabulary.user_extensions if kind == "User" else ()
        self._known: dict[str, Target] = dict(self._spellings())

    def find(self, text: str) -> Target | None:
        """The target of a path in any standard spelling, or None."""
        return self._known.get(text) or self._known.get(text.lower())

    def targets(self) -> list[Target]:
        """Every target, each once."""
        return list({target.path: target for target in self._known.values()}.values())

    def bare(self, text: str) -> Target | None:
        """An extension's attribute named without its URN, where only one extension has it."""
        return self._bare.get(text.lower())

    @cached_property
    def _bare(self) -> dict[str, Target]:
        pairs = [pair for schema in self.extensions for pair in _targets(schema, schema.urn)]
        times = Counter(path for path, _ in pairs)
        return {path: target for path, target in pairs if times[path] == 1}

    def _spellings(self) -> Iterator[tuple[str, Target]]:
        common = Schema(self.core.urn, "", "", COMMON)
        for schema, urn in ((self.core, ""), (common, ""), *((s, s.urn) for s in self.extensions)):
            for path, target in _targets(schema, urn):
                if not urn:
                    yield path, target
                if schema.urn:
                    yield f"{schema.urn.lower()}:{path}", target
        yield self.core.urn.lower(), Target("", None)
        for schema in self.extensions:
            yield schema.urn.lower(), Target(schema.urn, None, path=schema.urn)


def _targets(schema: Schema, urn: str) -> Iterator[tuple[str, Target]]:
    """Every attribute of a schema under its lower-case path."""
    prefix = f"{urn}:" if urn else ""
    for attribute in schema.attributes:
        name = attribute.name
        yield name.lower(), Target(urn, attribute, path=prefix + name)
        for sub in attribute.sub:
            path = f"{name}.{sub.name}"
            yield path.lower(), Target(urn, attribute, sub, prefix + path)


_cache: dict[tuple[int, str], Names] = {}
_CACHED = 512


def names_of(vocabulary: Vocabulary, kind: str) -> Names:
    """The names of a resource type, built once for each vocabulary object."""
    # By identity: hashing a vocabulary costs more than the request. The cached Names holds the
    # vocabulary, so its id cannot be given to another one meanwhile.
    key = (id(vocabulary), kind)
    names = _cache.get(key)
    if names is None:
        if len(_cache) >= _CACHED:
            _cache.clear()
        names = _cache[key] = Names(vocabulary, kind)
    return names
