"""How an action stands, as a frozen snapshot that anybody may hold on to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from qerko_recon.model import CANCEL_WINDOW, Payment

__all__ = ["ENDED", "CancelWindow", "Kind", "Snapshot", "State"]

Kind = Literal["cancel", "capture"]
State = Literal[
    "new", "looked_up", "armed", "confirmed", "done", "refused", "outcome_unknown", "dry_run"
]

ENDED: Final[frozenset[State]] = frozenset({"done", "refused", "outcome_unknown", "dry_run"})
"""States in which an action sends nothing any more."""


@dataclass(frozen=True, slots=True)
class CancelWindow:
    """Until when Qerko cancels a payment: three hours from its creation, where that is known.

    It is shown, never enforced: this machine's clock may be off, and Qerko answers 410 by its own.
    """

    closes_at: datetime | None

    @classmethod
    def of(cls, payment: Payment) -> CancelWindow:
        """Give a payment's window."""
        created_at = payment.created_at
        return cls(None if created_at is None else created_at + CANCEL_WINDOW)

    def remaining(self, now: datetime) -> timedelta | None:
        """Give the time left, negative once it is over; ``None`` where nobody knows."""
        return None if self.closes_at is None else self.closes_at - now

    def words(self, now: datetime) -> str:
        """Say it in a few words.

        >>> from datetime import UTC
        >>> window = CancelWindow(datetime(2026, 11, 20, 21, 30, tzinfo=UTC))
        >>> window.words(datetime(2026, 11, 20, 20, 18, 30, tzinfo=UTC))
        'open for another 1 h 11 min'
        >>> CancelWindow(None).words(datetime(2026, 11, 20, tzinfo=UTC))
        'unknown: Qerko does not say when the payment was created'
        """
        left = self.remaining(now)
        if left is None:
            return "unknown: Qerko does not say when the payment was created"
        hours, minutes = divmod(abs(left) // timedelta(minutes=1), 60)
        span = f"{hours} h {minutes} min" if hours else f"{minutes} min"
        return f"closed {span} ago" if left < timedelta(0) else f"open for another {span}"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How an action stands.

    Attributes
    ----------
    kind, payment_id, action_id
        What is to be done to which payment; ``action_id`` names it in the audit trail.
    state
        ``new``, ``looked_up``, ``armed``, ``confirmed`` (the request is under way), then ``done``,
        ``refused`` (nothing happened), ``outcome_unknown`` (it may have) or ``dry_run``.
    payment, window
        As last looked up before it; ``None`` before that.
    obstacles, warnings
        Why it cannot be armed; what to know before it is.
    reason
        Why it is done, in a person's words.
    armed_until
        When arming runs out by itself.
    detail, status
        What came of it, in a sentence, and the answer's HTTP status.
    after
        The payment afterwards, where it is known.
    """

    kind: Kind
    payment_id: str
    action_id: str
    state: State = "new"
    payment: Payment | None = None
    window: CancelWindow | None = None
    obstacles: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    reason: str = ""
    armed_until: datetime | None = None
    detail: str = ""
    status: int | None = None
    after: Payment | None = None

    @property
    def has_ended(self) -> bool:
        """Whether it sends nothing any more."""
        return self.state in ENDED
