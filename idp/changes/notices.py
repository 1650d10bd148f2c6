"""Notices: what administrators should know and do, kept as rows while it is so.

A *producer* says what is the case now, for one kind, in every organization. `tell` compares that
with the notices that are open: new cases become notices, cases that are gone are resolved, and a
case that ends is told again at each threshold, once. Nothing is asked for each case: the number of
statements does not grow with them.

    Kind      one row of the table `KINDS` in `notice_kinds`: words, page, who is told, producer
    Case      one thing that holds now: organization, key, what to put into the words, its end
    alarms    the chore: asks every producer, and owes one mail to each person with all that is new
    board     what a person sees of it in the portal, and since when

The words are English with %(names)s; doors say them in the reader's language (gettext). `ends`,
`near` and `days` are made from the end: "3 December 2026", "in 11 days", 11.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, insert, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.clock import new_id
from idp.directory.sets import any_of
from idp.extensions import Model

THRESHOLDS = (60, 30, 7, 1)  # days before an end
_OPEN = text("resolved_at IS NULL")
_NEVER = 10_000  # days: no threshold was told of yet


class Notice(Model):
    """A case that was found, and until when it held. `threshold` is the nearest that was told."""

    __tablename__ = "notices"
    __table_args__ = (
        ForeignKeyConstraint(["org_id"], ["organizations.id"]),
        Index(
            "uq_notices_open",
            "org_id",
            "kind",
            "key",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index("ix_notices_org", "org_id", "resolved_at", "told_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    kind: Mapped[str] = mapped_column(String(32))
    key: Mapped[str] = mapped_column(String(128))
    args: Mapped[dict[str, Any]]  # what stands in the words
    place: Mapped[dict[str, Any]]  # what stands in the address
    since: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    threshold: Mapped[int | None]
    told_at: Mapped[datetime | None]  # when it was last new; never, for what its maker knew of
    resolved_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Case:
    """Something that holds now. `key` tells it from others of its kind in the organization.

    `args` are texts and numbers for the words, `place` what the kind's page is found by. Of a case
    with `ends_at` people are told as its end comes near, and once at least. `known_to` is the
    threshold in days that needs no telling, for whoever made it knew.
    """

    org_id: str
    key: str
    args: Mapping[str, str | int] = field(default_factory=dict)
    place: Mapping[str, str] = field(default_factory=dict)
    ends_at: datetime | None = None
    known_to: int | None = None


Producer = Callable[[Session, datetime], Iterable[Case]]


@dataclass(frozen=True, slots=True)
class Kind:
    """What all cases of a kind share.

    `state` is one of the product's eight status words; `subject`, `sentence` and `todo` are said
    of a case; `endpoint` is the page that cures it, reached by `verb`. Who holds the permission
    `sees` finds the notice in the portal; who holds `tells` over everything gets the mail.
    """

    state: str
    subject: str
    sentence: str
    todo: str
    verb: str
    endpoint: str
    sees: str
    tells: str
    cases: Producer
    thresholds: tuple[int, ...] = THRESHOLDS

    def reached(self, case: Case, moment: datetime) -> int | None:
        """The nearest threshold of a case's end; None before the first, and without an end."""
        if case.ends_at is None:
            return None
        left = case.ends_at - moment
        return min((d for d in self.thresholds if left <= timedelta(days=d)), default=None)


@dataclass(frozen=True, slots=True)
class Told:
    """A notice that has something new to say."""

    org_id: str
    kind: str
    args: Mapping[str, Any]
    place: Mapping[str, Any]
    ends_at: datetime | None


def tell(session: Session, name: str, kind: Kind, moment: datetime) -> list[Told]:
    """Make the notices of a kind what its producer says; returns those that are to be told."""
    held = {(row.org_id, row.key): row for row in _held(session, name)}
    cases = {(one.org_id, one.key): one for one in kind.cases(session, moment)}
    _resolve(session, [row.id for place, row in held.items() if place not in cases], moment)
    added, changed, told = [], [], []
    for place, case in cases.items():
        row = held.get(place)
        news, after = _after(kind, case, row, moment)
        if row is None:
            added.append(_new(name, case, moment) | after)
        elif any(getattr(row, column) != value for column, value in after.items()):
            changed.append({"id": row.id} | after)
        if news:
            told.append(Told(case.org_id, name, after["args"], after["place"], case.ends_at))
    if added:
        session.execute(insert(Notice), added)
    if changed:
        session.execute(update(Notice), changed)
    return told


def _held(session: Session, name: str) -> Iterable[Any]:
    table = Notice.__table__
    return session.execute(
        select(table).where(table.c.kind == name, table.c.resolved_at.is_(None))
    ).all()


def _resolve(session: Session, ids: list[str], moment: datetime) -> None:
    if ids:
        gone = update(Notice).where(any_of(session, Notice.id, ids))
        options = {"synchronize_session": False}
        session.execute(gone.values(resolved_at=moment), execution_options=options)


def _new(name: str, case: Case, moment: datetime) -> dict[str, Any]:
    key = {"id": new_id(), "org_id": case.org_id, "kind": name, "key": case.key}
    return key | {"since": moment, "resolved_at": None}


def _after(kind: Kind, case: Case, row: Any, moment: datetime) -> tuple[bool, dict[str, Any]]:
    """Whether a case has something new to say, and the columns that it decides.

    It has where it is new, or nearer to its end than anybody was told.
    """
    reached = kind.reached(case, moment)
    before = case.known_to if row is None else row.threshold
    nearer = reached is not None and reached < (_NEVER if before is None else before)
    news = nearer or (row is None and case.known_to is None)
    return news, {
        "args": dict(case.args),
        "place": dict(case.place),
        "ends_at": case.ends_at,
        "threshold": reached if nearer else before,
        "told_at": moment if news else row.told_at if row else None,
    }
