"""One description of a list, from which its page, its pages, its file and its print come.

A `Listing` says which columns a list has, how each is said in a file, by which it can be sorted
and filtered, and how it is read. `ask` takes from an address what the list knows and leaves the
rest; `show` reads a page of it for the macros of `templates/parts/lists.html`. What is here once,
every list can do: sort, filter, page by cursor, print, and, registered in `list_pages`, export and
saved views.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from flask import request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from idp.clock import now
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.saved_views import LONGEST_QUERY, SavedViewView
from idp.directory.views import Page
from portal.words import figure

ROWS, PRINTED, CHUNK = 50, 1_000, 500  # on a page, on paper, and read at once for a file
_LONGEST = 200  # characters of one filter

Words = Any  # a text, or one that waits for the reader's language
Choices = Callable[[Actor], Mapping[str, Words]]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, what it says of a row in a file, and by which name it is sorted.

    `said` gets the row and what the listing's `about` found. `down`: a first click begins at the
    """

    key: str
    label: Words
    said: Callable[[Any, Any], object]
    sort: str = ""
    down: bool = False
    kind: str = ""
    inside: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed by: a text, a choice, or (`hidden`) what only links set.

    `chip` says a value that is in force; without it a choice is its own words, a text is quoted.
    """

    key: str
    label: Words
    choices: Choices | None = None
    nothing: Words = ""  # the choice that filters nothing
    chip: Callable[[Actor, str], str] | None = None
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of the portal. `needs` is the permission of its page, nothing for who is signed in.

    `sort` is the order where none is asked for; with a filter `searched` it is the read's own.
    `total` tells how many there are where that costs next to nothing; `counted` says a number.
    `within` names parts of the page's address that the read needs. `box` gives a row's id and what
    it is called, where rows can be chosen.
    """

    key: str
    name: Words
    endpoint: str
    columns: tuple[Column, ...]
    read: "Callable[[Actor, Asked, str | None, int], Page[Any]]"
    counted: Callable[[int], str]
    needs: str = ""
    filters: tuple[Filter, ...] = ()
    sort: str = "name"
    searched: str = ""
    total: "Callable[[Actor, Asked], int | None]" = lambda _actor, _asked: None
    about: Callable[[Actor], Any] = lambda _actor: None
    within: tuple[str, ...] = ()
    box: Callable[[Any], tuple[str, str]] | None = None

    def sorts(self) -> Mapping[str, Column]:
        """The columns that can be sorted by, by the names of their orders."""
        return {column.sort: column for column in self.columns if column.sort}


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks of a list, as far as the list knows it."""

    listing: Listing
    given: Mapping[str, str] = field(default_factory=dict)  # filters in force
    sort: str = ""  # nothing: the list's own order
    within: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        """The value of a filter, or nothing."""
        return self.given.get(name, "")

    @property
    def query(self) -> dict[str, str]:
        """Filters and order, as the list writes them in its address."""
        return dict(self.given) | ({"sort": self.sort} if self.sort else {})

    def url(self, *without: str, **more: str) -> str:
        """The list's address with this, but for some of it, and with more."""
        kept: dict[str, Any] = {n: value for n, value in self.query.items() if n not in without}
        return url_for(self.listing.endpoint, **dict(self.within) | kept | more)


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's heading on a page; `sorted` is for aria-sort."""

    label: Words
    kind: str
    url: str = ""
    sorted: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A page of a list, as the macros draw it."""

    asked: Asked
    rows: list[Any]
    about: Any
    says: str
    total: int | None
    headings: list[Heading]
    orders: list[tuple[str, str]]
    choices: dict[str, Mapping[str, Words]]
    chips: list[tuple[str, str]]
    views: list[SavedViewView]
    first: str
    next: str
    printing: bool
    printed: str

    @property
    def listing(self) -> Listing:
        """What list it is a page of."""
        return self.asked.listing

    @property
    def plain(self) -> str:
        """The list's address without filters."""
        return Asked(self.listing, within=self.asked.within).url()

    def opens(self, view: SavedViewView) -> str:
        """The address of a saved view; what in it the list does not know, it will not read."""
        return f"{self.plain}?{view.query}"


def ask(listing: Listing, actor: Actor, given: Mapping[str, str] | MultiDict[str, str]) -> Asked:
    """What an address, a form or a saved view asks; what the list does not know is left out."""
    found = {}
    for one in listing.filters:
        value = str(given.get(one.key) or "").strip()[:_LONGEST]
        if value and (one.choices is None or value in one.choices(actor)):
            found[one.key] = value
    sort = str(given.get("sort") or "")
    known = sort.removeprefix("-") in listing.sorts()
    within = {name: str(given.get(name) or "") for name in listing.within}
    return Asked(listing, found, sort if known and sort != listing.sort else "", within)


def asked_by(listing: Listing, actor: Actor, query: str) -> Asked:
    """What a kept query asks; a hostile one asks as little as any other address can."""
    return ask(listing, actor, dict(parse_qsl(query[:LONGEST_QUERY])))


def show(listing: Listing, actor: Actor) -> Shown:
    """The page of a list that the request asks for."""
    asked = ask(listing, actor, MultiDict(request.args) | (request.view_args or {}))
    printing = request.args.get("print") == "1"
    cursor = None if printing else request.args.get("cursor") or None
    page = listing.read(actor, asked, cursor, PRINTED if printing else ROWS)
    total = listing.total(actor, asked)
    more = bool(page.next_cursor or cursor)
    return Shown(
        asked=asked,
        rows=list(page.items),
        about=listing.about(actor),
        says=_says(listing, len(page.items), more, total),
        total=total,
        headings=[_heading(asked, one) for one in listing.columns if not one.inside],
        orders=_orders(listing),
        choices={one.key: one.choices(actor) for one in listing.filters if one.choices},
        chips=chips(asked, actor),
        views=queries.saved_views(actor, listing.key),
        first=asked.url() if cursor else "",
        next=asked.url(cursor=page.next_cursor) if page.next_cursor and not printing else "",
        printing=printing,
        printed=_printed(actor),
    )


def everything(listing: Listing, actor: Actor, asked: Asked) -> Iterator[Any]:
    """All rows of what is asked, read page by page along the same order."""
    cursor: str | None = None
    while True:
        page = listing.read(actor, asked, cursor, CHUNK)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return


def _says(listing: Listing, here: int, more: bool, total: int | None) -> str:
    if not more:
        return listing.counted(here)
    if total is None:
        return str(_("%(counted)s on this page", counted=listing.counted(here)))
    return str(_("%(here)s of %(counted)s", here=figure(here), counted=listing.counted(total)))


def _current(asked: Asked) -> str:
    """The order that the list is in; nothing where it is the order in which words were found."""
    found = asked.listing.searched and asked.get(asked.listing.searched)
    return asked.sort or ("" if found else asked.listing.sort)


def _heading(asked: Asked, column: Column) -> Heading:
    """A heading; a click on the one that is sorted by turns the order round."""
    if not column.sort:
        return Heading(column.label, column.kind)
    now_by, ordered = _current(asked), ""
    if now_by.removeprefix("-") == column.sort:
        ordered = "descending" if now_by.startswith("-") else "ascending"
    down = ordered == "ascending" or (not ordered and column.down)
    wanted = f"-{column.sort}" if down else column.sort
    return Heading(column.label, column.kind, asked.url("sort", sort=wanted), ordered)


def _orders(listing: Listing) -> list[tuple[str, str]]:
    """Every order by name and in words, for who sees no headings."""
    found = []
    for name, column in listing.sorts().items():
        found += [
            (name, str(_("%(column)s, ascending", column=column.label))),
            (f"-{name}", str(_("%(column)s, descending", column=column.label))),
        ]
    return found


def chips(asked: Asked, actor: Actor) -> list[tuple[str, str]]:
    """The filters in force in words, each with the address without it."""
    found = []
    for one in asked.listing.filters:
        value = asked.get(one.key)
        if value:
            found.append((_chip(one, actor, value), asked.url(one.key)))
    return found


def _chip(one: Filter, actor: Actor, value: str) -> str:
    if one.chip is not None:
        return one.chip(actor, value)
    if one.choices is not None:
        return f"{one.label}: {one.choices(actor)[value]}"
    return f"“{value}”"


def _printed(actor: Actor) -> str:
    """Under the heading of a printed list: when, and by whom."""
    moment = f"{now():%Y-%m-%d %H:%M} UTC"
    return str(_("Printed %(moment)s by %(name)s", moment=moment, name=actor.name))
