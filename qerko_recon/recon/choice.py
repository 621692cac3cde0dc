"""Choose between readings of the same data: what each explains in, the one to take out.

The first candidate is the default. Another is taken only where it explains clearly more, so that
faults are not explained away: see :func:`is_clearly_better`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from qerko_recon.recon.coded import Mask, Units

__all__ = ["FEW", "Choice", "Judged", "Option", "Tally", "View", "choose", "is_clearly_better"]

FEW: Final = 3
"""So many payments must tell two readings apart; fewer may be faults."""

_BLOCK: Final = 1 << 16


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
    """Some payments as one candidate sees them: which it explains, and its figures of each."""

    explains: Mask
    figures: tuple[Units, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """What candidates are judged by.

    ``view`` gives, of the candidate at a place, the payments of a slice of ``size`` rows; ``of``
    of these are judged, and the others are explained by no candidate and figure as 0 in all.
    ``heads`` gives, for each candidate, the first that sees all payments as it does.
    """

    view: Callable[[int, slice], View]
    size: int
    of: int
    heads: Sequence[int]

    def blocks(self) -> Iterator[slice]:
        """Cut the rows into blocks that a processor's cache holds."""
        for start in range(0, self.size, _BLOCK):
            yield slice(start, min(start + _BLOCK, self.size))


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


def choose(options: Sequence[Option], judged: Judged) -> Choice:
    """Take the default, which is the first, unless another candidate is clearly better."""
    places = range(len(options))
    found = _against(0, places, judged)
    better = [
        place for place in places if is_clearly_better(found.tally(place), options[place].odds)
    ]
    chosen = 0
    if better:
        chosen = _pick(better, found, options, judged)
        found = _against(chosen, places, judged)
    return Choice(
        chosen,
        tuple(found.explains[place] for place in places),
        judged.of,
        tuple(found.tally(place) for place in places),
        found.differing,
        found.fits,
    )


def _pick(
    better: Sequence[int], found: _Against, options: Sequence[Option], judged: Judged
) -> int:
    """Take what explains most, or what explains not clearly less with fewer changes."""
    explains = found.explains
    best = max(better, key=lambda place: (explains[place], -options[place].changes, -place))
    simpler = [place for place in better if options[place].changes < options[best].changes]
    for place in sorted(simpler, key=lambda place: (options[place].changes, -explains[place])):
        tally = _against(place, [best], judged).tally(best)
        if not is_clearly_better(tally, options[best].odds):
            return place
    return best


@dataclass(slots=True)
class _Against:
    """Candidates set against one of them, counted block by block."""

    explains: Counter[int] = field(default_factory=Counter)
    wins: Counter[int] = field(default_factory=Counter)
    losses: Counter[int] = field(default_factory=Counter)
    differs: Counter[int] = field(default_factory=Counter)
    differing: int = 0
    fits: int = 0

    def tally(self, place: int) -> Tally:
        """Give one candidate's count."""
        return Tally(self.wins[place], self.losses[place], self.differs[place])


def _against(other: int, places: Iterable[int], judged: Judged) -> _Against:
    found, places = _Against(), tuple(places)
    own_head = judged.heads[other]
    others = sorted({judged.heads[place] for place in places} - {own_head})
    for rows in judged.blocks():
        base = judged.view(own_head, rows)
        anywhere = np.zeros(len(base.explains), dtype=bool)
        explains = int(np.count_nonzero(base.explains))
        found.explains[own_head] += explains
        for head in others:
            own = judged.view(head, rows)
            apart = np.zeros_like(anywhere)
            for one, two in zip(own.figures, base.figures, strict=True):
                apart |= one != two
            anywhere |= apart
            alone = int(np.count_nonzero(own.explains))
            both = int(np.count_nonzero(own.explains & base.explains))
            found.explains[head] += alone
            found.wins[head] += alone - both
            found.losses[head] += explains - both
            found.differs[head] += int(np.count_nonzero(apart))
        found.differing += int(np.count_nonzero(anywhere))
        found.fits += int(np.count_nonzero(anywhere & base.explains))
    for place in places:
        for counts in (found.explains, found.wins, found.losses, found.differs):
            counts[place] = counts[judged.heads[place]]
    return found
