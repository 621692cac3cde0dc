"""Dates and times: every style of the region, in the venue's zone, through the clock changes."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qerko_recon.pos import read_pos
from qerko_recon.pos.strings import Strings
from qerko_recon.pos.times import find_zone, parse_times

PRAGUE = ZoneInfo("Europe/Prague")
FIRST, LAST = datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2090-01-01")
EVENING = datetime(2026, 11, 20, 20, 33, 39, tzinfo=UTC)


def parse(*cells, clocks=None, zone=PRAGUE, **settings):
    clock_column = None if clocks is None else Strings(pa.array(clocks))
    return parse_times(Strings(pa.array(cells, pa.string())), clock_column, zone, **settings)


@pytest.mark.parametrize(
    "cell",
    [
        "20. 11. 2026 21:33:39",
        "20.11.2026 21:33:39",
        "20.\u00a011.\u00a02026 21:33:39",
        "20.11.2026, 21:33:39",
        "pá 20.11.2026 21:33:39",
        "Fr., 20.11.2026 21:33:39",
        "20.11.26 21.33.39",
        "2026-11-20T21:33:39+01:00",
        "2026-11-20T20:33:39Z",
        "2026-11-20T20:33:39.000+0000",
        "2026-11-20 21:33:39",
        "2026. 11. 20. 21:33:39",
        "2026/11/20 21:33:39",
        "20/11/2026 21:33:39",
        "20-11-2026 9:33:39 PM",
        "20261120213339",
        "20261120 21:33:39",
    ],
)
def test_styles_of_one_moment(cell):
    times = parse(cell)
    assert times.moments.to_pylist() == [EVENING]
    assert not times.faults


def test_fractions_are_kept_to_the_microsecond():
    times = parse("2026-11-20T20:33:39.1234567Z", "20.11.2026 21:33:39,5")
    assert [moment.microsecond for moment in times.moments.to_pylist()] == [123456, 500000]


def test_date_and_time_in_two_columns():
    times = parse("20.11.2026", "20. 11. 2026", "", clocks=["21:33:39", "21:33", ""])
    assert times.moments.to_pylist() == [EVENING, EVENING.replace(second=0), None]
    assert not times.faults


def test_date_without_time_is_noon_of_its_day():
    times = parse("20.11.2026")
    assert times.moments.to_pylist() == [datetime(2026, 11, 20, 11, tzinfo=UTC)]
    assert "noon" in times.notes[0]


def test_slashes_are_read_by_what_the_file_shows():
    american = parse("11/20/2026", "11/02/2026")
    assert (american.order, american.is_sure) == ("mdy", True)
    assert [moment.month for moment in american.moments.to_pylist()] == [11, 11]
    european = parse("20/11/2026", "02/11/2026")
    assert (european.order, european.is_sure) == ("dmy", True)
    either = parse("02/11/2026")
    assert (either.order, either.is_sure) == ("dmy", False)
    assert any("date_order" in note for note in either.notes)
    stated = parse("02/11/2026", order="mdy")
    assert (stated.order, stated.is_sure) == ("mdy", True)
    assert stated.moments.to_pylist()[0].month == 2


def test_dots_are_day_first_whatever_slashes_are():
    times = parse("02.11.2026", order="mdy")
    assert times.moments.to_pylist()[0].month == 11


def test_formats_of_a_profile_come_first():
    times = parse("201126 2133", "2026-11-20 21:33", formats=["%d%m%y %H%M"])
    assert len(set(times.moments.to_pylist())) == 1
    bare = parse("201126", formats=["%d%m%y"])
    assert bare.moments.to_pylist() == [datetime(2026, 11, 20, 11, tzinfo=UTC)]


def test_hour_that_comes_twice_is_the_first_and_said():
    times = parse("25.10.2026 02:30", "25.10.2026 03:30")
    assert times.moments.to_pylist() == [
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 2, 30, tzinfo=UTC),
    ]
    assert [
        "1 distinct times fall into the hour that the end" in note for note in times.notes
    ] == [True]


def test_hour_that_never_comes_is_read_as_the_clock_stood():
    times = parse("29.3.2026 02:30")
    assert times.moments.to_pylist() == [datetime(2026, 3, 29, 1, 30, tzinfo=UTC)]
    assert "skips" in times.notes[0]


def test_what_is_no_time_is_a_fault():
    times = parse("31.2.2026", "", "-", "24.12.2026 24:01", "13:00 PM 1.1.2026", "1.13.2026")
    assert [row for row, _ in times.faults] == [0, 3, 4, 5]
    assert times.moments.null_count == 6


@given(
    st.datetimes(FIRST, LAST),
    st.sampled_from(
        ["{0:%d.%m.%Y %H:%M:%S}", "{0.day}. {0.month}. {0.year} {0:%H:%M:%S}", "{0:%Y-%m-%d %X}"]
    ),
)
def test_local_times_agree_with_the_standard_library(moment, form):
    moment = moment.replace(microsecond=0)
    # A second time, as midnight in every row would be taken for no time at all.
    times = parse(form.format(moment), "1. 2. 2020 12:34")
    assert times.moments[0].as_py() == moment.replace(tzinfo=PRAGUE, fold=0).astimezone(UTC)


def test_midnight_in_every_row_is_no_time_of_day():
    times = parse("20.11.2026 00:00:00", "21.11.2026 0:00", "22.11.2026", "")
    assert [one.hour for one in times.moments.to_pylist()[:3]] == [11, 11, 11]
    assert times.is_bare.tolist() == [True, True, True, False]
    assert "noon" in times.notes[0]
    told = parse("20.11.2026 00:00:00", "21.11.2026 0:01")
    assert [one.hour for one in told.moments.to_pylist()] == [23, 23]
    zoned = parse("2026-11-20T00:00:00+01:00")
    assert zoned.moments.to_pylist() == [datetime(2026, 11, 19, 23, tzinfo=UTC)]


@given(st.datetimes(FIRST, LAST, timezones=st.just(PRAGUE)))
def test_times_with_an_offset_are_exact(moment):
    assert parse(moment.isoformat()).moments.to_pylist() == [moment.astimezone(UTC)]


def test_zone_by_name():
    assert find_zone("Europe/Prague") == PRAGUE


def test_an_export_without_a_line_has_no_times(tmp_path):
    path = tmp_path / "empty.csv"
    path.write_text("Účet;ID platby;Částka;Datum\n", encoding="utf-8")
    pos = read_pos(path)
    assert (len(pos.tenders), len(pos.problems)) == (0, 0)
