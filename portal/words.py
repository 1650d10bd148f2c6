"""How values are said on a page: moments, days, figures, initials, browsers, states of people.

Each is a Jinja filter of the same name. English only today; translation will come through here.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from markupsafe import Markup, escape

from idp import clock
from idp.directory.actors import LOCAL

HERE = "This portal"  # what no connected system wrote

_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("python-", "Python"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_SIZE_NAMES = ((1024 * 1024, "MB"), (1024, "kB"))


def _day(at: datetime) -> str:
    return f"{at.day} {at:%B} {at.year}"


def _time(at: datetime, text: str) -> Markup:
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        clock.rfc3339(at), f"{_day(at)}, {at:%H:%M:%S} UTC", text
    )


def moment(at: datetime | None) -> Markup:
    """3 December 2026, 14:05."""
    return _time(at, f"{_day(at)}, {at:%H:%M}") if at else Markup("")


def day(at: datetime | None) -> Markup:
    """3 December 2026."""
    return _time(at, _day(at)) if at else Markup("")


def until(at: datetime) -> Markup:
    """3 December 2026 (in 11 days): a date that matters by its distance."""
    return _time(at, f"{_day(at)} ({distance(at)})")


def distance(at: datetime) -> str:
    """In 11 days, tomorrow, 2 days ago: by calendar days, as people count."""
    days = (at.date() - clock.now().date()).days
    near = {0: "today", 1: "tomorrow", -1: "yesterday"}
    if days in near:
        return near[days]
    return f"in {days} days" if days > 0 else f"{-days} days ago"


def figure(value: Any) -> str | Markup:
    """1234567 as 1,234,567; words as they are."""
    return f"{value:,}" if isinstance(value, int) else escape(value)


def plural(count: int, one: str, many: str) -> str:
    """1 person, 12 people."""
    return f"{count:,} {one if count == 1 else many}"


def size(count: int) -> str:
    """2 MB."""
    for unit, name in _SIZE_NAMES:
        if count >= unit:
            return f"{count / unit:.0f} {name}"
    return f"{count} bytes"


def initials(name: str) -> str:
    """Two letters that stand for a person or an organization; a sign-in name gives its first."""
    parts = re.findall(r"[^\W_]+", name.split("@", maxsplit=1)[0])
    letters = [part[0] for part in parts[:1] + parts[1:][-1:]]
    return "".join(letters).upper() or "?"


def browser(user_agent: str) -> str:
    """Firefox on Linux: enough to know one's own device again."""
    name = next((said for sign, said in _BROWSERS if sign in user_agent), "An unknown browser")
    system = next((said for sign, said in _SYSTEMS if sign in user_agent), "")
    return f"{name} on {system}" if system else name


def state(person: Any) -> str:
    """One of the product's eight status words for a person."""
    return (
        "Active"
        if person.status == "active"
        else {"deleted": "Deleted"}.get(person.status, "Disabled")
    )


def breaks(text: Any) -> Markup:
    """Text that may be broken after an @, where long addresses are best broken."""
    return Markup(str(escape(text)).replace("@", "@<wbr>"))  # noqa: S704  escaped just before


def source(one: Any, sources: Mapping[str, str]) -> str:
    """The system that a person or group came from."""
    return HERE if one.source_id == LOCAL else sources.get(one.source_id, HERE)


FILTERS = {
    fn.__name__: fn
    for fn in (
        moment,
        day,
        until,
        distance,
        figure,
        plural,
        breaks,
        initials,
        browser,
        state,
        source,
    )
}
