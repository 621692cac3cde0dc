"""What a history holds, as frames in the columns of :mod:`qerko_recon.history.columns`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pandas as pd
import pyarrow as pa

from qerko_recon.history import columns
from qerko_recon.history.book import Book
from qerko_recon.history.file import HistoryFile, KeptRun
from qerko_recon.history.journal import Entry, moment
from qerko_recon.history.recording import days_of
from qerko_recon.history.states import Carried, sums_of
from qerko_recon.schema import BREAKS, to_frame

__all__ = [
    "balance_frame",
    "breaks_frame",
    "journal_frame",
    "notes_frame",
    "rulings_frame",
    "runs_frame",
    "sign_offs_frame",
    "totals_frame",
    "was_signed",
]


def runs_frame(runs: Sequence[KeptRun], book: Book) -> pd.DataFrame:
    """List a row a run; columns of :data:`qerko_recon.history.columns.RUNS`."""
    times = Counter(one.run_no for one in book.recordings)
    firsts = {one.run_no: one for one in reversed(book.recordings)}
    lasts = {one.run_no: one for one in book.recordings}
    rows = []
    for run in runs:
        if run.no not in firsts:
            continue  # a run that the journal does not know: `verify` tells
        first, last = firsts[run.no], lasts[run.no]
        first_day, last_day = run.window or (None, None)
        rows.append(
            {
                "run_no": run.no,
                "run_id": run.run_id,
                "venue": run.venue or None,
                "first_day": first_day,
                "last_day": last_day,
                "name": last.name or first.name,
                "by": first.by,
                "at": first.at,
                "times": times[run.no],
                "last_at": last.at,
                "payments": sum(total.payments for total in run.summary.totals),
                "tenders": sum(total.tenders for total in run.summary.totals),
                "breaks": sum(total.breaks for total in run.summary.totals),
                "after_sign_off": was_signed(run, book, last.seq),
            }
        )
    return _frame(rows, columns.RUNS)


def was_signed(run: KeptRun, book: Book, seq: int) -> bool:
    """Tell whether a day of a run was signed off when an entry was written."""
    days = set(days_of(run))
    return any(
        (one.venue or "") == run.venue
        and one.business_day in days
        and one.seq < seq
        and (one.reopened is None or one.reopened.seq > seq)
        for one in book.sign_offs
    )


def totals_frame(runs: Iterable[KeptRun]) -> pd.DataFrame:
    """List a row a run and currency; columns of :data:`qerko_recon.history.columns.RUN_TOTALS`."""
    names = columns.RUN_TOTALS.names[2:]
    rows = [
        {"run_no": run.no, "run_id": run.run_id} | {name: getattr(total, name) for name in names}
        for run in runs
        for total in run.summary.totals
    ]
    return _frame(rows, columns.RUN_TOTALS)


def breaks_frame(
    file: HistoryFile,
    book: Book,
    states: Mapping[str, Sequence[Carried]],
    as_of: Mapping[str, date | None],
) -> pd.DataFrame:
    """List a row a break; columns of :data:`qerko_recon.history.columns.CARRIED`.

    Parameters
    ----------
    states
        Breaks by venue.
    as_of
        The day to which ages are counted, by venue.
    """
    wanted = [(venue, one) for venue, some in states.items() for one in some]
    kept = _rows_of(file, [one for _, one in wanted])
    rows = []
    for (venue, one), row in zip(wanted, kept, strict=True):
        last = one.notes[-1] if one.notes else None
        day = as_of[venue]
        rows.append(
            row
            | {
                "venue": venue or None,
                "break_id": one.found.break_id,
                "age": None if one.day is None or day is None else (day - one.day).days,
                "status": one.status,
                "note": last and last.text,
                "noted_by": last and last.by,
                "noted_at": last and moment(last.at),
                "first_run": one.first_run.run_id,
                "last_run": one.last_run.run_id,
                "why": one.why,
                "closed_in": one.closed_in and one.closed_in.run_id,
                "counterpart": one.counterpart,
                "is_signed_off": book.signed(venue, one.day) is not None,
            }
        )
    return _frame(rows, columns.CARRIED)


def balance_frame(states: Mapping[str, Mapping[str, Carried]]) -> pd.DataFrame:
    """List a row a venue and currency; columns of :data:`qerko_recon.history.columns.BALANCE`."""
    rows = []
    for venue, some in states.items():
        found = sums_of(some.values())
        left = [one for one in some.values() if one.is_open]
        still = sums_of(left)
        for currency, amount in found.items():
            carried = still.get(currency, Decimal(0))
            rows.append(
                {
                    "venue": venue or None,
                    "currency": currency,
                    "found": amount,
                    "closed": amount - carried,
                    "open": carried,
                    "open_breaks": sum(one.found.currency == currency for one in left),
                }
            )
    return _frame(rows, columns.BALANCE)


def _rows_of(file: HistoryFile, states: Sequence[Carried]) -> list[dict[str, Any]]:
    """Look up the breaks as their runs have them."""
    places: dict[int, list[int]] = defaultdict(list)
    for one in states:
        places[one.found_in.no].append(one.found.place)
    rows = {
        (no, row["place"]): row
        for no, some in places.items()
        for row in _taken(file.frame(no, "breaks"), some)
    }
    return [rows[one.found_in.no, one.found.place] for one in states]


def _taken(table: pa.Table, places: Sequence[int]) -> Iterator[dict[str, Any]]:
    rows = table.take(pa.array(places, pa.int64())).to_pylist()
    for place, row in zip(places, rows, strict=True):
        yield {name: row.get(name) for name in BREAKS.names} | {"place": place}


def notes_frame(book: Book, states: Mapping[str, Mapping[str, Carried]]) -> pd.DataFrame:
    """List a row a note, in order; columns of :data:`qerko_recon.history.columns.NOTES`."""
    rows = [
        (
            note.seq,
            {
                "at": moment(note.at),
                "by": note.by,
                "venue": venue or None,
                "break_id": states[venue][key].found.break_id,
                "status": note.status,
                "text": note.text,
                "variance": note.variance,
                "currency": states[venue][key].found.currency,
            },
        )
        for venue, by_key in book.notes.items()
        for key, notes in by_key.items()
        for note in notes
        if key in states.get(venue, {})
    ]
    return _frame([row for _, row in sorted(rows, key=lambda one: one[0])], columns.NOTES)


def rulings_frame(book: Book) -> pd.DataFrame:
    """List a row a ruling; columns of :data:`qerko_recon.history.columns.RULINGS`."""
    rows = [
        {
            "ruling_id": one.ruling_id,
            "venue": one.venue,
            "kind": one.ruling.kind,
            "payment_ids": list(one.ruling.payment_ids),
            "tender_ids": list(one.ruling.tender_ids),
            "reason": one.ruling.reason,
            "by": one.ruling.by,
            "at": one.ruling.at,
            "days": list(one.days),
            "withdrawn_by": one.withdrawn and one.withdrawn.by,
            "withdrawn_at": one.withdrawn and one.withdrawn.at,
            "withdrawn_reason": one.withdrawn and one.withdrawn.reason,
        }
        for one in book.rulings
    ]
    return _frame(rows, columns.RULINGS)


def sign_offs_frame(book: Book) -> pd.DataFrame:
    """List a row a sign-off; columns of :data:`qerko_recon.history.columns.SIGN_OFFS`."""
    rows = [
        {
            "venue": one.venue,
            "business_day": one.business_day,
            "by": one.by,
            "at": one.at,
            "account": one.account,
            "comment": one.comment,
            "prepared_by": one.prepared_by,
            "is_same_person": one.is_same_person,
            "run_id": one.run_id,
            "open_breaks": one.open_breaks,
            "seal": one.seal,
            "reopened_by": one.reopened and one.reopened.by,
            "reopened_at": one.reopened and one.reopened.at,
            "reopened_reason": one.reopened and one.reopened.reason,
        }
        for one in book.sign_offs
    ]
    return _frame(rows, columns.SIGN_OFFS)


def journal_frame(entries: Iterable[Entry]) -> pd.DataFrame:
    """List a row an entry; columns of :data:`qerko_recon.history.columns.JOURNAL`."""
    rows = [
        {
            "seq": one.seq,
            "at": moment(one.at),
            "by": one.by,
            "account": one.account,
            "what": one.what,
            "venue": one.venue or None,
            "payload": msgspec.json.encode(one.payload).decode(),
            "chain": one.chain,
        }
        for one in entries
    ]
    return _frame(rows, columns.JOURNAL)


def _frame(rows: list[dict[str, Any]], columns: pa.Schema) -> pd.DataFrame:
    return to_frame(pa.Table.from_pylist(rows, schema=columns))
