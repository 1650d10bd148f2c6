"""Subscriptions whose state changes soon, or has changed, as cases; and SKUs with too few units.

The states follow from the dates, so what is told does not wait for the nightly run.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from idp.changes.notices import THRESHOLDS, Case, Producer
from idp.licensing.catalogue import VERSION, Catalogue, catalogue_of
from idp.licensing.lifecycle import (
    ACTIVE,
    DISABLED,
    EXPIRED,
    TRIAL_STATE,
    phase_at,
    terms_of,
)
from idp.licensing.subscribed import EXCESS_DAYS
from idp.licensing.subscriptions import Pool, Subscription

_SOON = timedelta(days=THRESHOLDS[0])
_ENDS_SOON = (ACTIVE, TRIAL_STATE)  # what is told of only when its end is near


def _known(session: Session) -> Catalogue:
    version: str | None = session.scalar(VERSION)
    return catalogue_of(version or "")


def _perhaps(state: str, moment: datetime) -> Select[Any]:
    """The subscriptions that may be in a state, by what was last written down of them.

    What is not followed yet has its `next_at` behind it, whatever its state was.
    """
    kept = Subscription.state == state
    found = (
        Subscription.next_at <= moment + _SOON
        if state in _ENDS_SOON
        else or_(kept, Subscription.next_at <= moment)
    )
    return select(Subscription.__table__).where(Subscription.deleted_at.is_(None), found)


def _in_state(state: str, *, renews: bool = False) -> Producer:
    """Subscriptions in a state that ends; of active ones those that renew, or those that do not."""

    def cases(session: Session, moment: datetime) -> Iterator[Case]:
        known = _known(session)
        for row in session.execute(_perhaps(state, moment)).mappings():
            terms = terms_of(dict(row), known.offers[row["offer_id"]])
            phase = phase_at(terms, moment)
            if phase.state != state or (state == ACTIVE and terms.auto_renew != renews):
                continue
            far = phase.until is None or phase.until > moment + _SOON
            if state in _ENDS_SOON and far:
                continue
            yield _case(dict(row), known, phase.until)

    return cases


def _case(row: dict[str, Any], known: Catalogue, ends: datetime | None) -> Case:
    name, product = row["name"], known.skus[row["sku_id"]].name
    args = {"name": name if product in name else f"{name} ({product})"}
    return Case(row["org_id"], row["id"], args, {"subscription_id": row["id"]}, ends)


trials = _in_state(TRIAL_STATE)
ending = _in_state(ACTIVE)
renewing = _in_state(ACTIVE, renews=True)
expired = _in_state(EXPIRED)
disabled = _in_state(DISABLED)


def over_allocated(session: Session, _moment: datetime) -> Iterator[Case]:
    """SKUs of which more is used than there is, until it should be settled."""
    known, table = _known(session), Pool.__table__.c
    wanted = select(Pool.__table__).where(table.excess_since.is_not(None))
    for row in session.execute(wanted).mappings():
        sku = known.skus[row["sku_id"]]
        over = row["consumed"] - row["enabled"] - row["warning"]
        args = {"name": sku.name, "count": over}
        place = {"slug": sku.service.slug}
        yield Case(row["org_id"], sku.id, args, place, row["excess_since"] + EXCESS_DAYS)
