"""Filter text -> the neutral tree of `idp.directory.filtering` (RFC 7644 §3.4.2.2).

The only file that meets scim2-filter-parser, and only its grammar. Three things of it are not
right, so they are done here: literals (its lexer knows no escapes, one digit of a number, and
takes "trueName" for `true` followed by a name) are lifted out by `literals` before it reads the
filter; precedence (it binds `or` and `and` alike) is restored from its tree; and names
and types are resolved against the vocabulary, so that an unknown attribute is always an error.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any

from scim2_filter_parser import ast
from scim2_filter_parser.lexer import SCIMLexer
from scim2_filter_parser.parser import SCIMParser, SCIMParserError

from idp.clock import rfc3339
from idp.directory.attributes import Attribute
from idp.directory.filtering import And, Compare, Filter, Literal, Not, Or, Present, ValuePath
from scim.dialects import Language, Tolerance
from scim.errors import ScimError, invalid_filter
from scim.literals import NUMBER, lift
from scim.paths import Names, Target

_ORDERED = frozenset({"gt", "ge", "lt", "le"})
_PARTIAL = frozenset({"co", "sw", "ew"})
_FRACTION = re.compile(r"(\.\d{6})\d+")


def parse_filter(text: str, language: Language) -> Filter:
    """The tree of a query filter over a whole resource.

    Raises ScimError invalidFilter, or `sensitive` for attributes that are never returned.
    """
    skeleton, literals = lift(text, language.tolerance)
    facts = partial(_fact, language.names)
    reader = _Reader(literals, _of_resource(language.names), language.tolerance, facts)
    return reader.read(_parsed(skeleton))


def parse_value_filter(text: str, attribute: Attribute, tolerance: Tolerance) -> Filter:
    """The tree of the filter inside a value path; its paths are sub-attributes' names."""
    skeleton, literals = lift(text, tolerance)
    reader = _Reader(literals, _of_value(attribute), tolerance, _no_fact)
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


Resolve = Callable[[str], _Name]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns the library's tree into ours."""

    literals: list[Literal]
    resolve: Resolve
    tolerance: Tolerance
    facts: Callable[[str, str], Filter]

    def read(self, node: ast.Filter) -> Filter:
        """One node; `or` binds weaker than `and`, whatever the library's tree says."""
        inner = node.expr
        if isinstance(inner, ast.LogExpr):
            return self._chain(node)
        if isinstance(inner, ast.AttrExpr):
            return self._expression(inner)
        if inner.namespace is not None:
            return self._value_path(inner, None)
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
        inside = replace(self, resolve=_of_value(name.attribute))
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
            return _present(name.path, name.leaf)
        return self._against(name, node, self.literals[int(node.comp_value.value)])

    def _about_itself(self, name: _Name, node: ast.AttrExpr) -> Filter:
        """What every resource has, or what follows from its type (RFC 7643 §3.1)."""
        if node.value == "pr":
            return _ALWAYS
        value = self.literals[int(node.comp_value.value)]
        if name.leaf.type == "dateTime":
            return self._against(name, node, value)
        if node.value != "eq" or name.path not in ("schemas", "meta.resourceType"):
            raise invalid_filter(f"{name.path} cannot be compared by {node.value}.")
        return self.facts(name.path, str(value))

    def _against(self, name: _Name, node: ast.AttrExpr, value: Literal) -> Filter:
        name = _comparable(name)
        if value is None:
            return _against_null(name, node.value)
        return Compare(name.path, node.value, _typed(name, node.value, value, self.tolerance))


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


_ALWAYS = Present("id")
_NEVER = Not(_ALWAYS)


# What the server knows by itself and can search by.
_KNOWN_BY_ITSELF = frozenset(
    {"id", "schemas", "meta", "groups", "groups.value", "groups.display"}
    | {f"meta.{part}" for part in ("resourceType", "created", "lastModified", "version")}
)


def _searchable(name: _Name) -> bool:
    read_only = "readOnly" in (name.leaf.mutability, name.attribute.mutability)
    return not read_only or not name.prefix or name.path in _KNOWN_BY_ITSELF


def _group_of(term: Filter) -> Filter:
    """`groups[value eq "x"]`: memberships are no values of the person, so only this is offered."""
    if isinstance(term, Compare) and term.op != "ne" and term.path in ("value", "display"):
        return Compare(f"groups.{term.path}", term.op, term.value)
    raise invalid_filter("groups can be searched by one comparison of value or display.")


def _present(path: str, attribute: Attribute) -> Filter:
    """`pr`: a complex attribute has a value when any of its parts has one (§3.4.2.2)."""
    if attribute.type != "complex" or attribute.multi:
        return Present(path)
    parts = [sub.name for sub in attribute.sub if sub.mutability != "readOnly"]
    return Or(tuple(Present(f"{path}.{part}") for part in parts))


def _fact(names: Names, path: str, value: str) -> Filter:
    """Whether resources of this type have a schema, or are of a type."""
    if path == "meta.resourceType":
        return _ALWAYS if value == names.kind else _NEVER
    for schema in names.extensions:
        if schema.urn.lower() == value.lower():
            return Or(tuple(_present(f"{schema.urn}:{a.name}", a) for a in schema.attributes))
    return _ALWAYS if value.lower() == names.core.urn.lower() else _NEVER


def _no_fact(path: str, _value: str) -> Filter:
    raise invalid_filter(f"{path} is no part of a value.")


# --- names and types --------------------------------------------------------------------------


def _of_resource(names: Names) -> Resolve:
    def resolve(text: str) -> _Name:
        target = names.find(text) or names.bare(text)
        if target is None:
            raise invalid_filter(f"There is no attribute {text[:100]!r}.")
        attribute = target.attribute
        if attribute is None:
            raise invalid_filter(f"{text[:100]} is a schema; name one of its attributes.")
        if attribute.returned == "never":
            # RFC 7644 §7.5.2: what is secret may not be searched for either.
            raise ScimError(403, f"{attribute.name} cannot be searched for.", "sensitive")
        return _Name(target.path, target.sub or attribute, attribute, _prefix(target))

    return resolve


def _prefix(target: Target) -> str:
    """How the parts of an attribute are addressed; never empty outside of a value path."""
    urn = f"{target.urn}:" if target.urn else ""
    return f"{urn}{target.attribute.name if target.attribute else ''}."


def _of_value(attribute: Attribute) -> Resolve:
    """Inside a value path, names are sub-attributes; a simple list's entries are called value."""
    simple = _entry_of(attribute) if not attribute.sub else None

    def resolve(text: str) -> _Name:
        sub = attribute.child(text) or (simple if text.lower() == "value" else None)
        if sub is None:
            raise invalid_filter(f"{attribute.name} has no part {text[:100]!r}.")
        return _Name("value" if sub is simple else sub.name, sub, sub, "")

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
    return _Name(f"{name.prefix}value", value, name.attribute, name.prefix)


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
    """RFC 3339 in UTC; Entra writes seven digits of a second and the year 1."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(_FRACTION.sub(r"\1", value))
        return rfc3339(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


_CONVERT: dict[str, Callable[[Any, Tolerance], Literal]] = {
    "boolean": _as_boolean,
    "integer": _as_number,
    "decimal": _as_number,
    "dateTime": _as_moment,
}
