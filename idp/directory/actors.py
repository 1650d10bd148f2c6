"""Who acts: every read and every change names one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from idp.directory.errors import Forbidden
from idp.directory.roles import ALL_PERMISSIONS

LOCAL = "local"  # the source that stands for values written in the portal or on the command line


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody or something that reads or changes the directory through one door.

    `scopes` holds, for a permission that reaches only some groups, their ids: then the actor sees
    or changes only those groups and their effective members. What is not in it reaches the whole
    organization. `org_id` is the one organization that the actor can reach.
    """

    kind: str  # "user", "connection" or "system"
    id: str
    name: str
    org_id: str
    door: str  # "scim", "portal", "api", "saml", "cli", "worker", "signin"
    permissions: frozenset[str] = frozenset()
    scopes: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    connection_id: str | None = None
    request_id: str = ""
    session_id: str | None = None
    strength: str = ""  # how the person proved who they are: "password", "link"

    @property
    def source(self) -> str:
        """The owner of what this actor writes: its connection, or the organization itself."""
        return self.connection_id or LOCAL

    def can(self, permission: str) -> bool:
        """Whether the actor holds a permission (anywhere: scope is checked with the target)."""
        return permission in self.permissions

    def scope_of(self, permission: str) -> tuple[str, ...]:
        """The groups that a held permission reaches; none means the whole organization."""
        return self.scopes.get(permission, ())

    def need(self, permission: str) -> None:
        """Refuse, naming the permission, unless the actor holds it."""
        if permission not in self.permissions:
            raise Forbidden(
                "permission_missing",
                f"This needs the permission {permission}. A Global Administrator can grant it.",
                cause=f"{self.kind} {self.id} lacks {permission}",
            )


def system_actor(org_id: str, door: str = "cli", name: str = "operator") -> Actor:
    """The operator at the console, or the product itself: every permission in one organization."""
    return Actor("system", "system", name, org_id, door, permissions=ALL_PERMISSIONS)
