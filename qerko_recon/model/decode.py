"""Bytes of an answer in, a wire structure out, or an error that names the field and keeps all."""

from __future__ import annotations

import re
from typing import Final, TypeVar

import msgspec

from qerko_recon.errors import UnexpectedResponse
from qerko_recon.model.calls import ErrorBody, MethodCallRequest, MethodCallResponse
from qerko_recon.model.payment import Payment
from qerko_recon.model.receipt import Receipt

__all__ = [
    "decode_call",
    "decode_call_response",
    "decode_capture_status",
    "decode_error",
    "decode_payment",
    "decode_receipt",
]

_T = TypeVar("_T")


class _CaptureStatus(msgspec.Struct, frozen=True):
    status: str


_PAYMENT: Final = msgspec.json.Decoder(Payment)
_CALL: Final = msgspec.json.Decoder(MethodCallRequest)
_CALL_RESPONSE: Final = msgspec.json.Decoder(MethodCallResponse)
_ERROR: Final = msgspec.json.Decoder(ErrorBody)
_CAPTURE: Final = msgspec.json.Decoder(_CaptureStatus)
_NAMED: Final = re.compile(r"(?:missing required field |^)`(.+?)`")
_RECEIPT: Final = msgspec.json.Decoder(Receipt)


def decode_payment(body: bytes) -> Payment:
    """Read a payment; its ``raw`` is the body as received.

    Raises
    ------
    UnexpectedResponse
        The body is no payment; ``field`` names where, ``body`` keeps it.
    """
    payment = _decode(_PAYMENT, body, "a payment")
    msgspec.structs.force_setattr(payment, "raw", bytes(body))
    return payment


def decode_call(body: bytes) -> MethodCallRequest:
    """Read a method call of the long poll; raises as :func:`decode_payment` does."""
    return _decode(_CALL, body, "a method call")


def decode_call_response(body: bytes) -> MethodCallResponse:
    """Read a POS's answer to a method call; raises as :func:`decode_payment` does."""
    return _decode(_CALL_RESPONSE, body, "an answer to a method call")


def decode_receipt(body: bytes) -> Receipt:
    """Read a receipt, from a file or a capture's body; raises as :func:`decode_payment` does."""
    return _decode(_RECEIPT, body, "a receipt")


def decode_capture_status(body: bytes) -> str:
    """Read the status word of an accepted capture; raises as :func:`decode_payment` does."""
    return _decode(_CAPTURE, body, "a capture status").status


def decode_error(body: bytes) -> ErrorBody:
    """Read an error body; whatever is not one becomes an empty error, since it explains little."""
    try:
        return _ERROR.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ErrorBody()


def _decode(decoder: msgspec.json.Decoder[_T], body: bytes, what: str) -> _T:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = str(error)
    field = None
    if " - at `" in reason:
        reason, _, rest = reason.partition(" - at `")
        field = rest.rstrip("`")
    if named := _NAMED.search(reason):
        field = f"{field or '$'}.{named[1]}"
    where = f" at {field}" if field else ""
    start = body[:60].decode("utf-8", "replace").strip()
    msg = f"the answer is not {what}: {reason}{where}. It begins with {start!r}"
    raise UnexpectedResponse(msg, body=body, field=field)
