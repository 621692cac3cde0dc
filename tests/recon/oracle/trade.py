"""Days of trade from a seed: who paid what, and what a till that books all of it right writes.

Written from the documents alone: nothing of the package is imported, so that what is made here
can judge it. Money is ``Decimal``; what a payment settles for follows from the world's settings.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from zoneinfo import ZoneInfo

CENT = Decimal("0.01")
ZONE = ZoneInfo("Europe/Prague")
CUTOFF = time(4)
PROVIDERS = (
    ("qerko", "Qerko", "CARD", Decimal("0.030")),
    ("benefit", "Benefit Plus", "BENEFIT", Decimal("0.055")),
    ("lightning", "Bitcoin Lightning", "CRYPTO", Decimal("0.010")),
)


@dataclass(frozen=True)
class World:
    """How one venue trades and its till books; every day has one."""

    ids: str = "all"  # which lines name their payment: all, some, none
    bills: bool = True  # whether lines name their bill
    basis: str = "gross"  # the tip the till books: gross, net, none
    in_parts: bool = True  # whether the parts contain the gross tip
    layout: str = "beside"  # beside, inside, line, none: how the export has the tip
    price: str = "unit"
    stated: bool = True  # whether the policy is told, or has to find out
    tolerance: Decimal = Decimal(0)
    providers: bool = False  # whether lines name who moved the money
    times: bool = True
    days: tuple[date, ...] = (date(2026, 11, 20),)
    currencies: tuple[str, ...] = ("CZK",)


@dataclass
class Paid:
    """A payment as Qerko has it."""

    payment_id: str
    bill_id: str
    currency: str
    amount: Decimal  # without the tip
    gross: Decimal
    net: Decimal
    parts: list[tuple[int, Decimal]]  # provider, total
    items: list[tuple[Decimal, Decimal]]  # price, quantity
    discount: Decimal
    at: datetime
    state: str = "PAID"
    failure: str | None = None
    world: World = field(default_factory=World, repr=False)

    @property
    def tip(self) -> Decimal:
        """The tip that the till is to book."""
        return {"gross": self.gross, "net": self.net, "none": Decimal(0)}[self.world.basis]

    @property
    def due(self) -> Decimal:
        """What it settles for if it is paid."""
        return self.amount + self.tip

    @property
    def settled(self) -> Decimal:
        """What it settles for."""
        return self.due if self.state == "PAID" else Decimal(0)

    @property
    def looks(self) -> tuple[object, ...]:
        """All by which a line without an ID could tell it from another of its bill."""
        return (self.bill_id, self.currency, self.amount, self.tip, self.state)


@dataclass
class Line:
    """A payment line of the till; amount without the tip, whatever the export's layout."""

    owner: str | None  # the payment it was written for, whether it says so or not
    payment_id: str | None
    bill_id: str | None
    amount: Decimal | None
    tip: Decimal | None
    currency: str
    at: datetime
    provider: int | None = None
    state: str = "paid"

    @property
    def total(self) -> Decimal:
        """What the guest paid by this line."""
        return (self.amount or Decimal(0)) + (self.tip or Decimal(0))


@dataclass
class Bill:
    """Payments of one bill, and the lines that book them."""

    bill_id: str
    paid: list[Paid]
    lines: list[Line]
    booked: str = "each"  # each: a line or more a payment; sum: one for all; cross: many to many
    spoiled: bool = False

    def lines_of(self, paid: Paid) -> list[Line]:
        """Lines that were written for one payment; only where each has its own."""
        return [line for line in self.lines if line.owner == paid.payment_id]


@dataclass
class Day:
    """Everything of a run's input, and what is wrong with it."""

    world: World
    bills: list[Bill]
    planted: list[Planted] = field(default_factory=list)
    loose: list[Line] = field(default_factory=list)  # lines of no bill that Qerko knows
    failures: list[tuple[str, str]] = field(default_factory=list)

    @property
    def paid(self) -> list[Paid]:
        """Payments, those that could not be had left out."""
        return [one for bill in self.bills for one in bill.paid if one.failure is None]

    @property
    def lines(self) -> list[Line]:
        """Lines of the export."""
        return [line for bill in self.bills for line in bill.lines] + self.loose


@dataclass(frozen=True)
class Planted:
    """One break that must be found; ``who`` are the payments it may name, any if empty."""

    kind: str
    variance: Decimal
    currency: str
    who: frozenset[str | None] = frozenset()
    reason: str | None = None


def cents(value: Decimal) -> Decimal:
    """Round to the cent."""
    return value.quantize(CENT, ROUND_HALF_UP)


def moment(chance: Random, day: date, *, late: bool = False) -> datetime:
    """Choose a time of a business day; late is after midnight, before the cut-off."""
    minutes = chance.randrange(1441, 1640) if late else chance.randrange(11 * 60, 23 * 60 + 50)
    local = datetime.combine(day, time(0)) + timedelta(
        minutes=minutes, seconds=chance.randrange(60)
    )
    return local.replace(tzinfo=ZONE).astimezone(UTC)


def choose_world(chance: Random, ids: str | None = None) -> World:
    """Choose how a venue works, from all that go together."""
    ids = ids or chance.choice(["all", "all", "some", "none"])
    basis = chance.choice(["gross", "gross", "gross", "net", "none"])
    layout = chance.choice(["beside", "beside", "beside", "inside", "line", "none"])
    first = date(2026, chance.choice([3, 6, 11]), chance.randrange(5, 26))
    count = chance.choice([1, 1, 1, 2, 3])
    stated = chance.random() < 0.6
    if not stated and basis == "none":  # only a policy can say that tips are not to be booked
        basis = "gross"
    return World(
        ids=ids,
        bills=ids != "all" or chance.random() < 0.8,
        basis=basis,
        in_parts=chance.random() < 0.7,
        layout=layout,
        price=chance.choice(["unit", "line"]),
        stated=stated,
        tolerance=chance.choice([Decimal(0), Decimal(0), Decimal("0.05"), Decimal("0.50")]),
        providers=chance.random() < 0.4,
        times=chance.random() < 0.85,
        days=tuple(first + timedelta(days=n) for n in range(count)),
        currencies=chance.choice([("CZK",), ("CZK",), ("EUR",), ("CZK", "CZK", "CZK", "EUR")]),
    )


class Trade:
    """Makes the bills of a world."""

    def __init__(self, chance: Random, world: World) -> None:
        self.chance = chance
        self.world = world
        self._number = chance.randrange(10_000, 900_000)

    def number(self) -> int:
        """Give a number that was not given before."""
        self._number += self.chance.randrange(1, 40)
        return self._number

    def day(self, size: int) -> Day:
        """Trade until there are so many payments."""
        day = Day(self.world, [])
        while sum(len(bill.paid) for bill in day.bills) < size:
            day.bills.append(self.bill())
        return day

    def bill(self) -> Bill:
        """One bill, paid and booked right."""
        chance = self.chance
        bill_id = f"{chance.choice(['A', 'B'])}-{self.number()}"
        guests = chance.choice([1, 1, 1, 1, 2, 2, 3, 4, 6])
        currency = chance.choice(self.world.currencies)
        at = moment(chance, chance.choice(self.world.days), late=chance.random() < 0.08)
        bill = Bill(bill_id, [self.payment(bill_id, currency, at) for _ in range(guests)], [])
        named = self.world.ids == "all" or (self.world.ids == "some" and chance.random() < 0.6)
        if not named and guests > 1:
            bill.booked = chance.choice(["each", "each", "sum", "cross"])
        for one in bill.paid:
            bill.lines += self.booked(one)
        if bill.booked == "sum":
            bill.lines = [self._sum(bill.lines)]
        elif bill.booked == "cross":
            bill.lines = self._cross(bill.lines)
        if bill.booked == "each" and chance.random() < 0.12:
            self._cancelled(bill, currency, at)
        if not named:
            bill.lines = [replace(line, payment_id=None) for line in bill.lines]
        return bill

    def payment(self, bill_id: str, currency: str, at: datetime) -> Paid:
        """One payment whose figures add up under the world's arithmetic."""
        chance, world = self.chance, self.world
        items = [self._item(currency) for _ in range(chance.randrange(1, 5))]
        bought = sum(
            (price * (quantity if world.price == "unit" else 1) for price, quantity in items),
            Decimal(0),
        )
        discount = cents(bought / 10) if chance.random() < 0.15 else Decimal(0)
        amount = bought - discount
        gross = self._tip(amount, currency)
        first = chance.choice([0, 0, 0, 1, 2])
        fee = cents(gross * PROVIDERS[first][3])
        whole = amount + gross if world.in_parts else amount
        parts = [(first, whole)]
        if chance.random() < 0.15:
            share = cents(whole / chance.choice([2, 3, 4]))
            parts = [(first, whole - share), ((first + 1) % 3, share)]
        return Paid(
            payment_id=str(self.number()),
            bill_id=bill_id,
            currency=currency,
            amount=amount,
            gross=gross,
            net=gross - fee,
            parts=parts,
            items=items,
            discount=discount,
            at=at + timedelta(seconds=chance.randrange(600)),
            world=world,
        )

    def booked(self, paid: Paid) -> list[Line]:
        """Lines of one payment: one, or one a provider, or split over tenders."""
        chance, world = self.chance, self.world
        at = paid.at + timedelta(seconds=chance.randrange(-60, 900))
        line = Line(
            paid.payment_id,
            paid.payment_id,
            paid.bill_id if world.bills else None,
            paid.amount,
            paid.tip,
            paid.currency,
            at,
            paid.parts[0][0] if world.providers else None,
        )
        lines = [line]
        if len(paid.parts) > 1 and (world.providers or chance.random() < 0.5):
            (_, _), (second, share) = paid.parts
            other = second if world.providers else None
            lines = [
                replace(line, amount=paid.amount - share),
                replace(line, amount=share, tip=Decimal(0), provider=other),
            ]
        elif chance.random() < 0.12:
            share = cents(paid.amount / chance.choice([2, 3, 5]))
            tip = chance.choice([Decimal(0), paid.tip, cents(paid.tip / 2)])
            lines = [
                replace(line, amount=paid.amount - share, tip=paid.tip - tip),
                replace(line, amount=share, tip=tip),
            ]
        return lines

    def _cancelled(self, bill: Bill, currency: str, at: datetime) -> None:
        """Add an attempt that was cancelled, and what the till may have of it."""
        gone = self.payment(bill.bill_id, currency, at)
        gone.state = "CANCELLED"
        bill.paid.append(gone)
        line = replace(self.booked(gone)[0], amount=gone.amount, tip=gone.tip)
        back = replace(line, amount=-line.amount, tip=-line.tip)
        bill.lines += self.chance.choice(
            [[], [], [replace(line, state="cancelled")], [line, back]]
        )

    def _item(self, currency: str) -> tuple[Decimal, Decimal]:
        crowns = currency == "CZK"
        price = Decimal(self.chance.randrange(39, 690)) if crowns else Decimal(0)
        if not crowns or self.chance.random() < 0.2:
            price += Decimal(self.chance.randrange(250, 4900)) / 100
        return price, Decimal(self.chance.choice([1, 1, 1, 2, 3]))

    def _tip(self, amount: Decimal, currency: str) -> Decimal:
        if self.chance.random() < 0.4:
            return Decimal(0)
        tip = amount * self.chance.choice([5, 10, 10, 15]) / 100
        return Decimal(round(tip)) if currency == "CZK" else cents(tip)

    def _sum(self, lines: list[Line]) -> Line:
        return replace(
            lines[0],
            provider=None,
            amount=sum((line.amount for line in lines), Decimal(0)),
            tip=sum((line.tip for line in lines), Decimal(0)),
        )

    def _cross(self, lines: list[Line]) -> list[Line]:
        whole = self._sum(lines)
        share, tip = cents(whole.amount * 3 / 7), cents(whole.tip * 3 / 7)
        return [
            replace(whole, amount=share, tip=tip),
            replace(whole, amount=whole.amount - share, tip=whole.tip - tip),
        ]
