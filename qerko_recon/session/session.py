"""A poll session: a venue's connection to Qerko, held by a thread of its own, recorded whole.

The thread has its own event loop, so a session lives the same in a script, a notebook's cell and
a widget's callback, and none of them waits for it.
"""

from __future__ import annotations

import asyncio
import atexit
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from os import PathLike
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from qerko_recon.api import ApiClient, AsyncApiClient
from qerko_recon.errors import ConfigError, QerkoReconError
from qerko_recon.session.answers import Answers
from qerko_recon.session.handlers import Handler, check_handler
from qerko_recon.session.line import Line
from qerko_recon.session.one_venue import VenueLock
from qerko_recon.session.rules import PollRules, SessionClock
from qerko_recon.session.snapshot import Snapshot
from qerko_recon.session.worker import Worker
from qerko_recon.session.writer import LogSettings, LogWriter
from qerko_recon.settings import SANDBOX, Venue

__all__ = ["PollSession", "check_safe", "needs_take_over", "running_session"]

_LONGER: Final = 2.0  # seconds beyond the drain, for a machine that is busy
_running: Final[weakref.WeakSet[PollSession]] = weakref.WeakSet()


def needs_take_over(venue: Venue) -> bool:
    """Tell whether a venue is live, so that its POS would lose its connection."""
    is_sandbox = urlsplit(venue.base_url)[:2] == urlsplit(SANDBOX)[:2]
    return not (is_sandbox or venue.is_loopback)


def running_session(venue: Venue) -> PollSession | None:
    """Give the session of a venue that runs in this process, wherever it was started."""
    return next(
        (
            one
            for one in list(_running)
            if one.venue.api_key.fingerprint == venue.api_key.fingerprint
        ),
        None,
    )


def check_safe(venue: Venue, *, take_over_connection: bool) -> None:
    """Refuse to take the connection of a live restaurant unless that was asked for by name.

    Raises
    ------
    ConfigError
        The venue is neither on the sandbox nor on this machine, and nobody asked.
    """
    if take_over_connection or not needs_take_over(venue):
        return
    raise ConfigError(
        f"{venue.base_url} is neither the sandbox nor this machine. A restaurant has one "
        "connection to Qerko: a poll session takes it away from the POS, and a payment whose call "
        "it answers by an error, or not at all, is cancelled by Qerko and the guest not charged. "
        "Where the POS is off and that is what you want, say so: take_over_connection=True, "
        "--take-over-connection. To watch a POS at work, use `qerko-recon proxy`"
    )


class PollSession:
    """Answers Qerko's method calls for a venue, and records all of it.

    Parameters
    ----------
    client
        Whose venue and network settings are taken; its own connections are not used.
    handler
        Who answers; see :mod:`qerko_recon.session.handlers`.
    log
        Where to record; a log that is there is continued, and what an earlier run answered and
        did not deliver is delivered. ``None`` records nothing.
    log_settings
        See :class:`~qerko_recon.session.writer.LogSettings`.
    rules
        See :class:`~qerko_recon.session.rules.PollRules`.
    take_over_connection
        Needed for anything but the sandbox and this machine: guests' payments can be cancelled.
    on_change
        Gets a frozen :class:`~qerko_recon.session.snapshot.Snapshot` after each change, in the
        session's thread; what it raises is passed over.
    clock
        In place of the system's.

    Raises
    ------
    ConfigError
        The venue may not be taken over, or has a session already.
    SessionLogError
        The log cannot be written.

    Examples
    --------
    >>> from qerko_recon import Client
    >>> from qerko_recon.simulator import Simulator
    >>> with Simulator() as box:
    ...     client = Client(base_url=box.base_url, api_key=box.api_key, pos_id=box.pos_id)
    ...     with PollSession(client, lambda call: [{"id": "1", "name": "Garden"}]) as session:
    ...         box.call("getTableList").wait_for_answer().result
    [{'id': '1', 'name': 'Garden'}]
    >>> session.snapshot.state
    'stopped'
    """

    def __init__(
        self,
        client: ApiClient | AsyncApiClient,
        handler: Handler,
        *,
        log: str | PathLike[str] | None = None,
        log_settings: LogSettings | None = None,
        rules: PollRules | None = None,
        take_over_connection: bool = False,
        on_change: Callable[[Snapshot], object] | None = None,
        clock: SessionClock | None = None,
        chance: Callable[[], float] | None = None,
    ) -> None:
        check_safe(client.venue, take_over_connection=take_over_connection)
        check_handler(handler)
        self._client = client
        self._handler = handler
        self._log = log
        self._log_settings = log_settings
        self._rules = rules or PollRules()
        self._on_change = on_change
        self._clock = clock or SessionClock()
        self._chance = {} if chance is None else {"chance": chance}
        self._snapshot = Snapshot()
        self._worker = Worker(handler)
        self._lock: VenueLock | None = None
        self._writer: LogWriter | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._line: Line | None = None
        self._ended: Future[QerkoReconError | None] = Future()

    @property
    def snapshot(self) -> Snapshot:
        """What it is doing now."""
        return self._snapshot

    @property
    def venue(self) -> Venue:
        """Whose connection it is."""
        return self._client.venue

    @property
    def error(self) -> QerkoReconError | None:
        """What ended it, where that was not :meth:`stop`: credentials that are refused."""
        return self._ended.result() if self._ended.done() else None

    def start(self) -> Self:
        """Begin; returns at once, and the connection is made in the background.

        Raises
        ------
        ConfigError
            It was started before, or this venue has a session already.
        SessionLogError
            The log cannot be written, or another program writes to it.
        """
        if self._thread is not None:
            raise ConfigError("a poll session is started once; make a new one")
        about = "" if self._log is None else f"log {self._log}"
        self._lock = VenueLock(self.venue, about)
        answers = Answers(self._rules.remember)
        try:
            if self._log is not None:
                self._writer = LogWriter(
                    self._log,
                    venue=self.venue,
                    settings=self._log_settings,
                    clock=self._clock,
                    on_trouble=self._heed_trouble,
                )
                answers.take_up(self._writer.path)
        except BaseException:
            self._release()
            raise
        path = None if self._writer is None else self._writer.path
        self._snapshot = Snapshot(started_at=datetime.now(UTC), log=path)
        started: Future[None] = Future()
        # A daemon, so that a program that is told to stop does not wait for a held poll.
        self._thread = threading.Thread(
            target=self._work, args=(answers, started), name="qerko-poll", daemon=True
        )
        _running.add(self)
        self._thread.start()
        started.result()
        return self

    def stop(self) -> None:
        """Finish the call at hand, deliver its answer and end, within the rules' ``drain``."""
        thread, loop, line = self._thread, self._loop, self._line
        if thread is None or loop is None or line is None:
            return
        if self._worker.is_current() or thread is threading.current_thread():
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(line.stop)
            return  # the session cannot wait for itself
        with suppress(RuntimeError):  # it has ended by itself
            loop.call_soon_threadsafe(line.stop)
        thread.join(timeout=self._rules.drain)
        if thread.is_alive():
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(line.abort)
            thread.join(timeout=_LONGER)

    close = stop

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has ended; whether it has."""
        if self._thread is not None:
            self._thread.join(timeout)
        return self._ended.done()

    def _work(self, answers: Answers, started: Future[None]) -> None:
        error: QerkoReconError | None = None
        try:
            error = asyncio.run(self._poll(answers, started))
        except BaseException as failure:  # noqa: BLE001 - for whoever started it
            if not started.done():
                started.set_exception(failure)
            error = QerkoReconError(
                f"the poll session failed: {type(failure).__name__}: {failure}"
            )
            self._snapshot = replace(self._snapshot, state="stopped", why=str(error))
        finally:
            self._worker.end()
            self._release()
            _running.discard(self)
            self._ended.set_result(error)

    async def _poll(self, answers: Answers, started: Future[None]) -> QerkoReconError | None:
        async with self._client.own_transport() as transport:
            self._line = Line(
                transport,
                self.venue,
                self._worker,
                recorder=self._writer,
                answers=answers,
                rules=self._rules,
                clock=self._clock,
                tell=self._heed,
                first=self._snapshot,
                **self._chance,
            )
            if self._writer is not None:
                self._line.trouble = self._writer.trouble
            self._loop = asyncio.get_running_loop()
            started.set_result(None)
            return await self._line.run()

    def _release(self) -> None:
        if self._writer is not None:
            self._writer.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _heed(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        if self._on_change is not None:
            with suppress(Exception):  # whoever looks on may not stop what is looked at
                self._on_change(snapshot)

    def _heed_trouble(self, trouble: str | None) -> None:
        """Say that nothing is recorded, at once and until it is again."""
        if self._line is not None:
            self._line.trouble = trouble
        self._heed(replace(self._snapshot, trouble=trouble))

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"PollSession({self.venue.base_url}, {self._snapshot.state})"


@atexit.register
def _stop_all() -> None:
    for session in list(_running):
        session.stop()
