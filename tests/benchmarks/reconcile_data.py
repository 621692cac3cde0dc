"""A year of a chain's payments beside its POS lines, with a known number of discrepancies.

Of all payments 3 % differ (the amount, the tip, or cancelled and still posted), 1 % are missing in
the POS and 1 % as many lines in Qerko, 5 % are split over two lines, and 10 % can be matched only
through sums of their bill: two payments of one bill, posted on two other lines without an ID.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from qerko_recon.money import from_units
from qerko_recon.schema import PARTS, PAYMENTS, TENDERS, to_frame

CENT = 10_000
UTC = pa.timestamp("us", "UTC")
YEAR = 365 * 86_400 * 1_000_000
BEGAN = 1_764_000_000_000_000


class Data:
    """Both sides, and how many breaks they hold by kind."""

    def __init__(self, count):
        chance = np.random.default_rng(1)
        order = chance.permutation(count)
        cuts = np.cumsum([count * share // 100 for share in (1, 1, 1, 1, 5, 10)])
        self.amount_off, self.tip_off, self.cancelled, self.missing, self.split, of_bills = (
            np.sort(part) for part in np.split(order, cuts)[:6]
        )
        self.of_bills = of_bills[: len(of_bills) // 2 * 2]
        self.invented = count // 100
        self.count = count
        self.chance = chance
        self.ids = pa.array(44_000_000 + 7 * np.arange(count)).cast(pa.string())
        self.amount = chance.integers(50_00, 5_000_00, count) * CENT
        self.tip = chance.choice([0, 0, 20_00, 50_50], count) * CENT
        self.net = self.tip * 93 // 100 // CENT * CENT
        self.bill = np.arange(count)
        self.bill[self.of_bills[1::2]] = self.of_bills[0::2]
        self.times = BEGAN + np.arange(count) * (YEAR // count)

    @property
    def expected(self):
        """Count the breaks by kind."""
        return {
            "amount_mismatch": len(self.amount_off),
            "missing_in_pos": len(self.missing),
            "missing_in_qerko": self.invented,
            "state_mismatch": len(self.cancelled),
            "tip_mismatch": int((self.tip[self.tip_off] > 0).sum()),
        }

    def payments(self):
        """Give ``payments.frame`` as a fetch makes it."""
        count = self.count
        state = np.zeros(count, dtype=np.int8)
        state[self.cancelled] = 1
        zero = np.zeros(count, dtype=np.int64)
        columns = {
            "payment_id": self.ids,
            "bill_id": _bills(self.bill),
            "state": pa.array(["PAID", "CANCELLED"]).take(pa.array(state)),
            "currency": pa.repeat(pa.scalar("CZK"), count),
            "items_total": from_units(self.amount),
            "discount_total": from_units(zero),
            "tip_gross": from_units(self.tip),
            "tip_net": from_units(self.net),
            "tip_fee": from_units(self.tip - self.net),
            "parts_total": from_units(self.amount + self.tip),
            "parts_count": pa.array(np.ones(count, dtype=np.int32)),
            "created_at": pa.array(self.times).cast(UTC),
        }
        return to_frame(_table(columns, PAYMENTS, count))

    def parts(self):
        """Give ``payments.parts``: one of Qerko's own each."""
        columns = {
            "payment_id": self.ids,
            "part_no": pa.array(np.ones(self.count, dtype=np.int32)),
            "provider_id": pa.repeat(pa.scalar("qerko"), self.count),
            "provider_name": pa.repeat(pa.scalar("Qerko"), self.count),
            "provider_type": pa.repeat(pa.scalar("CARD"), self.count),
            "total": from_units(self.amount + self.tip),
        }
        return to_frame(_table(columns, PARTS, self.count))

    def tenders(self):
        """Give ``pos.tenders`` as reading an export makes them, in an order of their own."""
        amount, tip = self.amount.copy(), self.tip.copy()
        amount[self.amount_off] += 10_00 * CENT
        tip[self.tip_off] = self.net[self.tip_off]
        rows = np.setdiff1d(np.arange(self.count), self.missing)
        named = np.setdiff1d(rows, self.of_bills)
        half = np.zeros(self.count, dtype=np.int64)
        half[self.split] = amount[self.split] // (2 * CENT) * CENT
        first, second = self.of_bills[0::2], self.of_bills[1::2]
        both = amount[first] + amount[second]
        third = both // (3 * CENT) * CENT
        parts = [
            (named, amount[named] - half[named], tip[named], True),
            (self.split, half[self.split], np.zeros_like(self.split), True),
            (first, third, tip[first], False),
            (first, both - third, tip[second], False),
        ]
        owner = np.concatenate([part[0] for part in parts] + [np.zeros(self.invented, int)])
        has_id = np.concatenate([np.full(len(part[0]), part[3]) for part in parts])
        ids = self.ids.take(pa.array(owner[: len(has_id)]))
        ids = pa.concat_arrays(
            [
                pa.array(np.where(has_id, ids.to_numpy(False), None), pa.string()),
                pa.array(10_000_000_000 + np.arange(self.invented)).cast(pa.string()),
            ]
        )
        new = np.full(self.invented, 100_00 * CENT)
        amounts = np.concatenate([part[1] for part in parts] + [new])
        tips = np.concatenate([part[2] for part in parts] + [new * 0])
        bills = np.concatenate(
            [self.bill[owner[: len(has_id)]], self.count + np.arange(self.invented)]
        )
        size = len(owner)
        columns = {
            "tender_id": pc_join("t", np.arange(size)),
            "payment_id": ids,
            "bill_id": _bills(bills),
            "amount": from_units(amounts),
            "tip": from_units(tips),
            "total": from_units(amounts + tips),
            "currency": pa.repeat(pa.scalar("CZK"), size),
            "state": pa.repeat(pa.scalar("paid"), size),
            "tender_type": pa.repeat(pa.scalar("Qerko"), size),
            "paid_at": pa.array(self.times[owner] + 30_000_000).cast(UTC),
            "source_file": pa.repeat(pa.scalar("export.csv"), size),
            "source_row": pa.array(np.arange(size) + 2),
        }
        table = _table(columns, TENDERS, size)
        return to_frame(table.take(pa.array(self.chance.permutation(size))))


def pc_join(prefix, numbers):
    """Name rows."""
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(prefix, pa.array(numbers).cast(pa.string()), "")


def _bills(numbers):
    return pc_join("A-", 1_000_000 + numbers)


def _table(columns, schema, size):
    held = [
        columns[field.name].cast(field.type)
        if field.name in columns
        else pa.nulls(size, field.type)
        for field in schema
    ]
    return pa.table(held, schema=schema)


def sides(count):
    """Give both sides and what they hold."""
    data = Data(count)

    class Payments:
        frame = data.payments()
        parts = data.parts()
        items = pd.DataFrame({"payment_id": pd.Series([], dtype=pd.ArrowDtype(pa.string()))})
        failures = pd.DataFrame(
            {
                name: pd.Series([], dtype=pd.ArrowDtype(pa.string()))
                for name in ("payment_id", "kind")
            }
        )

    return Payments, data.tenders(), data
