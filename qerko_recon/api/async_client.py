"""The same calls for programs with an event loop: the same names, meanings and errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self, TypeVar

from qerko_recon.api import calls
from qerko_recon.api.calls import POLL_READ, Call, Reply
from qerko_recon.api.client import ConfiguredClient
from qerko_recon.api.exchange import Answer, Request
from qerko_recon.api.transport import AsyncTransport
from qerko_recon.errors import ConfigError
from qerko_recon.model import MethodCallRequest, MethodCallResponse, Payment, Receipt

__all__ = ["AsyncApiClient", "AsyncWithAnswer"]

_T = TypeVar("_T")


class AsyncApiClient(ConfiguredClient):
    """A client of one venue for one event loop, the one it is first used in.

    Takes the settings of :class:`~qerko_recon.api.client.ConfiguredClient`. A task that is
    cancelled while it cancels or captures a payment leaves an unknown outcome: look the payment
    up.
    """

    def _connect(self) -> None:
        self._transport = AsyncTransport(self.venue, self._network)
        self._loop: asyncio.AbstractEventLoop | None = None

    async def get_payment(self, payment_id: str) -> Payment:
        """Read a payment; see :meth:`ApiClient.get_payment`."""
        return (await self.with_answer.get_payment(payment_id)).value

    async def cancel_payment(self, payment_id: str) -> Payment:
        """Return the guest's money; see :meth:`ApiClient.cancel_payment`."""
        return (await self.with_answer.cancel_payment(payment_id)).value

    async def capture_payment(self, payment_id: str, receipt: Receipt) -> str:
        """Capture a payment; see :meth:`ApiClient.capture_payment`."""
        return (await self.with_answer.capture_payment(payment_id, receipt)).value

    async def poll(
        self, response: MethodCallResponse | None = None, *, read_timeout: float = POLL_READ
    ) -> MethodCallRequest:
        """Wait for Qerko's next method call; see :meth:`ApiClient.poll`."""
        return (await self.with_answer.poll(response, read_timeout=read_timeout)).value

    @property
    def with_answer(self) -> AsyncWithAnswer:
        """The same calls, each giving its value beside the answer's status, headers and body."""
        return AsyncWithAnswer(self)

    async def send(self, request: Request) -> Answer:
        """Send one request and give the whole answer, whatever its status.

        Raises
        ------
        ConfigError
            The client was used in another event loop before; connections belong to one.
        """
        self._keep_to_one_loop()
        return await self._transport.send(request)

    @asynccontextmanager
    async def bulk_transport(self) -> AsyncIterator[AsyncTransport]:
        """Give the connections for reading many payments at once: this client's own."""
        self._keep_to_one_loop()
        self._transport.check_open()
        yield self._transport

    def _keep_to_one_loop(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop not in {None, loop}:
            raise ConfigError(
                "this client was used in another event loop; make one for each, as in "
                "`async with AsyncClient() as client:`"
            )
        self._loop = loop

    async def close(self) -> None:
        """Close every connection."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


class AsyncWithAnswer:
    """The calls of an :class:`AsyncApiClient`, each giving a :class:`~qerko_recon.api.Reply`."""

    def __init__(self, client: AsyncApiClient) -> None:
        self._client = client

    async def get_payment(self, payment_id: str) -> Reply[Payment]:
        """See :meth:`AsyncApiClient.get_payment`."""
        return await self._reply(calls.get_payment(self._client.venue.api_version, payment_id))

    async def cancel_payment(self, payment_id: str) -> Reply[Payment]:
        """See :meth:`AsyncApiClient.cancel_payment`."""
        return await self._reply(calls.cancel_payment(self._client.venue.api_version, payment_id))

    async def capture_payment(self, payment_id: str, receipt: Receipt) -> Reply[str]:
        """See :meth:`AsyncApiClient.capture_payment`."""
        version = self._client.venue.api_version
        return await self._reply(calls.capture_payment(version, payment_id, receipt))

    async def poll(
        self, response: MethodCallResponse | None = None, *, read_timeout: float = POLL_READ
    ) -> Reply[MethodCallRequest]:
        """See :meth:`AsyncApiClient.poll`."""
        version = self._client.venue.api_version
        return await self._reply(calls.poll(version, response, read_timeout))

    async def _reply(self, call: Call[_T]) -> Reply[_T]:
        return call.reply(await self._client.send(call.request))
