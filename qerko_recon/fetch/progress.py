"""How far a fetch is: a snapshot for whoever asks, a bar for people."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

__all__ = ["Progress", "reporter"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a fetch is; a snapshot.

    Attributes
    ----------
    done, total
        Distinct IDs with an outcome, and in all; ``total`` is ``None`` while it is not known.
    fetched, failed
        What the outcomes are; those ``held`` by the store, and not asked for, count too.
    held
        IDs that the store had.
    seconds
        Since the fetch began.
    rate
        Payments a second, of those asked for.
    concurrency
        Requests at once, as things are.
    pause
        Why nothing is being asked for, and from when on it will be again; ``None`` where all is
        well.
    """

    done: int
    total: int | None
    fetched: int
    failed: int
    held: int = 0
    seconds: float = 0.0
    concurrency: int = 0
    pause: str | None = None

    @property
    def rate(self) -> float:
        """Payments a second, of those asked for."""
        return (self.done - self.held) / self.seconds if self.seconds else 0.0

    @property
    def remaining(self) -> float | None:
        """Seconds to go at this rate; ``None`` while nobody can tell."""
        if self.total is None or not self.rate:
            return None
        return (self.total - self.done) / self.rate


@contextmanager
def reporter(
    progress: bool | Callable[[Progress], object], unit_total: int | None
) -> Iterator[Callable[[Progress], object]]:
    """Give the function that hears how far it is: the caller's, a bar's, or nobody's."""
    if callable(progress):
        yield progress
        return
    if not progress:
        yield _nobody
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a notebook without widgets: text will do
        from tqdm.auto import tqdm

        bar = tqdm(total=unit_total, desc="Payments", unit="", file=sys.stderr)
    with bar:

        def draw(state: Progress) -> None:
            if state.total is not None and bar.total != state.total:
                bar.total = state.total
            said = {"not had": state.failed} if state.failed else {}
            bar.set_postfix_str(state.pause or ", ".join(f"{n} {k}" for k, n in said.items()))
            bar.update(state.done - bar.n)

        yield draw


def _nobody(_: Progress) -> None:
    """Hear of it and do nothing."""
