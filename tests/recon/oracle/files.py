"""The same day as files: payments as JSON of the wire, the export as four kinds of till."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from random import Random

from recon.oracle.trade import PROVIDERS, ZONE, Day, Line, Paid, World

STATES = {
    "cs": {"paid": "Zaplaceno", "cancelled": "Stornováno", "open": "Otevřený"},
    "en": {"paid": "Paid", "cancelled": "Cancelled", "open": "Open"},
    "de": {"paid": "Bezahlt", "cancelled": "Storniert", "open": "Offen"},
    "sk": {"paid": "Zaplatené", "cancelled": "Stornované", "open": "Otvorený"},
}
HEADERS = {
    "cs": "Číslo účtu|ID platby|Vytvořeno|Typ platby|Částka|Spropitné|Celkem|Měna|Stav|"
    "Poskytovatel",
    "en": "Bill|Payment ID|Created on|Payment method|Amount|Tip|Total|Currency|Status|Provider",
    "de": "Belegnummer|Zahlungs-ID|Datum|Zahlungsart|Betrag|Trinkgeld|Gesamt|Währung|Status|"
    "Anbieter",
    "sk": "Číslo účtu|ID platby|Dátum|Spôsob platby|Suma|Prepitné|Spolu|Mena|Stav|Poskytovateľ",
}
TIP_WORDS = {"cs": "Spropitné", "en": "Tip", "de": "Trinkgeld", "sk": "Prepitné"}
CASH = {"cs": "Hotově", "en": "Cash", "de": "Bar", "sk": "Hotovosť"}
CARD = {"cs": "Kartou", "en": "Card", "de": "Karte", "sk": "Kartou"}


@dataclass(frozen=True)
class Shape:
    """How a till writes its files."""

    language: str
    delimiter: str
    encoding: str
    comma: bool
    title: bool = False
    footer: bool = False


SHAPES = (
    Shape("cs", ";", "cp1250", comma=True, title=True, footer=True),
    Shape("en", ",", "utf-8", comma=False),
    Shape("de", ";", "utf-8-sig", comma=True, footer=True),
    Shape("sk", "\t", "utf-16", comma=True),
)


def write_payments(day: Day, folder: Path) -> Path:
    """Write the payments that could be had, and what came of the others, a line each."""
    lines = [json.dumps(wire(one), ensure_ascii=False) for one in day.paid]
    lines += [
        json.dumps({"payment_id": payment_id, "kind": kind, "detail": kind, "attempts": 1})
        for payment_id, kind in day.failures
    ]
    path = folder / "payments.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def wire(one: Paid) -> dict[str, object]:
    """Give a payment as Qerko sends it."""
    record = {
        "id": one.payment_id,
        "idBill": one.bill_id,
        "idCustomer": None,
        "currency": one.currency,
        "state": one.state,
        "items": [
            {"id": f"i{number}", "name": "Guláš", "price": text(price), "quantity": text(count)}
            for number, (price, count) in enumerate(one.items, start=1)
        ],
        "parts": [{"total": text(total), "provider": _provider(p)} for p, total in one.parts],
        "discount": {"value": text(one.discount), "name": "Sleva"} if one.discount else None,
        "tipBrutto": text(one.gross),
        "tipNetto": text(one.net),
        "additionalData": None,
    }
    if one.world.times:
        record["timestamp"] = one.at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return record


def _provider(place: int) -> dict[str, str]:
    return dict(zip(("id", "name", "type"), PROVIDERS[place][:3], strict=True))


def text(amount: Decimal) -> str:
    """Write an amount as the wire has it: a dot, no more digits than it needs."""
    return f"{amount.normalize():f}"


def write_export(day: Day, folder: Path, shape: Shape, chance: Random) -> Path:
    """Write the export, with the lines of other tenders that stand between those of Qerko."""
    world = day.world
    rows = [row for line in day.lines for row in export_rows(line, world, shape)]
    for _ in range(len(rows) // 3):
        place = chance.randrange(len(rows) + 1)
        rows.insert(place, other_row(day, shape, chance))
    names = HEADERS[shape.language].split("|")
    left_out = set()
    if world.ids == "none":
        left_out.add(1)
    if not world.bills:
        left_out.add(0)
    if not world.times:
        left_out.add(2)
    if world.layout in {"none", "line"}:
        left_out |= {5, 6}
    if not world.providers:
        left_out.add(9)
    kept = [place for place in range(len(names)) if place not in left_out]
    lines = [[names[place] for place in kept], *([row[place] for place in kept] for row in rows)]
    if shape.footer:
        whole = sum((line.total for line in day.lines), Decimal(0))
        lines.append([word(shape, place, whole) for place in kept])
    if shape.title:
        lines = [["Přehled plateb"], ["Hostinec U Zkoušky, provozovna 1"], [], *lines]
    body = "\r\n".join(shape.delimiter.join(row) for row in lines) + "\r\n"
    path = folder / f"export-{shape.language}.csv"
    path.write_bytes(body.encode(shape.encoding))
    return path


def word(shape: Shape, place: int, whole: Decimal) -> str:
    """Write one cell of the totals line."""
    if place == 3:
        return {"cs": "Celkem", "de": "Summe"}[shape.language]
    return money(whole, shape) if place == 4 else ""


def export_rows(line: Line, world: World, shape: Shape) -> list[list[str]]:
    """Write one line as the export has it; a tip may be a row of its own."""
    amount, tip = line.amount, line.tip
    row = [
        line.bill_id or "",
        line.payment_id or "",
        when(line.at, shape),
        "Qerko",
        "#####",
        "",
        "",
        line.currency,
        STATES[shape.language][line.state],
        "" if line.provider is None else PROVIDERS[line.provider][1],
    ]
    if amount is None:
        return [row]
    shown = line.total if world.layout in {"inside", "none"} else amount
    row[4], row[5], row[6] = money(shown, shape), money(tip, shape), money(line.total, shape)
    if world.layout == "line" and tip:
        tip_row = list(row)
        tip_row[3], tip_row[4] = TIP_WORDS[shape.language], money(tip, shape)
        return [row, tip_row]
    return [row]


def other_row(day: Day, shape: Shape, chance: Random) -> list[str]:
    """Write a line of another tender; it has nothing to do with Qerko."""
    like = chance.choice(day.paid)
    bill_id = chance.choice([like.bill_id, f"X-{chance.randrange(10**6)}"])
    amount = Decimal(chance.randrange(1000, 90000)) / 100
    tender = chance.choice([CASH, CARD])[shape.language]
    state = STATES[shape.language]["paid"]
    shown = [money(amount, shape), money(Decimal(0), shape), money(amount, shape)]
    return [bill_id, "", when(like.at, shape), tender, *shown, like.currency, state, ""]


def money(amount: Decimal, shape: Shape) -> str:
    """Write an amount as the till does."""
    if not shape.comma:
        return f"{amount:.2f}"
    return f"{amount:,.2f}".translate(
        str.maketrans({",": "." if shape.language == "de" else "\u00a0", ".": ","})
    )


def when(at: datetime, shape: Shape) -> str:
    """Write a time as the till does."""
    local = at.astimezone(ZONE)
    if shape.language == "en":
        return local.isoformat(timespec="seconds")
    return local.strftime("%d.%m.%Y %H:%M:%S")
