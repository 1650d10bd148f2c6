"""When the last living subscription of a SKU ends: its grants go, and everybody's seats with them.

To subscribe to the same SKU again restores nothing. Grants go, or move to another SKU, in one
statement; seats of a few follow at once, those of many in turns (see `seat_turns`).
"""

from typing import Any

from sqlalchemy import BindParameter, bindparam, delete, select, tuple_, union, update

from idp.changes import seats
from idp.changes.batch import Batch, Row
from idp.directory.sets import among
from idp.licensing.catalogue import catalogue_of
from idp.licensing.lifecycle import DELETED, state_at, terms_of
from idp.licensing.seats import Grant, Holding, SeatProblem
from idp.licensing.subscriptions import Subscription

_HERE: BindParameter[str] = bindparam("org")
_SKU: BindParameter[str] = bindparam("sku")
_ALIVE = select(Subscription.__table__).where(
    Subscription.org_id == _HERE,
    among(Subscription.sku_id, "skus"),
    Subscription.deleted_at.is_(None),
)
_TABLE: Any = Grant.__table__
_GRANTS = _TABLE.c
_OURS = (_GRANTS.org_id == _HERE, _GRANTS.sku_id == _SKU)
_REMOVE = delete(_TABLE).where(*_OURS)
_THERE_ALREADY = select(_GRANTS.kind, _GRANTS.principal).where(
    _GRANTS.org_id == _HERE, _GRANTS.sku_id == bindparam("new")
)
_REMOVE_DOUBLES = delete(_TABLE).where(
    *_OURS, tuple_(_GRANTS.kind, _GRANTS.principal).in_(_THERE_ALREADY)
)
_MOVE = update(_TABLE).where(*_OURS).values(sku_id=bindparam("new"), version=_GRANTS.version + 1)
_HOLDERS = select(Holding.user_id).where(Holding.org_id == _HERE, Holding.sku_id == _SKU)
_WITH_PROBLEMS = select(SeatProblem.user_id).where(
    SeatProblem.org_id == _HERE, SeatProblem.sku_id == _SKU
)
_CONCERNED = union(
    select(_HOLDERS.limit(seats.AT_ONCE + 1).subquery().c.user_id),
    select(_WITH_PROBLEMS.limit(seats.AT_ONCE + 1).subquery().c.user_id),
)


def last_subscriptions_take_grants_along(batch: Batch) -> None:
    """Where a deleted subscription was the last living one of its SKU, nothing of it stays."""
    if not batch.ended:
        return
    living = _living(batch)
    for sku_id in sorted(batch.ended - living):
        removed = batch.connection.execute(_REMOVE, {"org": batch.org_id, "sku": sku_id}).rowcount
        _note(batch, "grants.removed", sku_id, [removed, 0])
        _look_again(batch, sku_id)


def _living(batch: Batch) -> set[str]:
    offers = catalogue_of(batch.catalogue_version).offers
    rows: dict[str, Row] = {row["id"]: row for row in batch.ask(_ALIVE, skus=batch.ended)}
    rows |= {key: held.row for key, held in batch.subscriptions.items() if held.row is not None}
    return {
        row["sku_id"]
        for row in rows.values()
        if state_at(terms_of(row, offers[row["offer_id"]]), batch.now) != DELETED
    }


def move_grants(batch: Batch, old: str, new: str) -> None:
    """Grant the new SKU to whoever is granted the old one, instead of it."""
    given = {"org": batch.org_id, "sku": old, "new": new}
    batch.connection.execute(_REMOVE_DOUBLES, given)
    moved = batch.connection.execute(_MOVE, given).rowcount
    _note(batch, "grants.moved", new, [0, moved])
    _look_again(batch, old)
    seats.look_again_later(batch, new)


def _look_again(batch: Batch, sku_id: str) -> None:
    """At the seats of these people: of a few now, of many when it is their turn."""
    people = {row["user_id"] for row in batch.ask(_CONCERNED, sku=sku_id)}
    if len(people) <= seats.AT_ONCE:
        batch.reviewed.update(people)
    seats.look_again_later(batch, sku_id)


def _note(batch: Batch, action: str, sku_id: str, counts: list[int]) -> None:
    sku = catalogue_of(batch.catalogue_version).skus[sku_id]
    if counts[0] != counts[1]:
        batch.note(action, ("Sku", sku.id, sku.name), {"grants": counts})
