"""Qerko's end of a long poll, written from the specification alone: a script of what it does.

It shares no code with the package, so that both cannot be wrong in the same way.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

API_KEY = "wzgd-lbq6-gp6y-xwef-7qrz-4757"
POS_ID = "0b5f1b8e-6a3c-4d43-9f1e-6b1f6d1f5c55"
_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 409: "Conflict", 503: "Restart"}


@dataclass(frozen=True)
class Do:
    """What to do with one poll.

    ``reply`` answers with ``status``, ``headers`` and ``body`` after ``hold`` seconds; ``unread``
    closes the connection as soon as it is made; ``read`` closes it when the poll was read;
    ``half`` sends a part of an answer and closes; ``hang`` holds the poll until the other side
    hangs up, or the server stops.
    """

    kind: str = "reply"
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    hold: float = 0.0
    until: threading.Event | None = None


def call(method: str, *args: object, uuid: str | None = "u-1", **more: object) -> Do:
    """Answer a poll with a method call."""
    body = {"uuid": uuid, "method": method, "args": list(args), **more}
    return Do(body=json.dumps(body).encode())


NOOP = call("noop", uuid=None)
HANG = Do("hang")


@dataclass(frozen=True)
class Seen:
    """A poll as it came over the socket."""

    body: bytes
    headers: dict[str, str]  # lower-case names
    path: str

    @property
    def said(self) -> dict[str, object]:
        """The answer that it carried."""
        return dict(json.loads(self.body))


class PollServer:
    """Does as its script says, poll by poll; when that ends, polls are held."""

    def __init__(self, *script: Do, port: int = 0) -> None:
        self.script = deque(script)
        self.seen: list[Seen] = []
        self.connections = 0
        self._changed = threading.Condition()
        self._socket = socket.create_server(("127.0.0.1", port))
        self._open: set[socket.socket] = set()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    @property
    def answers(self) -> list[dict[str, object]]:
        """The answers that arrived, in order."""
        return [one.said for one in self.seen if one.body]

    def add(self, *script: Do) -> None:
        """Do more; polls that are held stay held."""
        self.script.extend(script)

    def wait(self, polls: int, timeout: float = 20.0) -> list[Seen]:
        """Wait until so many polls were read; give them."""
        with self._changed:
            arrived = self._changed.wait_for(lambda: len(self.seen) >= polls, timeout)
        assert arrived, f"{len(self.seen)} polls came, not {polls}"
        return list(self.seen)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        _close(self._socket)  # one that is only closed goes on accepting
        for one in list(self._open):
            _close(one)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            if self.script and self.script[0].kind == "unread":
                self.script.popleft()
                _close(connection)
                continue
            self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            while (poll := _read(connection)) is not None:
                do = self.script.popleft() if self.script else HANG
                with self._changed:
                    self.seen.append(poll)
                    self._changed.notify_all()
                if not self._do(connection, do):
                    return
        except OSError:
            pass
        finally:
            self._open.discard(connection)
            _close(connection)

    def _do(self, connection: socket.socket, do: Do) -> bool:
        if do.kind == "read":
            return False
        if do.kind == "hang":
            connection.settimeout(0.05)
            while not self._is_over.is_set():
                try:
                    if connection.recv(1) == b"":
                        return False
                except TimeoutError:
                    continue
            return False
        if do.until is not None:
            do.until.wait(20)
        time.sleep(do.hold)
        lines = [f"HTTP/1.1 {do.status} {_REASONS.get(do.status, 'Other')}"]
        headers = {"Content-Type": "application/json; charset=utf-8", **do.headers}
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines.append(f"Content-Length: {len(do.body)}")
        whole = "\r\n".join(lines).encode() + b"\r\n\r\n" + do.body
        connection.sendall(whole[: -len(do.body) // 2] if do.kind == "half" else whole)
        return do.kind != "half"


def _read(connection: socket.socket) -> Seen | None:
    got = b""
    while b"\r\n\r\n" not in got:
        block = connection.recv(65536)
        if not block:
            return None
        got += block
    head, _, body = got.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs: Iterable[tuple[str, str, str]] = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    length = int(headers.get("content-length", "0"))
    while len(body) < length:
        block = connection.recv(65536)
        if not block:
            return None
        body += block
    return Seen(body, headers, first.split(" ")[1])


def _close(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
