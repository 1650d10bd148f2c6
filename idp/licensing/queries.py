"""Every read about licences: each takes an Actor (or an organization), and stays inside it."""

from idp.licensing.catalogue import catalogue
from idp.licensing.drift import drift_of
from idp.licensing.granted import granted_to_group
from idp.licensing.held import entitlements_of, licenses_of
from idp.licensing.holders import count_holders, holders_among, page_holders
from idp.licensing.invoiced import credits_of, find_invoice, page_invoices
from idp.licensing.overview import offers, pools, services, usage_of
from idp.licensing.products import product, products
from idp.licensing.reach import find_sku, people_by_names
from idp.licensing.reclaim import knows_sign_ins, page_contained, page_doubled, page_idle
from idp.licensing.requests import (
    count_requests,
    find_request,
    my_requests,
    page_requests,
    requestable,
)
from idp.licensing.sources import grant_to_everyone, grants_of_group, page_group_grants
from idp.licensing.subscribed import (
    find_agreement,
    find_subscription,
    living_subscriptions,
    page_agreements,
    page_subscriptions,
)
from idp.licensing.turns import progress
from idp.licensing.units import assignable_skus, subscribed_skus
from idp.licensing.waiting import page_problems, people_with_problems, places_in_queue

__all__ = [
    "assignable_skus",
    "catalogue",
    "count_holders",
    "count_requests",
    "credits_of",
    "drift_of",
    "entitlements_of",
    "find_agreement",
    "find_invoice",
    "find_request",
    "find_sku",
    "find_subscription",
    "grant_to_everyone",
    "granted_to_group",
    "grants_of_group",
    "holders_among",
    "knows_sign_ins",
    "licenses_of",
    "living_subscriptions",
    "my_requests",
    "offers",
    "page_agreements",
    "page_contained",
    "page_doubled",
    "page_group_grants",
    "page_holders",
    "page_idle",
    "page_invoices",
    "page_problems",
    "page_requests",
    "page_subscriptions",
    "people_by_names",
    "people_with_problems",
    "places_in_queue",
    "pools",
    "product",
    "products",
    "progress",
    "requestable",
    "services",
    "subscribed_skus",
    "usage_of",
]
