"""How a log and its calls are told: a view in, its summary, a call's facts and bodies out."""

from __future__ import annotations

import json
from datetime import datetime
from html import escape
from typing import Any, Final
from zoneinfo import ZoneInfo

from qerko_recon.session.viewing import Exchange, LogView
from qerko_recon.widgets.parts.showing import as_time, facts_html
from qerko_recon.widgets.parts.speaking import Words
from qerko_recon.wording import Catalog, format_number

__all__ = ["WORDS", "exchange_html", "parse_time", "summary_of", "written_time"]

WORDS: Final = Catalog("qerko_recon.widgets.log")

_FORMS: Final = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d")


def summary_of(view: LogView, zone: str, words: Words) -> str:
    """Say in a line or two what is in a log."""
    language = words.language
    span = view.span
    flaws = len(view.log.flaws)
    return words(
        "summary",
        calls=words.count("calls", len(view)),
        began=None if span is None else as_time(span[0], zone),
        ended=None if span is None else as_time(span[1], zone),
        problems=words.count("problems", int(view.problems.sum())),
        gaps=words.count("gaps", len(view.gaps)),
        flaws=format_number(flaws, language) if flaws else None,
    )


def parse_time(text: str, zone: str) -> datetime | None:
    """Read a moment as people write it by a clock; ``None`` where it is none.

    >>> parse_time("2026-11-20 18:03", "Europe/Prague").isoformat()
    '2026-11-20T18:03:00+01:00'
    """
    for form in _FORMS:
        try:
            return datetime.strptime(text.strip(), form).replace(tzinfo=ZoneInfo(zone))
        except ValueError:
            continue
    return None


def written_time(moment: datetime, zone: str) -> str:
    """Write a moment as :func:`parse_time` reads it."""
    return as_time(moment, zone, seconds=True)


def exchange_html(exchange: Exchange, zone: str, words: Words) -> str:
    """Write a call's facts, and what was asked and answered side by side."""
    row = exchange.row

    def time(name: str) -> str:
        value = row[name]
        return "" if value is None else as_time(value, zone, seconds=True)

    def text(name: str) -> str:
        return "" if row[name] is None else str(row[name])

    duration = row["duration"]
    facts = facts_html(
        [
            (
                words("fact.call"),
                " · ".join((text("method"), words(f"outcome.{text('outcome')}"))),
            ),
            (words("fact.received"), time("received_at")),
            (words("fact.answered"), time("answered_at")),
            (words("fact.duration"), "" if duration is None else f"{_seconds(duration):.3f} s"),
            (words("fact.delivery"), words(f"delivery.{row['delivery']}")),
            (words("fact.times"), str(row["times"]) if row["times"] > 1 else ""),
            (
                words("fact.error"),
                " ".join(filter(None, (text("error_code"), text("error_message")))),
            ),
            (words("fact.why"), text("why")),
            (words("fact.complaint"), text("complaint")),
            (words("fact.place"), f"{row['source_file']}, {row['seq']}"),
        ]
    )
    sides = _block(words("request"), exchange.request) + _block(words("answer"), exchange.answer)
    return f'{facts}<div class="qerko-sides">{sides}</div>'


def _seconds(duration: Any) -> float:
    return (
        float(duration.total_seconds()) if hasattr(duration, "total_seconds") else float(duration)
    )


def _block(title: str, value: Any) -> str:
    text = "" if value is None else json.dumps(value, ensure_ascii=False, indent=2, default=str)
    return (
        f'<div class="qerko-side"><h4>{escape(title)}</h4>'
        f'<pre class="qerko-json" tabindex="0">{escape(text)}</pre></div>'
    )
