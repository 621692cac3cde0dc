"""The page's tables: parts of a result in, headings and rows of text out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from qerko_recon.recon import Reconciliation
from qerko_recon.recon.day_bridge import MOVED
from qerko_recon.report.days import days_of
from qerko_recon.report.evidence import evidence_text
from qerko_recon.report.labels import LABELS, percent, signed, term
from qerko_recon.report.rows import plain_rows
from qerko_recon.report.tips import TipRow
from qerko_recon.report.walk import walks_of
from qerko_recon.wording import format_date, format_money, format_number, one_line

__all__ = [
    "Cell",
    "Table",
    "bridge_table",
    "days_table",
    "readings_table",
    "sources_table",
    "suggestions_table",
    "tips_table",
    "totals_table",
]

_LONG: Final = 1000
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Cell:
    """A text, and the kind of break it leads to."""

    text: str
    kind: str | None = None

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Table:
    """Headings, rows of texts, and which columns hold numbers."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]
    numbers: tuple[int, ...] = ()


def totals_table(result: Reconciliation, language: str) -> Table:
    """Show both sides' control totals."""
    names = ("currency", "settled", "posted", "variance", "payments", "lines", "breaks")
    rows = [
        [
            one_line(total.currency),
            format_money(total.settled, None, language),
            format_money(total.posted, None, language),
            signed(total.variance, None, language),
            *(
                format_number(count, language)
                for count in (total.payments, total.tenders, total.breaks)
            ),
        ]
        for total in result.summary.totals
    ]
    return Table(_heads(language, *names), rows, (1, 2, 3, 4, 5, 6))


def bridge_table(result: Reconciliation, language: str) -> Table:
    """Show the walk from settled to posted; each kind leads to its breaks."""
    rows: list[list[str | Cell]] = []
    for currency, steps in walks_of(result.bridge).items():
        for step in steps:
            amount, kind = signed(step.amount, None, language), step.name
            if step.is_total:
                amount = format_money(step.amount, None, language)
            name = Cell(step.said(language), None if step.is_total else kind)
            running = format_money(step.running, None, language)
            breaks = "" if step.is_total else format_number(step.breaks, language)
            rows.append([one_line(currency), name, amount, running, breaks])
    names = ("currency", "step", "amount", "running", "breaks")
    return Table(_heads(language, *names), rows, (2, 3, 4))


def days_table(result: Reconciliation, language: str) -> Table:
    """Show each business day; nothing where there is one alone."""
    days = days_of(result.bridge_by_day)
    if len({one.day for one in days}) <= 1:
        return Table((), ())
    rows = [
        [
            format_date(one.day, language) if one.day else LABELS.say("report.no_day", language),
            one_line(one.currency),
            format_money(one.settled, None, language),
            format_money(one.posted, None, language),
            signed(one.variance, None, language),
            signed(one.moves.get(MOVED, _ZERO), None, language),
            format_number(one.breaks, language),
        ]
        for one in days
    ]
    names = ("business_date", "currency", "settled", "posted", "variance", "moved", "breaks")
    return Table(_heads(language, *names), rows, (2, 3, 4, 5, 6))


def tips_table(tips: Iterable[TipRow], language: str) -> Table:
    """Show tips by provider."""

    def money(value: Any) -> str:
        return "" if value is None else format_money(value, None, language)

    rows = [
        [
            one_line(tip.name(language), _LONG),
            one_line(tip.currency),
            format_number(tip.payments, language),
            money(tip.gross),
            money(tip.fee),
            "" if tip.rate is None else percent(tip.rate, language),
            *(money(value) for value in (tip.net, tip.settled, tip.posted)),
            "" if tip.variance is None else signed(tip.variance, None, language),
        ]
        for tip in tips
    ]
    heads = _heads(language, "provider", "currency", "payments", "gross", "fee", "rate", "net")
    heads += _heads(language, "settled_tip", "posted_tip", "variance")
    return Table(heads, rows, tuple(range(2, len(heads))))


def suggestions_table(result: Reconciliation, language: str) -> Table:
    """Show the matches that are only suggested: a person decides."""
    matches = result.matches[result.matches["status"] != "confirmed"]
    rows = [
        [
            row["match_id"],
            ", ".join(one_line(one) for one in row["payment_ids"] or ()),
            ", ".join(one_line(one) for one in row["tender_ids"] or ()),
            format_money(row["settled"], row["currency"], language),
            format_money(row["posted"], row["currency"], language),
            term("rule", row["rule"], language),
            evidence_text(row["evidence"], language),
        ]
        for row in plain_rows(matches)
    ]
    names = ("match", "payments", "lines", "settled", "posted", "rule", "evidence")
    return Table(_heads(language, *names), rows, (3, 4))


def readings_table(result: Reconciliation, language: str) -> Table:
    """Show how open facts were read."""
    rows = [
        [
            term("setting", one.setting, language),
            term("setting_value", one.value, language),
            term("chosen", one.chosen, language),
            f"{format_number(one.explains, language)} / {format_number(one.of, language)}",
        ]
        for one in result.summary.readings
    ]
    return Table(_heads(language, "setting", "value", "chosen", "explains"), rows, (3,))


def sources_table(result: Reconciliation, language: str) -> Table:
    """Show what the run was fed with."""
    rows = [
        [
            one_line(one.name, _LONG),
            term("side", one.kind, language),
            format_number(one.rows, language),
            one.sha256 or "",
        ]
        for one in result.summary.sources
    ]
    return Table(_heads(language, "name", "side", "rows", "hash"), rows, (2,))


def _heads(language: str, *names: str) -> list[str]:
    return [LABELS.say(f"column.{name}", language) for name in names]
