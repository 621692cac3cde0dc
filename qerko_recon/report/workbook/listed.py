"""Which rows a workbook lists: all of them, or where these are too many, those with a break.

Takes in a result; gives out its payments, POS lines and matches as the sheets show them. What is
not listed is summed up in one row a currency, so that every total is still that of the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.errors import QerkoReconError
from qerko_recon.money import sum_exactly, to_units, unit_to_decimal
from qerko_recon.recon import Reconciliation
from qerko_recon.report.workbook.words import Words
from qerko_recon.schema import to_frame

__all__ = ["Listed", "check_size", "list_rows"]

_MOST_ROWS: Final = 300_000
"""More payments, lines and matches than this are not written out one by one."""

_MOST_CELLS: Final = 20_000_000
_CONFIRMED: Final = "confirmed"


@dataclass(frozen=True, slots=True)
class Listed:
    """The frames as the sheets show them, and whether they hold every row."""

    payments: pd.DataFrame
    tenders: pd.DataFrame
    matches: pd.DataFrame
    is_whole: bool


def list_rows(result: Reconciliation, words: Words) -> Listed:
    """Choose the rows that are written out."""
    payments, tenders, matches = result.payments, result.tenders, result.matches
    if len(payments) + len(tenders) + len(matches) <= _MOST_ROWS:
        return Listed(payments, tenders, matches, is_whole=True)
    broken = _table(result.breaks[["payment_id", "tender_ids"]])
    payment_ids = pc.unique(broken["payment_id"].drop_null())
    tender_ids = pc.unique(pc.list_flatten(broken["tender_ids"]))
    return Listed(
        _some(payments, "payment_id", payment_ids, ("settled", "settled_tip"), words),
        _some(tenders, "tender_id", tender_ids, ("posted", "posted_tip"), words),
        _touched(matches, payment_ids, tender_ids),
        is_whole=False,
    )


def check_size(frames: Sequence[pd.DataFrame]) -> None:
    """Refuse a workbook that no memory would hold, before anything is written.

    Raises
    ------
    QerkoReconError
        Says how many cells it would have.
    """
    cells = sum(frame.shape[0] * frame.shape[1] for frame in frames)
    if cells > _MOST_CELLS:
        raise QerkoReconError(
            f"the workbook would have {cells:,} cells, and {_MOST_CELLS:,} are the most that is "
            "written; reconcile fewer days at once, or write the frames as Parquet or CSV"
        )


def _some(
    frame: pd.DataFrame, name: str, ids: pa.Array, sums: Sequence[str], words: Words
) -> pd.DataFrame:
    """Keep the rows of some IDs; sum up the rest, a row a currency."""
    table = _table(frame)
    is_kept = pc.is_in(table[name], value_set=ids)
    rest = table.filter(pc.invert(is_kept))
    rows = []
    for currency in sorted(pc.unique(rest["currency"]).to_pylist()):
        own = rest.filter(pc.equal(rest["currency"], currency))
        row = {one: _sum(own[one]) for one in sums}
        said = words.say("workbook.rest", {"count": words.number(own.num_rows)})
        rows.append({name: said, "currency": currency, **row})
    summed = pa.Table.from_pylist(rows, schema=table.schema)
    return to_frame(pa.concat_tables([table.filter(is_kept), summed]))


def _touched(matches: pd.DataFrame, payment_ids: pa.Array, tender_ids: pa.Array) -> pd.DataFrame:
    """Keep the matches that a break concerns, and those that are only suggested."""
    table = _table(matches)
    is_kept = pc.not_equal(table["status"], _CONFIRMED).combine_chunks().to_numpy(False)
    for name, ids in (("payment_ids", payment_ids), ("tender_ids", tender_ids)):
        lists = table[name].combine_chunks()
        is_hurt = pc.is_in(pc.list_flatten(lists), value_set=ids)
        rows = pc.list_parent_indices(lists).filter(is_hurt).to_numpy(False)
        is_kept[rows] = True
    return to_frame(table.filter(pa.array(is_kept)))


def _sum(column: pa.ChunkedArray) -> object:
    """Sum amounts; nothing where none is known."""
    if column.null_count == len(column):
        return None
    return unit_to_decimal(sum_exactly(to_units(column)))


def _table(frame: pd.DataFrame) -> pa.Table:
    return pa.table({name: pa.array(frame[name]) for name in frame.columns})
