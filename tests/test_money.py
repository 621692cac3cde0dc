"""Amounts: read as people write them, held to the last digit, summed without loss."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qerko_recon.errors import AmountError
from qerko_recon.money import (
    MONEY,
    _by_babel,
    decimal_array,
    fits,
    format_amount,
    format_many,
    from_units,
    largest,
    parse_amount,
    sum_exactly,
    to_units,
    total,
    unit_to_decimal,
)

UNITS = st.integers(-(10**18) + 1, 10**18 - 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", "1"),
        ("1 234,50 Kč", "1234.50"),
        ("1\u00a0234,50", "1234.50"),
        ("1\u202f234\u202f567,5", "1234567.5"),
        ("1.234,50 €", "1234.50"),
        ("€1,234.50", "1234.50"),
        ("1'234.50", "1234.50"),
        ("1.234.567", "1234567"),
        ("0,125", "0.125"),
        (",5", "0.5"),
        ("5,-", "5"),
        ("5,–", "5"),
        ("1 000,- Kč", "1000"),
        ("-12,5", "-12.5"),
        ("−12,5", "-12.5"),
        ("12,5-", "-12.5"),
        ("(12,50)", "-12.50"),
        ("CZK -5", "-5"),
        ("+7", "7"),
        ("-0,00", "0.00"),
    ],
)
def test_amounts_as_people_write_them(text, value):
    assert parse_amount(text) == Decimal(value)


@pytest.mark.parametrize(
    "text", ["", "-", "()", "abc", "1,234,56", "1 23", "12,3,4", "5,-5", "1..2", "½", "١٢"]
)
def test_what_is_no_amount_is_refused_by_name(text):
    with pytest.raises(AmountError, match="not an amount"):
        parse_amount(text)


def test_a_declared_mark_decides_what_a_lone_mark_means():
    assert parse_amount("1.234", decimal_mark=",") == Decimal(1234)
    assert parse_amount("1.234", decimal_mark=".") == Decimal("1.234")
    with pytest.raises(AmountError, match="decimal mark"):
        parse_amount("1,50", decimal_mark=".")


@given(UNITS, st.sampled_from([("", ","), (" ", ","), ("\u00a0", ","), (".", ","), ("'", ".")]))
def test_any_amount_is_read_back_from_any_style(units, style):
    group, mark = style
    value = Decimal(units).scaleb(-6)
    whole, part = f"{abs(value):.6f}".split(".")
    grouped = f"{int(whole):,}".replace(",", group)
    text = f"{'-' if units < 0 else ''}{grouped}{mark}{part}"
    assert parse_amount(text, decimal_mark=mark) == value


@given(st.lists(st.one_of(st.none(), UNITS)))
def test_units_and_decimals_are_the_same_numbers(units):
    values = [None if one is None else Decimal(one).scaleb(-6) for one in units]
    column = decimal_array(values)
    assert column.to_pylist() == values
    null = np.array([one is None for one in units], dtype=bool)
    assert from_units(to_units(column), null).to_pylist() == values
    assert to_units(column.slice(1)).tolist() == [one or 0 for one in units][1:]


@given(st.lists(UNITS, max_size=50))
def test_sums_are_exact(units):
    values = [unit_to_decimal(one) for one in units]
    assert total(values) == sum((Fraction(one, 10**6) for one in units), Fraction(0))


def test_a_sum_of_many_largest_amounts_does_not_run_over():
    largest = Decimal("999999999999.999999")
    column = pa.chunked_array([decimal_array([largest] * 50), decimal_array([largest] * 50)])
    assert total(column) == largest * 100
    assert total(pd.Series(column, dtype=pd.ArrowDtype(MONEY))) == largest * 100


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("0.1234567", "does not fit"),
        (Decimal(10) ** 12, "does not fit"),
        ("abc", "not a decimal"),
        ("NaN", "not a decimal"),
        (1.5, "float"),
    ],
)
def test_what_cannot_be_held_is_refused_by_name(value, message):
    with pytest.raises(AmountError, match=message):
        decimal_array(["1", value])


def test_trailing_zeros_beyond_six_decimals_do_fit():
    assert decimal_array(["1.10000000"]).to_pylist() == [Decimal("1.1")]
    assert fits(Decimal("1.10000000"))
    assert not fits(Decimal("NaN"))


def test_a_column_that_runs_over_says_so():
    with pytest.raises(AmountError, match="does not fit"):
        from_units(np.array([10**18], dtype=np.int64))


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", "−CZK\u00a048,139.50"),
        ("cs", "−48\u00a0139,50\u00a0Kč"),
        ("sk", "−48\u00a0139,50\u00a0CZK"),
        ("de", "−48.139,50\u00a0CZK"),
    ],
)
def test_amounts_are_shown_as_each_language_writes_them(language, shown):
    assert format_amount(Decimal("-48139.5"), "CZK", language=language) == shown


@given(
    UNITS.map(unit_to_decimal),
    st.sampled_from([None, "CZK", "EUR", "GBP", "HUF", "XX1", "a-b"]),
    st.sampled_from(["en", "cs", "sk", "de", "pl", "hi", "de_CH"]),
)
def test_amounts_are_shown_as_babel_shows_them(value, currency, language):
    assert format_amount(value, currency, language=language) == _by_babel(
        value, currency, language
    )


@given(
    st.lists(UNITS.map(lambda one: one // 10_000 * 10_000) | UNITS, max_size=8),
    st.sampled_from([None, "CZK", "EUR", "XX1"]),
    st.sampled_from(["en", "cs", "sk", "de", "hi", "de_CH"]),
)
def test_a_column_of_amounts_is_shown_as_each_of_them(units, currency, language):
    shown = format_many(np.array(units, dtype=np.int64), currency, language=language)
    assert shown.to_pylist() == [
        format_amount(unit_to_decimal(one), currency, language=language) for one in units
    ]


def test_no_digit_is_rounded_away_for_show():
    assert format_amount(Decimal("0.123456")) == "0.123456"
    assert format_amount(Decimal("1E+3")) == "1,000.00"


@pytest.mark.parametrize("text", ["1." + "0" * 70 + "1", "0." + "0" * 6 + "1", "1e-7", "1e12"])
def test_no_digit_is_lost_however_far_behind(text):
    assert not fits(Decimal(text))
    with pytest.raises(AmountError, match="does not fit"):
        decimal_array([text])


@pytest.mark.parametrize("text", ["0E+14", "0E-90", "1.5" + "0" * 80, "-0"])
def test_what_can_be_held_is_held(text):
    assert fits(Decimal(text))
    assert decimal_array([text, Decimal(text)]).to_pylist() == [Decimal(text)] * 2


@given(st.lists(st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-9, 9)), max_size=9))
def test_sums_and_the_largest_are_exact_whatever_their_size(numbers):
    units = np.array(numbers, dtype=np.int64)
    assert sum_exactly(units) == sum(numbers)
    assert largest(units) == max(map(abs, numbers), default=0)
