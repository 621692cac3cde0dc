"""One poll session a venue, in this program and all others of this user: a lock that says who."""

from __future__ import annotations

import json
import os
import socket
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import filelock
import platformdirs

from qerko_recon.errors import ConfigError
from qerko_recon.settings import Venue

__all__ = ["VenueLock"]

_VARIABLE = "QERKO_LOCKS"


class VenueLock:
    """Keeps a venue's one connection to one session.

    Parameters
    ----------
    venue
        Whose.
    about
        What the session is, for whoever is refused: its log, for example.

    Raises
    ------
    ConfigError
        Another session of this venue runs; the message says where.
    """

    def __init__(self, venue: Venue, about: str) -> None:
        folder = Path(
            os.environ.get(_VARIABLE)
            or platformdirs.user_state_path("qerko_recon", appauthor=False)
        )
        name = f"{venue.api_key.fingerprint}.lock"
        self._note = folder / f"{name}.json"
        self._lock = filelock.FileLock(folder / name, timeout=0, thread_local=False)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except filelock.Timeout:
            raise ConfigError(
                f"a poll session of this venue runs already: {self._who()}. A restaurant has one "
                "connection; stop that session first"
            ) from None
        except OSError as error:
            raise ConfigError(
                f"{folder} cannot be written ({error.strerror or error}), so nobody could tell "
                f"that this venue has a session; name another folder in {_VARIABLE}"
            ) from error
        said = {
            "process": os.getpid(),
            "machine": socket.gethostname(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
            "about": about,
        }
        with suppress(OSError):  # the lock holds without its note
            self._note.write_text(json.dumps(said), encoding="utf-8")

    def release(self) -> None:
        """Let others have the venue."""
        with suppress(OSError):
            self._note.unlink(missing_ok=True)
        self._lock.release()

    def _who(self) -> str:
        try:
            said = json.loads(self._note.read_text(encoding="utf-8"))
            about = f", {said['about']}" if said["about"] else ""
            return f"process {said['process']} on {said['machine']} since {said['since']}{about}"
        except (OSError, ValueError, KeyError, TypeError):
            return "where, is not known"
