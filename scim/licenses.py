"""Products that people can hold, as a resource type that clients can discover; read-only.

Governance products crawl /ResourceTypes and then each type's endpoint to learn what can be had
(draft-ietf-scim-roles-entitlements-01 §2; Okta's "SCIM with entitlements"). The `id` of a licence
is what people who hold it have as the `value` of an entitlement, so the two can be joined. There
are a few hundred at most: they are filtered, sorted and paged in memory.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from idp.directory.attributes import Attribute
from idp.directory.entitled import LICENSE
from idp.directory.errors import not_found
from idp.directory.filtering import And, Compare, Filter, Not, Or, Present, ValuePath
from idp.directory.values import key
from idp.directory.views import Position, Stretch
from idp.licensing import queries
from idp.licensing.catalogue import SkuView
from idp.licensing.entitlements import plan_value
from idp.licensing.units import SubscribedSku
from scim.answers import Answer
from scim.call import Call
from scim.cursors import Cursor, read_cursor
from scim.dialects import license_schema
from scim.listing import Query, dump, list_text, read_query, walk_text
from scim.matching import matches
from scim.paths import COMMON
from scim.projection import Projection
from scim.walks import neighbours, question_of

KIND, PLACE = "License", "Licenses"
Json = dict[str, Any]


def one(call: Call, part_number: str) -> Answer:
    """GET one."""
    projection = call.projection(KIND)
    for found in _resources(call):
        if found["id"].upper() == part_number.upper():
            return Answer(200, _text(found, projection))
    raise not_found("license")


def listed(call: Call) -> Answer:
    """GET many."""
    return _list(call, call.args)


def searched(call: Call) -> Answer:
    """POST to /.search."""
    return _list(call, call.body)


def _list(call: Call, asked: Mapping[str, Any]) -> Answer:
    query = read_query(asked, call.language(KIND))
    found = [one for one in _resources(call) if _satisfies(one, query.filter)]
    ordered = sorted(found, key=lambda one: _place(one, query), reverse=query.descending)
    if query.cursor is not None:
        return _walk(call, query, ordered)
    page = ordered[query.start - 1 :][: query.count]
    texts = [_text(one, query.projection) for one in page]
    return Answer(200, list_text(texts, len(ordered), query.start))


def _walk(call: Call, query: Query, ordered: Sequence[Json]) -> Answer:
    """The page after a place, or before it (RFC 9865)."""
    question = question_of(call.actor, {KIND: query})
    cursor = read_cursor(query.cursor or "", question)
    found = _stretch(ordered, query, cursor)
    texts = [_text(one, query.projection) for one in found.items]
    beside = neighbours(cursor, found, question) if query.count else (None, None)
    return Answer(200, walk_text(texts, len(ordered), *beside))


def _stretch(ordered: Sequence[Json], query: Query, cursor: Cursor) -> Stretch[Json]:
    ahead = list(reversed(ordered)) if cursor.backwards else list(ordered)
    if cursor.start is not None:
        place = (cursor.start.value is None, str(cursor.start.value or ""), cursor.start.id)
        down = query.descending != cursor.backwards
        ahead = [
            one
            for one in ahead
            if (_place(one, query) < place if down else _place(one, query) > place)
        ]
    page = ahead[: query.count]
    if cursor.backwards:
        page.reverse()
    ends = [_position(one, query) for one in page]
    first, last = (ends[0], ends[-1]) if ends else (None, None)
    return Stretch(page, first, last, len(ahead) > query.count)


def _position(found: Json, query: Query) -> Position:
    unassigned, value, id_ = _place(found, query)
    return Position(None if unassigned else value, id_)


def _place(found: Json, query: Query) -> tuple[bool, str, str]:
    """Where a resource stands in the order that is asked for."""
    values = _at(found, query.sort_by) if query.sort_by else [found["id"]]
    if not values:
        return True, "", found["id"]
    value = values[0]
    return False, f"{value:012d}" if isinstance(value, int) else key(str(value)), found["id"]


# --- resources ----------------------------------------------------------------------------------


def _resources(call: Call) -> list[Json]:
    """All there are, with their units for whoever may see them."""
    if not call.actor.can("licenses.read"):
        return [_resource(sku, call) for sku in queries.assignable_skus(call.actor)]
    found = (one for one in queries.subscribed_skus(call.actor) if one.sku.assignable)
    return [_resource(one.sku, call) | _units(one) for one in found]


def _resource(sku: SkuView, call: Call) -> Json:
    plans = [{"value": plan_value(sku, plan), "display": plan.title} for plan in sku.plans]
    schema = license_schema(call.caller.vocabulary.license, call.tolerance.profile)
    made: Json = {
        "schemas": [schema.urn],
        "id": sku.part_number,
        "displayName": sku.name,
        "partNumber": sku.part_number,
        "type": LICENSE,
        "skuId": sku.id,
    }
    location = f"{call.base}/{PLACE}/{sku.part_number}"
    meta = {"meta": {"resourceType": KIND, "location": location}}
    return made | ({"plans": plans} if plans else {}) | meta


def _units(held: SubscribedSku) -> Json:
    prepaid = {"enabled": held.enabled, "warning": held.warning, "suspended": held.suspended}
    return {"prepaidUnits": prepaid, "consumedUnits": held.consumed}


def _text(found: Json, projection: Projection) -> str:
    return dump(found if projection.everything else projection.apply(found))


# --- filters ------------------------------------------------------------------------------------


def _satisfies(found: Json, term: Filter | None) -> bool:
    if term is None:
        return True
    if isinstance(term, And | Or):
        terms = (_satisfies(found, inner) for inner in term.terms)
        return all(terms) if isinstance(term, And) else any(terms)
    if isinstance(term, Not):
        return not _satisfies(found, term.term)
    if isinstance(term, ValuePath):
        return any(matches(term.term, value, _TEXT) for value in found.get(term.attribute, ()))
    return _compared(found, term)


def _compared(found: Json, term: Compare | Present) -> bool:
    values = _at(found, term.path)
    if isinstance(term, Present) or term.value is None:
        return bool(values) is (isinstance(term, Present) or term.op == "ne")
    if term.op == "ne":
        return not _any(values, replace(term, op="eq"))
    return _any(values, term)


_TEXT = Attribute("value")  # compared without case, as all of a licence's texts but two
_EXACT = Attribute("value", case_exact=True)


def _any(values: Iterable[Any], term: Compare) -> bool:
    leaf = _EXACT if term.path in _BY_CASE else _TEXT
    return any(matches(replace(term, path="value"), value, leaf) for value in values)


_BY_CASE = frozenset({"skuId", *(one.name for one in COMMON if one.case_exact and not one.sub)})


def _at(found: Any, path: str) -> list[Any]:
    """The values at a path; of a list each one's."""
    items = [found]
    for name in path.split("."):
        inner = [item[name] for item in items if isinstance(item, dict) and name in item]
        items = [one for value in inner for one in (value if isinstance(value, list) else [value])]
    return items
