"""A session log opened to be read: records, calls, gaps, payments, and whether it is whole."""

from __future__ import annotations

import html
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.chained import FIRST, ChainCheck, Flaw
from qerko_recon.errors import SessionLogError
from qerko_recon.schema import CALLS, LOG, to_frame
from qerko_recon.session.calls import call_tables
from qerko_recon.session.files import LogFile, Source, find_logs
from qerko_recon.session.reader import LogReader, Wanted, lines_of
from qerko_recon.session.records import FORMAT, VERSION
from qerko_recon.session.spans import SHORTEST_GAP, Timeline, follow

__all__ = ["Entry", "SessionLog", "Verification"]

_SHOWN: Final = 5
_WORDS: Final = {
    "torn": "torn off by a crash",
    "edited": "not as it was written",
    "missing": "lines before it are missing",
    "reordered": "not in its place",
    "repeated": "there before",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One record, whole: its place, its time, its kind and its payload."""

    seq: int
    at: datetime
    kind: str
    payload: dict[str, Any]
    source_file: str
    source_line: int


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether a log is as it was written.

    Attributes
    ----------
    records
        Lines that are whole.
    flaws
        Those that are not as they were written, in order; what a crash tore is among them and no
        sign of tampering.
    notes
        What else is to be known: where the log begins or ends in the middle.
    """

    records: int
    flaws: tuple[Flaw, ...]
    notes: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether no line was edited, taken out, moved or put in; a torn one is no such thing."""
        return not self.bad

    @property
    def bad(self) -> tuple[Flaw, ...]:
        """The lines that somebody changed."""
        return tuple(flaw for flaw in self.flaws if flaw.kind != "torn")

    @property
    def torn(self) -> tuple[Flaw, ...]:
        """The lines that a crash tore."""
        return tuple(flaw for flaw in self.flaws if flaw.kind == "torn")

    def __str__(self) -> str:
        said = [f"{_where(flaw)}: {_WORDS[flaw.kind]}" for flaw in self.bad]
        whole = "whole" if self.is_whole else "NOT as it was written"
        torn = [
            f"{_where(flaw)}: torn by a crash, which costs that line alone" for flaw in self.torn
        ]
        return "\n".join([f"{self.records} records, {whole}", *said, *torn, *self.notes])


class SessionLog:
    """A session log, opened to be read; larger than memory if need be.

    Parameters
    ----------
    source
        The file that was written to (what was set aside of it is found beside it), a folder, a
        pattern, or a list of these. ``.gz`` and ``.zst`` are read as they are.

    Attributes
    ----------
    frame
        A row a record; columns of :data:`qerko_recon.schema.LOG`.
    calls
        A row a method call of Qerko's; columns of :data:`qerko_recon.schema.CALLS`.
    gaps
        A row a time of a second or more in which Qerko could not reach the POS; columns of
        :data:`qerko_recon.schema.GAPS`.
    spans
        A row a stretch of time: polling, working or gap; :data:`qerko_recon.schema.SPANS`.
    payment_ids
        Every payment named, in order of appearance.
    skipped
        Files of a folder that are no session logs, such as payments kept beside them.

    Raises
    ------
    SessionLogError
        There is no such log, or the file is none.

    Examples
    --------
    >>> log = SessionLog("data_samples/sessions/incident.jsonl")
    >>> log.verify().is_whole
    True
    >>> log.where(method="paymentClosed").calls["outcome"].value_counts().sort_index().to_dict()
    {'ok': ...}
    """

    def __init__(self, source: Source) -> None:
        self._logs, self.skipped = _told_apart(find_logs(source), source)
        self._wanted = Wanted()
        self._outcomes: frozenset[str] = frozenset()
        for files in self._logs:
            _check_first(files[0])

    # What is in it

    @cached_property
    def frame(self) -> pd.DataFrame:
        """A row a record; columns of :data:`qerko_recon.schema.LOG`."""
        return _frame(self.tables(), LOG)

    @cached_property
    def calls(self) -> pd.DataFrame:
        """A row a method call; columns of :data:`qerko_recon.schema.CALLS`."""
        return _frame(self.call_tables(), CALLS)

    @cached_property
    def gaps(self) -> pd.DataFrame:
        """A row a gap of a second or more; columns of :data:`qerko_recon.schema.GAPS`."""
        return self.find_gaps()

    @cached_property
    def spans(self) -> pd.DataFrame:
        """A row a stretch of time; columns of :data:`qerko_recon.schema.SPANS`."""
        found = [line.span_table() for line in self._timelines(SHORTEST_GAP, with_spans=True)]
        return to_frame(self._within(pa.concat_tables(found)))

    @cached_property
    def payment_ids(self) -> list[str]:
        """Every payment that is named, in order of appearance."""
        found: dict[str, None] = {}
        for table in self.tables():
            found.update(dict.fromkeys(table["payment_id"].unique().drop_null().to_pylist()))
        return list(found)

    def find_gaps(self, shortest: float = SHORTEST_GAP) -> pd.DataFrame:
        """Find the gaps of ``shortest`` seconds or more; columns as those of :attr:`gaps`."""
        found = [line.gap_table() for line in self._timelines(shortest, with_spans=False)]
        return to_frame(self._within(pa.concat_tables(found)))

    @property
    def files(self) -> list[Path]:
        """The files it is made of, in order."""
        return [file.path for files in self._logs for file in files]

    @property
    def flaws(self) -> list[Flaw]:
        """The lines that cannot be read; see :meth:`verify` for those that were changed."""
        found: list[Flaw] = []
        for files in self._logs:
            reader = LogReader(files)
            for _ in reader.tables():
                pass
            found += reader.flaws
        return found

    def entries(self) -> Iterator[Entry]:
        """Give the wanted records one by one, whole, in bounded memory."""
        for table in self.tables():
            columns = [
                table[name].to_pylist()
                for name in ("seq", "at", "kind", "raw", "source_file", "source_line")
            ]
            for seq, at, kind, raw, file, line in zip(*columns, strict=True):
                payload = msgspec.json.decode(raw).get("payload") or {}
                yield Entry(seq, at, kind, payload, file, line)

    def tables(self) -> Iterator[pa.Table]:
        """Give the wanted records in order, as Arrow tables, in bounded memory."""
        wanted = self._pushed_down()
        for files in self._logs:
            yield from LogReader(files).tables(wanted)

    def call_tables(self) -> Iterator[pa.Table]:
        """Give the wanted calls in order, as Arrow tables, in bounded memory."""
        # A call that came in time may be answered, and sent, after it.
        wanted = replace(self._wanted, since=None, until=None, kinds=frozenset())
        for files in self._logs:
            for table in call_tables(LogReader(files).tables(wanted)):
                kept = self._within(table, "received_at")
                if self._outcomes:
                    mask = pc.is_in(kept["outcome"], pa.array(sorted(self._outcomes)))
                    kept = kept.filter(mask)
                if kept.num_rows:
                    yield kept

    # Which of it

    def where(
        self,
        *,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        method: str | Iterable[str] | None = None,
        payment_id: str | Iterable[str] | None = None,
        uuid: str | Iterable[str] | None = None,
        kind: str | Iterable[str] | None = None,
        venue: str | Iterable[str] | None = None,
        outcome: str | Iterable[str] | None = None,
        time_zone: str = "UTC",
    ) -> SessionLog:
        """Give the same log, of which only what is wanted is read.

        Parameters
        ----------
        since, until
            The first moment, and the first no longer; a text such as ``2026-11-20 18:03`` is in
            ``time_zone``.
        method, payment_id, uuid, kind, venue
            One or several; a record has one of them.
        outcome
            Of calls: ``ok``, ``error``, ``unanswered``, ``not_wanted``; records of those calls
            alone are kept.
        """
        new = object.__new__(type(self))
        new._logs, new._outcomes = self._logs, _set_of(outcome) or self._outcomes
        new.skipped = self.skipped
        stated: dict[str, Any] = {
            "kinds": _set_of(kind),
            "methods": _set_of(method),
            "payment_ids": _set_of(payment_id),
            "uuids": _set_of(uuid),
            "venues": _set_of(venue),
            "since": _moment(since, time_zone),
            "until": _moment(until, time_zone),
        }
        new._wanted = replace(self._wanted, **{name: one for name, one in stated.items() if one})
        return new

    def recordings(self) -> list[SessionLog]:
        """Give each log that it is made of on its own and whole, whatever was chosen of it."""
        return [self._on_its_own(files) for files in self._logs]

    def _on_its_own(self, files: list[LogFile]) -> SessionLog:
        new = object.__new__(type(self))
        new._logs, new._wanted, new._outcomes = [files], Wanted(), frozenset()
        new.skipped = ()
        return new

    def _pushed_down(self) -> Wanted:
        """Give what the reader is to look for; an outcome is known only when a call has ended."""
        if not self._outcomes:
            return self._wanted
        uuids = {
            uuid for table in self.call_tables() for uuid in table["uuid"].drop_null().to_pylist()
        }
        return replace(self._wanted, uuids=frozenset(uuids) or frozenset({""}))

    def _timelines(self, shortest: float, *, with_spans: bool) -> Iterator[Timeline]:
        wanted = Wanted(venues=self._wanted.venues)
        for files in self._logs:
            tables = LogReader(files).tables(wanted)
            yield follow(tables, shortest=shortest, with_spans=with_spans)

    def _within(self, table: pa.Table, name: str = "began_at") -> pa.Table:
        """Keep the rows of the wanted time; a stretch is of it where any of it is."""
        until, since = self._wanted.until, self._wanted.since
        kind = table.schema.field(name).type
        if until is not None:
            table = table.filter(pc.less(table[name], pa.scalar(until, kind)))
        if since is not None:
            end = table["ended_at"] if "ended_at" in table.schema.names else table[name]
            is_late = pc.greater_equal(end, pa.scalar(since, kind))
            table = table.filter(pc.fill_null(is_late, True))
        return table

    # Whether it is whole

    def verify(self) -> Verification:
        """Check every line of every file against the chain."""
        records, flaws = 0, []
        notes = [f"{path.name} is no session log, and was left out" for path in self.skipped]
        for files in self._logs:
            after = _begins_after(files[0])
            check = ChainCheck(after)
            if after[0]:
                name = files[0].path.name
                notes.append(f"{name} goes on from record {after[0]} of a file that is not here")
            last = b""
            for file in files:
                for number, raw in lines_of(file):
                    check.take(number, raw, str(file.path))
                    last = raw
            records += check.lines
            flaws += check.flaws()
            if b'"state":"stopped"' not in last:
                notes.append(
                    f"{files[-1].path.name} does not end with a stop: it is still written, or the "
                    "program was killed; that its last lines were taken away would not show"
                )
        return Verification(records, tuple(flaws), tuple(notes))

    def __len__(self) -> int:
        return sum(table.num_rows for table in self.tables())

    def __repr__(self) -> str:
        names = [file.name for file in self.files]
        shown = ", ".join(names[:_SHOWN]) + (
            f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        )
        return f"SessionLog({shown})"

    def _repr_html_(self) -> str:
        calls, gaps = self.calls, self.gaps
        bad = int((calls["outcome"].isin(["error", "unanswered"])).sum())
        facts = (
            f"{len(calls)} method calls, {bad} of them unanswered or answered by an error; "
            f"{len(gaps)} gaps, {float(gaps['seconds'].sum() or 0):.0f} s in all; "
            f"{len(self.payment_ids)} payments"
        )
        return f"<p><b>{html.escape(repr(self))}</b><br>{html.escape(facts)}</p>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


def _frame(tables: Iterable[pa.Table], schema: pa.Schema) -> pd.DataFrame:
    found = list(tables)
    return to_frame(pa.concat_tables(found) if found else schema.empty_table())


def _set_of(value: str | Iterable[str] | None) -> frozenset[str]:
    if value is None:
        return frozenset()
    return frozenset({value} if isinstance(value, str) else value)


def _moment(value: datetime | str | None, time_zone: str) -> datetime | None:
    if value is None:
        return None
    try:
        moment = pd.Timestamp(value)
        moment = moment.tz_localize(time_zone) if moment.tzinfo is None else moment
    except (ValueError, TypeError) as error:
        raise SessionLogError(f"{value!r} is no moment; write it like 2026-11-20 18:03") from error
    return moment.tz_convert(UTC).to_pydatetime()


class _Header(msgspec.Struct, frozen=True):
    format: str | None = None
    version: int = 0
    continues: dict[str, Any] | None = None


class _First(msgspec.Struct, frozen=True):
    kind: str | None = None
    payload: _Header = _Header()


def _header(file: LogFile) -> _Header | None:
    """Read the header that a file begins with; ``None`` where its first line is none."""
    for _, raw in lines_of(file):
        try:
            first = msgspec.json.decode(raw, type=_First)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        return first.payload if first.kind == "header" else None
    return None


def _told_apart(
    logs: list[list[LogFile]], source: Source
) -> tuple[list[list[LogFile]], tuple[Path, ...]]:
    """Leave out of a folder what is no session log, unless that is all there is."""
    if not isinstance(source, str | os.PathLike) or not Path(source).is_dir():
        return logs, ()
    held = [files for files in logs if _has_records(files[0])]
    if not held:
        return logs, ()
    return held, tuple(files[0].path for files in logs if files not in held)


def _has_records(file: LogFile) -> bool:
    return _header(file) is not None or any(table.num_rows for table in LogReader([file]).tables())


def _check_first(file: LogFile) -> None:
    """Refuse a file that is something else, or was written by a later version.

    Raises
    ------
    SessionLogError
        See above.
    """
    header = _header(file)
    if header is not None and header.version > VERSION:
        raise SessionLogError(
            f"{file.path} has version {header.version} of the format, and this program reads up "
            f"to {VERSION}; use a newer qerko_recon",
            file=str(file.path),
            line=1,
        )
    if header is not None and header.format == FORMAT:
        return
    if not _has_records(file):
        raise SessionLogError(
            f"{file.path} is no session log: it has no record. Name a file that "
            "`qerko-recon poll --log` or `qerko-recon proxy --log` wrote",
            file=str(file.path),
            line=1,
        )


def _begins_after(file: LogFile) -> tuple[int, str]:
    header = _header(file)
    continues = None if header is None else header.continues
    if not continues:
        return 0, FIRST
    seq, chain = continues.get("seq"), continues.get("chain")
    return (seq, chain) if isinstance(seq, int) and isinstance(chain, str) else (0, FIRST)


def _where(flaw: Flaw) -> str:
    name = "" if flaw.file is None else f"{Path(flaw.file).name} "
    return f"{name}line {flaw.number}"
