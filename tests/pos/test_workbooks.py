"""Workbooks: typed cells exactly, several sheets, and nothing lost in silence."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qerko_recon.errors import PosExportError
from qerko_recon.pos import Profile, read_pos, sniff_pos
from qerko_recon.pos.typed import column_of, number_text

BOOKS = Path(__file__).parent / "books"
HEADER = ["Číslo účtu", "ID platby", "Datum", "Částka", "Spropitné"]
EVENING = datetime(2026, 11, 20, 21, 33, 39)  # noqa: DTZ001 - a sheet has no zones


def column(frame, name):
    return frame[name].array._pa_array.to_pylist()


def amounts(pos):
    return [
        None if one is None else format(one.normalize(), "f")
        for one in column(pos.tenders, "amount")
    ]


@pytest.mark.parametrize("form", ["xls", "ods"])
def test_books_written_by_an_office_suite(form):
    pos = read_pos(BOOKS / f"day.{form}")
    assert column(pos.tenders, "payment_id") == ["4711", "0004712", "4719"]
    assert amounts(pos) == ["0.3", "1234.5", None]
    assert column(pos.tenders, "paid_at")[0].isoformat() == "2026-11-20T20:33:39+00:00"
    assert column(pos.tenders, "source_row") == [4, 5, 8]
    assert set(column(pos.tenders, "source_file")) == {f"day.{form}"}
    assert column(pos.problems, "source_row") == [8]
    assert column(pos.problems, "value") == ["#DIV/0!"]
    assert pos.rows["totals"] == 1
    assert any("'Poznámky' was set aside: it has no row of" in note for note in pos.notes)


def test_binary_book(desk, xlsb, broken):
    rows = [["ID platby", "Částka"], [4711.0, 0.1 + 0.2], ["0004712", broken("#REF!")]]
    pos = read_pos(desk.write(xlsb(rows), name="day.xlsb"))
    assert column(pos.tenders, "payment_id") == ["4711", "0004712"]
    assert amounts(pos) == ["0.3", None]
    assert column(pos.problems, "value") == ["#REF!"]
    assert pos.sniffed.format == "xlsb"


def test_numbers_are_exact_and_text_is_parsed_beside_them(desk):
    rows = [
        ["Přehled plateb za den", "", "", 20.0],
        [],
        HEADER,
        ["B1", 4711, EVENING, 0.1 + 0.2, 0.0],
        ["B2", "0004712", EVENING, "1 234,50", 12.5],
        ["B3", 4713, EVENING, 1.234, "2,00 Kč"],
        ["B4", 4714, EVENING, -12.5, None],
    ]
    pos = desk.read_book({"List1": rows})
    assert amounts(pos) == ["0.3", "1234.5", "1.234", "-12.5"]
    assert [str(one) for one in column(pos.tenders, "tip")[:3]] == [
        "0.000000",
        "12.500000",
        "2.000000",
    ]
    assert column(pos.tenders, "payment_id") == ["4711", "0004712", "4713", "4714"]
    assert column(pos.tenders, "source_row") == [4, 5, 6, 7]
    assert column(pos.tenders, "source_file")[0] == "day.xlsx"
    assert not len(pos.problems)
    settings = {one.setting: one for one in pos.sniffed.findings}
    assert settings["format"].value == "xlsx"
    assert settings["sheet"].value == "List1"
    assert not {"encoding", "delimiter"} & settings.keys()
    assert pos.sniffed.encoding is None
    assert pos.sniffed.decimal_mark == ","


@given(st.decimals(-999_999_999, 999_999_999, places=2))
def test_a_number_typed_with_two_places_comes_back(value):
    assert Decimal(number_text(float(value))) == value


@given(st.lists(st.decimals(-10_000, 10_000, places=2), max_size=30))
def test_a_sum_of_floats_is_the_sum_of_what_was_typed(values):
    assert Decimal(number_text(sum(map(float, values)))) == sum(values)


def test_numbers_are_never_asked_for_a_decimal_mark(desk):
    pos = desk.read_book({"A": [["ID platby", "Částka"], [1, 1.234], [2, 12.345]]})
    assert amounts(pos) == ["1.234", "12.345"]
    marks = [one for one in pos.sniffed.findings if one.setting == "decimal_mark"]
    assert marks[0].confidence == "high"
    assert "the amounts are numbers" in marks[0].reason
    assert pos.sniffed.decimal_mark is None
    assert pos.profile.decimal_mark is None


def test_a_stated_mark_is_for_text_alone(desk):
    rows = [["ID platby", "Částka"], [1, 1.5], [2, "1,250"]]
    assert amounts(desk.read_book({"A": rows}, Profile(decimal_mark="."))) == ["1.5", "1250"]
    assert amounts(desk.read_book({"A": rows}, Profile(decimal_mark=","))) == ["1.5", "1.25"]


def test_more_decimals_than_money_has_is_a_problem(desk):
    pos = desk.read_book({"A": [["ID platby", "Částka"], [1, 100 / 3]]})
    assert amounts(pos) == [None]
    assert "round it in the sheet" in pos.problems["problem"][0]


def test_typed_dates_need_no_order(desk):
    rows = [
        ["ID platby", "Datum", "Částka"],
        [1, EVENING.replace(month=5, day=6), 5],
        [2, datetime(2026, 5, 6), 5],  # noqa: DTZ001
        [3, "6. 5. 2026 22:00", 5],
    ]
    pos = desk.read_book({"A": rows})
    moments = [one.isoformat() for one in column(pos.tenders, "paid_at")]
    # Midnight sharp stays midnight, as the neighbours have times.
    assert moments == [
        "2026-05-06T19:33:39+00:00",
        "2026-05-05T22:00:00+00:00",
        "2026-05-06T20:00:00+00:00",
    ]
    assert pos.sniffed.date_order == "dmy"
    assert desk.read_book({"A": rows[:3]}).sniffed.date_order is None


def test_bare_dates_are_at_noon(desk):
    pos = desk.read_book({"A": [["ID platby", "Datum", "Částka"], [1, date(2026, 5, 6), 5]]})
    assert column(pos.tenders, "paid_at")[0].isoformat() == "2026-05-06T10:00:00+00:00"


@pytest.mark.parametrize(
    "clock", [time(21, 33, 39), timedelta(hours=21, minutes=33, seconds=39), "21:33:39", EVENING]
)
def test_dates_and_times_in_two_columns(desk, clock):
    rows = [["ID platby", "Datum", "Čas", "Částka"], [1, date(2026, 11, 20), clock, 5]]
    pos = desk.read_book({"A": rows})
    assert column(pos.tenders, "paid_at")[0].isoformat() == "2026-11-20T20:33:39+00:00"


def test_an_hour_beyond_the_day_is_a_problem(desk):
    rows = [
        ["ID platby", "Datum", "Čas", "Částka"],
        [1, date(2026, 11, 20), timedelta(hours=25), 5],
        [2, date(2026, 11, 20), time(20, 0), 5],
    ]
    pos = desk.read_book({"A": rows})
    assert column(pos.problems, "source_row") == [2]
    assert column(pos.tenders, "paid_at")[0] is None


def test_errors_of_formulas_are_problems_wherever_they_stand(desk, broken):
    rows = [
        ["Účet", "ID platby", "Datum", "Typ platby", "Částka", "Spropitné"],
        ["B1", 1, EVENING, "Qerko", 5, broken("#REF!")],
        [broken("#NAME?"), 2, EVENING, "Qerko", 5, 0],
        ["B3", broken("#VALUE!"), EVENING, "Qerko", 5, 0],
        ["B4", 4, broken("#NUM!"), "Qerko", 5, 0],
        ["B5", 5, EVENING, broken("#REF!"), 5, 0],
        ["B6", 6, EVENING, "Qerko", broken("#DIV/0!"), 0],
    ]
    pos = desk.read_book({"A": rows})
    assert column(pos.problems, "source_row") == [2, 3, 4, 5, 6, 7]
    assert column(pos.problems, "column") == [
        "Spropitné",
        "Účet",
        "ID platby",
        "Datum",
        "Typ platby",
        "Částka",
    ]
    assert column(pos.tenders, "bill_id") == ["B1", None, "B3", "B4", "B5", "B6"]
    assert column(pos.tenders, "payment_id")[2] is None
    assert column(pos.tenders, "total")[0] is None


def test_an_error_below_all_other_cells(desk, broken):
    pos = desk.read_book({"A": [["ID platby", "Částka"], [1, 5], ["", broken("#REF!")]]})
    assert column(pos.problems, "source_row") == [3]


def test_what_spreadsheets_make_of_amounts_and_ids(desk):
    rows = [
        ["ID platby", "Částka"],
        [date(2026, 5, 12), 5],
        [12345678901234567890, 6],
        ["4713", date(2026, 5, 12)],
        ["4714", True],
        [901.5, 7],
    ]
    pos = desk.read_book({"A": rows})
    texts = dict(
        zip(column(pos.problems, "source_row"), column(pos.problems, "problem"), strict=True)
    )
    assert "made a date of this ID" in texts[2]
    assert "keep 15 digits" in texts[3]
    assert "is a date, not an amount" in texts[4]
    assert "is a yes or a no" in texts[5]
    assert "a number with decimals" in texts[6]
    assert column(pos.tenders, "payment_id") == [None, None, "4713", "4714", None]


def test_cancelled_by_a_typed_yes(desk):
    rows = [["ID platby", "Částka", "Storno"], [1, 5, False], [2, 6, True]]
    assert column(desk.read_book({"A": rows}).tenders, "state") == ["paid", "cancelled"]


def test_merged_cells_speak_for_each_row(desk, merged):
    rows = [
        ["Účet", "ID platby", "Částka"],
        [merged("B1"), 1, 5],
        ["", 2, 6],
        ["B2", 3, merged("7")],
        ["B2", 4, ""],
    ]
    pos = desk.read_book({"A": rows})
    assert column(pos.tenders, "bill_id") == ["B1", "B1", "B2", "B2"]
    # Money is not multiplied: the second row says nothing of it, which is a problem.
    assert amounts(pos) == ["5", "6", "7", None]


def test_a_merged_cell_makes_no_line_of_a_blank_row(desk, merged):
    pos = desk.read_book({"A": [["Účet", "ID platby", "Částka"], [merged("B1"), 1, 5], []]})
    assert len(pos.tenders) == 1
    assert not len(pos.problems)


def days(*names):
    return {
        name: [HEADER, [f"B{n}", 4711 + n, EVENING, 100 + n, 0]] for n, name in enumerate(names)
    }


def test_a_sheet_a_day(desk):
    pos = desk.read_book({"Kryt": [["Uzávěrka"], ["Celkem tržba", 12345.5]], **days("20.", "21.")})
    assert column(pos.tenders, "source_file") == ["day.xlsx [20.]", "day.xlsx [21.]"]
    assert column(pos.tenders, "source_row") == [2, 2]
    assert amounts(pos) == ["100", "101"]
    assert [one.sheet for one in pos.all_sniffed] == ["20.", "21."]
    assert len({one.sha256 for one in pos.sources}) == 1
    assert any("'Kryt' was set aside: figures stand" in note for note in pos.notes)


def test_what_is_set_aside_is_named(desk):
    sheets = {
        **days("20."),
        "Souhrn": [["Typ platby", "Částka"], ["Qerko", 100]],
        "Kontingenční": [["Popisky řádků", "Součet z Částka"], ["Qerko", 100]],
        "Pokyny": [["Částka"], ["piš bez haléřů"]],
        "Kopie": days("20.")["20."],
        "stará": [HEADER, ["B0", 4000, EVENING, 1, 0]],
        "prázdný": [],
    }
    pos = read_pos(desk.book(sheets, hidden=["stará"]))
    assert amounts(pos) == ["100"]
    assert column(pos.tenders, "source_file") == ["day.xlsx"]
    said = " ".join(pos.notes)
    assert "'Souhrn' was set aside: it says less of payments than '20.'" in said
    assert "'Kontingenční' was set aside: it is a pivot table" in said
    assert "'Pokyny' was set aside" in said
    assert "'Kopie' was set aside: it is a copy of the sheet '20.'" in said
    assert "'stará' was set aside: it is hidden" in said
    assert "prázdný" not in said


def test_sheets_named_in_a_profile(desk, tmp_path):
    path = desk.book(days("Den 20", "Den 21", "Oprava"), hidden=["Oprava"])
    assert amounts(read_pos(path, Profile(sheets=("oprava",)))) == ["102"]
    assert amounts(read_pos(path, Profile(sheets=("Den *",)))) == ["100", "101"]
    with pytest.raises(PosExportError, match=r"there is no sheet 'Den 22'.*'Den 20', 'Den 21'"):
        read_pos(path, Profile(sheets=("Den 22",)))
    kept = Profile(sheets=("Den *",)).write(tmp_path / "till.toml")
    assert Profile.read(kept).sheets == ("Den *",)
    stated = sniff_pos(path, Profile(sheets=("Den 20",)))
    assert [one.confidence for one in stated.findings if one.setting == "sheet"] == ["stated"]


def test_only_a_hidden_sheet_has_lines(desk):
    pos = read_pos(desk.book({"Kryt": [["Ahoj"]], **days("data")}, hidden=["data"]))
    assert amounts(pos) == ["100"]


def test_no_sheet_has_lines(desk):
    path = desk.book({"Kryt": [["Ahoj"]], "Pokyny": [["Nic"]]})
    with pytest.raises(PosExportError) as caught:
        read_pos(path)
    assert "no sheet has a table of payment lines ('Kryt': it has no row of" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_book_with_nothing_in_it(desk):
    with pytest.raises(PosExportError, match=r"day\.xlsx has nothing in it"):
        desk.read_book({"List1": []})


def test_declared_column_that_a_sheet_does_not_have(desk):
    profile = Profile(columns={"amount": "Částky"})
    with pytest.raises(PosExportError, match="did you mean 'Částka'"):
        desk.read_book(days("20."), profile)
    with pytest.raises(PosExportError, match="it has no column 'Částky', which the profile"):
        desk.read_book(days("20.", "21."), profile)


def test_profile_written_from_a_book_reads_it_again(desk, tmp_path):
    path = desk.book(days("20.", "21."))
    first = read_pos(path)
    kept = first.profile.write(tmp_path / "till.toml")
    assert read_pos(path, kept).tenders.equals(first.tenders)
    assert first.profile.encoding is None


def test_a_profile_for_text_reads_the_same_columns_of_a_book(desk):
    profile = Profile(encoding="cp1250", delimiter=";", decimal_mark=",", date_order="dmy")
    assert amounts(desk.read_book(days("20."), profile)) == ["100"]


def test_totals_of_a_sheet_are_checked(desk):
    rows = [
        ["Účet", "ID platby", "Částka"],
        ["B1", 1, 5.5],
        ["B2", 2, "6,50"],
        ["Celkem", "", 13.0],
    ]
    pos = desk.read_book({"A": rows})
    assert "the totals line says 13" in pos.problems["problem"][0]
    rows[3][2] = 12.0
    assert not len(desk.read_book({"A": rows}).problems)


def compound(stream):
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504 + stream.encode("utf-16-le") * 2


def encrypted_ods():
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", b"\x01\x02")
        archive.writestr("META-INF/manifest.xml", "<manifest:encryption-data/>")
    return held.getvalue()


@pytest.mark.parametrize("data", [compound("EncryptedPackage"), encrypted_ods()])
def test_protected_book(desk, data):
    with pytest.raises(PosExportError, match="is protected by a password; open it"):
        read_pos(desk.write(data, name="day.xlsx"))


def test_torn_book(desk):
    whole = desk.book(days("20.")).read_bytes()
    for torn in (whole[: len(whole) // 2], whole[:200]):
        with pytest.raises(PosExportError, match="damaged"):
            read_pos(desk.write(torn, name="day.xlsx"))


def test_kinds_of_cells():
    column = column_of(["x", 1, 2.5, True, None, EVENING, float("nan"), Decimal("1.10")])
    assert column.text.to_pylist() == [
        "x",
        "1",
        "2.5",
        "true",
        "",
        "2026-11-20T21:33:39",
        "",
        "1.10",
    ]
    assert column.kinds.tolist() == [0, 1, 1, 3, 0, 2, 0, 1]
