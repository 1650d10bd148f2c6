"""Whose licences an actor sees: everybody's, or those of the members of the groups it covers."""

from collections.abc import Collection
from contextlib import suppress
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select, true

from idp.directory.actors import Actor
from idp.directory.errors import Invalid, not_found
from idp.directory.groups import EffectiveMembership
from idp.directory.people import find_user, find_users
from idp.directory.sets import any_of, same
from idp.directory.users import User
from idp.directory.values import user_name_key
from idp.directory.views import UserView
from idp.extensions import db
from idp.licensing.catalogue import SkuView, catalogue
from idp.licensing.seats import Grant
from idp.licensing.subscriptions import Pool


def covered(actor: Actor, column: Any) -> ColumnElement[bool]:
    """`column` is the id of somebody whose licences the actor may see. Raises Forbidden."""
    actor.need("licenses.read")
    scope = actor.scope_of("licenses.read")
    if not scope:
        return true()
    inside = select(EffectiveMembership.user_id).where(EffectiveMembership.group_id.in_(scope))
    return column.in_(inside)  # type: ignore[no-any-return]


def find_sku(actor: Actor, part_number: str) -> SkuView:
    """A product that people hold, by Graph's skuPartNumber, where the organization has anything
    to do with it: units, or grants. Raises NotFound, Forbidden.
    """
    actor.need("licenses.read")
    sku = catalogue().sku_by_part_number(part_number)
    if sku is None or not sku.assignable or not _had(actor.org_id, sku.id):
        raise not_found("product")
    return sku


def _had(org_id: str, sku_id: str) -> bool:
    pools = exists().where(Pool.org_id == org_id, Pool.sku_id == sku_id)
    grants = exists().where(Grant.org_id == org_id, Grant.sku_id == sku_id)
    return bool(db.session.scalar(select(or_(pools, grants))))


def find_covered(actor: Actor, user_id: str) -> UserView:
    """Somebody whose licences the actor may see; oneself always. Raises NotFound, Forbidden."""
    if user_id != actor.id:
        seen = select(User.id).where(same(User.id, user_id), covered(actor, User.id))
        if db.session.scalar(seen) is None:
            raise not_found("user")
    return find_user(actor, user_id)


def people_by_names(actor: Actor, user_names: Collection[str]) -> dict[str, UserView]:
    """{user name as it was given: person} of those whose licences the actor may see."""
    spelt = _spellings(user_names)
    wanted = any_of(db.session(), User.user_name_key, spelt)
    seen = covered(actor, User.id), User.org_id == actor.org_id, User.deleted_at.is_(None)
    rows = db.session.execute(select(User.id, User.user_name_key).where(wanted, *seen)).all()
    people = find_users(actor, [row.id for row in rows])
    known = {row.user_name_key: people[row.id] for row in rows if row.id in people}
    return {name: who for key, who in known.items() for name in spelt[key]}


def _spellings(user_names: Collection[str]) -> dict[str, list[str]]:
    """{comparable form: the names given that have it}; what is no user name is nobody's."""
    found: dict[str, list[str]] = {}
    for name in user_names:
        with suppress(Invalid):
            found.setdefault(user_name_key(name), []).append(name)
    return found
