"""Cells are written as what they hold, tables as high and wide as what stands in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError

from qerko_recon.errors import QerkoReconError
from qerko_recon.report import write_workbook
from qerko_recon.report.workbook.cells import Formula, Link, fitting
from qerko_recon.report.workbook.sheets import Book, Column, line_count
from qerko_recon.report.workbook.words import cells_of
from qerko_recon.schema import to_frame


@pytest.fixture
def written(tmp_path):
    """Write one column and read its cells back."""

    def write(kind, values, **column):
        path = tmp_path / "one.xlsx"
        workbook = Workbook(str(path))
        sheet = Book(workbook, ZoneInfo("Europe/Prague"), "cs", "&Rfoot").sheet("One", "head")
        sheet.table("One", [Column("Heading", kind, values, **column)])
        workbook.close()
        book = openpyxl.load_workbook(path)
        return book["One"]

    return write


def test_numbers_that_a_double_would_round_are_text(written):
    sheet = written("count", [12, 10**16 + 1, None])
    assert [cell.value for cell in sheet["A"][1:]] == [12, str(10**16 + 1)]
    sheet = written("money", [1_500_000, 1_234_567_890_123_456_789, Decimal("0.125")])
    assert [cell.value for cell in sheet["A"][1:]] == [1.5, "1234567890123.456789", 0.125]


def test_shares_days_and_what_is_no_number(written):
    cells = written("share", [Decimal("0.015"), Formula("=1/2", Decimal("0.5"))])["A"][1:]
    assert [cell.value for cell in cells] == [0.015, "=1/2"]
    assert {cell.number_format for cell in cells} == {"0.00%"}
    (day,) = written("date", [date(2026, 11, 20)])["A"][1:]
    assert day.number_format == "dd.mm.yyyy"
    (row,) = written("place", ["not a row"])["A"][1:]
    assert row.value == "not a row"


def test_a_link_column_shows_plain_text_as_plain(written):
    link, plain = written("link", [Link("One", "A1", "there"), "nowhere"])["A"][1:]
    assert (link.value, link.hyperlink.location) == ("there", "'One'!A1")
    assert plain.hyperlink is None
    assert not plain.font.underline


def test_columns_are_as_wide_as_their_amounts(written):
    wide = written("money", [999_999_999_999_990_000])
    narrow = written("money", [1_000_000])
    width = {one: sheet.column_dimensions["A"].width for one, sheet in ((1, wide), (0, narrow))}
    assert width[1] > len("999,999,999,999.99")
    assert width[0] < width[1]


def test_rows_are_as_high_as_their_lines(written):
    sheet = written("long", ["one line", "two words " * 8, "a\nb\nc"], width=20)
    heights = [sheet.row_dimensions[row].height for row in (2, 3, 4)]
    assert heights[0] is None
    assert heights[1] >= 4 * 15
    assert heights[2] == 45


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [("", 10, 1), ("word", 4, 1), ("a" * 25, 10, 3), ("ab cd ef", 5, 2), ("a\n\nb", 9, 3)],
)
def test_lines_are_counted_as_they_wrap(text, width, lines):
    assert line_count(text, width) == lines
    assert line_count(Link("One", "A1", text), width) == lines


def test_text_that_no_file_holds_is_replaced():
    assert fitting("a\ud800b") == "a\ufffdb"
    assert fitting("a\uffffb\ufffec") == "a\ufffdb\ufffdc"


def test_headings_with_marks_of_their_own_are_escaped_in_formulas():
    assert cells_of("Days", "the POS's [own] #1") == "Days[the POS''s '[own'] '#1]"


def test_kinds_that_nobody_knows_and_days_of_several_venues_are_shown(made, tmp_path):
    result = made([made.paid("1", "10")], [made.posted("1", "9")])
    rows = pa.table({name: pa.array(result.bridge[name]) for name in result.bridge}).to_pylist()
    rows[1]["step"] = "novel_kind"
    bridge = to_frame(pa.Table.from_pylist(rows, schema=pa.Schema.from_pandas(result.bridge)))
    days = pd.concat(
        [
            result.bridge_by_day.assign(venue=pd.array([name] * 3, "string[pyarrow]"))
            for name in "AB"
        ]
    )
    details = SimpleNamespace(matches=result.matches, bridge_by_day=days)
    write_workbook(replace(result, bridge=bridge, details=details), tmp_path / "novel.xlsx")
    book = openpyxl.load_workbook(tmp_path / "novel.xlsx", data_only=True)
    step = book["Bridge"]["B3"]
    assert (step.value, step.hyperlink) == ("novel kind", None)
    headings = [cell.value for cell in book["By day"][1]]
    venues = [cell.value for cell in book["By day"][chr(ord("A") + headings.index("Venue"))]]
    assert venues[1:3] == ["A", "B"]


def test_a_suggested_match_says_so_on_every_sheet(made, tmp_path):
    result = made([made.paid("77", "123", bill_id=None)], [made.posted(None, "123", bill_id=None)])
    write_workbook(result, tmp_path / "suggested.xlsx")
    book = openpyxl.load_workbook(tmp_path / "suggested.xlsx")
    (match,) = result.matches["match_id"]
    assert book["Matches"]["C2"].value == "suggested"
    assert book["Matches"]["C2"].font.bold
    for sheet in ("Payments", "Source rows"):
        assert book[sheet]["C2"].value == f"{match} (suggested)"


def test_what_the_disk_says_when_it_is_full_is_passed_on(clean, tmp_path, monkeypatch):
    def refuse(self):
        raise FileCreateError(OSError(28, "No space left on device"))

    monkeypatch.setattr(Workbook, "_store_workbook", refuse)
    with pytest.raises(QerkoReconError, match="No space left on device"):
        write_workbook(clean, tmp_path / "close.xlsx")
    assert list(tmp_path.iterdir()) == []
