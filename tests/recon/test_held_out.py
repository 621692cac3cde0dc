"""What a till may do that no sample does: found by judging as a stranger would."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest
from recon.oracle.crowds import made
from recon.oracle.judge import judge, payments, settings, tenders
from recon.oracle.small import GROSS

from qerko_recon.recon import Policy, reconcile
from qerko_recon.recon.rulings import Ruling
from qerko_recon.schema import PROBLEMS, to_frame


def found(result):
    """List breaks as (kind, payment, variance); the bridge closes."""
    assert result.unexplained == 0
    return [
        (row.kind, row.payment_id if isinstance(row.payment_id, str) else None, str(row.variance))
        for row in result.breaks.itertuples()
    ]


# Lines that name one payment of a bill and pay others of it too.


@pytest.mark.parametrize(
    ("paid", "lines"),
    [
        ([100, 50], [("0", 150)]),
        ([100, 50, 70], [("0", 150), (None, 70)]),
        ([100, 50, 70, 100], [("0", 150), ("2", 170)]),
        ([100, 50], [("0", 100), ("0", 50)]),
    ],
)
def test_lines_that_name_one_payment_and_are_the_rest_of_its_bill_too(frames, paid, lines):
    payments = [frames.payment(str(n), total, bill_id="b") for n, total in enumerate(paid)]
    tenders = [frames.line(i, amount, 0, bill_id="b") for i, amount in lines]
    result = reconcile(*frames(payments, tenders), GROSS)
    assert found(result) == []
    assert "payment_and_bill" in set(result.matches["rule"])


def test_of_the_payments_that_a_line_may_pay_too_those_go_first_whose_tips_agree(frames):
    payments = [
        frames.payment("1", 100, bill_id="b"),
        frames.payment("2", 50, bill_id="b"),
        frames.payment("3", 50, bill_id="b", tip_gross=5, tip_net=5),
    ]
    lines = [frames.line("1", 145, 5, bill_id="b")]
    assert found(reconcile(*frames(payments, lines), GROSS)) == [
        ("missing_in_pos", "2", "-50.000000")
    ]


def test_a_line_that_stands_twice_pays_no_other_payment_of_its_bill(frames):
    payments = [frames.payment(n, 100, bill_id="b") for n in "12"]
    lines = [frames.line("1", 100, 0, bill_id="b") for _ in range(2)]
    assert found(reconcile(*frames(payments, lines), GROSS)) == [
        ("duplicate_in_pos", "1", "100.000000"),
        ("missing_in_pos", "2", "-100.000000"),
    ]


def test_a_ruling_keeps_a_payment_from_the_line_of_another(frames):
    payments = [frames.payment(n, total, bill_id="b") for n, total in (("1", 100), ("2", 50))]
    sides = frames(payments, [frames.line("1", 150, 0, bill_id="b")])
    apart = Ruling("reject_match", payment_ids=["2"], tender_ids=["t0"])
    assert found(reconcile(*sides, replace(GROSS, rules=(apart,)))) == [
        ("amount_mismatch", "1", "50.000000"),
        ("missing_in_pos", "2", "-50.000000"),
    ]


# Lines that repeat another.


def test_a_line_is_no_repeat_if_the_tip_is_right_only_with_it(frames):
    """A payment on two tenders, each with half of the tip as a row of its own."""
    paid = frames.payment("1", 1136, tip_gross=148, tip_net=148)
    lines = [("1", 846, 0), ("1", 0, 74), ("1", 198, 0), ("1", 0, 74)]
    sides = frames([paid], [frames.line(*one) for one in lines])
    assert found(reconcile(*sides, GROSS)) == [("amount_mismatch", "1", "56.000000")]


def test_the_repeat_is_the_line_that_is_just_too_much(frames):
    lines = [frames.line("1", amount, 0) for amount in (20, 20, 30, 30)]
    result = reconcile(*frames([frames.payment("1", 70)], lines), GROSS)
    assert found(result) == [("duplicate_in_pos", "1", "30.000000")]


# Lines that do not count.


def test_a_cancelled_line_is_of_the_cancelled_payment_whose_tip_it_has(frames):
    payments = [
        frames.payment("1", 62, bill_id="b"),
        frames.payment("2", 62, bill_id="b", state="CANCELLED", tip_gross=8, tip_net=8),
    ]
    lines = [frames.line(None, 54, 8, bill_id="b", state="cancelled")]
    assert found(reconcile(*frames(payments, lines), GROSS)) == [
        ("missing_in_pos", "1", "-62.000000")
    ]


# Payments booked with another tender.


def with_others(posted, lines):
    others = pd.DataFrame(lines).assign(tender_id=[f"o{n}" for n in range(len(lines))])
    return SimpleNamespace(
        tenders=posted, others=others, problems=to_frame(PROBLEMS.empty_table())
    )


@pytest.mark.parametrize("bill_id", ["z", None])
def test_a_line_of_another_tender_that_names_a_payment_is_that_payment_s(frames, bill_id):
    paid, posted = frames(
        [frames.payment("1", 100), frames.payment("2", 9)], [frames.line("2", 9)]
    )
    lines = [
        frames.line("1", 100, bill_id=bill_id, tender_type="Cash"),
        frames.line(None, 100, bill_id="bill-1", tender_type="Card"),
    ]
    result = reconcile(paid, with_others(posted, lines), GROSS)
    assert found(result) == [("missing_in_pos", "1", "-100.000000")]
    assert list(result.breaks["reason"]) == ["posted_as_other_tender"]
    assert "Cash" in result.breaks["cause"][0]


def test_a_line_of_another_tender_is_one_payment_s_alone(frames):
    payments = [frames.payment(n, 100, bill_id="b") for n in "12"]
    paid, posted = frames([*payments, frames.payment("3", 9)], [frames.line("3", 9)])
    lines = [frames.line("2", 100, bill_id="b", tender_type="Cash")]
    breaks = reconcile(paid, with_others(posted, lines), GROSS).breaks
    assert dict(zip(breaks["payment_id"], breaks["reason"], strict=True)) == {
        "1": "not_posted",
        "2": "posted_as_other_tender",
    }


# Bills of many guests whose lines name nobody.


@pytest.mark.parametrize("state", ["open", None])
def test_a_line_that_repeats_another_is_not_that_of_a_payment_that_has_none(frames, state):
    payments = [frames.payment(n, t, bill_id="b") for n, t in (("1", 300), ("2", 250), ("3", 90))]
    amounts = [(300, "paid"), (90, "paid"), (300, "paid"), (250, state)]
    lines = [
        frames.line(None, amount, 0, bill_id="b", state=said) for amount, said in amounts if said
    ]
    kind = "state_mismatch" if state else "missing_in_pos"
    assert found(reconcile(*frames(payments, lines), GROSS)) == [
        ("duplicate_in_pos", None, "300.000000"),
        (kind, "2", "-250.000000"),
    ]


def test_a_line_as_good_as_right_is_its_payment_s_though_it_repeats_another(frames):
    payments = [frames.payment(n, t, bill_id="b") for n, t in (("1", 100), ("2", 99))]
    lines = [frames.line(None, 100, 0, bill_id="b") for _ in range(2)]
    assert found(reconcile(*frames(payments, lines), GROSS)) == [
        ("amount_mismatch", "2", "1.000000")
    ]


@pytest.mark.parametrize("seed", range(40))
def test_every_fault_of_a_crowded_bill_is_found(seed):
    day = made(seed)
    judge(reconcile(payments(day), tenders(day), Policy(**settings(day.world))), day)
