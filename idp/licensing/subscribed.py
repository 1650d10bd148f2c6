"""What an organization is subscribed to, for pages and commands: states, dates, units, prices.

Quantities and dates need services.read; prices and agreements billing.read. Whoever lacks the
second gets None in their place, so that no page, export or command can tell them by mistake.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from idp.clock import now
from idp.directory.actors import Actor
from idp.directory.errors import not_found
from idp.directory.sets import any_of, same
from idp.directory.views import Page
from idp.extensions import db
from idp.licensing.catalogue import TRIAL, Catalogue, OfferView, SkuView, catalogue
from idp.licensing.lifecycle import DELETED, Phase, Terms, phase_at, term_end, terms_of, timeline
from idp.licensing.subscriptions import Agreement, Subscription

EXCESS_DAYS = timedelta(days=90)  # how long more seats may be taken than there are


@dataclass(frozen=True, slots=True)
class OfferTerms:
    """An offer without its price, which is not for every reader. See `catalogue.Offer`."""

    id: str
    sku_id: str
    slug: str
    name: str
    kind: str
    channel: str
    term_months: int
    trial_days: int
    extension_days: int
    grace_days: int
    retention_days: int
    cancel_days: int
    units: int
    upgrades_to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SubscriptionView:
    """A subscription as it stands now. `ends` is when the term ends that runs, or ran last.

    `term_ends` is when that term was to end, and `renews_if_taken_back` whether it renews by itself
    once a cancellation is taken back. `next_at` is when the state changes by itself. None for
    readers without billing.read: `price_minor` and `currency` (of one unit and term),
    `agreement_id`, `purchase_order`.
    """

    id: str
    name: str
    sku: SkuView
    offer: OfferTerms
    quantity: int
    starts: datetime
    ends: datetime
    state: str
    since: datetime | None
    next_at: datetime | None
    auto_renew: bool
    extended_at: datetime | None
    cancelled_at: datetime | None
    deleted_at: datetime | None
    converted_from: str | None
    phases: tuple[Phase, ...]
    version: int
    price_minor: int | None
    currency: str | None
    agreement_id: str | None
    purchase_order: str | None
    term_ends: datetime
    renews_if_taken_back: bool

    @property
    def trial(self) -> bool:
        """Whether it is a trial."""
        return self.offer.kind == TRIAL


def find_subscription(actor: Actor, subscription_id: str) -> SubscriptionView:
    """One subscription. Raises Forbidden without services.read, NotFound beyond the border."""
    actor.need("services.read")
    here = _ours(actor).where(same(Subscription.id, subscription_id))
    row = db.session.execute(here).mappings().first()
    if row is None:
        raise not_found("subscription")
    return _view(actor, dict(row), catalogue(), now())


def living_subscriptions(
    actor: Actor, sku_ids: Collection[str] | None = None
) -> list[SubscriptionView]:
    """Those that are not deleted, of all SKUs or some, by when their state changes next."""
    actor.need("services.read")
    here = _ours(actor).where(Subscription.deleted_at.is_(None))
    if sku_ids is not None:
        here = here.where(any_of(db.session(), Subscription.sku_id, sku_ids))
    known, moment = catalogue(), now()
    found = [_view(actor, dict(row), known, moment) for row in db.session.execute(here).mappings()]
    return sorted((one for one in found if one.state != DELETED), key=_by_next)


def _by_next(one: SubscriptionView) -> tuple[float, str]:
    return (one.next_at.timestamp() if one.next_at else float("inf"), one.id)


def page_subscriptions(
    actor: Actor, *, cursor: str | None = None, agreement_id: str | None = None, limit: int = 50
) -> Page[SubscriptionView]:
    """All that there ever were, newest first."""
    actor.need("services.read")
    here = _ours(actor)
    if agreement_id is not None:
        actor.need("billing.read")
        here = here.where(same(Subscription.agreement_id, agreement_id))
    if cursor:
        here = here.where(Subscription.id < cursor)
    rows = db.session.execute(here.order_by(Subscription.id.desc()).limit(limit + 1)).mappings()
    known, moment = catalogue(), now()
    found = [_view(actor, dict(row), known, moment) for row in rows]
    more = found[limit - 1].id if len(found) > limit else None
    return Page(tuple(found[:limit]), more)


def _ours(actor: Actor) -> Any:
    return select(Subscription.__table__).where(Subscription.org_id == actor.org_id)


def _view(
    actor: Actor, row: dict[str, Any], known: Catalogue, moment: datetime
) -> SubscriptionView:
    offer = known.offers[row["offer_id"]]
    terms = terms_of(row, offer)
    phases = tuple(timeline(terms, moment))
    here = phase_at(terms, moment)
    billing = actor.can("billing.read")
    return SubscriptionView(
        row["id"],
        row["name"],
        known.skus[row["sku_id"]],
        offer_terms(offer),
        row["quantity"],
        row["starts"],
        _ends(terms, phases),
        here.state,
        here.since,
        here.until,
        terms.auto_renew,
        row["extended_at"],
        row["cancelled_at"],
        row["deleted_at"],
        row["converted_from"],
        phases,
        row["version"],
        (0 if terms.trial else offer.price_minor) if billing else None,
        offer.currency if billing else None,
        row["agreement_id"] if billing else None,
        row["purchase_order"] if billing else None,
        term_end(terms, moment),
        row["auto_renew"] and not terms.trial,
    )


def _ends(terms: Terms, phases: tuple[Phase, ...]) -> datetime:
    """When people lose, or lost, what they pay for: the end of the full phase."""
    full = [one for one in phases if one.state in ("trial", "active")]
    return (full[0].until if full else None) or terms.ends


def offer_terms(offer: OfferView) -> OfferTerms:
    """The terms of an offer for any reader."""
    return OfferTerms(**{name: getattr(offer, name) for name in OfferTerms.__slots__})


# --- agreements -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AgreementView:
    """A volume licence agreement; `status` is "pending", "active", "expired" or "terminated"."""

    id: str
    number: str
    programme: str
    parent_id: str | None
    starts: datetime
    ends: datetime
    terminated_at: datetime | None
    status: str
    version: int


def page_agreements(
    actor: Actor, *, cursor: str | None = None, limit: int = 50
) -> Page[AgreementView]:
    """Agreements, those that were entered last first. Raises Forbidden without billing.read."""
    actor.need("billing.read")
    here = select(Agreement.__table__).where(Agreement.org_id == actor.org_id)
    if cursor:
        here = here.where(Agreement.id < cursor)
    rows = db.session.execute(here.order_by(Agreement.id.desc()).limit(limit + 1)).mappings()
    found = [_agreement(dict(row)) for row in rows]
    more = found[limit - 1].id if len(found) > limit else None
    return Page(tuple(found[:limit]), more)


def find_agreement(actor: Actor, agreement_id: str) -> AgreementView:
    """One agreement."""
    actor.need("billing.read")
    here = select(Agreement.__table__).where(
        Agreement.org_id == actor.org_id, same(Agreement.id, agreement_id)
    )
    row = db.session.execute(here).mappings().first()
    if row is None:
        raise not_found("agreement")
    return _agreement(dict(row))


def _agreement(row: dict[str, Any]) -> AgreementView:
    moment = now()
    status = "pending" if moment < row["starts"] else "active"
    status = "expired" if moment >= row["ends"] else status
    status = "terminated" if row["terminated_at"] is not None else status
    named = {name: row[name] for name in AgreementView.__slots__ if name != "status"}
    return AgreementView(status=status, **named)
