"""How actions are told: snapshots in, words of what is possible and what came of it out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from qerko_recon.actions import Snapshot
from qerko_recon.model import CANCELLED, Payment
from qerko_recon.widgets.parts.speaking import Words
from qerko_recon.wording import Catalog, format_money, one_line

__all__ = [
    "WORDS",
    "obstacle_of",
    "outcome_of",
    "paid_by",
    "paid_of",
    "said_amounts",
    "tone_of",
    "window_of",
]

WORDS: Final = Catalog("qerko_recon.widgets.actions")

_TONES: Final = {"done": "good", "dry_run": "good", "refused": "warning"}
_KNOWN_STATUSES: Final = frozenset({400, 401, 403, 404, 409, 410})


def paid_of(payment: Payment) -> Decimal:
    """Give what guests paid: the sum of a payment's parts."""
    return sum((part.total for part in payment.parts), Decimal(0))


def paid_by(payment: Payment, language: str) -> str:
    """Name who paid which part."""
    return ", ".join(
        f"{one_line(part.provider.name)} {format_money(part.total, None, language)}"
        for part in payment.parts
    )


def said_amounts(amounts: Mapping[str, Decimal], language: str) -> str:
    """Write amounts of several currencies."""
    return " + ".join(format_money(one, code, language) for code, one in sorted(amounts.items()))


def window_of(seen: Snapshot, now: datetime, words: Words) -> str:
    """Say how long a payment can still be cancelled; Qerko's clock decides."""
    left = None if seen.window is None else seen.window.remaining(now)
    if left is None:
        return words("window.unknown")
    hours, minutes = divmod(int(abs(left.total_seconds())) // 60, 60)
    key = "window.open" if left.total_seconds() > 0 else "window.closed"
    return words(key, hours=str(hours) if hours else None, minutes=str(minutes))


def obstacle_of(seen: Snapshot, unread: Mapping[str, str], words: Words) -> str:
    """Say why an action on a payment is not possible; nothing where it is."""
    if seen.payment_id in unread:
        return words("unread", why=unread[seen.payment_id])
    if seen.payment is None:
        return ""
    if seen.payment.state == CANCELLED:
        return words("obstacle.cancelled")
    return "; ".join(seen.obstacles) or "; ".join(seen.warnings)


def outcome_of(seen: Snapshot, words: Words) -> str:
    """Say what came of an action, and what that means."""
    if seen.state == "refused" and seen.status in _KNOWN_STATUSES:
        return words(f"refused_{seen.kind}.s{seen.status}", status=str(seen.status))
    if seen.state == "refused":
        return words("refused", why=seen.detail)
    if seen.state in {"done", "outcome_unknown", "dry_run"}:
        after = None if seen.after is None else seen.after.state
        return words(f"{seen.state}_{seen.kind}", after=after)
    return ""


def tone_of(states: set[str]) -> str:
    """Give the tone of outcomes together: the worst."""
    if "outcome_unknown" in states:
        return "error"
    return "warning" if "refused" in states else "good"
