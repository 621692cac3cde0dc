"""A till to try Qerko with: tables, open bills, and a payment's whole life.

``paymentStart`` locks a bill for one payment, ``paymentProcessed`` hands out the receipt,
``paymentClosed`` books the payment or lets the bill go again. Every step may come twice and is
then answered as the first time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import msgspec

from qerko_recon.errors import ConfigError
from qerko_recon.model import (
    PAID,
    Bill,
    BillItem,
    Payment,
    Receipt,
    ReceiptInfo,
    ReceiptItem,
    Table,
    TaxInfo,
)
from qerko_recon.session.handlers.answering import CallRefused
from qerko_recon.session.handlers.demo_tables import demo_bills

__all__ = ["DemoPos", "Posting"]

_TAX: Final = {"drinks": Decimal(21), "food": Decimal(12)}
_OTHER_TAX: Final = Decimal(21)
_CENT: Final = Decimal("0.01")
_POSTPONED: Final = "POSTPONED"
_READY: Final = "QERKO_GENERATED"


@dataclass(frozen=True, slots=True)
class Posting:
    """What the till has booked for a payment: ``amount`` without the tip."""

    payment_id: str
    bill_id: str
    amount: Decimal
    tip: Decimal
    currency: str
    state: str
    at: datetime


@dataclass(slots=True)
class _Open:
    """A bill and what is left to pay on it."""

    bill: Bill
    left: dict[str, Decimal]
    lock: str | None = None
    locked_at: float = 0.0

    def items(self) -> tuple[BillItem, ...]:
        """Give the items that are still to be paid."""
        kept = ((item, self.left[item.id or ""]) for item in self.bill.items)
        return tuple(msgspec.structs.replace(item, quantity=left) for item, left in kept if left)


@dataclass(slots=True)
class _Life:
    """A payment from its start on."""

    payment: Payment
    receipt: Receipt | None = None
    is_closed: bool = False
    asked: int = 0
    serial: int = field(default=0)


class DemoPos:
    """A till; safe to be asked from several threads.

    Parameters
    ----------
    bills
        Open bills by table; a small Czech inn by default.
    receipts
        ``receiptDeliveryType`` of its receipts: ``QERKO_GENERATED``, ``EMAIL`` or ``POSTPONED``.
    ready_after
        How often ``getPostponedReceipt`` is told to wait before the receipt is ready.
    tips
        Whether the tip is booked ``gross``, as the guest gave it, or ``net``, after the fee.
    lock_timeout
        Seconds after which a payment that never ended no longer locks its bill; how long Qerko
        allows is not documented. ``None`` keeps the lock.
    clock
        In place of the time of day.
    seconds
        In place of :func:`time.monotonic`.

    Examples
    --------
    >>> till = DemoPos()
    >>> [bill] = till.getTableContents("1")
    >>> till.getBill(bill.id).items[0].name
    'Svíčková na smetaně'
    """

    def __init__(
        self,
        bills: Mapping[Table, Iterable[Bill]] | None = None,
        *,
        receipts: str = _READY,
        ready_after: int = 2,
        tips: str = "gross",
        lock_timeout: float | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        if tips not in {"gross", "net"}:
            raise ConfigError(f"a till books tips gross or net, not {tips!r}")
        if receipts not in {_READY, "EMAIL", _POSTPONED}:
            raise ConfigError(f"{receipts!r} is no delivery type that Qerko documents")
        given = demo_bills(clock()) if bills is None else bills
        self._tables = {table.id: table for table in given}
        self._on_table = {table.id: [bill.id for bill in ones] for table, ones in given.items()}
        self._bills: dict[str, _Open] = {}
        for table, ones in given.items():
            for bill in ones:
                self.add(bill, table=table.id)
        self._lives: dict[str, _Life] = {}
        self._postings: list[Posting] = []
        self._receipts, self._ready_after, self._tips = receipts, ready_after, tips
        self._lock_timeout, self._clock, self._seconds = lock_timeout, clock, seconds
        self._mutex = threading.RLock()

    # What the waiters do, and see

    def add(self, bill: Bill, *, table: str) -> None:
        """Open a bill at a table."""
        if table not in self._tables:
            raise ConfigError(f"the till has no table {table!r}")
        if any(item.id is None for item in bill.items):
            raise ConfigError(
                f"an item of bill {bill.id} has no ID; it could not be paid by parts"
            )
        left = {item.id or "": item.quantity for item in bill.items}
        self._bills[bill.id] = _Open(bill, left)
        if bill.id not in self._on_table[table]:
            self._on_table[table].append(bill.id)

    @property
    def postings(self) -> tuple[Posting, ...]:
        """What is booked so far, in order."""
        with self._mutex:
            return tuple(self._postings)

    @property
    def locked(self) -> dict[str, str]:
        """Payments in progress, by bill."""
        with self._mutex:
            return {one.bill.id: one.lock for one in self._bills.values() if one.lock is not None}

    # What Qerko calls; named as Qerko does

    def getTableList(self) -> list[Table]:  # noqa: N802 - Qerko's name
        """Give the tables, as they are paired with QR codes."""
        return list(self._tables.values())

    def getTableContents(self, table_id: str) -> list[Bill]:  # noqa: N802
        """Give a table's open bills."""
        with self._mutex:
            ids = self._on_table.get(table_id, [])
            return [self._shown(self._bills[one]) for one in ids if self._bills[one].items()]

    def getBill(self, bill_id: str) -> Bill:  # noqa: N802
        """Give a bill with what is left to pay."""
        with self._mutex:
            return self._shown(self._find(bill_id))

    def searchBills(self, qr_identifier: str) -> list[Bill]:  # noqa: N802
        """Give the open bills behind a printed QR code: a table's number with leading zeros."""
        table = next((one for one in self._tables if one.zfill(6) == qr_identifier), None)
        if table is None:
            raise CallRefused("no table or bill has this QR code", "QR_INVALID")
        return self.getTableContents(table)

    def paymentStart(self, payment: Payment) -> None:  # noqa: N802
        """Check what a guest is about to pay, and keep the bill for that payment."""
        with self._mutex:
            known = self._lives.get(payment.id)
            if known is not None and known.is_closed:
                raise CallRefused(f"payment {payment.id} has ended")
            one = self._find(payment.bill_id)
            if one.lock not in {None, payment.id} and not self._is_stale(one):
                raise CallRefused("another payment of this bill is in progress")
            _check_items(one, payment)
            one.lock, one.locked_at = payment.id, self._seconds()
            if known is None:
                self._lives[payment.id] = _Life(payment, serial=len(self._lives) + 1)

    def paymentProcessed(self, payment_id: str) -> Receipt:  # noqa: N802
        """Give the receipt of a payment whose money is there."""
        with self._mutex:
            life = self._in_progress(payment_id)
            if life.receipt is None:
                life.receipt = self._receipt_of(life)
            return life.receipt

    def getPostponedReceipt(self, payment_id: str) -> Receipt:  # noqa: N802
        """Give a postponed receipt once it is ready."""
        with self._mutex:
            life = self._lives.get(payment_id)
            if life is None or life.receipt is None:
                raise CallRefused(f"the till has no receipt of payment {payment_id}")
            life.asked += 1
            is_postponed = life.receipt.receipt_delivery_type == _POSTPONED
            if is_postponed and life.asked > self._ready_after:
                life.receipt = msgspec.structs.replace(life.receipt, receipt_delivery_type=_READY)
            return life.receipt

    def paymentClosed(self, payment_id: str, state: str) -> None:  # noqa: N802
        """Book a payment that is paid; let the bill go where it is not."""
        with self._mutex:
            life = self._lives.get(payment_id)
            if life is None:
                raise CallRefused(f"the till knows nothing of payment {payment_id}")
            if life.is_closed:
                return
            life.is_closed = True
            one = self._bills[life.payment.bill_id]
            if one.lock == payment_id:
                one.lock = None
            if state == PAID:
                for item in life.payment.items:
                    left = one.left.get(item.id or "", Decimal(0)) - item.quantity
                    one.left[item.id or ""] = max(Decimal(0), left)
            self._post(life.payment, state)

    # How it does that

    def _find(self, bill_id: str) -> _Open:
        one = self._bills.get(bill_id)
        if one is None:
            raise CallRefused(f"the till has no bill {bill_id}", "BILL_NOT_FOUND")
        if not one.items():
            raise CallRefused(f"bill {bill_id} is paid", "BILL_CLOSED")
        return one

    def _shown(self, one: _Open) -> Bill:
        return msgspec.structs.replace(one.bill, items=one.items())

    def _is_stale(self, one: _Open) -> bool:
        if self._lock_timeout is None:
            return False
        return self._seconds() - one.locked_at >= self._lock_timeout

    def _in_progress(self, payment_id: str) -> _Life:
        life = self._lives.get(payment_id)
        if life is None:
            raise CallRefused(f"the till knows nothing of payment {payment_id}")
        is_locked = self._bills[life.payment.bill_id].lock == payment_id
        if life.receipt is None and not is_locked:
            raise CallRefused(f"payment {payment_id} no longer holds its bill")
        return life

    def _receipt_of(self, life: _Life) -> Receipt:
        payment = life.payment
        items = tuple(
            ReceiptItem(
                name=item.name,
                price=item.price,
                quantity=item.quantity,
                tax_name=f"{_rate_of(item)} %",
            )
            for item in payment.items
        )
        info = ReceiptInfo(
            bill_name=payment.bill_id,
            serial=f"{life.serial:06d}",
            timestamp=self._clock().isoformat(timespec="seconds"),
        )
        return Receipt(
            items=items,
            receipt_delivery_type=self._receipts,
            receipt_info=info,
            tax_info=_taxes_of(payment.items),
        )

    def _post(self, payment: Payment, state: str) -> None:
        is_paid = state == PAID
        amount = sum((item.price * item.quantity for item in payment.items), Decimal(0))
        if payment.discount is not None:
            amount -= abs(payment.discount.value)
        tip = payment.tip_gross if self._tips == "gross" else payment.tip_net
        self._postings.append(
            Posting(
                payment_id=payment.id,
                bill_id=payment.bill_id,
                amount=amount if is_paid else Decimal(0),
                tip=tip if is_paid else Decimal(0),
                currency=payment.currency,
                state=state,
                at=self._clock(),
            )
        )

    def __repr__(self) -> str:
        return f"DemoPos({len(self._bills)} bills, {len(self._postings)} payments booked)"


def _check_items(one: _Open, payment: Payment) -> None:
    """Refuse a payment of something that is not on the bill, or not so, or not any more."""
    if payment.currency != one.bill.currency:
        raise CallRefused(f"the bill is in {one.bill.currency}, not {payment.currency}")
    on_bill = {item.id: item for item in one.bill.items}
    wanted: dict[str, Decimal] = {}
    for item in payment.items:
        known = on_bill.get(item.id)
        if known is None or item.id is None:
            raise CallRefused(f"{item.name} is not on the bill")
        if item.price != known.price:
            raise CallRefused(f"{item.name} costs {known.price}, not {item.price}")
        wanted[item.id] = wanted.get(item.id, Decimal(0)) + item.quantity
    for identifier, quantity in wanted.items():
        if quantity > one.left[identifier]:
            raise CallRefused(f"{on_bill[identifier].name} is paid already")


def _rate_of(item: BillItem) -> Decimal:
    return next((_TAX[tag] for tag in item.tags or () if tag in _TAX), _OTHER_TAX)


def _taxes_of(items: Iterable[BillItem]) -> tuple[TaxInfo, ...]:
    """Take the tax out of prices that contain it; base and tax add up to the price exactly."""
    prices: dict[Decimal, Decimal] = {}
    for item in items:
        rate = _rate_of(item)
        prices[rate] = prices.get(rate, Decimal(0)) + item.price * item.quantity
    taxes = []
    for rate, price in sorted(prices.items()):
        tax = (price * rate / (100 + rate)).quantize(_CENT, ROUND_HALF_UP)
        taxes.append(TaxInfo(rate=rate, base=price - tax, tax=tax, price=price))
    return tuple(taxes)
