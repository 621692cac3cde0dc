"""What all charts share: the figure, its colours, its panels and the dress of its axes.

Only :class:`matplotlib.figure.Figure` is used, so a chart can be drawn in any thread and leaves
no global state behind.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from decimal import Decimal
from io import BytesIO
from typing import Any, Final

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from qerko_recon.errors import ReconciliationError
from qerko_recon.wording import format_money

__all__ = [
    "FAINT",
    "GRID",
    "OVER",
    "SHORT",
    "TEXT",
    "TOTAL",
    "Chart",
    "dress",
    "panels",
    "say_nothing",
    "title",
    "unit_of",
    "write_money_ticks",
    "write_percent_ticks",
]

OVER: Final = "#0072B2"
"""Okabe–Ito blue: the POS has more than Qerko."""

SHORT: Final = "#D55E00"
"""Okabe–Ito vermillion: the POS has less than Qerko."""

TOTAL: Final = "#5A5A5A"
TEXT: Final = "#1A1A1A"
FAINT: Final = "#8A8A8A"
GRID: Final = "#E4E4E4"

_UNDATED: Final[Mapping[str, Mapping[str, None]]] = {
    "png": {"Software": None},
    "pdf": {"CreationDate": None},
    "svg": {"Date": None},
}
_WIDTH: Final = 9.0
_GAP: Final = 0.08
_TITLE: Final = 74
_NO_CURRENCY: Final = "XXX"


class Chart(Figure):
    """A figure that a notebook shows by itself, without pyplot and its global state.

    Saved twice it gives the same bytes: no time and no random name goes into the file.
    """

    def savefig(self, fname: Any, **settings: Any) -> None:
        """Save the figure as matplotlib does."""
        named = getattr(fname, "name", fname)
        kind = settings.get("format") or str(named).rpartition(".")[2].lower()
        fixed = _UNDATED.get(kind, {})
        settings["metadata"] = {**fixed, **(settings.get("metadata") or {})} or None
        with rc_context({"svg.hashsalt": "qerko-recon"} if kind == "svg" else {}):
            super().savefig(fname, **settings)

    def _repr_png_(self) -> bytes:
        buffer = BytesIO()
        self.savefig(buffer, format="png", dpi=110, bbox_inches="tight")
        return buffer.getvalue()


def panels(
    names: Sequence[str], heights: Sequence[float], ax: Axes | None = None
) -> tuple[Figure, list[Axes]]:
    """Lay out a panel for each name, each as high as it asks for, or take the axes given.

    Raises
    ------
    ReconciliationError
        There are several names, or no figure, for the axes given.
    """
    if ax is None:
        figure = Chart(figsize=(_WIDTH, sum(heights)), facecolor="white")
        figure.set_layout_engine("constrained", hspace=_GAP)
        made = figure.subplots(len(heights), 1, squeeze=False, height_ratios=heights)
        return figure, list(made[:, 0])
    if len(names) > 1:
        known = ", ".join(names)
        raise ReconciliationError(f"one chart takes one currency; name one of {known}")
    own = ax.get_figure(root=True)
    if own is None:
        raise ReconciliationError("the axes given belong to no figure")
    return own, [ax]


def title(ax: Axes, text: str) -> None:
    """Write the finding above the axes."""
    wrapped = textwrap.fill(text, _TITLE)
    ax.set_title(wrapped, loc="left", fontweight="bold", color=TEXT, parse_math=False)


def dress(ax: Axes, *, grid: str = "x") -> None:
    """Take off what says nothing, and put a grid under the rest."""
    ax.grid(visible=True, axis="y" if grid == "y" else "x", color=GRID, lw=0.8, zorder=0)
    ax.set_axisbelow(True)
    ax.tick_params(axis="x" if grid == "y" else "y", length=0)
    ax.tick_params(colors=TEXT, labelsize=9)
    for side in ("top", "right", "bottom" if grid == "y" else "left"):
        ax.spines[side].set_visible(False)
    ax.spines["left" if grid == "y" else "bottom"].set_color(FAINT)


def write_money_ticks(ax: Axes, language: str) -> None:
    """Write the amounts along the x axis as the language does, without cents."""

    def write(value: float, _: object = None) -> str:
        return _short(Decimal(f"{value:.6g}"), language)

    ax.xaxis.set_major_locator(MaxNLocator(5, prune="both"))
    ax.xaxis.set_major_formatter(FuncFormatter(write))


def write_percent_ticks(axis: Axis, language: str) -> None:
    """Write the shares along an axis in hundredths, as the language does."""

    def write(value: float, _: object = None) -> str:
        return f"{_short(Decimal(f'{100 * value:.4g}'), language)}\u00a0%"

    axis.set_major_formatter(FuncFormatter(write))


def _short(value: Decimal, language: str) -> str:
    """Write a number without cents where it has none."""
    no_cents = format_money(Decimal(0), None, language)[1:]
    return format_money(value, None, language).removesuffix(no_cents)


def say_nothing(ax: Axes, text: str) -> None:
    """Say that there is nothing to draw."""
    ax.set_axis_off()
    ax.set_title(text, loc="left", fontweight="bold")


def unit_of(currency: str) -> str | None:
    """Give a currency as an axis label names it."""
    return None if currency == _NO_CURRENCY else currency
