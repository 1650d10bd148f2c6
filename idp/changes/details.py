"""The verb of what an organization says of itself: its name, its settings, its logo."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from idp.changes.administration import organization_name
from idp.changes.batch import Batch, Needs, Result
from idp.changes.intents import KEEP, Change, ChangeOrganization
from idp.directory import details
from idp.directory.details import Logo
from idp.directory.errors import Stale
from idp.directory.orgs import Organization


def needs(_change: Change, wanted: Needs) -> None:
    """The organization, alone: two who change it at once take turns."""
    wanted.everybodys_roles = True


def change_organization(batch: Batch, change: ChangeOrganization) -> Result:
    """Rename, change settings, set or take away the logo."""
    table = Organization.__table__
    row = batch.session.execute(select(table).where(table.c.id == batch.org_id)).mappings().one()
    if change.expect is not None and change.expect != row["version"]:
        raise Stale("version_stale", "Somebody else has changed the organization meanwhile.")
    altered: dict[str, Any] = {}
    if change.name is not None and organization_name(change.name) != row["name"]:
        altered["name"] = organization_name(change.name)
    settings = _settings(batch, change, row["settings"])
    if settings != row["settings"]:
        altered["settings"] = settings
    if altered:
        stamp = {"version": row["version"] + 1, "last_modified": batch.now}
        batch.update(Organization, {"id": batch.org_id}, altered | stamp)
        target = ("Organization", batch.org_id, row["name"])
        batch.note("organization.changed", target, _difference(row, altered))
    return Result(batch.org_id, row["version"] + bool(altered), changed=bool(altered))


def _settings(batch: Batch, change: ChangeOrganization, before: dict[str, Any]) -> dict[str, Any]:
    """The settings as they will be; what mentions the logo follows the logo alone."""
    wanted = before if change.settings is None else details.check(change.settings)
    after = {name: value for name, value in wanted.items() if name != "logo"}
    logo = before.get("logo") if change.logo is KEEP else _logo(batch, change.logo, before)
    return after | ({"logo": logo} if logo else {})


def _logo(batch: Batch, picture: bytes | None, before: Mapping[str, Any]) -> dict[str, str] | None:
    """Put another picture in the place of the one that is there; returns its mention."""
    row = details.read_logo(picture) if picture else None
    mention = {"type": row["media_type"], "digest": details.logo_digest(row)} if row else None
    if mention != before.get("logo"):
        if before.get("logo"):
            batch.delete(Logo, {"org_id": batch.org_id})
        if row:
            batch.insert(Logo, {"org_id": batch.org_id} | row)
    return mention


def _difference(row: Any, altered: dict[str, Any]) -> dict[str, list[Any]]:
    """What is different, setting by setting."""
    diff = {"name": [row["name"], altered["name"]]} if "name" in altered else {}
    before, after = row["settings"], altered.get("settings", row["settings"])
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            diff[f"settings.{name}"] = [before.get(name), after.get(name)]
    return diff


HANDLERS = {ChangeOrganization: change_organization}
