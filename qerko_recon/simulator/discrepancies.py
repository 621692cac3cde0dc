"""Plant faults in an honest day, each on a bill of its own, and write down what they are.

Takes in a :class:`Ledger` (payments and the lines booked for them); changes it, and gives out for
each fault the :class:`~qerko_recon.simulator.Discrepancy` that a right reconciliation must find:
no more, no less.

Three reasons cannot be planted, since one day cannot show them: ``not_among_payments`` (every ID
of the day is known), ``unfetched_unauthorized`` (a refused key is refused for every payment) and
``within_tolerance`` (there is none unless a policy sets one).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import msgspec

from qerko_recon.model import CANCELLED, PAID, Payment, PaymentItem, PaymentPart
from qerko_recon.simulator.booking import Tender, book_whole
from qerko_recon.simulator.chance import Chance
from qerko_recon.simulator.ledger import Ledger, Refused
from qerko_recon.simulator.menu import CARD, VOUCHER, plain
from qerko_recon.simulator.trade import parts_total, stamp

__all__ = ["PLANTED", "plant"]

UNKNOWN_STATE: Final = "PARTIALLY_REFUNDED"
"""A state that nobody documents."""

_Planter = Callable[[Ledger, Chance], None]
PLANTED: Final[dict[tuple[str, str], tuple[_Planter, ...]]] = {}
"""How to plant each kind and reason; some in more than one way."""


def plant(ledger: Ledger, chance: Chance) -> None:
    """Plant each kind of fault once, and in a day of some size twice."""
    rounds = 2 if len(ledger.payments) >= _LARGE else 1
    for planters in PLANTED.values():
        for planter in planters * rounds:
            planter(ledger, chance)


_LARGE: Final = 250
_FIFTHS: Final = (1, 2, 3, 4)


def _plants(kind: str, reason: str) -> Callable[[_Planter], _Planter]:
    """Note which fault a function plants."""

    def note(planter: _Planter) -> _Planter:
        PLANTED[kind, reason] = (*PLANTED.get((kind, reason), ()), planter)
        return planter

    return note


def _money(amount: Decimal, currency: str) -> str:
    return f"{amount} {currency}"


# Parts first, so that a payment with a voucher is always among those that can be fetched.


@_plants("part_mismatch", "provider_differs")
def _swap_parts(ledger: Ledger, chance: Chance) -> None:
    sheet = ledger.coins.step * 10
    taken = ledger.take(
        chance, lambda payment: parts_total(payment) > 6 * sheet + payment.tip_gross
    )
    total = parts_total(taken)
    parts = (
        PaymentPart(total=plain(sheet), provider=VOUCHER),
        PaymentPart(total=plain(total - sheet), provider=CARD),
    )
    payment = ledger.change(msgspec.structs.replace(taken, parts=parts))
    line = ledger.line(payment)
    wrong = plain(sheet * 2)
    ledger.book(
        payment,
        replace(line, amount=wrong, tip=Decimal(0), provider=VOUCHER.name),
        replace(line, amount=plain(line.amount - wrong), provider=CARD.name),
    )
    note = (
        f"was paid with {_money(plain(sheet), payment.currency)} in vouchers; "
        f"the POS has {_money(wrong, payment.currency)} in vouchers"
    )
    ledger.report("part_mismatch", "provider_differs", payment, Decimal(0), note)


@_plants("part_mismatch", "provider_differs")
def _swap_provider(ledger: Ledger, chance: Chance) -> None:
    payment = ledger.take(chance)
    ledger.book(payment, replace(ledger.line(payment), provider=VOUCHER.name))
    note = f"was paid by {CARD.name}; the POS names {VOUCHER.name}"
    ledger.report("part_mismatch", "provider_differs", payment, Decimal(0), note)


@_plants("missing_in_pos", "not_posted")
def _forget(ledger: Ledger, chance: Chance) -> None:
    payment = ledger.take(chance)
    settled = parts_total(payment)
    ledger.book(payment)
    note = f"of {_money(settled, payment.currency)} is paid in Qerko and not in the POS"
    ledger.report("missing_in_pos", "not_posted", payment, -settled, note)


@_plants("missing_in_qerko", "not_found")
def _invent(ledger: Ledger, chance: Chance) -> None:
    payment_id = ledger.new_id(chance, "9")
    line = _made_up_line(ledger, chance, payment_id)
    ledger.refused.append(Refused(payment_id, "not_found", None))
    note = f"of {_money(line.total, line.currency)} is in the POS; Qerko does not know it"
    ledger.report("missing_in_qerko", "not_found", line, line.total, note)


@_plants("missing_in_qerko", "no_payment_for_bill")
def _invent_bill(ledger: Ledger, chance: Chance) -> None:
    line = _made_up_line(ledger, chance, None)
    note = (
        f"({_money(line.total, line.currency)}) names no payment, and Qerko has none for that bill"
    )
    ledger.report("missing_in_qerko", "no_payment_for_bill", line, line.total, note)


def _made_up_line(ledger: Ledger, chance: Chance, payment_id: str | None) -> Tender:
    """Book money that nobody paid, an hour that is like any other."""
    model = chance.pick([lines[0] for lines in ledger.lines.values() if lines])
    line = replace(
        model,
        payment_id=payment_id,
        bill_id=ledger.new_bill(),
        amount=ledger.new_amount(chance),
        tip=Decimal(0),
        state="paid",
        currency=ledger.coins.currency,
        provider=CARD.name,
        paid_at=model.paid_at + timedelta(seconds=chance.between(60, 600)),
        is_readable=True,
    )
    ledger.unclaimed.append(line)
    return line


@_plants("state_mismatch", "cancelled_but_posted")
def _keep_cancelled(ledger: Ledger, chance: Chance) -> None:
    payment = ledger.take(chance)
    ledger.change(msgspec.structs.replace(payment, state=CANCELLED))
    posted = ledger.line(payment).total
    note = f"is cancelled in Qerko; the POS has it as paid, {_money(posted, payment.currency)}"
    ledger.report("state_mismatch", "cancelled_but_posted", payment, posted, note)


@_plants("state_mismatch", "paid_but_open")
def _leave_open(ledger: Ledger, chance: Chance) -> None:
    _misstate(ledger, chance, "open", "paid_but_open")


@_plants("state_mismatch", "paid_but_cancelled")
def _cancel_in_pos(ledger: Ledger, chance: Chance) -> None:
    _misstate(ledger, chance, "cancelled", "paid_but_cancelled")


def _misstate(ledger: Ledger, chance: Chance, state: str, reason: str) -> None:
    payment = ledger.take(chance)
    ledger.book(payment, replace(ledger.line(payment), state=state))
    settled = parts_total(payment)
    note = f"of {_money(settled, payment.currency)} is paid in Qerko; the POS has it as {state}"
    ledger.report("state_mismatch", reason, payment, -settled, note)


@_plants("state_mismatch", "unknown_state")
def _use_unknown_state(ledger: Ledger, chance: Chance) -> None:
    payment = ledger.take(chance)
    ledger.change(msgspec.structs.replace(payment, state=UNKNOWN_STATE))
    posted = ledger.line(payment).total
    note = (
        f"has the state {UNKNOWN_STATE}, which settles nothing; "
        f"the POS has it as paid, {_money(posted, payment.currency)}"
    )
    ledger.report("state_mismatch", "unknown_state", payment, posted, note)


@_plants("amount_mismatch", "amount_differs")
def _mistype_more(ledger: Ledger, chance: Chance) -> None:
    _mistype(ledger, chance, ledger.coins.step * chance.between(11, 90))


@_plants("amount_mismatch", "amount_differs")
def _mistype_less(ledger: Ledger, chance: Chance) -> None:
    _mistype(ledger, chance, -ledger.coins.step * chance.between(11, 40))


def _mistype(ledger: Ledger, chance: Chance, moved: Decimal) -> None:
    """Move the amount by something that no tip explains."""

    def fits(payment: Payment) -> bool:
        tips = {payment.tip_gross, payment.tip_net, payment.tip_gross - payment.tip_net}
        return abs(moved) not in tips and parts_total(payment) - payment.tip_gross > 2 * abs(moved)

    payment = ledger.take(chance, fits)
    line = ledger.line(payment)
    ledger.book(payment, replace(line, amount=plain(line.amount + moved)))
    note = (
        f"is {_money(line.amount, line.currency)} without the tip; "
        f"the POS has {_money(ledger.line(payment).amount, line.currency)}"
    )
    ledger.report("amount_mismatch", "amount_differs", payment, moved, note)


@_plants("tip_mismatch", "net_for_gross")
def _book_net_tip(ledger: Ledger, chance: Chance) -> None:
    payment = ledger.take(chance, ledger.has_tip)
    _retip(ledger, payment, payment.tip_net, "net_for_gross", "books the tip after the fee")


@_plants("tip_mismatch", "tip_lost")
def _lose_tip(ledger: Ledger, chance: Chance) -> None:
    payment = ledger.take(chance, ledger.has_tip)
    _retip(ledger, payment, Decimal(0), "tip_lost", "books no tip")


@_plants("tip_mismatch", "tip_differs")
def _mistype_tip(ledger: Ledger, chance: Chance) -> None:
    payment = ledger.take(chance, ledger.has_tip)
    wrong = payment.tip_gross + ledger.coins.step * chance.between(2, 9)
    _retip(ledger, payment, plain(wrong), "tip_differs", "books another tip")


@_plants("tip_mismatch", "tip_inside_amount")
def _hide_tip(ledger: Ledger, chance: Chance) -> None:
    payment = ledger.take(chance, ledger.has_tip)
    line = ledger.line(payment)
    ledger.book(payment, replace(line, amount=line.total, tip=Decimal(0)))
    note = f"has a tip of {_money(line.tip, line.currency)}, which the POS books as turnover"
    ledger.report("tip_mismatch", "tip_inside_amount", payment, Decimal(0), note)


def _retip(ledger: Ledger, payment: Payment, tip: Decimal, reason: str, what: str) -> None:
    ledger.book(payment, replace(ledger.line(payment), tip=tip))
    note = (
        f"has a tip of {_money(payment.tip_gross, payment.currency)}; "
        f"the POS {what}, {_money(tip, payment.currency)}"
    )
    ledger.report("tip_mismatch", reason, payment, tip - payment.tip_gross, note)


@_plants("duplicate_in_pos", "posted_twice")
def _book_again(ledger: Ledger, chance: Chance) -> None:
    payment = ledger.take(chance)
    line = ledger.line(payment)
    again = replace(line, paid_at=line.paid_at + timedelta(seconds=chance.between(20, 200)))
    ledger.book(payment, line, again)
    note = f"of {_money(line.total, line.currency)} is in the POS twice"
    ledger.report("duplicate_in_pos", "posted_twice", payment, line.total, note)


@_plants("currency_mismatch", "currency_differs")
def _mistake_currency(ledger: Ledger, chance: Chance) -> None:
    payment = ledger.take(chance)
    line, settled = ledger.line(payment), parts_total(payment)
    currency, rate = ledger.coins.other
    amount = plain((settled * rate).quantize(Decimal("0.1"), ROUND_HALF_UP))
    wrong = replace(line, amount=amount, tip=Decimal(0), currency=currency)
    ledger.book(payment, wrong)
    note = (
        f"was paid as {_money(settled, payment.currency)}; "
        f"the POS has {_money(amount, currency)} for it"
    )
    ledger.report("currency_mismatch", "currency_differs", payment, -settled, note)
    ledger.report("currency_mismatch", "currency_differs", wrong, amount, note)


@_plants("rounding", "rounded_to_whole")
def _round(ledger: Ledger, chance: Chance) -> None:
    step = ledger.coins.rounding
    taken = ledger.take(chance, lambda payment: payment.tip_gross % step == 0)
    payment = _with_cents(ledger, taken, chance)
    line = ledger.line(payment)
    rounded = plain((line.amount / step).quantize(Decimal(1), ROUND_HALF_UP) * step)
    ledger.book(payment, replace(line, amount=rounded))
    note = (
        f"of {_money(line.total, line.currency)} is in the POS "
        f"rounded to {_money(ledger.line(payment).total, line.currency)}"
    )
    ledger.report("rounding", "rounded_to_whole", payment, rounded - line.amount, note)


def _with_cents(ledger: Ledger, payment: Payment, chance: Chance) -> Payment:
    """Let the guest take bread by weight, so that no till can give change for the total."""
    step = ledger.coins.rounding
    if parts_total(payment) % step:
        return payment
    price = ledger.coins.price(Decimal(chance.between(11, 18))) + step * chance.pick(_FIFTHS) / 5
    bread = PaymentItem(
        id="999",
        name="Chléb (100 g)",
        price=plain(price),
        quantity=Decimal(1),
        min_quantity=Decimal(1),
        tags=("starter",),
    )
    (part,) = payment.parts
    part = msgspec.structs.replace(part, total=plain(part.total + price))
    line = ledger.line(payment)
    ledger.book(payment, replace(line, amount=plain(line.amount + price)))
    return ledger.change(
        msgspec.structs.replace(payment, items=(*payment.items, bread), parts=(part,))
    )


@_plants("timing", "other_business_day")
def _pay_next_morning(ledger: Ledger, chance: Chance) -> None:
    _pay_on(ledger, chance, ledger.day, 28 * 60 + chance.between(5, 55))


@_plants("timing", "other_business_day")
def _pay_evening_before(ledger: Ledger, chance: Chance) -> None:
    _pay_on(ledger, chance, ledger.day - timedelta(days=1), chance.between(20 * 60, 23 * 60))


def _pay_on(ledger: Ledger, chance: Chance, day: date, minutes: int) -> None:
    """Add a payment of another business day, which this day's export cannot have."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
    at = wall.replace(tzinfo=ledger.zone).astimezone(UTC)
    model = chance.pick([payment for payment in ledger.payments.values() if payment.state == PAID])
    business_day = at.astimezone(ledger.zone) - timedelta(hours=4)
    amount = ledger.new_amount(chance)
    item = PaymentItem(
        id="990",
        name="Dárkový poukaz",
        price=amount,
        quantity=Decimal(1),
        min_quantity=Decimal(1),
        tags=("voucher",),
    )
    payment = msgspec.structs.replace(
        model,
        id=ledger.new_id(chance, "3" if day < ledger.day else "8"),
        bill_id=f"{business_day.date().isoformat()}/{8000 + len(ledger.payments)}",
        items=(item,),
        parts=(PaymentPart(total=amount, provider=CARD),),
        discount=None,
        tip_gross=Decimal(0),
        tip_net=Decimal(0),
        customer_id=None,
        timestamp=stamp(at),
    )
    ledger.change(payment)
    ledger.book(payment)
    note = (
        f"of {_money(amount, payment.currency)} belongs to the business day "
        f"{business_day.date().isoformat()}, which this export does not cover"
    )
    ledger.report("timing", "other_business_day", payment, -amount, note)


def _refuse(kind: str, answer: str) -> _Planter:
    """Make a planter that lets the server keep a payment to itself."""

    def planter(ledger: Ledger, chance: Chance) -> None:
        payment = ledger.take(chance)
        del ledger.payments[payment.id]
        ledger.refused.append(Refused(payment.id, kind, payment))
        posted = ledger.line(payment).total
        note = f"is in the POS, {_money(posted, payment.currency)}; asked for it, Qerko {answer}"
        ledger.report("unfetched", f"unfetched_{kind}", payment, posted, note)

    return planter


for _kind, _answer in (
    ("forbidden", "says that it belongs to another restaurant"),
    ("server", "fails every time"),
    ("network", "hangs up every time"),
    ("invalid", "sends what is no payment"),
):
    _plants("unfetched", f"unfetched_{_kind}")(_refuse(_kind, _answer))


@_plants("unreadable", "row_unreadable")
def _smudge(ledger: Ledger, chance: Chance) -> None:
    payment = ledger.take(chance)
    settled = parts_total(payment)
    ledger.book(payment, replace(ledger.line(payment), is_readable=False))
    note = f"of {_money(settled, payment.currency)} is in a row whose amount cannot be read"
    ledger.report("unreadable", "row_unreadable", payment, -settled, note)


@_plants("inconsistent_payment", "items_and_parts_differ")
def _upset_items(ledger: Ledger, chance: Chance) -> None:
    payment = ledger.take(chance, lambda payment: payment.tip_gross == 0)
    extra = ledger.coins.step * chance.between(21, 60)
    (part,) = payment.parts
    part = msgspec.structs.replace(part, total=plain(part.total + extra))
    payment = ledger.change(msgspec.structs.replace(payment, parts=(part,)))
    line = ledger.line(payment)
    ledger.book(payment, book_whole(payment, line.table, line.waiter, line.paid_at))
    note = f"has parts of {_money(part.total, payment.currency)}, {extra} more than its items"
    ledger.report("inconsistent_payment", "items_and_parts_differ", payment, Decimal(0), note)


@_plants("inconsistent_payment", "tips_out_of_range")
def _upset_tip(ledger: Ledger, chance: Chance) -> None:
    payment = ledger.take(chance, ledger.has_tip)
    net = plain(payment.tip_gross + ledger.coins.step)
    ledger.change(msgspec.structs.replace(payment, tip_net=net))
    note = f"has a tip of {payment.tip_gross} before and {_money(net, payment.currency)} after fee"
    ledger.report("inconsistent_payment", "tips_out_of_range", payment, Decimal(0), note)
