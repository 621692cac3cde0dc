"""Breaks that are carried on, and what people say of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd

from qerko_recon.errors import HistoryError, shorten
from qerko_recon.history import frames
from qerko_recon.history.book import Book
from qerko_recon.history.core import Core, day_of, name_of
from qerko_recon.history.signing import need_unsigned
from qerko_recon.history.states import STATUSES, Carried
from qerko_recon.report import Result

__all__ = ["CarriesBreaks"]


class CarriesBreaks(Core):
    """The part of a history that is about breaks."""

    def open_breaks(self, venue: str | None = None, as_of: date | None = None) -> pd.DataFrame:
        """List the breaks that are carried on, whichever runs found them.

        Parameters
        ----------
        venue
            Of which venue; of all where not given.
        as_of
            The day to which ages are counted; the venue's last recorded one where not given.

        Returns
        -------
        pandas.DataFrame
            Columns of :data:`qerko_recon.history.columns.CARRIED`, the oldest first.
        """
        return self._listed(venue, as_of, only_open=True)

    def breaks(self, venue: str | None = None, as_of: date | None = None) -> pd.DataFrame:
        """List every break that was ever found and what became of it, as `open_breaks` does."""
        return self._listed(venue, as_of, only_open=False)

    def with_notes(self, result: Result) -> Result:
        """Give a result whose breaks have ``status`` and ``note``, as the history holds them.

        Workbook, page and mail of such a result show what people have said of its breaks.
        """
        known = self.breaks(result.summary.venue)
        told = known.drop_duplicates("break_id", keep="last").set_index("break_id")
        own = told.reindex(result.breaks["break_id"]).reset_index(drop=True)
        said = {name: own[name].set_axis(result.breaks.index) for name in ("status", "note")}
        return replace(result, breaks=result.breaks.assign(**said))

    def balance(self, venue: str | None = None) -> pd.DataFrame:
        """Sum variances: found − closed = open; :data:`qerko_recon.history.columns.BALANCE`."""
        with self._file.reading():
            return frames.balance_frame(self._states(self._book(), venue))

    def note(
        self,
        break_id: str,
        text: str,
        *,
        status: str | None = None,
        by: str | None = None,
        venue: str | None = None,
        day: date | str | None = None,
    ) -> None:
        """Say something of a break; it stays with it in every run to come.

        Parameters
        ----------
        break_id, venue, day
            Which; venue and business day only where the ID alone does not tell.
        text
            What is to be said.
        status
            ``open``, ``explained``, ``accepted``, ``handed_on`` or ``closed``. ``accepted`` and
            ``closed`` hold for the variance the break has now: with another one it is open
            again.
        by
            Who says so; this user and machine where not given.

        Raises
        ------
        HistoryError
            There is no such break, the status is another, or the break's day is signed off.
        """
        if status is not None and status not in STATUSES:
            raise HistoryError(f"a status cannot be {status!r}; it can be {', '.join(STATUSES)}")
        if not text.strip():
            raise HistoryError("a note says something; give its text")
        who = name_of(by)
        with self._file.writing():
            book = self._book()
            whose, one = self._find_break(book, break_id, venue, day)
            need_unsigned(book, whose, [one.day], f"break {break_id}")
            payload = {
                "break_id": break_id,
                "key": one.key,
                "text": text.strip(),
                "variance": str(one.found.variance),
                **({} if status is None else {"status": status}),
            }
            what = "note" if status is None else "status"
            self._journal.append(what, whose, payload, by=who)

    @property
    def notes(self) -> pd.DataFrame:
        """A row a note; columns of :data:`qerko_recon.history.columns.NOTES`."""
        with self._file.reading():
            book = self._book()
            return frames.notes_frame(book, self._states(book, None))

    def _listed(self, venue: str | None, as_of: date | None, *, only_open: bool) -> pd.DataFrame:
        with self._file.reading():
            book = self._book()
            states = {
                name: sorted(
                    (one for one in some.values() if one.is_open or not only_open), key=_order
                )
                for name, some in self._states(book, venue).items()
            }
            return self._frame_of(book, states, as_of)

    def _find_break(
        self, book: Book, break_id: str, venue: str | None, day: date | str | None
    ) -> tuple[str, Carried]:
        """Find a break by its ID, among those that any run had."""
        wanted = None if day is None else day_of(day)
        keys = [
            (whose, key)
            for whose, key in self._file.facts.keys_of(break_id)
            if venue in {None, whose}
        ]
        found = []
        for whose in sorted({whose for whose, _ in keys}):
            states = self._states(book, whose)[whose]
            found += [(whose, states[key]) for name, key in keys if name == whose]
        found = [one for one in found if wanted in {None, one[1].day}]
        if not found:
            raise HistoryError(
                f"no recorded run has a break {shorten(break_id)}; `qerko-recon history open` "
                "lists those that are open"
            )
        if len(found) > 1:
            places = ", ".join(f"{one.day} of {whose or 'no venue'}" for whose, one in found)
            raise HistoryError(f"several breaks have the ID {break_id}: {places}; say which")
        return found[0]


def _order(one: Carried) -> tuple[date, str]:
    return one.day or date.min, one.key
