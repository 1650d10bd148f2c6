"""Who may read what of licences: never another organization's, prices only who may see them.

Cases are found by name: whoever adds a query adds a case, or this fails.
"""

import inspect
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import pytest

from idp.changes import apply
from idp.changes.intents import (
    AddAgreement,
    AssignLicense,
    AssignRole,
    CancelSubscription,
    RecordUsage,
)
from idp.clock import now
from idp.directory.actors import Actor
from idp.directory.errors import Forbidden, NotFound
from idp.extensions import db
from idp.licensing import queries
from tests.cast import Cast, actor_for, person
from tests.changes.steps import statements
from tests.licensing.shop import buy, sku
from tests.licensing.test_seat_isolation import READS as OF_SEATS
from tests.licensing.test_subscriptions import YEAR


@dataclass(frozen=True)
class Theirs:
    """What Northwind has, by the names under which Contoso asks for it."""

    org: str
    user: str
    subscription: str
    agreement: str
    invoice: str
    storage: str


@pytest.fixture
def theirs(shop_open: Cast) -> Theirs:
    by = shop_open.operator
    covered = AddAgreement("northwind-1", "northwind", now() - YEAR, now() + YEAR)
    agreement = apply(covered, by=by).first.id
    made = buy(by, "office-basic", 7, name="northwind office", agreement_id=agreement)
    apply(AssignLicense(sku("OFFICE_BASIC"), shop_open.bob.id), by=by)
    apply(CancelSubscription(buy(by, "office-pro", 1, purchase_order="northwind")), by=by)
    buy(by, "storage", 400)
    apply(RecordUsage(sku("STORAGE"), 7), by=by)
    invoice = queries.page_invoices(by).items[-1].id
    return Theirs(shop_open.org, shop_open.bob.id, made, agreement, invoice, sku("STORAGE"))


Read = Callable[[Actor, Theirs], Any]
READS: dict[str, list[Read]] = {
    "licenses_of": [lambda a, t: queries.licenses_of(a, t.user)],
    "entitlements_of": [lambda a, t: queries.entitlements_of(a.org_id, [t.user])],
    "find_subscription": [lambda a, t: queries.find_subscription(a, t.subscription)],
    "living_subscriptions": [
        lambda a, _: queries.living_subscriptions(a),
        lambda a, t: queries.living_subscriptions(a, [t.storage]),
    ],
    "page_subscriptions": [
        lambda a, _: queries.page_subscriptions(a),
        lambda a, t: queries.page_subscriptions(a, agreement_id=t.agreement),
    ],
    "page_agreements": [lambda a, _: queries.page_agreements(a)],
    "find_agreement": [lambda a, t: queries.find_agreement(a, t.agreement)],
    "page_invoices": [
        lambda a, _: queries.page_invoices(a),
        lambda a, t: queries.page_invoices(a, sku_ids=[t.storage]),
    ],
    "find_invoice": [lambda a, t: queries.find_invoice(a, t.invoice)],
    "credits_of": [lambda a, t: queries.credits_of(a, t.invoice)],
    "services": [lambda a, _: queries.services(a)],
    "pools": [lambda a, _: queries.pools(a), lambda a, t: queries.pools(a, [t.storage])],
    "subscribed_skus": [lambda a, _: queries.subscribed_skus(a)],
    "assignable_skus": [lambda a, _: queries.assignable_skus(a)],
    "usage_of": [lambda a, t: queries.usage_of(a, t.storage)],
}
# The same for everybody, but for what one's own organization has had.
EVERYBODYS = {"catalogue": "what can be had", "offers": "what can be had, and had been"}
ELSEWHERE = {"drift_of"}  # test_drift asks across the border
OF_AN_ORGANIZATION = {"entitlements_of": "asked for claims, before there is an actor"}


def test_every_query_has_a_case() -> None:
    assert READS.keys() | EVERYBODYS.keys() | OF_SEATS.keys() | ELSEWHERE == set(queries.__all__)
    for name in READS.keys() - OF_AN_ORGANIZATION.keys():
        first = next(iter(inspect.signature(getattr(queries, name)).parameters))
        assert first == "actor", name


def answer(read: Read, actor: Actor, theirs: Theirs) -> str:
    """What a read tells, as text; a refusal tells nothing."""
    try:
        return repr(read(actor, theirs)).lower()
    except (NotFound, Forbidden):
        return ""


def test_no_query_crosses_the_border(shop_open: Cast, theirs: Theirs) -> None:
    secrets = [theirs.org, theirs.user, theirs.subscription, theirs.agreement, theirs.invoice]
    for actor in (shop_open.mallory, shop_open.other_operator):
        for name, reads in READS.items():
            for read in reads:
                found = answer(read, actor, theirs)
                assert not [one for one in (*secrets, "northwind") if one in found], name


def test_every_case_would_find_it_at_home(shop_open: Cast, theirs: Theirs) -> None:
    for name, reads in READS.items():
        if name == "credits_of":
            continue
        for read in reads:
            assert read(shop_open.alice, theirs), name


def test_what_another_organization_had_makes_nothing_used_here(shop_open: Cast) -> None:
    buy(shop_open.operator, "office-trial")
    reasons = {row.reason for row in queries.offers(shop_open.mallory)}
    assert reasons == {""}
    assert {row.reason for row in queries.offers(shop_open.alice)} == {"", "trial_used"}


# Which permission each read asks for first; roles have them by the table in docs/portal.md.
NEEDS = {
    "services.read": ("services", "pools", "usage_of", "living_subscriptions", "find_subscription"),
    "billing.read": (
        "page_agreements",
        "find_agreement",
        "page_invoices",
        "find_invoice",
        "credits_of",
    ),
}
READERS = {
    "services.read": {"global", "billing", "license", "reader"},
    "billing.read": {"global", "billing", "reader"},
}
ROLES = {
    "global": "global_administrator",
    "user": "user_administrator",
    "groups": "groups_administrator",
    "license": "license_administrator",
    "billing": "billing_administrator",
    "helpdesk": "helpdesk_administrator",
    "federation": "federation_administrator",
    "security": "security_reader",
    "reader": "global_reader",
}


@pytest.fixture
def staff(shop_open: Cast) -> dict[str, Actor]:
    """Somebody in each of the nine roles."""
    made = {}
    for name, role in ROLES.items():
        who = person(shop_open.operator, f"{name}@northwind.example", name)
        apply(AssignRole(who.id, role), by=shop_open.operator)
        made[name] = actor_for(shop_open.org, who.id, name)
    return made


def test_each_role_reads_exactly_what_is_its_own(staff: dict[str, Actor], theirs: Theirs) -> None:
    for permission, names in NEEDS.items():
        for name in names:
            able = {who for who, actor in staff.items() if _able(name, actor, theirs)}
            assert able == READERS[permission], name


def _able(name: str, actor: Actor, theirs: Theirs) -> bool:
    try:
        READS[name][0](actor, theirs)
    except Forbidden:
        return False
    return True


def test_quantities_come_without_prices_for_who_may_not_see_them(
    staff: dict[str, Actor], theirs: Theirs
) -> None:
    seen = queries.find_subscription(staff["license"], theirs.subscription)
    assert (seen.quantity, seen.price_minor, seen.currency) == (7, None, None)
    assert (seen.agreement_id, seen.purchase_order) == (None, None)
    assert 990 not in asdict(seen).values()
    assert 990 not in asdict(seen)["offer"].values()
    offers = queries.offers(staff["license"])
    assert {(row.price_minor, row.currency) for row in offers} == {(None, None)}
    full = queries.find_subscription(staff["billing"], theirs.subscription)
    assert (full.price_minor, full.currency, full.agreement_id) == (990, "EUR", theirs.agreement)


def test_who_buys_does_not_assign(staff: dict[str, Actor], theirs: Theirs) -> None:
    assert theirs
    assert not staff["billing"].can("licenses.write")
    assert not staff["billing"].can("licenses.read")
    assert not staff["license"].can("billing.write")


@pytest.mark.parametrize("name", ["services", "living_subscriptions", "page_invoices", "pools"])
def test_a_read_asks_no_more_where_there_is_more(
    shop_open: Cast, theirs: Theirs, name: str
) -> None:
    def asked() -> int:
        db.session.rollback()
        with statements() as sent:
            READS[name][0](shop_open.alice, theirs)
        return len(sent)

    asked()
    few = asked()
    for slug in ("office-basic", "archive", "office-pro"):
        for _ in range(3):
            buy(shop_open.operator, slug, 2)
    assert asked() <= few


def test_nobody_without_a_role_reads_anything(shop_open: Cast, theirs: Theirs) -> None:
    nobody = replace(shop_open.bob, id="somebody else")
    for name, reads in READS.items():
        if name not in OF_AN_ORGANIZATION:
            assert answer(reads[0], nobody, theirs) == "", name
