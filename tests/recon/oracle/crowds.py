"""Bills of many guests, several faults on each: nothing names a payment but its amount.

What is planted leaves no doubt: amounts lie far apart, and wrong ones stay near their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from random import Random

from recon.oracle.trade import Bill, Day, Line, Paid, Planted, Trade, World, moment


@dataclass
class Seat:
    """One guest of a bill, and the line that books what was paid."""

    chance: Random
    bill: Bill
    paid: Paid
    line: Line

    def one(self, kind: str, variance: Decimal, reason: str | None = None) -> list[Planted]:
        """Expect a single break of this payment."""
        who = frozenset({self.paid.payment_id})
        return [Planted(kind, variance, self.paid.currency, who, reason)]


Found = list[Planted] | None


def _missing(seat: Seat) -> Found:
    seat.bill.lines.remove(seat.line)
    return seat.one("missing_in_pos", -seat.paid.due, "not_posted")


def _wrong(seat: Seat) -> Found:
    delta = seat.chance.choice([-1, 1]) * Decimal(seat.chance.randrange(101, 299)) / 100
    tips = {one.gross for one in seat.bill.paid} | {one.net for one in seat.bill.paid}
    tips |= {one.gross - one.net for one in seat.bill.paid}
    if abs(delta) in tips or (seat.paid.due + delta) % 1 == 0:
        return None
    seat.line.amount += delta
    return seat.one("amount_mismatch", delta)


def _cancelled(seat: Seat) -> Found:
    seat.paid.state = "CANCELLED"
    return seat.one("state_mismatch", seat.paid.due, "cancelled_but_posted")


def _open(seat: Seat) -> Found:
    seat.line.state = "open"
    return seat.one("state_mismatch", -seat.paid.due, "paid_but_open")


def _void(seat: Seat) -> Found:
    seat.line.state = "cancelled"
    return seat.one("state_mismatch", -seat.paid.due, "paid_but_cancelled")


def _twice(seat: Seat) -> Found:
    seat.bill.lines.append(replace(seat.line, at=seat.line.at + timedelta(seconds=30)))
    return [Planted("duplicate_in_pos", seat.paid.due, seat.paid.currency)]


def _net(seat: Seat) -> Found:
    fee = seat.paid.gross - seat.paid.net
    if not fee or seat.paid.world.layout == "none":
        return None
    seat.line.tip = seat.paid.net
    return seat.one("tip_mismatch", -fee, "net_for_gross")


def _inside(seat: Seat) -> Found:
    if not seat.paid.gross or seat.paid.world.layout == "none":
        return None
    seat.line.amount, seat.line.tip = seat.line.total, Decimal(0)
    return seat.one("tip_mismatch", Decimal(0), "tip_inside_amount")


def _reversed(seat: Seat) -> Found:
    """Book it, take it back, and book it again: nothing is wrong."""
    line = seat.line
    seat.bill.lines += [replace(line, amount=-line.amount, tip=-line.tip), replace(line)]
    return []


FAULTS: tuple[Callable[[Seat], Found], ...] = (
    _missing,
    _wrong,
    _cancelled,
    _open,
    _void,
    _twice,
    _net,
    _inside,
    _reversed,
)


def made(seed: int) -> Day:
    """Make a day of a few large bills from a seed."""
    chance = Random(f"crowd {seed}")
    currency = chance.choice(["CZK", "EUR"])
    world = World(
        ids="none",
        layout=chance.choice(["beside", "beside", "none"]),
        times=chance.choice([True, False]),
        currencies=(currency,),
        in_parts=chance.choice([True, False]),
        price=chance.choice(["unit", "line"]),
    )
    trade, day = Trade(chance, world), Day(world, [])
    for _ in range(chance.randrange(2, 5)):
        day.bills.append(bill := _bill(chance, trade, currency))
        for paid in chance.sample(bill.paid, chance.randrange(4)):
            line = next(one for one in bill.lines if one.owner == paid.payment_id)
            found = chance.choice(FAULTS)(Seat(chance, bill, paid, line))
            day.planted += found or []
        bill.lines = [replace(line, payment_id=None) for line in bill.lines]
        chance.shuffle(bill.lines)
    return day


def _bill(chance: Random, trade: Trade, currency: str) -> Bill:
    bill_id, at = f"A-{trade.number()}", moment(chance, trade.world.days[0])
    gap = 25 if currency == "CZK" else 5
    paid: list[Paid] = []
    guests = chance.randrange(6, 11)
    while len(paid) < guests:
        one = trade.payment(bill_id, currency, at)
        apart = (abs(one.due - other.due) > gap for other in paid)
        if one.amount > 4 * gap and all(apart):
            paid.append(one)
    lines = [
        Line(one.payment_id, None, bill_id, one.amount, one.tip, currency, one.at) for one in paid
    ]
    return Bill(bill_id, paid, lines)
