"""Servers for browser tests: Voilà and JupyterLab over a folder of notebooks, the app itself."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

_PATIENCE = 90


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def quiet_environment(folder, **more):
    """Give an environment in which Jupyter keeps all that it writes in a folder."""
    folder = Path(folder)
    own = {
        "JUPYTER_CONFIG_DIR": folder / "config",
        "JUPYTER_DATA_DIR": folder / "data",
        "JUPYTER_RUNTIME_DIR": folder / "runtime",
        "IPYTHONDIR": folder / "ipython",
        "MPLCONFIGDIR": folder / "matplotlib",
        "QERKO_LOCKS": folder / "locks",
        "QERKO_HISTORY": folder / "history.db",
        "QERKO_AUDIT_TRAIL": folder / "actions.jsonl",
    }
    for place in own.values():
        place.parent.mkdir(parents=True, exist_ok=True)
    settings = folder / "config" / "labconfig"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "page_config.json").write_text(
        json.dumps({"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}})
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("QERKO_")}
    return kept | {name: str(value) for name, value in (own | more).items()}


class Server:
    """A server in a process group of its own, ended with all that it started."""

    def __init__(self, command, *, folder, environment, ready):
        self.output = []
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        until = time.monotonic() + _PATIENCE
        while not ready(self):
            assert self.process.poll() is None, "".join(self.output)
            assert time.monotonic() < until, "".join(self.output)
            time.sleep(0.1)

    def _read(self):
        for line in self.process.stdout:
            self.output.append(line)

    def stop(self, how=signal.SIGTERM):
        """End it in order; give its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._reader.join(5)
        self.process.stdout.close()
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def _answers(url):
    def ready(_):
        try:
            with urllib.request.urlopen(url, timeout=2):
                return True
        except urllib.error.HTTPError as error:
            return error.code < 500
        except OSError:
            return False

    return ready


def voila(folder, environment, *, theme="light"):
    """Serve a folder's notebooks as pages; ``server.url(name)`` is a page's address."""
    port = free_port()
    server = Server(
        [
            *(sys.executable, "-m", "voila", ".", "--no-browser", f"--port={port}"),
            *("--Voila.ip=127.0.0.1", f"--VoilaConfiguration.theme={theme}"),
            *("--VoilaConfiguration.show_tracebacks=True", "--Voila.token="),
        ],
        folder=folder,
        environment=environment,
        ready=_answers(f"http://127.0.0.1:{port}/voila/static/none"),
    )
    server.url = lambda name: f"http://127.0.0.1:{port}/voila/render/{name}"
    return server


def lab(folder, environment):
    """Serve a folder in JupyterLab; ``server.url(name)`` opens a notebook."""
    port = free_port()
    server = Server(
        [
            *(sys.executable, "-m", "jupyter", "lab", "--no-browser", f"--port={port}"),
            *("--ServerApp.ip=127.0.0.1", "--IdentityProvider.token=", "--ServerApp.password="),
            *("--LabApp.expose_app_in_browser=True", "--allow-root", f"--notebook-dir={folder}"),
            "--ServerApp.port_retries=0",
        ],
        folder=folder,
        environment=environment,
        ready=_answers(f"http://127.0.0.1:{port}/api"),
    )
    server.url = lambda name: f"http://127.0.0.1:{port}/lab/tree/{name}?reset"
    return server


def app(folder, environment, *options):
    """Run ``qerko-recon app``; ``server.url(page)`` is a page's address with the token."""
    found = re.compile(r"http://\S+/voila/render/close\.ipynb\?token=\S+")
    server = Server(
        [sys.executable, "-m", "qerko_recon", "app", "--no-browser", "--port", "0", *options],
        folder=folder,
        environment=environment,
        ready=lambda one: any(found.search(line) for line in one.output),
    )
    first = next(found.search(line) for line in server.output if found.search(line))[0]
    server.first = first
    server.url = lambda page: first.replace("close.ipynb", f"{page}.ipynb")
    return server
