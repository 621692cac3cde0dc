"""Both sides in one shape: tables, and exact integer columns ready for arithmetic.

Made by :mod:`qerko_recon.recon.intake`; money is ``int64`` millionths.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.money import to_units
from qerko_recon.recon.coded import Codes, Mask, Units, encode, flat, texts, where_in
from qerko_recon.recon.days import Days
from qerko_recon.recon.policy import TipLayout
from qerko_recon.recon.result import Source

__all__ = ["NO_CURRENCY", "Intake", "PaymentSide", "Side", "TenderSide"]

NO_CURRENCY: Final = "XXX"
"""ISO 4217 for "no currency": neither side says any."""


@dataclass(frozen=True, eq=False)
class Side:
    """What both sides have: a table of rows, and the business day of each."""

    table: pa.Table
    days: Days

    def texts(self, name: str, rows: Sequence[int] | Codes) -> list[str | None]:
        """Give a text column of some rows."""
        return texts(self.table[name], rows)

    def text(self, name: str, row: int) -> str | None:
        """Give one text."""
        value: str | None = self.table[name][row].as_py()
        return value

    def day(self, row: int) -> date | None:
        """Give one row's business day."""
        day = self.days[row].astype(object)
        return day if isinstance(day, date) else None

    def __len__(self) -> int:
        return int(self.table.num_rows)


@dataclass(frozen=True, eq=False)
class PaymentSide(Side):
    """Qerko's side: a row a payment."""

    parts: pa.Table
    items: pa.Table
    failures: pa.Table
    settles: Mask  # the state settles in full
    cancelled: Mask

    def id(self, row: int) -> str:
        """Give a payment's ID."""
        return str(self.text("payment_id", row))

    @cached_property
    def parts_total(self) -> Units:
        """Total of the parts."""
        return to_units(self.table["parts_total"])

    @cached_property
    def tip_gross(self) -> Units:
        """Gross tip."""
        return to_units(self.table["tip_gross"])

    @cached_property
    def tip_net(self) -> Units:
        """Net tip; the gross one where the frame has no net."""
        net = flat(self.table["tip_net"])
        if not net.null_count:
            return to_units(net)
        return to_units(pc.coalesce(net, flat(self.table["tip_gross"])))


@dataclass(frozen=True, eq=False)
class TenderSide(Side):
    """The POS's side: a row a payment line."""

    others: pa.Table
    problems: pa.Table
    amount: Units
    tip: Units
    has_tip: Mask
    readable: Mask
    counts: Mask  # the line's state lets its money count

    def id(self, row: int) -> str:
        """Give a line's ID."""
        return str(self.text("tender_id", row))

    @cached_property
    def is_open(self) -> Mask:
        """Which lines the POS has not closed."""
        return where_in(self.table["state"], ("open",))

    @cached_property
    def total(self) -> Units:
        """Amount and tip, whatever the state."""
        return self.amount + self.tip

    @cached_property
    def posted(self) -> Units:
        """What each line adds to the posted total."""
        return np.where(self.counts & self.readable, self.total, 0)

    @cached_property
    def posted_tip(self) -> Units:
        """What each line adds to the posted tips."""
        return np.where(self.counts & self.readable, self.tip, 0)


@dataclass(frozen=True, eq=False)
class Intake:
    """All that a reconciliation works on."""

    payments: PaymentSide
    tenders: TenderSide
    tip_layout: TipLayout  # what the export's profile says
    sources: tuple[Source, ...]
    currencies: tuple[str, ...]  # every one that either side has, sorted
    paid_currency: Codes  # each payment's place in them
    posted_currency: Codes  # each line's
    found: Future[tuple[Codes, Codes, Codes]]  # owner, failure, lost

    @property
    def owner(self) -> Codes:
        """The payment that each line's ID names, -1 for none.

        Raises
        ------
        ReconciliationError
            A payment ID stands twice among the payments.
        """
        return self.found.result()[0]

    @property
    def failure(self) -> Codes:
        """The failed ID that each line names, -1 for none."""
        return self.found.result()[1]

    @property
    def lost(self) -> Codes:
        """The failures of IDs that were not had in any other way, each once."""
        return self.found.result()[2]

    def bill_keys(self, payments: Codes, lines: Codes) -> tuple[pa.Array, Codes, Codes]:
        """Give bill and currency of some payments and lines as one number.

        Returns
        -------
        tuple
            The bills, and the keys of payments and lines: the bill's place, times the number of
            currencies, plus the currency's place; -1 where there is no bill.
        """
        bills, (right, left) = encode(
            flat(self.tenders.table["bill_id"]).take(pa.array(lines)),
            flat(self.payments.table["bill_id"]).take(pa.array(payments)),
        )
        several = len(self.currencies)
        return (
            bills,
            np.where(left >= 0, left * several + self.paid_currency[payments], -1),
            np.where(right >= 0, right * several + self.posted_currency[lines], -1),
        )

    def currency(self, payment: int) -> str:
        """Give a payment's currency."""
        return self.currencies[int(self.paid_currency[payment])]

    def posted_in(self, line: int) -> str:
        """Give a line's currency."""
        return self.currencies[int(self.posted_currency[line])]

    @property
    def main_currency(self) -> str:
        """The currency most rows have, for what has none of its own."""
        codes = self.paid_currency if len(self.paid_currency) else self.posted_currency
        if not len(codes):
            return NO_CURRENCY
        return self.currencies[int(np.argmax(np.bincount(codes)))]
