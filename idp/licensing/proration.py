"""What a part of a term costs: whole days (UTC), integer minor units, halves rounded up.

The days of a part and of the rest of its term add up to the whole, so that what is charged for a
change can be credited again for the same days.
"""

from datetime import datetime


def days_of(start: datetime, end: datetime) -> int:
    """Calendar days from one to the other; never fewer than one, for a term is never free."""
    return max(1, (end.date() - start.date()).days)


def days_left(start: datetime, end: datetime, now: datetime) -> int:
    """Days of a term that are still ahead; today is one of them."""
    first = max(start, now)
    return max(0, min(days_of(start, end), (end.date() - first.date()).days))


def prorated(amount_minor: int, days: int, of_days: int) -> int:
    """`amount_minor` for `days` of `of_days`, rounded half up.

    Raises ValueError for a negative amount: a credit is a price for what is taken back.
    """
    if amount_minor < 0:
        raise ValueError("prorate the price, then turn the sign")
    return (2 * amount_minor * days + of_days) // (2 * of_days)
