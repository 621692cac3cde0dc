"""Reads HTTP off a stream that flows past: bytes in, one whole message out at its end.

h11 does the reading. What it cannot read flows on all the same and is told as a flaw.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Any, Final

import h11

__all__ = ["Message", "RequestTap", "ResponseTap"]

_MOST: Final = 16 * 2**20
_MOST_HEAD: Final = 256 * 1024
_PACKED: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}


@dataclass(slots=True)
class Message:
    """A request or an answer, read whole.

    ``flaw`` says why ``body`` is not all that was sent, or not readable.
    """

    verb: str = ""
    target: str = ""
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    size: int = 0
    flaw: str | None = None

    def take(self, data: bytes) -> None:
        """Add to the body, as far as memory should go."""
        self.size += len(data)
        room = _MOST - len(self.body)
        self.body += data[:room]
        if len(data) > room:
            self.flaw = f"of its body of more than {_MOST} bytes the first are kept"

    def content(self) -> bytes:
        """Give the body, unpacked where it is packed."""
        packing = self.headers.get("content-encoding", "identity").lower()
        if packing == "identity" or not self.body:
            return bytes(self.body)
        if packing not in _PACKED:
            self.flaw = f"its body is packed as {packing}, which nobody here unpacks"
            return bytes(self.body)
        try:
            return zlib.decompressobj(_PACKED[packing]).decompress(bytes(self.body), _MOST)
        except zlib.error:
            self.flaw = f"its body is no {packing}"
            return bytes(self.body)


class _Tap:
    """What both directions have in common."""

    def __init__(self, connection: h11.Connection) -> None:
        self._connection = connection
        self.message = Message()
        self.is_over = False

    def _feed(self, data: bytes) -> bytes:
        """Read on; give what belongs to the next message."""
        try:
            self._connection.receive_data(data)
            while not self.is_over:
                event = self._connection.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    break
                self._heed(event)
        except (h11.RemoteProtocolError, h11.LocalProtocolError, RuntimeError) as error:
            self.message.flaw = f"it is not HTTP as h11 reads it: {error}"
            self.is_over = True
            return b""
        return bytes(self._connection.trailing_data[0]) if self.is_over else b""

    def _heed(self, event: Any) -> None:
        if isinstance(event, h11.Data):
            self.message.take(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
            self.is_over = True


class RequestTap(_Tap):
    """Reads one request."""

    def __init__(self) -> None:
        super().__init__(h11.Connection(h11.SERVER, max_incomplete_event_size=_MOST_HEAD))
        self.is_noted = False

    def feed(self, data: bytes) -> bytes:
        """Read on; give what belongs to the next request."""
        return self._feed(data)

    def _heed(self, event: Any) -> None:
        if isinstance(event, h11.Request):
            self.message.verb = event.method.decode()
            self.message.target = event.target.decode("latin-1")
            self.message.headers = _headers(event)
        super()._heed(event)


class ResponseTap(_Tap):
    """Reads one answer to a request; what only announces it is passed over."""

    def __init__(self, request: Message) -> None:
        connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MOST_HEAD)
        target = request.target or "/"
        connection.send(h11.Request(method=request.verb or "GET", target=target, headers=_HOST))
        connection.send(h11.EndOfMessage())
        super().__init__(connection)

    def feed(self, data: bytes) -> bytes:
        """Read on; nothing at all is the end of the stream."""
        return self._feed(data)

    def _heed(self, event: Any) -> None:
        is_switch = isinstance(event, h11.InformationalResponse) and event.status_code == 101  # noqa: PLR2004
        if isinstance(event, h11.Response) or is_switch:
            self.message.status = event.status_code
            self.message.headers = _headers(event)
            self.is_over = is_switch  # what follows is another protocol
        super()._heed(event)


_HOST: Final = [("Host", "qerko")]


def _headers(event: h11.Request | h11.Response | h11.InformationalResponse) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
