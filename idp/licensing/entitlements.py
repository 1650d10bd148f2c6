"""What somebody may use, in the words of SCIM's `entitlements` (RFC 7643 §4.1.2) and of claims.

    {"value": "OFFICE_PRO", "display": "Office Pro", "type": "license"}
    {"value": "OFFICE_PRO/VOICE", "display": "Voice", "type": "plan"}

A value for each SKU, named by its part number, and one for each of its plans that is on. They
follow from seats and from subscriptions, so nobody writes them: values that the catalogue names
are dropped from what is written, whoever writes it, as what is readOnly is.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from idp.directory.entitled import LICENSE, PLAN
from idp.licensing.catalogue import Catalogue, PlanView, SkuView, catalogue_of
from idp.licensing.held import Entitlement

Value = dict[str, str]


def values_of(held: Iterable[Entitlement]) -> list[Value]:
    """What these come to, in the order of part numbers, each licence before its plans."""
    return [value for one in _ordered(held) for value in _values(one.sku, frozenset(one.plans))]


def shown(rows: Iterable[tuple[str, Iterable[str]]], catalogue: Catalogue) -> list[Value]:
    """The same from (SKU, names of plans that are off), as statements about people bring them."""
    skus = ((catalogue.skus.get(sku_id), off) for sku_id, off in rows)
    known = [Entitlement(sku, tuple(sku.plans_but(frozenset(off)))) for sku, off in skus if sku]
    return values_of(known)


def own_values(values: Iterable[Any], version: str) -> list[Any]:
    """Of values that somebody writes those that this version of the catalogue does not name."""
    reserved = _reserved(version)
    return [one for one in values if _name(one) not in reserved]


def joined(stored: Iterable[Any], derived: Iterable[Value]) -> list[Any]:
    """What is kept of a person beside what follows, each value once."""
    made = list(derived)
    names = {_name(one) for one in made}
    return [*(one for one in stored if _name(one) not in names), *made]


def part_numbers(held: Iterable[Entitlement]) -> list[str]:
    """The part numbers alone."""
    return [one.sku.part_number for one in _ordered(held)]


def plans(held: Iterable[Entitlement]) -> list[str]:
    """The names of the plans that are on, whichever SKU gives them, each once."""
    return sorted({plan for one in held for plan in one.plans})


def _ordered(held: Iterable[Entitlement]) -> list[Entitlement]:
    return sorted(held, key=lambda one: one.sku.part_number)


def _values(sku: SkuView, on: frozenset[str]) -> Iterator[Value]:
    yield {"value": sku.part_number, "display": sku.name, "type": LICENSE}
    for plan in sku.plans:
        if plan.name in on:
            yield {"value": plan_value(sku, plan), "display": plan.title, "type": PLAN}


def plan_value(sku: SkuView, plan: PlanView) -> str:
    """How a plan of a SKU is named."""
    return f"{sku.part_number}/{plan.name}"


def _name(value: Any) -> str:
    text = value.get("value") if isinstance(value, Mapping) else value
    return str(text).upper()  # entitlements are compared without case


@lru_cache(maxsize=4)
def _reserved(version: str) -> frozenset[str]:
    skus = catalogue_of(version).skus.values()
    every = (one["value"] for sku in skus for one in _values(sku, sku.plans_but(frozenset())))
    return frozenset(map(str.upper, every))
