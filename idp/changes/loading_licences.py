"""Load and lock what a batch names of subscriptions, agreements, invoices, grants and requests.

Part of `loading`, and in its order of locks. The statements are made once, at import.
"""

from sqlalchemy import BindParameter, bindparam, func, select
from sqlalchemy.orm import aliased

from idp.changes.batch import Batch, Held, Row
from idp.directory.sets import among
from idp.extensions import UtcType
from idp.licensing.billing import VOID, Invoice, InvoiceLine
from idp.licensing.seats import Grant, Holding, LicenseRequest
from idp.licensing.subscriptions import Agreement, Pool, Subscription

_HERE: BindParameter[str] = bindparam("org")

_SUBSCRIPTIONS = (
    select(Subscription.__table__)
    .where(among(Subscription.id, "ids", (Subscription.org_id, _HERE)))
    .order_by(Subscription.id)
    .with_for_update(key_share=True)
)
_AGREEMENTS = (
    select(Agreement.__table__)
    .where(among(Agreement.id, "ids", (Agreement.org_id, _HERE)))
    .order_by(Agreement.id)
    .with_for_update(key_share=True)
)
_OFFERS_HAD = (
    select(Subscription.offer_id)
    .where(Subscription.org_id == _HERE, among(Subscription.offer_id, "offers"))
    .distinct()
)
_CREDIT = aliased(Invoice)
_LEFT = (
    Invoice.total_minor
    + select(func.coalesce(func.sum(_CREDIT.total_minor), 0))
    .where(_CREDIT.credits_id == Invoice.id)
    .correlate(Invoice)
    .scalar_subquery()
)
_INVOICES = (
    select(Invoice.__table__, _LEFT.label("left"))
    .where(among(Invoice.id, "ids", (Invoice.org_id, _HERE)))
    .order_by(Invoice.id)
)
# Lines of invoices and credit notes about days that are still ahead; newest first.
_PAID_AHEAD = (
    select(InvoiceLine.__table__)
    .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
    .where(
        InvoiceLine.org_id == _HERE,
        among(InvoiceLine.subscription_id, "ids"),
        InvoiceLine.period_end > bindparam("moment", type_=UtcType()),
        Invoice.status != VOID,
    )
    .order_by(Invoice.number.desc(), InvoiceLine.position.desc())
)
_GRANTS = (
    select(Grant.__table__)
    .where(
        Grant.org_id == _HERE,
        among(Grant.sku_id, "skus"),
        among(Grant.principal, "principals"),
    )
    .order_by(Grant.id)
    .with_for_update(key_share=True)
)


def subscriptions(batch: Batch) -> None:
    """The subscriptions that the batch names."""
    if batch.needs.subscriptions:
        for row in batch.ask(_SUBSCRIPTIONS, ids=batch.needs.subscriptions):
            batch.subscriptions[row["id"]] = Held(row, dict(row))


def agreements(batch: Batch) -> None:
    """The agreements that the batch names."""
    if batch.needs.agreements:
        for row in batch.ask(_AGREEMENTS, ids=batch.needs.agreements):
            batch.agreements[row["id"]] = Held(row, dict(row))


def offers_had(batch: Batch) -> None:
    """Which of the offers the organization has had before."""
    if batch.needs.offers:
        found = batch.ask(_OFFERS_HAD, offers=batch.needs.offers)
        batch.offers_had = {row["offer_id"] for row in found}


def invoices(batch: Batch) -> None:
    """Invoices that the batch names, and those by which running terms were paid, each once."""
    needs = batch.needs
    if needs.paid_ahead:
        for line in batch.ask(_PAID_AHEAD, ids=needs.paid_ahead, moment=batch.now):
            batch.paid_ahead.setdefault(line["subscription_id"], []).append(line)
            needs.invoices.add(line["invoice_id"])
    if needs.invoices:
        batch.invoices = {row["id"]: row for row in batch.ask(_INVOICES, ids=needs.invoices)}


_GRANTS_OF = (
    select(Grant.__table__)
    .where(among(Grant.principal, "people", (Grant.org_id, _HERE)))
    .order_by(Grant.id)
    .with_for_update(key_share=True)
)


def grants(batch: Batch) -> None:
    """The grants of some SKUs to the people and groups in hand, or to everyone; or all of some."""
    needs, rows = batch.needs, list[Row]()
    if needs.grants:
        principals = {*needs.users, *needs.groups, ""}
        rows += batch.ask(_GRANTS, skus=needs.grants, principals=principals)
    if needs.grants_of:
        rows += batch.ask(_GRANTS_OF, people=needs.grants_of)
    for row in rows:
        held = batch.grants.setdefault(row["id"], Held(row, dict(row)))
        batch.grants_by[row["sku_id"], row["kind"], row["principal"]] = held


# --- what was asked for -----------------------------------------------------------------------

_DECIDED = (
    select(LicenseRequest.__table__)
    .where(LicenseRequest.org_id == _HERE, among(LicenseRequest.id, "ids"))
    .order_by(LicenseRequest.id)
    .with_for_update(key_share=True)
)
_ASKED = select(LicenseRequest.__table__).where(
    LicenseRequest.org_id == _HERE,
    LicenseRequest.decision == "",
    among(LicenseRequest.user_id, "people"),
)
_ASKED_AND_HELD = select(Holding.user_id, Holding.sku_id).where(
    Holding.org_id == _HERE, among(Holding.user_id, "people")
)
_OFFERED = select(Pool.sku_id).where(Pool.org_id == _HERE, Pool.enabled + Pool.warning > 0)


def decided_requests(batch: Batch) -> None:
    """The requests to be decided; they say whom and what they are about."""
    needs = batch.needs
    if needs.requests:
        for row in batch.ask(_DECIDED, ids=needs.requests):
            batch.requests[row["id"]] = row
            needs.users.add(row["user_id"])
            needs.grants.add(row["sku_id"])


def askers(batch: Batch) -> None:
    """What they asked for and have, when they are locked: nobody asks for the same thing twice."""
    people = batch.needs.requests_of
    if people:
        batch.requests |= {row["id"]: row for row in batch.ask(_ASKED, people=people)}
        held = batch.ask(_ASKED_AND_HELD, people=people)
        batch.already = {(row["user_id"], row["sku_id"]) for row in held}
        batch.requestable = {row["sku_id"] for row in batch.ask(_OFFERED)}
