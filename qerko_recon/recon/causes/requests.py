"""What the POS asked of Qerko itself: look-ups, cancels, captures, and what was answered."""

from __future__ import annotations

from qerko_recon.errors import shorten
from qerko_recon.model import CANCELLED, PAID
from qerko_recon.recon.causes.calls import Request, Shown
from qerko_recon.recon.causes.case import Case, Cause
from qerko_recon.recon.causes.facts import stated

__all__ = [
    "cancel_failed",
    "cancelled_by_pos",
    "captured",
    "looked",
    "looked_up_cancelled",
    "looked_up_paid",
]

_LONG = 200


def cancelled_by_pos(case: Case) -> Cause | None:
    """Find that the POS asked Qerko to cancel, Qerko did, and the POS let its own line stand."""
    done = [one for one in case.told.requests if one.is_cancel and one.succeeded]
    if not done:
        return None
    return Cause("cancelled_by_pos", _facts(case, done[0]), (case.request_shown(done[0]),))


def cancel_failed(case: Case) -> Cause | None:
    """Find that the POS asked Qerko to cancel, and was refused or got no answer."""
    cancels = [one for one in case.told.requests if one.is_cancel]
    if not cancels or any(one.succeeded for one in cancels):
        return None
    last = cancels[-1]
    kind = "cancel_unanswered" if last.status is None else "cancel_refused"
    shown = tuple(case.request_shown(one) for one in cancels)
    return Cause(kind, _facts(case, last), shown)


def looked_up_paid(case: Case) -> Cause | None:
    """Find that the POS looked the payment up, was told that it is paid, and did not book it."""
    return _looked_up(case, PAID, "looked_up_paid")


def looked_up_cancelled(case: Case) -> Cause | None:
    """Find that the POS looked the payment up, was told of its end, and let its line stand."""
    return _looked_up(case, CANCELLED, "looked_up_cancelled")


def captured(case: Case) -> Cause | None:
    """Find how the POS's request to capture the payment ended."""
    captures = [one for one in case.told.requests if one.is_capture]
    if not captures:
        return None
    last = captures[-1]
    kind = "capture_accepted" if last.succeeded else "capture_refused"
    if last.status is None:
        kind = "capture_unanswered"
    return Cause(kind, _facts(case, last), (case.request_shown(last),))


def looked(case: Case) -> tuple[dict[str, str], tuple[Shown, ...]]:
    """Say how the POS's last look-up of the payment ended, beside another cause."""
    ups = [one for one in case.told.requests if one.is_look_up]
    if not ups:
        return {}, ()
    facts = {f"look_{name}": value for name, value in _facts(case, ups[-1]).items()}
    word = "unanswered" if ups[-1].status is None else "refused"
    if ups[-1].payment is not None:
        word = "answered"
    return {"look": word, **facts}, tuple(case.request_shown(one) for one in ups)


def _looked_up(case: Case, state: str, kind: str) -> Cause | None:
    ups = [
        one
        for one in case.told.requests
        if one.is_look_up and one.payment is not None and one.payment.state == state
    ]
    if not ups:
        return None
    return Cause(kind, _facts(case, ups[0]), (case.request_shown(ups[0]),))


def _facts(case: Case, request: Request) -> dict[str, str]:
    state = "" if request.payment is None else request.payment.state
    return stated(
        at=case.time(request.sent_at),
        state=state,
        status="" if request.status is None else str(request.status),
        trouble=shorten(request.trouble or "", _LONG),
    )
