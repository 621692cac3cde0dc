"""What both ways of tabulating give out, and the columns that do not come from the JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import pyarrow as pa

from qerko_recon.outcomes import Fetched
from qerko_recon.schema import ITEMS, PARTS, PAYMENTS

__all__ = ["EMPTY", "Tables", "kept_columns", "text"]


class Tables(NamedTuple):
    """Three tables of the data contract."""

    payments: pa.Table
    parts: pa.Table
    items: pa.Table


EMPTY: Final = Tables(PAYMENTS.empty_table(), PARTS.empty_table(), ITEMS.empty_table())


def text(values: Iterable[str | None]) -> pa.Array:
    """Make a column of text."""
    return pa.array(list(values), pa.string())


def kept_columns(batch: Sequence[Fetched]) -> dict[str, pa.Array]:
    """Give what was noted beside the JSON, and the JSON itself."""
    fetched_at = [one.fetched_at for one in batch]
    return {
        "api_version": text(one.api_version for one in batch),
        "fetched_at": pa.array(fetched_at, PAYMENTS.field("fetched_at").type),
        "raw": _raw(batch),
    }


def _raw(batch: Sequence[Fetched]) -> pa.Array:
    try:
        return pa.array([one.raw for one in batch], pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:  # some byte is no UTF-8, in a field that nobody reads
        return text(one.raw.decode("utf-8", "replace") for one in batch)
