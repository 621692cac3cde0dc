"""What runs found and said of payments and lines, as rows of the history's file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

import msgspec

from qerko_recon.history.found import Found
from qerko_recon.history.hashes import hash_of
from qerko_recon.history.view import Said

__all__ = ["FactsTable"]

_PUT_FOUND: Final = """
INSERT INTO found (run_no, place, key, subject, break_id, kind, payment_id, bill_id, currency,
    settled, posted, variance, day)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_FOUND: Final = """
SELECT place, key, subject, break_id, kind, payment_id, bill_id, currency, settled, posted,
    variance, day
FROM found WHERE run_no = ? ORDER BY place
"""
_KEYS: Final = """
SELECT DISTINCT venue, key FROM found JOIN runs ON run_no = no
WHERE break_id = ? ORDER BY venue, key
"""
_PUT_REREADS: Final = "INSERT OR IGNORE INTO rereads (run_no, other_no, noted_in) VALUES (?, ?, ?)"
_REREADS: Final = """
SELECT other_no FROM rereads WHERE run_no = ?1 AND (?2 IS NULL OR noted_in <= ?2)
"""
_REREADS_IN: Final = """
SELECT run_no, other_no FROM rereads WHERE noted_in = ? ORDER BY run_no, other_no
"""
_PUT_SAID: Final = """
INSERT INTO said (run_no, noted_in, subject, kind, match_id, covers, first, last, files)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_SAID: Final = """
SELECT subject, kind, match_id, covers, first, last, files
FROM said WHERE run_no = ?1 AND (?2 IS NULL OR noted_in <= ?2) ORDER BY subject
"""
_SAID_IN: Final = """
SELECT run_no, subject, kind, match_id, covers, first, last, files
FROM said WHERE noted_in = ? ORDER BY run_no, subject
"""


class FactsTable:
    """The facts by which breaks are carried from run to run, through a connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put_found(self, no: int, found: Iterable[Found]) -> None:
        """Keep what a run's breaks are about."""
        self._connection.executemany(
            _PUT_FOUND,
            (
                (
                    no,
                    one.place,
                    one.key,
                    one.subject,
                    one.break_id,
                    one.kind,
                    one.payment_id,
                    one.bill_id,
                    one.currency,
                    str(one.settled),
                    str(one.posted),
                    str(one.variance),
                    one.day and one.day.isoformat(),
                )
                for one in found
            ),
        )

    def put_said(self, no: int, said: Iterable[Said], noted_in: int) -> None:
        """Keep what a run says of subjects."""
        self._connection.executemany(
            _PUT_SAID,
            (
                (
                    no,
                    noted_in,
                    one.subject,
                    one.kind,
                    one.match_id,
                    one.covers,
                    one.first and one.first.isoformat(),
                    one.last and one.last.isoformat(),
                    msgspec.json.encode(one.files).decode(),
                )
                for one in said
            ),
        )

    def found(self, no: int) -> list[Found]:
        """Give the breaks of a run."""
        found = []
        for row in self._connection.execute(_FOUND, (no,)):
            place, key, subject, break_id, kind, payment_id, bill_id, currency = row[:8]
            amounts = Decimal(row[8]), Decimal(row[9]), Decimal(row[10])
            about = (place, key, subject, break_id, kind, payment_id, bill_id, currency)
            found.append(Found(*about, *amounts, _day(row[11])))
        return found

    def said(self, no: int, until: int | None = None) -> list[Said]:
        """Give what a run says, as far as it was noted until an entry of the journal."""
        return [
            Said(
                subject,
                kind,
                match_id,
                bool(covers),
                _day(first),
                _day(last),
                tuple(msgspec.json.decode(files)),
            )
            for subject, kind, match_id, covers, first, last, files in self._connection.execute(
                _SAID, (no, until)
            )
        ]

    def put_rereads(self, pairs: Iterable[tuple[int, int]], noted_in: int) -> None:
        """Keep which runs reread which."""
        self._connection.executemany(_PUT_REREADS, ((*pair, noted_in) for pair in pairs))

    def rereads(self, no: int, until: int | None = None) -> frozenset[int]:
        """Give the numbers of the runs that a run rereads."""
        rows = self._connection.execute(_REREADS, (no, until))
        return frozenset(other for (other,) in rows)

    def keys_of(self, break_id: str) -> list[tuple[str, str]]:
        """Give the venues that have a break of this ID, each with what it is known by there."""
        return list(self._connection.execute(_KEYS, (break_id,)))

    def sha256(self, seq: int, new_run: int | None) -> str:
        """Hash what an entry of the journal noted; where its run is new, the run's breaks too."""
        found = self._connection.execute(_FOUND, (new_run,)).fetchall()
        said = self._connection.execute(_SAID_IN, (seq,)).fetchall()
        rereads = self._connection.execute(_REREADS_IN, (seq,)).fetchall()
        return hash_of(*(msgspec.json.encode(rows) for rows in (found, said, rereads)))


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
