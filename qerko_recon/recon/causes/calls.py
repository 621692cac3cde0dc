"""What a session log holds of a payment, as rules read it: calls, requests, times without a line.

Plain values that know their records; nothing here reads a file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

import msgspec

from qerko_recon.errors import UnexpectedResponse
from qerko_recon.model import Bill, Payment, Receipt, decode_payment, decode_receipt

__all__ = ["Call", "Gap", "Request", "Run", "Shown", "Told", "payload_of"]

_OK: Final = 200
_HELD: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Shown:
    """Records of a log, and what they show."""

    file: str
    seqs: tuple[int, ...]
    said: str

    def __str__(self) -> str:
        if not self.seqs:
            return f"{self.file}: {self.said}"
        first, last = self.seqs[0], self.seqs[-1]
        if first == last:
            return f"{self.file}, record {first}: {self.said}"
        return f"{self.file}, records {first} to {last}: {self.said}"


@dataclass(frozen=True, eq=False)
class Call:
    """A method call of Qerko's and what became of it; columns as those of ``log.calls``.

    ``records`` are its records: number, kind, and the line as it stands.
    """

    file: str
    venue: str | None
    seq: int
    uuid: str | None
    method: str
    payment_id: str | None
    bill_id: str | None
    received_at: datetime
    answered_at: datetime | None
    duration: float | None
    outcome: str
    error_code: str | None
    error_message: str | None
    why: str | None
    delivery: str
    delivered_at: datetime | None
    sends: int
    times: int
    complaint: str | None
    complained: int | None  # record of the complaint
    records: tuple[tuple[int, str, datetime, str], ...] = field(repr=False)

    @property
    def is_answered(self) -> bool:
        """Whether the POS took it in: answered without an error, or no answer was wanted."""
        return self.outcome in {"ok", "not_wanted"}

    @cached_property
    def was_heard(self) -> bool:
        """Whether an answer that was wanted has, for all the log knows, reached Qerko.

        A poll that Qerko held for a while had brought its answer, however it ended.
        """
        if self.delivery in {"delivered", "none"}:
            return True
        sent = [at for _, kind, at, _ in self.records if kind == "poll_sent"]
        ended = [at for _, kind, at, _ in self.records if kind == "poll_answered"]
        if self.delivery in {"not_sent", "refused"} or not sent:
            return False
        return len(ended) < len(sent) or ended[-1] - sent[-1] >= _HELD

    @cached_property
    def deliveries(self) -> list[tuple[int, datetime]]:
        """Each time that it came: record and moment."""
        return [(seq, at) for seq, kind, at, _ in self.records if kind == "call"]

    @cached_property
    def answer_seq(self) -> int | None:
        """The record of the POS's answer."""
        return next((seq for seq, kind, _, _ in self.records if kind in {"result", "error"}), None)

    @cached_property
    def sends_seqs(self) -> tuple[int, ...]:
        """The records of the polls that carried the answer, and of what came of them."""
        polls = {"poll_sent", "poll_answered"}
        return tuple(seq for seq, kind, _, _ in self.records if kind in polls)

    @cached_property
    def args(self) -> list[Any]:
        """Its arguments."""
        args = self._payload("call").get("args")
        return args if isinstance(args, list) else []

    @property
    def state(self) -> str | None:
        """The state that ``paymentClosed`` tells."""
        second = self.args[1] if len(self.args) > 1 else None
        return second if isinstance(second, str) else None

    @cached_property
    def payment(self) -> Payment | None:
        """The payment that ``paymentStart`` brings; ``None`` where it cannot be read."""
        return _payment(self.args[0] if self.args else None)

    @cached_property
    def receipt(self) -> Receipt | None:
        """The receipt that the POS answered; ``None`` where it is none."""
        try:
            return decode_receipt(msgspec.json.encode(self._payload("result").get("result")))
        except UnexpectedResponse:
            return None

    @cached_property
    def bill(self) -> Bill | None:
        """The bill that the POS answered ``getBill`` with; ``None`` where it is none."""
        try:
            return msgspec.convert(self._payload("result").get("result"), Bill, strict=False)
        except (msgspec.ValidationError, ValueError):
            return None

    @property
    def detail(self) -> str | None:
        """What the POS's program noted of its failure, which Qerko was not told."""
        said = self._payload("error").get("detail")
        return said if isinstance(said, str) and said else None

    def _payload(self, kind: str) -> dict[str, Any]:
        raw = next((line for _, own, _, line in self.records if own == kind), None)
        return payload_of(raw)


@dataclass(frozen=True, eq=False)
class Request:
    """A request of the POS's own to Qerko, and what came of it."""

    file: str
    venue: str | None
    seqs: tuple[int, ...]
    verb: str
    path: str
    payment_id: str
    sent_at: datetime
    answered_at: datetime | None
    status: int | None
    trouble: str | None
    raw: str | None = field(repr=False)

    @property
    def is_look_up(self) -> bool:
        """Whether it asks for the payment."""
        return self.verb == "GET"

    @property
    def is_cancel(self) -> bool:
        """Whether it asks to cancel the payment."""
        return self.verb == "DELETE"

    @property
    def is_capture(self) -> bool:
        """Whether it asks to capture the payment."""
        return self.verb == "POST" and self.path.partition("?")[0].endswith("/capture")

    @property
    def succeeded(self) -> bool:
        """Whether Qerko did as asked."""
        return self.status == _OK

    @cached_property
    def payment(self) -> Payment | None:
        """The payment that Qerko answered; ``None`` where it did not."""
        return _payment(payload_of(self.raw).get("body")) if self.succeeded else None


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which Qerko could not reach the POS; columns as those of ``log.gaps``."""

    file: str
    venue: str | None
    began_at: datetime
    ended_at: datetime | None  # None: to the log's end
    reason: str
    detail: str
    attempts: int
    seqs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the program that recorded: from its first record to its last."""

    began_at: datetime
    ended_at: datetime
    stop: int | None  # the record that it ended as asked; None: killed, or still running


@dataclass(frozen=True)
class Told:
    """What logs tell of one payment, in order of time."""

    payment_id: str
    calls: tuple[Call, ...] = ()
    requests: tuple[Request, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.calls or self.requests)

    @cached_property
    def starts(self) -> list[Call]:
        """Its ``paymentStart``."""
        return self.of("paymentStart")

    @cached_property
    def processed(self) -> list[Call]:
        """Its ``paymentProcessed``."""
        return self.of("paymentProcessed")

    @cached_property
    def closed(self) -> list[Call]:
        """Its ``paymentClosed``."""
        return self.of("paymentClosed")

    def of(self, method: str) -> list[Call]:
        """Give the calls of one method."""
        return [call for call in self.calls if call.method == method]


def payload_of(raw: str | None) -> dict[str, Any]:
    """Give the payload of a record as it stands in the log; nothing where it cannot be read."""
    if raw is None:
        return {}
    try:
        payload = msgspec.json.decode(raw).get("payload")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, AttributeError):
        return {}
    return payload if isinstance(payload, dict) else {}


def _payment(value: object) -> Payment | None:
    if not isinstance(value, dict):
        return None
    try:
        return decode_payment(msgspec.json.encode(value))
    except UnexpectedResponse:
        return None
