"""An opened log to go through: its calls and gaps in columns, the bodies read when asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from os import PathLike
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.errors import SessionLogError
from qerko_recon.schema import CALLS
from qerko_recon.session.har import to_har
from qerko_recon.session.log import Entry, SessionLog
from qerko_recon.session.viewing.look import Look, problems_of

__all__ = ["Exchange", "LogView"]

Mask = np.typing.NDArray[np.bool_]

_MARGIN: Final = timedelta(seconds=2)
_LONGEST: Final = timedelta(hours=1)
_MOST_FOUND: Final = 100_000


@dataclass(frozen=True, slots=True)
class Exchange:
    """A call in full.

    Attributes
    ----------
    row
        Its row of :data:`qerko_recon.schema.CALLS`, as plain values.
    request, answer
        What was asked and what was answered; ``answer`` is ``None`` where nothing was.
    entries
        All records of it.
    """

    row: dict[str, Any]
    request: Any
    answer: Any
    entries: tuple[Entry, ...]


class LogView:
    """A log opened to be looked through.

    Calls and gaps are held in columns, some two hundred bytes a call; what was said is read from
    the file when somebody looks at a call.

    Parameters
    ----------
    log
        A session log, or its files.
    stop
        Set from another thread, it ends the opening with an error.

    Attributes
    ----------
    log
        The log.
    calls
        A row a call, in order: columns of :data:`qerko_recon.schema.CALLS` and ``key``.
    gaps, spans
        See :data:`qerko_recon.schema.GAPS` and ``SPANS``.
    problems
        Which calls went wrong, as :class:`Look` has it.

    Raises
    ------
    SessionLogError
        There is no such log, or it was stopped.

    Examples
    --------
    >>> view = LogView("data_samples/sessions/incident.jsonl")
    >>> len(view), int(view.problems.sum())
    (27, 3)
    >>> view.exchange(view.keys[0]).row["method"]
    'getBill'
    """

    def __init__(
        self,
        log: SessionLog | str | PathLike[str] | Iterable[str | PathLike[str]],
        *,
        stop: threading.Event | None = None,
    ) -> None:
        self.log = log if isinstance(log, SessionLog) else SessionLog(log)
        parts = []
        for table in self.log.call_tables():
            if stop is not None and stop.is_set():
                raise SessionLogError("the log was not opened to the end, since it was stopped")
            parts.append(table)
        calls = pa.concat_tables(parts) if parts else CALLS.empty_table()
        calls = calls.sort_by("received_at").combine_chunks()
        self.keys: list[str] = [str(number) for number in range(calls.num_rows)]
        self.calls = calls.append_column("key", pa.array(self.keys, pa.string()))
        self.gaps: pd.DataFrame = self.log.gaps
        self.spans: pd.DataFrame = self.log.spans
        self.problems = problems_of(self.calls)

    def __len__(self) -> int:
        return int(self.calls.num_rows)

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """The first and the last moment that is known; ``None`` where nothing is."""
        times = [
            one
            for column in (
                pa.array(self.spans["began_at"]),
                pa.array(self.spans["ended_at"]),
                self.calls["received_at"],
            )
            for one in pc.min_max(column).as_py().values()
            if one is not None
        ]
        return (min(times), max(times)) if times else None

    @property
    def methods(self) -> dict[str, int]:
        """The methods that were called, and how often."""
        return self._counts("method")

    @property
    def outcomes(self) -> dict[str, int]:
        """The outcomes there are, and how often."""
        return self._counts("outcome")

    def mask(self, look: Look) -> Mask:
        """Tell which calls a filter leaves."""
        return look.mask(self.calls)

    def find(self, text: str, stop: threading.Event | None = None) -> frozenset[str]:
        """Find the calls in whose request or answer a text stands, by their ``uuid``.

        The whole log is read for it; case does not matter.
        """
        found: set[str] = set()
        for table in self.log.tables():
            if (stop is not None and stop.is_set()) or len(found) > _MOST_FOUND:
                break
            said = pc.match_substring(table["raw"], text, ignore_case=True)
            found.update(table["uuid"].filter(said).drop_null().to_pylist())
        return frozenset(found)

    def exchange(self, key: str) -> Exchange:
        """Give a call in full.

        Raises
        ------
        KeyError
            There is no call of that key.
        """
        if not key.isdigit() or int(key) >= len(self):
            raise KeyError(key)
        row = self.calls.slice(int(key), 1).to_pylist()[0]
        entries = tuple(self._entries(row))
        asked = next((one.payload for one in entries if one.kind == "call"), {})
        answered = next((one for one in entries if one.kind in {"result", "error"}), None)
        answer = None
        if answered is not None:
            answer = {answered.kind: answered.payload.get(answered.kind)}
        request = {name: asked[name] for name in ("method", "args", "uuid") if name in asked}
        return Exchange(row, request, answer, entries)

    def step(self, kept: Mask, key: str, by: int, *, only_problems: bool = False) -> str:
        """Give the key of the next call of those kept, or of the one before; ``""`` at the end."""
        wanted = kept & self.problems if only_problems else kept
        places = np.flatnonzero(wanted)
        if not len(places):
            return ""
        if not key.isdigit():
            return self.keys[int(places[0 if by > 0 else -1])]
        here = int(key)
        later = places[places > here] if by > 0 else places[places < here]
        return self.keys[int(later[0 if by > 0 else -1])] if len(later) else ""

    def narrowed(self, kept: Mask) -> SessionLog:
        """Give the log of the time in which the calls that are kept were received and answered."""
        part = self.calls.filter(pa.array(kept))
        first = pc.min(part["received_at"]).as_py()
        if first is None:
            return self.log
        last = max(
            one
            for name in ("received_at", "answered_at", "delivered_at")
            if (one := pc.max(part[name]).as_py()) is not None
        )
        return self.log.where(since=first - _MARGIN, until=last + _MARGIN)

    def to_har(self, kept: Mask, target: str | PathLike[str]) -> int:
        """Write all exchanges of the time of the calls that are kept; how many there are."""
        return to_har(self.narrowed(kept), Path(target))

    def _entries(self, row: dict[str, Any]) -> Iterable[Entry]:
        """Read a call's records: by its ``uuid`` where it has one, else by its place."""
        received: datetime = row["received_at"]
        ended = max(
            one for one in (received, row["answered_at"], row["delivered_at"]) if one is not None
        )
        around = self.log.where(
            since=received - _MARGIN, until=min(ended, received + _LONGEST) + _MARGIN
        )
        if row["uuid"] is not None:
            return around.where(uuid=row["uuid"]).entries()
        wanted = (row["seq"], row["source_file"])
        return (one for one in around.entries() if (one.seq, one.source_file) == wanted)

    def _counts(self, name: str) -> dict[str, int]:
        counted = pc.value_counts(self.calls[name].drop_null()).to_pylist()
        return {one["values"]: one["counts"] for one in sorted(counted, key=lambda x: x["values"])}
