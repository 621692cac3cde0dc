"""One fetch under way, in one event loop: IDs in as they come, an outcome for each into a book.

Each attempt is a task of its own; an ID that waits for another attempt holds no place among those
under way. Whatever stops the job, what came by then is in the book.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final, Protocol

from qerko_recon.api import Answer, AsyncTransport, Call
from qerko_recon.fetch.attempt import Missed, attempt, judge, prepare
from qerko_recon.fetch.pace import Pace, Verdict
from qerko_recon.fetch.progress import Progress
from qerko_recon.fetch.wanted import writable
from qerko_recon.frames import Failure, Fetched, Payments
from qerko_recon.model import Payment

__all__ = ["Book", "Job"]

_OK: Final = 200
_WAITING: Final = 256  # IDs that wait for another attempt; more are a sign of trouble
_NOT_ASKED: Final = {
    "unauthorized": "not asked for: Qerko does not accept the API key or the Pos-Id",
    "network": "not asked for: Qerko could not be reached",
    "server": "not asked for: Qerko has been in trouble for too long",
}


class Book(Protocol):
    """Where outcomes are kept: in memory, or in a file."""

    def add(self, ids: Sequence[str]) -> tuple[list[str], int, int]:
        """Take in IDs; give those to ask for, and how many were had, and not had, already."""

    def put(self, outcome: Fetched | Failure) -> None:
        """Keep an outcome; it is safe when this returns."""

    def payments(self) -> Payments:
        """Give what is kept, in the order asked for."""


@dataclass(slots=True)
class _Ask:
    payment_id: str
    attempts: int = 0
    last: Missed | None = None


@dataclass(frozen=True, slots=True)
class _Unread:
    call: Call[Payment]
    answer: Answer


class Job:
    """Asks for every ID it is fed, as fast as the pace allows.

    Parameters
    ----------
    transport, version
        Whom to ask, and how.
    book
        Where outcomes go.
    attempts
        How often an ID is asked for at most.
    pause
        In place of waiting, for tests: gets the seconds.
    hungry
        Called when more IDs are wanted; :meth:`feed` brings them.
    """

    def __init__(
        self,
        transport: AsyncTransport,
        version: str,
        book: Book,
        pace: Pace,
        *,
        attempts: int,
        pause: Callable[[float], object] | None,
        hungry: Callable[[], object],
    ) -> None:
        self._transport = transport
        self._version = version
        self._book = book
        self._pace = pace
        self._attempts = attempts
        self._pause = pause
        self._hungry = hungry
        self._is_asking_for_more = False
        self._has_all = False
        self._total: int | None = None

        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._skipped = 0.0  # seconds of waiting that tests leave out
        self._queue: deque[str] = deque()
        self._later: list[tuple[float, int, _Ask]] = []
        self._count = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._in_flight = 0
        self._timer: asyncio.TimerHandle | None = None
        self._finished: asyncio.Future[None] = self._loop.create_future()
        self._distinct = self._held = self._fetched = self._failed = 0

    async def run(self) -> None:
        """Work until every ID has its outcome; raises what nobody foresaw."""
        self._fill()
        try:
            await self._finished
        finally:
            if self._timer is not None:
                self._timer.cancel()
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def feed(self, ids: Sequence[str], *, is_last: bool) -> None:
        """Take in more IDs; each is asked for once, however often it comes."""
        if self._finished.done():
            return
        try:
            wanted, had, missing = self._book.add(ids)
        except BaseException as error:  # noqa: BLE001 - for who waits for the job
            self._fail(error)
            return
        self._distinct += len(wanted) + had + missing
        self._held += had + missing
        self._fetched += had
        self._failed += missing
        self._queue.extend(wanted)
        self._is_asking_for_more = False
        self._has_all = self._has_all or is_last
        self._fill()

    def stop(self) -> None:
        """Stop at once; what is under way is left."""
        if not self._finished.done():
            self._finished.set_result(None)

    @property
    def progress(self) -> Progress:
        """How far it is."""
        now = self._now()
        pause = None
        if now < self._pace.resume_at:
            pause = f"pausing {self._pace.resume_at - now:.0f} s: {self._pace.reason}"
        return Progress(
            self._fetched + self._failed,
            self._distinct if self._has_all else None,
            self._fetched,
            self._failed,
            self._held,
            self._loop.time() - self._began,
            self._pace.limit,
            pause,
        )

    def _now(self) -> float:
        return self._loop.time() + self._skipped

    def _fill(self) -> None:
        """Send as many requests as there is room for; see when there is room again.

        One moment holds for all of it: what is not due by it has a timer, or nobody would wake up.
        """
        if self._finished.done():
            return
        now = self._now()
        try:
            if self._pace.verdict is not None:
                self._leave_the_rest()
            elif self._has_all and not self._queue:
                self._pace.let_go()
            while self._pace.room(self._in_flight, now):
                ask = self._next(now)
                if ask is None:
                    break
                self._start(ask)
            self._want_more()
            self._set_timer(now)
        except BaseException as error:  # noqa: BLE001 - for who waits for the job
            self._fail(error)
            return
        if self._has_all and not (self._queue or self._later or self._tasks):
            self._finished.set_result(None)

    def _next(self, now: float) -> _Ask | None:
        # An ID that has not failed yet says more of the server than one that has.
        if self._queue and self._pace.is_probing:
            return _Ask(self._queue.popleft())
        if self._later and self._later[0][0] <= now:
            return heapq.heappop(self._later)[2]
        if self._queue and len(self._later) < _WAITING:
            return _Ask(self._queue.popleft())
        return None

    def _start(self, ask: _Ask) -> None:
        self._in_flight += 1
        task = self._loop.create_task(self._work(ask))
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(error)
        self._fill()

    def _fail(self, error: BaseException) -> None:
        if not self._finished.done():
            self._finished.set_exception(error)

    async def _work(self, ask: _Ask) -> None:
        """Make one attempt and say what came of it."""
        began, sent_at = self._loop.time(), self._now()
        ask.attempts += 1
        try:
            outcome = await self._outcome(ask)
        finally:
            took = self._loop.time() - began
            self._in_flight -= 1
        if isinstance(outcome, _Unread):
            # The next request is on its way while this answer is read.
            self._fill()
            await asyncio.sleep(0)
            outcome = judge(outcome.call, outcome.answer, self._version)
        if isinstance(outcome, Fetched):
            self._pace.went_well(took)
            self._put(outcome)
            return
        ask.last = outcome
        self._learn(outcome, ask, sent_at, took)
        seconds = None
        if outcome.may_be_repeated and ask.attempts < self._attempts:
            seconds = self._pace.delay(ask.attempts, outcome, self._now())
        if seconds is None:
            self._put(outcome.as_failure(ask.payment_id, ask.attempts))
        else:
            self._count += 1
            when = self._now() + self._wait(seconds)
            heapq.heappush(self._later, (when, self._count, ask))

    async def _outcome(self, ask: _Ask) -> Fetched | Missed | _Unread:
        call = prepare(self._version, ask.payment_id)
        if isinstance(call, Missed):
            return call
        answer = await attempt(self._transport, call)
        if isinstance(answer, Missed):
            return answer
        if answer.status == _OK:
            return _Unread(call, answer)
        return judge(call, answer, self._version)

    def _learn(self, missed: Missed, ask: _Ask, sent_at: float, seconds: float) -> None:
        if missed.kind == "unauthorized":
            self._pace.was_refused()
        elif missed.kind in {"server", "network"}:
            is_first = ask.attempts == 1
            pause = self._pace.went_wrong(
                missed, is_first=is_first, sent_at=sent_at, now=self._now()
            )
            if pause and self._pause is not None:
                self._pause(pause)
                self._skipped += pause
        elif missed.was_tried:
            self._pace.went_well(seconds)

    def _wait(self, seconds: float) -> float:
        """Give the seconds to wait: none where a test waits in our place."""
        if self._pause is None:
            return seconds
        self._pause(seconds)
        return 0.0

    def _put(self, outcome: Fetched | Failure) -> None:
        self._book.put(outcome)
        self._fetched += isinstance(outcome, Fetched)
        self._failed += isinstance(outcome, Failure)

    def _leave_the_rest(self) -> None:
        """Say of every ID that is not under way why it is not asked for."""
        for _, _, ask in sorted(self._later, key=itemgetter(0, 1)):
            if ask.last is not None:
                self._put(ask.last.as_failure(ask.payment_id, ask.attempts))
        self._later.clear()
        while self._queue:
            self._put(_not_asked(self._queue.popleft(), self._pace.verdict))

    def _want_more(self) -> None:
        enough = 4 * self._pace.limit + 64
        if not (self._has_all or self._is_asking_for_more) and len(self._queue) < enough:
            self._is_asking_for_more = True
            self._hungry()

    def _set_timer(self, now: float) -> None:
        """Wake up when a pause ends, or when an ID may be asked for again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        moments = [self._pace.resume_at] if self._queue or self._later else []
        if self._later:
            moments.append(self._later[0][0])
        ahead = [one - now for one in moments if one > now]
        if ahead:
            self._timer = self._loop.call_later(min(ahead), self._fill)


def _not_asked(payment_id: str, verdict: Verdict | None) -> Failure:
    kind = verdict or "network"
    return Failure(writable(payment_id), kind, None, _NOT_ASKED[kind], 0)
