"""Session logs in, what they tell of some payments and bills out.

Every log is read once, in bounded memory: whole columns choose the records that name one of the
payments or bills, and only these become Python values. A second pass, over its gaps, is made
when a rule first asks for one.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import islice, takewhile
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.recon.causes.calls import Call, Gap, Request, Run, Told, payload_of
from qerko_recon.recon.remark import Remark
from qerko_recon.recon.result import Source
from qerko_recon.session.calls import call_tables
from qerko_recon.session.log import SessionLog

__all__ = ["Heard", "OneLog", "hear"]

_WITH_CONTENT: Final = frozenset({"call", "result", "error"})
_REST: Final = pa.array(["rest_sent", "rest_answered"])
_PAYMENT_PATH: Final = r"/pos/payment/(?P<id>[^/?#]+)"
_ERROR: Final = "error"
_OK: Final = 200
_MICROSECOND: Final = timedelta(microseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


Times = dict[str | None, npt.NDArray[np.int64]]
"""Moments by venue, in microseconds, in order."""


@dataclass(frozen=True, eq=False)
class OneLog:
    """One recording: its runs, its polls, and what of it concerns the payments asked about."""

    log: SessionLog
    name: str
    calls: tuple[Call, ...]
    requests: tuple[Request, ...]
    runs: tuple[Run, ...]
    losses: tuple[tuple[datetime, datetime, int], ...]  # since, until, record
    polls: Times  # when the POS asked for a call
    answers: Times  # when it got one
    records: int

    @property
    def began_at(self) -> datetime | None:
        """Its first moment."""
        return min((run.began_at for run in self.runs), default=None)

    @property
    def ended_at(self) -> datetime | None:
        """Its last moment."""
        return max((run.ended_at for run in self.runs), default=None)

    @property
    def venues(self) -> list[str | None]:
        """Whose connections it recorded."""
        return list(self.polls)

    def run_at(self, at: datetime) -> Run | None:
        """Give the run that recorded a moment; ``None`` where none did."""
        return next((run for run in self.runs if run.began_at <= at <= run.ended_at), None)

    def busy(self, venue: str | None, since: datetime, until: datetime) -> Gap | None:
        """Give the longest time from a call to the next poll: the POS asked for no other call."""
        asked, told = self.polls.get(venue), self.answers.get(venue)
        if asked is None or told is None:
            return None
        first, last = np.searchsorted(told, [_number(since), _number(until)])
        began = told[first:last]
        places = np.searchsorted(asked, began)
        began, places = began[places < len(asked)], places[places < len(asked)]
        if not len(began):
            return None
        waits = asked[places] - began
        longest = int(np.argmax(waits))
        return Gap(
            file=self.name,
            venue=venue,
            began_at=_moment(int(began[longest])),
            ended_at=_moment(int(asked[places[longest]])),
            reason="busy",
            detail="",
            attempts=0,
            seqs=(),
        )

    def gap(self, venue: str | None, since: datetime, until: datetime) -> Gap | None:
        """Give the longest gap that a stretch of time meets; ``None`` where the line was up."""
        found = self.gaps_between(venue, since, until)
        ended = self.ended_at or until
        return max(found, key=lambda gap: (gap.ended_at or ended) - gap.began_at, default=None)

    def gaps_between(self, venue: str | None, since: datetime, until: datetime) -> list[Gap]:
        """Give all gaps that a stretch of time meets, in order."""
        ends, gaps = self._gaps.get(venue, ([], []))
        place = bisect_right(ends, since)
        return list(takewhile(lambda gap: gap.began_at <= until, islice(gaps, place, None)))

    @cached_property
    def _gaps(self) -> dict[str | None, tuple[list[datetime], list[Gap]]]:
        """Gaps by venue, in order, with their ends."""
        found: dict[str | None, tuple[list[datetime], list[Gap]]] = defaultdict(lambda: ([], []))
        table = pa.Table.from_pandas(self.log.gaps, preserve_index=False)
        for row in table.sort_by([("began_at", "ascending")]).to_pylist():
            ends, gaps = found[row["venue"]]
            gap = Gap(
                file=self.name,
                venue=row["venue"],
                began_at=row["began_at"],
                ended_at=row["ended_at"],
                reason=row["reason"],
                detail=row["detail"] or "",
                attempts=row["attempts"] or 0,
                seqs=tuple(row["evidence"] or ()),
            )
            gaps.append(gap)
            ends.append(gap.ended_at or datetime.max.replace(tzinfo=UTC))
        return dict(found)


@dataclass(frozen=True, eq=False)
class Heard:
    """What all logs tell of the payments and bills asked about."""

    logs: tuple[OneLog, ...]

    def payment(self, payment_id: str) -> Told:
        """Give what is told of one payment."""
        return self._told.get(payment_id) or Told(payment_id)

    def of_bill(self, bill_id: str) -> list[Call]:
        """Give the calls that name a bill, in order of time."""
        return self._by_bill.get(bill_id, [])

    def log_of(self, file: str) -> OneLog:
        """Give the log that a call or request is of."""
        return self._by_name[file]

    @cached_property
    def sources(self) -> list[Source]:
        """Name each file with its hash; its records are counted with the log's last file."""
        return [
            Source("log", str(path), log.records if path == log.log.files[-1] else 0, _hash(path))
            for log in self.logs
            for path in log.log.files
        ]

    @cached_property
    def remarks(self) -> list[Remark]:
        """Say of each log that is not as it was written that it is not."""
        return [
            Remark("log_changed", {"log": log.name, "count": len(check.bad)})
            for log in self.logs
            if not (check := log.log.verify()).is_whole
        ]

    @cached_property
    def _by_name(self) -> dict[str, OneLog]:
        return {log.name: log for log in self.logs}

    @cached_property
    def _told(self) -> dict[str, Told]:
        calls: dict[str, list[Call]] = defaultdict(list)
        requests: dict[str, list[Request]] = defaultdict(list)
        for call in self._calls:
            if call.payment_id is not None:
                calls[call.payment_id].append(call)
        for log in self.logs:
            for request in log.requests:
                requests[request.payment_id].append(request)
        return {
            one: Told(
                one,
                tuple(sorted(calls[one], key=lambda call: call.received_at)),
                tuple(sorted(requests[one], key=lambda request: request.sent_at)),
            )
            for one in calls.keys() | requests.keys()
        }

    @cached_property
    def _by_bill(self) -> dict[str, list[Call]]:
        found: dict[str, list[Call]] = defaultdict(list)
        for call in self._calls:
            if call.bill_id is not None:
                found[call.bill_id].append(call)
        for calls in found.values():
            calls.sort(key=lambda call: call.received_at)
        return dict(found)

    @cached_property
    def _calls(self) -> list[Call]:
        """All calls; one that two logs recorded is one call."""
        seen: set[str] = set()
        kept: list[Call] = []
        for log in self.logs:
            here = [call for call in log.calls if call.uuid is None or call.uuid not in seen]
            seen.update(call.uuid for call in here if call.uuid is not None)
            kept += here
        return kept


def hear(log: SessionLog, payments: Iterable[str], bills: Iterable[str]) -> Heard:
    """Read what logs tell of some payments and bills.

    Of a bill its payments are told too, whatever they are. Every record counts, whatever was
    chosen of the log by :meth:`~qerko_recon.session.log.SessionLog.where`: half a log would
    show causes that are none.
    """
    recordings = log.recordings()
    names = _names([recording.files[-1] for recording in recordings])
    wanted, of_bills = frozenset(payments), frozenset(bills)
    return Heard(
        tuple(
            _Listener(recording, name, wanted, of_bills).hear()
            for recording, name in zip(recordings, names, strict=True)
        )
    )


def _names(files: list[Path]) -> list[str]:
    """Name logs by their files alone, where these tell them apart."""
    counts = Counter(file.name for file in files)
    return [file.name if counts[file.name] == 1 else str(file) for file in files]


_Parts = dict[str | None, list[npt.NDArray[np.int64]]]


@dataclass(eq=False)
class _Listener:
    """Reads one recording, and keeps what is wanted of it."""

    log: SessionLog
    name: str
    payments: frozenset[str]
    bills: frozenset[str]
    _runs: dict[str | None, list[int]] = field(default_factory=dict)
    _stopped: dict[str | None, int] = field(default_factory=dict)
    _losses: list[tuple[datetime, datetime, int]] = field(default_factory=list)
    _polls: _Parts = field(default_factory=dict)
    _answers: _Parts = field(default_factory=dict)
    _kept: dict[int, tuple[str, datetime, str]] = field(default_factory=dict)
    _complaints: dict[str, tuple[int, str]] = field(default_factory=dict)
    _sent: dict[tuple[Any, Any], dict[str, Any]] = field(default_factory=dict)
    _requests: list[Request] = field(default_factory=list)
    _records: int = 0

    def hear(self) -> OneLog:
        self._want(self.payments)
        self._wanted_bills = pa.array(sorted(self.bills), pa.string())
        tables = list(call_tables(self._tables()))  # whole, since a complaint comes later
        rows = (row for table in tables for row in table.to_pylist())
        calls = tuple(self._call(row) for row in rows if row["method"] != _ERROR)
        for request in self._sent.values():
            self._requests.append(self._request(request, None))
        runs = [
            Run(_moment(began), _moment(ended), self._stopped.get(run))
            for run, (began, ended) in self._runs.items()
        ]
        return OneLog(
            log=self.log,
            name=self.name,
            calls=calls,
            requests=tuple(self._requests),
            runs=tuple(sorted(runs, key=lambda run: run.began_at)),
            losses=tuple(self._losses),
            polls=_joined(self._polls),
            answers=_joined(self._answers),
            records=self._records,
        )

    def _tables(self) -> Iterator[pa.Table]:
        """Give the wanted records, and note of the others when they were."""
        for table in self.log.tables():
            self._records += table.num_rows
            self._note_runs(table)
            self._note_polls(table)
            self._note_losses(table)
            wanted = self._of_interest(table)
            self._note_requests(table)
            for seq, kind, at, raw in _columns(wanted, "seq", "kind", "at", "raw"):
                self._kept[seq] = (kind, at, raw if kind in _WITH_CONTENT else "")
            self._note_complaints(wanted)
            yield wanted

    def _of_interest(self, table: pa.Table) -> pa.Table:
        """Choose the records that name a payment or bill, and Qerko's complaints."""
        of_bill = pc.is_in(table["bill_id"], self._wanted_bills)
        found = pc.unique(table["payment_id"].filter(of_bill)).drop_null().to_pylist()
        if new := set(found).difference(self.payments):
            self._want(new.union(self.payments))
        mask = pc.or_(of_bill, pc.is_in(table["payment_id"], self._wanted))
        mask = pc.or_(mask, pc.fill_null(pc.equal(table["method"], _ERROR), False))
        return table.filter(mask)

    def _want(self, payments: Collection[str]) -> None:
        """Look for these payments from now on, in paths as they are and as they are encoded."""
        self.payments = frozenset(payments)
        self._wanted = pa.array(sorted(self.payments), pa.string())
        paths = self.payments | {quote(one, safe="") for one in self.payments}
        self._wanted_paths = pa.array(sorted(paths), pa.string())

    def _note_runs(self, table: pa.Table) -> None:
        at = table["at"].cast(pa.int64())
        grouped = pa.table({"run": table["run"], "at": at}).group_by("run")
        for row in grouped.aggregate([("at", "min"), ("at", "max")]).to_pylist():
            ends = self._runs.setdefault(row["run"], [row["at_min"], row["at_max"]])
            ends[:] = min(ends[0], row["at_min"]), max(ends[1], row["at_max"])
        stops = table.filter(pc.fill_null(pc.equal(table["state"], "stopped"), False))
        self._stopped.update(_columns(stops, "run", "seq"))

    def _note_polls(self, table: pa.Table) -> None:
        was_answered = pc.fill_null(pc.equal(table["status"], _OK), False)
        answered = pc.and_(pc.equal(table["kind"], "poll_answered"), was_answered)
        _note_times(table.filter(pc.equal(table["kind"], "poll_sent")), self._polls)
        _note_times(table.filter(answered), self._answers)

    def _note_losses(self, table: pa.Table) -> None:
        lost = table.filter(pc.fill_null(pc.equal(table["what"], "not_recording"), False))
        for seq, at, raw in _columns(lost, "seq", "at", "raw"):
            since = payload_of(raw).get("since")
            try:
                began = min(datetime.fromisoformat(str(since)), at)
            except (ValueError, TypeError):  # nothing that is a moment, or of no time zone
                began = at
            self._losses.append((began, at, seq))

    def _note_complaints(self, table: pa.Table) -> None:
        """Note what Qerko disliked, by the uuid of the call whose answer it was."""
        errors = table.filter(
            pc.and_(
                pc.equal(table["kind"], "call"),
                pc.fill_null(pc.equal(table["method"], _ERROR), False),
            )
        )
        for seq, raw in _columns(errors, "seq", "raw"):
            args = payload_of(raw).get("args")
            if isinstance(args, list) and len(args) > 1 and isinstance(args[1], str):
                said = args[0].get("message") if isinstance(args[0], dict) else args[0]
                self._complaints[args[1]] = seq, str(said or "an error")

    def _note_requests(self, table: pa.Table) -> None:
        """Pair the POS's own requests with what came of them."""
        rest = table.filter(pc.is_in(table["kind"], _REST))
        if not rest.num_rows:
            return
        ids = pc.struct_field(pc.extract_regex(rest["path"], _PAYMENT_PATH), "id")
        rest = rest.filter(pc.is_in(ids, self._wanted_paths))
        names = ("seq", "at", "run", "venue", "exchange", "kind", "verb", "path", "status")
        for row in rest.select([*names, "trouble", "raw"]).to_pylist():
            key = row["run"], row["exchange"]
            if row["kind"] == "rest_sent":
                self._sent[key] = row
            elif key in self._sent:
                self._requests.append(self._request(self._sent.pop(key), row))

    def _request(self, sent: dict[str, Any], answered: dict[str, Any] | None) -> Request:
        path = str(sent["path"])
        own = path.partition("/pos/payment/")[2].partition("/")[0].partition("?")[0]
        seqs = (sent["seq"],) if answered is None else (sent["seq"], answered["seq"])
        return Request(
            file=self.name,
            venue=sent["venue"],
            seqs=seqs,
            verb=str(sent["verb"] or ""),
            path=path,
            payment_id=unquote(own),
            sent_at=sent["at"],
            answered_at=None if answered is None else answered["at"],
            status=None if answered is None else answered["status"],
            trouble="no answer is recorded" if answered is None else answered["trouble"],
            raw=None if answered is None else answered["raw"],
        )

    def _call(self, row: dict[str, Any]) -> Call:
        complained, said = self._complaints.get(row["uuid"] or "", (None, None))
        records = tuple(
            (seq, *self._kept.pop(seq)) for seq in row["evidence"] if seq in self._kept
        )
        return Call(
            file=self.name,
            venue=row["venue"],
            seq=row["seq"],
            uuid=row["uuid"],
            method=row["method"] or "?",
            payment_id=row["payment_id"],
            bill_id=row["bill_id"],
            received_at=row["received_at"],
            answered_at=row["answered_at"],
            duration=row["duration"],
            outcome=row["outcome"],
            error_code=row["error_code"],
            error_message=row["error_message"],
            why=row["why"],
            delivery=row["delivery"],
            delivered_at=row["delivered_at"],
            sends=row["sends"],
            times=row["times"],
            complaint=said or row["complaint"],
            complained=complained,
            records=records,
        )


def _note_times(table: pa.Table, times: _Parts) -> None:
    for venue in pc.unique(table["venue"]).to_pylist():
        own = pc.is_null(table["venue"]) if venue is None else pc.equal(table["venue"], venue)
        moments = table["at"].filter(own).cast(pa.int64()).to_numpy()
        times.setdefault(venue, []).append(moments)


def _joined(times: _Parts) -> Times:
    return {venue: np.sort(np.concatenate(parts)) for venue, parts in times.items()}


def _columns(table: pa.Table, *names: str) -> Iterator[tuple[Any, ...]]:
    return zip(*(table[name].to_pylist() for name in names), strict=True)


def _hash(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:  # packed or moved meanwhile, by whoever writes it
        return None


def _number(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _moment(number: int) -> datetime:
    return _EPOCH + timedelta(microseconds=number)
