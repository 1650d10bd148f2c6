"""A person's record -> the record that a target gets.

Without a mapping, everything that the core and the enterprise schema (and the organization's own)
have and the target announces. A mapping replaces or leaves out single attributes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from idp.directory.attributes import (
    ENTERPRISE_SCHEMA,
    GROUP_SCHEMA,
    USER_SCHEMA,
    Flat,
    Leaf,
    Record,
    Vocabulary,
    flatten,
    nest,
)
from idp.directory.entitled import ATTRIBUTE as ENTITLEMENTS
from idp.directory.targets import OURS, fill, source_paths
from idp.directory.views import UserView
from idp.licensing.entitlements import joined, values_of
from idp.licensing.held import Entitlement

MANAGER = f"{ENTERPRISE_SCHEMA}:manager.value"
MADE_UP = frozenset({"displayName", "name.formatted"})


@dataclass(frozen=True)
class Mapper:
    """How one target's records are made. `announced` is None where its schemas are not known."""

    vocabulary: Vocabulary
    announced: frozenset[str] | None = None  # its attributes, in lower case, extensions with URN
    mapping: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """What is sent as it is."""
        replaced = {(self._leaf(wanted) or wanted).lower() for wanted in self.mapping}
        return tuple(
            path
            for path, leaf in self.vocabulary.user_leaves.items()
            if _goes(leaf) and self._takes(leaf) and path.lower() not in replaced
        )

    @cached_property
    def tells_entitlements(self) -> bool:
        """Whether what people may use is sent, so that it has to be known."""
        sources = (path for source in self.mapping.values() for path in source_paths(source))
        return any(
            path.partition(".")[0].lower() == ENTITLEMENTS for path in (*self.paths, *sources)
        )

    @cached_property
    def ours(self) -> tuple[str, ...]:
        """What the target has from us alone: where we say nothing, nothing should be there.

        Not what a mapping leaves out (`-`), and not the names that services make up themselves
        from the others.
        """
        mapped = [
            self._leaf(name) or name
            for name, source in self.mapping.items()
            if source.strip() != "-"
        ]
        readonly = {p for p, leaf in self.vocabulary.user_leaves.items() if not _goes(leaf)}
        return tuple(
            path for path in (*self.paths, *mapped) if path not in readonly and path not in MADE_UP
        )

    def _leaf(self, wanted: str) -> str | None:
        found = self.vocabulary.find(wanted)
        return found.path if found else None

    def _takes(self, leaf: Leaf) -> bool:
        """Whether the target announces the attribute."""
        if self.announced is None:
            return leaf.schema in (USER_SCHEMA, ENTERPRISE_SCHEMA)
        prefix = "" if leaf.schema == USER_SCHEMA else f"{leaf.schema}:"
        return f"{prefix}{leaf.top.name}".lower() in self.announced

    def user(
        self, view: UserView, manager: str | None = None, entitled: Sequence[Entitlement] = ()
    ) -> Record:
        """What the target should have of a person; `manager` is the target's id of theirs."""
        held = flatten(view.record)
        if entitled:
            held[ENTITLEMENTS] = joined(held.get(ENTITLEMENTS, ()), values_of(entitled))
        flat: Flat = {path: held[path] for path in self.paths if path in held}
        if MANAGER in flat:
            flat[MANAGER] = manager
        for wanted, source in self.mapping.items():
            flat[self._leaf(wanted) or wanted] = self._value(wanted, source, held)
        lets_in = view.active and not view.blocked
        return nest({"externalId": view.id, "active": lets_in} | flat)

    def _value(self, wanted: str, source: str, held: Flat) -> Any:
        """What a mapping gives: a value as it is, a text, or nothing."""
        text, leaf = source.strip(), self.vocabulary.find(wanted)
        paths = source_paths(text)
        if text == "-":
            return None
        if text != paths[0] if paths else True:
            found = fill(text[1:-1], {path: _text(self._read(path, held)) for path in paths})
            return _shaped(" ".join(found.split()) or None, leaf)
        value = self._read(text, held)
        whole = leaf is not None and leaf.attribute.multi
        return value if whole and isinstance(value, list) else _shaped(_single(value), leaf)

    def _read(self, path: str, held: Flat) -> Any:
        leaf = self.vocabulary.find(path)
        if leaf is None:
            return None
        if leaf.path in held:
            return held[leaf.path]
        if leaf.top.multi and leaf.attribute is not leaf.top:  # emails.value: of the preferred one
            whole = leaf.path.rpartition(".")[0]
            chosen = _preferred(held.get(whole))
            return chosen.get(leaf.attribute.name) if isinstance(chosen, dict) else None
        return None


def _goes(leaf: Leaf) -> bool:
    """Whether an attribute is sent at all: whole if multi-valued, its parts if complex."""
    if leaf.top.name.lower() in OURS or leaf.attribute.mutability == "readOnly":
        return False
    if leaf.top.multi:
        return leaf.attribute is leaf.top
    return leaf.attribute.type != "complex"


def _preferred(values: Any) -> Any:
    if not isinstance(values, list) or not values:
        return None
    return next((v for v in values if isinstance(v, dict) and v.get("primary")), values[0])


def _single(value: Any) -> Any:
    """One value of what may be a list: the preferred one."""
    chosen = _preferred(value) if isinstance(value, list) else value
    return chosen.get("value") if isinstance(chosen, dict) else chosen


def _text(value: Any) -> str:
    single = _single(value)
    return "" if single is None else str(single)


def _shaped(value: Any, leaf: Leaf | None) -> Any:
    """A single value as the attribute wants it: the only one of a list, where it is a list."""
    if value is not None and leaf is not None and leaf.attribute.multi:
        return [{"value": value, "primary": True}]
    return value


def group(group_id: str, name: str) -> Record:
    """What the target should have of a group, without its members."""
    return {"externalId": group_id, "displayName": name}


def resource(kind: str, record: Record) -> Record:
    """A record as a resource that can be sent (RFC 7643 §3)."""
    core = USER_SCHEMA if kind == "User" else GROUP_SCHEMA
    extensions = [name for name in record if name.startswith("urn:")]
    return {"schemas": [core, *extensions]} | record


def projected(found: Mapping[str, Any], wanted: Record, more: Iterable[str] = ()) -> Record:
    """What a resource at the target says of the attributes that `wanted` has.

    A list that differs only in what a target adds to entries of its own accord is as in `wanted`.
    Of the paths in `more` that `wanted` is silent about: what has a value there. An empty value
    or False is as good as none.
    """
    there = flatten({name: value for name, value in found.items() if name != "meta"})
    lowered, asked = {path.lower(): value for path, value in there.items()}, flatten(wanted)
    kept = {
        path: _alike(lowered[path.lower()], value)
        for path, value in asked.items()
        if path.lower() in lowered
    }
    spoken = {path.lower() for path in asked}
    for path in more:
        if path.lower() not in spoken and lowered.get(path.lower()):
            kept[path] = _bare(lowered[path.lower()])
    return nest(kept)


def _alike(there: Any, wanted: Any) -> Any:
    """A value that is there; as it was wanted, where it is the same."""
    bare = _bare(there)
    return wanted if bare == _bare(wanted) else bare


def _bare(value: Any) -> Any:
    """A list without what a target adds to its entries of its own accord."""
    if not isinstance(value, list):
        return value
    added = ("$ref", "display")
    return [
        {n: v for n, v in entry.items() if n not in added} if isinstance(entry, dict) else entry
        for entry in value
    ]
