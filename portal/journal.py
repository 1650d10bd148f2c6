"""The journal of a provisioning system: what it asked, what came of it, what it would do now."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus

from flask import Response, current_app, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from idp import sessions
from idp.changes import audit, journal_pages
from idp.changes.journal import JournalView
from idp.changes.journal_pages import JournalFilter
from idp.directory.actors import Actor
from portal import history, tolerated
from portal.connections import system
from portal.frame import page
from portal.lists import shown, without
from portal.systems import TABS

RESULTS = {
    "changed": _l("Changed something"),
    "refused": _l("Refused or failed"),
    "tolerated": _l("Straightened"),
}
# The words for what came of a request, as `parts/journal.html` shows them.
_RESULTS = (_l("Done"), _l("Straightened"), _l("Refused"), _l("Failed"), _l("Unknown"))
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_ASKED = ("result", "method", "q", "from", "to")
_NOT_KEPT = "not_journalled"
_MOST_CHANGES = 200


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as a row of the list."""

    entry: JournalView
    what: str
    url: str  # of the person or group
    result: str
    took: str


def journal_page(actor: Actor, connection_id: str) -> Response:
    """What the system asked, newest first, filtered by what the address says."""
    one = system(actor, connection_id)
    asked = {name: request.args.get(name, "").strip() for name in _ASKED}
    found, following = journal_pages.journal(
        actor, one.id, _filter(asked), before=request.args.get("cursor")
    )
    return page(
        "connections/journal.html",
        actor,
        connection=one,
        tabs=TABS,
        asked=asked,
        chips=_chips(asked),
        found=shown([_line(entry) for entry in found], following, None, "request", "requests"),
        results=RESULTS.items(),
        methods=METHODS,
        curl=_curl(),
    )


def _curl() -> str:
    base = f"{sessions.settings().public_url}/scim/v2"
    return f"curl -H 'Authorization: Bearer TOKEN' \\\n  '{base}/Users?count=1'"


def _filter(asked: dict[str, str]) -> JournalFilter:
    return JournalFilter(
        result=asked["result"],
        method=asked["method"] if asked["method"] in METHODS else "",
        about=asked["q"],
        since=_day(asked["from"]),
        until=_day(asked["to"], plus=1),
    )


def _day(text: str, plus: int = 0) -> datetime | None:
    """The start of a day, in UTC; None where it is none: an odd address is no error."""
    try:
        return datetime.fromisoformat(f"{text}T00:00:00+00:00") + timedelta(days=plus)
    except (ValueError, OverflowError):
        return None


def _chips(asked: dict[str, str]) -> list[tuple[str, str]]:
    """A filter in words, and the address without it."""
    said = {
        "result": RESULTS.get(asked["result"], ""),
        "method": asked["method"] if asked["method"] in METHODS else "",
        "q": f"“{asked['q']}”" if asked["q"] else "",
        "from": _("From %(day)s", day=asked["from"]) if _day(asked["from"]) else "",
        "to": _("To %(day)s", day=asked["to"]) if _day(asked["to"]) else "",
    }
    return [(text, without(name, "cursor")) for name, text in said.items() if text]


def _line(entry: JournalView) -> Line:
    return Line(entry, _what(entry), _url(entry), _result(entry), _took(entry.duration))


def _what(entry: JournalView) -> str:
    """Whom a request speaks of, or else its address."""
    if entry.code == _NOT_KEPT:
        return _("Not written down")
    if entry.name:
        return entry.name
    address = f"{entry.path}?{unquote_plus(entry.query)}" if entry.query else entry.path
    return address if len(address) <= 200 else f"{address[:200]}…"


def _url(entry: JournalView) -> str:
    if not entry.exists:
        return ""
    if entry.kind == "User":
        return url_for("portal.person", user_id=entry.resource_id)
    return url_for("portal.group", group_id=entry.resource_id)


def _result(entry: JournalView) -> str:
    if entry.code == _NOT_KEPT:
        return "Unknown"
    return _word(entry.status, entry.tolerated)


def _word(status: int, shapes: Iterable[str]) -> str:
    if status >= 500:
        return "Failed"
    if status >= 400:
        return "Refused"
    return "Straightened" if shapes else "Done"


def _took(microseconds: int) -> str:
    """Microseconds in words: 0.8 ms, 14 ms, 2.1 s."""
    if microseconds >= 1_000_000:
        return f"{microseconds / 1_000_000:.1f} s"
    milliseconds = microseconds / 1000
    return f"{milliseconds:.1f} ms" if milliseconds < 10 else f"{milliseconds:.0f} ms"


def journal_entry(actor: Actor, connection_id: str, entry_id: str) -> Response:
    """One request: what was sent, what was tolerated, what changed, the answer."""
    one = system(actor, connection_id)
    entry = journal_pages.journal_entry(actor, one.id, entry_id)
    return page(
        "connections/journal_entry.html",
        actor,
        connection=one,
        tabs=TABS,
        entry=entry,
        line=_line(entry),
        body=_pretty(entry.body),
        query=unquote_plus(entry.query),
        tolerated=[tolerated.sentence(shape) for shape in entry.tolerated],
        changes=_changes(actor, entry),
        most=_MOST_CHANGES,
        can_rehearse=actor.can("connections.write") and actor.can("users.read"),
        whole=entry.kept != "cut" and entry.code != _NOT_KEPT,
    )


def _changes(actor: Actor, entry: JournalView) -> list[history.Entry]:
    if entry.first_entry is None or entry.last_entry is None:
        return []
    numbers = (entry.first_entry, entry.last_entry)
    made = audit.of_request(
        actor, entry.connection_id, entry.request_id, numbers, limit=_MOST_CHANGES
    )
    return history.entries(made)


def _pretty(text: str) -> str:
    """JSON on lines of its own; what was cut, as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


def journal_replay(actor: Actor, connection_id: str, entry_id: str) -> Response:
    """What the request would do now. Nothing is written, so nothing is redirected to either."""
    one = system(actor, connection_id)
    entry = journal_pages.journal_entry(actor, one.id, entry_id)
    # `idp.app` knows every door; this one is blind to the other.
    made: Any = current_app.extensions["chamberlain_rehearse"](actor, one.id, entry)
    return page(
        "connections/journal_replay.html",
        actor,
        connection=one,
        tabs=TABS,
        entry=entry,
        line=_line(entry),
        made=made,
        result_word=_word(made.status, made.tolerated),
        text=_pretty(made.text),
        tolerated=[tolerated.sentence(shape) for shape in made.tolerated],
        changes=history.foreseen(one.name, made.changes[:_MOST_CHANGES]),
        count=len(made.changes),
        left_out=entry.kept == "redacted",
    )
