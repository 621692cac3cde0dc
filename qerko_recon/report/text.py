"""What a terminal shows: a reconciliation in, the whole of it printed for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from qerko_recon.recon import Reconciliation
from qerko_recon.recon.sentences import action, cause, kind_name, severity_name
from qerko_recon.report.labels import LABELS, signed
from qerko_recon.report.problems import problem_text
from qerko_recon.report.rows import KindOfBreaks, breaks_by_kind, plain_rows
from qerko_recon.report.verdict import verdict
from qerko_recon.wording import format_money, format_number, language_of, one_line

__all__ = ["print_lines", "print_report", "print_text", "problem_lines"]

_STYLES: Final[Mapping[str, str]] = {"high": "bold red", "medium": "bold yellow"}
_NARROWEST: Final = 30


def print_report(result: Reconciliation, console: Console, language: str = "en") -> None:
    """Print the verdict, the control totals, every break with what to do, and the remarks.

    Parameters
    ----------
    result
        What ``reconcile`` returned.
    console
        Where to; nothing is said by colour alone.
    language
        ``cs``, ``de``, ``en`` or ``sk``.
    """
    language = language_of(language)
    console.print(_wrapped(console, verdict(result, language), style="bold"))
    if result.summary.totals:
        _heading(console, LABELS.say("report.totals", language))
        console.print(_totals(result, language))
    for kind in breaks_by_kind(result, language):
        _print_kind(console, kind, language)
    remarks = (one.say(language) for one in result.summary.remarks)
    _print_list(console, "notes", remarks, language)
    _print_list(console, "problems", problem_lines(result, language), language)


def problem_lines(result: Reconciliation, language: str = "en") -> Iterator[str]:
    """Say each problem of the export in one line: where, what, why."""
    for row in plain_rows(result.problems):
        named = {"file": row["source_file"], "row": row["source_row"]}
        named |= {"column": row["column"], "value": row["value"] or None}
        values = {name: None if one is None else one_line(one) for name, one in named.items()}
        values["problem"] = problem_text(row["problem"], language)
        values["place"] = LABELS.say("report.place", language, values)
        yield LABELS.say("report.problem", language, values)


def _heading(console: Console, text: str) -> None:
    console.print()
    console.print(Text(text, style="bold underline"))


def _totals(result: Reconciliation, language: str) -> Table:
    """Set the totals out in a column a currency, which fits any width and language."""
    totals = result.summary.totals
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2))
    table.add_column()
    for total in totals:
        table.add_column(Text(one_line(total.currency)), justify="right")
    rows = {
        "settled": [format_money(one.settled, None, language) for one in totals],
        "posted": [format_money(one.posted, None, language) for one in totals],
        "variance": [signed(one.variance, None, language) for one in totals],
        "payments": [format_number(one.payments, language) for one in totals],
        "lines": [format_number(one.tenders, language) for one in totals],
        "breaks": [format_number(one.breaks, language) for one in totals],
    }
    for name, cells in rows.items():
        label = LABELS.say(f"column.{name}", language)
        table.add_row(*(Text(cell) for cell in (label, *cells)))
    return table


def _print_kind(console: Console, kind: KindOfBreaks, language: str) -> None:
    amounts = (signed(one, currency, language) for currency, one in kind.variances.items())
    breaks = LABELS.count("breaks", len(kind.rows), language)
    name = kind_name(kind.kind, language)
    _heading(console, f"{name[:1].upper()}{name[1:]}: {breaks}, {', '.join(amounts)}")
    for row in kind.rows:
        _print_break(console, row, language)


def _print_break(console: Console, row: Mapping[str, Any], language: str) -> None:
    mark = f"[{severity_name(row['severity'], language)}]"
    said = _wrapped(console, f"{mark} {row['sentence']}", indent="  ")
    said.stylize(_STYLES.get(row["severity"], ""), 2, 2 + len(mark))
    console.print(said)
    if row.get("cause_kind"):
        console.print(_wrapped(console, cause(row, language), indent="    "))
    console.print(_wrapped(console, action(row, language), indent="    ", mark="→ "))


def _print_list(console: Console, name: str, lines: Iterable[str], language: str) -> None:
    texts = list(lines)
    if texts:
        print_lines(console, LABELS.say(f"report.{name}", language), texts)


def print_text(console: Console, text: str) -> None:
    """Print a paragraph."""
    console.print(_wrapped(console, text))


def print_lines(console: Console, heading: str | None, lines: Iterable[str]) -> None:
    """Print lines as a list, under a heading where there is one."""
    if heading is not None:
        _heading(console, heading)
    for text in lines:
        console.print(_wrapped(console, text, indent="  ", mark="• "))


def _wrapped(
    console: Console, text: str, *, indent: str = "", mark: str = "", style: str = ""
) -> Text:
    """Wrap text at spaces, never at the no-break ones inside an amount."""
    lines = textwrap.fill(
        text,
        max(console.width, _NARROWEST),
        initial_indent=indent + mark,
        subsequent_indent=indent + " " * len(mark),
        break_on_hyphens=False,
    )
    return Text(lines, style=style, no_wrap=True, overflow="ignore")
