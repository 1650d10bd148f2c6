"""The verbs of licences: grant a SKU, take it back, look again. Seats follow (see `seats`)."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select

from idp.changes.authority import check_scope, check_scope_of_all
from idp.changes.batch import Batch, Held, Needs, Result, Row
from idp.changes.intents import (
    AssignLicense,
    Change,
    CopyLicenses,
    ReclaimLicenses,
    RemoveLicense,
    ReprocessLicenses,
)
from idp.clock import new_id
from idp.directory.errors import Conflict, Forbidden, Invalid, not_found
from idp.licensing.catalogue import SkuView, catalogue_of
from idp.licensing.seats import EVERYONE, GROUP, PERSON, Grant, Holding

Grantable = AssignLicense | RemoveLicense
_HELD_BY = (
    select(Holding.sku_id, Holding.plans_off)
    .where(Holding.org_id == bindparam("org"), Holding.user_id == bindparam("person"))
    .order_by(Holding.sku_id)
)


def needs(change: Change, wanted: Needs) -> None:
    """What a change of licences names."""
    if isinstance(change, ReprocessLicenses):
        return
    if isinstance(change, CopyLicenses):
        wanted.users.update((change.from_user_id, *change.to_user_ids))
        wanted.grants_of.update(change.to_user_ids)
        return
    if isinstance(change, ReclaimLicenses):
        wanted.users.update(user_id for user_id, _ in change.seats)
        wanted.grants.update(sku_id for _, sku_id in change.seats)
        return
    assert isinstance(change, Grantable)  # noqa: S101  the table of handlers says so
    wanted.grants.add(change.sku_id)
    if change.user_id is not None:
        wanted.users.add(change.user_id)
        return
    wanted.alone = True  # so that nobody joins or leaves unseen
    if change.group_id is not None:
        wanted.groups.add(change.group_id)


def assign_license(batch: Batch, change: AssignLicense) -> Result:
    """Grant a SKU; granting it again sets the plans that are off."""
    sku = sku_of(batch, change.sku_id)
    kind, principal, name = _principal(batch, change)
    if sku.retired_at is not None and _grant(batch, sku.id, kind, principal) is None:
        raise Conflict("sku_retired", f"{sku.name} is not assigned any more.", attribute="skuId")
    off = _plans(sku, change.plans_off)
    held = _grant(batch, sku.id, kind, principal)
    changed = held is None or held.row is None or held.row["plans_off"] != off
    if held is None:
        held = _new(batch, sku.id, kind, principal)
    elif held.row is not None and held.row["plans_off"] != off:
        held.row["version"] += 1
    assert held.row is not None  # noqa: S101  a grant that is taken back is not found
    held.row["plans_off"] = off
    if kind == PERSON:
        batch.insisted[principal, sku.id] = batch.index
    _note(batch, held, (kind, principal, name), sku)
    new = held.before is None
    return Result(held.row["id"], held.row["version"], changed=changed, created=new)


def remove_license(batch: Batch, change: RemoveLicense) -> Result:
    """Take a grant back."""
    sku = sku_of(batch, change.sku_id)
    whom = _principal(batch, change)
    held = _grant(batch, sku.id, *whom[:2])
    if held is None:
        raise Conflict(
            "license_not_assigned", f"{sku.name} is not assigned here.", attribute="skuId"
        )
    return _take_back(batch, held, whom, sku)


def _take_back(batch: Batch, held: Held, whom: tuple[str, str, str], sku: SkuView) -> Result:
    assert held.row is not None  # noqa: S101  a grant that is taken back is not found
    kind, principal, _name = whom
    grant_id = held.row["id"]
    held.row = None
    del batch.grants_by[sku.id, kind, principal]
    batch.insisted.pop((principal, sku.id), None)
    batch.withdrawn[principal if kind == PERSON else "", sku.id] = batch.index
    _note(batch, held, whom, sku)
    return Result(grant_id, changed=True)


def copy_licenses(batch: Batch, change: CopyLicenses) -> Result:
    """Grant to people what another holds."""
    _person(batch, change.from_user_id)
    held = batch.ask(_HELD_BY, person=change.from_user_id)
    if not held:
        raise Conflict("nothing_to_copy", "This person holds no licence that could be copied.")
    for user_id in change.to_user_ids:
        for row in held:
            assign_license(batch, AssignLicense(row["sku_id"], user_id, None, row["plans_off"]))
    return Result(change.from_user_id)


def reclaim_licenses(batch: Batch, change: ReclaimLicenses) -> Result:
    """Take back the grants that these people have of their own; what groups give stays."""
    taken = False
    for user_id, sku_id in change.seats:
        sku, whom = sku_of(batch, sku_id), _person(batch, user_id)
        held = _grant(batch, sku.id, *whom[:2])
        if held is not None:
            taken = _take_back(batch, held, whom, sku).changed
    return Result(changed=taken)


def reprocess_licenses(batch: Batch, change: ReprocessLicenses) -> Result:
    """Look at the seats of these people again."""
    if batch.actor.kind == "user":
        check_scope_of_all(batch, change.user_ids, "licenses.write")
    batch.reviewed.update(change.user_ids)
    batch.unhurried |= batch.actor.kind == "system"
    return Result()


def sku_of(batch: Batch, sku_id: str) -> SkuView:
    sku = catalogue_of(batch.catalogue_version).skus.get(sku_id)
    if sku is None:
        raise not_found("product")
    if not sku.assignable:
        raise Invalid(
            "sku_not_assignable",
            f"{sku.name} is used by the whole organization; nobody is assigned to it.",
            attribute="skuId",
        )
    return sku


def _plans(sku: SkuView, off: Sequence[str]) -> list[str]:
    known = {plan.name for plan in sku.plans}
    unknown = sorted(set(off) - known)
    if unknown:
        raise Invalid(
            "plan_unknown",
            f"{sku.name} has no plan {unknown[0][:64]!r}.",
            attribute="disabledPlans",
        )
    if known and known == set(off):
        raise Invalid(
            "plans_all_off",
            f"At least one plan of {sku.name} stays on; or remove the licence.",
            attribute="disabledPlans",
        )
    return sorted(set(off))


def _principal(batch: Batch, change: Grantable) -> tuple[str, str, str]:
    """Kind, id and name of whom a change is about; refused beyond the actor's reach."""
    if change.user_id is not None:
        return _person(batch, change.user_id)
    if batch.actor.scope_of("licenses.write"):
        raise Forbidden(
            "outside_scope",
            "Your role covers the members of a group; assign to them one by one.",
        )
    if change.group_id is None:
        return EVERYONE, "", "Everyone"
    team = batch.groups.get(change.group_id)
    if team is None or team.deleted:
        raise not_found("group")
    return GROUP, team.id, team.row["display_name"]


def _person(batch: Batch, user_id: str) -> tuple[str, str, str]:
    who = batch.users.get(batch.meant.get(user_id, user_id))
    if who is None or who.gone:
        raise not_found("user")
    if batch.actor.kind == "user":
        check_scope(batch, who.id, "licenses.write")
    if who.index is None:
        who.index = batch.index
    return PERSON, who.id, str(who.flat.get("userName", ""))


def _grant(batch: Batch, sku_id: str, kind: str, principal: str) -> Held | None:
    return batch.grants_by.get((sku_id, kind, principal))


def _new(batch: Batch, sku_id: str, kind: str, principal: str) -> Held:
    row: Row = {
        "id": new_id(),
        "org_id": batch.org_id,
        "kind": kind,
        "principal": principal,
        "user_id": principal if kind == PERSON else None,
        "group_id": principal if kind == GROUP else None,
        "sku_id": sku_id,
        "plans_off": [],
        "created": batch.now,
        "created_by": batch.actor.id,
        "version": 1,
    }
    held = batch.grants_by[sku_id, kind, principal] = Held(None, row)
    return batch.grants.setdefault(row["id"], held)


def _note(batch: Batch, held: Held, whom: tuple[str, str, str], sku: SkuView) -> None:
    """Write down what was meant; what came of it is noted for each person by `seats`."""
    before, row = held.before, held.row
    if before is not None and row is not None and before["plans_off"] == row["plans_off"]:
        return
    kind, principal, name = whom
    target = {PERSON: "User", GROUP: "Group", EVERYONE: "Organization"}[kind]
    diff: Row = {"license": [before and sku.part_number, row and sku.part_number]}
    off = [before["plans_off"] if before else [], row["plans_off"] if row else []]
    if off[0] != off[1] and row is not None:
        diff["disabledPlans"] = off
    verb = "grant.removed" if row is None else "grant.changed" if before else "grant.added"
    batch.note(
        verb,
        (target, principal or batch.org_id, name),
        diff,
        related_kind="Sku",
        related_id=sku.id,
        related_name=sku.name,
    )


def write_grants(batch: Batch) -> None:
    """Queue the rows of the grants that changed; called when seats are known."""
    for held in batch.grants.values():
        if held.row is None and held.before is not None:
            batch.delete(Grant, {"id": held.before["id"]})
        elif held.before is None and held.row is not None:
            batch.insert(Grant, held.row)
        elif held.row is not None and held.row != held.before:
            off = {"plans_off": held.row["plans_off"], "version": held.row["version"]}
            batch.update(Grant, {"id": held.row["id"]}, off)


HANDLERS = {
    AssignLicense: assign_license,
    RemoveLicense: remove_license,
    ReprocessLicenses: reprocess_licenses,
    CopyLicenses: copy_licenses,
    ReclaimLicenses: reclaim_licenses,
}
