"""The one place that knows httpx: a request in, an answer or a :class:`TransportError` out.

Another HTTP library is a change of this module alone. No exception of httpx leaves it: theirs
hold the request and its headers, so ours are raised afresh, with nothing behind them.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

import httpx

from qerko_recon import __version__
from qerko_recon.errors import OutcomeUnknown, TransportError, shorten
from qerko_recon.settings import Venue

__all__ = ["Answer", "Timeouts", "Transport", "payment_path"]

_READ_ONLY: Final = frozenset({"GET"})

_NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_POOL: Final = 64


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait for each phase of a request."""

    connect: float = 10.0
    read: float = 30.0
    write: float = 30.0
    pool: float = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, headers by lower-case name, and the body as received."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Transport:
    """A pool of connections to one venue's Qerko.

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
            "accept-language": "en",
            "user-agent": user_agent or f"qerko_recon/{__version__}",
        }
        self._client = httpx.Client(
            base_url=venue.base_url,
            transport=transport,
            verify=_tls(),
            # A proxy set for the world must not see what goes to this machine.
            trust_env=not venue.is_loopback,
            follow_redirects=False,  # a redirect would carry the key elsewhere
            limits=httpx.Limits(max_connections=_POOL, max_keepalive_connections=_POOL),
        )

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        payment_id: str | None = None,
        read_timeout: float | None = None,
    ) -> Answer:
        """Send one request, once.

        Raises
        ------
        TransportError
            Qerko was not reached, or no answer came to a request that changes nothing.
        OutcomeUnknown
            A request that moves money may have arrived, and no answer came.
        """
        trouble = ""
        was_sent = True
        try:
            response = self._client.request(
                method,
                path,
                content=body,
                headers=self._with_credentials(body),
                timeout=self._timeout(read_timeout),
            )
            return Answer(
                response.status_code,
                MappingProxyType({name.lower(): text for name, text in response.headers.items()}),
                response.content,
            )
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
            was_sent = not isinstance(error, _NEVER_SENT)
            trouble = _described(error)
        raise self._failure(method, path, payment_id, trouble, was_sent=was_sent)

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

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
        self, method: str, path: str, payment_id: str | None, trouble: str, *, was_sent: bool
    ) -> TransportError:
        host = self._venue.base_url
        about = "" if payment_id is None else f" for payment {shorten(payment_id)}"
        if method in _READ_ONLY or not was_sent or payment_id is None:
            return TransportError(
                f"{host} gave no answer{about}: {trouble}. Check the connection and the address",
                method=method,
                path=path,
                payment_id=payment_id,
            )
        return OutcomeUnknown(
            f"the request {method} was sent{about} and no answer came: {trouble}. It may have "
            "been carried out: look the payment up before doing anything again",
            method=method,
            path=path,
            payment_id=payment_id,
        )


def payment_path(version: str, payment_id: str, action: str = "") -> str:
    """Give a payment's path, its ID encoded whole."""
    return f"/api/{version}/pos/payment/{quote(payment_id, safe='')}{action}"


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Share one context: making it costs more than many requests."""
    return httpx.create_ssl_context()


def _described(error: Exception) -> str:
    """Say in a few words what went wrong, without addresses of objects or headers."""
    words: dict[type[Exception], str] = {
        httpx.ConnectTimeout: "the connection could not be made in time",
        httpx.ReadTimeout: "no answer in time",
        httpx.WriteTimeout: "the request could not be sent in time",
        httpx.PoolTimeout: "no connection was free in time",
    }
    said = words.get(type(error)) or str(error) or type(error).__name__
    return shorten(said, 200).rstrip(".")
