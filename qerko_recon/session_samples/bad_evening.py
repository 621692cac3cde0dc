"""An evening of breaks, all of it: the session log, the payments as fetched, the POS's export.

Everything goes wrong once, each in a way of its own, so that each break has a cause to be found.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from qerko_recon.model import Bill, BillItem, Payment
from qerko_recon.session.handlers import CallRefused
from qerko_recon.session_samples.alike import make_alike, make_payments_alike
from qerko_recon.session_samples.stage import Evening, Stage, Till
from qerko_recon.simulator import Fault
from qerko_recon.simulator.wire import payment_json

__all__ = ["write_bad_evening"]

_ZONE: Final = ZoneInfo("Europe/Prague")
_BEER, _WINE, _MEAL = ("pivo", "62.00"), ("vino", "89.00"), ("rizek", "215.00")
_NAMES: Final = {"pivo": "Pivo 0,5 l", "vino": "Víno 0,2 l", "rizek": "Smažený řízek"}
_MORE_BILLS: Final = {
    "1007": ((_BEER, "2"), (_MEAL, "1")),
    "1008": ((_MEAL, "2"), (_WINE, "2")),
    "1009": ((_MEAL, "1"), (_BEER, "4")),
    "1010": ((_WINE, "3"),),
    "1011": ((_MEAL, "3"), (_BEER, "3")),
}
_HEADINGS: Final = (
    "Číslo účtu", "ID platby", "Datum a čas", "Způsob platby", "Částka", "Spropitné", "Měna",
    "Stav",
)  # fmt: skip

_README: Final = """# A bad evening

One evening of a demo till against the built-in simulator on which everything goes wrong once,
written by

    python -m qerko_recon.session_samples data_samples

- `session.jsonl`: the session log of the evening.
- `payments.jsonl`: its payments, as `qerko-recon fetch` wrote them afterwards.
- `export.csv`: the till's own list of payments.

    qerko-recon reconcile --payments data_samples/bad_evening/payments.jsonl \\
        --pos data_samples/bad_evening/export.csv --log data_samples/bad_evening/session.jsonl

| payment | what happens |
| --- | --- |
| 4014 | the till answers `paymentClosed` with the error `BILL_LOCKED` |
| 4021 | another program holds the connection (409) and takes the `paymentClosed` |
| 4028 | the printer is out of paper, Qerko cancels, and the till ignores the state |
| 4035 | `paymentClosed` comes twice, and the till books both |
| 4042 | the guest tips more after the till was told of the payment |
| 4049 | the till books it under an ID that somebody typed: `4O49` |
| 4056 | Qerko restarts (503), and `paymentClosed` is lost |
| 4063 | the guest pays a share, the till books the whole bill |
| 4070 | the guest gives up, the till books the payment all the same |
| 4077 | the session is closed for three minutes, and `paymentClosed` is lost |

Time is virtual; nobody's key, guest or restaurant is in it.
"""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the till's own list of payments."""

    payment_id: str
    bill_id: str
    amount: Decimal
    tip: Decimal
    currency: str
    at: datetime


class BadTill(Till):
    """A till that refuses some closings, books others twice, and never looks at the state."""

    def __init__(self, evening: Evening) -> None:
        super().__init__(evening)
        self.lines: list[Line] = []
        self.refuses: set[str] = set()
        self._begun: dict[str, Payment] = {}
        self.add_table()

    def add_table(self) -> None:
        """Seat more guests."""
        for number, order in _MORE_BILLS.items():
            items = tuple(
                BillItem(
                    id=dish, name=_NAMES[dish], price=Decimal(price), quantity=Decimal(quantity)
                )
                for (dish, price), quantity in order
            )
            self.add(Bill(id=number, currency="CZK", items=items), table="6")

    def paymentStart(self, payment: Payment) -> None:  # noqa: N802 - Qerko's name
        """Remember what is paid."""
        super().paymentStart(payment)
        self._begun[payment.id] = payment

    def paymentClosed(self, payment_id: str, state: str) -> None:  # noqa: N802
        """Book a payment, whatever its state and however often it is asked to."""
        payment = self._begun[payment_id]
        if payment.bill_id in self.refuses:
            raise CallRefused("the bill is open on another till", "BILL_LOCKED")
        super().paymentClosed(payment_id, state)
        self.books(payment)

    def books(self, payment: Payment) -> None:
        """Put a payment on the list."""
        total = sum((part.total for part in payment.parts), Decimal(0))
        at = self._evening.now()
        self.lines.append(
            Line(
                payment_id=payment.id,
                bill_id=payment.bill_id,
                amount=total - payment.tip_gross,
                tip=payment.tip_gross,
                currency=payment.currency,
                at=at,
            )
        )


def write_bad_evening(folder: Path) -> list[Path]:
    """Write the evening into a folder; give the files."""
    folder.mkdir(parents=True, exist_ok=True)
    log, payments, export = (
        folder / name for name in ("session.jsonl", "payments.jsonl", "export.csv")
    )
    with Stage(log, BadTill) as stage:
        till = stage.till
        assert isinstance(till, BadTill)  # noqa: S101 - the stage's own
        _happens(stage, till)
        ids = [payment.id for payment in stage.box.payments]
        fetched = stage.client.fetch_payments([*ids, "4070", "4O49"])
        fetched.write(payments)
        lines = list(till.lines)
    make_alike(log)
    make_payments_alike(payments, _AFTER)
    _write_export(export, lines)
    readme = folder / "README.md"
    readme.write_text(_README, encoding="utf-8")
    return [log, payments, export, readme]


_AFTER: Final = datetime(2026, 11, 20, 23, 30, tzinfo=ZoneInfo("UTC"))


def _happens(stage: Stage, till: BadTill) -> None:
    guests, box = stage.guests, stage.box
    guests.pays("1001", "60", 300)
    till.refuses.add("1002")
    guests.pays("1002", "30", 900)
    _is_taken_over(stage, guests.pays("1003", "25", 1200, loses_close=True))
    till.has_paper = False
    guests.pays("1004", "150", 1200)
    till.has_paper = True
    twice = guests.pays("1005", "20", 1200)
    guests.wait(4)
    box.call("paymentClosed", [twice.id, "PAID"]).wait_for_answer()
    told = guests.chooses("1006", "10", 1200)
    box.pay(told)
    box.add(guests.tips_anew(told, "40"))
    guests.pays("1007", "40", 1200)
    till.lines[-1] = replace(till.lines[-1], payment_id="4O49")
    guests.pays("1008", "0", 1200, loses_close=True)
    guests.wait(2)
    stage.restarts()
    guests.asks("1009", 0)
    share = guests.chooses("1009", "0", 1500, items=1)
    box.pay(share)
    whole = sum((price * number for price, number in _prices("1009")), Decimal(0))
    till.lines[-1] = replace(till.lines[-1], amount=whole)
    given_up = guests.chooses("1010", "0", 1200)
    box.call("paymentStart", [msgspec.json.decode(payment_json(given_up))]).wait_for_answer()
    guests.wait(30)
    till.books(given_up)
    guests.pays("1011", "0", 900, loses_close=True)
    guests.wait(3)
    stage.closes()
    stage.evening.passes(180)
    stage.opens()


def _prices(bill: str) -> Iterable[tuple[Decimal, Decimal]]:
    return [(Decimal(price), Decimal(number)) for (_, price), number in _MORE_BILLS[bill]]


def _is_taken_over(stage: Stage, payment: Payment) -> None:
    """Let another program take the connection, and the payment's closing with it."""
    box = stage.box
    guests_wait = 4.0
    stage.guests.wait(guests_wait)
    box.inject(Fault(kind="status", status=409, route="poll"))
    taken: list[str] = []

    def takes(_: float) -> None:
        if not taken:
            box.call("paymentClosed", [payment.id, "PAID"])
            taken.append(stage.client.poll().method)
            box.inject(Fault(kind="status", status=409, route="poll", times=5))

    stage.evening.on_wait = takes
    stage.guests.looks("3", 0)


def _write_export(file: Path, lines: Iterable[Line]) -> None:
    """Write the till's list as a Czech till does: semicolons, decimal commas, its own clock."""
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
        writer.writerow(_HEADINGS)
        for line in lines:
            at = (line.at + timedelta(seconds=0.5)).astimezone(_ZONE)
            amounts = (f"{one:.2f}".replace(".", ",") for one in (line.amount, line.tip))
            writer.writerow(
                (
                    line.bill_id,
                    line.payment_id,
                    f"{at:%d.%m.%Y %H:%M:%S}",
                    "Qerko",
                    *amounts,
                    line.currency,
                    "Zaplaceno",
                )
            )
