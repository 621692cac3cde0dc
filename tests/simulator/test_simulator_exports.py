from __future__ import annotations

import csv
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from qerko_recon.errors import AmountError, ConfigError
from qerko_recon.money import parse_amount
from qerko_recon.simulator import STYLES
from qerko_recon.simulator.exports import first_data_row, tender_type_word

ZONE = ZoneInfo("Europe/Prague")
SHAPES = {  # encoding, delimiter, decimal mark, title lines, has a line of totals
    "czech_semicolon": ("cp1250", ";", ",", 4, True),
    "english_comma": ("utf-8", ",", ".", 0, False),
    "german_semicolon": ("utf-8-sig", ";", ",", 0, True),
    "slovak_tab": ("utf-16", "\t", ",", 0, True),
}
HEADERS = {
    "bill": ("Číslo účtu", "Bill", "Belegnummer"),
    "payment_id": ("ID platby", "Payment ID", "Zahlungs-ID"),
    "amount": ("Částka", "Amount", "Betrag", "Suma"),
    "tip": ("Spropitné", "Tip", "Trinkgeld", "Prepitné"),
    "total": ("Celkem", "Spolu"),
    "currency": ("Měna", "Currency", "Währung", "Mena"),
    "state": ("Stav", "Status"),
    "provider": ("Poskytovatel", "Provider", "Anbieter", "Poskytovateľ"),
    "tender_type": ("Typ platby", "Payment method", "Zahlungsart", "Spôsob platby"),
    "when": ("Vytvořeno", "Created on", "Datum", "Dátum"),
}
STATES = {
    "paid": {"Zaplaceno", "Paid", "Bezahlt", "Zaplatené"},
    "cancelled": {"Storno", "Cancelled", "Storniert", "Stornované"},
    "open": {"Otevřeno", "Open", "Offen", "Otvorené"},
}


@pytest.fixture(params=STYLES)
def style(request):
    return request.param


@pytest.fixture
def table(day, style, tmp_path):
    """Read an export back with nothing but the csv module."""
    path = day.write_pos_export(tmp_path / "day.csv", style)
    encoding, delimiter, _, titles, has_totals = SHAPES[style]
    with path.open(encoding=encoding, newline="") as file:
        rows = list(csv.reader(file, delimiter=delimiter))
    header, body = rows[titles], rows[titles + 1 :]
    return header, body[:-1] if has_totals else body, body[-1] if has_totals else None


def cell(header: list[str], row: list[str], fact: str) -> str | None:
    names = [name for name in HEADERS[fact] if name in header]
    return row[header.index(names[0])] if names else None


def when(header: list[str], row: list[str], style: str) -> datetime:
    text = cell(header, row, "when")
    match style:
        case "english_comma":
            return datetime.fromisoformat(text)
        case "german_semicolon":
            text, shape = f"{text} {row[header.index('Uhrzeit')]}", "%d.%m.%Y %H:%M:%S"
        case "czech_semicolon":
            shape = "%d. %m. %Y %H:%M:%S"
        case _:
            shape = "%d.%m.%Y %H:%M:%S"
    return datetime.strptime(text, shape).replace(tzinfo=ZONE)


def test_every_style_carries_every_line(day, style, table):
    header, rows, _ = table
    mark = SHAPES[style][2]
    assert len(rows) == len(day.tenders) + len(day.others)
    for row, line in zip(rows, day.pos_lines, strict=True):
        assert len(row) == len(header)
        assert cell(header, row, "bill") == line.bill_id
        assert cell(header, row, "payment_id") == (line.payment_id or "")
        assert cell(header, row, "currency") == line.currency
        assert cell(header, row, "provider") == (line.provider or "")
        assert cell(header, row, "state") in STATES[line.state]
        assert cell(header, row, "tender_type") == tender_type_word(style, line.tender_type)
        assert when(header, row, style) == line.paid_at
        assert parse_amount(cell(header, row, "tip"), decimal_mark=mark) == line.tip
        if line.is_readable:
            assert parse_amount(cell(header, row, "amount"), decimal_mark=mark) == line.amount
            total = cell(header, row, "total")
            assert total is None or parse_amount(total, decimal_mark=mark) == line.total


def test_a_smudged_amount_cannot_be_read_in_any_column(day, style, table):
    header, rows, _ = table
    pairs = zip(rows, day.pos_lines, strict=True)
    smudged = [row for row, line in pairs if not line.is_readable]
    assert len(smudged) == 2
    for row in smudged:
        for fact in ("amount", "total"):
            if (text := cell(header, row, fact)) is not None:
                with pytest.raises(AmountError):
                    parse_amount(text)


def test_the_line_of_totals_adds_up_what_is_paid(day, style, table):
    header, _, totals = table
    if totals is None:
        assert style == "english_comma"
        return
    paid = [line for line in day.pos_lines if line.state == "paid" and line.currency == "CZK"]
    assert totals[0] in {"Celkem", "Spolu", "Summe"}
    assert cell(header, totals, "bill" if header[0] != "Dátum" else "payment_id") in {
        totals[0],
        "",
    }
    for fact in ("amount", "tip"):
        expected = sum((getattr(line, fact) for line in paid), Decimal(0))
        assert parse_amount(cell(header, totals, fact), decimal_mark=",") == expected


def test_bytes_are_those_of_each_kind_of_system(day, tmp_path):
    files = {
        style: day.write_pos_export(tmp_path / f"{style}.csv", style).read_bytes()
        for style in STYLES
    }
    assert files["german_semicolon"].startswith(b"\xef\xbb\xbfBelegnummer;")
    assert files["slovak_tab"][:2] in {b"\xff\xfe", b"\xfe\xff"}
    assert files["english_comma"].startswith(b'"Payment ID","Bill",')
    assert b"\r" not in files["english_comma"]
    czech = files["czech_semicolon"]
    assert czech.startswith("Přehled plateb\r\n".encode("cp1250"))
    assert czech.count(b"\r\n") == czech.count(b"\n")
    assert b"1\xa0" in czech
    assert "Období: 20. 11. 2026".encode("cp1250") in czech
    assert '"Salonek; velký stůl"'.encode("cp1250") in czech


def test_the_first_data_row_is_where_it_is_said_to_be(day, style, tmp_path):
    path = day.write_pos_export(tmp_path / "day.csv", style)
    lines = path.read_text(encoding=SHAPES[style][0]).splitlines()
    assert day.pos_lines[0].bill_id in lines[first_data_row(style) - 1]
    assert day.pos_lines[0].bill_id not in lines[first_data_row(style) - 2]


def test_an_unknown_style_is_named_with_those_there_are(day, tmp_path):
    with pytest.raises(ConfigError, match=r"'storyous'.*czech_semicolon"):
        day.write_pos_export(tmp_path / "day.csv", "storyous")
    assert list(tmp_path.iterdir()) == []


def test_exports_of_the_same_day_are_the_same_bytes(day, style, tmp_path):
    first = day.write_pos_export(tmp_path / "a.csv", style).read_bytes()
    assert day.write_pos_export(tmp_path / "b.csv", style).read_bytes() == first
