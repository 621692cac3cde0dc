"""What became of each method call: a log's records in, a row a call out.

A call is received, worked on, answered; the answer leaves with a poll, and that poll's own answer
says whether it arrived. The rows that are still open are bounded, so a log of any length will do.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.schema import CALLS

__all__ = ["call_tables", "delivery_of"]

_MOST_OPEN: Final = 20_000
_BATCH: Final = 20_000
_OK: Final = 200
_NEEDED: Final = (
    "kind", "seq", "at", "run", "mono", "venue", "uuid", "method", "payment_id", "bill_id",
    "status", "seconds", "error_code", "error_message", "why", "was_sent", "times", "what",
    "source_file",
)  # fmt: skip
_OF_CALLS: Final = pa.array(["call", "result", "error", "poll_sent", "poll_answered", "note"])
_BY_STATUS: Final = {
    _OK: "delivered",
    400: "refused",
    401: "refused",
    409: "not_sent",
    503: "dropped",
}


def delivery_of(status: int | None, *, was_sent: bool | None) -> str:
    """Tell what a poll's outcome says of the answer that it carried.

    ``delivered``, ``refused`` (400, 401), ``dropped`` (503: as the specification has it),
    ``not_sent`` (409, or no connection), ``unknown``.

    >>> delivery_of(200, was_sent=None), delivery_of(None, was_sent=True)
    ('delivered', 'unknown')
    """
    if status is None:
        return "unknown" if was_sent or was_sent is None else "not_sent"
    return _BY_STATUS.get(status, "unknown")


class _Record(msgspec.Struct, gc=False):
    """What a record says of a call, in the order of :data:`_NEEDED`."""

    kind: str
    seq: int
    at: int
    run: str | None
    mono: float | None
    venue: str | None
    uuid: str | None
    method: str | None
    payment_id: str | None
    bill_id: str | None
    status: int | None
    seconds: float | None
    error_code: str | None
    error_message: str | None
    why: str | None
    was_sent: bool | None
    times: int | None
    what: str | None
    source_file: str


class _Call(msgspec.Struct, gc=False):
    """A row while it may still change."""

    seq: int
    venue: str | None
    run: str | None
    uuid: str | None
    method: str | None
    payment_id: str | None
    bill_id: str | None
    received_at: int  # microseconds, as Arrow counts them
    source_file: str
    mono: float | None
    times: int = 1
    answered_at: int | None = None
    duration: float | None = None
    outcome: str = "unanswered"
    error_code: str | None = None
    error_message: str | None = None
    why: str | None = None
    delivery: str = "none"
    delivered_at: int | None = None
    sends: int = 0
    complaint: str | None = None
    evidence: list[int] = []


def call_tables(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Follow the calls of one log; tables of :data:`qerko_recon.schema.CALLS`.

    Parameters
    ----------
    tables
        Of :data:`qerko_recon.schema.LOG`, in order.
    """
    book = _Book()
    for table in tables:
        wanted = table.filter(pc.is_in(table["kind"], _OF_CALLS))
        columns = (_plain(wanted[name]).to_pylist() for name in _NEEDED)
        for record in map(_Record, *columns):
            book.take(record)
        if len(book.done) >= _BATCH:
            yield _table(book.done)
            book.done.clear()
    book.finish()
    if book.done:
        yield _table(book.done)


class _Book:
    """Calls that may still change, by venue and uuid; those that will not, in order."""

    def __init__(self) -> None:
        self.done: list[_Call] = []
        self._open: OrderedDict[tuple[str | None, str | int], _Call] = OrderedDict()

    def take(self, record: _Record) -> None:
        if record.kind == "call":
            self._received(record)
            return
        if record.uuid is None:
            return
        call = self._open.get((record.venue, record.uuid))
        if call is None:
            return
        call.evidence.append(record.seq)
        if record.kind == "poll_sent":
            call.sends += 1
            call.delivery = "unknown"
        elif record.kind == "poll_answered":
            self._delivered(call, record)
        elif record.kind == "note":
            if record.what == "qerko_error":
                call.complaint = record.error_message or record.why or "an error"
        else:
            self._answered(call, record)

    def finish(self) -> None:
        self.done.extend(self._open.values())
        self._open.clear()

    def _received(self, record: _Record) -> None:
        uuid = record.uuid
        known = None if uuid is None else self._open.get((record.venue, uuid))
        if known is not None:
            known.times += 1
            known.evidence.append(record.seq)
            return
        call = _Call(
            seq=record.seq,
            venue=record.venue,
            run=record.run,
            uuid=uuid,
            method=record.method,
            payment_id=record.payment_id,
            bill_id=record.bill_id,
            received_at=record.at,
            source_file=record.source_file,
            mono=record.mono,
            times=record.times or 1,
            outcome="not_wanted" if uuid is None else "unanswered",
            evidence=[record.seq],
        )
        self._open[record.venue, record.seq if uuid is None else uuid] = call
        if len(self._open) > _MOST_OPEN:
            self.done.append(self._open.popitem(last=False)[1])

    def _answered(self, call: _Call, record: _Record) -> None:
        if call.answered_at is not None:
            return  # one that was repeated has its answer already
        call.outcome = "ok" if record.kind == "result" else "error"
        call.answered_at = record.at
        call.duration = record.seconds
        if call.run == record.run and call.mono is not None and record.mono is not None:
            call.duration = max(0.0, record.mono - call.mono)
        call.error_code, call.error_message = record.error_code, record.error_message
        call.why = record.why
        call.delivery = "not_sent"

    def _delivered(self, call: _Call, record: _Record) -> None:
        if call.delivery == "delivered":
            return
        call.delivery = delivery_of(record.status, was_sent=record.was_sent)
        if call.delivery == "delivered":
            call.delivered_at = record.at


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Give times as numbers: making objects of them costs more than all the rest."""
    return column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column


def _table(calls: list[_Call]) -> pa.Table:
    columns = {}
    for name in CALLS.names:
        kind = CALLS.field(name).type
        values = [getattr(call, name) for call in calls]
        is_time = pa.types.is_timestamp(kind)
        columns[name] = (
            pa.array(values, pa.int64()).cast(kind) if is_time else pa.array(values, kind)
        )
    return pa.table(columns, schema=CALLS)
