"""Small days from hypothesis, and ways to look at what came of them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from qerko_recon.recon import Policy

PAYMENT_COLUMNS = ["payment_id", "bill_id", "state", "currency", "parts_total", "tip_gross"]
PAYMENT_COLUMNS += ["tip_net", "created_at"]
LINE_COLUMNS = ["tender_id", "payment_id", "bill_id", "amount", "tip", "currency", "state"]
LINE_COLUMNS += ["paid_at"]
GROSS = Policy(tip_basis="gross", tip_in_parts=True, tip_layout="beside", price="unit")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ROUND = [Decimal(n) for n in ("0", "10", "20", "30", "50", "99.50", "0.01", "-20")]
EXACT = st.integers(-5_000_000, 99_000_000).map(lambda units: Decimal(units).scaleb(-6))
MONEY = st.one_of(st.sampled_from(ROUND), st.sampled_from(ROUND), EXACT)
TIPS = st.sampled_from([Decimal(0), Decimal(0), Decimal(5), Decimal(10), Decimal("2.50")])
TIMES = st.sampled_from([None, NOON, NOON, NOON + timedelta(days=1), NOON - timedelta(days=1)])
AMOUNTS = st.sampled_from([Decimal(n) for n in ("10", "15", "20", "30", "40", "12.50", "7.77")])
KEYS = ["break_id", "kind", "reason", "payment_id", "settled", "posted", "variance", "currency"]


@st.composite
def payments(draw, currencies=("CZK", "CZK", "EUR"), most=6):
    rows = []
    for number in range(draw(st.integers(0, most))):
        gross = draw(TIPS)
        rows.append(
            {
                "payment_id": f"p{number}",
                "bill_id": draw(st.sampled_from(["a", "b", "c"])),
                "state": draw(st.sampled_from(["PAID", "PAID", "PAID", "CANCELLED", "NEW"])),
                "currency": draw(st.sampled_from(currencies)),
                "parts_total": draw(MONEY) + gross,
                "tip_gross": gross,
                "tip_net": draw(st.sampled_from([gross, gross - gross / 10])),
                "created_at": draw(TIMES),
            }
        )
    return pd.DataFrame(rows, columns=PAYMENT_COLUMNS)


@st.composite
def lines(draw, currencies=("CZK", "CZK", "EUR"), most=8):
    rows = [
        {
            "tender_id": f"t{number}",
            "payment_id": draw(st.sampled_from([None, None, *(f"p{n}" for n in range(7))])),
            "bill_id": draw(st.sampled_from(["a", "b", "c", "d", None])),
            "amount": draw(st.one_of(MONEY, MONEY, MONEY, st.none())),
            "tip": draw(st.one_of(st.none(), TIPS)),
            "currency": draw(st.sampled_from(currencies)),
            "state": draw(st.sampled_from(["paid", "paid", "paid", "cancelled", "open"])),
            "paid_at": draw(TIMES),
        }
        for number in range(draw(st.integers(0, most)))
    ]
    return pd.DataFrame(rows, columns=LINE_COLUMNS)


@st.composite
def days(draw):
    """Lines mostly as the payments have them, so that there is something to match."""
    paid = draw(payments())
    posted = draw(lines(most=4))
    rows = []
    for one in paid.itertuples():
        copies = draw(st.sampled_from([0, 1, 1, 1, 2]))
        named = draw(st.booleans())
        rows += [
            {
                "tender_id": f"{one.payment_id}-{copy}",
                "payment_id": one.payment_id if named else None,
                "bill_id": one.bill_id,
                "amount": one.parts_total - one.tip_gross + draw(st.sampled_from([0, 0, 0, 7])),
                "tip": draw(st.sampled_from([one.tip_gross, one.tip_gross, one.tip_net])),
                "currency": one.currency,
                "state": "paid",
                "paid_at": one.created_at,
            }
            for copy in range(copies)
        ]
    more = pd.DataFrame(rows, columns=LINE_COLUMNS)
    return paid, pd.concat([frame for frame in (more, posted) if len(frame)] or [more])


quick = settings(max_examples=14, deadline=None, suppress_health_check=list(HealthCheck))


def summed(frame, column):
    return sum(frame[column], Decimal(0))


def without_times(day):
    """Leave out what tells which days are covered, which is a matter of all rows together."""
    paid, posted = day
    return paid.drop(columns="created_at"), posted.drop(columns="paid_at")


def chosen(frame, wanted):
    """Take the rows of which a statement is true."""
    return frame.loc[np.array([bool(wanted(row)) for row in frame.itertuples()], dtype=bool)]


def is_of(row, match):
    if row.currency != match.currency:
        return False
    if len(row.tender_ids):
        return set(row.tender_ids) & set(match.tender_ids)
    return row.payment_id in match.payment_ids


def by_currency(frame, column):
    return {
        str(currency): summed(some, column)
        for currency, some in frame.groupby("currency")
        if summed(some, column)
    }


def shown(result, columns=KEYS):
    """Give the breaks as rows that can be counted."""
    rows = result.breaks[[*columns, "tender_ids"]].astype(object)
    rows = rows.where(rows.notna(), None) if len(rows) else rows
    return Counter(
        (*row[:-1], tuple(sorted(row[-1]))) for row in rows.itertuples(index=False, name=None)
    )


def bill_frames(bill, till):
    """Build one bill: payments and lines without ID, each as (amount, tip)."""
    paid = [
        {
            "payment_id": f"p{number}",
            "bill_id": "b",
            "state": "PAID",
            "currency": "CZK",
            "parts_total": amount + tip,
            "tip_gross": tip,
            "tip_net": tip,
        }
        for number, (amount, tip) in enumerate(bill)
    ]
    posted = [
        {
            "tender_id": f"t{number}",
            "payment_id": None,
            "bill_id": "b",
            "amount": amount,
            "tip": tip,
            "currency": "CZK",
        }
        for number, (amount, tip) in enumerate(till)
    ]
    return pd.DataFrame(paid), pd.DataFrame(posted)


def cut_bill(bill, count, chance):
    """Book a bill of (amount, tip) on so many lines; the tip is on one of them."""
    amount, tip = (sum((one[n] for one in bill), Decimal(0)) for n in (0, 1))
    cuts = sorted(chance.randrange(0, 101) for _ in range(count - 1))
    shares = [high - low for low, high in zip([0, *cuts], [*cuts, 100], strict=True)]
    where = chance.randrange(count)
    till = [
        (amount * share / 100, tip if number == where else Decimal(0))
        for number, share in enumerate(shares)
    ]
    return bill_frames(bill, till)
