"""Feedback and support cases: what people tell us, kept and sent on by the outbox.

Technical records: they change nothing in the directory. Each person may send a few, then has to
wait longer each time; who floods the help desk keeps others from being heard.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, Select, String, Text, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from idp.changes import ledger
from idp.changes.outbox import Delivery, mail_row
from idp.clock import new_id, now, rfc3339
from idp.directory.actors import Actor
from idp.directory.errors import TooMany, not_found
from idp.directory.sets import same
from idp.directory.users import User
from idp.extensions import Model, db, writing

FREE = 5  # that one person may send before they have to wait
MOODS = ("good", "mixed", "bad")
SHOWN = 100


class Feedback(Model):
    """What somebody said of the product. `request_id` only where they agreed to it."""

    __tablename__ = "feedback"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"]),
        Index("ix_feedback_org", "org_id", "created"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    user_id: Mapped[str] = mapped_column(String(36))
    mood: Mapped[str] = mapped_column(String(8))
    text: Mapped[str] = mapped_column(Text)
    page: Mapped[str] = mapped_column(String(256))
    request_id: Mapped[str] = mapped_column(String(64))
    created: Mapped[datetime]


class SupportCase(Model):
    """A question to support. `diagnostics` is what its sender saw and agreed to send."""

    __tablename__ = "support_cases"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"]),
        Index("ix_support_cases_org", "org_id", "created"),
        Index("ix_support_cases_user", "user_id", "created"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    user_id: Mapped[str] = mapped_column(String(36))
    subject: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    diagnostics: Mapped[str] = mapped_column(Text)
    sent_to: Mapped[str] = mapped_column(String(320))  # "" where nobody could be written to
    created: Mapped[datetime]
    closed_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as it is listed and read."""

    id: str
    user_id: str
    sender: str
    subject: str
    text: str
    diagnostics: str
    sent_to: str
    created: datetime
    closed_at: datetime | None

    @property
    def letter(self) -> str:
        """The case as text that can be sent by any way."""
        parts = [f"Case {self.id}, {rfc3339(self.created)}", f"From: {self.sender}", "", self.text]
        return "\n".join([self.subject, "", *parts, "", self.diagnostics]).strip()


def give_feedback(actor: Actor, said: Mapping[str, str], *, address: str) -> None:
    """Keep what somebody says, and mail it where an address is given. Raises TooMany."""
    _slow_down("feedback", actor)
    names = ("mood", "text", "page", "request_id")
    row = _row(actor) | {name: said[name] for name in names}
    with writing() as session:
        session.execute(insert(Feedback), row)
        if address:
            mail = {"to": address, "purpose": "feedback", "from": actor.name} | dict(said)
            session.execute(insert(Delivery), mail_row(actor.org_id, mail, now()))


def open_case(actor: Actor, said: Mapping[str, str], *, address: str) -> str:
    """Keep a question to support, and mail it where somebody can be written to; returns its id."""
    _slow_down("case", actor)
    names = ("subject", "text", "diagnostics")
    row = _row(actor) | {name: said[name] for name in names}
    row |= {"sent_to": address, "closed_at": None}
    with writing() as session:
        session.execute(insert(SupportCase), row)
        if address:
            mail = {"to": address, "purpose": "case", "case_id": row["id"], "from": actor.name}
            mail |= {name: said[name] for name in names}
            session.execute(insert(Delivery), mail_row(actor.org_id, mail, now()))
    return str(row["id"])


def _row(actor: Actor) -> dict[str, Any]:
    return {"id": new_id(), "org_id": actor.org_id, "user_id": actor.id, "created": now()}


def _slow_down(what: str, actor: Actor) -> None:
    wait = ledger.attempt({f"{what}:{actor.id}": FREE})
    if wait:
        seconds = max(1, round(wait.total_seconds()))
        refused = TooMany("helpdesk_throttled", f"Try again in {seconds} seconds; nothing is lost.")
        refused.retry_after = seconds
        raise refused


def cases(actor: Actor) -> list[CaseView]:
    """One's own cases, or with `cases.read` everybody's of the organization; the newest first."""
    return [_view(row) for row in db.session.execute(_cases(actor).limit(SHOWN))]


def find_case(actor: Actor, case_id: str) -> CaseView:
    """One case that the actor may see."""
    row = db.session.execute(_cases(actor).where(same(SupportCase.id, case_id))).first()
    if row is None:
        raise not_found("case")
    return _view(row)


def _cases(actor: Actor) -> Select[Any]:
    table = SupportCase.__table__
    found = (
        select(table, User.display_name, User.user_name)
        .join(User, User.id == table.c.user_id)
        .where(table.c.org_id == actor.org_id)
        .order_by(table.c.created.desc(), table.c.id.desc())
    )
    return found if actor.can("cases.read") else found.where(table.c.user_id == actor.id)


def close_case(actor: Actor, case_id: str) -> None:
    """The question is answered; whoever sees it may say so."""
    held = find_case(actor, case_id)
    still_open = update(SupportCase).where(
        SupportCase.id == held.id, SupportCase.closed_at.is_(None)
    )
    with writing() as session:
        session.execute(still_open.values(closed_at=now()))


def _view(row: Any) -> CaseView:
    sender = row.display_name or row.user_name
    names = ("id", "user_id", "subject", "text", "diagnostics", "sent_to", "created", "closed_at")
    return CaseView(sender=sender, **{name: getattr(row, name) for name in names})
