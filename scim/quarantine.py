"""A connection that the brake has stopped: its writes are refused until somebody has decided.

Refused with 503, not 429. Entra ID takes 429 for its own haste: it pauses the whole job for as long
as Retry-After says and shows its administrator nothing of it. A 503 is a failure of each request:
it stands in the provisioning log with our sentence and the address where to decide, and is tried
again with the next cycle. Okta and SailPoint treat both as passing and try again later.
"""

from idp.clock import rfc3339
from idp.directory import queries
from idp.directory.brakes import Quarantined
from scim.auth import Caller

_CHANGING = ("/Users", "/Groups", "/Bulk", "/Me")
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def check(caller: Caller, rule: str, method: str) -> None:
    """Let a stopped connection read, and nothing else. Raises Quarantined."""
    if not caller.quarantined or method not in _WRITES:
        return
    if rule.startswith(_CHANGING) and not rule.endswith("/.search"):
        held = queries.own_quarantine(caller.actor)
        if held is not None:  # else it was lifted a moment ago
            raise Quarantined(rfc3339(held.since), held.stop, caller.actor.id)
