"""A seeded day of trade: what Qerko holds of it, what the POS booked, and what is wrong between.

One :class:`TradingDay` is the truth that the simulated server, the POS exports, the samples and
the tests share.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from qerko_recon.errors import ConfigError
from qerko_recon.files import replace_when_done
from qerko_recon.model import PAID, Payment
from qerko_recon.simulator.booking import Tender, book_other, book_sale
from qerko_recon.simulator.chance import Chance
from qerko_recon.simulator.discrepancies import plant
from qerko_recon.simulator.exports import Style, write_export
from qerko_recon.simulator.ledger import Discrepancy, Ledger, Refused
from qerko_recon.simulator.menu import coinage
from qerko_recon.simulator.trade import parts_total, trade
from qerko_recon.simulator.wire import payment_json

__all__ = ["BUSINESS_DATE", "TradingDay"]

BUSINESS_DATE: Final = date(2026, 11, 20)
"""A Friday."""

TIME_ZONE: Final = "Europe/Prague"
CUT_OFF: Final = time(4)
"""When a business day ends, on the restaurant's own clock."""


@dataclass(frozen=True)
class TradingDay:
    """One restaurant's business day, in Qerko and in its POS.

    Make one with :meth:`generate`.

    Attributes
    ----------
    seed, business_date, currency, time_zone
        What the day was made from; it runs from 04:00 to 04:00 in ``time_zone``.
    payments
        What a client can fetch, in the order of time; with discrepancies, a few of the
        neighbouring business days among them.
    refused
        IDs that the server answers with something else than a payment.
    tenders
        The POS's Qerko lines, in the order of time.
    others
        The POS's other lines: cash, cards, meal vouchers.
    discrepancies
        Exactly what a right reconciliation finds.

    Examples
    --------
    >>> day = TradingDay.generate(seed=1, payments=60)
    >>> honest = TradingDay.generate(seed=1, payments=60, discrepancies=False)
    >>> len(honest.payments), honest.settled_total == honest.posted_total
    (60, True)
    >>> moved = sum(one.variance for one in day.discrepancies if one.currency == "CZK")
    >>> day.settled_total["CZK"] + moved == day.posted_total["CZK"]
    True
    """

    seed: int
    business_date: date
    currency: str
    time_zone: str
    payments: tuple[Payment, ...]
    refused: tuple[Refused, ...]
    tenders: tuple[Tender, ...]
    others: tuple[Tender, ...]
    discrepancies: tuple[Discrepancy, ...]

    @classmethod
    def generate(
        cls,
        seed: int = 1,
        business_date: date = BUSINESS_DATE,
        payments: int = 420,
        currency: str = "CZK",
        *,
        discrepancies: bool = True,
    ) -> TradingDay:
        """Make the day of a seed: the same everywhere, whatever the version of Python.

        Parameters
        ----------
        seed
            Another seed is another day.
        business_date
            The day it is.
        payments
            How many Qerko payments guests made, cancelled ones included. Discrepancies take a
            few of these out of reach and add a few of other days.
        currency
            ``CZK`` or ``EUR``.
        discrepancies
            Whether faults are planted. A day without reconciles to nothing.

        Raises
        ------
        ConfigError
            The currency is another, or the day is too small for its discrepancies.
        """
        if payments < 1:
            raise ConfigError(f"a simulated day has one payment or more, not {payments}")
        coins = coinage(currency)
        zone = ZoneInfo(TIME_ZONE)
        made = trade(seed, business_date, payments, coins, zone)
        chance = Chance(seed, "booking")
        known = {sale.payment_id: sale.payment(currency) for sale in made.sales}
        lines = {
            sale.payment_id: book_sale(sale, known[sale.payment_id], chance, coins)
            for sale in made.sales
        }
        ledger = Ledger(business_date, zone, coins, known, lines)
        if discrepancies:
            plant(ledger, Chance(seed, "discrepancies"))
        posted = [line for booked in ledger.lines.values() for line in booked]
        return cls(
            seed=seed,
            business_date=business_date,
            currency=currency,
            time_zone=TIME_ZONE,
            payments=tuple(sorted(ledger.payments.values(), key=_payment_order)),
            refused=tuple(ledger.refused),
            tenders=tuple(sorted((*posted, *ledger.unclaimed), key=_line_order)),
            others=tuple(
                sorted((book_other(sale, currency) for sale in made.others), key=_line_order)
            ),
            discrepancies=tuple(ledger.found),
        )

    @cached_property
    def payment_ids(self) -> tuple[str, ...]:
        """Every ID of the day as a session log would name them, those refused included."""
        return (
            *(payment.id for payment in self.payments),
            *(one.payment_id for one in self.refused),
        )

    @cached_property
    def settled_total(self) -> Mapping[str, Decimal]:
        """What the payments that can be fetched settle for, by currency."""
        totals = dict.fromkeys(self._currencies, Decimal(0))
        for payment in self.payments:
            if payment.state == PAID:
                totals[payment.currency] += parts_total(payment)
        return totals

    @cached_property
    def posted_total(self) -> Mapping[str, Decimal]:
        """What the Qerko lines post, by currency; a row that cannot be read posts nothing."""
        totals = dict.fromkeys(self._currencies, Decimal(0))
        for line in self.tenders:
            totals[line.currency] += line.posted
        return totals

    @property
    def _currencies(self) -> tuple[str, ...]:
        return (self.currency, *sorted({line.currency for line in self.tenders} - {self.currency}))

    @property
    def closed_at(self) -> datetime:
        """When the business day ended, UTC."""
        end = datetime.combine(self.business_date + timedelta(days=1), CUT_OFF)
        return end.replace(tzinfo=ZoneInfo(self.time_zone)).astimezone(UTC)

    @cached_property
    def pos_lines(self) -> tuple[Tender, ...]:
        """Every line of the POS, Qerko's and others, in the order an export has them."""
        return tuple(sorted((*self.tenders, *self.others), key=_line_order))

    def write_pos_export(self, path: str | os.PathLike[str], style: Style) -> Path:
        """Write what the POS booked as a POS exports it; see :data:`STYLES`."""
        zone = ZoneInfo(self.time_zone)
        return write_export(self.pos_lines, path, style, self.business_date, zone)

    def write_payments(self, path: str | os.PathLike[str]) -> Path:
        """Write the payments as JSON Lines, each as Qerko sends it."""
        with replace_when_done(path) as draft:
            draft.write_bytes(b"".join(payment_json(one) + b"\n" for one in self.payments))
        return Path(path)


def _payment_order(payment: Payment) -> tuple[str, str]:
    return payment.timestamp or "", payment.id


def _line_order(line: Tender) -> tuple[datetime, str, str, Decimal]:
    return line.paid_at, line.bill_id, line.payment_id or "", -line.amount
