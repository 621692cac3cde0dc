"""One attempt at one payment: a payment, or why not and whether another attempt may do better."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from qerko_recon.api import Answer, AsyncTransport, Call, get_payment, retry_after
from qerko_recon.errors import (
    ApiError,
    AuthenticationFailed,
    ForeignPayment,
    InvalidPaymentId,
    PaymentNotFound,
    QerkoReconError,
    TransportError,
    UnexpectedResponse,
    shorten,
)
from qerko_recon.fetch.wanted import writable
from qerko_recon.frames import Failure, Fetched, check_fits
from qerko_recon.model import Payment

__all__ = ["Missed", "attempt", "judge", "prepare"]

_OK: Final = 200
_TOO_MANY: Final = 429
_SERVER: Final = range(500, 600)
_KINDS: Final[dict[type[QerkoReconError], str]] = {
    AuthenticationFailed: "unauthorized",
    ForeignPayment: "forbidden",
    PaymentNotFound: "not_found",
    TransportError: "network",
}


@dataclass(frozen=True, slots=True)
class Missed:
    """An attempt that came to nothing.

    ``kind`` and ``status`` are those of :class:`~qerko_recon.frames.Failure`; ``asked_wait`` is
    what the server asked for, in seconds; ``was_tried`` tells whether there could be a request.
    """

    kind: str
    status: int | None
    detail: str
    may_be_repeated: bool
    asked_wait: float | None = None
    was_tried: bool = True

    def as_failure(self, payment_id: str, attempts: int) -> Failure:
        """Give it as the outcome of an ID."""
        tried = attempts if self.was_tried else 0
        return Failure(writable(payment_id), self.kind, self.status, self.detail, tried)


def prepare(version: str, payment_id: str) -> Call[Payment] | Missed:
    """Write a request down, if the ID can be asked for at all."""
    try:
        return get_payment(version, payment_id)
    except InvalidPaymentId as error:
        return Missed("invalid", None, str(error), may_be_repeated=False, was_tried=False)


async def attempt(transport: AsyncTransport, call: Call[Payment]) -> Answer | Missed:
    """Ask for a payment once."""
    try:
        return await transport.send(call.request)
    except TransportError as error:
        return Missed("network", None, str(error), may_be_repeated=True)


def judge(call: Call[Payment], answer: Answer, version: str) -> Fetched | Missed:
    """Read an answer; whatever it is, it is this ID's and not the others'."""
    try:
        payment = call.reply(answer).value
        check_fits(payment)
        return Fetched(payment.id, payment.raw, datetime.now(UTC), version)
    except ApiError as error:
        kind = _kind(error)
        repeat = kind == "server" or _was_cut(error)
        return Missed(kind, error.status, str(error), repeat, retry_after(answer))
    except Exception as error:  # noqa: BLE001 - one ID's fault is not the others'
        fault = f"could not be handled ({type(error).__name__}: {shorten(error, 200)})"
        return Missed("invalid", None, fault, may_be_repeated=False)


def _kind(error: ApiError) -> str:
    if error.status == _TOO_MANY or error.status in _SERVER:
        return "server"
    return _KINDS.get(type(error), "invalid")


def _was_cut(error: ApiError) -> bool:
    """Whether the body may have been cut short: that looks like JSON that is malformed.

    One with a wrong field is as it was meant, and a web page comes again.
    """
    if not isinstance(error, UnexpectedResponse) or error.status != _OK:
        return False
    return error.field is None and not error.body.lstrip().startswith(b"<")
