"""The sure way: each payment decoded by the model, each column built from exact decimals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import TypeVar

import pyarrow as pa

from qerko_recon.errors import AmountError
from qerko_recon.model import Payment
from qerko_recon.money import MONEY, decimal_array, from_units, to_units
from qerko_recon.outcomes import EXACT, Fetched, check_fits, exact_sum, held
from qerko_recon.schema import ITEMS, PARTS, PAYMENTS
from qerko_recon.tabulate.tables import Tables, kept_columns, text

__all__ = ["tabulate_surely"]

_T = TypeVar("_T")


def tabulate_surely(batch: Sequence[Fetched]) -> Tables:
    """Put payments into columns as the model reads them; raises as ``tabulate`` does."""
    payments = [one.payment for one in batch]
    try:
        return Tables(_payments(payments, batch), _parts(payments), _items(payments))
    except AmountError:
        for payment in payments:
            check_fits(payment)  # says which payment and which field
        raise


def _payments(payments: list[Payment], batch: Sequence[Fetched]) -> pa.Table:
    gross = _amounts(payment.tip_gross for payment in payments)
    net = _amounts(payment.tip_net for payment in payments)
    columns = {
        "payment_id": text(payment.id for payment in payments),
        "bill_id": text(payment.bill_id for payment in payments),
        "customer_id": text(payment.customer_id for payment in payments),
        "state": text(payment.state for payment in payments),
        "currency": text(payment.currency for payment in payments),
        "items_total": pa.array([_items_total(payment) for payment in payments], MONEY),
        "discount_total": _amounts(_discount(payment) for payment in payments),
        "tip_gross": gross,
        "tip_net": net,
        "tip_fee": from_units(to_units(gross) - to_units(net)),
        "parts_total": _amounts(
            exact_sum(part.total for part in payment.parts) for payment in payments
        ),
        "parts_count": pa.array([len(payment.parts) for payment in payments], pa.int32()),
        "created_at": pa.array(
            [payment.created_at for payment in payments], PAYMENTS.field("created_at").type
        ),
        **kept_columns(batch),
    }
    return pa.table(columns, schema=PAYMENTS)


def _parts(payments: list[Payment]) -> pa.Table:
    rows = _rows(payments, lambda payment: payment.parts)
    columns = {
        "payment_id": text(payment.id for payment, _, _ in rows),
        "part_no": pa.array([number for _, number, _ in rows], pa.int32()),
        "provider_id": text(part.provider.id for _, _, part in rows),
        "provider_name": text(part.provider.name for _, _, part in rows),
        "provider_type": text(part.provider.type for _, _, part in rows),
        "total": _amounts(part.total for _, _, part in rows),
    }
    return pa.table(columns, schema=PARTS)


def _items(payments: list[Payment]) -> pa.Table:
    rows = _rows(payments, lambda payment: payment.items)
    columns = {
        "payment_id": text(payment.id for payment, _, _ in rows),
        "item_no": pa.array([number for _, number, _ in rows], pa.int32()),
        "item_id": text(item.id for _, _, item in rows),
        "name": text(item.name for _, _, item in rows),
        "quantity": _amounts(item.quantity for _, _, item in rows),
        "price": _amounts(item.price for _, _, item in rows),
        "line_total": pa.array(
            [_line_total(item.price, item.quantity) for _, _, item in rows], MONEY
        ),
        "tags": pa.array([item.tags for _, _, item in rows], ITEMS.field("tags").type),
    }
    return pa.table(columns, schema=ITEMS)


def _rows(
    payments: list[Payment], inner: Callable[[Payment], tuple[_T, ...]]
) -> list[tuple[Payment, int, _T]]:
    """Flatten what stands inside payments, numbered from 1."""
    return [
        (payment, number, row)
        for payment in payments
        for number, row in enumerate(inner(payment), start=1)
    ]


def _amounts(values: Iterable[Decimal]) -> pa.Array:
    """Make a column of money, however many zeros its amounts were written with."""
    amounts = list(values)
    try:
        return decimal_array(amounts)
    except AmountError:
        return decimal_array(one if (exact := held(one)) is None else exact for one in amounts)


def _discount(payment: Payment) -> Decimal:
    return Decimal(0) if payment.discount is None else payment.discount.value


def _line_total(price: Decimal, quantity: Decimal) -> Decimal | None:
    return held(EXACT.multiply(price, quantity))


def _items_total(payment: Payment) -> Decimal | None:
    return held(exact_sum(EXACT.multiply(item.price, item.quantity) for item in payment.items))
