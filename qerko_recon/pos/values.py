"""One table of an export in, the values of its payment lines column by column out.

What cannot be read is gathered as faults, each with its row, and what had to be assumed as notes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.money import SCALE
from qerko_recon.pos.amounts import Amounts, MarkVote, parse_amounts, vote_mark
from qerko_recon.pos.cells import or_null, words_of
from qerko_recon.pos.grain import Grain, find_grain, says_figures
from qerko_recon.pos.ids import Ids, read_ids
from qerko_recon.pos.moments import read_moments
from qerko_recon.pos.problems import Problem
from qerko_recon.pos.profile import Profile
from qerko_recon.pos.rows import Below, split_rows
from qerko_recon.pos.strings import Strings
from qerko_recon.pos.table import Table
from qerko_recon.pos.tags import Tags
from qerko_recon.pos.times import Times
from qerko_recon.pos.tips import Fault, Money, derive, note_empty
from qerko_recon.pos.totals import find_sums
from qerko_recon.pos.typed import ERROR, Kinds, retell
from qerko_recon.pos.vocabulary import (
    IDEAS,
    currency_in,
    plain,
    says_business_day,
    says_hundredths,
)
from qerko_recon.pos.words import says_several
from qerko_recon.schema import TENDERS
from qerko_recon.threads import aside

__all__ = ["IDS", "Values"]

Mask = npt.NDArray[np.bool_]

_MONEY: Final[tuple[str, ...]] = ("amount", "tip", "total")
IDS: Final = ("tender_id", "payment_id", "bill_id")
"""The columns of IDs."""
_SCALES: Final = ("precision", "scale", "decimals", "decimalPlaces", "exponent")
_SEVERAL: Final = (
    "this line is of Qerko and of another tender, so what of it is Qerko's is not known; all of "
    "it was taken"
)
_ADVICE: Final = "correct it in the POS or in the file, and read it again"


class Values:
    """The values of a table's lines.

    Attributes
    ----------
    table, stated
        The table, and what a profile states.
    below
        What of its rows is no payment line.
    cells, kinds
        By idea, the lines' cells, and of what kind each is where the file says.
    rows
        The file's line of each.
    mark, amounts, money
        The decimal mark, the columns of amounts, and amounts apart from tips.
    moments
        When the lines were paid.
    grain
        What a row stands for.
    had_id
        Which lines had a payment ID whose digits are lost.
    notes
        What had to be assumed.
    """

    @classmethod
    def of(cls, table: Table, stated: Profile, zone: ZoneInfo) -> Values:
        """Read a table; rows that turn out to be sums of others are no lines of it."""
        values = cls(table, stated, zone)
        is_sum = find_sums(values.cells, values.amounts, values.tender_words())
        if not is_sum.any():
            values._carry_bills()
            return values
        sums = np.zeros(len(values.below.is_line), dtype=bool)
        sums[np.flatnonzero(values.below.is_line)[is_sum]] = True
        values = cls(table, stated, zone, sums)
        values._carry_bills()
        return values

    def __init__(
        self, table: Table, stated: Profile, zone: ZoneInfo, sums: Mask | None = None
    ) -> None:
        self.table, self.stated = table, stated
        records, self.places = table.records, dict(table.columns.places)
        self.header = records.header
        self.below: Below = split_rows(
            records, self.places, stated.left_out, titles=table.layout.titles, sums=sums
        )
        is_line = self.below.is_line
        self.cells = {
            idea: records.columns[place].where(is_line) for idea, place in self.places.items()
        }
        self.kinds: dict[str, Kinds] = {
            idea: table.kinds[place][is_line]
            for idea, place in self.places.items()
            if place in table.kinds
        }
        self.rows = records.rows if is_line.all() else records.rows[is_line]
        self.had_id: Mask = np.zeros(len(self.rows), dtype=bool)
        self.notes: list[str] = [*table.notes, *table.columns.notes, *self.below.notes]
        self._faults: list[tuple[int, str, str, str | None]] = []
        self._clear_errors()
        if table.columns.is_wide:
            self._fill_nothing()
        moments = aside(self._read_moments, zone)
        self.mark, self.amounts = self._read_amounts()
        self.money = self._derive()
        self.moments = moments.result()
        self._take_moments()
        self.grain: Grain = find_grain(
            stated.row_is,
            self.cells,
            self.moments,
            header=self.header,
            is_wide=table.columns.is_wide,
        )

    def __len__(self) -> int:
        return len(self.rows)

    def _clear_errors(self) -> None:
        """Report formulas' errors where words belong, and take them away."""
        for idea, kinds in self.kinds.items():
            is_error = kinds == ERROR
            if idea in _MONEY or idea in IDS or not is_error.any():
                continue
            cells = self.cells[idea]
            for row in np.flatnonzero(is_error).tolist():
                text = f"the formula here gives {cells[row]}; correct it and read the file again"
                self._faults.append((row, idea, text, cells[row]))
            self.cells[idea] = Strings(pc.if_else(pa.array(is_error), "", cells.text))

    def _fill_nothing(self) -> None:
        """Read blank cells as nothing paid, where each tender has a column of its own."""
        for idea in _MONEY:
            if idea in self.cells:
                self.cells[idea] = Strings(pc.fill_null(or_null(self.cells[idea].text), "0"))

    def _read_amounts(self) -> tuple[MarkVote, dict[str, Amounts]]:
        is_line, columns = self.below.is_line, self.table.records.columns
        held = {idea: [self.cells[idea]] for idea in _MONEY if idea in self.cells}
        for idea, places in self.table.columns.added.items():
            held[idea] += [columns[place].where(is_line) for place in places]
        vote = self.table.vote or vote_mark(
            [one for some in held.values() for one in some], self.table.layout.delimiter
        )
        if self.stated.decimal_mark is not None:
            vote = MarkVote(self.stated.decimal_mark, 0, 0, "the profile says so")
        elif vote.is_open:
            self.notes.append(
                "no amount shows which mark is the decimal one; "
                f"{vote.mark!r} was taken: state decimal_mark in a profile"
            )
        amounts = {}
        for idea, some in held.items():
            first, *more = (parse_amounts(one, vote.mark) for one in some)
            name = self.header[self.places[idea]]
            if says_hundredths(name) or self._is_scaled(name, first):
                first, *more = (one.hundredths() for one in (first, *more))
                self.notes.append(f"column {name!r} is in hundredths, and is read so")
            if idea in self.kinds:
                first = retell(first, self.cells[idea], self.kinds[idea])
            for one in more:
                first = first.plus(one)
            amounts[idea] = first
        return vote, amounts

    def _is_scaled(self, name: str, amounts: Amounts) -> bool:
        """Tell whole numbers of which a column beside them says that two digits are decimals.

        JSON has such: ``{"amount": {"value": 12550, "precision": 2}}``.
        """
        parent, dot, _ = name.rpartition(".")
        beside = {f"{parent}{dot}{word}" for word in _SCALES}
        columns = [
            self.table.records.columns[place].where(self.below.is_line)
            for place, header in enumerate(self.header)
            if dot and header in beside
        ]
        is_whole = bool((amounts.units % 10**SCALE == 0).all())
        return is_whole and any(column.coded.words.to_pylist() == ["2"] for column in columns)

    def _derive(self) -> Money:
        tip_layout = None if self.stated.tip_layout == "auto" else self.stated.tip_layout
        money = derive(
            self.amounts.get("amount"),
            self.amounts.get("tip"),
            self.amounts.get("total"),
            tip_layout or self.table.columns.tip,
        )
        note_empty(money, self.amounts.get("amount"))
        self.take_faults(money.faults)
        self.notes += money.notes
        return money

    def _read_moments(self, zone: ZoneInfo) -> Times | None:
        if "paid_at" not in self.cells:
            return None
        return read_moments(
            (self.cells["paid_at"], self.kinds.get("paid_at")),
            self.cells.get("paid_time"),
            zone,
            order=self.stated.date_order,
            formats=self.stated.time_formats,
            is_business_day=says_business_day(self.header[self.places["paid_at"]]),
            year=self.table.year,
        )

    def _take_moments(self) -> None:
        if self.moments is not None:
            times = self.moments
            self.notes += times.notes
            text = f"this is no date and time that can be read; {_ADVICE}"
            self._faults += [(row, "paid_at", text, value) for row, value in times.faults]

    def take_faults(self, faults: Iterable[Fault]) -> None:
        """Keep what is wrong with cells, to be reported."""
        self._faults += [
            (fault.row, fault.idea, fault.text, None)
            for fault in sorted(faults, key=lambda one: (one.row, IDEAS.index(one.idea)))
        ]

    def refuse_several(self) -> None:
        """Report lines that are paid by Qerko and by another tender at once."""
        told = Tags.of(self.cells["tender_type"], lambda word: "x" if says_several(word) else None)
        rows = np.flatnonzero(told.are("x")).tolist()
        self.take_faults(Fault(row, "tender_type", _SEVERAL) for row in rows)

    def _carry_bills(self) -> None:
        """Read rows without a bill or time of their own as further lines of the bill above."""
        if not {"bill_id", "tender_type"} <= self.cells.keys():
            return
        lacks = self.cells["bill_id"].is_empty
        if not lacks.any():
            return
        lacks = lacks & ~self.cells["tender_type"].is_empty
        for idea in ("payment_id", "paid_at"):
            if idea in self.cells:
                lacks = lacks & self.cells[idea].is_empty
        if not lacks.any() or 2 * int(lacks.sum()) > len(lacks) or lacks[0]:
            return
        for idea in {"bill_id", "paid_at", "paid_time"} & self.cells.keys():
            held = pc.if_else(pa.array(lacks), pa.scalar(None, pa.string()), self.cells[idea].text)
            self.cells[idea] = Strings(pc.fill_null_forward(held))
            if idea in self.kinds:
                places = np.where(lacks, 0, np.arange(len(lacks)))
                self.kinds[idea] = self.kinds[idea][np.maximum.accumulate(places)]
        self.notes.append(
            "rows with neither bill nor time, read as further lines of the bill above: "
            f"{int(lacks.sum())}"
        )

    def nulls(self, name: str) -> pa.Array:
        """Give a column of nothing."""
        return pa.nulls(len(self), TENDERS.field(name).type)

    def ids(self, idea: str) -> Ids:
        """Read a column of IDs."""
        if idea not in self.cells:
            return Ids(self.nulls(idea), [], [], np.zeros(len(self), dtype=bool))
        place = self.places[idea]
        return read_ids(
            self.cells[idea],
            idea,
            self.header[place],
            self.kinds.get(idea),
            is_float=place in self.table.floats,
        )

    def take_ids(self, idea: str, ids: Ids) -> None:
        """Keep what is wrong with a column of IDs, and what is to be said of it."""
        self.take_faults(ids.faults)
        self.notes += ids.notes
        if idea == "payment_id":
            self.had_id = ids.is_lost

    def tender_words(self) -> Tags | None:
        """Give the POS's words for the tenders of lines, as they are compared."""
        return Tags.of(self.cells["tender_type"], plain) if "tender_type" in self.cells else None

    def words(self, idea: str) -> pa.Array:
        """Read a column of words."""
        return words_of(self.cells[idea]) if idea in self.cells else self.nulls(idea)

    def signs(self) -> pa.Array | None:
        """Find the currency beside each line's amounts."""
        signs = [one.currencies for one in self.amounts.values() if one.currencies is not None]
        return pc.coalesce(*signs) if signs else None

    def default_currency(self) -> str | None:
        """Find the currency of lines that name none."""
        headers = [self.header[self.places[idea]] for idea in _MONEY if idea in self.places]
        return self.stated.currency or next(filter(None, map(currency_in, headers)), None)

    def have_money(self) -> Mask:
        """Tell the rows of a wide table that say anything of Qerko; all rows of another."""
        money = self.money
        if not self.table.columns.is_wide:
            return np.ones(len(self), dtype=bool)
        held: Mask = (money.amount != 0) | (money.tip != 0) | ~money.is_known
        if self.grain.row_is == "day":
            # On a day with other turnover nothing is a figure too: Qerko's is nought.
            records, apart = self.table.records, self.places.get("paid_at")
            held |= says_figures(records, self.below.is_line, apart)
        if not held.all():
            self.notes.append(f"rows that say nothing of Qerko, set aside: {(~held).sum()}")
        return held

    def problems(self) -> list[Problem]:
        """Report what is wrong with cells."""
        problems = []
        for row, idea, text, value in self._faults:
            name = self.header[self.places[idea]] if idea in self.places else None
            cell = value
            if cell is None and idea in self.cells:
                cell = self.cells[idea][row]
            advice = "" if "; " in text else f"; {_ADVICE}"
            line = int(self.rows[row])
            problems.append(Problem(self.table.name, line, name, cell, text + advice))
        return problems
