"""Why Qerko cancelled: the POS refused ``paymentStart`` or ``paymentProcessed``, or was silent.

By Qerko's documentation an error in place of an answer, or none at all, cancels the payment.
"""

from __future__ import annotations

from typing import Final

from qerko_recon.model import PAID
from qerko_recon.recon.causes.calls import Call, Shown
from qerko_recon.recon.causes.case import SLOW, Case, Cause
from qerko_recon.recon.causes.facts import error_facts, seconds, stated

__all__ = ["refused", "trouble_of", "why_cancelled"]

_SHORT: Final = {"paymentStart": "start", "paymentProcessed": "processed"}


def refused(case: Case) -> Cause | None:
    """Find that the POS itself made Qerko cancel, by an error or by silence."""
    found = _trouble(case)
    if found is None:
        return None
    call, trouble = found
    facts = _facts(case, call, trouble)
    return Cause(f"{_SHORT[call.method]}_{trouble}", facts, _shown(case, call, trouble))


def why_cancelled(case: Case) -> tuple[dict[str, str], tuple[Shown, ...]]:
    """Give the same as facts beside another cause."""
    found = _trouble(case)
    if found is None:
        return {}, ()
    call, trouble = found
    facts = {f"why_{name}": value for name, value in _facts(case, call, trouble).items()}
    return {"why": trouble, **facts}, _shown(case, call, trouble)


def trouble_of(call: Call) -> str | None:
    """Tell what was wrong with the answer to a call; ``None`` where nothing was."""
    signs = {
        "error": call.outcome == "error",
        "unanswered": call.outcome == "unanswered",
        "disliked": call.complaint is not None,
        "undelivered": not call.was_heard,
        "late": call.duration is not None and call.duration >= SLOW,
        "no_receipt": call.method == "paymentProcessed" and call.receipt is None,
    }
    return next((trouble for trouble, is_so in signs.items() if is_so), None)


def _trouble(case: Case) -> tuple[Call, str] | None:
    """Find the call whose answer ended the payment: the last that Qerko made before the end."""
    told = case.told
    if any(call.state == PAID for call in told.closed):
        return None
    calls = told.processed or told.starts
    trouble = trouble_of(calls[-1]) if calls else None
    return None if trouble is None else (calls[-1], trouble)


def _facts(case: Case, call: Call, trouble: str) -> dict[str, str]:
    facts = stated(call=call.method, at=case.time(call.received_at))
    if trouble == "error":
        facts |= error_facts(call)
    elif trouble == "late":
        facts |= stated(took=seconds(call.duration))
    elif trouble == "undelivered":
        facts |= stated(delivery=call.delivery)
    elif trouble == "disliked":
        facts |= stated(complaint=call.complaint or "")
    return facts


def _shown(case: Case, call: Call, trouble: str) -> tuple[Shown, ...]:
    shown: tuple[Shown, ...] = (case.came(call), case.answer(call))
    if trouble == "undelivered":
        shown += (case.fate(call),)
    if trouble == "disliked" and call.complained is not None:
        said = f"Qerko complained: {call.complaint}"
        shown += (Shown(call.file, (call.complained,), said),)
    return shown
