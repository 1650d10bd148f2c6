"""The verbs of volume licence agreements: enter, change, terminate."""

from datetime import datetime

from sqlalchemy import BindParameter, bindparam, select

from idp.changes.batch import Batch, Held, Needs, Result, Row
from idp.changes.intents import KEEP, AddAgreement, Change, ChangeAgreement, TerminateAgreement
from idp.changes.subscriptions import text
from idp.clock import new_id
from idp.directory.errors import Conflict, Invalid, Stale, not_found
from idp.licensing.subscriptions import Agreement

_HERE: BindParameter[str] = bindparam("org")
_PARENTS = select(Agreement.id, Agreement.parent_id).where(Agreement.org_id == _HERE)
_CHANGEABLE = ("number", "programme", "starts", "ends", "parent_id", "terminated_at")


def needs(change: Change, wanted: Needs) -> None:
    """The agreement and its parent; two changes at once could close a circle."""
    wanted.alone = True
    if isinstance(change, ChangeAgreement | TerminateAgreement):
        wanted.agreements.add(change.id)
    parent = getattr(change, "parent_id", None)
    if isinstance(parent, str) and parent:
        wanted.agreements.add(parent)


def add_agreement(batch: Batch, change: AddAgreement) -> Result:
    """Enter an agreement."""
    row: Row = {
        "id": new_id(),
        "org_id": batch.org_id,
        "number": _given(change.number, "number", 64),
        "programme": _given(change.programme, "programme", 128),
        "parent_id": _parent(batch, change.parent_id),
        "starts": change.starts,
        "ends": change.ends,
        "terminated_at": None,
        "created": batch.now,
        "last_modified": batch.now,
        "version": 1,
    }
    _check_coverage(change.starts, change.ends)
    batch.agreements[row["id"]] = Held(None, row)
    batch.insert(Agreement, row)
    told = {"number": [None, row["number"]], "programme": [None, row["programme"]]}
    batch.note("agreement.added", ("Agreement", row["id"], row["number"]), told)
    return Result(row["id"], 1, changed=True, created=True)


def _given(value: str, attribute: str, longest: int) -> str:
    line = text(value, attribute, longest)
    if not line:
        raise Invalid("value_missing", "Enter something here.", attribute=attribute)
    return line


def _check_coverage(starts: datetime, ends: datetime) -> None:
    if starts >= ends:
        raise Invalid(
            "coverage_invalid", "An agreement ends after it has started.", attribute="ends"
        )


def _parent(batch: Batch, parent_id: str | None) -> str | None:
    if not parent_id:
        return None
    if parent_id not in batch.agreements:
        raise not_found("agreement")
    return parent_id


def change_agreement(batch: Batch, change: ChangeAgreement) -> Result:
    """Change what is given."""
    row = _held(batch, change.id, change.expect)
    if change.number is not None:
        row["number"] = _given(change.number, "number", 64)
    if change.programme is not None:
        row["programme"] = _given(change.programme, "programme", 128)
    row["starts"] = change.starts or row["starts"]
    row["ends"] = change.ends or row["ends"]
    _check_coverage(row["starts"], row["ends"])
    if change.parent_id is not KEEP:
        row["parent_id"] = _parent(batch, change.parent_id)
        _check_circle(batch, row)
    return _done(batch, row, "agreement.changed")


def _check_circle(batch: Batch, row: Row) -> None:
    """No agreement stands under itself."""
    above = {one["id"]: one["parent_id"] for one in batch.ask(_PARENTS)} if row["parent_id"] else {}
    place = row["parent_id"]
    while place is not None:
        if place == row["id"]:
            raise Conflict(
                "agreement_circle", "An agreement cannot stand under itself.", attribute="parent"
            )
        place = above.get(place)


def terminate_agreement(batch: Batch, change: TerminateAgreement) -> Result:
    """End an agreement now."""
    row = _held(batch, change.id, change.expect)
    if row["terminated_at"] is not None:
        raise Conflict("agreement_terminated", "This agreement was terminated already.")
    row["terminated_at"] = batch.now
    return _done(batch, row, "agreement.terminated")


def _held(batch: Batch, agreement_id: str, expect: int | None) -> Row:
    found = batch.agreements.get(agreement_id)
    if found is None or found.row is None:
        raise not_found("agreement")
    if expect is not None and expect != found.row["version"]:
        raise Stale("version_stale", "Somebody else has changed this agreement meanwhile.")
    return found.row


def _done(batch: Batch, row: Row, action: str) -> Result:
    before = batch.agreements[row["id"]].before or {}
    told = {n: [before.get(n), row[n]] for n in _CHANGEABLE if before.get(n) != row[n]}
    if not told:
        return Result(row["id"], row["version"])
    row["version"], row["last_modified"] = row["version"] + 1, batch.now
    written = (*_CHANGEABLE, "version", "last_modified")
    batch.update(Agreement, {"id": row["id"]}, {name: row[name] for name in written})
    batch.note(action, ("Agreement", row["id"], row["number"]), told)
    return Result(row["id"], row["version"], changed=True)


HANDLERS = {
    AddAgreement: add_agreement,
    ChangeAgreement: change_agreement,
    TerminateAgreement: terminate_agreement,
}
