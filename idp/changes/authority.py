"""May this actor do this; and which source owns which attribute.

`authorise` asks whether the actor may make changes of such kinds at all. `check_target` and
`check_group` ask, with the rows in hand, whether this one is within reach: the scope of a role,
the separation of duties, what people may change of themselves. `check_owners` and `own` keep the
memory of which source wrote which value.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import select

from idp.changes import intents
from idp.changes.batch import Batch, Person, Team
from idp.directory import values
from idp.directory.actors import LOCAL
from idp.directory.attributes import Flat
from idp.directory.connections import Connection
from idp.directory.errors import Forbidden, Invalid
from idp.directory.groups import EffectiveMembership
from idp.directory.roles import ROLES
from idp.directory.sets import any_of

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
    intents.CreateTarget: "connections.write",
    intents.ChangeTarget: "connections.write",
    intents.ReconcileTarget: "connections.write",
    intents.ApproveRemovals: "connections.write",
    intents.IssueToken: "connections.write",
    intents.RevokeToken: "connections.write",
    intents.IssueSecret: "connections.write",
    intents.RegisterKey: "connections.write",
    intents.RevokeSecret: "connections.write",
    intents.EngageBrake: "system.operate",
    intents.ApproveBrake: "connections.write",
    intents.RejectBrake: "connections.write",
    intents.SetBrake: "connections.write",
    intents.LinkPerson: "connections.write",
    intents.DismissLink: "connections.write",
    intents.CreateOrganization: "system.operate",
    intents.ChangeOrganization: "organization.write",
    intents.AddDomain: "domains.write",
    intents.DefineSchema: "schema.write",
    intents.AddSigningKey: "connections.write",
    intents.PutService: "system.operate",
    intents.AssignLicense: "licenses.write",
    intents.RemoveLicense: "licenses.write",
    intents.ReprocessLicenses: "licenses.write",
    intents.CopyLicenses: "licenses.write",
    intents.ReclaimLicenses: "licenses.write",
    intents.RequestLicense: "self.write",
    intents.DecideRequest: "licenses.write",
    intents.BuySubscription: "billing.write",
    intents.ChangeSubscription: "billing.write",
    intents.ExtendTrial: "billing.write",
    intents.UpgradeSubscription: "billing.write",
    intents.RenewSubscription: "billing.write",
    intents.CancelSubscription: "billing.write",
    intents.ReactivateSubscription: "billing.write",
    intents.DeleteSubscription: "billing.write",
    intents.FollowSubscriptions: "system.operate",
    intents.AddAgreement: "billing.write",
    intents.ChangeAgreement: "billing.write",
    intents.TerminateAgreement: "billing.write",
    intents.RecordPayment: "billing.write",
    intents.VoidInvoice: "billing.write",
    intents.CreditInvoice: "billing.write",
    intents.RecordUsage: "system.operate",
    intents.RetryDelivery: "connections.write",
    intents.CreateStream: "connections.write",
    intents.PauseStream: "connections.write",
    intents.DeleteStream: "connections.write",
    intents.SaveView: "self.write",
    intents.DeleteView: "self.write",
    intents.ExportList: "self.read",
    intents.KeepImport: "users.write",
    intents.MapImport: "users.write",
    intents.CommitImport: "users.write",
    intents.CancelImport: "users.write",
    intents.AdvanceImport: "users.write",
}
PRODUCT = "Chamberlain"  # the source of what was entered here
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
# By these somebody signs in, or gets a link that does.
PROVES_WHO = frozenset({"userName", "emails"})


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
    fields = set(self_fields)
    if who.id == actor.id and fields and fields <= SELF_EDITABLE:
        return
    if not actor.can("users.write"):
        _only_oneself(batch, who.id, fields)
        return
    check_rank(batch, who.id)
    check_scope(batch, who.id, "users.write")


def check_may_add(batch: Batch) -> None:
    """Refuse to add people to an actor whose role reaches the members of a group."""
    if batch.actor.scope_of("users.write"):
        raise Forbidden(
            "outside_scope", "Your role covers the members of a group; it cannot add people."
        )


def check_own_password(batch: Batch, user_id: str) -> None:
    """People choose their own passwords; a source may bring one."""
    if batch.actor.kind == "user" and batch.actor.id != user_id:
        raise Forbidden(
            "password_of_another", "Nobody chooses another's password; send a one-time link."
        )


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


def check_scope_of_all(batch: Batch, user_ids: Iterable[str], permission: str) -> None:
    """The same as `check_scope` for many, in one statement."""
    people = set(user_ids)
    for user_id in sorted(people):
        check_scope(batch, user_id, permission, beside=people)


def check_scope(batch: Batch, user_id: str, permission: str, beside: Iterable[str] = ()) -> None:
    """A permission over one group reaches that group's effective members only.

    `beside` are others who will be asked about next: they are looked up together.
    """
    scope = batch.actor.scope_of(permission)
    if not scope:
        return
    if (permission, user_id) not in batch.covered:
        asked = batch.users.keys() | batch.member_kinds.keys() | {user_id, *beside}
        inside = select(EffectiveMembership.user_id).where(
            any_of(batch.session, EffectiveMembership.user_id, asked),
            EffectiveMembership.group_id.in_(scope),
        )
        found = set(batch.session.scalars(inside))
        batch.covered.update(((permission, one), one in found) for one in asked)
    if not batch.covered[permission, user_id]:
        raise Forbidden("outside_scope", "This person is outside the group that your role covers.")


def check_group(batch: Batch, team: Team) -> None:
    """Refuse a change of a group beyond the actor's scope."""
    scope = batch.actor.scope_of("groups.write")
    if batch.actor.kind == "user" and scope and team.id not in scope:
        raise Forbidden("outside_scope", "This group is not the one that your role covers.")


def check_membership(batch: Batch, team: Team, member: str, kind: str) -> None:
    """Refuse a membership by which an actor would widen a role's reach, their own or another's."""
    actor = batch.actor
    if actor.kind != "user" or actor.can("roles.write"):
        return
    if team.id in batch.scoping_groups:
        raise Forbidden(
            "group_scopes_role",
            "A role reaches this group's members; only a Global Administrator changes them.",
        )
    scope = actor.scope_of("groups.write")
    if scope and kind == "Group" and member not in scope:
        raise Forbidden("outside_scope", "This group is not the one that your role covers.")
    if kind == "User":
        check_scope(batch, member, "groups.write")


def check_group_owner(batch: Batch, team: Team) -> None:
    """Refuse a new name for a group that another source named."""
    _refuse_foreign(batch, {"displayName": team.row["owners"].get("displayName")})


def check_owners(batch: Batch, who: Person, altered: Iterable[str]) -> None:
    """Refuse to overwrite what another source owns, naming it."""
    owners = who.row["owners"]
    if owners:
        _refuse_foreign(batch, {path: owners.get(path) for path in altered})


def check_removal(batch: Batch, source: str, what: str) -> None:
    """Refuse a connection that would remove what another source brought.

    People decide for themselves: an administrator may delete what a connection made.
    """
    if batch.actor.kind == "connection" and source != LOCAL and is_anothers(batch, source):
        name = batch.sources[source] or ""
        raise Forbidden(
            "attribute_owned", f"This {what} comes from {name}; remove it there.", owner=name
        )


def check_administrator(batch: Batch, who: Person, altered: Iterable[str]) -> None:
    """How an administrator signs in is not for a connection to change, unless it owns it."""
    if batch.actor.kind != "connection" or not batch.roles.get(who.id):
        return
    source = batch.actor.source
    for path in PROVES_WHO.intersection(altered):
        missing = who.flat.get(path) is None  # then it is for who brought the person to give it
        owner = who.row["source"] if missing else who.row["owners"].get(path)
        if owner != source:
            raise Forbidden(
                "administrator_protected",
                f"{path} of an administrator is changed in the portal, not by a connection.",
                attribute=path,
            )


def _refuse_foreign(batch: Batch, owners: Mapping[str, str | None]) -> None:
    for path, owner in owners.items():
        if is_anothers(batch, owner):
            name = batch.sources[str(owner)] or ""
            raise Forbidden(
                "attribute_owned",
                f"{path} comes from {name}; change it there.",
                attribute=path,
                owner=name,
            )


def is_anothers(batch: Batch, owner: str | None) -> bool:
    """Whether a value belongs to another source; what a detached one owned is free."""
    if owner is None or owner == batch.actor.source:
        return False
    if owner not in batch.sources:
        batch.sources[owner] = batch.session.scalar(
            select(Connection.name).where(Connection.id == owner, Connection.org_id == batch.org_id)
        )
    return batch.sources[owner] is not None


def source_name(batch: Batch, source: str) -> str:
    """What a source is called; what a detached one brought is the organization's own."""
    return (batch.sources[source] if is_anothers(batch, source) else None) or PRODUCT


def foreign_name(batch: Batch, given: intents.MaybeText, held: str | None) -> str | None:
    """The acting connection's name for a thing; whoever is none has no names of their own."""
    if given is intents.KEEP or batch.actor.connection_id is None:
        return held
    return values.foreign_name(given) if given else None


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
