"""The verbs of the brake: a connection is stopped; somebody approves or rejects; limits change."""

from typing import Any

from sqlalchemy import select

from idp.changes.batch import Batch, Needs, Result, Row
from idp.changes.brake import new_row
from idp.changes.intents import ApproveBrake, Change, EngageBrake, RejectBrake, SetBrake
from idp.changes.keepers import keepers
from idp.clock import new_id
from idp.directory.actors import Actor, system_actor
from idp.directory.brakes import (
    APPROVED,
    MOST,
    REJECTED,
    Brake,
    BrakeEngaged,
    Limits,
    Quarantine,
    Stop,
    limits_of,
    read_limits,
)
from idp.directory.connections import Connection
from idp.directory.errors import Conflict, Invalid, Stale, not_found


def needs(change: Change, wanted: Needs) -> None:
    """Each names its connection."""
    wanted.connections.add(change.connection_id)  # type: ignore[attr-defined]


def engagement(stopped: BrakeEngaged, by: Actor) -> tuple[EngageBrake, Actor]:
    """What follows a refusal in a transaction of its own, and as whom: the product itself."""
    product = system_actor(by.org_id, by.door, "Chamberlain")
    return EngageBrake(stopped.connection_id, stopped.stop, by.request_id), product


def _held(batch: Batch, connection_id: str) -> Row:
    row = batch.connections.get(connection_id)
    if row is None or row["kind"] != "scim":
        raise not_found("connection")
    return row


def _target(connection: Row) -> tuple[str, str, str]:
    return "Connection", connection["id"], connection["name"]


def engage(batch: Batch, change: EngageBrake) -> Result:
    """Stop a connection and tell who can decide; one that is stopped already stays so."""
    connection, stop = _held(batch, change.connection_id), change.stop
    if connection["quarantined_at"] is not None:
        return Result(connection["id"])
    batch.update(Connection, {"id": connection["id"]}, {"quarantined_at": batch.now})
    row = {name: getattr(stop, name) for name in Stop.__slots__} | {
        "id": new_id(),
        "org_id": batch.org_id,
        "connection_id": connection["id"],
        "since": batch.now,
        "request_id": change.request_id,
        "ended_at": None,
        "ended_by": "",
        "verdict": "",
    }
    batch.insert(Quarantine, row)
    batch.note("connection.quarantined", _target(connection), _figures(stop), **_group(stop))
    what = {"connection_id": connection["id"], "name": connection["name"], "told": stop.sentence}
    for one in keepers(batch.session, (batch.org_id,), batch.now):
        mail = {"to": one.address, "user_id": one.user_id, "purpose": "quarantine"}
        batch.mails.append(mail | what)
    return Result(row["id"], changed=True)


def _figures(stop: Stop) -> dict[str, list[Any]]:
    return {f"brake.{stop.kind}": [stop.allowed, stop.loss]}


def _group(stop: Stop) -> dict[str, str]:
    if not stop.group_id:
        return {}
    named = {"related_id": stop.group_id, "related_name": stop.group_name}
    return {"related_kind": "Group"} | named


def approve(batch: Batch, change: ApproveBrake) -> Result:
    """Let the connection go on: a window begins now in which as many may go as was said."""
    if not 0 <= change.allow <= MOST:
        raise Invalid("brake_limit", f"Say a number from 0 to {MOST:,}.", attribute="allow")
    held = _decided(batch, change.connection_id, change.quarantine_id, APPROVED)
    row = _counting(batch, held) | {"settled": 0, "level": 0, "peak": 0}
    _keep(batch, row | {"verdict": APPROVED, "allowance": change.allow})
    return Result(held["connection_id"], changed=True)


def reject(batch: Batch, change: RejectBrake) -> Result:
    """Let the connection go on, but not with this: a window begins in which no more may go."""
    held = _decided(batch, change.connection_id, change.quarantine_id, REJECTED)
    _keep(batch, _counting(batch, held) | {"verdict": REJECTED, "allowance": held["allowed"]})
    return Result(held["connection_id"], changed=True)


def _decided(batch: Batch, connection_id: str, quarantine_id: str, verdict: str) -> Row:
    """End a quarantine; the one that was decided upon must still be the one."""
    connection = _held(batch, connection_id)
    table = Quarantine.__table__
    open_one = select(table).where(
        table.c.connection_id == connection["id"],
        table.c.org_id == batch.org_id,
        table.c.ended_at.is_(None),
    )
    found = batch.session.execute(open_one).mappings().first()
    if found is None:
        raise Conflict("not_quarantined", "This connection is not stopped.")
    if found["id"] != quarantine_id:
        raise Stale("version_stale", "It was stopped anew meanwhile. Look again, then decide.")
    end = {"ended_at": batch.now, "ended_by": batch.actor.name[:256], "verdict": verdict}
    batch.update(Quarantine, {"id": found["id"]}, end)
    batch.update(Connection, {"id": connection["id"]}, {"quarantined_at": None})
    stop = Stop(**{name: found[name] for name in Stop.__slots__})
    batch.note(f"brake.{verdict}", _target(connection), _figures(stop), **_group(stop))
    return dict(found)


def _counting(batch: Batch, held: Row) -> Row:
    """The row that counts this kind, its window beginning now."""
    table, place = Brake.__table__, (held["kind"], held["group_id"])
    there = select(table).where(
        table.c.connection_id == held["connection_id"],
        table.c.kind == place[0],
        table.c.group_id == place[1],
    )
    row = batch.session.execute(there.with_for_update()).mappings().first()
    kept = {"began": batch.now, "total": held["total"]}
    return (dict(row) if row else new_row(batch, held, place)) | kept


def _keep(batch: Batch, row: Row) -> None:
    key = {name: row[name] for name in ("connection_id", "kind", "group_id")}
    batch.delete(Brake, key)
    batch.insert(Brake, row)


def set_brake(batch: Batch, change: SetBrake) -> Result:
    """Change a connection's limits; what is not named stays."""
    connection = _held(batch, change.connection_id)
    if change.expect is not None and change.expect != connection["version"]:
        raise Stale("version_stale", "Somebody else has changed this connection meanwhile.")
    before = limits_of(connection["settings"])
    after = read_limits(change.limits, before)
    if after == before:
        return Result(connection["id"], connection["version"])
    version = connection["version"] + 1
    settings = {**connection["settings"], "brake": after.as_settings()}
    values = {"settings": settings, "version": version, "last_modified": batch.now}
    batch.update(Connection, {"id": connection["id"]}, values)
    batch.note("brake.changed", _target(connection), _differences(before, after))
    return Result(connection["id"], version, changed=True)


def _differences(before: Limits, after: Limits) -> dict[str, list[str]]:
    said = [
        {"hours": str(one.hours)}
        | {kind: f"{limit.count} or {limit.share} %" for kind, limit in one.kinds.items()}
        for one in (before, after)
    ]
    return {
        f"brake.{name}": [said[0][name], said[1][name]]
        for name in said[0]
        if said[0][name] != said[1][name]
    }


HANDLERS = {
    EngageBrake: engage,
    ApproveBrake: approve,
    RejectBrake: reject,
    SetBrake: set_brake,
}
