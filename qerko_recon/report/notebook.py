"""What a notebook shows of a result: a static fragment of HTML, inline style, no script."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

from qerko_recon.recon import Reconciliation
from qerko_recon.recon.sentences import kind_name, sentence, severity_name
from qerko_recon.report.labels import LABELS, signed
from qerko_recon.report.rows import break_rows, breaks_by_kind
from qerko_recon.report.verdict import verdict
from qerko_recon.wording import format_money, format_number, language_of, one_line

__all__ = ["html_face"]

_CELL: Final = "padding:2px 10px 2px 0;vertical-align:top;text-align:left"
_NUMBER: Final = "padding:2px 10px 2px 0;vertical-align:top;text-align:right;white-space:nowrap"


def html_face(result: Reconciliation, language: str = "en", *, breaks: int = 10) -> str:
    """Show a result in a notebook.

    Parameters
    ----------
    result
        What ``reconcile`` returned.
    language
        ``cs``, ``de``, ``en`` or ``sk``.
    breaks
        How many breaks are spelled out; the rest are counted.

    Returns
    -------
    str
        An HTML fragment: verdict, control totals, breaks by kind, the first breaks.
    """
    language = language_of(language)
    kinds = breaks_by_kind(result, None)
    parts = [f"<p><strong>{escape(verdict(result, language))}</strong></p>"]
    if result.summary.totals:
        parts.append(_totals(result, language))
    if kinds:
        rows = (
            (
                kind_name(kind.kind, language),
                format_number(len(kind.rows), language),
                ", ".join(signed(one, name, language) for name, one in kind.variances.items()),
            )
            for kind in kinds
        )
        parts.append(_table(_heads(language, "kind", "breaks", "variance"), rows, words=1))
        parts.append(_first_breaks(break_rows(result, None), breaks, language))
    return f'<div style="max-width:60em">{"".join(parts)}</div>'


def _totals(result: Reconciliation, language: str) -> str:
    names = ("currency", "settled", "posted", "variance", "payments", "lines", "breaks")
    rows = (
        (
            one_line(total.currency),
            format_money(total.settled, None, language),
            format_money(total.posted, None, language),
            signed(total.variance, None, language),
            format_number(total.payments, language),
            format_number(total.tenders, language),
            format_number(total.breaks, language),
        )
        for total in result.summary.totals
    )
    return _table(_heads(language, *names), rows, words=1)


def _first_breaks(rows: Sequence[Mapping[str, Any]], limit: int, language: str) -> str:
    items = "".join(
        f"<li>[{escape(severity_name(row['severity'], language))}] "
        f"{escape(sentence(row, language))}</li>"
        for row in rows[:limit]
    )
    rest = len(rows) - limit
    more = f"<p>{escape(LABELS.count('more', rest, language))}</p>" if rest > 0 else ""
    return f"<ol>{items}</ol>{more}"


def _heads(language: str, *names: str) -> list[str]:
    return [LABELS.say(f"column.{name}", language) for name in names]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, words: int) -> str:
    """Write a table whose first ``words`` columns are text and the rest numbers."""
    styles = [_CELL if place < words else _NUMBER for place in range(len(heads))]
    head = "".join(
        f'<th style="{style}">{escape(text)}</th>'
        for style, text in zip(styles, heads, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<td style="{style}">{escape(cell)}</td>'
            for style, cell in zip(styles, row, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    rows_of_head = f"<thead><tr>{head}</tr></thead>"
    return f'<table style="margin:0 0 1em">{rows_of_head}<tbody>{body}</tbody></table>'
