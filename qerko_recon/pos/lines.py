"""One table of an export in, its payment lines in the contract's columns out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.money import from_units
from qerko_recon.pos.amounts import Amounts, Coded, MarkVote, encode, parse_amounts, vote_mark
from qerko_recon.pos.cells import find_currencies, find_kinds, find_states, or_null
from qerko_recon.pos.explain import Found, explain
from qerko_recon.pos.export import Sniffed, Source
from qerko_recon.pos.formats import load
from qerko_recon.pos.grain import find_grain, says_figures
from qerko_recon.pos.ids import read_ids
from qerko_recon.pos.moments import Moments, read_moments
from qerko_recon.pos.owners import Marks
from qerko_recon.pos.problems import Problem
from qerko_recon.pos.profile import EVERY, Profile, RowIs, fitting
from qerko_recon.pos.salvage import salvage
from qerko_recon.pos.tables import Table, find_tables
from qerko_recon.pos.tips import Fault, Money, derive, note_empty
from qerko_recon.pos.totals import Below, Lines, check_totals, split_rows
from qerko_recon.pos.typed import ERROR, Kinds, retell
from qerko_recon.pos.vocabulary import IDEAS, currency_in, plain
from qerko_recon.schema import TENDERS

__all__ = ["PosFile", "read_files"]

Mask = npt.NDArray[np.bool_]

_MONEY: Final = ("amount", "tip", "total")
_IDS: Final = ("payment_id", "bill_id", "tender_id")
_ADVICE: Final = "correct it in the POS or in the file, and read it again"


@dataclass(frozen=True, eq=False)
class PosFile:
    """One file as read, or one sheet of it.

    Attributes
    ----------
    table
        Its payment lines, columns of :data:`qerko_recon.schema.TENDERS`; ``tender_id`` is the
        POS's own or null.
    is_tip
        Which of them are nothing but a tip.
    has_second
        Which of them say to the second when they were paid.
    marks
        What tells whose they are.
    container
        The file, whatever the sheet.
    row_is
        What a row stands for.
    rows
        Counts of ``broken`` rows without a payment ID, of ``totals``, headers and remarks, and
        of rows ``left_out``.
    """

    table: pa.Table
    is_tip: Mask
    has_second: Mask
    marks: Marks
    container: str
    problems: tuple[Problem, ...]
    sniffed: Sniffed
    profile: Profile
    source: Source
    row_is: RowIs
    rows: dict[str, int]


def read_files(path: Path, name: str, stated: Profile, zone: ZoneInfo) -> list[PosFile]:
    """Read the tables of one file; ``name`` is what its rows are said to come from.

    Raises
    ------
    PosExportError
        The file cannot be read at all.
    """
    data = load(path)
    digest = hashlib.sha256(data).hexdigest()
    return [
        _Reading(table, stated, zone).finish(digest) for table in find_tables(data, name, stated)
    ]


class _Reading:
    """A file's rows being turned into lines."""

    def __init__(self, table: Table, stated: Profile, zone: ZoneInfo) -> None:
        self.table, self.stated, self.name = table, stated, table.name
        records = table.records
        self.places = dict(table.columns.places)
        self.header = records.header
        self.below: Below = split_rows(records, self.places, stated.left_out)
        is_line = pa.array(self.below.is_line)
        self._cells = {
            idea: records.columns[place].filter(is_line) for idea, place in self.places.items()
        }
        self._kinds: dict[str, Kinds] = {
            idea: table.kinds[place][self.below.is_line]
            for idea, place in self.places.items()
            if place in table.kinds
        }
        self.rows = records.rows[self.below.is_line]
        self.faults: list[tuple[int, str, str, str | None]] = []
        self.notes: list[str] = [*table.notes, *table.columns.notes]
        self._had_id: Mask = np.zeros(len(self.rows), dtype=bool)
        self._clear_errors()
        if table.columns.is_wide:
            self._fill_nothing()
        self.mark, self.amounts = self._read_amounts(is_line)
        self.money = self._derive()
        self.moments = self._read_moments(zone)
        self.grain = find_grain(
            stated.row_is, self._cells, self.moments, is_wide=table.columns.is_wide
        )
        if self.below.left_out:
            self.notes.append(
                f"rows of types that the profile leaves out, not read: {self.below.left_out}"
            )

    def _fill_nothing(self) -> None:
        """Read blank cells as nothing paid, where each tender has a column of its own."""
        for idea in _MONEY:
            if idea in self._cells:
                self._cells[idea] = pc.fill_null(or_null(self._cells[idea]), "0")

    def _clear_errors(self) -> None:
        """Report formulas' errors where words belong, and take them away."""
        for idea, kinds in self._kinds.items():
            if idea in _MONEY or idea in _IDS or not (kinds == ERROR).any():
                continue
            cells = self._cells[idea]
            for row in np.flatnonzero(kinds == ERROR).tolist():
                value = cells[row].as_py()
                text = f"the formula here gives {value}; correct it and read the file again"
                self.faults.append((row, idea, text, value))
            self._cells[idea] = pc.if_else(pa.array(kinds == ERROR), "", cells)

    @property
    def below_count(self) -> int:
        """Count the rows that are no payment lines."""
        below = self.below
        return len(below.totals) + len(below.remarks) + len(below.repeated_headers)

    def _read_amounts(self, is_line: pa.Array) -> tuple[MarkVote, dict[str, Amounts]]:
        coded: dict[str, Coded] = {
            idea: encode(self._cells[idea]) for idea in _MONEY if idea in self._cells
        }
        more = {
            idea: [encode(self.table.records.columns[place].filter(is_line)) for place in places]
            for idea, places in self.table.columns.added.items()
        }
        delimiter = self.table.layout.delimiter
        every = [*coded.values(), *(one for held in more.values() for one in held)]
        vote = self.table.vote or vote_mark(every, delimiter)
        if self.stated.decimal_mark is not None:
            vote = MarkVote(self.stated.decimal_mark, 0, 0, "the profile says so")
        elif vote.is_open:
            self.notes.append(
                "no amount shows which mark is the decimal one; "
                f"{vote.mark!r} was taken: state decimal_mark in a profile"
            )
        amounts = {idea: parse_amounts(column, vote.mark) for idea, column in coded.items()}
        for idea, columns in more.items():
            for column in columns:
                amounts[idea] = amounts[idea].plus(parse_amounts(column, vote.mark))
        for idea in amounts.keys() & self._kinds.keys():
            amounts[idea] = retell(amounts[idea], self._cells[idea], self._kinds[idea])
        return vote, amounts

    def _derive(self) -> Money:
        tip_layout = None if self.stated.tip_layout == "auto" else self.stated.tip_layout
        money = derive(
            self.amounts.get("amount"),
            self.amounts.get("tip"),
            self.amounts.get("total"),
            tip_layout or self.table.columns.tip,
        )
        note_empty(money, self.amounts.get("amount"))
        self._take_faults(money.faults)
        self.notes += money.notes
        return money

    def _read_moments(self, zone: ZoneInfo) -> Moments | None:
        if "paid_at" not in self._cells:
            return None
        has_clocks = "paid_time" in self._cells
        moments = read_moments(
            (self._cells["paid_at"], self._kinds.get("paid_at")),
            self._cells["paid_time"] if has_clocks else None,
            zone,
            order=self.stated.date_order,
            formats=self.stated.time_formats,
        )
        self.notes += moments.times.notes
        text = f"this is no date and time that can be read; {_ADVICE}"
        self.faults += [(row, "paid_at", text, value) for row, value in moments.times.faults]
        return moments

    def _take_faults(self, faults: Iterable[Fault]) -> None:
        self.faults += [
            (fault.row, fault.idea, fault.text, None)
            for fault in sorted(faults, key=lambda one: (one.row, IDEAS.index(one.idea)))
        ]

    def finish(self, digest: str) -> PosFile:
        """Put the lines, their marks and the explanation together."""
        length = len(self.rows)
        kinds = find_kinds(self._cells.get("tender_type"), self.stated, length)
        types = find_kinds(self._cells.get("line_type"), Profile(), length)
        is_tip = (types == "tip") | (kinds == "tip")
        storno_or_tip = np.isin(types.astype(str), ["tip", "storno"])
        states = find_states(
            self._cells.get("state"),
            self._cells.get("is_cancelled"),
            (self._cells.get("line_type"), np.where(storno_or_tip, types, kinds)),
            self.stated,
            self.money.amount,
        )
        default = self._default_currency()
        signs = self._signs()
        currencies, faults = find_currencies(self._cells.get("currency"), signs, default, length)
        self._take_faults(faults)
        # A tip's own word tells nothing of whose it is, its tender's does.
        marked = np.where(storno_or_tip & ~kinds.astype(bool), types, kinds)
        table = self._table(states, currencies, is_tip)
        marks = self._marks(table, marked)
        held, problems = self._with_salvaged(table, is_tip, marks)
        lines = Lines(
            {i: (self.places[i], a) for i, a in self.amounts.items()},
            self.rows,
            states,
            marked,
            currencies,
        )
        problems = [*self.table.problems, *self._problems(), *problems, *self._totals(lines)]
        broken = len(self.below.broken) - (len(held[0]) - length)
        sniffed = self._explain(default, is_tip)
        records = self.table.records
        count = len(records) + len(records.broken) - self.below_count
        return PosFile(
            *held,
            container=self.table.file,
            problems=tuple(problems),
            sniffed=sniffed,
            profile=self._completed(sniffed),
            source=Source(self.name, digest, count),
            row_is=self.grain.row_is,
            rows={
                "broken": broken,
                "totals": self.below_count,
                "left_out": self.below.left_out,
            },
        )

    def _table(
        self, states: npt.NDArray[np.object_], currencies: pa.Array, is_tip: Mask
    ) -> pa.Table:
        money, length = self.money, len(self.rows)
        amount = np.where(is_tip, 0, money.amount)
        tip = np.where(is_tip, money.amount + money.tip, money.tip)
        columns = {
            "tender_id": self._ids("tender_id"),
            "payment_id": self._ids("payment_id"),
            "bill_id": self._ids("bill_id"),
            "amount": from_units(amount, ~money.is_known),
            "tip": from_units(tip, ~(money.has_tip | is_tip) | (is_tip & ~money.is_known)),
            "total": from_units(amount + tip, ~money.is_known),
            "currency": currencies,
            "state": pa.array(states.tolist(), pa.string()),
            "tender_type": self._words("tender_type"),
            "provider": self._words("provider"),
            "paid_at": self.moments.times.moments if self.moments else self._nulls("paid_at"),
            "source_file": pa.array([self.name] * length, pa.string()),
            "source_row": pa.array(self.rows),
        }
        return pa.table([columns[name] for name in TENDERS.names], schema=TENDERS)

    def _nulls(self, name: str) -> pa.Array:
        return pa.nulls(len(self.rows), TENDERS.field(name).type)

    def _ids(self, idea: str) -> pa.Array:
        if idea not in self._cells:
            return self._nulls(idea)
        place = self.places[idea]
        ids = read_ids(
            self._cells[idea],
            idea,
            self.header[place],
            self._kinds.get(idea),
            is_float=place in self.table.floats,
        )
        self._take_faults(ids.faults)
        self.notes += ids.notes
        if idea == "payment_id":
            self._had_id = ids.is_lost
        return ids.values

    def _words(self, idea: str) -> pa.Array:
        return or_null(self._cells[idea]) if idea in self._cells else self._nulls(idea)

    def _signs(self) -> pa.Array | None:
        """Find the currency beside each line's amounts."""
        signs = [
            amounts.currencies
            for amounts in self.amounts.values()
            if amounts.currencies is not None
        ]
        return pc.coalesce(*signs) if signs else None

    def _default_currency(self) -> str | None:
        headers = [self.header[self.places[idea]] for idea in _MONEY if idea in self.places]
        return self.stated.currency or next(filter(None, map(currency_in, headers)), None)

    def _marks(self, table: pa.Table, kinds: npt.NDArray[np.object_]) -> Marks:
        is_named = kinds == "qerko"
        if "provider" in self._cells:
            is_named |= find_kinds(self._cells["provider"], self.stated, len(kinds)) == "qerko"
        # A sheet with a column for Qerko's turnover has nothing but Qerko's money in it.
        whole = any(
            "qerko" in plain(self.header[self.places[idea]])
            for idea in ("amount", "total")
            if idea in self.places
        )
        whole = whole or EVERY in self.stated.qerko_tenders
        ideas = {"tender_type", "provider", "payment_id"} & self._cells.keys()
        return Marks(
            file=self.name,
            has_id=np.asarray(pc.is_valid(table["payment_id"]).to_numpy()) | self._had_id,
            is_named=is_named | (self._has_money() if whole else False),
            kinds=kinds,
            words=table["tender_type"].to_pylist(),
            bills=table["bill_id"].to_pylist(),
            can_tell=bool(ideas) or whole,
            has_id_column="payment_id" in ideas,
        )

    def _has_money(self) -> Mask:
        """Tell the rows of a wide table that say anything of Qerko; all rows of another."""
        money = self.money
        if not self.table.columns.is_wide:
            return np.ones(len(self.rows), dtype=bool)
        held: Mask = (money.amount != 0) | (money.tip != 0) | ~money.is_known
        if self.grain.row_is == "day":
            # On a day with other turnover nothing is a figure too: Qerko's is nought.
            is_line = pa.array(self.below.is_line)
            held |= says_figures(self.table.records, is_line, self.places.get("paid_at"))
        if not held.all():
            self.notes.append(f"rows that say nothing of Qerko, set aside: {(~held).sum()}")
        return held

    def _with_salvaged(
        self, table: pa.Table, is_tip: Mask, marks: Marks
    ) -> tuple[tuple[pa.Table, Mask, Mask, Marks], list[Problem]]:
        """Put broken rows whose payment ID can be read among the lines, in the file's order."""
        salvaged, problems = salvage(
            self.below.broken,
            table,
            self.places.get("payment_id"),
            len(self.table.layout.header),
            self.name,
        )
        more = salvaged.num_rows
        seconds = self.moments.has_second if self.moments else np.zeros(len(is_tip), dtype=bool)
        if not more:
            return (table, is_tip, seconds, marks), problems
        both = pa.concat_tables([table, salvaged])
        order = np.argsort(both["source_row"].to_numpy(), kind="stable")
        both = both.take(pa.array(order)).combine_chunks()
        nothing = np.zeros(more, dtype=bool)
        held = replace(
            marks,
            has_id=np.append(marks.has_id, ~nothing)[order],
            is_named=np.append(marks.is_named, nothing)[order],
            kinds=np.append(marks.kinds, np.full(more, None, dtype=object))[order],
            words=both["tender_type"].to_pylist(),
            bills=both["bill_id"].to_pylist(),
        )
        masks = (np.append(mask, nothing)[order] for mask in (is_tip, seconds))
        return (both, *masks, held), problems

    def _problems(self) -> list[Problem]:
        problems = []
        for row, idea, text, value in self.faults:
            name = self.header[self.places[idea]] if idea in self.places else None
            cell = value if value is not None else self._cells[idea][row].as_py()
            advice = "" if "; " in text else f"; {_ADVICE}"
            problems.append(Problem(self.name, int(self.rows[row]), name, cell, text + advice))
        return problems

    def _totals(self, lines: Lines) -> list[Problem]:
        return [
            Problem(
                self.name,
                one.row,
                "totals line" if one.place is None else self.header[one.place],
                one.value,
                one.text,
            )
            for one in check_totals(self.below, lines, self.mark.mark)
        ]

    def _explain(self, currency: str | None, is_tip: Mask) -> Sniffed:
        if not len(self.rows):
            self.notes.append("there is a header and no row under it: a day without sales")
        if self.stated == Profile() and (fits := fitting(self.header)):
            self.notes.append(
                f"its columns are those of the profile {' or '.join(fits)}, which knows more of "
                "it: give that profile"
            )
        if "payment_id" not in self.places and self.grain.row_is != "day":
            self.notes.append(
                "no column of Qerko's payment IDs was found, so lines are matched by bill and "
                "amount: state columns.payment_id in a profile if there is one"
            )
        in_lines = self.money.layout == "none" and is_tip.any()
        times = self.moments.times if self.moments else None
        return explain(
            Found(
                table=self.table,
                stated=self.stated,
                columns={idea: self._named(idea) for idea in self.places},
                mark=self.mark,
                date_order=times.order if times else None,
                dates_tell=times is None or times.is_sure,
                tip_layout="line" if in_lines else self.money.layout,
                grain=self.grain,
                currency=currency,
                notes=tuple(dict.fromkeys(self.notes)),
            )
        )

    def _named(self, idea: str) -> str:
        """Give the header of an idea, or those of its columns that are added."""
        return " + ".join(self.header[place] for place in self.table.columns.every[idea])

    def _completed(self, sniffed: Sniffed) -> Profile:
        """State in the profile what was found; rows above the header may differ tomorrow."""
        columns = {idea: sniffed.columns.get(idea) for idea in IDEAS}
        is_text = sniffed.delimiter is not None
        return replace(
            self.stated,
            encoding=self.stated.encoding or sniffed.encoding,
            delimiter=sniffed.delimiter if is_text else self.stated.delimiter,
            decimal_mark=self.mark.mark if is_text else self.stated.decimal_mark,
            date_order=self.stated.date_order or sniffed.date_order,
            columns=columns,
            tip_layout=sniffed.tip_layout,
            row_is=self.grain.row_is,
            currency=sniffed.currency,
        )
