"""Seats that somebody else could use: of people who are idle, and seats that are held twice over.

Who is disabled, blocked or deleted holds nothing (see `idp.changes.seats`), so they are not here.
Whether somebody is idle is known only where people sign in here: without such data nobody is
called idle.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select, tuple_
from sqlalchemy.orm import aliased

from idp.clock import now
from idp.directory import keyset
from idp.directory.actors import Actor
from idp.directory.groups import EffectiveMembership
from idp.directory.people import find_users
from idp.directory.roles import RoleAssignment
from idp.directory.users import User
from idp.directory.views import Page, UserView
from idp.extensions import db
from idp.licensing.catalogue import PAID, SkuView, catalogue
from idp.licensing.lifecycle import gives_access
from idp.licensing.reach import covered
from idp.licensing.seats import EVERYONE, PERSON, Grant, Holding
from idp.licensing.sources import Seat, Source, sources_of
from idp.licensing.subscriptions import Subscription

IDLE = timedelta(days=90)
_BY_PERSON = keyset.Sort("person", (keyset.Part(None, (Holding.user_id, Holding.sku_id)),))


@dataclass(frozen=True, slots=True)
class Price:
    """What a seat costs for a term, in minor units of a currency."""

    minor: int
    currency: str
    months: int


@dataclass(frozen=True, slots=True)
class CandidateView:
    """A seat that may be free to give to somebody else.

    `other` is the product that contains this one, for a seat within another. `price` is known to
    who reads billing. Only a grant of the person's own can be taken back here; of others the
    sources name the group to leave.
    """

    user: UserView
    sku: SkuView
    sources: tuple[Source, ...]
    price: Price | None
    other: SkuView | None = None

    @property
    def direct(self) -> bool:
        """Whether the person has a grant of their own."""
        return any(source.kind == PERSON for source in self.sources)

    @property
    def shared(self) -> tuple[Source, ...]:
        """The sources that stay when a grant of their own goes."""
        return tuple(source for source in self.sources if source.kind != PERSON)


def knows_sign_ins(actor: Actor) -> bool:
    """Whether people sign in here: else nothing can be said of who is idle.

    Administrators sign in to manage, so they prove nothing. Raises Forbidden.
    """
    actor.need("licenses.read")
    manages = exists().where(RoleAssignment.user_id == User.id)
    lately = select(User.id).where(
        User.org_id == actor.org_id, User.last_sign_in >= now() - IDLE, ~manages
    )
    return db.session.scalar(lately.limit(1)) is not None


def page_idle(actor: Actor, *, cursor: str | None = None, limit: int = 50) -> Page[CandidateView]:
    """Seats of people who have not signed in for IDLE, or never although they are older than that.

    Nobody, where sign-ins are not known. Raises Forbidden.
    """
    if not knows_sign_ins(actor):
        return Page(())
    since = now() - IDLE
    never = and_(User.last_sign_in.is_(None), User.created < since)
    idle = or_(User.last_sign_in < since, never)
    statement = _seats(actor).join(User, User.id == Holding.user_id).where(idle)
    return _page(actor, statement, cursor, limit)


def page_doubled(
    actor: Actor, *, cursor: str | None = None, limit: int = 50
) -> Page[CandidateView]:
    """Seats with a grant of the person's own beside one of a group or of everyone.

    Taking the own one back frees nothing now, but the seat when they leave. Raises Forbidden.
    """
    return _page(actor, _seats(actor).where(_granted(PERSON), _shared()), cursor, limit)


def _granted(kind: str) -> ColumnElement[bool]:
    """Whether the seat's product is granted to the person alone, or to everyone."""
    grant = aliased(Grant)
    principal = Holding.user_id if kind == PERSON else ""
    return exists().where(
        grant.org_id == Holding.org_id,
        grant.principal == principal,
        grant.sku_id == Holding.sku_id,
    )


def _shared() -> ColumnElement[bool]:
    """Whether the seat's product is granted to a group of the person, or to everyone."""
    grant, inside = aliased(Grant), aliased(EffectiveMembership)
    by_group = exists().where(
        inside.user_id == Holding.user_id,
        grant.group_id == inside.group_id,
        grant.sku_id == Holding.sku_id,
    )
    return or_(by_group, _granted(EVERYONE))


def page_contained(
    actor: Actor, *, cursor: str | None = None, limit: int = 50
) -> Page[CandidateView]:
    """Seats of products all of whose plans another product gives that the person holds too.

    Raises Forbidden.
    """
    pairs = _containing()
    if not pairs:
        actor.need("licenses.read")
        return Page(())
    other = aliased(Holding)
    both = tuple_(Holding.sku_id, other.sku_id).in_(list(pairs))
    statement = _seats(actor).join(other, other.user_id == Holding.user_id).where(both)
    statement = statement.add_columns(other.sku_id.label("other"), other.plans_off.label("less"))
    return _page(actor, statement, cursor, limit)


def _containing() -> set[tuple[str, str]]:
    """(a product, another) where the other has all plans of the first."""
    skus = [sku for sku in catalogue().skus.values() if sku.assignable and sku.plans]
    every = frozenset[str]()
    return {
        (small.id, large.id)
        for small in skus
        for large in skus
        if small.id != large.id and small.plans_but(every) < large.plans_but(every)
    }


def _seats(actor: Actor) -> Select[Any]:
    columns = Holding.user_id, Holding.sku_id, Holding.plans_off
    seen: ColumnElement[bool] = covered(actor, Holding.user_id)
    return select(*columns).where(Holding.org_id == actor.org_id, seen)


def _page(
    actor: Actor, statement: Select[Any], cursor: str | None, limit: int
) -> Page[CandidateView]:
    rows, following = keyset.page(statement, _BY_PERSON, cursor, limit)
    ids = [row.user_id for row in rows]
    people, sources = find_users(actor, ids), sources_of(actor.org_id, ids)
    prices = prices_of_seats(actor)
    made = (_candidate(row, people, sources, prices) for row in rows)
    return Page([one for one in made if one], following)


def _candidate(
    row: Any,
    people: Mapping[str, UserView],
    sources: Mapping[Seat, Collection[Source]],
    prices: Mapping[str, Price],
) -> CandidateView | None:
    skus = catalogue().skus
    sku, other = skus[row.sku_id], skus.get(getattr(row, "other", ""))
    if other and not sku.plans_but(frozenset(row.plans_off)) <= other.plans_but(
        frozenset(row.less)
    ):
        return None  # what the other product leaves out is used from this one
    if row.user_id not in people:
        return None
    own = tuple(sources.get((row.user_id, row.sku_id), ()))
    return CandidateView(people[row.user_id], sku, own, prices.get(sku.id), other)


def prices_of_seats(actor: Actor) -> dict[str, Price]:
    """{SKU: what a seat costs now, by the newest subscription that is paid for}.

    Nothing for who does not read billing.
    """
    if not actor.can("billing.read"):
        return {}
    rows = db.session.execute(
        select(Subscription.sku_id, Subscription.offer_id, Subscription.state)
        .where(Subscription.org_id == actor.org_id)
        .order_by(Subscription.starts, Subscription.id)
    )
    offers, found = catalogue().offers, dict[str, Price]()
    for row in rows:
        offer = offers[row.offer_id]
        if offer.kind == PAID and gives_access(row.state):
            found[row.sku_id] = Price(offer.price_minor, offer.currency, offer.term_months)
    return found
