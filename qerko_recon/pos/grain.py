"""What a row of a table stands for: a payment, an item of a bill, or a day's total.

A closing sheet has a row a day: its columns are tenders, or it has a row a tender. What it says
of Qerko is one figure for the whole day, to be compared with all payments of the day at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.money import from_units, to_units
from qerko_recon.pos.findings import Confidence, Finding
from qerko_recon.pos.profile import RowIs
from qerko_recon.pos.records import Records
from qerko_recon.pos.strings import Strings
from qerko_recon.pos.times import Times
from qerko_recon.pos.vocabulary import DAY_TOTAL
from qerko_recon.pos.words import phrases, plain
from qerko_recon.schema import TENDERS

__all__ = ["Grain", "add_items", "find_grain", "name_days", "says_figures"]

Mask = npt.NDArray[np.bool_]

_SAME: tuple[str, ...] = (
    "payment_id",
    "bill_id",
    "currency",
    "state",
    "tender_type",
    "provider",
    "source_file",
)
_FIGURE = r"[1-9]"
_ITEMS = frozenset(
    phrases(
        "Položka|Název položky|Artikl|Název artiklu|Zboží|Produkt|Název produktu|Tovar|"
        "Názov položky|Názov tovaru|Artikel|Artikelname|Artikelbezeichnung|ARTIKELTEXT|Item|"
        "Item name|Product|Product name|Menu item|Tétel|Tétel neve|Termék|Megnevezés"
    )
)


class Grain(NamedTuple):
    """What a row is, and how that was found."""

    row_is: RowIs
    finding: Finding


def find_grain(
    stated: RowIs | None,
    cells: Mapping[str, Strings],
    moments: Times | None,
    *,
    header: Sequence[str],
    is_wide: bool,
) -> Grain:
    """Tell what a row stands for.

    Parameters
    ----------
    stated
        As a profile says.
    cells
        The lines' cells by idea.
    moments
        When the lines were paid.
    header
        All of the table's column names.
    is_wide
        Whether the amounts are one column of several, each of another tender.
    """
    if stated is not None:
        return _grain(stated, "stated", "the profile says so")
    if "bill_id" in cells and "payment_id" not in cells and _has_items(header):
        return _grain(
            "item", "medium", "it has a column of items, so those of a bill are added up"
        )
    has_ids = bool({"payment_id", "bill_id", "tender_id"} & cells.keys())
    found: tuple[RowIs, Confidence, str]
    if has_ids or moments is None or not len(moments.is_bare):
        found = ("payment", "high", "its columns say so")
    elif not moments.is_bare.all():
        found = ("payment", "high", "the rows have a time of day")
    elif is_wide:
        found = ("day", "high", "a row has a day and one figure for Qerko")
    elif "tender_type" in cells and _is_once_a_day(cells, moments):
        found = ("day", "medium", "each tender stands once on each day, without any ID")
    else:
        found = ("payment", "medium", "nothing shows that a row is a day")
    return _grain(*found)


def _grain(row_is: RowIs, surely: Confidence, why: str) -> Grain:
    return Grain(row_is, Finding("row_is", row_is, surely, why))


def _has_items(header: Sequence[str]) -> bool:
    return any(plain(one) in _ITEMS for one in header)


def _is_once_a_day(cells: Mapping[str, Strings], moments: Times) -> bool:
    """Tell whether no tender stands twice on a day, over several days."""
    days, words = moments.moments.cast(pa.int64()), cells["tender_type"].coded
    if len(pc.unique(days)) < 2 or len(words.words) < 2:  # noqa: PLR2004 - it would be by chance
        return False
    both = pc.binary_join_element_wise(
        days.cast(pa.string()), pa.array(words.codes).cast(pa.string()), " "
    )
    return len(pc.unique(both)) == len(both)


def says_figures(records: Records, is_line: Mask, apart: int | None) -> Mask:
    """Tell which lines have any figure but nought, beside one column."""
    found = np.zeros(len(records.rows), dtype=bool)
    for place, column in enumerate(records.columns):
        if place != apart:
            said = pc.match_substring_regex(column.text, _FIGURE)
            found |= np.asarray(said.to_numpy(zero_copy_only=False))
    return np.asarray(found[is_line])


def name_days(tenders: pa.Table, is_day: Mask) -> pa.Table:
    """Name the tender of lines that are a day's total."""
    if not is_day.any():
        return tenders
    index = TENDERS.get_field_index("tender_type")
    words = pc.if_else(pa.array(is_day), DAY_TOTAL, tenders["tender_type"])
    return tenders.set_column(index, TENDERS.field(index), words)


def add_items(tenders: pa.Table, is_item: Mask) -> tuple[pa.Table, Mask]:
    """Add the items of one bill up in the line of the first.

    Returns
    -------
    tenders, kept
        The table with the sums, and which of its rows stay. A bill of which an item cannot be
        read has no amount.
    """
    kept = np.ones(tenders.num_rows, dtype=bool)
    is_item = is_item & np.asarray(pc.is_valid(tenders["bill_id"]).to_numpy())
    if not is_item.any():
        return tenders, kept
    first: dict[tuple[object, ...], int] = {}
    homes = np.arange(tenders.num_rows)
    for row, key in enumerate(zip(*(tenders[name].to_pylist() for name in _SAME), strict=True)):
        if is_item[row]:
            homes[row] = first.setdefault(key, row)
    kept = homes == np.arange(tenders.num_rows)
    columns = {}
    for name in ("amount", "tip"):
        sums = np.zeros(tenders.num_rows, dtype=np.int64)
        np.add.at(sums, homes, to_units(tenders[name]))
        null = np.asarray(pc.is_null(tenders[name]).to_numpy())
        unknown = np.zeros(tenders.num_rows, dtype=bool)
        # An item whose amount is unknown leaves the sum unknown; a tip is unknown if all are.
        if name == "amount":
            np.logical_or.at(unknown, homes, null)
        else:
            np.logical_or.at(unknown, homes, ~null)
            unknown = ~unknown
        columns[name] = (sums, unknown)
    total = columns["amount"][0] + columns["tip"][0]
    columns["total"] = (total, columns["amount"][1])
    for name, (units, unknown) in columns.items():
        index = tenders.schema.get_field_index(name)
        tenders = tenders.set_column(index, name, from_units(units, unknown))
    return tenders, kept
