"""A receipt checked before it is sent: a receipt and its payment in, findings for people out.

What must hold is arithmetic: tax lines add up, and no more is taken than was paid. What Qerko's
public sources leave open is a warning, never a refusal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Final, Literal

from qerko_recon.model import DELIVERY_TYPES, Payment, Receipt, TaxInfo
from qerko_recon.money import trim

__all__ = ["ReceiptFinding", "check_receipt"]

_EXACT: Final = Context(prec=80)
_SMALLEST: Final = Decimal("0.01")
_HUNDRED: Final = Decimal(100)


@dataclass(frozen=True, slots=True)
class ReceiptFinding:
    """What is wrong with a receipt (``error``) or may be (``warning``), and where."""

    severity: Literal["error", "warning"]
    field: str
    sentence: str


def check_receipt(receipt: Receipt, payment: Payment | None = None) -> tuple[ReceiptFinding, ...]:
    """Check a receipt before a capture.

    Parameters
    ----------
    receipt
        What is to be sent.
    payment
        Whose money is taken; what concerns it is left out where it is not given.

    Returns
    -------
    tuple of ReceiptFinding
        Empty where nothing is to be said. A receipt with an ``error`` is not sent.

    Examples
    --------
    >>> from decimal import Decimal
    >>> from qerko_recon.model import ReceiptItem
    >>> receipt = Receipt(items=(ReceiptItem(name="Soup", price=Decimal("85")),),
    ...     receipt_delivery_type="EMAIL", final_price=Decimal("90"))
    >>> [one.sentence for one in check_receipt(receipt)]
    ['the final price 90.00 is above what the items come to (85.00)']
    """
    return tuple(_findings(receipt, payment))


def _findings(receipt: Receipt, payment: Payment | None) -> Iterator[ReceiptFinding]:
    yield from _items(receipt)
    yield from _delivery(receipt)
    for number, line in enumerate(receipt.tax_info or (), start=1):
        yield from _tax_line(line, f"tax_info[{number}]")
    yield from _tax_total(receipt)
    yield from _final_price(receipt, payment)


def _error(field: str, sentence: str) -> ReceiptFinding:
    return ReceiptFinding("error", field, sentence)


def _warning(field: str, sentence: str) -> ReceiptFinding:
    return ReceiptFinding("warning", field, sentence)


def _items(receipt: Receipt) -> Iterator[ReceiptFinding]:
    if not receipt.items:
        yield _error("items", "the receipt has no items")
    for number, item in enumerate(receipt.items, start=1):
        where = f"items[{number}]"
        if not item.name.strip():
            yield _error(where, f"item {number} has no name")
        if item.quantity is not None and item.quantity <= 0:
            yield _warning(
                where, f"item {number} ({item.name}) has quantity {_said(item.quantity)}"
            )


def _delivery(receipt: Receipt) -> Iterator[ReceiptFinding]:
    kind = receipt.receipt_delivery_type
    known = ", ".join(DELIVERY_TYPES)
    if kind is None:
        yield _warning("receipt_delivery_type", f"no delivery type is given; Qerko names {known}")
    elif kind not in DELIVERY_TYPES:
        yield _warning(
            "receipt_delivery_type",
            f"delivery type {kind} is not one that is published ({known}; one more exists whose "
            "name is not)",
        )


def _tax_line(line: TaxInfo, where: str) -> Iterator[ReceiptFinding]:
    rate = f"the tax line of {line.rate.normalize(_EXACT):f} %"
    if line.rate < 0:
        yield _error(where, f"{rate} has a negative rate")
        return
    together = _EXACT.add(line.base, line.tax)
    if line.price is not None and together != line.price:
        yield _error(
            where,
            f"{rate}: base {_said(line.base)} and tax {_said(line.tax)} come to "
            f"{_said(together)}, not to its price {_said(line.price)}",
        )
    of_base = _EXACT.multiply(line.base, line.rate)
    off = abs(_EXACT.subtract(_EXACT.multiply(line.tax, _HUNDRED), of_base))
    # Tax is rounded once, from the base or from the price, which is base and tax.
    if off > _EXACT.multiply(_SMALLEST, _EXACT.add(_HUNDRED, line.rate)):
        right = _EXACT.divide(of_base, _HUNDRED)
        yield _warning(
            where,
            f"{rate}: the tax on {_said(line.base)} would be {_said(_cents(right))}, "
            f"not {_said(line.tax)}",
        )


def _tax_total(receipt: Receipt) -> Iterator[ReceiptFinding]:
    if not receipt.tax_info:
        return
    taxed = _sum(_EXACT.add(line.base, line.tax) for line in receipt.tax_info)
    if receipt.final_price is not None:
        if taxed != receipt.final_price:
            yield _error(
                "tax_info",
                f"the tax lines come to {_said(taxed)}, not to the final price "
                f"{_said(receipt.final_price)}",
            )
        return
    readings = _items_totals(receipt)
    if taxed not in readings:
        yield _error(
            "tax_info",
            f"the tax lines come to {_said(taxed)}, not to the items ({_named(readings)})",
        )


def _final_price(receipt: Receipt, payment: Payment | None) -> Iterator[ReceiptFinding]:
    price = receipt.final_price
    if price is None:
        return
    if price < 0:
        yield _error("final_price", f"the final price {_said(price)} is negative")
    if payment is not None:
        paid = _sum(part.total for part in payment.parts)
        if price > paid:
            yield _error(
                "final_price",
                f"the final price {_said(price)} is above what was paid ({_said(paid)} "
                f"{payment.currency}); it can only be lower",
            )
    readings = _items_totals(receipt)
    if receipt.items and price > max(readings):
        yield _warning(
            "final_price",
            f"the final price {_said(price)} is above what the items come to ({_named(readings)})",
        )


def _items_totals(receipt: Receipt) -> tuple[Decimal, ...]:
    """Give the items' total; two where it matters whether a price is for one or for the line.

    Which of them it is is not documented.
    """
    ones = [Decimal(1) if item.quantity is None else item.quantity for item in receipt.items]
    by_unit = _sum(
        _EXACT.multiply(item.price, one) for item, one in zip(receipt.items, ones, strict=True)
    )
    by_line = _sum(item.price for item in receipt.items)
    return (by_unit,) if by_unit == by_line else (by_unit, by_line)


def _named(readings: tuple[Decimal, ...]) -> str:
    if len(readings) == 1:
        return _said(readings[0])
    return f"{_said(readings[0])} with prices by unit, {_said(readings[1])} by line"


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = _EXACT.add(total, amount)
    return total


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(_SMALLEST, context=_EXACT)


def _said(amount: Decimal) -> str:
    return f"{trim(amount):f}"
