"""What came of asking for a payment: had, with the JSON as it came, or not had, and why.

Takes in decoded payments and the words for what failed; gives out small records that a hundred
thousand of can be kept, sent and stored, and the check that an amount can be held at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal
from typing import Final

import msgspec

from qerko_recon.errors import UnexpectedResponse, shorten
from qerko_recon.model import Payment, decode_payment
from qerko_recon.money import SCALE, fits

__all__ = ["Failure", "Fetched", "check_fits"]

EXACT: Final = Context(prec=60)
_MILLIONTH: Final = Decimal(1).scaleb(-SCALE)


class Fetched(msgspec.Struct, frozen=True, gc=False):
    """A payment that was had: its JSON as it came, when, and by which version of the API.

    Examples
    --------
    >>> from datetime import UTC
    >>> raw = b'{"id": "1", "idBill": "7", "currency": "CZK", "state": "PAID", "items": [], '
    >>> raw += b'"parts": [], "tipBrutto": "0", "tipNetto": "0"}'
    >>> one = Fetched.of(decode_payment(raw), datetime(2026, 11, 20, tzinfo=UTC), "v2")
    >>> one.payment_id, one.payment.state
    ('1', 'PAID')
    """

    payment_id: str
    raw: bytes
    fetched_at: datetime
    api_version: str

    @classmethod
    def of(cls, payment: Payment, fetched_at: datetime, api_version: str) -> Fetched:
        """Keep what a decoded payment came as."""
        return cls(payment.id, payment.raw, fetched_at, api_version)

    @property
    def payment(self) -> Payment:
        """The payment, decoded anew at each call.

        Raises
        ------
        UnexpectedResponse
            What was kept is no payment, or another one than its ID says.
        """
        payment = decode_payment(self.raw)
        if payment.id != self.payment_id:
            raise UnexpectedResponse(
                f"what was kept as payment {shorten(self.payment_id)} is payment "
                f"{shorten(payment.id)}; fetch it again",
                payment_id=self.payment_id,
                body=self.raw,
                field="$.id",
            )
        return payment


@dataclass(frozen=True, slots=True)
class Failure:
    """An ID that could not be had.

    ``kind`` is ``forbidden``, ``not_found``, ``unauthorized``, ``server``, ``network`` or
    ``invalid``; ``status`` is the HTTP status, ``None`` where no answer came.
    """

    payment_id: str
    kind: str
    status: int | None
    detail: str
    attempts: int


def check_fits(payment: Payment) -> None:
    """Refuse a payment whose amounts a money column cannot hold exactly.

    Raises
    ------
    UnexpectedResponse
        Names the field and the value; nothing is ever rounded.
    """
    for path, amount in _amounts(payment):
        if held(amount) is None:
            raise UnexpectedResponse(
                f"payment {shorten(payment.id)}: {path} is {shorten(amount)}, which does not fit "
                "12 digits before and 6 after the decimal point; nothing is rounded",
                payment_id=payment.id,
                body=payment.raw,
                field=path,
            )


def _amounts(payment: Payment) -> Iterator[tuple[str, Decimal]]:
    yield "tipBrutto", payment.tip_gross
    yield "tipNetto", payment.tip_net
    yield "the tip's fee", EXACT.subtract(payment.tip_gross, payment.tip_net)
    if payment.discount is not None:
        yield "discount.value", payment.discount.value
    for index, part in enumerate(payment.parts):
        yield f"parts[{index}].total", part.total
    yield "the sum of the parts", exact_sum(part.total for part in payment.parts)
    for index, item in enumerate(payment.items):
        yield f"items[{index}].price", item.price
        yield f"items[{index}].quantity", item.quantity


def held(amount: Decimal) -> Decimal | None:
    """Give an amount as a money column has it, or nothing where the column cannot hold it.

    >>> held(Decimal("1E+2")), held(Decimal("0E+14")), held(Decimal("1." + "0" * 70 + "1"))
    (Decimal('100.000000'), Decimal('0.000000'), None)
    """
    if not fits(amount):
        return None
    return EXACT.quantize(amount, _MILLIONTH)


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """Add up without rounding."""
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total
