"""Choose between readings of the same data: what each explains in, the one to take out.

The first candidate is the default. Another is taken only where it explains clearly more, so that
faults are not explained away: see :func:`is_clearly_better`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from qerko_recon.recon.intake import Mask, Units

__all__ = ["FEW", "Choice", "Option", "Tally", "View", "choose", "is_clearly_better"]

FEW: Final = 3
"""So many payments must tell two readings apart; fewer may be faults."""


@dataclass(frozen=True, slots=True)
class Option:
    """What is to be known of a candidate before the data are asked.

    ``changes`` is in how many settings it differs from the default: of two that explain about as
    much the one with fewer is taken. ``odds`` is how many payments must speak for it to each one
    that speaks against it.
    """

    changes: int
    odds: int = 2


@dataclass(frozen=True, eq=False)
class View:
    """Payments as one candidate sees them: which it explains, and its figures of each."""

    explains: Mask
    figures: tuple[Units, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """One candidate against another.

    ``wins`` are payments that it alone explains, ``losses`` those that only the other does;
    ``differs`` are all of which the two give different figures.
    """

    wins: int
    losses: int
    differs: int

    @property
    def tells(self) -> int:
        """How many payments tell the two apart."""
        return self.wins + self.losses


@dataclass(frozen=True, slots=True)
class Choice:
    """Which candidate was taken, what each explains, and each against the one taken.

    ``of`` are all payments judged, ``differing`` those that not all candidates read alike, and
    ``fits`` those of them that the chosen one explains.
    """

    chosen: int
    explains: tuple[int, ...]
    of: int
    tallies: tuple[Tally, ...]
    differing: int
    fits: int

    def explains_of_differing(self, place: int) -> int:
        """Count what a candidate explains of the payments that not all read alike."""
        return self.explains[place] - self.explains[self.chosen] + self.fits


def is_clearly_better(tally: Tally, odds: int = 2) -> bool:
    """Tell whether a candidate is to be taken in place of another.

    It explains alone at least :data:`FEW` payments, at least half of those that the two read
    differently, and ``odds`` times as many as the other explains alone. So with odds of two
    three payments in ten may be faults, even faults that look as if the other reading were right.

    >>> is_clearly_better(Tally(7, 3, 10)), is_clearly_better(Tally(6, 4, 10))
    (True, False)
    >>> is_clearly_better(Tally(2, 0, 2)), is_clearly_better(Tally(4, 0, 10))
    (False, False)
    """
    wins = tally.wins
    return wins >= FEW and 2 * wins >= tally.differs and wins >= odds * tally.losses


def choose(options: Sequence[Option], view: Callable[[int], View]) -> Choice:
    """Take the default, which is the first, unless another candidate is clearly better.

    Parameters
    ----------
    options
        The candidates.
    view
        Gives the payments as the candidate at a place sees them.
    """
    places = range(len(options))
    found = _against(0, places, view)
    better = [
        place for place in places if is_clearly_better(found.tallies[place], options[place].odds)
    ]
    chosen = 0
    if better:
        chosen = _pick(better, found.explains, options, view)
        found = _against(chosen, places, view)
    return Choice(
        chosen,
        tuple(found.explains[place] for place in places),
        len(found.apart),
        tuple(found.tallies[place] for place in places),
        int(np.count_nonzero(found.apart)),
        int(np.count_nonzero(found.apart & found.base)),
    )


def _pick(
    better: Sequence[int],
    explains: dict[int, int],
    options: Sequence[Option],
    view: Callable[[int], View],
) -> int:
    """Take what explains most, or what explains not clearly less with fewer changes."""
    best = max(better, key=lambda place: (explains[place], -options[place].changes, -place))
    simpler = [place for place in better if options[place].changes < options[best].changes]
    for place in sorted(simpler, key=lambda place: (options[place].changes, -explains[place])):
        tally = _against(place, [best], view).tallies[best]
        if not is_clearly_better(tally, options[best].odds):
            return place
    return best


@dataclass(frozen=True, eq=False)
class _Against:
    """Candidates set against one of them, ``base`` being what that one explains."""

    base: Mask
    apart: Mask
    explains: dict[int, int]
    tallies: dict[int, Tally]


def _against(other: int, places: Iterable[int], view: Callable[[int], View]) -> _Against:
    base = view(other)
    found = _Against(base.explains, np.zeros(len(base.explains), dtype=bool), {}, {})
    for place in places:
        own = base if place == other else view(place)
        apart = np.zeros(len(base.explains), dtype=bool)
        for one, two in zip(own.figures, base.figures, strict=True):
            apart |= one != two
        found.apart[apart] = True
        found.explains[place] = int(np.count_nonzero(own.explains))
        found.tallies[place] = Tally(
            int(np.count_nonzero(own.explains & ~base.explains)),
            int(np.count_nonzero(base.explains & ~own.explains)),
            int(np.count_nonzero(apart)),
        )
    return found
