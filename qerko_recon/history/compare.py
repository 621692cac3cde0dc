"""Two runs in; what differs between them out: inputs, settings, lines, payments, breaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.history.columns import BREAK_CHANGES, LINE_CHANGES, PAYMENT_CHANGES
from qerko_recon.history.file import HistoryFile, KeptRun
from qerko_recon.history.packing import Input
from qerko_recon.money import trim
from qerko_recon.schema import to_frame

__all__ = ["ChangedInput", "ChangedSetting", "ChangedTotal", "RunComparison", "compare_runs"]

_LINE: Final = (
    "payment_id",
    "bill_id",
    "amount",
    "tip",
    "total",
    "currency",
    "state",
    "tender_type",
    "provider",
    "paid_at",
)
_PAYMENT: Final = (
    "bill_id",
    "state",
    "currency",
    "parts_total",
    "tip_gross",
    "tip_net",
    "discount_total",
    "items_total",
    "settled",
)
_PAIRED_BY: Final = (("payment_id",), ("bill_id", "paid_at"), ("bill_id",))
"""By what a line that is gone and one that was added are taken for one that changed, where they
are the only ones."""

_ZERO: Final = Decimal("0.00")

_Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChangedInput:
    """Something both runs were fed with that is not the same: ``None`` where a run has none."""

    kind: str
    name: str
    before: Input | None
    after: Input | None


@dataclass(frozen=True, slots=True)
class ChangedSetting:
    """A setting of the policy that is not the same, as text."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ChangedTotal:
    """The control totals of a currency in both runs; zero where a run has none."""

    currency: str
    settled_before: Decimal
    settled: Decimal
    posted_before: Decimal
    posted: Decimal

    @property
    def change_of_variance(self) -> Decimal:
        """How far the variance moved."""
        return (self.posted - self.settled) - (self.posted_before - self.settled_before)


@dataclass(frozen=True, repr=False, eq=False)
class RunComparison:
    """Two runs, side by side; ``before`` and ``after`` are their IDs.

    Attributes
    ----------
    inputs
        Exports and payments that are not the same file, or say something else.
    settings
        Settings that differ.
    totals
        Control totals of every currency.
    lines, payments, breaks
        What is not alike; columns of :mod:`qerko_recon.history.columns`. Per currency the
        breaks' ``change_of_variance`` sums to that of the totals, exactly.
    """

    before: str
    after: str
    inputs: tuple[ChangedInput, ...]
    settings: tuple[ChangedSetting, ...]
    totals: tuple[ChangedTotal, ...]
    lines: pd.DataFrame
    payments: pd.DataFrame
    breaks: pd.DataFrame

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return not (
            self.inputs
            or self.settings
            or len(self.lines)
            or len(self.payments)
            or len(self.breaks)
        )

    def counts(self, what: str) -> Mapping[str, int]:
        """Count the changes of ``lines``, ``payments`` or ``breaks`` by kind of change."""
        return Counter(getattr(self, what)["change"])

    def __repr__(self) -> str:
        from qerko_recon.history.faces import comparison_text

        return comparison_text(self)

    def _repr_html_(self) -> str:
        from qerko_recon.history.faces import comparison_html

        return comparison_html(self)


def compare_runs(file: HistoryFile, before: KeptRun, after: KeptRun) -> RunComparison:
    """Lay two runs side by side."""
    return RunComparison(
        before=before.run_id,
        after=after.run_id,
        inputs=tuple(changed_inputs(before, after)),
        settings=tuple(_settings(before.policy, after.policy)),
        totals=tuple(_totals(before, after)),
        lines=_frame(_lines(file, before.no, after.no), LINE_CHANGES),
        payments=_frame(_payments(file, before.no, after.no), PAYMENT_CHANGES),
        breaks=_frame(_breaks(file, before.no, after.no), BREAK_CHANGES),
    )


def changed_inputs(before: KeptRun, after: KeptRun) -> Iterator[ChangedInput]:
    """Find inputs that are not the same, exports by name, payments by kind."""
    olds, news = ({_slot(one): one for one in run.inputs} for run in (before, after))
    for slot in sorted(olds.keys() | news.keys()):
        old, new = olds.get(slot), news.get(slot)
        if old is None or new is None or old.sha256 != new.sha256:
            held = new or old
            assert held is not None  # noqa: S101 - one of them has the slot
            yield ChangedInput(held.kind, held.name, old, new)


def _slot(one: Input) -> tuple[str, str]:
    return (one.kind, "" if one.kind == "payments" else one.name)


def _settings(before: bytes, after: bytes) -> Iterator[ChangedSetting]:
    old, new = msgspec.json.decode(before), msgspec.json.decode(after)
    for name in [*new, *(name for name in old if name not in new)]:
        if old.get(name) != new.get(name):
            yield ChangedSetting(name, _written(old.get(name)), _written(new.get(name)))


def _written(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _totals(before: KeptRun, after: KeptRun) -> Iterator[ChangedTotal]:
    olds, news = ({one.currency: one for one in run.summary.totals} for run in (before, after))
    for currency in sorted(olds.keys() | news.keys()):
        old, new = olds.get(currency), news.get(currency)
        yield ChangedTotal(
            currency=currency,
            settled_before=old.settled if old else _ZERO,
            settled=new.settled if new else _ZERO,
            posted_before=old.posted if old else _ZERO,
            posted=new.posted if new else _ZERO,
        )


def _lines(file: HistoryFile, before: int, after: int) -> Iterator[_Row]:
    columns = ("tender_id", *_LINE, "source_file", "source_row")
    old, new = (file.frame(no, "tenders", columns) for no in (before, after))
    gone, added, changed = _unlike(old, new, "tender_id", _LINE)
    for names in _PAIRED_BY:
        gone, added, more = _same_under(gone, added, names)
        changed += more
    for one, other in _pairs(gone, added, changed):
        held = other or one or {}
        yield {
            **{name: held[name] for name in ("source_file", "source_row")},
            "tender_id": other and other["tender_id"],
            "tender_id_before": one and one["tender_id"],
            **_change(one, other, "total", _LINE),
        }


def _payments(file: HistoryFile, before: int, after: int) -> Iterator[_Row]:
    columns = ("payment_id", *_PAYMENT)
    old, new = (file.frame(no, "payments", columns) for no in (before, after))
    gone, added, changed = _unlike(old, new, "payment_id", _PAYMENT)
    for one, other in _pairs(gone, added, changed):
        yield _change(one, other, "settled", _PAYMENT)


def _pairs(
    gone: list[_Row], added: list[_Row], changed: list[tuple[_Row, _Row]]
) -> Iterator[tuple[_Row | None, _Row | None]]:
    yield from ((one, None) for one in gone)
    yield from ((None, one) for one in added)
    yield from changed


def _breaks(file: HistoryFile, before: int, after: int) -> Iterator[_Row]:
    olds, news = (_breaks_of(file, no) for no in (before, after))
    for key in [*news, *(key for key in olds if key not in news)]:
        old, new = olds.get(key), news.get(key)
        was = trim(old["variance"]) if old else _ZERO
        now = trim(new["variance"]) if new else _ZERO
        same = ("variance", "reason", "settled", "posted")
        if old and new and all(old[name] == new[name] for name in same):
            continue
        held = new or old
        assert held is not None  # noqa: S101 - one of them has the key
        yield {
            **{name: held[name] for name in ("break_id", "kind", "reason", "payment_id")},
            **{name: held[name] for name in ("bill_id", "currency")},
            "change": "changed" if old and new else "appeared" if new else "closed",
            "variance_before": was,
            "variance": now,
            "change_of_variance": now - was,
        }


def _breaks_of(file: HistoryFile, no: int) -> dict[str, _Row]:
    """Give a run's breaks by what they are known by in every run."""
    rows = file.frame(no, "breaks").to_pylist()
    return {one.key: rows[one.place] for one in file.facts.found(no)}


def _unlike(
    old: pa.Table, new: pa.Table, by: str, columns: Sequence[str]
) -> tuple[list[_Row], list[_Row], list[tuple[_Row, _Row]]]:
    """Find the rows that only one table has, and those that do not say the same in both."""
    places = pc.index_in(new[by], value_set=old[by])
    is_kept = pc.is_in(old[by], value_set=new[by])
    gone = old.filter(pc.invert(is_kept)).to_pylist()
    added = new.filter(pc.is_null(places)).to_pylist()
    both = new.filter(pc.is_valid(places))
    earlier = old.take(pc.drop_null(places))
    differs = np.zeros(both.num_rows, dtype=bool)
    for name in columns:
        differs |= _differs(earlier[name], both[name])
    rows = pa.array(np.flatnonzero(differs))
    pairs = zip(earlier.take(rows).to_pylist(), both.take(rows).to_pylist(), strict=True)
    return gone, added, list(pairs)


def _differs(one: pa.ChunkedArray, other: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    unequal = pc.fill_null(pc.not_equal(one, other), False)
    found = pc.or_(unequal, pc.xor(pc.is_null(one), pc.is_null(other)))
    return np.asarray(found.to_numpy(), dtype=bool)


def _same_under(
    gone: list[_Row], added: list[_Row], names: Sequence[str]
) -> tuple[list[_Row], list[_Row], list[tuple[_Row, _Row]]]:
    """Take rows for changed ones that alone have something in common, and are the only ones."""
    olds, news = (_only(rows, names) for rows in (gone, added))
    shared = olds.keys() & news.keys()
    pairs = [(olds[key], news[key]) for key in sorted(shared, key=str)]
    return (
        [row for row in gone if _key(row, names) not in shared],
        [row for row in added if _key(row, names) not in shared],
        pairs,
    )


def _only(rows: Sequence[_Row], names: Sequence[str]) -> dict[tuple[Any, ...], _Row]:
    counts = Counter(_key(row, names) for row in rows)
    keyed = {_key(row, names): row for row in rows}
    return {key: row for key, row in keyed.items() if counts[key] == 1 and None not in key}


def _key(row: _Row, names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


def _change(one: _Row | None, other: _Row | None, amount: str, columns: Sequence[str]) -> _Row:
    """Say what became of a line or a payment; one of the two sides it has at least."""
    held = other or one or {}
    word = "added" if one is None else "gone" if other is None else "changed"
    unlike = [name for name in columns if one and other and one[name] != other[name]]
    return {
        **{name: held[name] for name in ("payment_id", "bill_id", "currency")},
        **{f"{name}_before": one and one[name] for name in (amount, "state")},
        **{name: other and other[name] for name in (amount, "state")},
        "change": word,
        "what": unlike,
    }


def _frame(rows: Iterator[_Row], columns: pa.Schema) -> pd.DataFrame:
    return to_frame(pa.Table.from_pylist(list(rows), schema=columns))
