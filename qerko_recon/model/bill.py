"""What a POS answers Qerko with: its tables, and the open bills on them.

Fields are those that Qerko's public data structures name; ``upcharges`` and ``additional_data``
are passed through as given, since their fields are not published.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from qerko_recon.model.payment import PaymentItem, Wire, check_amounts

__all__ = ["Bill", "BillDiscountOffer", "BillItem", "Table"]

BillItem = PaymentItem
"""An item of a bill has the fields of one that is paid."""


class Table(Wire, frozen=True):
    """A table of the restaurant."""

    id: str
    name: str
    area: str | None = None
    store: str | None = None


class BillDiscountOffer(Wire, frozen=True):
    """A discount that the restaurant offers on a bill."""

    name: str
    percent: Decimal
    additional_data: Any = None

    def __post_init__(self) -> None:
        check_amounts(percent=self.percent)


class Bill(Wire, frozen=True):
    """An open bill; what is not said of it is as Qerko's documentation has it by default.

    Attributes
    ----------
    created
        ISO 8601 with an offset.
    allow_partial_payment, allow_tip
        Whether guests may pay some of the items, or tip; both may where nothing is said.
    deny_discounts, deny_menus
        Whether discounts that the restaurant pays for, or meal menus, are kept off the bill.
    """

    id: str
    currency: str
    items: tuple[BillItem, ...]
    name: str | None = None
    created: str | None = None
    allow_partial_payment: bool | None = None
    allow_tip: bool | None = None
    deny_discounts: bool | None = None
    deny_menus: bool | None = None
    discount_offer: BillDiscountOffer | None = None
    upcharges: Any = None
    additional_data: Any = None
