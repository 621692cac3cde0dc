"""The whole story of a payment or a bill: a reconciliation and an ID in, events in order out.

Every event knows where it stands: a record of a log, a row of an export, an answer of Qerko's.
What it says is facts that no language owns; :mod:`qerko_recon.report.story` says them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa

from qerko_recon.recon.causes.calls import Shown
from qerko_recon.recon.causes.facts import (
    error_facts,
    gap_facts,
    money,
    seconds,
    stated,
)
from qerko_recon.recon.named import Named, find_named
from qerko_recon.recon.result import Reconciliation

if TYPE_CHECKING:
    from qerko_recon.recon.causes.calls import Call, Request, Told
    from qerko_recon.recon.causes.reading import Heard

__all__ = ["Event", "Story", "tell"]

Row = Mapping[str, Any]

_BEFORE: Final = timedelta(minutes=15)
"""How long before its payment a bill's being asked for belongs to the story."""
_AROUND: Final = timedelta(minutes=2)
_MOST_GAPS: Final = 30
_LATEST: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, or that somebody has on record.

    Attributes
    ----------
    at
        When; ``None`` where nothing says so.
    source
        Who it is of: ``qerko``, ``pos``, ``connection``, ``export`` or ``match``.
    what
        Names the sentence.
    payment_id
        Which payment it is of.
    facts
        What the sentence says.
    evidence
        Where it stands.
    """

    at: datetime | None
    source: str
    what: str
    payment_id: str | None
    facts: Mapping[str, str]
    evidence: str


@dataclass(frozen=True)
class Story:
    """What is known of a payment or a bill, in order of time, and the breaks it has.

    Attributes
    ----------
    named
        What was asked about.
    events
        In order of time; what has none comes last.
    breaks
        Rows of :data:`qerko_recon.schema.BREAKS`.
    time_zone
        The venue's.
    has_log
        Whether there was a session log to look in.
    """

    named: Named
    events: tuple[Event, ...]
    breaks: tuple[Row, ...]
    time_zone: str
    has_log: bool


def tell(result: Reconciliation, name: str) -> Story:
    """Tell the story of a payment, or of a bill, named by a break's ID or its own.

    Raises
    ------
    ReconciliationError
        Nothing of this name is known; the message names what is alike.
    """
    named = find_named(result, name)
    teller = _Teller(result, named)
    return Story(
        named=named,
        events=tuple(sorted(teller.events(), key=_place)),
        breaks=tuple(_plain(named.breaks)),
        time_zone=result.policy.time_zone,
        has_log=result.log is not None,
    )


def _place(event: Event) -> datetime:
    return event.at or _LATEST


@dataclass(eq=False)
class _Teller:
    """Collects the events, side by side; they are put in order when all are there."""

    result: Reconciliation
    named: Named
    zone: ZoneInfo = field(init=False)

    def __post_init__(self) -> None:
        self.zone = ZoneInfo(self.result.policy.time_zone)

    def events(self) -> Iterator[Event]:
        """Give all events, in no order."""
        payments = list(_plain(self.named.payments))
        for row in payments:
            yield from self._of_payment(row)
        yield from self._of_log(payments)
        for row in _plain(self.named.tenders):
            yield self._of_line(row)
        if not len(self.named.tenders):
            files = [one.name for one in self.result.summary.sources if one.kind == "pos"]
            yield Event(None, "export", "no_line", None, {}, ", ".join(files))
        for row in _plain(self.named.matches):
            yield self._of_match(row)

    # Qerko's side, the POS's side

    def _of_payment(self, row: Row) -> Iterator[Event]:
        payment_id = row["payment_id"]
        evidence = f"GET payment {payment_id}"
        currency = row["currency"]
        if row["created_at"] is not None:
            yield Event(row["created_at"], "qerko", "created", payment_id, {}, evidence)
        facts = stated(state=row["state"], total=money(row["parts_total"], currency))
        if row["tip_gross"]:
            facts |= stated(tip=money(row["tip_gross"], currency))
            facts |= stated(tip_net=money(row["tip_net"] or row["tip_gross"], currency))
        yield Event(row["fetched_at"], "qerko", "fetched", payment_id, facts, evidence)

    def _of_line(self, row: Row) -> Event:
        currency = row["currency"]
        facts = stated(state=row["state"] or "", line=row["tender_id"])
        if row["amount"] is not None:
            facts |= stated(total=money(row["amount"], currency))
        if row["tip"]:
            facts |= stated(tip=money(row["tip"], currency))
        file, number = row["source_file"], row["source_row"]
        evidence = f"{file}, row {number}" if file and number else f"POS line {row['tender_id']}"
        return Event(row["paid_at"], "export", "line", row["payment_id"], facts, evidence)

    def _of_match(self, row: Row) -> Event:
        currency = row["currency"]
        facts = stated(
            rule=row["rule"],
            settled=money(row["settled"], currency),
            posted=money(row["posted"], currency),
        )
        ids = row["payment_ids"]
        payment_id = ids[0] if len(ids) == 1 else None
        return Event(None, "match", "matched", payment_id, facts, row["match_id"])

    # What the log tells

    def _of_log(self, payments: Sequence[Row]) -> Iterator[Event]:
        if self.result.log is None:
            return
        # Not above: who has no log need not wait for what reads one.
        from qerko_recon.recon.causes.reading import hear

        bills = self.named.bill_ids
        heard = hear(self.result.log, self.named.payment_ids, bills)
        told = [heard.payment(one) for one in self.named.payment_ids]
        calls = [call for one in told for call in one.calls]
        calls += [call for bill in bills for call in self._bill_calls(heard, bill, calls)]
        for call in calls:
            yield from self._of_call(call)
        for one in told:
            for request in one.requests:
                yield from self._of_request(request)
        yield from self._of_gaps(heard, told, payments)

    def _bill_calls(self, heard: Heard, bill: str, calls: Sequence[Call]) -> Iterator[Call]:
        """Give the calls about a bill that come before the payments, or near the day's lines."""
        known = [call.received_at for call in calls] or [
            row["paid_at"] for row in _plain(self.named.tenders) if row["paid_at"]
        ]
        if not known:
            return
        first, last = min(known) - _BEFORE, max(known)
        for call in heard.of_bill(bill):
            if call.method == "getBill" and first <= call.received_at <= last:
                yield call

    def _of_call(self, call: Call) -> Iterator[Event]:
        about, where = call.payment_id, f"{call.file}, record"
        facts = stated(call=call.method, state=call.state or "")
        if (payment := call.payment) is not None:
            total = sum((part.total for part in payment.parts), start=payment.tip_gross * 0)
            facts |= stated(total=money(total, payment.currency))
            if payment.tip_gross:
                facts |= stated(tip=money(payment.tip_gross, payment.currency))
        if call.method == "getBill" and call.bill_id:
            facts |= stated(bill=call.bill_id)
        for number, (seq, at) in enumerate(call.deliveries, start=1):
            more = stated(times=str(number)) if number > 1 else {}
            yield Event(at, "qerko", "call", about, {**facts, **more}, f"{where} {seq}")
        yield from self._of_answer(call)
        if call.complaint:
            at = call.delivered_at or call.answered_at or call.received_at
            facts = stated(call=call.method, complaint=call.complaint)
            evidence = f"{where} {call.complained or call.seq}"
            yield Event(at, "qerko", "complained", about, facts, evidence)

    def _of_answer(self, call: Call) -> Iterator[Event]:
        facts = stated(call=call.method, took=seconds(call.duration))
        where = f"{call.file}, record {call.answer_seq or call.seq}"
        if call.outcome == "unanswered":
            yield Event(call.received_at, "pos", "unanswered", call.payment_id, facts, where)
        elif call.answered_at is not None:
            what = "failed" if call.outcome == "error" else "answered"
            facts |= error_facts(call)
            yield Event(call.answered_at, "pos", what, call.payment_id, facts, where)
            if not call.was_heard:
                at, facts = call.answered_at, stated(call=call.method, delivery=call.delivery)
                yield Event(at, "connection", "unheard", call.payment_id, facts, where)

    def _of_request(self, request: Request) -> Iterator[Event]:
        whats = {
            "looked_up": request.is_look_up,
            "asked_to_cancel": request.is_cancel,
            "asked_to_capture": request.is_capture,
        }
        what = next((name for name, is_so in whats.items() if is_so), "requested")
        about, where = request.payment_id, f"{request.file}, record"
        facts = stated(verb=request.verb, path=request.path)
        yield Event(request.sent_at, "pos", what, about, facts, f"{where} {request.seqs[0]}")
        facts = stated(
            status="" if request.status is None else str(request.status),
            state="" if request.payment is None else request.payment.state,
            trouble=request.trouble or "",
        )
        what = "no_reply" if request.status is None else "replied"
        at = request.answered_at or request.sent_at
        yield Event(at, "qerko", what, about, facts, f"{where} {request.seqs[-1]}")

    def _of_gaps(
        self, heard: Heard, told: Sequence[Told], payments: Sequence[Row]
    ) -> Iterator[Event]:
        """Give the times without a line around what is told, or around the payment's moment."""
        spans = list(_spans(told))
        if not spans:
            moments = [row["created_at"] for row in payments if row["created_at"]]
            spans = [
                (log.name, venue, at - _AROUND, at + _AROUND)
                for log in heard.logs
                for venue in log.venues
                for at in moments
            ]
        for file, venue, since, until in spans:
            for gap in heard.log_of(file).gaps_between(venue, since, until)[:_MOST_GAPS]:
                evidence = str(Shown(gap.file, gap.seqs, "")).removesuffix(": ")
                facts = gap_facts(gap, self.zone)
                yield Event(gap.began_at, "connection", "gap", None, facts, evidence)


def _spans(told: Iterable[Told]) -> Iterator[tuple[str, str | None, datetime, datetime]]:
    """Give, for each payment and log, the time from its first message to some time after it."""
    for one in told:
        for file in dict.fromkeys(call.file for call in one.calls):
            own = [call for call in one.calls if call.file == file]
            first, last = own[0].received_at, own[-1].answered_at or own[-1].received_at
            yield file, own[0].venue, first - _AROUND, last + _AROUND


def _plain(frame: pd.DataFrame) -> Iterator[Row]:
    yield from pa.Table.from_pandas(frame, preserve_index=False).to_pylist()
