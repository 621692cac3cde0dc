"""A result as reports need it: frames as rows of plain Python values, breaks by kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from qerko_recon.money import MONEY, to_units, trim
from qerko_recon.recon import Reconciliation
from qerko_recon.recon.sentences import sentence

__all__ = [
    "KindOfBreaks",
    "break_rows",
    "breaks_by_kind",
    "plain_columns",
    "plain_rows",
]

Row = dict[str, Any]

_RISK: Final = Decimal(20)


@dataclass(frozen=True, slots=True)
class KindOfBreaks:
    """The breaks of one kind, and what they come to in each currency."""

    kind: str
    rows: tuple[Row, ...]
    variances: Mapping[str, Decimal]


def plain_rows(frame: pd.DataFrame) -> list[Row]:
    """Turn an Arrow-backed frame into rows of plain Python values, ``None`` for what is absent."""
    columns = {name: _plain(frame[name]) for name in frame.columns}
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def plain_columns(frame: pd.DataFrame, *names: str) -> dict[str, list[Any]]:
    """Turn columns into lists of plain Python values; money into whole millionths."""
    return {name: _column(frame[name]) for name in names}


def _column(series: pd.Series) -> list[Any]:
    column = pa.array(series)
    if column.type != MONEY:
        return list(column.to_pylist())
    units: list[Any] = to_units(column).tolist()
    if not column.null_count:
        return units
    known = column.is_valid().to_pylist()
    return [one if has else None for one, has in zip(units, known, strict=True)]


def _plain(series: pd.Series) -> list[Any]:
    values = pa.array(series).to_pylist()
    return [trim(value) if isinstance(value, Decimal) else value for value in values]


def break_rows(result: Reconciliation, language: str | None = "en") -> list[Row]:
    """List the breaks, most money at risk first, with their ``sentence`` in a language."""
    rows = plain_rows(result.breaks)
    if language is not None:
        for row in rows:
            row["sentence"] = sentence(row, language)
    return rows


def breaks_by_kind(result: Reconciliation, language: str | None = "en") -> list[KindOfBreaks]:
    """Group :func:`break_rows` by kind, the kind with most money at risk first."""
    groups: dict[str, list[Row]] = {}
    for row in break_rows(result, language):
        groups.setdefault(row["kind"], []).append(row)
    kinds = [
        KindOfBreaks(kind, tuple(rows), dict(_variances(rows))) for kind, rows in groups.items()
    ]
    return sorted(kinds, key=lambda kind: (*_risk(kind, result), kind.kind))


def _variances(rows: list[Row]) -> Iterator[tuple[str, Decimal]]:
    for currency in sorted({row["currency"] for row in rows}):
        own = [row["variance"] for row in rows if row["currency"] == currency]
        yield currency, sum(own, Decimal(0))


def _risk(kind: KindOfBreaks, result: Reconciliation) -> tuple[bool, Decimal]:
    """Weigh a kind; what one currency calls a lot makes currencies comparable."""
    harmless = all(row["severity"] == "info" for row in kind.rows)
    high = {currency: limits[1] for currency, limits in result.policy.risk.items()}
    at_risk = sum(
        (abs(row["variance"]) / (high.get(row["currency"]) or _RISK) for row in kind.rows),
        Decimal(0),
    )
    return harmless, -at_risk
