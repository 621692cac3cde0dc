"""Serve the pages: an address and a token in, Voilà running until it is told to stop out.

Voilà runs in this very process. The token is made anew each time, is on no command line and in no
file but the one that leads the browser here, which only this user can read. Each page has a kernel
of its own, which ends with its tab; all end with this process.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import tempfile
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Final

from qerko_recon.app.address import checked_address
from qerko_recon.errors import ConfigError

__all__ = ["ALLOWS", "PAGES", "Served", "serve"]

PAGES: Final = ("close", "session", "log", "actions")
"""The pages, by the names of their notebooks in ``pages``."""

ALLOWS: Final = "QERKO_ALLOW_ACTIONS"
"""The variable by which a page may move money on a live venue, where it is ``yes``."""

_FOLDER: Final = Path(__file__).parent / "pages"
_PORT: Final = 8866

# Nothing is fetched from anywhere else, and no other page may hold ours in a frame.
_CONTENT_POLICY: Final = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "connect-src 'self' blob: data:; "
    "frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
)


@dataclass(frozen=True, slots=True)
class Served:
    """Where the pages are."""

    url: str
    """The first page's address, with the token; for the person who started it alone."""
    port: int


def serve(
    *,
    address: str = "127.0.0.1",
    port: int = _PORT,
    others_may_connect: bool = False,
    theme: str = "light",
    opens_browser: bool = True,
    on_ready: Callable[[Served], object] = lambda _: None,
) -> None:
    """Serve the pages until Ctrl-C or a signal ends it.

    Kernels take their settings from this process's environment: ``QERKO_API_KEY``,
    ``QERKO_LANGUAGE`` and the like.

    Parameters
    ----------
    address, others_may_connect
        Where to listen; see :func:`qerko_recon.app.address.checked_address`.
    port
        Which port; 0 takes a free one, and one that is taken is an error.
    theme
        ``light`` or ``dark``.
    opens_browser
        Whether the browser is led to the first page.
    on_ready
        Gets told where the pages are, once they can be opened.

    Raises
    ------
    ConfigError
        The address may not be listened on, the port is taken, or Voilà is not installed.
    """
    address = checked_address(address, others_may_connect=others_may_connect)
    with _listening(address, port) as sockets, _configured(_server_class(), theme) as voila:
        taken = sockets[0].getsockname()[1]
        served = Served(_url(address, taken, voila.token), taken)
        voila.serve_on(sockets, lambda: _ready(served, opens_browser, on_ready))


def _ready(served: Served, opens_browser: bool, on_ready: Callable[[Served], object]) -> None:
    on_ready(served)
    if opens_browser:
        threading.Thread(target=_open, args=(served.url,), daemon=True).start()


def _url(address: str, port: int, token: str) -> str:
    host = f"[{address}]" if ":" in address else address
    return f"http://{host}:{port}/voila/render/{PAGES[0]}.ipynb?token={token}"


def _open(url: str) -> None:
    """Lead the browser to the page by a file, since command lines can be read by everybody."""
    handle, name = tempfile.mkstemp(prefix="qerko-recon-", suffix=".html")
    with open(handle, "w", encoding="utf-8") as file:  # noqa: PTH123 - the handle is private
        link = escape(url, quote=True)
        file.write(
            '<!doctype html><meta charset="utf-8"><title>qerko_recon</title>'
            f'<meta http-equiv="refresh" content="0; url={link}"><a href="{link}">qerko_recon</a>'
        )
    with suppress(webbrowser.Error):
        webbrowser.open(Path(name).as_uri())
    # The browser has read it within a minute; after that it only lies about.
    timer = threading.Timer(60, lambda: Path(name).unlink(missing_ok=True))
    timer.daemon = True
    timer.start()


@contextmanager
def _listening(address: str, port: int) -> Iterator[list[socket.socket]]:
    """Take the port before anything else starts, so that one that is taken is said at once."""
    try:
        from tornado.netutil import bind_sockets
    except ImportError as error:
        raise _lacking() from error
    try:
        sockets = bind_sockets(port, address)
    except OSError as error:
        raise ConfigError(
            f"port {port} of {address} cannot be listened on ({error.strerror or error}); the "
            "pages may be open already, else choose another one with --port"
        ) from error
    try:
        yield sockets
    finally:
        for one in sockets:
            one.close()


@contextmanager
def _configured(server: Any, theme: str) -> Iterator[Any]:
    """Set Voilà up with nothing of the user's own Jupyter settings."""
    folder = tempfile.mkdtemp(prefix="qerko-recon-app-")
    before = {name: os.environ.get(name) for name in _own_environment(folder)}
    os.environ.update(_own_environment(folder))
    try:
        voila = server()
        voila.token = secrets.token_urlsafe(24)
        voila.open_browser = False
        voila.log_level = "CRITICAL"
        voila.tornado_settings = {"headers": {"Content-Security-Policy": _CONTENT_POLICY}}
        voila.connection_dir_root = folder
        voila.initialize([str(_FOLDER), f"--VoilaConfiguration.theme={theme}"])
        voila.voila_configuration.show_tracebacks = False
        yield voila
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        shutil.rmtree(folder, ignore_errors=True)


def _own_environment(folder: str) -> dict[str, str]:
    return {
        "JUPYTER_CONFIG_DIR": folder,
        "JUPYTER_RUNTIME_DIR": folder,
        "JUPYTER_NO_CONFIG": "1",
        "JUPYTER_PREFER_ENV_PATH": "1",
        "QERKO_FOLDER": os.environ.get("QERKO_FOLDER") or str(Path.cwd()),
    }


def _lacking() -> ConfigError:
    return ConfigError('the pages need Voilà: install it with pip install "qerko-recon[app]"')


def _server_class() -> Any:
    """Give Voilà's server, changed to serve our pages on our socket and to end in order."""
    try:
        from voila.app import Voila
    except ImportError as error:
        raise _lacking() from error
    import tornado.ioloop
    import tornado.web

    class Server(Voila):  # type: ignore[misc]
        """Voilà on sockets of ours, without the list of its folder."""

        _sockets: list[socket.socket]
        _on_ready: Callable[[], object]

        def serve_on(self, sockets: list[socket.socket], on_ready: Callable[[], object]) -> None:
            self._sockets, self._on_ready = sockets, on_ready
            self.start()

        def init_handlers(self) -> list[Any]:
            hidden = {"TornadoVoilaTreeHandler", "VoilaContentsHandler"}
            kept = [one for one in super().init_handlers() if one[1].__name__ not in hidden]
            first = {"url": f"/voila/render/{PAGES[0]}.ipynb", "permanent": False}
            return [*kept, (r"/?", tornado.web.RedirectHandler, first)]

        def listen(self) -> None:
            from tornado.httpserver import HTTPServer

            self.http = HTTPServer(self.app)
            self.http.add_sockets(self._sockets)
            self.ioloop = tornado.ioloop.IOLoop.current()
            self.ioloop.add_callback(self._on_ready)
            ends = [getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP")]
            for one in filter(None, ends):
                signal.signal(one, self._handle_signal_stop)
            try:
                self.ioloop.start()
            finally:
                self.http.stop()
                self.stop()

    return Server
