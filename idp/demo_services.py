"""What the demo's organization bought and gave to its people: two years of it, in every state.

Each chapter is played at its own moment, with the clock set to it, so that terms, invoices and the
audit are what they would be if somebody had done it then. The server does not run meanwhile.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from idp import clock
from idp.changes import apply, due, usage
from idp.changes.intents import (
    AddAgreement,
    AssignLicense,
    BuySubscription,
    Change,
    ChangeOrganization,
    ChangeSubscription,
    CreditInvoice,
    PutService,
    RecordPayment,
    RecordUsage,
    StartSession,
)
from idp.demo_catalogue import CATALOGUE
from idp.directory import queries
from idp.directory.actors import Actor, system_actor
from idp.licensing import queries as licences
from idp.licensing.catalogue import Catalogue

SETTINGS = {
    "country": "DE",
    "address": "Northwind Household Goods\nKehrwieder 8\n20457 Hamburg",
    "timezone": "Europe/Berlin",
    "contacts": {
        "technical": "it@northwind.example",
        "security": "security@northwind.example",
        "billing": "accounts@northwind.example",
    },
}
UNPAID = timedelta(days=30)  # younger invoices are still open
SEEN_PEOPLE, SEEN_DAYS, WEEKEND = 45, 28, 5
SPACE, SPACE_DAYS, SPACE_USED = 2_000, 90, 1_840  # GB; days that are known; GB at the end


def stock() -> None:
    """Fill the catalogue, once."""
    if not licences.catalogue().services:
        apply(*map(PutService, CATALOGUE), by=system_actor("", name="demo"))


def furnish(by: Actor) -> None:
    """Play it all, once, in the organization of this actor."""
    if licences.living_subscriptions(by):
        return
    today = clock.now()
    for days_ago, chapter in _CHAPTERS:
        with ago(days_ago, today):
            due.follow()
            usage.sample_seats()
            chapter(_Shop(by))
    due.follow()
    usage.sample_seats()
    _pay(by, today)


@contextmanager
def ago(days: float, today: datetime | None = None) -> Iterator[None]:
    """So many days ago, as far as the product can tell."""
    moment = (today or clock.now()) - timedelta(days=days)
    before = clock.freeze(lambda: moment)
    try:
        yield
    finally:
        clock.freeze(before)


class _Shop:
    """Things by the names that chapters use."""

    def __init__(self, by: Actor) -> None:
        self.by = by
        self.known: Catalogue = licences.catalogue()

    def buy(self, slug: str, quantity: int = 0, **more: object) -> str:
        """A new subscription's id."""
        offer = next(o for o in self.known.offers.values() if o.slug == slug)
        made = BuySubscription(offer.id, quantity, **more)  # type: ignore[arg-type]
        return apply(made, by=self.by).first.id

    def give(self, part_number: str, *groups: str) -> None:
        """Grant a product to groups."""
        ids = [self.group(name) for name in groups]
        made: list[Change] = [AssignLicense(self.sku(part_number), group_id=one) for one in ids]
        apply(*made, by=self.by)

    def sku(self, part_number: str) -> str:
        """A SKU's id."""
        found = self.known.sku_by_part_number(part_number)
        assert found is not None, part_number  # noqa: S101  the demo's own catalogue
        return found.id

    def group(self, name: str) -> str:
        """A group's id."""
        found = queries.page_groups(self.by, text=name, limit=50).items
        return next(one.id for one in found if one.display_name == name)


def _two_years_ago(shop: _Shop) -> None:
    moment = clock.now()
    apply(ChangeOrganization(settings=SETTINGS), by=shop.by)
    lapsed = moment + timedelta(days=700)
    apply(AddAgreement("OV-118-0042", "Open Value", moment, lapsed), by=shop.by)
    shop.buy("relay-agent", 10, starts=moment + timedelta(days=250), auto_renew=False)


def _office(shop: _Shop) -> None:
    moment = clock.now()
    agreement = AddAgreement("SP-204-1177", "Select Plus", moment, moment + timedelta(days=1_095))
    number = apply(agreement, by=shop.by).first.id
    shop.buy("cadence-office-pro-vl", 118, agreement_id=number, purchase_order="PO-2210")
    shop.give("CADENCE_OFFICE_PRO", "All staff")


def _sales(shop: _Shop) -> None:
    shop.buy("harbor-sales", 20, auto_renew=False, purchase_order="PO-2214")
    shop.give("HARBOR_SALES", "Retail", "Online Shop")


def _care(shop: _Shop) -> None:
    shop.give("RELAY_AGENT", "Customer Care")


def _space(shop: _Shop) -> None:
    shop.buy("vault-gb", SPACE)
    shop.buy("atlas-viewer", 30, purchase_order="PO-2231")
    shop.give("ATLAS_VIEWER", "Project Aurora", "Project Dovetail")


def _voice(shop: _Shop) -> None:
    shop.buy("cadence-voice", 5)
    shop.give("CADENCE_VOICE", "Leadership (division)")


def _trial(shop: _Shop) -> None:
    shop.buy("lumen-trial")
    shop.give("LUMEN_TEAM", "Marketing")


def _fewer(shop: _Shop) -> None:
    """Fewer than are in use: over-allocated, and nobody loses anything today."""
    mine = licences.living_subscriptions(shop.by)
    atlas = next(one for one in mine if one.sku.part_number == "ATLAS_VIEWER")
    apply(ChangeSubscription(atlas.id, quantity=24), by=shop.by)


def _sign_ins(shop: _Shop) -> None:
    """Most people came in the last month, some of them often; a few were not seen for long."""
    people = queries.page_people(shop.by, limit=SEEN_PEOPLE).items
    today = clock.now().replace(hour=7, minute=0)
    seen = [
        (today - timedelta(days=days, minutes=-place * 7), who)
        for place, who in enumerate(people)
        for days in range(1 + place % 11, SEEN_DAYS, 7 + place % 13)
    ]
    for moment, who in sorted(seen, key=lambda one: one[0]):
        if moment.weekday() < WEEKEND:
            with ago(0, moment):
                _sign_in(who.id, who.shown_name, shop.by.org_id)


def _sign_in(user_id: str, name: str, org_id: str) -> None:
    door = Actor("user", user_id, name, org_id, "signin", frozenset({"signin"}))
    over = clock.now() + timedelta(hours=8)
    apply(StartSession(user_id, "password", over, "198.51.100.7", "Firefox/140.0"), by=door)


def _yesterday(shop: _Shop) -> None:
    shop.buy("cadence-office-basic", 10, starts=clock.now() + timedelta(days=13))
    _usage(shop)


def _usage(shop: _Shop) -> None:
    """What was used on each day: a little more each week, a little less after tidying up."""
    sku, today = shop.sku("VAULT_GB"), clock.now()
    samples: list[Change] = []
    for ago in range(SPACE_DAYS, -1, -1):
        used = SPACE_USED - ago * 7 + (ago % 30) * 4
        day = (today - timedelta(days=ago)).date().isoformat()
        samples.append(RecordUsage(sku, used, day))
    apply(*samples, by=shop.by)


_CHAPTERS = (
    (730, _two_years_ago),
    (380, _office),
    (375, _sales),
    (300, _care),
    (100, _space),
    (40, _voice),
    (25, _trial),
    (9, _fewer),
    (1.5, _sign_ins),
    (1, _yesterday),
)


def _pay(by: Actor, today: datetime) -> None:
    """What is older was paid; of one invoice a part was credited."""
    invoices = licences.page_invoices(by, limit=50).items
    old = [one for one in invoices if one.kind == "invoice" and one.issued_at < today - UNPAID]
    changes: list[Change] = [RecordPayment(one.id) for one in old]
    if old:
        largest = max(old, key=lambda one: one.total_minor or 0)
        changes.append(CreditInvoice(largest.id, 12_000, "Goodwill after an outage"))
    apply(*changes, by=by)
