"""Every read about licences: each takes an Actor (or an organization), and stays inside it."""

from idp.licensing.catalogue import catalogue
from idp.licensing.held import entitlements_of, licenses_of
from idp.licensing.invoiced import credits_of, find_invoice, page_invoices
from idp.licensing.overview import offers, pools, services, usage_of
from idp.licensing.subscribed import (
    find_agreement,
    find_subscription,
    living_subscriptions,
    page_agreements,
    page_subscriptions,
)
from idp.licensing.units import assignable_skus, subscribed_skus

__all__ = [
    "assignable_skus",
    "catalogue",
    "credits_of",
    "entitlements_of",
    "find_agreement",
    "find_invoice",
    "find_subscription",
    "licenses_of",
    "living_subscriptions",
    "offers",
    "page_agreements",
    "page_invoices",
    "page_subscriptions",
    "pools",
    "services",
    "subscribed_skus",
    "usage_of",
]
