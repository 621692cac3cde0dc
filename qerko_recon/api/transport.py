"""The one place that knows httpx: a request in, an answer or a :class:`TransportError` out.

Another HTTP library is a change of this module alone. No exception of httpx leaves it: theirs
hold the request and its headers, so ours are raised afresh, with nothing behind them.
"""

from __future__ import annotations

import logging
import os
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

import httpx

from qerko_recon import __version__
from qerko_recon.errors import ConfigError, OutcomeUnknown, TransportError, shorten
from qerko_recon.settings import Venue

__all__ = ["Answer", "BaseTransport", "Timeouts", "Transport", "payment_path", "tls_context"]

BaseTransport = httpx.BaseTransport
"""What may stand in place of the network: a transport of httpx."""

_READ_ONLY: Final = frozenset({"GET"})

_NEVER_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
_POOL: Final = 64
_LARGEST: Final = 16 * 2**20
_SHORTEST_TO_REDACT: Final = 6

_log: Final = logging.getLogger("qerko_recon")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait for each phase of a request."""

    connect: float = 10.0
    read: float = 30.0
    write: float = 30.0
    pool: float = 60.0


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
class _Trouble:
    """Why no answer came, and whether the request may have arrived."""

    words: str
    was_sent: bool


class Transport:
    """A pool of connections to one venue's Qerko; safe to use from several threads.

    What moves money, and the poll, take a connection of their own: one that was kept open may
    have gone stale, and then nobody knows whether the request arrived.

    Parameters
    ----------
    venue
        Address and credentials.
    timeouts
        For every request that does not bring its own read timeout.
    transport
        An ``httpx`` transport in place of the network's own, for tests and proxies.
    """

    def __init__(
        self,
        venue: Venue,
        timeouts: Timeouts,
        transport: httpx.BaseTransport | None = None,
        user_agent: str | None = None,
    ) -> None:
        self._venue = venue
        self._timeouts = timeouts
        self._headers = {
            "accept": "application/json",
            "accept-encoding": "identity",  # a payment is small, and a cut body shows
            "accept-language": "en",
            "user-agent": user_agent or f"qerko_recon/{__version__}",
        }
        context = tls_context()
        kept = _open(venue, context, transport, keep=_POOL)
        fresh = _open(venue, context, transport, keep=0)
        if kept is None or fresh is None:
            raise ConfigError(
                "the proxy that the environment names cannot be used: HTTPS_PROXY and ALL_PROXY "
                "hold http:// or https:// addresses. Correct the variable or remove it"
            )
        self._kept, self._fresh = kept, fresh
        self._is_closed = False

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
        """Send one request, once; ``fresh`` takes a connection of its own.

        Raises
        ------
        TransportError
            Qerko was not reached, or no answer came to a request that changes nothing.
        OutcomeUnknown
            A request that moves money may have arrived, and no answer came.
        ConfigError
            The client is closed.
        """
        if self._is_closed:
            raise ConfigError("this client is closed; make a new one")
        began = time.monotonic()
        outcome = self._attempt(method, path, body, read_timeout, fresh=fresh)
        if isinstance(outcome, BaseException):
            raise outcome
        said = outcome.status if isinstance(outcome, Answer) else outcome.words
        _log.debug("%s %s: %s, %.3f s", method, path, said, time.monotonic() - began)
        if isinstance(outcome, _Trouble):
            raise self._failure(method, path, payment_id, outcome)
        return outcome

    def close(self) -> None:
        """Close every connection."""
        self._is_closed = True
        self._kept.close()
        self._fresh.close()

    def _attempt(
        self,
        method: str,
        path: str,
        body: bytes | None,
        read_timeout: float | None,
        *,
        fresh: bool,
    ) -> Answer | _Trouble | BaseException:
        """Send once and raise nothing: an exception of httpx would carry the key in its frames."""
        timeout = self._timeout(read_timeout)
        try:
            with (self._fresh if fresh else self._kept).stream(
                method, path, content=body, headers=self._with_credentials(body), timeout=timeout
            ) as response:
                return self._received(response, timeout.read or self._timeouts.read)
        except Exception as error:  # noqa: BLE001 - whichever it is, its frames hold the request
            # A malformed header is quoted, and may echo what was sent.
            words = self._blotted(_described(error).encode("utf-8", "replace")).decode()
            return _Trouble(shorten(words, 200).rstrip("."), not isinstance(error, _NEVER_SENT))
        except BaseException as error:  # noqa: BLE001 - Ctrl-C goes on, without those frames
            error.__cause__ = error.__context__ = None
            return error.with_traceback(None)

    def _received(self, response: httpx.Response, seconds: float) -> Answer | _Trouble:
        """Take in a body, as far as it comes."""
        body = bytearray()
        flaw = None
        deadline = time.monotonic() + seconds
        try:
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > _LARGEST:
                    flaw = f"is larger than {_LARGEST // 2**20} MiB"
                    break
                if time.monotonic() > deadline:
                    return _Trouble("the answer came too slowly to be whole in time", True)
        except httpx.TimeoutException:
            return _Trouble("the answer began and did not go on in time", was_sent=True)
        except httpx.DecodingError:
            flaw = "cannot be decompressed"
        except (httpx.HTTPError, httpx.StreamError):
            flaw = f"breaks off after {len(body)} bytes"
        return Answer(
            response.status_code,
            MappingProxyType({name.lower(): text for name, text in response.headers.items()}),
            self._blotted(bytes(body)),
            flaw,
        )

    def _blotted(self, body: bytes) -> bytes:
        key = self._venue.api_key.reveal().encode()
        return body if len(key) < _SHORTEST_TO_REDACT else body.replace(key, b"****")

    def _with_credentials(self, body: bytes | None) -> dict[str, str]:
        headers = self._headers | {
            "authorization": f"Bearer {self._venue.api_key.reveal()}",
            "pos-id": self._venue.pos_id,
        }
        return headers if body is None else headers | {"content-type": "application/json"}

    def _timeout(self, read_timeout: float | None) -> httpx.Timeout:
        waits = self._timeouts
        return httpx.Timeout(
            connect=waits.connect,
            read=waits.read if read_timeout is None else read_timeout,
            write=waits.write,
            pool=waits.pool,
        )

    def _failure(
        self, method: str, path: str, payment_id: str | None, trouble: _Trouble
    ) -> TransportError:
        host = self._venue.base_url
        about = "" if payment_id is None else f" for payment {shorten(payment_id)}"
        if method in _READ_ONLY or not trouble.was_sent or payment_id is None:
            advice = "Check the connection and the address"
            if payment_id is None and trouble.was_sent:
                advice = "Poll again; an answer that was to be delivered is to be sent once more"
            return TransportError(
                f"{host} gave no answer{about}: {trouble.words}. {advice}",
                method=method,
                path=path,
                payment_id=payment_id,
                was_sent=trouble.was_sent,
            )
        return OutcomeUnknown(
            f"the request {method} was sent{about} and no answer came: {trouble.words}. It may "
            "have been carried out: look the payment up before doing anything again",
            method=method,
            path=path,
            payment_id=payment_id,
        )


def payment_path(version: str, payment_id: str, action: str = "") -> str:
    """Give a payment's path, its ID encoded whole."""
    return f"/api/{version}/pos/payment/{quote(payment_id, safe='')}{action}"


def tls_context() -> ssl.SSLContext:
    """Give the one TLS context of all clients: making it costs more than many requests.

    Raises
    ------
    ConfigError
        ``SSL_CERT_FILE`` or ``SSL_CERT_DIR`` names no certificates.
    """
    names = [os.environ.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR")]
    try:
        return _context(*names)
    except OSError as error:
        reason = error.strerror or str(error)
    raise ConfigError(
        f"the certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be loaded: {reason}. "
        "Correct the variable or remove it"
    )


@cache
def _context(cert_file: str | None, cert_dir: str | None) -> ssl.SSLContext:  # noqa: ARG001
    return httpx.create_ssl_context()


def _open(
    venue: Venue, context: ssl.SSLContext, transport: httpx.BaseTransport | None, *, keep: int
) -> httpx.Client | None:
    """Open a pool; ``None`` where the environment names a proxy that cannot be."""
    try:
        return httpx.Client(
            base_url=venue.base_url,
            transport=transport,
            verify=context,
            # A proxy set for the world must not see what goes to this machine.
            trust_env=not venue.is_loopback,
            follow_redirects=False,  # a redirect would carry the key elsewhere
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            limits=httpx.Limits(max_connections=_POOL, max_keepalive_connections=keep),
        )
    except (ImportError, ValueError, httpx.InvalidURL):
        return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = error
    while one is not None:
        yield one
        one = one.__cause__ or one.__context__


def _described(error: Exception) -> str:
    """Say in a few words what went wrong, without addresses of objects or headers."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"its certificate is not trusted ({cause.verify_message}); behind a company "
                "proxy, SSL_CERT_FILE names the certificates to trust"
            )
    words: dict[type[Exception], str] = {
        httpx.ConnectTimeout: "the connection could not be made in time",
        httpx.ReadTimeout: "no answer in time",
        httpx.WriteTimeout: "the request could not be sent in time",
        httpx.PoolTimeout: "no connection was free in time",
    }
    is_ours = isinstance(error, httpx.HTTPError | OSError)
    return words.get(type(error)) or (is_ours and str(error)) or type(error).__name__
