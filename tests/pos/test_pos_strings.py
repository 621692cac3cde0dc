"""Columns read by their shapes and in parts: as if every cell were looked at by itself."""

from __future__ import annotations

import string
from datetime import UTC, date, datetime, time, timedelta
from unittest import mock
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qerko_recon.errors import AmountError
from qerko_recon.money import SCALE, fits, parse_amount
from qerko_recon.pos import parts
from qerko_recon.pos.amounts import parse_amounts
from qerko_recon.pos.strings import Strings
from qerko_recon.pos.times import parse_times

PRAGUE = ZoneInfo("Europe/Prague")
SIZES = st.sampled_from([1, 2, 3, 7, 1 << 16])
CODECS = st.sampled_from(["utf-8", "cp1250"])
TEXTS = st.text(alphabet=" \t\u00a009ax.,-Čř€", max_size=9)
AMOUNTS = st.one_of(
    st.from_regex(r"-?[0-9]{1,4}[.,][0-9]{2}( Kč)?", fullmatch=True),
    st.from_regex(r"[-(]?[0-9]{1,3}([ .'\u00a0][0-9]{3})*([.,][0-9]{1,2})?[)-]?", fullmatch=True),
    st.sampled_from(["", "-", "0", "1e5", "12,5,0", "€ 12.50", "12,--", "9" * 13, "1,2345678"]),
)
# From four o'clock on no clock is put forward or back.
TIMES = st.builds(
    lambda day, second: datetime.combine(day, time(4), UTC) + timedelta(seconds=second),
    st.dates(date(2021, 1, 1), date(2029, 12, 31)),
    st.integers(0, 20 * 3600 - 1),
)
FORMS = ["%d.%m.%Y %H:%M:%S", "%d. %m. %Y %H:%M", "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %I:%M %p"]


def strings(texts, codec):
    raw = [text.encode(codec) for text in texts]
    return Strings(pa.array(raw, pa.binary()), codec)


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=12), SIZES, CODECS)
@example(["Č", "ř", "Č"], 2, "cp1250")
@example(["ab", "ab", "ab"], 2, "utf-8")
@example(["12,5,0", "00"], 2, "utf-8")
def test_a_column_says_what_its_cells_say(texts, size, codec):
    with mock.patch.object(parts, "_MOST_ROWS", size):
        column = strings(texts, codec)
        trimmed = [text.strip() for text in texts]
        assert column.text.to_pylist() == trimmed
        assert [column[row] for row in range(len(texts))] == trimmed
        assert column.is_empty.tolist() == [not text for text in trimmed]
        coded = column.coded
        words = coded.words.to_pylist()
        assert [words[code] for code in coded.codes] == trimmed
        firsts = [text.encode(codec)[:1] or b"\0" for text in texts]
        assert column.first_letters.tobytes() == b"".join(firsts)
        assert column.has("x9") == any(one in text for text in texts for one in "x9")
        assert column.are("9").tolist() == [text == "9" for text in trimmed]
        shapes = column.shapes
        digits = str.maketrans(string.digits, "9" * 10)
        assert [shapes.words[code] for code in shapes.codes] == [
            text.translate(digits) for text in texts
        ]
        assert sum(shapes.counts) == len(texts)


def by_itself(text, mark):
    """Read one cell without any column around it."""
    if not text.strip(" -"):
        return None
    try:
        value = parse_amount(text, decimal_mark=mark)
    except AmountError:
        return "unread"
    return int(value.scaleb(SCALE)) if fits(value) else "unread"


@settings(deadline=None)
@given(st.lists(AMOUNTS, max_size=12), st.sampled_from([",", "."]), SIZES, CODECS)
@example(["12,5,0", "00"], ",", 2, "utf-8")
def test_amounts_of_a_column_are_those_of_its_cells(texts, mark, size, codec):
    with mock.patch.object(parts, "_MOST_ROWS", size):
        amounts = parse_amounts(strings(texts, codec), mark)
    found = [
        None if not given else int(units) if read else "unread"
        for given, read, units in zip(
            amounts.is_given, amounts.is_read, amounts.units, strict=True
        )
    ]
    assert found == [by_itself(text, mark) for text in texts]
    assert [row for row, _ in amounts.faults] == [
        row for row, value in enumerate(found) if value == "unread"
    ]


@settings(deadline=None)
@given(st.lists(TIMES, min_size=1, max_size=12), st.data(), SIZES, CODECS)
def test_times_of_a_column_are_those_of_its_cells(moments, data, size, codec):
    forms = data.draw(
        st.lists(st.sampled_from(FORMS), min_size=len(moments), max_size=len(moments))
    )
    pairs = list(zip(moments, forms, strict=True))
    texts = [moment.strftime(form) for moment, form in pairs]
    with mock.patch.object(parts, "_MOST_ROWS", size):
        times = parse_times(strings(texts, codec), None, PRAGUE, order="dmy")
    expected = [
        datetime.strptime(text, form).replace(tzinfo=PRAGUE).astimezone(UTC)
        for text, (_, form) in zip(texts, pairs, strict=True)
    ]
    assert [one.astimezone(UTC) for one in times.moments.to_pylist()] == expected


@pytest.mark.parametrize("codec", ["utf-8", "cp1250"])
def test_a_column_without_a_cell(codec):
    column = strings([], codec)
    assert (len(column), column.text.to_pylist(), column.shapes.words) == (0, [], [])
    assert column.coded.codes.tolist() == column.is_empty.tolist() == []
