"""Signing a business day off, and what changed since: the state of the file in and out.

A day that is signed off stays as it was signed: who wants to note, rule or give a status on it
reopens it first, and the journal says who did and why. A later run of the day is kept beside the
sign-off, not in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import pandas as pd

from qerko_recon.errors import HistoryError, shorten
from qerko_recon.history.book import Book, SignOff
from qerko_recon.history.compare import RunComparison
from qerko_recon.history.file import KeptRun
from qerko_recon.history.states import Carried, sums_of
from qerko_recon.money import format_amount

__all__ = ["SinceSignOff", "need_unsigned", "run_of_day", "sign_off_payload", "written_sums"]

_NAMED: Final = 3


@dataclass(frozen=True, repr=False, eq=False)
class SinceSignOff:
    """What changed of a business day since it was signed off.

    Attributes
    ----------
    sign_off
        The sign-off.
    runs
        Runs of the day that were recorded since; columns of
        :data:`qerko_recon.history.columns.RUNS`.
    compared
        The run that was signed beside the last one, where that is another.
    appeared, closed, changed
        Breaks of the day; columns of :data:`qerko_recon.history.columns.CARRIED`.
    """

    sign_off: SignOff
    runs: pd.DataFrame
    compared: RunComparison | None
    appeared: pd.DataFrame
    closed: pd.DataFrame
    changed: pd.DataFrame

    @property
    def is_same(self) -> bool:
        """Whether the day is as it was signed off."""
        moved = len(self.appeared) + len(self.closed) + len(self.changed)
        return not moved and (self.compared is None or self.compared.is_same)

    def __repr__(self) -> str:
        from qerko_recon.history.faces import since_text

        return since_text(self)

    def _repr_html_(self) -> str:
        from qerko_recon.history.faces import since_html

        return since_html(self)


def run_of_day(runs: Iterable[KeptRun], book: Book, day: date) -> KeptRun | None:
    """Give the run of a day that was recorded last."""
    lasts = {one.run_no: one.seq for one in book.recordings}
    covering = [
        run
        for run in runs
        if run.no in lasts and run.window is not None and run.window[0] <= day <= run.window[1]
    ]
    return max(covering, key=lambda run: lasts[run.no], default=None)


def sign_off_payload(
    book: Book,
    run: KeptRun | None,
    states: Mapping[str, Carried],
    *,
    venue: str,
    day: date,
    by: str,
    comment: str,
    with_open_breaks: bool,
    allow_same_person: bool,
) -> dict[str, Any]:
    """Check that a day may be signed off; give what the journal keeps of it.

    Raises
    ------
    HistoryError
        No run of the day is recorded, it is signed off already, it has open breaks and nobody
        said that they are known, or who prepared it would review it.
    """
    if run is None:
        raise HistoryError(
            f"no run of {_named(venue, day)} is recorded, so there is nothing to sign"
        )
    held = book.signed(venue, day)
    if held is not None:
        raise HistoryError(
            f"{_named(venue, day)} is signed off already, by {held.by} on {held.at:%Y-%m-%d}; "
            "reopen it first"
        )
    left = [one for one in states.values() if one.is_open and one.day == day]
    if left and not with_open_breaks:
        some = ", ".join(one.found.break_id for one in left[:_NAMED])
        more = f" and {len(left) - _NAMED} more" if len(left) > _NAMED else ""
        raise HistoryError(
            f"breaks of {_named(venue, day)} are open ({written_sums(left)}): {some}{more}; close "
            "them, or say that they are known (with_open_breaks=True, --with-open-breaks)"
        )
    prepared_by = next(one.by for one in reversed(book.recordings) if one.run_no == run.no)
    is_same = _who(prepared_by) == _who(by)
    if is_same and not allow_same_person:
        raise HistoryError(
            f"{shorten(prepared_by)} prepared {_named(venue, day)}, and who prepared a day does "
            "not review it; let somebody else sign, or say that it is allowed "
            "(allow_same_person=True, --allow-same-person)"
        )
    return {
        "business_day": day.isoformat(),
        "comment": comment,
        "prepared_by": prepared_by,
        "is_same_person": is_same,
        "run_id": run.run_id,
        "open_breaks": len(left),
        "open_sums": {currency: str(one) for currency, one in sums_of(left).items()},
    }


def need_unsigned(book: Book, venue: str, days: Iterable[date | None], what: str) -> None:
    """Refuse to change what belongs to a day that is signed off."""
    for day in days:
        held = book.signed(venue, day)
        if held is not None:
            raise HistoryError(
                f"{what} is of {held.business_day}, which {held.by} signed off on "
                f"{held.at:%Y-%m-%d}; reopen the day first"
            )


def written_sums(states: Iterable[Carried]) -> str:
    """Write the variances of breaks by currency."""
    sums = sums_of(states).items()
    return " and ".join(format_amount(one, currency) for currency, one in sums) or "0"


def _named(venue: str, day: date) -> str:
    return f"{day} of {venue}" if venue else str(day)


def _who(name: str) -> str:
    """Bring a name to what makes it the same person: the user, on whichever machine."""
    return " ".join(name.partition("@")[0].split()).casefold()
