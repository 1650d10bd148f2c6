"""What is said of seats: where they come from, why somebody has none, and what mends that."""

from collections.abc import Collection
from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from idp.directory.actors import Actor
from idp.licensing.catalogue import SkuView, catalogue
from idp.licensing.decision import CONFLICT, COUNT, COUNTRY, DEPENDENCY, Problem
from idp.licensing.reclaim import Price
from idp.licensing.sources import Source
from idp.licensing.waiting import FARTHEST, ProblemView
from portal.words import figure, money

CODES = {
    COUNT: _l("No licence is left"),
    CONFLICT: _l("Excluded by another product"),
    DEPENDENCY: _l("Needs another product"),
    COUNTRY: _l("Not for this country"),
}


@dataclass(frozen=True, slots=True)
class Fix:
    """Where a problem is mended."""

    verb: str
    url: str


@dataclass(frozen=True, slots=True)
class From:
    """A source of a seat in words; `url` leads to the group."""

    text: str
    url: str = ""
    plans_off: str = ""


def sentence(problem: Problem, sku: SkuView, held: bool = False) -> str:
    """Why somebody does not hold a product, or still does, and what would mend it."""
    names = {"product": sku.name, "other": plan_title(problem.detail)}
    if problem.code == DEPENDENCY and held:
        return str(_("It is no longer granted, but stays while %(other)s needs it.", **names))
    said = {
        COUNT: _("No licence is left. They get the next one that becomes free."),
        CONFLICT: _(
            "It excludes %(other)s, which they use. Remove one of the two, or switch that plan "
            "off.",
            **names,
        ),
        DEPENDENCY: _("It needs %(other)s, which they do not have. Assign that first.", **names),
        COUNTRY: _(
            "%(other)s may not be used in their country. Switch that plan off, or correct the "
            "country.",
            **names,
        ),
    }
    return str(said.get(problem.code, problem.code))


def plan_title(name: str) -> str:
    """What a plan is called, by its name; a name of none is itself."""
    plans = (plan for sku in catalogue().skus.values() for plan in sku.plans)
    return next((plan.title for plan in plans if plan.name == name), name)


def fix(actor: Actor, problem: Problem, sku: SkuView, user_id: str) -> Fix | None:
    """The page on which a problem can be mended, for who may."""
    if problem.code == COUNTRY and actor.can("users.write"):
        return Fix(_("Edit the person"), url_for("portal.person_edit", user_id=user_id))
    if not actor.can("licenses.write"):
        return None
    at = url_for("portal.license_holders", part_number=sku.part_number)
    if problem.code == COUNT:
        return Fix(_("See who has it"), at)
    return Fix(_("See what they have"), url_for("portal.person_licenses", user_id=user_id))


def sources(found: Collection[Source]) -> list[From]:
    """Where a seat comes from, each in words."""
    return [_source(one) for one in found]


def _source(one: Source) -> From:
    off = plans(one.plans_off)
    if one.kind == "group":
        return From(one.name, url_for("portal.group", group_id=one.group_id), off)
    if one.kind == "everyone":
        return From(_("Everyone in the organization"), "", off)
    return From(_("Assigned directly"), "", off)


def plans(names: Collection[str]) -> str:
    """The titles of some plans in one line."""
    return ", ".join(sorted(map(plan_title, names)))


def price(one: Price | None) -> str:
    """What a seat costs, and for how long."""
    if one is None:
        return ""
    months = ngettext("%(num)s month", "%(num)s months", one.months)
    return str(_("%(price)s for %(months)s", price=money(one.minor, one.currency), months=months))


def place(one: ProblemView) -> str:
    """Where somebody stands in the queue of a product; nothing for another problem."""
    if one.problem.code != COUNT:
        return ""
    if one.place is None:
        return str(_("After the first %(many)s in the queue.", many=figure(FARTHEST)))
    return str(_("Number %(place)s in the queue.", place=figure(one.place)))


FILTERS = {
    "license_sources": sources,
    "plan_titles": plans,
    "seat_price": price,
    "problem_sentence": lambda one: sentence(one.problem, one.sku, one.held),
    "problem_fix": lambda one, actor: fix(actor, one.problem, one.sku, one.user.id),
    "queue_place": place,
}
