"""The bridge as a chart: its frame in, a figure out."""

from __future__ import annotations

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
    TOTAL,
    Chart,
    dress,
    panels,
    say_nothing,
    title,
    unit_of,
    write_money_ticks,
)
from qerko_recon.report.labels import LABELS, signed
from qerko_recon.report.walk import Step, axis_limits, finding, walks_of
from qerko_recon.wording import format_money, format_number, language_of

__all__ = ["OVER", "SHORT", "Chart", "bridge_chart"]

_ROW: Final = 0.42
_FRAME: Final = 1.55
_BAR: Final = 0.62
_THIN: Final = Decimal("0.004")


def bridge_chart(
    bridge: pd.DataFrame,
    *,
    currency: str | None = None,
    language: str = "en",
    ax: Axes | None = None,
) -> Figure:
    """Draw the walk from the settled to the posted total, a bar a kind of break.

    Parameters
    ----------
    bridge
        ``result.bridge``: the columns of :data:`qerko_recon.schema.BRIDGE`.
    currency
        The one currency to draw; all of them by default, a panel each.
    language
        ``cs``, ``de``, ``en`` or ``sk``.
    ax
        Axes to draw into, in place of a figure of its own; takes one currency.

    Returns
    -------
    matplotlib.figure.Figure
        The finding is its title. Where steps are small beside the totals the axis is cut,
        which the totals' bars and the axis label show.

    Raises
    ------
    ReconciliationError
        The bridge does not have that currency, or has several and ``ax`` takes one.
    """
    language = language_of(language)
    walks = walks_of(bridge, currency)
    heights = [len(steps) * _ROW + _FRAME for steps in walks.values()] or [_FRAME]
    figure, axes = panels(list(walks), heights, ax)
    for panel, (name, steps) in zip(axes, walks.items(), strict=False):
        _draw(panel, steps, name, language)
    if not walks:
        say_nothing(axes[0], LABELS.say("chart.nothing", language))
    return figure


def _draw(ax: Axes, steps: list[Step], currency: str, language: str) -> None:
    low, high = axis_limits(steps)
    for place, step in enumerate(steps):
        _draw_step(ax, place, step, (low, high), currency, language)
    _connect(ax, steps)
    ax.set_xlim(float(low), float(high))
    ax.set_ylim(len(steps) - 0.4, -0.6)
    ax.set_yticks(range(len(steps)), [step.said(language) for step in steps])
    title(ax, finding(steps, currency, language))
    ax.set_xlabel(_axis_label(steps, (low, high), currency, language), parse_math=False)
    write_money_ticks(ax, language)
    dress(ax)


def _draw_step(
    ax: Axes,
    place: int,
    step: Step,
    limits: tuple[Decimal, Decimal],
    currency: str,
    language: str,
) -> None:
    low, high = limits
    start = min(max(step.start, low), high)
    width = float(step.running - start)
    ax.barh(place, width, left=float(start), height=_BAR, color=_colour(step), zorder=2)
    if abs(step.amount) < _THIN * (high - low):
        x, half = float(step.running), _BAR / 2
        ax.plot([x, x], [place - half, place + half], color=_colour(step), lw=2, zorder=2)
    if step.is_total and start != step.start:
        _mark_cut(ax, place, low_side=start == low)
    end = max(step.running, start)
    ax.annotate(
        _label(step, currency, language),
        (float(end), place),
        xytext=(5, 0),
        textcoords="offset points",
        va="center",
        fontsize=9,
        color=TEXT,
        parse_math=False,
    )


def _mark_cut(ax: Axes, place: int, *, low_side: bool) -> None:
    """Break a total's bar with two white strokes where the axis leaves out the rest."""
    x = 0.012 if low_side else 0.988
    for shift in (0.0, 0.008):
        ax.plot(
            [x + shift - 0.004, x + shift + 0.004],
            [place + _BAR / 2 + 0.06, place - _BAR / 2 - 0.06],
            transform=ax.get_yaxis_transform(),
            color="white",
            lw=2,
            zorder=3,
            gid="cut",
        )


def _connect(ax: Axes, steps: list[Step]) -> None:
    for place, step in enumerate(steps[:-1]):
        x = float(step.running)
        ax.plot([x, x], [place, place + 1], color=FAINT, lw=0.8, zorder=1)


def _colour(step: Step) -> str:
    if step.is_total or not step.amount:
        return TOTAL
    return OVER if step.amount > 0 else SHORT


def _label(step: Step, currency: str, language: str) -> str:
    if step.is_total:
        return format_money(step.amount, currency, language)
    return f"{signed(step.amount, currency, language)} · {format_number(step.breaks, language)}×"


def _axis_label(
    steps: list[Step], limits: tuple[Decimal, Decimal], currency: str, language: str
) -> str:
    label = LABELS.say("chart.axis", language, {"currency": unit_of(currency)})
    low, high = (limit.quantize(Decimal("0.01")) for limit in limits)
    for cut, key, end in ((low > 0, "cut", low), (high < 0, "cut_end", high)):
        if cut and any(step.amount for step in steps if step.is_total):
            shown = format_money(end, currency, language)
            label += f"\n({LABELS.say(f'chart.{key}', language, {'start': shown, 'end': shown})})"
    return label
