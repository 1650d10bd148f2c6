"""Filter text -> its skeleton, and the literals that were lifted out of it (RFC 7644 §3.4.2.2).

A skeleton is the filter with each literal replaced by its number: `userName eq "0"`. It holds
nothing that a grammar could stumble over, and filters that differ in their values share one.
"""

import json
import re
from dataclasses import dataclass, field

from idp.directory.filtering import Literal
from scim.dialects import Tolerance
from scim.errors import invalid_filter

MAX_LENGTH = 8_000
MAX_TERMS = 100
MAX_DEPTH = 20
OPERATORS = frozenset({"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"})
_TOKEN = re.compile(
    r'\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<mark>[()\[\]])|(?P<word>[^\s()\[\]"]+))', re.DOTALL
)
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,18})(?:\.[0-9]{1,18})?(?:[eE][+-]?[0-9]{1,2})?")
_PATH = re.compile(r"\.?[A-Za-z$][A-Za-z0-9_$.:-]*")
_CONSTANTS: dict[str, Literal] = {"true": True, "false": False, "null": None}


@dataclass(slots=True)
class _Lifter:
    """Reads tokens left to right; what may come next is all it has to know."""

    tolerance: Tolerance
    parts: list[str] = field(default_factory=list)
    literals: list[Literal] = field(default_factory=list)
    awaits: str = "path"  # "path", "operator", "value" or "join"
    depth: int = 0
    terms: int = 0

    def take(self, kind: str, token: str) -> None:
        """One token: kept for the grammar, or lifted out as a literal."""
        if self.awaits == "value":
            return self._value(kind, token)
        if kind == "text":
            raise invalid_filter(f"A value stands where none is expected: {token[:60]}.")
        if kind == "mark":
            return self._mark(token)
        take = {"path": self._path, "operator": self._operator, "join": self._join}[self.awaits]
        return take(token)

    def _value(self, kind: str, token: str) -> None:
        if kind == "mark":
            raise invalid_filter("A comparison has no value.")
        self.parts.append(f'"{len(self.literals)}"')
        self.literals.append(_literal(kind, token, self.tolerance))
        self.awaits = "join"

    def _mark(self, mark: str) -> None:
        self.depth += {"(": 1, "[": 1, ")": -1, "]": -1}[mark]
        if self.depth > MAX_DEPTH:
            raise invalid_filter(f"A filter may be nested at most {MAX_DEPTH} deep.")
        self.parts.append(mark)
        self.awaits = "path" if mark in ("(", "[") else "join"

    def _path(self, token: str) -> None:
        if token.lower() == "not":
            self.parts.append("not")
            return
        if not _PATH.fullmatch(token):
            raise invalid_filter(f"This is not an attribute name: {token[:60]!r}.")
        self.parts.append(token)
        self.awaits = "operator"

    def _operator(self, token: str) -> None:
        operator = token.lower()
        if operator != "pr" and operator not in OPERATORS:
            raise invalid_filter(f"The operator {token[:20]!r} is not supported.")
        self.terms += 1
        if self.terms > MAX_TERMS:
            raise invalid_filter(f"A filter may have at most {MAX_TERMS} comparisons.")
        self.parts.append(operator)
        self.awaits = "join" if operator == "pr" else "value"

    def _join(self, token: str) -> None:
        if token.startswith(".") and self.parts[-1] == "]" and _PATH.fullmatch(token):
            self.parts.append(token)
            self.awaits = "operator"
            return
        if token.lower() not in ("and", "or"):
            raise invalid_filter(f"'and' or 'or' is expected, not {token[:60]!r}.")
        self.parts.append(token.lower())
        self.awaits = "path"


def lift(text: str, tolerance: Tolerance) -> tuple[str, list[Literal]]:
    """The filter with its literals replaced by their numbers, and the literals."""
    if len(text) > MAX_LENGTH:
        raise invalid_filter(f"A filter may have at most {MAX_LENGTH} characters.")
    text = text.strip()
    if not text:
        raise invalid_filter("The filter is empty.")
    lifter, at = _Lifter(tolerance), 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise invalid_filter(f"The filter cannot be read from here: {text[at : at + 40]!r}.")
        lifter.take(str(match.lastgroup), match[str(match.lastgroup)])
        at = match.end()
    if lifter.awaits == "value":
        raise invalid_filter("A comparison has no value.")
    return " ".join(lifter.parts), lifter.literals


def _literal(kind: str, token: str, tolerance: Tolerance) -> Literal:
    if kind == "text":
        return _string(token)
    if token in _CONSTANTS:
        return _CONSTANTS[token]
    if NUMBER.fullmatch(token):
        number: int | float = json.loads(token)
        return number
    if token[0] in "'`":
        raise invalid_filter("Text in a filter stands in double quotes.")
    # Seen in the wild: `userName sw O`, and dates without quotes.
    tolerance.forgive("filter value without quotes", "invalidFilter")
    return _CONSTANTS.get(token.lower(), token)


def _string(token: str) -> str:
    try:
        text = json.loads(token, strict=False)
        text.encode()
    except ValueError:
        raise invalid_filter(f"This is not a JSON string: {token[:60]}.") from None
    if "\x00" in text:
        raise invalid_filter("A filter value holds a NUL character.")
    return str(text)
