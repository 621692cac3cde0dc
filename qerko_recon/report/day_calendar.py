"""A calendar of variances: the bridge by business day in, a grid of days as a figure out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from qerko_recon.recon.day_bridge import MOVED
from qerko_recon.report.canvas import (
    FAINT,
    GRID,
    OVER,
    SHORT,
    TEXT,
    panels,
    say_nothing,
    title,
    unit_of,
)
from qerko_recon.report.labels import LABELS, signed
from qerko_recon.report.rows import plain_rows
from qerko_recon.report.walk import one_currency
from qerko_recon.wording import format_date, format_number, language_of

__all__ = ["calendar_chart", "day_variances"]

_WEEK: Final = 7
_ROW: Final = 0.72
_FRAME: Final = 1.5
_PALEST: Final = 0.18
_DARK: Final = 0.55
_ENDS: Final = frozenset({"settled", "posted", MOVED})

Variances = Mapping[date, Decimal]


def calendar_chart(
    bridge_by_day: pd.DataFrame,
    *,
    currency: str | None = None,
    language: str = "en",
    ax: Axes | None = None,
) -> Figure:
    """Draw the variance of each business day, a row a week, a column a weekday.

    Parameters
    ----------
    bridge_by_day
        ``result.bridge_by_day``: the columns of :data:`qerko_recon.schema.DAY_BRIDGE`.
    currency
        The one currency to draw; all of them by default, a panel each.
    language
        ``cs``, ``de``, ``en`` or ``sk``.
    ax
        Axes to draw into, in place of a figure of its own; takes one currency.

    Returns
    -------
    matplotlib.figure.Figure
        The finding is its title. Money that a match moves from one day to another is no
        variance; days without data are left blank; what has no day is left out.

    Raises
    ------
    ReconciliationError
        The bridge does not have that currency, or has several and ``ax`` takes one.
    """
    language = language_of(language)
    days = one_currency(day_variances(bridge_by_day), currency)
    heights = [len(_weeks(own)) * _ROW + _FRAME for own in days.values()]
    figure, axes = panels(list(days), heights or [_FRAME], ax)
    for panel, (name, own) in zip(axes, days.items(), strict=False):
        _draw(panel, own, name, language)
    if not days:
        say_nothing(axes[0], LABELS.say("chart.nothing", language))
    return figure


def day_variances(bridge_by_day: pd.DataFrame) -> dict[str, dict[date, Decimal]]:
    """Sum what breaks make of each business day, by currency."""
    found: dict[str, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in plain_rows(bridge_by_day):
        if row["business_date"] is not None:
            own = found[row["currency"]]
            own[row["business_date"]] += Decimal(0) if row["step"] in _ENDS else row["amount"]
    return {currency: dict(sorted(days.items())) for currency, days in sorted(found.items())}


def _weeks(days: Variances) -> list[date]:
    """List the Mondays of the weeks that have a day."""
    return sorted({day - timedelta(days=day.weekday()) for day in days})


def _draw(ax: Axes, days: Variances, currency: str, language: str) -> None:
    weeks = _weeks(days)
    largest = max(abs(variance) for variance in days.values())
    for day, variance in days.items():
        place = weeks.index(day - timedelta(days=day.weekday()))
        _draw_day(ax, (day.weekday(), place), day, variance, largest, language)
    ax.set_xlim(0, _WEEK)
    ax.set_ylim(len(weeks), 0)
    ax.set_xticks([place + 0.5 for place in range(_WEEK)], _weekdays(language))
    ax.set_yticks(
        [place + 0.5 for place in range(len(weeks))],
        [format_date(week, language) for week in weeks],
    )
    ax.tick_params(length=0, labelsize=9, colors=TEXT, top=False)
    for spine in ax.spines.values():
        spine.set_visible(False)
    label = LABELS.say("calendar_chart.axis", language, {"currency": unit_of(currency)})
    ax.set_xlabel(label, parse_math=False)
    title(ax, _finding(days, currency, language))


def _draw_day(
    ax: Axes,
    corner: tuple[int, int],
    day: date,
    variance: Decimal,
    largest: Decimal,
    language: str,
) -> None:
    x, y = corner
    strength = float(abs(variance) / largest) if variance else 0.0
    colour = _shade(OVER if variance > 0 else SHORT, strength) if variance else to_rgb("white")
    ax.add_patch(
        Rectangle((x + 0.03, y + 0.05), 0.94, 0.9, facecolor=colour, edgecolor=GRID, lw=1)
    )
    ink = "white" if variance and strength > _DARK else TEXT
    ax.text(
        x + 0.08, y + 0.12, str(day.day), va="top", fontsize=8, color=ink if variance else FAINT
    )
    text = signed(variance, None, language) if variance else "✓"
    ax.text(
        x + 0.5,
        y + 0.6,
        text,
        ha="center",
        va="center",
        fontsize=9,
        color=ink if variance else FAINT,
        parse_math=False,
    )


def _shade(colour: str, strength: float) -> tuple[float, float, float]:
    """Mix a colour with white: the smallest variance can still be seen."""
    depth = _PALEST + (1 - _PALEST) * strength
    red, green, blue = (1 - depth * (1 - part) for part in to_rgb(colour))
    return red, green, blue


def _weekdays(language: str) -> list[str]:
    from babel.dates import get_day_names

    names = get_day_names("abbreviated", locale=language)
    return [str(names[place]) for place in range(_WEEK)]


def _finding(days: Variances, currency: str, language: str) -> str:
    off = {day: variance for day, variance in days.items() if variance}
    count = format_number(len(days), language)
    if not off:
        return LABELS.say("calendar_chart.agree", language, {"days": count})
    worst = max(off, key=lambda day: (abs(off[day]), day))
    values = {
        "off": format_number(len(off), language),
        "days": count,
        "day": format_date(worst, language).replace(" ", "\u00a0"),
        "amount": signed(off[worst], currency, language),
    }
    return LABELS.say("calendar_chart.differ", language, values)
