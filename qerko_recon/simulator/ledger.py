"""A day while faults are planted in it: payments and their lines, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from qerko_recon.errors import ConfigError
from qerko_recon.model import PAID, Payment
from qerko_recon.simulator.booking import Tender
from qerko_recon.simulator.chance import Chance
from qerko_recon.simulator.menu import Coinage, plain
from qerko_recon.simulator.trade import parts_total

__all__ = ["Discrepancy", "Ledger", "Refused"]


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One fault that was planted, as a right reconciliation reports it.

    ``variance`` is posted − settled in ``currency``; ``note`` is a sentence for people.
    """

    kind: str
    reason: str
    payment_id: str | None
    bill_id: str | None
    currency: str
    variance: Decimal
    note: str


@dataclass(frozen=True, slots=True)
class Refused:
    """An ID that the server answers with something else than its payment.

    ``kind`` is ``not_found``, ``forbidden``, ``server``, ``network`` or ``invalid``; ``payment``
    is what the ID stands for, ``None`` where it stands for nothing.
    """

    payment_id: str
    kind: str
    payment: Payment | None


@dataclass(slots=True)
class Ledger:
    """A day while faults are planted in it; ``lines`` has every payment's lines, if any."""

    day: date
    zone: ZoneInfo
    coins: Coinage
    payments: dict[str, Payment]
    lines: dict[str, list[Tender]]
    refused: list[Refused] = field(default_factory=list)
    unclaimed: list[Tender] = field(default_factory=list)
    found: list[Discrepancy] = field(default_factory=list)
    _used: set[str] = field(default_factory=set)

    @property
    def small(self) -> Decimal:
        """Amounts up to this are not worth getting wrong."""
        return self.coins.step * 2

    def has_tip(self, payment: Payment) -> bool:
        """Whether the tip is worth getting wrong: above its fee, and the fee above nothing."""
        return payment.tip_gross > payment.tip_net > 0 and payment.tip_gross > self.small

    def take(self, chance: Chance, fits: Callable[[Payment], bool] = lambda _: True) -> Payment:
        """Choose an honest payment, paid and booked on one line, on a bill without a fault."""
        free = [payment for payment in self.payments.values() if self._is_free(payment)]
        fitting = [payment for payment in free if fits(payment)]
        if not fitting:
            raise ConfigError(
                f"a day of {len(self.payments)} payments is too small to plant every kind of "
                "discrepancy in; take 60 or more, or plant none (discrepancies=False)"
            )
        payment = chance.pick(fitting)
        self._used.add(payment.bill_id)
        return payment

    def _is_free(self, payment: Payment) -> bool:
        lines = self.lines[payment.id]
        return (
            payment.bill_id not in self._used
            and payment.state == PAID
            and len(payment.parts) == 1
            and len(lines) == 1
            and lines[0].amount > self.small
        )

    def line(self, payment: Payment) -> Tender:
        """Give the one line of a payment that was taken."""
        return self.lines[payment.id][0]

    def book(self, payment: Payment, *lines: Tender) -> None:
        """Replace a payment's lines."""
        self.lines[payment.id] = list(lines)

    def change(self, payment: Payment) -> Payment:
        """Put a payment in place of the one with its ID."""
        self.payments[payment.id] = payment
        return payment

    def new_id(self, chance: Chance, first: str) -> str:
        """Make up a payment ID that nobody has."""
        known = {*self.payments, *(one.payment_id for one in self.refused)}
        payment_id = first + chance.digits(7)
        while payment_id in known:
            payment_id = first + chance.digits(7)
        return payment_id

    def new_bill(self) -> str:
        """Make up a bill ID that nobody has."""
        return f"{self.day.isoformat()}/{9001 + len(self.unclaimed)}"

    def new_amount(self, chance: Chance) -> Decimal:
        """Make up an amount that no payment and no unclaimed line has, so that none fits it."""
        totals = {parts_total(payment) for payment in self.payments.values()}
        totals |= {line.total for line in self.unclaimed}
        amount = self.coins.price(Decimal(chance.between(180, 900)))
        while amount in totals:
            amount += self.coins.step
        return plain(amount)

    def report(
        self, kind: str, reason: str, at: Payment | Tender, moved: Decimal, note: str
    ) -> None:
        """Write a fault down; the sentence goes on from who it is about."""
        payment_id = at.id if isinstance(at, Payment) else at.payment_id
        who = f"Payment {payment_id}" if payment_id else f"The line of bill {at.bill_id}"
        self.found.append(
            Discrepancy(
                kind, reason, payment_id, at.bill_id, at.currency, plain(moved), f"{who} {note}."
            )
        )
