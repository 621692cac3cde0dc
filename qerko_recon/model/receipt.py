"""A receipt as the POS hands it to Qerko: answer to ``paymentProcessed``, body of a capture.

Fields are those of Qerko's data structures that public sources name; ``fiscal_info`` is
country-specific and undocumented, so it is passed through as given.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec

from qerko_recon.model.encode import to_wire
from qerko_recon.model.payment import Wire, check_amounts

__all__ = ["DELIVERY_TYPES", "Receipt", "ReceiptInfo", "ReceiptItem", "TaxInfo"]

DELIVERY_TYPES: Final = ("QERKO_GENERATED", "EMAIL", "POSTPONED")
"""The documented delivery types; Qerko has one more whose name is not published."""


class ReceiptItem(Wire, frozen=True):
    """A line of the receipt."""

    name: str
    price: Decimal
    quantity: Decimal | None = None
    tax_name: str | None = None

    def __post_init__(self) -> None:
        check_amounts(price=self.price, quantity=self.quantity)


class TaxInfo(Wire, frozen=True):
    """One tax rate: its base and its tax, in the bill's currency; ``rate`` in per cent."""

    rate: Decimal
    base: Decimal
    tax: Decimal
    price: Decimal | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        check_amounts(rate=self.rate, base=self.base, tax=self.tax, price=self.price)


class ReceiptInfo(Wire, frozen=True):
    """What stands around the items of a receipt."""

    bill_name: str | None = None
    serial: str | None = None
    cash_box: str | None = None
    timestamp: str | None = None
    header_lines: tuple[str, ...] | None = None
    footer_lines: tuple[str, ...] | None = None
    waiter: Any = None


class Receipt(Wire, frozen=True):
    """A receipt; ``final_price`` closes the bill at a lower price than was authorised."""

    items: tuple[ReceiptItem, ...]
    receipt_delivery_type: str | None = None
    receipt_info: ReceiptInfo | None = None
    tax_info: tuple[TaxInfo, ...] | None = None
    fiscal_info: Any = None
    final_price: Decimal | None = None

    def __post_init__(self) -> None:
        check_amounts(finalPrice=self.final_price)

    def to_json(self) -> bytes:
        """Encode for the wire: decimal strings in plain notation, absent fields left out."""
        return msgspec.json.encode(to_wire(self))
