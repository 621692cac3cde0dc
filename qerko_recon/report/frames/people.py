"""A table for people and their spreadsheets: Arrow columns in, text in a language out.

Amounts have the language's decimal mark, days its form, times the venue's zone, words its words.
A text that a spreadsheet would take for something else (a formula, a number that loses its
leading zeros, a date) gets an apostrophe in front.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import pyarrow as pa

from qerko_recon.money import MONEY, SCALE, to_units
from qerko_recon.recon.sentences import action, cause, kind_name, sentence, severity_name
from qerko_recon.report.labels import LABELS, term
from qerko_recon.report.walk import step_name

__all__ = ["MARKS", "as_people_read", "safe"]

MARKS: Final[Mapping[str, tuple[str, str]]] = {
    "cs": (";", ","),
    "de": (";", ","),
    "en": (",", "."),
    "sk": (";", ","),
}
"""Between cells and before decimals, as each language's spreadsheets expect."""

_DAY: Final = {"en": "%Y-%m-%d"}
_EUROPEAN_DAY: Final = "%d.%m.%Y"
_ONE: Final = 10**SCALE
_CENTS: Final = 2
_LEADING: Final = frozenset("=+-@\t\r\n")
_LIKE_A_NUMBER: Final = re.compile(
    r"[\d\s.,]*\d[\d\s.,]*(?:[eE][+-]?\d+)?%?"  # 0042, 1 000, 1.50, 1e5
    r"|\d{1,4}([-./])\s?\d{1,2}(?:\1\s?\d{1,4})?"  # 12/5, 2026-11-20
    r"|\d{1,3}:\d{1,2}(?::\d{1,2})?(?:\s?[AaPp][Mm])?"  # 12:30
)
_SAFE_NUMBER: Final = re.compile(r"0|[1-9]\d{0,10}")

_Row = dict[str, Any]
_Say = Callable[[Any, str], str]


def as_people_read(name: str, table: pa.Table, language: str, zone: str) -> pa.Table:
    """Write one of a result's tables as people of a language read it, headings and all."""
    if name == "breaks":
        table = _with_sentences(table, language)
    words = _WORDS.get(name, {})
    columns = {}
    for heading in table.column_names:
        if heading not in _FOR_MACHINES:
            say = words.get(heading)
            values = _values(table[heading], language, ZoneInfo(zone), say)
            columns[_heading(heading, language, zone)] = pa.array(values, pa.string())
    return pa.table(columns)


def safe(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would take for something else.

    >>> safe("=1+1"), safe("0042"), safe("12/5"), safe("1048"), safe("2026-11-20/0042")
    ("'=1+1", "'0042", "'12/5", '1048', '2026-11-20/0042')
    """
    if text[:1] in _LEADING and text:
        return f"'{text}"
    if _LIKE_A_NUMBER.fullmatch(text) and not _SAFE_NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def _heading(name: str, language: str, zone: str) -> str:
    key = f"field.{name}"
    return LABELS.say(key, language, {"zone": zone}) if LABELS.knows(key) else name


def _values(
    column: pa.ChunkedArray, language: str, zone: ZoneInfo, say: _Say | None
) -> list[str | None]:
    if column.type == MONEY:
        return _amounts(column, MARKS[language][1])
    values = column.to_pylist()
    if say is not None:
        known = {one: safe(say(one, language)) for one in set(values) if one is not None}
        return [known.get(one) for one in values]
    write = _writer(column.type, language, zone)
    return [None if one is None else write(one) for one in values]


def _writer(kind: pa.DataType, language: str, zone: ZoneInfo) -> Callable[[Any], str]:
    day = _DAY.get(language, _EUROPEAN_DAY)

    def as_time(value: datetime) -> str:
        return value.astimezone(zone).strftime(f"{day} %H:%M:%S")

    def as_day(value: date) -> str:
        return value.strftime(day)

    def as_list(values: list[Any]) -> str:
        return safe(", ".join(map(str, values)))

    if pa.types.is_timestamp(kind):
        return as_time
    if pa.types.is_date(kind):
        return as_day
    if pa.types.is_list(kind):
        return as_list
    if pa.types.is_boolean(kind):
        return lambda value: term("setting_value", "yes" if value else "no", language)
    if pa.types.is_floating(kind):
        return lambda value: repr(value).replace(".", MARKS[language][1])
    return str if pa.types.is_integer(kind) else lambda value: safe(str(value))


def _amounts(column: pa.ChunkedArray, mark: str) -> list[str | None]:
    known = column.is_valid().to_pylist()
    units = to_units(column).tolist()
    return [_amount(one, mark) if has else None for one, has in zip(units, known, strict=True)]


def _amount(units: int, mark: str) -> str:
    """Write millionths, with two decimals or as many as there are."""
    whole, part = divmod(abs(units), _ONE)
    decimals = f"{part:0{SCALE}d}".rstrip("0").ljust(_CENTS, "0")
    return f"{'-' if units < 0 else ''}{whole}{mark}{decimals}"


def _with_sentences(table: pa.Table, language: str) -> pa.Table:
    """Say each break, its cause and what to do in the language."""
    rows: list[_Row] = table.to_pylist()
    at = table.column_names.index("kind")
    said = pa.array([sentence(row, language) for row in rows], pa.string())
    table = table.add_column(at, "sentence", said)
    for name, say in (("cause", cause), ("action", action)):
        texts = pa.array([say(row, language) for row in rows], pa.string())
        table = table.set_column(table.column_names.index(name), name, texts)
    return table


def _term(table: str) -> _Say:
    return lambda value, language: term(table, value, language)


# Codes and JSON: what they say stands beside them in words.
_FOR_MACHINES: Final = frozenset({"reason", "field", "facts", "raw", "cause_kind"})
_WORDS: Final[Mapping[str, Mapping[str, _Say]]] = {
    "breaks": {"kind": kind_name, "severity": severity_name},
    "matches": {
        "kind": _term("match_kind"),
        "status": _term("match_status"),
        "rule": _term("rule"),
    },
    "bridge": {"step": step_name},
    "bridge_by_day": {"step": step_name},
    "tenders": {"state": _term("tender_state")},
    "others": {"state": _term("tender_state")},
    "failures": {"kind": _term("failure")},
    "sources": {"kind": _term("side")},
    "candidates": {
        "about": _term("about"),
        "price": _term("setting_value"),
        "tip_basis": _term("setting_value"),
        "tip_layout": _term("setting_value"),
    },
    "readings": {
        "setting": _term("setting"),
        "value": _term("setting_value"),
        "chosen": _term("chosen"),
    },
}
