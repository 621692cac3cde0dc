"""What Excel opens: every row, every amount, formulas that tie out, no surprises."""

from __future__ import annotations

import re
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree as ET

import openpyxl
import pytest

from qerko_recon.errors import QerkoReconError
from qerko_recon.report import write_workbook
from qerko_recon.report.rows import breaks_by_kind
from qerko_recon.report.workbook import places as places_module
from qerko_recon.report.workbook import sheets as sheets_module
from qerko_recon.wording import LANGUAGES

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
NAMES = ["Summary", "Breaks", "Matches", "Tips", "Bridge", "By day", "Payments", "Source rows"]
NAMES += ["Other tenders", "Not fetched", "Problems"]


@pytest.fixture(scope="module")
def path(faulty, tmp_path_factory):
    target = tmp_path_factory.mktemp("book") / "close.xlsx"
    write_workbook(faulty, target)
    return target


@pytest.fixture(scope="module")
def book(path):
    return openpyxl.load_workbook(path)


@pytest.fixture(scope="module")
def values(path):
    return openpyxl.load_workbook(path, data_only=True)


def table(sheet, head=1):
    """Read a sheet's table as rows by heading."""
    rows = list(sheet.iter_rows(min_row=head, values_only=True))
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def columns(sheet):
    """Give a sheet's columns by heading, without the heading."""
    return {column[0].value: column[1:] for column in sheet.iter_cols() if column[0].value}


def test_all_sheets_are_there(book):
    assert book.sheetnames == NAMES


def test_breaks_hold_every_break_and_room_for_notes(values, faulty):
    rows = table(values["Breaks"])
    wanted = [one for kind in breaks_by_kind(faulty) for one in kind.rows]
    assert [row["Break"] for row in rows] == [one["break_id"] for one in wanted]
    assert len(rows) == len(faulty.breaks)
    for row, one in zip(rows, wanted, strict=True):
        assert row["Note"] is None
        assert row["Payment"] == one["payment_id"]
        assert row["What is wrong"] == one["sentence"].replace("\n", " ")
        assert Decimal(str(row["Variance"])) == one["variance"]
        assert Decimal(str(row["Posted"])) - Decimal(str(row["Settled"])) == one["variance"]


def test_breaks_of_a_kind_and_currency_stand_together(values):
    rows = [(row["Kind"], row["Currency"]) for row in table(values["Breaks"])]
    blocks = [pair for pair, before in zip(rows, [None, *rows], strict=False) if pair != before]
    assert len(blocks) == len(set(rows))


def test_tables_are_real_and_headers_stay_in_view(book):
    for name in NAMES[1:]:
        sheet = book[name]
        only, *_ = sheet.tables.values()
        assert only.ref.startswith("A1:")
        assert only.autoFilter is not None
        assert sheet.freeze_panes in {"B2", "C2"}
        assert sheet.print_title_rows == "$1:$1"
    for sheet in book:
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.page_setup.fitToWidth in {None, 1}  # 1 where the file leaves it out
        assert sheet.page_setup.fitToHeight == 0
        assert sheet.oddFooter.right.text == "Page &P of &N"
        assert sheet.oddHeader.left.text.startswith("Reconciliation of Qerko and the POS · U <b>")


def test_money_has_its_format_and_more_decimals_where_it_has_them(book):
    own = columns(book["Breaks"])
    cells = [cell for name in ("Settled", "Posted", "Variance") for cell in own[name]]
    cells = [cell for cell in cells if cell.value is not None]
    assert {cell.number_format for cell in cells} >= {'#,##0.00;[Red]-#,##0.00;"–"'}
    fine = [cell for cell in cells if cell.value == 77.125]
    assert fine
    assert all(cell.number_format.startswith("#,##0.00####;") for cell in fine)


def test_ids_are_text(book):
    for sheet, name in (("Payments", "Payment"), ("Source rows", "Payment"), ("Breaks", "Bill")):
        for cell in columns(book[sheet])[name]:
            if cell.value is not None:
                assert cell.data_type == "s"
                assert cell.number_format == "@"
    assert {cell.data_type for cell in columns(book["Breaks"])["Payment"]} <= {"s", "n"}
    assert all(
        cell.value is None for cell in columns(book["Breaks"])["Payment"] if cell.data_type == "n"
    )


def test_times_are_the_venues_and_say_so(values):
    row = table(values["Source rows"])[0]
    assert row["Paid at (Europe/Prague)"] == datetime(2026, 11, 20, 20, 30)  # noqa: DTZ001
    assert table(values["Payments"])[0]["Created (Europe/Prague)"].hour == 20


def test_no_cell_takes_data_for_a_formula(book):
    named = r"[A-Za-z]+\[[A-Za-z ]+\]"
    sums = rf"SUMPRODUCT\((--EXACT\({named},\$[A-Z]\d+\),?)+({named})?\)"
    ours = re.compile(
        rf"=ROUND\({sums},6\)|={sums}|=ROUND\([A-Z]\d+-{sums},6\)"
        rf"|=ROUND\(ABS\([A-Z]\d+-ROUND\({sums},6\)\)(\+ABS\([A-Z]\d+-ROUND\({sums},6\)\))?,6\)"
        r"|=ROUND\([A-Z]+\d+([-+][A-Z]+\d+)+,6\)"
        r"|=IF\([A-Z]\d+=0,0,ROUND\([A-Z]\d+/[A-Z]\d+,6\)\)"
        r"|=[A-Z]+\d+|=0|=(MAX|MIN)\([A-Z0-9,()+-]+\)"
    )
    formulas = 0
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    formulas += 1
                    text = cell.value
                    if text.startswith(("=MAX", "=MIN")):
                        text = text.replace("MAX", "").replace("MIN", "").replace("=", "=MAX")
                    assert ours.fullmatch(text), cell.value
    assert formulas > 50
    hostile = [cell for row in book["Source rows"].iter_rows() for cell in row]
    texts = {cell.value for cell in hostile if cell.data_type == "s"}
    assert "+1+1" in texts
    assert "@SUM(A1)" in texts
    assert any(text.startswith("=cmd|") for text in texts)


def test_summary_ties_out_by_formula_with_values_for_previews(book, values, faulty):
    formulas, shown = book["Summary"], values["Summary"]
    (place,) = [cell.row for cell in formulas["A"] if cell.value == "Currency"]
    for offset, total in enumerate(faulty.summary.totals, start=1):
        row = [cell.value for cell in shown[place + offset]]
        assert row[0] == total.currency
        assert [Decimal(str(one)) for one in row[1:4]] == [
            total.settled,
            total.posted,
            total.variance,
        ]
        assert row[4] == row[3]
        assert row[5] == 0
        assert row[6:9] == [total.payments, total.tenders, total.breaks]
        texts = [cell.value for cell in formulas[place + offset]][1:9]
        assert all(text.startswith("=") for text in texts)
        assert texts[0].startswith("=ROUND(SUMPRODUCT(--EXACT(Payments[Currency],$A")


def test_rows_sum_to_what_the_formulas_say(values, faulty):
    for total in faulty.summary.totals:
        for sheet, column, wanted in (
            ("Payments", "Settled", total.settled),
            ("Source rows", "Posted", total.posted),
            ("Breaks", "Variance", total.variance),
        ):
            own = [row for row in table(values[sheet]) if row["Currency"] == total.currency]
            assert sum(Decimal(str(row[column] or 0)) for row in own) == wanted


def test_the_bridge_walks_by_formula(book, values, faulty):
    rows = [row[:5] for row in values["Bridge"].iter_rows(min_row=2, values_only=True) if row[1]]
    wanted = faulty.bridge
    assert [Decimal(str(row[2])) for row in rows] == list(wanted["amount"])
    assert [Decimal(str(row[3])) for row in rows] == list(wanted["running"])
    assert book["Bridge"]["D3"].value == "=ROUND(D2+C3,6)"
    assert "Breaks[Kind],$B3" in book["Bridge"]["C3"].value
    assert len(book["Bridge"]._charts) == len(faulty.summary.totals)


@pytest.fixture(scope="module")
def links(path):
    """Give, by sheet, where each linked cell leads."""
    with zipfile.ZipFile(path) as archive:
        roots = {
            name: ET.fromstring(archive.read(f"xl/worksheets/sheet{number}.xml"))
            for number, name in enumerate(NAMES, start=1)
        }
    return {
        name: {one.get("ref"): one.get("location") for one in root.iter(f"{MAIN}hyperlink")}
        for name, root in roots.items()
    }


def followed(book, location):
    sheet, _, ref = location.rpartition("!")
    return book[sheet.strip("'")][ref]


def test_breaks_and_rows_are_linked_both_ways(book, links):
    breaks = book["Breaks"]
    lines = {cell.row: cell.value for cell in columns(breaks)["POS lines"]}
    for ref, location in links["Breaks"].items():
        target = followed(book, location)
        row = breaks[ref].row
        if location.startswith("'Payments'"):
            assert target.value == breaks[ref].value == columns(breaks)["Payment"][row - 2].value
        else:
            assert target.value in lines[row].split(", ")
    for name in ("Source rows", "Payments"):
        to_breaks = {ref: to for ref, to in links[name].items() if "Breaks" in to}
        for ref, location in to_breaks.items():
            assert book[name][ref].value.split(", ")[0] == followed(book, location).value
        assert len(to_breaks) >= 6
    assert len(links["Breaks"]) >= 12


def test_matches_and_rows_are_linked_both_ways(book, links):
    for name in ("Source rows", "Payments"):
        to_matches = {ref: to for ref, to in links[name].items() if "Matches" in to}
        assert to_matches
        for ref, location in to_matches.items():
            assert book[name][ref].value == followed(book, location).value
    for ref, location in links["Matches"].items():
        assert followed(book, location).value == book["Matches"][ref].value.split(", ")[0]


def test_each_step_of_the_bridge_leads_to_all_its_breaks(book, links, faulty):
    own = columns(book["Breaks"])
    for ref, location in links["Bridge"].items():
        step = book["Bridge"][ref]
        currency = book["Bridge"].cell(step.row, 1).value
        ids = [cell.value for (cell,) in as_rows(followed(book, location))]
        here = zip(own["Break"], own["Kind"], own["Currency"], strict=True)
        kinds = [(one.value, kind.value, unit.value) for one, kind, unit in here]
        assert ids == [one for one, *rest in kinds if rest == [step.value, currency]]
        assert len(ids) == book["Bridge"].cell(step.row, 5).value
    steps = faulty.bridge[~faulty.bridge["step"].isin(["settled", "posted"])]
    assert len(links["Bridge"]) == len(steps)


def as_rows(block):
    return block if isinstance(block, tuple) else ((block,),)


def test_the_contents_lead_to_every_sheet(book, links):
    named = [to.partition("!")[0].strip("'") for to in links["Summary"].values()]
    assert named == NAMES[1:]


def test_the_same_result_gives_the_same_bytes(faulty, path, tmp_path):
    again = tmp_path / "again.xlsx"
    write_workbook(faulty, again)
    assert again.read_bytes() == path.read_bytes()
    created = openpyxl.load_workbook(again).properties.created
    assert created.replace(tzinfo=UTC) == max(faulty.payments["fetched_at"])


def test_every_part_is_sound_xml(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            if name.endswith((".xml", ".rels")):
                ET.fromstring(archive.read(name))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_and_the_empty_day(nothing, clean, faulty, tmp_path, language):
    for number, result in enumerate((nothing, clean, faulty)):
        target = tmp_path / f"{number}.xlsx"
        write_workbook(result, target, language)
        book = openpyxl.load_workbook(target)
        more = (result.problems, result.others, result.failures)
        assert len(book.sheetnames) == 8 + sum(len(frame) > 0 for frame in more)
        for sheet in book:
            for held in sheet.tables.values():
                headings = [cell.value for cell in sheet[held.ref][0]]
                assert len(set(headings)) == len(headings)


def test_an_amount_of_more_digits_than_a_double_holds_is_text_and_said(made, tmp_path):
    amount = "123456789012.123456"
    result = made([made.paid("1", amount)], [made.posted("1", amount)])
    write_workbook(result, tmp_path / "long.xlsx")
    book = openpyxl.load_workbook(tmp_path / "long.xlsx")
    (payment,) = table(book["Payments"])
    assert payment["Settled"] == amount
    assert any("more than 15 digits" in str(cell.value) for cell in book["Summary"]["A"])


def test_fifteen_digits_are_exact(made, tmp_path):
    amount = "999999999999.123"
    result = made([made.paid("1", amount)], [made.posted("1", "1")])
    write_workbook(result, tmp_path / "wide.xlsx")
    (payment,) = table(openpyxl.load_workbook(tmp_path / "wide.xlsx", data_only=True)["Payments"])
    assert Decimal(str(payment["Settled"])) == Decimal(amount)


def test_text_longer_than_a_cell_is_cut_and_says_so(made, tmp_path):
    bill = "🍺" * 20_000
    result = made([made.paid("1", "10", bill_id=bill)], [])
    write_workbook(result, tmp_path / "long.xlsx")
    (payment,) = table(openpyxl.load_workbook(tmp_path / "long.xlsx")["Payments"])
    assert len(payment["Bill"].encode("utf-16-le")) // 2 <= 32_767
    assert payment["Bill"].endswith("… (20000)")


def test_more_rows_than_a_sheet_holds_are_refused_before_writing(
    made, faulty, tmp_path, monkeypatch
):
    monkeypatch.setattr(sheets_module, "_ROWS", 5)
    with pytest.raises(QerkoReconError, match=r"the sheet Breaks would need .* Excel holds 5"):
        write_workbook(faulty, tmp_path / "big.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_past_excels_limit_links_become_text(faulty, tmp_path, monkeypatch):
    monkeypatch.setattr(sheets_module, "LINKS", 2)
    monkeypatch.setattr(places_module, "LINKS", 2)
    write_workbook(faulty, tmp_path / "links.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "links.xlsx")["Breaks"]
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.hyperlink]
    assert len(cells) == 2
    assert len([cell for cell in columns(sheet)["Source row"] if cell.value]) > 2
    assert not openpyxl.load_workbook(tmp_path / "links.xlsx")["Payments"]._hyperlinks


def test_a_file_held_open_elsewhere_is_named_and_left_as_it_was(clean, tmp_path, monkeypatch):
    target = tmp_path / "close.xlsx"
    target.write_bytes(b"older")

    def refuse(self, other):
        raise PermissionError(13, "in use", str(other))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(QerkoReconError, match=r"close\.xlsx cannot be written: close it if it is"):
        write_workbook(clean, target)
    assert target.read_bytes() == b"older"
    assert [one.name for one in tmp_path.iterdir()] == ["close.xlsx"]


def test_a_missing_folder_or_a_folder_in_the_way_is_named(clean, tmp_path):
    with pytest.raises(QerkoReconError, match=r"the folder .*gone does not exist; create it"):
        write_workbook(clean, tmp_path / "gone" / "close.xlsx")
    (tmp_path / "taken.xlsx").mkdir()
    with pytest.raises(QerkoReconError, match="it is a folder"):
        write_workbook(clean, tmp_path / "taken.xlsx")
    assert [one.name for one in tmp_path.iterdir()] == ["taken.xlsx"]


def test_a_full_disk_leaves_nothing_behind(clean, tmp_path, monkeypatch):
    from xlsxwriter import Workbook

    def refuse(self):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Workbook, "_store_workbook", refuse)
    with pytest.raises(QerkoReconError, match="No space left on device"):
        write_workbook(clean, tmp_path / "close.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_times_and_days_that_excel_does_not_know_are_text(made, tmp_path):
    long_ago = datetime(1871, 1, 1, tzinfo=UTC)
    result = made([made.paid("1", "10", created_at=long_ago)], [])
    write_workbook(result, tmp_path / "old.xlsx")
    book = openpyxl.load_workbook(tmp_path / "old.xlsx")
    assert table(book["Payments"])[0]["Created (Europe/Prague)"].startswith("1871-01-01")
    assert table(book["Breaks"])[0]["Business day"].startswith("18")


def test_a_file_named_with_control_characters_leaves_the_workbook_whole(made, tmp_path):
    name = "\x00\x07<till>\n.csv"
    lines = [made.posted("1", "90", source_file=name, source_row=2)]
    made([made.paid("1", "100")], lines).to_excel(tmp_path / "close.xlsx")
    with zipfile.ZipFile(tmp_path / "close.xlsx") as parts:
        for part in parts.namelist():
            if part.endswith((".xml", ".rels")):
                ET.fromstring(parts.read(part))
    assert len(openpyxl.load_workbook(tmp_path / "close.xlsx")["Breaks"]["A"]) > 1
