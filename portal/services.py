"""Services: all of them at a glance, one with its subscriptions and use, its printed statement."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response
from flask_babel import gettext as _

from idp.clock import now
from idp.directory import queries as directory
from idp.directory.actors import Actor
from idp.directory.errors import not_found
from idp.licensing import queries
from idp.licensing.catalogue import ServiceView
from idp.licensing.overview import PoolView
from idp.licensing.subscribed import SubscriptionView
from portal.billing_lists import SERVICES
from portal.charts import Chart, Series, lines
from portal.frame import page
from portal.listing import show
from portal.words import axis_day, date_text

_INVOICES_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Tab:
    """One of the lists beside each other, and the permission that it needs."""

    word: str
    endpoint: str
    needs: str


def tabs() -> list[Tab]:
    """Services, subscriptions, agreements."""
    return [
        Tab(_("Services"), "portal.services", "services.read"),
        Tab(_("Subscriptions"), "portal.subscriptions", "services.read"),
        Tab(_("Agreements"), "portal.agreements", "billing.read"),
    ]


def services(actor: Actor) -> Response:
    """Every service with a trial or subscription: units, use, end, status."""
    return page("services/list.html", actor, tabs=tabs(), found=show(SERVICES, actor))


def service(actor: Actor, slug: str) -> Response:
    """One service: its subscriptions, use over time, plans, invoices."""
    one = _service(slug)
    return page("services/service.html", actor, **_shown(actor, one))


def statement(actor: Actor, slug: str) -> Response:
    """The service on one page, to print."""
    one = _service(slug)
    organization = directory.organization(actor)
    return page(
        "services/statement.html", actor, organization=organization, at=now(), **_shown(actor, one)
    )


def _service(slug: str) -> ServiceView:
    one = queries.catalogue().service_by_slug(slug)
    if one is None:
        raise not_found("service")
    return one


def _shown(actor: Actor, one: ServiceView) -> dict[str, Any]:
    skus = queries.catalogue().skus_of(one.id)
    ids = [sku.id for sku in skus]
    subscriptions = queries.living_subscriptions(actor, ids)
    pools = queries.pools(actor, ids)
    invoices = None
    if actor.can("billing.read"):
        invoices = queries.page_invoices(actor, sku_ids=ids, limit=_INVOICES_SHOWN).items
    return {
        "service": one,
        "skus": [sku for sku in skus if any(pool.sku.id == sku.id for pool in pools)] or skus,
        "subscriptions": subscriptions,
        "pools": pools,
        "figures": _figures(pools, subscriptions),
        "charts": [chart for sku in ids if (chart := _chart(actor, sku, pools))],
        "invoices": invoices,
        "upgrades": upgrades(subscriptions),
        "offers": queries.offers(actor, one.id),
    }


def _figures(
    pools: list[PoolView], subscriptions: list[SubscriptionView]
) -> list[tuple[str, object, str]]:
    used = [pool.used for pool in pools if pool.used is not None]
    total = sum(pool.total for pool in pools)
    ends = next((one.next_at for one in subscriptions if one.next_at), None)
    return [
        (_("Units that can be used"), total, ""),
        (_("In use"), sum(used) if used else _("not known"), ""),
        (_("Remaining"), total - sum(used) if used else _("not known"), ""),
        (_("Next date"), date_text(ends) if ends else _("none"), ""),
    ]


def upgrades(subscriptions: list[SubscriptionView]) -> list[SubscriptionView]:
    """Trials and subscriptions that can be converted today."""
    running = ("trial", "active", "expired")
    return [
        one
        for one in subscriptions
        if one.trial and one.offer.upgrades_to and one.state in running and not one.cancelled_at
    ]


def _chart(actor: Actor, sku_id: str, pools: list[PoolView]) -> Chart | None:
    """Use against units by day; nothing before there are two days to compare."""
    pool = next((pool for pool in pools if pool.sku.id == sku_id), None)
    samples = queries.usage_of(actor, sku_id) if pool else []
    if pool is None or len(samples) < 2:
        return None
    name = pool.sku.name
    return lines(
        f"use-{sku_id[-8:]}",
        _("%(product)s: use by day", product=name),
        _("What was in use, and how much there was, on each of the last 90 days."),
        [axis_day(datetime.fromisoformat(sample.day)) for sample in samples],
        [
            Series(_("In use"), [sample.used for sample in samples]),
            Series(_("Units"), [sample.units for sample in samples], "calm"),
        ],
        steps=True,
    )
