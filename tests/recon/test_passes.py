"""Passes that find, suggest or obey: exact groups, listed IDs, time, day totals, rulings, days."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pandas as pd
import pytest
from hypothesis import given
from recon.oracle.faults import made
from recon.oracle.judge import payments as payment_frames
from recon.oracle.judge import settings as stated
from recon.oracle.judge import tenders as tender_frame
from recon.oracle.small import GROSS, days, quick, summed

from qerko_recon import report
from qerko_recon.recon import Policy
from qerko_recon.recon.rulings import Ruling
from qerko_recon.recon.sentences import action
from qerko_recon.wording import LANGUAGES

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def reconcile(paid, posted, policy=None):
    return report.reconcile(paid, posted, policy=policy)


def kinds(result):
    """List breaks as (kind, payment, variance); the bridge closes."""
    assert result.unexplained == 0
    for total in result.summary.totals:
        own = result.breaks[result.breaks["currency"] == total.currency]
        assert total.settled + summed(own, "variance") == total.posted
    return sorted(
        (
            row.kind,
            "" if row.payment_id is pd.NA else row.payment_id,
            f"{row.variance.normalize():f}",
        )
        for row in result.breaks.itertuples()
    )


def groups(result):
    """List matches as (rule, status, payments, lines)."""
    return sorted(
        (row.rule, row.status, tuple(sorted(row.payment_ids)), tuple(sorted(row.tender_ids)))
        for row in result.matches.itertuples()
    )


def on_a_bill(frames, paid, lines):
    payments = [
        frames.payment(f"p{number}", total, bill_id="b") for number, total in enumerate(paid)
    ]
    tenders = [frames.line(None, amount, 0, bill_id="b") for amount in lines]
    return frames(payments, tenders)


# Exact groups within a bill.


def test_groups_are_found_though_the_bill_as_a_whole_differs(frames):
    result = reconcile(*on_a_bill(frames, [10, 20, 30, 77], [15, 15, 30]), GROSS)
    assert kinds(result) == [("missing_in_pos", "p3", "-77")]
    assert sorted(result.matches["kind"]) == ["many_to_many", "one_to_one"]


def test_the_smallest_groups_go_first(frames):
    result = reconcile(*on_a_bill(frames, [60, 40, 100, 7], [100, 60, 40]), GROSS)
    assert kinds(result) == [("missing_in_pos", "p3", "-7")]
    assert set(result.matches["kind"]) == {"one_to_one"}


def test_groups_do_not_depend_on_the_order_of_rows(frames):
    paid, posted = on_a_bill(frames, [10, 20, 25, 5, 30, 77], [15, 15, 30, 12, 18])
    before = reconcile(paid, posted, GROSS)
    for seed in range(5):
        mixed = (frame.sample(frac=1, random_state=seed) for frame in (paid, posted))
        after = reconcile(*mixed, GROSS)
        pd.testing.assert_frame_equal(before.matches, after.matches)
        pd.testing.assert_frame_equal(before.breaks, after.breaks)


@pytest.mark.parametrize("size", [12, 60, 400])
def test_what_cannot_all_be_tried_is_given_up_aloud(frames, size):
    """Odd totals never make an even one; nobody can know that without trying."""
    chance = Random(size)
    paid = [Decimal(2 * chance.randrange(10**6) + 1) / 100 for _ in range(size)]
    lines = [Decimal(2 * chance.randrange(10**6)) / 100 for _ in range(size)]
    result = reconcile(*on_a_bill(frames, paid, lines), GROSS)
    assert kinds(result)
    again = reconcile(*on_a_bill(frames, paid, lines), GROSS)
    pd.testing.assert_frame_equal(result.breaks, again.breaks)
    if size > 50:
        assert any("b" in note and "combinations" in note for note in result.summary.notes)


# One line that names several payments.


@pytest.mark.parametrize("cell", ["4711, 4712", "4711;4712", "4712 / 4711", "4711 + 4712"])
def test_a_line_that_names_several_payments_pays_them_all(frames, cell):
    paid = [frames.payment("4711", 100, bill_id="x"), frames.payment("4712", 50, bill_id="y")]
    result = reconcile(*frames(paid, [frames.line(cell, 150, 0, bill_id="x")]), GROSS)
    assert kinds(result) == []
    assert groups(result) == [("payment_ids", "confirmed", ("4711", "4712"), ("t0",))]


def test_a_line_that_names_several_payments_by_another_sum(frames):
    paid = [frames.payment("4711", 100), frames.payment("4712", 50)]
    result = reconcile(*frames(paid, [frames.line("4711, 4712", 140, 0)]), GROSS)
    assert [(kind, variance) for kind, _, variance in kinds(result)] == [
        ("amount_mismatch", "-10")
    ]


def test_a_line_that_names_several_and_lines_that_name_one_of_them(frames):
    paid = [frames.payment("4711", 100), frames.payment("4712", 50)]
    lines = [frames.line("4711, 4712", 120, 0), frames.line("4712", 30, 0)]
    assert kinds(reconcile(*frames(paid, lines), GROSS)) == []


# Time and amount: suggested, never counted.


def apart(frames, *minutes, amount=100, **more):
    """One payment without a fitting bill, and lines so many minutes from it."""
    paid = [frames.payment("1", 100, created_at=NOON, bill_id="x")]
    lines = [
        frames.line(None, amount, 0, bill_id=None, paid_at=NOON + minute * MINUTE, **more)
        for minute in minutes
    ]
    return frames(paid, lines)


def test_equal_amounts_close_in_time_are_suggested_and_stay_breaks(frames):
    result = reconcile(*apart(frames, 7), GROSS)
    assert kinds(result) == [("missing_in_pos", "1", "-100"), ("missing_in_qerko", "", "100")]
    assert groups(result) == [("time_window", "suggested", ("1",), ("t0",))]
    match_id = result.matches["match_id"][0]
    assert all(match_id in facts for facts in result.breaks["facts"])
    for language in LANGUAGES:
        said = [action(row, language) for row in result.breaks.to_dict("records")]
        assert all(match_id in one for one in said)
        assert "t0" in said[0]


def test_a_suggested_line_is_named_by_where_it_stands(frames):
    payments, pos = apart(frames, 7, source_file="day.csv", source_row=15)
    first = reconcile(payments, pos, GROSS).breaks["action"][0]
    assert "A likely counterpart is day.csv, row 15: if it is right, accept match M-" in first


@pytest.mark.parametrize(
    ("minutes", "more"),
    [((16,), {}), ((3, 9), {}), ((3,), {"amount": 99}), ((3,), {"currency": "EUR"})],
)
def test_what_is_late_ambiguous_or_of_another_amount_is_not_suggested(frames, minutes, more):
    result = reconcile(*apart(frames, *minutes, **more), GROSS)
    assert "suggested" not in set(result.matches["status"])


def test_the_window_is_a_setting(frames):
    wide = Policy(tip_basis="gross", tip_in_parts=True, time_window=timedelta(minutes=20))
    assert set(reconcile(*apart(frames, 16), wide).matches["status"]) == {"suggested"}


def test_a_suggestion_that_is_accepted_is_a_match(frames):
    result = reconcile(*apart(frames, 7), GROSS)
    accepted = result.accept(result.matches["match_id"][0], by="Eva", reason="looked it up")
    assert kinds(accepted) == []
    assert groups(accepted) == [("accepted", "confirmed", ("1",), ("t0",))]
    assert kinds(result) != []  # what was is not changed
    again = reconcile(*apart(frames, 7), accepted.policy)
    pd.testing.assert_frame_equal(again.matches, accepted.matches)
    pd.testing.assert_frame_equal(again.breaks, accepted.breaks)


def test_a_suggestion_that_is_rejected_is_not_made_again(frames):
    result = reconcile(*apart(frames, 7), GROSS)
    rejected = result.reject(result.matches["match_id"][0], by="Eva", reason="another guest")
    assert kinds(rejected) == kinds(result)
    assert groups(rejected) == []


# Rulings.


@pytest.mark.parametrize("payment_id", ["1", None])
def test_what_was_rejected_is_kept_apart_in_every_pass(frames, payment_id):
    paid = [frames.payment("1", 100, bill_id="b", created_at=NOON)]
    sides = frames(paid, [frames.line(payment_id, 100, 0, bill_id="b", paid_at=NOON)])
    result = reconcile(*sides, GROSS)
    assert kinds(result) == []
    rejected = result.reject(result.matches["match_id"][0])
    assert {kind for kind, *_ in kinds(rejected)} == {"missing_in_pos", "missing_in_qerko"}
    again = reconcile(*sides, rejected.policy)
    pd.testing.assert_frame_equal(again.breaks, rejected.breaks)


def test_what_is_excluded_is_a_step_of_its_own(frames):
    paid = [frames.payment("1", 100), frames.payment("2", 50)]
    lines = [frames.line("1", 90, 0), frames.line("2", 50, 0), frames.line("9", 33, 0)]
    sides = frames(paid, lines)
    result = reconcile(*sides, GROSS)
    one = result.exclude(tender_ids=["t2"], reason="staff meal")
    assert kinds(one) == [("amount_mismatch", "1", "-10"), ("excluded", "9", "33")]
    excluded = one.breaks[one.breaks["kind"] == "excluded"]
    assert list(excluded["severity"]) == ["info"]
    both = result.exclude(payment_ids=["1"], tender_ids=["t0"], reason="test payment")
    moved = [(kind, variance) for kind, _, variance in kinds(both) if kind == "excluded"]
    assert sum(Decimal(variance) for _, variance in moved) == -10
    assert len(kinds(both)) == len(moved) + 1
    before, after = result.summary.totals[0], both.summary.totals[0]
    assert (after.settled, after.posted) == (before.settled, before.posted)


def test_rulings_about_rows_that_are_not_there_are_told_and_change_nothing(frames):
    sides = frames([frames.payment("1", 100)], [frames.line("1", 90, 0)])
    before = reconcile(*sides, GROSS)
    rules = (
        Ruling("accept_match", payment_ids=["gone-1"], tender_ids=["t0"]),
        Ruling("exclude_tender", tender_ids=["gone-2"]),
        Ruling("exclude_payment", payment_ids=["gone-3"]),
        Ruling("reject_match", payment_ids=["1"], tender_ids=["gone-4"]),
    )
    after = reconcile(*sides, Policy(tip_basis="gross", tip_in_parts=True, rules=rules))
    pd.testing.assert_frame_equal(before.breaks, after.breaks)
    told = " ".join(after.summary.notes)
    assert all(f"gone-{number}" in told for number in range(1, 5))


def test_a_ruling_made_on_another_day_is_not_told_where_nothing_of_it_is_here(frames):
    sides = frames([frames.payment("1", 100)], [frames.line("1", 90, 0)])
    other = Ruling("accept_match", ["gone-1"], ["gone-2"], by="Eva", at=NOON)
    half = Ruling("accept_match", ["1"], ["gone-2"], by="Eva", at=NOON)
    policy = Policy(tip_basis="gross", tip_in_parts=True, rules=(other,))
    assert reconcile(*sides, policy).summary.notes == reconcile(*sides, GROSS).summary.notes
    policy = Policy(tip_basis="gross", tip_in_parts=True, rules=(other, half))
    told = [one for one in reconcile(*sides, policy).summary.notes if "gone" in one]
    assert told == ["A ruling on 1, gone-2 was passed over: POS line gone-2 is not here."]


@pytest.mark.parametrize("order", [1, -1])
def test_the_earlier_of_two_rulings_on_the_same_rows_is_told(frames, order):
    sides = frames([frames.payment("1", 100)], [frames.line("1", 100, 0)])
    rules = [Ruling("accept_match", ["1"], ["t0"]), Ruling("reject_match", ["1"], ["t0"])][::order]
    policy = Policy(tip_basis="gross", tip_in_parts=True, rules=rules)
    result = reconcile(*sides, policy)
    assert bool(kinds(result)) is (order == 1)
    told = [one.say("cs") for one in result.summary.remarks if one.key.startswith("passed_over")]
    assert told == [
        "K rozhodnutí o 1, t0 se nepřihlédlo: týchž řádků se týká pozdější rozhodnutí."
    ]


@quick
@given(days())
def test_rulings_close_the_bridge_and_lose_nothing(day):
    result = reconcile(*day, GROSS)
    for row in result.matches.itertuples():
        if not len(row.payment_ids) or not len(row.tender_ids):
            continue
        rejected = result.reject(row.match_id)
        assert kinds(rejected) is not None
        if len(row.payment_ids) == len(row.tender_ids) == 1:
            pairs = {
                (payment_id, tender_id)
                for one in rejected.matches.itertuples()
                for payment_id in one.payment_ids
                for tender_id in one.tender_ids
            }
            assert (row.payment_ids[0], row.tender_ids[0]) not in pairs
        excluded = result.exclude(
            payment_ids=list(row.payment_ids), tender_ids=list(row.tender_ids), reason="x"
        )
        own = excluded.breaks[excluded.breaks["kind"] == "excluded"]
        assert summed(own, "variance") == row.variance
        assert kinds(excluded) is not None
        break


# A line a day.


def a_day(frames, *, amount, tip, states=("PAID", "PAID")):
    paid = [
        frames.payment(
            str(number),
            120,
            tip_gross=20,
            tip_net=18,
            state=state,
            created_at=NOON + number * MINUTE,
        )
        for number, state in enumerate(states)
    ]
    total = frames.line(
        None, amount, tip, bill_id=None, paid_at=NOON, tender_type="day total", state="paid"
    )
    return frames(paid, [total])


@pytest.mark.parametrize(
    ("amount", "tip", "expected"),
    [
        (200, 40, []),
        (195, 40, [("amount_mismatch", "-5")]),
        (200, 36, [("tip_mismatch", "-4")]),
        (200, 0, [("tip_mismatch", "-40")]),
        (240, 0, [("tip_mismatch", "0")]),
    ],
)
def test_a_day_total_is_all_payments_of_its_day(frames, amount, tip, expected):
    result = reconcile(*a_day(frames, amount=amount, tip=tip), GROSS)
    assert [(kind, variance) for kind, _, variance in kinds(result)] == expected
    assert groups(result) == [("day_total", "confirmed", ("0", "1"), ("t0",))]
    assert list(result.matches["kind"]) == ["many_to_one"]


def test_a_day_total_leaves_payments_of_other_days_and_cancelled_ones(frames):
    paid, posted = a_day(frames, amount=100, tip=20, states=("PAID", "CANCELLED", "PAID"))
    paid.loc[2, "created_at"] = NOON + timedelta(days=1)
    found = kinds(reconcile(paid, posted, GROSS))
    assert [(payment, variance) for _, payment, variance in found] == [("2", "-120")]


# Day by day.


def walks(result):
    table = result.bridge_by_day
    table = table.assign(business_date=table["business_date"].astype(str))
    return {
        key: dict(zip(some["step"], some["amount"], strict=True))
        for key, some in table.groupby(["currency", "business_date"], dropna=False)
    }


def closes_by_day(result):
    whole = {}
    for (currency, _), walk in walks(result).items():
        steps = [amount for step, amount in walk.items() if step not in {"settled", "posted"}]
        assert walk["settled"] + sum(steps, Decimal(0)) == walk["posted"]
        sums = whole.setdefault(currency, Counter())
        for step, amount in walk.items():
            sums[step] += amount
    for currency, sums in whole.items():
        own = result.bridge[result.bridge["currency"] == currency]
        expected = dict(zip(own["step"], own["amount"], strict=True))
        assert sums.pop("booked_on_other_day", 0) == 0
        assert {step: amount for step, amount in sums.items() if amount} == {
            step: amount for step, amount in expected.items() if amount
        }


def test_a_line_of_the_next_business_day_moves_its_money_there(frames):
    paid = [frames.payment("1", 100, created_at=NOON)]
    lines = [frames.line("1", 90, 0, paid_at=NOON + timedelta(days=1))]
    result = reconcile(*frames(paid, lines), GROSS)
    assert kinds(result) == [("amount_mismatch", "1", "-10")]
    closes_by_day(result)
    first, second = (walks(result)["CZK", f"2026-11-{day}"] for day in (20, 21))
    assert (first["settled"], first.get("posted")) == (100, 0)
    assert second["posted"] == 90
    assert first["booked_on_other_day"] + second["booked_on_other_day"] == 0
    assert abs(first["booked_on_other_day"]) in {90, 100}


@quick
@given(days())
def test_each_day_s_walk_closes_and_all_days_make_the_whole(day):
    closes_by_day(reconcile(*day, GROSS))


@pytest.mark.parametrize("seed", range(12))
def test_each_day_s_walk_closes_on_days_of_trade(seed):
    day = made(seed, "all")
    result = reconcile(payment_frames(day), tender_frame(day), Policy(**stated(day.world)))
    closes_by_day(result)


@pytest.mark.parametrize("first", ["accept_match", "reject_match"])
def test_of_two_rulings_on_the_same_rows_the_later_one_wins(frames, first):
    second = {"accept_match": "reject_match", "reject_match": "accept_match"}[first]
    rules = tuple(Ruling(kind, payment_ids=["1"], tender_ids=["t0"]) for kind in (first, second))
    sides = frames([frames.payment("1", 100)], [frames.line("1", 90, 0)])
    result = reconcile(*sides, Policy(tip_basis="gross", tip_in_parts=True, rules=rules))
    rejected = [("missing_in_pos", "1", "-100"), ("missing_in_qerko", "1", "90")]
    accepted = [("amount_mismatch", "1", "-10")]
    assert kinds(result) == (accepted if second == "accept_match" else rejected)
    assert any("later ruling" in note for note in result.summary.notes)


def test_lines_that_were_taken_from_a_payment_do_not_depend_on_the_order_of_rows(frames):
    sides = frames([frames.payment("1", 100)], [frames.line("1", 50, 0) for _ in range(3)])
    rules = (Ruling("reject_match", payment_ids=["1"], tender_ids=["t0", "t1", "t2"]),)
    policy = Policy(tip_basis="gross", tip_in_parts=True, rules=rules)
    before = reconcile(*sides, policy)
    assert before.breaks["break_id"].is_unique
    after = reconcile(sides[0], sides[1].iloc[::-1], policy)
    pd.testing.assert_frame_equal(before.breaks, after.breaks)
