"""The brake: a mistake at the source must not empty an application.

Where more than max(20, 10 %) of what is there would be shut out or removed, nothing is sent until
an administrator has approved exactly that, or until it is no longer so.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from idp.changes import provisioned
from idp.changes.targets import digest_of
from idp.clock import now, rfc3339
from idp.directory import queries
from scim.outbound.client import Halted
from scim.outbound.turn import Turn

LOOK_EVERY = timedelta(minutes=1)  # it may have been put right
AT_LEAST = 20
PER_CENT = 10


def check(turn: Turn, ids: Collection[str] | None) -> None:
    """Raise Halted where this turn would remove too many; `ids` are those whom it concerns."""
    actor, target = turn.reader.actor, turn.target
    if ids is not None and not target.brake and not queries.leaving(actor, target, ids):
        return  # nobody of these leaves: the others were looked at when they changed
    leaving = queries.leaving(actor, target)
    found = finding(leaving, queries.count_links(actor, target.id))
    if not found:
        if target.brake:
            provisioned.note(target.id, brake={})
        return
    provisioned.note(target.id, brake=found)
    raise Halted("stopped", sentence(found), LOOK_EVERY)


def finding(leaving: Collection[str], counts: dict[str, int]) -> dict[str, Any]:
    """What the brake has to say of so many; {} where it lets them go."""
    there = counts["people"] + counts["groups"]
    if len(leaving) <= max(AT_LEAST, there * PER_CENT // 100):
        return {}
    return {
        "count": len(leaving),
        "of": there,
        "digest": digest_of(leaving),
        "at": rfc3339(now()),
    }


def sentence(found: dict[str, Any]) -> str:
    """What an administrator reads."""
    return (
        f"Stopped: {found['count']} of {found['of']} people and groups would be shut out or "
        "removed. Look at the preview, then approve it, or correct the source."
    )
