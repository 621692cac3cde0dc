"""Writes a session log: records in, hash-chained lines on the disk, never a silent gap.

What cannot be recorded does not stop what is being recorded: Qerko is answered whether or not the
disk is full. The writer says so at once, tries again, and writes into the log how much is missing.
"""

from __future__ import annotations

import gzip
import json
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Literal, Self, get_args

import filelock
import pyarrow as pa

from qerko_recon import __version__
from qerko_recon.chained import FIRST, ChainedWriter, ends_of
from qerko_recon.errors import ConfigError, SessionLogError
from qerko_recon.session.files import LogFile, aside, next_number, opened, parts_of
from qerko_recon.session.records import FORMAT, VERSION
from qerko_recon.session.redaction import Redaction
from qerko_recon.settings import Venue

__all__ = ["Clock", "Durability", "LogSettings", "LogWriter", "Packing", "Recorder"]

Durability = Literal["never", "calls", "always"]
Packing = Literal["none", "gz", "zst"]
Recorder = Literal["poll", "proxy", "har"]

_CALLS: Final = frozenset({"call", "result", "error"})
_TRY_AGAIN: Final = 1.0  # seconds
_SMALLEST: Final = 4096
_FULL: Final = 64 * 2**20
_DEEPEST: Final = 100
_LARGEST_NUMBER: Final = 2**63


class Clock:
    """The time as a log needs it: of day, and one that is never set."""

    def now(self) -> datetime:
        """Tell the time, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Tell seconds that only go forward."""
        return time.monotonic()


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """How a log is written.

    Parameters
    ----------
    durability
        When a record is on the disk itself, safe from a power cut: ``never`` asks for it,
        for ``calls`` (and their answers), or ``always``. A crash of the program alone loses no
        record in any case.
    rotate_at
        Bytes after which the file is set aside and a new one begun.
    packing
        How a file that is set aside is packed.
    hides_guests
        Whether guests' IDs and e-mail addresses are replaced by pseudonyms.
    """

    durability: Durability = "calls"
    rotate_at: int = _FULL
    packing: Packing = "none"
    hides_guests: bool = False

    def __post_init__(self) -> None:
        for name, value, choices in (
            ("durability", self.durability, get_args(Durability)),
            ("packing", self.packing, get_args(Packing)),
        ):
            if value not in choices:
                raise ConfigError(f"{name} is one of {', '.join(choices)}, not {value!r}")
        if self.rotate_at < _SMALLEST:
            raise ConfigError(f"rotate_at is {_SMALLEST} bytes or more, not {self.rotate_at}")


class LogWriter:
    """Writes one log; one writer a log at a time, also among processes.

    Parameters
    ----------
    path
        Made where there is none, with its folder; else continued.
    recorder
        Who writes: a poll session, the proxy, or an import.
    venue
        Whose traffic it is; ``None`` where it may be that of several.
    base_url
        Where Qerko is, where no venue says it.
    settings
        See :class:`LogSettings`.
    clock
        In place of the system's.
    on_trouble
        Called with a sentence when recording fails, and with ``None`` when it goes on.

    Attributes
    ----------
    trouble
        Why nothing is recorded now; ``None`` where it is.
    lost
        Records that could not be written so far.

    Raises
    ------
    SessionLogError
        The file cannot be opened, is no session log, or another program writes to it.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        recorder: Recorder = "poll",
        venue: Venue | None = None,
        base_url: str | None = None,
        settings: LogSettings | None = None,
        clock: Clock | None = None,
        on_trouble: Callable[[str | None], object] | None = None,
    ) -> None:
        self.path = Path(path).absolute()
        self.settings = settings or LogSettings()
        self.run = secrets.token_hex(4)
        self.trouble: str | None = None
        self.lost = 0
        self.redaction = Redaction(
            hides_guests=self.settings.hides_guests, key=None if venue is None else venue.api_key
        )
        if venue is not None:
            self.redaction.add_secret(venue.pos_id)
        self._clock = clock or Clock()
        self._began = self._clock.monotonic()
        self._on_trouble = on_trouble
        self._about = _about(recorder, venue, self.settings, self.run)
        if base_url is not None:
            self._about["base_url"] = base_url
        self._lock = threading.RLock()
        self._packers: list[threading.Thread] = []
        self._last = (0, FIRST)
        self._rotate_at = self.settings.rotate_at
        self._lost_since: datetime | None = None
        self._lost_now = 0
        self._retry_at = 0.0
        self._is_closed = False
        self._held = _held(self.path)
        try:
            self._file: ChainedWriter | None = self._open()
        except BaseException:
            self._held.release()
            raise

    def write(self, kind: str, payload: Mapping[str, Any]) -> int | None:
        """Record an event; where it could not be, say so by ``None`` and by :attr:`trouble`."""
        with self._lock:
            if self._is_closed:
                return None
            try:
                self._be_ready()
                return self._append(kind, payload)
            except OSError as error:
                self._lose(error.strerror or str(error))
                return None

    def close(self) -> None:
        """Close the file and let others write."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            if self._file is not None:
                if self.settings.durability != "never":
                    with suppress(OSError):
                        self._file.sync()
                self._file.close()
            self._held.release()
        for packer in self._packers:
            packer.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"LogWriter({str(self.path)!r})"

    # The file

    def _open(self) -> ChainedWriter:
        """Open the file, at its end or that of the one set aside last, and say who writes."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _check_format(self.path)
            return self._begin()
        except OSError as error:
            raise SessionLogError(
                f"session log {self.path} cannot be written: {error.strerror or error}. Name "
                "another file with --log, or make room",
                file=str(self.path),
            ) from error

    def _begin(self, after: tuple[int, str] | None = None) -> ChainedWriter:
        if after is None and self._last[0]:
            after = self._last
        if after is None:
            parts = [part for part in parts_of(self.path) if part.path != self.path]
            after = _end_of(parts[-1]) if parts else (0, FIRST)
        is_durable = self.settings.durability == "always"
        file = ChainedWriter(self.path, is_durable=is_durable, after=after)
        try:
            if file.size:
                self._note(file, {"what": "opened", "run": self.run, **self._made()})
            else:
                self._write_header(file, after)
        except BaseException:
            file.close()
            raise
        return file

    def _write_header(self, file: ChainedWriter, after: tuple[int, str]) -> None:
        about = {**self._about, "segment": next_number(self.path)}
        if after[0]:
            about["continues"] = {"seq": after[0], "chain": after[1]}
        file.append({**self._stamp("header"), "payload": about})

    def _made(self) -> dict[str, Any]:
        keep = ("made_by", "recorder", "base_url", "key_fingerprint", "hides_guests")
        return {name: self._about[name] for name in keep if name in self._about}

    def _note(self, file: ChainedWriter, payload: Mapping[str, Any]) -> None:
        file.append({**self._stamp("note"), "payload": payload})

    def _stamp(self, kind: str) -> dict[str, Any]:
        at = self._clock.now().isoformat(timespec="microseconds").removesuffix("+00:00")
        mono = round(self._clock.monotonic() - self._began, 6)
        return {"at": f"{at}Z", "mono": mono, "kind": kind}

    def _append(self, kind: str, payload: Mapping[str, Any]) -> int:
        assert self._file is not None  # noqa: S101 - `_be_ready` has opened it
        is_durable = self.settings.durability == "calls" and kind in _CALLS
        stamp = self._stamp(kind)
        try:
            record = {**stamp, "payload": self.redaction.clean(payload)}
            seq = self._file.append(record, is_durable=is_durable)
        except (TypeError, ValueError, OverflowError, RecursionError):
            record = {**stamp, "payload": self.redaction.clean(_tame(payload))}
            seq = self._file.append(record, is_durable=is_durable)
        self._last = self._file.last
        return seq

    # What goes wrong, and what is full

    def _be_ready(self) -> None:
        """Make sure that there is a file to write to, under its name, and not a full one."""
        if self._file is None:
            self._try_again()
        file = self._file
        if file is None:
            raise OSError(0, "it could not be opened")
        if not file.is_at(self.path):
            self._follow(file)
        elif file.size >= self._rotate_at:
            self._set_aside(file)

    def _try_again(self) -> None:
        if self._clock.monotonic() < self._retry_at:
            raise OSError(0, (self.trouble or "").rpartition(": ")[2] or "it could not be opened")
        self._file = self._begin()
        self._resume()

    def _follow(self, file: ChainedWriter) -> None:
        """Begin a new file where the old one was moved away; it keeps what it has."""
        after = file.last
        file.close()
        self._file = None
        self._file = self._begin(after)
        self._note(self._file, {"what": "moved", "detail": "the file before was moved away"})

    def _set_aside(self, file: ChainedWriter) -> None:
        after = file.last
        path = aside(self.path, next_number(self.path))
        if self.settings.durability != "never":
            file.sync()
        file.close()
        self._file = None
        try:
            self.path.rename(path)
        except OSError:  # a reader may hold it, as Windows has it: later, then
            self._rotate_at += self.settings.rotate_at
            self._file = self._begin(after)
            return
        self._rotate_at = self.settings.rotate_at
        self._file = self._begin(after)
        if self.settings.packing != "none":
            packer = threading.Thread(target=_pack, args=(path, self.settings.packing))
            self._packers = [one for one in self._packers if one.is_alive()]
            self._packers.append(packer)
            packer.start()

    def _lose(self, reason: str) -> None:
        """Note that a record is lost; the file is opened anew before the next one is tried."""
        self.lost += 1
        self._lost_now += 1
        self._lost_since = self._lost_since or self._clock.now()
        if self._clock.monotonic() >= self._retry_at:
            self._retry_at = self._clock.monotonic() + _TRY_AGAIN
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None
        if self.trouble is None:
            self.trouble = f"NOT RECORDING to {self.path}: {reason}"
            self._tell(self.trouble)

    def _resume(self) -> None:
        assert self._file is not None  # noqa: S101 - it was just opened
        since = (self._lost_since or self._clock.now()).isoformat()
        gap = {"what": "not_recording", "since": since, "lost": self._lost_now}
        self._note(self._file, {**gap, "detail": self.trouble or ""})
        self.trouble, self._lost_since, self._lost_now = None, None, 0
        self._tell(None)

    def _tell(self, trouble: str | None) -> None:
        if self._on_trouble is not None:
            with suppress(Exception):  # whoever listens may not stop the recording
                self._on_trouble(trouble)


def _about(
    recorder: Recorder, venue: Venue | None, settings: LogSettings, run: str
) -> dict[str, Any]:
    about: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "run": run,
        "made_by": f"qerko_recon {__version__}",
        "recorder": recorder,
        "hides_guests": settings.hides_guests,
    }
    if venue is not None:
        about |= {
            "venue_name": venue.name,
            "base_url": venue.base_url,
            "api_version": venue.api_version,
            "key_fingerprint": venue.api_key.fingerprint,
        }
    return about


def _held(path: Path) -> filelock.BaseFileLock:
    """Keep a log to oneself.

    Raises
    ------
    SessionLogError
        Somebody else has it.
    """
    lock = filelock.FileLock(f"{path}.lock", timeout=0, thread_local=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except filelock.Timeout:
        raise SessionLogError(
            f"session log {path} is being written by another program; stop it first, or name "
            "another file with --log",
            file=str(path),
        ) from None
    except OSError as error:
        raise SessionLogError(
            f"session log {path} cannot be written: {error.strerror or error}. Name another file "
            "with --log",
            file=str(path),
        ) from error
    return lock


def _check_format(path: Path) -> None:
    """Refuse to write to a file that is something else.

    Raises
    ------
    SessionLogError
        Its first line is no header of a session log.
    """
    if not path.exists() or not path.stat().st_size:
        return
    with path.open("rb") as file:
        first = file.readline(64 * 1024)
    is_torn = not first.endswith(b"\n") and first.startswith(b'{"seq":')
    try:
        payload = json.loads(first).get("payload")
        is_ours = isinstance(payload, dict) and payload.get("format") == FORMAT
    except (ValueError, AttributeError):
        is_ours = is_torn or ends_of(first.rstrip(b"\r\n")) is not None
    if not is_ours:
        raise SessionLogError(
            f"{path} is no session log, so nothing was written to it; name another file with "
            "--log",
            file=str(path),
            line=1,
        )


def _end_of(part: LogFile) -> tuple[int, str]:
    """Give the ``seq`` and ``chain`` of a file's last whole line."""
    last = (0, FIRST)
    with opened(part.path) as file:
        rest = b""
        while block := file.read(2**20):
            *lines, rest = (rest + block).split(b"\n")
            found = next((ends for raw in reversed(lines) if (ends := ends_of(raw))), None)
            last = found or last
        return ends_of(rest) or last


def _pack(path: Path, packing: Packing) -> None:
    """Pack a file that was set aside; it goes only when the packed one is on the disk."""
    packed = path.with_name(f"{path.name}.{packing}")
    part = packed.with_name(f"{packed.name}.part")
    with suppress(OSError):  # where there is no room, the file stays as it is
        try:
            with path.open("rb") as source, _packing(part, packing) as target:
                shutil.copyfileobj(source, target, 2**20)
            with part.open("rb+") as whole:
                os.fsync(whole.fileno())
            part.rename(packed)
            path.unlink()
        finally:
            part.unlink(missing_ok=True)


def _packing(path: Path, packing: Packing) -> IO[bytes] | Any:
    if packing == "gz":
        return gzip.open(path, "wb", compresslevel=6)
    return pa.output_stream(str(path), compression="zstd")


def _tame(value: Any, depth: int = 0) -> Any:
    """Give what JSON can hold of a value: a long number as text, what is deep as words."""
    if depth > _DEEPEST:
        return "… (too deep to be recorded)"
    if isinstance(value, Mapping):
        return {str(name): _tame(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_tame(inner, depth + 1) for inner in value]
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int) and abs(value) < _LARGEST_NUMBER:
        return value
    return str(value).encode("utf-8", "backslashreplace").decode()
