"""What an answer shows: `attributes` and `excludedAttributes` (RFC 7644 §3.4.2.5, §3.9).

A projection is read once for a request and asked twice: by the reads, so that what is not shown
is not loaded, and by the rendering.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from idp.directory.attributes import Attribute
from idp.directory.views import DERIVED
from scim.dialects import Language, find_name
from scim.errors import invalid_value
from scim.paths import Names, Target

# A tree of names; an empty branch means all that is below.
Tree = dict[str, "Tree"]
_ALWAYS = ("schemas", "id")  # returned: always (RFC 7643 §3.1)


@dataclass(frozen=True, slots=True)
class Projection:
    """What is shown: everything, only some attributes, or everything but some."""

    only: Tree | None = None
    without: Tree = field(default_factory=dict)
    asked: frozenset[str] = frozenset()  # canonical paths that `attributes` names

    @property
    def everything(self) -> bool:
        """Whether nothing was asked to be left out."""
        return self.only is None and not self.without

    def shows(self, name: str) -> bool:
        """Whether a top-level attribute, or any part of it, is shown."""
        if self.only is not None:
            return name in self.only
        return self.without.get(name, _SOME) != {}

    def derived(self) -> frozenset[str]:
        """What of `DERIVED` is shown, and so has to be loaded."""
        return DERIVED if self.everything else frozenset(filter(self.shows, DERIVED))

    def shows_part(self, path: str, attribute: Attribute) -> bool:
        """Whether a part that the rendering adds is shown: by default, or as asked for."""
        return attribute.returned != "request" or path in self.asked

    def apply(self, resource: dict[str, Any]) -> dict[str, Any]:
        """The part of a rendered resource that is shown."""
        if self.only is None:
            return _left(resource, self.without)
        shown = _left(_kept(resource, self.only), self.without)
        return {name: resource[name] for name in _ALWAYS if name in resource} | shown


_SOME: Tree = {"": {}}


def read_projection(
    attributes: Iterable[str], excluded: Iterable[str], language: Language
) -> Projection:
    """The projection for two lists of attribute names.

    Raises ScimError invalidValue when both are given: they exclude each other (RFC 7644 §3.9).
    """
    listed, hidden = _named(attributes, language), _named(excluded, language)
    if listed is None and hidden is None:
        return _unasked(language.names)
    if listed is not None and hidden is not None:
        raise invalid_value("attributes and excludedAttributes cannot be used together.")
    always, quiet = _by_themselves(language.names)
    if listed is not None:
        asked = frozenset(target.path for target in listed)
        silent = _tree(t for t in quiet if t.path not in asked or _returned(t) == "never")
        return Projection(only=_tree([*listed, *always]), without=silent, asked=asked)
    kept = {target.path for target in always} | set(_ALWAYS)
    return Projection(without=_tree([*quiet, *(t for t in hidden or () if t.path not in kept)]))


@lru_cache(maxsize=1024)
def _unasked(names: Names) -> Projection:
    """What is shown where nothing was asked."""
    return Projection(without=_tree(_by_themselves(names)[1]))


@lru_cache(maxsize=1024)
def _by_themselves(names: Names) -> tuple[tuple[Target, ...], tuple[Target, ...]]:
    """What is shown whatever is asked, and what is not shown unless it is asked for, or never.

    Only an organization's own attributes: the rendering knows about those of the core schemas.
    """
    own = [t for t in names.targets() if t.urn and t.attribute is not None]
    always = tuple(t for t in own if _returned(t) == "always")
    return always, tuple(t for t in own if _returned(t) in ("request", "never"))


def _returned(target: Target) -> str:
    leaf = target.sub or target.attribute
    return leaf.returned if leaf is not None else "default"


def _named(texts: Iterable[str], language: Language) -> list[Target] | None:
    """The targets that the names stand for, None where no name was given at all."""
    given = [text.strip() for text in texts if text.strip()]
    if not given:
        return None
    found = (_target(text, language) for text in given)
    return [target for target in found if target is not None]


def _target(text: str, language: Language) -> Target | None:
    if "[" in text:  # seen in the wild: attributes=emails[type eq "work"]
        language.tolerance.forgive("a value path in attributes", "invalidValue")
        text = text.split("[", 1)[0]
    target = language.names.find(text) or find_name(language, text)
    if target is None:
        language.tolerance.forgive(f"unknown attribute {text[:100]}", "invalidValue")
    return target


def _tree(targets: Iterable[Target]) -> Tree:
    tree: Tree = {}
    for target in targets:
        steps = [target.urn] if target.urn else []
        steps += [part.name for part in (target.attribute, target.sub) if part is not None]
        _plant(tree, steps)
    return tree


def _plant(tree: Tree, steps: list[str]) -> None:
    for depth, step in enumerate(steps):
        known = step in tree
        if known and not tree[step]:
            return  # all of it is there already
        tree = tree.setdefault(step, {})
        if known and depth == len(steps) - 1:
            tree.clear()


def _kept(value: Mapping[str, Any], tree: Tree) -> dict[str, Any]:
    kept = {}
    for name, below in tree.items():
        if name in value:
            part = _each(value[name], below, _kept) if below else value[name]
            if part not in ({}, []):
                kept[name] = part
    return kept


def _left(value: Mapping[str, Any], tree: Tree) -> dict[str, Any]:
    left = {}
    for name, part in value.items():
        below = tree.get(name)
        if below is None:
            left[name] = part
        elif below:
            rest = _each(part, below, _left)
            if rest not in ({}, []):
                left[name] = rest
    return left


def _each(value: Any, below: Tree, cut: Any) -> Any:
    if isinstance(value, list):
        made = [cut(entry, below) if isinstance(entry, dict) else entry for entry in value]
        return [entry for entry in made if entry != {}]
    return cut(value, below) if isinstance(value, dict) else value
