"""The states of a subscription: a pure function of what was agreed and of the time.

    pending → trial | active → expired → disabled → deleted

Nothing has to run for a state to change: the nightly job only writes down what this says and tells
people, so a run that was missed heals by itself. With `auto_renew` the term moves on.
"""

import calendar
from dataclasses import dataclass
from datetime import datetime, timedelta

from idp.licensing.catalogue import TRIAL, OfferView

PENDING, TRIAL_STATE, ACTIVE = "pending", "trial", "active"
EXPIRED, DISABLED, DELETED = "expired", "disabled", "deleted"
STATES = (PENDING, TRIAL_STATE, ACTIVE, EXPIRED, DISABLED, DELETED)
# What its units count as (Microsoft Graph's licenseUnitsDetail); others count nowhere.
COUNTS_AS = {
    TRIAL_STATE: "enabled",
    ACTIVE: "enabled",
    EXPIRED: "warning",
    DISABLED: "suspended",
}


@dataclass(frozen=True, slots=True)
class Terms:
    """What decides a subscription's states."""

    starts: datetime
    ends: datetime
    trial: bool
    auto_renew: bool
    term_months: int
    grace_days: int
    retention_days: int
    cancelled_at: datetime | None = None  # taken back at once: disabled from then on
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Phase:
    """A state and the time in which it holds; `until` None is for good."""

    state: str
    since: datetime | None
    until: datetime | None


def terms_of(row: "dict[str, object]", offer: OfferView) -> Terms:
    """The terms in a subscription's row."""
    return Terms(
        row["starts"],  # type: ignore[arg-type]
        row["ends"],  # type: ignore[arg-type]
        offer.kind == TRIAL,
        bool(row["auto_renew"]) and offer.kind != TRIAL and row["cancelled_at"] is None,
        offer.term_months,
        offer.grace_days,
        offer.retention_days,
        row["cancelled_at"],  # type: ignore[arg-type]
        row["deleted_at"],  # type: ignore[arg-type]
    )


def state_at(terms: Terms, now: datetime) -> str:
    """The state at a moment."""
    return phase_at(terms, now).state


def phase_at(terms: Terms, now: datetime) -> Phase:
    """The phase at a moment: `until` is when the state changes next, if nobody does anything."""
    return next(p for p in timeline(terms, now) if p.until is None or now < p.until)


def timeline(terms: Terms, now: datetime) -> list[Phase]:
    """All phases in order, with the term that runs, or ran last, at `now`.

    What was deleted stays deleted, also when the clock is set back.
    """
    if terms.deleted_at is not None:
        return [Phase(DELETED, terms.deleted_at, None)]
    ends = term_end(terms, now)
    full = TRIAL_STATE if terms.trial else ACTIVE
    phases = [Phase(PENDING, None, terms.starts)]
    if terms.cancelled_at is not None:
        over = gone = max(terms.cancelled_at, terms.starts)
        phases.append(Phase(full, terms.starts, over))
    else:
        over, gone = ends, ends + timedelta(days=terms.grace_days)
        phases += [Phase(full, terms.starts, over), Phase(EXPIRED, over, gone)]
    last = gone + timedelta(days=terms.retention_days)
    phases += [Phase(DISABLED, gone, last), Phase(DELETED, last, None)]
    return [p for p in phases if p.since is None or p.until is None or p.since < p.until]


def term_end(terms: Terms, now: datetime) -> datetime:
    """When the term that runs at `now` ends: with auto-renewal the agreed end moves on by terms."""
    if not terms.auto_renew or terms.term_months < 1 or terms.ends > now:
        return terms.ends
    count = 1
    while (ends := add_months(terms.ends, count * terms.term_months, terms.starts.day)) <= now:
        count += 1
    return ends


def term_running(terms: Terms, now: datetime) -> tuple[datetime, datetime]:
    """Beginning and end of the term that runs, or ran last, at `now`."""
    ends = term_end(terms, now)
    if terms.trial:
        return terms.starts, ends
    return max(terms.starts, add_months(ends, -terms.term_months, terms.starts.day)), ends


def add_months(moment: datetime, months: int, day: int | None = None) -> datetime:
    """The same day so many months on; of a shorter month the last. `day` is the one agreed on.

    A term that began on the 31st ends on 28 February and, a month later, on 31 March.
    """
    place = moment.year * 12 + moment.month - 1 + months
    year, month = divmod(place, 12)
    longest = calendar.monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(day or moment.day, longest))


def gives_access(state: str) -> bool:
    """Whether people can use what they hold in this state."""
    return COUNTS_AS.get(state) in ("enabled", "warning")
