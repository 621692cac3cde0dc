"""A recording proxy: a POS points at it, its traffic with Qerko flows through and is recorded."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import ip_address
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from qerko_recon.api import tls_context
from qerko_recon.errors import ConfigError
from qerko_recon.session.proxy.notary import Notary
from qerko_recon.session.proxy.relay import Relay, Upstream
from qerko_recon.session.writer import LogSettings

__all__ = ["ProxySnapshot", "RecordingProxy"]

_PORTS: Final = {"http": 80, "https": 443}
_PATIENCE: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySnapshot:
    """A recording proxy at one moment.

    Attributes
    ----------
    address
        What the POS is to be pointed at; ``None`` while it does not run.
    connections
        How many of the POS are open now.
    accepted
        How many there were.
    venues
        Fingerprints of the API keys that were seen.
    log
        The file that is written to.
    lost
        Records that could not be written.
    trouble
        Why nothing is recorded now; ``None`` where it is.
    """

    address: str | None = None
    connections: int = 0
    accepted: int = 0
    venues: tuple[str, ...] = ()
    log: Path | None = None
    lost: int = 0
    trouble: str | None = None


class RecordingProxy:
    """Passes a POS's traffic with Qerko on, unchanged, and records it.

    What cannot be recorded flows all the same. Several venues may use it at once; their records
    are told apart by the fingerprint of their keys, which themselves are never written down.

    Parameters
    ----------
    upstream
        Where Qerko is, such as ``https://sandbox.qerko.com``.
    log
        Where to record.
    listen
        Address and port for the POS; port 0 takes a free one.
    certificate, certificate_key
        To listen with TLS; needed for any address but this machine's own, since the POS sends its
        API key.
    ca_file
        Certificates to trust upstream, in place of the usual ones.
    log_settings
        See :class:`~qerko_recon.session.writer.LogSettings`.
    on_change
        Gets a frozen :class:`ProxySnapshot` when something changes; what it raises is passed over.

    Raises
    ------
    ConfigError
        The address cannot be listened on, or must not be without a certificate.
    SessionLogError
        The log cannot be written.

    Examples
    --------
    >>> from qerko_recon import Client
    >>> from qerko_recon.session.log import SessionLog
    >>> from qerko_recon.simulator import Simulator, TradingDay
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> log = f"{folder.name}/proxy.jsonl"
    >>> day = TradingDay.generate(payments=60)
    >>> with Simulator(day) as box, RecordingProxy(box.base_url, log) as proxy:
    ...     with Client(base_url=proxy.address, api_key=box.api_key, pos_id=box.pos_id) as pos:
    ...         payment = pos.get_payment(box.payments[0].id)
    >>> SessionLog(log).payment_ids == [payment.id]
    True
    >>> folder.cleanup()
    """

    def __init__(
        self,
        upstream: str,
        log: str | PathLike[str],
        *,
        listen: str = "127.0.0.1:0",
        certificate: str | PathLike[str] | None = None,
        certificate_key: str | PathLike[str] | None = None,
        ca_file: str | None = None,
        log_settings: LogSettings | None = None,
        on_change: Callable[[ProxySnapshot], object] | None = None,
    ) -> None:
        self._host, self._port = _address(listen)
        self._tls = _certificate(certificate, certificate_key)
        if self._tls is None and not _is_own(self._host):
            raise ConfigError(
                f"{self._host} can be reached from other machines, and a POS sends its API key: "
                "give a certificate with --certificate and --certificate-key, or listen on "
                "127.0.0.1"
            )
        self._base_url = upstream.rstrip("/")
        self._upstream = _upstream(self._base_url, ca_file)
        self._log, self._settings = log, log_settings
        self._on_change = on_change
        self._snapshot = ProxySnapshot()
        self._notary: Notary | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._relays: set[asyncio.Task[None]] = set()

    @property
    def snapshot(self) -> ProxySnapshot:
        """What it is doing now."""
        notary = self._notary
        if notary is None:
            return self._snapshot
        return replace(self._snapshot, venues=tuple(notary.venues), lost=notary.lost)

    @property
    def address(self) -> str:
        """What the POS is to be pointed at."""
        if self._snapshot.address is None:
            raise ConfigError("the proxy does not run; start it, or use it in a with block")
        return self._snapshot.address

    def start(self) -> Self:
        """Listen; returns when it does.

        Raises
        ------
        ConfigError
            It was started before, or the address is taken.
        SessionLogError
            The log cannot be written.
        """
        if self._thread is not None:
            raise ConfigError("a proxy is started once; make a new one")
        self._notary = Notary(
            self._log,
            base_url=self._base_url,
            settings=self._settings,
            on_trouble=lambda trouble: self._change(trouble=trouble),
        )
        started: Future[None] = Future()
        self._thread = threading.Thread(
            target=self._work, args=(started,), name="qerko-proxy", daemon=True
        )
        self._thread.start()
        started.result()
        return self

    def stop(self) -> None:
        """Close every connection, write down what is left, end."""
        thread, loop, stopping = self._thread, self._loop, self._stopping
        if thread is None:
            return
        if loop is not None and stopping is not None:
            with suppress(RuntimeError):  # it has ended by itself
                loop.call_soon_threadsafe(stopping.set)
        thread.join(timeout=_PATIENCE)

    close = stop

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has ended; whether it has."""
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _work(self, started: Future[None]) -> None:
        try:
            asyncio.run(self._serve(started))
        except OSError as error:
            reason = error.strerror or error
            where = f"{self._host}:{self._port}"
            said = f"the proxy cannot listen on {where}: {reason}. Name another port"
            _tell(started, ConfigError(said))
        except Exception as error:  # noqa: BLE001 - for whoever started it
            _tell(started, error)
        finally:
            if self._notary is not None:
                self._notary.close()
            self._change(address=None, connections=0)

    async def _serve(self, started: Future[None]) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(
            self._accept, self._host, self._port, ssl=self._tls, limit=64 * 1024
        )
        notary = self._notary
        assert notary is not None  # noqa: S101 - `start` has made it
        async with server:
            port = server.sockets[0].getsockname()[1]
            scheme = "http" if self._tls is None else "https"
            host = f"[{self._host}]" if ":" in self._host else self._host
            self._change(address=f"{scheme}://{host}:{port}", log=notary.path)
            notary.state("connecting", self._base_url)
            started.set_result(None)
            await self._stopping.wait()
            server.close()
            for relay in self._relays:
                relay.cancel()
            await asyncio.gather(*self._relays, return_exceptions=True)
            notary.state("stopped", "as asked")

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        notary, task = self._notary, asyncio.current_task()
        assert notary is not None and task is not None  # noqa: S101, PT018 - it runs
        self._relays.add(task)
        self._change(
            connections=self._snapshot.connections + 1, accepted=self._snapshot.accepted + 1
        )
        try:
            await Relay(reader, writer, self._upstream, notary).run()
        except asyncio.CancelledError:
            pass  # the proxy stops; the relay has closed its connections
        finally:
            self._relays.discard(task)
            self._change(connections=self._snapshot.connections - 1)

    def _change(self, **what: object) -> None:
        self._snapshot = replace(self._snapshot, **what)  # type: ignore[arg-type]
        if self._on_change is not None:
            with suppress(Exception):  # whoever looks on may not stop what is looked at
                self._on_change(self.snapshot)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"RecordingProxy({self._snapshot.address or 'stopped'} to {self._base_url})"


def _tell(started: Future[None], error: Exception) -> None:
    if not started.done():
        started.set_exception(error)


def _address(listen: str) -> tuple[str, int]:
    host, colon, port = listen.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 - ports end
        raise ConfigError(f"--listen is ADDRESS:PORT, such as 127.0.0.1:8443, not {listen!r}")
    return host.strip("[]"), int(port)


def _is_own(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _certificate(
    certificate: str | PathLike[str] | None, key: str | PathLike[str] | None
) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"the certificate {certificate} cannot be used: {reason}") from error
    return context


def _upstream(base_url: str, ca_file: str | None) -> Upstream:
    parts = urlsplit(base_url)
    host = parts.hostname
    if parts.scheme not in _PORTS or not host or parts.path not in {"", "/"}:
        raise ConfigError(
            f"--upstream is Qerko's address without a path, such as https://sandbox.qerko.com, "
            f"not {base_url!r}"
        )
    if parts.scheme == "http" and not _is_own(host):
        raise ConfigError(f"{base_url} would carry the POS's API key in the clear; use https")
    port = parts.port or _PORTS[parts.scheme]
    tls = tls_context(ca_file) if parts.scheme == "https" else None
    return Upstream(host, port, tls, parts.netloc.rpartition("@")[2])
