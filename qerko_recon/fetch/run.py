"""Start a fetch and see it through: for programs that wait, and for those with an event loop.

Both run the same :class:`~qerko_recon.fetch.job.Job`. Where the program waits, the job has an
event loop of its own in a thread of its own, so that it works where a loop runs already (a
notebook) and Ctrl-C stops it at once; the caller's thread brings the IDs and hears of progress.
"""

from __future__ import annotations

import asyncio
import operator
import queue
import threading
from collections.abc import AsyncIterable, Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Final, Literal, SupportsIndex

from qerko_recon.api import ApiClient, AsyncApiClient, AsyncTransport
from qerko_recon.errors import ConfigError
from qerko_recon.fetch.job import Book, Job
from qerko_recon.fetch.memory import Memory
from qerko_recon.fetch.pace import Pace
from qerko_recon.fetch.progress import Progress, reporter
from qerko_recon.fetch.wanted import clean, listed
from qerko_recon.frames import Payments
from qerko_recon.settings import Venue
from qerko_recon.store import PaymentStore, Refresh, StorePath

__all__ = ["Concurrency", "FetchInterrupted", "Order", "fetch_payments", "fetch_payments_async"]

Concurrency = int | Literal["auto"]

_CHUNK: Final = 500
_BLINK: Final = 0.1  # seconds; on Windows, Ctrl-C is heard between waits alone
_MOST: Final = 64


class FetchInterrupted(KeyboardInterrupt):
    """Ctrl-C stopped a fetch; ``payments`` holds all that came by then."""

    def __init__(self, payments: Payments) -> None:
        super().__init__(
            f"the fetch was stopped; what came is in this error's .payments and in the client's "
            f".last_fetch: {payments!r}"
        )
        self.payments = payments


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """How a fetch is to be done.

    Parameters
    ----------
    concurrency
        Requests at once, from 1 to 64; ``"auto"`` finds out what the server keeps up with.
    attempts
        How often an ID is asked for when no answer comes, or 429 or a server's error; waiting in
        between grows, at random, and ``Retry-After`` is honoured.
    patience
        Seconds without a good answer after which the server is given up.
    progress
        ``True`` draws a bar; a function gets a :class:`Progress` several times a second.
    store
        A :class:`~qerko_recon.PaymentStore` or the path of one: what it has is not asked for
        again, and what comes is safe there at once.
    refresh
        What the store has and is to be asked for again: ``"not_final"``, ``"all"``, or what is
        older than a :class:`datetime.timedelta`.
    pause
        In place of waiting, for tests: gets the seconds.

    Raises
    ------
    ConfigError
        One of them cannot be.
    """

    concurrency: Concurrency = "auto"
    attempts: int = 4
    patience: float = 150.0
    progress: bool | Callable[[Progress], object] = False
    store: PaymentStore | StorePath | None = None
    refresh: Refresh = None
    pause: Callable[[float], object] | None = None

    def __post_init__(self) -> None:
        numbers = [("attempts", self.attempts, 20)]
        if self.concurrency != "auto":
            numbers.append(("concurrency", self.concurrency, _MOST))
        for name, value, most in numbers:
            if not isinstance(value, SupportsIndex) or not 1 <= operator.index(value) <= most:
                auto = " or 'auto'" if name == "concurrency" else ""
                raise ConfigError(
                    f"{name} cannot be {value!r}; it is a whole number from 1 to {most}{auto}"
                )
        if not 0 <= self.patience < float("inf"):
            raise ConfigError(f"patience is seconds, not {self.patience!r}")
        if self.store is None and self.refresh is not None:
            raise ConfigError("refresh says what of a store is asked for again; give store= too")

    def book(self, venue: Venue) -> Book:
        """Give where outcomes are kept."""
        if self.store is None:
            return Memory()
        opened = self.store if isinstance(self.store, PaymentStore) else PaymentStore(self.store)
        return opened.select(venue, self.refresh)

    def job(
        self,
        transport: AsyncTransport,
        version: str,
        book: Book,
        hungry: Callable[[], object],
    ) -> Job:
        """Give the job that does it."""
        is_fixed = self.concurrency != "auto"
        most = min(int(self.concurrency), transport.most) if is_fixed else transport.most
        pace = Pace(most, is_fixed=is_fixed, patience=self.patience)
        return Job(
            transport,
            version,
            book,
            pace,
            attempts=self.attempts,
            pause=self.pause,
            hungry=hungry,
        )


def fetch_payments(client: ApiClient, ids: object, order: Order) -> Payments:
    """Fetch payments by ID, and wait for them.

    Parameters
    ----------
    client
        Of the venue whose payments they are.
    ids
        A list, Series or iterator of text or whole numbers, or the path of a text file; blanks
        are left out, each ID is asked for once, order is kept. An iterator is read as the fetch
        goes on.
    order
        How it is to be done.

    Returns
    -------
    Payments
        ``len(frame) + len(failures)`` is the number of distinct IDs.

    Raises
    ------
    ConfigError
        ``ids`` is a lone text or holds what is no ID. Nothing was sent, unless it is an iterator.
    FetchInterrupted
        Ctrl-C; it holds what came.

    Notes
    -----
    A 401 concerns the credentials: nothing more is asked for. A server that fails several times
    in a row is left alone for a while, then asked once; see :mod:`qerko_recon.fetch.pace`.
    """
    source, total = _source(listed(ids))
    book = order.book(client.venue)
    worker = _Worker(client, order, book)
    try:
        with reporter(order.progress, total) as report:
            worker.see_through(source, report)
    except KeyboardInterrupt:
        worker.leave()
        raise FetchInterrupted(book.payments()) from None
    except BaseException:
        worker.leave()
        raise
    return book.payments()


async def fetch_payments_async(client: AsyncApiClient, ids: object, order: Order) -> Payments:
    """Fetch payments by ID in the running event loop; see :func:`fetch_payments`.

    ``ids`` may be an asynchronous iterator too. Where the task is cancelled, what came is in the
    store, if there is one.
    """
    hunger = asyncio.Event()
    if isinstance(ids, AsyncIterable):
        total, feed = None, partial(_feed_async, ids=ids)
    else:
        source, total = _source(listed(ids))
        feed = partial(_feed, source=source)
    book = order.book(client.venue)
    with reporter(order.progress, total) as report:
        async with client.bulk_transport() as transport:
            job = order.job(transport, client.venue.api_version, book, hunger.set)
            run = asyncio.ensure_future(job.run())
            feeding = asyncio.ensure_future(feed(job, hunger))
            try:
                while not run.done():
                    report(job.progress)
                    waiting = {run} if feeding.done() else {run, feeding}
                    await asyncio.wait(
                        waiting, timeout=_BLINK, return_when=asyncio.FIRST_COMPLETED
                    )
                    if feeding.done():
                        feeding.result()  # raises what the iterator raised
                await run
                report(job.progress)
            finally:
                feeding.cancel()
                run.cancel()
                await asyncio.gather(feeding, run, return_exceptions=True)
    return book.payments()


async def _feed(job: Job, hunger: asyncio.Event, *, source: Iterator[str]) -> None:
    is_last = False
    while not is_last:
        await hunger.wait()
        hunger.clear()
        chunk = list(islice(source, _CHUNK))
        is_last = len(chunk) < _CHUNK
        job.feed(chunk, is_last=is_last)
        await asyncio.sleep(0)  # IDs that need no request would leave the loop to nobody else


async def _feed_async(job: Job, hunger: asyncio.Event, *, ids: AsyncIterable[object]) -> None:
    """Hand over each ID as it comes, and no faster than they are asked for."""
    async for one in ids:
        await hunger.wait()
        hunger.clear()
        job.feed(list(clean([one])), is_last=False)
        await asyncio.sleep(0)
    job.feed((), is_last=True)


def _source(ids: Iterable[object]) -> tuple[Iterator[str], int | None]:
    """Give clean IDs; what holds them all already is checked whole before anything is sent."""
    if isinstance(ids, Iterator):
        return clean(ids), None
    known = list(dict.fromkeys(clean(ids)))
    return iter(known), len(known)


class _Worker:
    """A thread with an event loop in which a job runs, seen from the caller's thread."""

    def __init__(self, client: ApiClient, order: Order, book: Book) -> None:
        self._client = client
        self._order = order
        self._book = book
        self._events: queue.SimpleQueue[Literal["hungry", "done"]] = queue.SimpleQueue()
        self._started: Future[tuple[asyncio.AbstractEventLoop, Job]] = Future()
        self._ended: Future[None] = Future()
        # A daemon, so that a program that is told to stop does not wait for an answer.
        self._thread = threading.Thread(target=self._work, name="qerko-fetch", daemon=True)

    def see_through(self, source: Iterator[str], report: Callable[[Progress], object]) -> None:
        """Bring IDs and tell of progress until the job is done."""
        self._thread.start()
        loop, job = self._started.result()
        event = None
        while event != "done":
            try:
                event = self._events.get(timeout=_BLINK)
            except queue.Empty:
                event = None
            if event == "hungry":
                chunk = list(islice(source, _CHUNK))
                is_last = len(chunk) < _CHUNK
                loop.call_soon_threadsafe(partial(job.feed, chunk, is_last=is_last))
            report(job.progress)
        self._ended.result()
        report(job.progress)
        self._thread.join()

    def leave(self) -> None:
        """Stop at once, keeping what came; the loop closes its connections by itself."""
        if self._started.done() and not self._started.exception():
            loop, job = self._started.result()
            try:
                loop.call_soon_threadsafe(job.stop)
            except RuntimeError:
                return  # it has ended by itself
            self._thread.join(timeout=0.9)

    def _work(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as error:  # noqa: BLE001 - for the caller, who waits for it
            for future in (self._started, self._ended):
                if not future.done():
                    future.set_exception(error)
        finally:
            self._events.put("done")

    async def _run(self) -> None:
        async with self._client.bulk_transport() as transport:
            job = self._order.job(
                transport,
                self._client.venue.api_version,
                self._book,
                lambda: self._events.put("hungry"),
            )
            self._started.set_result((asyncio.get_running_loop(), job))
            await job.run()
            self._ended.set_result(None)
