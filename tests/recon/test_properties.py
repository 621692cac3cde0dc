"""What must hold for any data: sums close, order means nothing, every row is accounted for."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qerko_recon.recon import Policy, reconcile

AMOUNTS = st.integers(-2_000_000, 90_000_000).map(lambda units: Decimal(units).scaleb(-6))
SMALL = st.sampled_from([Decimal(n) for n in ("0", "10", "20", "30", "30.5", "40")])
IDS = st.sampled_from(["1", "2", "3", "4", "5"])
BILLS = st.sampled_from(["a", "b", None])
CURRENCIES = st.sampled_from(["CZK", "CZK", "EUR"])


@st.composite
def payments(draw):
    rows = []
    for payment_id in draw(st.lists(IDS, unique=True)):
        gross = draw(SMALL)
        rows.append(
            {
                "payment_id": payment_id,
                "bill_id": draw(BILLS),
                "state": draw(st.sampled_from(["PAID", "PAID", "CANCELLED", "NEW"])),
                "currency": draw(CURRENCIES),
                "parts_total": draw(st.one_of(SMALL, AMOUNTS)) + gross,
                "tip_gross": gross,
                "tip_net": draw(st.sampled_from([gross, gross / 2, Decimal(0)])),
            }
        )
    return pd.DataFrame(
        rows,
        columns=[
            "payment_id",
            "bill_id",
            "state",
            "currency",
            "parts_total",
            "tip_gross",
            "tip_net",
        ],
    )


@st.composite
def lines(draw):
    rows = [
        {
            "tender_id": f"t{number}",
            "payment_id": draw(st.one_of(st.none(), IDS)),
            "bill_id": draw(BILLS),
            "amount": draw(st.one_of(SMALL, SMALL, AMOUNTS, st.none())),
            "tip": draw(st.one_of(st.none(), SMALL)),
            "currency": draw(st.one_of(st.none(), CURRENCIES)),
            "state": draw(st.sampled_from(["paid", "paid", "cancelled", "open", "parked"])),
        }
        for number in range(draw(st.integers(0, 7)))
    ]
    return pd.DataFrame(
        rows, columns=["tender_id", "payment_id", "bill_id", "amount", "tip", "currency", "state"]
    )


quick = settings(max_examples=45, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(payments(), lines())
def test_the_bridge_closes_exactly(paid, posted):
    result = reconcile(paid, posted)
    assert result.unexplained == 0
    assert (result.breaks["posted"] - result.breaks["settled"] == result.breaks["variance"]).all()
    for total in result.summary.totals:
        walk = result.bridge[result.bridge["currency"] == total.currency]
        steps = walk[~walk["step"].isin(["settled", "posted"])]
        assert total.settled + sum(steps["amount"], Decimal(0)) == total.posted
        assert walk["running"].iloc[-1] == total.posted
        assert walk["running"].iloc[-2] == total.posted


@quick
@given(payments(), lines())
def test_every_row_is_accounted_for(paid, posted):
    result = reconcile(paid, posted)
    matched = Counter(one for some in result.matches["payment_ids"] for one in some)
    broken = set(result.breaks["payment_id"].dropna())
    for payment_id in paid["payment_id"]:
        assert matched[payment_id] <= 1
        assert matched[payment_id] or payment_id in broken
    matched_lines = Counter(one for some in result.matches["tender_ids"] for one in some)
    broken_lines = {one for some in result.breaks["tender_ids"] for one in some}
    for tender_id in posted["tender_id"]:
        assert matched_lines[tender_id] <= 1
        assert matched_lines[tender_id] or tender_id in broken_lines


@quick
@given(payments(), lines(), st.randoms(use_true_random=False))
def test_the_order_of_rows_means_nothing(paid, posted, chance):
    def shuffled(frame):
        order = list(range(len(frame)))
        chance.shuffle(order)
        return frame.iloc[order].reset_index(drop=True)

    one = reconcile(paid, posted)
    other = reconcile(shuffled(paid), shuffled(posted))
    pd.testing.assert_frame_equal(one.breaks, other.breaks)
    pd.testing.assert_frame_equal(one.matches, other.matches)
    pd.testing.assert_frame_equal(one.bridge, other.bridge)


@quick
@given(payments(), lines(), SMALL, SMALL)
def test_a_wider_tolerance_never_finds_more(paid, posted, one, other):
    def beyond(tolerance):
        breaks = reconcile(paid, posted, Policy(tolerance=tolerance)).breaks
        return int((breaks["kind"] != "rounding").sum())

    assert beyond(max(one, other)) <= beyond(min(one, other))


@quick
@given(payments())
def test_a_till_that_books_everything_right_has_no_breaks(paid):
    paid = paid[paid["state"] != "NEW"]
    settled = paid[paid["state"] == "PAID"]
    posted = pd.DataFrame(
        {
            "tender_id": [f"t{payment_id}" for payment_id in settled["payment_id"]],
            "payment_id": list(settled["payment_id"]),
            "amount": [
                a - b for a, b in zip(settled["parts_total"], settled["tip_gross"], strict=True)
            ],
            "tip": list(settled["tip_gross"]),
            "currency": list(settled["currency"]),
        }
    )
    assert len(reconcile(paid, posted, Policy(tip_basis="gross", tip_in_parts=True)).breaks) == 0


def test_sums_over_many_rows_are_exact_to_the_last_digit():
    count = 100_000
    amounts = [Decimal(n % 999_983).scaleb(-6) + n for n in range(count)]
    ids = [str(n) for n in range(count)]
    paid = pd.DataFrame(
        {"payment_id": ids, "state": "PAID", "currency": "CZK", "parts_total": amounts}
    )
    posted = pd.DataFrame({"payment_id": ids, "amount": amounts, "currency": "CZK"})
    posted.loc[7, "amount"] += Decimal("0.000001")
    result = reconcile(paid, posted)
    total = result.summary.totals[0]
    assert total.settled == sum(amounts)
    assert total.variance == Decimal("0.000001") == result.breaks["variance"][0]


def test_a_break_keeps_its_id_when_other_rows_come_and_go(frames):
    paid = [frames.payment("1", 10), frames.payment("2", 20)]
    before = reconcile(*frames(paid, [frames.line("2", 25)])).breaks.set_index("payment_id")
    after = reconcile(*frames(paid[:1], [])).breaks.set_index("payment_id")
    assert before.loc["1", "break_id"] == after.loc["1", "break_id"]
    assert before.loc["1", "break_id"] != before.loc["2", "break_id"]


@pytest.mark.parametrize("size", [30, 60])
def test_a_bill_with_too_many_combinations_is_given_up_aloud(frames, size):
    paid = [frames.payment(str(n), (n + 3) ** 3, bill_id="b") for n in range(size)]
    lines = [frames.line(None, 1_000_000, bill_id="b"), frames.line(None, 2, bill_id="b")]
    result = reconcile(*frames(paid, lines))
    assert result.unexplained == 0
    assert any("combinations" in note for note in result.summary.notes)


def test_many_lines_of_few_amounts_are_no_many_combinations(frames):
    paid = [frames.payment(str(n), 10 * (n % 3 + 1), bill_id="b") for n in range(60)]
    lines = [frames.line(None, 600, bill_id="b"), frames.line(None, 600, bill_id="b")]
    result = reconcile(*frames(paid, lines))
    assert not len(result.breaks)
    assert not any("combinations" in note for note in result.summary.notes)
