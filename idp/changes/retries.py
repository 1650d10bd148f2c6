"""The verb of deliveries that were given up: try them again."""

from sqlalchemy import select

from idp.changes.batch import Batch, Needs, Result
from idp.changes.intents import Change, RetryDelivery
from idp.changes.outbox import Delivery
from idp.directory.errors import Conflict, not_found
from idp.directory.sets import same


def needs(_change: Change, _wanted: Needs) -> None:
    """Nothing beside the delivery itself."""


def retry_delivery(batch: Batch, change: RetryDelivery) -> Result:
    """Owe a delivery anew, with all its tries."""
    table = Delivery.__table__
    wanted = select(table.c.id, table.c.state, table.c.kind).where(
        same(table.c.id, change.delivery_id), table.c.org_id == batch.org_id
    )
    row = batch.session.execute(wanted.with_for_update()).first()
    if row is None:
        raise not_found("delivery")
    if row.state != "dead":
        raise Conflict("delivery_open", "It is being tried already, or has arrived.")
    again = {"state": "waiting", "attempts": 0, "due_at": batch.now, "last_error": ""}
    batch.update(Delivery, {"id": row.id}, again)
    batch.note("delivery.retried", ("Delivery", row.id, row.kind), {})
    return Result(row.id, changed=True)


HANDLERS = {RetryDelivery: retry_delivery}
