"""What reading a file found out in, the explanation people are shown out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from qerko_recon.pos.amounts import MarkVote
from qerko_recon.pos.export import Sniffed
from qerko_recon.pos.findings import Confidence, Finding
from qerko_recon.pos.grain import Grain
from qerko_recon.pos.profile import DateOrder, Profile, TipLayout
from qerko_recon.pos.table import Table

__all__ = ["Found", "explain"]

_STATED = "the profile says so"


@dataclass(frozen=True)
class Found:
    """All that was found out about a file."""

    table: Table
    stated: Profile
    columns: Mapping[str, str]
    mark: MarkVote
    date_order: DateOrder | None
    dates_tell: bool
    tip_layout: TipLayout
    grain: Grain
    currency: str | None
    notes: tuple[str, ...]


def explain(found: Found) -> Sniffed:
    """Write down how a file was understood, how surely and why."""
    table = found.table
    has_marks = bool(found.mark.votes) or found.mark.is_open or table.encoding is not None
    return Sniffed(
        file=table.name,
        format=table.format,
        sheet=table.sheet,
        encoding=table.encoding,
        delimiter=table.layout.delimiter or None,
        decimal_mark=found.mark.mark if has_marks else None,
        date_order=found.date_order,
        header_row=table.layout.header_row or None,
        header=table.records.header,
        columns=found.columns,
        tip_layout=found.tip_layout,
        currency=found.currency,
        findings=(*_findings(found), *table.columns.findings),
        notes=found.notes,
    )


def _findings(found: Found) -> Iterator[Finding]:
    stated, mark = found.stated, found.mark
    yield from found.table.findings
    is_shown = mark.is_sure or not (mark.is_open or mark.against or _is_text(found))
    surely: Confidence = "high" if is_shown else "low" if mark.is_open else "medium"
    yield _finding("decimal_mark", mark.mark, stated.decimal_mark, surely, mark.reason)
    if found.date_order is not None:
        surely = "high" if found.dates_tell else "low"
        why = "the dates show it" if found.dates_tell else "usual in the region"
        yield _finding("date_order", found.date_order, stated.date_order, surely, why)
    layout = found.tip_layout
    surely = "low" if layout == "auto" else "high"
    why = "the columns do not say" if layout == "auto" else "the columns say so"
    own = None if stated.tip_layout == "auto" else stated.tip_layout
    yield _finding("tip_layout", layout, own, surely, why)
    yield found.grain.finding
    if found.currency is not None:
        yield _finding("currency", found.currency, stated.currency, "high", "a header says so")


def _is_text(found: Found) -> bool:
    """Tell whether amounts had to be read from text."""
    return found.table.encoding is not None


def _finding(setting: str, value: str, stated: object, surely: Confidence, why: str) -> Finding:
    if stated is not None:
        return Finding(setting, value, "stated", _STATED)
    return Finding(setting, value, surely, why)
