"""The lists of licences: who holds a product, which groups give it, who misses it and why."""

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from idp.directory.actors import Actor
from idp.directory.views import Page
from idp.licensing import queries
from idp.licensing.holders import HolderView
from idp.licensing.sources import GroupGrant
from idp.licensing.waiting import ProblemView
from portal import license_words
from portal.listing import Asked, Column, Filter, Listing

_WITHIN = ("part_number",)
_NAME = Filter("q", _l("Name, user name or e-mail"))


def _people(count: int) -> str:
    return str(ngettext("%(num)s person", "%(num)s people", count))


def _sources_text(one: Any, _about: Any) -> str:
    return ", ".join(source.text for source in license_words.sources(one.sources))


def _holders(actor: Actor, asked: Asked, cursor: str | None, limit: int) -> Page[HolderView]:
    sku = queries.find_sku(actor, asked.within["part_number"])
    return queries.page_holders(
        actor,
        sku,
        text=asked.get("q"),
        source=asked.get("source"),
        sort=asked.sort,
        cursor=cursor,
        limit=limit,
    )


def _count(actor: Actor, asked: Asked) -> int | None:
    if asked.given:
        return None
    return queries.count_holders(actor, queries.find_sku(actor, asked.within["part_number"]))


HOLDERS = Listing(
    "license-holders",
    _l("People with a licence"),
    "portal.license_holders",
    needs="licenses.read",
    within=_WITHIN,
    columns=(
        Column("name", _l("Name"), lambda one, _about: one.user.shown_name, "name"),
        Column("user_name", _l("User name"), lambda one, _about: one.user.user_name),
        Column("source", _l("Source"), _sources_text),
        Column(
            "plans_off",
            _l("Plans off"),
            lambda one, _about: license_words.plans(one.plans_off),
        ),
        Column("since", _l("Since"), lambda one, _about: one.since, "since", down=True),
    ),
    filters=(
        _NAME,
        Filter(
            "source",
            _l("Source"),
            lambda _actor: {"user": _l("Assigned directly")},
            _l("Any source"),
        ),
    ),
    read=_holders,
    total=_count,
    counted=_people,
    box=lambda one: (one.user.id, one.user.shown_name),
)


def _groups(actor: Actor, asked: Asked, cursor: str | None, limit: int) -> Page[GroupGrant]:
    sku = queries.find_sku(actor, asked.within["part_number"])
    return queries.page_group_grants(actor, sku, cursor=cursor, limit=limit)


GROUP_GRANTS = Listing(
    "license-groups",
    _l("Groups that give a licence"),
    "portal.license_groups",
    needs="licenses.read",
    within=_WITHIN,
    columns=(
        Column("name", _l("Group"), lambda one, _about: one.name),
        Column("people", _l("People"), lambda one, _about: one.people, kind="number"),
        Column(
            "plans_off",
            _l("Plans off"),
            lambda one, _about: license_words.plans(one.plans_off),
        ),
        Column("since", _l("Since"), lambda one, _about: one.since),
    ),
    read=_groups,
    counted=lambda n: ngettext("%(num)s group", "%(num)s groups", n),
)


def _problems(actor: Actor, asked: Asked, cursor: str | None, limit: int) -> Page[ProblemView]:
    part_number = asked.within.get("part_number") or asked.get("product")
    sku = queries.find_sku(actor, part_number) if part_number else None
    return queries.page_problems(
        actor, sku, code=asked.get("code"), text=asked.get("q"), cursor=cursor, limit=limit
    )


_PROBLEM_COLUMNS = (
    Column("name", _l("Name"), lambda one, _about: one.user.shown_name),
    Column("user_name", _l("User name"), lambda one, _about: one.user.user_name, inside=True),
    Column("product", _l("Product"), lambda one, _about: one.sku.name),
    Column("source", _l("Source"), _sources_text),
    Column(
        "problem",
        _l("Problem"),
        lambda one, _about: license_words.sentence(one.problem, one.sku, one.held),
    ),
    Column("code", _l("Code"), lambda one, _about: one.problem.code, inside=True),
    Column("place", _l("Place"), lambda one, _about: one.place, inside=True),
    Column("since", _l("Since"), lambda one, _about: one.since),
)
_CODE = Filter("code", _l("Problem"), lambda _actor: license_words.CODES, _l("Any problem"))

SHORT = Listing(
    "license-problems",
    _l("People who miss a licence"),
    "portal.license_problems",
    needs="licenses.read",
    within=_WITHIN,
    columns=tuple(one for one in _PROBLEM_COLUMNS if one.key != "product"),
    filters=(_NAME, _CODE),
    read=_problems,
    counted=_people,
)


def _products(actor: Actor) -> dict[str, Any]:
    return {one.sku.part_number: one.sku.name for one in queries.products(actor)}


PROBLEMS = Listing(
    "license-errors",
    _l("Licence errors"),
    "portal.license_errors",
    needs="licenses.read",
    columns=_PROBLEM_COLUMNS,
    filters=(_NAME, Filter("product", _l("Product"), _products, _l("Any product")), _CODE),
    read=_problems,
    counted=lambda n: ngettext("%(num)s problem", "%(num)s problems", n),
)
LISTS = (HOLDERS, GROUP_GRANTS, SHORT, PROBLEMS)
