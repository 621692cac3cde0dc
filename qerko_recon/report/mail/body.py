"""What a mail says: a result in; the same as plain text and as HTML without script out."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import qerko_recon
from qerko_recon.recon import Reconciliation
from qerko_recon.recon.sentences import action, kind_name, severity_name
from qerko_recon.report.labels import LABELS, signed
from qerko_recon.report.page.render import period_of
from qerko_recon.report.page.tables import totals_table
from qerko_recon.report.rows import breaks_by_kind
from qerko_recon.report.templating import templates_of
from qerko_recon.report.verdict import verdict
from qerko_recon.report.walk import finding, walks_of
from qerko_recon.wording import format_money, one_line

__all__ = ["CHART", "as_html", "as_text", "subject_of"]

CHART: Final = "bridge@qerko-recon"
"""The Content-ID of the chart."""

_SPELLED_OUT: Final = 25
_LONG: Final = 1000
_WIDTH: Final = 76


def subject_of(result: Reconciliation, language: str) -> str:
    """Say in one line which days of which venue, and what came of them."""
    outcomes = (
        LABELS.say(
            "mail.outcome",
            language,
            {
                "variance": signed(total.variance, total.currency, language),
                "breaks": LABELS.count("breaks", total.breaks, language),
            },
        )
        for total in result.summary.totals
    )
    values = {
        "title": LABELS.say("report.title", language),
        "venue": one_line(result.summary.venue or "") or None,
        "period": period_of(result, language) or None,
        "outcome": "; ".join(outcomes) or None,
    }
    return LABELS.say("mail.subject", language, values)


def as_html(result: Reconciliation, language: str, *, attached: str | None) -> str:
    """Write the mail as HTML with inline styles; its chart is the image :data:`CHART`."""
    facts = _facts(result, language, attached)
    return (
        templates_of("qerko_recon.report.mail")
        .get_template("mail.html.j2")
        .render(cid=CHART, **facts)
    )


def as_text(result: Reconciliation, language: str, *, attached: str | None) -> str:
    """Write the mail as plain text."""
    return "\n".join(_lines(_facts(result, language, attached))) + "\n"


def _facts(result: Reconciliation, language: str, attached: str | None) -> dict[str, Any]:
    kinds = breaks_by_kind(result, language)
    rows = [row for kind in kinds for row in kind.rows]
    rest = len(rows) - _SPELLED_OUT
    return {
        "language": language,
        "t": partial(LABELS.say, language=language),
        "title": LABELS.say("report.title", language),
        "where": [one_line(result.summary.venue or ""), period_of(result, language)],
        "verdict": verdict(result, language),
        "totals": totals_table(result, language),
        "findings": [
            finding(steps, currency, language)
            for currency, steps in walks_of(result.bridge).items()
        ],
        "kinds": [
            (
                kind_name(kind.kind, language),
                LABELS.count("breaks", len(kind.rows), language),
                ", ".join(signed(one, unit, language) for unit, one in kind.variances.items()),
            )
            for kind in kinds
        ],
        "breaks": [
            {
                "severity": row["severity"],
                "severity_name": severity_name(row["severity"], language),
                "sentence": row["sentence"],
                "action": action(row, language),
                "variance": format_money(row["variance"], row["currency"], language),
            }
            for row in rows[:_SPELLED_OUT]
        ],
        "more": LABELS.count("more", rest, language) if rest > 0 else "",
        "notes": [one_line(one.say(language), _LONG) for one in result.summary.remarks],
        "attached": attached and LABELS.say("mail.attached", language, {"file": attached}),
        "made_by": LABELS.say("mail.made_by", language, {"version": qerko_recon.__version__}),
    }


def _lines(facts: dict[str, Any]) -> Iterator[str]:
    yield facts["title"]
    yield " · ".join(filter(None, facts["where"]))
    yield ""
    yield _wrapped(facts["verdict"])
    for said in facts["findings"]:
        yield _wrapped(f"{said}.", "- ")
    if facts["kinds"]:
        yield from ("", facts["t"]("report.breaks"))
    for name, breaks, sums in facts["kinds"]:
        yield _wrapped(f"{name}: {breaks}, {sums}", "- ")
    for one in facts["breaks"]:
        yield ""
        yield _wrapped(f"[{one['severity_name']}] {one['sentence']}")
        yield _wrapped(one["action"], "  -> ")
    for text in (facts["more"], *facts["notes"], facts["attached"], facts["made_by"]):
        if text:
            yield from ("", _wrapped(text))


def _wrapped(text: str, mark: str = "") -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=mark,
        subsequent_indent=" " * len(mark),
        break_on_hyphens=False,
    )
