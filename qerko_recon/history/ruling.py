"""Rulings that a history keeps for a venue, so that every run to come follows them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final

import pandas as pd
import pyarrow.compute as pc

from qerko_recon.errors import HistoryError, shorten
from qerko_recon.history import frames
from qerko_recon.history.book import KeptRuling, ruling_id_of
from qerko_recon.history.core import Core, name_of
from qerko_recon.history.signing import need_unsigned
from qerko_recon.recon.rulings import Ruling

__all__ = ["KeepsRulings"]

_OPPOSITES: Final = ({"accept_match", "reject_match"},)
_MATCH: Final = ("match_id", "status", "payment_ids", "tender_ids")


class KeepsRulings(Core):
    """The part of a history that is about rulings."""

    def rule(
        self, ruling: Ruling, *, venue: str | None = None, by: str | None = None
    ) -> KeptRuling:
        """Keep a ruling: the venue's next runs follow it.

        Parameters
        ----------
        venue
            Whose; where not given the only one in the file.
        by
            Who decided, where the ruling does not say; else this user and machine.

        Raises
        ------
        HistoryError
            It contradicts one that is in force, or is about a day that is signed off.
        """
        who = ruling.by or name_of(by)
        made_at = ruling.at or datetime.now(UTC)
        kept = replace(ruling, by=who, at=made_at)
        with self._file.writing():
            book = self._book()
            whose = self._venue(venue)
            ruling_id = ruling_id_of(whose, kept)
            for one in book.in_force(whose):
                if one.ruling_id == ruling_id:
                    return one
                if _contradict(one.ruling, kept):
                    raise HistoryError(
                        f"{one.ruling_id} says the opposite ({one.ruling.kind}: "
                        f"{shorten(one.ruling.reason)}); withdraw it first"
                    )
            days = self._days_of(whose, kept)
            need_unsigned(book, whose, days, "what the ruling is about")
            payload = {
                "ruling_id": ruling_id,
                "kind": kept.kind,
                "payment_ids": kept.payment_ids,
                "tender_ids": kept.tender_ids,
                "reason": kept.reason,
                "decided_by": who,
                "decided_at": made_at.isoformat(),
                "days": [day.isoformat() for day in days],
            }
            self._journal.append("ruling", whose, payload, by=who)
        return KeptRuling(ruling_id, whose or None, kept, days)

    def accept(
        self, match_id: str, *, reason: str, by: str | None = None, venue: str | None = None
    ) -> KeptRuling:
        """Take a suggested match of a recorded run; the last run that has it counts.

        Raises
        ------
        HistoryError
            No run has it, it is confirmed already, or the ruling cannot be kept.
        """
        match = self._find_match(venue, match_id)
        if match["status"] == "confirmed":
            raise HistoryError(f"{match_id} is confirmed already; there is nothing to accept")
        return self._rule_on(match, "accept_match", reason, by, venue)

    def reject(
        self, match_id: str, *, reason: str, by: str | None = None, venue: str | None = None
    ) -> KeptRuling:
        """Refuse a match of a recorded run: no pass brings these together again.

        Raises
        ------
        HistoryError
            No run has it, or the ruling cannot be kept.
        """
        match = self._find_match(venue, match_id)
        return self._rule_on(match, "reject_match", reason, by, venue)

    def rulings(self, venue: str | None = None) -> tuple[Ruling, ...]:
        """Give the rulings in force, as ``Policy(rules=…)`` takes them."""
        with self._file.reading():
            return tuple(one.ruling for one in self._book().in_force(self._venue(venue)))

    def withdraw(
        self, ruling_id: str, *, reason: str, by: str | None = None, venue: str | None = None
    ) -> None:
        """Take a ruling back: the next runs do not follow it.

        Raises
        ------
        HistoryError
            There is no such ruling in force, or it is about a day that is signed off.
        """
        who = name_of(by)
        with self._file.writing():
            book = self._book()
            held = [
                one
                for one in book.rulings
                if one.ruling_id == ruling_id and one.is_in_force and venue in {None, one.venue}
            ]
            if not held:
                raise HistoryError(f"no ruling {shorten(ruling_id)} is in force")
            whose = held[0].venue or ""
            need_unsigned(book, whose, held[0].days, f"ruling {ruling_id}")
            payload = {"ruling_id": ruling_id, "reason": reason}
            self._journal.append("ruling_withdrawn", whose, payload, by=who)

    @property
    def all_rulings(self) -> pd.DataFrame:
        """A row a ruling; columns of :data:`qerko_recon.history.columns.RULINGS`."""
        with self._file.reading():
            return frames.rulings_frame(self._book())

    def _rule_on(
        self, match: dict[str, Any], kind: str, reason: str, by: str | None, venue: str | None
    ) -> KeptRuling:
        ids = tuple(match["payment_ids"]), tuple(match["tender_ids"])
        return self.rule(Ruling(kind, *ids, reason=reason), venue=venue, by=by)

    def _find_match(self, venue: str | None, match_id: str) -> dict[str, Any]:
        with self._file.reading():
            for run in self._latest_first(self._book(), self._venue(venue)):
                matches = self._file.frame(run.no, "matches", _MATCH)
                some = matches.filter(pc.equal(matches["match_id"], match_id))
                if some.num_rows:
                    found: dict[str, Any] = some.to_pylist()[0]
                    return found
        raise HistoryError(
            f"no recorded run has a match {shorten(match_id)}; a run's sheet of matches names them"
        )

    def _days_of(self, venue: str, ruling: Ruling) -> tuple[date, ...]:
        """Tell the business days of what a ruling is about, as far as runs know them."""
        days: set[date] = set()
        for run in self._file.runs(venue):
            view = self._file.view(run)
            days |= view.days_of("payment_id", ruling.payment_ids)
            days |= view.days_of("tender_id", ruling.tender_ids)
        return tuple(sorted(days))


def _contradict(one: Ruling, other: Ruling) -> bool:
    about = (one.payment_ids, one.tender_ids), (other.payment_ids, other.tender_ids)
    return about[0] == about[1] and {one.kind, other.kind} in _OPPOSITES
