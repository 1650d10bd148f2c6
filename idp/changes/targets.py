"""The verbs of applications that we provision: attach, change, reconcile, approve a removal.

Attaching one sends people's data out of the organization, so whoever does it must be able to read
everybody's. The work itself is done by `scim.outbound`, which follows the audit: each of these
verbs leaves an entry there, and the entry is what sets the work going.
"""

import json
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import func, select

from idp import sealing
from idp.changes import followers, partners
from idp.changes.batch import Batch, Needs, Result, Row
from idp.changes.followers import Follower
from idp.changes.intents import (
    ApproveRemovals,
    Change,
    ChangeConnection,
    ChangeTarget,
    CreateConnection,
    CreateTarget,
    ReconcileTarget,
)
from idp.directory import provisioning
from idp.directory.errors import Conflict, Invalid, not_found
from idp.directory.groups import Group
from idp.directory.sets import any_of
from idp.directory.targets import (
    AUTHS,
    KIND,
    Target,
    TargetLink,
    TargetSettings,
    check_settings,
)
from idp.directory.values import digest
from idp.licensing.catalogue import catalogue_of
from idp.outgoing import origin_of

PURPOSE = "outbound"
SECRET_MAX = 8192


def needs(change: Change, wanted: Needs) -> None:
    """What a change of a target names."""
    if isinstance(change, ChangeTarget | ReconcileTarget | ApproveRemovals):
        wanted.connections.add(change.id)


def _held(batch: Batch, connection_id: str) -> Row:
    row = batch.connections.get(connection_id)
    if row is None or row["kind"] != KIND:
        raise not_found("target")
    return row


def create_target(batch: Batch, change: CreateTarget) -> Result:
    """Attach an application; its follower's first entry is this very change."""
    provisioning.need_to_send(batch.actor)
    _check(batch, change.settings)
    made = partners.create_connection(
        batch,
        CreateConnection(KIND, change.name, settings=change.settings.stored(), id=change.id),
    )
    row: Row = {
        "connection_id": made.id,
        "org_id": batch.org_id,
        "secrets": _sealed(change.settings, change.secrets),
        "abilities": {},
        "walk": {},
        "brake": {},
        "drift": {},
    }
    batch.insert(Target, row)
    followers.start(batch, made.id, PURPOSE)
    _note(batch, batch.connections[made.id], {}, change.settings.stored())
    return made


def _note(batch: Batch, row: Row, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Where people's data goes, and whose, is for everybody who audits to see."""
    differing = {n: [before.get(n), v] for n, v in after.items() if v != before.get(n)}
    shown = {n: pair for n, pair in differing.items() if any(pair)}
    if shown:
        batch.note("target.set", ("Connection", row["id"], row["name"]), shown)


def _check(batch: Batch, settings: TargetSettings) -> None:
    check_settings(settings, batch.vocabulary)
    known = select(func.count()).where(
        Group.org_id == batch.org_id, any_of(batch.session, Group.id, settings.groups)
    )
    if settings.groups and batch.session.scalar(known) != len(set(settings.groups)):
        raise Invalid(
            "scope_unknown", "One of the groups chosen is no longer there.", attribute="groups"
        )
    known_here = catalogue_of(batch.catalogue_version)
    for part_number in settings.licenses:
        sku = known_here.sku_by_part_number(part_number)
        if sku is None or not sku.assignable:
            sentence = f"There is no product {part_number[:64]!r} that people hold."
            raise Invalid("license_unknown", sentence, attribute="licenses")


def _sealed(settings: TargetSettings, secrets: Mapping[str, str]) -> str:
    wanted = AUTHS[settings.auth]
    for name in wanted:
        secret = secrets.get(name, "")
        if (
            not secret
            or len(secret) > SECRET_MAX
            or not secret.isascii()
            or not secret.isprintable()
        ):
            raise Invalid(
                "secret_missing", "Give the secret that the application gave you.", attribute=name
            )
    return sealing.seal(json.dumps({name: secrets[name] for name in wanted}).encode())


def change_target(batch: Batch, change: ChangeTarget) -> Result:
    """Change what is given; secrets appear in the audit by their fact alone."""
    provisioning.need_to_send(batch.actor)
    row = _held(batch, change.id)
    before = TargetSettings.read(row["settings"])
    settings = change.settings or before
    _check(batch, settings)
    if not change.secrets:
        _check_kept(before, settings)
    wanted = ChangeConnection(
        change.id, name=change.name, settings=settings.stored(), expect=change.expect
    )
    result = partners.change_connection(batch, wanted)
    _note(batch, row, before.stored(), settings.stored())
    if change.secrets:
        sealed = _sealed(settings, change.secrets)
        batch.update(Target, {"connection_id": change.id}, {"secrets": sealed})
        batch.note("target.secret_changed", ("Connection", row["id"], row["name"]), {})
        result.changed = True
    if result.changed:  # it is tried at once, and asked anew what it can do
        batch.update(Target, {"connection_id": change.id}, {"abilities": {}})
        batch.update(Follower, {"connection_id": change.id}, followers.awake())
    return result


def _check_kept(before: TargetSettings, settings: TargetSettings) -> None:
    """Secrets that are not given again serve the same way in, at the same servers, alone.

    Else who may change an address, and may not read the secret, would have it sent to their own.
    """
    if settings.auth != before.auth:
        _sealed(settings, {})  # another way in needs secrets of its own: refused by name
    if _receivers(settings) != _receivers(before):
        raise Invalid(
            "secret_again",
            "The address leads to another server. Give the secret for it again.",
            attribute=AUTHS[settings.auth][-1],
        )


def _receivers(settings: TargetSettings) -> list[tuple[str, str, int]]:
    """The servers that a secret, or a token that was had by it, is sent to."""
    urls = [settings.base_url]
    if settings.auth == "client_credentials":
        urls.append(settings.token_url)
    return [origin_of(url) for url in urls]


def reconcile_target(batch: Batch, change: ReconcileTarget) -> Result:
    """Ask for a comparison: the entry is the request."""
    provisioning.need_to_send(batch.actor)
    row = _held(batch, change.id)
    if not row["enabled"]:
        raise Conflict("target_paused", "This application is paused; resume it first.")
    batch.note("target.reconcile", ("Connection", row["id"], row["name"]), {})
    batch.update(Follower, {"connection_id": row["id"]}, followers.awake())
    return Result(row["id"], row["version"], changed=True)


def approve_removals(batch: Batch, change: ApproveRemovals) -> Result:
    """Let exactly those go whom the page showed; where it is others by now, it is asked again."""
    provisioning.need_to_send(batch.actor)
    row = _held(batch, change.id)
    target = provisioning.find_target(batch.actor, change.id)
    ids = provisioning.leaving(batch.actor, target)
    if not target.brake or digest_of(ids) != change.digest:
        raise Conflict(
            "removals_changed",
            "Who would be removed has changed meanwhile; look again, then approve.",
        )
    for one in ids:
        key = {"connection_id": row["id"], "subject_id": one}
        batch.update(TargetLink, key, {"approved": True})
    batch.update(Target, {"connection_id": row["id"]}, {"brake": {}})
    batch.update(Follower, {"connection_id": row["id"]}, followers.awake())
    shown: dict[str, Any] = {"removals": [None, len(ids)]}
    batch.note("target.removals_approved", ("Connection", row["id"], row["name"]), shown)
    return Result(row["id"], row["version"], changed=True)


def digest_of(ids: Collection[str]) -> str:
    """What stands for exactly these subjects."""
    return digest("\n".join(sorted(ids)))


HANDLERS = {
    CreateTarget: create_target,
    ChangeTarget: change_target,
    ReconcileTarget: reconcile_target,
    ApproveRemovals: approve_removals,
}
