"""Exports as tills and people leave them: what each must become, written down by hand.

An expected line is ``payment or bill: amount + tip, state``; the tip and the state are left out
where there is none and where it is paid.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from qerko_recon.errors import PosExportError
from qerko_recon.pos import Profile, read_pos

COUNTS = ("others", "totals", "broken", "tips", "items")


def column(frame, name):
    return frame[name].array._pa_array.to_pylist()


def short(value):
    return "?" if value is None else f"{value.normalize():f}"


def lines(pos):
    """Write Qerko's lines down as the tests have them."""
    names = ("payment_id", "bill_id", "amount", "tip", "state")
    found = []
    for payment, bill, amount, tip, state in zip(
        *(column(pos.tenders, name) for name in names), strict=True
    ):
        line = f"{payment or bill or '-'}: {short(amount)}"
        line += f" + {short(tip)}" if tip else ""
        found.append(line if state == "paid" else f"{line}, {state}")
    return found


def counts(pos):
    return {name: pos.rows[name] for name in COUNTS if pos.rows[name]}


def check(pos, expected, **rows):
    assert lines(pos) == expected
    assert counts(pos) == rows
    assert not len(pos.problems), pos.problems.to_string()


# Sums, rulers and titles that are no payments


@pytest.mark.parametrize(
    ("text", "expected", "rows"),
    [
        (  # subtotals between days
            (
                "Datum;Účet;Typ platby;Částka\n20.11.2026 10:00;1;Qerko;100,00\n"
                "20.11.2026 11:00;2;Hotově;50,00\nMezisoučet 20.11.2026;;;150,00\n"
                "21.11.2026 10:00;3;Qerko;70,00\nMezisoučet 21.11.2026;;;70,00\nCelkem;;;220,00\n"
            ),
            ["1: 100", "3: 70"],
            {"others": 1, "totals": 3},
        ),
        (  # the label behind the day
            (
                "Datum;Účet;Částka\n20.11.2026;1;100,00\n20.11.2026 Celkem;;100,00\n"
                "21.11.2026;3;70,00\n21.11.2026 Celkem;;70,00\n"
            ),
            ["1: 100", "3: 70"],
            {"totals": 2},
        ),
        (  # a sum without a label
            "Účet;Částka\n1;100,00\n2;50,00\n;150,00\n",
            ["1: 100", "2: 50"],
            {"totals": 1},
        ),
        (  # a ruler above it
            "Účet;ID platby;Částka\n1;4711;100,00\n2;4712;50,00\n---;---;---\n;;150,00\n",
            ["4711: 100", "4712: 50"],
            {"totals": 2},
        ),
        (  # sums of each tender below, short
            (
                "Účet;Typ platby;Částka\n1;Qerko;100,00\n2;Hotově;50,00\n3;Qerko;20,00\n\n"
                "Rekapitulace\nQerko;120,00\nHotově;50,00\nCelkem;170,00\n"
            ),
            ["1: 100", "3: 20"],
            {"others": 1, "totals": 4},
        ),
        (  # and as wide as the table
            (
                "Účet;Typ platby;Částka\n1;Qerko;100,00\n2;Hotově;50,00\n3;Qerko;20,00\n"
                "4;Hotově;5,00\nSouhrn plateb;;\n;Qerko;120,00\n;Hotově;55,00\n"
            ),
            ["1: 100", "3: 20"],
            {"others": 2, "totals": 3},
        ),
        (  # counts and averages
            (
                "Beleg;Zahlungsart;Betrag\n1;Qerko;1.200,00\n2;Bar;500,00\nGesamtbetrag;;1.700,00\n"
                "Anzahl Belege;;2\nDurchschnitt;;850,00\n"
            ),
            ["1: 1200"],
            {"others": 1, "totals": 3},
        ),
        (
            "Számla;Fizetési mód;Összeg\n1;Qerko;1 200 Ft\nMindösszesen:;;1 200 Ft\n",
            ["1: 1200"],
            {"totals": 1},
        ),
        (  # exports put one below another, each with its title
            (
                "Přehled plateb\nProvozovna: X\nÚčet;ID platby;Částka\nA1;4711;100,00\n\n"
                "Přehled plateb\nProvozovna: X\nÚčet;ID platby;Částka\nA3;4713;10,00\n"
            ),
            ["4711: 100", "4713: 10"],
            {"totals": 3},
        ),
        (  # a day as a heading
            "Účet;ID platby;Částka\nPátek 20. 11. 2026;;\nA1;4711;100\nSobota;;\nA2;4712;1\n",
            ["4711: 100", "4712: 1"],
            {"totals": 2},
        ),
        (  # a signature
            (
                "Účet;ID platby;Částka\nA1;4711;5\nCelkem;;5\nVytištěno 21. 11. 2026 v 4:12;;\n"
                "Podpis:;;........\n"
            ),
            ["4711: 5"],
            {"totals": 3},
        ),
    ],
)
def test_what_is_no_payment_is_not_counted(desk, text, expected, rows):
    check(desk.read(text), expected, **rows)


def test_a_further_line_of_a_bill_is_no_sum(desk):
    pos = desk.read("Účet;Typ platby;Částka\n1;Qerko;100,00\n;Qerko;100,00\n2;Hotově;50,00\n")
    check(pos, ["1: 100", "1: 100"], others=1)
    assert any("further lines of the bill above: 1" in note for note in pos.notes)


def test_a_bill_without_an_amount_is_a_problem_wherever_it_stands(desk):
    pos = desk.read("Účet;Typ platby;Částka\n1;Qerko;5,00\n2;Qerko;\nCelkem;;5,00\nB9;Qerko;-\n")
    assert lines(pos) == ["1: 5", "2: ?", "B9: ?"]
    assert column(pos.problems, "source_row") == [3, 5]


# Headers


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        (
            "Účet;Platba;;Datum\nčíslo;ID;částka;\nA1;4711;100,00;20.11.2026 10:00\n",
            {
                "payment_id": "Platba ID",
                "bill_id": "Účet číslo",
                "paid_at": "Datum",
                "amount": "částka",
            },
        ),
        (
            "Účet;ID platby;Částka;Spropitné\n;;[Kč];[Kč]\nA1;4711;100,00;5,00\n",
            {
                "payment_id": "ID platby",
                "bill_id": "Účet",
                "amount": "Částka [Kč]",
                "tip": "Spropitné [Kč]",
            },
        ),
        (
            "CISLO UCTU;ID PLATBY;CASTKA\nA1;4711;100,00\n",
            {"payment_id": "ID PLATBY", "bill_id": "CISLO UCTU", "amount": "CASTKA"},
        ),
        (
            "\ufeffÚčet\u00a0;\u00a0ID\u00a0platby;Částka\u00a0(Kč);\nA1;4711;100,00;\n",
            {"payment_id": "ID platby", "bill_id": "Účet", "amount": "Částka (Kč)"},
        ),
    ],
)
def test_headers_over_two_rows_and_without_letters_of_ours(desk, text, columns):
    pos = desk.read(text)
    assert dict(pos.sniffed.columns) == columns
    assert lines(pos)[0].startswith("4711: 100")
    assert counts(pos) == {}
    again = desk.read(text, pos.profile)
    assert lines(again) == lines(pos)


def test_a_table_below_with_its_columns_otherwise_is_read_by_its_own_header(desk):
    text = "Účet;ID platby;Částka\nA1;4711;100,00\n\nÚčet;Částka;ID platby\nA3;10,00;4713\n"
    pos = desk.read(text)
    check(pos, ["4711: 100", "4713: 10"])
    assert column(pos.tenders, "source_row") == [2, 5]
    assert [one.header_row for one in pos.all_sniffed] == [1, 4]
    assert any("another table begins in row 4" in note for note in pos.notes)
    with pytest.raises(PosExportError, match=r"row 4: another table begins here, and none of its"):
        desk.read(text.replace("10,00", "x"))


def test_a_summary_below_is_no_further_table(desk, tmp_path):
    rows = [
        ["Účet", "ID platby", "Částka"],
        ["1", 4711, 5],
        ["2", 4712, 7],
        [],
        ["Rekapitulace"],
        ["Způsob platby", "Částka"],
        ["Qerko", 12],
        ["Hotově", 3],
    ]
    pos = desk.read_book({"List1": rows})
    check(pos, ["4711: 5", "4712: 7"], totals=4)
    assert any("that begins in row 6 sums others up" in note for note in pos.notes)
    text = "\n".join(";".join(map(str, row)) for row in rows)
    check(desk.read(text), ["4711: 5", "4712: 7"], totals=4)


def test_a_table_beside_is_not_mixed_in(desk):
    rows = [
        ["Účet", "ID platby", "Částka", "", "Typ", "Součet"],
        ["1", 4711, 5, "", "Qerko", 12],
        ["2", 4712, 7, "", "Hotově", 3],
    ]
    pos = desk.read_book({"List1": rows})
    check(pos, ["4711: 5", "4712: 7"])
    assert "tender_type" not in pos.sniffed.columns
    assert any("stand apart behind an empty one" in note for note in pos.notes)


# Which column is which


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # a price for one, or before the discount, is not what was paid
        (
            (
                "Účet;Položka;Množství;Cena za kus;Cena celkem;Platba\n1;Pivo;2;50;100;Qerko\n"
                "1;Guláš;1;150,00;150,00;Qerko\n"
            ),
            ["1: 250"],
        ),
        (
            "Účet;Cena před slevou;Sleva;Cena po slevě;Typ platby\n1;120,00;20,00;100,00;Qerko\n",
            ["1: 100"],
        ),
        ("Účet;Celkem;Přijato;Vráceno;Platba\n2;50,00;100,00;50,00;Qerko\n", ["2: 50"]),
        ("Beleg;Netto;MwSt;Brutto;Zahlungsart\n1;100,00;19,00;119,00;Qerko\n", ["1: 119"]),
        (
            "Doklad;Základ DPH;DPH;Celkem;Úhrada\nA1;100;12,00;112,00;Qerko\nA2;1;0;1;Bar\n",
            ["A1: 112"],
        ),
        ("Payment ID,Gross,Fee,Net\n4711,110.00,1.10,108.90\n", ["4711: 110"]),
        # tips that are a share, or a part of the amount
        (
            "Účet;ID platby;Částka;Spropitné %;Spropitné\n1;4711;100,00;10;10,00\n",
            ["4711: 100 + 10"],
        ),
        ("Účet;ID platby;Částka;Z toho spropitné\n1;4711;110,00;10,00\n", ["4711: 100 + 10"]),
        ("Beleg;Zahlungs-ID;Betrag;davon Trinkgeld\n1;4711;110,00;10,00\n", ["4711: 100 + 10"]),
        (
            "Účet;ID platby;Částka vč. spropitného;Z toho spropitné\n1;4711;110;10\n",
            ["4711: 100 + 10"],
        ),
        # hundredths
        ('[{"paymentId":"4711","amountCents":1250,"tipCents":105}]', ["4711: 12.5 + 1.05"]),
        ("Účet;ID platby;Částka [haléře]\n1;4711;1250\n", ["4711: 12.5"]),
        # numbers of payment methods are no payments
        ("Účet;ID platby;Částka\n1;901000001;5,00\n2;900000001;6,00\n", ["1: 5"]),
        # a business day's date with a clock after midnight
    ],
)
def test_the_right_column_is_taken(desk, text, expected):
    assert lines(desk.read(text)) == expected


def test_tenders_are_told_by_what_stands_under_an_unknown_header(desk):
    pos = desk.read(
        "Doklad;Kdy;Celkem;Úhrada\nA1;20.11.2026 18:00;112;Qerko\nA2;20.11.2026 19:00;1;Hotově\n"
    )
    check(pos, ["A1: 112"], others=1)
    found = {one.setting: one for one in pos.sniffed.findings}
    assert found["tender_type"].confidence == found["paid_at"].confidence == "low"
    assert pos.sniffed.confidence == "low"


def test_a_column_that_may_have_the_ids_is_named(desk):
    pos = desk.read("Účet;Externí ID;Částka;Typ platby\n12;44711001;1,00;Qerko\n13;;5,00;Hotově\n")
    assert pos.payment_ids == ()
    assert any("'Externí ID' is filled on Qerko's lines alone" in note for note in pos.notes)


# IDs as spreadsheets leave them


@pytest.mark.parametrize(
    ("cells", "ids"),
    [
        (["44711001.0", "44711002.0"], ["44711001", "44711002"]),
        (["44711001,00", "44711002,00"], ["44711001", "44711002"]),
        (["44 711 001", "44\u00a0711\u00a0002"], ["44711001", "44711002"]),
        (['="00447"', "'00448"], ["00447", "00448"]),
        (["Qerko #4471", "QERKO 4472"], ["4471", "4472"]),
        (["44 711 001", "A 1"], ["44 711 001", "A 1"]),
        (["2026-11-20/0001", "2026-11-20/0002"], ["2026-11-20/0001", "2026-11-20/0002"]),
    ],
)
def test_ids_are_had_back(desk, cells, ids):
    rows = "".join(f"B{n}\t{cell}\t5,00\n" for n, cell in enumerate(cells))
    pos = desk.read(f"Účet\tID platby\tČástka\n{rows}")
    assert column(pos.tenders, "payment_id") == ids
    assert not len(pos.problems)


@pytest.mark.parametrize("cell", ["4.7E+05", "4,47E+07", "1E+15", "4,47E7"])
def test_an_id_that_was_rounded_is_a_problem_and_no_id(desk, cell):
    pos = desk.read(f"Účet\tID platby\tČástka\nB1\t4711\t5\nB2\t{cell}\t6\n")
    assert column(pos.tenders, "payment_id") == ["4711", None]
    assert column(pos.tenders, "bill_id") == ["B1", "B2"]
    assert column(pos.problems, "source_row") == [3]


# Tenders, cancellations, refunds


def test_words_of_two_meanings(desk):
    pos = desk.read(
        "Účet;Typ platby;Částka\n1;Qerko;100,00\n1;Qerko storno;100,00\n2;Qerko storno;-9,00\n"
        "3;Qerko;50,00\n3;Spropitné Qerko;5,00\n4;Refund Qerko;-7,00\n5;Karta (Qerko);1,00\n"
        "6;Hotově;9,00\n6;Spropitné;1,00\n"
    )
    check(
        pos,
        ["1: 100", "1: 100, cancelled", "2: -9, cancelled", "3: 50 + 5", "4: -7", "5: 1"],
        others=2,
        tips=1,
    )


def test_a_line_of_two_tenders_is_a_problem(desk):
    pos = desk.read("Účet;Typ platby;Částka\n1;Qerko + Hotově;100,00\n2;Qerko;50,00\n")
    assert lines(pos) == ["1: 100", "2: 50"]
    assert column(pos.problems, "column") == ["Typ platby"]
    assert "of Qerko and of another tender" in pos.problems["problem"][0]


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("Uzavřený", "paid"),
        ("Zrušeno zákazníkem", "cancelled"),
        ("Nestornováno", "paid"),
        ("Rozpracovaný", "open"),
        ("Neuhrazený", "open"),
        ("Storniert durch Kellner", "cancelled"),
        ("Nem fizetett", "Nem fizetett"),
        ("Částečně refundováno", "Částečně refundováno"),
        ("partially refunded", "partially refunded"),
        ("2", "2"),
    ],
)
def test_states_by_their_stems(desk, word, state):
    pos = desk.read(f"Účet;Typ platby;Částka;Stav\nA;Qerko;1,00;Zaplaceno\nB;Qerko;2,00;{word}\n")
    assert column(pos.tenders, "state") == ["paid", state]


def test_wide_bills_count_what_qerko_paid_alone(desk):
    pos = desk.read(
        "Účet;Datum;Hotově;Karta;Qerko;Celkem\n1;20.11.2026 10:00;0,00;0,00;100,00;100,00\n"
        "2;20.11.2026 11:00;50,00;0,00;0,00;50,00\n3;20.11.2026 12:00;20,00;;30,00;50,00\n"
        "Celkem;;70,00;0,00;130,00;200,00\n"
    )
    check(pos, ["1: 100", "3: 30"], others=1, totals=1)


# Times


@pytest.mark.parametrize(
    "cell",
    [
        "20. listopadu 2026 21:33",
        "20 Nov 2026 21:33",
        "Nov 20, 2026 9:33 PM",
        "2026. november 20. 21:33",
        "20. November 2026, 21:33 Uhr",
        "20.11.2026 v 21:33",
        "20.11.2026 9:33 odp.",
        "20.11.2026 21h33",
        "2026-11-20 21:33:00 CET",
        "20261120T203300Z",
        "21:33 20.11.2026",
        "1795206780",
        "1795206780000",
        "46346,8979166667",
    ],
)
def test_times_as_people_and_programs_write_them(desk, cell):
    pos = desk.read(f"Účet\tID platby\tDatum\tČástka\nA\t1\t{cell}\t5,00\n")
    assert column(pos.tenders, "paid_at") == [datetime(2026, 11, 20, 20, 33, tzinfo=UTC)]
    assert not len(pos.problems)


@pytest.mark.parametrize("cell", ["20.11.0026", "20.13.2026", "20.11.", "99999", "12.5.", "0"])
def test_what_is_no_time_is_a_problem(desk, cell):
    pos = desk.read(
        f"Účet\tID platby\tDatum\tČástka\nA\t1\t20.11.2026\t5\nB\t2\t{cell}\t5\n"
        "C\t3\t21.11.2026\t5\n"
    )
    assert column(pos.tenders, "paid_at")[1] is None
    assert column(pos.problems, "column") == ["Datum"]


@pytest.mark.parametrize(
    ("cells", "order", "days"),
    [
        (["11/10/2026", "11/12/2026"], "mdy", [10, 12]),  # two days, not two months apart
        (["10/11/2026", "12/11/2026"], "dmy", [10, 12]),
        (["11/10/2026", "11/22/2026"], "mdy", [10, 22]),
        (["10/11/2026"], "dmy", [10]),
    ],
)
def test_days_and_months(desk, cells, order, days):
    rows = "".join(f"{n},47{n},{cell} 10:00,5.00\n" for n, cell in enumerate(cells))
    pos = desk.read(f"Bill,Payment ID,Date,Amount\n{rows}")
    assert pos.sniffed.date_order == order
    assert [(one.month, one.day) for one in column(pos.tenders, "paid_at")] == [
        (11, d) for d in days
    ]
    found = next(one for one in pos.sniffed.findings if one.setting == "date_order")
    is_proven = any("22" in cell for cell in cells)
    assert found.confidence == ("high" if is_proven else "low")
    # What this file does not prove is not stated for the next one.
    assert pos.profile.date_order == (order if is_proven else None)


def test_the_small_hours_of_a_business_day(desk):
    text = (
        "Účet;{};Čas;Typ platby;Částka\n1;20.11.2026;21:33;Qerko;5\n2;20.11.2026;01:33;Qerko;5\n"
    )
    days = [
        [one.day for one in column(desk.read(text.format(header)).tenders, "paid_at")]
        for header in ("Účetní datum", "Datum")
    ]
    assert days == [[20, 21], [20, 20]]


def test_dates_without_a_year_take_it_from_the_title(desk):
    text = "{}Datum;Tržba;Qerko\n20.11.;1000;300\nPá 21.11.;1000;400\n"
    pos = desk.read(text.format("Listopad 2026\n"))
    assert [one.isoformat()[:10] for one in column(pos.tenders, "paid_at")] == [
        "2026-11-20",
        "2026-11-21",
    ]
    assert any("taken as of 2026" in note for note in pos.notes)
    assert len(desk.read(text.format("")).problems) == 2
    path = desk.write(text.format(""), name="uzaverky_2026.csv")
    assert not len(read_pos(path).problems)


# Files written wrongly, or not what their name says


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "Účet,ID platby,Částka,Měna\nA,4711,5,00,CZK\nB,4712,-6,50,CZK\n",
            "a decimal comma in a",
        ),
        ('"Účet,ID platby,Částka"\n"A,4711,""5,00"""\n"B,4712,""-6,50"""\n', ""),
        ("Účet;ID platby;Částka\r\r\nA;4711;5,00\r\r\nB;4712;-6,50\r\r\n", ""),
        ("sep=;\nÚčet;ID platby;Částka\nA;4711;5,00\nB;4712;-6,50\n", ""),
    ],
)
def test_texts_that_a_program_wrote_wrongly(desk, text, says):
    pos = desk.read(text)
    check(pos, ["4711: 5", "4712: -6.5"])
    assert any(says in note for note in (*pos.notes, ""))


def test_a_comma_that_could_be_either_is_a_problem(desk):
    pos = desk.read("Účet,ID platby,Částka,Měna\nA,4711,5,00,CZK\nB,4712,6,5,EUR,x\n")
    assert lines(pos) == []
    assert column(pos.problems, "source_row") == [2, 3]


PAGE = """<html><head><meta charset="windows-1250"><style>td {color: red}</style></head><body>
<table border=1><tr><th colspan=4>Přehled 2026</th></tr>
<tr><th>Účet</th><th>ID platby</th><th>Částka</th><th>Spropitné</th></tr>
<tr><td rowspan=2>A&nbsp;1</td><td>4711</td><td x:num="1234.5">1&nbsp;235 Kč</td><td>5,00</td></tr>
<tr><td>4712</td><td>20,00&nbsp;Kč</td><td></td></tr>
<tr><td><b>Celkem</b></td><td></td><td>1 254,50 Kč</td><td>5,00</td></tr></table></body></html>"""
XML = """<?xml version="1.0"?><Workbook xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<Worksheet ss:Name="Platby"><Table><Row><Cell><Data ss:Type="String">Účet</Data></Cell>
<Cell><Data ss:Type="String">ID platby</Data></Cell>
<Cell><Data ss:Type="String">Částka</Data></Cell>
<Cell><Data ss:Type="String">Datum</Data></Cell></Row>
<Row ss:Index="3"><Cell><Data ss:Type="String">A 1</Data></Cell>
<Cell><Data ss:Type="Number">4711</Data></Cell><Cell><Data ss:Type="Number">1234.5</Data></Cell>
<Cell><Data ss:Type="DateTime">2026-11-20T21:33:00.000</Data></Cell></Row>
<Row><Cell ss:Index="2"><Data ss:Type="Number">4712</Data></Cell>
<Cell><Data ss:Type="Number">20</Data></Cell></Row></Table></Worksheet></Workbook>"""
NESTED = (
    "<table><tr><td>menu</td><td><table><tr><td>Účet</td><td>ID platby</td><td>Částka</td></tr>"
    "<tr><td>A 1</td><td>4711</td><td>5,00</td></tr></table></td></tr></table>"
)


@pytest.mark.parametrize(
    ("text", "encoding", "expected", "rows"),
    [
        (PAGE, "cp1250", ["4711: 1234.5 + 5", "4712: 20"], [3, 4]),
        (
            PAGE.replace("windows-1250", "no-such"),
            "utf-8",
            ["4711: 1234.5 + 5", "4712: 20"],
            [3, 4],
        ),
        (XML, "utf-8", ["4711: 1234.5", "4712: 20"], [3, 4]),
        (NESTED, "utf-8", ["4711: 5"], [2]),
    ],
)
def test_web_pages_called_xls(desk, text, encoding, expected, rows):
    pos = read_pos(desk.write(text, name="export.xls", encoding=encoding))
    assert lines(pos) == expected
    assert column(pos.tenders, "source_row") == rows
    assert column(pos.tenders, "bill_id")[0] == "A 1"
    assert pos.sniffed.format == "html"
    assert not len(pos.problems)


# JSON and workbooks


ORDERS = """[{"bill": "A1", "total": 150, "closed_at": "2026-11-20T20:33:00Z", "payments": [
 {"method": "Qerko", "amount": 100.10, "payment_id": "4711", "tip": 1}]},
 {"bill": "A2", "payments": [{"method": "Cash", "amount": 5},
 {"method": "Qerko", "amount": 7, "payment_id": "4712"}]}, {"bill": "A3", "payments": []}]"""


@pytest.mark.parametrize("text", [ORDERS, f'{{"orders": {ORDERS}}}'])
def test_payments_within_orders(desk, text):
    pos = desk.read(text)
    assert lines(pos) == ["4711: 100.1 + 1", "4712: 7"]
    assert column(pos.tenders, "bill_id") == ["A1", "A2"]
    assert column(pos.tenders, "paid_at")[0] == datetime(2026, 11, 20, 20, 33, tzinfo=UTC)
    assert len(pos.others) == 1


def test_payments_within_orders_a_line(desk):
    pos = desk.read(
        '{"bill": "A1", "payments": [{"method": "Qerko", "amount": "5.50"}]}\n'
        '{"bill": "A2", "payments": [{"method": "Qerko", "amount": "6.00", "bill": "own"}]}\n'
    )
    assert lines(pos) == ["A1: 5.5", "own: 6"]
    assert pos.sniffed.format == "json lines"


def test_sheets_that_tell_of_the_same_bills_count_once(desk):
    sheets = {
        "Účty": [["Účet", "Typ platby", "Celkem"], ["A1", "Qerko", 100], ["A2", "Qerko", 50]],
        "Platby": [
            ["Účet", "Datum", "Platidlo", "Částka"],
            ["A1", date(2026, 11, 20), "Qerko", 60],
            ["A1", date(2026, 11, 20), "Qerko", 40],
            ["A2", date(2026, 11, 20), "Qerko", 50],
        ],
    }
    pos = desk.read_book(sheets)
    assert lines(pos) == ["A1: 60", "A1: 40", "A2: 50"]
    assert any("'Účty' was set aside: it has the same bills" in note for note in pos.notes)


def test_two_ids_that_a_spreadsheet_made_a_number_are_a_problem(desk):
    pos = desk.read_book(
        {"A": [["Účet", "ID platby", "Částka"], ["1", 4711.4712, 5], ["2", 4713, 6]]}
    )
    assert column(pos.tenders, "payment_id") == [None, "4713"]
    assert "perhaps of two IDs" in pos.problems["problem"][0]


# What is said honestly


def test_what_a_file_does_not_show_is_not_stated_for_the_next(desk):
    pos = desk.read("Ucet;ID platby;Castka\nB1;4711;5\nB2;4712;6\n")
    assert pos.profile.decimal_mark is None
    assert pos.profile.encoding is None
    tomorrow = desk.read("Ucet;ID platby;Castka\nŠ1;4713;5,50\n", pos.profile, encoding="cp1250")
    assert lines(tomorrow) == ["4713: 5.5"]
    mark = next(one for one in pos.sniffed.findings if one.setting == "decimal_mark")
    assert mark.confidence == "medium"


def test_no_profile_reads_formulas(desk):
    pos = desk.read("Účet;ID platby;Částka\n=cmd|calc;=1+1;5,00\n@x;-5;=1+1\n", Profile())
    assert column(pos.tenders, "payment_id") == ["=1+1", "-5"]
    assert column(pos.tenders, "bill_id") == ["=cmd|calc", "@x"]
    assert column(pos.problems, "value") == ["=1+1"]


# Words and shapes of headers


@pytest.mark.parametrize(
    ("header", "when"),
    [
        ("Účet;Identifikátor platby;Suma s DPH (€);Prepitné (€);Spôsob platby;Čas", True),
        ("Belegnr.;Zahlungs-Nr.;Betrag;Trinkgeld;Zahlart;Buchungsdatum", True),
        ("Č.účtu;ID pl.;Část.;Sprop.;Plat. metoda;Dat.", True),  # cut short
        ("Nr rachunku;ID płatności;Kwota;Napiwek;Metoda płatności;Data i godzina", True),
        ("Účet;ID transakce Qerko;K úhradě;Dýško;Způsob úhrady;Uhrazeno", True),  # a date
        ("Doklad;Č. transakce;Částka;Spropitné;Platidlo;Zam.", False),
    ],
)
def test_headers_of_many_words(desk, header, when):
    pos = desk.read(
        f"{header}\nB1;4711;1 234,50;20,00;Qerko;20.11.2026 18:05\n"
        "B2;4712;80,00;0,00;Qerko;20.11.2026 18:06\n"
    )
    check(pos, ["4711: 1234.5 + 20", "4712: 80"])
    assert column(pos.tenders, "bill_id") == ["B1", "B2"]
    if when:
        assert pos.tenders["paid_at"].notna().all()


@pytest.mark.parametrize("header", ["Sum. D.", "Pl.", "P. M.", "č.", "Ob. Č.", "S. P. Q. R."])
def test_a_header_cut_too_short_is_not_guessed(desk, header):
    pos = desk.read(f"Účet;{header};Částka\nB1;4711;5,00\nB2;4712;6,00\n")
    assert header not in pos.sniffed.columns.values()
    check(pos, ["B1: 5", "B2: 6"])


def test_ids_with_qerkos_name_are_found_under_any_header(desk):
    pos = desk.read(
        "Bill;Tender;Amount;Remark\nB1;Qerko;5.00;qerko-447110\nB2;Cash;7.00;\n"
        "B3;Qerko;6.00;QERKO 447120\n"
    )
    check(pos, ["447110: 5", "447120: 6"], others=1)


@pytest.mark.parametrize(
    ("name", "ids", "is_hinted"),
    [
        ("externalId", ("44711", "44712"), True),
        ("externalId", ("44711", "44711"), False),
        ("externalId", ("44711", ""), False),
        ("Stůl", ("44711", "44712"), False),
    ],
)
def test_a_column_that_is_called_an_id_is_hinted_at(desk, name, ids, is_hinted):
    pos = desk.read(
        f"Účet;Typ platby;Částka;{name}\nB1;Qerko;5,00;{ids[0]}\nB2;Qerko;6,00;{ids[1]}\n"
    )
    check(pos, ["B1: 5", "B2: 6"])
    assert any("may have the payment IDs" in note for note in pos.notes) == is_hinted


def test_units_below_a_header_leave_what_has_none_its_name(desk):
    pos = desk.read(
        "Účtenka;ID platby;Typ;Částka;Spropitné\n-;-;-;[Kč];[Kč]\nB1;4711;Qerko;100,00;10,00\n"
    )
    check(pos, ["4711: 100 + 10"])
    assert pos.sniffed.columns["payment_id"] == "ID platby"


def test_rulers_of_an_old_printer_do_not_hide_the_encoding(desk):
    rows = [f"{n};471{n};807,00;81,00;Qerko;20.11.2026 18:0{n}" for n in range(1, 4)]
    text = "PŘEHLED PLATEB\n{0}\nÚčet;Číslo platby;Částka;Spropitné;Platidlo;Datum\n{1}\n{0}\n"
    pos = desk.read(text.format("─" * 12, "\n".join(rows)), encoding="cp852")
    check(pos, [f"471{n}: 807 + 81" for n in range(1, 4)], totals=1)
    assert pos.sniffed.encoding == "cp852"


def test_rows_that_a_spreadsheet_wrapped_in_quotes_name_no_column_of_qerkos(desk):
    rows = "".join(f'"B{n};4471{n};80{n},00;8,00;Qerko"\n' for n in range(1, 4))
    pos = desk.read(f'"Účet;ID platby;Částka;Spropitné;Typ platby"\n{rows}')
    check(pos, [f"4471{n}: 80{n} + 8" for n in range(1, 4)])
