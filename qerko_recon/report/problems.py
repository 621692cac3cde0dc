"""What of an export could not be read: a problem's text in, the same in a language out.

A problem is kept as an English text. One of a known form is said anew, with amounts as the
language writes them; any other stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from qerko_recon.report.labels import LABELS
from qerko_recon.wording import format_money, format_number, one_line

__all__ = ["problem_text"]

_LONG: Final = 400
_ADVICE: Final = "; correct it in the POS or in the file, and read it again"
_SUMS: Final = (
    r"the totals line says (?P<said>-?[\d.]+), the rows above add up to (?P<added>-?[\d.]+); "
)
_MONEY: Final = frozenset({"said", "added", "gap", "amount", "tip", "both", "total"})
_NUMBERS: Final = frozenset({"rows", "cells", "width"})
_BY_MARK: Final = {",": "amount_comma", ".": "amount_point"}
_FORMS: Final[Mapping[str, re.Pattern[str]]] = {
    name: re.compile("".join(parts))
    for name, *parts in (
        ("amount", r".+ is not an amount(?: with '(?P<mark>[.,])' as the decimal mark)?"),
        ("too_long", r".+ does not fit: at most 12 digits before and 6 after .+"),
        ("too_large", r"amount and tip together do not fit: at most 12 digits before .+"),
        ("empty", r"the amount is empty, so what this line posts is not known; fill it in"),
        (
            "totals_unread",
            _SUMS,
            r"the (?P<gap>-?[\d.]+) between them may be the (?:row|(?P<rows>\d+) rows) ",
            r"whose amount cannot be read",
        ),
        (
            "totals_gap",
            _SUMS,
            r"(?P<gap>-?[\d.]+) is not accounted for: a row may be missing from the export",
        ),
        (
            "total",
            r"amount (?P<amount>-?[\d.]+) and tip (?P<tip>-?[\d.]+) make (?P<both>-?[\d.]+), ",
            r"yet the total is (?P<total>-?[\d.]+); amount and tip were taken, .+",
        ),
        (
            "total_inside",
            r"the amount (?P<amount>-?[\d.]+) contains the tip in this file, ",
            r"yet the total is (?P<total>-?[\d.]+); amount and tip were taken, .+",
        ),
        ("moment", r"this is no date and time that can be read"),
        ("currency", r"this is no currency code of three letters such as CZK or EUR"),
        (
            "currency_beside",
            r"the amount beside is in (?P<currency>\w+); the currency column was taken",
        ),
        (
            "broken",
            r"the row has (?P<cells>\d+) cells, the header has (?P<width>\d+)",
            r"(?:; payment (?P<payment>.+) is in it, but not what it posts)?",
        ),
        ("id_rounded", r"Excel has rounded this ID and its digits are lost; .+"),
        ("id_cut", r"spreadsheets keep 15 digits of a number, so the last digits of this ID .+"),
        ("id_decimals", r"the spreadsheet made a number with decimals of this, .+"),
        ("id_date", r"the spreadsheet made a date of this ID; .+"),
        ("id_formula", r"the formula here gives an error, so the ID is not known; .+"),
        ("formula", r"the formula here gives (?P<cell>.+); correct it and read the file again"),
        ("several", r"this line is of Qerko and of another tender, .+"),
        (
            "overlap",
            r"line (?P<line>.+) stands in (?P<file>.+), row (?P<row>\d+), too and says something ",
            r"else there, .+",
        ),
    )
}


def problem_text(problem: str | None, language: str = "en") -> str:
    """Say what is wrong, and what to do.

    >>> problem_text("'45O,00' is not an amount with ',' as the decimal mark", "cs")
    'není to částka s desetinnou čárkou'
    >>> problem_text("the cell is on fire", "cs")
    'the cell is on fire'
    """
    text = one_line(problem or "", _LONG)
    is_advised = text.endswith(_ADVICE)
    bare = text.removesuffix(_ADVICE)
    for name, form in _FORMS.items():
        found = form.fullmatch(bare)
        if found is not None:
            values = {key: _said(key, one, language) for key, one in found.groupdict().items()}
            key = _BY_MARK.get(values.get("mark") or "", name)
            said = LABELS.say(f"problem.{key}", language, values)
            advice = LABELS.say("problem.advice", language) if is_advised else None
            return "; ".join(filter(None, (said, advice)))
    return text


def _said(name: str, value: str | None, language: str) -> str | None:
    if value is None:
        return None
    if name in _MONEY:
        return format_money(Decimal(value), None, language)
    return format_number(int(value), language) if name in _NUMBERS else value
