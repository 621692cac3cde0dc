"""Many payments by ID: a list of IDs in, an outcome for every distinct one out.

Qerko documents no call that lists payments, so each ID is one request, several at a time over one
pool of connections. Reading alone is repeated when it fails; what an ID's outcome was is never
guessed.
"""

from __future__ import annotations

import operator
import queue
import random
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Final, SupportsIndex
from uuid import UUID

import pandas as pd

from qerko_recon.api import (
    ApiClient,
    check_payment_id,
    error_of,
    payment_of,
    payment_path,
    retry_after,
)
from qerko_recon.errors import (
    ApiError,
    AuthenticationFailed,
    ConfigError,
    ForeignPayment,
    InvalidPaymentId,
    PaymentNotFound,
    QerkoReconError,
    TransportError,
    UnexpectedResponse,
    shorten,
)
from qerko_recon.frames import Failure, Fetched, Payments, check_fits

__all__ = ["Progress", "fetch_payments"]

Outcome = Fetched | Failure

_BASE_WAIT: Final = 0.25
_LONGEST_WAIT: Final = 8.0
_LONGEST_ASKED_WAIT: Final = 120.0
# How many IDs in a row must come to nothing, in rounds of as many as are under way at once,
# before the server is given up: no connection at all says more than one that breaks off.
_ROUNDS_AT_FIRST: Final = 1
_ROUNDS_LATER: Final = 3
_ROUNDS_BROKEN_OFF: Final = 10
_FEWEST: Final = 3  # one ID that gets no answer does not speak for the server
_BLINK: Final = 0.2  # seconds; on Windows, Ctrl-C is heard between waits alone
_OK: Final = 200
_TOO_MANY: Final = 429
_SERVER: Final = range(500, 600)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a fetch is; a snapshot."""

    done: int
    total: int
    fetched: int
    failed: int


def fetch_payments(
    client: ApiClient,
    ids: Iterable[object],
    *,
    concurrency: int = 8,
    attempts: int = 4,
    progress: bool | Callable[[Progress], object] = False,
    pause: Callable[[float], object] | None = None,
) -> Payments:
    """Fetch payments by ID.

    Parameters
    ----------
    client
        Of the venue whose payments they are.
    ids
        Text or whole numbers; blanks are left out, each ID is asked for once, order is kept.
    concurrency
        Requests at once, from 1 to 64.
    attempts
        How often an ID is asked for when no answer comes, or 429 or a server's error; waiting in
        between grows, at random, and ``Retry-After`` is honoured.
    progress
        ``True`` draws a bar; a function gets a :class:`Progress` after each ID.
    pause
        In place of waiting, for tests: gets the seconds.

    Returns
    -------
    Payments
        ``len(frame) + len(failures)`` is the number of distinct IDs.

    Raises
    ------
    ConfigError
        ``ids`` is a lone text or holds what is no ID, or ``concurrency`` or ``attempts`` cannot
        be. Nothing was sent.

    Notes
    -----
    A 401 may concern one payment or the credentials: what is in flight finishes, and where none
    of it was accepted one more ID is tried alone. If that is refused too, the rest is not asked.
    A server that cannot be reached at all is given up the same way.
    """
    if isinstance(ids, str):
        raise ConfigError(
            f"ids is the text {shorten(ids)!r}; give a list of IDs, as in [{shorten(ids)!r}]"
        )
    if isinstance(ids, pd.DataFrame):
        raise ConfigError("ids is a DataFrame; give one column of it, as in table['payment_id']")
    if isinstance(ids, bytes | bytearray | memoryview) or not isinstance(ids, Iterable):
        raise ConfigError(f"ids is {type(ids).__name__}; give a list of IDs, as in ['1234']")
    for name, value, most in (("concurrency", concurrency, 64), ("attempts", attempts, 20)):
        if not isinstance(value, SupportsIndex) or not 1 <= operator.index(value) <= most:
            raise ConfigError(f"{name} cannot be {value!r}; it is a whole number from 1 to {most}")
    wanted = list(_distinct(ids))
    job = _Job(client, attempts, pause)
    with _reporter(progress, len(wanted)) as report:
        outcomes = job.run(wanted, concurrency, report)
    ordered = [outcomes[payment_id] for payment_id in wanted]
    return Payments(
        (one for one in ordered if isinstance(one, Fetched)),
        (one for one in ordered if isinstance(one, Failure)),
    )


def _distinct(ids: Iterable[object]) -> Iterator[str]:
    """Clean IDs: text without surrounding space, none blank, each once."""
    seen: set[str] = set()
    for number, one in enumerate(ids, start=1):
        payment_id = _as_text(one, number)
        if payment_id and _writable(payment_id) not in seen:
            seen.add(_writable(payment_id))
            yield payment_id


def _as_text(one: object, number: int) -> str:
    """Give an ID as text; nothing for what lists and frames have where there is none."""
    if isinstance(one, str):
        return one.strip()
    if one is None or (not isinstance(one, int) and str(one) in {"nan", "NaN", "<NA>", "NaT"}):
        return ""
    if isinstance(one, float):
        raise ConfigError(
            f"ID number {number}, {one!r}, is a float, which loses digits; read IDs as text"
        )
    if isinstance(one, UUID):
        return str(one)
    try:
        if not isinstance(one, bool):
            return str(operator.index(one))  # type: ignore[arg-type]
    except TypeError:
        pass
    except ValueError:  # Python writes out no more than some thousand digits
        raise ConfigError(f"ID number {number} has more digits than any ID has") from None
    raise ConfigError(f"ID number {number} is {type(one).__name__}; IDs are text or whole numbers")


def _writable(payment_id: str) -> str:
    """Give an ID as frames and files can hold it: half a character is written out."""
    return payment_id.encode("utf-8", "backslashreplace").decode()


class _Gate:
    """Decides how many requests may be under way, from what has come back."""

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._state = "open"
        self._accepted = False  # since the last refusal
        self._was_answered = False
        self._unreached = 0
        self._silent = 0
        self.verdict: str | None = None

    def room(self, under_way: int, pausing: int) -> int:
        """Tell how many more may be sent; who pauses between attempts is not in flight."""
        in_flight = under_way - pausing
        if self._state == "draining" and not in_flight:
            self._state = "open" if self._accepted else "probing"
        if self._state == "probing":
            return max(0, 1 - in_flight)
        return max(0, self._concurrency - under_way) if self._state == "open" else 0

    def saw(self, outcome: Outcome, *, was_sent: bool) -> None:
        """Learn from an outcome, and from whether the server was reached for it."""
        kind = "fetched" if isinstance(outcome, Fetched) else outcome.kind
        if kind == "network":
            self._heard_nothing(was_sent=was_sent)
            return
        self._silent = self._unreached = 0
        if kind == "invalid" and isinstance(outcome, Failure) and not outcome.attempts:
            return  # never sent
        self._was_answered = True
        if kind == "unauthorized":
            self._refused()
        elif kind != "server":
            self._accepted = True
            if self._state == "probing":
                self._state = "open"

    def _heard_nothing(self, *, was_sent: bool) -> None:
        self._silent += 1
        self._unreached = 0 if was_sent else self._unreached + 1
        rounds = _ROUNDS_LATER if self._was_answered else _ROUNDS_AT_FIRST
        is_away = self._unreached >= max(_FEWEST, rounds * self._concurrency)
        if is_away or self._silent >= max(_FEWEST, _ROUNDS_BROKEN_OFF * self._concurrency):
            self._close("network")

    def _refused(self) -> None:
        if self._state == "probing":
            self._close("unauthorized")
        elif self._state == "open":
            self._state = "draining"
            self._accepted = False

    def _close(self, verdict: str) -> None:
        self._state = "closed"
        self.verdict = self.verdict or verdict


class _Job:
    """One fetch under way."""

    def __init__(
        self, client: ApiClient, attempts: int, pause: Callable[[float], object] | None
    ) -> None:
        self._client = client
        self._attempts = attempts
        self._stop = threading.Event()
        self._pause = pause or self._stop.wait
        self._pausing = 0
        self._lock = threading.Lock()

        self._tasks: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[tuple[str, Outcome | BaseException]] = queue.SimpleQueue()
        self._unsent: set[str] = set()  # IDs for which there was no connection

    def run(
        self, wanted: list[str], concurrency: int, report: Callable[[Outcome], object]
    ) -> dict[str, Outcome]:
        gate = _Gate(concurrency)
        outcomes: dict[str, Outcome] = {}
        waiting = iter(wanted)
        under_way = 0
        # Daemons, so that a program that is told to stop does not wait for an answer.
        threads = [
            threading.Thread(target=self._work, name="qerko-fetch", daemon=True)
            for _ in range(min(concurrency, len(wanted)))
        ]
        for thread in threads:
            thread.start()
        try:
            while True:
                for payment_id in islice(waiting, gate.room(under_way, self._pausing)):
                    self._tasks.put(payment_id)
                    under_way += 1
                if not under_way:
                    break
                result = self._next_result()
                if result is None:
                    continue
                payment_id, outcome = result
                under_way -= 1
                outcomes[payment_id] = outcome
                gate.saw(outcome, was_sent=payment_id not in self._unsent)
                if gate.verdict is not None:
                    self._stop.set()
                report(outcome)
        finally:
            self._stop.set()  # whoever waits between attempts wakes up
            for _ in threads:
                self._tasks.put(None)
        for payment_id in wanted:
            if payment_id not in outcomes:
                outcomes[payment_id] = _not_asked(payment_id, gate.verdict)
                report(outcomes[payment_id])
        return outcomes

    def _next_result(self) -> tuple[str, Outcome] | None:
        try:
            payment_id, outcome = self._results.get(timeout=_BLINK)
        except queue.Empty:
            return None
        if isinstance(outcome, BaseException):
            raise outcome
        return payment_id, outcome

    def _work(self) -> None:
        """Take IDs until there are none; whatever happens, each has a result."""
        while (payment_id := self._tasks.get()) is not None:
            outcome: Outcome | BaseException
            try:
                outcome = self._one(payment_id)
            except ConfigError as error:
                outcome = error
            except Exception as error:  # noqa: BLE001 - one ID's fault is not the others'
                fault = f"could not be handled ({type(error).__name__}: {shorten(error, 200)})"
                outcome = Failure(_writable(payment_id), "invalid", None, fault, 1)
            except BaseException as error:  # noqa: BLE001 - for the caller, who waits for it
                outcome = error
            self._results.put((payment_id, outcome))

    def _one(self, payment_id: str) -> Outcome:
        """Ask for one payment until there is an outcome."""
        try:
            check_payment_id(payment_id)
        except InvalidPaymentId as error:
            return Failure(_writable(payment_id), "invalid", None, str(error), 0)
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._ask(payment_id)
            except _Failed as failed:
                last = failed
            if not last.was_sent:
                self._unsent.add(payment_id)
            if not last.may_be_repeated or attempt == self._attempts or self._stop.is_set():
                return last.outcome(payment_id, attempt)
            self._rest(_delay(attempt, last.wait))
            if self._stop.is_set():
                return last.outcome(payment_id, attempt)

    def _rest(self, seconds: float) -> None:
        with self._lock:
            self._pausing += 1
        try:
            self._pause(seconds)
        finally:
            with self._lock:
                self._pausing -= 1

    def _ask(self, payment_id: str) -> Fetched:
        version = self._client.venue.api_version
        path = payment_path(version, payment_id)
        asked_wait = None
        try:
            answer = self._client.send("GET", path, payment_id=payment_id)
            asked_wait = retry_after(answer)
            error = error_of(answer, method="GET", path=path, payment_id=payment_id)
            if error is None:
                payment = payment_of(answer, "GET", path, payment_id)
                check_fits(payment)
                return Fetched(payment, datetime.now(UTC), version)
        except (ApiError, TransportError) as raised:
            raise _Failed(raised) from None
        raise _Failed(error, asked_wait)


class _Failed(Exception):
    """One attempt came to nothing."""

    def __init__(self, error: QerkoReconError, wait: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait

    @property
    def status(self) -> int | None:
        return self.error.status if isinstance(self.error, ApiError) else None

    @property
    def kind(self) -> str:
        kinds: dict[type[QerkoReconError], str] = {
            AuthenticationFailed: "unauthorized",
            ForeignPayment: "forbidden",
            PaymentNotFound: "not_found",
            TransportError: "network",
        }
        if self.status == _TOO_MANY or self.status in _SERVER:
            return "server"
        return kinds.get(type(self.error), "invalid")

    @property
    def was_sent(self) -> bool:
        return getattr(self.error, "was_sent", True)

    @property
    def may_be_repeated(self) -> bool:
        if self.kind in {"server", "network"}:
            return True
        # A body cut short looks like JSON that is malformed; one with a wrong field is as meant,
        # and a web page comes again.
        if not isinstance(self.error, UnexpectedResponse) or self.error.status != _OK:
            return False
        return self.error.field is None and not self.error.body.lstrip().startswith(b"<")

    def outcome(self, payment_id: str, attempts: int) -> Failure:
        return Failure(payment_id, self.kind, self.status, str(self.error), attempts)


def _delay(attempt: int, asked: float | None) -> float:
    """Give the seconds to wait: what the server asks for, else growing and at random."""
    if asked is not None:
        return min(asked, _LONGEST_ASKED_WAIT)
    return random.uniform(0, min(_LONGEST_WAIT, _BASE_WAIT * 2 ** (attempt - 1)))


def _not_asked(payment_id: str, verdict: str | None) -> Failure:
    why = {
        "unauthorized": "not asked for: Qerko does not accept the API key or the Pos-Id",
        "network": "not asked for: Qerko could not be reached",
    }
    kind = verdict or "network"
    return Failure(_writable(payment_id), kind, None, why[kind], 0)


@contextmanager
def _reporter(
    progress: bool | Callable[[Progress], object], total: int
) -> Iterator[Callable[[Outcome], object]]:
    """Give the function that hears of every outcome."""
    fetched = failed = 0

    def count(outcome: Outcome) -> Progress:
        nonlocal fetched, failed
        fetched += isinstance(outcome, Fetched)
        failed += isinstance(outcome, Failure)
        return Progress(fetched + failed, total, fetched, failed)

    if callable(progress):
        yield lambda outcome: progress(count(outcome))
    elif progress:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a notebook without widgets: text will do
            from tqdm.auto import tqdm

            bar = tqdm(total=total, desc="Payments", unit="", file=sys.stderr)
        with bar:
            yield lambda outcome: bar.update(count(outcome).done - bar.n)
    else:
        yield count
