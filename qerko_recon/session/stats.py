"""A session log in, the figures of the session out: calls, answer times, errors, gaps."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.session.log import SessionLog
from qerko_recon.session.preformatted import preformatted

__all__ = ["SessionStats", "session_stats"]

_LONGEST: Final = 10
_CONFLICT: Final = 409
_OUTCOMES: Final = ("ok", "error", "unanswered", "not_wanted")


@dataclass(frozen=True, slots=True)
class SessionStats:
    """The figures of a session.

    Attributes
    ----------
    began_at, ended_at
        The first and the last record, UTC.
    records
        How many there are.
    connected
        The share of that time, 0 to 1, in which Qerko could reach the POS or the POS was
        answering; ``None`` where the log has no poll.
    calls
        A row a method: ``calls``, ``ok``, ``error``, ``unanswered``, ``not_wanted``, ``repeated``
        and the answer time in seconds: ``p50``, ``p95``, ``longest``.
    errors
        A row an error: ``method``, ``error_code``, ``error_message``, ``why``, ``calls``.
    deliveries
        How many answers are ``delivered``, ``unknown``, ``refused``, ``dropped``, ``not_sent``.
    gaps
        The ten longest; columns of :data:`qerko_recon.schema.GAPS`.
    gap_seconds
        Seconds without a connection, by reason.
    payments
        How many payments are named.
    conflicts
        Polls refused because another connection was open.
    rest
        How many requests other than polls had which ``verb`` and ``status``.
    """

    began_at: datetime | None
    ended_at: datetime | None
    records: int
    connected: float | None
    calls: pd.DataFrame
    errors: pd.DataFrame
    deliveries: dict[str, int]
    gaps: pd.DataFrame
    gap_seconds: dict[str, float]
    payments: int
    conflicts: int
    rest: dict[tuple[str, int | None], int]

    @property
    def seconds(self) -> float:
        """From the first record to the last."""
        if self.began_at is None or self.ended_at is None:
            return 0.0
        return (self.ended_at - self.began_at).total_seconds()

    def as_dict(self) -> dict[str, Any]:
        """Give all of it as JSON holds it."""
        return {
            "began_at": None if self.began_at is None else self.began_at.isoformat(),
            "ended_at": None if self.ended_at is None else self.ended_at.isoformat(),
            "seconds": self.seconds,
            "records": self.records,
            "connected": self.connected,
            "calls": _records(self.calls),
            "errors": _records(self.errors),
            "deliveries": self.deliveries,
            "gaps": _records(self.gaps),
            "gap_seconds": self.gap_seconds,
            "payments": self.payments,
            "conflicts": self.conflicts,
            "rest": [
                {"verb": verb, "status": status, "requests": many}
                for (verb, status), many in self.rest.items()
            ],
        }

    def __str__(self) -> str:
        lines = []
        if self.began_at is not None and self.ended_at is not None:
            lines.append(
                f"{self.began_at:%Y-%m-%d %H:%M:%S} to {self.ended_at:%Y-%m-%d %H:%M:%S} UTC "
                f"({_long(self.seconds)}), {self.records} records"
            )
        if self.connected is not None:
            lines.append(f"Connected {self.connected:.1%} of the time")
        lines.append(f"{self.payments} payments named, {self.conflicts} polls refused by 409")
        parts = [("Calls", _shown(self.calls)), ("Errors", _shown(self.errors))]
        parts.append(("Answers", "  ".join(f"{name} {n}" for name, n in self.deliveries.items())))
        lost = ((reason, _long(seconds)) for reason, seconds in self.gap_seconds.items())
        parts.append(("Without a connection", "  ".join(f"{one} {time}" for one, time in lost)))
        columns = ["began_at", "seconds", "reason", "attempts", "detail"]
        longest = self.gaps[columns].assign(
            began_at=self.gaps["began_at"].dt.strftime("%m-%d %H:%M:%S")
        )
        parts.append(("Longest gaps", _shown(longest)))
        rest = (f"{verb} {status or 'no answer'} × {n}" for (verb, status), n in self.rest.items())
        parts.append(("Other requests", "  ".join(rest)))
        lines += [f"\n{title}\n{text}" for title, text in parts if text]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return preformatted(str(self))


def session_stats(log: SessionLog) -> SessionStats:
    """Count what happened in a session, in memory that grows with the calls alone."""
    times: list[tuple[datetime, datetime]] = []
    records = conflicts = 0
    payments: set[str] = set()
    rest: Counter[tuple[str, int | None]] = Counter()
    for table in log.tables():
        records += table.num_rows
        ends = pc.min_max(table["at"])
        times.append((ends["min"].as_py(), ends["max"].as_py()))
        payments.update(table["payment_id"].unique().drop_null().to_pylist())
        conflicts += _count(table, "poll_answered", "status", _CONFLICT)
        answered = table.filter(pc.equal(table["kind"], "rest_answered"))
        verbs, statuses = answered["verb"].to_pylist(), answered["status"].to_pylist()
        rest.update(zip(verbs, statuses, strict=True))
    calls, gaps = log.calls, log.gaps
    reasons = gaps.groupby("reason", observed=True)["seconds"].sum().sort_values(ascending=False)
    has_answer = calls["delivery"] != "none"
    deliveries = calls.loc[has_answer, "delivery"].value_counts().sort_index()
    return SessionStats(
        began_at=min((first for first, _ in times), default=None),
        ended_at=max((last for _, last in times), default=None),
        records=records,
        connected=_connected(log.spans),
        calls=_by_method(calls),
        errors=_by_error(calls),
        deliveries={str(name): int(many) for name, many in deliveries.items()},
        gaps=gaps.sort_values("seconds", ascending=False).head(_LONGEST).reset_index(drop=True),
        gap_seconds={str(name): float(seconds) for name, seconds in reasons.items()},
        payments=len(payments),
        conflicts=conflicts,
        rest=dict(sorted(rest.items(), key=str)),
    )


def _count(table: pa.Table, kind: str, column: str, value: object) -> int:
    mask = pc.and_(pc.equal(table["kind"], kind), pc.equal(table[column], value))
    return int(pc.sum(mask).as_py() or 0)


def _connected(spans: pd.DataFrame) -> float | None:
    """Give the share of the time that is no gap."""
    ended = spans["ended_at"].max()
    if not len(spans) or pd.isna(ended):
        return None
    total = (ended - spans["began_at"].min()).total_seconds() * spans["venue"].nunique(
        dropna=False
    )
    gaps = spans[spans["lane"] == "gap"]
    lost = (gaps["ended_at"].fillna(ended) - gaps["began_at"]).dt.total_seconds().sum()
    return 1.0 if total <= 0 else max(0.0, 1 - float(lost) / total)


def _by_method(calls: pd.DataFrame) -> pd.DataFrame:
    groups = calls.groupby("method", observed=True, dropna=False)
    found = groups.size().to_frame("calls")
    for outcome in _OUTCOMES:
        is_so = (calls["outcome"] == outcome).astype("int64")
        found[outcome] = is_so.groupby(calls["method"], dropna=False).sum()
    found["repeated"] = groups["times"].sum() - found["calls"]
    duration = calls["duration"].astype("float64").groupby(calls["method"], dropna=False)
    found["p50"] = duration.quantile(0.5)
    found["p95"] = duration.quantile(0.95)
    found["longest"] = duration.max()
    return found.sort_values("calls", ascending=False).reset_index()


def _by_error(calls: pd.DataFrame) -> pd.DataFrame:
    keys = ["method", "error_code", "error_message", "why"]
    errors = calls[calls["outcome"] == "error"]
    found = errors.groupby(keys, dropna=False, observed=True).size().to_frame("calls")
    return found.sort_values("calls", ascending=False).reset_index()


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(k): _json(v) for k, v in row.items()} for row in plain.to_dict("records")]


def _json(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value.tolist() if hasattr(value, "tolist") else value


def _shown(frame: pd.DataFrame) -> str:
    """Lay a frame out in columns; nothing where it has no rows."""
    if not len(frame):
        return ""
    kept = frame.loc[:, frame.notna().any()]
    numbers = {name: _number for name in ("p50", "p95", "longest", "seconds") if name in kept}
    text = kept.astype(object).where(kept.notna(), "")
    return str(text.to_string(index=False, formatters=numbers, max_colwidth=40))


def _number(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _long(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{seconds:.1f} s"
