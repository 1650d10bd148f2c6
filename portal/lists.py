"""What the lists share: addresses that change one part of the query, cursors, counts."""

from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _

from portal.languages import number
from portal.words import plural


@dataclass(frozen=True, slots=True)
class Shown:
    """A page of a list: its rows, a sentence that counts them, the addresses of other pages."""

    items: list[Any]
    says: str
    first: str
    next: str


def without(*names: str, **more: Any) -> str:
    """This page's address without some of its query, and with more."""
    place = request.view_args or {}
    # Anybody can write a query: what `url_for` would take for its own is no part of a page.
    left = {"endpoint", *place, *names}
    kept = {k: v for k, v in request.args.items() if v and k not in left and k[:1] != "_"}
    return url_for(request.endpoint or "", **place | kept | more)


def whole(text: str | None) -> int | None:
    """A number from the address, or None where it is none: an odd address is no error."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else None


def shown(items: list[Any], following: str | None, total: int | None, one: str, many: str) -> Shown:
    """A page of a list, counted in words."""
    later = bool(request.args.get("cursor"))
    return Shown(
        items,
        _count(len(items), bool(following) or later, total, one, many),
        without("cursor") if later else "",
        without("cursor", cursor=following) if following else "",
    )


def _count(here: int, more: bool, total: int | None, one: str, many: str) -> str:
    counted = plural(here if total is None else total, one, many)
    if not more:
        return counted
    if total is None:
        return str(_("%(counted)s on this page", counted=counted))
    return str(_("%(here)s of %(counted)s", here=number(here), counted=counted))
