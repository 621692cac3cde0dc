"""Payments as exact, Arrow-backed DataFrames: what was fetched and what could not be.

Takes in decoded payments and failures; gives out the four frames of the data contract
(:mod:`qerko_recon.schema`), and writes and reads them as one JSON Lines file.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Context, Decimal
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import pandas as pd
import pyarrow as pa

from qerko_recon.errors import (
    AmountError,
    QerkoReconError,
    ReconciliationError,
    UnexpectedResponse,
    shorten,
)
from qerko_recon.files import replace_when_done
from qerko_recon.model import Payment, decode_payment
from qerko_recon.money import MONEY, decimal_array, fits, from_units, to_units
from qerko_recon.schema import FAILURES, ITEMS, PARTS, PAYMENTS, to_frame

__all__ = ["Failure", "Fetched", "Payments", "check_fits"]

_T = TypeVar("_T")

_EXACT: Final = Context(prec=60)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A payment that was had: when, and through which version of the API."""

    payment: Payment
    fetched_at: datetime
    api_version: str


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
        if not fits(amount):
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
    yield "the tip's fee", _EXACT.subtract(payment.tip_gross, payment.tip_net)
    if payment.discount is not None:
        yield "discount.value", payment.discount.value
    for index, part in enumerate(payment.parts):
        yield f"parts[{index}].total", part.total
    yield "the sum of the parts", _sum(part.total for part in payment.parts)
    for index, item in enumerate(payment.items):
        yield f"items[{index}].price", item.price
        yield f"items[{index}].quantity", item.quantity


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = _EXACT.add(total, amount)
    return total


class Payments:
    """Payments fetched by ID, and the IDs that could not be had.

    Parameters
    ----------
    fetched
        The payments, in the order asked for; each ID once.
    failures
        The IDs without a payment.
    source
        The file they were read from and its SHA-256, where they were.

    Attributes
    ----------
    frame, parts, items, failures
        Arrow-backed DataFrames with the columns of :data:`qerko_recon.schema.PAYMENTS`,
        ``PARTS``, ``ITEMS`` and ``FAILURES``. ``len(frame) + len(failures)`` is the number of
        distinct IDs asked for.

    Raises
    ------
    ReconciliationError
        A payment ID occurs twice.
    UnexpectedResponse
        An amount does not fit a money column.

    Examples
    --------
    >>> payments = Payments.read("data_samples/payment_of_the_spec.json")
    >>> payments.frame[["payment_id", "state", "parts_total"]].to_dict("records")
    [{'payment_id': '1234', 'state': 'PAID', 'parts_total': Decimal('156.000000')}]
    """

    def __init__(
        self,
        fetched: Iterable[Fetched],
        failures: Iterable[Failure] = (),
        *,
        source: tuple[str, str] | None = None,
    ) -> None:
        self._fetched = tuple(fetched)
        self._failures = tuple(failures)
        self.source = source
        seen: set[str] = set()
        for payment_id in self.payment_ids:
            if payment_id in seen:
                raise ReconciliationError(
                    f"payment {shorten(payment_id)} occurs twice; each ID may be given once"
                )
            seen.add(payment_id)

    @property
    def payment_ids(self) -> list[str]:
        """Every distinct ID asked for: those had, then those not."""
        return [
            *(one.payment.id for one in self._fetched),
            *(one.payment_id for one in self._failures),
        ]

    @cached_property
    def frame(self) -> pd.DataFrame:
        """A row a payment; columns of :data:`qerko_recon.schema.PAYMENTS`."""
        try:
            return to_frame(self._table())
        except AmountError:
            for one in self._fetched:
                check_fits(one.payment)  # says which payment and which field
            raise

    def _table(self) -> pa.Table:
        payments = [one.payment for one in self._fetched]
        gross = decimal_array(payment.tip_gross for payment in payments)
        net = decimal_array(payment.tip_net for payment in payments)
        columns: dict[str, pa.Array] = {
            "payment_id": _text(payment.id for payment in payments),
            "bill_id": _text(payment.bill_id for payment in payments),
            "customer_id": _text(payment.customer_id for payment in payments),
            "state": _text(payment.state for payment in payments),
            "currency": _text(payment.currency for payment in payments),
            "items_total": pa.array([_items_total(payment) for payment in payments], MONEY),
            "discount_total": decimal_array(_discount(payment) for payment in payments),
            "tip_gross": gross,
            "tip_net": net,
            "tip_fee": from_units(to_units(gross) - to_units(net)),
            "parts_total": decimal_array(
                _sum(part.total for part in payment.parts) for payment in payments
            ),
            "parts_count": pa.array([len(payment.parts) for payment in payments], pa.int32()),
            "created_at": pa.array(
                [payment.created_at for payment in payments], PAYMENTS.field("created_at").type
            ),
            "api_version": _text(one.api_version for one in self._fetched),
            "fetched_at": pa.array(
                [one.fetched_at for one in self._fetched], PAYMENTS.field("fetched_at").type
            ),
            "raw": _text(payment.raw.decode("utf-8", "replace") for payment in payments),
        }
        return pa.table(columns, schema=PAYMENTS)

    @cached_property
    def parts(self) -> pd.DataFrame:
        """A row a part; columns of :data:`qerko_recon.schema.PARTS`."""
        rows = self._rows(lambda payment: payment.parts)
        columns = {
            "payment_id": _text(payment.id for payment, _, _ in rows),
            "part_no": pa.array([number for _, number, _ in rows], pa.int32()),
            "provider_id": _text(part.provider.id for _, _, part in rows),
            "provider_name": _text(part.provider.name for _, _, part in rows),
            "provider_type": _text(part.provider.type for _, _, part in rows),
            "total": decimal_array(part.total for _, _, part in rows),
        }
        return to_frame(pa.table(columns, schema=PARTS))

    @cached_property
    def items(self) -> pd.DataFrame:
        """A row an item; columns of :data:`qerko_recon.schema.ITEMS`."""
        rows = self._rows(lambda payment: payment.items)
        columns = {
            "payment_id": _text(payment.id for payment, _, _ in rows),
            "item_no": pa.array([number for _, number, _ in rows], pa.int32()),
            "item_id": _text(item.id for _, _, item in rows),
            "name": _text(item.name for _, _, item in rows),
            "quantity": decimal_array(item.quantity for _, _, item in rows),
            "price": decimal_array(item.price for _, _, item in rows),
            "line_total": pa.array(
                [_line_total(item.price, item.quantity) for _, _, item in rows], MONEY
            ),
            "tags": pa.array([item.tags for _, _, item in rows], ITEMS.field("tags").type),
        }
        return to_frame(pa.table(columns, schema=ITEMS))

    @cached_property
    def failures(self) -> pd.DataFrame:
        """A row an ID that could not be had; columns of :data:`qerko_recon.schema.FAILURES`."""
        columns = {
            "payment_id": _text(one.payment_id for one in self._failures),
            "kind": _text(one.kind for one in self._failures),
            "status": pa.array([one.status for one in self._failures], pa.int32()),
            "detail": _text(one.detail for one in self._failures),
            "attempts": pa.array([one.attempts for one in self._failures], pa.int32()),
        }
        return to_frame(pa.table(columns, schema=FAILURES))

    def _rows(self, inner: Callable[[Payment], tuple[_T, ...]]) -> list[tuple[Payment, int, _T]]:
        """Flatten what stands inside payments, numbered from 1."""
        return [
            (one.payment, number, row)
            for one in self._fetched
            for number, row in enumerate(inner(one.payment), start=1)
        ]

    def __len__(self) -> int:
        return len(self._fetched)

    def __repr__(self) -> str:
        return f"Payments({len(self._fetched)} fetched, {len(self._failures)} not had)"

    def _repr_html_(self) -> str:
        shown = self.frame.drop(columns=["raw", "customer_id", "api_version", "fetched_at"])
        table = shown.to_html(index=False, max_rows=20, na_rep="", border=0)
        return f"<p>{escape(repr(self))}</p>{table}"

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write all that was fetched as JSON Lines, each payment as Qerko sent it.

        Raises
        ------
        QerkoReconError
            The file cannot be written.
        """
        try:
            with replace_when_done(path) as draft, draft.open("wb") as out:
                out.writelines(_line(one) for one in self._fetched)
                out.writelines(
                    msgspec.json.encode(_Line(**_asdict(one))) + b"\n" for one in self._failures
                )
        except OSError as error:
            raise QerkoReconError(
                f"{path} cannot be written: {error.strerror}. Choose another place, or close "
                "the program that has it open"
            ) from error

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Payments:
        """Read what :meth:`write` wrote, or payments as bare JSON: one, an array, or lines.

        Raises
        ------
        ReconciliationError
            The file is missing or holds something else; the message names the line.
        """
        file = Path(path)
        try:
            content = file.read_bytes()
        except OSError as error:
            raise ReconciliationError(
                f"{file} cannot be read: {error.strerror}. Give the file that "
                "`qerko-recon fetch --out` wrote, or payments as JSON"
            ) from error
        modified = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        fetched: list[Fetched] = []
        failures: list[Failure] = []
        for where, record in _records(content.removeprefix(b"\xef\xbb\xbf"), file):
            outcome = _outcome(record, f"{file.name} {where}", modified)
            if isinstance(outcome, Fetched):
                fetched.append(outcome)
            else:
                failures.append(outcome)
        return cls(fetched, failures, source=(file.name, hashlib.sha256(content).hexdigest()))


class _Line(msgspec.Struct, omit_defaults=True):
    """A line of the written file."""

    payment_id: str
    kind: str  # fetched, or a failure's kind
    fetched_at: datetime | None = None
    api_version: str | None = None
    payment: msgspec.Raw = msgspec.Raw()
    status: int | None = None
    detail: str = ""
    attempts: int = 0


def _asdict(failure: Failure) -> dict[str, Any]:
    return {name: getattr(failure, name) for name in failure.__slots__}


def _line(one: Fetched) -> bytes:
    # A raw line break in JSON is only ever white space between tokens.
    raw = one.payment.raw.replace(b"\r", b" ").replace(b"\n", b" ").strip()
    line = _Line(
        payment_id=one.payment.id,
        kind="fetched",
        fetched_at=one.fetched_at,
        api_version=one.api_version,
        payment=msgspec.Raw(raw),
    )
    return msgspec.json.encode(line) + b"\n"


def _records(content: bytes, file: Path) -> Iterator[tuple[str, bytes]]:
    """Split a file into its JSON records, each with where it stands."""
    if content.lstrip()[:1] == b"[":
        yield from _array(content, file)
        return
    try:
        msgspec.json.decode(content, type=msgspec.Raw)
    except msgspec.DecodeError:
        for number, line in enumerate(content.split(b"\n"), start=1):
            if line.strip():
                yield f"line {number}", line
    else:
        yield "line 1", content


def _array(content: bytes, file: Path) -> Iterator[tuple[str, bytes]]:
    try:
        records = msgspec.json.decode(content, type=list[msgspec.Raw])
    except msgspec.DecodeError as error:
        raise ReconciliationError(f"{file.name} is not JSON: {error}") from error
    for number, record in enumerate(records, start=1):
        yield f"record {number}", bytes(record)


def _outcome(record: bytes, where: str, modified: datetime) -> Fetched | Failure:
    try:
        line = msgspec.json.decode(record, type=_Line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        line = None
    try:
        if line is None:
            return Fetched(decode_payment(record), modified, "")
        if bytes(line.payment):
            payment = decode_payment(bytes(line.payment))
            return Fetched(payment, line.fetched_at or modified, line.api_version or "")
    except UnexpectedResponse as error:
        raise ReconciliationError(f"{where}: {error}") from error
    return Failure(line.payment_id, line.kind, line.status, line.detail, line.attempts)


def _text(values: Iterable[str | None]) -> pa.Array:
    return pa.array(list(values), pa.string())


def _discount(payment: Payment) -> Decimal:
    return Decimal(0) if payment.discount is None else payment.discount.value


def _line_total(price: Decimal, quantity: Decimal) -> Decimal | None:
    product = _EXACT.multiply(price, quantity)
    return product if fits(product) else None


def _items_total(payment: Payment) -> Decimal | None:
    total = _sum(_EXACT.multiply(item.price, item.quantity) for item in payment.items)
    return total if fits(total) else None
