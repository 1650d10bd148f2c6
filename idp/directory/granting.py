"""Whom to ask for a role: the Global Administrators, by name, for everybody of the organization."""

from dataclasses import dataclass

from sqlalchemy import or_, select

from idp.clock import now
from idp.directory.actors import Actor
from idp.directory.roles import GLOBAL_ADMINISTRATOR, RoleAssignment
from idp.directory.users import User
from idp.extensions import db

MOST = 10  # names of whom to ask; more would not help


@dataclass(frozen=True, slots=True)
class Granter:
    """Somebody who can give roles."""

    id: str
    name: str
    user_name: str


def granters(actor: Actor) -> list[Granter]:
    """Who can give a role in the actor's organization, and can sign in to do so.

    Anybody signed in may know: whoever is refused something has to know whom to ask.
    """
    wanted = (
        select(User.id, User.display_name, User.user_name)
        .join(RoleAssignment, RoleAssignment.user_id == User.id)
        .where(
            User.org_id == actor.org_id,
            User.active,
            User.blocked_at.is_(None),
            User.deleted_at.is_(None),
            RoleAssignment.role == GLOBAL_ADMINISTRATOR,
            RoleAssignment.scope_group_id.is_(None),
            or_(RoleAssignment.expires_at.is_(None), RoleAssignment.expires_at > now()),
        )
        .order_by(User.sort_key)
        .limit(MOST)
    )
    return [
        Granter(row.id, row.display_name or row.user_name, row.user_name)
        for row in db.session.execute(wanted)
    ]
