"""The sheet of the bridge: its frame in, a walk of formulas over the other sheets out."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from qerko_recon.report.walk import Step, walks_of
from qerko_recon.report.workbook.cells import Formula
from qerko_recon.report.workbook.places import Places
from qerko_recon.report.workbook.sheets import Sheet
from qerko_recon.report.workbook.waterfall import CHART_ROWS, Waterfall
from qerko_recon.report.workbook.words import Words

__all__ = ["write_bridge"]

_CHART: Final = 7
_LAST_OF_CHART: Final = 20


def write_bridge(sheet: Sheet, bridge: pd.DataFrame, places: Places, words: Words) -> None:
    """Write the steps, each linked to its breaks, and a chart for each currency beside them."""
    walks = walks_of(bridge)
    currencies: list[str] = []
    steps: list[Step] = []
    firsts: dict[str, int] = {}
    for currency, own in walks.items():
        firsts[currency] = len(steps) + 1
        currencies += [currency] * len(own)
        steps += own
    pairs = list(zip(currencies, steps, strict=True))
    columns = [
        words.column("currency", "unit", currencies),
        words.column("step", "text", [_named(*pair, places, words) for pair in pairs], 32),
        words.column("amount", "money", [_amount(*one, words) for one in enumerate(steps, 2)]),
        words.column("running", "money", [_running(*one) for one in enumerate(steps, 2)]),
        words.column("breaks", "count", [None if one.is_total else one.breaks for one in steps]),
        words.column("check", "money", [_check(*one, words) for one in enumerate(steps, 2)]),
    ]
    sheet.table("Bridge", columns, frozen_columns=2)
    for place, (currency, own) in enumerate(walks.items()):
        chart = Waterfall(sheet, words, firsts[currency], own, currency)
        chart.write_helpers()
        sheet.worksheet.insert_chart(1 + place * CHART_ROWS, _CHART, chart.drawn())
    last = max(len(steps), 1 + len(walks) * CHART_ROWS)
    sheet.worksheet.print_area(0, 0, last, _LAST_OF_CHART)


def _named(currency: str, step: Step, places: Places, words: Words) -> Any:
    name = step.said(words.language)
    return name if step.is_total else places.kind(currency, step.name, name)


def _amount(row: int, step: Step, words: Words) -> Formula:
    """Sum up the sheet that an amount comes from."""
    own = f"$A{row}"
    if step.name == "settled":
        text = words.sum("Payments", "settled", currency=own)
    elif step.name == "posted":
        text = words.sum("SourceRows", "posted", currency=own)
    else:
        text = words.sum("Breaks", "variance", currency=own, kind=f"$B{row}")
    return Formula(text, step.amount)


def _running(row: int, step: Step) -> Formula:
    if step.name == "settled":
        return Formula(f"=C{row}", step.running)
    if step.name == "posted":
        return Formula(f"=D{row - 1}", step.running)
    return Formula(f"=ROUND(D{row - 1}+C{row},6)", step.running)


def _check(row: int, step: Step, words: Words) -> Formula | None:
    """Compare a total with the summary's, and the end of the walk with what is posted: nothing."""
    if not step.is_total:
        return None
    totals, currencies = (words.cells("ControlTotals", name) for name in (step.name, "currency"))
    summary = f"SUMPRODUCT(--EXACT({currencies},$A{row}),{totals})"
    return Formula(f"=ROUND(D{row}-{summary},6)", 0)
