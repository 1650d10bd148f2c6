"""Who administers what in an organization, and at which address they are told of it."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from idp.directory.orgs import Organization
from idp.directory.roles import ROLES, RoleAssignment
from idp.directory.sets import any_of
from idp.directory.users import User


@dataclass(frozen=True, slots=True)
class Keeper:
    """An administrator who is to be told of something."""

    user_id: str
    address: str
    org_id: str
    organization: str
    permissions: frozenset[str]


def keepers(session: Session, org_ids: Iterable[str], moment: datetime) -> list[Keeper]:
    """Who administers connections there, may sign in to do so, and can be written to."""
    return holders(session, org_ids, {"connections.write"}, moment)


def holders(
    session: Session, org_ids: Iterable[str], permissions: Collection[str], moment: datetime
) -> list[Keeper]:
    """Who holds one of these permissions over everybody, may sign in, and can be written to."""
    roles = [key for key, role in ROLES.items() if role.permissions.intersection(permissions)]
    found: dict[str, list[Any]] = {}
    for row in session.execute(_holding(session, org_ids, roles, moment)):
        found.setdefault(row.id, []).append(row)
    made = [_keeper(rows) for rows in found.values()]  # once, whatever roles they hold
    return [one for one in made if "@" in one.address]


def _holding(session: Session, org_ids: Iterable[str], roles: list[str], moment: datetime) -> Any:
    return (
        select(
            User.org_id,
            User.id,
            User.user_name,
            User.document,
            Organization.name,
            RoleAssignment.role,
        )
        .join(Organization, Organization.id == User.org_id)
        .join(RoleAssignment, RoleAssignment.user_id == User.id)
        .where(
            any_of(session, User.org_id, list(org_ids)),
            User.active,
            User.blocked_at.is_(None),
            User.deleted_at.is_(None),
            RoleAssignment.role.in_(sorted(roles)),
            RoleAssignment.scope_group_id.is_(None),
            or_(RoleAssignment.expires_at.is_(None), RoleAssignment.expires_at > moment),
        )
        .order_by(User.id)
    )


def _keeper(rows: list[Any]) -> Keeper:
    row = rows[0]
    held = frozenset[str]().union(*(ROLES[one.role].permissions for one in rows))
    return Keeper(row.id, _address(row), row.org_id, row.name, held)


def _address(row: Any) -> str:
    emails = json.loads(row.document).get("emails") or []
    chosen = next((e for e in emails if e.get("primary")), emails[0] if emails else {})
    return str(chosen.get("value") or row.user_name)
