"""The bridge as charts need it: its frame in, steps and the stretch of the axis out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Final, TypeVar

import pandas as pd

from qerko_recon.errors import ReconciliationError, shorten
from qerko_recon.recon.sentences import kind_name
from qerko_recon.report.labels import LABELS, signed
from qerko_recon.report.rows import plain_rows
from qerko_recon.wording import format_money

__all__ = ["Step", "axis_limits", "finding", "one_currency", "step_name", "walks_of"]

T = TypeVar("T")

_CUT_BELOW: Final = Decimal("0.5")
_MARGIN: Final = Decimal("0.2")
_LABELS: Final = Decimal("0.45")
_ZERO: Final = Decimal(0)
_TOTALS: Final = frozenset({"settled", "posted"})


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the walk: one of the two totals, or what a kind of break moves."""

    name: str
    amount: Decimal
    running: Decimal
    breaks: int

    @property
    def is_total(self) -> bool:
        """Whether the step is the settled or the posted total."""
        return self.name in _TOTALS

    def said(self, language: str) -> str:
        """Name the step for people."""
        return step_name(self.name, language)

    @property
    def start(self) -> Decimal:
        """Where the step's bar begins."""
        return _ZERO if self.is_total else self.running - self.amount


def step_name(name: str, language: str) -> str:
    """Name a step for people: a total, a kind of break, what moves between days."""
    if name in _TOTALS:
        return LABELS.say(f"column.{name}", language)
    key = f"step.{name}"
    return LABELS.say(key, language) if LABELS.knows(key) else kind_name(name, language)


def walks_of(bridge: pd.DataFrame, currency: str | None = None) -> dict[str, list[Step]]:
    """Give the steps of each currency, or of the one asked for.

    Raises
    ------
    ReconciliationError
        The bridge does not have that currency.
    """
    walks: dict[str, list[Step]] = {}
    for row in plain_rows(bridge):
        step = Step(row["step"], row["amount"], row["running"], row["breaks"])
        walks.setdefault(row["currency"], []).append(step)
    return one_currency(walks, currency)


def one_currency(found: dict[str, T], currency: str | None) -> dict[str, T]:
    """Narrow what is known by currency to the one asked for; all of it where none is.

    Raises
    ------
    ReconciliationError
        Nothing is known of that currency.
    """
    if currency is None:
        return found
    if currency not in found:
        known = ", ".join(found) or "no currency"
        raise ReconciliationError(f"the result has no {shorten(currency)}; it has {known}")
    return {currency: found[currency]}


def axis_limits(steps: Sequence[Step]) -> tuple[Decimal, Decimal]:
    """Choose the axis: from 0 where small steps can be seen so, else cut around the steps."""
    ends = [step.running for step in steps] + [one.start for one in steps if not one.is_total]
    low, high = min(ends), max(ends)
    widest = max(abs(low), abs(high))
    if low * high > 0 and high - low < _CUT_BELOW * widest:
        spread = (high - low) or widest * _MARGIN
        near = _MARGIN * spread
    else:
        low, high = min(low, _ZERO), max(high, _ZERO)
        spread = (high - low) or Decimal(1)
        near = _LABELS * spread if low < 0 else _ZERO
    start, end = low - near, high + _LABELS * spread
    # An axis that is cut must not reach zero after all.
    if low > 0 >= start:
        start = low / 2
    if high < 0 <= end:
        end = high / 2
    return _rounded(start, spread, ROUND_FLOOR), _rounded(end, spread, ROUND_CEILING)


def _rounded(limit: Decimal, spread: Decimal, way: str) -> Decimal:
    """Move a limit outward to a number people can read, unless that reaches zero."""
    unit = Decimal(1).scaleb(spread.adjusted() - 1)
    moved = (limit / unit).to_integral_value(way) * unit
    return moved or limit


def finding(steps: Sequence[Step], currency: str, language: str) -> str:
    """Say in one sentence what a chart of the walk shows."""
    moves = [step for step in steps if not step.is_total]
    variance = sum((step.amount for step in moves), Decimal(0))
    breaks = sum(step.breaks for step in moves)
    values: dict[str, Any] = {
        "posted": format_money(steps[-1].running, currency, language),
        "variance": format_money(abs(variance), currency, language),
        "breaks": LABELS.count("breaks", breaks, language),
    }
    if not variance:
        if any(step.amount for step in moves):
            return LABELS.say("chart.cancelling", language, values)
        return LABELS.say("chart.unchanged" if moves else "chart.agrees", language, values)
    along = [step for step in moves if step.amount * variance > 0]
    biggest = max(along, key=lambda step: abs(step.amount))
    if len(moves) > 1:
        values["kind"] = kind_name(biggest.name, language)
        values["amount"] = signed(biggest.amount, currency, language)
    return LABELS.say("chart.over" if variance > 0 else "chart.short", language, values)
