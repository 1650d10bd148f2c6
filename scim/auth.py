"""Bearer token -> who calls: one connection of one organization (RFC 6750 §2.1).

Nothing in the address tells the organization: the token does, so one base URL serves them all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from idp.changes import ledger
from idp.directory import api_scopes, queries, views
from idp.directory.actors import Actor
from idp.directory.attributes import Vocabulary
from scim.errors import out_of_scope, unauthorized

READ = frozenset({"users.read", "groups.read"})
PERMITTED = ("read", "write")  # what a token for this door may say
WRITE = READ | {"users.write", "groups.write"}
_LONGEST_TOKEN = 512


@dataclass(frozen=True, slots=True)
class Caller:
    """A connection at the door: as whom it acts, in which words, by which profile."""

    actor: Actor
    vocabulary: Vocabulary
    profile: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    quarantined: bool = False  # the brake has stopped it: it may read


def authenticate(header: str | None, request_id: str) -> Caller:
    """The caller that an Authorization header names.

    Raises ScimError 401 with a WWW-Authenticate challenge; it never says which part was wrong.
    """
    if not header:
        raise unauthorized("This address needs a bearer token.")
    scheme, _, token = header.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > _LONGEST_TOKEN:
        raise unauthorized("The Authorization header must hold a bearer token.", "invalid_request")
    view = queries.caller_by_token(token)
    if view is None:
        raise unauthorized("The token is unknown, expired or revoked.", "invalid_token")
    if view.scope not in PERMITTED:
        raise out_of_scope("This access token is not for SCIM; ask for scim.read or scim.write.")
    ledger.touch_token(view.token_id, view.connection_id, view.token_last_used)
    return caller_from(view, request_id)


def _more(settings: Mapping[str, Any]) -> frozenset[str]:
    """How many licences there are is seen by connections that may read them elsewhere, too."""
    return api_scopes.permissions_of(api_scopes.scopes_of(settings)) & {"licenses.read"}


def caller_from(view: views.Caller, request_id: str) -> Caller:
    """Who calls, as this door sees them."""
    actor = Actor(
        kind="connection",
        id=view.connection_id,
        name=view.connection_name,
        org_id=view.org_id,
        door="scim",
        permissions=(WRITE if view.scope == "write" else READ) | _more(view.settings),
        connection_id=view.connection_id,
        request_id=request_id,
    )
    stopped = view.quarantined_at is not None
    return Caller(actor, view.vocabulary, view.profile, view.settings, quarantined=stopped)
