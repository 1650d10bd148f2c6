"""What a kept request would do now, without doing it: the same handlers, every change a dry run.

It runs as the connection, with its present permissions and profile. Nothing is written: neither
by the changes, nor as last use, journal or rate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from flask import current_app
from werkzeug.datastructures import Headers, MultiDict
from werkzeug.exceptions import HTTPException

from idp.changes.batch import Note
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.errors import DirectoryError
from idp.extensions import rehearsing
from scim import errors
from scim.answers import Answer
from scim.auth import Caller, caller_from
from scim.call import Call, base_url
from scim.errors import ScimError
from scim.reading import parse_json
from scim.redaction import without_left_out
from scim.routes import WITH_BODY, blueprint, handler_of

_IN_STEPS = frozenset({"/Bulk"})  # what one step makes is not there for the next in a rehearsal


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the journal kept it; `path` is below this door's address."""

    method: str
    path: str
    query: str = ""
    conditions: Mapping[str, str] | None = None
    body: str = ""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What it would be answered, what would be forgiven, and what would change.

    `text` is the body of an answer that only reads; a write's has nothing to be read from.
    """

    status: int
    detail: str = ""
    code: str = ""
    text: str = ""
    tolerated: Sequence[str] = ()
    changes: Sequence[Note] = ()


def rehearse(actor: Actor, connection_id: str, asked: Asked | Any) -> Rehearsal:
    """What a connection's request would do now.

    `asked` has the fields of Asked; secrets that were left out of its body stay out. The actor
    may see what the connection may see. Raises Forbidden, and NotFound for the connection.
    """
    for permission in ("connections.write", "users.read", "groups.read"):
        actor.need(permission)
    view = queries.caller_of(actor, connection_id)
    if view is None:
        return _refusal(errors.unauthorized("No token of this connection opens the door now."))
    calls: list[Call] = []
    try:
        with rehearsing():  # also for what a handler writes beside its changes
            answer = _answer(caller_from(view, actor.request_id), asked, calls)
    except ScimError as refused:
        return _refusal(refused, calls)
    except DirectoryError as refused:
        return _refusal(errors.from_directory(refused), calls)
    text = "" if calls[0].outcomes else answer.text
    return Rehearsal(answer.status, text=text, **_told(calls))


def _answer(caller: Caller, asked: Asked, calls: list[Call]) -> Answer:
    """The handler's own answer; the call is put into `calls`, whatever comes of it."""
    rule, path = _place(asked.path)
    if rule in _IN_STEPS:
        raise ScimError(
            501, "A Bulk request is made in steps that build on each other; try them singly."
        )
    handle = handler_of(rule, asked.method)
    body: dict[str, Any] = {}
    if asked.method in WITH_BODY:
        body = without_left_out(parse_json(asked.body.encode()))
    args = MultiDict(parse_qsl(asked.query, keep_blank_values=True))
    headers = Headers(dict(asked.conditions or {}))
    call = Call(caller, args, headers, body, base_url(), dry_run=True)
    calls.append(call)
    return handle(call, **path)


def _place(path: str) -> tuple[str, dict[str, Any]]:
    """The rule of ROUTES that an address falls under, and what it names."""
    prefix = blueprint.url_prefix or ""
    urls = current_app.url_map.bind("")
    try:
        found, named = urls.match(f"{prefix}{path}", "GET", return_rule=True)
    except HTTPException:
        raise ScimError(404, "There is nothing at this address.") from None
    return found.rule.removeprefix(prefix), dict(named)


def _refusal(error: ScimError, calls: Sequence[Call] = ()) -> Rehearsal:
    code = error.headers.get("X-Error-Code", "") or error.scim_type
    tolerated = _told(calls)["tolerated"]
    return Rehearsal(error.status, error.detail, code, tolerated=tolerated)


def _told(calls: Sequence[Call]) -> dict[str, Any]:
    return {
        "tolerated": [note for call in calls for note in call.tolerance.notes],
        "changes": [n for call in calls for outcome in call.outcomes for n in outcome.notes],
    }
