"""Which of several runs speaks for a payment or a line: what each says in, what counts out.

Runs overlap: a day is run again, a week is run over days that were. What counts is the same
whatever the order they were recorded in, unless they contradict each other:

1. A run that has the payment matched speaks before one in which it stands alone: the counterpart
   is there, be it in another day's export.
2. A run speaks against a match only where it would have to see it: it rereads the run that has the
   match, or reads the file the lines were in and covers their days.
3. Of two that have it alone, the one that covers its business day speaks before one that does not.
4. Otherwise the later one speaks. Later is what was recorded last, where one rereads the other; a
   run of other days that is only recorded again brings no news.

A run rereads another when it covers all its days and its export is the same one, as it was or as
it is now: a file they share, lines in common, or one name with payments or bills in common.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from qerko_recon.history.found import Found
from qerko_recon.history.view import Said, Window

__all__ = ["RunOrder", "Statement", "speaker"]


@dataclass(frozen=True, slots=True)
class RunOrder:
    """A run as far as it matters for who speaks.

    ``first`` and ``last`` are the recordings in which it came first and last; ``sources`` names
    the POS exports it read, ``rereads`` the numbers of the runs it rereads.
    """

    no: int
    run_id: str
    first: int
    last: int
    window: Window
    sources: frozenset[str]
    rereads: frozenset[int] = frozenset()

    def covers_days_of(self, other: RunOrder) -> bool:
        """Tell whether it covers all the days of another; without days, all of its exports."""
        if self.window is not None and other.window is not None:
            return self.window[0] <= other.window[0] and other.window[1] <= self.window[1]
        return self.window is other.window and self.sources >= other.sources


@dataclass(frozen=True, slots=True)
class Statement:
    """What a run says of a subject, with the breaks it found about it."""

    run: RunOrder
    said: Said
    found: tuple[Found, ...] = field(default=())


def speaker(statements: Iterable[Statement]) -> Statement:
    """Give the statement that counts, of those on one subject."""
    ordered = sorted(statements, key=lambda one: one.run.first)
    best = ordered[0]
    for one in ordered[1:]:
        if _overrules(one, best):
            best = one
    return best


def _overrules(one: Statement, other: Statement) -> bool:
    """Tell whether a statement counts before one whose run came first earlier."""
    kinds = one.said.kind, other.said.kind
    if "absent" in kinds:
        return other.said.kind == "absent" and (one.said.kind != "absent" or _is_later(one, other))
    if "gone" in kinds:
        return _is_later(one, other)
    if kinds == ("matched", "alone"):
        return not _refutes(other, one)
    if kinds == ("alone", "matched"):
        return _refutes(one, other)
    if not _is_later(one, other):
        return False
    return one.said.covers >= other.said.covers or (one.said.kind == "alone" and not one.found)


def _is_later(one: Statement, other: Statement) -> bool:
    if other.run.no in one.run.rereads or one.run.no in other.run.rereads:
        return one.run.last > other.run.last
    return one.run.first > other.run.first


def _refutes(alone: Statement, matched: Statement) -> bool:
    """Tell whether a run that has it alone would have to see what another has it matched with."""
    if matched.run.no in alone.run.rereads:
        return alone.run.last > matched.run.last
    lines, window = matched.said, alone.run.window
    if not lines.files or lines.first is None or lines.last is None or window is None:
        return False
    reads_them = alone.run.sources.issuperset(lines.files)
    covers_them = window[0] <= lines.first and lines.last <= window[1]
    return alone.run.first > matched.run.last and reads_them and covers_them
