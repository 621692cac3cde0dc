"""What the POS books: payments in, POS payment lines out.

A payment is one line as a rule; two where it was paid by two providers, or where the till split
it. A cancelled payment is a *Storno* line, or nothing at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from qerko_recon.model import CANCELLED, Payment, PaymentPart
from qerko_recon.simulator.chance import Chance
from qerko_recon.simulator.menu import Coinage, plain
from qerko_recon.simulator.trade import Sale, parts_total

__all__ = ["Tender", "book_other", "book_sale", "book_whole"]


@dataclass(frozen=True, slots=True)
class Tender:
    """One POS payment line, as the POS knows it.

    Attributes
    ----------
    payment_id
        Qerko's ID of the payment; ``None`` where the POS does not have it.
    amount, tip
        Without the tip, and the tip; exact.
    state
        ``paid``, ``cancelled`` or ``open``.
    tender_type
        ``qerko``, ``cash``, ``card`` or ``voucher``.
    provider
        Who moved the money, where Qerko did.
    paid_at
        When the till booked it, UTC.
    is_readable
        Whether an export writes the amount so that it can be read.
    """

    payment_id: str | None
    bill_id: str
    amount: Decimal
    tip: Decimal
    currency: str
    state: str
    tender_type: str
    provider: str | None
    paid_at: datetime
    table: str
    waiter: str
    is_readable: bool = True

    @property
    def total(self) -> Decimal:
        """Amount and tip."""
        return plain(self.amount + self.tip)

    @property
    def posted(self) -> Decimal:
        """What the line posts: its total where it is paid and can be read."""
        return self.total if self.state == "paid" and self.is_readable else Decimal(0)


def book_sale(sale: Sale, payment: Payment, chance: Chance, coins: Coinage) -> list[Tender]:
    """Book an honest Qerko payment."""
    delay = timedelta(seconds=chance.between(4, 95))
    whole = book_whole(payment, sale.bill.table, sale.bill.waiter, sale.at + delay)
    if payment.state == CANCELLED:
        return [replace(whole, state="cancelled")] if chance.happens(50) else []
    if len(payment.parts) > 1:
        return [_book_part(whole, part, part is payment.parts[-1]) for part in payment.parts]
    if chance.happens(6):
        return _book_twice(whole, coins)
    return [whole]


def book_whole(payment: Payment, table: str, waiter: str, paid_at: datetime) -> Tender:
    """Book a payment on one line."""
    return Tender(
        payment_id=payment.id,
        bill_id=payment.bill_id,
        amount=plain(parts_total(payment) - payment.tip_gross),
        tip=payment.tip_gross,
        currency=payment.currency,
        state="paid",
        tender_type="qerko",
        provider=payment.parts[-1].provider.name,
        paid_at=paid_at,
        table=table,
        waiter=waiter,
    )


def _book_part(whole: Tender, part: PaymentPart, with_tip: bool) -> Tender:
    """Book one provider's part on a line of its own; the card's has the tip."""
    tip = whole.tip if with_tip else Decimal(0)
    return replace(whole, amount=plain(part.total - tip), tip=tip, provider=part.provider.name)


def _book_twice(whole: Tender, coins: Coinage) -> list[Tender]:
    """Book one payment on two unequal lines, the tip on the first."""
    first = (whole.amount * 3 / 5 / coins.step).to_integral_value() * coins.step
    second = plain(whole.amount - first)
    if not 0 < second < first:
        return [whole]
    return [
        replace(whole, amount=plain(first)),
        replace(whole, amount=second, tip=Decimal(0)),
    ]


def book_other(sale: Sale, currency: str) -> Tender:
    """Book what a guest paid otherwise than by Qerko."""
    return Tender(
        payment_id=None,
        bill_id=sale.bill.id,
        amount=sale.total,
        tip=Decimal(0),
        currency=currency,
        state="paid",
        tender_type=sale.tender_type,
        provider=None,
        paid_at=sale.at,
        table=sale.bill.table,
        waiter=sale.bill.waiter,
    )
