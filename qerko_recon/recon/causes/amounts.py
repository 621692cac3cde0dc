"""Why amounts differ: what the POS was told and answered, what became of the payment since."""

from __future__ import annotations

from decimal import Decimal

from qerko_recon.model import Bill, Payment
from qerko_recon.recon.causes.calls import Call
from qerko_recon.recon.causes.case import Case, Cause, Row
from qerko_recon.recon.causes.facts import money, stated

__all__ = ["amounts_changed", "final_price", "told_right", "whole_bill"]


def final_price(case: Case) -> Cause | None:
    """Find that the POS closed the bill at another price than the guest's payment, and said so."""
    booked = _booked(case)
    for call in reversed(case.told.processed):
        price = None if call.receipt is None else call.receipt.final_price
        if price is not None and price in booked:
            facts = stated(at=case.time(call.answered_at), booked=money(price, _currency(case)))
            return Cause("final_price", facts, (case.answer(call),))
    return None


def amounts_changed(case: Case) -> Cause | None:
    """Find that the payment at ``paymentStart`` was not what Qerko has now."""
    call, told = _started(case)
    if call is None or told is None or case.payment is None:
        return None
    facts = _changes(told, case.payment)
    if not facts:
        return None
    facts |= stated(at=case.time(call.received_at))
    if _total(told) in _booked(case):
        facts |= stated(booked=money(_total(told), told.currency))
    return Cause("amounts_changed", facts, (case.came(call, f"told {_total(told)}"),))


def whole_bill(case: Case) -> Cause | None:
    """Find that the POS booked the bill as it stood, not the share that the guest paid."""
    call, told = _started(case)
    if call is None or told is None or case.payment_id is None:
        return None
    bills = [
        one
        for one in case.heard.of_bill(told.bill_id)
        if one.method == "getBill" and one.outcome == "ok" and one.received_at <= call.received_at
    ]
    asked = bills[-1] if bills else None
    bill = None if asked is None else asked.bill
    if asked is None or bill is None:
        return None
    total, share = _of_items(case, bill), _of_items(case, told)
    if total == share or total not in _booked(case):
        return None
    facts = stated(
        at=case.time(asked.received_at),
        booked=money(total, bill.currency),
        told=money(share, told.currency),
    )
    return Cause(
        "whole_bill",
        facts,
        (case.came(asked, f"answered with {total}"), case.came(call, f"told {_total(told)}")),
    )


def told_right(case: Case) -> Cause | None:
    """Find that the POS was told what Qerko has now, and booked something else."""
    call, told = _started(case)
    if call is None or told is None or case.row["payment_id"] is None:
        return None
    facts = stated(at=case.time(call.received_at), told=money(_total(told), told.currency))
    if told.tip_gross:
        facts |= stated(
            told_tip=money(told.tip_gross, told.currency),
            told_tip_net=money(told.tip_net, told.currency),
        )
    return Cause("told_right", facts, (case.came(call, f"told {_total(told)}"),))


def _started(case: Case) -> tuple[Call | None, Payment | None]:
    for call in reversed(case.told.starts):
        if call.payment is not None:
            return call, call.payment
    return None, None


def _changes(told: Payment, now: Row) -> dict[str, str]:
    """Say what of a payment is not as it was."""
    facts: dict[str, str] = {}
    if _total(told) != now["parts_total"]:
        facts |= stated(
            told=money(_total(told), told.currency),
            now=money(now["parts_total"], now["currency"]),
        )
    tip = now["tip_gross"]
    if tip is not None and told.tip_gross != tip:
        facts |= stated(
            told_tip=money(told.tip_gross, told.currency), now_tip=money(tip, now["currency"])
        )
    if told.currency != now["currency"]:
        facts |= stated(told_currency=told.currency, now_currency=now["currency"])
    return facts


def _total(payment: Payment) -> Decimal:
    return sum((part.total for part in payment.parts), Decimal(0))


def _of_items(case: Case, what: Bill | Payment) -> Decimal:
    """Sum items by the policy's reading of their price."""
    by_line = case.policy.price == "line"
    return sum(
        (item.price if by_line else item.price * item.quantity for item in what.items), Decimal(0)
    )


def _booked(case: Case) -> set[Decimal]:
    """Give what the POS's lines come to, without the tip and with it."""
    if case.row["payment_id"] is None:
        return set()  # of several payments together
    sums = {
        sum((row[name] or Decimal(0) for row in case.lines), Decimal(0))
        for name in ("amount", "total")
    }
    return sums - {Decimal(0)}


def _currency(case: Case) -> str:
    return str(case.row["currency"])
