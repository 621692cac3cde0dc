"""A payment's own sum, against the same sum done number by number."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qerko_recon.money import unit_to_decimal
from qerko_recon.recon import Policy
from qerko_recon.recon.arithmetic import Arithmetic
from qerko_recon.recon.intake import take_in
from qerko_recon.schema import FAILURES, ITEMS, PARTS

MILLIONTH = Decimal("0.000001")


def sums(payments, items):
    """Take in payments, each given as (items total or None, discount, tip, parts total)."""
    frame = pd.DataFrame(
        [
            {
                "payment_id": str(number),
                "state": "PAID",
                "currency": "CZK",
                "items_total": total,
                "discount_total": discount,
                "tip_gross": tip,
                "parts_total": parts,
            }
            for number, (total, discount, tip, parts) in enumerate(payments)
        ],
        columns=[
            *("payment_id", "state", "currency", "items_total"),
            *("discount_total", "tip_gross", "parts_total"),
        ],
    )
    rows = pd.DataFrame(items, columns=["payment_id", "price", "quantity"])
    given = SimpleNamespace(
        frame=frame,
        parts=PARTS.empty_table().to_pandas(),
        items=rows if len(rows) else ITEMS.empty_table().to_pandas(),
        failures=FAILURES.empty_table().to_pandas(),
    )
    nothing = pd.DataFrame({"payment_id": [], "amount": []}, dtype=object)
    return Arithmetic(take_in(given, nothing, Policy()).payments)


def gaps(payments, items, **policy):
    settled = {"price": "unit", "tip_in_parts": True, "discount_in_parts": False} | policy
    return [unit_to_decimal(one) for one in sums(payments, items).gap(Policy(**settled)).tolist()]


AMOUNTS = st.one_of(
    st.integers(-(10**5), 10**9).map(lambda cents: Decimal(cents).scaleb(-2)),
    st.integers(-(10**9), 10**12).map(lambda units: Decimal(units).scaleb(-6)),
)
QUANTITIES = st.one_of(
    st.sampled_from([Decimal(one) for one in ("1", "2", "0.3", "0.5", "0", "-1")]),
    st.integers(1, 10**7).map(lambda units: Decimal(units).scaleb(-6)),
)


@st.composite
def payments_with_items(draw):
    payments, items = [], []
    for number in range(draw(st.integers(0, 6))):
        own = [
            (str(number), draw(AMOUNTS), draw(QUANTITIES)) for _ in range(draw(st.integers(0, 4)))
        ]
        total = sum((price * quantity for _, price, quantity in own), Decimal(0))
        held = total == total.quantize(MILLIONTH)
        items += own
        payments.append((total if held else None, draw(AMOUNTS), draw(AMOUNTS), draw(AMOUNTS)))
    draw(st.randoms(use_true_random=False)).shuffle(items)
    return payments, items


@settings(max_examples=200, deadline=None)
@given(payments_with_items(), st.sampled_from(["unit", "line"]), st.booleans(), st.booleans())
def test_the_gap_is_what_pen_and_paper_give(books, price, tip_in_parts, discount_in_parts):
    payments, items = books
    found = gaps(
        payments,
        items,
        price=price,
        tip_in_parts=tip_in_parts,
        discount_in_parts=discount_in_parts,
    )
    for number, (_, discount, tip, parts) in enumerate(payments):
        own = [
            one * quantity if price == "unit" else one
            for payment_id, one, quantity in items
            if payment_id == str(number)
        ]
        expected = sum(own, Decimal(0)) + (tip if tip_in_parts else 0)
        expected -= 0 if discount_in_parts else abs(discount)
        gap = parts - expected
        inexact = sum(1 for line in own if line % Decimal("0.01"))
        if not items and price == "line":
            continue  # nothing but the total of the frame is known
        if abs(gap) <= inexact * Decimal("0.005"):
            gap = Decimal(0)
        # What lies below a millionth is cut off line by line.
        assert abs(found[number] - gap) <= len(own) * MILLIONTH


def test_what_rounding_of_a_line_can_make_is_no_gap():
    line = [("0", Decimal("33.33"), Decimal("0.3"))]  # 9.999
    assert gaps([(Decimal("9.999"), 0, 0, Decimal("10.00"))], line) == [0]
    assert gaps([(Decimal("9.999"), 0, 0, Decimal("10.01"))], line) == [Decimal("0.011")]
    assert gaps([(Decimal("9.999"), 0, 0, Decimal("10.00"))], []) == [0]
    assert gaps([(Decimal("9.999"), 0, 0, Decimal("10.01"))], []) == [Decimal("0.011")]
    # 33.33 for the line has no fraction of a cent.
    assert gaps([(None, 0, 0, Decimal("33.34"))], line, price="line") == [Decimal("0.01")]
    assert gaps([(None, 0, 0, Decimal("1.01"))], [("0", Decimal("1.005"), 1)], price="line") == [0]


@pytest.mark.parametrize("discount", ["30", "-30"])
def test_a_discount_is_taken_off_whatever_its_sign(discount):
    line = [("0", Decimal(100), Decimal(1))]
    paid = [(Decimal(100), Decimal(discount), Decimal(10), Decimal(80))]
    assert gaps(paid, line) == [0]
    assert gaps(paid, line, discount_in_parts=True) == [-30]


def test_items_that_are_not_known_make_no_gap():
    assert gaps([(None, 0, 0, 100), (Decimal(5), 0, 0, 156)], []) == [0, 151]
    assert sums([(None, 0, 0, 100), (Decimal(5), 0, 0, 156)], []).known.tolist() == [False, True]


def test_items_of_payments_that_are_not_there_are_left_out():
    items = [("0", 5, 1), ("x", 9, 1), (None, 7, 1), ("1", 6, 1)]
    paid = [(Decimal(5), 0, 0, 5), (Decimal(6), 0, 0, 6)]
    assert gaps(paid, items) == gaps(paid, items, price="line") == [0, 0]


def test_items_in_the_order_of_payments_need_no_search_and_others_come_out_the_same():
    paid = [(Decimal(2 * n), 0, 0, n) for n in range(1, 6)]
    paid.insert(2, (Decimal(0), 0, 0, 0))  # one without items
    rows = [(str(n), paid[n][3], 2) for n in range(6) if n != 2]
    assert gaps(paid, rows, price="line") == gaps(paid, rows[::-1], price="line") == [0] * 6


def test_products_that_no_column_holds_stop_at_its_limit():
    large = Decimal("999999999999.999999")
    (gap,) = gaps([(None, 0, 0, 0)], [("0", large, large)])
    assert gap == -(Decimal(10) ** 12)
    (gap,) = gaps([(None, 0, 0, 0)], [("0", Decimal("0.000001"), large)])
    assert gap == -Decimal("999999.999999")
