"""What a profile can say of a format beyond its columns: days, items, types left out, joins."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from qerko_recon.errors import PosExportError
from qerko_recon.pos import Profile, read_pos
from qerko_recon.pos.profile import fitting
from qerko_recon.pos.vocabulary import DAY_TOTAL

SHEET = (
    "Datum;Tržba;Hotovost;Karty;Qerko;Qerko dýška\n"
    "18.11.2026;10 000,00;4 000,00;5 500,00;500,00;40,00\n"
    "19.11.2026;9 000,00;4 000,00;5 000,00;;\n"
    "20.11.2026;0;0;0;0;0\n"
    "21.11.2026;;;;;\n"
)


def column(frame, name):
    return frame[name].array._pa_array.to_pylist()


def amounts(pos, name="amount"):
    return [None if one is None else f"{one.normalize():f}" for one in column(pos.tenders, name)]


def reason(pos, setting):
    return next(one for one in pos.sniffed.findings if one.setting == setting)


# Closing sheets


def test_a_sheet_with_a_row_a_day_gives_day_totals(desk):
    pos = desk.read(SHEET)
    assert column(pos.tenders, "tender_type") == [DAY_TOTAL, DAY_TOTAL]
    assert amounts(pos) == ["500", "0"]
    assert amounts(pos, "tip") == ["40", "0"]
    assert column(pos.tenders, "payment_id") == column(pos.tenders, "bill_id") == [None, None]
    # Noon is that business day, whatever the cut-off.
    assert column(pos.tenders, "paid_at")[0] == datetime(2026, 11, 18, 11, tzinfo=UTC)
    assert not len(pos.problems)
    # Days of nothing at all are set aside; a day with other turnover had no Qerko.
    assert column(pos.others, "source_row") == [4]
    assert any("say nothing of Qerko, set aside: 1" in note for note in pos.notes)
    assert pos.rows["totals"] == 1
    assert pos.profile.row_is == "day"
    assert reason(pos, "row_is").reason == "a row has a day and one figure for Qerko"


def test_the_day_s_own_tips_and_total_are_not_qerko_s(desk):
    pos = desk.read(
        "Datum;Hotovost;Qerko;Spropitné;Celkem\n18.11.2026;100,00;50,00;30,00;150,00\n"
        "19.11.2026;100,00;60,00;20,00;160,00\n"
    )
    assert amounts(pos) == ["50", "60"]
    assert column(pos.tenders, "tip") == [None, None]
    assert any("'Spropitné' does not say whether it is of Qerko" in note for note in pos.notes)
    stated = desk.read(
        "Datum;Hotovost;Qerko;Spropitné\n18.11.2026;100,00;50,00;30,00\n",
        Profile(columns={"tip": "Spropitné"}, tip_layout="beside"),
    )
    assert amounts(stated, "tip") == ["30"]


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("Datum;Hotovost;Qerko;Qerko celkem", ("Qerko", None, "Qerko celkem")),
        ("Datum;Hotovost;Qerko tržba;Qerko počet", ("Qerko tržba", None, None)),
        ("Datum;Hotovost;Qerko ks;Platby Qerko", ("Platby Qerko", None, None)),
        ("Datum;Bar;Qerko Umsatz;Qerko Trinkgeld", ("Qerko Umsatz", "Qerko Trinkgeld", None)),
        ("Datum;Cash;Qerko fee;Qerko", ("Qerko", None, None)),
    ],
)
def test_which_of_several_columns_of_qerko_is_which(desk, header, columns):
    pos = desk.read(f"{header}\n18.11.2026;7,00;50,00;55,00\n")
    found = pos.sniffed.columns
    assert (found["amount"], found.get("tip"), found.get("total")) == columns


def test_a_row_a_day_and_tender_is_a_day_s_total_too(desk):
    text = (
        "Datum;Platidlo;Částka\n18.11.2026;Qerko;500,00\n18.11.2026;Hotově;900,00\n"
        "19.11.2026;Qerko;700,00\n19.11.2026;Hotově;100,00\n"
    )
    pos = desk.read(text)
    assert column(pos.tenders, "tender_type") == [DAY_TOTAL, DAY_TOTAL]
    assert column(pos.others, "tender_type") == ["Hotově", "Hotově"]
    assert reason(pos, "row_is").confidence == "medium"
    assert amounts(desk.read(text, Profile(row_is="payment"))) == ["500", "700"]
    twice = desk.read(text + "19.11.2026;Qerko;50,00\n")
    assert column(twice.tenders, "tender_type") == ["Qerko"] * 3


def test_a_row_with_a_bill_or_a_time_is_no_day(desk):
    timed = desk.read("Datum;Hotovost;Qerko\n18.11.2026 21:00;1,00;5,00\n")
    assert column(timed.tenders, "tender_type") == [None]
    billed = desk.read("Účet;Datum;Hotovost;Qerko\nB1;18.11.2026;;5,00\nB2;18.11.2026;7,00;\n")
    assert column(billed.tenders, "bill_id") == ["B1"]
    assert column(billed.others, "bill_id") == ["B2"]
    assert not len(billed.problems)


def test_a_sheet_of_dates_typed_in_a_workbook(desk):
    rows = [["Datum", "Hotovost", "Qerko"], [date(2026, 11, 18), 100, 50.5]]
    pos = desk.read_book({"Listopad": rows}, Profile.named("closing-sheet"))
    assert column(pos.tenders, "tender_type") == [DAY_TOTAL]
    assert amounts(pos) == ["50.5"]


# Headers


def test_headers_are_tried_in_turn(desk):
    profile = Profile(columns={"amount": ["Cena", "Kolik"], "bill_id": ["Doklad č.", ""]})
    pos = desk.read("Účet;ID platby;Kolik;Částka\nB1;1;5,00;9,00\n", profile)
    assert amounts(pos) == ["5"]
    assert column(pos.tenders, "bill_id") == ["B1"]
    assert pos.profile.columns["amount"] == "Kolik"
    with pytest.raises(PosExportError, match="there is no column 'Cena' or 'Kolik', which the"):
        desk.read("Účet;ID platby;Částka\nB1;1;5,00\n", profile)


def test_amounts_of_two_columns_are_added(desk):
    text = "ID platby;Amount;Tip;Gratuity;Total\n1;10,00;1,00;2,00;13,00\n2;10,00;;2,00;12,00\n"
    pos = desk.read(text, Profile(columns={"tip": "Tip + Gratuity"}))
    assert amounts(pos, "tip") == ["3", "2"]
    assert amounts(pos, "total") == ["13", "12"]
    assert pos.sniffed.columns["tip"] == "Tip + Gratuity"
    assert amounts(desk.read(text, pos.profile), "tip") == ["3", "2"]
    faulty = desk.read(text.replace("2;10,00;;", "2;10,00;x;"), pos.profile)
    # The total tells the tip that one of the two cells does not.
    assert amounts(faulty, "tip") == ["3", "2"]
    assert column(faulty.problems, "value") == ["x"]
    with pytest.raises(PosExportError, match="no column 'Tip \\+ Service'"):
        desk.read(text, Profile(columns={"tip": "Tip + Service"}))


def test_tender_words_and_codes_of_a_profile(desk):
    text = "Účet;Typ platby;Částka\nB1;7;5,00\nB2;8;6,00\nB3;9;7,00\nB3;11;1,00\n"
    profile = Profile(tenders={"7": "qerko", "8": "cash", "9": "qerko", "11": "tip"})
    pos = desk.read(text, profile)
    assert column(pos.tenders, "bill_id") == ["B1", "B3"]
    assert amounts(pos, "total") == ["5", "8"]


def test_every_line_of_qerko_s_own_statement_is_its(desk):
    text = "Datum;Typ platby;Brutto;Spropitné\n20.11.2026 18:00;Karta;105,00;5,00\n"
    pos = desk.read(text, "qerko-statement")
    assert amounts(pos) == ["100"]
    assert amounts(pos, "total") == ["105"]


def test_a_profile_builds_on_one_that_comes_along(desk, tmp_path):
    path = tmp_path / "corner.toml"
    path.write_text(
        'based_on = "dsfinvk"\nsheets = []\n[columns]\nbill_id = "BON_NR"\n[join]\n'
        'file = "b.csv"\non = ["BON_ID"]\n',
        encoding="utf-8",
    )
    profile = Profile.read(path)
    assert (profile.name, profile.attested, profile.note) == ("corner", False, "")
    assert profile.columns["bill_id"] == "BON_NR"
    assert profile.columns["amount"] == "BASISWAEH_BETRAG"
    assert profile.join == {"file": "b.csv", "on": ("BON_ID",)}
    assert profile.sheets == ()


# Rows


def test_rows_of_types_left_out_are_counted_and_no_lines(desk):
    text = (
        "Účet;Typ;Typ platby;Částka\nA;Payment;Qerko;5,00\nB;Transfer;Qerko;6,00\n"
        "C;Payment;Float;7,00\nCelkem;;;5,00\n"
    )
    pos = desk.read(text, Profile(left_out=("transfer", "FLOAT")))
    assert column(pos.tenders, "bill_id") == ["A"]
    assert len(pos.others) == 0
    assert pos.rows["left_out"] == 2
    assert sum(pos.rows.values()) == 4
    assert not len(pos.problems)
    assert any("leaves out, not read: 2" in note for note in pos.notes)


def test_items_of_a_bill_are_added_up(desk):
    text = (
        "Účet;Typ platby;Cena;Dýško\n;Qerko;7,50;\n;Qerko;7,50;\nB1;Qerko;5,00;1,00\n"
        "B1;Qerko;5,00;\nB1;Qerko;-2,00;\nB2;Hotově;3,00;\nB2;Hotově;4,00;\nB1;Hotově;9,00;\n"
    )
    pos = desk.read(text, Profile(row_is="item", tip_layout="beside"))
    assert amounts(pos) == ["7.5", "7.5", "8"]
    assert amounts(pos, "total") == ["7.5", "7.5", "9"]
    assert column(pos.tenders, "source_row") == [2, 3, 4]
    assert [str(one.normalize()) for one in column(pos.others, "amount")] == ["7", "9"]
    assert pos.rows["items"] == 3
    assert sum(pos.rows.values()) == 8


def test_an_item_that_cannot_be_read_leaves_its_bill_unknown(desk):
    text = "Účet;Typ platby;Cena\nB1;Qerko;5,00\nB1;Qerko;x\nB2;Qerko;1,00\n"
    pos = desk.read(text, Profile(row_is="item"))
    assert amounts(pos) == [None, "1"]
    assert column(pos.problems, "source_row") == [3]


# Joins


BILLS = (
    "Doklad;Datum;Stav;Obsluha\nB1;20.11.2026 18:00;Zaplaceno;Jana\n"
    "B2;20.11.2026 19:00;Storno;Jan\n"
)
PAID = "Doklad;Platidlo;Částka\nB1;Qerko;5,00\nB1;Hotově;6,00\nB2;Qerko;7,00\nB3;Qerko;8,00\n"
JOIN = Profile(join={"file": "bills.csv", "on": ["Doklad"]}, sheets=("paid.csv",))


def zipped(**files):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"Export/{name}.csv", text)
    return held.getvalue()


def test_times_and_states_come_from_another_file_of_the_archive(desk):
    pos = read_pos(desk.write(zipped(bills=BILLS, paid=PAID), name="day.zip"), JOIN)
    assert column(pos.tenders, "bill_id") == ["B1", "B2", "B3"]
    assert column(pos.tenders, "state") == ["paid", "cancelled", "paid"]
    assert [None if one is None else one.hour for one in column(pos.tenders, "paid_at")] == [
        17,
        18,
        None,
    ]
    assert any("1 rows have no counterpart in Export/bills.csv" in note for note in pos.notes)
    assert pos.tenders["source_file"][0] == "day.zip [Export/paid.csv]"


def test_sheets_of_a_workbook_are_joined(desk):
    sheets = {
        "Platby": [["Doklad", "Platidlo", "Částka"], [1, "Qerko", 5.5], [2, "Qerko", 6]],
        "bills.csv": [["Účty"], [], ["Doklad", "Datum"], [1, datetime(2026, 11, 20, 18, 0)]],  # noqa: DTZ001
    }
    profile = Profile(join={"file": "bills.csv", "on": ["Doklad"]})
    pos = desk.read_book(sheets, profile)
    assert column(pos.tenders, "paid_at") == [datetime(2026, 11, 20, 17, tzinfo=UTC), None]
    assert column(pos.tenders, "amount") == [Decimal("5.5"), Decimal(6)]


def test_arrays_of_json_are_joined(desk):
    text = (
        '{"payments": [{"bill": "B1", "amount": 5, "method": "Qerko"}],'
        ' "bills": [{"bill": "B1", "closed_at": "2026-11-20T18:00:00Z"}, {"bill": "B2"}]}'
    )
    pos = desk.read(text, Profile(join={"file": "bills", "on": ["bill"]}))
    assert column(pos.tenders, "paid_at") == [datetime(2026, 11, 20, 18, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"paid": PAID}, "the profile joins 'bills.csv', which is not there; give the archive"),
        ({"paid": PAID, "bills": "Účet;Datum\n1;2\n"}, "has not the columns 'Doklad'"),
        ({"paid": PAID.replace("Doklad", "Účet"), "bills": BILLS}, "has not the columns 'Doklad'"),
        ({"paid": PAID, "bills": BILLS + BILLS[-40:]}, "has several rows B2, so nothing says"),
    ],
)
def test_what_cannot_be_joined(desk, files, says):
    with pytest.raises(PosExportError) as caught:
        read_pos(desk.write(zipped(**files), name="day.zip"), JOIN)
    assert says in str(caught.value)


def test_a_lone_file_of_a_join_is_refused(desk):
    with pytest.raises(PosExportError, match=r"which is not there; give the archive that has"):
        desk.read(PAID, JOIN)
    with pytest.raises(PosExportError, match=r"which is not there; give the workbook that has"):
        desk.read_book({"A": [["Doklad", "Částka"], [1, 5]]}, JOIN)


# Hints


def test_an_export_with_an_attested_profile_s_columns_says_so(desk):
    assert fitting(["BON_ID", "ZAHLART_NAME", "BASISWAEH_BETRAG"]) == ("dsfinvk",)
    assert fitting(["Účet", "Částka"]) == ()
    text = "Check #,Amount,Tip,Gratuity,Total,Other Type\n1,5.00,1.00,0.00,6.00,Qerko\n"
    assert any("those of the profile toast" in note for note in desk.read(text).notes)
    assert not any("toast" in note for note in desk.read(text, "toast").notes)
