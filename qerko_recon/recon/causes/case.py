"""One break and all that is known of it, as rules see it; and what a rule finds: a cause.

What Qerko does not document is a limit here: how long an answer may take, and how soon after a
payment was asked for its closing is to come.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

from qerko_recon.errors import shorten
from qerko_recon.recon.causes.calls import Call, Gap, Request, Shown, Told
from qerko_recon.recon.causes.facts import gap_facts, seconds, time_fact
from qerko_recon.recon.causes.reading import Heard, OneLog
from qerko_recon.recon.policy import Policy

__all__ = ["LATE", "REACH", "SLOW", "Case", "Cause", "Rule"]

SLOW: Final = 10.0
"""Seconds from which on an answer is late. How long Qerko waits is not documented."""
LATE: Final = timedelta(seconds=60)
"""From when on ``paymentClosed`` is late, after what came before it."""
REACH: Final = timedelta(seconds=120)
"""How long after the last call ``paymentClosed`` would have come, had all been well."""

_LONG: Final = 200

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cause:
    """What a log shows to be behind a break.

    ``kind`` names the sentence, ``facts`` are what it says, ``shown`` are the records.
    """

    kind: str
    facts: Mapping[str, str]
    shown: tuple[Shown, ...] = ()


@dataclass(frozen=True)
class Case:
    """A break, one payment of it, the POS's lines, and what the logs tell.

    Attributes
    ----------
    row
        The break; columns of :data:`qerko_recon.schema.BREAKS`.
    payment_id, payment
        The payment that is asked about, and its row where it was had.
    lines
        The POS's lines that the break names.
    heard
        What the logs tell.
    policy
        Nothing left on ``auto``.
    known
        The payments that were had.
    """

    row: Row
    payment_id: str | None
    payment: Row | None
    lines: Sequence[Row]
    heard: Heard
    policy: Policy
    known: Mapping[str, Row] = field(repr=False)

    @cached_property
    def told(self) -> Told:
        """What the logs tell of the payment."""
        if self.payment_id is None:
            return Told("")
        return self.heard.payment(self.payment_id)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The venue's clock."""
        return ZoneInfo(self.policy.time_zone)

    @property
    def at(self) -> datetime | None:
        """When the payment was made, by Qerko or else by the POS."""
        made = None if self.payment is None else self.payment["created_at"]
        if made is None:
            made = min((row["paid_at"] for row in self.lines if row["paid_at"]), default=None)
        return made

    @property
    def day(self) -> date | None:
        """The business day of the break."""
        day: date | None = self.row["business_date"]
        return day

    def day_of(self, at: datetime) -> date:
        """Give a moment's business day."""
        cutoff = self.policy.business_day_cutoff
        local = at.astimezone(self.zone).replace(tzinfo=None)
        shift = timedelta(hours=cutoff.hour, minutes=cutoff.minute, seconds=cutoff.second)
        return (local - shift).date()

    def day_bounds(self) -> tuple[datetime, datetime] | None:
        """Give the first moment of the break's business day, and of the next."""
        if self.day is None:
            return None
        first, next_one = (
            datetime.combine(day, self.policy.business_day_cutoff, self.zone)
            for day in (self.day, self.day + timedelta(days=1))
        )
        return first, next_one

    def log_of(self, call: Call | Request | Gap) -> OneLog:
        """Give the log that something is of."""
        return self.heard.log_of(call.file)

    # Facts as the sentences take them

    def time(self, at: datetime | None) -> str:
        """Write a moment on the venue's clock; nothing where there is none."""
        return time_fact(at, self.zone)

    def gap_facts(self, gap: Gap | None) -> dict[str, str]:
        """Say why and from when to when there was no line."""
        return gap_facts(gap, self.zone)

    # Records as evidence

    def came(self, call: Call, said: str = "came") -> Shown:
        """Show that a call came."""
        state = f"({call.state})" if call.method == "paymentClosed" and call.state else ""
        return Shown(call.file, (call.seq,), f"{call.method}{state} {said}")

    def answer(self, call: Call) -> Shown:
        """Show how the POS answered a call."""
        if call.answer_seq is None:
            said = "was never answered" if call.uuid else "wanted no answer"
            return Shown(call.file, (call.seq,), f"{call.method} {said}")
        length = seconds(call.duration)
        took = f" after {float(length):.1f} s" if length else ""
        if call.outcome == "error":
            words = " ".join(one for one in (call.error_code, call.error_message) if one)
            said = f"{call.method} answered with error {shorten(words, _LONG)}{took}"
        else:
            said = f"{call.method} answered ok{took}"
        return Shown(call.file, (call.answer_seq,), said)

    def fate(self, call: Call) -> Shown:
        """Show what became of an answer on its way to Qerko."""
        seqs = call.sends_seqs or (call.answer_seq or call.seq,)
        return Shown(call.file, seqs, f"answer to {call.method}: {call.delivery}")

    def gap_shown(self, gap: Gap) -> Shown:
        """Show a time without a line."""
        until = "the log's end" if gap.ended_at is None else f"{self._clock(gap.ended_at)}"
        said = f"no connection from {self._clock(gap.began_at)} to {until}, {gap.reason}"
        return Shown(gap.file, gap.seqs, f"{said} ({gap.detail})" if gap.detail else said)

    def request_shown(self, request: Request) -> Shown:
        """Show a request of the POS's own and what came of it."""
        what = f"{request.verb} payment {request.payment_id}"
        if request.is_capture:
            what = f"capture of payment {request.payment_id}"
        if request.status is None:
            return Shown(request.file, request.seqs, f"{what}: {request.trouble}")
        state = "" if request.payment is None else f" {request.payment.state}"
        return Shown(request.file, request.seqs, f"{what}: {request.status}{state}")

    def _clock(self, at: datetime) -> str:
        return f"{at.astimezone(self.zone):%H:%M:%S}"


Rule = Callable[[Case], Cause | None]
"""Looks for one cause; ``None`` where the logs do not show it."""
