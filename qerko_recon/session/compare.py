"""Two session logs in, their calls aligned and where the sessions part out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final, Literal

import pandas as pd

from qerko_recon.session.differences import Difference, differences
from qerko_recon.session.files import Source
from qerko_recon.session.log import SessionLog
from qerko_recon.session.preformatted import preformatted

__all__ = ["Comparison", "Pair", "compare_logs"]

_MOST_ALIGNED: Final = 5000
_SHOWN: Final = 20
_Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Call:
    seq: int
    uuid: str | None
    method: str
    payment_id: str | None
    bill_id: str | None
    said: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pair:
    """A call of one session and its counterpart.

    Attributes
    ----------
    first_seq, second_seq
        Their records; ``None`` where a session lacks the call.
    verdict
        ``same``, ``different``, ``only_first`` or ``only_second``.
    differences
        In ``args``, ``result`` or ``error``, ``outcome`` and ``delivery``.
    """

    first_seq: int | None
    second_seq: int | None
    method: str
    payment_id: str | None
    verdict: Literal["same", "different", "only_first", "only_second"]
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sessions, call by call.

    Attributes
    ----------
    pairs
        In order.
    is_aligned
        Whether calls were looked for in the other session; very long sessions are compared place
        by place after their common beginning.
    """

    pairs: tuple[Pair, ...]
    is_aligned: bool = True

    @property
    def is_same(self) -> bool:
        """Whether the sessions say the same."""
        return all(pair.verdict == "same" for pair in self.pairs)

    @property
    def parting(self) -> Pair | None:
        """The first call in which they part."""
        return next((pair for pair in self.pairs if pair.verdict != "same"), None)

    @property
    def frame(self) -> pd.DataFrame:
        """A row a pair.

        Columns: ``first_seq``, ``second_seq``, ``method``, ``payment_id``, ``verdict``,
        ``differences`` (texts).
        """
        rows = [
            {
                "first_seq": pair.first_seq,
                "second_seq": pair.second_seq,
                "method": pair.method,
                "payment_id": pair.payment_id,
                "verdict": pair.verdict,
                "differences": [str(one) for one in pair.differences],
            }
            for pair in self.pairs
        ]
        names = ["first_seq", "second_seq", "method", "payment_id", "verdict", "differences"]
        frame = pd.DataFrame(rows, columns=names)
        return frame.astype({"first_seq": "Int64", "second_seq": "Int64"})

    def __str__(self) -> str:
        same = sum(pair.verdict == "same" for pair in self.pairs)
        others = [pair for pair in self.pairs if pair.verdict != "same"]
        if not others:
            return f"{same} calls, the same in both sessions"
        lines = [f"{same} calls are the same, {len(others)} are not; the sessions part here:"]
        for pair in others[:_SHOWN]:
            about = f" payment {pair.payment_id}" if pair.payment_id else ""
            where = f"records {pair.first_seq or '-'} and {pair.second_seq or '-'}"
            words = pair.verdict.replace("_", " ")
            lines.append(f"{where}, {pair.method}{about}: {words}")
            lines += [f"  {one}" for one in pair.differences[:_SHOWN]]
        if len(others) > _SHOWN:
            lines.append(f"and {len(others) - _SHOWN} more")
        if not self.is_aligned:
            lines.append("The sessions are too long to be aligned after their common beginning")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return preformatted(str(self))


def compare_logs(
    first: SessionLog | Source,
    second: SessionLog | Source,
    *,
    ignored: Iterable[str] = ("timestamp", "created"),
) -> Comparison:
    """Align the calls of two sessions and compare them field by field.

    Calls are taken for the same by their uuid where the sessions share uuids, as two logs of one
    session do; else by their method and what they concern.

    Parameters
    ----------
    ignored
        Fields that may differ, by name or by path.
    """
    ours, theirs = _calls(first), _calls(second)
    keys = _keys(ours, theirs)
    skipped = frozenset(ignored)
    pairs: list[Pair] = []
    blocks, is_aligned = _blocks(*keys)
    for one, two in blocks:
        pairs.append(
            _pair(
                None if one is None else ours[one], None if two is None else theirs[two], skipped
            )
        )
    return Comparison(tuple(pairs), is_aligned)


def _calls(source: SessionLog | Source) -> list[_Call]:
    log = source if isinstance(source, SessionLog) else SessionLog(source)
    said: dict[tuple[str, int], dict[str, Any]] = {}
    by_uuid: dict[tuple[Any, ...], dict[str, Any]] = {}
    for entry in log.entries():
        key = (entry.payload.get("venue"), entry.payload.get("uuid"))
        if entry.kind == "call":
            held = said[entry.source_file, entry.seq] = {"args": entry.payload.get("args")}
            if key[1] is not None:
                by_uuid.setdefault(key, held)
        elif entry.kind in {"result", "error"} and key in by_uuid:
            by_uuid[key].setdefault(entry.kind, entry.payload.get(entry.kind))
    calls = log.calls
    calls = calls[~((calls["method"] == "noop") & (calls["outcome"] == "not_wanted"))]
    plain = calls.astype(object).where(calls.notna(), None)
    found = []
    for row in plain.to_dict("records"):
        held = said.get((row["source_file"], row["seq"]), {})
        about = {"outcome": row["outcome"], "delivery": row["delivery"]}
        found.append(
            _Call(
                seq=int(row["seq"]),
                uuid=row["uuid"],
                method=str(row["method"]),
                payment_id=row["payment_id"],
                bill_id=row["bill_id"],
                said={**held, **about},
            )
        )
    return found


def _keys(ours: list[_Call], theirs: list[_Call]) -> tuple[list[_Key], list[_Key]]:
    shared = {one.uuid for one in ours if one.uuid} & {one.uuid for one in theirs if one.uuid}
    if shared:
        return [(one.uuid, one.method) for one in ours], [(one.uuid, one.method) for one in theirs]
    concerns = [
        {one.payment_id or one.bill_id for one in calls} - {None} for calls in (ours, theirs)
    ]
    if concerns[0] & concerns[1]:
        named = [[(c.method, c.payment_id, c.bill_id) for c in calls] for calls in (ours, theirs)]
        return list(named[0]), list(named[1])
    return [(one.method,) for one in ours], [(one.method,) for one in theirs]


def _blocks(
    first: Sequence[_Key], second: Sequence[_Key]
) -> tuple[list[tuple[int | None, int | None]], bool]:
    """Pair two sequences of keys; a place without a counterpart is paired with ``None``."""
    start = 0
    while start < min(len(first), len(second)) and first[start] == second[start]:
        start += 1
    pairs: list[tuple[int | None, int | None]] = [(place, place) for place in range(start)]
    one, two = first[start:], second[start:]
    is_aligned = len(one) <= _MOST_ALIGNED and len(two) <= _MOST_ALIGNED
    if not is_aligned:
        longest = max(len(first), len(second))
        for place in range(start, longest):
            same = place < min(len(first), len(second)) and first[place] == second[place]
            if same:
                pairs.append((place, place))
                continue
            pairs += [(place, None)] if place < len(first) else []
            pairs += [(None, place)] if place < len(second) else []
        return pairs, False
    matcher = SequenceMatcher(None, one, two, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            pairs += [
                (start + x, start + y) for x, y in zip(range(a, b), range(c, d), strict=True)
            ]
        else:
            pairs += [(start + x, None) for x in range(a, b)]
            pairs += [(None, start + y) for y in range(c, d)]
    return pairs, True


def _pair(first: _Call | None, second: _Call | None, ignored: frozenset[str]) -> Pair:
    one = first or second
    assert one is not None  # noqa: S101 - a pair has one side at least
    if first is None or second is None:
        verdict: Literal["only_first", "only_second"] = (
            "only_second" if first is None else "only_first"
        )
        seqs = (None if first is None else first.seq, None if second is None else second.seq)
        return Pair(*seqs, one.method, one.payment_id, verdict)
    found = tuple(differences(first.said, second.said, ignored=ignored))
    said: Literal["same", "different"] = "different" if found else "same"
    return Pair(first.seq, second.seq, first.method, first.payment_id, said, found)
