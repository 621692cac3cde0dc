"""What became of ``paymentClosed``: never came, answered by an error, late, ignored.

Each rule looks for one cause, and finds it in the log or not at all.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from qerko_recon.model import CANCELLED, PAID
from qerko_recon.recon.causes.calls import Call, Gap, Shown
from qerko_recon.recon.causes.case import LATE, REACH, SLOW, Case, Cause
from qerko_recon.recon.causes.facts import error_facts, seconds, stated
from qerko_recon.recon.causes.refusing import why_cancelled
from qerko_recon.recon.causes.requests import looked

__all__ = [
    "closed_another_day",
    "closed_error",
    "closed_in_time",
    "closed_late",
    "closed_lost",
    "closed_not_booked",
    "closed_unanswered",
    "in_progress",
    "state_ignored",
    "told_cancelled",
    "told_paid_then_cancelled",
    "told_state",
]

_A_MOMENT: Final = timedelta(seconds=2)
_REASONS: Final = frozenset(
    {"conflict", "restart", "unauthorized", "stopped", "killed", "no_poll", "busy"}
)


def closed_error(case: Case) -> Cause | None:
    """Find that the POS answered ``paymentClosed`` by an error, and never took it in after."""
    closed = case.told.closed
    if not closed or any(call.is_answered for call in closed):
        return None
    call = next((one for one in reversed(closed) if one.outcome == "error"), None)
    if call is None:
        return None
    facts = stated(at=case.time(call.answered_at), state=call.state or "")
    return Cause(
        "closed_error",
        {**facts, **error_facts(call), **_times(call)},
        (case.came(call), case.answer(call)),
    )


def closed_unanswered(case: Case) -> Cause | None:
    """``paymentClosed`` came, and the POS never answered it."""
    closed = case.told.closed
    if not closed or any(call.outcome != "unanswered" for call in closed):
        return None
    call = closed[-1]
    gap = _gap(case, call, call.received_at)
    facts = stated(at=case.time(call.received_at), state=call.state or "")
    shown = (case.came(call), case.answer(call))
    return Cause(
        "closed_unanswered",
        {**facts, **case.gap_facts(gap), **_times(call)},
        _with(case, shown, gap),
    )


def told_cancelled(case: Case) -> Cause | None:
    """Find that the POS was told that the payment is cancelled; Qerko says now that it is paid."""
    call = _answered(case)
    if call is None or call.state != CANCELLED:
        return None
    facts = stated(at=case.time(call.received_at), state=CANCELLED)
    return Cause("told_cancelled", facts, (case.came(call), case.answer(call)))


def closed_late(case: Case) -> Cause | None:
    """``paymentClosed`` came late, or was answered late, and the POS's books do not show it."""
    call = _answered(case)
    if call is None:
        return None
    before = _before(case, call)
    shown: tuple[Shown, ...] = (case.came(call), case.answer(call))
    facts = stated(at=case.time(call.received_at), state=call.state or "")
    if before is not None and call.received_at - _end(before) >= LATE:
        waited = seconds((call.received_at - _end(before)).total_seconds())
        gap = case.log_of(before).gap(before.venue, before.received_at, call.received_at)
        facts |= stated(call=before.method, later_took=waited)
        shown = (case.answer(before), *shown)
        return Cause("closed_came_late", {**facts, **case.gap_facts(gap)}, _with(case, shown, gap))
    if call.duration is not None and call.duration >= SLOW:
        facts |= stated(took=seconds(call.duration))
        return Cause("closed_answered_late", {**facts, **_undelivered(call)}, shown)
    return None


def closed_not_booked(case: Case) -> Cause | None:
    """Find that the POS was told that the payment is paid, answered well, and did not book it."""
    call = _answered(case)
    if call is None:
        return None
    facts = stated(
        at=case.time(call.received_at), state=call.state or "", took=seconds(call.duration)
    )
    shown: tuple[Shown, ...] = (case.came(call), case.answer(call))
    shown += tuple(case.answer(one) for one in case.told.closed if one is not call)
    if call.complaint:
        facts |= stated(complaint=call.complaint)
        if call.complained is not None:
            shown += (Shown(call.file, (call.complained,), f"Qerko complained: {call.complaint}"),)
    return Cause("closed_not_booked", {**facts, **_undelivered(call)}, shown)


def closed_another_day(case: Case) -> Cause | None:
    """``paymentClosed`` came on another business day than the payment was made on."""
    call = _answered(case)
    if call is None or case.at is None or case.day_of(call.received_at) == case.day_of(case.at):
        return None
    day = case.day_of(call.received_at).isoformat()
    facts = stated(at=case.time(call.received_at), closed_day=day)
    return Cause("closed_another_day", facts, (case.came(call), case.answer(call)))


def closed_in_time(case: Case) -> Cause | None:
    """``paymentClosed`` came and was answered as it should be."""
    call = _answered(case)
    if call is None:
        return None
    facts = stated(at=case.time(call.received_at), took=seconds(call.duration))
    return Cause("closed_in_time", facts, (case.came(call), case.answer(call)))


def state_ignored(case: Case) -> Cause | None:
    """Find that the POS was told of the cancellation, answered well, and let its line stand."""
    calls = [call for call in case.told.closed if call.is_answered and call.state == CANCELLED]
    if not calls:
        return None
    call = calls[-1]
    facts = stated(at=case.time(call.received_at), state=CANCELLED, took=seconds(call.duration))
    why, shown = why_cancelled(case)
    return Cause("state_ignored", {**facts, **why}, (case.came(call), case.answer(call), *shown))


def told_paid_then_cancelled(case: Case) -> Cause | None:
    """Find that the POS was told of a paid payment, and not of its cancellation after that."""
    call = _answered(case)
    if call is None or call.state != PAID:
        return None
    facts = stated(at=case.time(call.received_at), took=seconds(call.duration))
    return Cause("told_paid_then_cancelled", facts, (case.came(call), case.answer(call)))


def told_state(case: Case) -> Cause | None:
    """``paymentClosed`` came with a state; what the POS is to make of it nobody documents."""
    call = _answered(case)
    if call is None:
        return None
    facts = stated(at=case.time(call.received_at), state=call.state or "")
    return Cause("told_state", facts, (case.came(call), case.answer(call)))


def in_progress(case: Case) -> Cause | None:
    """Find that the payment was begun, and up to the log's end not closed."""
    last = _last(case)
    if last is None or case.told.closed:
        return None
    facts = stated(call=last.method, at=case.time(last.received_at))
    facts |= stated(until_at=case.time(case.log_of(last).ended_at))
    return Cause("in_progress", facts, (case.came(last), case.answer(last)))


def closed_lost(case: Case) -> Cause | None:
    """``paymentClosed`` never came; the log shows why, or that the line was up all the while."""
    last = _last(case)
    if last is None or case.told.closed:
        return None
    log, end = case.log_of(last), _end(last)
    facts = stated(call=last.method, at=case.time(last.received_at))
    more, seen = looked(case)
    shown = (case.came(last), case.answer(last))
    for since, until, record in log.losses:
        if since <= end + REACH and until >= last.received_at:
            facts |= stated(from_at=case.time(since), until_at=case.time(until))
            lost = Shown(last.file, (record,), "records were lost")
            return Cause("log_incomplete", {**facts, **more}, (*shown, lost, *seen))
    gap = _gap(case, last, end + REACH) or _silence(case, last, end)
    if gap is not None:
        why = gap.reason if gap.reason in _REASONS else "connection"
        kind = f"closed_lost_{why}"
        facts |= case.gap_facts(gap)
        return Cause(kind, {**facts, **more}, (*_with(case, shown, gap), *seen))
    run = log.run_at(last.received_at)
    if run is not None and run.ended_at < end + REACH and run.ended_at == log.ended_at:
        facts |= stated(until_at=case.time(run.ended_at))
        return Cause("closed_after_log", {**facts, **more}, (*shown, *seen))
    return Cause("closed_not_sent", {**facts, **more}, (*shown, case.fate(last), *seen))


def _answered(case: Case) -> Call | None:
    """Give the last ``paymentClosed`` that the POS took in."""
    return next((call for call in reversed(case.told.closed) if call.is_answered), None)


def _last(case: Case) -> Call | None:
    """Give the call after which ``paymentClosed`` was to come."""
    told = case.told
    known = told.processed or told.starts or list(told.calls)
    return known[-1] if known else None


def _before(case: Case, call: Call) -> Call | None:
    told = case.told
    known = [one for one in (*told.starts, *told.processed) if one.received_at < call.received_at]
    return known[-1] if known else None


def _end(call: Call) -> datetime:
    return call.answered_at or call.received_at


def _gap(case: Case, call: Call, until: datetime) -> Gap | None:
    """Give the longest gap that began after a call came, or with it."""
    return case.log_of(call).gap(call.venue, call.received_at, max(until, _end(call)) + _A_MOMENT)


def _silence(case: Case, last: Call, end: datetime) -> Gap | None:
    """Tell whether the line was closed for good, or the POS was busy with something else."""
    log = case.log_of(last)
    run = log.run_at(last.received_at)
    is_last = run is not None and run.ended_at == log.ended_at
    if run is not None and is_last and run.stop is not None and run.ended_at < end + REACH:
        return Gap(last.file, last.venue, run.ended_at, None, "stopped", "", 0, (run.stop,))
    busy = log.busy(last.venue, end, end + REACH)
    return busy if busy is not None and _length(busy) >= SLOW else None


def _length(gap: Gap) -> float:
    return 0.0 if gap.ended_at is None else (gap.ended_at - gap.began_at).total_seconds()


def _with(case: Case, shown: tuple[Shown, ...], gap: Gap | None) -> tuple[Shown, ...]:
    return shown if gap is None else (*shown, case.gap_shown(gap))


def _times(call: Call) -> dict[str, str]:
    return stated(times=str(call.times)) if call.times > 1 else {}


def _undelivered(call: Call) -> dict[str, str]:
    return {} if call.was_heard else stated(delivery=call.delivery)
