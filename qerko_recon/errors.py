"""Every error this package raises, and what a caller would catch.

Takes in what happened; gives out one sentence that says what, to which payment or row, and what
to do next. No error ever carries an API key.

::

    QerkoReconError
    ├── ConfigError                a setting is missing or malformed
    ├── InvalidPaymentId           an ID that no request can carry; nothing was sent
    ├── AmountError                an amount cannot be held exactly, or is not a number
    ├── ApiError                   .method .path .status .payment_id .body .headers
    │   ├── BadRequest             400
    │   ├── AuthenticationFailed   401
    │   ├── ForeignPayment         403
    │   ├── PaymentNotFound        404
    │   ├── ConnectionInUse        409
    │   ├── CancelWindowClosed     410
    │   ├── ServerRestarting       503 (.retry_after)
    │   └── UnexpectedResponse     not what the specification says; .field names where
    ├── TransportError             never reached, or timed out
    │   └── OutcomeUnknown         a cancel or capture was sent and no answer came
    ├── ActionError                a cancel or a capture cannot go on; nothing was sent
    │   └── AuditTrailError        .file; it cannot be kept, so nothing is sent
    ├── PosExportError             .file .row .column .value
    ├── SessionLogError            .file .line
    ├── StoreError                 .file; a store of payments cannot be read or written
    ├── HistoryError               .file; a history cannot be used so, or a signed day stands
    └── ReconciliationError        inputs or a policy that cannot be reconciled
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = [
    "ActionError",
    "AmountError",
    "ApiError",
    "AuditTrailError",
    "AuthenticationFailed",
    "BadRequest",
    "CancelWindowClosed",
    "ConfigError",
    "ConnectionInUse",
    "ForeignPayment",
    "HistoryError",
    "InvalidPaymentId",
    "OutcomeUnknown",
    "PaymentNotFound",
    "PosExportError",
    "QerkoReconError",
    "ReconciliationError",
    "ServerRestarting",
    "SessionLogError",
    "StoreError",
    "TransportError",
    "UnexpectedResponse",
]

_SHOWN: Final = 80


def shorten(text: object, limit: int = _SHOWN) -> str:
    """Cut a value from outside to what fits in a sentence, saying how much was cut.

    >>> shorten("1234")
    '1234'
    >>> shorten("x" * 100, limit=10)
    'xxxxxxxxxx… (100 characters)'
    """
    shown = str(text)
    if len(shown) <= limit:
        return shown
    return f"{shown[:limit]}… ({len(shown)} characters)"


class QerkoReconError(Exception):
    """Anything that went wrong in this package; catch this to catch all of it."""


class ConfigError(QerkoReconError):
    """A setting is missing or malformed; the message says where it was looked for."""


class InvalidPaymentId(QerkoReconError, ValueError):
    """An ID that no request can carry; nothing was sent."""


class AmountError(QerkoReconError, ValueError):
    """A value is not an amount, or would have to be rounded to be held."""


class ApiError(QerkoReconError):
    """Qerko answered, and the answer is not the one asked for.

    Parameters
    ----------
    message
        One sentence for people.
    method, path
        The request, without host, headers or body.
    status
        HTTP status of the answer.
    payment_id
        The payment concerned, if one is.
    body
        The answer's body as received; often empty.
    headers
        The answer's headers, by lower-case name.
    """

    def __init__(
        self,
        message: str,
        *,
        method: str,
        path: str,
        status: int,
        payment_id: str | None = None,
        body: bytes = b"",
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(message)
        self.method = method
        self.path = path
        self.status = status
        self.payment_id = payment_id
        self.body = body
        self.headers = headers

    def __repr__(self) -> str:
        request = f"{self.method} {shorten(self.path)}"
        return f"{type(self).__name__}({str(self)!r}, {request!r}, status={self.status})"


class BadRequest(ApiError):
    """400: Qerko could not read what was sent."""


class AuthenticationFailed(ApiError):
    """401: the API key or the Pos-Id is not accepted."""


class ForeignPayment(ApiError):
    """403: the payment belongs to another restaurant."""


class PaymentNotFound(ApiError):
    """404: Qerko knows no such payment."""


class ConnectionInUse(ApiError):
    """409: another connection is open for this restaurant."""


class CancelWindowClosed(ApiError):
    """410: more than three hours have passed since the payment was created."""


class ServerRestarting(ApiError):
    """503: the server is about to be restarted.

    ``retry_after`` is the wait in seconds: the answer's ``Retry-After``, else the two minutes of
    the specification.
    """

    def __init__(
        self,
        message: str,
        *,
        method: str,
        path: str,
        status: int,
        payment_id: str | None = None,
        body: bytes = b"",
        headers: Mapping[str, str] = MappingProxyType({}),
        retry_after: float = 120.0,
    ) -> None:
        super().__init__(
            message,
            method=method,
            path=path,
            status=status,
            payment_id=payment_id,
            body=body,
            headers=headers,
        )
        self.retry_after = retry_after


class UnexpectedResponse(ApiError):
    """The answer is not what the specification says; ``body`` keeps it as received.

    ``field`` is the path of the offending field (``$.parts[0].total``), or ``None`` where the
    answer as a whole is at fault (a status nobody documented, HTML in place of JSON).
    """

    def __init__(
        self,
        message: str,
        *,
        method: str = "",
        path: str = "",
        status: int = 200,
        payment_id: str | None = None,
        body: bytes = b"",
        headers: Mapping[str, str] = MappingProxyType({}),
        field: str | None = None,
    ) -> None:
        super().__init__(
            message,
            method=method,
            path=path,
            status=status,
            payment_id=payment_id,
            body=body,
            headers=headers,
        )
        self.field = field


class TransportError(QerkoReconError):
    """Qerko was not reached, or did not answer in time.

    ``was_sent`` tells whether the request may have arrived; where it is false there was no
    connection. ``timed_out`` tells whether the wait for the answer was simply over.
    """

    def __init__(
        self,
        message: str,
        *,
        method: str = "",
        path: str = "",
        payment_id: str | None = None,
        was_sent: bool = True,
        timed_out: bool = False,
    ) -> None:
        super().__init__(message)
        self.method = method
        self.path = path
        self.payment_id = payment_id
        self.was_sent = was_sent
        self.timed_out = timed_out


class OutcomeUnknown(TransportError):
    """A cancel or a capture was sent and no answer came: look the payment up before acting."""


class ActionError(QerkoReconError):
    """A cancel or a capture cannot go on; nothing was sent."""


class AuditTrailError(ActionError):
    """The audit trail cannot be read or written, so nothing that moves money is sent."""

    def __init__(self, message: str, *, file: str | None = None) -> None:
        super().__init__(message)
        self.file = file


class PosExportError(QerkoReconError):
    """A POS export cannot be read.

    Parameters
    ----------
    message
        What is wrong and what to do.
    file, row, column, value
        Where: ``row`` counts the file's lines from 1; each is ``None`` where it does not apply.
    """

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        row: int | None = None,
        column: str | None = None,
        value: str | None = None,
    ) -> None:
        super().__init__(message)
        self.file = file
        self.row = row
        self.column = column
        self.value = value


class SessionLogError(QerkoReconError):
    """A session log cannot be read or written; ``line`` counts from 1."""

    def __init__(self, message: str, *, file: str | None = None, line: int | None = None) -> None:
        super().__init__(message)
        self.file = file
        self.line = line


class StoreError(QerkoReconError):
    """A store of payments cannot be opened, read or written."""

    def __init__(self, message: str, *, file: str | None = None) -> None:
        super().__init__(message)
        self.file = file


class HistoryError(QerkoReconError):
    """A history cannot be opened or written, or what is asked of it would change a signed day."""

    def __init__(self, message: str, *, file: str | None = None) -> None:
        super().__init__(message)
        self.file = file


class ReconciliationError(QerkoReconError):
    """The inputs or the policy cannot be reconciled; the message names which and why."""
