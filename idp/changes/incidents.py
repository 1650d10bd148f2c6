"""Incidents: what the operator says is wrong, with its timeline; for all, or one organization.

Technical records of the installation, written from the console alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from idp.clock import new_id, now
from idp.directory.actors import Actor
from idp.directory.errors import Conflict, Invalid, not_found
from idp.directory.sets import any_of, same
from idp.directory.values import FORBIDDEN_MULTILINE
from idp.extensions import Model, db, writing

IMPACTS = ("information", "degraded", "outage")
EVERYBODY = ""  # stands for all organizations
SHOWN_FOR = timedelta(days=30)  # after an incident was closed
TEXT_MAX, TITLE_MAX, MOST = 4_000, 200, 50


class Incident(Model):
    """Something that is, or was, wrong. `org_id` is "" where it concerns everybody."""

    __tablename__ = "incidents"
    __table_args__ = (
        UniqueConstraint("org_id", "id"),
        Index("ix_incidents_opened", "org_id", "opened"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    title: Mapped[str] = mapped_column(String(TITLE_MAX))
    impact: Mapped[str] = mapped_column(String(16))
    opened: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class IncidentEntry(Model):
    """What was said of an incident, and when."""

    __tablename__ = "incident_entries"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "incident_id"], ["incidents.org_id", "incidents.id"]),
        Index("ix_incident_entries_incident", "incident_id", "at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    incident_id: Mapped[str] = mapped_column(String(36))
    at: Mapped[datetime]
    text: Mapped[str] = mapped_column(Text)


@dataclass(frozen=True, slots=True)
class IncidentView:
    """An incident with its timeline, the latest first."""

    id: str
    org_id: str
    title: str
    impact: str
    opened: datetime
    closed_at: datetime | None
    entries: Sequence[tuple[datetime, str]]


def open_incident(title: str, text: str, *, impact: str = IMPACTS[1], org_id: str = "") -> str:
    """Say that something is wrong; returns the incident's id. Raises Invalid."""
    if impact not in IMPACTS:
        raise Invalid("impact_unknown", f"The impact is one of {', '.join(IMPACTS)}.")
    moment = now()
    row: dict[str, Any] = {"id": new_id(), "org_id": org_id, "impact": impact}
    row |= {"title": _checked(title, TITLE_MAX), "opened": moment, "closed_at": None}
    with writing() as session:
        session.execute(insert(Incident), row)
        session.execute(insert(IncidentEntry), _entry(row, text, moment))
    return str(row["id"])


def update_incident(incident_id: str, text: str, *, close: bool = False) -> None:
    """Say how it goes on, or that it is over. Raises NotFound, Conflict where it is closed."""
    wanted = select(Incident.__table__).where(same(Incident.id, incident_id)).with_for_update()
    moment = now()
    with writing() as session:
        row = session.execute(wanted).mappings().first()
        if row is None:
            raise not_found("incident")
        if row["closed_at"] is not None:
            raise Conflict("incident_closed", "This incident is closed; open another one.")
        session.execute(insert(IncidentEntry), _entry(row, text, moment))
        if close:
            over = update(Incident).where(Incident.id == row["id"])
            session.execute(over.values(closed_at=moment))


def _entry(incident: Any, text: str, moment: datetime) -> dict[str, Any]:
    key = {"id": new_id(), "org_id": incident["org_id"], "incident_id": incident["id"]}
    return key | {"at": moment, "text": _checked(text, TEXT_MAX)}


def _checked(text: str, longest: int) -> str:
    kept = text.strip()
    if not kept or len(kept) > longest or FORBIDDEN_MULTILINE.search(kept):
        raise Invalid("incident_text", f"Say it in 1 to {longest} ordinary characters.")
    return kept


def incidents(actor: Actor) -> list[IncidentView]:
    """What concerns the actor's organization: what is open, and what was lately."""
    recent = or_(Incident.closed_at.is_(None), Incident.closed_at > now() - SHOWN_FOR)
    here = Incident.org_id.in_((EVERYBODY, actor.org_id))
    return _views(select(Incident.__table__).where(here, recent))


def all_incidents() -> list[IncidentView]:
    """Every incident, for the operator."""
    return _views(select(Incident.__table__))


def _views(wanted: Any) -> list[IncidentView]:
    newest = wanted.order_by(Incident.closed_at.is_not(None), Incident.opened.desc())
    rows = db.session.execute(newest.limit(MOST)).mappings().all()
    found = any_of(db.session(), IncidentEntry.incident_id, [row["id"] for row in rows])
    said: dict[str, list[tuple[datetime, str]]] = {}
    entries = select(IncidentEntry.__table__).where(found).order_by(IncidentEntry.id.desc())
    for entry in db.session.execute(entries):
        said.setdefault(entry.incident_id, []).append((entry.at, entry.text))
    return [IncidentView(**row, entries=said.get(row["id"], [])) for row in rows]
