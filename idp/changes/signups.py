"""Signing up: who has no account founds an organization, once their mail address is proven.

    ask       keep what was typed, sealed, under a one-time key; owe a mail with its link
    found     what waits behind a key that is still good
    complete  organization, claim of its domain, first administrator and trial: one transaction

Nothing is told to who only asks: the answer is the same for every address. Whether a domain or an
account is here already is said after the link was opened, to who reads that address's mail.
"""

from dataclasses import asdict, dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from sqlalchemy import insert, select

from idp.changes import ledger
from idp.changes.apply import apply
from idp.changes.intents import (
    AddDomain,
    AssignRole,
    BuySubscription,
    CreateOrganization,
    CreateUser,
)
from idp.changes.outbox import Delivery, mail_row
from idp.clock import new_id, now
from idp.directory.actors import system_actor
from idp.directory.domains import Domain
from idp.directory.errors import Conflict, TooMany, Unavailable
from idp.directory.queries import organization_ids, sign_in_candidates
from idp.directory.roles import GLOBAL_ADMINISTRATOR
from idp.directory.values import digest, domain_and_parents, domain_of, slug, user_name_key
from idp.extensions import db, writing
from idp.licensing.catalogue import catalogue

LIFE_MINUTES = 60
FREE_ASKS = {"network": 10, "mail": 2}
PURPOSE = "signup"
DOOR = "portal"
_OWN_DOMAIN = "chamberlain.internal"  # .internal is reserved for private use: nobody else owns it


@dataclass(frozen=True, slots=True)
class Signup:
    """What somebody asked for. The ids are made before, so that a link founds one organization."""

    offer_id: str
    organization: str
    given_name: str
    family_name: str
    email: str
    org_id: str
    user_id: str
    subscription_id: str


def new_signup(
    offer_id: str, organization: str, given_name: str, family_name: str, email: str
) -> Signup:
    """A wish with fresh ids."""
    asked = offer_id, organization, given_name, family_name, email
    return Signup(*asked, new_id(), new_id(), new_id())


def ask(wish: Signup, network: str, prefix: str) -> None:
    """Owe the mail with the link `prefix` + key. Raises TooMany where somebody asks too often."""
    keys = {
        f"signup:network:{network}": FREE_ASKS["network"],
        f"signup:mail:{digest(user_name_key(wish.email))[:56]}": FREE_ASKS["mail"],
    }
    _slow_down(ledger.attempt(keys))
    carriers = organization_ids()
    if not carriers:
        raise Unavailable("signup_closed", "Nobody can sign up here yet.")
    key = ledger.park("", asdict(wish), LIFE_MINUTES)
    mail = {"to": wish.email, "purpose": PURPOSE, "link": prefix + key, "user_id": ""}
    with writing() as session:  # the operator's own organization carries it: there is no other yet
        session.execute(insert(Delivery), mail_row(carriers[0], mail, now()))


def _slow_down(wait: timedelta) -> None:
    if wait:
        seconds = max(1, round(wait.total_seconds()))
        refused = TooMany("signup_throttled", f"Too many attempts. Try again in {seconds} seconds.")
        refused.retry_after = seconds
        raise refused


def found(key: str) -> Signup | None:
    """What waits behind a key; None where it was used or is too old."""
    held = ledger.parked(key)
    if held is None or held[0]:
        return None
    return Signup(**held[1])


def obstacle(wish: Signup) -> str:
    """Why it cannot go on, as a code: "domain_taken", "account_exists"; or nothing.

    An account counts once somebody has signed in to it: any organization may write down a name in
    a domain that nobody has proven, and must not bar its owner by that.
    """
    if any(one.secret_hash for one in sign_in_candidates(user_name_key(wish.email), "")):
        return "account_exists"
    names = domain_and_parents(domain_of(wish.email))
    proven = select(Domain.id).where(Domain.name.in_(names), Domain.verified_at.is_not(None))
    return "domain_taken" if db.session.scalar(proven.limit(1)) is not None else ""


def complete(key: str, wish: Signup, password_hash: str, public_url: str) -> None:
    """Found the organization with its administrator and trial, all or nothing; end the link."""
    problem = obstacle(wish)
    if problem:
        raise Conflict(problem, "Your organization is here already. Ask its administrators.")
    person = {
        "userName": wish.email,
        "name.givenName": wish.given_name,
        "name.familyName": wish.family_name,
        "displayName": f"{wish.given_name} {wish.family_name}".strip(),
        "emails": [{"value": wish.email, "type": "work", "primary": True}],
    }
    person = {path: value for path, value in person.items() if value}
    apply(
        CreateOrganization(wish.organization, _built_in(wish, public_url), id=wish.org_id),
        AddDomain(domain_of(wish.email)),
        CreateUser(person, id=wish.user_id, password_hash=password_hash),
        AssignRole(wish.user_id, GLOBAL_ADMINISTRATOR),
        BuySubscription(wish.offer_id, id=wish.subscription_id),
        by=system_actor("", DOOR, "Sign-up"),
    )
    ledger.unpark(key)


def _built_in(wish: Signup, public_url: str) -> str:
    """A domain of our own for the organization, until it has proven one of its own."""
    host = urlsplit(public_url).hostname or ""
    ours = host if "." in host and not host.rpartition(".")[2].isdigit() else _OWN_DOMAIN
    return f"{slug(wish.organization)[:40]}-{wish.org_id[-6:]}.{ours}"


def trial_of(service_id: str) -> str | None:
    """The trial offer by which a service is first had; None where it has none."""
    known = catalogue()
    offers = [
        offer
        for sku in known.skus_of(service_id)
        if sku.retired_at is None
        for offer in known.offers_of(sku.id)
        if offer.kind == "trial" and offer.retired_at is None
    ]
    return min(offers, key=lambda one: (one.name, one.id)).id if offers else None
