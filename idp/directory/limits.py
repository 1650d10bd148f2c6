"""What a SCIM connection may ask of the server, and how long its requests are remembered.

Both stand in the connection's `settings` beside what other rooms keep there; what is not set has
the default. OpenID's IPSIE profile asks that no client is held under 25 requests a second.
"""

from collections.abc import Mapping
from typing import Any

from idp.directory.errors import Invalid

DEFAULT_RATE, LOWEST_RATE, HIGHEST_RATE = 1_000, 25, 100_000  # requests a second
BURST_SECONDS = 30  # how many seconds' worth of requests may come at once
DEFAULT_DAYS, MOST_DAYS = 30, 365
MOST_ENTRIES = 1_000_000  # of the journal, per connection


def rate_of(settings: Mapping[str, Any]) -> int:
    """How many requests a second a connection may make."""
    return int(settings.get("rate", DEFAULT_RATE))


def journal_days_of(settings: Mapping[str, Any]) -> int:
    """How many days a connection's requests are kept; 0 keeps none."""
    return int(settings.get("journal_days", DEFAULT_DAYS))


def check(settings: Mapping[str, Any]) -> None:
    """Refuse limits out of bounds. Raises Invalid."""
    _check_number(settings, "rate", LOWEST_RATE, HIGHEST_RATE, "requests a second")
    _check_number(settings, "journal_days", 0, MOST_DAYS, "days")


def _check_number(settings: Mapping[str, Any], name: str, least: int, most: int, of: str) -> None:
    value = settings.get(name, least)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Invalid(f"{name}_out_of_range", f"{least} to {most:,} {of}.", attribute=name)
