"""The page: a reconciliation in, one self-contained HTML file out.

It loads nothing from anywhere, reads well without its few lines of JavaScript, prints, and gives
the same bytes for the same result.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import qerko_recon
from qerko_recon.recon import Reconciliation
from qerko_recon.recon.sentences import action, cause, kind_name, severity_name
from qerko_recon.report.charts import bridge_chart
from qerko_recon.report.labels import LABELS, signed, term
from qerko_recon.report.rows import KindOfBreaks, breaks_by_kind
from qerko_recon.report.saving import saved_at
from qerko_recon.report.text import problem_lines
from qerko_recon.report.tips import TipRow, tips_by_provider
from qerko_recon.report.verdict import verdict
from qerko_recon.report.walk import finding, walks_of
from qerko_recon.wording import (
    format_date,
    format_money,
    format_number,
    language_of,
    one_line,
)

__all__ = ["render_html", "write_html"]

_LONG: Final = 1000
_DPI: Final = 144


@dataclass(frozen=True, slots=True)
class _Table:
    columns: list[str]
    rows: list[list[str]]
    numbers: tuple[int, ...] = ()


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
        HTML with the verdict, the control totals, the bridge as chart and table, every break
        with cause, evidence and what to do, tips, remarks, readings, and sources with hashes.
        Whatever guests typed is escaped.
    """
    language = language_of(language)
    script = _asset("report.js")
    digest = hashlib.sha256(script.encode()).digest()
    summary = result.summary
    basis = term("setting_value", str(result.policy.tip_basis), language)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            language=language,
            t=partial(LABELS.say, language=language),
            style=Markup(_asset("report.css")),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            script_hash=base64.b64encode(digest).decode(),
            title=LABELS.say("report.title", language),
            venue=one_line(summary.venue or ""),
            period=_period(result, language),
            time_zone=summary.time_zone,
            verdict=verdict(result, language),
            totals=_totals(result, language),
            chart=_chart(result, language) if summary.totals else "",
            findings=" ".join(
                f"{finding(steps, currency, language)}."
                for currency, steps in walks_of(result.bridge).items()
            ),
            bridge=_bridge(result, language),
            kinds=[_kind(kind, language) for kind in breaks_by_kind(result, language)],
            tips=_tips(tips_by_provider(result), language),
            tips_hint=LABELS.say("report.tips_hint", language, {"basis": basis}),
            notes=[one_line(one.say(language), _LONG) for one in summary.remarks],
            problems=list(problem_lines(result, language)),
            readings=_readings(result, language),
            sources=_sources(result, language),
            made_by=LABELS.say("report.generated", language, {"version": qerko_recon.__version__}),
        )
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("qerko_recon.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _asset(name: str) -> str:
    return (files("qerko_recon.report") / "templates" / name).read_text("utf-8").strip()


def _chart(result: Reconciliation, language: str) -> str:
    image = io.BytesIO()
    figure = bridge_chart(result.bridge, language=language)
    figure.savefig(image, format="png", dpi=_DPI, metadata={"Software": None})
    return base64.b64encode(image.getvalue()).decode()


def _period(result: Reconciliation, language: str) -> str:
    days = (result.summary.first_day, result.summary.last_day)
    shown = [format_date(day, language) for day in dict.fromkeys(days) if day is not None]
    return " – ".join(shown)


def _heads(language: str, *names: str) -> list[str]:
    return [LABELS.say(f"column.{name}", language) for name in names]


def _totals(result: Reconciliation, language: str) -> _Table:
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
    return _Table(_heads(language, *names), rows, (1, 2, 3, 4, 5, 6))


def _bridge(result: Reconciliation, language: str) -> _Table:
    rows = []
    for currency, steps in walks_of(result.bridge).items():
        for step in steps:
            amount, name = signed(step.amount, None, language), kind_name(step.name, language)
            if step.is_total:
                amount = format_money(step.amount, None, language)
                name = LABELS.say(f"column.{step.name}", language)
            running = format_money(step.running, None, language)
            breaks = "" if step.is_total else format_number(step.breaks, language)
            rows.append([one_line(currency), name, amount, running, breaks])
    names = ("currency", "step", "amount", "running", "breaks")
    return _Table(_heads(language, *names), rows, (2, 3, 4))


def _kind(kind: KindOfBreaks, language: str) -> Mapping[str, Any]:
    sums = (signed(one, currency, language) for currency, one in kind.variances.items())
    breaks = LABELS.count("breaks", len(kind.rows), language)
    return {
        "key": kind.kind,
        "name": kind_name(kind.kind, language),
        "sum": f"{breaks} · {', '.join(sums)}",
        "rows": [_break(row, language) for row in kind.rows],
    }


def _break(row: Mapping[str, Any], language: str) -> Mapping[str, Any]:
    return {
        "id": row["break_id"],
        "severity": row["severity"],
        "severity_name": severity_name(row["severity"], language),
        "sentence": row["sentence"],
        "action": action(row, language),
        "cause": cause(row, language),
        "evidence": [one_line(one, _LONG) for one in row["evidence"] or ()],
        "figures": list(_figures(row, language)),
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


def _tips(tips: Iterable[TipRow], language: str) -> _Table:
    def money(value: Any) -> str:
        return "" if value is None else format_money(value, None, language)

    rows = [
        [
            one_line(tip.name(language), _LONG),
            one_line(tip.currency),
            format_number(tip.payments, language),
            *(money(value) for value in (tip.gross, tip.fee, tip.net, tip.settled, tip.posted)),
            "" if tip.variance is None else signed(tip.variance, None, language),
        ]
        for tip in tips
    ]
    names = (
        "provider",
        "currency",
        "payments",
        "gross",
        "fee",
        "net",
        "settled_tip",
        "posted_tip",
        "variance",
    )
    return _Table(_heads(language, *names), rows, tuple(range(2, len(names))))


def _readings(result: Reconciliation, language: str) -> _Table:
    rows = [
        [
            term("setting", one.setting, language),
            term("setting_value", one.value, language),
            term("chosen", one.chosen, language),
            f"{format_number(one.explains, language)} / {format_number(one.of, language)}",
        ]
        for one in result.summary.readings
    ]
    return _Table(_heads(language, "setting", "value", "chosen", "explains"), rows, (3,))


def _sources(result: Reconciliation, language: str) -> _Table:
    rows = [
        [
            one_line(one.name, _LONG),
            term("side", one.kind, language),
            format_number(one.rows, language),
            one.sha256 or "",
        ]
        for one in result.summary.sources
    ]
    return _Table(_heads(language, "name", "side", "rows", "hash"), rows, (2,))
