"""Subscriptions: what an organization has and until when, and buying from the catalogue."""

from typing import Any

import click

from idp.changes import apply
from idp.changes.intents import BuySubscription
from idp.cli.answers import Answer, command, table
from idp.cli.finding import operator, organization
from idp.clock import rfc3339
from idp.licensing import queries
from idp.licensing.catalogue import OfferView
from idp.licensing.subscribed import SubscriptionView

subscription = click.Group("subscription", help="Subscriptions: list, buy, show.")


@command("list", subscription)
@click.argument("org")
def list_all(org: str) -> Answer:
    """List the subscriptions that live, by when their state changes next."""
    found = organization(org)
    rows = [_told(one) for one in queries.living_subscriptions(operator(found.id))]
    names = ("id", "product", "state", "quantity", "ends", "auto_renew")
    shown = [[row[name] for name in names] for row in rows]
    told = table(shown, "There are no subscriptions.")
    return Answer({"org": found.slug, "subscriptions": rows}, told)


@command("show", subscription)
@click.argument("org")
@click.argument("subscription_id", metavar="SUBSCRIPTION")
def show(org: str, subscription_id: str) -> Answer:
    """Show one with its states and their dates."""
    by = operator(organization(org).id)
    one = queries.find_subscription(by, subscription_id)
    phases = [
        {"state": phase.state, "since": _day(phase.since), "until": _day(phase.until)}
        for phase in one.phases
    ]
    return Answer(_told(one) | {"phases": phases})


@command("buy", subscription)
@click.argument("org")
@click.argument("offer", metavar="OFFER")
@click.option("--quantity", type=click.IntRange(1), default=1, show_default=True)
@click.option("--purchase-order", default="")
@click.option("--no-renew", is_flag=True, help="Let it end with its term.")
def buy(org: str, offer: str, quantity: int, purchase_order: str, no_renew: bool) -> Answer:
    """Subscribe to an offer of the catalogue; people who wait are served at once."""
    by = operator(organization(org).id)
    wanted = BuySubscription(
        _offer(offer).id, quantity, purchase_order=purchase_order, auto_renew=not no_renew
    )
    made = apply(wanted, by=by).first
    return Answer(_told(queries.find_subscription(by, made.id)))


def _offer(slug: str) -> OfferView:
    found = queries.catalogue().offers.values()
    for one in found:
        if slug in (one.slug, one.id):
            return one
    known = ", ".join(sorted(one.slug for one in found if one.retired_at is None)) or "none"
    raise click.ClickException(f"There is no offer {slug!r}. The catalogue has: {known}.")


def _told(one: SubscriptionView) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "product": one.sku.part_number,
        "offer": one.offer.slug,
        "state": one.state,
        "quantity": one.quantity,
        "starts": rfc3339(one.starts),
        "ends": rfc3339(one.ends),
        "next_at": _day(one.next_at),
        "auto_renew": one.auto_renew,
        "trial": one.trial,
        "purchase_order": one.purchase_order,
    }


def _day(moment: Any) -> str | None:
    return rfc3339(moment) if moment is not None else None


COMMANDS: tuple[click.Command, ...] = (subscription,)
