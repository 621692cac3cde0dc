"""The four calls of Qerko's REST interface, each one request; errors are typed by status.

Reading a payment may be repeated by whoever calls; cancelling and capturing move money, so they
are sent once and never repeated here or anywhere.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NoReturn, Self, TypeVar

from qerko_recon.api.status import error_of
from qerko_recon.api.transport import Answer, BaseTransport, Timeouts, Transport, payment_path
from qerko_recon.errors import (
    ConfigError,
    InvalidPaymentId,
    OutcomeUnknown,
    ServerRestarting,
    UnexpectedResponse,
    shorten,
)
from qerko_recon.keys import ApiKey
from qerko_recon.model import (
    MethodCallRequest,
    MethodCallResponse,
    Payment,
    Receipt,
    decode_call,
    decode_capture_status,
    decode_payment,
)
from qerko_recon.settings import Venue

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["ApiClient", "check_payment_id", "payment_of"]

_T = TypeVar("_T")

_POLL_READ: Final = 180.0
"""Seconds. How long Qerko holds a poll is not documented; this is longer than is likely."""

_ID_LENGTH: Final = 512
_SERVER: Final = 500
_DONE_PERHAPS: Final = range(200, 300)


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


class ApiClient:
    """A client of one venue.

    Parameters
    ----------
    venue
        Its settings; gathered by :meth:`qerko_recon.Venue.load` where not given.
    api_key, pos_id, base_url, api_version
        In place of the venue's, or of what the environment says. Where the first three are
        given, neither environment nor settings file is looked at.
    timeouts
        Seconds for each phase of a request.
    transport
        An ``httpx`` transport in place of the network's own.
    user_agent
        How to name ourselves to Qerko.

    Raises
    ------
    ConfigError
        A setting is missing or malformed.
    """

    def __init__(
        self,
        venue: Venue | None = None,
        *,
        api_key: ApiKey | str | None = None,
        pos_id: str | None = None,
        base_url: str | None = None,
        api_version: str | None = None,
        timeouts: Timeouts | None = None,
        transport: BaseTransport | None = None,
        user_agent: str | None = None,
    ) -> None:
        key = None if api_key is None else ApiKey.hidden(api_key)
        del api_key
        find = Venue.load if venue is None else venue.replaced
        venue = find(api_key=key, pos_id=pos_id, base_url=base_url, api_version=api_version)
        if user_agent is not None and not re.fullmatch(r"[\x21-\x7e][\x20-\x7e]*", user_agent):
            raise ConfigError("user_agent is plain text such as MyPos/1.0.0")
        self.venue = venue
        self._transport = Transport(venue, timeouts or Timeouts(), transport, user_agent)

    def get_payment(self, payment_id: str) -> Payment:
        """Read a payment in whatever state it is; safe at any time.

        Raises
        ------
        AuthenticationFailed, ForeignPayment, PaymentNotFound, UnexpectedResponse
            By status, 401, 403, 404 and whatever else.
        TransportError
            No answer came.
        """
        path = payment_path(self.venue.api_version, check_payment_id(payment_id))
        return payment_of(self.ask("GET", path, payment_id=payment_id), "GET", path, payment_id)

    def cancel_payment(self, payment_id: str) -> Payment:
        """Return the guest's money: one DELETE, never repeated.

        Returns
        -------
        Payment
            As it is afterwards.

        Raises
        ------
        CancelWindowClosed
            More than three hours have passed since the payment was created (410).
        OutcomeUnknown
            The request was sent, and it is not known what came of it: look the payment up.
        AuthenticationFailed, ForeignPayment, PaymentNotFound, TransportError
            As for :meth:`get_payment`; nothing was cancelled.
        """
        path = payment_path(self.venue.api_version, check_payment_id(payment_id))
        return self._move_money(
            "DELETE",
            path,
            payment_id,
            None,
            lambda one: payment_of(one, "DELETE", path, payment_id),
        )

    def capture_payment(self, payment_id: str, receipt: Receipt) -> str:
        """Take the money of a payment that was started with manual capture: one POST.

        Returns
        -------
        str
            Qerko's status word; ``Accepted`` says that it was taken in, not that it settled.

        Raises
        ------
        OutcomeUnknown
            The request was sent, and it is not known what came of it: look the payment up.
        AuthenticationFailed, ForeignPayment, PaymentNotFound, TransportError
            As for :meth:`get_payment`; nothing was captured.
        """
        if not isinstance(receipt, Receipt):
            raise TypeError(
                f"the receipt is a {type(receipt).__name__}; give a qerko_recon.Receipt "
                "(qerko_recon.model.decode_receipt reads one from JSON)"
            )
        path = payment_path(self.venue.api_version, check_payment_id(payment_id), "/capture")
        return self._move_money(
            "POST",
            path,
            payment_id,
            receipt.to_json(),
            lambda one: _read(one, decode_capture_status, "POST", path, payment_id),
        )

    def poll(
        self, response: MethodCallResponse | None = None, *, read_timeout: float = _POLL_READ
    ) -> MethodCallRequest:
        """Wait for Qerko's next method call, handing over the answer to the one before.

        This is the restaurant's one connection: never poll a venue whose POS is running, and
        answer every call that has a ``uuid``, or Qerko cancels the guest's payment.

        Raises
        ------
        BadRequest, AuthenticationFailed, ConnectionInUse, ServerRestarting
            400, 401, 409, 503.
        TransportError
            No call came within ``read_timeout`` seconds, or the connection was lost.
        """
        path = f"/api/{self.venue.api_version}/pos/poll"
        body = None if response is None else response.to_json()
        answer = self.ask("POST", path, body=body, read_timeout=read_timeout, fresh=True)
        return _read(answer, decode_call, "POST", path, None)

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        payment_id: str | None = None,
        read_timeout: float | None = None,
        fresh: bool = False,
    ) -> Answer:
        """Send one request and give the whole answer; raises for any status but 200."""
        answer = self.send(
            method, path, body=body, payment_id=payment_id, read_timeout=read_timeout, fresh=fresh
        )
        error = error_of(answer, method=method, path=path, payment_id=payment_id)
        if error is not None:
            raise error
        return answer

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        payment_id: str | None = None,
        read_timeout: float | None = None,
        fresh: bool = False,
    ) -> Answer:
        """Send one request and give the whole answer, whatever its status.

        ``fresh`` takes a connection of its own in place of one kept open.
        """
        return self._transport.send(
            method, path, body=body, payment_id=payment_id, read_timeout=read_timeout, fresh=fresh
        )

    def _move_money(
        self,
        method: str,
        path: str,
        payment_id: str,
        body: bytes | None,
        read: Callable[[Answer], _T],
    ) -> _T:
        """Send a request that moves money; what is not a clear answer is an unknown outcome."""
        trouble = ""
        try:
            return read(self.ask(method, path, body=body, payment_id=payment_id, fresh=True))
        except (UnexpectedResponse, ServerRestarting) as error:
            if error.status < _SERVER and error.status not in _DONE_PERHAPS:
                raise
            trouble = str(error)
        raise OutcomeUnknown(
            f"{method} was sent for payment {shorten(payment_id)} and the answer does not say "
            f"what came of it: {trouble}. Look the payment up before doing anything again",
            method=method,
            path=path,
            payment_id=payment_id,
        )

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        venue = getattr(self, "venue", None)  # a debugger may show one half made
        if venue is None:
            return f"{type(self).__name__}(not connected)"
        return (
            f"{type(self).__name__}({venue.base_url!r}, {venue.api_version!r}, {venue.api_key!r})"
        )

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a client cannot be pickled: it holds an API key. Make one where it is needed"
        )


def payment_of(answer: Answer, method: str, path: str, payment_id: str) -> Payment:
    """Read the payment an answer holds, and make sure that it is the one asked for.

    Raises
    ------
    UnexpectedResponse
        The body is no payment, or another one.
    """
    payment = _read(answer, decode_payment, method, path, payment_id)
    if payment.id != payment_id:
        raise UnexpectedResponse(
            f"asked for payment {shorten(payment_id)}, Qerko sent payment {shorten(payment.id)}",
            method=method,
            path=path,
            payment_id=payment_id,
            body=answer.body,
            field="$.id",
        )
    return payment


def _read(
    answer: Answer,
    decode: Callable[[bytes], _T],
    method: str,
    path: str,
    payment_id: str | None,
) -> _T:
    """Decode a body, naming the request in the error."""
    said, where = f"the answer {answer.flaw}", None
    if answer.flaw is None:
        try:
            return decode(answer.body)
        except UnexpectedResponse as error:
            said, where = str(error), error.field
    if answer.is_page:
        said += ": a web page, so a proxy or a sign-in page may stand between"
    about = f"payment {shorten(payment_id)}: " if payment_id else ""
    raise UnexpectedResponse(
        f"{about}{said}",
        method=method,
        path=path,
        status=answer.status,
        payment_id=payment_id,
        body=answer.body,
        field=where,
    )
