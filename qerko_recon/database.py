"""SQLite files of our own: opened or made, written whole or not at all, told in a sentence."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from qerko_recon.errors import QerkoReconError

__all__ = ["Kind", "failed", "open_database", "writing"]

_PATIENCE: Final = 30.0  # seconds; for another program that writes


class _MakesError(Protocol):
    def __call__(self, message: str, *, file: str | None = None) -> QerkoReconError: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: how it is told from others, what is in it, what it is called.

    ``mark`` is four letters in the file's head, so that another program's file is not taken for
    ours. ``is_durable`` says whether what was written outlives a power cut too, and not only a
    crash of the program.
    """

    name: str
    mark: int
    version: int
    tables: tuple[str, ...]
    error: _MakesError
    is_durable: bool = False


def open_database(path: Path, kind: Kind) -> sqlite3.Connection:
    """Open a file, and make it one of this kind if it is new."""
    fault = None
    try:
        connection = sqlite3.connect(
            path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise failed(path, kind, error, "opened") from error
    try:
        fault = _prepare(connection, kind)
        if fault is None:
            connection.execute("PRAGMA journal_mode = WAL")  # others may read while one writes
            connection.execute(f"PRAGMA synchronous = {'FULL' if kind.is_durable else 'NORMAL'}")
    except sqlite3.Error as error:
        connection.close()
        raise failed(path, kind, error, "opened") from error
    except BaseException:
        connection.close()
        raise
    if fault is not None:
        connection.close()
        raise kind.error(f"{path} {fault}", file=str(path))
    return connection


@contextmanager
def writing(connection: sqlite3.Connection, path: Path, kind: Kind) -> Iterator[None]:
    """Do all of it or none; others wait their turn."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise failed(path, kind, error, "written") from error


def failed(path: Path, kind: Kind, error: sqlite3.Error, done: str) -> QerkoReconError:
    """Say in one sentence what went wrong, and what to do."""
    said = str(error)
    advice = {
        "file is not a database": f"it is no {kind.name}; give another file",
        "unable to open database file": "the folder does not exist or cannot be written to",
        "database or disk is full": "the disk is full; make room and run it again",
        "database is locked": "another program is writing to it; try again when it is done",
        "attempt to write a readonly database": "it is read-only; copy it, or ask for the right",
        "database disk image is malformed": "it is damaged; take a copy of it that is whole",
    }
    return kind.error(f"{path} cannot be {done}: {advice.get(said, said)}", file=str(path))


def _prepare(connection: sqlite3.Connection, kind: Kind) -> str | None:
    """Make the tables of a new file; say why another file is none of this kind."""
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if mark == kind.mark:
        is_newer = version > kind.version
        return "was written by a newer qerko_recon; update this one" if is_newer else None
    connection.execute("BEGIN IMMEDIATE")
    # Another program may have made it while this one waited for its turn.
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if mark != kind.mark and not tables:
        for statement in kind.tables:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {kind.mark}")
        connection.execute(f"PRAGMA user_version = {kind.version}")
        connection.execute("COMMIT")
        return None
    connection.execute("ROLLBACK")
    return None if mark == kind.mark else "is another program's database; give a file of its own"
