"""Plain DataFrames are brought to the contract, or refused by column and value."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from qerko_recon.errors import ReconciliationError
from qerko_recon.schema import TENDERS, conform, to_frame


def test_missing_optional_columns_become_null_and_others_are_left_out():
    frame = pd.DataFrame({"amount": ["1.50", None], "note": ["x", "y"]})
    table = conform(frame, TENDERS, what="tenders", required=["amount"])
    assert table.schema == TENDERS
    assert table["amount"].to_pylist() == [Decimal("1.5"), None]
    assert table["payment_id"].null_count == 2


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([1, 2]),
        pd.Series([Decimal(1), Decimal(2)]),
        pd.Series(["1", "2.000"]),
        pd.Series([1, 2], dtype="Int64"),
        pd.Series([Decimal(1), Decimal(2)], dtype=pd.ArrowDtype(pa.decimal128(10, 2))),
    ],
)
def test_money_comes_in_every_exact_dress(values):
    table = conform(pd.DataFrame({"amount": values}), TENDERS, what="t", required=["amount"])
    assert table["amount"].to_pylist() == [Decimal(1), Decimal(2)]


def test_ids_that_pandas_read_as_numbers_become_text():
    frame = pd.DataFrame({"amount": [1], "payment_id": [1234], "bill_id": [np.nan]})
    table = conform(frame, TENDERS, what="t", required=["amount"])
    assert table["payment_id"].to_pylist() == ["1234"]
    assert table["bill_id"].to_pylist() == [None]


def test_ids_that_a_missing_one_made_floats_are_whole_again_or_refused():
    frame = pd.DataFrame({"amount": [1, 2], "payment_id": [1234.0, np.nan]})
    table = conform(frame, TENDERS, what="t", required=["amount"])
    assert table["payment_id"].to_pylist() == ["1234", None]
    for lost in (1e17, 0.5):
        frame["payment_id"] = [lost, np.nan]
        with pytest.raises(ReconciliationError, match=r"t\.payment_id: .* read IDs as text"):
            conform(frame, TENDERS, what="t", required=["amount"])


def test_times_are_brought_to_utc():
    frame = pd.DataFrame({"amount": [1], "paid_at": ["2026-11-20T21:33:39+01:00"]})
    table = conform(frame, TENDERS, what="t", required=["amount"])
    assert table["paid_at"].to_pylist() == [datetime(2026, 11, 20, 20, 33, 39, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"tip": ["1"]}, r"t lacks the column amount; it has: tip"),
        ({"amount": [1.5]}, r"t.amount: t.amount is a float column"),
        ({"amount": [Decimal("0.1234567")]}, r"t.amount: .*0.1234567 does not fit"),
        ({"amount": ["12,x"]}, r"t.amount: .*'12,x' is not a decimal"),
        ({"amount": [1], "paid_at": ["never"]}, r"t.paid_at: "),
        ({"amount": [1], "source_row": ["x"]}, r"t.source_row: "),
    ],
)
def test_what_does_not_fit_is_refused_by_column_and_value(frame, message):
    with pytest.raises(ReconciliationError, match=message):
        conform(pd.DataFrame(frame), TENDERS, what="t", required=["amount"])


def test_an_empty_float_column_is_no_money_and_no_error():
    table = conform(
        pd.DataFrame({"amount": [1], "tip": [np.nan]}), TENDERS, what="t", required=["amount"]
    )
    assert table["tip"].null_count == 1
    assert isinstance(to_frame(table)["amount"].dtype, pd.ArrowDtype)
