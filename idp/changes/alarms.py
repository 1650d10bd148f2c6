"""Alarms: administrators hear by mail that tokens, secrets and keys end in 30, 14, 7 and 1 days.

Each threshold of each is told once: `warned_days` keeps the nearest one that was. All that is new
for an organization comes in one mail to each of its administrators of connections.
"""

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from idp.changes.keepers import Keeper, keepers
from idp.changes.outbox import Delivery, mail_row
from idp.clock import now
from idp.directory.connections import ConnectionSecret, ConnectionToken
from idp.directory.expiry import Ending, ending, endings
from idp.directory.sets import any_of
from idp.extensions import writing


def warn() -> int:
    """Owe the mails that are due, and remember them; returns of how many things they tell."""
    moment = now()
    with writing() as session:
        due: dict[str, list[Ending]] = defaultdict(list)
        for one in _due(session, moment):
            due[one.org_id].append(one)
        if not due:
            return 0
        mails = [
            mail_row(one.org_id, _mail(one, due[one.org_id], moment), moment)
            for one in keepers(session, due.keys(), moment)
        ]
        if mails:
            session.execute(insert(Delivery), mails)
        _remember(session, [one for told in due.values() for one in told], moment)
    return sum(map(len, due.values()))


def _due(session: Session, moment: datetime) -> list[Ending]:
    """What has reached a threshold that was not told."""
    found: list[Ending] = []
    for model, statement in zip((ConnectionToken, ConnectionSecret), ending(moment), strict=True):
        rows = session.execute(statement.with_for_update(of=model)).all()
        found += endings(rows)
    return [one for one in found if (one.warned_days or 1000) > (one.threshold(moment) or 1000)]


def _mail(keeper: Keeper, told: list[Ending], moment: datetime) -> dict[str, Any]:
    return {
        "to": keeper.address,
        "user_id": keeper.user_id,
        "purpose": "expiry",
        "organization": keeper.organization,
        "lines": [_line(one, moment) for one in sorted(told, key=lambda one: one.expires_at)],
    }


def _line(one: Ending, moment: datetime) -> str:
    days, ends = one.days_left(moment), one.expires_at
    near = {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")
    hint = f"{one.hint}…" if one.kind == "key" else f"…{one.hint}"
    return f"{one.connection_name}: the {one.kind} {hint} ends {near}, on {ends.day} {ends:%B %Y}"


def _remember(session: Session, told: list[Ending], moment: datetime) -> None:
    """At most one statement for each table and threshold."""
    ids: dict[tuple[Any, int | None], list[str]] = defaultdict(list)
    for one in told:
        model = ConnectionToken if one.kind == "token" else ConnectionSecret
        ids[model, one.threshold(moment)].append(one.id)
    for (model, days), those in ids.items():
        here = update(model).where(any_of(session, model.id, those))
        options = {"synchronize_session": False}
        session.execute(here.values(warned_days=days), execution_options=options)
