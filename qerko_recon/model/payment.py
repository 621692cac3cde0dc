"""A payment as Qerko sends it: what was bought, who paid which part, the tip, the state.

Field names and optionality follow Qerko's REST documentation and its public simulators. What is
not attested there (further states, provider types, fields) is kept as it came: states and types
are open strings, and :attr:`Payment.unknown` holds fields that have no name here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec

__all__ = [
    "CANCELLED",
    "CANCEL_WINDOW",
    "PAID",
    "Discount",
    "Payment",
    "PaymentItem",
    "PaymentPart",
    "Provider",
]

PAID: Final = "PAID"
CANCELLED: Final = "CANCELLED"
CANCEL_WINDOW: Final = timedelta(hours=3)
"""From a payment's creation; after it Qerko answers 410."""

_EXPONENT: Final = 40


class Wire(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, gc=False
):
    """Base of every wire structure: camelCase outside, unknown fields tolerated.

    JSON has no cycles, so the garbage collector need not walk the hundred thousands of them.
    """


def is_amount(value: Decimal) -> bool:
    """Tell whether a decimal can be money: not NaN, infinite, or of an astronomic exponent."""
    return value.is_finite() and -_EXPONENT < value.adjusted() < _EXPONENT


def check_amounts(**amounts: Decimal | None) -> None:
    """Refuse, by its wire name, what a decimal can say and money cannot."""
    for name, value in amounts.items():
        if value is not None and not is_amount(value):
            msg = f"`{name}` is {value}, which is no amount"
            raise ValueError(msg)


class Provider(Wire, frozen=True):
    """Who moved the money of a part. Only ``qerko`` / ``Qerko`` / ``CARD`` is documented."""

    id: str
    name: str
    type: str


class PaymentPart(Wire, frozen=True):
    """One provider's share of a payment."""

    total: Decimal
    provider: Provider

    def __post_init__(self) -> None:
        if not is_amount(self.total):
            check_amounts(total=self.total)


class Discount(Wire, frozen=True):
    """A discount on a payment. Qerko documents neither its sign nor its sources."""

    value: Decimal
    name: str | None = None
    source: str | None = None
    provider: str | None = None
    additional_data: Any = None

    def __post_init__(self) -> None:
        check_amounts(value=self.value)


class PaymentItem(Wire, frozen=True):
    """An item of the bill that was paid. Whether ``price`` is for one is not documented."""

    name: str
    price: Decimal
    quantity: Decimal
    id: str | None = None
    min_quantity: Decimal | None = None
    tags: tuple[str, ...] | None = None
    additional_data: Any = None

    def __post_init__(self) -> None:
        least = self.min_quantity
        right = is_amount(self.price) and is_amount(self.quantity)
        if not (right and (least is None or is_amount(least))):
            check_amounts(price=self.price, quantity=self.quantity, minQuantity=least)


class Payment(
    Wire,
    frozen=True,
    rename={
        "bill_id": "idBill",
        "customer_id": "idCustomer",
        "tip_gross": "tipBrutto",
        "tip_net": "tipNetto",
        "additional_data": "additionalData",
        "raw": "(raw)",  # never on the wire: set by `decode_payment`
    },
):
    """One payment.

    Attributes
    ----------
    id, bill_id, customer_id
        Opaque identifiers; ``customer_id`` is ``None`` in most payments.
    currency
        ISO 4217 code.
    state
        ``PAID``, ``CANCELLED`` or any other word Qerko uses; kept as it came.
    tip_gross, tip_net
        The tip the guest gave, and what is left of it after the fee (the reading of the wire's
        ``tipBrutto`` and ``tipNetto``; Qerko does not define them).
    timestamp
        Creation time as it came, where it came at all.
    raw
        The JSON as received.
    """

    id: str
    bill_id: str
    currency: str
    state: str
    items: tuple[PaymentItem, ...]
    parts: tuple[PaymentPart, ...]
    tip_gross: Decimal
    tip_net: Decimal
    customer_id: str | None = None
    discount: Discount | None = None
    timestamp: str | None = None
    additional_data: Any = None
    raw: bytes = b""

    def __post_init__(self) -> None:
        if not (is_amount(self.tip_gross) and is_amount(self.tip_net)):
            check_amounts(tipBrutto=self.tip_gross, tipNetto=self.tip_net)

    @property
    def created_at(self) -> datetime | None:
        """Creation time in UTC; ``None`` where Qerko gave none, or none with an offset."""
        if self.timestamp is None:
            return None
        try:
            moment = datetime.fromisoformat(self.timestamp)
            return None if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):  # not a time, or none that UTC can tell
            return None

    @property
    def unknown(self) -> dict[str, Any]:
        """Fields Qerko sent that have no name here, by path.

        >>> from qerko_recon.model import decode_payment
        >>> payment = decode_payment(b'''{"id": "1", "idBill": "7", "currency": "CZK",
        ...   "state": "PAID", "items": [], "tipBrutto": "0", "tipNetto": "0",
        ...   "captureMode": "auto",
        ...   "parts": [{"total": "5", "share": 1,
        ...              "provider": {"id": "qerko", "name": "Qerko", "type": "CARD"}}]}''')
        >>> payment.unknown
        {'captureMode': 'auto', 'parts[0].share': 1}
        """
        found: dict[str, Any] = {}
        if self.raw:
            _collect_unknown(msgspec.json.decode(self.raw), self, "", found)
        return found


def _collect_unknown(sent: object, read: object, path: str, found: dict[str, Any]) -> None:
    """Walk the JSON beside what was read of it, noting what nobody read."""
    if isinstance(read, Wire) and isinstance(sent, dict):
        names = dict(zip(read.__struct_encode_fields__, read.__struct_fields__, strict=True))
        for key, value in sent.items():
            where = f"{path}.{key}" if path else key
            if key in names:
                _collect_unknown(value, getattr(read, names[key]), where, found)
            else:
                found[where] = value
    elif isinstance(read, tuple) and isinstance(sent, list):
        for index, (value, inner) in enumerate(zip(sent, read, strict=True)):
            _collect_unknown(value, inner, f"{path}[{index}]", found)
