"""The subscriptions whose state changes: written down in sets, organization by organization.

Nothing depends on when this runs, for the states follow from the dates: it makes invoices of terms
that began by themselves, notes what passed, and keeps the pools. What it missed it does when it
runs again, and what it did it does not do twice.
"""

from itertools import groupby
from typing import NamedTuple

from sqlalchemy import or_, select, tuple_

from idp.changes.apply import apply
from idp.changes.intents import FollowSubscriptions
from idp.clock import now
from idp.directory.actors import system_actor
from idp.extensions import db
from idp.licensing.subscriptions import Subscription

CHUNK = 500
WORKER = "Subscriptions"


class _Due(NamedTuple):
    org_id: str
    id: str


def follow() -> int:
    """Bring everything up to date that is due; returns how many subscriptions that were."""
    count, after = 0, _Due("", "")
    while found := _after(after):
        for org_id, those in groupby(found, key=lambda one: one.org_id):
            ids = [one.id for one in those]
            apply(FollowSubscriptions(ids), by=system_actor(org_id, "worker", WORKER))
            count += len(ids)
        after = found[-1]
    return count


def _after(place: _Due) -> list[_Due]:
    """The next that are due, in the order of organizations and ids."""
    db.session.rollback()  # look at the present, not at an old snapshot
    moment = now()
    due = select(Subscription.org_id, Subscription.id).where(
        # Or written down at a time that is still to come: the clock was set back since.
        or_(Subscription.next_at <= moment, Subscription.last_modified > moment),
        Subscription.deleted_at.is_(None),
        tuple_(Subscription.org_id, Subscription.id) > tuple_(*place),
    )
    rows = db.session.execute(due.order_by(Subscription.org_id, Subscription.id).limit(CHUNK))
    return [_Due(row.org_id, row.id) for row in rows]
