"""Many payments by ID: a list of IDs in, an outcome for every distinct one out.

Qerko documents no call that lists payments, so each ID is one request, several at a time over one
pool of connections. Reading alone is repeated when it fails; what an ID's outcome was is never
guessed.
"""

from __future__ import annotations

import random
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from qerko_recon.api import (
    ApiClient,
    InvalidPaymentId,
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
    PaymentNotFound,
    QerkoReconError,
    TransportError,
    shorten,
)
from qerko_recon.frames import Failure, Fetched, Payments, check_fits

__all__ = ["Progress", "fetch_payments"]

Outcome = Fetched | Failure

_BASE_WAIT: Final = 0.25
_LONGEST_WAIT: Final = 8.0
_LONGEST_ASKED_WAIT: Final = 120.0
_PATIENCE: Final = 3  # rounds of IDs without any answer, after there were some
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
        ``ids`` is a lone text, or ``concurrency`` or ``attempts`` cannot be.

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
    for name, value, most in (("concurrency", concurrency, 64), ("attempts", attempts, 20)):
        if not 1 <= value <= most:
            raise ConfigError(f"{name} cannot be {value}; it is from 1 to {most}")
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
    for one in ids:
        # None, NaN and NA are how lists and frames say that there is none.
        if one is None or one != one or str(one) == "<NA>":  # noqa: PLR0124
            continue
        if isinstance(one, float):
            raise ConfigError(
                f"the ID {one!r} is a float, which has lost digits of it; read IDs as text"
            )
        payment_id = str(one).strip()
        if payment_id and payment_id not in seen:
            seen.add(payment_id)
            yield payment_id


class _Gate:
    """Decides how many requests may be under way, from what has come back."""

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._state = "open"
        self._accepted = False  # since the last refusal
        self._was_answered = False
        self._silent = 0
        self.verdict: str | None = None

    def room(self, under_way: int) -> int:
        """Tell how many more may be sent."""
        if self._state == "draining" and not under_way:
            self._state = "open" if self._accepted else "probing"
        most = {"open": self._concurrency, "probing": 1}.get(self._state, 0)
        return max(0, most - under_way)

    def saw(self, outcome: Outcome) -> None:
        """Learn from an outcome."""
        kind = "fetched" if isinstance(outcome, Fetched) else outcome.kind
        if kind == "network":
            self._silent += 1
            rounds = _PATIENCE if self._was_answered else 1
            if self._silent >= rounds * self._concurrency:
                self._close("network")
            return
        self._silent = 0
        if kind == "invalid" and isinstance(outcome, Failure) and not outcome.attempts:
            return  # never sent
        self._was_answered = True
        if kind == "unauthorized":
            self._refused()
        elif kind != "server":
            self._accepted = True
            if self._state == "probing":
                self._state = "open"

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

    def run(
        self, wanted: list[str], concurrency: int, report: Callable[[Outcome], object]
    ) -> dict[str, Outcome]:
        gate = _Gate(concurrency)
        outcomes: dict[str, Outcome] = {}
        waiting = iter(wanted)
        under_way: set[Future[tuple[str, Outcome]]] = set()
        pool = ThreadPoolExecutor(concurrency, thread_name_prefix="qerko-fetch")
        try:
            while True:
                for _ in range(gate.room(len(under_way))):
                    payment_id = next(waiting, None)
                    if payment_id is None:
                        break
                    under_way.add(pool.submit(self._one, payment_id))
                if not under_way:
                    break
                done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                for future in done:
                    payment_id, outcome = future.result()
                    outcomes[payment_id] = outcome
                    gate.saw(outcome)
                    report(outcome)
        finally:
            self._stop.set()  # whoever waits between attempts wakes up
            pool.shutdown(wait=False, cancel_futures=True)
        for payment_id in wanted:
            if payment_id not in outcomes:
                outcomes[payment_id] = _not_asked(payment_id, gate.verdict)
                report(outcomes[payment_id])
        return outcomes

    def _one(self, payment_id: str) -> tuple[str, Outcome]:
        """Ask for one payment until there is an outcome."""
        try:
            check_payment_id(payment_id)
        except InvalidPaymentId as error:
            return payment_id, Failure(payment_id, "invalid", None, str(error), 0)
        attempt = 0
        while True:
            attempt += 1
            try:
                return payment_id, self._ask(payment_id)
            except _Failed as failed:
                last = failed
            if not last.may_be_repeated or attempt == self._attempts or self._stop.is_set():
                return payment_id, last.outcome(payment_id, attempt)
            self._pause(_delay(attempt, last.wait))

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
    def may_be_repeated(self) -> bool:
        if self.kind in {"server", "network"}:
            return True
        # A body cut short looks like JSON that is malformed; one with a wrong field is as meant.
        is_cut = self.status == _OK and getattr(self.error, "field", "") is None
        return self.kind == "invalid" and is_cut

    def outcome(self, payment_id: str, attempts: int) -> Failure:
        return Failure(payment_id, self.kind, self.status, str(self.error), attempts)


def _delay(attempt: int, asked: float | None) -> float:
    """Give the seconds to wait: what the server asks for, else growing and at random."""
    if asked is not None:
        return min(asked, _LONGEST_ASKED_WAIT)
    return random.uniform(0, min(_LONGEST_WAIT, _BASE_WAIT * 2**attempt))


def _not_asked(payment_id: str, verdict: str | None) -> Failure:
    why = {
        "unauthorized": "not asked for: Qerko does not accept the API key or the Pos-Id",
        "network": "not asked for: Qerko could not be reached",
    }
    kind = verdict or "network"
    return Failure(payment_id, kind, None, why[kind], 0)


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
