"""Outcomes of one fetch, kept in memory."""

from __future__ import annotations

from collections.abc import Sequence

from qerko_recon.fetch.wanted import writable
from qerko_recon.frames import Failure, Fetched, Payments

__all__ = ["Memory"]


class Memory:
    """A book that is gone with the process."""

    def __init__(self) -> None:
        self._outcomes: dict[str, Fetched | Failure | None] = {}

    def add(self, ids: Sequence[str]) -> tuple[list[str], int, int]:
        """Take in IDs; give those that are new, and how many of them were had: none."""
        new = []
        for payment_id in ids:
            name = writable(payment_id)
            if name not in self._outcomes:
                self._outcomes[name] = None
                new.append(payment_id)
        return new, 0, 0

    def put(self, outcome: Fetched | Failure) -> None:
        """Keep an outcome."""
        self._outcomes[outcome.payment_id] = outcome

    def payments(self) -> Payments:
        """Give what has an outcome, in the order asked for."""
        kept = self._outcomes.values()
        return Payments(
            [one for one in kept if isinstance(one, Fetched)],
            [one for one in kept if isinstance(one, Failure)],
        )
