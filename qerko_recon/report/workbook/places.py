"""Where everything stands in the workbook, so that its sheets can link to each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.report.labels import term
from qerko_recon.report.workbook.cells import Link, cell_name
from qerko_recon.report.workbook.listed import Listed
from qerko_recon.report.workbook.sheets import LINKS
from qerko_recon.report.workbook.words import Words

__all__ = ["Places"]

_CONFIRMED: Final = "confirmed"

Row = Mapping[str, Any]


class Places:
    """Gives links between the sheets.

    Parameters
    ----------
    listed
        Its payments, lines and matches stand in their sheets in their own order.
    breaks
        The breaks in the order of their sheet, those of a kind and currency together.
    words
        Names the sheets.
    """

    def __init__(self, listed: Listed, breaks: Sequence[Row], words: Words) -> None:
        self._words = words
        self._lines = _rows_of(listed.tenders["tender_id"])
        self._payments = _rows_of(listed.payments["payment_id"])
        self._breaks_of_lines = _first_and_all(breaks, lambda row: row["tender_ids"] or ())
        self._breaks_of_payments = _first_and_all(breaks, lambda row: (row["payment_id"],))
        self._matches_of_payments = self._matches(listed.matches, "payment_ids")
        self._matches_of_lines = self._matches(listed.matches, "tender_ids")
        self._blocks: dict[tuple[str, str], tuple[int, int]] = {}
        for number, row in enumerate(breaks, start=1):
            key = row["currency"], row["kind"]
            first, _ = self._blocks.get(key, (number, number))
            self._blocks[key] = (first, number)

    def kind(self, currency: str, kind: str, text: str) -> Link | str:
        """Link to the breaks of a kind in a currency, all of them at once."""
        if (currency, kind) not in self._blocks:
            return text
        first, last = self._blocks[currency, kind]
        block = f"{cell_name(first, 0)}:{cell_name(last, 0)}"
        return Link(self._words.sheet("breaks"), block, text)

    def payment(self, payment_id: str | None) -> Link | str | None:
        """Link to a payment; its ID alone where Qerko did not give it."""
        if payment_id not in self._payments:
            return payment_id
        return self._to("payments", self._payments[payment_id], payment_id)

    def first_payment(self, payment_ids: Sequence[str] | None, text: str | None) -> Any:
        """Link to the first of some payments."""
        return self._first(self._payments, "payments", payment_ids, text)

    def first_line(self, tender_ids: Sequence[str] | None, text: str | None) -> Any:
        """Link to the first of some POS lines."""
        return self._first(self._lines, "lines", tender_ids, text)

    def breaks_of_payments(self, ids: Iterable[str]) -> list[Link | str | None]:
        """Link payments to their breaks."""
        return self._linked("breaks", self._breaks_of_payments, ids)

    def breaks_of_lines(self, ids: Iterable[str]) -> list[Link | str | None]:
        """Link POS lines to their breaks."""
        return self._linked("breaks", self._breaks_of_lines, ids)

    def matches_of_payments(self, ids: Iterable[str]) -> list[Link | str | None]:
        """Link payments to their match."""
        return self._linked("matches", self._matches_of_payments, ids)

    def matches_of_lines(self, ids: Iterable[str]) -> list[Link | str | None]:
        """Link POS lines to their match."""
        return self._linked("matches", self._matches_of_lines, ids)

    def _first(
        self,
        rows: Mapping[str, int],
        sheet: str,
        ids: Sequence[str] | None,
        text: str | None,
    ) -> Link | str | None:
        row = next((rows[one] for one in ids or () if one in rows), None)
        return text if row is None or text is None else self._to(sheet, row, text)

    def _linked(
        self, sheet: str, found: Mapping[str, tuple[int, str]], ids: Iterable[str]
    ) -> list[Link | str | None]:
        name = self._words.sheet(sheet)
        pairs = list(map(found.get, ids))
        if len(pairs) - pairs.count(None) > LINKS:
            return [one and one[1] for one in pairs]
        return [one and Link(name, cell_name(one[0], 0), one[1]) for one in pairs]

    def _to(self, sheet: str, row: int, text: str) -> Link:
        return Link(self._words.sheet(sheet), cell_name(row, 0), text)

    def _matches(self, matches: pd.DataFrame, side: str) -> dict[str, tuple[int, str]]:
        """Tell the match of each payment or line; a suggested one says that it is."""
        lists = pa.chunked_array(pa.array(matches[side])).combine_chunks()
        texts = list(map(self._match_text, matches["match_id"], matches["status"]))
        rows = pc.list_parent_indices(lists).to_pylist()
        ids = pc.list_flatten(lists).to_pylist()
        counted = (matches["status"] == _CONFIRMED).tolist()
        found = {one: (row + 1, texts[row]) for one, row in zip(ids, rows, strict=True)}
        sure = ((one, row) for one, row in zip(ids, rows, strict=True) if counted[row])
        return found | {one: (row + 1, texts[row]) for one, row in sure}

    def _match_text(self, match_id: str, status: str) -> str:
        if status == _CONFIRMED:
            return match_id
        return f"{match_id} ({term('match_status', status, self._words.language)})"


def _rows_of(ids: pd.Series) -> dict[str, int]:
    return dict(zip(ids.to_list(), range(1, len(ids) + 1), strict=True))


def _first_and_all(breaks: Iterable[Row], ids_of: Any) -> dict[str, tuple[int, str]]:
    """Tell, by ID, the row of the first break and the IDs of all."""
    found: dict[str, tuple[int, str]] = {}
    for one, number, break_id in _pairs(breaks, ids_of):
        first, shown = found.get(one, (number, ""))
        found[one] = (first, f"{shown}, {break_id}" if shown else break_id)
    return found


def _pairs(breaks: Iterable[Row], ids_of: Any) -> Iterator[tuple[str, int, str]]:
    for number, row in enumerate(breaks, start=1):
        for one in ids_of(row):
            if one is not None:
                yield one, number, row["break_id"]
