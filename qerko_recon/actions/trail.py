"""The audit trail: what was done to which payment, by whom and why, durable before it is sent.

One append-only file of hash-chained JSON Lines (:mod:`qerko_recon.chained`), written by any number
of processes in turn. It holds payments as Qerko sent them and never a key.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import filelock
import msgspec
import pandas as pd
import platformdirs
import pyarrow as pa

from qerko_recon.actions.snapshot import Kind
from qerko_recon.chained import ChainedWriter, Flaw, Line, read_chained, verify_chained
from qerko_recon.errors import AuditTrailError, UnexpectedResponse
from qerko_recon.model import decode_payment
from qerko_recon.schema import TRAIL, to_frame
from qerko_recon.settings import Venue

__all__ = ["AuditTrail", "Earlier", "HeldTrail", "Record"]

_VARIABLE: Final = "QERKO_AUDIT_TRAIL"
_PATIENCE: Final = 20.0  # seconds; for another process that writes a line
_NOT_SENT: Final = frozenset({"refused", "dry_run"})


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of the trail; fields as in :data:`qerko_recon.schema.TRAIL`."""

    at: str
    action_id: str
    kind: Kind
    payment_id: str
    state: str
    by: str
    venue: str | None
    base_url: str
    key_fingerprint: str
    reason: str
    again: bool = False
    method: str
    path: str
    body: str | None = None
    status: int | None = None
    detail: str = ""
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Earlier:
    """An action on the same payment that was sent before: its first line and its last."""

    sent: Record
    last: Record

    @property
    def is_done(self) -> bool:
        """Whether it is known to have been done."""
        return self.last.state == "done"


class AuditTrail:
    """The record of every cancel and capture.

    Parameters
    ----------
    path
        Else ``QERKO_AUDIT_TRAIL``, else ``actions.jsonl`` in this user's folder for such data.

    Attributes
    ----------
    frame
        A row a line, columns of :data:`qerko_recon.schema.TRAIL`.
    actions
        The same columns, a row an action: its last line.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        told = path or os.environ.get(_VARIABLE)
        folder = platformdirs.user_data_path("qerko_recon", appauthor=False)
        self.path = (Path(told) if told else folder / "actions.jsonl").absolute()

    @contextmanager
    def held(self) -> Iterator[HeldTrail]:
        """Keep the trail to oneself: to look for what was done before, then to write.

        Raises
        ------
        AuditTrailError
            It cannot be opened or written.
        """
        lock = filelock.FileLock(f"{self.path}.lock", timeout=_PATIENCE)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with lock, ChainedWriter(self.path, is_durable=True) as writer:
                yield HeldTrail(self.path, writer)
        except filelock.Timeout:
            said = "another program holds it; close that program, or wait until it is done"
            raise AuditTrailError(f"{self._name}: {said}", file=str(self.path)) from None
        except OSError as error:
            said = f"it cannot be written: {error.strerror or error}. Name another file"
            raise AuditTrailError(f"{self._name}: {said}", file=str(self.path)) from error

    @property
    def _name(self) -> str:
        return f"audit trail {self.path}"

    @property
    def frame(self) -> pd.DataFrame:
        """A row a line; columns of :data:`qerko_recon.schema.TRAIL`."""
        return _frame([_as_row(line) for line in self._lines()])

    @property
    def actions(self) -> pd.DataFrame:
        """A row an action, as it stood last; the same columns."""
        last = {line.record.get("action_id"): line for line in self._lines()}
        return _frame([_as_row(line) for line in last.values()])

    def verify(self) -> list[Flaw]:
        """Give the lines that are not as they were written; none where all of them are."""
        return verify_chained(self.path) if self.path.exists() else []

    def _lines(self) -> Iterator[Line]:
        if self.path.exists():
            yield from (one for one in read_chained(self.path) if isinstance(one, Line))

    def __repr__(self) -> str:
        return f"AuditTrail({str(self.path)!r})"


class HeldTrail:
    """A trail that nobody else can write to meanwhile."""

    def __init__(self, path: Path, writer: ChainedWriter) -> None:
        self._path = path
        self._writer = writer

    def append(self, record: Record) -> None:
        """Write a line; it is on the disk when this returns."""
        self._writer.append(msgspec.to_builtins(record))

    def earlier(self, kind: Kind, payment_id: str, venue: Venue) -> Earlier | None:
        """Give the last action of a kind on a payment that was sent and may have been done.

        A payment is the same one where the address or the key is: either may have changed.
        """
        found: dict[str, Earlier] = {}
        for line in read_chained(self._path):
            if not isinstance(line, Line):
                continue
            try:
                record = msgspec.convert(line.record, Record)
            except msgspec.ValidationError:
                continue  # a later version's line, of a kind that this one cannot have sent
            is_same = (
                record.base_url == venue.base_url
                or record.key_fingerprint == venue.api_key.fingerprint
            )
            if (record.kind, record.payment_id) != (kind, payment_id) or not is_same:
                continue
            known = found.pop(record.action_id, None)
            if record.state not in _NOT_SENT:
                found[record.action_id] = Earlier(known.sent if known else record, record)
        return next(reversed(found.values()), None)


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return to_frame(pa.Table.from_pylist(rows, schema=TRAIL))


def _as_row(line: Line) -> dict[str, Any]:
    row = {name: line.record.get(name) for name in TRAIL.names} | {"seq": line.seq}
    row["at"] = pd.Timestamp(str(row["at"])).to_pydatetime()
    row["again"] = bool(row["again"])
    for which in ("before", "after"):
        try:
            payment = decode_payment(str(row[which]).encode())
        except UnexpectedResponse:
            continue
        row[f"state_{which}"] = payment.state
        row[f"settled_{which}"] = sum((part.total for part in payment.parts), Decimal(0))
        row["currency"] = payment.currency
    return row
