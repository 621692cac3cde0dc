"""The workbook's bridge: its frame in, a table of formulas and a native chart out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import pandas as pd

from qerko_recon.recon.sentences import kind_name
from qerko_recon.report.labels import LABELS, signed
from qerko_recon.report.sheets import Column, Formula, Kind, Sheet, cell_name
from qerko_recon.report.walk import Step, axis_limits, finding, walks_of
from qerko_recon.wording import format_money, one_line

__all__ = ["write_bridge"]

_OVER: Final = "#0072B2"
_SHORT: Final = "#D55E00"
_TOTAL: Final = "#5A5A5A"
_AMOUNT: Final = 2
_RUNNING: Final = 3
_CHART: Final = 6
_HELPER: Final = 21
_SERIES: Final = (
    ("base", None),
    ("total", _TOTAL),
    ("over", _OVER),
    ("over below zero", _OVER),
    ("short", _SHORT),
    ("short below zero", _SHORT),
)
_LABEL: Final = _HELPER + len(_SERIES)
_CHART_ROWS: Final = 24
_ZERO: Final = Decimal(0)
_SUMMED: Final = ("settled", "posted", "variance", "currency", "kind")


def write_bridge(sheet: Sheet, bridge: pd.DataFrame, name: str, language: str) -> None:
    """Write the steps as formulas over the breaks, and a chart for each currency below."""
    walks = walks_of(bridge)
    shapes: tuple[tuple[str, Kind, int], ...] = (
        ("currency", "text", 9),
        ("step", "text", 34),
        ("amount", "money", 15),
        ("running", "money", 15),
        ("breaks", "count", 10),
    )
    columns = [
        Column(LABELS.say(f"column.{heading}", language), kind, width)
        for heading, kind, width in shapes
    ]
    rows: list[list[object]] = []
    firsts: dict[str, int] = {}
    for currency, steps in walks.items():
        firsts[currency] = len(rows) + 1
        for step in steps:
            rows.append(_row(currency, step, len(rows) + 1, language))
    sheet.table("Bridge", columns, rows, frozen_columns=2)
    for place, (currency, steps) in enumerate(walks.items()):
        first = firsts[currency]
        _write_helpers(sheet, first, steps, language)
        chart = _chart(sheet, name, currency, first, steps, language)
        sheet.worksheet.insert_chart(1 + place * _CHART_ROWS, _CHART, chart)
    sheet.worksheet.set_column(_HELPER, _LABEL, 11)
    last = max(len(rows), 1 + len(walks) * _CHART_ROWS)
    sheet.worksheet.print_area(0, 0, last, _HELPER - 2)


def _row(currency: str, step: Step, row: int, language: str) -> list[object]:
    """Write a step; amounts come from the sheets they sum up."""
    name = _step_name(step, language)
    own = f"$A{row + 1}"
    words = {heading: LABELS.say(f"column.{heading}", language) for heading in _SUMMED}
    if step.name == "settled":
        amount = f"=SUMIFS(Payments[{words['settled']}],Payments[{words['currency']}],{own})"
        running = f"=C{row + 1}"
    elif step.name == "posted":
        amount = f"=SUMIFS(SourceRows[{words['posted']}],SourceRows[{words['currency']}],{own})"
        running = f"=D{row}"
    else:
        amount = (
            f"=SUMIFS(Breaks[{words['variance']}],Breaks[{words['currency']}],{own},"
            f"Breaks[{words['kind']}],$B{row + 1})"
        )
        running = f"=D{row}+C{row + 1}"
    return [
        currency,
        name,
        Formula(amount, step.amount),
        Formula(running, step.running),
        None if step.is_total else step.breaks,
    ]


def _step_name(step: Step, language: str) -> str:
    if step.is_total:
        return LABELS.say(f"column.{step.name}", language)
    return kind_name(step.name, language)


def _write_helpers(sheet: Sheet, first: int, steps: list[Step], language: str) -> None:
    """Write what the chart stacks: bars that hang between one running total and the next."""
    faint = sheet.book.format("faint_text")
    sheet.worksheet.write_string(0, _HELPER, LABELS.say("workbook.for_chart", language), faint)
    for place, step in enumerate(steps):
        row = first + place
        for shift, (text, value) in enumerate(_helpers(step, row)):
            sheet.write(row, _HELPER + shift, Formula(text, value), "faint")


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


def _chart(
    sheet: Sheet, name: str, currency: str, first: int, steps: list[Step], language: str
) -> Any:
    """Stack the bars over an invisible base; labels ride on an invisible line along the tops."""
    workbook = sheet.book.workbook
    last = first + len(steps) - 1

    def series(column: int, title: str) -> dict[str, Any]:
        return {
            "name": title,
            "categories": [name, first, 1, last, 1],
            "values": [name, first, column, last, column],
        }

    chart: Any = workbook.add_chart({"type": "column", "subtype": "stacked"})
    for shift, (title, colour) in enumerate(_SERIES):
        fill = {"color": colour} if colour else {"none": True}
        chart.add_series(
            {**series(_HELPER + shift, title), "gap": 40, "fill": fill, "border": {"none": True}}
        )
    tops: Any = workbook.add_chart({"type": "line"})
    texts = [{"value": _label(step, language)} for step in steps]
    tops.add_series(
        {
            **series(_LABEL, "labels"),
            "line": {"none": True},
            "marker": {"type": "none"},
            "data_labels": {
                "value": True,
                "custom": texts,
                "position": "above",
                "font": {"size": 8},
            },
        }
    )
    chart.combine(tops)
    _dress(chart, steps, currency, language)
    return chart


def _label(step: Step, language: str) -> str:
    if step.is_total:
        return format_money(step.amount, None, language)
    return signed(step.amount, None, language)


def _dress(chart: Any, steps: list[Step], currency: str, language: str) -> None:
    unit = one_line(currency)
    low, high = axis_limits(steps)
    limits: dict[str, float] = {}
    below: dict[str, Any] = {}
    if low > 0 or high < 0:
        limits = {"min": float(low), "max": float(high)}
        end, key = (low, "cut") if low > 0 else (high, "cut_end")
        shown = format_money(end, currency, language)
        note = LABELS.say(f"chart.{key}", language, {"start": shown, "end": shown})
        below = {"name": note, "name_font": {"size": 9, "bold": False, "italic": True}}
    chart.set_y_axis(
        {
            "name": LABELS.say("chart.axis", language, {"currency": unit}),
            "name_font": {"size": 9, "bold": False},
            "num_format": "#,##0",
            "major_gridlines": {"visible": True, "line": {"color": "#E4E4E4"}},
            **limits,
        }
    )
    chart.set_x_axis({"num_font": {"size": 9}, "label_position": "low", **below})
    title = finding(steps, currency, language)
    chart.set_title({"name": title, "name_font": {"size": 12}, "overlay": False})
    chart.set_legend({"none": True})
    chart.set_size({"width": 890, "height": 460})
