"""Values as panels show them: plain values in, text or a line of HTML out."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from html import escape
from typing import Final, Literal
from zoneinfo import ZoneInfo

from qerko_recon.money import trim
from qerko_recon.wording import format_money

__all__ = ["as_money", "as_text", "as_time", "facts_html", "line_html"]

_MARKS: Final = {"plain": "", "good": "✓ ", "warning": "⚠ ", "error": "✕ "}

Tone = Literal["plain", "good", "warning", "error"]


def as_text(value: object) -> str:
    """Write a value on one line, whole.

    >>> as_text(" a\\nb "), as_text(5)
    ('a b', '5')
    """
    return " ".join(str(value).split())


def as_money(value: Decimal, language: str = "en") -> str:
    """Write an amount without its currency.

    >>> as_money(Decimal("1234.500000"), "cs")
    '1\\xa0234,50'
    """
    return format_money(trim(value), None, language)


def as_time(value: datetime, time_zone: str, *, seconds: bool = False) -> str:
    """Write a moment by a clock.

    >>> from datetime import UTC
    >>> as_time(datetime(2026, 11, 20, 18, 4, tzinfo=UTC), "Europe/Prague")
    '2026-11-20 19:04'
    """
    form = "%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M"
    return value.astimezone(ZoneInfo(time_zone)).strftime(form)


def line_html(text: str, tone: Tone = "plain") -> str:
    """Write a line of text in a tone, which a mark says too."""
    return f'<div class="qerko-line qerko-{tone}">{_MARKS[tone]}{escape(text)}</div>'


def facts_html(facts: list[tuple[str, str]]) -> str:
    """Write facts, a row each; those without a value are left out.

    >>> facts_html([("State", "PAID"), ("Tip", "")])
    '<table class="qerko-facts"><tr><th scope="row">State</th><td>PAID</td></tr></table>'
    """
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>'
        for name, value in facts
        if value
    )
    return f'<table class="qerko-facts">{rows}</table>'
