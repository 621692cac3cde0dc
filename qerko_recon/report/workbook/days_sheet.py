"""The sheet of days: the bridge of each business day on one row, which closes by formula."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import pandas as pd

from qerko_recon.report.days import DayWalk, days_of, steps_of
from qerko_recon.report.walk import step_name
from qerko_recon.report.workbook.cells import Formula, cell_name
from qerko_recon.report.workbook.sheets import Column, Sheet
from qerko_recon.report.workbook.words import Words

__all__ = ["write_days"]

_ZERO: Final = Decimal(0)


def write_days(
    sheet: Sheet, bridge_by_day: pd.DataFrame, bridge: pd.DataFrame, words: Words
) -> int:
    """Write a row a day and currency, and their totals, which are those of the summary.

    Returns
    -------
    int
        How many rows there are.
    """
    days = days_of(bridge_by_day)
    steps = steps_of(days, bridge)
    named = [name for name in {one.venue for one in days} if name]
    columns = [
        words.column("business_date", "date", [one.day for one in days]),
        words.column("currency", "unit", [one.currency for one in days]),
        *_amounts(days, steps, words),
        words.column("breaks", "count", [one.breaks for one in days]),
    ]
    first, last = 2, 3 + len(steps)
    columns.append(_closing(len(days), first, last, words))
    if len(named) > 1:
        columns.append(words.column("venue", "text", [one.venue for one in days]))
    below = sheet.table("Days", columns, frozen_columns=2)
    totals = _totals(days, steps, below + 2, words)
    sheet.plain_table("DayTotals", totals, sheet.widths[: len(totals)], at=below + 1)
    return len(days)


def _amounts(days: Sequence[DayWalk], steps: Sequence[str], words: Words) -> list[Column]:
    moves = [
        Column(
            step_name(step, words.language),
            "money",
            [one.moves.get(step, _ZERO) for one in days],
        )
        for step in steps
    ]
    return [
        words.column("settled", "money", [one.settled for one in days]),
        *moves,
        words.column("posted", "money", [one.posted for one in days]),
    ]


def _closing(rows: int, first: int, last: int, words: Words) -> Column:
    """Add up each day's walk and take away where it has to end: nothing is left."""
    checks = []
    for row in range(1, rows + 1):
        walk = "+".join(cell_name(row, place) for place in range(first, last))
        checks.append(Formula(f"=ROUND({walk}-{cell_name(row, last)},6)", 0))
    return words.column("check", "money", checks)


def _totals(
    days: Sequence[DayWalk], steps: Sequence[str], first: int, words: Words
) -> list[Column]:
    """Sum the days of each currency, and compare both ends with the summary."""
    currencies = list(dict.fromkeys(one.currency for one in days))
    by_currency = [[one for one in days if one.currency == name] for name in currencies]

    def column(heading: str, values: list[Any]) -> Column:
        own = [
            Formula(words.sum_of("Days", heading, currency=f"$B{row}"), value)
            for row, value in enumerate(values, start=first + 1)
        ]
        return Column(heading, "money", own)

    ends = {
        name: [sum((getattr(one, name) for one in own), _ZERO) for own in by_currency]
        for name in ("settled", "posted")
    }
    moves = [
        column(
            step_name(step, words.language),
            [sum((one.moves.get(step, _ZERO) for one in own), _ZERO) for own in by_currency],
        )
        for step in steps
    ]
    breaks = [
        Formula(words.sum("Days", "breaks", currency=f"$B{row}"), sum(one.breaks for one in own))
        for row, own in enumerate(by_currency, start=first + 1)
    ]
    return [
        words.column("total", "text", [words.say("report.all_days")] * len(currencies)),
        words.column("currency", "unit", currencies),
        column(words.heading("settled"), ends["settled"]),
        *moves,
        column(words.heading("posted"), ends["posted"]),
        words.column("breaks", "count", breaks),
        words.column("check", "money", _checks(len(currencies), len(steps), first, words)),
    ]


def _checks(rows: int, steps: int, first: int, words: Words) -> list[Formula]:
    checks = []
    for row in range(first, first + rows):
        gaps = []
        for name, place in (("settled", 2), ("posted", 3 + steps)):
            total = words.sum("ControlTotals", name, currency=f"$B{row + 1}").removeprefix("=")
            gaps.append(f"ABS({cell_name(row, place)}-{total})")
        checks.append(Formula(f"=ROUND({'+'.join(gaps)},6)", 0))
    return checks
