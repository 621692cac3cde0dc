"""The quick way: Arrow reads the JSON of many payments at once, straight into columns.

Takes in payments' JSON; gives out what :mod:`.surely` would, or refuses: where Arrow's reader
refuses, where it accepts what the model does not, and where the two could read differently.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from qerko_recon.errors import AmountError, UnexpectedResponse
from qerko_recon.model import Discount, Payment, PaymentItem, PaymentPart, Provider
from qerko_recon.money import MONEY, from_units, to_units
from qerko_recon.outcomes import Fetched
from qerko_recon.schema import ITEMS, PARTS, PAYMENTS, TIME
from qerko_recon.tabulate.sums import group_sums, line_totals
from qerko_recon.tabulate.tables import Tables, kept_columns

__all__ = ["Refused", "tabulate_quickly"]

# What the tables are made of; other fields are not even parsed.
_READ: Final[dict[type, tuple[str, ...]]] = {
    Payment: (
        "id",
        "bill_id",
        "customer_id",
        "state",
        "currency",
        "tip_gross",
        "tip_net",
        "timestamp",
        "discount",
        "parts",
        "items",
    ),
    Discount: ("value",),
    PaymentPart: ("total", "provider"),
    Provider: ("id", "name", "type"),
    PaymentItem: ("id", "name", "quantity", "price", "tags"),
}
_BLOCK: Final = 1 << 20  # read by one thread at a time
# Times that Arrow reads as `datetime.fromisoformat` does, and times that name no offset.
_DATE_AND_TIME: Final = r"^[12]\d{3}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?"
_MOMENT: Final = _DATE_AND_TIME + r"(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)$"
_NO_MOMENT: Final = _DATE_AND_TIME + "$"


class Refused(Exception):
    """These payments have to go the sure way."""


class _Shell(msgspec.Struct, gc=False):
    """What is looked at before Arrow is: that each record is one JSON object, and whose."""

    id: str


_SHELL: Final = msgspec.json.Decoder(_Shell)


def _fields(struct: type) -> list[pa.Field]:
    """Name and type what is read of a wire structure, in the order of ``_READ``."""
    known = {field.name: field for field in msgspec.structs.fields(struct)}
    return [
        pa.field(known[name].encode_name, _arrow_type(known[name].type)) for name in _READ[struct]
    ]


def _arrow_type(hint: Any) -> pa.DataType:
    if isinstance(hint, types.UnionType):
        (hint,) = (one for one in typing.get_args(hint) if one is not types.NoneType)
    if typing.get_origin(hint) is tuple:
        return pa.list_(_arrow_type(typing.get_args(hint)[0]))
    if hint in _READ:
        return pa.struct(_fields(hint))
    return {str: pa.string(), Decimal: MONEY}[hint]


_WIRE: Final = pa.schema(_fields(Payment))


def tabulate_quickly(batch: Sequence[Fetched]) -> Tables:
    """Put payments into columns by way of Arrow's JSON reader.

    Raises
    ------
    Refused
        Arrow cannot read them, or not certainly as the model does.
    """
    try:
        read = _read(batch)
        payments = dict(zip(_READ[Payment], read.columns, strict=True))
        ids = payments["id"]
        parts, parts_total, parts_count = _parts(payments["parts"], ids)
        items, items_total = _items(payments["items"], ids)
        gross, net = _given(payments["tip_gross"]), _given(payments["tip_net"])
        columns = {
            "payment_id": ids,
            "bill_id": _given(payments["bill_id"]),
            "customer_id": payments["customer_id"],
            "state": _given(payments["state"]),
            "currency": _given(payments["currency"]),
            "items_total": items_total,
            "discount_total": _discount(payments["discount"]),
            "tip_gross": gross,
            "tip_net": net,
            "tip_fee": from_units(to_units(gross) - to_units(net)),
            "parts_total": parts_total,
            "parts_count": parts_count,
            "created_at": _moments(payments["timestamp"], batch),
            **kept_columns(batch),
        }
        return Tables(pa.table(columns, schema=PAYMENTS), parts, items)
    except (pa.ArrowException, AmountError, OverflowError) as error:
        raise Refused from error


def _read(batch: Sequence[Fetched]) -> pa.RecordBatch:
    """Read the wire's fields, one row a record."""
    _check(batch)
    raws = [one.raw for one in batch]
    lines = b"\n".join(raws)
    if b"\r" in lines or lines.count(b"\n") >= len(raws):
        # A record has to be a line. A bare line break in JSON is white space between tokens.
        lines = b"\n".join(raw.translate(_ON_ONE_LINE) for raw in raws)
    table = pyarrow.json.read_json(
        pa.BufferReader(lines),
        read_options=pyarrow.json.ReadOptions(
            block_size=max(_BLOCK, max(map(len, raws), default=0) + 2)
        ),
        parse_options=pyarrow.json.ParseOptions(
            explicit_schema=_WIRE, unexpected_field_behavior="ignore"
        ),
    )
    if len(table) != len(batch):
        raise Refused
    (read,) = table.combine_chunks().to_batches()
    read.validate(full=True)  # the reader itself lets 13 + 6 digits pass, and bytes of no UTF-8
    return read


_ON_ONE_LINE: Final = bytes.maketrans(b"\r\n", b"  ")


def _check(batch: Sequence[Fetched]) -> None:
    """Let nothing but one JSON object a record reach Arrow's reader, which is no judge of that.

    It reads two objects where one stands, takes NaN for JSON, and crashes on a lone ``null``.
    """
    decode = _SHELL.decode
    try:
        are_as_kept = all(decode(one.raw).id == one.payment_id for one in batch)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused from error
    if not are_as_kept:
        raise Refused


def _given(column: pa.Array) -> pa.Array:
    """Refuse a column in which something is missing that the model requires."""
    if column.null_count:
        raise Refused
    return column


def _children(column: pa.StructArray, struct: type) -> dict[str, pa.Array]:
    """Give a structure's columns; where it is null itself they all are."""
    return dict(zip(_READ[struct], column.flatten(), strict=True))


def _numbered(lists: pa.ListArray, ids: pa.Array) -> tuple[npt.NDArray[np.int64], pa.Array, Any]:
    """Give the lengths of lists, and for each row in them its payment's ID and its number."""
    counts = pc.list_value_length(_given(lists)).to_numpy().astype(np.int64)
    payment = np.repeat(np.arange(len(counts)), counts)
    first = np.cumsum(counts) - counts
    number = np.arange(len(payment)) - first[payment] + 1
    return counts, ids.take(pa.array(payment)), pa.array(number, pa.int32())


def _parts(lists: pa.ListArray, ids: pa.Array) -> tuple[pa.Table, pa.Array, pa.Array]:
    """Give the table of the parts, and their total and number for each payment."""
    counts, payment_id, part_no = _numbered(lists, ids)
    part = _children(lists.flatten(), PaymentPart)
    provider = _children(part["provider"], Provider)
    total = _given(part["total"])
    columns = {
        "payment_id": payment_id,
        "part_no": part_no,
        "provider_id": _given(provider["id"]),
        "provider_name": _given(provider["name"]),
        "provider_type": _given(provider["type"]),
        "total": total,
    }
    sums, is_certain = group_sums(to_units(total), counts)
    if not is_certain.all():
        raise Refused
    table = pa.table(columns, schema=PARTS)
    return table, from_units(sums), pa.array(counts, pa.int32())


def _items(lists: pa.ListArray, ids: pa.Array) -> tuple[pa.Table, pa.Array]:
    """Give the table of the items, and their total for each payment."""
    counts, payment_id, item_no = _numbered(lists, ids)
    item = _children(lists.flatten(), PaymentItem)
    quantity, price = _given(item["quantity"]), _given(item["price"])
    _given(item["tags"].flatten())
    lines, sums = line_totals(to_units(price), to_units(quantity), counts)
    columns = {
        "payment_id": payment_id,
        "item_no": item_no,
        "item_id": item["id"],
        "name": _given(item["name"]),
        "quantity": quantity,
        "price": price,
        "line_total": from_units(*lines),
        "tags": item["tags"],
    }
    return pa.table(columns, schema=ITEMS), from_units(*sums)


def _discount(discount: pa.StructArray) -> pa.Array:
    (value,) = discount.flatten()
    if value.null_count != discount.null_count:
        raise Refused  # a discount without its value
    return pc.fill_null(value, pa.scalar(0, MONEY))


def _moments(timestamp: pa.Array, batch: Sequence[Fetched]) -> pa.Array:
    """Read creation times as the model does; by the model itself whatever is out of the usual."""
    is_usual = pc.match_substring_regex(timestamp, _MOMENT)
    is_none = pc.match_substring_regex(timestamp, _NO_MOMENT)
    try:
        moments = pc.if_else(is_usual, timestamp, None).cast(TIME)
        is_odd = pc.invert(pc.or_(is_usual, is_none))
    except pa.ArrowInvalid:  # a day or an hour that is none: which one is not said
        moments = pa.nulls(len(timestamp), TIME)
        is_odd = pc.invert(is_none)
    odd = np.flatnonzero(pc.fill_null(is_odd, False).to_numpy(zero_copy_only=False))
    if not len(odd):
        return moments
    held = moments.to_pylist()
    for row in odd.tolist():
        try:
            held[row] = batch[row].payment.created_at
        except UnexpectedResponse as error:
            raise Refused from error
    return pa.array(held, TIME)
