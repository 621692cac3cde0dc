"""The one place that knows httpx: a request in, an answer or a :class:`TransportError` out.

Another HTTP library is a change of this module alone. No exception of httpx leaves it: theirs
hold the request and its headers, so ours are raised afresh, with nothing behind them.

Reading many payments at once stands on httpx over aiohttp's connections: the work of httpx's own
asynchronous pool grows with the square of the waiting requests (it collapses above 24 at once),
threads cost three times the processor time a request and gain nothing above 32. What moves money
and the poll keep to httpx's own connections, one for each request: aiohttp may send a ``DELETE``
again by itself when a connection that was kept open breaks, and nobody may do that here.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import ssl
import time
import warnings
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from qerko_recon import __version__
from qerko_recon.api.exchange import Answer, Exchange, Hooks, Request, Timeouts
from qerko_recon.errors import ConfigError, OutcomeUnknown, TransportError, shorten
from qerko_recon.settings import Venue

if TYPE_CHECKING:
    import aiohttp

__all__ = [
    "AsyncBaseTransport",
    "AsyncTransport",
    "BaseTransport",
    "Network",
    "Transport",
    "environment_proxy",
    "signs_of_life",
    "tls_context",
]

BaseTransport = httpx.BaseTransport
AsyncBaseTransport = httpx.AsyncBaseTransport
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
_FINAL: Final = range(200, 1000)  # an answer's status; those below announce another
_MOST: Final = 64
_MOST_OF_STOCK: Final = 16  # httpx's own pool, which proxies need
_LARGEST: Final = 16 * 2**20
_SHORTEST_TO_REDACT: Final = 6
_NO_ANSWER: Final = "no answer in time"
_SILENT: Final = 5  # seconds without a word, after which a held connection is asked for a sign
_KEPT_OPEN: Final = 15.0  # seconds; many servers hang up on an idle connection soon after

_log: Final = logging.getLogger("qerko_recon")


@dataclass(frozen=True, kw_only=True, slots=True)
class Network:
    """How to reach Qerko.

    Parameters
    ----------
    timeouts
        For every request that does not bring its own read timeout.
    transport
        An ``httpx`` transport in place of the network's own, for tests and proxies.
    proxy
        In place of those that the environment names.
    ca_file
        Certificates to trust, in place of the usual ones.
    max_connections
        At once, for reading payments.
    user_agent
        How to name ourselves to Qerko.
    hooks
        Who hears of every request.
    """

    timeouts: Timeouts = field(default_factory=Timeouts)
    transport: BaseTransport | AsyncBaseTransport | None = None
    proxy: httpx.Proxy | None = None
    ca_file: str | None = None
    max_connections: int = _MOST
    user_agent: str | None = None
    hooks: Hooks = field(default_factory=Hooks)

    @staticmethod
    def proxied(address: str | None) -> httpx.Proxy | None:
        """Check a proxy's address; its password shows nowhere.

        Raises
        ------
        ConfigError
            It is no ``http://`` or ``https://`` address.
        """
        if address is None:
            return None
        try:
            proxy = httpx.Proxy(address)
        except (ValueError, TypeError, httpx.InvalidURL):
            proxy = None
        del address
        if proxy is None or proxy.url.scheme not in {"http", "https"} or not proxy.url.host:
            raise ConfigError("proxy is no address; it is like http://proxy.example:3128")
        return proxy


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Why no answer came, and whether the request may have arrived."""

    words: str
    was_sent: bool
    timed_out: bool = False


_Outcome = Answer | _Trouble | BaseException


class _Wire:
    """What both transports share: headers, limits, words for what went wrong."""

    def __init__(self, venue: Venue, network: Network) -> None:
        self._venue = venue
        self._network = network
        self._headers = {
            "accept": "application/json",
            "accept-encoding": "identity",  # a payment is small, and a cut body shows
            "accept-language": "en",
            "connection": "keep-alive",
            "user-agent": network.user_agent or f"qerko_recon/{__version__}",
        }
        self._is_closed = False

    def check_open(self) -> None:
        """Refuse to work once closed.

        Raises
        ------
        ConfigError
            It is closed.
        """
        if self._is_closed:
            raise ConfigError("this client is closed; make a new one")

    def _begin(self, request: Request) -> tuple[datetime, float]:
        self.check_open()
        if self._network.hooks.before is not None:
            self._network.hooks.before(request)
        return datetime.now(UTC), time.monotonic()

    def _end(self, request: Request, outcome: _Outcome, began: tuple[datetime, float]) -> Answer:
        """Tell the hook, then give the answer or raise what stands for it."""
        if isinstance(outcome, BaseException):
            raise outcome
        seconds = time.monotonic() - began[1]
        if isinstance(outcome, Answer):
            exchange = Exchange(request, outcome, None, began[0], seconds)
            self._tell(exchange, str(outcome.status))
            return outcome
        error = self._failure(request, outcome)
        self._tell(Exchange(request, None, error, began[0], seconds), outcome.words)
        raise error

    def _tell(self, exchange: Exchange, said: str) -> None:
        request, tell = exchange.request, self._network.hooks.after
        _log.debug("%s %s: %s, %.3f s", request.method, request.path, said, exchange.seconds)
        if tell is None:
            return
        try:
            tell(exchange)
        except Exception as error:  # noqa: BLE001 - the request has had its effect
            words = f"the hook after {request.method} {request.path} failed"
            warnings.warn(f"{words}: {type(error).__name__}: {error}", stacklevel=5)

    def _with_credentials(self, body: bytes | None) -> dict[str, str]:
        headers = self._headers | {
            "authorization": f"Bearer {self._venue.api_key.reveal()}",
            "pos-id": self._venue.pos_id,
        }
        return headers if body is None else headers | {"content-type": "application/json"}

    def _seconds(self, request: Request) -> dict[str, float]:
        waits = self._network.timeouts
        return {
            "connect": waits.connect,
            "read": waits.read if request.read_timeout is None else request.read_timeout,
            "write": waits.write,
            "pool": waits.pool,
        }

    def _stream_of(self, request: Request) -> dict[str, Any]:
        return {
            "method": request.method,
            "url": request.path,
            "content": request.body,
            "headers": self._with_credentials(request.body),
            "timeout": httpx.Timeout(**self._seconds(request)),
        }

    def _body_for(self, request: Request) -> _Body:
        seconds = request.read_timeout or self._network.timeouts.read
        return _Body(time.monotonic() + seconds)

    def _answer(self, response: httpx.Response, body: _Body) -> Answer | _Trouble:
        if body.trouble is not None:
            return body.trouble
        if response.status_code not in _FINAL:
            words = f"the answer is not HTTP, its status is {response.status_code}"
            return _Trouble(words, was_sent=True)
        return Answer(
            response.status_code,
            MappingProxyType(_readable(response.headers.raw)),
            self._blotted(bytes(body.content)),
            body.flaw,
        )

    def _trouble(self, error: BaseException) -> _Trouble | BaseException:
        """Put an exception into words; whichever it is, its frames hold the request."""
        if not isinstance(error, Exception):  # Ctrl-C goes on, without those frames
            error.__cause__ = error.__context__ = None
            return error.with_traceback(None)
        words, was_sent = _described(error)
        # A malformed header is quoted, and may echo what was sent.
        blotted = self._blotted(words.encode("utf-8", "replace")).decode()
        return _Trouble(shorten(blotted, 200).rstrip("."), was_sent, words == _NO_ANSWER)

    def _blotted(self, body: bytes) -> bytes:
        key = self._venue.api_key.reveal().encode()
        return body if len(key) < _SHORTEST_TO_REDACT else body.replace(key, b"****")

    def _failure(self, request: Request, trouble: _Trouble) -> TransportError:
        host, payment_id = self._venue.base_url, request.payment_id
        about = "" if payment_id is None else f" for payment {shorten(payment_id)}"
        if request.method in _READ_ONLY or not trouble.was_sent or payment_id is None:
            advice = "Check the connection and the address"
            if payment_id is None and trouble.was_sent:
                advice = "Poll again; an answer that was to be delivered is to be sent once more"
            return TransportError(
                f"{host} gave no answer{about}: {trouble.words}. {advice}",
                method=request.method,
                path=request.path,
                payment_id=payment_id,
                was_sent=trouble.was_sent,
                timed_out=trouble.timed_out,
            )
        return OutcomeUnknown(
            f"the request {request.method} was sent{about} and no answer came: {trouble.words}. "
            "It may have been carried out: look the payment up before doing anything again",
            method=request.method,
            path=request.path,
            payment_id=payment_id,
        )


class Transport(_Wire):
    """A pool of connections to one venue's Qerko; safe to use from several threads.

    What moves money, and the poll, take a connection of their own: one that was kept open may
    have gone stale, and then nobody knows whether the request arrived.
    """

    def __init__(self, venue: Venue, network: Network) -> None:
        super().__init__(venue, network)
        transport = network.transport
        if transport is not None and not isinstance(transport, BaseTransport):
            raise ConfigError(
                f"transport is {type(transport).__name__}, which AsyncClient takes; Client takes "
                "an httpx.BaseTransport"
            )
        self._kept = _open(_settings(venue, network, keep=_MOST))
        self._fresh = _open(_settings(venue, network, keep=0))

    def send(self, request: Request) -> Answer:
        """Send one request, once.

        Raises
        ------
        TransportError
            Qerko was not reached, or no answer came to a request that changes nothing.
        OutcomeUnknown
            A request that moves money may have arrived, and no answer came.
        ConfigError
            The client is closed.
        """
        began = self._begin(request)
        return self._end(request, self._attempt(request), began)

    def close(self) -> None:
        """Close every connection."""
        self._is_closed = True
        self._kept.close()
        self._fresh.close()

    def _attempt(self, request: Request) -> _Outcome:
        """Send once and raise nothing: an exception of httpx would carry the key in its frames."""
        pool = self._fresh if request.fresh else self._kept
        try:
            with pool.stream(**self._stream_of(request)) as response:
                body = self._body_for(request)
                try:
                    for chunk in response.iter_bytes():
                        if not body.takes(chunk):
                            break
                except (httpx.HTTPError, httpx.StreamError) as error:
                    body.ends(error)
                return self._answer(response, body)
        except BaseException as error:  # noqa: BLE001 - raised again without its frames
            return self._trouble(error)


class AsyncTransport(_Wire):
    """The same for one event loop; ``most`` requests at once are worth having under way.

    Stands on transports of httpx without a client of httpx around them: what a client adds is
    redirects, cookies and sign-in, none of which is wanted here, for half of the time a request
    takes.
    """

    def __init__(self, venue: Venue, network: Network) -> None:
        super().__init__(venue, network)
        self.most = network.max_connections
        self._threads: ThreadPoolExecutor | None = None
        given = network.transport
        if given is not None and not isinstance(given, AsyncBaseTransport):
            self._threads = ThreadPoolExecutor(network.max_connections, "qerko-fetch")
            given = _InThreads(given, self._threads)
        proxy = network.proxy or Network.proxied(environment_proxy(venue))
        self._fresh = given or _over_httpcore(network, proxy, keep=0)
        if given is not None:
            self._kept = given
        elif proxy is not None:
            self.most = min(self.most, _MOST_OF_STOCK)
            self._kept = _over_httpcore(network, proxy, keep=self.most)
        else:
            self._kept = _over_aiohttp(network)

    async def send(self, request: Request) -> Answer:
        """Send one request, once; raises as :meth:`Transport.send` does."""
        began = self._begin(request)
        return self._end(request, await self._attempt(request), began)

    async def close(self) -> None:
        """Close every connection."""
        self._is_closed = True
        for transport in {self._kept, self._fresh}:
            await transport.aclose()
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def _attempt(self, request: Request) -> _Outcome:
        transport = self._fresh if request.fresh else self._kept
        try:
            response = await transport.handle_async_request(self._as_httpx(request))
            try:
                body = self._body_for(request)
                try:
                    async for chunk in _chunks(response):
                        if not body.takes(chunk):
                            break
                except (httpx.HTTPError, httpx.StreamError) as error:
                    body.ends(error)
                return self._answer(response, body)
            finally:
                await response.aclose()
        except BaseException as error:  # noqa: BLE001 - raised again without its frames
            return self._trouble(error)

    def _as_httpx(self, request: Request) -> httpx.Request:
        return httpx.Request(
            request.method,
            f"{self._venue.base_url}{request.path}",
            headers=self._with_credentials(request.body),
            content=request.body,
            extensions={"timeout": self._seconds(request), **_watch(request)},
        )


def signs_of_life() -> list[tuple[int, int, int]]:
    """Give what makes a silent connection be asked for a sign of life, where a system can.

    A cable that is pulled shows in seconds, and not when the wait for a held poll is over.
    """
    wanted = [("SOL_SOCKET", "SO_KEEPALIVE", 1), ("IPPROTO_TCP", "TCP_NODELAY", 1)]
    for name, value in (("TCP_KEEPIDLE", _SILENT), ("TCP_KEEPINTVL", 2), ("TCP_KEEPCNT", 3)):
        wanted.append(("IPPROTO_TCP", name, value))
    return [
        (getattr(socket, level), getattr(socket, name), value)
        for level, name, value in wanted
        if hasattr(socket, name)
    ]


def _watch(request: Request) -> dict[str, Any]:
    """Hear when a request has left."""
    told = request.on_sent
    if told is None:
        return {}

    async def trace(event: str, _: object) -> None:
        if event.endswith("send_request_body.complete"):
            told()

    return {"trace": trace}


def _readable(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Give headers as text by lower-case name; one that comes twice is one, as HTTP has it."""
    found: dict[str, str] = {}
    for raw_name, raw_text in headers:
        name, text = raw_name.decode("latin-1").lower(), raw_text.decode("utf-8", "replace")
        found[name] = f"{found[name]}, {text}" if name in found else text
    return found


def _chunks(response: httpx.Response) -> AsyncIterator[bytes]:
    """Give a body as it comes; unpacked only where a server packs it unasked, for speed."""
    if "content-encoding" in response.headers or not isinstance(response.stream, AsyncIterable):
        return response.aiter_bytes()
    return aiter(response.stream)


class _Body:
    """A body, as far as it comes."""

    def __init__(self, deadline: float) -> None:
        self.content = bytearray()
        self.flaw: str | None = None
        self.trouble: _Trouble | None = None
        self._deadline = deadline

    def takes(self, chunk: bytes) -> bool:
        """Take in a chunk; tell whether another is wanted."""
        self.content += chunk
        if len(self.content) > _LARGEST:
            self.flaw = f"is larger than {_LARGEST // 2**20} MiB"
        elif time.monotonic() > self._deadline:
            words = "the answer came too slowly to be whole in time"
            self.trouble = _Trouble(words, was_sent=True)
        return self.flaw is None and self.trouble is None

    def ends(self, error: Exception) -> None:
        """Note why no more comes."""
        if isinstance(error, httpx.TimeoutException):
            words = "the answer began and did not go on in time"
            self.trouble = _Trouble(words, was_sent=True)
        elif isinstance(error, httpx.DecodingError):
            self.flaw = "cannot be decompressed"
        else:
            self.flaw = f"breaks off after {len(self.content)} bytes"


class _InThreads(AsyncBaseTransport):
    """A transport that blocks, each request in a thread of its own."""

    def __init__(self, inner: BaseTransport, threads: ThreadPoolExecutor) -> None:
        self._inner = inner
        self._threads = threads

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        loop = asyncio.get_running_loop()
        response = await loop.run_in_executor(self._threads, self._inner.handle_request, request)
        content = await loop.run_in_executor(self._threads, response.read)
        await loop.run_in_executor(self._threads, response.close)
        return httpx.Response(
            response.status_code, headers=_of_the_body(response.headers), content=content
        )


def _of_the_body(headers: httpx.Headers) -> list[tuple[bytes, bytes]]:
    """Drop the headers that told how a body was packed: it is unpacked by now."""
    return [(name, text) for name, text in headers.raw if name.lower() != b"content-encoding"]


def _over_aiohttp(network: Network) -> AsyncBaseTransport:
    """Give a transport over aiohttp's connections that sends nothing twice."""
    import aiohttp
    from httpx_aiohttp import AiohttpTransport

    context = tls_context(network.ca_file)

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=0, ssl=context, keepalive_timeout=_KEPT_OPEN)
        made = aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
        )
        # A read that is repeated is counted, waited for and recorded, so not behind our back.
        made._retry_connection = False  # noqa: SLF001 - there is no public name for it
        return made

    return AiohttpTransport(verify=context, client=session)


def _over_httpcore(
    network: Network, proxy: httpx.Proxy | None, *, keep: int
) -> AsyncBaseTransport:
    """Give httpx's own transport."""
    limits = httpx.Limits(max_connections=_MOST, max_keepalive_connections=keep)
    return httpx.AsyncHTTPTransport(
        verify=tls_context(network.ca_file),
        proxy=proxy,
        limits=limits,
        socket_options=signs_of_life(),
    )


def tls_context(ca_file: str | None = None) -> ssl.SSLContext:
    """Give the one TLS context of all clients: making it costs more than many requests.

    Raises
    ------
    ConfigError
        ``ca_file``, ``SSL_CERT_FILE`` or ``SSL_CERT_DIR`` names no certificates.
    """
    names = [os.environ.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR")]
    try:
        return _context(ca_file, *names)
    except OSError as error:
        reason = error.strerror or str(error)
    who = "SSL_CERT_FILE or SSL_CERT_DIR" if ca_file is None else f"ca_file ({ca_file})"
    raise ConfigError(
        f"the certificates that {who} names cannot be loaded: {reason}. Correct it or remove it"
    )


@cache
def _context(ca_file: str | None, *_names: str | None) -> ssl.SSLContext:
    if ca_file is not None:
        return ssl.create_default_context(cafile=ca_file)
    return httpx.create_ssl_context()


def environment_proxy(venue: Venue) -> str | None:
    """Give the proxy that the environment sets for a venue: an address that may hold a password.

    One set for the world must not see what goes to this machine.
    """
    parts = urlsplit(venue.base_url)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if proxy is None or venue.is_loopback or proxy_bypass(parts.hostname or ""):
        return None
    return proxy


def _settings(venue: Venue, network: Network, *, keep: int) -> dict[str, Any]:
    return {
        "base_url": venue.base_url,
        "transport": network.transport,
        "verify": tls_context(network.ca_file),
        "proxy": network.proxy,
        "trust_env": not venue.is_loopback,
        "follow_redirects": False,  # a redirect would carry the key elsewhere
        "cookies": CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        "limits": httpx.Limits(max_connections=_MOST, max_keepalive_connections=keep),
    }


def _open(settings: dict[str, Any]) -> httpx.Client:
    """Open a pool.

    Raises
    ------
    ConfigError
        The environment names a proxy that cannot be.
    """
    try:
        return httpx.Client(**settings)
    except (ImportError, ValueError, httpx.InvalidURL):
        pass  # whose message may hold the proxy's password
    raise ConfigError(
        "the proxy that the environment names cannot be used: HTTPS_PROXY and ALL_PROXY "
        "hold http:// or https:// addresses. Correct the variable or remove it"
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = error
    while one is not None:
        yield one
        one = one.__cause__ or one.__context__


def _described(error: Exception) -> tuple[str, bool]:
    """Say in a few words what went wrong, without addresses of objects or headers.

    The second tells whether the request may have arrived.
    """
    causes = list(_causes(error))
    for cause in causes:
        if why := getattr(cause, "verify_message", None):
            words = (
                f"its certificate is not trusted ({why}); behind a company proxy, SSL_CERT_FILE "
                "names the certificates to trust"
            )
            return words, False
    for cause in causes:
        if type(cause).__module__.startswith("aiohttp"):
            return _described_by_aiohttp(cause)
    words_of: dict[type[Exception], str] = {
        httpx.ConnectTimeout: "the connection could not be made in time",
        httpx.ReadTimeout: _NO_ANSWER,
        httpx.WriteTimeout: "the request could not be sent in time",
        httpx.PoolTimeout: "no connection was free in time",
    }
    is_ours = isinstance(error, httpx.HTTPError | OSError)
    words = words_of.get(type(error)) or (is_ours and str(error)) or type(error).__name__
    return words, not isinstance(error, _NEVER_SENT)


def _described_by_aiohttp(error: BaseException) -> tuple[str, bool]:
    """Do the same for what aiohttp raises, which httpx's names do not tell apart."""
    import aiohttp

    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return "the connection could not be made in time", False
    if isinstance(error, aiohttp.SocketTimeoutError):
        return _NO_ANSWER, True
    if isinstance(error, aiohttp.ClientConnectorError):
        return str(error.os_error) or "the connection could not be made", False
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the server disconnected without sending an answer", True
    if isinstance(error, aiohttp.InvalidURL):
        return "the address cannot be asked for", False
    words = str(error) if isinstance(error, OSError) else ""
    return words or f"the answer is not HTTP ({type(error).__name__})", True
