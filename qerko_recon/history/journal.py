"""The journal of a history: what was done, by whom and when, each entry vouching for the last.

The entries are the lines of :mod:`qerko_recon.chained`, kept in the history's file: one that was
edited, taken out or moved shows. What no chain can show is that the last ones are gone; the
journal's :attr:`~Journal.seal`, noted elsewhere, can.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from qerko_recon.chained import FIRST, ChainCheck, Flaw, chained_line, parse_line
from qerko_recon.who import person

__all__ = ["Entry", "Journal", "moment"]

_OWN: Final = ("at", "by", "account", "what", "venue")


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry: who did what when, and to which venue.

    ``by`` is the name that was given, ``account`` the user and machine it was done on.
    """

    seq: int
    at: str
    by: str
    account: str
    what: str
    venue: str
    payload: Mapping[str, Any]
    chain: str


class Journal:
    """Reads and writes the entries through a connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._entries: list[Entry] = []

    def entries(self) -> list[Entry]:
        """Give all entries that can be read, in order."""
        last = self._entries[-1].seq if self._entries else 0
        rows = self._connection.execute(
            "SELECT seq, line FROM journal WHERE seq > ? ORDER BY seq", (last,)
        )
        for seq, line in rows:
            entry = _entry(seq, _raw(line))
            if entry is not None:
                self._entries.append(entry)
        return self._entries

    def append(self, what: str, venue: str, payload: Mapping[str, Any], *, by: str) -> Entry:
        """Write an entry; it stands when the transaction around it does."""
        last = self._last()
        record = {
            "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "by": by,
            "account": person(),
            "what": what,
            "venue": venue,
            **payload,
        }
        raw, _ = chained_line(record, after=last)
        self._connection.execute("INSERT INTO journal VALUES (?, ?)", (last[0] + 1, raw))
        entry = _entry(last[0] + 1, raw)
        assert entry is not None  # noqa: S101 - it was just written
        return entry

    @property
    def seal(self) -> str:
        """The chain's last link: it names the journal as it is now, and no other."""
        return self._last()[1]

    def next_seq(self) -> int:
        """Give the number that the next entry has."""
        return self._last()[0] + 1

    def flaws(self) -> list[Flaw]:
        """Give the entries that are not as they were written."""
        check = ChainCheck()
        rows = self._connection.execute("SELECT seq, line FROM journal ORDER BY seq")
        for seq, line in rows:
            check.take(int(seq), _raw(line))
        return check.flaws()

    def _last(self) -> tuple[int, str]:
        row = self._connection.execute(
            "SELECT line FROM journal ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        line = None if row is None else parse_line(_raw(row[0]))
        if row is not None and line is None:
            row = self._connection.execute("SELECT max(seq) FROM journal").fetchone()
            return int(row[0]), FIRST  # the last entry was tampered with; the chain begins anew
        return (0, FIRST) if line is None else (line.seq, line.chain)


def moment(at: str) -> datetime:
    """Give an entry's time.

    >>> moment("2026-11-20T21:15:00.000000Z").minute
    15
    """
    return datetime.fromisoformat(at)


def _raw(line: object) -> bytes:
    """Give a line as bytes, whatever somebody made of it."""
    return line if isinstance(line, bytes) else str(line).encode("utf-8", "replace")


def _entry(seq: int, raw: bytes) -> Entry | None:
    line = parse_line(raw)
    if line is None or line.seq != seq:
        return None
    own = {name: str(line.record.pop(name, "")) for name in _OWN}
    return Entry(seq=seq, payload=line.record, chain=line.chain, **own)
