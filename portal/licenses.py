"""Licences: the products, and of each who has it, which groups give it, who misses it; plans."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from idp.changes.license_history import history_of
from idp.directory.actors import Actor
from idp.licensing import queries
from idp.licensing.catalogue import PlanView, SkuView
from idp.licensing.decision import COUNT
from idp.licensing.products import ProductView
from portal import history, license_lists, license_words
from portal.frame import page
from portal.listing import Words, show
from portal.lists import whole, without


@dataclass(frozen=True, slots=True)
class Tab:
    """A page of one product."""

    word: Words
    endpoint: str
    count: int | None = None


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A plan of a product with all that binds it, in words."""

    plan: PlanView
    excludes: str
    requires: str
    countries: str


def licenses(actor: Actor) -> Response:
    """Every product that people hold: how many there are, who has them, who waits."""
    found = queries.products(actor)
    return page(
        "licenses/list.html",
        actor,
        products=found,
        figures=figures(found),
        requests=queries.count_requests(actor) if actor.can("licenses.write") else 0,
    )


def figures(found: list[ProductView]) -> list[tuple[str, int, str]]:
    """What is left, who waits, who has another problem: of all products together."""
    return [
        (_("Licences that can be assigned"), sum(one.units for one in found), ""),
        (_("Licences left"), sum(one.left for one in found), ""),
        (_("People waiting for one"), sum(one.waiting for one in found), ""),
        (_("Other problems"), sum(one.errors for one in found), ""),
    ]


def license_holders(actor: Actor, part_number: str) -> Response:
    """Who has the product, and from which grants."""
    sku = queries.find_sku(actor, part_number)
    found = show(license_lists.HOLDERS, actor)
    return _page(actor, sku, "licenses/holders.html", found=found)


def license_groups(actor: Actor, part_number: str) -> Response:
    """Which groups give the product to their members."""
    sku = queries.find_sku(actor, part_number)
    return _page(
        actor,
        sku,
        "licenses/groups.html",
        found=show(license_lists.GROUP_GRANTS, actor),
        everyone=queries.grant_to_everyone(actor, sku),
    )


def license_problems(actor: Actor, part_number: str) -> Response:
    """Who should have the product and has not; who waits, in the order in which they are served."""
    sku = queries.find_sku(actor, part_number)
    return _page(actor, sku, "licenses/problems.html", found=show(license_lists.SHORT, actor))


def license_plans(actor: Actor, part_number: str) -> Response:
    """The parts of the product, and what each excludes and needs."""
    sku = queries.find_sku(actor, part_number)
    return _page(actor, sku, "licenses/plans.html", plans=plan_lines(sku))


def plan_lines(sku: SkuView) -> list[PlanLine]:
    """The plans of a product in words, by title."""
    said = license_words.plans
    return [
        PlanLine(plan, said(plan.conflicts), said(plan.requires), ", ".join(sorted(plan.countries)))
        for plan in sorted(sku.plans, key=lambda one: one.title)
    ]


def license_history(actor: Actor, part_number: str) -> Response:
    """What was granted, given and taken, newest first."""
    sku = queries.find_sku(actor, part_number)
    before = whole(request.args.get("before"))
    views, following = history_of(actor, sku, before=before)
    return _page(
        actor,
        sku,
        "licenses/history.html",
        entries=history.entries(views),
        first=without("before") if before else "",
        next=without("before", before=following) if following else "",
    )


def _page(actor: Actor, sku: SkuView, template: str, **shown: Any) -> Response:
    """A page of one product, with its head, its figures and how far a turn is."""
    one = queries.product(actor, sku)
    around: Mapping[str, Any] = {
        "product": one,
        "sku": sku,
        "tabs": _tabs(one),
        "here": request.endpoint,
        "figures": _figures(one),
        "progress": queries.progress(actor, sku) if one.working else None,
    }
    return page(template, actor, **(dict(around) | shown))


def _tabs(one: ProductView) -> list[Tab]:
    return [
        Tab(_l("Users"), "portal.license_holders", one.assigned),
        Tab(_l("Groups"), "portal.license_groups"),
        Tab(_l("Errors"), "portal.license_problems", one.waiting + one.errors),
        Tab(_l("Plans"), "portal.license_plans"),
        Tab(_l("History"), "portal.license_history"),
    ]


def _figures(one: ProductView) -> list[tuple[str, object, str]]:
    return [
        (_("Assignable"), one.units, ""),
        (_("In use"), one.taken, ""),
        (_("Left"), one.left, ""),
        (_("Waiting"), one.waiting, ""),
    ]


def at_a_glance(actor: Actor) -> list[tuple[str, int, str]]:
    """What is left, who waits and what is wrong, each with its page; for home."""
    found = queries.products(actor)
    if not found:
        return []
    here, wrong = url_for("portal.licenses"), url_for("portal.license_errors")
    short = url_for("portal.license_errors", code=COUNT)
    return [
        (_("Licences left"), sum(one.left for one in found), here),
        (_("Licences in use"), sum(one.taken for one in found), here),
        (_("People waiting for a licence"), sum(one.waiting for one in found), short),
        (_("Licence errors"), sum(one.errors for one in found), wrong),
    ]


def license_errors(actor: Actor) -> Response:
    """Everybody who should have something and has not, whatever the product."""
    return page("licenses/errors.html", actor, found=show(license_lists.PROBLEMS, actor))
