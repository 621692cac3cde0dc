"""Runs in; runs listed, shown again as they were, and laid side by side, out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

import pandas as pd

from qerko_recon.history import frames
from qerko_recon.history.book import Book
from qerko_recon.history.carrying import carry
from qerko_recon.history.columns import CARRIED
from qerko_recon.history.compare import RunComparison, changed_inputs, compare_runs
from qerko_recon.history.core import Core, name_of
from qerko_recon.history.file import KeptRun
from qerko_recon.history.packing import pack
from qerko_recon.history.recording import Arrival, days_of, facts_of, take_in
from qerko_recon.history.run import Moves, News, Run
from qerko_recon.history.states import Carried, sums_of
from qerko_recon.recon import Reconciliation
from qerko_recon.report import Result

__all__ = ["KeepsRuns"]

_DIGITS: Final = 12


class KeepsRuns(Core):
    """The part of a history that is about runs."""

    def record(
        self, result: Reconciliation, *, by: str | None = None, name: str | None = None
    ) -> Run:
        """Keep a run; it is whole in the file when this returns, or not there at all.

        The same inputs, policy and results are the same run: recorded again, nothing is kept
        twice.

        Parameters
        ----------
        result
            What ``reconcile`` returned.
        by
            Who prepared it; this user and machine where not given.
        name
            What to call it.

        Returns
        -------
        Run
            With ``news``: which breaks came, closed by themselves and are carried on, and
            whether an export is another one than before.
        """
        packed = pack(result)
        run_id = f"R-{packed.identity[:_DIGITS]}"
        venue = result.summary.venue or ""
        who = name_of(by)
        with self._file.writing():
            book = self._book()
            earlier = list(book.recordings)
            before = carry(facts_of(self._file, book, venue))
            seq = self._journal.next_seq()
            arrival = take_in(
                self._file, book, packed, result, run_id=run_id, seq=seq, by=who, name=name
            )
            moves = Moves(before, carry(facts_of(self._file, book, venue)))
            what = "run_recorded" if arrival.is_new else "run_again"
            payload = self._recorded(arrival, moves, name)
            self._journal.append(what, venue, payload, by=who)
        with self._file.reading():
            before_it = Book(recordings=earlier, sign_offs=book.sign_offs)
            news = self._news(arrival, moves, before_it)
            return replace(self._run(arrival.run), news=news)

    @property
    def runs(self) -> pd.DataFrame:
        """A row a run; columns of :data:`qerko_recon.history.columns.RUNS`."""
        with self._file.reading():
            return frames.runs_frame(self._file.runs(), self._book())

    @property
    def totals(self) -> pd.DataFrame:
        """A row a run and currency; columns of :data:`qerko_recon.history.columns.RUN_TOTALS`."""
        return frames.totals_frame(self._file.runs())

    def run(self, run: str | int) -> Run:
        """Look a run up.

        Parameters
        ----------
        run
            Its ID, the beginning of it, or its number.

        Raises
        ------
        HistoryError
            There is no such run, or several IDs begin so.
        """
        with self._file.reading():
            return self._run(self._find(run))

    def show(self, run: str | int) -> Result:
        """Give a run's result as it was: its reports come out the same, to the byte."""
        with self._file.reading():
            return self._file.result(self._find(run).no)

    def compare(self, before: str | int, after: str | int) -> RunComparison:
        """Lay two runs side by side: inputs, settings, totals, lines, payments, breaks."""
        with self._file.reading():
            return compare_runs(self._file, self._find(before), self._find(after))

    def _recorded(self, arrival: Arrival, moves: Moves, name: str | None) -> dict[str, Any]:
        """Say in the journal what came, by hashes that show when it is not so any more."""
        run, is_new = arrival.run, arrival.is_new
        return {
            "run_no": run.no,
            "run_id": run.run_id,
            **({} if name is None else {"name": name}),
            **({"run_sha256": self._file.run_sha256(run.no)} if is_new else {}),
            "facts_sha256": self._file.facts.sha256(arrival.seq, run.no if is_new else None),
            "open_before": _written(moves.open_before.values()),
            "open_after": _written(moves.open_after.values()),
        }

    def _news(self, arrival: Arrival, moves: Moves, earlier: Book) -> News:
        book, venue = self._book(), arrival.run.venue
        changed = moves.changed()
        showing = {
            "appeared": moves.appeared(),
            "closed": moves.closed(),
            "carried": [
                one for one in moves.open_after.values() if one.found_in.no != arrival.run.no
            ],
        }
        shown = {name: self._frame_of(book, {venue: some}) for name, some in showing.items()}
        other = self._fed_otherwise(arrival.run, earlier)
        return News(
            is_again=not arrival.is_new,
            before=sums_of(moves.open_before.values()),
            after=sums_of(moves.open_after.values()),
            open_before=len(moves.open_before),
            open_after=len(moves.open_after),
            changed=self._changed_frame(book, venue, changed),
            compared=None if other is None else compare_runs(self._file, other, arrival.run),
            signed=tuple(
                held
                for day in days_of(arrival.run)
                if (held := earlier.signed(venue, day)) is not None
            ),
            **shown,
        )

    def _changed_frame(
        self, book: Book, venue: str, changed: Iterable[tuple[Carried, Carried]]
    ) -> pd.DataFrame:
        """Show breaks as they are, with the variance they had."""
        pairs = list(changed)
        frame = self._frame_of(book, {venue: [after for _, after in pairs]})
        earlier = pd.Series(
            [before.found.variance for before, _ in pairs],
            dtype=pd.ArrowDtype(CARRIED.field("variance").type),
        )
        frame.insert(CARRIED.names.index("variance"), "variance_before", earlier)
        return frame

    def _fed_otherwise(self, run: KeptRun, earlier: Book) -> KeptRun | None:
        """Find the last run of the same days, if it read another version of what this one read."""
        same_days = (
            one for one in self._latest_first(earlier, run.venue) if one.window == run.window
        )
        last = next(same_days, None)
        if last is None or last.no == run.no:
            return None
        changed = changed_inputs(last, run)
        return last if any(one.before and one.after for one in changed) else None


def _written(states: Iterable[Carried]) -> dict[str, str]:
    return {currency: str(one) for currency, one in sums_of(states).items()}
