"""A native chart of the bridge: bars that hang between one running total and the next."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from qerko_recon.report.labels import signed
from qerko_recon.report.walk import Step, axis_limits, finding
from qerko_recon.report.workbook.cells import Formula, cell_name
from qerko_recon.report.workbook.sheets import Sheet
from qerko_recon.report.workbook.words import Words
from qerko_recon.wording import format_money, one_line

__all__ = ["CHART_ROWS", "OVER", "SHORT", "Waterfall"]

OVER: Final = "#0072B2"
SHORT: Final = "#D55E00"
CHART_ROWS: Final = 30
"""How many rows a chart covers."""

_TOTAL: Final = "#5A5A5A"
_AMOUNT: Final = 2
_RUNNING: Final = 3
_HELPER: Final = 22
_SERIES: Final = (
    ("base", None),
    ("total", _TOTAL),
    ("over", OVER),
    ("over below zero", OVER),
    ("short", SHORT),
    ("short below zero", SHORT),
)
_LABEL: Final = _HELPER + len(_SERIES)
_SIZE: Final = {"width": 890, "height": 570}
_ZERO: Final = Decimal(0)


class Waterfall:
    """The chart of one currency.

    Parameters
    ----------
    sheet
        The bridge's, its table written.
    first
        The row of the walk's first step, counted from 0.
    """

    def __init__(
        self, sheet: Sheet, words: Words, first: int, steps: Sequence[Step], currency: str
    ) -> None:
        self._sheet = sheet
        self._words = words
        self._first = first
        self._steps = steps
        self._currency = currency

    def write_helpers(self) -> None:
        """Write what the chart stacks, out of the way to the right."""
        worksheet = self._sheet.worksheet
        worksheet.set_column(_HELPER, _LABEL, 11)
        faint = self._sheet.book.format("faint_text")
        worksheet.write_string(0, _HELPER, self._words.say("workbook.for_chart"), faint)
        for row, step in enumerate(self._steps, start=self._first):
            for shift, (text, value) in enumerate(_helpers(step, row)):
                self._sheet.write(row, _HELPER + shift, Formula(text, value), "faint")

    def drawn(self) -> Any:
        """Stack the bars over an invisible base; labels ride on an invisible line on top."""
        workbook = self._sheet.book.workbook
        chart: Any = workbook.add_chart({"type": "column", "subtype": "stacked"})
        for shift, (title, colour) in enumerate(_SERIES):
            fill = {"color": colour} if colour else {"none": True}
            series = self._series(_HELPER + shift, title)
            chart.add_series({**series, "gap": 40, "fill": fill, "border": {"none": True}})
        tops: Any = workbook.add_chart({"type": "line"})
        tops.add_series(
            {
                **self._series(_LABEL, "labels"),
                "line": {"none": True},
                "marker": {"type": "none"},
                "data_labels": {
                    "value": True,
                    "custom": [{"value": self._label(step)} for step in self._steps],
                    "position": "above",
                    "font": {"size": 8},
                },
            }
        )
        chart.combine(tops)
        self._dress(chart)
        return chart

    def _series(self, column: int, title: str) -> dict[str, Any]:
        name, last = self._words.sheet("bridge"), self._first + len(self._steps) - 1
        return {
            "name": title,
            "categories": [name, self._first, 1, last, 1],
            "values": [name, self._first, column, last, column],
        }

    def _label(self, step: Step) -> str:
        if step.is_total:
            return format_money(step.amount, None, self._words.language)
        return signed(step.amount, None, self._words.language)

    def _dress(self, chart: Any) -> None:
        words, currency = self._words, self._currency
        low, high = axis_limits(self._steps)
        limits: dict[str, float] = {}
        below: dict[str, Any] = {}
        if low > 0 or high < 0:
            limits = {"min": float(low), "max": float(high)}
            end, key = (low, "cut") if low > 0 else (high, "cut_end")
            shown = format_money(end, currency, words.language)
            note = words.say(f"chart.{key}", {"start": shown, "end": shown})
            below = {"name": note, "name_font": {"size": 9, "bold": False, "italic": True}}
        chart.set_y_axis(
            {
                "name": words.say("chart.axis", {"currency": one_line(currency)}),
                "name_font": {"size": 9, "bold": False},
                "num_format": "#,##0",
                "major_gridlines": {"visible": True, "line": {"color": "#E4E4E4"}},
                **limits,
            }
        )
        chart.set_x_axis({"num_font": {"size": 9}, "label_position": "low", **below})
        title = finding(self._steps, currency, words.language)
        chart.set_title({"name": title, "name_font": {"size": 12}, "overlay": False})
        chart.set_legend({"none": True})
        chart.set_size(_SIZE)


def _helpers(step: Step, row: int) -> list[tuple[str, Decimal]]:
    """Give formula and value of each stacked series, and of where the label stands."""
    now = cell_name(row, _RUNNING)
    nothing = ("=0", _ZERO)
    if step.is_total:
        amount = cell_name(row, _AMOUNT)
        top = (f"=MAX({amount},0)", max(step.amount, _ZERO))
        return [nothing, (f"={amount}", step.amount), *[nothing] * 4, top]
    was, end = step.start, step.running
    before = cell_name(row - 1, _RUNNING)
    return [
        (
            f"=MAX(MIN({before},{now}),0)+MIN(MAX({before},{now}),0)",
            max(min(was, end), _ZERO) + min(max(was, end), _ZERO),
        ),
        nothing,
        (f"=MAX(MAX({now},0)-MAX({before},0),0)", _rise(was, end)),
        (f"=MIN(MIN({before},0)-MIN({now},0),0)", -_rise(-end, -was)),
        (f"=MAX(MAX({before},0)-MAX({now},0),0)", _rise(end, was)),
        (f"=MIN(MIN({now},0)-MIN({before},0),0)", -_rise(-was, -end)),
        (f"=MAX({before},{now})", max(was, end)),
    ]


def _rise(start: Decimal, end: Decimal) -> Decimal:
    """Give how far above zero a way leads up; 0 where it leads down or stays below."""
    return max(max(end, _ZERO) - max(start, _ZERO), _ZERO)
