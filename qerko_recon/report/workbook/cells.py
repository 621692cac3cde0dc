"""What a cell can hold, and how it looks: plain values in, XlsxWriter's calls out.

Data never become formulas: every text is written as a string. Amounts are doubles in an Excel
file, exact to fifteen digits; one with more digits is written as text, whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from xlsxwriter.utility import xl_rowcol_to_cell

from qerko_recon.money import SCALE, trim, unit_to_decimal

__all__ = [
    "CHARACTERS",
    "DATES",
    "FORMATS",
    "NUMBERS",
    "Formula",
    "Kind",
    "Link",
    "as_units",
    "cell_name",
    "encodable",
    "fitting",
    "is_fine",
    "is_long",
    "written_out",
]

CHARACTERS: Final = 32_767
"""The most UTF-16 units that a cell holds."""

_SURE: Final = CHARACTERS // 2
_CENT: Final = 10_000  # millionths
_DIGITS: Final = 15
_MONEY: Final = '#,##0.00;[Red]-#,##0.00;"–"'
_FINE_MONEY: Final = '#,##0.00####;[Red]-#,##0.00####;"–"'

Kind = Literal[
    "id", "text", "unit", "long", "money", "count", "share", "place", "date", "time", "link"
]

NUMBERS: Final = frozenset({"money", "count", "share"})
"""Kinds that stand to the right."""

DATES: Final[Mapping[str, str]] = {
    "cs": "dd.mm.yyyy",
    "de": "dd.mm.yyyy",
    "en": "dd mmm yyyy",
    "sk": "dd.mm.yyyy",
}
"""How a day is shown in each language."""

_INK: Final = "#1F2D3A"
_PAPER: Final = "#FFFFFF"
_HEAD: Final = {
    "bold": True,
    "text_wrap": True,
    "valign": "vcenter",
    "font_color": _PAPER,
    "bg_color": _INK,
}
FORMATS: Final[Mapping[str, Mapping[str, object]]] = {
    "id": {"num_format": "@"},
    "text": {"num_format": "@"},
    "unit": {"num_format": "@", "align": "left", "indent": 1},
    "long": {"text_wrap": True, "align": "left", "indent": 1},
    "money": {"num_format": _MONEY},
    "fine": {"num_format": _FINE_MONEY},
    "strong_money": {"num_format": _MONEY, "bold": True},
    "count": {"num_format": "#,##0"},
    "share": {"num_format": "0.00%"},
    "place": {"num_format": "0", "align": "left"},
    "date": {"align": "left"},
    "time": {"align": "left"},
    "link": {"font_color": "#0563C1", "underline": 1},
    "long_link": {
        "font_color": "#0563C1",
        "underline": 1,
        "text_wrap": True,
        "align": "left",
        "indent": 1,
    },
    "high": {"bold": True, "font_color": "#B3261E"},
    "medium": {"bold": True, "font_color": "#8A5A00"},
    "title": {"bold": True, "font_size": 16, "font_color": _INK},
    "strong": {"bold": True, "text_wrap": True, "font_size": 12},
    "heading": {"bold": True, "font_size": 12, "font_color": _INK, "valign": "vcenter"},
    "head": _HEAD,
    "head_unit": {**_HEAD, "align": "left", "indent": 1},
    "head_number": {**_HEAD, "align": "right", "indent": 1},
    "head_filtered": {**_HEAD, "align": "right", "indent": 2},
    "line": {"bottom": 1},
    "signed": {"bold": True, "valign": "bottom"},
    "to_sign": {"font_color": "#5C5C5C", "valign": "bottom", "align": "right"},
    "hint": {"font_color": "#5C5C5C", "italic": True, "text_wrap": True},
    "faint": {"font_color": "#808080", "num_format": "#,##0.00"},
    "faint_text": {"font_color": "#5C5C5C"},
}
"""What each format adds to the plain one; dates get theirs from the language."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula of ours, with the value that a preview shows."""

    text: str
    value: Decimal | int


@dataclass(frozen=True, slots=True)
class Link:
    """A jump to a cell, or a block of cells, of another sheet of the same file."""

    sheet: str
    cell: str
    text: str


def cell_name(row: int, place: int) -> str:
    """Give a cell's name, such as ``B7``, from its row and column counted from 0."""
    return str(xl_rowcol_to_cell(row, place))


def as_units(value: Decimal | int) -> int:
    """Give an amount in millionths, which is what an integer in a money column is."""
    return value if isinstance(value, int) else int(value.scaleb(SCALE))


def is_fine(units: int) -> bool:
    """Tell whether an amount has more than two decimals."""
    return units % _CENT != 0


def is_long(units: int) -> bool:
    """Tell whether an amount has more digits than a double keeps.

    >>> is_long(123_456_789_012_345), is_long(1_234_567_890_123_456), is_long(10**17)
    (False, True, False)
    """
    if abs(units) < 10**_DIGITS:
        return False
    return len(str(abs(units)).rstrip("0")) > _DIGITS


def written_out(units: int) -> str:
    """Write an amount with all its digits.

    >>> written_out(-1_500_000)
    '-1.50'
    """
    return f"{trim(unit_to_decimal(units)):f}"


def fitting(value: object) -> str:
    """Bring any value to a text that a cell holds, and say where it was cut."""
    text = encodable(value if isinstance(value, str) else str(value))
    if len(text) <= _SURE or len(text.encode("utf-16-le")) // 2 <= CHARACTERS:
        return text
    mark = f"… ({len(text)})"
    units = text.encode("utf-16-le")[: 2 * (CHARACTERS - len(mark))]
    return units.decode("utf-16-le", "ignore") + mark


def encodable(text: str) -> str:
    """Replace what no file can hold: halves of surrogate pairs, and what XML leaves out."""
    if text.isascii():
        return text
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
