"""The file of a history: SQL on this side, runs, breaks and frames on the other.

What a run was fed with and what came of it is written once and never changed. All that people do
stands in the journal (:mod:`qerko_recon.history.journal`).
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Final

import msgspec
import platformdirs
import pyarrow as pa

from qerko_recon.database import Kind, failed, open_database, writing
from qerko_recon.errors import HistoryError
from qerko_recon.history.facts import FactsTable
from qerko_recon.history.hashes import hash_of
from qerko_recon.history.packing import Input, Packed, read_frame, unpack
from qerko_recon.history.view import COLUMNS, RunView, Window
from qerko_recon.recon import Summary
from qerko_recon.report import Result

__all__ = ["HistoryFile", "KeptRun", "default_path", "view_of"]

_VARIABLE: Final = "QERKO_HISTORY"
_TABLES: Final = (
    "CREATE TABLE journal (seq INTEGER PRIMARY KEY, line BLOB NOT NULL)",
    """
    CREATE TABLE runs (
        no INTEGER PRIMARY KEY,
        run_id TEXT NOT NULL UNIQUE,
        venue TEXT NOT NULL,
        first_day TEXT,
        last_day TEXT,
        time_zone TEXT NOT NULL,
        cutoff TEXT NOT NULL,
        inputs BLOB NOT NULL,
        summary BLOB NOT NULL,
        policy BLOB NOT NULL,
        rest BLOB NOT NULL
    )
    """,
    "CREATE INDEX runs_of ON runs (venue)",
    """
    CREATE TABLE frames (
        run_no INTEGER NOT NULL,
        name TEXT NOT NULL,
        part INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        PRIMARY KEY (run_no, name, part)
    )
    """,
    "CREATE TABLE blobs (sha256 TEXT PRIMARY KEY, content BLOB NOT NULL)",
    """
    CREATE TABLE found (
        run_no INTEGER NOT NULL,
        place INTEGER NOT NULL,
        key TEXT NOT NULL,
        subject TEXT NOT NULL,
        break_id TEXT NOT NULL,
        kind TEXT NOT NULL,
        payment_id TEXT,
        bill_id TEXT,
        currency TEXT NOT NULL,
        settled TEXT NOT NULL,
        posted TEXT NOT NULL,
        variance TEXT NOT NULL,
        day TEXT,
        PRIMARY KEY (run_no, place)
    )
    """,
    "CREATE INDEX found_by_id ON found (break_id)",
    """
    CREATE TABLE said (
        run_no INTEGER NOT NULL,
        subject TEXT NOT NULL,
        noted_in INTEGER NOT NULL,
        kind TEXT NOT NULL,
        match_id TEXT,
        covers INTEGER NOT NULL,
        first TEXT,
        last TEXT,
        files TEXT NOT NULL,
        PRIMARY KEY (run_no, subject)
    )
    """,
    "CREATE INDEX said_in ON said (noted_in)",
    """
    CREATE TABLE rereads (
        run_no INTEGER NOT NULL,
        other_no INTEGER NOT NULL,
        noted_in INTEGER NOT NULL,
        PRIMARY KEY (run_no, other_no)
    )
    """,
    "CREATE INDEX rereads_in ON rereads (noted_in)",
)
_KIND: Final = Kind("history", 0x514B5248, 1, _TABLES, HistoryError, is_durable=True)


@dataclass(frozen=True, slots=True, eq=False)
class KeptRun:
    """A run as it stands in the file, without its frames."""

    no: int
    run_id: str
    venue: str
    window: Window
    time_zone: str
    cutoff: time
    inputs: tuple[Input, ...]
    summary: Summary
    policy: bytes

    @property
    def sources(self) -> frozenset[str]:
        """Names of the POS exports it read."""
        return frozenset(one.name for one in self.inputs if one.kind == "pos")


def default_path() -> Path:
    """Give the file that ``QERKO_HISTORY`` names, else the one in this user's folder."""
    told = os.environ.get(_VARIABLE)
    folder = platformdirs.user_data_path("qerko_recon", appauthor=False)
    return Path(told) if told else folder / "history.db"


class HistoryFile:
    """One SQLite file; many may read it while one writes."""

    def __init__(self, path: str | os.PathLike[str] | None, *, is_made: bool) -> None:
        self.path = Path(path or default_path()).absolute()
        if not is_made and not self.path.exists():
            raise HistoryError(
                f"there is no history at {self.path}; one begins with the first run that is "
                "recorded in it, or name another file",
                file=str(self.path),
            )
        if path is None and is_made:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        self.connection = open_database(self.path, _KIND)
        self.facts = FactsTable(self.connection)
        self._close = weakref.finalize(self, self.connection.close)

    def close(self) -> None:
        """Close the file."""
        self._close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Do all of it or none."""
        with writing(self.connection, self.path, _KIND):
            yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """See the file as it is now, whatever others write meanwhile."""
        if self.connection.in_transaction:
            yield
            return
        try:
            self.connection.execute("BEGIN")
            try:
                yield
            finally:
                self.connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise failed(self.path, _KIND, error, "read") from error

    def put_run(self, run_id: str, packed: Packed, summary: Summary, cutoff: time) -> int:
        """Keep a run; give its number."""
        days = (summary.first_day, summary.last_day)
        cursor = self.connection.execute(
            "INSERT INTO runs (run_id, venue, first_day, last_day, time_zone, cutoff, inputs, "
            "summary, policy, rest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                run_id,
                summary.venue or "",
                *(day and day.isoformat() for day in days),
                summary.time_zone,
                cutoff.isoformat(),
                msgspec.json.encode(packed.inputs),
                packed.summary,
                packed.policy,
                packed.rest,
            ),
        )
        no = int(cursor.lastrowid or 0)
        for name, parts in packed.frames.items():
            for part, content in enumerate(parts):
                sha256 = hashlib.sha256(content).hexdigest()
                self.connection.execute(
                    "INSERT OR IGNORE INTO blobs VALUES (?, ?)", (sha256, content)
                )
                self.connection.execute(
                    "INSERT INTO frames VALUES (?, ?, ?, ?)", (no, name, part, sha256)
                )
        return no

    def runs(self, venue: str | None = None) -> list[KeptRun]:
        """Give the runs of a venue, or all, in the order in which they first came."""
        rows = self.connection.execute(
            "SELECT no, run_id, venue, first_day, last_day, time_zone, cutoff, inputs, summary, "
            "policy FROM runs WHERE ?1 IS NULL OR venue = ?1 ORDER BY no",
            (venue,),
        )
        return [
            KeptRun(
                no=no,
                run_id=run_id,
                venue=name,
                window=None if first is None else (_day(first), _day(last)),
                time_zone=zone,
                cutoff=time.fromisoformat(cutoff),
                inputs=msgspec.json.decode(inputs, type=tuple[Input, ...]),
                summary=msgspec.json.decode(summary, type=Summary),
                policy=policy,
            )
            for no, run_id, name, first, last, zone, cutoff, inputs, summary, policy in rows
        ]

    def venues(self) -> list[str]:
        """Give the names of the venues that have runs; ``""`` is the one without a name."""
        rows = self.connection.execute("SELECT DISTINCT venue FROM runs ORDER BY 1")
        return [venue for (venue,) in rows]

    def result(self, no: int) -> Result:
        """Give a run's result as it was."""
        held = self.connection.execute(
            "SELECT summary, policy, rest FROM runs WHERE no = ?", (no,)
        ).fetchone()
        summary, policy, rest = held
        names = self.connection.execute(
            "SELECT DISTINCT name FROM frames WHERE run_no = ?", (no,)
        ).fetchall()
        return unpack(summary, policy, rest, {name: self.streams(no, name) for (name,) in names})

    def frame(self, no: int, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Read one frame of a run, or some of its columns."""
        return read_frame(self.streams(no, name), name, columns)

    def view(self, run: KeptRun) -> RunView:
        """Give what a run says of payments and lines."""
        frames = {name: self.frame(run.no, name, some) for name, some in COLUMNS.items()}
        return view_of(run, frames)

    def streams(self, no: int, name: str) -> list[bytes]:
        """Give the streams of a frame, in order."""
        rows = self.connection.execute(
            "SELECT content FROM frames JOIN blobs USING (sha256) "
            "WHERE run_no = ? AND name = ? ORDER BY part",
            (no, name),
        )
        return [content for (content,) in rows]

    def run_sha256(self, no: int) -> str:
        """Hash all that is kept of a run; its frames by their own hashes."""
        kept = self.connection.execute(
            "SELECT run_id, venue, first_day, last_day, time_zone, cutoff, inputs, summary, "
            "policy, rest FROM runs WHERE no = ?",
            (no,),
        ).fetchone()
        frames = self.connection.execute(
            "SELECT name, part, sha256 FROM frames WHERE run_no = ? ORDER BY name, part", (no,)
        ).fetchall()
        return hash_of(msgspec.json.encode(kept), msgspec.json.encode(frames))

    def damaged_frames(self, no: int) -> list[str]:
        """Name the frames of a run that are not what their hash says, or are gone."""
        rows = self.connection.execute(
            "SELECT name, f.sha256, content FROM frames AS f LEFT JOIN blobs AS b "
            "ON b.sha256 = f.sha256 WHERE run_no = ? ORDER BY name, part",
            (no,),
        )
        return [
            name
            for name, sha256, content in rows
            if content is None or hashlib.sha256(content).hexdigest() != sha256
        ]


def _day(text: str) -> date:
    return date.fromisoformat(text)


def view_of(run: KeptRun, frames: Mapping[str, pa.Table]) -> RunView:
    """Give what a run says of payments and lines, by its frames."""
    return RunView(
        frames["matches"],
        frames["payments"],
        frames["tenders"],
        window=run.window,
        time_zone=run.time_zone,
        cutoff=run.cutoff,
    )
