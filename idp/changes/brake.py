"""The brake: a batch by which a connection takes away too much is refused as a whole.

    moves -> lock the rows that count them -> count -> compare with the limit -> refuse, or keep

It runs when everything else holds and before anything is written; its rows are locked after
people and groups, in one order, and before the audit's head. So of any number of parallel
requests no more get through than are allowed. Who only adds pays nothing, unless something has
gone within the window: then what is made counts against what goes (see `idp.directory.brakes`).
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from idp.changes.audit import AuditEntry
from idp.changes.batch import Batch, Person, Row
from idp.directory.brakes import KINDS, REJECTED, Brake, BrakeEngaged, Limits, Stop
from idp.directory.brakes import limits_of as read_limits_of
from idp.directory.connections import Connection, Link
from idp.directory.groups import Group, Membership
from idp.directory.sets import any_of
from idp.directory.users import User

DOORS = ("scim", "sync")
Place = tuple[str, str]  # kind, and the group for removals
_BRAKE = Brake.__table__


@dataclass(slots=True)
class Moves:
    """What a batch takes away and makes, of one kind."""

    gone: list[Row] = field(default_factory=list)  # as they were: of a person, group, membership
    made: int = 0


def check(batch: Batch) -> None:
    """Refuse what would pass a limit; count the rest. Raises BrakeEngaged."""
    actor = batch.actor
    if actor.kind != "connection" or actor.door not in DOORS:
        return
    moves = _moves(batch)
    lost = {place for place, move in moves.items() if move.gone}
    if not lost and not (moves and batch.brake_open):
        return
    limits = _limits(batch)
    rows = _locked(batch, moves.keys() if batch.brake_open else lost)
    if not lost <= rows.keys():
        _open(batch, lost - rows.keys())
        rows |= _locked(batch, lost)
    for place in [p for p, row in rows.items() if batch.now - row["began"] >= limits.window]:
        rows[place] = new_row(batch, rows[place], place)  # a loss begins a new window,
        if place not in lost:  # and nothing else does
            del rows[place]
    for place in sorted(rows.keys() & moves.keys()):
        _count(batch, rows[place], moves[place], limits)


def _moves(batch: Batch) -> dict[Place, Moves]:
    moves: dict[Place, Moves] = defaultdict(Moves)
    for who in batch.users.values():
        _move_of(who, moves)
    for team in batch.groups.values():
        if team.deleted and team.before:
            moves["groups", ""].gone.append(team.before)
        elif team.before is None and not team.deleted:
            moves["groups", ""].made += 1
    gone = {who.id for who in batch.users.values() if who.gone}
    gone |= {team.id for team in batch.groups.values() if team.deleted}
    for (group, member), row in batch.removed.items():  # a deletion is counted once
        if not gone & {group, member}:
            moves["removals", group].gone.append(row)
    for group, _member in batch.added:
        moves["removals", group].made += 1
    return moves


def _move_of(who: Person, moves: dict[Place, Moves]) -> None:
    before, active = who.before, bool(who.flat.get("active"))
    if before is None or before["deleted_at"] is not None:
        if not who.gone:
            moves["deletions", ""].made += 1
            moves["deactivations", ""].made += active
    elif who.gone:
        moves["deletions", ""].gone.append(before)
    elif before["active"] and not active:
        moves["deactivations", ""].gone.append(before)
    elif active and not before["active"]:
        moves["deactivations", ""].made += 1


def _limits(batch: Batch) -> Limits:
    held = select(Connection.settings).where(Connection.id == batch.actor.connection_id)
    return read_limits_of(batch.session.scalar(held) or {})


def _locked(batch: Batch, places: Collection[Place]) -> dict[Place, Row]:
    """What was counted of these places, in the one order in which it is locked."""
    groups = {group for _, group in places}
    statement = (
        select(_BRAKE)
        .where(
            _BRAKE.c.connection_id == batch.actor.connection_id,
            _BRAKE.c.kind.in_(KINDS),
            any_of(batch.session, _BRAKE.c.group_id, groups),
        )
        .order_by(_BRAKE.c.kind, _BRAKE.c.group_id)
        .with_for_update()
    )
    found = [dict(row) for row in batch.session.execute(statement).mappings()]
    return {(row["kind"], row["group_id"]): row for row in found}


def new_row(batch: Batch, about: Row, place: Place) -> Row:
    """The row of a window that begins now."""
    kind, group = place
    names = {"org_id": batch.org_id, "connection_id": about["connection_id"]}
    counts = {"settled": 0, "level": 0, "peak": 0, "total": 0, "verdict": "", "allowance": 0}
    return names | {"kind": kind, "group_id": group, "began": batch.now} | counts


def _open(batch: Batch, places: Collection[Place]) -> None:
    """The first loss opens a window; of two that do so at once, one waits for the other."""
    about = {"connection_id": batch.actor.connection_id}
    dialect: Any = postgresql if batch.session.get_bind().dialect.name == "postgresql" else sqlite
    rows = [new_row(batch, about, place) for place in sorted(places)]
    batch.session.execute(dialect.insert(Brake).on_conflict_do_nothing(), rows)


def _count(batch: Batch, row: Row, move: Moves, limits: Limits) -> None:
    """What is made counts first: what goes in the same batch then lowers it from there."""
    young = sum(1 for one in move.gone if _is_young(batch, one, limits))
    young += _came_back(batch, row, move, limits)
    before = row["settled"] + row["peak"] - row["level"]
    row["level"] += move.made
    row["peak"] = max(row["peak"], row["level"])
    row["level"] -= young
    row["settled"] += len(move.gone) - young
    loss = row["settled"] + row["peak"] - row["level"]
    allowed = _allowed(batch, row, limits, loss, before)
    if move.gone and loss > allowed:
        figures = (len(move.gone), loss, allowed, row["total"], limits.hours)
        stop = Stop(row["kind"], row["group_id"], _group_name(batch, row), *figures)
        raise BrakeEngaged(stop, row["connection_id"], quarantines=row["verdict"] != REJECTED)
    key = {name: row[name] for name in ("connection_id", "kind", "group_id")}
    batch.update(Brake, key, {n: v for n, v in row.items() if n not in (*key, "org_id")})


def _is_young(batch: Batch, one: Row, limits: Limits) -> bool:
    """Whether the connection itself made this within the window."""
    made_by_it: bool = one["source"] == batch.actor.source
    return made_by_it and bool(one["created"] > batch.now - limits.window)


def _came_back(batch: Batch, row: Row, move: Moves, limits: Limits) -> int:
    """How many of the older people were reactivated within the window: that was counted then."""
    nothing_counted = not (row["settled"] or row["level"] or row["peak"])
    if row["kind"] != "deactivations" or nothing_counted:
        return 0
    older = [one["id"] for one in move.gone if not _is_young(batch, one, limits)]
    if not older:
        return 0
    table = AuditEntry.__table__
    came = select(func.count(func.distinct(table.c.target_id))).where(
        table.c.org_id == batch.org_id,
        any_of(batch.session, table.c.target_id, older),
        table.c.action == "user.activated",
        table.c.actor_id == batch.actor.id,
        table.c.at >= row["began"],
    )
    return batch.session.scalar(came) or 0


def _allowed(batch: Batch, row: Row, limits: Limits, loss: int, before: int) -> int:
    """How much may go; of how many it is a share is asked only where that decides."""
    if row["verdict"]:  # approved: as much as was said; rejected: no more than held before
        return int(row["allowance"])
    limit = limits.kinds[row["kind"]]
    if loss > limit.allows(row["total"]):
        row["total"] = _total(batch, row["kind"], row["group_id"]) + before
    return limit.allows(row["total"])


def _total(batch: Batch, kind: str, group_id: str) -> int:
    """How many of its kind the connection manages, or the group has, before this batch."""
    if kind == "removals":
        members = select(func.count()).where(Membership.group_id == group_id)
        return batch.session.scalar(members) or 0
    connection_id = batch.actor.connection_id
    model: Any = Group if kind == "groups" else User
    named = select(Link.subject_id).where(
        Link.connection_id == connection_id,
        Link.kind == ("Group" if kind == "groups" else "User"),
    )
    managed = select(func.count()).where(
        model.org_id == batch.org_id, or_(model.source == connection_id, model.id.in_(named))
    )
    if model is User:
        managed = managed.where(User.deleted_at.is_(None))
    if kind == "deactivations":
        managed = managed.where(User.active.is_(True))
    return batch.session.scalar(managed) or 0


def _group_name(batch: Batch, row: Row) -> str:
    team = batch.groups.get(row["group_id"])
    return str(team.row["display_name"]) if team else ""
