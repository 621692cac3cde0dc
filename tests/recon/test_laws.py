"""What must hold whatever the data: nothing lost, nothing twice, and no change without a cause."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from recon.oracle.small import (
    AMOUNTS,
    GROSS,
    KEYS,
    LINE_COLUMNS,
    MONEY,
    NOON,
    PAYMENT_COLUMNS,
    ROUND,
    TIPS,
    by_currency,
    chosen,
    cut_bill,
    days,
    is_of,
    lines,
    quick,
    shown,
    summed,
    without_times,
)

from qerko_recon.recon import reconcile
from qerko_recon.schema import PROBLEMS, TENDERS, to_frame


@quick
@given(days())
def test_each_row_s_money_is_in_one_match_or_in_breaks_without_one(day):
    result = reconcile(*day, GROSS)
    paid = result.payments.set_index("payment_id")
    posted = result.tenders.set_index("tender_id")
    matched = Counter(one for some in result.matches["payment_ids"] for one in some)
    taken = Counter(one for some in result.matches["tender_ids"] for one in some)
    assert set(matched.values()) <= {1}
    assert set(taken.values()) <= {1}
    for match in result.matches.itertuples():
        assert match.settled == summed(paid.loc[list(match.payment_ids)], "settled")
        assert match.posted == summed(posted.loc[list(match.tender_ids)], "posted")
        assert match.variance == match.posted - match.settled
    alone = chosen(
        result.breaks,
        lambda row: not taken.keys() & set(row.tender_ids) and row.payment_id not in matched,
    )
    named = Counter(one for some in result.breaks["tender_ids"] for one in set(some))
    for tender_id in posted.index:
        assert taken[tender_id] or named[tender_id]
    for payment_id in paid.index:
        assert matched[payment_id] or payment_id in set(alone["payment_id"])
    left = chosen(result.payments, lambda row: row.payment_id not in matched)
    assert by_currency(left, "settled") == by_currency(alone, "settled")


@quick
@given(days())
def test_the_breaks_of_a_match_add_up_to_its_variance(day):
    result = reconcile(*day, GROSS)
    for match in result.matches.itertuples():
        mine = chosen(result.breaks, lambda row, match=match: is_of(row, match))
        assert summed(mine, "variance") == match.variance


@quick
@given(days())
def test_no_two_breaks_or_matches_share_an_id(day):
    result = reconcile(*day, GROSS)
    assert result.breaks["break_id"].is_unique
    assert result.matches["match_id"].is_unique


@quick
@given(days(), st.randoms(use_true_random=False))
def test_the_form_of_the_frames_means_nothing(day, chance):
    paid, posted = day
    before = reconcile(paid, posted, GROSS)

    def otherwise(frame):
        order = list(range(len(frame)))
        columns = [*frame.columns, "note"]
        chance.shuffle(order)
        chance.shuffle(columns)
        frame = frame.assign(note="x").iloc[order][columns]
        frame.index = [7] * len(frame)
        return frame

    after = reconcile(otherwise(paid), otherwise(posted), GROSS)
    pd.testing.assert_frame_equal(before.breaks, after.breaks)
    pd.testing.assert_frame_equal(before.matches, after.matches)
    pd.testing.assert_frame_equal(before.bridge, after.bridge)


@quick
@given(days())
def test_an_optional_column_that_is_missing_is_one_that_is_empty(day):
    paid, posted = day
    for frame, name in ((0, "created_at"), (0, "tip_net"), (1, "tip"), (1, "paid_at")):
        emptied, dropped = [paid, posted], [paid, posted]
        emptied[frame] = emptied[frame].assign(**{name: None})
        dropped[frame] = dropped[frame].drop(columns=name)
        assert shown(reconcile(*emptied, GROSS)) == shown(reconcile(*dropped, GROSS))


@quick
@given(days())
def test_reconciling_the_result_again_finds_the_same(day):
    before = reconcile(*day, GROSS)
    for policy in (GROSS, before.policy):
        after = reconcile(before.payments, before.tenders, policy)
        pd.testing.assert_frame_equal(before.breaks, after.breaks)
        pd.testing.assert_frame_equal(before.matches, after.matches)


@quick
@given(days(), st.sampled_from(ROUND[1:4]), st.sampled_from(ROUND[1:4]))
def test_a_wider_tolerance_forgives_what_a_narrow_one_does(day, one, other):
    def beyond(tolerance):
        breaks = reconcile(*day, replace(GROSS, tolerance=tolerance)).breaks
        breaks = breaks[~breaks["kind"].isin(["rounding"])]
        return len(breaks), sum(breaks["variance"].abs(), Decimal(0))

    narrow, wide = beyond(min(one, other)), beyond(max(one, other))
    assert wide[0] <= narrow[0]


@quick
@given(days())
def test_currencies_have_nothing_to_do_with_each_other(day):
    paid, posted = without_times(day)
    owner = dict(zip(paid["payment_id"], paid["currency"], strict=True))
    # An ID that crosses makes them one matter.
    inside = [
        owner.get(i) in {None, currency}
        for i, currency in zip(posted["payment_id"], posted["currency"], strict=True)
    ]
    posted = posted.loc[np.array(inside, dtype=bool)]
    both = shown(reconcile(paid, posted, GROSS))
    apart = Counter()
    for currency in ("CZK", "EUR"):
        sides = (frame[frame["currency"] == currency] for frame in (paid, posted))
        apart += shown(reconcile(*sides, GROSS))
    assert both == apart


@quick
@given(days())
def test_bills_have_nothing_to_do_with_each_other(day):
    paid, posted = without_times(day)
    owner = dict(zip(paid["payment_id"], paid["bill_id"], strict=True))
    inside = [
        not pd.isna(bill) and owner.get(i) in {None, bill}
        for i, bill in zip(posted["payment_id"], posted["bill_id"], strict=True)
    ]
    posted = posted.loc[np.array(inside, dtype=bool)]
    # The same unknown ID on two bills is one matter.
    known = posted["payment_id"].isna() | posted["payment_id"].isin(list(owner))
    posted = posted[known]
    whole = shown(reconcile(paid, posted, GROSS))
    apart = Counter()
    for bill in ("a", "b", "c", "d"):
        sides = (frame[frame["bill_id"] == bill] for frame in (paid, posted))
        apart += shown(reconcile(*sides, GROSS))
    assert whole == apart


@quick
@given(days(), MONEY, TIPS)
def test_a_right_payment_beside_the_others_changes_nothing(day, amount, tip):
    paid, posted = day
    one = {
        "payment_id": "right",
        "bill_id": "right",
        "state": "PAID",
        "currency": "CZK",
        "parts_total": amount + tip,
        "tip_gross": tip,
        "tip_net": tip,
        "created_at": None,  # a day of its own would be a day that is covered
    }
    line = {
        "tender_id": "right",
        "payment_id": "right",
        "bill_id": "right",
        "amount": amount,
        "tip": tip,
        "currency": "CZK",
        "state": "paid",
        "paid_at": None,
    }
    policy = replace(GROSS, as_of=NOON.date(), business_day=NOON.date())
    more_paid = pd.DataFrame([*paid.to_dict("records"), one], columns=PAYMENT_COLUMNS)
    more_posted = pd.DataFrame([*posted.to_dict("records"), line], columns=LINE_COLUMNS)
    before = reconcile(paid, posted, policy)
    after = reconcile(more_paid, more_posted, policy)
    assert shown(before) == shown(after)


TOLD = ["reason", "cause", "cause_kind", "evidence", "action", "facts"]


@quick
@given(days(), lines())
def test_lines_of_other_tenders_change_no_amount(day, others):
    """They may tell why a payment has no line: it was booked as cash or card."""
    paid, posted = day

    def export(more):
        return SimpleNamespace(
            tenders=posted, others=more, problems=to_frame(PROBLEMS.empty_table())
        )

    none = to_frame(TENDERS.empty_table())
    one, other = (reconcile(paid, export(more), GROSS) for more in (none, others))
    pd.testing.assert_frame_equal(one.breaks.drop(columns=TOLD), other.breaks.drop(columns=TOLD))
    pd.testing.assert_frame_equal(one.bridge, other.bridge)


@quick
@given(days())
def test_what_bills_are_called_means_nothing(day):
    paid, posted = day
    names = {"a": "z", "b": "účet 7", "c": "0012", "d": "e", None: None}
    renamed = [frame.assign(bill_id=frame["bill_id"].map(names)) for frame in (paid, posted)]
    columns = [key for key in KEYS if key != "break_id"]
    assert shown(reconcile(*day, GROSS), columns) == shown(reconcile(*renamed, GROSS), columns)


@quick
@given(days(), st.integers(1, 3))
def test_variances_grow_with_the_amounts(day, power):
    paid, posted = day
    policy = replace(GROSS, rounding={}, tolerance="0.5")

    def grown(frame, columns):
        return frame.assign(
            **{
                name: [v if v is None else v * 10**power for v in frame[name].astype(object)]
                for name in columns
            }
        )

    small = reconcile(paid, posted, policy).breaks
    large = reconcile(
        grown(paid, ["parts_total", "tip_gross", "tip_net"]),
        grown(posted, ["amount", "tip"]),
        replace(policy, tolerance=Decimal("0.5") * 10**power),
    ).breaks

    def rows(breaks, factor):
        return Counter(
            (row.kind, row.reason, str(row.payment_id), row.variance * factor, row.currency)
            for row in breaks.itertuples()
        )

    assert rows(small, 10**power) == rows(large, 1)


@quick
@given(days(), st.sampled_from([1, 3, 4]))
def test_a_line_that_names_its_payment_may_be_on_two_tenders(day, tenths):
    """What the POS splits is the same money: only duplicates can tell lines apart."""
    paid, posted = day
    own = posted["payment_id"].isin(list(paid["payment_id"])) & posted["amount"].notna()
    posted = posted[own.astype(bool) & ~posted.duplicated(["payment_id"])]
    halves = []
    for row in posted.to_dict("records"):
        share = (row["amount"] * tenths / 10).quantize(Decimal("0.000001"))
        rest = row | {"tender_id": f"{row['tender_id']}-2", "amount": row["amount"] - share}
        halves += [row | {"amount": share, "tip": None if row["tip"] is None else 0 * row["tip"]}]
        halves += [rest]
    split = pd.DataFrame(halves, columns=LINE_COLUMNS)
    columns = ["kind", "reason", "payment_id", "settled", "posted", "variance", "currency"]

    def rows(frame):
        breaks = reconcile(paid, frame, GROSS).breaks
        return Counter(tuple(map(str, row)) for row in breaks[columns].itertuples(index=False))

    assert rows(posted) == rows(split)


@quick
@given(
    st.lists(AMOUNTS, min_size=1, max_size=5),
    st.integers(1, 5),
    st.randoms(use_true_random=False),
)
def test_a_bill_that_adds_up_has_no_breaks_however_its_lines_are_cut(bill, count, chance):
    """Exact sums within the bill: all payments to all lines is always one."""
    sides = cut_bill([(amount, Decimal(0)) for amount in bill], count, chance)
    assert shown(reconcile(*sides, GROSS)) == Counter()
