"""Facts as sentences take them: text that no language owns, absent where nothing is known."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from qerko_recon.errors import shorten
from qerko_recon.money import trim
from qerko_recon.recon.causes.calls import Call, Gap

__all__ = ["error_facts", "gap_facts", "money", "seconds", "stated", "time_fact"]

_LONG: Final = 200
_SHORTEST: Final = 0.05


def stated(**facts: str) -> dict[str, str]:
    """Keep the facts that say something."""
    return {name: value for name, value in facts.items() if value}


def seconds(number: float | None) -> str:
    """Write a length of time; one too short to speak of is none.

    >>> seconds(14.0), seconds(0.0004)
    ('14', '')
    """
    return "" if number is None or number < _SHORTEST else f"{number:.3f}".rstrip("0").rstrip(".")


def money(amount: Decimal, currency: str) -> str:
    """Write an amount with its currency."""
    return f"{trim(amount)} {currency}"


def time_fact(at: datetime | None, zone: ZoneInfo) -> str:
    """Write a moment on the venue's clock; nothing where there is none."""
    return "" if at is None else at.astimezone(zone).isoformat(timespec="seconds")


def gap_facts(gap: Gap | None, zone: ZoneInfo) -> dict[str, str]:
    """Say why and from when to when there was no line."""
    if gap is None:
        return {}
    lasted = None if gap.ended_at is None else (gap.ended_at - gap.began_at).total_seconds()
    return stated(
        gap=gap.reason,
        gap_from=time_fact(gap.began_at, zone),
        gap_until=time_fact(gap.ended_at, zone),
        gap_took=seconds(lasted),
        gap_tries=str(gap.attempts) if gap.attempts > 1 else "",
        gap_detail=shorten(gap.detail, _LONG) if gap.detail else "",
    )


def error_facts(call: Call) -> dict[str, str]:
    """Say by which error a call was answered."""
    detail = (call.detail or "").partition("\n")[0]
    return stated(
        code=call.error_code or "",
        message=shorten(call.error_message or "", _LONG).rstrip(". "),
        detail=shorten(detail, _LONG),
    )
