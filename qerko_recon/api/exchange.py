"""What goes over the wire and what comes back, in words of our own: no HTTP library is needed.

A :class:`Request` and the :class:`Answer` to it know nothing of credentials, so they may be
shown, recorded and handed to hooks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

from qerko_recon.errors import TransportError

__all__ = ["Answer", "Exchange", "Hooks", "Request", "Timeouts", "payment_path"]


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait for each phase of a request."""

    connect: float = 10.0
    read: float = 30.0
    write: float = 30.0
    pool: float = 60.0


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it is about to leave; its headers, which hold the key, are not part of it.

    Attributes
    ----------
    method, path
        As in ``GET /api/v2/pos/payment/1234``.
    body
        JSON to send, if any.
    payment_id
        The payment concerned, if one is.
    read_timeout
        Seconds to wait for the answer, where other than the client's.
    fresh
        Whether it takes a connection of its own in place of one kept open.
    on_sent
        Called once the whole request has left, where the transport can tell.
    """

    method: str
    path: str
    body: bytes | None = field(default=None, repr=False)
    payment_id: str | None = None
    read_timeout: float | None = None
    fresh: bool = False
    on_sent: Callable[[], object] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, headers by lower-case name, and the body as received.

    ``flaw`` says why the body is not whole; it is ``None`` where it is. An API key that a server
    or a proxy echoes is blotted out of the body.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    flaw: str | None = None

    @property
    def is_page(self) -> bool:
        """Whether this is a web page, which Qerko's interface never answers."""
        start = self.body.lstrip()[:9].lower()
        of_type = self.headers.get("content-type", "").lower().startswith("text/html")
        return start.startswith((b"<!doctype", b"<html")) or bool(start and of_type)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and what came of it: an answer, or the error that no answer came.

    ``began`` is in UTC; ``seconds`` were measured by a clock that is never set.
    """

    request: Request
    answer: Answer | None
    error: TransportError | None
    began: datetime
    seconds: float


@dataclass(frozen=True, slots=True)
class Hooks:
    """Functions that hear of every request, for recording.

    Parameters
    ----------
    before
        Gets the :class:`Request` before it leaves. If it raises, nothing is sent.
    after
        Gets the :class:`Exchange`. What it raises is warned of and changes nothing: the request
        has had its effect.

    Both are called where the request is made: in the thread of a :class:`~qerko_recon.Client`
    that called it, in the event loop of an :class:`~qerko_recon.AsyncClient` and of a bulk fetch.
    """

    before: Callable[[Request], object] | None = None
    after: Callable[[Exchange], object] | None = None


def payment_path(version: str, payment_id: str, action: str = "") -> str:
    """Give a payment's path, its ID encoded whole."""
    return f"/api/{version}/pos/payment/{quote(payment_id, safe='')}{action}"
