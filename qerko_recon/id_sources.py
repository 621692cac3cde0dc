"""Payment IDs from whatever file has them: a list, a POS export, a session log, payments, a store.

What a file is shows in its first bytes, so people need not say.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import msgspec

from qerko_recon.errors import QerkoReconError, StoreError, UnexpectedResponse
from qerko_recon.ids import read_ids
from qerko_recon.model import decode_call, decode_payment
from qerko_recon.pos import Profile, read_pos
from qerko_recon.store import PaymentStore

__all__ = ["FoundIds", "find_ids"]

Kind = Literal["list", "pos", "log", "payments", "store"]

_SQLITE: Final = b"SQLite format 3\0"
_START: Final = 64 * 1024
_CELLS: Final = (";", "\t", ",", "|")
_TABLES: Final = frozenset({".xlsx", ".xls", ".ods", ".parquet"})


@dataclass(frozen=True, slots=True)
class FoundIds:
    """Payment IDs in a file's order, each once; what the file is; and what could not be read."""

    ids: tuple[str, ...]
    kind: Kind
    notes: tuple[str, ...] = ()


def find_ids(
    path: str | os.PathLike[str],
    *,
    profile: Profile | str | os.PathLike[str] | None = None,
    time_zone: str = "Europe/Prague",
) -> FoundIds:
    """Find the payment IDs in a file.

    Parameters
    ----------
    path
        A text file with an ID on each line, a POS export, a session log, what
        ``qerko-recon fetch`` wrote, or a store of payments.
    profile, time_zone
        How a POS export is to be read; a file for which a profile is given is one.

    Raises
    ------
    QerkoReconError
        The file cannot be read, or holds no payment ID.
    """
    file = Path(path)
    try:
        with file.open("rb") as opened:
            start = opened.read(_START)
    except OSError as error:
        raise QerkoReconError(
            f"{file} cannot be read: {error.strerror}. Give a file that holds payment IDs"
        ) from error
    if profile is not None or file.suffix.lower() in _TABLES:
        return _in_export(file, profile, time_zone)
    if start.startswith(_SQLITE):
        return _in_store(file)
    if start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in {b"{", b"["}:
        return _in_records(file)
    if _is_table(start):
        return _in_export(file, profile, time_zone)
    return FoundIds(tuple(read_ids(file)), "list")


def _is_table(start: bytes) -> bool:
    """Tell a table from a list: the lines of a list hold one cell each."""
    encoding = "utf-16" if start[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8"
    lines = [line.strip().strip("\"',;") for line in start.decode(encoding, "replace").split("\n")]
    said = [line for line in lines if line and not line.startswith("#")]
    with_cells = sum(any(mark in line for mark in _CELLS) for line in said)
    return 2 * with_cells > len(said)


def _in_export(
    file: Path, profile: Profile | str | os.PathLike[str] | None, time_zone: str
) -> FoundIds:
    export = read_pos(file, profile, time_zone=time_zone)
    if not export.payment_ids:
        raise QerkoReconError(
            f"{file} was read as a POS export, and none of its Qerko lines names a payment ID. "
            "Give the IDs from another file"
        )
    problems = len(export.problems)
    notes = (f"{file.name}: {problems} rows could not be read",) if problems else ()
    return FoundIds(tuple(export.payment_ids), "pos", notes)


def _in_store(file: Path) -> FoundIds:
    with PaymentStore(file) as store:
        if len(store.venues) > 1:
            raise StoreError(
                f"{file} holds the payments of several venues; list the IDs of one in a text file",
                file=str(file),
            )
        return FoundIds(tuple(store.payments().payment_ids), "store")


class _Record(msgspec.Struct):
    """As much of a line as may name a payment: a log's, a written outcome's, a bare call's."""

    kind: str | None = None
    payload: msgspec.Raw = msgspec.Raw()
    payment_id: str | None = None
    method: str | None = None


def _in_records(file: Path) -> FoundIds:
    found: dict[str, None] = {}
    notes: list[str] = []
    is_log = False
    for number, record in _records(file):
        try:
            line = msgspec.json.decode(record, type=_Record)
            payment_id, is_call = _id_of(line, record)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            notes.append(f"{file.name}, line {number}: not whole, and passed over")
            continue
        is_log = is_log or is_call
        if payment_id:
            found[payment_id] = None
    if not found:
        raise QerkoReconError(
            f"{file} holds no payment ID. Give a list of IDs, a POS export, a session log or "
            "what `qerko-recon fetch` wrote"
        )
    return FoundIds(tuple(found), "log" if is_log else "payments", tuple(notes))


def _records(file: Path) -> Iterator[tuple[int, bytes]]:
    """Give a file's JSON records: an array's, one spread over lines, or one on each line."""
    with file.open("rb") as opened:
        first = opened.readline()
        if first.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] != b"[" and _is_json(first):
            yield 1, first.removeprefix(b"\xef\xbb\xbf")
            for number, line in enumerate(opened, start=2):
                if line.strip():
                    yield number, line
            return
        whole = (first + opened.read()).removeprefix(b"\xef\xbb\xbf")
    for kind in (list[msgspec.Raw], msgspec.Raw):
        try:
            records = msgspec.json.decode(whole, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        yield from enumerate(map(bytes, records if isinstance(records, list) else [records]), 1)
        return
    yield from enumerate((line for line in whole.split(b"\n") if line.strip()), 1)


def _is_json(line: bytes) -> bool:
    try:
        msgspec.json.decode(line.removeprefix(b"\xef\xbb\xbf"), type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _id_of(line: _Record, record: bytes) -> tuple[str | None, bool]:
    """Give the payment that a record concerns, and whether the record is a log's."""
    if line.payment_id is not None:
        return line.payment_id, False
    inner = bytes(line.payload)
    if inner or line.method is not None:
        try:
            return decode_call(inner or record).payment_id, True
        except UnexpectedResponse:
            return None, True
    try:
        return decode_payment(record).id, False
    except UnexpectedResponse:
        return None, line.kind is not None
