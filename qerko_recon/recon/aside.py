"""Work for the other core: hashing and sums of whole columns do not need the interpreter."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

__all__ = ["aside"]

Given = ParamSpec("Given")
Found = TypeVar("Found")


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
