"""What the simulated restaurant sells, and the coins it counts in.

Gives out dishes with Czech prices, brought into the day's currency by a :class:`Coinage`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from qerko_recon.errors import ConfigError
from qerko_recon.model import Provider

__all__ = ["CARD", "MENU", "VOUCHER", "Coinage", "Dish", "coinage", "plain"]

CARD: Final = Provider(id="qerko", name="Qerko", type="CARD")
"""The one provider that Qerko documents."""

VOUCHER: Final = Provider(
    id="simulated-voucher", name="Meal voucher (simulated)", type="SIMULATED_VOUCHER"
)
"""A second provider. Qerko documents no other type, so this one says that it is made up."""


@dataclass(frozen=True, slots=True)
class Dish:
    """One line of the menu; ``price`` is for a whole one, in Czech crowns."""

    id: str
    name: str
    price: Decimal
    course: str
    smallest_share: str = "1"


@dataclass(frozen=True, slots=True)
class Coinage:
    """How a currency is counted: its price level, its small change and the other money about.

    Attributes
    ----------
    per_unit
        Czech crowns for one unit.
    step
        What prices are rounded to.
    tip_steps
        What guests round up to, with weights.
    rounding
        What tills round a total to that they cannot give change for.
    voucher
        Nominal value of a meal voucher.
    other
        The currency that a cashier mistakes it for, and how much of it one unit is.
    """

    currency: str
    per_unit: Decimal
    step: Decimal
    tip_steps: tuple[tuple[int, int], ...]
    rounding: Decimal
    voucher: Decimal
    other: tuple[str, Decimal]

    def price(self, crowns: Decimal) -> Decimal:
        """Bring a price of the menu into this currency."""
        steps = (crowns / self.per_unit / self.step).quantize(Decimal(1), ROUND_HALF_UP)
        return plain(steps * self.step)


_COINAGES: Final = (
    Coinage(
        "CZK",
        Decimal(1),
        Decimal(1),
        ((10, 6), (50, 2), (100, 2)),
        Decimal(1),
        Decimal(100),
        ("EUR", Decimal("0.04")),
    ),
    Coinage(
        "EUR",
        Decimal(25),
        Decimal("0.10"),
        ((1, 6), (2, 2), (5, 2)),
        Decimal("0.05"),
        Decimal(5),
        ("CZK", Decimal(25)),
    ),
)


def coinage(currency: str) -> Coinage:
    """Find how a currency is counted.

    Raises
    ------
    ConfigError
        The restaurant does not trade in that currency.
    """
    for known in _COINAGES:
        if known.currency == currency:
            return known
    names = ", ".join(known.currency for known in _COINAGES)
    raise ConfigError(f"a simulated day trades in {names}, not in {currency!r}")


def plain(value: Decimal) -> Decimal:
    """Write an amount with no decimals or two, as prices are written.

    >>> plain(Decimal("98.7")), plain(Decimal("60.00"))
    (Decimal('98.70'), Decimal('60'))
    """
    exact = value.quantize(Decimal("0.01"))
    if exact != value:
        raise AssertionError(f"{value} has fractions of a cent")
    return exact.quantize(Decimal(1)) if exact % 1 == 0 else exact


def _dishes(course: str, first: int, *lines: tuple[str, str], share: str = "1") -> list[Dish]:
    """List the dishes of one course, numbered from ``first``."""
    return [
        Dish(str(first + number), name, Decimal(price), course, share)
        for number, (name, price) in enumerate(lines)
    ]


MENU: Final = (
    *_dishes(
        "soup",
        101,
        ("Hovězí vývar s nudlemi", "65"),
        ("Kulajda s vejcem", "79"),
        ("Dršťková polévka", "75"),
    ),
    *_dishes(
        "lunch",
        201,
        ("Polední menu 1: sekaná, bramborová kaše", "169"),
        ("Polední menu 2: kuře na paprice", "175"),
        ("Polední menu 3: čočka na kyselo, vejce", "155"),
        ("Týdenní nabídka: trhané vepřové", "199"),
    ),
    *_dishes(
        "starter",
        301,
        ("Hovězí tatarák, topinky", "245"),
        ("Nakládaný hermelín", "119"),
        ("Utopenec s cibulí", "95"),
    ),
    *_dishes(
        "main",
        401,
        ("Svíčková na smetaně", "259"),
        ("Hovězí guláš, houskový knedlík", "229"),
        ("Vepřový řízek, bramborový salát", "265"),
        ("Pečená kachna, zelí, knedlíky", "319"),
        ("Smažený sýr, hranolky", "209"),
        ("Hovězí burger s cheddarem", "279"),
        ("Candát na másle", "345"),
        ("Caesar salát s kuřetem", "225"),
        ("Rump steak (200 g)", "425"),
    ),
    *_dishes(
        "shared",
        501,
        ("Prkénko uzenin a sýrů", "344"),
        ("Pečené koleno", "388"),
        ("Kuřecí křídla (1 kg)", "296"),
        share="0.5",
    ),
    *_dishes(
        "dessert",
        601,
        ("Jablečný závin", "95"),
        ("Palačinky s lesním ovocem", "119"),
        ("Větrník", "79"),
    ),
    *_dishes(
        "beer",
        701,
        ("Plzeňská dvanáctka 0,5 l", "65"),
        ("Desítka 0,5 l", "52"),
        ("Nefiltrovaná jedenáctka 0,5 l", "59"),
        ("Nealkoholické pivo 0,5 l", "49"),
    ),
    *_dishes(
        "soft",
        801,
        ("Domácí limonáda 0,4 l", "75"),
        ("Kofola 0,4 l", "55"),
        ("Neperlivá voda 0,33 l", "45"),
        ("Jablečný mošt 0,3 l", "59"),
    ),
    *_dishes(
        "wine",
        851,
        ("Veltlínské zelené, rozlévané (1 l)", "330"),
        ("Frankovka, rozlévaná (1 l)", "329"),
        share="0.3",
    ),
    *_dishes("coffee", 901, ("Espresso", "59"), ("Cappuccino", "75"), ("Čaj", "55")),
    *_dishes("spirit", 951, ("Slivovice 0,04 l", "85"), ("Becherovka 0,04 l", "75")),
)
"""The menu, by course."""
