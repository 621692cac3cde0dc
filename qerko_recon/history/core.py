"""What every part of a history needs: the file, the journal, and how to find things in them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Self

import pandas as pd

from qerko_recon.errors import HistoryError, shorten
from qerko_recon.history.book import Book
from qerko_recon.history.carrying import carry
from qerko_recon.history.file import HistoryFile, KeptRun
from qerko_recon.history.frames import breaks_frame
from qerko_recon.history.journal import Journal
from qerko_recon.history.recording import facts_of
from qerko_recon.history.run import Run
from qerko_recon.history.states import Carried
from qerko_recon.who import person

__all__ = ["Core", "day_of", "name_of"]


class Core:
    """An open history, without what can be done with it."""

    def __init__(self, path: str | os.PathLike[str] | None = None, *, create: bool = True) -> None:
        self._file = HistoryFile(path, is_made=create)
        self._journal = Journal(self._file.connection)
        self.path = self._file.path

    @property
    def venues(self) -> list[str | None]:
        """Venues that have runs; ``None`` is the one without a name."""
        return [one or None for one in self._file.venues()]

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _book(self, until: int | None = None) -> Book:
        return Book.read(self._journal.entries(), until)

    def _venue(self, venue: str | None) -> str:
        """Tell which venue is meant: the one named, else the only one."""
        if venue is not None:
            return venue
        known = self._file.venues()
        if len(known) > 1:
            names = ", ".join(repr(one) if one else "one without a name" for one in known)
            raise HistoryError(
                f"{self.path} has several venues; say which: {names}", file=str(self.path)
            )
        return known[0] if known else ""

    def _states(
        self, book: Book, venue: str | None, until: int | None = None
    ) -> dict[str, dict[str, Carried]]:
        """Work out the state of every break, by venue."""
        venues = self._file.venues() if venue is None else [venue]
        return {one: carry(facts_of(self._file, book, one, until)) for one in venues}

    def _frame_of(
        self,
        book: Book,
        states: Mapping[str, Iterable[Carried]],
        as_of: date | None = None,
    ) -> pd.DataFrame:
        """Show breaks as a frame, ages counted to a day: else to the last one recorded."""
        held = {venue: list(some) for venue, some in states.items()}
        days = {venue: as_of or self._last_day(venue) for venue in held}
        return breaks_frame(self._file, book, held, days)

    def _last_day(self, venue: str) -> date | None:
        windows = (run.window for run in self._file.runs(venue))
        return max((window[1] for window in windows if window is not None), default=None)

    def _find(self, run: str | int) -> KeptRun:
        """Find a run by its ID, the beginning of one, or its number."""
        runs = self._file.runs()
        named = str(run).strip()
        found = [one for one in runs if named in {one.run_id, str(one.no)}] or [
            one for one in runs if named and one.run_id.lower().startswith(named.lower())
        ]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(one.run_id for one in found)
            raise HistoryError(f"several runs begin with {shorten(run)}: {ids}")
        raise HistoryError(
            f"{self.path} has no run {shorten(run)}; `qerko-recon history` lists those it has",
            file=str(self.path),
        )

    def _run(self, kept: KeptRun) -> Run:
        """Give a run as people hold it."""
        times = [one for one in self._book().recordings if one.run_no == kept.no]
        if not times:
            raise HistoryError(f"the journal does not know run {kept.run_id}; verify the history")
        first_day, last_day = kept.window or (None, None)
        return Run(
            run_no=kept.no,
            run_id=kept.run_id,
            venue=kept.venue or None,
            first_day=first_day,
            last_day=last_day,
            name=times[-1].name or times[0].name,
            by=times[0].by,
            at=times[0].at,
            times=len(times),
            last_at=times[-1].at,
            inputs=kept.inputs,
            summary=kept.summary,
            policy_json=kept.policy.decode(),
        )

    def _latest_first(self, book: Book, venue: str) -> Sequence[KeptRun]:
        """Give a venue's runs, the one that was recorded last first."""
        lasts = {one.run_no: one.seq for one in book.recordings}
        runs = [run for run in self._file.runs(venue) if run.no in lasts]
        return sorted(runs, key=lambda run: -lasts[run.no])


def name_of(by: str | None) -> str:
    """Tell who acts: who is named, else this user and machine."""
    if by is None:
        return person()
    if not by.strip():
        raise HistoryError("a name is empty; say who it is")
    return " ".join(by.split())


def day_of(day: date | str) -> date:
    """Read a business day.

    >>> day_of("2026-11-20")
    datetime.date(2026, 11, 20)
    """
    if isinstance(day, date):
        return day
    try:
        return date.fromisoformat(day)
    except ValueError:
        raise HistoryError(f"{shorten(day)} is not a day; write it as 2026-11-20") from None
