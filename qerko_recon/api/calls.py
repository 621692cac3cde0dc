"""The four calls of Qerko's REST interface, without any sending: a request, and its answer read.

Both clients send these and nothing else, so they cannot differ in what an answer means. Reading a
payment may be repeated by whoever calls; cancelling and capturing move money, so they are sent
once and never repeated here or anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Generic, TypeVar

from qerko_recon.api.exchange import Answer, Request, payment_path
from qerko_recon.api.status import error_of
from qerko_recon.errors import (
    ApiError,
    InvalidPaymentId,
    OutcomeUnknown,
    ServerRestarting,
    UnexpectedResponse,
    shorten,
)
from qerko_recon.model import (
    MethodCallRequest,
    MethodCallResponse,
    Payment,
    Receipt,
    decode_call,
    decode_capture_status,
    decode_payment,
)

__all__ = [
    "POLL_READ",
    "Call",
    "Reply",
    "cancel_payment",
    "capture_payment",
    "check_payment_id",
    "get_payment",
    "payment_of",
    "poll",
    "poll_request",
]

T_co = TypeVar("T_co", covariant=True)
_T = TypeVar("_T")

POLL_READ: Final = 180.0
"""Seconds. How long Qerko holds a poll is not documented; this is longer than is likely."""

_ID_LENGTH: Final = 512
_SERVER: Final = 500
_DONE_PERHAPS: Final = range(200, 300)


@dataclass(frozen=True, slots=True)
class Reply(Generic[T_co]):
    """What a call gives, beside the whole answer it was read from."""

    value: T_co
    answer: Answer


@dataclass(frozen=True, slots=True)
class Call(Generic[T_co]):
    """A request and how its answer is read."""

    request: Request
    read: Callable[[Request, Answer], T_co]
    moves_money: bool = False

    def reply(self, answer: Answer) -> Reply[T_co]:
        """Read an answer.

        Raises
        ------
        ApiError
            By status, or because the body is not what it should be.
        OutcomeUnknown
            The call moves money, and the answer does not say what came of it.
        """
        request, trouble = self.request, ""
        try:
            error = _error(request, answer)
            if error is None:
                return Reply(self.read(request, answer), answer)
            raise error
        except (UnexpectedResponse, ServerRestarting) as error:
            is_clear = error.status < _SERVER and error.status not in _DONE_PERHAPS
            if not self.moves_money or is_clear:
                raise
            trouble = str(error)
        raise OutcomeUnknown(
            f"{request.method} was sent for payment {shorten(request.payment_id)} and the answer "
            f"does not say what came of it: {trouble}. Look the payment up before doing anything "
            "again",
            method=request.method,
            path=request.path,
            payment_id=request.payment_id,
        )


def get_payment(version: str, payment_id: str) -> Call[Payment]:
    """Read a payment."""
    path = payment_path(version, check_payment_id(payment_id))
    return Call(Request("GET", path, payment_id=payment_id), payment_of)


def cancel_payment(version: str, payment_id: str) -> Call[Payment]:
    """Return the guest's money."""
    path = payment_path(version, check_payment_id(payment_id))
    request = Request("DELETE", path, payment_id=payment_id, fresh=True)
    return Call(request, payment_of, moves_money=True)


def capture_payment(version: str, payment_id: str, receipt: Receipt) -> Call[str]:
    """Take the money of a payment that was started with manual capture."""
    if not isinstance(receipt, Receipt):
        raise TypeError(
            f"the receipt is a {type(receipt).__name__}; give a qerko_recon.Receipt "
            "(qerko_recon.model.decode_receipt reads one from JSON)"
        )
    path = payment_path(version, check_payment_id(payment_id), "/capture")
    body = receipt.to_json()
    request = Request("POST", path, body=body, payment_id=payment_id, fresh=True)
    return Call(request, partial(_read, decode_capture_status), moves_money=True)


def poll(
    version: str, response: MethodCallResponse | None, read_timeout: float
) -> Call[MethodCallRequest]:
    """Wait for Qerko's next method call, handing over the answer to the one before."""
    body = None if response is None else response.to_json()
    return Call(poll_request(version, body, read_timeout), partial(_read, decode_call))


def poll_request(
    version: str,
    body: bytes | None,
    read_timeout: float,
    on_sent: Callable[[], object] | None = None,
) -> Request:
    """Give a poll that hands over an answer which is encoded already."""
    path = f"/api/{version}/pos/poll"
    return Request("POST", path, body=body, read_timeout=read_timeout, fresh=True, on_sent=on_sent)


def check_payment_id(payment_id: str) -> str:
    """Refuse an ID that no request can carry.

    Raises
    ------
    InvalidPaymentId
        Nothing was sent.
    """
    fault = None
    if not isinstance(payment_id, str):
        fault = f"is {type(payment_id).__name__}, not text"
    elif not payment_id or payment_id != payment_id.strip():
        fault = "is empty or has white space around it"
    elif payment_id in {".", ".."}:
        fault = "is a step in a path, not an ID"
    elif len(payment_id) > _ID_LENGTH:
        fault = f"has {len(payment_id)} characters, more than any ID has (limit {_ID_LENGTH})"
    elif re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", payment_id):
        fault = "holds a control character"
    if fault is not None:
        shown = shorten(payment_id, 40)
        raise InvalidPaymentId(f"payment ID {shown!a} {fault}; nothing was sent")
    return payment_id


def payment_of(request: Request, answer: Answer) -> Payment:
    """Read the payment an answer holds, and make sure that it is the one asked for.

    Raises
    ------
    UnexpectedResponse
        The body is no payment, or another one.
    """
    payment = _read(decode_payment, request, answer)
    if payment.id != request.payment_id:
        raise UnexpectedResponse(
            f"asked for payment {shorten(request.payment_id)}, Qerko sent payment "
            f"{shorten(payment.id)}",
            method=request.method,
            path=request.path,
            payment_id=request.payment_id,
            body=answer.body,
            headers=answer.headers,
            field="$.id",
        )
    return payment


def _error(request: Request, answer: Answer) -> ApiError | None:
    return error_of(
        answer, method=request.method, path=request.path, payment_id=request.payment_id
    )


def _read(decode: Callable[[bytes], _T], request: Request, answer: Answer) -> _T:
    """Decode a body, naming the request in the error."""
    said, where = f"the answer {answer.flaw}", None
    if answer.flaw is None:
        try:
            return decode(answer.body)
        except UnexpectedResponse as error:
            said, where = str(error), error.field
    if answer.is_page:
        said += ": a web page, so a proxy or a sign-in page may stand between"
    about = f"payment {shorten(request.payment_id)}: " if request.payment_id else ""
    raise UnexpectedResponse(
        f"{about}{said}",
        method=request.method,
        path=request.path,
        status=answer.status,
        payment_id=request.payment_id,
        body=answer.body,
        headers=answer.headers,
        field=where,
    )
