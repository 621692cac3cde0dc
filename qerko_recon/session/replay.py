"""A recorded session and a handler in; how the handler answers what the POS was asked, out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec
import pandas as pd

from qerko_recon.errors import ConfigError
from qerko_recon.model import MethodCallRequest
from qerko_recon.session.differences import Difference, differences
from qerko_recon.session.files import Source
from qerko_recon.session.handlers import Handler, answer_call, check_handler
from qerko_recon.session.log import Entry, SessionLog
from qerko_recon.session.preformatted import preformatted

__all__ = ["Replay", "ReplayedCall", "replay"]

Verdict = Literal["same", "different", "not_recorded"]
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class ReplayedCall:
    """A recorded call, the answer it got and the one it gets now.

    Attributes
    ----------
    seq
        Of the record of the call.
    recorded, replayed
        ``{"result": ...}`` or ``{"error": ...}``; ``recorded`` is ``None`` where the log has none.
    verdict
        ``same``, ``different`` or ``not_recorded``.
    why
        Of an error now: in a word, and what Qerko would not be told.
    """

    seq: int
    call: MethodCallRequest
    recorded: dict[str, Any] | None
    replayed: dict[str, Any]
    verdict: Verdict
    differences: tuple[Difference, ...]
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay found.

    Attributes
    ----------
    calls
        In the order in which they were recorded.
    """

    calls: tuple[ReplayedCall, ...]

    @property
    def is_same(self) -> bool:
        """Whether every recorded answer is given again."""
        return not self.different

    @property
    def different(self) -> tuple[ReplayedCall, ...]:
        """The calls that are answered otherwise now."""
        return tuple(one for one in self.calls if one.verdict == "different")

    @property
    def frame(self) -> pd.DataFrame:
        """A row a call.

        Columns: ``seq``, ``uuid``, ``method``, ``payment_id``, ``bill_id``, ``verdict``,
        ``differences`` (texts), ``recorded`` and ``replayed`` (JSON), ``why``.
        """
        rows = [
            {
                "seq": one.seq,
                "uuid": one.call.uuid,
                "method": one.call.method,
                "payment_id": one.call.payment_id,
                "bill_id": one.call.bill_id,
                "verdict": one.verdict,
                "differences": [str(each) for each in one.differences],
                "recorded": _json(one.recorded),
                "replayed": _json(one.replayed),
                "why": one.why,
            }
            for one in self.calls
        ]
        names = [
            "seq",
            "uuid",
            "method",
            "payment_id",
            "bill_id",
            "verdict",
            "differences",
            "recorded",
            "replayed",
            "why",
        ]
        return pd.DataFrame(rows, columns=names)

    def __str__(self) -> str:
        same = sum(one.verdict == "same" for one in self.calls)
        alone = len(self.calls) - same - len(self.different)
        otherwise = len(self.different)
        lines = [f"{len(self.calls)} calls: {same} answered as recorded, {otherwise} otherwise"]
        if alone:
            lines[0] += f", {alone} without a recorded answer"
        for one in self.different[:_SHOWN]:
            lines.append(f"record {one.seq}, {one.call.method} #{one.call.uuid}:")
            lines += [f"  {each}" for each in one.differences[:_SHOWN]]
            lines += [f"  ({one.why})"] if one.why else []
        if len(self.different) > _SHOWN:
            lines.append(f"and {len(self.different) - _SHOWN} more")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return preformatted(str(self))


def replay(
    log: SessionLog | Source,
    handler: Handler,
    *,
    pace: Literal["at_once", "recorded"] = "at_once",
    ignored: Iterable[str] = ("timestamp",),
    wait: Callable[[float], object] = time.sleep,
) -> Replay:
    """Ask a handler what a POS was asked, in order, and compare the answers field by field.

    A call that Qerko delivered several times is asked once. Nothing is sent to anybody.

    Parameters
    ----------
    log
        A log or its files; one that is narrowed by ``where`` replays what is left of it.
    handler
        See :mod:`qerko_recon.session.handlers`.
    pace
        ``recorded`` keeps the time between the calls, ``at_once`` does not.
    ignored
        Fields that may differ, by name or by path such as ``result.receiptInfo.serial``.
    wait
        In place of :func:`time.sleep`.

    Raises
    ------
    ConfigError
        ``pace`` is neither, or the handler can answer nothing.
    SessionLogError
        There is no such log.
    """
    if pace not in {"at_once", "recorded"}:
        raise ConfigError(f"pace is at_once or recorded, not {pace!r}")
    check_handler(handler)
    opened = log if isinstance(log, SessionLog) else SessionLog(log)
    skipped, last = frozenset(ignored), None
    done = []
    for entry, recorded in _asked(opened):
        if pace == "recorded" and last is not None:
            wait(max(0.0, (entry.at - last).total_seconds()))
        last = entry.at
        done.append(_again(entry, recorded, handler, skipped))
    return Replay(tuple(done))


def _again(
    entry: Entry, recorded: dict[str, Any] | None, handler: Handler, ignored: frozenset[str]
) -> ReplayedCall:
    payload = entry.payload
    method, uuid = str(payload.get("method")), payload.get("uuid")
    call = MethodCallRequest(method=method, uuid=uuid, args=tuple(payload.get("args") or ()))
    answered = answer_call(handler, call)
    replayed: dict[str, Any] = {"result": answered.result}
    if answered.error is not None:
        replayed = {"error": msgspec.to_builtins(answered.error)}
    why = " ".join(filter(None, (answered.why, answered.detail))) or None
    if recorded is None:
        return ReplayedCall(entry.seq, call, None, replayed, "not_recorded", (), why)
    found = tuple(differences(recorded, replayed, ignored=ignored))
    verdict: Verdict = "different" if found else "same"
    return ReplayedCall(entry.seq, call, recorded, replayed, verdict, found, why)


def _asked(log: SessionLog) -> Iterator[tuple[Entry, dict[str, Any] | None]]:
    """Give each call, once, with its recorded answer, in order of the calls."""
    waiting: dict[tuple[Any, ...], list[Any]] = {}
    order: list[list[Any]] = []
    for entry in log.entries():
        key = (entry.payload.get("venue"), entry.payload.get("uuid"))
        if entry.kind == "call":
            is_noop = entry.payload.get("method") == "noop"
            if key not in waiting and not is_noop:
                order.append([entry, None])
                waiting[key if key[1] is not None else (entry.seq, entry.source_file)] = order[-1]
        elif entry.kind in {"result", "error"} and key in waiting and waiting[key][1] is None:
            waiting[key][1] = {entry.kind: entry.payload.get(entry.kind)}
    for entry, recorded in order:
        yield entry, recorded


def _json(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
