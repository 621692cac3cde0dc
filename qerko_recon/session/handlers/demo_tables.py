"""The tables and bills of the demo till: a small Czech inn."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from qerko_recon.model import Bill, BillItem, Table

__all__ = ["demo_bills"]

_MENU: Final = {
    "svickova": ("Svíčková na smetaně", "229.00", "food"),
    "gulas": ("Hovězí guláš", "189.00", "food"),
    "rizek": ("Smažený řízek", "215.00", "food"),
    "polevka": ("Kulajda", "79.00", "food"),
    "strudl": ("Jablečný závin", "95.00", "food"),
    "pivo": ("Pivo 0,5 l", "62.00", "drinks"),
    "vino": ("Víno 0,2 l", "89.00", "drinks"),
    "kava": ("Espresso", "65.00", "drinks"),
    "limo": ("Domácí limonáda", "75.00", "drinks"),
}
_TABLES: Final = {
    "1": ("Okno", "Sál", [{"svickova": "2", "pivo": "3", "kava": "1"}]),
    "2": ("Kamna", "Sál", [{"gulas": "1", "pivo": "2"}, {"polevka": "1", "limo": "1"}]),
    "3": ("Roh", "Sál", [{"rizek": "4", "vino": "4", "strudl": "2", "kava": "4"}]),
    "4": ("Lípa", "Zahrádka", [{"pivo": "5"}]),
    "5": ("Plot", "Zahrádka", [{"vino": "0.5", "strudl": "1"}]),
    "6": ("Branka", "Zahrádka", []),
}


def demo_bills(now: datetime) -> dict[Table, list[Bill]]:
    """Give the tables with their open bills, as of a moment."""
    given: dict[Table, list[Bill]] = {}
    number = 1001
    for table_id, (name, area, orders) in _TABLES.items():
        bills = []
        for order in orders:
            items = tuple(_item(dish, quantity) for dish, quantity in order.items())
            created = now.isoformat(timespec="seconds")
            bill = Bill(
                id=str(number),
                currency="CZK",
                items=items,
                name=f"{name} {number}",
                created=created,
            )
            bills.append(bill)
            number += 1
        given[Table(id=table_id, name=name, area=area)] = bills
    return given


def _item(dish: str, quantity: str) -> BillItem:
    name, price, tag = _MENU[dish]
    smallest = Decimal("0.5") if tag == "food" else Decimal(1)
    return BillItem(
        id=dish,
        name=name,
        price=Decimal(price),
        quantity=Decimal(quantity),
        min_quantity=min(smallest, Decimal(quantity)),
        tags=(tag,),
    )
