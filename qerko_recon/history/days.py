"""Business days signed off by name, reopened with a reason, and what changed since."""

from __future__ import annotations

from datetime import date

import pandas as pd

from qerko_recon.errors import HistoryError
from qerko_recon.history import frames
from qerko_recon.history.book import SignOff
from qerko_recon.history.compare import compare_runs
from qerko_recon.history.core import Core, day_of, name_of
from qerko_recon.history.run import Moves
from qerko_recon.history.signing import SinceSignOff, run_of_day, sign_off_payload
from qerko_recon.history.states import Carried

__all__ = ["SignsDays"]


class SignsDays(Core):
    """The part of a history that is about sign-offs."""

    def sign_off(
        self,
        venue: str | None,
        business_day: date | str,
        *,
        by: str,
        comment: str = "",
        with_open_breaks: bool = False,
        allow_same_person: bool = False,
    ) -> SignOff:
        """Sign a business day off: what belongs to it stays as it is until it is reopened.

        Parameters
        ----------
        venue
            Whose day; ``None`` means the only venue in the file.
        by
            Who reviewed it.
        comment
            For whoever reads it next.
        with_open_breaks
            To be said where the day has open breaks.
        allow_same_person
            To be said where who prepared the day (recorded its run) signs it too; recorded.

        Raises
        ------
        HistoryError
            No run of the day is recorded, it is signed off already, or one of the two had to be
            said and was not.
        """
        day, who = day_of(business_day), name_of(by)
        with self._file.writing():
            book = self._book()
            whose = self._venue(venue)
            payload = sign_off_payload(
                book,
                run_of_day(self._file.runs(whose), book, day),
                self._states(book, whose)[whose],
                venue=whose,
                day=day,
                by=who,
                comment=comment,
                with_open_breaks=with_open_breaks,
                allow_same_person=allow_same_person,
            )
            self._journal.append("signed_off", whose, payload, by=who)
        held = self._book().signed(whose, day)
        assert held is not None  # noqa: S101 - it was just written
        return held

    def reopen(self, venue: str | None, business_day: date | str, *, by: str, reason: str) -> None:
        """Take a sign-off back, so that the day can be worked on; the journal says who and why.

        Raises
        ------
        HistoryError
            The day is not signed off, or no reason is given.
        """
        day, who = day_of(business_day), name_of(by)
        if not reason.strip():
            raise HistoryError("a day is reopened for a reason; give it")
        with self._file.writing():
            book = self._book()
            whose = self._venue(venue)
            _need_signed(book.signed(whose, day), day)
            payload = {"business_day": day.isoformat(), "reason": reason.strip()}
            self._journal.append("reopened", whose, payload, by=who)

    def since_sign_off(self, venue: str | None, business_day: date | str) -> SinceSignOff:
        """Tell what changed of a day since it was signed off.

        Raises
        ------
        HistoryError
            The day is not signed off.
        """
        day = day_of(business_day)
        with self._file.reading():
            now = self._book()
            whose = self._venue(venue)
            held = _need_signed(now.signed(whose, day), day)
            then = self._book(held.seq)
            moves = Moves(
                _of_day(self._states(then, whose, held.seq)[whose], day),
                _of_day(self._states(now, whose)[whose], day),
            )
            runs = self._file.runs(whose)
            signed, last = run_of_day(runs, then, day), run_of_day(runs, now, day)
            assert signed is not None  # noqa: S101 - a day without a run is not signed off
            assert last is not None  # noqa: S101 - that run is still there
            listed = frames.runs_frame(runs, now)
            later = {one.run_no for one in now.recordings if one.seq > held.seq}
            covers = (listed["first_day"] <= day) & (listed["last_day"] >= day)
            is_later = listed["run_no"].isin(later) & covers.fillna(value=False)
            return SinceSignOff(
                sign_off=held,
                runs=listed[is_later].reset_index(drop=True),
                compared=None if signed.no == last.no else compare_runs(self._file, signed, last),
                appeared=self._frame_of(now, {whose: moves.appeared()}),
                closed=self._frame_of(now, {whose: moves.closed()}),
                changed=self._frame_of(now, {whose: [after for _, after in moves.changed()]}),
            )

    @property
    def sign_offs(self) -> pd.DataFrame:
        """A row a sign-off; columns of :data:`qerko_recon.history.columns.SIGN_OFFS`."""
        with self._file.reading():
            return frames.sign_offs_frame(self._book())


def _of_day(states: dict[str, Carried], day: date) -> dict[str, Carried]:
    return {key: one for key, one in states.items() if one.day == day}


def _need_signed(held: SignOff | None, day: date) -> SignOff:
    if held is None:
        raise HistoryError(f"{day} is not signed off")
    return held
