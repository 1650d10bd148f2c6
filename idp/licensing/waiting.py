"""Who does not hold what was granted, and why; those who wait for a unit with their place.

Units that become free go to who has waited longest: first in, first out.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, literal, select, tuple_
from sqlalchemy.orm import aliased

from idp.directory import keyset
from idp.directory.actors import Actor
from idp.directory.people import find_users
from idp.directory.sets import any_of, storable
from idp.directory.users import User
from idp.directory.views import Page, UserView
from idp.extensions import db
from idp.licensing.catalogue import SkuView, catalogue
from idp.licensing.decision import COUNT, DEPENDENCY, Problem
from idp.licensing.holders import named
from idp.licensing.reach import covered, find_covered
from idp.licensing.seats import SeatProblem
from idp.licensing.sources import Seat, Source, sources_of

FARTHEST = 1_000  # places are counted up to here; nobody counts on from there
_QUEUE = SeatProblem.code, SeatProblem.since, SeatProblem.place
_BY_SKU = keyset.Sort("queue", (keyset.Part(None, (SeatProblem.sku_id, *_QUEUE)),))


@dataclass(frozen=True, slots=True)
class ProblemView:
    """Somebody who should hold a product and does not.

    `place` is where one who waits for a unit stands in the queue, 1 for the next; None where it is
    beyond FARTHEST, or where the problem is another.
    """

    user: UserView
    sku: SkuView
    problem: Problem
    since: datetime
    place: int | None
    sources: tuple[Source, ...]

    @property
    def held(self) -> bool:
        """Whether they hold it still, though nothing grants it: another product needs it."""
        return self.problem.code == DEPENDENCY and not self.sources


def page_problems(
    actor: Actor,
    sku: SkuView | None = None,
    *,
    code: str = "",
    text: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> Page[ProblemView]:
    """Problems of people whom the actor sees: by product and code, each queue in its order.

    With `code` only those of that code; with `text`, of people whose names begin with its words.
    Raises Forbidden.
    """
    statement = _problems(actor, sku)
    if not (storable(text) and storable(code)):
        return Page(())
    if code:
        statement = statement.where(SeatProblem.code == code)
    if text.strip():
        statement = statement.join(User, User.id == SeatProblem.user_id)
        statement = statement.where(*named(actor, text))
    rows, following = keyset.page(statement, _BY_SKU, cursor, limit)
    return Page(_views(actor, rows), following)


def _problems(actor: Actor, sku: SkuView | None) -> Select[Any]:
    seen = SeatProblem.org_id == actor.org_id, covered(actor, SeatProblem.user_id)
    statement = select(*SeatProblem.__table__.c).where(*seen)
    return statement if sku is None else statement.where(SeatProblem.sku_id == sku.id)


def _views(actor: Actor, rows: Collection[Any]) -> list[ProblemView]:
    ids = [row.user_id for row in rows]
    people, sources = find_users(actor, ids), sources_of(actor.org_id, ids)
    places, skus = places_of(actor.org_id, ids), catalogue().skus
    return [
        ProblemView(
            people[row.user_id],
            skus[row.sku_id],
            Problem(row.code, row.detail),
            row.since,
            places.get((row.user_id, row.sku_id)),
            tuple(sources.get((row.user_id, row.sku_id), ())),
        )
        for row in rows
        if row.user_id in people
    ]


def places_of(org_id: str, user_ids: Collection[str]) -> Mapping[Seat, int]:
    """{(person, SKU): place in the queue} of these people, as far as FARTHEST; one statement."""
    if not user_ids:
        return {}
    one, before = aliased(SeatProblem), aliased(SeatProblem)
    ahead = (
        select(literal(1))
        .where(
            before.org_id == one.org_id,
            before.sku_id == one.sku_id,
            before.code == COUNT,
            tuple_(before.since, before.place) < tuple_(one.since, one.place),
        )
        .limit(FARTHEST)
        .correlate(one)
        .subquery()
    )
    count = select(func.count()).select_from(ahead).scalar_subquery()
    mine = one.org_id == org_id, one.code == COUNT, any_of(db.session(), one.user_id, user_ids)
    rows = db.session.execute(select(one.user_id, one.sku_id, count.label("ahead")).where(*mine))
    return {(row.user_id, row.sku_id): row.ahead + 1 for row in rows if row.ahead < FARTHEST}


def people_with_problems(actor: Actor, sku: SkuView, limit: int) -> list[str]:
    """The ids of who has a problem with a product, the longest-waiting first. Raises Forbidden."""
    found = _problems(actor, sku).with_only_columns(SeatProblem.user_id)
    return list(db.session.scalars(found.order_by(*_QUEUE).limit(limit)))


def places_in_queue(actor: Actor, user_id: str) -> Mapping[str, int]:
    """{SKU: place in its queue} of oneself, or of somebody whose licences the actor may read."""
    if user_id != actor.id:
        find_covered(actor, user_id)
    return {sku: place for (_, sku), place in places_of(actor.org_id, [user_id]).items()}
