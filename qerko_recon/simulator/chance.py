"""Seeded chance that falls the same way everywhere: a seed and a name in, choices out.

Only :meth:`random.Random.random` is promised to give the same numbers in every version of
Python, so every choice is made from it alone.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

__all__ = ["Chance"]

_T = TypeVar("_T")


class Chance:
    """Choices that depend on the seed and on what they are for, and on nothing else.

    >>> Chance(1, "dice").between(1, 6) == Chance(1, "dice").between(1, 6)
    True
    """

    def __init__(self, seed: int, name: str) -> None:
        digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
        self._random = random.Random(int.from_bytes(digest[:8], "big"))

    def below(self, limit: int) -> int:
        """Choose a whole number from 0 to ``limit`` − 1."""
        return int(self._random.random() * limit)

    def between(self, low: int, high: int) -> int:
        """Choose a whole number from ``low`` to ``high``, both included."""
        return low + self.below(high - low + 1)

    def happens(self, per_hundred: int) -> bool:
        """Decide something that is so in so many of a hundred cases."""
        return self.below(100) < per_hundred

    def pick(self, options: Sequence[_T]) -> _T:
        """Choose one, each as likely as any other."""
        return options[self.below(len(options))]

    def weighted(self, options: Sequence[tuple[_T, int]]) -> _T:
        """Choose one, each as likely as its weight says."""
        left = self.below(sum(weight for _, weight in options))
        for option, weight in options:
            left -= weight
            if left < 0:
                return option
        raise AssertionError("weights are positive")

    def digits(self, count: int) -> str:
        """Write a number of that many digits."""
        return "".join(str(self.below(10)) for _ in range(count))

    def guid(self) -> str:
        """Write an identifier in the form of a GUID."""
        text = "".join(f"{self.below(16):x}" for _ in range(32))
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
