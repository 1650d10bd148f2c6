"""Filter text -> the neutral tree of `idp.directory.filtering` (RFC 7644 §3.4.2.2).

The only file that meets scim2-filter-parser, and only its grammar. Three things of it are not
right, so they are done here: literals (its lexer knows no escapes, one digit of a number, and
takes "trueName" for `true` followed by a name) are lifted out by `literals` before it reads the
filter; precedence (it binds `or` and `and` alike) is restored from its tree; and names
and types are resolved against the vocabulary, so that an unknown attribute is always an error.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

from scim2_filter_parser import ast
from scim2_filter_parser.lexer import SCIMLexer
from scim2_filter_parser.parser import SCIMParser, SCIMParserError

from idp.directory.attributes import CORE, ENTERPRISE_SCHEMA, Attribute
from idp.directory.filtering import And, Compare, Filter, Literal, Not, Or, Present, ValuePath
from idp.directory.values import instant
from scim.dialects import Language, Tolerance
from scim.errors import ScimError, invalid_filter
from scim.facts import ALWAYS, NEVER, fact, present
from scim.literals import NUMBER, lift
from scim.paths import Target

_ORDERED = frozenset({"gt", "ge", "lt", "le"})
_PARTIAL = frozenset({"co", "sw", "ew"})


def parse_filter(text: str, language: Language) -> Filter:
    """The tree of a query filter over a whole resource.

    Raises ScimError invalidFilter, or `sensitive` for attributes that are never returned.
    """
    skeleton, literals = lift(text, language.tolerance)
    facts = partial(fact, language)
    reader = _Reader(literals, _of_resource(language), language.tolerance, facts)
    return reader.read(_parsed(skeleton))


def parse_value_filter(text: str, attribute: Attribute, tolerance: Tolerance) -> Filter:
    """The tree of the filter inside a value path; its paths are sub-attributes' names."""
    skeleton, literals = lift(text, tolerance)
    reader = _Reader(literals, _of_value(attribute, own=False), tolerance, _no_fact)
    return reader.read(_parsed(skeleton))


# --- the grammar, and its tree ----------------------------------------------------------------


@lru_cache(maxsize=512)
def _parsed(skeleton: str) -> ast.Filter:
    """The syntax tree. Filters differ mostly in their literals, so few shapes are ever parsed."""
    try:
        tree = SCIMParser().parse(SCIMLexer().tokenize(skeleton))
    except (SCIMParserError, ValueError, AttributeError, TypeError):
        tree = None
    if not isinstance(tree, ast.Filter):
        raise invalid_filter("The filter's parts do not fit together; see RFC 7644 §3.4.2.2.")
    return tree


@dataclass(frozen=True, slots=True)
class _Name:
    """A path of the filter resolved: its canonical form, and what may be compared there."""

    path: str
    leaf: Attribute
    attribute: Attribute  # the whole attribute, of which `leaf` may be a part
    prefix: str  # how sub-attributes are addressed below `attribute`
    own: bool = False  # whether the organization defined it

    @property
    def exact(self) -> bool:
        """Whether an own attribute is compared by case (RFC 7643 §2.3.6, §2.3.7)."""
        return self.own and (self.leaf.case_exact or self.leaf.type in ("binary", "reference"))


class _ElsewhereError(Exception):
    """The type at hand has no such attribute, but another that is asked as well has it."""


Resolve = Callable[[str], _Name]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns the library's tree into ours."""

    literals: list[Literal]
    resolve: Resolve
    tolerance: Tolerance
    facts: Callable[[str, str, Literal], Filter]

    def read(self, node: ast.Filter) -> Filter:
        """One node; `or` binds weaker than `and`, whatever the library's tree says."""
        inner = node.expr
        if isinstance(inner, ast.LogExpr):
            return self._chain(node)
        try:
            if isinstance(inner, ast.AttrExpr):
                return self._expression(inner)
            if inner.namespace is not None:
                return self._value_path(inner, None)
        except _ElsewhereError:  # what a type does not have matches nothing in it (§3.4.2.1)
            return NEVER
        term = self.read(inner)
        return Not(term) if node.negated else term

    def _chain(self, node: ast.Filter) -> Filter:
        operands, joins = _flattened(node)
        groups: list[list[Filter]] = [[self.read(operands[0])]]
        for join, operand in zip(joins, operands[1:], strict=True):
            if join == "or":
                groups.append([])
            groups[-1].append(self.read(operand))
        terms = tuple(g[0] if len(g) == 1 else And(tuple(g)) for g in groups)
        return terms[0] if len(terms) == 1 else Or(terms)

    def _value_path(self, node: ast.Filter, comparison: ast.AttrExpr | None) -> Filter:
        """`emails[type eq "work"]`, or with a comparison after it: `emails[…].value eq "x"`."""
        space: ast.AttrPath = node.namespace
        if isinstance(space.attr_name, ast.AST):
            raise invalid_filter("A value path cannot follow another value path.")
        sub_name = space.sub_attr.value if space.sub_attr and comparison else None
        name = self.resolve(_text(space, with_sub=not sub_name))
        if not name.attribute.sub or name.leaf is not name.attribute:
            raise invalid_filter(f"{name.path} has no parts to filter by.")
        inside = replace(self, resolve=_of_value(name.attribute, own=name.own))
        term = inside.read(node.expr if isinstance(node.expr, ast.Filter) else node)
        if comparison is not None:
            term = And((term, inside._compared(sub_name or "value", comparison)))
        if name.path == "groups":
            return _group_of(term)
        return ValuePath(name.path, term)

    def _expression(self, node: ast.AttrExpr) -> Filter:
        path: ast.AttrPath = node.attr_path
        if isinstance(path.attr_name, ast.Filter):
            return self._value_path(path.attr_name, node)
        return self._compared(_text(path), node)

    def _compared(self, text: str, node: ast.AttrExpr) -> Filter:
        name = self.resolve(text)
        if not _searchable(name):
            raise invalid_filter(f"{name.path} cannot be searched by.")
        if name.path == "schemas" or name.path.startswith("meta"):
            return self._about_itself(name, node)
        if node.value == "pr":
            return present(name.path, name.leaf)
        return self._against(name, node, self.literals[int(node.comp_value.value)])

    def _about_itself(self, name: _Name, node: ast.AttrExpr) -> Filter:
        """What every resource has, or what follows from its type (RFC 7643 §3.1)."""
        if node.value == "pr":
            return ALWAYS
        value = self.literals[int(node.comp_value.value)]
        if name.leaf.type == "dateTime":
            return self._against(name, node, value)
        if name.leaf.type == "complex":
            raise invalid_filter(f"{name.path} is complex; name one of its parts.")
        return self.facts(name.path, node.value, value)

    def _against(self, name: _Name, node: ast.AttrExpr, value: Literal) -> Filter:
        name = _comparable(name)
        if value is None:
            return _against_null(name, node.value)
        literal = _typed(name, node.value, value, self.tolerance)
        return Compare(name.path, node.value, literal, name.exact)


def _flattened(node: ast.Filter) -> tuple[list[ast.Filter], list[str]]:
    """The operands of a chain without parentheses, and the words between them."""
    if not isinstance(node.expr, ast.LogExpr):
        return [node], []
    left, left_joins = _flattened(node.expr.expr1)
    right, right_joins = _flattened(node.expr.expr2)
    return left + right, [*left_joins, node.expr.op.lower(), *right_joins]


def _text(path: ast.AttrPath, with_sub: bool = True) -> str:
    urn = f"{path.uri}:" if path.uri else ""
    sub = f".{path.sub_attr.value}" if path.sub_attr and with_sub else ""
    return f"{urn}{path.attr_name}{sub}"


# What the server knows by itself and can search by.
_KNOWN_BY_ITSELF = frozenset(
    {"id", "schemas", "meta", "groups", "groups.value", "groups.display"}
    | {"meta.resourceType", "meta.created", "meta.lastModified", "meta.location", "meta.version"}
    | CORE.license_paths
)


def _searchable(name: _Name) -> bool:
    read_only = "readOnly" in (name.leaf.mutability, name.attribute.mutability)
    return not read_only or not name.prefix or name.path in _KNOWN_BY_ITSELF


def _group_of(term: Filter) -> Filter:
    """`groups[value eq "x"]`: memberships are no values of the person, so only this is offered."""
    if isinstance(term, Compare) and term.op != "ne" and term.path in ("value", "display"):
        return Compare(f"groups.{term.path}", term.op, term.value)
    raise invalid_filter("groups can be searched by one comparison of value or display.")


def _no_fact(path: str, _op: str, _value: Literal) -> Filter:
    raise invalid_filter(f"{path} is no part of a value.")


# --- names and types --------------------------------------------------------------------------


def _of_resource(language: Language) -> Resolve:
    names = language.names

    def resolve(text: str) -> _Name:
        target = names.find(text) or names.bare(text)
        if target is None and language.elsewhere(text):
            raise _ElsewhereError
        if target is None:
            raise invalid_filter(f"There is no attribute {text[:100]!r}.")
        attribute = target.attribute
        if attribute is None:
            raise invalid_filter(f"{text[:100]} is a schema; name one of its attributes.")
        if attribute.returned == "never":
            # RFC 7644 §7.5.2: what is secret may not be searched for either.
            raise ScimError(403, f"{attribute.name} cannot be searched for.", "sensitive")
        own = target.urn not in ("", ENTERPRISE_SCHEMA)
        return _Name(target.path, target.sub or attribute, attribute, _prefix(target), own)

    return resolve


def _prefix(target: Target) -> str:
    """How the parts of an attribute are addressed; never empty outside of a value path."""
    urn = f"{target.urn}:" if target.urn else ""
    return f"{urn}{target.attribute.name if target.attribute else ''}."


def _of_value(attribute: Attribute, *, own: bool) -> Resolve:
    """Inside a value path, names are sub-attributes; a simple list's entries are called value."""
    simple = _entry_of(attribute) if not attribute.sub else None

    def resolve(text: str) -> _Name:
        sub = attribute.child(text) or (simple if text.lower() == "value" else None)
        if sub is None:
            raise invalid_filter(f"{attribute.name} has no part {text[:100]!r}.")
        return _Name("value" if sub is simple else sub.name, sub, sub, "", own)

    return resolve


def _entry_of(attribute: Attribute) -> Attribute:
    """One entry of a simple multi-valued attribute, as an attribute of its own."""
    return Attribute("value", attribute.type, case_exact=attribute.case_exact)


def _comparable(name: _Name) -> _Name:
    """The part that a comparison means: `emails co "x"` is `emails.value co "x"` (§3.4.2.2)."""
    if name.leaf.type != "complex":
        return name
    value = name.leaf.child("value")
    if value is None:
        raise invalid_filter(f"{name.path} is complex; name one of its parts.")
    return _Name(f"{name.prefix}value", value, name.attribute, name.prefix, name.own)


def _against_null(name: _Name, operator: str) -> Filter:
    """null stands for "unassigned" (RFC 7643 §2.5)."""
    if operator == "eq":
        return Not(Present(name.path))
    if operator == "ne":
        return Present(name.path)
    raise invalid_filter(f"null can only be compared by eq and ne, not {operator}.")


def _typed(name: _Name, operator: str, value: Any, tolerance: Tolerance) -> Literal:
    kind = name.leaf.type
    if kind in ("boolean", "binary") and operator in _ORDERED:
        raise invalid_filter(f"{name.path} has no order, so {operator} cannot compare it.")
    if kind not in ("string", "reference", "binary") and operator in _PARTIAL:
        raise invalid_filter(f"{name.path} is not text, so {operator} cannot compare it.")
    literal = _CONVERT.get(kind, _as_text)(value, tolerance)
    if literal is None:
        raise invalid_filter(f"{name.path} is of type {kind}; {str(value)[:60]!r} is not.")
    return literal


def _as_text(value: Any, tolerance: Tolerance) -> Literal:
    if isinstance(value, str):
        return value
    tolerance.forgive("filter value without quotes", "invalidFilter")
    return json.dumps(value)


def _as_boolean(value: Any, tolerance: Tolerance) -> Literal:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        tolerance.forgive('"True" or "False" for a boolean', "invalidFilter")
        return value.lower() == "true"
    return None


def _as_number(value: Any, tolerance: Tolerance) -> Literal:
    if isinstance(value, str) and NUMBER.fullmatch(value):
        tolerance.forgive("text for a number", "invalidFilter")
        number: int | float = json.loads(value)
        return number
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _as_moment(value: Any, _tolerance: Tolerance) -> Literal:
    try:
        return instant(value) if isinstance(value, str) else None
    except ValueError:
        return None


_CONVERT: dict[str, Callable[[Any, Tolerance], Literal]] = {
    "boolean": _as_boolean,
    "integer": _as_number,
    "decimal": _as_number,
    "dateTime": _as_moment,
}
