"""One table of an export in, its payment lines in the contract's columns out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.money import from_units
from qerko_recon.pos.cells import find_currencies, find_kinds, find_states
from qerko_recon.pos.explain import Found, explain
from qerko_recon.pos.export import Sniffed, Source
from qerko_recon.pos.formats import load
from qerko_recon.pos.owners import Marks
from qerko_recon.pos.parts import flat
from qerko_recon.pos.problems import Problem
from qerko_recon.pos.profile import EVERY, Profile, RowIs, fitting
from qerko_recon.pos.salvage import salvage
from qerko_recon.pos.table import Table
from qerko_recon.pos.tables import find_tables
from qerko_recon.pos.tags import Tags
from qerko_recon.pos.tips import Fault
from qerko_recon.pos.totals import Lines, check_totals
from qerko_recon.pos.values import IDS, Values
from qerko_recon.pos.vocabulary import IDEAS, plain
from qerko_recon.pos.words import says_beside
from qerko_recon.schema import TENDERS
from qerko_recon.threads import aside, at_once

__all__ = ["PosFile", "read_files"]

Mask = npt.NDArray[np.bool_]

_ATTACHED: Final = ("tip", "storno")


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
    digest = aside(lambda: hashlib.sha256(data).hexdigest())
    try:
        return _read(data, name, stated, zone, digest, whole=False)
    except UnicodeDecodeError:  # a code page told by a part of the file was the wrong one
        return _read(data, name, stated, zone, digest, whole=True)


def _read(
    data: bytes, name: str, stated: Profile, zone: ZoneInfo, digest: Future[str], *, whole: bool
) -> list[PosFile]:
    tables = find_tables(data, name, stated, whole=whole)
    drafts = [_Reading(Values.of(table, stated, zone)).finish() for table in tables]
    return [
        replace(draft, source=draft.source._replace(sha256=digest.result())) for draft in drafts
    ]


class _Reading:
    """A file's values being put together as lines."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.table: Table = values.table
        self.stated: Profile = values.stated
        self.name = values.table.name

    def finish(self) -> PosFile:
        """Put the lines, their marks and the explanation together."""
        values, cells, length = self.values, self.values.cells, len(self.values)
        kinds = find_kinds(cells.get("tender_type"), self.stated, length)
        types = find_kinds(cells.get("line_type"), Profile(), length)
        beside = Tags.all_of(None, length)
        if "tender_type" in cells:
            beside = Tags.of(cells["tender_type"], says_beside)
            values.refuse_several()
        is_attached = types.are(*_ATTACHED)
        is_tip = types.are("tip") | kinds.are("tip") | beside.are("tip")
        states = find_states(
            cells.get("state"),
            cells.get("is_cancelled"),
            (cells.get("line_type"), kinds.having(is_attached, types), beside),
            self.stated,
            values.money.amount,
        )
        default = values.default_currency()
        # A tip's own word tells nothing of whose it is, its tender's does.
        marked = kinds.having(is_attached & kinds.are(None), types)
        table, currencies = self._table(states, default, is_tip)
        marks = self._marks(table, marked)
        held, problems = self._with_salvaged(table, is_tip, marks)
        lines = Lines(
            {i: (values.places[i], a) for i, a in values.amounts.items()},
            values.rows,
            states,
            marked,
            currencies,
        )
        problems = [*self.table.problems, *values.problems(), *problems, *self._totals(lines)]
        below, records = values.below, self.table.records
        sniffed = self._explain(default, is_tip)
        return PosFile(
            *held,
            container=self.table.file,
            problems=tuple(problems),
            sniffed=sniffed,
            profile=self._completed(sniffed),
            source=Source(self.name, "", len(records) + len(records.broken) - below.count),
            row_is=values.grain.row_is,
            rows={
                "broken": len(below.broken) - (len(held[0]) - length),
                "totals": below.count + self.table.aside,
                "left_out": below.left_out,
            },
        )

    def _table(self, states: Tags, default: str | None, is_tip: Mask) -> tuple[pa.Table, pa.Array]:
        """Put the columns together; the currencies once more, as they were found."""
        values, money = self.values, self.values.money
        amount, tip, has_tip = money.amount, money.tip, money.has_tip
        if is_tip.any():
            tip = np.where(is_tip, amount + tip, tip)
            amount = np.where(is_tip, 0, amount)
            has_tip = np.where(is_tip, money.is_known, has_tip)
        unknown = ~money.is_known
        ids = {idea: partial(values.ids, idea) for idea in IDS}
        columns: dict[str, Callable[[], pa.Array]] = {
            "amount": lambda: from_units(amount, unknown),
            "tip": lambda: from_units(tip, ~has_tip),
            "total": lambda: from_units(amount + tip, unknown),
            "state": states.column,
            "tender_type": lambda: values.words("tender_type"),
            "provider": lambda: values.words("provider"),
            "source_file": lambda: pa.repeat(pa.scalar(self.name), len(values)),
            "source_row": lambda: pa.array(values.rows),
        }

        def currency() -> tuple[pa.Array, list[Fault]]:
            cells = values.cells.get("currency")
            return find_currencies(cells, values.signs(), default, len(values))

        work: dict[str, Callable[[], Any]] = {**ids, **columns, "currency": currency}
        found = dict(zip(work, at_once(lambda one: one(), work.values()), strict=True))
        currencies, faults = found["currency"]
        values.take_faults(faults)
        for idea in ids:
            values.take_ids(idea, found[idea])
        held = {
            **{name: found[name] for name in columns},
            **{idea: found[idea].values for idea in ids},
            "currency": currencies,
            "paid_at": values.moments.moments if values.moments else values.nulls("paid_at"),
        }
        return pa.table([held[name] for name in TENDERS.names], schema=TENDERS), currencies

    def _marks(self, table: pa.Table, kinds: Tags) -> Marks:
        values, length = self.values, len(self.values)
        is_named = kinds.are("qerko")
        if "provider" in values.cells:
            is_named |= find_kinds(values.cells["provider"], self.stated, length).are("qerko")
        # A sheet with a column for Qerko's turnover has nothing but Qerko's money in it.
        whole = any(
            "qerko" in plain(values.header[values.places[idea]])
            for idea in ("amount", "total")
            if idea in values.places
        )
        whole = whole or EVERY in self.stated.qerko_tenders
        ideas = {"tender_type", "provider", "payment_id"} & values.cells.keys()
        has_id = np.asarray(pc.is_valid(table["payment_id"]).to_numpy()) | values.had_id
        return Marks(
            file=self.name,
            has_id=has_id,
            is_named=is_named | values.have_money() if whole else is_named,
            kinds=kinds,
            words=flat(table["tender_type"]),
            bills=flat(table["bill_id"]),
            can_tell=bool(ideas) or whole,
            has_id_column="payment_id" in ideas,
            ids=flat(table["payment_id"]),
            ids_stated="payment_id" in self.stated.columns,
        )

    def _with_salvaged(
        self, table: pa.Table, is_tip: Mask, marks: Marks
    ) -> tuple[tuple[pa.Table, Mask, Mask, Marks], list[Problem]]:
        """Put broken rows whose payment ID can be read among the lines, in the file's order."""
        salvaged, problems = salvage(
            self.values.below.broken,
            table,
            self.values.places.get("payment_id"),
            len(self.table.layout.header),
            self.name,
        )
        more, moments = salvaged.num_rows, self.values.moments
        seconds = moments.has_second if moments else np.zeros(len(is_tip), dtype=bool)
        if not more:
            return (table, is_tip, seconds, marks), problems
        both = pa.concat_tables([table, salvaged])
        order = np.argsort(both["source_row"].to_numpy(), kind="stable")
        both = both.take(pa.array(order)).combine_chunks()
        nothing = np.zeros(more, dtype=bool)
        kinds = Tags((*marks.kinds.names, None), _padded(marks.kinds, more)[order])
        held = replace(
            marks,
            has_id=np.append(marks.has_id, ~nothing)[order],
            is_named=np.append(marks.is_named, nothing)[order],
            kinds=kinds,
            words=flat(both["tender_type"]),
            bills=flat(both["bill_id"]),
            ids=flat(both["payment_id"]),
        )
        masks = (np.append(mask, nothing)[order] for mask in (is_tip, seconds))
        return (both, *masks, held), problems

    def _totals(self, lines: Lines) -> list[Problem]:
        return [
            Problem(
                self.name,
                one.row,
                "totals line" if one.place is None else self.values.header[one.place],
                one.value,
                one.text,
            )
            for one in check_totals(self.values.below, lines, self.values.mark.mark)
        ]

    def _explain(self, currency: str | None, is_tip: Mask) -> Sniffed:
        values, notes = self.values, self.values.notes
        if not len(values):
            notes.append("there is a header and no row under it: a day without sales")
        if self.stated == Profile() and (fits := fitting(values.header)):
            notes.append(
                f"its columns are those of the profile {' or '.join(fits)}, which knows more of "
                "it: give that profile"
            )
        if "payment_id" not in values.places and values.grain.row_is != "day":
            notes.append(
                "no column of Qerko's payment IDs was found, so lines are matched by bill and "
                "amount: state columns.payment_id in a profile if there is one"
            )
        in_lines = values.money.layout == "none" and is_tip.any()
        times = values.moments
        return explain(
            Found(
                table=self.table,
                stated=self.stated,
                columns={idea: self._named(idea) for idea in values.places},
                mark=values.mark,
                date_order=times.order if times else None,
                dates_tell=times is None or times.is_sure,
                tip_layout="line" if in_lines else values.money.layout,
                grain=values.grain,
                currency=currency,
                notes=tuple(dict.fromkeys(notes)),
            )
        )

    def _named(self, idea: str) -> str:
        """Give the header of an idea, or those of its columns that are added."""
        places = self.table.columns.every[idea]
        return " + ".join(self.values.header[place] for place in places)

    def _completed(self, sniffed: Sniffed) -> Profile:
        """State in the profile what was found; rows above the header may differ tomorrow."""
        columns = {idea: sniffed.columns.get(idea) for idea in IDEAS}
        is_text = sniffed.delimiter is not None
        stated, mark, times = self.stated, self.values.mark, self.values.moments
        # What this file alone does not show is left open: tomorrow's may.
        shown = mark.mark if is_text and mark.is_sure else None
        order = sniffed.date_order if times is not None and times.is_sure else None
        return replace(
            stated,
            encoding=stated.encoding or (sniffed.encoding if sniffed.is_encoding_sure else None),
            delimiter=sniffed.delimiter if is_text else stated.delimiter,
            decimal_mark=stated.decimal_mark or shown,
            date_order=stated.date_order or order,
            columns=columns,
            tip_layout=sniffed.tip_layout,
            row_is=self.values.grain.row_is,
            currency=sniffed.currency,
        )


def _padded(tags: Tags, more: int) -> npt.NDArray[np.int32]:
    """Give the rows of tags and some without a name behind them."""
    return np.append(tags.codes, np.full(more, len(tags.names), dtype=np.int32))
