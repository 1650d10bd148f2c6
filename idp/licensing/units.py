"""What an organization has of each SKU: what can be assigned, and how many units there are."""

from dataclasses import dataclass

from sqlalchemy import select

from idp.directory.actors import Actor
from idp.extensions import db
from idp.licensing.catalogue import SkuView, catalogue
from idp.licensing.subscriptions import Pool


@dataclass(frozen=True, slots=True)
class SubscribedSku:
    """A SKU with its units (Microsoft Graph's subscribedSku)."""

    sku: SkuView
    enabled: int
    warning: int
    suspended: int
    consumed: int

    @property
    def capability(self) -> str:
        """Graph's capabilityStatus: of the best state in which there are units."""
        if self.enabled:
            return "Enabled"
        if self.warning:
            return "Warning"
        return "Suspended" if self.suspended else "Deleted"


def subscribed_skus(actor: Actor) -> list[SubscribedSku]:
    """The SKUs that the organization has, or had and people still hold, by part number."""
    if not actor.can("services.read"):  # either tells quantities
        actor.need("licenses.read")
    return _subscribed(actor.org_id)


def assignable_skus(actor: Actor) -> list[SkuView]:
    """Those that people can hold, without what only administrators of licences may see."""
    actor.need("users.read")
    return [one.sku for one in _subscribed(actor.org_id) if one.sku.assignable]


def _subscribed(org_id: str) -> list[SubscribedSku]:
    here = select(Pool).where(Pool.org_id == org_id).execution_options(populate_existing=True)
    skus = catalogue().skus
    found = [
        SubscribedSku(skus[p.sku_id], p.enabled, p.warning, p.suspended, p.consumed)
        for p in db.session.scalars(here)
        if p.enabled or p.warning or p.suspended or p.consumed
    ]
    return sorted(found, key=lambda one: one.sku.part_number)
