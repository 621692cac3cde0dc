"""A file of payments that outlives the fetch: outcomes in, frames out, whole after any crash.

One SQLite file. An outcome is safe in it when :meth:`Selection.put` returns, whatever becomes of
the process then; other programs may read it meanwhile. Payments are kept as Qerko sent them, and
when one changes, what it was before is kept beside it.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal, Self

import pandas as pd
import pyarrow as pa

from qerko_recon.database import Kind, open_database, writing
from qerko_recon.errors import ConfigError, StoreError
from qerko_recon.frames import BATCH, Failure, Fetched, Payments
from qerko_recon.model import CANCEL_WINDOW, CANCELLED, PAID
from qerko_recon.schema import to_frame
from qerko_recon.settings import Venue

__all__ = ["PaymentStore", "Refresh", "Selection", "StorePath", "StoredPayments"]

Refresh = timedelta | Literal["not_final", "all"] | None
"""Which payments of a store are asked for again."""

StorePath = str | os.PathLike[str]

_MARK: Final = 0x514B524F  # "QKRO", so that another program's file is not taken for a store
_FORMAT: Final = 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_SETTLED_FAILURES: Final = ("not_found", "forbidden")
_KEPT_VERSIONS: Final = pa.schema(
    [
        ("payment_id", pa.string()),
        ("state", pa.string()),
        ("fetched_at", pa.timestamp("us", tz="UTC")),
        ("raw", pa.string()),
    ]
)

_SCHEMA: Final = (
    """
    CREATE TABLE payments (
        venue TEXT NOT NULL,
        payment_id TEXT NOT NULL,
        raw BLOB NOT NULL,
        status INTEGER NOT NULL,
        state TEXT NOT NULL,
        is_final INTEGER NOT NULL,
        seen_at INTEGER NOT NULL,
        fetched_at INTEGER NOT NULL,
        api_version TEXT NOT NULL,
        PRIMARY KEY (venue, payment_id)
    )
    """,
    """
    CREATE TABLE earlier (
        venue TEXT NOT NULL,
        payment_id TEXT NOT NULL,
        raw BLOB NOT NULL,
        state TEXT NOT NULL,
        fetched_at INTEGER NOT NULL
    )
    """,
    "CREATE INDEX earlier_of ON earlier (venue, payment_id)",
    """
    CREATE TABLE failures (
        venue TEXT NOT NULL,
        payment_id TEXT NOT NULL,
        kind TEXT NOT NULL,
        status INTEGER,
        detail TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        failed_at INTEGER NOT NULL,
        PRIMARY KEY (venue, payment_id)
    )
    """,
    """
    CREATE TRIGGER keep_earlier BEFORE UPDATE OF raw ON payments WHEN OLD.raw IS NOT NEW.raw BEGIN
        INSERT INTO earlier (venue, payment_id, raw, state, fetched_at)
        VALUES (OLD.venue, OLD.payment_id, OLD.raw, OLD.state, OLD.fetched_at);
    END
    """,
)
_KIND: Final = Kind("store of payments", _MARK, _FORMAT, _SCHEMA, StoreError)
_ASKED: Final = """
CREATE TEMP TABLE asked (
    n INTEGER PRIMARY KEY,
    payment_id TEXT NOT NULL UNIQUE,
    is_had INTEGER,
    kind TEXT,
    status INTEGER,
    detail TEXT,
    attempts INTEGER
)
"""
_PUT_PAYMENT: Final = """
INSERT INTO payments
    (venue, payment_id, raw, status, state, is_final, seen_at, fetched_at, api_version)
VALUES (:venue, :payment_id, :raw, 200, :state, :is_final, :now, :now, :api_version)
ON CONFLICT DO UPDATE SET raw = excluded.raw, status = excluded.status, state = excluded.state,
    is_final = max(excluded.is_final, :is_paid AND seen_at < :open_until),
    fetched_at = excluded.fetched_at, api_version = excluded.api_version
"""
_PUT_FAILURE: Final = """
INSERT INTO failures (venue, payment_id, kind, status, detail, attempts, failed_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET kind = excluded.kind, status = excluded.status,
    detail = excluded.detail, attempts = excluded.attempts, failed_at = excluded.failed_at
"""


class PaymentStore:
    """Payments in a file, from one fetch or many, of one venue or several.

    Parameters
    ----------
    path
        The file; made where there is none.

    Attributes
    ----------
    frame, parts, items, failures
        Everything in it, as :class:`~qerko_recon.Payments` has it.

    Raises
    ------
    StoreError
        The file cannot be opened, is no store, or was written by a newer version.

    Notes
    -----
    A payment is final when it is cancelled, or paid and seen more than three hours ago: by then
    nobody can cancel it through the API (Qerko's REST documentation). Other states are not final.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> store = PaymentStore(pathlib.Path(tempfile.mkdtemp()) / "payments.db")
    >>> store.payments()
    StoredPayments(0 fetched, 0 not had)
    >>> store.close()
    """

    def __init__(self, path: StorePath) -> None:
        self.path = Path(path).absolute()  # the working folder may be another one later
        self._connection = open_database(self.path, _KIND)
        self._close = weakref.finalize(self, self._connection.close)

    @property
    def venues(self) -> list[str]:
        """Whose payments are in it: names, or addresses and fingerprints of keys."""
        rows = self._connection.execute(
            "SELECT venue FROM payments UNION SELECT venue FROM failures ORDER BY 1"
        )
        return [venue for (venue,) in rows]

    def payments(self, venue: str | None = None) -> Payments:
        """Give what it holds, in the order in which it came.

        Raises
        ------
        ConfigError
            It holds several venues, and ``venue`` does not say which.
        """
        known = self.venues
        if venue is None and len(known) > 1:
            raise ConfigError(
                f"{self.path} holds the payments of several venues; say which: "
                f"{', '.join(repr(one) for one in known)}"
            )
        if venue is not None and venue not in known:
            raise ConfigError(
                f"{self.path} holds nothing of {venue!r}; it has: "
                f"{', '.join(repr(one) for one in known) or 'nothing'}"
            )
        selection = Selection(self.path, venue or "".join(known), None)
        selection.take_all()
        return selection.payments()

    @property
    def frame(self) -> pd.DataFrame:
        """A row a payment; columns of :data:`qerko_recon.schema.PAYMENTS`."""
        return self.payments().frame

    @property
    def parts(self) -> pd.DataFrame:
        """A row a part; columns of :data:`qerko_recon.schema.PARTS`."""
        return self.payments().parts

    @property
    def items(self) -> pd.DataFrame:
        """A row an item; columns of :data:`qerko_recon.schema.ITEMS`."""
        return self.payments().items

    @property
    def failures(self) -> pd.DataFrame:
        """A row an ID that could not be had; columns of :data:`qerko_recon.schema.FAILURES`."""
        return self.payments().failures

    def history(self, payment_id: str) -> pd.DataFrame:
        """Give all that a payment was seen as, oldest first.

        Returns
        -------
        DataFrame
            ``payment_id``, ``state``, ``fetched_at`` (UTC) and ``raw``, a row for each time it
            had changed.
        """
        rows = self._connection.execute(
            "SELECT payment_id, state, fetched_at, raw FROM earlier WHERE payment_id = :id "
            "UNION ALL SELECT payment_id, state, fetched_at, raw FROM payments "
            "WHERE payment_id = :id ORDER BY fetched_at",
            {"id": payment_id},
        )
        records = [
            {
                "payment_id": one,
                "state": state,
                "fetched_at": _moment(fetched_at),
                "raw": raw.decode("utf-8", "replace"),
            }
            for one, state, fetched_at, raw in rows
        ]
        return to_frame(pa.Table.from_pylist(records, schema=_KEPT_VERSIONS))

    def select(self, venue: Venue, refresh: Refresh = None) -> Selection:
        """Begin a fetch that keeps its outcomes here."""
        return Selection(self.path, venue_key(venue), refresh)

    def close(self) -> None:
        """Close the file."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"PaymentStore({str(self.path)!r})"


def venue_key(venue: Venue) -> str:
    """Name a venue in a store, so that payments of two with the same ID are kept apart."""
    who = venue.name or f"key {venue.api_key.fingerprint}"
    return f"{who} at {venue.base_url}"


class Selection:
    """The IDs of one fetch in a store, each with its outcome: a book of a fetch.

    The list of IDs is in a temporary file of SQLite's own, so that a million of them is no burden.
    """

    def __init__(self, path: Path, venue: str, refresh: Refresh) -> None:
        if not (refresh in {None, "not_final", "all"} or isinstance(refresh, timedelta)):
            raise ConfigError(
                f"refresh is 'not_final', 'all' or a datetime.timedelta, not {refresh!r}"
            )
        self._path = path
        self._venue = venue
        self._refresh = refresh
        self._connection = open_database(path, _KIND)
        self._close = weakref.finalize(self, self._connection.close)
        self._connection.execute(_ASKED)

    def take_all(self) -> None:
        """Select everything that the store has of the venue."""
        with self._writing():
            self._connection.execute(
                "INSERT INTO asked (payment_id, is_had) "
                "SELECT payment_id, 1 FROM payments WHERE venue = ? ORDER BY rowid",
                (self._venue,),
            )
            self._connection.execute(
                "INSERT OR IGNORE INTO asked "
                "(payment_id, is_had, kind, status, detail, attempts) "
                "SELECT payment_id, 0, kind, status, detail, attempts FROM failures "
                "WHERE venue = ? ORDER BY rowid",
                (self._venue,),
            )

    def add(self, ids: Sequence[str]) -> tuple[list[str], int, int]:
        """Take in IDs; give those to ask for, and how many were had, and not had, already."""
        names = {one.encode("utf-8", "backslashreplace").decode(): one for one in ids}
        wanted: list[str] = []
        held: list[tuple[int, int]] = []
        missing: list[tuple[str, int]] = []
        now = _micros(datetime.now(UTC))
        with self._writing():
            (last,) = self._connection.execute("SELECT coalesce(max(n), 0) FROM asked").fetchone()
            self._connection.executemany(
                "INSERT OR IGNORE INTO asked (payment_id) VALUES (?)", ((one,) for one in names)
            )
            for n, payment_id, fetched_at, is_final, kind, failed_at in self._known_since(last):
                if fetched_at is not None and not self._is_stale(
                    fetched_at, is_final=is_final, now=now
                ):
                    held.append((1, n))
                elif kind in _SETTLED_FAILURES and not self._is_stale(
                    failed_at, is_final=False, now=now
                ):
                    missing.append((self._venue, n))
                else:
                    wanted.append(names[payment_id])
            self._connection.executemany("UPDATE asked SET is_had = ? WHERE n = ?", held)
            self._connection.executemany(
                "UPDATE asked SET (is_had, kind, status, detail, attempts) = "
                "(SELECT 0, kind, status, detail, attempts FROM failures AS f "
                "WHERE f.venue = ? AND f.payment_id = asked.payment_id) "
                "WHERE n = ?",
                missing,
            )
        return wanted, len(held), len(missing)

    def put(self, outcome: Fetched | Failure) -> None:
        """Keep an outcome; it is safe when this returns."""
        with self._writing():
            if isinstance(outcome, Fetched):
                self._put_payment(outcome)
            else:
                self._put_failure(outcome)

    def payments(self) -> Payments:
        """Give what is kept, in the order asked for, read from the file as it is needed."""
        self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")  # the file alone is whole
        return StoredPayments(self)

    def count(self, *, had: bool) -> int:
        """Count the IDs that were had, or were not."""
        rows = self._connection.execute("SELECT count(*) FROM asked WHERE is_had = ?", (had,))
        return int(rows.fetchone()[0])

    def ids(self) -> Iterator[str]:
        """Give the IDs that have an outcome, those had first."""
        rows = self._connection.execute(
            "SELECT payment_id FROM asked WHERE is_had IS NOT NULL ORDER BY is_had DESC, n"
        )
        return (payment_id for (payment_id,) in rows)

    def batches(self) -> Iterator[Sequence[Fetched]]:
        """Give the payments in the order asked for, some thousands at a time."""
        rows = self._connection.execute(
            "SELECT p.payment_id, p.raw, p.fetched_at, p.api_version FROM asked AS a "
            "CROSS JOIN payments AS p ON p.venue = ? AND p.payment_id = a.payment_id "
            "WHERE a.is_had = 1 ORDER BY a.n",
            (self._venue,),
        )
        while batch := rows.fetchmany(BATCH):
            yield [
                Fetched(payment_id, raw, _moment(fetched_at), version)
                for payment_id, raw, fetched_at, version in batch
            ]

    def failures(self) -> Iterator[Failure]:
        """Give the IDs that could not be had, in the order asked for."""
        rows = self._connection.execute(
            "SELECT payment_id, kind, status, detail, attempts FROM asked "
            "WHERE is_had = 0 ORDER BY n"
        )
        return (Failure(*row) for row in rows)

    def find(self, payment_id: str) -> Fetched | Failure | None:
        """Look up one ID; ``None`` where it is not among them."""
        row = self._connection.execute(
            "SELECT is_had, kind, status, detail, attempts FROM asked "
            "WHERE payment_id = ? AND is_had IS NOT NULL",
            (payment_id,),
        ).fetchone()
        if row is None or not row[0]:
            return None if row is None else Failure(payment_id, *row[1:])
        raw, fetched_at, version = self._connection.execute(
            "SELECT raw, fetched_at, api_version FROM payments WHERE venue = ? AND payment_id = ?",
            (self._venue, payment_id),
        ).fetchone()
        return Fetched(payment_id, raw, _moment(fetched_at), version)

    def _writing(self) -> AbstractContextManager[None]:
        """Do all of it or none."""
        return writing(self._connection, self._path, _KIND)

    def _known_since(self, last: int) -> Iterable[tuple[int, str, int, bool, str, int]]:
        return self._connection.execute(
            "SELECT a.n, a.payment_id, p.fetched_at, p.is_final, f.kind, f.failed_at "
            "FROM asked AS a "
            "LEFT JOIN payments AS p ON p.venue = :venue AND p.payment_id = a.payment_id "
            "LEFT JOIN failures AS f ON f.venue = :venue AND f.payment_id = a.payment_id "
            "WHERE a.n > :last ORDER BY a.n",
            {"venue": self._venue, "last": last},
        ).fetchall()

    def _is_stale(self, moment: int, *, is_final: bool, now: int) -> bool:
        if self._refresh is None:
            return False
        if self._refresh == "not_final":
            return not is_final
        return self._refresh == "all" or moment + self._refresh // _MICROSECOND < now

    def _put_payment(self, one: Fetched) -> None:
        payment = one.payment
        open_until = _micros(one.fetched_at - CANCEL_WINDOW)
        is_paid = payment.state == PAID
        created_at = payment.created_at
        is_old = is_paid and created_at is not None and _micros(created_at) < open_until
        self._connection.execute(
            _PUT_PAYMENT,
            {
                "venue": self._venue,
                "payment_id": one.payment_id,
                "raw": one.raw,
                "state": payment.state,
                "is_final": payment.state == CANCELLED or is_old,
                "now": _micros(one.fetched_at),
                "api_version": one.api_version,
                "is_paid": is_paid,
                "open_until": open_until,
            },
        )
        whose = (self._venue, one.payment_id)
        self._connection.execute("DELETE FROM failures WHERE venue = ? AND payment_id = ?", whose)
        self._connection.execute(
            "UPDATE asked SET is_had = 1 WHERE payment_id = ?", (one.payment_id,)
        )

    def _put_failure(self, one: Failure) -> None:
        what = (one.kind, one.status, one.detail, one.attempts)
        if one.attempts:  # what was not asked for says nothing of the payment
            moment = _micros(datetime.now(UTC))
            values = (self._venue, one.payment_id, *what, moment)
            self._connection.execute(_PUT_FAILURE, values)
        self._connection.execute(
            "UPDATE asked SET is_had = 0, kind = ?, status = ?, detail = ?, attempts = ? "
            "WHERE payment_id = ?",
            (*what, one.payment_id),
        )


class StoredPayments(Payments):
    """Payments that stay in their file until they are looked at."""

    def __init__(self, selection: Selection) -> None:
        super().__init__(())
        self._selection = selection

    @property
    def payment_ids(self) -> list[str]:
        """Every distinct ID that has an outcome: those had, then those not."""
        return list(self._selection.ids())

    def _find(self, payment_id: str) -> Fetched | Failure | None:
        return self._selection.find(payment_id)

    def _batches(self) -> Iterator[Sequence[Fetched]]:
        return self._selection.batches()

    def _failed(self) -> Iterable[Failure]:
        return self._selection.failures()

    def _failed_count(self) -> int:
        return self._selection.count(had=False)

    def __len__(self) -> int:
        return self._selection.count(had=True)


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)
