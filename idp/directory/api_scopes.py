"""What a connection may do with the JSON interface for automation, by Microsoft Graph's words.

A connection has none of them until somebody who may do all that they permit grants them; an access
token carries those that its client asked for. One that is taken from the connection is taken from
its tokens in the same moment.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from idp.directory.actors import Actor
from idp.directory.errors import Forbidden, Invalid

SETTING = "api_scopes"  # in a connection's settings
_PEOPLE = frozenset({"users.read", "groups.read"})
SCOPES: Mapping[str, frozenset[str]] = {
    "LicenseAssignment.Read.All": _PEOPLE | {"licenses.read"},
    "LicenseAssignment.ReadWrite.All": _PEOPLE | {"licenses.read", "licenses.write"},
    "Organization.Read.All": frozenset({"services.read"}),
    "Billing.Read.All": frozenset({"services.read", "billing.read"}),
}


def scopes_of(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The scopes that a connection was granted."""
    granted = settings.get(SETTING) or ()
    return tuple(scope for scope in SCOPES if scope in granted)


def writes(scope: str) -> bool:
    """Whether a scope permits more than reading."""
    return any(permission.endswith(".write") for permission in SCOPES[scope])


def permissions_of(scopes: Iterable[str]) -> frozenset[str]:
    """What scopes permit together."""
    return frozenset().union(*(SCOPES[scope] for scope in scopes))


def check_granted(actor: Actor, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Refuse scopes that do not exist, and new ones whose giver may not do what they permit."""
    wanted = after.get(SETTING) or []
    if not isinstance(wanted, list) or not SCOPES.keys() >= set(map(str, wanted)):
        sentence = f"Scopes are {', '.join(SCOPES)}."
        raise Invalid("api_scope_unknown", sentence, attribute=SETTING)
    for permission in sorted(permissions_of(set(wanted) - set(before.get(SETTING) or ()))):
        actor.need(permission)
        if actor.scope_of(permission):
            raise Forbidden("outside_scope", "Your role covers a group; a scope reaches everybody.")
