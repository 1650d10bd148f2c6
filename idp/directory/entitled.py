"""What people may use now, as a part of the statements that show and find them.

Licensing stands above the directory, which knows of its tables only the names of the columns that
these statements need. A seat counts while its pool has units that are enabled or in grace.
"""

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import String, and_, cast, column, exists, false, func, literal, or_, select, table

from idp.directory.actors import Actor
from idp.directory.comparisons import SELECTIVE, Condition, lowered, walk
from idp.directory.filtering import And, Compare, Filter, Present, ValuePath
from idp.directory.json_rows import JsonRows

ATTRIBUTE = "entitlements"
LICENSE, PLAN = "license", "plan"  # the types of what is shown

_holdings: Any = table("holdings", *map(column, ("org_id", "user_id", "sku_id", "plans_off")))
_pools: Any = table("pools", *map(column, ("org_id", "sku_id", "enabled", "warning")))
_skus: Any = table("skus", *map(column, ("id", "part_number", "name")))
_plans: Any = table("service_plans", *map(column, ("sku_id", "name", "title")))
_holding, _pool, _sku, _plan = _holdings.c, _pools.c, _skus.c, _plans.c
_USABLE = _holdings.join(
    _pools,
    and_(
        _pool.org_id == _holding.org_id,
        _pool.sku_id == _holding.sku_id,
        _pool.enabled + _pool.warning > 0,
    ),
)
_OFF = cast(_holding.plans_off, String)  # a JSON list of names without anything to escape
_ON = func.replace(_OFF, literal('"').concat(_plan.name).concat('"'), "") == _OFF


def entitlement_rows(user_id: Any) -> Any:
    """Of each SKU that somebody may use: its id, and the plans that are off as JSON text."""
    found = select(JsonRows(_holding.sku_id, _OFF)).select_from(_USABLE)
    return found.where(_holding.user_id == user_id).scalar_subquery()


def holds_any(user_id: Any, part_numbers: Collection[str]) -> Condition:
    """Whether somebody may use one of these SKUs now."""
    wanted = [part_number.upper() for part_number in part_numbers]
    return exists(
        select(literal(1))
        .select_from(_USABLE.join(_skus, _sku.id == _holding.sku_id))
        .where(_holding.user_id == user_id, func.upper(_sku.part_number).in_(wanted))
    )


# --- finding people by it -----------------------------------------------------------------------

_LICENSES = _USABLE.join(_skus, _sku.id == _holding.sku_id)
_PLANS = _LICENSES.join(_plans, and_(_plan.sku_id == _holding.sku_id, _ON))
# What is shown, as columns: of a licence, and of each of its plans that are on.
_SHOWN: tuple[tuple[Any, dict[str, Any]], ...] = (
    (_LICENSES, {"value": _sku.part_number, "display": _sku.name, "type": literal(LICENSE)}),
    (
        _PLANS,
        {
            "value": _sku.part_number.concat(literal("/")).concat(_plan.name),
            "display": _plan.title,
            "type": literal(PLAN),
        },
    ),
)


def entitled(actor: Actor, user_id: Any, leaf: Compare | Present) -> Condition:
    """Who may use something of which a comparison holds; `ne` and null are for the caller."""
    part = leaf.path.partition(".")[2] or "value"
    selective = isinstance(leaf, Compare) and leaf.op in SELECTIVE
    return _any(actor, user_id, selective, lambda columns: _compared(columns, part, leaf))


def entitled_as(actor: Actor, user_id: Any, path: ValuePath) -> Condition:
    """`entitlements[term]`: who may use something that satisfies the whole term."""

    def condition(columns: dict[str, Any]) -> Condition:
        def inner(leaf: Compare | Present | ValuePath) -> Condition:
            if isinstance(leaf, ValuePath):
                return false()
            return _compared(columns, leaf.path.rpartition(".")[2], leaf)

        return walk(path.term, inner)

    return _any(actor, user_id, _selective(path.term), condition)


def _selective(term: Filter) -> bool:
    if isinstance(term, And):
        return any(map(_selective, term.terms))
    return isinstance(term, Compare) and term.path == "value" and term.op in SELECTIVE


def _any(
    actor: Actor, user_id: Any, selective: bool, condition: Callable[[dict[str, Any]], Condition]
) -> Condition:
    """One of a person's entitlements satisfies; what few have is found first, then its holders."""
    if selective:
        holders = [
            select(_holding.user_id)
            .select_from(places)
            .where(_holding.org_id == actor.org_id, condition(columns))
            for places, columns in _SHOWN
        ]
        return or_(*map(user_id.in_, holders))
    having = (
        select(literal(1))
        .select_from(places)
        .where(_holding.user_id == user_id, condition(columns))
        for places, columns in _SHOWN
    )
    return or_(*map(exists, having))


def _compared(columns: dict[str, Any], part: str, leaf: Compare | Present) -> Condition:
    shown = columns.get(part)
    if shown is None or (isinstance(leaf, Compare) and not isinstance(leaf.value, str)):
        return false()  # they have no other parts
    if isinstance(leaf, Present):
        found: Condition = shown.is_not(None)
        return found
    return lowered(shown, leaf)
