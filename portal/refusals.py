"""Refusals of the directory in the reader's language.

The write path speaks English, in sentences that may hold values. The extractor below (named in
`translations/babel.cfg`) turns the calls that raise them into messages: a value becomes a
placeholder. `said` finds the message that a sentence was made of and fills in the values again;
a sentence that nobody translated is shown as it is.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, BinaryIO

from babel.messages.extract import extract_python
from flask_babel import get_locale, get_translations, pgettext

CONTEXT = "refusal"
# Which argument of which call is a sentence that somebody may read.
_SENTENCE_AT = {
    "Conflict": 1,
    "Forbidden": 1,
    "Invalid": 1,
    "KeyRefused": 1,
    "MessageRefused": 1,
    "MetadataRefused": 1,
    "NotFound": 1,
    "SignatureRefused": 1,
    "Stale": 1,
    "TooMany": 1,
    "Unanswerable": 1,
    "Unavailable": 1,
    "Unreached": 1,
}
_LONGEST = 2000  # characters; longer ones are not compared with the patterns


def said(sentence: str) -> str:
    """The sentence of a refusal, as the reader reads it."""
    found = pgettext(CONTEXT, sentence.replace("%", "%%")).replace("%%", "%")
    if found != sentence or len(sentence) > _LONGEST:
        return found
    for pattern, translated in _patterns(str(get_locale())):
        match = pattern.fullmatch(sentence)
        if match:
            return translated % match.groupdict()
    return sentence


@cache
def _patterns(locale: str) -> list[tuple[re.Pattern[str], str]]:  # noqa: ARG001  one list a language
    """The messages with placeholders, the most particular first."""
    known = getattr(get_translations(), "_catalog", {})
    prefix = f"{CONTEXT}\x04"
    found = [
        (key.removeprefix(prefix), text)
        for key, text in known.items()
        if isinstance(key, str) and key.startswith(prefix) and "%(" in key
    ]
    found.sort(key=lambda pair: -len(re.sub(r"%\(\w+\)s", "", pair[0])))
    return [(_pattern(message), text) for message, text in found]


def _pattern(message: str) -> re.Pattern[str]:
    parts = re.split(r"%\((\w+)\)s", message)
    made = "".join(
        f"(?P<{part}>.+?)" if at % 2 else re.escape(part.replace("%%", "%"))
        for at, part in enumerate(parts)
    )
    return re.compile(made, re.DOTALL)


def extract(
    source: BinaryIO,
    keywords: Any,
    comment_tags: Any,
    options: Any,
) -> Iterator[Any]:
    """Babel's extraction method: what goes through gettext, what refuses, and what names roles."""
    yield from extract_python(source, keywords, comment_tags, options)
    source.seek(0)
    for node in ast.walk(ast.parse(source.read())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_role":
            for one in node.args[1:3]:
                yield node.lineno, "gettext", ast.literal_eval(one), []
        for found in _sentences(node):
            sentence = _message(found)
            if sentence:
                yield found.lineno, "pgettext", (CONTEXT, sentence), []


def _sentences(node: ast.AST) -> list[ast.expr]:
    """What a refusal is made of here: an argument, or a variable of that name."""
    if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "sentence":
        return [node.value]
    if not isinstance(node, ast.Call):
        return []
    name = getattr(node.func, "id", "")
    if name == "not_found" and isinstance(node.args[0], ast.Constant):
        what = str(node.args[0].value).replace("_", " ")
        return [ast.Constant(f"There is no such {what}.", lineno=node.lineno, col_offset=0)]
    at = _SENTENCE_AT.get(name, len(node.args))
    return node.args[at : at + 1]


def _message(node: ast.expr) -> str:
    """A literal as a message; "" for what is no literal, or is nothing but a value."""
    if isinstance(node, ast.Constant):
        return str(node.value).replace("%", "%%")
    if not isinstance(node, ast.JoinedStr):
        return ""
    names: dict[str, str] = {}
    made = "".join(
        str(part.value).replace("%", "%%")
        if isinstance(part, ast.Constant)
        else f"%({_name(part, names)})s"
        for part in node.values
    )
    return made if re.search(r"[a-z]{3}", re.sub(r"%\(\w+\)s", "", made)) else ""


def _name(part: ast.expr, names: dict[str, str]) -> str:
    """A placeholder's name, after what stands in the braces; each place has its own."""
    words = (
        re.findall(r"[a-z]+", ast.unparse(part.value).lower())
        if isinstance(part, ast.FormattedValue)
        else []
    )
    base = next((word for word in reversed(words) if word not in ("r", "str", "name")), "value")
    name = base if base not in names else f"{base}{len(names) + 1}"
    names[name] = base
    return name
