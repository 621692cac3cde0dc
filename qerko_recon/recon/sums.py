"""Exact subset sums: amounts in, the smallest set of them that makes a sum out.

The search goes through distinct sums, not through combinations, so equal amounts cost nothing and
a bill of ten thousand crowns has few; what is too many even so is given up, and said. Of several
sets the smallest is taken, of equally small ones the one with the larger amounts, whatever order
they came in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["STATES", "CommonSum", "Sums", "common_sum"]

STATES: Final = 20_000
"""How many distinct sums are followed before a search is given up."""

_Ways = tuple[int, tuple[int, ...], int]
"""Size of the smallest set, how many of each distinct amount it has, how many such sets."""


@dataclass(frozen=True, slots=True)
class Sums:
    """The sums that some amounts make, each by its smallest set.

    Attributes
    ----------
    amounts
        The distinct amounts, largest first.
    held
        How many there are of each.
    ways
        Sum to its smallest set; the empty set is left out.
    is_whole
        Whether all sums are there: nothing was given up.
    """

    amounts: tuple[int, ...]
    held: tuple[int, ...]
    ways: Mapping[int, _Ways]
    is_whole: bool

    @classmethod
    def of(cls, amounts: Sequence[int], target: int | None = None, most: int = STATES) -> Sums:
        """Follow every sum, or those that can still become ``target``.

        >>> Sums.of([30, 10, 20]).ways[30]
        (1, (1,), 1)
        """
        counts = Counter(amounts)
        distinct = sorted(counts, reverse=True)
        held = tuple(counts[amount] for amount in distinct)
        limit = target if target is not None and min(distinct, default=0) >= 0 else None
        ways: dict[int, _Ways] = {0: (0, (), 1)}
        for place, amount in enumerate(distinct):
            grown = dict(ways)
            for total, (size, taken, number) in ways.items():
                padded = taken + (0,) * (place - len(taken))
                for many in range(1, held[place] + 1):
                    new = total + many * amount
                    if limit is not None and new > limit:
                        break
                    _keep(grown, new, (size + many, (*padded, many), number))
            ways = grown
            if len(ways) > most:
                return cls(tuple(distinct), held, _nonempty(ways), is_whole=False)
        return cls(tuple(distinct), held, _nonempty(ways), is_whole=True)

    def chosen(self, total: int) -> dict[int, int]:
        """Give how many of each amount the smallest set of a sum has."""
        _, taken, _ = self.ways[total]
        return {amount: many for amount, many in zip(self.amounts, taken, strict=False) if many}

    def is_only(self, total: int) -> bool:
        """Tell whether no other set as small makes the sum, nor any other of equal rows."""
        _, taken, number = self.ways[total]
        whole = all(many in {0, held} for many, held in zip(taken, self.held, strict=False))
        return number == 1 and whole


def _keep(ways: dict[int, _Ways], total: int, new: _Ways) -> None:
    """Keep the smaller set; of equals the one found first, which has the larger amounts."""
    known = ways.get(total)
    if known is None or new[0] < known[0]:
        ways[total] = new
    elif new[0] == known[0]:
        ways[total] = (known[0], known[1], known[2] + new[2])


def _nonempty(ways: dict[int, _Ways]) -> dict[int, _Ways]:
    """Leave out the empty set; a sum of 0 that only it makes is none."""
    return {total: way for total, way in ways.items() if way[0]}


@dataclass(frozen=True, slots=True)
class CommonSum:
    """A sum that both sides make: what to take of each, and whether it is the only choice."""

    total: int
    left: Mapping[int, int]
    right: Mapping[int, int]
    is_only: bool


def common_sum(left: Sums, right: Sums) -> CommonSum | None:
    """Find the smallest sets of two sides that make the same sum.

    >>> found = common_sum(Sums.of([10, 20, 30]), Sums.of([15, 15, 45]))
    >>> found.total, dict(found.left), dict(found.right)
    (30, {30: 1}, {15: 2})
    """
    common = left.ways.keys() & right.ways.keys()
    if not common:
        return None

    def rank(total: int) -> tuple[int, int, int]:
        sizes = left.ways[total][0], right.ways[total][0]
        return sum(sizes), max(sizes), -total

    best = min(common, key=rank)
    # Another sum with sets as small may be taken next; it leaves this one's sets untouched or not,
    # but which money stands against which is the same.
    is_only = left.is_only(best) and right.is_only(best)
    return CommonSum(best, left.chosen(best), right.chosen(best), is_only)
