"""Alarms: the chore that looks for what administrators must know, and mails what is new of it.

All that is new for an organization comes in one mail to each person whose roles it concerns. The
notices and the mails are written together: neither is told without the other.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from idp.changes.keepers import Keeper, holders
from idp.changes.notice_kinds import KINDS
from idp.changes.notices import Told, tell
from idp.changes.outbox import Delivery, mail_row
from idp.clock import now, rfc3339
from idp.extensions import writing


def warn() -> int:
    """Bring all notices up to date and owe the mails that are due; returns what is new."""
    moment = now()
    with writing() as session:
        told = [one for name, kind in KINDS.items() for one in tell(session, name, kind, moment)]
        mails = _mails(session, told, moment)
        if mails:
            session.execute(insert(Delivery), mails)
    return len(told)


def _mails(session: Session, told: list[Told], moment: datetime) -> list[dict[str, Any]]:
    """One for each person who is told something."""
    needed = {KINDS[one.kind].tells for one in told} - {""}
    if not needed:
        return []
    people = holders(session, {one.org_id for one in told}, needed, moment)
    mine = ((keeper, [one for one in told if _concerns(one, keeper)]) for keeper in people)
    return [mail_row(who.org_id, _mail(who, news), moment) for who, news in mine if news]


def _concerns(one: Told, keeper: Keeper) -> bool:
    return one.org_id == keeper.org_id and KINDS[one.kind].tells in keeper.permissions


def _mail(keeper: Keeper, news: Iterable[Told]) -> dict[str, Any]:
    return {
        "to": keeper.address,
        "user_id": keeper.user_id,
        "purpose": "notices",
        "organization": keeper.organization,
        "notices": [_line(one) for one in sorted(news, key=_end)],
    }


def _end(one: Told) -> tuple[bool, str]:
    return one.ends_at is None, rfc3339(one.ends_at) if one.ends_at else ""


def _line(one: Told) -> dict[str, Any]:
    ends = rfc3339(one.ends_at) if one.ends_at else None
    return {"kind": one.kind, "args": one.args, "place": one.place, "ends_at": ends}
