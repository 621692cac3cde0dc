"""What POS systems of the region write is read, each with the meaning it has."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from qerko_recon.pos import Profile, read_pos, sniff_pos
from qerko_recon.schema import PROBLEMS, TENDERS


def column(frame, name):
    return frame[name].array._pa_array.to_pylist()


def money(*values):
    return [None if value is None else Decimal(value) for value in values]


def test_frames_have_the_contract_columns_and_types(desk):
    pos = desk.read("Účet;ID platby;Částka\nB1;4711;12,50\n")
    for frame, schema in (
        (pos.tenders, TENDERS),
        (pos.others, TENDERS),
        (pos.problems, PROBLEMS),
    ):
        assert list(frame.columns) == schema.names
        assert [dtype.pyarrow_dtype for dtype in frame.dtypes] == schema.types
    assert column(pos.tenders, "source_file") == ["export.csv"]
    assert column(pos.tenders, "source_row") == [2]


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "cp1250", "iso8859_2", "cp852", "mac_latin2", "utf-16", "utf-16-le"],
)
def test_czech_letters_survive_every_encoding(desk, encoding):
    text = (
        "Číslo účtu;ID platby;Částka;Způsob platby;Poskytovatel\n"
        "Šťáva-1;4711;12,50;Qerko;Žluťoučký kůň\n"
        "Účet-2;4712;8,00;Qerko;Příliš řeřichy\n"
    )
    pos = desk.read(text, encoding=encoding)
    assert column(pos.tenders, "bill_id") == ["Šťáva-1", "Účet-2"]
    assert column(pos.tenders, "provider") == ["Žluťoučký kůň", "Příliš řeřichy"]


@pytest.mark.parametrize("encoding", ["cp1250", "iso8859_2"])
def test_slovak_letters_survive_code_pages(desk, encoding):
    text = (
        "Číslo účtu;ID platby;Čiastka;Spôsob platby;Poskytovateľ\n"
        "ľad-1;4711;12,50;Qerko;Peňaženka šťastných ľudí\n"
    )
    pos = desk.read(text, encoding=encoding)
    assert column(pos.tenders, "bill_id") == ["ľad-1"]
    assert column(pos.tenders, "provider") == ["Peňaženka šťastných ľudí"]


def test_german_letters_survive_code_pages(desk):
    text = "Beleg;Zahlungs-ID;Betrag;Währung;Anbieter\nB1;4711;12,50;EUR;Müller & Söhne Straße\n"
    for encoding in ("cp1252", "iso8859_15", "cp850"):
        pos = desk.read(text, encoding=encoding)
        assert column(pos.tenders, "provider") == ["Müller & Söhne Straße"]


@pytest.mark.parametrize("encoding", ["cp1250", "cp852", "iso8859_2", "mac_latin2"])
def test_space_between_thousands_is_no_letter_of_another_code_page(desk, encoding):
    pos = desk.read("Bill;Payment ID;Amount\nB1;1;1\u00a0234,50\n", encoding=encoding)
    assert column(pos.tenders, "amount") == money("1234.50")


def test_encoding_that_few_letters_leave_open_is_said(desk):
    pos = desk.read("Bill;Payment ID;Amount;Provider\nB1;1;5;Šimon\n", encoding="cp1250")
    assert column(pos.tenders, "provider") == ["Šimon"]
    found = [one for one in pos.sniffed.findings if one.setting == "encoding"]
    assert found[0].confidence == "medium"


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_delimiters(desk, delimiter):
    rows = [["Bill", "Payment ID", "Amount"], ["B1", "4711", "12.50"], ["B2", "4712", "8.00"]]
    pos = desk.read("\n".join(delimiter.join(row) for row in rows))
    assert pos.sniffed.delimiter == delimiter
    assert column(pos.tenders, "amount") == money("12.50", "8.00")


def test_title_lines_blank_lines_and_separator_hint_above_the_header(desk):
    text = (
        "sep=;\nPřehled plateb\n\nObdobí: 20. 11. 2026;Tržba: 1 234,00\n"
        "Účet;ID platby;Částka\n\nB1;4711;12,50\n;;\nB2;4712;8,00\n\n"
    )
    pos = desk.read(text)
    assert pos.sniffed.header_row == 5
    assert column(pos.tenders, "source_row") == [7, 9]
    assert not len(pos.problems)


def test_rows_are_numbered_by_the_line_they_begin_on(desk):
    text = (
        'Účet;ID platby;Poznámka;Částka\r\nB1;4711;"dva\r\nřádky; a ""uvozovky""";12,50\r\n'
        "\r\nB2;4712;;8,00\r\n"
    )
    pos = desk.read(text)
    assert column(pos.tenders, "source_row") == [2, 5]
    assert column(pos.tenders, "amount") == money("12.50", "8.00")
    assert not len(pos.problems)


def test_old_line_ends(desk):
    pos = desk.read("Účet;ID platby;Částka\rB1;4711;12,50\rB2;4712;8,00\r")
    assert column(pos.tenders, "source_row") == [2, 3]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1\u00a0234,50 Kč", "12,00 Kč"], ["1234.50", "12"]),
        (["1.234,50", "1.234"], ["1234.50", "1234"]),
        (["1,234.50", "1,234"], ["1234.50", "1234"]),
        (["1'234.50", "12.00"], ["1234.50", "12"]),
        (["1\u202f234,5", "5,-"], ["1234.5", "5"]),
        (["€12.50", "€ 1,000.00"], ["12.50", "1000"]),
        (["-12,50", "−8", "(3,00)", "12,00-"], ["-12.50", "-8", "-3", "-12"]),
        (["0,500", "1,250"], ["0.500", "1.250"]),
        (["12", "1 000"], ["12", "1000"]),
    ],
)
def test_amounts_as_people_write_them(desk, cells, expected):
    rows = "".join(f'B{n};47{n};"{cell}"\n' for n, cell in enumerate(cells))
    pos = desk.read(f"Účet;ID platby;Částka\n{rows}")
    assert column(pos.tenders, "amount") == money(*expected)
    assert not len(pos.problems)


def test_decimal_mark_that_nothing_shows_is_said(desk):
    pos = desk.read("Účet;ID platby;Částka\nB1;4711;1.234\n")
    assert column(pos.tenders, "amount") == money("1234")
    assert any("decimal" in note for note in pos.notes)
    stated = desk.read("Účet;ID platby;Částka\nB1;4711;1.234\n", Profile(decimal_mark="."))
    assert column(stated.tenders, "amount") == money("1.234")


@pytest.mark.parametrize(
    ("cell", "code"),
    [("12,50 Kč", "CZK"), ("€ 12,50", "EUR"), ("1 250 Ft", "HUF"), ("12,50 zł", "PLN")],
)
def test_currency_beside_the_amount(desk, cell, code):
    pos = desk.read(f"Účet;ID platby;Částka\nB1;4711;{cell}\n")
    assert column(pos.tenders, "currency") == [code]


def test_currency_by_column_header_and_profile(desk):
    by_column = desk.read("Účet;ID platby;Částka;Měna\nB1;1;5;czk\nB2;2;5;€\nB3;3;5;\n")
    assert column(by_column.tenders, "currency") == ["CZK", "EUR", None]
    by_header = desk.read("Účet;ID platby;Částka [Kč]\nB1;1;5,00\n")
    assert column(by_header.tenders, "currency") == ["CZK"]
    by_profile = desk.read("Účet;ID platby;Částka\nB1;1;5,00\n", Profile(currency="EUR"))
    assert column(by_profile.tenders, "currency") == ["EUR"]
    by_nothing = desk.read("Účet;ID platby;Částka\nB1;1;5,00\n")
    assert column(by_nothing.tenders, "currency") == [None]


def test_ids_are_text_to_the_last_digit(desk):
    text = 'Účet;ID platby;Částka\n0007;="00123";5\n0008;00045670;5\n0009;\'0099;5\nA;" 77 ";5\n'
    pos = desk.read(text)
    assert pos.payment_ids == ("00123", "00045670", "0099", "77")
    assert column(pos.tenders, "bill_id") == ["0007", "0008", "0009", "A"]


def test_states_in_four_languages(desk):
    words = {
        "Zaplaceno": "paid",
        "Storno": "cancelled",
        "Otevřeno": "open",
        "Zaplatené": "paid",
        "Bezahlt": "paid",
        "Storniert": "cancelled",
        "Offen": "open",
        "CANCELLED": "cancelled",
        "Refunded": "cancelled",
        "Rozdělený": "Rozdělený",
        "": "paid",
    }
    rows = "".join(f"B{n};{n};5,00;{word}\n" for n, word in enumerate(words))
    pos = desk.read(f"Účet;ID platby;Částka;Stav\n{rows}")
    assert column(pos.tenders, "state") == list(words.values())


def test_state_words_of_a_profile_win(desk):
    profile = Profile(states={"rozdělený": "open", "Zaplaceno": "cancelled"})
    pos = desk.read("Účet;ID platby;Částka;Stav\nB;1;5;Rozdělený\nC;2;5;Zaplaceno\n", profile)
    assert column(pos.tenders, "state") == ["open", "cancelled"]


def test_refund_as_a_negative_line_counts(desk):
    pos = desk.read("Účet;ID platby;Částka;Stav\nB;1;-5,00;Vráceno\nC;2;5,00;Vráceno\n")
    assert column(pos.tenders, "state") == ["paid", "cancelled"]


def test_storno_in_a_yes_or_no_column_and_as_a_tender(desk):
    flag = desk.read("Účet;ID platby;Částka;Storno\nB;1;5;Ano\nC;2;5;Ne\nD;3;5;\n")
    assert column(flag.tenders, "state") == ["cancelled", "paid", "paid"]
    tender = desk.read("Účet;Částka;Typ platby\nB;5;Qerko\nB;-5;Storno\nC;7;Hotově\nC;-7;Storno\n")
    assert column(tender.tenders, "state") == ["paid", "cancelled"]
    assert column(tender.others, "bill_id") == ["C", "C"]
    line_type = desk.read("Účet;ID platby;Částka;Typ\nB;1;5;Účtenka\nC;2;5;Storno\n")
    assert column(line_type.tenders, "state") == ["paid", "cancelled"]


def test_lines_with_an_id_or_the_name_are_qerkos_and_the_rest_is_set_aside(desk):
    text = (
        "Účet;ID platby;Částka;Typ platby;Poskytovatel\n"
        "B1;4711;5;Stravenky;\n"
        "B2;;5;Stravenky;\n"
        "B3;;5;Qerko;\n"
        "B4;;5;Online;Qerko\n"
        "B5;;5;Hotově;\n"
        "B6;;5;Bitcoin;\n"
    )
    pos = desk.read(text)
    assert column(pos.tenders, "bill_id") == ["B1", "B3", "B4"]
    assert column(pos.others, "bill_id") == ["B2", "B5", "B6"]


def test_where_nothing_names_qerko_unknown_tenders_are_taken_and_said(desk):
    pos = desk.read("Účet;Částka;Typ platby\nB1;5;Online\nB2;5;Hotově\nB3;5;Kartou\n")
    assert column(pos.tenders, "bill_id") == ["B1"]
    assert any("Online" in note and "qerko_tenders" in note for note in pos.notes)


def test_cancellations_go_where_their_bill_is_though_nothing_names_qerko(desk):
    text = "Účet;Částka;Typ platby\nB1;5;Online\nB1;-5;Storno\nB2;7;Hotově\nB2;-7;Storno\n"
    pos = desk.read(text)
    assert column(pos.tenders, "bill_id") == ["B1", "B1"]
    assert column(pos.others, "bill_id") == ["B2", "B2"]


def test_where_no_column_tells_every_line_is_taken_and_said(desk):
    pos = desk.read("Účet;Částka\nB1;5\nB2;6\n")
    assert len(pos.tenders) == 2
    assert any("every line is taken" in note for note in pos.notes)


def test_qerko_by_the_words_of_a_profile(desk):
    text = "Účet;Částka;Typ platby\nB1;5;Mobil\nB2;5;Hotově\nB3;5;901000001\n"
    pos = desk.read(text, Profile(qerko_tenders=("MOBIL",)))
    assert column(pos.tenders, "bill_id") == ["B1", "B3"]


def test_ids_of_every_tender_do_not_make_cash_qerkos(desk):
    rows = "".join(f"B{n};{n};5;{'Qerko' if n % 2 else 'Hotově'}\n" for n in range(10))
    text = f"Účet;Transakce;Částka;Typ platby\n{rows}"
    pos = desk.read(text)
    assert column(pos.tenders, "bill_id") == ["B1", "B3", "B5", "B7", "B9"]
    # IDs that cash has too are the till's own: asking Qerko for them would find nothing.
    assert pos.payment_ids == ()
    assert column(pos.tenders, "tender_id") == ["1", "3", "5", "7", "9"]
    assert any("they are the till's own" in note for note in pos.notes)
    stated = desk.read(text, Profile(columns={"payment_id": "Transakce"}))
    assert stated.payment_ids == ("1", "3", "5", "7", "9")
    rows = "".join(
        f"B{n};{f'44{n}' if n % 2 else f'T{n}'};5;{'Qerko' if n % 2 else 'Hotově'}\n"
        for n in range(10)
    )
    apart = desk.read(f"Účet;Transakce;Částka;Typ platby\n{rows}")
    assert apart.payment_ids == ("441", "443", "445", "447", "449")


def test_day_without_qerko_is_no_error_where_there_is_an_id_column(desk):
    pos = desk.read("Účet;ID platby;Částka;Typ platby\nB1;;5;Hotově\n")
    assert len(pos.tenders) == 0
    assert len(pos.others) == 1


def test_header_without_rows_is_a_day_without_sales(desk):
    pos = desk.read("Účet;ID platby;Částka\n")
    assert (len(pos.tenders), len(pos.problems)) == (0, 0)
    assert any("day without sales" in note for note in pos.notes)


def test_platba_means_what_stands_under_it(desk):
    method = desk.read("Účet;Platba;Částka\nB1;Qerko;5\nB2;Hotově;6\n")
    assert column(method.tenders, "tender_type") == ["Qerko"]
    payment = desk.read("Účet;Platba;Částka\nB1;4711;5\nB2;4712;6\n")
    assert payment.payment_ids == ("4711", "4712")


def test_sheet_kept_by_hand_has_only_qerkos_column(desk):
    text = (
        "Datum;Tržba;Hotovost;Karty;Qerko;Qerko dýška\n"
        "20.11.2026;10 000,00;1,00;2,00;500,00;40,00\n"
    )
    pos = desk.read(text)
    assert column(pos.tenders, "amount") == money("500")
    assert column(pos.tenders, "tip") == money("40")


def test_column_names_of_other_systems(desk):
    text = (
        "_orderId,amount,tipAmount,paymentTypeId,transactionType\n"
        "17,100.00,5.00,901000001,SALE\n18,50.00,0.00,1,SALE\n19,50.00,0.00,901000001,SALE\n"
    )
    pos = desk.read(text)
    assert column(pos.tenders, "bill_id") == ["17", "19"]
    assert column(pos.tenders, "tip") == money("5", "0")


def test_totals_line_is_checked_and_no_tender(desk):
    text = "Účet;ID platby;Částka;Stav\nB1;1;5,00;Zaplaceno\nB2;2;7,50;Storno\n{}\n"
    for line in ("Celkem;;12,50;", "Celkem;;5,00;", "CELKEM: ;;5,00 Kč;", "Celkem;12,50"):
        pos = desk.read(text.format(line))
        assert len(pos.tenders) == 2
        assert not len(pos.problems), line
        assert pos.rows["totals"] == 1


def test_totals_line_that_the_rows_do_not_make_is_a_problem(desk):
    pos = desk.read("Účet;ID platby;Částka\nB1;1;5,00\nB2;2;7,50\nSpolu;;20,00\n")
    assert column(pos.problems, "source_row") == [4]
    assert column(pos.problems, "column") == ["Částka"]
    assert "12.50" in pos.problems["problem"][0]
    assert "20.00" in pos.problems["problem"][0]
    assert "7.50 is not accounted for" in pos.problems["problem"][0]


def test_total_tells_the_amount_that_cannot_be_read(desk):
    pos = desk.read("Účet;ID platby;Částka\nB1;1;5,00\nB2;2;7,5O\nSpolu;;12,50\n")
    assert column(pos.problems, "source_row") == [3, 4]
    assert "the 7.50 between them may be the row whose amount" in pos.problems["problem"][1]


def test_totals_by_tender_and_remarks_below(desk):
    text = (
        "Účet;Typ platby;Částka\nB1;Qerko;5,00\nB2;Hotově;7,00\nB3;Qerko;1,00\n"
        "Celkem Qerko;;6,00\nCelkem hotově;;7,00\nCelkem;;13,00\nVytištěno 21. 11. 2026 v 04:12\n"
    )
    pos = desk.read(text)
    assert not len(pos.problems)
    assert pos.rows == {
        "tenders": 2,
        "others": 1,
        "tips": 0,
        "items": 0,
        "broken": 0,
        "totals": 4,
        "left_out": 0,
        "repeats": 0,
    }


def test_bill_named_as_a_total_stays_a_bill(desk):
    pos = desk.read("Účet;ID platby;Částka\nTotal Wine;1;5,00\nSuma;2;7,00\n")
    assert len(pos.tenders) == 2


def test_header_repeated_on_every_page(desk):
    text = "Účet;ID platby;Částka\nB1;1;5,00\nÚčet;ID platby;Částka\nB2;2;6,00\n"
    pos = desk.read(text)
    assert (len(pos.tenders), len(pos.problems)) == (2, 0)


def test_several_files_are_one_export(desk):
    first = desk.write("Účet;ID platby;Částka\nB1;1;5,00\n", name="a.csv")
    second = desk.write("Beleg,Zahlungs-ID,Betrag\nB2,2,6.00\n", name="b.csv")
    pos = read_pos([first, str(second)])
    assert column(pos.tenders, "source_file") == ["a.csv", "b.csv"]
    assert column(pos.tenders, "amount") == money("5", "6")
    assert [source.rows for source in pos.sources] == [1, 1]
    assert [one.delimiter for one in pos.all_sniffed] == [";", ","]


def test_line_ids_of_the_pos_are_kept_and_told_apart(desk):
    pos = desk.read("ID;ID platby;Částka\n10;1;5\n11;2;6\n11;3;6\n")
    ids = column(pos.tenders, "tender_id")
    assert ids[0] == "10"
    assert len(set(ids)) == 3
    assert ids[1].startswith("11~")


def test_equal_lines_have_ids_of_their_own(desk):
    pos = desk.read("Účet;ID platby;Částka\nB1;1;5\nB1;1;5\nB1;1;5\n")
    assert len(set(column(pos.tenders, "tender_id"))) == 3


def test_what_is_shown_is_escaped(desk):
    text = "<b>Účet</b>;ID platby;Částka\n<i>;1;5\n"
    pos = desk.read(text, Profile(columns={"bill_id": "<b>Účet</b>"}))
    for shown in (pos._repr_html_(), pos.sniffed._repr_html_()):
        assert "<b>" not in shown
        assert "&lt;b&gt;" in shown
    assert "Qerko's lines" in repr(pos)
    assert "high" in repr(pos.sniffed)


def test_sniffing_explains_without_asking_whose_lines_they_are(desk):
    path = desk.write("Účet;Typ platby;Částka\nB1;Hotově;5,00\n", encoding="cp1250")
    sniffed = sniff_pos(path)
    assert sniffed.encoding == "cp1250"
    assert sniffed.columns == {
        "bill_id": "Účet",
        "amount": "Částka",
        "tender_type": "Typ platby",
    }
    assert sniffed.confidence in {"high", "medium", "low"}
    assert all(finding.reason for finding in sniffed.findings)


def test_times_of_two_columns_as_excel_writes_them(desk):
    text = "Účet;ID platby;Datum;Čas;Částka\nB1;1;20.11.2026 00:00:00;21:33;5\n"
    pos = desk.read(text)
    assert column(pos.tenders, "paid_at") == [datetime(2026, 11, 20, 20, 33, tzinfo=UTC)]


def test_export_of_one_column_of_amounts(desk):
    pos = desk.read("Částka\n5,00\n6,00\n")
    assert column(pos.tenders, "amount") == money("5", "6")


def test_arrow_columns_hold_no_chunks_of_float(desk):
    pos = desk.read("Účet;ID platby;Částka;Dýško\nB1;1;0,10;0,20\n")
    assert all(not pa.types.is_floating(dtype.pyarrow_dtype) for dtype in pos.tenders.dtypes)
    assert column(pos.tenders, "total") == money("0.30")
