"""Every frame of a result as an Arrow table, its types as in the contract."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import pyarrow as pa

from qerko_recon.money import MONEY
from qerko_recon.recon import Reconciliation

__all__ = ["tables_of"]

_NAMES: Final = (
    "matches",
    "breaks",
    "bridge",
    "bridge_by_day",
    "tip_bridge",
    "payments",
    "parts",
    "failures",
    "tenders",
    "others",
    "problems",
    "candidates",
)
_TEXT: Final = pa.string()
_COUNT: Final = pa.int64()
_TOTALS: Final = pa.schema(
    {
        "currency": _TEXT,
        "settled": MONEY,
        "posted": MONEY,
        "variance": MONEY,
        "payments": _COUNT,
        "tenders": _COUNT,
        "breaks": _COUNT,
    }
)
_SOURCES: Final = pa.schema({"kind": _TEXT, "name": _TEXT, "rows": _COUNT, "sha256": _TEXT})
_READINGS: Final = pa.schema(
    {"setting": _TEXT, "value": _TEXT, "chosen": _TEXT, "explains": _COUNT, "of": _COUNT}
)


def tables_of(result: Reconciliation) -> dict[str, pa.Table]:
    """Give the frames, then what the summary holds: totals, sources, readings."""
    tables = {name: _table(getattr(result, name)) for name in _NAMES}
    summary = result.summary
    return tables | {
        "totals": _listed(summary.totals, _TOTALS),
        "sources": _listed(summary.sources, _SOURCES),
        "readings": _listed(summary.readings, _READINGS),
    }


def _table(frame: pd.DataFrame) -> pa.Table:
    """Take a frame's columns whole, without what pandas would note about itself."""
    return pa.table({name: _whole(frame[name]) for name in frame.columns})


def _whole(series: pd.Series) -> pa.Array:
    column = pa.array(series)
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _listed(records: Any, schema: pa.Schema) -> pa.Table:
    columns = [
        pa.array([getattr(one, field.name) for one in records], field.type) for field in schema
    ]
    return pa.table(columns, schema=schema)
