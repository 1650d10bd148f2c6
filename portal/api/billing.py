"""Subscriptions as Graph's companySubscription; usage and invoices under names of our own."""

from idp.directory.actors import Actor
from idp.directory.errors import Invalid, not_found
from idp.licensing import queries as licensing
from idp.licensing.invoiced import InvoiceView
from idp.licensing.lifecycle import ACTIVE, DELETED, DISABLED, EXPIRED, PENDING, TRIAL_STATE
from idp.licensing.subscribed import SubscriptionView
from portal.api import models
from portal.api.call import Call, Listed, listed, told
from portal.api.licenses import plans

_STATUS = {
    PENDING: "Pending",
    TRIAL_STATE: "Enabled",
    ACTIVE: "Enabled",
    EXPIRED: "Warning",
    DISABLED: "Suspended",
    DELETED: "Deleted",
}
_DAYS = 90  # of usage


def subscriptions(call: Call) -> Listed:
    """The subscriptions that live, by when their state changes next."""
    found = licensing.living_subscriptions(call.actor)
    return listed(call, [_subscription(call.actor, one) for one in found])


def subscription(call: Call, subscription_id: str) -> models.CompanySubscription:
    """One subscription."""
    return _subscription(call.actor, licensing.find_subscription(call.actor, subscription_id))


def usage(call: Call) -> Listed:
    """What was used of one product on each of the last ninety days."""
    wanted = call.options.wanted
    if not wanted.keys() & {"skuId", "skuPartNumber"}:
        sentence = "Name a product: $filter=skuPartNumber eq 'OFFICE_PRO'."
        raise Invalid("product_missing", sentence, attribute="$filter")
    known = licensing.catalogue()
    sku = known.skus.get(str(wanted.get("skuId"))) or known.sku_by_part_number(
        str(wanted.get("skuPartNumber"))
    )
    if sku is None:
        raise not_found("product")
    samples = [
        models.UsageSample(
            sku_id=sku.id,
            sku_part_number=sku.part_number,
            day=one.day,
            used=one.used,
            units=one.units,
        )
        for one in licensing.usage_of(call.actor, sku.id, _DAYS)
    ]
    return listed(call, samples)


def invoices(call: Call) -> Listed:
    """Invoices and credit notes, newest first, without their lines."""
    options = call.options
    found = licensing.page_invoices(call.actor, cursor=options.token, limit=options.top)
    return Listed([told(_invoice(one)) for one in found.items], found.next_cursor)


def invoice(call: Call, invoice_id: str) -> models.Invoice:
    """One of them with its lines."""
    found = licensing.find_invoice(call.actor, invoice_id)
    lines = [
        models.InvoiceLine(
            **{name: getattr(line, name) for name in models.InvoiceLine.model_fields}
        )
        for line in found.lines
    ]
    return _invoice(found, lines)


def _subscription(actor: Actor, one: SubscriptionView) -> models.CompanySubscription:
    return models.CompanySubscription(
        id=one.id,
        commerce_subscription_id=one.id,
        created_date_time=one.starts,
        is_trial=one.trial,
        next_lifecycle_date_time=one.next_at,
        owner_id=actor.org_id,
        owner_tenant_id=actor.org_id,
        owner_type="Organization",
        service_status=plans(one.sku),
        sku_id=one.sku.id,
        sku_part_number=one.sku.part_number,
        status=_STATUS[one.state],
        total_licenses=one.quantity,
    )


def _invoice(one: InvoiceView, lines: list[models.InvoiceLine] | None = None) -> models.Invoice:
    return models.Invoice(
        id=one.id,
        number=one.number,
        kind=one.kind,
        credits_id=one.credits_id,
        status=one.status,
        issued_date_time=one.issued_at,
        due_date_time=one.due_at,
        settled_date_time=one.settled_at,
        currency=one.currency,
        total_minor=one.total_minor,
        left_minor=one.left_minor,
        purchase_order=one.purchase_order,
        lines=lines,
    )
