"""A connection of a POS, passed on to Qerko byte by byte; only the Host header is another.

Each connection of the POS has one of its own to Qerko, opened when the first request comes and
closed when either side closes: whatever Qerko knows of the POS by its connections stays true.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from qerko_recon.session.proxy.notary import Exchange, Notary
from qerko_recon.session.proxy.tap import RequestTap, ResponseTap

__all__ = ["Relay", "Upstream"]

_BLOCK: Final = 64 * 1024
_MOST_HEAD: Final = 256 * 1024
_SWITCHED: Final = 101
_HOST: Final = re.compile(rb"(?im)^(host:[ \t]*)[^\r\n]*")


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where Qerko is; ``host_header`` is what its server expects to be called."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    host_header: str

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection; raises what the network raises."""
        name = self.host if self.tls is not None else None
        return await asyncio.open_connection(
            self.host, self.port, ssl=self.tls, server_hostname=name, limit=_BLOCK
        )


class Relay:
    """One connection of a POS.

    Parameters
    ----------
    reader, writer
        The POS.
    upstream
        Qerko.
    notary
        Who writes down what flows past; it may fail, the traffic flows on.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        upstream: Upstream,
        notary: Notary,
    ) -> None:
        self._pos_in, self._pos_out = reader, writer
        self._upstream = upstream
        self._notary = notary
        self._qerko_in: asyncio.StreamReader | None = None
        self._qerko_out: asyncio.StreamWriter | None = None
        self._waiting: deque[Exchange] = deque()
        self._coming: RequestTap | None = None
        self._is_raw = False  # nobody here understands what flows; it flows all the same

    async def run(self) -> None:
        """Pass bytes on until one side closes."""
        words, is_abrupt = "the POS closed the connection", False
        tasks: list[asyncio.Task[None]] = []
        try:
            head = await self._pos_in.read(_BLOCK)
            if not head:
                return
            await self._connect(head)
            requests = asyncio.ensure_future(self._requests(head))
            tasks += [requests, asyncio.ensure_future(self._responses())]
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if requests not in done:
                words = "Qerko closed the connection"
            for task in done:
                task.result()
        except (OSError, ssl.SSLError) as error:
            words, is_abrupt = f"the connection broke: {error.strerror or error}", True
        finally:
            for task in tasks:
                task.cancel()
            self._break(words, was_sent=self._qerko_out is not None)
            self._close(is_abrupt=is_abrupt)

    async def _connect(self, head: bytes) -> None:
        try:
            self._qerko_in, self._qerko_out = await self._upstream.connect()
        except (OSError, ssl.SSLError):
            self._coming = RequestTap()
            self._coming.feed(head)
            raise

    # From the POS to Qerko

    async def _requests(self, data: bytes) -> None:
        """Pass requests on until the POS has no more."""
        buffer = b""
        while data:
            if self._is_raw:
                await self._send(data)
            elif self._coming is None:
                buffer += data
                end = buffer.find(b"\r\n\r\n")
                if end >= 0 or len(buffer) > _MOST_HEAD:
                    self._coming, whole, buffer = RequestTap(), buffer, b""
                    rest = await self._pass_on(whole, end + 4)
                    if rest:
                        data = rest
                        continue
            elif rest := await self._pass_on(data, 0):
                data = rest
                continue
            data = await self._pos_in.read(_BLOCK)

    async def _pass_on(self, data: bytes, head: int) -> bytes:
        """Send on what belongs to the request at hand; give what belongs to the next."""
        tap = self._coming
        assert tap is not None  # noqa: S101 - the caller has made it
        rest = tap.feed(data)
        mine = data[: len(data) - len(rest)]
        if tap.is_over:
            self._note_request(tap)
            self._coming = None
            self._is_raw = self._is_raw or (tap.message.flaw is not None and not tap.message.verb)
        host = self._upstream.host_header.encode("latin-1")
        named = _HOST.sub(lambda found: found[1] + host, mine[:head], count=1)
        await self._send(named + mine[head:])
        return rest

    async def _send(self, data: bytes) -> None:
        assert self._qerko_out is not None  # noqa: S101 - `run` has connected
        self._qerko_out.write(data)
        await self._qerko_out.drain()

    # From Qerko to the POS

    async def _responses(self) -> None:
        """Pass answers on until Qerko closes the connection."""
        assert self._qerko_in is not None  # noqa: S101 - `run` has connected
        tap: ResponseTap | None = None
        while data := await self._qerko_in.read(_BLOCK):
            self._pos_out.write(data)
            while data and not self._is_raw:
                if tap is None:
                    tap = self._next_answer()
                if tap is None:
                    break
                data = tap.feed(data)
                if tap.is_over:
                    self._note_answer(tap)
                    tap = None
            await self._pos_out.drain()
        if tap is not None:
            tap.feed(b"")
            if tap.is_over:  # an answer that ends with the connection
                self._note_answer(tap)

    def _next_answer(self) -> ResponseTap | None:
        """Begin to read an answer; it may come before its request has ended."""
        if not self._waiting and self._coming is not None and self._coming.message.verb:
            self._note_request(self._coming)
        return ResponseTap(self._waiting[0].request) if self._waiting else None

    # What is written down

    def _note_request(self, tap: RequestTap) -> None:
        if tap.is_noted:
            return
        tap.is_noted = True
        with self._notary.minding():
            self._waiting.append(self._notary.began(tap.message))

    def _note_answer(self, tap: ResponseTap) -> None:
        exchange = self._waiting.popleft()
        self._is_raw = tap.message.status == _SWITCHED
        with self._notary.minding():
            self._notary.ended(exchange, tap.message)

    def _break(self, words: str, *, was_sent: bool) -> None:
        """Write down the requests that got no answer."""
        if self._coming is not None and self._coming.message.verb:
            self._coming.message.flaw = "it broke off"
            self._note_request(self._coming)
        while self._waiting:
            with self._notary.minding():
                self._notary.broke(self._waiting.popleft(), words, was_sent=was_sent)

    def _close(self, *, is_abrupt: bool) -> None:
        for writer in (self._qerko_out, self._pos_out):
            if writer is not None:
                if is_abrupt:
                    writer.transport.abort()  # a reset stays a reset
                with suppress(OSError, RuntimeError):
                    writer.close()
