"""Business days, on the two nights of the year when the clock on the wall jumps too."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qerko_recon.recon.days import are_neighbours, business_dates, covered_days

PRAGUE = ZoneInfo("Europe/Prague")
TIME = pa.timestamp("us", "UTC")


def days_of(moments, cutoff, zone="Europe/Prague"):
    found = business_dates(pa.chunked_array([list(moments)], TIME), zone, cutoff)
    return [None if np.isnat(day) else day.astype(object) for day in found]


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# In March the clock goes from 01:59:59 to 03:00 (at 01:00 UTC); in October it shows the hour from
# 02:00 twice, first in summer time (from 00:00 UTC), then in winter time (from 01:00 UTC).
@pytest.mark.parametrize(
    ("moment", "cutoff", "day"),
    [
        # March, the cut-off after the gap
        ("2026-03-29T01:59:59", time(4), date(2026, 3, 28)),  # 03:59:59 on the wall
        ("2026-03-29T02:00:00", time(4), date(2026, 3, 29)),
        # at its end
        ("2026-03-29T00:59:59", time(3), date(2026, 3, 28)),  # 01:59:59
        ("2026-03-29T01:00:00", time(3), date(2026, 3, 29)),  # 03:00
        # within it: no clock ever shows 02:30
        ("2026-03-29T00:59:59", time(2, 30), date(2026, 3, 28)),
        ("2026-03-29T01:00:00", time(2, 30), date(2026, 3, 29)),
        # October, the cut-off after the repeated hour
        ("2026-10-25T02:59:59", time(4), date(2026, 10, 24)),  # 03:59:59
        ("2026-10-25T03:00:00", time(4), date(2026, 10, 25)),
        # at its end: 03:00 is shown once, in winter time
        ("2026-10-25T00:59:59", time(3), date(2026, 10, 24)),  # 02:59:59, summer
        ("2026-10-25T01:00:00", time(3), date(2026, 10, 24)),  # 02:00, winter
        ("2026-10-25T01:59:59", time(3), date(2026, 10, 24)),
        ("2026-10-25T02:00:00", time(3), date(2026, 10, 25)),
        # within it: the first 02:30 begins the day, and the second 02:00 does not end it
        ("2026-10-25T00:29:59", time(2, 30), date(2026, 10, 24)),
        ("2026-10-25T00:30:00", time(2, 30), date(2026, 10, 25)),
        ("2026-10-25T01:00:00", time(2, 30), date(2026, 10, 25)),  # 02:00, winter
        ("2026-10-25T01:29:59", time(2, 30), date(2026, 10, 25)),
        ("2026-10-25T01:30:00", time(2, 30), date(2026, 10, 25)),
        # an ordinary night, and midnight as the cut-off
        ("2026-11-21T02:59:59", time(4), date(2026, 11, 20)),
        ("2026-11-21T03:00:00", time(4), date(2026, 11, 21)),
        ("2026-11-20T22:59:59", time(0), date(2026, 11, 20)),
        ("2026-11-20T23:00:00", time(0), date(2026, 11, 21)),
    ],
)
def test_a_moment_has_the_day_that_the_clock_on_the_wall_began(moment, cutoff, day):
    assert days_of([utc(moment)], cutoff) == [day]


def test_a_whole_night_of_trade_is_one_day_of_its_own_length():
    for last, hours in ((date(2026, 3, 28), 23), (date(2026, 10, 24), 25), (date(2026, 6, 6), 24)):
        begins = datetime.combine(last, time(4), PRAGUE).astimezone(UTC)
        minutes = [begins + timedelta(minutes=n) for n in range(-1, hours * 60 + 1)]
        found = days_of(minutes, time(4))
        assert found.count(last) == hours * 60
        assert found[0] == last - timedelta(days=1)
        assert found[-1] == last + timedelta(days=1)


NIGHTS = {
    "Europe/Prague": ("2026-03-29", "2026-10-25"),
    "Europe/Dublin": ("2026-03-29", "2026-10-25"),
    "Australia/Lord_Howe": ("2026-04-04", "2026-10-03"),  # half an hour
    "UTC": ("2026-03-29",),
}


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from([(zone, night) for zone, nights in NIGHTS.items() for night in nights]),
    st.lists(st.integers(-120, 120), min_size=20, max_size=40),
    st.integers(90, 210).map(lambda n: time(n // 60, n % 60)),
)
def test_a_later_moment_is_never_of_an_earlier_day(where, minutes, cutoff):
    zone, night = where
    jump = datetime.fromisoformat(night).replace(hour=2, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    found = days_of([jump + timedelta(minutes=n) for n in sorted(minutes)], cutoff, zone)
    assert found == sorted(found)


def test_a_line_without_a_time_has_no_day():
    assert days_of([None, utc("2026-11-20T12:00:00")], time(4)) == [None, date(2026, 11, 20)]
    assert days_of([None], time(4)) == [None]
    assert days_of([], time(4)) == []


def test_a_stray_line_makes_no_day():
    days = np.array(["2026-11-20"] * 99 + ["2026-11-25"], dtype="datetime64[D]")
    assert covered_days(days) == {date(2026, 11, 20)}
    assert are_neighbours(date(2026, 11, 21), frozenset({date(2026, 11, 20)}))
    assert not are_neighbours(date(2026, 11, 20), frozenset({date(2026, 11, 20)}))
