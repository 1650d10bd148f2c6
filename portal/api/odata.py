"""The part of OData that Graph's clients use: $select, $filter by eq, $top, $skiptoken.

What is not understood is refused, so that nobody takes everything for a selection.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import request

from idp.sessions import settings
from portal.api.errors import bad_request

MOST, USUAL = 999, 100
_OPTIONS = ("$select", "$filter", "$top", "$skiptoken")
_EQUALS = re.compile(
    r"\s*(?P<name>[A-Za-z]+)\s+eq\s+(?:'(?P<text>(?:[^']|'')*)'|(?P<word>true|false))\s*"
)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Options:
    """What a request asks of a list. `wanted` is {field: value} of a filter joined by `and`."""

    select: tuple[str, ...] = ()
    wanted: Mapping[str, Any] = field(default_factory=dict)
    top: int = USUAL
    token: str | None = None


def read(args: Mapping[str, str], names: Sequence[str], filters: Sequence[str]) -> Options:
    """The options of an address; `names` can be selected, `filters` compared. Raises ApiError."""
    given = {name.lower(): value for name, value in args.items()}
    unknown = sorted(given.keys() - set(_OPTIONS))
    if unknown:
        raise bad_request(f"{unknown[0][:40]!r} is not understood. Use {', '.join(_OPTIONS)}.")
    select = tuple(name.strip() for name in given.get("$select", "").split(",") if name.strip())
    strange = sorted(set(select) - set(names))
    if strange:
        raise bad_request(f"There is no property {strange[0][:40]!r} to select.")
    wanted = _filter(given.get("$filter", ""), filters)
    return Options(select, wanted, _top(given.get("$top")), given.get("$skiptoken") or None)


def _filter(text: str, filters: Sequence[str]) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    for term in re.split(r"\s+and\s+(?=[A-Za-z]+\s+eq\s)", text) if text.strip() else ():
        found = _EQUALS.fullmatch(term)
        if found is None or found["name"] not in filters:
            known = ", ".join(filters) or "nothing"
            raise bad_request(f"$filter compares by eq, joined by and; here: {known}.")
        value = found["text"]
        wanted[found["name"]] = (
            found["word"] == "true" if value is None else value.replace("''", "'")
        )
    return wanted


def _top(text: str | None) -> int:
    if text is None:
        return USUAL
    if not re.fullmatch("[0-9]{1,4}", text) or not 1 <= int(text) <= MOST:
        raise bad_request(f"$top is a number from 1 to {MOST}.")
    return int(text)


def chosen(found: Sequence[Json], options: Options) -> list[Json]:
    """Those that a filter means; texts are compared without case."""
    return [
        one
        for one in found
        if all(_same(one.get(name), value) for name, value in options.wanted.items())
    ]


def _same(held: Any, wanted: Any) -> bool:
    if isinstance(held, str) and isinstance(wanted, str):
        return held.casefold() == wanted.casefold()
    return bool(held == wanted)


def page(found: Sequence[Json], options: Options) -> tuple[list[Json], str | None]:
    """A page of what is in hand, and the token of the next one."""
    start = options.token or "0"
    if not re.fullmatch("[0-9]{1,9}", start):
        raise bad_request("This $skiptoken is none of this list.")
    end = int(start) + options.top
    return list(found[int(start) : end]), str(end) if end < len(found) else None


def cut(one: Json, select: Sequence[str]) -> Json:
    """What was selected of a resource, or all of it."""
    return {name: one[name] for name in select if name in one} if select else one


def envelope(found: Sequence[Json], options: Options, following: str | None) -> Json:
    """A collection, with the address of its next page."""
    made: Json = {"value": [cut(one, options.select) for one in found]}
    if following is not None:
        kept = {n: v for n, v in request.args.items() if n.lower() != "$skiptoken"}
        query = urlencode(kept | {"$skiptoken": following}, safe="$")
        made = {"@odata.nextLink": f"{settings().public_url}{request.path}?{query}"} | made
    return made
