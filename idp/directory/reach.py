"""Whom an actor reaches: its own organization, or what its role's scope leaves of it."""

from typing import Any

from sqlalchemy import Select, or_, select

from idp.directory.actors import Actor
from idp.directory.groups import EffectiveMembership
from idp.directory.users import User


def reaches_everybody(actor: Actor) -> bool:
    """Whether nothing but its organization bounds what people an actor reads."""
    return actor.can("users.read") and not actor.scope_of("users.read")


def within_reach(actor: Actor, statement: Select[Any]) -> Select[Any]:
    """Only the actor's organization; only the groups that its role covers; oneself always."""
    statement = statement.where(User.org_id == actor.org_id)
    if not actor.can("users.read"):
        return statement.where(User.id == actor.id)
    scope = actor.scope_of("users.read")
    if scope:
        inside = select(EffectiveMembership.user_id).where(EffectiveMembership.group_id.in_(scope))
        return statement.where(or_(User.id.in_(inside), User.id == actor.id))
    return statement
