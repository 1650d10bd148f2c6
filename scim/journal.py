"""What a connection asked and what came of it, as one entry of the journal.

`begin` and `end` stand around each request whose caller is known. An entry is a row of
`idp.changes.journal`; the `recorder` writes it, a little later and with others.
"""

import re
import time
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, current_app, g, request

from idp.changes.batch import Row
from idp.changes.journal import BLANK
from idp.clock import new_id, now
from idp.config import Settings
from idp.directory.limits import journal_days_of
from idp.directory.values import key
from scim.auth import Caller
from scim.call import Call
from scim.errors import ScimError
from scim.listing import dump
from scim.recorder import Recorder
from scim.redaction import redacted, redacted_query

MOST_BODY = 64 * 1024
MOST_ADDRESS = 8 * 1024
_MOST_TEXT = 2_000
_PREFIX = "/scim/v2"
_ID_LENGTH = 36
_CONDITIONS = {"HTTP_IF_MATCH": "If-Match", "HTTP_IF_NONE_MATCH": "If-None-Match"}
_KINDS = {"Users": "User", "Groups": "Group"}
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_EXTENSION = "chamberlain_scim_journal"


class Visit:
    """One request on its way: who asked, at which address; later the call and its refusal."""

    __slots__ = ("at", "call", "caller", "path", "refusal", "rule")

    def __init__(self, caller: Caller, rule: str, path: Mapping[str, Any]) -> None:
        self.caller = caller
        self.rule = rule
        self.path = path
        self.at = now()
        self.call: Call | None = None
        self.refusal: ScimError | None = None


def bind(app: Flask) -> None:
    """Give an application its recorder."""
    settings: Settings = app.config["CHAMBERLAIN"]
    app.extensions[_EXTENSION] = Recorder(app, settings.journal_seconds)


def recorder() -> Recorder:
    """Who writes the entries of this application."""
    held: Recorder = current_app.extensions[_EXTENSION]
    return held


def begin(caller: Caller, rule: str, path: Mapping[str, Any]) -> Visit:
    """A known caller has come in."""
    visit: Visit = Visit(caller, rule, path)
    g.scim_visit = visit
    return visit


def refused(error: ScimError) -> None:
    """The request in hand is answered by a refusal."""
    visit: Visit | None = g.get("scim_visit")
    if visit is not None:
        visit.refusal = error


def end(response: Response) -> Response:
    """The answer is made: hand the entry over, unless the connection wants no journal."""
    visit: Visit | None = g.get("scim_visit")
    if visit is not None and journal_days_of(visit.caller.settings):
        recorder().add(_entry(visit, response))
    return response


def _entry(visit: Visit, response: Response) -> Row:
    actor, environ = visit.caller.actor, request.environ
    conditions = {name: environ[key_] for key_, name in _CONDITIONS.items() if key_ in environ}
    row = BLANK | {
        "id": new_id(),
        "org_id": actor.org_id,
        "connection_id": actor.id,
        "at": visit.at,
        "method": request.method[:16],
        "conditions": dump(conditions) if conditions else "",
        "status": response.status_code,
        "duration": round((time.perf_counter() - g.begun) * 1_000_000),
        "request_id": actor.request_id,
    }
    _tell_address(row, request.path.removeprefix(_PREFIX), environ.get("QUERY_STRING", ""))
    _tell_resource(row, visit)
    if visit.call is not None:
        _tell_call(row, visit.call)
    if visit.refusal is not None:
        _tell_refusal(row, visit.refusal)
    return row


def _tell_address(row: Row, path: str, query: str) -> None:
    kept = redacted_query(query) if query else ""
    row["path"], row["query"] = _clean(path)[:MOST_ADDRESS], _clean(kept)[:MOST_ADDRESS]
    if kept != query:
        row["kept"] = "redacted"
    if len(path) > MOST_ADDRESS or len(kept) > MOST_ADDRESS:
        row["kept"] = "cut"


def _tell_resource(row: Row, visit: Visit) -> None:
    row["kind"] = _KINDS.get(visit.rule.split("/")[1], "")
    asked = visit.path.get("resource_id", "")
    if row["kind"] and len(asked) <= _ID_LENGTH:
        row["resource_id"] = _clean(asked)


def _tell_call(row: Row, call: Call) -> None:
    if call.body:
        _tell_body(row, call.body)
    if call.tolerance.notes:
        row["tolerated"] = _clean(dump(call.tolerance.notes))
    written = [outcome.entries for outcome in call.outcomes if outcome.entries]
    if written:
        row["first_entry"] = min(first for first, _ in written)
        row["last_entry"] = max(last for _, last in written)
    results = [result for outcome in call.outcomes for result in outcome.results]
    if row["kind"] and not row["resource_id"] and len(results) == 1:
        row["resource_id"] = results[0].id


def _tell_body(row: Row, body: Mapping[str, Any]) -> None:
    shown = redacted(body)
    try:
        text = dump(shown)
    except ValueError:  # a number beyond all bounds, which JSON can say and not hold
        row["kept"] = "cut"
        return
    if shown != body:
        row["kept"] = "redacted"
    if len(text.encode()) > MOST_BODY:
        row["kept"] = "cut"
        text = text.encode()[:MOST_BODY].decode("utf-8", "ignore")
    row["body"] = text
    named = next((v for k, v in body.items() if k.lower() in ("username", "displayname")), "")
    if row["kind"] and isinstance(named, str) and row["method"] in ("POST", "PUT"):
        row["name"], row["name_key"] = named[:_MOST_TEXT], key(named)[:256]


def _tell_refusal(row: Row, error: ScimError) -> None:
    row["scim_type"] = error.scim_type[:32]
    row["code"] = error.headers.get("X-Error-Code", "")[:64]
    row["detail"] = _clean(error.detail)[:_MOST_TEXT]


def _clean(text: str) -> str:
    """Text that every database can hold."""
    return _UNSTORABLE.sub("\ufffd", text)
