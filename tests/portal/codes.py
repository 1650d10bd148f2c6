"""The stable error codes of the product, read from its sources.

A code is the first argument of an error, or of a function that hands it on to one; a table of
them; or what `not_found` makes of a noun. Where a part of it is filled in, it is a pattern.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from idp.changes import faults
from portal import errors

ROOT = Path(__file__).parents[2]
PACKAGES = ("idp", "scim", "portal")
FIRST = "DirectoryError"
_CODE = re.compile(r"[a-z][a-z0-9_]+")
_FILLED = "\0"


def in_the_sources() -> tuple[set[str], set[str]]:
    """(codes, regular expressions of those that have filled-in parts)."""
    trees = [
        ast.parse(file.read_text("utf-8"))
        for package in PACKAGES
        for file in (ROOT / package).rglob("*.py")
    ]
    raising = _error_classes(trees)
    found = {text for tree in trees for text in _codes(tree, raising)}
    found |= {code for code, _sentence, _attribute in faults._TAKEN.values()}
    found |= {code for code, _title, _sentence in errors._HTTP.values()}
    found |= _told()
    found.add("http_error")  # of any other status
    whole = {text for text in found if _CODE.fullmatch(text)}
    filled = {text for text in found if _CODE.fullmatch(text.replace(_FILLED, "x"))} - whole
    patterns = {re.escape(text).replace(_FILLED, "[a-z_]+") for text in filled}
    return whole, patterns


def _error_classes(trees: list[ast.Module]) -> set[str]:
    """The error and all that are made from it, by name."""
    known, before = {FIRST}, 0
    classes = [n for tree in trees for n in ast.walk(tree) if isinstance(n, ast.ClassDef)]
    while len(known) > before:
        before = len(known)
        known |= {c.name for c in classes if known & {getattr(b, "id", "") for b in c.bases}}
    return known


def _codes(tree: ast.Module, raising: set[str]) -> Iterator[str]:
    handing_on = _handing_on(tree, raising)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name in raising:
            yield from _of_its_own(node)
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name in raising and node.args:
            yield from _texts(node.args[0])
        elif name == "not_found" and node.args:
            yield from (f"{text}_not_found" for text in _texts(node.args[0]))
        elif name in handing_on and len(node.args) > handing_on[name]:
            yield from _texts(node.args[handing_on[name]])


def _told() -> set[str]:
    """The codes that error pages give themselves: Told(status, "code", …)."""
    tree = ast.parse(Path(errors.__file__).read_text("utf-8"))
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and len(n.args) > 1]
    told = [call for call in calls if getattr(call.func, "id", "") == "Told"]
    return {text for call in told for text in _texts(call.args[1])}


def _of_its_own(kind: ast.ClassDef) -> Iterator[str]:
    """The code that an error gives itself: super().__init__("code", …)."""
    for node in ast.walk(kind):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "__init__":
            yield from (text for arg in node.args[:1] for text in _texts(arg))


def _handing_on(tree: ast.Module, raising: set[str]) -> dict[str, int]:
    """Functions that hand one of their arguments on as a code, and which."""
    found = {}
    for function in (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)):
        names = [argument.arg for argument in function.args.args]
        for call in (n for n in ast.walk(function) if isinstance(n, ast.Call) and n.args):
            given = getattr(call.args[0], "id", "")
            if getattr(call.func, "id", "") in raising and given in names:
                found[function.name] = names.index(given)
    return found


def _texts(node: ast.expr) -> Iterator[str]:
    """What an argument says: a text, one of two, or a text with parts to be filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*_texts(node.body), *_texts(node.orelse))
    elif isinstance(node, ast.JoinedStr):
        parts = (str(getattr(part, "value", "")) for part in node.values)
        literal = [isinstance(part, ast.Constant) for part in node.values]
        yield "".join(p if own else _FILLED for p, own in zip(parts, literal, strict=True))
