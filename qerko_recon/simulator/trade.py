"""An honest day at the tables: a seed in, bills with the shares that guests paid out.

The day runs from late morning to half past three at night, with a peak at lunch and one at
dinner. A bill is paid whole, or split by items between guests; guests tip by rounding up or by a
percentage; some payments are discounted, some cancelled and tried again, some bills paid in cash.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Final
from zoneinfo import ZoneInfo

from qerko_recon.model import CANCELLED, PAID, Discount, Payment, PaymentItem, PaymentPart
from qerko_recon.simulator.chance import Chance
from qerko_recon.simulator.menu import CARD, MENU, VOUCHER, Coinage, Dish, plain

__all__ = ["Bill", "Sale", "Trade", "items_total", "parts_total", "stamp", "trade"]

TIP_FEE: Final = Decimal("0.015")
"""What the simulated Qerko keeps of a tip. Real fees differ by contract."""

_CENT: Final = Decimal("0.01")
_TWO: Final = 2  # who share a plate
_PEAKS: Final = (  # minutes after midnight, how busy, what is served
    (630, 690, 6, "morning"),
    (690, 720, 14, "lunch"),
    (720, 780, 40, "lunch"),
    (780, 840, 24, "lunch"),
    (840, 1020, 14, "morning"),
    (1020, 1080, 12, "dinner"),
    (1080, 1140, 26, "dinner"),
    (1140, 1200, 34, "dinner"),
    (1200, 1260, 30, "dinner"),
    (1260, 1350, 22, "dinner"),
    (1350, 1440, 14, "late"),
    (1440, 1560, 8, "late"),
    (1560, 1620, 3, "late"),
)
_COURSES: Final = {  # course, in how many of a hundred cases a guest takes it
    "morning": (("coffee", 80), ("dessert", 55), ("soft", 45), ("soup", 10)),
    "lunch": (("soup", 45), ("lunch", 85), ("soft", 50), ("beer", 30), ("coffee", 30)),
    "dinner": (
        ("starter", 25),
        ("main", 95),
        ("beer", 70),
        ("beer", 45),
        ("wine", 14),
        ("soft", 35),
        ("dessert", 25),
        ("coffee", 15),
    ),
    "late": (("beer", 90), ("beer", 70), ("beer", 40), ("spirit", 35), ("wine", 12), ("soft", 20)),
}
_TABLES: Final = (
    *(f"Stůl {number}" for number in range(1, 15)),
    "Salonek; velký stůl",
    "Zahrádka, stůl 1",
    "Zahrádka, stůl 2",
    "Bar",
)
_WAITERS: Final = ("Jana", "Petr", "Lukáš", "Žaneta")
_OTHER_TENDERS: Final = (("cash", 50), ("card", 40), ("voucher", 10))


@dataclass(slots=True)
class Bill:
    """A table's bill; its ID is the POS's."""

    table: str
    waiter: str
    closed_at: datetime
    id: str = ""


@dataclass(slots=True)
class Sale:
    """What one guest paid of a bill, by Qerko or otherwise."""

    bill: Bill
    items: tuple[PaymentItem, ...]
    at: datetime
    tender_type: str = "qerko"
    discount: Discount | None = None
    tip: Decimal = Decimal(0)
    voucher: Decimal = Decimal(0)
    state: str = PAID
    customer_id: str | None = None
    payment_id: str = ""

    @property
    def total(self) -> Decimal:
        """What the guest paid, tip included."""
        off = self.discount.value if self.discount else Decimal(0)
        return plain(items_total(self.items) - off + self.tip)

    def payment(self, currency: str) -> Payment:
        """Write the sale as Qerko would."""
        card = PaymentPart(total=plain(self.total - self.voucher), provider=CARD)
        voucher = PaymentPart(total=plain(self.voucher), provider=VOUCHER)
        fee = (self.tip * TIP_FEE).quantize(_CENT, ROUND_HALF_UP)
        return Payment(
            id=self.payment_id,
            bill_id=self.bill.id,
            currency=currency,
            state=self.state,
            items=self.items,
            parts=(voucher, card) if self.voucher else (card,),
            tip_gross=plain(self.tip),
            tip_net=plain(self.tip - fee),
            customer_id=self.customer_id,
            discount=self.discount,
            timestamp=stamp(self.at),
            additional_data={"till": "bar"} if self.bill.table == "Bar" else None,
        )


@dataclass(frozen=True, slots=True)
class Trade:
    """A day's sales in the order of time: those by Qerko, and all others."""

    sales: tuple[Sale, ...]
    others: tuple[Sale, ...]


def stamp(at: datetime) -> str:
    """Write a moment as the wire does, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def items_total(items: tuple[PaymentItem, ...]) -> Decimal:
    """Sum price × quantity."""
    return sum((item.price * item.quantity for item in items), Decimal(0))


def parts_total(payment: Payment) -> Decimal:
    """Sum what the providers moved."""
    return sum((part.total for part in payment.parts), Decimal(0))


def trade(seed: int, day: date, payments: int, coins: Coinage, zone: ZoneInfo) -> Trade:
    """Run an honest day until so many Qerko payments were made, cancelled ones included."""
    chance = Chance(seed, "trade")
    floor = _Floor(chance, day, coins, zone)
    sales: list[Sale] = []
    others: list[Sale] = []
    while len(sales) < payments:
        for sale in floor.party():
            if sale.tender_type != "qerko":
                others.append(sale)
            elif len(sales) < payments:
                if len(sales) + 1 < payments and chance.happens(4):
                    sales.append(floor.failed_attempt(sale))
                sales.append(sale)
    sales.sort(key=lambda sale: sale.at)
    others.sort(key=lambda sale: sale.at)
    _number_bills([sale.bill for sale in (*sales, *others)], day)
    _number_payments(chance, sales)
    return Trade(tuple(sales), tuple(others))


def _number_bills(bills: list[Bill], day: date) -> None:
    """Give each bill its number: the bar has a till, and so a series, of its own."""
    counts: Counter[str] = Counter()
    for bill in sorted(bills, key=lambda bill: (bill.closed_at, bill.table)):
        if not bill.id:
            series = f"B{day:%y%m%d}-" if bill.table == "Bar" else f"{day.isoformat()}/"
            counts[series] += 1
            bill.id = f"{series}{counts[series]:04d}"


def _number_payments(chance: Chance, sales: list[Sale]) -> None:
    """Give each payment an ID; guests of other restaurants pay in between."""
    number = 40_000_000 + chance.below(20_000_000)
    widest = max(1, min(4000, 20_000_000 // len(sales)))
    for sale in sales:
        number += chance.between(1, widest)
        sale.payment_id = str(number)


@dataclass(slots=True)
class _Floor:
    """The restaurant's floor: parties come, eat, split and pay."""

    chance: Chance
    day: date
    coins: Coinage
    zone: ZoneInfo
    _tables: dict[str, list[Dish]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for dish in MENU:
            self._tables.setdefault(dish.course, []).append(dish)

    def party(self) -> list[Sale]:
        """Serve one party and let it pay."""
        start, end, _, served = self.chance.weighted([(peak, peak[2]) for peak in _PEAKS])
        closed_at = self._moment(start * 60 + self.chance.below((end - start) * 60))
        bill = Bill(self.chance.pick(_TABLES), self.chance.pick(_WAITERS), closed_at)
        guests = self.chance.weighted(((1, 22), (2, 44), (3, 14), (4, 14), (6, 6)))
        payers = guests if guests > 1 and self.chance.happens(24) else 1
        if not self.chance.happens(72):
            tender_type = self.chance.weighted(_OTHER_TENDERS)
            return [self._sale(bill, self._order(served, guests), 0, tender_type)]
        if payers == 1:
            return [self._sale(bill, self._order(served, guests), 0, "qerko", served)]
        orders = [self._order(served, 1) for _ in range(payers)]
        if payers == _TWO and self.chance.happens(60):
            plate = (self.chance.pick(self._tables["shared"]), Decimal("0.5"))
            orders = [[*order, plate] for order in orders]
        sales = []
        wait = 0
        for order in orders:
            tender_type = "cash" if self.chance.happens(8) else "qerko"
            sales.append(self._sale(bill, order, wait, tender_type, served))
            wait += self.chance.between(40, 200)
        return sales

    def failed_attempt(self, sale: Sale) -> Sale:
        """Let the guest's payment fail once, some minutes before it succeeds or never does."""
        before = timedelta(seconds=self.chance.between(60, 240))
        if self.chance.happens(30):  # the guest gave up and paid at the bar
            sale.state = CANCELLED
            before = -before
        return Sale(
            bill=sale.bill,
            items=sale.items,
            at=sale.at - before,
            discount=sale.discount,
            tip=sale.tip,
            voucher=sale.voucher,
            state=CANCELLED,
            customer_id=sale.customer_id,
        )

    def _moment(self, seconds: int) -> datetime:
        """Find the moment so many seconds after midnight on the restaurant's own clock."""
        wall = datetime.combine(self.day, time()) + timedelta(seconds=seconds)
        return wall.replace(tzinfo=self.zone).astimezone(UTC)

    def _order(self, served: str, guests: int) -> list[tuple[Dish, Decimal]]:
        """Let guests order: dishes with quantities, at least one."""
        order: list[tuple[Dish, Decimal]] = []
        for _ in range(guests):
            taken = [course for course, often in _COURSES[served] if self.chance.happens(often)]
            for course in taken or [_COURSES[served][0][0]]:
                quantity = Decimal("0.3") if course == "wine" else Decimal(1)
                order.append((self.chance.pick(self._tables[course]), quantity))
        if guests > 1 and served in {"dinner", "late"} and self.chance.happens(20):
            order.append((self.chance.pick(self._tables["shared"]), Decimal(1)))
        return order

    def _sale(
        self,
        bill: Bill,
        order: list[tuple[Dish, Decimal]],
        wait: int,
        tender_type: str,
        served: str = "",
    ) -> Sale:
        at = bill.closed_at + timedelta(seconds=wait)
        sale = Sale(bill, self._items(order), at, tender_type)
        if tender_type == "qerko":
            sale.discount = self._discount(items_total(sale.items))
            sale.voucher = self._voucher(sale.total) if served == "lunch" else Decimal(0)
            sale.tip = self._tip(sale.total)
            sale.customer_id = self.chance.guid() if self.chance.happens(10) else None
        return sale

    def _items(self, order: list[tuple[Dish, Decimal]]) -> tuple[PaymentItem, ...]:
        """Write an order as items, each dish once."""
        quantities: dict[Dish, Decimal] = {}
        for dish, quantity in order:
            quantities[dish] = quantities.get(dish, Decimal(0)) + quantity
        return tuple(
            PaymentItem(
                id=dish.id,
                name=dish.name,
                price=self.coins.price(dish.price),
                quantity=quantity,
                min_quantity=Decimal(dish.smallest_share),
                tags=(dish.course,),
            )
            for dish, quantity in quantities.items()
        )

    def _discount(self, total: Decimal) -> Discount | None:
        """Give some guests a discount; its value is what is taken off."""
        if not self.chance.happens(6):
            return None
        percent, step = self.chance.weighted(
            (((10, Decimal(1)), 6), ((20, Decimal(1)), 2), ((5, _CENT), 2))
        )
        value = (total * percent / 100 / step).quantize(Decimal(1), ROUND_HALF_UP) * step
        if not 0 < value < total:
            return None
        return Discount(value=plain(value), name=f"Sleva {percent} %", source="SIMULATED")

    def _voucher(self, total: Decimal) -> Decimal:
        """Pay a part with meal vouchers, always less than half of it."""
        if not self.chance.happens(14):
            return Decimal(0)
        sheets = int((total - self.coins.step) / 2 / self.coins.voucher)
        return self.coins.voucher * min(sheets, 2)

    def _tip(self, total: Decimal) -> Decimal:
        """Tip by rounding up, or five, ten or fifteen per cent, or not at all."""
        if not self.chance.happens(58):
            return Decimal(0)
        if self.chance.happens(50):
            step = self.chance.weighted(self.coins.tip_steps)
            return plain((total / step).quantize(Decimal(1), ROUND_CEILING) * step - total)
        percent = self.chance.weighted(((5, 3), (10, 5), (15, 1)))
        return plain((total * percent / 100).quantize(Decimal(1), ROUND_HALF_UP))
