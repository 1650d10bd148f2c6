"""What became of people and groups at the applications that we provision: technical records.

Like `ledger`, no changes of the directory: nobody owns or audits them. Each is one small
transaction, multi-row, made after the effect; a worker that dies before it repeats the effect.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from idp.clock import now
from idp.directory.sets import any_of
from idp.directory.targets import Target, TargetLink, TargetMember
from idp.extensions import writing

_KEY = ("connection_id", "subject_id")


@dataclass(slots=True)
class Outcomes:
    """Results that wait to be written: rows of links by subject, and subjects that have none."""

    links: dict[str, dict[str, Any]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.links) + len(self.gone)


def record(org_id: str, connection_id: str, outcomes: Outcomes) -> None:
    """Write down what became of these subjects."""
    moment = now()
    shared = {"org_id": org_id, "connection_id": connection_id, "changed_at": moment}
    rows = [link | shared for link in outcomes.links.values()]
    with writing() as session:
        if outcomes.gone:
            _forget(session, connection_id, outcomes.gone)
        if rows:
            dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
            statement: Any = dialect.insert(TargetLink)
            kept = [name for name in rows[0] if name not in _KEY]
            values = {name: statement.excluded[name] for name in kept}
            session.execute(statement.on_conflict_do_update(index_elements=_KEY, set_=values), rows)


def _forget(session: Any, connection_id: str, subjects: Collection[str]) -> None:
    """Drop what we know of subjects that are no longer at the target, with their memberships."""
    here = TargetMember.connection_id == connection_id
    for column in (TargetMember.group_id, TargetMember.member_id):
        session.execute(delete(TargetMember).where(here, any_of(session, column, subjects)))
    session.execute(
        delete(TargetLink).where(
            TargetLink.connection_id == connection_id,
            any_of(session, TargetLink.subject_id, subjects),
        )
    )


def record_members(
    org_id: str,
    connection_id: str,
    group_id: str,
    *,
    added: Collection[str] = (),
    removed: Collection[str] = (),
) -> None:
    """Write down who joined or left a group at the target."""
    key = {"org_id": org_id, "connection_id": connection_id, "group_id": group_id}
    with writing() as session:
        if added:
            dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
            rows = [key | {"member_id": member} for member in added]
            session.execute(dialect.insert(TargetMember).on_conflict_do_nothing(), rows)
        if removed:
            session.execute(
                delete(TargetMember).where(
                    TargetMember.connection_id == connection_id,
                    TargetMember.group_id == group_id,
                    any_of(session, TargetMember.member_id, removed),
                )
            )


def note(connection_id: str, **values: Mapping[str, Any]) -> None:
    """Keep how the work stands: `abilities`, `walk`, `brake`, `drift`."""
    with writing() as session:
        session.execute(
            update(Target).where(Target.connection_id == connection_id).values(**values)
        )


def seen(connection_id: str, found: Sequence[Mapping[str, Any]]) -> None:
    """A reconcile met these at the target: {subject_id, sent, active}."""
    moment = now()
    rows = [{"connection_id": connection_id, "seen_at": moment, **one} for one in found]
    if rows:
        with writing() as session:
            session.execute(update(TargetLink), rows)


def lose_unseen(connection_id: str, kind: str, since: datetime) -> int:
    """Whom a reconcile has not met is not there any more; returns how many."""
    unseen = (
        TargetLink.connection_id == connection_id,
        TargetLink.kind == kind,
        TargetLink.remote_id.is_not(None),
        TargetLink.changed_at < since,
        (TargetLink.seen_at.is_(None)) | (TargetLink.seen_at < since),
    )
    lost = {"remote_id": None, "state": "absent", "sent": "", "active": False}
    column = TargetMember.member_id if kind == "User" else TargetMember.group_id
    memberships = delete(TargetMember).where(
        TargetMember.connection_id == connection_id,
        column.in_(select(TargetLink.subject_id).where(*unseen)),
    )
    with writing() as session:
        session.execute(memberships)
        return int(session.execute(update(TargetLink).where(*unseen).values(lost)).rowcount)  # type: ignore[attr-defined]
