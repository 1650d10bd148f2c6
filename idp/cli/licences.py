"""Licences: the catalogue, who holds what, assigning, and whether the books agree."""

import json
from typing import Any, TextIO

import click

from idp.changes import apply
from idp.changes.intents import AssignLicense, PutService, RemoveLicense, ReprocessLicenses
from idp.cli.answers import Answer, command, table
from idp.cli.finding import chosen, group, operator, organization, person
from idp.clock import rfc3339
from idp.directory.actors import Actor, system_actor
from idp.licensing import queries
from idp.licensing.catalogue import SkuView
from idp.licensing.held import LicenseView

license_ = click.Group("license", help="Licences: catalog, list, assign, remove, reprocess, check.")
_PRODUCT = click.argument("part_number", metavar="PRODUCT")
_WHOM = (
    click.option("--group", "group_name", help="The members of this group, instead of a person."),
    click.option("--everyone", is_flag=True, help="Everybody, instead of a person."),
)


def _whom(work: Any) -> Any:
    for option in _WHOM:
        work = option(work)
    return click.argument("user_name", metavar="[USERNAME]", required=False)(work)


@command("catalog", license_)
@click.argument("file", type=click.File("r", encoding="utf-8"))
def catalog(file: TextIO) -> Answer:
    """Set a service with its products, plans and offers, as a JSON document says."""
    try:
        document = json.load(file)
    except ValueError as error:
        raise click.ClickException(f"This is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise click.ClickException("The document must be one JSON object, a service.")
    made = apply(PutService(document), by=system_actor("")).first
    found = queries.catalogue()
    products = [sku.part_number for sku in found.skus_of(made.id) if sku.retired_at is None]
    return Answer({"service": document.get("slug"), "id": made.id, "products": products})


@command("list", license_)
@click.argument("org")
@click.argument("user_name", metavar="[USERNAME]", required=False)
def list_all(org: str, user_name: str | None) -> Answer:
    """List what the organization has, or what one person holds and why."""
    if user_name is not None:
        by, who = person(user_name, org)
        rows = [_held(view) for view in queries.licenses_of(by, who.id)]
        names = ("product", "held_since", "disabled_plans", "sources", "problem")
        told = table([[row[n] for n in names] for row in rows], "Nothing is assigned.")
        return Answer({"user_name": who.user_name, "licenses": rows}, told)
    found = organization(org)
    rows = [_units(one) for one in queries.subscribed_skus(operator(found.id))]
    shown = [list(row.values()) for row in rows]
    return Answer({"org": found.slug, "products": rows}, table(shown, "There are no licences."))


def _units(one: Any) -> dict[str, Any]:
    return {
        "product": one.sku.part_number,
        "name": one.sku.name,
        "status": one.capability,
        "enabled": one.enabled,
        "warning": one.warning,
        "suspended": one.suspended,
        "consumed": one.consumed,
    }


def _held(view: LicenseView) -> dict[str, Any]:
    return {
        "product": view.sku.part_number,
        "held_since": rfc3339(view.held_since) if view.held_since else None,
        "access": view.access,
        "disabled_plans": sorted(view.plans_off),
        "sources": [source.name or source.kind for source in view.sources],
        "problem": view.problem.code if view.problem else None,
    }


@command("assign", license_)
@click.argument("org")
@_PRODUCT
@_whom
@click.option("--without", "off", multiple=True, metavar="PLAN", help="Switch this plan off.")
def assign(org: str, part_number: str, off: tuple[str, ...], **whom: Any) -> Answer:
    """Assign a product to a person, a group or everyone; again, to set its plans anew."""
    by, sku = operator(organization(org).id), _product(part_number)
    principal, name = _principal(by, org, **whom)
    made = apply(AssignLicense(sku.id, plans_off=off, **principal), by=by)
    told = {"product": sku.part_number, "to": name, "disabled_plans": sorted(off)}
    return Answer({"id": made.first.id} | told | {"changed": made.changed})


@command("remove", license_)
@click.argument("org")
@_PRODUCT
@_whom
def remove(org: str, part_number: str, **whom: Any) -> Answer:
    """Take an assignment back; a seat that another one gives as well stays."""
    by, sku = operator(organization(org).id), _product(part_number)
    principal, name = _principal(by, org, **whom)
    made = apply(RemoveLicense(sku.id, **principal), by=by).first
    return Answer({"id": made.id, "product": sku.part_number, "from": name})


def _product(part_number: str) -> SkuView:
    sku = queries.catalogue().sku_by_part_number(part_number)
    if sku is None:
        raise click.ClickException(f"There is no product {part_number!r} in the catalogue.")
    return sku


def _principal(
    by: Actor, org: str, user_name: str | None, group_name: str | None, everyone: bool
) -> tuple[dict[str, str], str]:
    """Whom an assignment is for; exactly one way of saying it."""
    if sum((user_name is not None, group_name is not None, everyone)) != 1:
        raise click.UsageError("Name a person, or --group NAME, or --everyone.")
    if user_name is not None:
        who = person(user_name, org)[1]
        return {"user_id": who.id}, who.user_name
    if group_name is not None:
        team = group(by, group_name)
        return {"group_id": team.id}, team.display_name
    return {}, "everyone"


@command("reprocess", license_)
@click.argument("org")
@click.argument("user_names", metavar="USERNAME...", nargs=-1, required=True)
def reprocess(org: str, user_names: tuple[str, ...]) -> Answer:
    """Look at the seats of these people again."""
    by = operator(organization(org).id)
    ids = tuple(person(name, org)[1].id for name in user_names)
    apply(ReprocessLicenses(ids), by=by)
    rows = {
        name: [_held(view) for view in queries.licenses_of(by, one)]
        for name, one in zip(user_names, ids, strict=True)
    }
    return Answer({"people": rows})


@command("check", license_)
@click.argument("org", required=False)
def check(org: str | None) -> Answer:
    """Compare the books with themselves; what does not agree is told, and left as it is."""
    rows = [row for found in chosen(org) for row in _drift(found.id, found.slug)]
    shown = table([list(row.values()) for row in rows], "Everything agrees.")
    problem = f"{len(rows)} things do not agree. Nothing was changed." if rows else ""
    return Answer({"drift": rows, "agrees": not rows}, shown, problem)


def _drift(org_id: str, slug: str) -> list[dict[str, Any]]:
    return [
        {
            "org": slug,
            "product": one.sku.part_number,
            "code": one.code,
            "stated": one.stated,
            "counted": one.counted,
        }
        for one in queries.drift_of(operator(org_id))
    ]


COMMANDS: tuple[click.Command, ...] = (license_,)
