"""Whatever a log has lost, causes are found in what is there, and change nothing else."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qerko_recon as qr
from qerko_recon.recon.causes.finding import rules_of
from qerko_recon.recon.sentences import cause
from qerko_recon.session.log import SessionLog

FOLDER = Path("data_samples/bad_evening")
OF_CAUSE = ["cause", "cause_kind", "evidence", "log_records", "facts"]


@pytest.fixture(scope="module")
def sides():
    return qr.Payments.read(FOLDER / "payments.jsonl"), qr.read_pos(FOLDER / "export.csv")


LINES = (FOLDER / "session.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)


def test_a_log_changes_nothing_but_what_is_said_of_the_cause(sides):
    without, with_log = (qr.reconcile(*sides, log=log) for log in (None, FOLDER / "session.jsonl"))
    pd.testing.assert_frame_equal(
        without.breaks.drop(columns=OF_CAUSE), with_log.breaks.drop(columns=OF_CAUSE)
    )
    pd.testing.assert_frame_equal(without.bridge, with_log.bridge)
    for before, after in zip(without.breaks["evidence"], with_log.breaks["evidence"], strict=True):
        assert list(after)[: len(before)] == list(before)
    for before, after in zip(without.breaks["facts"], with_log.breaks["facts"], strict=True):
        facts = msgspec.json.decode(after)
        own = {name: one for name, one in facts.items() if not name.startswith("log_")}
        assert own == msgspec.json.decode(before)


def test_causes_do_not_depend_on_the_order_of_rows(sides):
    payments, pos = sides
    log = SessionLog(FOLDER / "session.jsonl")
    first = qr.reconcile(payments.frame, pos.tenders, log=log)
    turned = qr.reconcile(payments.frame.iloc[::-1], pos.tenders.iloc[::-1], log=log)
    columns = ["break_id", *OF_CAUSE]
    pd.testing.assert_frame_equal(first.breaks[columns], turned.breaks[columns])


def test_the_same_run_says_the_same_again(sides):
    first, second = (qr.reconcile(*sides, log=FOLDER / "session.jsonl") for _ in range(2))
    pd.testing.assert_frame_equal(first.breaks, second.breaks)


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_a_log_with_holes_is_no_crash_and_proves_only_what_it_holds(sides, data):
    lost = data.draw(st.sets(st.integers(0, len(LINES) - 1), max_size=len(LINES) - 1))
    torn = data.draw(st.integers(0, 400))
    kept = [line for number, line in enumerate(LINES) if number not in lost]
    kept[-1] = kept[-1][: max(1, len(kept[-1]) - torn)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "session.jsonl"
        path.write_text("".join(kept), encoding="utf-8")
        try:
            log = SessionLog(path)
        except qr.SessionLogError:
            return  # nothing of it is left
        result = qr.reconcile(*sides, log=log)
        held = set(log.frame["seq"])
        assert result.unexplained == 0
        for row in result.breaks.to_dict("records"):
            assert set(row["log_records"]) <= held
            assert row["cause"] == cause(row)
        assert str(result.explain(data.draw(st.sampled_from(list(result.breaks["break_id"])))))


def test_a_kind_that_nobody_knows_has_no_rules():
    assert rules_of({"kind": "of_tomorrow", "reason": "x", "settled": 0}) == ()
