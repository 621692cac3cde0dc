"""A result in, one HTML file out.

It loads nothing from anywhere, reads well without its few lines of JavaScript, prints, and gives
the same bytes for the same result. Tens of thousands of breaks stand in it in sheaves that a
browser lays out only when they come into view.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from importlib.resources import files
from typing import Any, Final

from markupsafe import Markup

import qerko_recon
from qerko_recon.money import SCALE
from qerko_recon.recon import Reconciliation
from qerko_recon.recon.sentences import action, cause, kind_name, severity_name
from qerko_recon.report.evidence import evidence_text
from qerko_recon.report.labels import LABELS, signed, term
from qerko_recon.report.page.drawing import bridge_svg
from qerko_recon.report.page.tables import (
    bridge_table,
    days_table,
    readings_table,
    sources_table,
    suggestions_table,
    tips_table,
    totals_table,
)
from qerko_recon.report.rows import KindOfBreaks, breaks_by_kind
from qerko_recon.report.saving import saved_at
from qerko_recon.report.templating import templates_of
from qerko_recon.report.text import problem_lines
from qerko_recon.report.tips import tips_by_provider
from qerko_recon.report.verdict import verdict
from qerko_recon.report.walk import finding, walks_of
from qerko_recon.wording import format_date, format_money, language_of, one_line

__all__ = ["period_of", "render_html", "write_html"]

_LONG: Final = 1000
_SHEAF: Final = 50
_SEVERITIES: Final = ("high", "medium", "low", "info")


def write_html(result: Reconciliation, path: str | os.PathLike[str], language: str = "en") -> None:
    """Write a result as one HTML file; see :func:`render_html`.

    Raises
    ------
    QerkoReconError
        The file cannot be written: it is open elsewhere, or its folder does not exist.
    """
    page = render_html(result, language)
    with saved_at(path) as draft:
        draft.write_text(page, encoding="utf-8", newline="\n")


def render_html(result: Reconciliation, language: str = "en") -> str:
    """Render a result as one self-contained page.

    Parameters
    ----------
    result
        What ``reconcile`` returned.
    language
        ``cs``, ``de``, ``en`` or ``sk``.

    Returns
    -------
    str
        HTML with the verdict, the control totals, the bridge as chart and table whose steps lead
        to their breaks, every break with cause, evidence and what to do (to be filtered and
        sorted where scripts run), tips, remarks, readings, and sources with hashes. Whatever
        guests typed is escaped.
    """
    language = language_of(language)
    style, script = _asset("report.css"), _asset("report.js")
    summary = result.summary
    basis = term("setting_value", str(result.policy.tip_basis), language)
    kinds = breaks_by_kind(result, language)
    return (
        templates_of("qerko_recon.report.page")
        .get_template("report.html.j2")
        .render(
            language=language,
            t=partial(LABELS.say, language=language),
            style=Markup(style),  # noqa: S704 - our own file
            style_hash=_digest(style),
            script=Markup(script),  # noqa: S704 - our own file
            script_hash=_digest(script),
            title=LABELS.say("report.title", language),
            venue=one_line(summary.venue or ""),
            period=period_of(result, language),
            time_zone=summary.time_zone,
            verdict=verdict(result, language),
            totals=totals_table(result, language),
            charts=[
                (finding(steps, currency, language), bridge_svg(steps, currency, language))
                for currency, steps in walks_of(result.bridge).items()
            ],
            bridge=bridge_table(result, language),
            days=days_table(result, language),
            severities=[
                (name, severity_name(name, language))
                for name in _SEVERITIES
                if any(row["severity"] == name for kind in kinds for row in kind.rows)
            ],
            kinds=[_kind(kind, language) for kind in kinds],
            suggestions=suggestions_table(result, language),
            tips=tips_table(tips_by_provider(result), language),
            tips_hint=LABELS.say("report.tips_hint", language, {"basis": basis}),
            notes=[one_line(one.say(language), _LONG) for one in summary.remarks],
            problems=list(problem_lines(result, language)),
            readings=readings_table(result, language),
            sources=sources_table(result, language),
            made_by=LABELS.say("report.generated", language, {"version": qerko_recon.__version__}),
        )
    )


def period_of(result: Reconciliation, language: str) -> str:
    """Say which business days a result covers."""
    days = (result.summary.first_day, result.summary.last_day)
    shown = [format_date(day, language) for day in dict.fromkeys(days) if day is not None]
    return " – ".join(shown)


@cache
def _asset(name: str) -> str:
    return (files("qerko_recon.report.page") / "templates" / name).read_text("utf-8").strip()


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(f"\n{text}\n".encode()).digest()).decode()


def _kind(kind: KindOfBreaks, language: str) -> Mapping[str, Any]:
    sums = (signed(one, currency, language) for currency, one in kind.variances.items())
    breaks = LABELS.count("breaks", len(kind.rows), language)
    return {
        "key": kind.kind,
        "name": kind_name(kind.kind, language),
        "sum": f"{breaks} · {', '.join(sums)}",
        "sheaves": list(_sheaves(kind.rows, language)),
    }


def _sheaves(rows: Sequence[Mapping[str, Any]], language: str) -> Iterator[list[Any]]:
    """Bind breaks together in sheaves, which are laid out one by one."""
    for start in range(0, len(rows), _SHEAF):
        yield [_break(row, language) for row in rows[start : start + _SHEAF]]


def _break(row: Mapping[str, Any], language: str) -> Mapping[str, Any]:
    return {
        "id": row["break_id"],
        "severity": row["severity"],
        "severity_name": severity_name(row["severity"], language),
        "sentence": row["sentence"],
        "action": action(row, language),
        "cause": cause(row, language),
        "evidence": evidence_text(row["evidence"], language),
        "note": one_line(row.get("note") or "", _LONG),
        "figures": list(_figures(row, language)),
        "currency": one_line(row["currency"]),
        "units": int(row["variance"].scaleb(SCALE)),
        "day": "" if row["business_date"] is None else row["business_date"].isoformat(),
        "payment": one_line(row["payment_id"] or ""),
    }


def _figures(row: Mapping[str, Any], language: str) -> Iterator[tuple[str, str]]:
    currency = row["currency"]
    for name, value in (
        ("settled", format_money(row["settled"], currency, language)),
        ("posted", format_money(row["posted"], currency, language)),
        ("variance", signed(row["variance"], currency, language)),
    ):
        yield LABELS.say(f"column.{name}", language), value
    if row["business_date"] is not None:
        day = format_date(row["business_date"], language)
        yield LABELS.say("column.business_date", language), day
