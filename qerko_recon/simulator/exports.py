"""POS exports: a day's lines in, a file as POS systems of the region write it out.

The four styles are named by what they are, since no vendor's format is publicly attested. All
carry the same facts; each has its own words, encoding, marks and dates.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo

from qerko_recon.errors import ConfigError
from qerko_recon.files import replace_when_done
from qerko_recon.simulator.booking import Tender

__all__ = ["STYLES", "Style", "first_data_row", "tender_type_word", "write_export"]

Style = Literal["czech_semicolon", "english_comma", "german_semicolon", "slovak_tab"]


@dataclass(frozen=True, slots=True)
class _Format:
    """How one style writes; ``columns`` pairs each header with the fact under it."""

    encoding: str
    delimiter: str
    newline: str
    decimal_mark: str
    thousands: str
    columns: tuple[tuple[str, str], ...]
    tender_types: dict[str, str]
    states: dict[str, str]
    when: Callable[[datetime], str]
    title: tuple[str, ...] = ()
    total_label: str | None = None
    quotes_all: bool = False

    def amount(self, value: Decimal) -> str:
        """Write an amount with two decimals and grouped thousands."""
        text = f"{value:,.2f}"
        swap = {",": self.thousands, ".": self.decimal_mark}
        return "".join(swap.get(character, character) for character in text)


def _dots(at: datetime) -> str:
    return f"{at.day:02d}.{at.month:02d}.{at.year}"


def _spaced_dots(at: datetime) -> str:
    return f"{at.day}. {at.month}. {at.year} {at:%H:%M:%S}"


_FORMATS: Final[dict[str, _Format]] = {
    "czech_semicolon": _Format(
        encoding="cp1250",
        delimiter=";",
        newline="\r\n",
        decimal_mark=",",
        thousands="\u00a0",
        columns=(
            ("Číslo účtu", "bill"),
            ("ID platby", "payment_id"),
            ("Vytvořeno", "when"),
            ("Stůl", "table"),
            ("Obsluhoval", "waiter"),
            ("Typ platby", "tender_type"),
            ("Částka", "amount"),
            ("Spropitné", "tip"),
            ("Celkem", "total"),
            ("Měna", "currency"),
            ("Stav", "state"),
            ("Poskytovatel", "provider"),
        ),
        tender_types={
            "qerko": "Qerko",
            "cash": "Hotově",
            "card": "Kartou",
            "voucher": "Stravenky",
        },
        states={"paid": "Zaplaceno", "cancelled": "Storno", "open": "Otevřeno"},
        when=_spaced_dots,
        title=("Přehled plateb", "Provozovna: Hostinec U Zlatého haléře", "Období: {period}", ""),
        total_label="Celkem",
    ),
    "english_comma": _Format(
        encoding="utf-8",
        delimiter=",",
        newline="\n",
        decimal_mark=".",
        thousands="",
        columns=(
            ("Payment ID", "payment_id"),
            ("Bill", "bill"),
            ("Created on", "when"),
            ("Table", "table"),
            ("Closed by", "waiter"),
            ("Payment method", "tender_type"),
            ("Amount", "amount"),
            ("Tip", "tip"),
            ("Currency", "currency"),
            ("Status", "state"),
            ("Provider", "provider"),
        ),
        tender_types={
            "qerko": "Qerko",
            "cash": "Cash",
            "card": "Card",
            "voucher": "Meal vouchers",
        },
        states={"paid": "Paid", "cancelled": "Cancelled", "open": "Open"},
        when=datetime.isoformat,
        quotes_all=True,
    ),
    "german_semicolon": _Format(
        encoding="utf-8-sig",
        delimiter=";",
        newline="\r\n",
        decimal_mark=",",
        thousands=".",
        columns=(
            ("Belegnummer", "bill"),
            ("Zahlungs-ID", "payment_id"),
            ("Datum", "date"),
            ("Uhrzeit", "time"),
            ("Tisch", "table"),
            ("Zahlungsart", "tender_type"),
            ("Betrag", "amount"),
            ("Trinkgeld", "tip"),
            ("Währung", "currency"),
            ("Status", "state"),
            ("Anbieter", "provider"),
        ),
        tender_types={
            "qerko": "Qerko",
            "cash": "Bar",
            "card": "Karte",
            "voucher": "Gutscheine",
        },
        states={"paid": "Bezahlt", "cancelled": "Storniert", "open": "Offen"},
        when=_dots,
        total_label="Summe",
    ),
    "slovak_tab": _Format(
        encoding="utf-16",
        delimiter="\t",
        newline="\r\n",
        decimal_mark=",",
        thousands=" ",
        columns=(
            ("Dátum", "when"),
            ("Číslo účtu", "bill"),
            ("ID platby", "payment_id"),
            ("Spôsob platby", "tender_type"),
            ("Suma", "amount"),
            ("Prepitné", "tip"),
            ("Spolu", "total"),
            ("Mena", "currency"),
            ("Stav", "state"),
            ("Poskytovateľ", "provider"),
        ),
        tender_types={
            "qerko": "Qerko",
            "cash": "Hotovosť",
            "card": "Karta",
            "voucher": "Stravné lístky",
        },
        states={"paid": "Zaplatené", "cancelled": "Stornované", "open": "Otvorené"},
        when=lambda at: f"{_dots(at)} {at:%H:%M:%S}",
        total_label="Spolu",
    ),
}

STYLES: Final[tuple[Style, ...]] = (
    "czech_semicolon",
    "english_comma",
    "german_semicolon",
    "slovak_tab",
)
"""Every style: ``czech_semicolon`` (cp1250, decimal comma, a space between thousands, title and
total lines), ``english_comma`` (UTF-8, decimal point, all quoted, ISO times with offset),
``german_semicolon`` (UTF-8 with a mark in front, a dot between thousands, date and time apart)
and ``slovak_tab`` (UTF-16, as Excel's "Unicode text")."""


def write_export(
    lines: Sequence[Tender],
    path: str | os.PathLike[str],
    style: Style,
    day: date,
    zone: ZoneInfo,
) -> Path:
    """Write lines as a POS export in one style.

    Raises
    ------
    ConfigError
        There is no such style.
    OSError
        The file cannot be written.
    """
    form = _form(style)
    quoting: Literal[0, 1] = csv.QUOTE_ALL if form.quotes_all else csv.QUOTE_MINIMAL
    with (
        replace_when_done(path) as draft,
        draft.open("w", encoding=form.encoding, newline="") as file,
    ):
        for title in form.title:
            file.write(title.format(period=_period(day)) + form.newline)
        writer = csv.writer(
            file, delimiter=form.delimiter, lineterminator=form.newline, quoting=quoting
        )
        writer.writerows(_rows(lines, form, zone))
    return Path(path)


def first_data_row(style: Style) -> int:
    """Tell on which line of the file, from 1, the first payment line stands."""
    return len(_form(style).title) + 2


def tender_type_word(style: Style, tender_type: str) -> str:
    """Give a style's word for how a line was paid."""
    return _form(style).tender_types[tender_type]


def _form(style: str) -> _Format:
    if style not in _FORMATS:
        raise ConfigError(f"there is no export style {style!r}; there are {', '.join(STYLES)}")
    return _FORMATS[style]


def _period(day: date) -> str:
    end = day + timedelta(days=1)
    return f"{day.day}. {day.month}. {day.year} 04:00 – {end.day}. {end.month}. {end.year} 04:00"


def _rows(lines: Sequence[Tender], form: _Format, zone: ZoneInfo) -> Iterator[list[str]]:
    yield [header for header, _ in form.columns]
    for line in lines:
        facts = _facts(line, form, zone)
        yield [facts[fact] for _, fact in form.columns]
    if form.total_label is not None:
        yield _totals(lines, form)


def _facts(line: Tender, form: _Format, zone: ZoneInfo) -> dict[str, str]:
    """Write all there is to say of a line."""
    at = line.paid_at.astimezone(zone)
    amount, total = form.amount(line.amount), form.amount(line.total)
    return {
        "bill": line.bill_id,
        "payment_id": line.payment_id or "",
        "when": form.when(at),
        "date": _dots(at),
        "time": f"{at:%H:%M:%S}",
        "table": line.table,
        "waiter": line.waiter,
        "tender_type": form.tender_types[line.tender_type],
        "amount": amount if line.is_readable else _smudged(amount, form),
        "tip": form.amount(line.tip),
        "total": total if line.is_readable else _smudged(total, form),
        "currency": line.currency,
        "state": form.states[line.state],
        "provider": line.provider or "",
    }


def _smudged(amount: str, form: _Format) -> str:
    """Put a letter where the last digit before the decimal mark was, as hurried hands do."""
    whole, mark, part = amount.partition(form.decimal_mark)
    return f"{whole[:-1]}O{mark}{part}"


def _totals(lines: Sequence[Tender], form: _Format) -> list[str]:
    """Write the line of totals: paid lines in the currency of the first.

    The POS knows what stands in the rows that somebody smudged afterwards, so they are in it.
    """
    currency = lines[0].currency
    paid = [line for line in lines if line.state == "paid" and line.currency == currency]
    sums = {
        "amount": sum((line.amount for line in paid), Decimal(0)),
        "tip": sum((line.tip for line in paid), Decimal(0)),
        "total": sum((line.total for line in paid), Decimal(0)),
    }
    cells = [form.amount(sums[fact]) if fact in sums else "" for _, fact in form.columns]
    return [form.total_label or "", *cells[1:]]
