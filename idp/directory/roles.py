"""Administrative roles: what each may do, and the table of who holds which.

The permissions follow the table of administrative roles in docs/portal.md; a role may be held in
the scope of one group (its effective members) and may expire. Only `idp.changes` assigns.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from idp.extensions import Model

SELF = frozenset({"self.read", "self.write"})
READ_PEOPLE = frozenset({"users.read", "groups.read"})


@dataclass(frozen=True, slots=True)
class Role:
    """One of the nine administrative roles."""

    key: str
    name: str
    description: str
    permissions: frozenset[str]
    privileged: bool = False  # may change who holds power, or how people prove who they are


def _role(
    key: str, name: str, description: str, permissions: str, privileged: bool = False
) -> tuple[str, Role]:
    granted = READ_PEOPLE | SELF | frozenset(permissions.split())
    return key, Role(key, name, description, granted, privileged)


_READ_ALL = (
    "roles.read organization.read connections.read domains.read audit.read signins.read "
    "licenses.read services.read billing.read"
)
_EVERYTHING = (
    "users.write users.reset groups.write roles.write organization.write connections.write "
    "domains.write licenses.write billing.write schema.write cases.read " + _READ_ALL
)

ROLES: dict[str, Role] = dict(
    (
        _role(
            "global_administrator",
            "Global Administrator",
            "Everything in the organization, and who holds which role.",
            _EVERYTHING,
            privileged=True,
        ),
        _role(
            "user_administrator",
            "User Administrator",
            "Creates, changes, blocks and deletes people who hold no role; groups and licences.",
            "users.write users.reset groups.write licenses.read licenses.write",
            privileged=True,
        ),
        _role(
            "groups_administrator",
            "Groups Administrator",
            "Creates and changes groups and their members.",
            "groups.write",
        ),
        _role(
            "license_administrator",
            "License Administrator",
            "Assigns and removes licences; sees what there is of them, not what it costs.",
            "licenses.read licenses.write services.read",
        ),
        _role(
            "billing_administrator",
            "Billing Administrator",
            "Buys, renews and sees invoices; does not assign.",
            "billing.read billing.write services.read cases.read",
        ),
        _role(
            "helpdesk_administrator",
            "Helpdesk Administrator",
            "Sends one-time links and ends sessions for people who hold no other role.",
            "users.reset cases.read",
            privileged=True,
        ),
        _role(
            "federation_administrator",
            "Federation and Domain Administrator",
            "Domains, applications, federation, provisioning and directory sync.",
            "connections.read connections.write domains.read domains.write",
            privileged=True,
        ),
        _role(
            "security_reader",
            "Security Reader",
            "Reads the audit, sign-ins, roles and policies.",
            "audit.read signins.read roles.read organization.read",
        ),
        _role("global_reader", "Global Reader", "Reads everything, changes nothing.", _READ_ALL),
    )
)

# What makes sense over one group; a role that is scoped gives nothing else.
SCOPABLE = frozenset(
    {
        "users.read",
        "users.write",
        "users.reset",
        "groups.read",
        "groups.write",
        "licenses.read",
        "licenses.write",
    }
)

ALL_PERMISSIONS: frozenset[str] = frozenset().union(*(r.permissions for r in ROLES.values())) | {
    "system.operate"
}
GLOBAL_ADMINISTRATOR = "global_administrator"


def power(
    held: Iterable[tuple[str, str | None]],
) -> tuple[frozenset[str], dict[str, tuple[str, ...]]]:
    """(permissions, scopes by permission) of who holds roles: (key, id of a group or None) each.

    A scope binds the permissions of its own role: being a reader everywhere does not widen what
    somebody may write over one group.
    """
    everywhere: set[str] = set()
    over: dict[str, set[str]] = {}
    for key, group_id in held:
        granted = ROLES[key].permissions if key in ROLES else frozenset()
        if group_id is None:
            everywhere |= granted
        else:
            for permission in granted & SCOPABLE:
                over.setdefault(permission, set()).add(group_id)
    scopes = {p: tuple(sorted(ids)) for p, ids in over.items() if p not in everywhere}
    return frozenset(everywhere | scopes.keys()), scopes


class RoleAssignment(Model):
    """A person holds a role: everywhere, or over one group's members; for good, or until a date."""

    __tablename__ = "role_assignments"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"]),
        Index("ix_role_assignments_user", "user_id"),
        Index("ix_role_assignments_role", "org_id", "role"),
        Index("uq_role_assignments", "user_id", "role", "scope_key", unique=True),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    user_id: Mapped[str] = mapped_column(String(36))
    role: Mapped[str] = mapped_column(String(64))
    scope_group_id: Mapped[str | None] = mapped_column(String(36))
    scope_key: Mapped[str] = mapped_column(
        String(36), default=""
    )  # "" stands for no scope: NULLs are distinct
    expires_at: Mapped[datetime | None]
    created: Mapped[datetime]
