"""Encodings: the same export in each of them says the same, and damage has its row."""

from __future__ import annotations

from decimal import Decimal

import pytest

from qerko_recon.errors import PosExportError
from qerko_recon.pos import Profile, read_pos
from qerko_recon.pos.encoding import decode

CZECH = (
    "Číslo účtu;Způsob platby;Částka;Číšník\r\n"
    "Ž1;Qerko;1 234,50 Kč;Řehoř Šťastný\r\n"
    "Ž2;Hotově;−5,00 Kč;Žaneta Kšírová\r\n"
)
GERMAN = (
    "Belegnummer;Zahlungsart;Betrag;Kellner\r\nÄ1;Qerko;1.234,50;Jörg Weiß\r\nÄ2;Bar;-5,00;Ö\r\n"
)
HUNGARIAN = (
    "Bizonylatszám;Fizetési mód;Összeg;Pincér\r\n"
    "Ő1;Qerko;1 234,50 Ft;Hűvös Győző\r\nŐ2;Készpénz;-5,00 Ft;Ödön\r\n"
)
WIDE = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [(text, one) for text in (CZECH, GERMAN, HUNGARIAN) for one in WIDE]
    + [(CZECH, one) for one in ("cp1250", "iso8859_2", "cp852", "mac_latin2")]
    + [(GERMAN, one) for one in ("cp1250", "cp1252", "cp850", "cp852", "iso8859_15")]
    + [(HUNGARIAN, one) for one in ("cp1250", "iso8859_2", "cp852")],
)
def test_the_same_export_in_each_encoding(desk, text, encoding):
    plain = text if encoding.startswith("utf") else text.replace("−", "-")
    pos = desk.read(plain, encoding=encoding)
    (bill,) = pos.tenders["bill_id"]
    assert bill == text.splitlines()[1].split(";")[0]
    assert pos.tenders["amount"].tolist() == [Decimal("1234.5")]
    assert pos.others["amount"].tolist() == [Decimal(-5)]
    assert not len(pos.problems)


@pytest.mark.parametrize("damage", [b"\x81", b"\x90\x98"])
def test_a_byte_that_the_code_page_has_not(desk, damage):
    data = CZECH.replace("−", "-").encode("cp1250") + b"B3;Qerko;7,00;Jan" + damage + b"\r\n"
    pos = desk.read(data)
    assert pos.sniffed.encoding == "cp1250"
    assert not pos.sniffed.is_encoding_sure
    assert pos.tenders["bill_id"].tolist() == ["Ž1", "B3"]
    assert pos.problems[["source_row", "column"]].values.tolist() == [[4, "encoding"]]


@pytest.mark.parametrize("damage", [b"", b"\x81"])
def test_a_large_file_is_told_by_parts_of_it_and_by_all_if_these_are_wrong(desk, damage):
    line = "Ž{};Qerko;{},50;Řehoř Šťastný z Horní Dolní u Kšíru nad Labem\r\n"
    lines = [line.format(number, number % 900 + 1).encode("cp1250") for number in range(30_000)]
    lines[8_000] = lines[8_000].replace(b"Qerko", b"Qerko" + damage)
    data = CZECH.splitlines(keepends=True)[0].encode("cp1250") + b"".join(lines)
    decoded = decode(data, "day.csv", whole=False)
    assert decoded.is_sampled
    assert decoded.encoding == "cp1250"
    pos = desk.read(data)
    assert pos.sniffed.encoding == "cp1250"
    assert len(pos.tenders) == len(lines)
    assert pos.tenders["bill_id"].iloc[-1] == "Ž29999"
    assert pos.tenders["amount"].sum() == sum(n % 900 + Decimal("1.5") for n in range(30_000))
    assert pos.problems["source_row"].tolist() == ([8_002] if damage else [])


def test_letters_between_the_digits_of_amounts_are_no_code_page(desk):
    with pytest.raises(PosExportError, match="no text in any encoding of the region"):
        desk.read("Účet;Částka\nB1;1X234,00\n".encode("cp1250").replace(b"X", b"\xe9"))


def test_an_encoding_of_two_bytes_may_be_declared(desk):
    path = desk.write(CZECH.replace("Číšník", "服务员"), encoding="utf-16-le")
    assert read_pos(path, Profile(encoding="utf-16-le")).tenders["bill_id"].tolist() == ["Ž1"]
