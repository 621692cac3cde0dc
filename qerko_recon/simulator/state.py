"""What the server holds: payments with their states, method calls, who is connected.

Everything here may be called from any thread. What the specification forbids raises
:class:`Refusal`, which the endpoints turn into an answer.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec

from qerko_recon.errors import ConfigError
from qerko_recon.model import (
    CANCELLED,
    PAID,
    MethodCallRequest,
    MethodCallResponse,
    Payment,
    Receipt,
)
from qerko_recon.simulator.bell import Bell
from qerko_recon.simulator.clock import Clock
from qerko_recon.simulator.journal import CallRecord, Journal
from qerko_recon.simulator.restaurants import Restaurant, Rules

__all__ = ["CANCEL_WINDOW", "Call", "CaptureMode", "Exchange", "PaymentBook", "Refusal"]

CANCEL_WINDOW: Final = timedelta(hours=3)
"""How long after its creation a payment can be cancelled, by the specification."""

CaptureMode = Literal["auto", "manual"]


class Refusal(Exception):
    """The server says no: a status, and a key to the sentence where the answer has a body."""

    def __init__(self, status: int, sentence: str | None = None, detail: str = "") -> None:
        super().__init__(status, sentence)
        self.status = status
        self.sentence = sentence
        self.detail = detail


@dataclass(slots=True)
class _Entry:
    """A payment on the server."""

    payment: Payment
    restaurant: Restaurant
    created_at: datetime
    capture: CaptureMode
    receipt: Receipt | None = None


class PaymentBook:
    """Payments by ID, and what may happen to them."""

    def __init__(self, clock: Clock, rules: Rules) -> None:
        self._clock = clock
        self._rules = rules
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}

    def add(self, payment: Payment, restaurant: Restaurant, capture: CaptureMode) -> Payment:
        """Take a payment in, in place of one with its ID; give it as the server holds it."""
        if capture == "manual" and payment.state == PAID:
            payment = msgspec.structs.replace(payment, state=self._rules.uncaptured_state)
        created_at = payment.created_at or self._clock.now()
        with self._lock:
            self._entries[payment.id] = _Entry(payment, restaurant, created_at, capture)
        return payment

    def set_state(self, payment_id: str, state: str) -> Payment:
        """Move a payment to a state, whatever it was."""
        with self._lock:
            entry = self._entries[payment_id]
            entry.payment = msgspec.structs.replace(entry.payment, state=state)
            return entry.payment

    @property
    def payments(self) -> tuple[Payment, ...]:
        """Every payment, as it is now."""
        with self._lock:
            return tuple(entry.payment for entry in self._entries.values())

    def receipt(self, payment_id: str) -> Receipt | None:
        """Give the receipt that a payment was captured with, if it was."""
        with self._lock:
            entry = self._entries.get(payment_id)
            return entry.receipt if entry else None

    def get(self, payment_id: str, restaurant: Restaurant) -> Payment:
        """Look a payment up."""
        with self._lock:
            return self._find(payment_id, restaurant).payment

    def cancel(self, payment_id: str, restaurant: Restaurant) -> Payment:
        """Cancel a payment within three hours of its creation."""
        with self._lock:
            entry = self._find(payment_id, restaurant)
            if entry.payment.state == CANCELLED:
                if self._rules.second_cancel != _OK:
                    raise Refusal(self._rules.second_cancel, "cancelled_before")
                return entry.payment
            if self._clock.now() - entry.created_at > CANCEL_WINDOW:
                raise Refusal(410)
            entry.payment = msgspec.structs.replace(entry.payment, state=CANCELLED)
            return entry.payment

    def capture(self, payment_id: str, restaurant: Restaurant, receipt: Receipt) -> None:
        """Capture a payment that was started with manual capture.

        The receipt is kept; a ``final_price`` in it changes nothing, since what it would change
        is not documented.
        """
        with self._lock:
            entry = self._find(payment_id, restaurant)
            status = self._capture_status(entry)
            if status != _OK:
                raise Refusal(status, "not_capturable")
            is_due = entry.capture == "manual" and entry.receipt is None
            if is_due and entry.payment.state != CANCELLED:
                entry.payment = msgspec.structs.replace(entry.payment, state=PAID)
                entry.receipt = receipt

    def _capture_status(self, entry: _Entry) -> int:
        if entry.payment.state == CANCELLED:
            return self._rules.capture_of_cancelled
        if entry.capture == "auto":
            return self._rules.capture_of_auto
        return _OK if entry.receipt is None else self._rules.second_capture

    def _find(self, payment_id: str, restaurant: Restaurant) -> _Entry:
        entry = self._entries.get(payment_id)
        if entry is None:
            raise Refusal(404)
        if entry.restaurant != restaurant:
            raise Refusal(403)
        return entry


_OK: Final = 200


@dataclass(slots=True)
class _Line:
    """One restaurant's connection: what waits to be asked, and whether somebody listens."""

    queue: deque[int] = field(default_factory=deque)
    is_open: bool = False


class Exchange:
    """Method calls on their way to the POS and answers on their way back."""

    def __init__(self, restaurants: Iterable[Restaurant], clock: Clock, bell: Bell) -> None:
        self._clock = clock
        self._bell = bell
        self._lock = threading.Lock()
        self._lines = {restaurant.name: _Line() for restaurant in restaurants}
        self._calls: list[CallRecord] = []

    def queue(
        self, restaurant: Restaurant, method: str, args: Iterable[Any], uuid: str | None
    ) -> int:
        """Queue a call; give its place among the calls."""
        record = CallRecord(uuid, method, tuple(args), restaurant.name, self._clock.now())
        with self._lock:
            self._calls.append(record)
            place = len(self._calls) - 1
            self._line(restaurant).queue.append(place)
        self._bell.ring()
        return place

    @property
    def calls(self) -> tuple[CallRecord, ...]:
        """Every call so far."""
        with self._lock:
            return tuple(self._calls)

    @contextmanager
    def connection(self, restaurant: Restaurant) -> Iterator[None]:
        """Hold the restaurant's one connection."""
        line = self._line(restaurant)
        with self._lock:
            if line.is_open:
                raise Refusal(409)
            line.is_open = True
        try:
            yield
        finally:
            with self._lock:
                line.is_open = False

    def is_connected(self, restaurant: Restaurant) -> bool:
        """Whether a poll of the restaurant is open."""
        return self._line(restaurant).is_open

    def has_call(self, restaurant: Restaurant) -> bool:
        """Whether a call waits for the restaurant."""
        return bool(self._line(restaurant).queue)

    def take(self, restaurant: Restaurant) -> MethodCallRequest | None:
        """Take the next call to deliver, if one waits."""
        with self._lock:
            queue = self._line(restaurant).queue
            if not queue:
                return None
            place = queue.popleft()
            record = self._calls[place]
            self._calls[place] = replace(
                record, delivered_at=self._clock.now(), deliveries=record.deliveries + 1
            )
        return MethodCallRequest(uuid=record.uuid, method=record.method, args=record.args)

    def answer(self, restaurant: Restaurant, response: MethodCallResponse) -> bool:
        """Note an answer; say whether somebody waits for it."""
        with self._lock:
            same = [
                place
                for place, record in enumerate(self._calls)
                if record.uuid == response.uuid
                and record.restaurant == restaurant.name
                and record.deliveries
            ]
            if not same:
                return False
            place = next((place for place in same if not self._calls[place].answers), same[-1])
            record = self._calls[place]
            self._calls[place] = replace(
                record,
                answered_at=record.answered_at or self._clock.now(),
                answers=(*record.answers, response),
            )
            return not record.answers

    def _line(self, restaurant: Restaurant) -> _Line:
        if restaurant.name not in self._lines:
            raise ConfigError(f"the simulator has no restaurant named {restaurant.name!r}")
        return self._lines[restaurant.name]


class Call:
    """A queued method call, for the driver that waits for its answer."""

    def __init__(self, exchange: Exchange, journal: Journal, place: int) -> None:
        self._exchange = exchange
        self._journal = journal
        self._place = place

    @property
    def record(self) -> CallRecord:
        """How it fares now."""
        return self._exchange.calls[self._place]

    @property
    def uuid(self) -> str | None:
        """Its identifier; ``None`` wants no answer."""
        return self.record.uuid

    def wait_for_answer(self, timeout: float = 10.0) -> MethodCallResponse | None:
        """Wait for the POS's answer; ``None`` where none came in time."""
        self._journal.wait_until(lambda: self.record.answer is not None, timeout)
        return self.record.answer

    def wait_for_delivery(self, timeout: float = 10.0) -> bool:
        """Wait until a poll was answered with the call; whether one was in time."""
        return self._journal.wait_until(lambda: self.record.deliveries > 0, timeout)
