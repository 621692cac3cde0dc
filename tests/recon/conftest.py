"""Small frames by hand: what a payment and a POS line say, the rest as it usually is."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest


def payment(payment_id, parts_total, *, state="PAID", bill_id=None, currency="CZK", **more):
    return {
        "payment_id": payment_id,
        "bill_id": bill_id or f"bill-{payment_id}",
        "state": state,
        "currency": currency,
        "parts_total": Decimal(str(parts_total)),
        "tip_gross": Decimal(0),
        "tip_net": Decimal(0),
        **more,
    }


def line(payment_id, amount, tip=None, **more):
    return {
        "payment_id": payment_id,
        "bill_id": f"bill-{payment_id}",
        "amount": None if amount is None else Decimal(str(amount)),
        "tip": None if tip is None else Decimal(str(tip)),
        "currency": "CZK",
        "state": "paid",
        **more,
    }


@pytest.fixture
def frames():
    """Build both sides from rows."""

    def build(payments, lines):
        tenders = pd.DataFrame(
            lines, columns=None if lines else ["tender_id", "payment_id", "amount"]
        )
        if "tender_id" not in tenders:
            tenders["tender_id"] = [f"t{number}" for number in range(len(tenders))]
        columns = ["payment_id", "state", "currency", "parts_total"]
        return pd.DataFrame(payments, columns=None if payments else columns), tenders

    build.payment = payment
    build.line = line
    return build
