"""Whose licences an actor sees: everybody's, or those of the members of the groups it covers."""

from typing import Any

from sqlalchemy import ColumnElement, select, true

from idp.directory.actors import Actor
from idp.directory.errors import not_found
from idp.directory.groups import EffectiveMembership
from idp.directory.people import find_user
from idp.directory.sets import same
from idp.directory.users import User
from idp.directory.views import UserView
from idp.extensions import db
from idp.licensing.catalogue import SkuView, catalogue


def covered(actor: Actor, column: Any) -> ColumnElement[bool]:
    """`column` is the id of somebody whose licences the actor may see. Raises Forbidden."""
    actor.need("licenses.read")
    scope = actor.scope_of("licenses.read")
    if not scope:
        return true()
    inside = select(EffectiveMembership.user_id).where(EffectiveMembership.group_id.in_(scope))
    return column.in_(inside)  # type: ignore[no-any-return]


def find_sku(actor: Actor, part_number: str) -> SkuView:
    """A product that people hold, by Graph's skuPartNumber. Raises NotFound, Forbidden."""
    actor.need("licenses.read")
    sku = catalogue().sku_by_part_number(part_number)
    if sku is None or not sku.assignable:
        raise not_found("product")
    return sku


def find_covered(actor: Actor, user_id: str) -> UserView:
    """Somebody whose licences the actor may see; oneself always. Raises NotFound, Forbidden."""
    if user_id != actor.id:
        seen = select(User.id).where(same(User.id, user_id), covered(actor, User.id))
        if db.session.scalar(seen) is None:
            raise not_found("user")
    return find_user(actor, user_id)
