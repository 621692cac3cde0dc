"""A Qerko written from the REST specification alone, on the standard library, with faults on call.

It shares no code with the package, so that both cannot be wrong in the same way.
"""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections import defaultdict, deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import unquote

API_KEY = "wzgd-lbq6-gp6y-xwef-7qrz-4757"
POS_ID = "0b5f1b8e-6a3c-4d43-9f1e-6b1f6d1f5c55"


@dataclass(frozen=True)
class Seen:
    """A request as it came over the socket."""

    method: str
    target: str
    headers: dict[str, str]  # lower-case names
    body: bytes
    connection: tuple[str, int]


@dataclass(frozen=True)
class Fault:
    """What to do in place of the proper answer.

    ``reply`` sends ``status``, ``headers`` and ``body``; ``truncate`` announces more than it
    sends; ``reset`` and ``close`` drop the connection after the request was read; ``hang`` holds
    it until the server stops; ``stall`` sends half a body and holds; ``drip`` sends a body byte
    by byte without an end; ``early`` resets the connection before a body is read; ``raw`` sends
    ``body`` in place of a whole answer, HTTP or not.
    """

    kind: str = "reply"
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def payment(payment_id: str = "1234", **changes: object) -> dict[str, object]:
    """Give a payment as the specification shows it."""
    return {
        "additionalData": None,
        "currency": "CZK",
        "discount": None,
        "id": payment_id,
        "idBill": "1",
        "idCustomer": "aaf10f7b-730b-4283-9087-965060c6350a",
        "items": [
            {
                "id": "156",
                "minQuantity": "1",
                "name": "Item 5,-",
                "price": "5",
                "quantity": "1",
                "tags": ["Misc"],
            }
        ],
        "state": "PAID",
        "parts": [{"total": "156", "provider": {"id": "qerko", "name": "Qerko", "type": "CARD"}}],
        "tipBrutto": "0",
        "tipNetto": "0",
    } | changes


class SpecServer:
    """One restaurant's Qerko on a free port of loopback."""

    def __init__(self, certificate: str | None = None) -> None:
        self.api_key, self.pos_id = API_KEY, POS_ID
        self.payments: dict[str, dict[str, object]] = {}
        self.foreign: set[str] = set()
        self.expired: set[str] = set()
        self.receipts: dict[str, object] = {}
        self.calls: deque[dict[str, object]] = deque()
        self.seen: list[Seen] = []
        self.most_at_once = 0
        self.faults: dict[tuple[str, str | None], deque[Fault]] = defaultdict(deque)
        self.always: dict[tuple[str, str | None], Fault] = {}
        self.gate = threading.Event()  # a test may hold every answer back
        self.gate.set()
        self.stopped = threading.Event()
        self._lock = threading.Lock()
        self._now = 0
        self._http = _Listener(("127.0.0.1", 0), _Handler)
        self._http.spec = self
        self._scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
            self._scheme = "https"

    @property
    def base_url(self) -> str:
        host = "localhost" if self._scheme == "https" else "127.0.0.1"
        return f"{self._scheme}://{host}:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stopped.set()
        self.gate.set()
        self._http.shutdown()
        self._http.server_close()

    def hold(self, *ids: str, **changes: object) -> None:
        """Take payments into the ledger."""
        for one in ids:
            self.payments[one] = payment(one, **changes)

    def fail(self, method: str, *faults: Fault, payment_id: str | None = None) -> None:
        """Strike the next requests of a method (of one payment), one fault each."""
        self.faults[method, payment_id].extend(faults)

    def fail_always(self, method: str, fault: Fault, payment_id: str | None = None) -> None:
        self.always[method, payment_id] = fault

    def requests(self, method: str | None = None) -> list[Seen]:
        with self._lock:
            return [one for one in self.seen if method in {None, one.method}]

    def begin(self, seen: Seen) -> None:
        with self._lock:
            self.seen.append(seen)
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)

    def end(self) -> None:
        with self._lock:
            self._now -= 1

    def fault_for(self, method: str, target: str, *, is_early: bool) -> Fault | None:
        """Give the fault that strikes a request, before its body is read or after."""
        with self._lock:
            for place in ((method, _id_in(target)), (method, None)):
                scripted = self.faults[place]
                fault = scripted[0] if scripted else self.always.get(place)
                if fault is None:
                    continue
                if (fault.kind == "early") is not is_early:
                    return None
                if scripted:
                    scripted.popleft()
                return fault
        return None

    def answer(self, seen: Seen) -> tuple[int, object]:  # noqa: PLR0911
        """Answer as the specification says; ``None`` is an empty body."""
        given = (seen.headers.get("authorization"), seen.headers.get("pos-id"))
        if given != (f"Bearer {self.api_key}", self.pos_id):
            return 401, {"message": "Invalid API key or POS ID", "code": "UNAUTHORIZED"}
        if seen.target == "/api/v2/pos/poll" and seen.method == "POST":
            return self._poll(seen)
        who = _id_in(seen.target)
        if who is None:
            return 404, None
        if who in self.foreign:
            return 403, None
        if who not in self.payments:
            return 404, None
        if seen.target.endswith("/capture") and seen.method == "POST":
            self.receipts[who] = json.loads(seen.body)
            return 200, {"status": "Accepted"}
        if seen.method == "GET":
            return 200, self.payments[who]
        if seen.method == "DELETE":
            if who in self.expired:
                return 410, None
            self.payments[who]["state"] = "CANCELLED"
            return 200, self.payments[who]
        return 405, None

    def _poll(self, seen: Seen) -> tuple[int, object]:
        if seen.body:
            content = json.loads(seen.body)
            if "uuid" not in content:
                return 400, {"message": "uuid is missing", "code": "BAD_RESPONSE"}
        if self.calls:
            return 200, self.calls.popleft()
        return 200, {"uuid": None, "method": "noop", "args": []}


def _id_in(target: str) -> str | None:
    steps = target.split("/")
    if steps[:5] != ["", "api", "v2", "pos", "payment"] or len(steps) not in {6, 7}:
        return None
    return unquote(steps[5])


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    spec: SpecServer

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep quiet: clients that hang up are what tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def handle_method(self) -> None:
        spec = self.server.spec
        early = spec.fault_for(self.command, self.path, is_early=True)
        length = 0 if early else int(self.headers.get("content-length", 0))
        body = self.rfile.read(length)
        headers = {name.lower(): text for name, text in self.headers.items()}
        seen = Seen(self.command, self.path, headers, body, self.client_address)
        spec.begin(seen)
        try:
            spec.gate.wait(20)
            fault = early or spec.fault_for(self.command, self.path, is_early=False)
            if fault is None:
                status, content = spec.answer(seen)
                data = b"" if content is None else json.dumps(content).encode()
                self._send(status, data, {"Content-Type": "application/json; charset=utf-8"})
            else:
                self._strike(fault)
        finally:
            spec.end()

    do_GET = do_DELETE = do_POST = handle_method  # noqa: N815

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        if "Date" not in headers:
            self.send_header("Date", self.date_time_string())
        for name, text in headers.items():
            self.send_header(name, text)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _strike(self, fault: Fault) -> None:
        if fault.kind == "reply":
            self._send(fault.status, fault.body, fault.headers)
            return
        self.close_connection = True
        if fault.kind == "raw":
            self.wfile.write(fault.body)
            self.wfile.flush()
        if fault.kind == "drip":
            self._send(200, b"{", {"Content-Length": "1000000"})
            while not self.server.spec.stopped.wait(0.01):
                self.wfile.write(b" ")
                self.wfile.flush()
        if fault.kind in {"truncate", "stall"}:
            self._send(fault.status, fault.body, {"Content-Length": str(len(fault.body) + 99)})
        if fault.kind in {"hang", "stall"}:
            self.server.spec.stopped.wait(20)
        if fault.kind in {"reset", "early"}:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()

    def log_message(self, *args: object) -> None:
        """Say nothing on standard error."""
