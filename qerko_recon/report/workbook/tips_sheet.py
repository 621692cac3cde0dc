"""The sheet of tips: gross, fee and net by provider, what was booked of them, and a chart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any, Final

from qerko_recon.recon import Reconciliation
from qerko_recon.report.tips import TipRow, tip_finding, tip_totals, tips_by_provider
from qerko_recon.report.workbook.cells import Formula, Kind
from qerko_recon.report.workbook.sheets import Column, Sheet
from qerko_recon.report.workbook.waterfall import OVER, SHORT
from qerko_recon.report.workbook.words import Words
from qerko_recon.wording import format_money, one_line

__all__ = ["write_tips"]

_GROSS, _FEE, _NET = 3, 4, 6
_CHART_ROWS: Final = 24
_SIZE: Final = {"width": 890, "height": 440}
_WIDTHS: Final = (30, 11, 13, 15, 14, 14, 15, 16, 16, 14, 14)
_PLACES: Final = 6
_ZERO: Final = Decimal(0)

_Value = Callable[[int, TipRow], object]


def write_tips(sheet: Sheet, result: Reconciliation, words: Words) -> None:
    """Write the tips of each provider, their totals, which tie to the rows, and the charts."""
    rows = tips_by_provider(result)
    columns = _columns(rows, 2, words, _own)
    below = sheet.table("Tips", columns)
    sheet.worksheet.set_column(len(columns), len(columns), _WIDTHS[-1])
    totals = tip_totals(rows)
    at = below + 1
    sheet.plain_table("TipTotals", _total_columns(totals, at + 2, words), _WIDTHS, at=at)
    place = at + len(totals) + 3
    first = 1
    for currency, group in groupby(rows, lambda row: row.currency):
        own = list(group)
        paid = [row for row in own if row.provider is not None]
        if any(row.gross for row in paid):
            chart = _chart(sheet, words, first, paid, currency)
            sheet.worksheet.insert_chart(place, 0, chart)
            place += _CHART_ROWS
        first += len(own)


def _columns(
    rows: Sequence[TipRow], first: int, words: Words, value: Callable[[str], _Value]
) -> list[Column]:
    shapes: tuple[tuple[str, Kind], ...] = (
        ("currency", "unit"),
        ("payments", "count"),
        ("gross", "money"),
        ("fee", "money"),
        ("rate", "share"),
        ("net", "money"),
        ("settled_tip", "money"),
        ("posted_tip", "money"),
        ("variance", "money"),
    )
    names = [row.name(words.language) for row in rows]
    columns = [words.column("provider", "text", names, _WIDTHS[0])]
    for (name, kind), width in zip(shapes, _WIDTHS[1:], strict=False):
        values = [value(name)(number, row) for number, row in enumerate(rows, start=first)]
        columns.append(words.column(name, kind, values, width))
    return columns


def _own(name: str) -> _Value:
    """Give a provider's value, a formula where it follows from others."""
    if name == "fee":
        return lambda number, row: Formula(f"=ROUND(D{number}-G{number},6)", row.fee)
    if name == "rate":
        return _rate
    if name == "variance":
        return _variance
    attribute = {"settled_tip": "settled", "posted_tip": "posted"}.get(name, name)
    return lambda _, row: getattr(row, attribute)


def _rate(number: int, row: TipRow) -> Formula | None:
    if row.rate is None:
        return None
    return Formula(f"=IF(D{number}=0,0,ROUND(E{number}/D{number},6))", round(row.rate, _PLACES))


def _variance(number: int, row: TipRow) -> Formula | None:
    if row.variance is None:
        return None
    return Formula(f"=ROUND(I{number}-H{number},6)", row.variance)


def _total_columns(totals: Sequence[TipRow], first: int, words: Words) -> list[Column]:
    def value(name: str) -> _Value:
        own = _own(name)
        if name in {"currency", "fee", "rate", "variance"}:
            return own
        return lambda number, row: _summed(name, own(number, row), number, words)

    columns = _columns(totals, first, words, value)
    columns[0] = words.column(
        "provider", "text", [words.say("report.all_providers")] * len(totals)
    )
    checks = [_check(number, row, words) for number, row in enumerate(totals, start=first)]
    return [*columns, words.column("check", "money", checks)]


def _summed(name: str, value: Any, number: int, words: Words) -> Formula | None:
    if value is None:
        return None
    return Formula(words.sum("Tips", name, currency=f"$B{number}"), value)


def _check(number: int, row: TipRow, words: Words) -> Formula:
    """Compare both sides' tips with their rows: nothing is left."""
    own = f"$B{number}"
    pairs = [("H", words.sum("Payments", "settled_tip", currency=own))]
    if row.posted is not None:
        pairs.append(("I", words.sum("SourceRows", "posted_tip", currency=own)))
    gaps = [f"ABS({cell}{number}-{text.removeprefix('=')})" for cell, text in pairs]
    return Formula(f"=ROUND({'+'.join(gaps)},6)", _ZERO)


def _chart(sheet: Sheet, words: Words, first: int, rows: Sequence[TipRow], currency: str) -> Any:
    """Stack the fee on the net tip, so that a bar is the gross one."""
    name, last = words.sheet("tips"), first + len(rows) - 1
    chart: Any = sheet.book.workbook.add_chart({"type": "column", "subtype": "stacked"})
    for heading, column, colour in (("net", _NET, OVER), ("fee", _FEE, SHORT)):
        chart.add_series(
            {
                "name": words.heading(heading),
                "categories": [name, first, 0, last, 0],
                "values": [name, first, column, last, column],
                "fill": {"color": colour},
                "border": {"none": True},
                "gap": 60,
            }
        )
    tops: Any = sheet.book.workbook.add_chart({"type": "line"})
    labels = [{"value": format_money(row.gross, None, words.language)} for row in rows]
    tops.add_series(
        {
            "name": words.heading("gross"),
            "categories": [name, first, 0, last, 0],
            "values": [name, first, _GROSS, last, _GROSS],
            "line": {"none": True},
            "marker": {"type": "none"},
            "data_labels": {
                "value": True,
                "custom": labels,
                "position": "above",
                "font": {"size": 9},
            },
        }
    )
    chart.combine(tops)
    unit = one_line(currency)
    chart.set_y_axis(
        {
            "name": words.say("chart.tips_axis", {"currency": unit}),
            "name_font": {"size": 9, "bold": False},
            "num_format": "#,##0",
            "major_gridlines": {"visible": True, "line": {"color": "#E4E4E4"}},
        }
    )
    chart.set_x_axis({"num_font": {"size": 9}, "label_position": "low"})
    [total] = tip_totals(list(rows))
    title = tip_finding(total, words.language)
    chart.set_title({"name": title, "name_font": {"size": 12}, "overlay": False})
    chart.set_legend({"position": "bottom", "delete_series": [2]})
    chart.set_size(_SIZE)
    return chart
