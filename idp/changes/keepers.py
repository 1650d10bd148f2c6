"""Who administers the connections of an organization, and at which address they are told."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from idp.directory.orgs import Organization
from idp.directory.roles import ROLES, RoleAssignment
from idp.directory.sets import any_of
from idp.directory.users import User

_ROLES = sorted(key for key, role in ROLES.items() if "connections.write" in role.permissions)


@dataclass(frozen=True, slots=True)
class Keeper:
    """An administrator who is to be told of something."""

    user_id: str
    address: str
    org_id: str
    organization: str


def keepers(session: Session, org_ids: Iterable[str], moment: datetime) -> list[Keeper]:
    """Who administers connections there, may sign in to do so, and can be written to."""
    statement = (
        select(User.org_id, User.id, User.user_name, User.document, Organization.name)
        .join(Organization, Organization.id == User.org_id)
        .join(RoleAssignment, RoleAssignment.user_id == User.id)
        .where(
            any_of(session, User.org_id, list(org_ids)),
            User.active,
            User.blocked_at.is_(None),
            User.deleted_at.is_(None),
            RoleAssignment.role.in_(_ROLES),
            RoleAssignment.scope_group_id.is_(None),
            or_(RoleAssignment.expires_at.is_(None), RoleAssignment.expires_at > moment),
        )
        .order_by(User.id)
    )
    people = {row.id: row for row in session.execute(statement)}  # once, whatever roles they hold
    found = [Keeper(row.id, _address(row), row.org_id, row.name) for row in people.values()]
    return [one for one in found if "@" in one.address]


def _address(row: Any) -> str:
    emails = json.loads(row.document).get("emails") or []
    chosen = next((e for e in emails if e.get("primary")), emails[0] if emails else {})
    return str(chosen.get("value") or row.user_name)
