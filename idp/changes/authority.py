"""May this actor do this; and which source owns which attribute.

`authorise` asks whether the actor may make changes of such kinds at all. `check_target` and
`check_group` ask, with the rows in hand, whether this one is within reach: the scope of a role,
the separation of duties, what people may change of themselves. `check_owners` and `own` keep the
memory of which source wrote which value.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from idp.changes import intents
from idp.changes.batch import Batch, Person, Team
from idp.directory.actors import LOCAL
from idp.directory.attributes import Flat
from idp.directory.connections import Connection
from idp.directory.errors import Forbidden, Invalid
from idp.directory.groups import EffectiveMembership
from idp.directory.roles import ROLES

# What each kind of change needs. Those with "self." a person may also ask for themselves.
PERMISSIONS: dict[type[intents.Change], str] = {
    intents.CreateUser: "users.write",
    intents.ChangeUser: "users.write",
    intents.DeleteUser: "users.write",
    intents.RestoreUser: "users.write",
    intents.BlockUser: "users.write",
    intents.UnblockUser: "users.write",
    intents.CreateGroup: "groups.write",
    intents.ChangeGroup: "groups.write",
    intents.DeleteGroup: "groups.write",
    intents.AddMember: "groups.write",
    intents.RemoveMember: "groups.write",
    intents.AssignRole: "roles.write",
    intents.RemoveRole: "roles.write",
    intents.SetPassword: "users.reset",
    intents.IssueLink: "users.reset",
    intents.EndSession: "users.reset",
    intents.EndSessions: "users.reset",
    intents.RedeemLink: "signin",
    intents.StartSession: "signin",
    intents.RecordSignIn: "signin",
    intents.CreateConnection: "connections.write",
    intents.ChangeConnection: "connections.write",
    intents.DeleteConnection: "connections.write",
    intents.IssueToken: "connections.write",
    intents.RevokeToken: "connections.write",
    intents.CreateOrganization: "system.operate",
    intents.ChangeOrganization: "organization.write",
    intents.AddDomain: "domains.write",
    intents.DefineSchema: "schema.write",
    intents.AddSigningKey: "connections.write",
}
OF_ONESELF = (
    intents.ChangeUser,
    intents.SetPassword,
    intents.EndSession,
    intents.EndSessions,
)
# What people may change of themselves, where no other source owns it.
SELF_EDITABLE = frozenset(
    {"nickName", "preferredLanguage", "locale", "timezone", "profileUrl", "phoneNumbers", "photos"}
)


def authorise(batch: Batch) -> None:
    """Refuse a batch that holds a kind of change the actor may not make."""
    for kind in {type(change) for change in batch.changes}:
        permission = PERMISSIONS[kind]
        if batch.actor.kind == "system" or batch.actor.can(permission):
            continue
        if kind in OF_ONESELF and batch.actor.can("self.write"):
            continue  # `check_target` sees to it that it is oneself
        batch.actor.need(permission)


def check_target(batch: Batch, who: Person, *, self_fields: Iterable[str] = ()) -> None:
    """Refuse a change of a person beyond the actor's reach."""
    actor = batch.actor
    if actor.kind != "user":
        return
    if not actor.can("users.write"):
        _only_oneself(batch, who.id, self_fields)
        return
    check_rank(batch, who.id)
    check_scope(batch, who)


def _only_oneself(batch: Batch, user_id: str, fields: Iterable[str]) -> None:
    if user_id != batch.actor.id:
        batch.actor.need("users.write")
    foreign = [path for path in fields if path not in SELF_EDITABLE]
    if foreign:
        raise Forbidden(
            "self_not_editable",
            f"You cannot change {foreign[0]} yourself; an administrator can.",
            attribute=foreign[0],
        )


def check_rank(batch: Batch, user_id: str) -> None:
    """Only a Global Administrator changes people who hold a role; helpdesk reaches helpdesk."""
    actor = batch.actor
    if actor.kind != "user" or actor.can("roles.write") or user_id == actor.id:
        return
    held = {row["role"] for row in batch.roles.get(user_id, ())}
    if not actor.can("users.write"):
        held -= {"helpdesk_administrator"}
    if held:
        names = ", ".join(sorted(ROLES[role].name for role in held if role in ROLES))
        raise Forbidden(
            "target_holds_role",
            f"This person is {names}; only a Global Administrator can do this to them.",
        )


def check_scope(batch: Batch, who: Person) -> None:
    """A role over one group reaches that group's effective members only."""
    if not batch.actor.scopes:
        return
    if who.is_new:
        raise Forbidden(
            "outside_scope", "Your role covers the members of a group; it cannot add people."
        )
    inside = batch.session.scalar(
        select(EffectiveMembership.user_id)
        .where(
            EffectiveMembership.user_id == who.id,
            EffectiveMembership.group_id.in_(batch.actor.scopes),
        )
        .limit(1)
    )
    if inside is None:
        raise Forbidden("outside_scope", "This person is outside the group that your role covers.")


def check_group(batch: Batch, team: Team) -> None:
    """Refuse a change of a group beyond the actor's scope."""
    scopes = batch.actor.scopes
    if batch.actor.kind == "user" and scopes and team.id not in scopes:
        raise Forbidden("outside_scope", "This group is not the one that your role covers.")


def check_group_owner(batch: Batch, team: Team) -> None:
    """Refuse a new name for a group that another source named."""
    _refuse_foreign(batch, {"displayName": team.row["owners"].get("displayName")})


def check_owners(batch: Batch, who: Person, altered: Mapping[str, Any]) -> None:
    """Refuse to overwrite what another source owns, naming it."""
    owners = who.row["owners"]
    if owners:
        _refuse_foreign(batch, {path: owners.get(path) for path in altered})


def _refuse_foreign(batch: Batch, owners: Mapping[str, str | None]) -> None:
    source = batch.actor.source
    for path, owner in owners.items():
        if owner is None or owner == source:
            continue
        name = batch.session.scalar(
            select(Connection.name).where(Connection.id == owner, Connection.org_id == batch.org_id)
        )
        if name is not None:  # what a detached source owned is free
            raise Forbidden(
                "attribute_owned",
                f"{path} comes from {name}; change it there.",
                attribute=path,
                owner=name,
            )


def own(batch: Batch, owners: Mapping[str, str], written: Flat) -> dict[str, str]:
    """The owners after a write: a connection owns what it writes, local values belong to nobody."""
    source = batch.actor.source
    kind = LOCAL if source == LOCAL else "connection"
    after = dict(owners)
    for path, value in written.items():
        leaf = batch.vocabulary.user_leaves.get(path)
        if leaf is not None and kind not in leaf.top.sources:
            raise Invalid("source_not_allowed", f"{path} cannot come from here.", attribute=path)
        if value is None or kind == LOCAL:
            after.pop(path, None)
        else:
            after[path] = source
    return after
