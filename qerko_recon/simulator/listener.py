"""The server under the simulator: an ASGI app in, a listening uvicorn for one thread out."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from qerko_recon.errors import ConfigError
from qerko_recon.simulator.replies import TRANSPORT

__all__ = ["Listener", "listen"]

_KEEP_ALIVE: Final = 75
_SETTLING: Final = 5
_GLANCE: Final = 0.005
_BACKLOG: Final = 2048


def listen(host: str, port: int) -> socket.socket:
    """Take a port.

    Raises
    ------
    ConfigError
        The port is taken, or there is no such host or port here.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Naming TCP lets asyncio send small pieces at once; without it each answer takes 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":  # where it would share the port instead of freeing it
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        raise ConfigError(
            f"the simulator cannot listen on {host} port {port}: {error}; "
            "choose another port, or 0 for any free one"
        ) from error
    return listener


class _Protocol(H11Protocol):
    """Shows each connection's transport to the app, for faults that cut it."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        inner: ASGIApp = self.app

        async def shown(scope: Scope, receive: Receive, send: Send) -> None:
            extensions = {**scope.get("extensions", {}), TRANSPORT: self.transport}
            await inner({**scope, "extensions": extensions}, receive, send)

        self.app = shown


class Listener(uvicorn.Server):
    """A uvicorn that listens on a socket made for it and says when it is up."""

    def __init__(self, app: ASGIApp, listener: socket.socket) -> None:
        config = uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            loop="asyncio",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE,
        )
        super().__init__(config)
        self._socket = listener
        self.port: int = listener.getsockname()[1]
        self.is_up = threading.Event()
        self.is_down = threading.Event()
        self._leave: Callable[[], object] | None = None

    def close(self) -> None:
        """Free the port."""
        self._socket.close()

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until told to leave."""
        try:
            super().run(sockets or [self._socket])
        finally:
            self.is_up.set()
            self.is_down.set()

    def leave(self) -> None:
        """Tell the server to stop, from any thread, at once and not at its next tick."""
        self.should_exit = True
        if self._leave is not None:
            with suppress(RuntimeError):  # the loop is closed: it has left already
                self._leave()

    async def main_loop(self) -> None:
        """Serve; look up once a second to keep the Date header right."""
        leaving = asyncio.Event()
        self._leave = partial(asyncio.get_running_loop().call_soon_threadsafe, leaving.set)
        self.is_up.set()
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(leaving.wait(), 1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the port, let answers under way be sent, close every connection."""
        for taken in (*self.servers, *(sockets or ())):
            taken.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        try:
            async with asyncio.timeout(_SETTLING):
                # uvicorn has no event for this.
                while self.server_state.connections or self.server_state.tasks:  # noqa: ASYNC110
                    await asyncio.sleep(_GLANCE)
        except TimeoutError:
            for task in self.server_state.tasks:
                task.cancel()
        for server in self.servers:
            await server.wait_closed()
