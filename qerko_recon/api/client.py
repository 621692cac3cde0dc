"""The calls of Qerko's REST interface, each one request; errors are typed by status."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Final, NoReturn, Self, TypeVar

from qerko_recon.api import calls
from qerko_recon.api.calls import POLL_READ, Call, Reply
from qerko_recon.api.exchange import Answer, Exchange, Hooks, Request, Timeouts
from qerko_recon.api.transport import (
    AsyncBaseTransport,
    AsyncTransport,
    BaseTransport,
    Network,
    Transport,
)
from qerko_recon.errors import ConfigError
from qerko_recon.keys import ApiKey
from qerko_recon.model import MethodCallRequest, MethodCallResponse, Payment, Receipt
from qerko_recon.settings import Venue

__all__ = ["ApiClient", "ConfiguredClient", "WithAnswer"]

_T = TypeVar("_T")

_MOST_CONNECTIONS: Final = 64


class ConfiguredClient:
    """A client's settings, whichever way it sends; nothing of it shows a key.

    Parameters
    ----------
    venue
        Its settings; gathered by :meth:`qerko_recon.Venue.load` where not given.
    api_key, pos_id, base_url, api_version
        In place of the venue's, or of what the environment says. Where the first three are
        given, neither environment nor settings file is looked at.
    timeouts
        Seconds for each phase of a request.
    proxy, ca_file
        In place of those that ``HTTPS_PROXY`` and ``SSL_CERT_FILE`` name.
    max_connections
        Connections at once for reading payments, from 1 to 64.
    before_request, after_response
        Functions that hear of every request, for recording: the first gets the
        :class:`~qerko_recon.api.Request` before it leaves, and nothing is sent if it raises; the
        second gets the :class:`~qerko_recon.api.Exchange`, and what it raises is a warning.
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
        proxy: str | None = None,
        ca_file: str | os.PathLike[str] | None = None,
        max_connections: int = _MOST_CONNECTIONS,
        before_request: Callable[[Request], object] | None = None,
        after_response: Callable[[Exchange], object] | None = None,
        transport: BaseTransport | AsyncBaseTransport | None = None,
        user_agent: str | None = None,
    ) -> None:
        key = None if api_key is None else ApiKey.hidden(api_key)
        del api_key
        way = Network.proxied(proxy)
        del proxy
        find = Venue.load if venue is None else venue.replaced
        venue = find(api_key=key, pos_id=pos_id, base_url=base_url, api_version=api_version)
        if user_agent is not None and not re.fullmatch(r"[\x21-\x7e][\x20-\x7e]*", user_agent):
            raise ConfigError("user_agent is plain text such as MyPos/1.0.0")
        if isinstance(max_connections, bool) or max_connections not in range(1, 65):
            raise ConfigError(f"max_connections is 1 to 64, not {max_connections!r}")
        self.venue = venue
        self._network = Network(
            timeouts=timeouts or Timeouts(),
            transport=transport,
            proxy=way,
            ca_file=None if ca_file is None else os.fspath(ca_file),
            max_connections=max_connections,
            user_agent=user_agent,
            hooks=Hooks(before_request, after_response),
        )
        self._connect()

    def _connect(self) -> None:
        """Make what sends the requests."""
        raise NotImplementedError

    @asynccontextmanager
    async def own_transport(self) -> AsyncIterator[AsyncTransport]:
        """Open connections apart from this client's own, in the running event loop."""
        transport = AsyncTransport(self.venue, self._network)
        try:
            yield transport
        finally:
            await transport.close()

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


class ApiClient(ConfiguredClient):
    """A client of one venue that waits for each answer; safe to use from several threads.

    Takes the settings of :class:`ConfiguredClient`.
    """

    def _connect(self) -> None:
        self._transport = Transport(self.venue, self._network)

    def get_payment(self, payment_id: str) -> Payment:
        """Read a payment in whatever state it is; safe at any time.

        Raises
        ------
        AuthenticationFailed, ForeignPayment, PaymentNotFound, UnexpectedResponse
            By status, 401, 403, 404 and whatever else.
        TransportError
            No answer came.
        """
        return self.with_answer.get_payment(payment_id).value

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
        return self.with_answer.cancel_payment(payment_id).value

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
        return self.with_answer.capture_payment(payment_id, receipt).value

    def poll(
        self, response: MethodCallResponse | None = None, *, read_timeout: float = POLL_READ
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
        return self.with_answer.poll(response, read_timeout=read_timeout).value

    @property
    def with_answer(self) -> WithAnswer:
        """The same calls, each giving its value beside the answer's status, headers and body."""
        return WithAnswer(self)

    def send(self, request: Request) -> Answer:
        """Send one request and give the whole answer, whatever its status."""
        return self._transport.send(request)

    @asynccontextmanager
    async def bulk_transport(self) -> AsyncIterator[AsyncTransport]:
        """Open connections for reading many payments at once, in the running event loop."""
        self._transport.check_open()
        async with self.own_transport() as transport:
            yield transport

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


class WithAnswer:
    """The calls of an :class:`ApiClient`, each giving a :class:`~qerko_recon.api.Reply`."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client

    def get_payment(self, payment_id: str) -> Reply[Payment]:
        """See :meth:`ApiClient.get_payment`."""
        return self._reply(calls.get_payment(self._client.venue.api_version, payment_id))

    def cancel_payment(self, payment_id: str) -> Reply[Payment]:
        """See :meth:`ApiClient.cancel_payment`."""
        return self._reply(calls.cancel_payment(self._client.venue.api_version, payment_id))

    def capture_payment(self, payment_id: str, receipt: Receipt) -> Reply[str]:
        """See :meth:`ApiClient.capture_payment`."""
        version = self._client.venue.api_version
        return self._reply(calls.capture_payment(version, payment_id, receipt))

    def poll(
        self, response: MethodCallResponse | None = None, *, read_timeout: float = POLL_READ
    ) -> Reply[MethodCallRequest]:
        """See :meth:`ApiClient.poll`."""
        return self._reply(calls.poll(self._client.venue.api_version, response, read_timeout))

    def _reply(self, call: Call[_T]) -> Reply[_T]:
        return call.reply(self._client.send(call.request))
