"""One request as handlers see it: who calls, what was sent, and in which language."""

import copy
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog
from flask import current_app, request
from werkzeug.datastructures import Headers, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge

from idp.changes import Outcome, apply
from idp.changes.intents import Change
from scim.auth import Caller
from scim.dialects import Language, Tolerance
from scim.errors import ScimError
from scim.listing import projection_of
from scim.paths import names_of
from scim.projection import Projection
from scim.reading import MAX_BODY, parse_json, too_large

ACCEPTED = frozenset({"application/scim+json", "application/json", ""})
_LISTS = frozenset({"attributes", "excludedAttributes"})
log = structlog.get_logger("chamberlain")


class Unsettled(Exception):
    """An earlier operation of the same Bulk request is still to change what would be read."""


class Call:
    """What a handler needs to know of a request."""

    def __init__(
        self,
        caller: Caller,
        args: MultiDict[str, str],
        headers: Headers,
        body: dict[str, Any],
        base: str,
        *,
        dry_run: bool = False,
    ) -> None:
        self.caller = caller
        self.actor = caller.actor
        # A parameter given twice counts once, but lists of names may come in pieces.
        self.args = {name.lower(): ",".join(args.getlist(name)) for name in _LISTS & set(args)}
        self.args |= {n.lower(): v for n, v in args.items() if n.lower() not in self.args}
        self.headers = headers
        self.body = body
        self.base = base
        self.dry_run = dry_run
        self.outcomes: list[Outcome] = []
        self.tolerance = Tolerance(caller.profile)
        self._projection: Projection | None = None
        # Bulk alone knows beforehand what a call will read, and what is about to change.
        self.held: Mapping[str, Any] | None = None
        self.changing: Container[str] = ()

    def part(
        self, body: dict[str, Any], held: Mapping[str, Any], changing: Container[str]
    ) -> "Call":
        """The call of one operation within this one: its notes are noted here.

        `held` are the resources that it may read, by id; `changing` the ids of those that earlier
        operations of the same run change.
        """
        made = copy.copy(self)
        made.body, made.held, made.changing = body, held, changing
        return made

    def settled(self, resource_id: str) -> None:
        """Raise Unsettled where the state of a resource cannot be read yet."""
        if resource_id in self.changing:
            raise Unsettled

    def apply(self, *changes: Change) -> Outcome:
        """Make these changes as the caller; in a rehearsal, only find out what they would do.

        Every write of this door comes through here, so that no rehearsal can write.
        """
        outcome = apply(*changes, by=self.actor, dry_run=self.dry_run)
        self.outcomes.append(outcome)
        return outcome

    def language(self, kind: str) -> Language:
        """The names of a resource type in the caller's organization, and what is forgiven."""
        return Language(names_of(self.caller.vocabulary, kind), self.tolerance, self.base)

    def languages(self, kinds: Sequence[str]) -> dict[str, Language]:
        """The same for several types that one question is put to."""
        return {
            kind: replace(
                self.language(kind),
                others=tuple(self.language(other).names for other in kinds if other != kind),
            )
            for kind in kinds
        }

    def projection(self, kind: str) -> Projection:
        """What the answer to this request shows."""
        if self._projection is None:
            self._projection = projection_of(self.args, self.language(kind))
        return self._projection

    def log_notes(self) -> None:
        """Write down what was forgiven, so that an administrator can see what a client sends."""
        if self.tolerance.notes:
            log.info("scim_tolerated", connection=self.actor.id, shapes=self.tolerance.notes)


def read_body(limit: int = MAX_BODY) -> dict[str, Any]:
    """The JSON object of this request, of at most `limit` bytes.

    Raises ScimError 413, 415, 400 invalidSyntax.
    """
    charset = request.mimetype_params.get("charset", "utf-8").lower().replace("_", "-")
    if request.mimetype not in ACCEPTED or charset not in ("utf-8", "utf8", "us-ascii"):
        raise ScimError(415, "Send application/scim+json in UTF-8.")
    request.max_content_length = limit
    try:
        data = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise too_large(limit) from None
    return parse_json(data, limit)


def base_url() -> str:
    """Where this door is for clients, as configured: what a request claims of it may be forged."""
    return f"{current_app.config['CHAMBERLAIN'].public_url}/scim/v2"
