"""A receipt is checked before money is taken: exact sums, and words for what does not add up."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spec_server import payment

from qerko_recon.model import Receipt, ReceiptItem, TaxInfo, decode_payment, decode_receipt
from qerko_recon.receipts import check_receipt

D = Decimal
SOUP = ReceiptItem(name="Soup", price=D(85), quantity=D(1))
PAID = decode_payment(json.dumps(payment()).encode())  # 156


def receipt(*items, **fields):
    return Receipt(items=items or (SOUP,), receipt_delivery_type="EMAIL", **fields)


def said(one, whose=None):
    return [(found.severity, found.field, found.sentence) for found in check_receipt(one, whose)]


def tax(rate, base, tax, price=None):
    return TaxInfo(
        rate=D(rate), base=D(base), tax=D(tax), price=None if price is None else D(price)
    )


def test_a_receipt_that_is_right():
    right = receipt(final_price=D(85), tax_info=(tax(12, "75.89", "9.11", 85),))
    assert said(right, PAID) == []


@pytest.mark.parametrize(
    ("one", "severity", "field", "words"),
    [
        (Receipt(items=(), receipt_delivery_type="EMAIL"), "error", "items", "no items"),
        (receipt(ReceiptItem(name=" ", price=D(1))), "error", "items[1]", "item 1 has no name"),
        (
            receipt(ReceiptItem(name="x", price=D(1), quantity=D(0))),
            "warning", "items[1]", "quantity 0.00",
        ),
        (Receipt(items=(SOUP,)), "warning", "receipt_delivery_type", "no delivery type"),
        (
            Receipt(items=(SOUP,), receipt_delivery_type="PIGEON"),
            "warning", "receipt_delivery_type", "PIGEON is not one that is published",
        ),
        (receipt(final_price=D(-1)), "error", "final_price", "negative"),
        (receipt(final_price=D("156.01")), "error", "final_price", "above what was paid (156.00"),
        (receipt(final_price=D(90)), "warning", "final_price", "above what the items come to"),
        (
            receipt(tax_info=(tax(12, "75.89", "9.10"),)),
            "error", "tax_info", "come to 84.99, not to the items (85.00)",
        ),
        (
            receipt(final_price=D(80), tax_info=(tax(12, "75.89", "9.11"),)),
            "error", "tax_info", "come to 85.00, not to the final price 80.00",
        ),
        (
            receipt(tax_info=(tax(12, "75.89", "9.11", 84),)),
            "error", "tax_info[1]", "come to 85.00, not to its price 84.00",
        ),
        (
            receipt(tax_info=(tax(21, "75.89", "9.11"),)),
            "warning", "tax_info[1]", "would be 15.94, not 9.11",
        ),
        (receipt(tax_info=(tax(-1, 85, 0),)), "error", "tax_info[1]", "negative rate"),
        (
            receipt(
                ReceiptItem(name="Beer", price=D(50), quantity=D(2)), tax_info=(tax(0, 99, 0),)
            ),
            "error", "tax_info", "100.00 with prices by unit, 50.00 by line",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(one, severity, field, words):
    found = said(one, PAID)
    assert any(
        (its, where) == (severity, field) and words in sentence for its, where, sentence in found
    ), found


@pytest.mark.parametrize("total", [50, 100])
def test_either_reading_of_a_price_will_do(total):
    """Whether it is for one or for the line is not documented."""
    beer = ReceiptItem(name="Beer", price=D(50), quantity=D(2))
    assert said(receipt(beer, tax_info=(tax(0, total, 0),))) == []


CENTS = st.integers(1, 10_000_000).map(lambda cents: D(cents) / 100)
RATES = st.sampled_from([D(0), D(10), D(12), D("12.5"), D(20), D(21)])


@given(st.lists(st.tuples(CENTS, RATES), min_size=1, max_size=5))
def test_tax_that_was_rounded_once_raises_nothing(lines):
    """From the price, as tills do, or from the base, as invoices do."""
    cent = D("0.01")
    from_price = []
    for price, rate in lines:
        due = (price * rate / (100 + rate)).quantize(cent, ROUND_HALF_UP)
        from_price.append(TaxInfo(rate=rate, base=price - due, tax=due, price=price))
    items = tuple(ReceiptItem(name="x", price=price) for price, _ in lines)
    assert said(receipt(*items, tax_info=tuple(from_price))) == []


@given(st.lists(CENTS, min_size=1, max_size=6), CENTS)
def test_any_cent_that_is_off_is_found(prices, off):
    total = sum(prices, D(0))
    items = tuple(ReceiptItem(name="x", price=price) for price in prices)
    one = receipt(*items, tax_info=(TaxInfo(rate=D(0), base=total + off, tax=D(0)),))
    assert ("error", "tax_info") in [(its, where) for its, where, _ in said(one)]


def test_the_sample_is_right():
    sample = Path(__file__).parents[1] / "data_samples" / "receipt.json"
    assert check_receipt(decode_receipt(sample.read_bytes())) == ()
