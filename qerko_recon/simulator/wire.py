"""Payments as Qerko writes them: the documented fields in the documented order, as JSON.

What the documentation's example leaves out when there is nothing to say (an item's
``additionalData``, a payment's ``timestamp``) is left out; what it writes as ``null`` is ``null``.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec

from qerko_recon.model import (
    Discount,
    Payment,
    PaymentItem,
    PaymentPart,
    Provider,
    decode_payment,
)

__all__ = ["payment_json", "received"]

_ORDER: Final[dict[type, tuple[str, ...]]] = {
    Payment: (
        "additional_data",
        "currency",
        "discount",
        "id",
        "bill_id",
        "customer_id",
        "items",
        "state",
        "parts",
        "tip_gross",
        "tip_net",
        "timestamp",
    ),
    PaymentItem: ("id", "min_quantity", "name", "price", "quantity", "tags", "additional_data"),
    PaymentPart: ("total", "provider"),
    Provider: ("id", "name", "type"),
    Discount: ("source", "name", "value", "provider", "additional_data"),
}
_WRITTEN_AS_NULL: Final[dict[type, frozenset[str]]] = {
    Payment: frozenset({"additional_data", "discount", "customer_id"}),
    Discount: frozenset({"provider", "additional_data"}),
}


def payment_json(payment: Payment) -> bytes:
    """Write a payment as Qerko sends it, amounts as decimal strings."""
    return msgspec.json.encode(_plain(payment))


def received(payment: Payment) -> Payment:
    """Give a payment as a client receives it: ``raw`` is what the wire carries.

    Useful where payments are wanted without a server in between.
    """
    return decode_payment(payment_json(payment))


def _plain(value: object) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    order = _ORDER.get(type(value))
    return value if order is None else _named(value, order)


def _named(value: Any, order: tuple[str, ...]) -> dict[str, Any]:
    """Write a structure under its wire names."""
    names = dict(zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True))
    null = _WRITTEN_AS_NULL.get(type(value), frozenset())
    return {
        names[name]: _plain(inner)
        for name in order
        if (inner := getattr(value, name)) is not None or name in null
    }
