"""How long breaks have been open: breaks in, money at risk by age as a figure out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qerko_recon.report.canvas import (
    FAINT,
    OVER,
    SHORT,
    TEXT,
    dress,
    panels,
    say_nothing,
    title,
    unit_of,
    write_money_ticks,
)
from qerko_recon.report.labels import LABELS, signed
from qerko_recon.report.rows import plain_rows
from qerko_recon.report.walk import one_currency
from qerko_recon.wording import format_money, language_of

__all__ = ["AGES", "Aged", "ageing_chart", "break_ages"]

AGES: Final = (0, 2, 8, 31)
"""From how many days on each stretch of age is; the last has no end."""

_ROW: Final = 0.5
_FRAME: Final = 1.5
_BAR: Final = 0.62
_ROOM: Final = Decimal("0.45")


@dataclass(slots=True)
class Aged:
    """Breaks of one age: how many, and what they are over and short."""

    breaks: int = 0
    over: Decimal = Decimal(0)
    short: Decimal = Decimal(0)

    @property
    def at_risk(self) -> Decimal:
        """The money that moved, whichever way."""
        return self.over - self.short


def ageing_chart(
    breaks: pd.DataFrame,
    *,
    currency: str | None = None,
    language: str = "en",
    ax: Axes | None = None,
) -> Figure:
    """Draw the money at risk in breaks by their age: short to the left, over to the right.

    Parameters
    ----------
    breaks
        ``result.breaks``, or any frame with its columns ``age``, ``variance`` and ``currency``.
    currency
        The one currency to draw; all of them by default, a panel each.
    language
        ``cs``, ``de``, ``en`` or ``sk``.
    ax
        Axes to draw into, in place of a figure of its own; takes one currency.

    Returns
    -------
    matplotlib.figure.Figure
        The finding is its title; each row says how many breaks it stands for.

    Raises
    ------
    ReconciliationError
        No break is in that currency, or they are in several and ``ax`` takes one.
    """
    language = language_of(language)
    ages = one_currency(break_ages(breaks), currency)
    figure, axes = panels(list(ages), [len(AGES) * _ROW + _FRAME] * len(ages) or [_FRAME], ax)
    for panel, (name, own) in zip(axes, ages.items(), strict=False):
        _draw(panel, own, name, language)
    if not ages:
        say_nothing(axes[0], LABELS.say("ageing_chart.none", language))
    return figure


def break_ages(breaks: pd.DataFrame) -> dict[str, dict[int, Aged]]:
    """Sum breaks by currency and stretch of age; one without an age counts as new."""
    found: dict[str, dict[int, Aged]] = defaultdict(lambda: {age: Aged() for age in AGES})
    for row in plain_rows(breaks[["currency", "age", "variance"]]):
        since = max(age for age in AGES if age <= max(row["age"] or 0, 0))
        one = found[row["currency"]][since]
        one.breaks += 1
        one.over += max(row["variance"], Decimal(0))
        one.short += min(row["variance"], Decimal(0))
    return dict(sorted(found.items()))


def _draw(ax: Axes, ages: Mapping[int, Aged], currency: str, language: str) -> None:
    for place, one in enumerate(ages.values()):
        ax.barh(place, float(one.over), height=_BAR, color=OVER, zorder=2)
        ax.barh(place, float(one.short), height=_BAR, color=SHORT, zorder=2)
        if one.breaks:
            _label(ax, place, one, language)
    ends = [one.over for one in ages.values()] + [one.short for one in ages.values()]
    spread = (max(ends) - min(ends)) or Decimal(1)
    left = min(ends) - (_ROOM * spread if min(ends) else 0)
    ax.set_xlim(float(left), float(max(ends) + _ROOM * spread))
    ax.set_ylim(len(ages) - 0.4, -0.6)
    names = [LABELS.say(f"ageing_chart.days_{age}", language) for age in ages]
    ax.set_yticks(range(len(ages)), names)
    ax.axvline(0, color=FAINT, lw=0.8, zorder=1)
    label = LABELS.say("ageing_chart.axis", language, {"currency": unit_of(currency)})
    ax.set_xlabel(label, parse_math=False)
    write_money_ticks(ax, language)
    title(ax, _finding(ages, currency, language))
    dress(ax)


def _label(ax: Axes, place: int, one: Aged, language: str) -> None:
    """Write the amounts at the bars' ends, and the count after the right one."""
    count = LABELS.count("breaks", one.breaks, language)
    over = f"{signed(one.over, None, language)} · {count}" if one.over else count
    written = [(one.over, over, "left", 5)]
    if one.short:
        written.append((one.short, signed(one.short, None, language), "right", -5))
    for at, text, side, shift in written:
        ax.annotate(
            text,
            (float(at), place),
            xytext=(shift, 0),
            textcoords="offset points",
            ha=side,
            va="center",
            fontsize=9,
            color=TEXT,
            parse_math=False,
        )


def _finding(ages: Mapping[int, Aged], currency: str, language: str) -> str:
    oldest = max(age for age, one in ages.items() if one.breaks)
    total = sum(one.breaks for one in ages.values())
    at_risk = sum((one.at_risk for one in ages.values()), Decimal(0))
    values = {
        "breaks": LABELS.count("breaks", total, language),
        "amount": format_money(at_risk, currency, language),
        "age": LABELS.say(f"ageing_chart.days_{oldest}", language),
        "count": LABELS.count("breaks", ages[oldest].breaks, language),
        "old": format_money(ages[oldest].at_risk, currency, language),
    }
    return LABELS.say("ageing_chart.oldest", language, values)
