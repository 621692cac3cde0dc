"""Bad input: one clear sentence that says what, where and what to do; never a silent loss."""

from __future__ import annotations

import codecs
import gzip
import io
import zipfile
from decimal import Decimal

import pytest
import xlsxwriter

from qerko_recon.errors import ConfigError, PosExportError
from qerko_recon.pos import Profile, read_pos, sniff_pos

GOOD = "Účet;ID platby;Částka\nB1;4711;12,50\n"


def column(frame, name):
    return frame[name].array._pa_array.to_pylist()


def refusal(desk, data, profile=None, *, name="export.csv"):
    """Read what cannot be read, and give the error after checking its form."""
    with pytest.raises(PosExportError) as caught:
        read_pos(desk.write(data, name=name), profile)
    message = str(caught.value)
    assert "\n" not in message
    assert caught.value.file == name
    assert name in message
    return caught.value


def only_problem(pos):
    assert len(pos.problems) == 1
    problem = pos.problems.to_dict("records")[0]
    assert problem["problem"].count("\n") == 0
    return problem


def test_missing_file(tmp_path):
    with pytest.raises(PosExportError, match=r"day\.csv does not exist; check the path"):
        read_pos(tmp_path / "day.csv")


def test_folder(tmp_path):
    with pytest.raises(PosExportError, match="is a folder; give the export's file"):
        read_pos(tmp_path)


def test_no_files():
    with pytest.raises(PosExportError, match="give the path of at least one"):
        read_pos([])


def test_what_is_no_path():
    with pytest.raises(ConfigError, match="a path is text, not a int"):
        read_pos([3])


def test_empty_file(desk):
    assert "empty (0 bytes)" in str(refusal(desk, b""))


@pytest.mark.parametrize("data", [b"\n\n\n", b"  \r\n\t\r\n", codecs.BOM_UTF8, b";;;\n;;;\n"])
def test_only_blank_lines(desk, data):
    assert "only blank lines" in str(refusal(desk, data))


def test_workbook_without_a_table(desk):
    held = io.BytesIO()
    with xlsxwriter.Workbook(held) as book:
        book.add_worksheet().write(0, 0, "Poznámky")
    assert "no row with column names" in str(refusal(desk, held.getvalue()))


def zipped(*names):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return held.getvalue()


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "a damaged workbook"),
        (zipped("mimetype", "content.xml"), "a damaged workbook"),
        (zipped("readme.md"), r"a zip archive with no export in it (it holds readme.md)"),
        (b"PK\x03\x04broken", "a damaged zip archive"),
        (b"%PDF-1.7\n", "a PDF"),
        (gzip.compress(GOOD.encode(), mtime=0), "compressed with gzip"),
        (b"<html><p>Nothing</p></html>", "a web page or XML without a table of bills"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>', "a web page or XML without a table"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "no row with column names"),
        (b'[{"id": 1}]', "no column holds amounts; the columns are id"),
    ],
)
def test_files_that_are_no_csv(desk, data, what):
    assert what in str(refusal(desk, data))


def test_nul_bytes(desk):
    error = refusal(desk, GOOD.encode() + b"B2;\0\0;1\n")
    assert error.row == 3
    assert "a NUL byte" in str(error)


def test_no_header(desk):
    error = refusal(desk, "B1;4711;12,50\nB2;4712;8,00\n")
    assert "'B1 | 4711 | 12,50'" in str(error)
    assert "Částka" in str(error)


def test_header_without_amounts(desk):
    error = refusal(desk, "Účet;ID platby;Stav\nB1;4711;Zaplaceno\n")
    assert error.row == 1
    assert "no column holds amounts; the columns are Účet, ID platby, Stav" in str(error)


def test_nothing_is_qerkos(desk):
    error = refusal(desk, "Účet;Částka;Typ platby\nB1;5;Hotově\nB2;5;Hotově\nB3;5;Kartou\n")
    assert "Hotově 2×, Kartou 1×" in str(error)
    assert "qerko_tenders" in str(error)


def test_declared_encoding_that_fails(desk):
    data = GOOD.encode("cp1250")
    error = refusal(desk, data, Profile(encoding="utf-8"))
    assert error.row == 1
    assert "0xDA at byte 1 of the file is not utf-8" in str(error)


def test_declared_encoding_that_does_not_exist():
    with pytest.raises(ConfigError, match="'utf-9' does not exist"):
        Profile(encoding="utf-9")


def test_damaged_utf8_names_its_rows(desk):
    text = "Účet;ID platby;Částka;Obsluhoval\n" + "B1;1;5,00;Žaneta Příšerně\n" * 9
    pos = desk.read(text.encode() + b"B2;2;5,00;Jan\xe1\n")
    problem = only_problem(pos)
    assert problem["source_row"] == 11
    assert pos.sniffed.encoding == "utf-8"


def test_declared_column_that_is_not_there(desk):
    error = refusal(desk, GOOD, Profile(columns={"amount": "Častka celkem"}))
    assert "there is no column 'Častka celkem', which the profile names for amount" in str(error)
    assert "Účet, ID platby, Částka" in str(error)
    near = refusal(desk, GOOD, Profile(columns={"payment_id": "ID platbi"}))
    assert "did you mean 'ID platby'?" in str(near)


def test_header_row_of_a_profile_that_is_none(desk):
    error = refusal(desk, GOOD, Profile(header_row=7))
    assert "row 7: no column names stand there" in str(error)


def test_two_columns_of_one_name(desk):
    text = "Účet;ID platby;Částka;Částka\nB1;4711;12,50;13,00\n"
    error = refusal(desk, text)
    assert "two columns are named 'Částka' (columns 3 and 4)" in str(error)
    pos = desk.read(text, Profile(columns={"amount": "Částka (2)"}))
    assert column(pos.tenders, "amount") == [Decimal(13)]


def test_quote_that_swallows_the_rest(desk):
    rows = "".join(f"B{n};{n};5,00;stůl\n" for n in range(400))
    error = refusal(desk, f'Účet;ID platby;Částka;Poznámka\nA;1;5,00;"stůl\n{rows}')
    assert error.row == 2
    assert 'a quote (") opens in this row and does not close' in str(error)


def test_quote_that_opens_on_the_last_line(desk):
    error = refusal(desk, 'Účet;ID platby;Částka;Poznámka\nA;1;5,00;x\nB;2;5,00;"stůl\n')
    assert error.row == 3


def test_quote_that_swallows_a_few_rows_loses_none(desk):
    text = (
        'Účet;ID platby;Poznámka;Částka;Měna\nA;1;"u okna;1,00;CZK\nB;2;;2,00;CZK\n'
        'C;3;;3,00;CZK\nD;4;"stůl 5";4,00;CZK\nE;5;;5,00;CZK\n'
    )
    pos = desk.read(text)
    assert pos.payment_ids == ("1", "2", "3", "4", "5")
    assert column(pos.tenders, "amount") == [None, *(Decimal(n) for n in (2, 3, 4, 5))]
    assert only_problem(pos)["source_row"] == 2


@pytest.mark.parametrize("row", ["B2;4712", "B2;4712;1;234,50;x", "x;B2;4712;12,50", "4712"])
def test_broken_row_keeps_its_payment(desk, row):
    pos = desk.read(f"Účet;ID platby;Částka\nB1;4711;12,50\n{row}\nB3;4713;8,00\n")
    assert pos.payment_ids == ("4711", "4712", "4713")
    assert column(pos.tenders, "amount") == [Decimal("12.50"), None, Decimal(8)]
    assert column(pos.tenders, "source_row") == [2, 3, 4]
    problem = only_problem(pos)
    assert (problem["source_row"], problem["value"]) == (3, row)
    assert problem["column"] is None
    assert "payment 4712 is in it" in problem["problem"]


def test_broken_row_without_a_payment_is_a_problem(desk):
    pos = desk.read("Účet;ID platby;Částka\nB1;4711;12,50\nonly words;\nB3;4713;8,00\n")
    assert len(pos.tenders) == 2
    assert pos.rows["broken"] == 1
    assert only_problem(pos)["source_row"] == 3


def test_rows_with_more_empty_cells_are_whole(desk):
    pos = desk.read("Účet;ID platby;Částka;Poznámka;\nB1;1;5;x;;;\nB2;2;6\n")
    assert column(pos.tenders, "amount") == [Decimal(5), Decimal(6)]
    assert not len(pos.problems)


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("12O,00", "'12O,00' is not an amount"),
        ("1234567890123,00", "at most 12 digits before"),
        ("0,1234567", "6 after the decimal mark"),
        ("12.50", "is not an amount with ',' as the decimal mark"),
        ("", "the amount is empty"),
    ],
)
def test_amount_that_cannot_be_read(desk, cell, says):
    pos = desk.read(f"Účet;ID platby;Částka\nB1;4711;{cell}\nB2;4712;7,50\nB3;4713;8,50\n")
    assert column(pos.tenders, "amount") == [None, Decimal("7.50"), Decimal("8.50")]
    assert column(pos.tenders, "total") == [None, Decimal("7.50"), Decimal("8.50")]
    problem = only_problem(pos)
    assert (problem["source_row"], problem["column"], problem["value"]) == (2, "Částka", cell)
    assert says in problem["problem"]


def test_amount_and_tip_too_large_together(desk):
    pos = desk.read("Účet;ID platby;Částka;Dýško\nB1;1;999999999999,00;1,00\nB2;2;5,00;0\n")
    assert column(pos.tenders, "total") == [None, Decimal(5)]
    assert "do not fit" in only_problem(pos)["problem"]


@pytest.mark.parametrize("cell", ["31. 2. 2026", "yesterday", "20.11.2026 25:00", "2026-13-01"])
def test_date_that_cannot_be_read(desk, cell):
    pos = desk.read(
        f"Účet;ID platby;Datum;Částka\nB1;1;{cell};5,00\nB2;2;20.11.2026;5,00\nB3;3;;5,00\n"
    )
    times = column(pos.tenders, "paid_at")
    assert times[0] is None
    assert times[1] is not None
    assert column(pos.tenders, "amount") == [Decimal(5)] * 3
    problem = only_problem(pos)
    assert (problem["source_row"], problem["column"], problem["value"]) == (2, "Datum", cell)


def test_currency_that_is_none(desk):
    pos = desk.read("Účet;ID platby;Částka;Měna\nB1;1;5,00;koruny\nB2;2;5,00;CZK\n")
    assert column(pos.tenders, "currency") == [None, "CZK"]
    assert "no currency code" in only_problem(pos)["problem"]


def test_currency_that_contradicts_the_amount(desk):
    pos = desk.read("Účet;ID platby;Částka;Měna\nB1;1;5,00 €;CZK\n")
    assert column(pos.tenders, "currency") == ["CZK"]
    assert "EUR" in only_problem(pos)["problem"]


def test_id_that_excel_destroyed(desk):
    pos = desk.read('Účet;ID platby;Částka\nB1;"1,23457E+07";5\nB2;12345678;5\n')
    assert column(pos.tenders, "payment_id") == [None, "12345678"]
    assert pos.payment_ids == ("12345678",)
    assert "Excel has rounded this ID" in only_problem(pos)["problem"]


def test_decimal_marks_in_conflict(desk):
    pos = desk.read('Účet;ID platby;Částka\nB1;1;"1.234,50"\nB2;2;"12,00"\nB3;3;"1,234.50"\n')
    assert column(pos.tenders, "amount") == [Decimal("1234.50"), Decimal(12), None]
    assert only_problem(pos)["source_row"] == 4
    marks = [one for one in pos.sniffed.findings if one.setting == "decimal_mark"]
    assert marks[0].confidence == "medium"


def test_same_file_twice(desk):
    first = desk.write(GOOD, name="a.csv")
    second = desk.write(GOOD, name="b.csv")
    with pytest.raises(PosExportError, match=r"b\.csv has the same content as a\.csv"):
        read_pos([first, second])


def test_time_zone_that_does_not_exist(desk):
    with pytest.raises(ConfigError, match="no time zone 'Europe/Praha'"):
        desk.read(GOOD, time_zone="Europe/Praha")


def test_random_bytes_are_refused_in_a_sentence(desk):
    data = bytes((n * 7919) % 251 + 1 for n in range(4096))
    with pytest.raises(PosExportError) as caught:
        sniff_pos(desk.write(data))
    assert "\n" not in str(caught.value)
