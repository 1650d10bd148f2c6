"""What must hold of licences after every batch, by any door; part of the order in `rules`."""

from collections import Counter
from typing import Any

from sqlalchemy import BindParameter, bindparam, select

from idp.changes.batch import Batch, Row
from idp.directory.errors import Conflict, DirectoryError
from idp.directory.sets import among
from idp.licensing.seats import GROUP, Grant, Holding

_HOLDINGS: Any = Holding.__table__
_HERE: BindParameter[str] = bindparam("org")
_GRANTED = (
    select(Grant.group_id)
    .where(Grant.org_id == _HERE, Grant.kind == GROUP, among(Grant.group_id, "groups"))
    .distinct()
)


def groups_with_licences_stay(batch: Batch) -> None:
    """A group to which something is granted does not vanish under its members' seats."""
    gone = {team.id for team in batch.groups.values() if team.deleted}
    if not gone or not batch.licensed:
        return
    for row in batch.ask(_GRANTED, groups=gone):
        team = batch.groups[row["group_id"]]
        raise Conflict(
            "group_has_licenses",
            f"{team.row['display_name']} gives its members licences; remove those first.",
        ).at(team.index)


def holders_are_active(batch: Batch) -> None:
    """Nobody is given a seat who may not sign in."""
    for row in _new_holdings(batch):
        who = batch.users.get(row["user_id"])
        if who is not None and not who.may_sign_in():
            raise _unsound(f"{who.id} may not sign in and would hold {row['sku_id']}")


def seats_are_within_their_pool(batch: Batch) -> None:
    """Each new holding has claimed a unit, and each unit taken is held: what is counted is true."""
    held = Counter(row["sku_id"] for row in _new_holdings(batch))
    for (table, _keys), rows in batch.deletes.items():
        if table is _HOLDINGS:
            held.subtract(row["key_sku_id"] for row in rows)
    different = {
        sku for sku in held.keys() | batch.claimed.keys() if held[sku] != batch.claimed[sku]
    }
    if different:
        raise _unsound(f"units and holdings differ for {sorted(different)}")


def _new_holdings(batch: Batch) -> list[Row]:
    return batch.inserts.get(_HOLDINGS, [])


def _unsound(cause: str) -> DirectoryError:
    """Something that only a mistake of ours can bring about: refused rather than kept."""
    return Conflict(
        "seats_unsound",
        "The seats of this change do not add up, so nothing was changed. Tell your operator.",
        cause=cause,
    )


RULES = (groups_with_licences_stay, holders_are_active, seats_are_within_their_pool)
