"""Why the POS booked a payment twice: a message that came twice, a look-up, or neither."""

from __future__ import annotations

from qerko_recon.model import PAID
from qerko_recon.recon.causes.calls import Call, Shown
from qerko_recon.recon.causes.case import Case, Cause
from qerko_recon.recon.causes.facts import seconds, stated

__all__ = ["closed_and_looked_up", "closed_once", "told_twice"]


def told_twice(case: Case) -> Cause | None:
    """Qerko told the POS more than once; often because the first answer did not arrive."""
    for method, kind in (
        ("paymentClosed", "closed_twice"),
        ("paymentProcessed", "processed_twice"),
    ):
        calls = [call for call in case.told.of(method) if _may_book(call)]
        came = ((at, seq, call) for call in calls for seq, at in call.deliveries)
        times = sorted(came, key=lambda one: one[:2])
        if len(times) > 1:
            first = times[0][2]
            facts = stated(
                call=method,
                times=str(len(times)),
                at=case.time(times[0][0]),
                second_at=case.time(times[1][0]),
                took=seconds(first.duration),
                delivery="" if first.was_heard else first.delivery,
            )
            shown = [Shown(call.file, (seq,), f"{method} came") for _, seq, call in times]
            answers = [case.answer(call) for call in calls]
            fates = [case.fate(call) for call in calls if not call.was_heard]
            return Cause(kind, facts, (*shown, *answers, *fates))
    return None


def closed_and_looked_up(case: Case) -> Cause | None:
    """Find that the POS was told once by ``paymentClosed`` and once more by its own look-up."""
    closed = [call for call in case.told.closed if call.is_answered and call.state == PAID]
    ups = [
        one
        for one in case.told.requests
        if one.is_look_up and one.payment is not None and one.payment.state == PAID
    ]
    if not closed or not ups:
        return None
    facts = stated(
        at=case.time(closed[0].received_at), look_at=case.time(ups[0].sent_at), look_state=PAID
    )
    return Cause(
        "closed_and_looked_up", facts, (case.came(closed[0]), *map(case.request_shown, ups))
    )


def closed_once(case: Case) -> Cause | None:
    """Qerko told the POS once, and the POS answered: that it booked twice is its own doing."""
    closed = [call for call in case.told.closed if call.is_answered]
    if len(closed) != 1 or closed[0].times > 1:
        return None
    call = closed[0]
    facts = stated(at=case.time(call.received_at), took=seconds(call.duration))
    return Cause("closed_once", facts, (case.came(call), case.answer(call)))


def _may_book(call: Call) -> bool:
    return call.method != "paymentClosed" or call.state in {PAID, None}
