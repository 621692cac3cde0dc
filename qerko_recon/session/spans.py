"""What the connection was doing when: a log's records in, stretches of time and gaps out.

*polling*: Qerko held an open poll. *working*: the POS had a call to answer. Whatever is neither
is a *gap*: Qerko could not reach the POS, and the records in it say why.

Times are the log's own within a run: its first time of day, and from there the clock that is
never set.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import pyarrow as pa

from qerko_recon.schema import GAPS, SPANS
from qerko_recon.session.records import HUNG_UP

__all__ = ["SHORTEST_GAP", "Timeline", "follow"]

SHORTEST_GAP: Final = 1.0
"""Seconds; between two polls the line is idle for a moment, which is no gap."""

_MOST_EVIDENCE: Final = 200
_OK: Final = 200
_NEEDED: Final = (
    "kind", "seq", "at", "run", "mono", "venue", "exchange", "uuid", "method", "status", "state",
    "what", "why", "trouble", "was_sent", "source_file",
)  # fmt: skip
_BY_STATUS: Final = {
    400: "refused",
    401: "unauthorized",
    409: "conflict",
    503: "restart",
}
_WEIGHT: Final = (
    "unauthorized", "restart", "conflict", "refused", "unexpected", "unreachable", "broken",
    "killed", "stopped", "unreadable",
)  # fmt: skip


@dataclass(slots=True)
class Timeline:
    """Stretches and gaps of a log, in columns."""

    spans: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in SPANS.names})
    gaps: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in GAPS.names})

    def span_table(self) -> pa.Table:
        """Give the stretches, in order of their ends."""
        return _as_table(self.spans, SPANS)

    def gap_table(self) -> pa.Table:
        """Give the gaps, in order."""
        return _as_table(self.gaps, GAPS)


def follow(
    tables: Iterable[pa.Table], *, shortest: float = SHORTEST_GAP, with_spans: bool = True
) -> Timeline:
    """Follow the connection of each venue of one log.

    Parameters
    ----------
    tables
        Of :data:`qerko_recon.schema.LOG`, in order and all of them.
    shortest
        Seconds that a gap lasts at least.
    with_spans
        Whether the stretches are wanted too; there are two for each call.
    """
    timeline = Timeline()
    venues: dict[str | None, _Venue] = {}
    for table in tables:
        columns = (_plain(table[name]).to_pylist() for name in _NEEDED)
        for record in map(_Record, *columns):
            is_beginning = record.kind == "header" or record.what == "opened"
            if is_beginning:
                for known in venues.values():
                    known.began(record)
            if is_beginning and record.venue is None:
                continue  # of a log that may hold several venues
            if record.venue not in venues:
                venues[record.venue] = _Venue(record.venue, timeline, shortest, with_spans)
            venues[record.venue].take(record)
    for venue in venues.values():
        venue.finish()
    return timeline


class _Record(msgspec.Struct, gc=False):
    kind: str
    seq: int
    at: int  # microseconds
    run: str | None
    mono: float | None
    venue: str | None
    exchange: int | None
    uuid: str | None
    method: str | None
    status: int | None
    state: str | None
    what: str | None
    why: str | None
    trouble: str | None
    was_sent: bool | None
    source_file: str


class _Clock:
    """The time within a run, from its first time of day on; a clock that is set moves nothing."""

    def __init__(self) -> None:
        self._run: str | None = None
        self._base = 0.0
        self._last = 0.0

    def time_of(self, record: _Record) -> float:
        at = record.at / 1_000_000
        if record.mono is None:
            return at
        if record.run != self._run:
            self._run, self._base = record.run, at - record.mono
        self._last = self._base + record.mono
        return self._last


class _Venue:
    """One venue's connection as its records tell it."""

    def __init__(
        self, name: str | None, timeline: Timeline, shortest: float, with_spans: bool
    ) -> None:
        self._name = name
        self._timeline = timeline
        self._shortest = shortest
        self._with_spans = with_spans
        self._clock = _Clock()
        self._covered: float | None = None  # until when all is accounted for
        self._polls: dict[int | None, tuple[float, int]] = {}
        self._working: tuple[float, int, str | None] | None = None
        self._signs: list[tuple[str, str, int]] = []
        self._last = 0.0
        self._file = ""
        self._has_stopped = False
        self._has_begun = False

    def began(self, record: _Record) -> None:
        """Begin a run: what was open before is so no more."""
        if not self._has_begun or record.run == getattr(self, "_run", None):
            return
        self._end_open(self._last)
        reason = "stopped" if self._has_stopped else "killed"
        self._signs.append((reason, "", record.seq))
        self._has_stopped = False

    def take(self, record: _Record) -> None:
        """Follow one record."""
        time = self._clock.time_of(record)
        self._run = record.run
        self._has_begun = True
        if self._covered is None:
            self._covered = time
        self._file = record.source_file
        match record.kind:
            case "poll_sent":
                self._stop_working(time)
                self._polls[record.exchange] = (time, record.seq)
            case "poll_answered":
                self._poll_ended(time, record)
            case "call" if record.uuid is not None or record.method != "noop":
                self._working = (time, record.seq, record.method)
            case "state":
                self._state(time, record)
            case "note" if record.what == "not_recording":
                self._signs.append(("unreadable", "not recorded", record.seq))
        self._last = max(self._last, time)

    def finish(self) -> None:
        """End with the log: what is open stays open to its end."""
        self._end_open(self._last)
        began = self._covered
        if began is not None and self._signs and self._last - began >= self._shortest:
            self._gap(self._last, is_over=False)

    def _poll_ended(self, time: float, record: _Record) -> None:
        began, seq = self._polls.pop(record.exchange, (time, record.seq))
        was_open = record.status == _OK or (record.status is None and bool(record.was_sent))
        if was_open:
            self._cover("polling", began, time, seq, None)
        if record.status == _OK or record.trouble == HUNG_UP:
            return
        if record.status is not None:
            reason = _BY_STATUS.get(record.status, "unexpected")
            self._signs.append((reason, str(record.status), record.seq))
        else:
            reason = "broken" if record.was_sent else "unreachable"
            self._signs.append((reason, record.trouble or "", record.seq))

    def _state(self, time: float, record: _Record) -> None:
        if record.state == "stopped":
            self._end_open(time)
            self._has_stopped = True
            self._signs.append(("stopped", record.why or "", record.seq))

    def _stop_working(self, time: float) -> None:
        if self._working is not None:
            began, seq, method = self._working
            self._working = None
            self._cover("working", began, time, seq, method)

    def _end_open(self, time: float) -> None:
        self._stop_working(time)
        for began, seq in self._polls.values():
            self._cover("polling", began, time, seq, None)
        self._polls.clear()

    def _cover(self, lane: str, began: float, ended: float, seq: int, reason: str | None) -> None:
        if self._covered is not None and began > self._covered:
            earliest = min((poll[0] for poll in self._polls.values()), default=began)
            if min(began, earliest) - self._covered >= self._shortest:
                self._gap(min(began, earliest))
        self._signs.clear()
        self._covered = max(self._covered or ended, ended)
        if self._with_spans:
            self._span(lane, began, ended, reason, seq)

    def _gap(self, ended: float, *, is_over: bool = True) -> None:
        began = self._covered or ended
        reasons = Counter(sign[0] for sign in self._signs)
        reason = next((one for one in _WEIGHT if one in reasons), "no_poll")
        tries = Counter(said for _, said, _ in self._signs if said)
        gap = {
            "venue": self._name,
            "began_at": _as_time(began),
            "ended_at": _as_time(ended) if is_over else None,
            "seconds": ended - began,
            "reason": reason,
            "detail": ", ".join(
                f"{said} × {many}" if many > 1 else said for said, many in tries.items()
            ),
            "attempts": sum(reasons[one] for one in _WEIGHT[:7]),
            "evidence": [seq for _, _, seq in self._signs[:_MOST_EVIDENCE]],
            "source_file": self._file,
        }
        for name, value in gap.items():
            self._timeline.gaps[name].append(value)
        if self._with_spans:
            first = self._signs[0][2] if self._signs else None
            self._span("gap", began, ended, reason, first)

    def _span(
        self, lane: str, began: float, ended: float, reason: str | None, seq: int | None
    ) -> None:
        row = (self._name, lane, _as_time(began), _as_time(ended), reason, seq)
        for name, value in zip(SPANS.names, row, strict=True):
            self._timeline.spans[name].append(value)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Give times as numbers: making objects of them costs more than all the rest."""
    return column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column


def _as_time(seconds: float) -> int:
    """Give microseconds, as Arrow's times are counted."""
    return round(seconds * 1_000_000)


def _as_table(columns: dict[str, list[Any]], schema: pa.Schema) -> pa.Table:
    made = {}
    for name in schema.names:
        kind = schema.field(name).type
        if pa.types.is_timestamp(kind):
            made[name] = pa.array(columns[name], pa.int64()).cast(kind)
        else:
            made[name] = pa.array(columns[name], kind)
    return pa.table(made, schema=schema)
