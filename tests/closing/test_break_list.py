"""Breaks to go through: filters against a plain reading of the same rows, and words."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import qerko_recon as qr
from qerko_recon.closing import BreakList


@pytest.fixture(scope="module")
def result():
    payments = qr.Payments.read("data_samples/payments_day.jsonl")
    return qr.reconcile(payments, qr.read_pos("data_samples/pos/czech_semicolon/day.csv"))


KINDS = ["amount_mismatch", "tip_mismatch", "missing_in_pos", "none_such"]


@given(
    kinds=st.lists(st.sampled_from(KINDS), unique=True),
    at_least=st.none() | st.decimals(0, 2000, places=2),
    text=st.sampled_from(["", "44", "2026-11", "B-", "nothing at all", "(", "á"]),
)
def test_a_filter_leaves_what_a_plain_reading_leaves(result, kinds, at_least, text):
    breaks = BreakList(result)
    rows = result.breaks.to_dict("records")
    wanted = [
        (not kinds or row["kind"] in kinds)
        and (at_least is None or (pd.notna(row["variance"]) and abs(row["variance"]) >= at_least))
        and any(
            text.lower() in str(row[name]).lower()
            for name in ("break_id", "payment_id", "bill_id")
            if pd.notna(row[name])
        )
        | (not text)
        for row in rows
    ]
    mask = breaks.mask(kinds=kinds, at_least=at_least, text=text)
    assert mask.tolist() == wanted
    by_hand = {}
    for row, kept in zip(rows, wanted, strict=True):
        if kept and pd.notna(row["variance"]):
            code = row["currency"] or ""
            by_hand[code] = by_hand.get(code, Decimal(0)) + row["variance"]
    assert breaks.variances(mask) == by_hand


def test_a_break_is_told_in_the_list_s_language(result):
    breaks = BreakList(result, "cs")
    chosen = result.breaks["break_id"].iloc[0]
    told = breaks.told(chosen)
    assert told.row["break_id"] == chosen
    assert told.sentence == breaks.sentence(chosen)
    assert "platb" in told.sentence.lower() or "účt" in told.sentence.lower()
    assert told.action
    assert (told.status, told.note) == ("open", "")
    assert breaks.told("B-none") is None


def test_what_is_said_is_shown_and_counted(result):
    breaks = BreakList(result)
    chosen = result.breaks["break_id"].iloc[2]
    breaks.say(chosen, status="explained", note="the till was off")
    assert breaks.told(chosen).note == "the till was off"
    assert breaks.statuses() == {"explained": 1, "open": len(breaks) - 1}
    assert breaks.mask(status="explained").sum() == 1
    assert breaks.mask(text="TILL was").sum() == 1


def test_a_day_without_breaks_has_an_empty_list():
    payments = pd.DataFrame(
        {"payment_id": ["1"], "state": ["PAID"], "currency": ["CZK"], "parts_total": ["5"]}
    )
    tenders = pd.DataFrame({"payment_id": ["1"], "amount": ["5"]})
    breaks = BreakList(qr.reconcile(payments, tenders))
    assert (len(breaks), breaks.kinds(), breaks.variances()) == (0, [], {})
    assert breaks.mask(text="x").tolist() == []
