"""How values are said on a page: moments, days, figures, initials, browsers, states of people.

Each is a Jinja filter of the same name, and writes as the reader's language does (Unicode CLDR).
"""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from babel import dates, numbers, units
from flask import has_request_context
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from markupsafe import Markup, escape

from idp import clock, sessions
from idp.directory.actors import LOCAL
from portal.languages import current, number

HERE = _l("This portal")  # what no connected system wrote

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
# The eight words for how something stands. Code compares them in English; a page shows them so.
STATES = (
    _l("Active"),
    _l("Trial"),
    _l("Expiring"),
    _l("Expired"),
    _l("Disabled"),
    _l("Deleted"),
    _l("Pending"),
    _l("Error"),
)
_SIZE_NAMES = ((1024 * 1024, "megabyte"), (1024, "kilobyte"))
# A currency without a sign is written apart from its figure (CLDR, currencySpacing).
_LETTER_BEFORE_DIGIT = re.compile(r"(?<=[A-Z])(?=\d)")


def _day(at: datetime) -> str:
    return dates.format_date(at, "long", current().locale)


def _clock(at: datetime, style: Literal["short", "medium"]) -> str:
    locale = current().locale
    time = dates.format_time(at, style, locale=locale)
    return str(dates.get_datetime_format("medium", locale)).format(time, _day(at))


def _time(at: datetime, text: str) -> Markup:
    return Markup('<time datetime="{}" title="{} UTC">{}</time>').format(
        clock.rfc3339(at), _clock(at, "medium"), text
    )


def moment(at: datetime | None) -> Markup:
    """3 December 2026, 14:05, in the organization's time zone. Days alone are days of UTC."""
    return _time(at, _clock(at.astimezone(zone()), "short")) if at else Markup("")


def zone() -> ZoneInfo:
    """The time zone of the organization on whose page we are; UTC elsewhere."""
    asked = sessions.organization_setting("timezone") if has_request_context() else ""
    return ZoneInfo(asked or "UTC")


def day(at: datetime | None) -> Markup:
    """3 December 2026."""
    return _time(at, _day(at)) if at else Markup("")


def date_text(at: datetime) -> str:
    """The same as plain text, for a sentence."""
    return _day(at)


def short_day(at: datetime | None) -> Markup:
    """3 Dec 2026: for a column."""
    return _time(at, dates.format_date(at, "medium", current().locale)) if at else Markup("")


def axis_day(at: datetime) -> str:
    """3 Dec: a place on an axis."""
    return dates.format_skeleton("MMMd", at, locale=current().locale)


def month(at: datetime) -> str:
    """Dec 2026."""
    return dates.format_skeleton("yMMM", at, locale=current().locale)


def until(at: datetime) -> Markup:
    """3 December 2026 (in 11 days): a date that matters by its distance."""
    return _time(at, f"{_day(at)} ({distance(at)})")


def distance(at: datetime) -> str:
    """In 11 days, tomorrow, 2 days ago: by calendar days, as people count."""
    days = (at.date() - clock.now().date()).days
    if days in (-1, 0, 1):
        return str({0: _("today"), 1: _("tomorrow"), -1: _("yesterday")}[days])
    if days > 0:
        return str(ngettext("in %(num)s day", "in %(num)s days", days))
    return str(ngettext("%(num)s day ago", "%(num)s days ago", -days))


def figure(value: Any) -> str | Markup:
    """1234567 as 1,234,567; words as they are."""
    return number(value) if isinstance(value, int) else escape(value)


def money(minor: int, currency: str) -> str:
    """1234550 and "EUR" as €12,345.50. `minor`: the currency's smallest unit, as ISO 4217 counts.

    How many digits that unit has is the currency's own: none for JPY, three for KWD.
    """
    amount = Decimal(minor).scaleb(-numbers.get_currency_precision(currency))
    said = numbers.format_currency(amount, currency, locale=current().locale)
    return _LETTER_BEFORE_DIGIT.sub("\xa0", said)


def percent(part: float) -> str:
    """0.92 as 92%, rounded to the whole."""
    return numbers.format_percent(part, locale=current().locale)


def plural(count: int, one: str, many: str) -> str:
    """1 person, 12 people."""
    return f"{number(count)} {ngettext(one, many, count)}"


def size(count: int) -> str:
    """2 MB."""
    locale = current().locale
    for unit, name in _SIZE_NAMES:
        if count >= unit:
            return units.format_unit(round(count / unit), f"digital-{name}", "short", locale=locale)
    return units.format_unit(count, "digital-byte", "long", locale=locale)


def initials(name: str) -> str:
    """Two letters that stand for a person or an organization; a sign-in name gives its first."""
    parts = re.findall(r"[^\W_]+", name.split("@", maxsplit=1)[0])
    letters = [part[0] for part in parts[:1] + parts[1:][-1:]]
    return "".join(letters).upper() or "?"


def browser(user_agent: str) -> str:
    """Firefox on Linux: enough to know one's own device again."""
    name = next((said for sign, said in _BROWSERS if sign in user_agent), _("An unknown browser"))
    system = next((said for sign, said in _SYSTEMS if sign in user_agent), "")
    return str(_("%(browser)s on %(system)s", browser=name, system=system)) if system else name


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
    return str(HERE if one.source_id == LOCAL else sources.get(one.source_id, HERE))


FILTERS = {
    fn.__name__: fn
    for fn in (
        moment,
        day,
        date_text,
        short_day,
        date_text,
        until,
        distance,
        figure,
        money,
        percent,
        plural,
        size,
        breaks,
        initials,
        browser,
        state,
        source,
    )
}
