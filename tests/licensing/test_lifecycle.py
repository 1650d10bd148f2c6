"""The states follow from dates alone: leap days, month ends, time zones, clocks set back."""

import itertools
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.licensing.lifecycle import (
    ACTIVE,
    DELETED,
    DISABLED,
    EXPIRED,
    PENDING,
    STATES,
    TRIAL_STATE,
    Terms,
    add_months,
    phase_at,
    state_at,
    term_end,
    term_running,
    timeline,
)
from idp.licensing.proration import days_left, days_of, prorated

START = datetime(2027, 1, 31, 9, 0, tzinfo=UTC)
YEAR = Terms(START, add_months(START, 12), False, False, 12, 30, 90)
moments = st.integers(0, 20 * 365 * 86400).map(
    lambda seconds: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
lengths = st.integers(0, 400)


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    """Any subscription that could have been agreed on."""
    starts, months, trial = draw(moments), draw(st.integers(1, 36)), draw(st.booleans())
    ends = starts + timedelta(days=30) if trial else add_months(starts, months)
    return Terms(
        starts, ends, trial, not trial and draw(st.booleans()), months, draw(lengths), draw(lengths)
    )


@pytest.mark.parametrize(
    "days, state",
    [
        (-1, PENDING),
        (0, ACTIVE),
        (364, ACTIVE),
        (365, EXPIRED),
        (394, EXPIRED),
        (395, DISABLED),
        (484, DISABLED),
        (485, DELETED),
        (9999, DELETED),
    ],
)
def test_a_year_ends_in_grace_then_disabled_then_deleted(days: int, state: str) -> None:
    assert state_at(YEAR, START + timedelta(days=days)) == state


@pytest.mark.parametrize(
    "start, months, end",
    [
        ("2028-02-29", 12, "2029-02-28"),  # a leap day has no birthday every year
        ("2027-02-28", 12, "2028-02-28"),
        ("2027-01-31", 1, "2027-02-28"),
        ("2027-12-31", 2, "2028-02-29"),
        ("2027-08-31", 1, "2027-09-30"),
        ("2027-12-15", 1, "2028-01-15"),
    ],
)
def test_terms_end_on_the_same_day_or_the_last_of_a_shorter_month(
    start: str, months: int, end: str
) -> None:
    assert add_months(datetime.fromisoformat(start), months).date().isoformat() == end


def test_renewals_keep_the_day_that_was_agreed_on() -> None:
    monthly = Terms(START, add_months(START, 1), False, True, 1, 30, 90)
    ends = [term_end(monthly, datetime(2027, month, 28, 10, tzinfo=UTC)) for month in (1, 2, 3)]
    assert [end.day for end in ends] == [28, 31, 31]


def test_where_the_reader_is_does_not_move_a_state() -> None:
    moment = START + timedelta(days=365)
    for hours in (-12, 0, 5.5, 14):
        there = moment.astimezone(timezone(timedelta(hours=hours)))
        assert state_at(YEAR, there) == EXPIRED
        assert state_at(YEAR, there - timedelta(seconds=1)) == ACTIVE


def test_what_was_deleted_stays_deleted_when_the_clock_is_set_back() -> None:
    gone = Terms(START, YEAR.ends, False, False, 12, 30, 90, None, START + timedelta(days=500))
    assert state_at(gone, START) == DELETED


@given(terms(), moments)
def test_a_moment_is_in_exactly_one_phase(agreed: Terms, now: datetime) -> None:
    phases = timeline(agreed, now)
    assert phases[0].since is None
    assert phases[-1].until is None
    assert all(a.until == b.since for a, b in itertools.pairwise(phases))
    found = phase_at(agreed, now)
    assert found.since is None or found.since <= now
    assert found.until is None or now < found.until


@given(terms(), moments, st.integers(0, 4000))
def test_states_only_go_forward_until_somebody_acts(
    agreed: Terms, now: datetime, days: int
) -> None:
    later = now + timedelta(days=days)
    assert STATES.index(state_at(agreed, now)) <= STATES.index(state_at(agreed, later)) or (
        state_at(agreed, now) == TRIAL_STATE
    )


@given(terms(), moments)
def test_auto_renewal_never_expires(agreed: Terms, now: datetime) -> None:
    if agreed.auto_renew and now >= agreed.starts:
        assert state_at(agreed, now) == ACTIVE
        start, end = term_running(agreed, now)
        assert agreed.starts <= start < end
        assert now < end


@given(moments, moments, moments, st.integers(0, 10**9))
def test_a_part_of_a_term_costs_at_most_the_whole(
    one: datetime, two: datetime, now: datetime, price: int
) -> None:
    start, end = min(one, two), max(one, two)
    days, left = days_of(start, end), days_left(start, end, now)
    assert 0 <= left <= days
    part = prorated(price, left, days)
    assert 0 <= part <= price
    assert abs(part * days - price * left) * 2 <= days  # never off by more than half a unit


def test_halves_are_rounded_up() -> None:
    assert prorated(101, 1, 2) == 51
    with pytest.raises(ValueError, match="sign"):
        prorated(-1, 1, 2)
