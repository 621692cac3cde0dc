"""Work for the other processors: parsing, hashing and sums of whole columns leave Python alone."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import ParamSpec, TypeVar

__all__ = ["aside", "at_once"]

Given = ParamSpec("Given")
Found = TypeVar("Found")
One = TypeVar("One")


def aside(
    work: Callable[Given, Found], *given: Given.args, **named: Given.kwargs
) -> Future[Found]:
    """Begin some work in a thread of its own.

    >>> aside(sum, [1, 2]).result()
    3
    """
    pool = ThreadPoolExecutor(1)
    future = pool.submit(work, *given, **named)
    pool.shutdown(wait=False)
    return future


def at_once(look: Callable[[One], Found], these: Iterable[One]) -> list[Found]:
    """Do something for each of several, on as many threads as there are processors.

    What is done has to leave Python for most of the time, as numpy and Arrow do; it may do other
    things at once in turn.

    >>> at_once(len, ["a", "bc", ""])
    [1, 2, 0]

    Raises
    ------
    BaseException
        What the first of them raises that fails; the others may or may not have been done.
    """
    rest = deque(enumerate(these))
    found: dict[int, Found] = {}

    def work() -> None:
        while True:
            try:
                place, one = rest.popleft()
            except IndexError:
                return
            try:
                found[place] = look(one)
            except BaseException:
                rest.clear()  # the others need not go on
                raise

    count = len(rest)
    # The caller works too and waits for none that has not begun, so nothing waits for itself.
    others = [_workers().submit(work) for _ in range(min(count, _processors()) - 1)]
    try:
        work()
    finally:
        failed = [other for other in others if not other.cancel() and other.exception()]
    for other in failed:
        other.result()
    return [found[place] for place in range(count)]


def _processors() -> int:
    return os.cpu_count() or 1


@cache
def _workers() -> ThreadPoolExecutor:
    """Give the threads that wait for work; starting some for each piece takes longer than it."""
    return ThreadPoolExecutor(_processors(), "qerko-at-once")
