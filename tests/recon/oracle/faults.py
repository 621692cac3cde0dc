"""Faults to plant in a day, each with the breaks that must be found for it.

A fault is a function of a :class:`Spot` (one payment of one bill and its lines) that spoils it
and gives what is to be found, or gives nothing where it cannot be planted there. What the
documents leave open is decided here as an accountant would, and says so in a comment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from random import Random

from recon.oracle.trade import CENT, Bill, Day, Line, Paid, Planted, Trade, choose_world, moment

Found = list[Planted] | None


@dataclass
class Spot:
    """Where a fault is planted."""

    chance: Random
    trade: Trade
    day: Day
    bill: Bill
    paid: Paid
    lines: list[Line]

    @property
    def world(self):
        """How the venue works."""
        return self.day.world

    @property
    def who(self) -> frozenset[str | None]:
        """Payments that nobody could tell from this one, if its lines do not name it."""
        if all(line.payment_id for line in self.lines):
            return frozenset({self.paid.payment_id})
        alike = (one for one in self.bill.paid if one.looks == self.paid.looks)
        return frozenset(one.payment_id for one in alike)

    @property
    def named(self) -> bool:
        """Whether its lines name it."""
        return bool(self.lines) and self.lines[0].payment_id is not None

    @property
    def tips_shown(self) -> bool:
        """Whether the export tells tips from amounts."""
        return self.world.layout != "none"

    def one(self, kind: str, variance: Decimal, reason: str | None = None) -> list[Planted]:
        """Expect a single break of this payment."""
        return [Planted(kind, variance, self.paid.currency, self.who, reason)]

    def rid(self) -> None:
        """Take the payment's lines out of the export."""
        self.bill.lines = [line for line in self.bill.lines if line not in self.lines]

    def amounts(self) -> set[Decimal]:
        """Every variance that would mean something else than a wrong amount."""
        paid = self.paid
        meant = {paid.gross, paid.net, paid.gross - paid.net, paid.due, Decimal(0)}
        others = {one.due - paid.due for one in self.bill.paid}
        return meant | {-one for one in meant} | others

    def delta(self) -> Decimal:
        """Choose a variance that no pattern explains."""
        while True:
            delta = Decimal(self.chance.randrange(203, 9000)) / 100
            delta = self.chance.choice([delta, -delta])
            if delta not in self.amounts() and abs(delta) < self.lines[0].amount:
                return delta


def not_posted(spot: Spot) -> Found:
    """The till has no line."""
    found = spot.one("missing_in_pos", -spot.paid.due, "not_posted")
    spot.rid()
    return found


def half_posted(spot: Spot) -> Found:
    """One of the two lines of a payment is lost: the amount differs, and perhaps the tip."""
    if len(spot.lines) < 2 or not spot.named or not spot.tips_shown:
        return None
    lost = spot.lines[-1]
    left = spot.paid.tip - lost.tip
    if lost.tip and (
        abs(lost.tip) <= spot.world.tolerance or left in {spot.paid.net, spot.paid.gross}
    ):
        return None
    spot.bill.lines = [line for line in spot.bill.lines if line is not lost]
    found = spot.one("amount_mismatch", -lost.amount)
    return found + (spot.one("tip_mismatch", -lost.tip) if lost.tip else [])


def never_asked(spot: Spot) -> Found:
    """A line names a payment that nobody fetched."""
    if spot.world.ids == "none":
        return None
    line = replace(
        spot.lines[0], owner=None, payment_id=str(spot.trade.number()), bill_id=_bill(spot)
    )
    spot.day.loose.append(line)
    who = frozenset({line.payment_id})
    return [Planted("missing_in_qerko", line.total, line.currency, who, "not_among_payments")]


def unknown_to_qerko(spot: Spot) -> Found:
    """A line names a payment for which Qerko answers 404."""
    found = never_asked(spot)
    if found:
        line = spot.day.loose[-1]
        spot.day.failures.append((line.payment_id, "not_found"))
        found = [replace(found[0], reason="not_found")]
    return found


def no_payment(spot: Spot) -> Found:
    """A line of a bill that nobody paid through Qerko, without a payment ID."""
    if not spot.world.bills or _rows_apart(spot, spot.lines[0]):
        return None
    line = replace(spot.lines[0], owner=None, payment_id=None, bill_id=_bill(spot))
    spot.day.loose.append(line)
    return [
        Planted(
            "missing_in_qerko",
            line.total,
            line.currency,
            frozenset({None}),
            "no_payment_for_bill",
        )
    ]


def posted_twice(spot: Spot) -> Found:
    """A line stands twice.

    Without a payment ID the second of two equal lines of one bill is a duplicate too, not a line
    without a payment: that is what the cashier did.
    """
    line = spot.chance.choice(spot.lines)
    if line.total <= 0 or _rows_apart(spot, line):
        return None
    spot.bill.lines.append(replace(line, at=line.at + timedelta(seconds=40)))
    who = spot.who if spot.named else frozenset()
    return [Planted("duplicate_in_pos", line.total, line.currency, who, "posted_twice")]


def cancelled_but_posted(spot: Spot) -> Found:
    """Qerko gave the money back and the till kept it."""
    found = spot.one("state_mismatch", spot.paid.due, "cancelled_but_posted")
    spot.paid.state = "CANCELLED"
    return found


def paid_but_open(spot: Spot) -> Found:
    """The till left the bill open."""
    found = spot.one("state_mismatch", -spot.paid.due, "paid_but_open")
    for line in spot.lines:
        line.state = "open"
    return found


def paid_but_void(spot: Spot) -> Found:
    """The till cancelled the line, Qerko did not."""
    found = spot.one("state_mismatch", -spot.paid.due, "paid_but_cancelled")
    for line in spot.lines:
        line.state = "cancelled"
    return found


def unknown_state(spot: Spot) -> Found:
    """Qerko says a state that is not documented; nothing is settled by it."""
    found = spot.one("state_mismatch", spot.paid.due, "unknown_state")
    spot.paid.state = spot.chance.choice(["AUTHORIZED", "REFUNDED", "PENDING"])
    return found


def unknown_state_unposted(spot: Spot) -> Found:
    """The same, and the till has nothing: no money, but somebody has to look."""
    found = spot.one("state_mismatch", Decimal(0), "unknown_state")
    spot.paid.state = spot.chance.choice(["AUTHORIZED", "REFUNDED", "PENDING"])
    spot.rid()
    return found


def wrong_amount(spot: Spot) -> Found:
    """The till booked another amount."""
    delta = spot.delta()
    spot.lines[0].amount += delta
    return spot.one("amount_mismatch", delta, "amount_differs")


def _tip_of(spot: Spot, least: Decimal = Decimal(0)) -> bool:
    """Whether the tip is on the first line and worth a break."""
    due, first = spot.paid.tip, spot.lines[0].tip
    return spot.tips_shown and first == due and due > max(spot.world.tolerance, least)


def net_for_gross(spot: Spot) -> Found:
    """The till booked the tip without Qerko's fee."""
    fee = spot.paid.gross - spot.paid.net
    if spot.world.basis != "gross" or fee <= spot.world.tolerance or not _tip_of(spot):
        return None
    spot.lines[0].tip = spot.paid.net
    return spot.one("tip_mismatch", -fee, "net_for_gross")


def gross_for_net(spot: Spot) -> Found:
    """The till booked what the guest gave, though it is to book what is left."""
    fee = spot.paid.gross - spot.paid.net
    if spot.world.basis != "net" or fee <= spot.world.tolerance or not _tip_of(spot):
        return None
    spot.lines[0].tip = spot.paid.gross
    return spot.one("tip_mismatch", fee, "gross_for_net")


def tip_lost(spot: Spot) -> Found:
    """The till booked no tip."""
    if not _tip_of(spot):
        return None
    spot.lines[0].tip = Decimal(0)
    return spot.one("tip_mismatch", -spot.paid.tip, "tip_lost")


def tip_inside(spot: Spot) -> Found:
    """The till booked the tip as sales."""
    if not _tip_of(spot):
        return None
    spot.lines[0].amount += spot.lines[0].tip
    spot.lines[0].tip = Decimal(0)
    return spot.one("tip_mismatch", Decimal(0), "tip_inside_amount")


def tip_wrong(spot: Spot) -> Found:
    """The till booked a tip that is nobody's."""
    if spot.world.basis == "none" or not _tip_of(spot, Decimal(2)):
        return None
    delta = spot.chance.choice([Decimal("1.37"), -Decimal("1.37"), Decimal("7.77")])
    if spot.paid.tip + delta in {spot.paid.gross, spot.paid.net}:
        return None
    spot.lines[0].tip += delta
    return spot.one("tip_mismatch", delta, "tip_differs")


def tip_on_both(spot: Spot) -> Found:
    """A payment split over two tenders, and each of them has the whole tip."""
    if len(spot.lines) < 2 or not _tip_of(spot) or spot.world.layout == "line":
        return None
    spot.lines[1].tip = spot.paid.tip
    return spot.one("tip_mismatch", spot.paid.tip)


def tip_where_none_is_booked(spot: Spot) -> Found:
    """The till is to book no tips and booked one."""
    shown = spot.tips_shown and spot.world.stated
    if spot.world.basis != "none" or not shown or spot.paid.gross <= spot.world.tolerance:
        return None
    spot.lines[0].tip = spot.paid.gross
    return spot.one("tip_mismatch", spot.paid.gross)


def amount_and_tip(spot: Spot) -> Found:
    """Amount and tip are both wrong: two breaks that add up."""
    if not spot.named or not _tip_of(spot):
        return None
    delta = spot.delta()
    if delta + spot.paid.tip == 0:
        return None
    spot.lines[0].amount += delta
    spot.lines[0].tip = Decimal(0)
    return spot.one("amount_mismatch", delta, "amount_differs") + spot.one(
        "tip_mismatch", -spot.paid.tip, "tip_lost"
    )


def rounded(spot: Spot) -> Found:
    """The till rounded the total to whole crowns, as for cash."""
    whole = round(spot.paid.due)
    delta = whole - spot.paid.due
    if spot.paid.currency != "CZK" or spot.world.layout != "beside" or not spot.named:
        return None
    if abs(delta) <= spot.world.tolerance or abs(delta) >= Decimal("0.5"):
        return None
    spot.lines[0].amount += delta
    return spot.one("rounding", delta, "rounded_to_whole")


def within_tolerance(spot: Spot) -> Found:
    """A variance that the policy tolerates."""
    if not spot.world.tolerance:
        return None
    delta = spot.chance.choice([CENT, -CENT, spot.world.tolerance, -spot.world.tolerance])
    if spot.paid.currency == "CZK" and (spot.paid.due + delta) % 1 == 0:
        return None
    spot.lines[0].amount += delta
    return spot.one("rounding", delta, "within_tolerance")


def other_currency(spot: Spot) -> Found:
    """The till booked the payment in another currency: a break in each."""
    if not spot.named:
        return None
    other = "EUR" if spot.paid.currency == "CZK" else "CZK"
    for line in spot.lines:
        line.currency = other
    total = sum((line.total for line in spot.lines), Decimal(0))
    return [
        *spot.one("currency_mismatch", -spot.paid.due),
        Planted("currency_mismatch", total, other, spot.who),
    ]


def other_provider(spot: Spot) -> Found:
    """The till booked another provider's tender; the money agrees."""
    if not spot.world.providers or len(spot.lines) > 1 or len(spot.paid.parts) > 1:
        return None
    spot.lines[0].provider = (spot.lines[0].provider + 1) % 3
    return spot.one("part_mismatch", Decimal(0), "provider_differs")


def other_split(spot: Spot) -> Found:
    """The till split the payment otherwise over the same providers."""
    gross = spot.world.in_parts and spot.world.basis == "gross" and spot.world.stated
    if not spot.world.providers or len(spot.paid.parts) < 2 or not gross or not spot.named:
        return None
    spot.lines[0].amount += 10
    spot.lines[1].amount -= 10
    return spot.one("part_mismatch", Decimal(0), "provider_differs")


def next_day(spot: Spot) -> Found:
    """A payment of the business day after those of the export."""
    if not spot.world.times:
        return None
    last = max(spot.world.days)
    day = last + timedelta(days=1)
    others = [line for line in spot.day.lines if line not in spot.lines]
    if sum(line.at.date() == last for line in others) < 0.1 * len(others):
        return None  # the export would not cover the last day
    found = spot.one("timing", -spot.paid.due, "other_business_day")
    spot.paid.at = moment(spot.chance, day)
    spot.rid()
    return found


def posted_next_day(spot: Spot) -> Found:
    """A line of the business day before, whose payments were not fetched."""
    found = never_asked(spot) if spot.world.times else None
    if found:
        line = spot.day.loose[-1]
        line.at = moment(spot.chance, min(spot.world.days) - timedelta(days=1))
        found = [replace(found[0], kind="timing", reason="other_business_day")]
    return found


def not_had(spot: Spot) -> Found:
    """Qerko did not give the payment out; what the till posted for it cannot be checked."""
    if not spot.named:
        return None
    kind = spot.chance.choice(["forbidden", "unauthorized", "server", "network", "invalid"])
    total = sum((line.total for line in spot.lines), Decimal(0))
    spot.paid.failure = kind
    spot.day.failures.append((spot.paid.payment_id, kind))
    return spot.one("unfetched", total, f"unfetched_{kind}")


def not_had_and_not_posted(spot: Spot) -> Found:
    """The same, without a line: no money is known, nor in which currency it would be."""
    found = not_had(spot)
    if found:
        found = [replace(found[0], variance=Decimal(0), currency="")]
        spot.rid()
    return found


def unreadable(spot: Spot) -> Found:
    """A row whose amount nobody can read: what it settles is missing on the other side."""
    if len(spot.lines) > 1 or not spot.named:
        return None
    spot.lines[0].amount = spot.lines[0].tip = None
    return spot.one("unreadable", -spot.paid.due, "row_unreadable")


def contradicts_itself(spot: Spot) -> Found:
    """Items, discount and tip of the payment make another total than its parts."""
    price, quantity = spot.paid.items[0]
    spot.paid.items[0] = (price + Decimal("7.77"), quantity)
    who = frozenset({spot.paid.payment_id})
    return [
        Planted(
            "inconsistent_payment",
            Decimal(0),
            spot.paid.currency,
            who,
            "items_and_parts_differ",
        )
    ]


def impossible_tip(spot: Spot) -> Found:
    """A net tip above the gross one."""
    if spot.world.basis != "gross" or not spot.paid.gross:
        return None
    spot.paid.net = spot.paid.gross + 1
    return [
        Planted(
            "inconsistent_payment",
            Decimal(0),
            spot.paid.currency,
            frozenset({spot.paid.payment_id}),
            "tips_out_of_range",
        )
    ]


def _rows_apart(spot: Spot, line: Line) -> bool:
    """Whether the tip of a line is a row of its own, so that there are two lines."""
    return spot.world.layout == "line" and bool(line.tip)


def _bill(spot: Spot) -> str | None:
    return f"C-{spot.trade.number()}" if spot.world.bills else None


FAULTS: tuple[Callable[[Spot], Found], ...] = (
    not_posted,
    half_posted,
    never_asked,
    unknown_to_qerko,
    no_payment,
    posted_twice,
    cancelled_but_posted,
    paid_but_open,
    paid_but_void,
    unknown_state,
    unknown_state_unposted,
    wrong_amount,
    net_for_gross,
    gross_for_net,
    tip_lost,
    tip_inside,
    tip_wrong,
    tip_on_both,
    tip_where_none_is_booked,
    amount_and_tip,
    rounded,
    within_tolerance,
    other_currency,
    other_provider,
    other_split,
    next_day,
    posted_next_day,
    not_had,
    not_had_and_not_posted,
    unreadable,
    contradicts_itself,
    impossible_tip,
)


def sum_wrong(chance: Random, bill: Bill) -> Found:
    """One line for several payments, by another amount; it may name any of them or none."""
    if bill.booked != "sum":
        return None
    delta = Decimal(chance.randrange(203, 4000)) / 100
    one = bill.paid[0]
    meant = {paid.gross for paid in bill.paid} | {paid.net for paid in bill.paid}
    meant |= {sum(p.gross for p in bill.paid), sum(p.gross - p.net for p in bill.paid)}
    if delta in meant:
        return None
    bill.lines[0].amount += delta
    return [Planted("amount_mismatch", delta, one.currency)]


def sum_missing(chance: Random, bill: Bill) -> Found:
    """The one line of a shared bill is lost: every one of its payments is missing."""
    if bill.booked == "each":
        return None
    bill.lines = []
    return [
        Planted(
            "missing_in_pos",
            -one.due,
            one.currency,
            frozenset(other.payment_id for other in bill.paid if other.looks == one.looks),
            "not_posted",
        )
        for one in bill.paid
    ]


def sum_twice(chance: Random, bill: Bill) -> Found:
    """The one line of a shared bill stands twice."""
    if bill.booked != "sum" or (bill.paid[0].world.layout == "line" and bill.lines[0].tip):
        return None
    bill.lines.append(replace(bill.lines[0]))
    return [Planted("duplicate_in_pos", bill.lines[0].total, bill.paid[0].currency)]


WHOLE_BILL = (sum_wrong, sum_missing, sum_twice)


def made(seed: int, ids: str, layouts: tuple[str, ...] = ()) -> Day:
    """Make a day with its faults from a seed, of a venue whose lines name their payments so."""
    chance = Random(seed)
    world = choose_world(chance, ids)
    while layouts and world.layout not in layouts:
        world = choose_world(chance, ids)
    trade = Trade(chance, world)
    # What is not stated has to be found from the data, so most of them have to be right.
    day = trade.day(chance.choice([20, 60]) if world.stated else 150)
    plant(chance, trade, day, chance.choice([0, 0.1, 0.4]) if world.stated else 0.1)
    return day


def plant(chance: Random, trade: Trade, day: Day, share: float) -> None:
    """Spoil about this share of the bills, one fault each."""
    for bill in day.bills:
        if chance.random() >= share:
            continue
        if bill.booked != "each":
            found = chance.choice(WHOLE_BILL)(chance, bill)
            day.planted += found or []
            continue
        paid = chance.choice([one for one in bill.paid if one.state == "PAID"])
        spot = Spot(chance, trade, day, bill, paid, bill.lines_of(paid))
        for _ in range(6):
            found = chance.choice(FAULTS)(spot)
            if found is not None:
                day.planted += found
                break
