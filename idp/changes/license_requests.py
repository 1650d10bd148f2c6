"""The verbs of requests: somebody asks for a licence, somebody else grants or declines it."""

from idp.changes.authority import check_scope
from idp.changes.batch import Batch, Needs, Person, Result, Row
from idp.changes.intents import AssignLicense, Change, DecideRequest, RequestLicense
from idp.changes.licences import assign_license, sku_of
from idp.clock import new_id
from idp.directory.errors import Conflict, Forbidden, Invalid, not_found
from idp.directory.sets import storable
from idp.licensing.catalogue import SkuView
from idp.licensing.requests import DECLINED, GRANTED, OPEN
from idp.licensing.seats import PERSON, LicenseRequest

LONGEST = 1024  # characters of a reason, and of an answer


def needs(change: Change, wanted: Needs) -> None:
    """What a request names; the one that is decided says itself whom and what it is about."""
    if isinstance(change, DecideRequest):
        wanted.requests.add(change.id)
        return
    assert isinstance(change, RequestLicense)  # noqa: S101  the table of handlers says so
    wanted.users.add(change.user_id)
    wanted.requests_of.add(change.user_id)


def request_license(batch: Batch, change: RequestLicense) -> Result:
    """Ask for a SKU for oneself."""
    who = _present(batch, change.user_id)
    if batch.actor.kind == "user" and batch.actor.id != who.id:
        raise Forbidden("not_oneself", "People ask for licences themselves; assign it instead.")
    sku = sku_of(batch, change.sku_id)
    _check_may_ask(batch, who, sku)
    row: Row = {
        "id": new_id(),
        "org_id": batch.org_id,
        "user_id": who.id,
        "sku_id": sku.id,
        "reason": _text(change.reason, "reason"),
        "asked_at": batch.now,
        "decision": OPEN,
        "answer": "",
        "decided_at": None,
        "decided_by": None,
    }
    batch.requests[row["id"]] = row
    batch.insert(LicenseRequest, row)
    _note(batch, "license.requested", row, sku, {"reason": [None, row["reason"]]})
    return Result(row["id"], 1, changed=True, created=True)


def _check_may_ask(batch: Batch, who: Person, sku: SkuView) -> None:
    if sku.id not in batch.requestable:
        raise Conflict(
            "sku_not_subscribed",
            f"Your organization has no licences of {sku.name}.",
            attribute="skuId",
        )
    if (who.id, sku.id) in batch.already:
        raise Conflict("license_held", f"You have {sku.name} already.", attribute="skuId")
    wanted = {(row["user_id"], row["sku_id"]) for row in batch.requests.values()}
    if (who.id, sku.id) in wanted:
        raise Conflict(
            "request_open",
            f"You have asked for {sku.name} already; it waits to be decided.",
            attribute="skuId",
        )


def decide_request(batch: Batch, change: DecideRequest) -> Result:
    """Grant what was asked for, or decline it."""
    row = batch.requests.get(change.id)
    if row is None:
        raise not_found("license_request")
    who = _present(batch, row["user_id"])
    if batch.actor.kind == "user":
        check_scope(batch, who.id, "licenses.write")
    if row["decision"] != OPEN:
        raise Conflict("request_decided", "Somebody has decided this request meanwhile.")
    sku = sku_of(batch, row["sku_id"])
    decided = {
        "decision": GRANTED if change.grant else DECLINED,
        "answer": _text(change.answer, "answer"),
        "decided_at": batch.now,
        "decided_by": batch.actor.id,
    }
    row |= decided
    if change.grant and (sku.id, PERSON, who.id) not in batch.grants_by:
        assign_license(batch, AssignLicense(sku.id, who.id))
    batch.update(LicenseRequest, {"id": row["id"]}, decided)
    _note(batch, f"license.request_{row['decision']}", row, sku, {"answer": [None, row["answer"]]})
    return Result(row["id"], changed=True)


def _present(batch: Batch, user_id: str) -> Person:
    who = batch.users.get(user_id)
    if who is None or who.gone:
        raise not_found("user")
    return who


def _text(text: str, attribute: str) -> str:
    text = text.strip()
    if not storable(text):
        raise Invalid(
            "text_invalid", "Take out the characters that are no text.", attribute=attribute
        )
    if len(text) > LONGEST:
        raise Invalid("text_too_long", f"At most {LONGEST:,} characters.", attribute=attribute)
    return text


def _note(batch: Batch, action: str, row: Row, sku: SkuView, said: Row) -> None:
    diff = {name: pair for name, pair in said.items() if pair[1]}
    target = ("User", row["user_id"], batch.name_of(row["user_id"]))
    related = {"related_kind": "Sku", "related_id": sku.id, "related_name": sku.name}
    batch.note(action, target, diff, **related)


HANDLERS = {RequestLicense: request_license, DecideRequest: decide_request}
