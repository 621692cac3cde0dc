"""What a run says of payments and POS lines: its frames in, what it has of each out.

A line is known by its ID and its business day, since a till may count anew each day; and what
:func:`qerko_recon.read_pos` adds to tell such IDs apart is left out, so that a line is the same
in an export of a day and of a week.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.recon.days import business_dates

__all__ = ["COLUMNS", "RunView", "Said", "Window", "line", "payment"]

Window = tuple[date, date] | None
"""The first and the last business day of a run; ``None`` where it has no times."""

SaidKind = Literal["absent", "alone", "matched", "gone"]

COLUMNS: Final = {
    "matches": ("match_id", "status", "payment_ids", "tender_ids"),
    "payments": ("payment_id", "bill_id", "created_at"),
    "tenders": ("tender_id", "paid_at", "source_file", "payment_id", "bill_id"),
}
"""What of a run's frames a view looks at."""

_PLACE: Final = re.compile(r"row-\d+")
_ADDED: Final = r"~[0-9a-f]{16}(?:-\d+)?~?$"


@dataclass(frozen=True, slots=True)
class Said:
    """What a run says of a subject.

    ``absent``: it could not be fetched; ``alone``: the run has it, in no confirmed match with the
    other side; ``matched``: it has; ``gone``: the run reads the same export anew, and the line is
    no longer in it. ``covers`` tells whether the subject's day is one of the run's;
    ``first``, ``last`` and ``files`` say where the lines of a payment's match come from.
    """

    subject: str
    kind: SaidKind
    match_id: str | None = None
    covers: bool = True
    first: date | None = None
    last: date | None = None
    files: tuple[str, ...] = ()


def payment(payment_id: str) -> str:
    """Name a payment as a subject."""
    return f"P:{payment_id}"


def line(name: str, day: date | None) -> str:
    """Name a line as a subject."""
    return f"T:{name}@{day or ''}"


class RunView:
    """Tells what a run says of subjects.

    Parameters
    ----------
    matches, payments, tenders
        The run's frames, with the columns of :data:`COLUMNS` at least.
    window
        The days it covers.
    time_zone, cutoff
        The venue's clock.
    """

    def __init__(
        self,
        matches: pa.Table,
        payments: pa.Table,
        tenders: pa.Table,
        *,
        window: Window,
        time_zone: str,
        cutoff: time,
    ) -> None:
        self._payments = payments
        self.tenders = tenders
        self._window = window
        self._clock = time_zone, cutoff
        both = pc.and_(
            pc.greater(pc.list_value_length(matches["payment_ids"]), 0),
            pc.greater(pc.list_value_length(matches["tender_ids"]), 0),
        )
        is_confirmed = pc.equal(matches["status"], "confirmed")
        self._matches = matches.filter(pc.and_(both, is_confirmed)).combine_chunks()

    def of_payments(self, ids: Sequence[str]) -> Iterator[Said]:
        """Say what the run has of payments; nothing of one that it does not have."""
        asked = pa.array(ids, pa.string())
        places = pc.index_in(asked, value_set=self._payments["payment_id"])
        held = np.flatnonzero(pc.is_valid(places).to_numpy(zero_copy_only=False)).tolist()
        days = self._days(self._payments["created_at"], places.drop_null())
        matches = self._match_of("payment_ids", asked)
        lines = self._lines_of({match for match in matches if match is not None})
        for place, day in zip(held, days, strict=True):
            match = matches[place]
            yield Said(
                subject=payment(ids[place]),
                kind="alone" if match is None else "matched",
                covers=self._covers(day),
                **({} if match is None else lines[match]),
            )

    def of_lines(self, subjects: Sequence[str]) -> Iterator[Said]:
        """Say what the run has of lines; nothing of one that it does not have."""
        wanted = set(subjects)
        names = pa.array({one[2:].rpartition("@")[0] for one in wanted}, pa.string())
        is_near = pc.or_(
            pc.is_in(self._bases, value_set=names),
            pc.is_in(self.tenders["tender_id"].combine_chunks(), value_set=names),
        )
        rows = np.flatnonzero(is_near.to_numpy(zero_copy_only=False)).tolist()
        ids = self.tenders["tender_id"].take(pa.array(rows, pa.int64())).combine_chunks()
        matched = self._match_of("tender_ids", ids)
        for (subject, day), match in zip(self._named(rows), matched, strict=True):
            if subject in wanted:
                yield Said(
                    subject=subject,
                    kind="alone" if match is None else "matched",
                    match_id=None if match is None else self._matches["match_id"][match].as_py(),
                    covers=self._covers(day),
                )

    def name_lines(self, tender_ids: Sequence[str]) -> dict[str, str]:
        """Name lines of the run as subjects, by their IDs."""
        held = self.tenders["tender_id"].combine_chunks()
        places = pc.index_in(pa.array(tender_ids, pa.string()), value_set=held).drop_null()
        bases = self._bases.take(places)
        near = pc.is_in(self._bases, value_set=bases).to_numpy(zero_copy_only=False)
        rows = np.flatnonzero(near).tolist()
        ids = held.take(pa.array(rows, pa.int64())).to_pylist()
        return {own: name for own, (name, _) in zip(ids, self._named(rows), strict=True)}

    def payments_with(self, tender_ids: Sequence[str]) -> dict[str, list[str]]:
        """Give the payments with which lines are matched, by the lines' IDs."""
        matches = self._match_of("tender_ids", pa.array(tender_ids, pa.string()))
        column = self._matches["payment_ids"]
        return {
            own: list(column[match].as_py())
            for own, match in zip(tender_ids, matches, strict=True)
            if match is not None
        }

    def payments_on(self, bills: Sequence[str]) -> dict[str, list[str]]:
        """Give the payments of bills."""
        names = pa.array(bills, pa.string())
        some = self._payments.filter(pc.is_in(self._payments["bill_id"], value_set=names))
        found: dict[str, list[str]] = defaultdict(list)
        for one in some.select(["bill_id", "payment_id"]).to_pylist():
            found[one["bill_id"]].append(one["payment_id"])
        return found

    def days_of(self, column: Literal["payment_id", "tender_id"], ids: Sequence[str]) -> set[date]:
        """Give the business days of payments, or of lines, that the run has."""
        table = self._payments if column == "payment_id" else self.tenders
        times = table["created_at" if column == "payment_id" else "paid_at"]
        places = pc.index_in(pa.array(ids, pa.string()), value_set=table[column]).drop_null()
        return {day for day in self._days(times, places) if day is not None}

    def has_payments(self, ids: Sequence[str | None]) -> list[bool]:
        """Tell which payments the run has."""
        found = pc.is_in(
            pa.array(ids, pa.string()), value_set=self._payments["payment_id"].combine_chunks()
        )
        return list(found.to_pylist())

    def shares_lines_with(self, other: RunView, column: str) -> bool:
        """Tell whether both runs have a line of the same ``tender_id``, payment or bill."""
        own = self.tenders[column].combine_chunks().drop_null()
        others = other.tenders[column].combine_chunks().drop_null()
        return bool(pc.any(pc.is_in(own, value_set=others)).as_py())

    @property
    def has_lines(self) -> bool:
        """Whether the run has any POS lines."""
        return bool(self.tenders.num_rows)

    @cached_property
    def _bases(self) -> pa.Array:
        """The lines' IDs, without what the reader added to tell repeated ones apart."""
        ids = self.tenders["tender_id"].combine_chunks()
        return pc.replace_substring_regex(ids, _ADDED, "")

    def _named(self, rows: Sequence[int]) -> list[tuple[str, date | None]]:
        """Name lines; ``rows`` holds every line of the run with the base of one of them."""
        taken = pa.array(rows, pa.int64())
        bases = self._bases.take(taken).to_pylist()
        ids = self.tenders["tender_id"].take(taken).to_pylist()
        days = self._days(self.tenders["paid_at"], taken)
        often = Counter(zip(bases, days, strict=True))
        return [
            (self._name(base if often[base, day] == 1 else own, day), day)
            for base, own, day in zip(bases, ids, days, strict=True)
        ]

    def _name(self, name: str, day: date | None) -> str:
        """Name a line; one that has no time, and for an ID its place alone, has the run's day."""
        if day is None and self._window is not None and _PLACE.fullmatch(name):
            day = self._window[1]
        return line(name, day)

    def _lines_of(self, matches: Collection[int]) -> dict[int, dict[str, Any]]:
        """Say where the lines of matches come from."""
        rows = sorted(matches)
        some = self._matches.take(pa.array(rows, pa.int64()))
        owners = pc.list_parent_indices(some["tender_ids"].combine_chunks())
        ids = pc.list_flatten(some["tender_ids"].combine_chunks())
        places = pc.index_in(ids, value_set=self.tenders["tender_id"])
        days = self._days(self.tenders["paid_at"], places)
        files = self.tenders["source_file"].take(places).to_pylist()
        lines = {
            row: {"match_id": match_id, "first": None, "last": None, "files": set()}
            for row, match_id in zip(rows, some["match_id"].to_pylist(), strict=True)
        }
        for owner, day, file in zip(owners.to_pylist(), days, files, strict=True):
            about = lines[rows[owner]]
            about["files"] |= {file} - {None}
            if day is not None:
                about["first"] = min(about["first"] or day, day)
                about["last"] = max(about["last"] or day, day)
        for about in lines.values():
            about["files"] = tuple(sorted(about["files"]))
        return lines

    def _match_of(self, column: str, ids: pa.Array) -> list[int | None]:
        held = self._matches[column].combine_chunks()
        owners = pc.list_parent_indices(held)
        places = pc.index_in(ids, value_set=pc.list_flatten(held))
        return list(owners.take(places).to_pylist())

    def _days(self, times: pa.ChunkedArray, places: pa.Array) -> list[date | None]:
        days = business_dates(times.take(places), *self._clock)
        return [None if np.isnat(day) else day.astype(object) for day in days]

    def _covers(self, day: date | None) -> bool:
        if day is None or self._window is None:
            return True
        return self._window[0] <= day <= self._window[1]
