"""Payments as exact, Arrow-backed DataFrames: what was fetched and what could not be.

Takes in payments' JSON and failures; gives out the four frames of the data contract
(:mod:`qerko_recon.schema`), typed payments one by one, and one JSON Lines file that keeps all.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from html import escape
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
import pandas as pd
import pyarrow as pa

from qerko_recon.errors import QerkoReconError, ReconciliationError, UnexpectedResponse, shorten
from qerko_recon.files import replace_when_done
from qerko_recon.model import Payment, decode_payment
from qerko_recon.outcomes import Failure, Fetched, check_fits
from qerko_recon.schema import FAILURES, to_frame
from qerko_recon.tabulate import Tables, join, tabulate

__all__ = ["BATCH", "Failure", "Fetched", "PaymentNotHad", "Payments", "check_fits"]

BATCH: Final = 20_000
"""The most payments that are decoded at once."""

_SQLITE: Final = b"SQLite format 3\0"
_BOM: Final = b"\xef\xbb\xbf"
_WANTED: Final = "Give the file that `qerko-recon fetch --out` wrote, or payments as JSON"


class PaymentNotHad(ReconciliationError, KeyError):
    """A payment was looked up that is not there; the message says whether it was asked for."""

    __str__ = Exception.__str__  # a KeyError would show its message in quotes


class Payments:
    """Payments fetched by ID, and the IDs that could not be had.

    Iterating gives the payments one by one, typed; ``len`` is their number. The frames are built
    when they are first asked for, all three in one pass over the payments' JSON.

    Parameters
    ----------
    fetched
        The payments, in the order asked for; each ID once.
    failures
        The IDs without a payment.
    source
        The file they were read from and its SHA-256, where they were.

    Attributes
    ----------
    frame, parts, items, failures
        Arrow-backed DataFrames with the columns of :data:`qerko_recon.schema.PAYMENTS`,
        ``PARTS``, ``ITEMS`` and ``FAILURES``. ``len(frame) + len(failures)`` is the number of
        distinct IDs asked for.

    Raises
    ------
    ReconciliationError
        A payment ID occurs twice.
    UnexpectedResponse
        An amount does not fit a money column: any frame but ``failures`` names it.

    Examples
    --------
    >>> payments = Payments.read("data_samples/payment_of_the_spec.json")
    >>> payments.frame[["payment_id", "state", "parts_total"]].to_dict("records")
    [{'payment_id': '1234', 'state': 'PAID', 'parts_total': Decimal('156.000000')}]
    >>> payments.payment("1234").parts[0].provider.name
    'Qerko'
    >>> [payment.bill_id for payment in payments]
    ['1']

    Notes
    -----
    A subclass may keep its records elsewhere: it overrides ``_batches``, ``_failed``, ``_find``,
    ``_failed_count``, ``__len__`` and ``payment_ids``. Nothing else here looks at the records.
    """

    source: tuple[str, str] | None = None

    def __init__(
        self,
        fetched: Iterable[Fetched],
        failures: Iterable[Failure] = (),
        *,
        source: tuple[str, str] | None = None,
    ) -> None:
        self._fetched = tuple(fetched)
        self._failures = tuple(failures)
        self.source = source
        seen: set[str] = set()
        for payment_id in self._own_ids():
            if payment_id in seen:
                raise ReconciliationError(
                    f"payment {shorten(payment_id)} occurs twice; each ID may be given once"
                )
            seen.add(payment_id)

    def _own_ids(self) -> Iterator[str]:
        yield from (one.payment_id for one in self._fetched)
        yield from (one.payment_id for one in self._failures)

    def _batches(self) -> Iterator[Sequence[Fetched]]:
        """Give what was had, in the order asked for, at most :data:`BATCH` at a time."""
        for start in range(0, len(self._fetched), BATCH):
            yield self._fetched[start : start + BATCH]

    def _failed(self) -> Iterable[Failure]:
        """Give what could not be had."""
        return self._failures

    def _failed_count(self) -> int:
        """Tell how many IDs could not be had, without looking at them."""
        return len(self._failures)

    def _find(self, payment_id: str) -> Fetched | Failure | None:
        """Look one ID up."""
        return self._by_id.get(payment_id)

    @cached_property
    def _by_id(self) -> dict[str, Fetched | Failure]:
        records: Iterable[Fetched | Failure] = chain(self._fetched, self._failures)
        return {one.payment_id: one for one in records}

    def __len__(self) -> int:
        return len(self._fetched)

    @property
    def payment_ids(self) -> list[str]:
        """Every distinct ID asked for: those had, then those not."""
        return list(self._own_ids())

    def payment(self, payment_id: str) -> Payment:
        """Give one payment, typed, with its JSON as ``raw``.

        Parameters
        ----------
        payment_id
            Exactly as in ``frame["payment_id"]``.

        Raises
        ------
        PaymentNotHad
            Also a ``KeyError``. The ID could not be had, or was never asked for.
        """
        found = self._find(payment_id)
        if isinstance(found, Fetched):
            return found.payment
        shown = shorten(payment_id)
        if found is not None:
            raise PaymentNotHad(f"payment {shown} could not be had: {found.kind}, {found.detail}")
        raise PaymentNotHad(
            f"payment {shown} is not among the {len(self)} payments; fetch it first, or look it "
            "up in `payment_ids`"
        )

    def __iter__(self) -> Iterator[Payment]:
        for batch in self._batches():
            for one in batch:
                yield one.payment

    @cached_property
    def _tables(self) -> Tables:
        return join(tabulate(batch) for batch in self._batches())

    @cached_property
    def frame(self) -> pd.DataFrame:
        """A row a payment; columns of :data:`qerko_recon.schema.PAYMENTS`."""
        return to_frame(self._tables.payments)

    @cached_property
    def parts(self) -> pd.DataFrame:
        """A row a part; columns of :data:`qerko_recon.schema.PARTS`."""
        return to_frame(self._tables.parts)

    @cached_property
    def items(self) -> pd.DataFrame:
        """A row an item; columns of :data:`qerko_recon.schema.ITEMS`."""
        return to_frame(self._tables.items)

    @cached_property
    def failures(self) -> pd.DataFrame:
        """A row an ID that could not be had; columns of :data:`qerko_recon.schema.FAILURES`."""
        failed = list(self._failed())
        columns = [
            pa.array([getattr(one, field.name) for one in failed], field.type)
            for field in FAILURES
        ]
        return to_frame(pa.table(columns, schema=FAILURES))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} fetched, {self._failed_count()} not had)"

    def _repr_html_(self) -> str:
        shown = self.frame.drop(columns=["raw", "customer_id", "api_version", "fetched_at"])
        table = shown.to_html(index=False, max_rows=20, na_rep="", border=0)
        return f"<p>{escape(repr(self))}</p>{table}"

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write all that was fetched as JSON Lines, each payment as Qerko sent it.

        Raises
        ------
        QerkoReconError
            The file cannot be written.
        """
        try:
            with replace_when_done(path) as draft, draft.open("wb") as out:
                for batch in self._batches():
                    out.writelines(_line(one) for one in batch)
                out.writelines(_failed_line(one) for one in self._failed())
        except OSError as error:
            raise QerkoReconError(
                f"{path} cannot be written: {error.strerror}. Choose another place, or close "
                "the program that has it open"
            ) from error

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Payments:
        """Read what :meth:`write` wrote, or payments as bare JSON: one, an array, or lines.

        Raises
        ------
        ReconciliationError
            The file is missing or holds something else; the message names the line.
        """
        file = Path(path)
        digest = hashlib.sha256()
        fetched: list[Fetched] = []
        failures: list[Failure] = []
        try:
            with file.open("rb") as content:
                modified = datetime.fromtimestamp(os.fstat(content.fileno()).st_mtime, UTC)
                for where, record in _records(_hashed(content, digest.update), file):
                    outcome = _outcome(record, f"{file.name} {where}", modified)
                    if isinstance(outcome, Fetched):
                        fetched.append(outcome)
                    else:
                        failures.append(outcome)
        except OSError as error:
            raise ReconciliationError(
                f"{file} cannot be read: {error.strerror}. {_WANTED}"
            ) from error
        return Payments(fetched, failures, source=(file.name, digest.hexdigest()))


class _Line(msgspec.Struct, omit_defaults=True):
    """A line of the written file."""

    payment_id: str
    kind: str  # fetched, or a failure's kind
    fetched_at: datetime | None = None
    api_version: str | None = None
    payment: msgspec.Raw = msgspec.Raw()
    status: int | None = None
    detail: str = ""
    attempts: int = 0


def _line(one: Fetched) -> bytes:
    # A raw line break in JSON is only ever white space between tokens.
    raw = one.raw.replace(b"\r", b" ").replace(b"\n", b" ").strip()
    line = _Line(
        payment_id=one.payment_id,
        kind="fetched",
        fetched_at=one.fetched_at,
        api_version=one.api_version,
        payment=msgspec.Raw(raw),
    )
    return msgspec.json.encode(line) + b"\n"


def _failed_line(one: Failure) -> bytes:
    line = _Line(
        payment_id=one.payment_id,
        kind=one.kind,
        status=one.status,
        detail=one.detail,
        attempts=one.attempts,
    )
    return msgspec.json.encode(line) + b"\n"


def _hashed(content: BinaryIO, add: Callable[[bytes], object]) -> Iterator[bytes]:
    """Give a file's lines, each handed to a digest as it is read."""
    for line in content:
        add(line)
        yield line


def _records(lines: Iterator[bytes], file: Path) -> Iterator[tuple[str, bytes]]:
    """Split a file into its JSON records, each with where it stands."""
    first = next(lines, b"")
    if first.startswith(_SQLITE):
        raise ReconciliationError(
            f"{file.name} is a payment store, not JSON; open it with qerko_recon.PaymentStore, "
            "or give it as --store on the command line"
        )
    numbered = enumerate(chain([first.removeprefix(_BOM)], lines), start=1)
    number, line = next((one for one in numbered if one[1].strip()), (1, b""))
    is_array = line.lstrip().startswith(b"[")
    if not is_array and (not line or _is_json(line)):
        for where, record in chain([(number, line)], numbered):
            if record.strip():
                yield f"line {where}", record.removesuffix(b"\n")
        return
    whole = line + b"".join(rest for _, rest in numbered)
    if is_array:
        yield from _array(whole, file)
    elif _is_json(whole):
        yield "line 1", whole
    elif not line.lstrip().startswith(b"{"):
        raise ReconciliationError(
            f"{file.name} holds no payments: line {number} is no JSON. {_WANTED}"
        )
    else:
        yield f"line {number}", line  # whoever reads it says what is wrong


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _array(content: bytes, file: Path) -> Iterator[tuple[str, bytes]]:
    try:
        records = msgspec.json.decode(content, type=list[msgspec.Raw])
    except (msgspec.DecodeError, RecursionError) as error:
        raise ReconciliationError(f"{file.name} is not JSON: {error}") from error
    for number, record in enumerate(records, start=1):
        yield f"record {number}", bytes(record)


def _outcome(record: bytes, where: str, modified: datetime) -> Fetched | Failure:
    try:
        line = msgspec.json.decode(record, type=_Line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        line = None
    try:
        if line is None:
            return Fetched.of(decode_payment(record), modified, "")
        if bytes(line.payment):
            payment = decode_payment(bytes(line.payment))
            return Fetched.of(payment, line.fetched_at or modified, line.api_version or "")
    except UnexpectedResponse as error:
        raise ReconciliationError(f"{where}: {error}") from error
    return Failure(line.payment_id, line.kind, line.status, line.detail, line.attempts)
