"""Answers of the server: those of the specification, and those that faults make of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from qerko_recon.model import MethodCallRequest
from qerko_recon.simulator.bell import Bell
from qerko_recon.simulator.faults import Fault

__all__ = [
    "TRANSPORT",
    "Dropped",
    "call_reply",
    "error_reply",
    "json_reply",
    "spoil",
    "status_reply",
    "strike",
]

TRANSPORT: Final = "qerko_recon.transport"
"""Name of the scope's extension that holds the connection's transport."""

_JSON: Final = "application/json; charset=utf-8"
_PIECES: Final = 8
_BAD_REQUEST: Final = 400
_UNAVAILABLE: Final = 503
_EMPTY: Final = frozenset({403, 404, 405, 409, 410})

_SENTENCES: Final[Mapping[str, tuple[str, str]]] = {
    "no_key": (
        "The Authorization header is missing or is not a Bearer token.",
        "Chybí hlavička Authorization, nebo v ní není token typu Bearer.",
    ),
    "bad_key": ("The API key is not valid.", "API klíč není platný."),
    "bad_pos_id": ("The Pos-Id is missing or not valid.", "Pos-Id chybí, nebo není platné."),
    "bad_type": (
        "A payload needs the header Content-Type: application/json.",
        "Tělo požadavku vyžaduje hlavičku Content-Type: application/json.",
    ),
    "bad_answer": (
        "The body is not a MethodCallResponse.",
        "Tělo požadavku není MethodCallResponse.",
    ),
    "bad_receipt": ("The body is not a Receipt.", "Tělo požadavku není Receipt."),
    "unasked": ("Nobody waits for this answer.", "Na tuto odpověď nikdo nečeká."),
    "cancelled_before": ("The payment is cancelled already.", "Platba už je zrušena."),
    "not_capturable": ("The payment cannot be captured.", "Platbu nelze strhnout."),
    "simulated": ("The simulator was told to fail.", "Simulátor má selhat."),
}
_PAGE: Final = b"<!doctype html>\n<title>Gateway</title>\n<h1>We will be right back</h1>\n"


def json_reply(content: bytes) -> Response:
    """Answer 200 with JSON."""
    return Response(content, media_type=_JSON)


def call_reply(call: MethodCallRequest | None) -> Response:
    """Answer a poll with a method call, or with a noop."""
    asked = call or MethodCallRequest(method="noop")
    body = {"uuid": asked.uuid, "method": asked.method, "args": asked.args}
    return json_reply(msgspec.json.encode(body))


def error_reply(request: Request, status: int, sentence: str, detail: str = "") -> Response:
    """Answer with an Error body, its message in Czech where the client asks for Czech."""
    english, czech = _SENTENCES[sentence]
    language = request.headers.get("accept-language", "en").strip().lower()
    message = czech if language.startswith("cs") else english
    body = {"code": None, "message": f"{message} {detail}".strip()}
    return Response(msgspec.json.encode(body), status_code=status, media_type=_JSON)


def status_reply(
    request: Request, status: int, sentence: str | None = None, detail: str = ""
) -> Response:
    """Answer a status as the specification has it: with an Error body, or with none."""
    if status in _EMPTY:
        return Response(status_code=status)
    if status == _UNAVAILABLE:
        return Response("restarting", status_code=status, media_type="text/plain")
    return error_reply(request, status, sentence or "simulated", detail)


def strike(fault: Fault, request: Request) -> Response:
    """Make the answer that a fault puts in place of the true one."""
    if fault.kind == "status":
        reply = status_reply(request, fault.status)
        if fault.retry_after is not None:
            reply.headers["retry-after"] = fault.retry_after
        return reply
    if fault.kind == "html":
        return Response(_PAGE, media_type="text/html")
    if fault.kind == "malformed":
        return json_reply(b'{"id": "1234", "parts": [{"total": ')
    if fault.kind == "wrong_shape":
        return json_reply(b'{"answer": ["not", "what", "was", "asked", "for"]}')
    return Dropped()


def spoil(fault: Fault, request: Request, answer: Response, bell: Bell) -> Response:
    """Make of the true answer what a fault leaves of it."""
    if fault.kind == "truncated":
        return _Truncated(answer)
    if fault.kind == "slow":
        return _Slow(answer, fault.seconds, bell)
    return strike(fault, request)


async def _hang_up(scope: Scope, receive: Receive, *, at_once: bool) -> None:
    """Close the connection under the server, and wait until it has noticed."""
    transport: Any = scope.get("extensions", {}).get(TRANSPORT)
    if transport is None:
        raise ConnectionResetError("the simulator dropped the connection")
    if at_once:
        transport.abort()
    else:
        transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass


class Dropped(Response):
    """No answer: the connection is closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Close the connection and send nothing."""
        await _hang_up(scope, receive, at_once=True)


class _Truncated(Response):
    """An answer that breaks off half-way."""

    def __init__(self, answer: Response) -> None:
        super().__init__(status_code=answer.status_code)
        self.raw_headers = answer.raw_headers
        self.body = answer.body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = bytes(self.body)
        if body:
            await _start(self, send)
            half = body[: len(body) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
        await _hang_up(scope, receive, at_once=not body)


class _Slow(Response):
    """An answer that comes in pieces."""

    def __init__(self, answer: Response, seconds: float, bell: Bell) -> None:
        super().__init__(status_code=answer.status_code)
        self.raw_headers = answer.raw_headers
        self.body = answer.body
        self._pause = seconds / _PIECES
        self._bell = bell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        await _start(self, send)
        body = bytes(self.body)
        step = max(1, -(-len(body) // _PIECES))
        for start in range(0, len(body), step):
            await self._bell.pause(self._pause)
            piece = body[start : start + step]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _start(answer: Response, send: Send) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": answer.status_code,
            "headers": answer.raw_headers,
        }
    )
