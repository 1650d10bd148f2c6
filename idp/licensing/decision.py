"""From what is granted to what is held, for one person: pure, so that it can be tested by itself.

Conflicts are never resolved by the product: what is held stays, what would conflict is a problem. A
plan that others require is not taken away under them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from idp.licensing.catalogue import SkuView

# Microsoft Graph's licenseAssignmentState.error, as stored and shown.
COUNT = "count_violation"
CONFLICT = "mutually_exclusive_violation"
DEPENDENCY = "dependency_violation"
COUNTRY = "prohibited_in_usage_location_violation"
CODES = (COUNT, CONFLICT, DEPENDENCY, COUNTRY)
GRAPH_ERRORS = {
    COUNT: "CountViolation",
    CONFLICT: "MutuallyExclusiveViolation",
    DEPENDENCY: "DependencyViolation",
    COUNTRY: "ProhibitedInUsageLocationViolation",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why somebody does not hold, or still holds, a SKU. `detail` names the plan concerned."""

    code: str
    detail: str = ""


@dataclass(slots=True)
class Decision:
    """What a person should hold: {SKU id: plans switched off}; and the problems of the rest."""

    holds: dict[str, frozenset[str]] = field(default_factory=dict)
    problems: dict[str, Problem] = field(default_factory=dict)


def decide(
    wanted: Mapping[str, frozenset[str]],
    held: Mapping[str, frozenset[str]],
    skus: Mapping[str, SkuView],
    country: str,
    unavailable: frozenset[str] = frozenset(),
) -> Decision:
    """What a person should hold, if `wanted` is granted ({SKU id: plans off}) and `held` is held.

    `unavailable` are SKUs without a free unit. What is held has precedence over what is new.
    """
    made = Decision()
    order = sorted(wanted, key=lambda sku: (sku not in held, skus[sku].name, sku))
    for sku in order:
        problem = _own_problem(skus[sku], wanted[sku], country)
        if problem is None and sku in unavailable:
            problem = Problem(COUNT)
        if problem is None:
            problem = _conflict(skus[sku], wanted[sku], made.holds, skus)
        if problem is None:
            made.holds[sku] = wanted[sku]
        else:
            made.problems[sku] = problem
    _drop_what_lacks(made, skus)
    _keep_what_is_needed(made, wanted, held, skus)
    return made


def _own_problem(sku: SkuView, off: frozenset[str], country: str) -> Problem | None:
    for plan in sku.plans:
        if plan.name not in off and plan.countries and country not in plan.countries:
            return Problem(COUNTRY, plan.name)
    return None


def _conflict(
    sku: SkuView,
    off: frozenset[str],
    holds: Mapping[str, frozenset[str]],
    skus: Mapping[str, SkuView],
) -> Problem | None:
    """The first plan that is in use and that this SKU's plans exclude, in either direction."""
    mine = [plan for plan in sku.plans if plan.name not in off]
    names = frozenset(plan.name for plan in mine)
    barred = frozenset().union(*(plan.conflicts for plan in mine))
    for other, other_off in holds.items():
        for plan in skus[other].plans:
            if plan.name in other_off:
                continue
            if plan.name in barred or plan.conflicts & names:
                return Problem(CONFLICT, plan.name)
    return None


def _enabled(holds: Mapping[str, frozenset[str]], skus: Mapping[str, SkuView]) -> frozenset[str]:
    return frozenset().union(*(skus[sku].plans_but(off) for sku, off in holds.items()))


def _lacking(sku: SkuView, off: frozenset[str], enabled: frozenset[str]) -> str:
    """The name of a plan that an enabled plan of this SKU requires and nobody gives; or nothing."""
    for plan in sku.plans:
        if plan.name not in off:
            missing = sorted(plan.requires - enabled)
            if missing:
                return missing[0]
    return ""


def _drop_what_lacks(made: Decision, skus: Mapping[str, SkuView]) -> None:
    """What requires a plan that is not there becomes a problem; which may take it from another."""
    while True:
        enabled = _enabled(made.holds, skus)
        lacking = {
            sku: missing
            for sku, off in made.holds.items()
            if (missing := _lacking(skus[sku], off, enabled))
        }
        if not lacking:
            return
        for sku, missing in lacking.items():
            del made.holds[sku]
            made.problems[sku] = Problem(DEPENDENCY, missing)


def _keep_what_is_needed(
    made: Decision,
    wanted: Mapping[str, frozenset[str]],
    held: Mapping[str, frozenset[str]],
    skus: Mapping[str, SkuView],
) -> None:
    """Something held that is granted no longer, but that a granted one requires, stays.

    Taking it away would break what the person may use; the problem names who needs it.
    """
    lost = [sku for sku in held if sku not in wanted]
    waiting = [s for s, p in made.problems.items() if p.code == DEPENDENCY and s in held]
    if not lost or not waiting:
        return
    for sku in waiting:
        off = wanted[sku]
        kept = {
            one: held[one]
            for one in lost
            if skus[one].plans_but(held[one]) & _required(skus[sku], off)
        }
        enabled = _enabled(made.holds | kept | {sku: off}, skus)
        if kept and not _lacking(skus[sku], off, enabled):
            made.holds |= kept | {sku: off}
            del made.problems[sku]
            for one in kept:
                made.problems[one] = Problem(DEPENDENCY, skus[sku].name)


def _required(sku: SkuView, off: frozenset[str]) -> frozenset[str]:
    return frozenset().union(*(plan.requires for plan in sku.plans if plan.name not in off))
