"""Who holds a product, by name, and why; found as somebody types."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, select

from idp.directory import keyset
from idp.directory.actors import Actor
from idp.directory.people import find_users
from idp.directory.sets import any_of, storable
from idp.directory.users import User, UserWord
from idp.directory.values import search_form, words
from idp.directory.views import Page, UserView
from idp.extensions import db
from idp.licensing.catalogue import SkuView
from idp.licensing.reach import covered
from idp.licensing.seats import Grant, Holding
from idp.licensing.sources import Source, sources_of

FEW = 1_000  # holders are sorted by themselves up to here; of more, one walks along the names
SORTS = {
    "name": (keyset.Part(None, (User.sort_key, User.id)),),
    "since": (keyset.Part(None, (Holding.since, Holding.user_id)),),
}


@dataclass(frozen=True, slots=True)
class HolderView:
    """Somebody with a seat: since when, without which plans, and from which grants."""

    user: UserView
    since: datetime
    plans_off: frozenset[str]
    sources: tuple[Source, ...]

    @property
    def direct(self) -> bool:
        """Whether a grant to this very person is among the sources."""
        return any(source.kind == "user" for source in self.sources)


def page_holders(
    actor: Actor,
    sku: SkuView,
    *,
    text: str = "",
    source: str = "",
    sort: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> Page[HolderView]:
    """The holders of a product whom the actor sees, by name, or in an order of SORTS.

    With `text`, those whose names begin with its words; `source` "user": those who have a grant of
    their own. Raises Forbidden.
    """
    seen = covered(actor, Holding.user_id)
    if not storable(text):  # nobody is called what no database holds
        return Page(())
    order = keyset.chosen(SORTS, sort, "name")
    statement = _held(actor, sku, order.key).where(seen, *named(actor, text))
    if source == "user":
        statement = statement.where(_directly(sku))
    rows, following = keyset.page(statement, order, cursor, limit)
    return Page(_views(actor, sku, rows), following)


def holders_among(actor: Actor, sku: SkuView, user_ids: Collection[str]) -> list[HolderView]:
    """Those of these people who hold a product, as far as the actor sees them; by name.

    Raises Forbidden.
    """
    chosen = any_of(db.session(), Holding.user_id, user_ids)
    statement = _held(actor, sku, "").where(covered(actor, Holding.user_id), chosen)
    return _views(actor, sku, db.session.execute(statement.order_by(User.sort_key)).all())


def _held(actor: Actor, sku: SkuView, by: str) -> Select[Any]:
    """Holdings with their people: from the few holders, or along the order of everybody."""
    here = Holding.org_id == actor.org_id, Holding.sku_id == sku.id
    columns = Holding.user_id, Holding.since, Holding.plans_off
    statement = select(*columns).join_from(Holding, User, User.id == Holding.user_id).where(*here)
    if by != "name":
        return statement
    few = db.session.scalars(select(Holding.user_id).where(*here).limit(FEW + 1)).all()
    if len(few) <= FEW:
        return statement.where(any_of(db.session(), Holding.user_id, few))
    return statement.where(User.org_id == actor.org_id)


def named(actor: Actor, text: str) -> list[ColumnElement[bool]]:
    """Conditions on `User`: each word of a text begins one of their names."""
    wanted = {search_form(text.strip())[:64]} if "@" in text else words(text)
    if text.strip() and not wanted:
        wanted = {search_form(text)}
    return [
        exists().where(
            UserWord.org_id == actor.org_id,
            UserWord.user_id == User.id,
            and_(UserWord.word >= word, UserWord.word < word + "\U0010ffff"),
        )
        for word in sorted(wanted)
    ]


def _directly(sku: SkuView) -> ColumnElement[bool]:
    return exists().where(
        Grant.org_id == Holding.org_id,
        Grant.principal == Holding.user_id,
        Grant.sku_id == sku.id,
    )


def _views(actor: Actor, sku: SkuView, rows: Collection[Any]) -> list[HolderView]:
    ids = [row.user_id for row in rows]
    people = find_users(actor, ids)
    sources = sources_of(actor.org_id, ids, [sku.id])
    return [
        HolderView(
            people[row.user_id],
            row.since,
            frozenset(row.plans_off),
            tuple(sources.get((row.user_id, sku.id), ())),
        )
        for row in rows
        if row.user_id in people
    ]


def count_holders(actor: Actor, sku: SkuView) -> int:
    """How many of those whom the actor sees hold a product. Raises Forbidden."""
    seen = covered(actor, Holding.user_id)
    here = Holding.org_id == actor.org_id, Holding.sku_id == sku.id
    return db.session.scalar(select(func.count()).where(*here, seen)) or 0
