"""Messages: what changed in the product, read once from its changelog."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask import Response
from flask_babel import lazy_gettext as _l

from idp.directory.actors import Actor
from portal.frame import page

CHANGELOG = Path(__file__).parents[1] / "CHANGELOG.md"
# The word with which a line may begin; without one it tells of something new.
IMPACTS = {
    "Breaking": _l("Needs action"),
    "Security": _l("Security"),
    "Fixed": _l("Fixed"),
    "New": _l("New"),
}
_VERSION = re.compile(r"## (?P<version>\S+) \((?P<date>[^)]+)\)")
_IMPACT = re.compile(rf"({'|'.join(IMPACTS)}): (?=\S)")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")


@dataclass(frozen=True, slots=True)
class Message:
    """One change: its impact's word, and what it means for who runs the product."""

    impact: str
    text: str


@dataclass(frozen=True, slots=True)
class Release:
    """What a version brought. `date` is a day, or "unreleased"."""

    version: str
    date: str
    messages: list[Message]


def messages(actor: Actor) -> Response:
    """What changed, the latest first."""
    return page("help/messages.html", actor, releases=releases(), impacts=IMPACTS)


@cache
def releases() -> list[Release]:
    """The changelog; nothing where the product is installed without it."""
    return read(CHANGELOG.read_text("utf-8")) if CHANGELOG.exists() else []


def read(text: str) -> list[Release]:
    """A changelog as its releases."""
    found: list[Release] = []
    for line in text.splitlines():
        heading = _VERSION.match(line)
        if heading:
            found.append(Release(heading["version"], heading["date"], []))
        elif found and line.startswith("- "):
            found[-1].messages.append(_message(line[2:]))
        elif found and found[-1].messages and line.startswith("  "):
            last = found[-1].messages.pop()
            found[-1].messages.append(Message(last.impact, f"{last.text} {_plain(line.strip())}"))
    return found


def _message(line: str) -> Message:
    impact = _IMPACT.match(line)
    text = line[impact.end() :] if impact else line
    return Message(impact[1] if impact else "New", _plain(text))


def _plain(text: str) -> str:
    """Words without marks: links as their words, code without its quotes."""
    return _LINK.sub(r"\1", text).replace("`", "")
