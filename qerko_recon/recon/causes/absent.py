"""What the POS has and Qerko has not, and what a log cannot show: both are said, never guessed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

from qerko_recon.model import PAID
from qerko_recon.recon.causes.calls import Call, Gap, Told
from qerko_recon.recon.causes.case import Case, Cause
from qerko_recon.recon.causes.facts import money, stated
from qerko_recon.recon.causes.reading import OneLog
from qerko_recon.recon.causes.refusing import why_cancelled

__all__ = [
    "bill_failed",
    "bill_not_asked",
    "bill_paid_unfetched",
    "bill_unfinished",
    "bill_without_more",
    "id_never_seen",
    "known_to_qerko",
    "log_names_it",
    "log_silent",
    "not_finished",
    "taken_over",
]

_NAMED: Final = 3
_ALIKE: Final = 0.7  # of 1: how like two IDs of payments of the same amount are


def known_to_qerko(case: Case) -> Cause | None:
    """Qerko says that there is no such payment, and yet it closed it once."""
    return _closed_as(case, "known_to_qerko")


def log_names_it(case: Case) -> Cause | None:
    """Find that the payment was not had; how it ended stands in the log."""
    return _closed_as(case, "log_names_it")


def not_finished(case: Case) -> Cause | None:
    """Find that the payment was begun and never brought to its end."""
    told = case.told
    if not told.starts or told.processed or told.closed:
        return None
    call = told.starts[-1]
    facts = stated(at=case.time(call.received_at))
    why, shown = why_cancelled(case)
    return Cause("not_finished", {**facts, **why}, (case.came(call), case.answer(call), *shown))


def id_never_seen(case: Case) -> Cause | None:
    """No call names the payment, though the log covers its time."""
    if case.told or case.payment_id is None or case.at is None:
        return None
    log = _covering(case)
    if log is None:
        return None
    return Cause("id_never_seen", _span(case, [log]) | stated(alike=_alike(case)))


def _alike(case: Case) -> str:
    """Give the payment of the same amount whose ID is written much like this one."""
    posted = case.row["posted"], case.row["currency"]
    same = [one for one, row in case.known.items() if (row["settled"], row["currency"]) == posted]
    return next(iter(get_close_matches(case.payment_id or "", sorted(same), 1, _ALIKE)), "")


def taken_over(case: Case) -> Cause | None:
    """Find that somebody else held the connection when the payment was made."""
    log = _covering(case)
    if case.told or case.at is None or log is None or len(log.venues) != 1:
        return None
    gap = log.gap(log.venues[0], case.at, case.at)
    if gap is None or gap.reason != "conflict":
        return None
    facts = stated(at=case.time(case.at)) | case.gap_facts(gap)
    return Cause("taken_over", facts, (case.gap_shown(gap),))


def log_silent(case: Case) -> Cause | None:
    """Find that the logs do not name the payment, and whether they cover its time."""
    if case.told:
        return None
    covering = _covering(case)
    facts = _span(case, [covering] if covering else case.heard.logs)
    if case.at is None:
        return Cause("log_unclear", facts)
    gap = _gap_then(case, covering)
    facts |= stated(at=case.time(case.at)) | case.gap_facts(gap)
    shown = () if gap is None else (case.gap_shown(gap),)
    return Cause("log_not_covering" if covering is None else "log_silent", facts, shown)


def _gap_then(case: Case, covering: OneLog | None) -> Gap | None:
    """Give the gap that the payment's moment lies in."""
    if case.at is None:
        return None
    for log in [covering] if covering else case.heard.logs:
        venue = log.venues[0] if len(log.venues) == 1 else None
        if (gap := log.gap(venue, case.at, case.at)) is not None:
            return gap
    return None


# A line that names a bill and no payment


def bill_paid_unfetched(case: Case) -> Cause | None:
    """Find that the bill was paid by a payment that is not among those fetched."""
    for one in _on_bill(case):
        call = _paid(one)
        if call is not None and one.payment_id not in case.known:
            facts = stated(payment=one.payment_id, at=case.time(call.received_at))
            return Cause("bill_paid_unfetched", facts, (case.came(call), case.answer(call)))
    return None


def bill_failed(case: Case) -> Cause | None:
    """Find that the guest's payment of the bill ended otherwise than paid."""
    for one in _on_bill(case):
        call = next((call for call in reversed(one.closed) if call.state), None)
        if call is not None and call.state != PAID:
            facts = stated(
                payment=one.payment_id, at=case.time(call.received_at), state=call.state or ""
            )
            why, shown = why_cancelled(_about(case, one))
            return Cause("bill_failed", {**facts, **why}, (case.came(call), *shown))
    return None


def bill_unfinished(case: Case) -> Cause | None:
    """Find a payment of the bill that was begun and never brought to its end."""
    for one in _on_bill(case):
        found = not_finished(_about(case, one))
        if found is not None:
            facts = {**found.facts, "payment": one.payment_id}
            return Cause("bill_unfinished", facts, found.shown)
    return None


def bill_without_more(case: Case) -> Cause | None:
    """Every payment of the bill in the log is among those fetched: there is none for this line."""
    on_bill = _on_bill(case)
    if not on_bill:
        return None
    names = [one.payment_id for one in on_bill]
    more = ["…"] if len(names) > _NAMED else []
    facts = stated(payments=", ".join(names[:_NAMED] + more))
    return Cause("bill_without_more", facts, tuple(case.came(one.starts[0]) for one in on_bill))


def bill_not_asked(case: Case) -> Cause | None:
    """No payment of the bill was begun, though the log covers its time."""
    log, bill = _covering(case), case.row["bill_id"]
    if log is None or bill is None or case.at is None or _on_bill(case):
        return None
    looks = [call for call in _of_the_day(case, case.heard.of_bill(bill)) if call.bill_id]
    facts = _span(case, [log])
    facts |= stated(seen_at=case.time(looks[-1].received_at)) if looks else {}
    return Cause("bill_not_asked", facts, tuple(case.came(call) for call in looks[-1:]))


def _closed_as(case: Case, kind: str) -> Cause | None:
    call = next((call for call in reversed(case.told.closed) if call.state), None)
    if call is None:
        return None
    facts = stated(at=case.time(call.received_at), state=call.state or "")
    return Cause(kind, facts, (case.came(call), case.answer(call)))


def _on_bill(case: Case) -> list[Told]:
    """Give the payments that were begun on the break's bill, those of its amount first."""
    bill = case.row["bill_id"]
    if bill is None or case.payment_id is not None:
        return []
    calls = _of_the_day(case, case.heard.of_bill(bill))
    names = dict.fromkeys(call.payment_id for call in calls if call.method == "paymentStart")
    found = [case.heard.payment(name) for name in names if name is not None]
    posted = money(abs(case.row["posted"]), case.row["currency"])
    return sorted(found, key=lambda one: posted not in _totals(one))


def _totals(told: Told) -> set[str]:
    payments = [call.payment for call in told.starts if call.payment is not None]
    return {
        money(sum((part.total for part in one.parts), start=one.tip_gross * 0), one.currency)
        for one in payments
    }


def _of_the_day(case: Case, calls: Iterable[Call]) -> list[Call]:
    """Keep the calls of the break's business day: bill numbers come again."""
    bounds = case.day_bounds()
    if bounds is None:
        known = list(calls)
        return known if len({case.day_of(call.received_at) for call in known}) == 1 else []
    return [call for call in calls if bounds[0] <= call.received_at < bounds[1]]


def _paid(told: Told) -> Call | None:
    return next((call for call in reversed(told.closed) if call.state == PAID), None)


def _about(case: Case, told: Told) -> Case:
    return Case(
        row=case.row,
        payment_id=told.payment_id,
        payment=case.known.get(told.payment_id),
        lines=case.lines,
        heard=case.heard,
        policy=case.policy,
        known=case.known,
    )


def _covering(case: Case) -> OneLog | None:
    """Give the log that recorded the payment's moment."""
    at = case.at
    if at is None:
        return None
    return next((log for log in case.heard.logs if log.run_at(at) is not None), None)


def _span(case: Case, logs: Sequence[OneLog]) -> dict[str, str]:
    """Say which logs, and what time they cover."""
    begins = [log.began_at for log in logs if log.began_at]
    ends = [log.ended_at for log in logs if log.ended_at]
    names = [log.name for log in logs]
    name = names[0] if len(names) == 1 else f"{names[0]} … {names[-1]}"
    return stated(
        log=name,
        from_at=case.time(min(begins, default=None)),
        until_at=case.time(max(ends, default=None)),
    )
